//! Trying what a user gave on the slots of a bundle.
//!
//! Slots are anonymous: a refusal may mean "someone else's slot", so the next one is tried. What fails for another reason,
//! an unreachable server say, is remembered and hides no key that works.

use std::collections::HashSet;

#[cfg(feature = "pkcs11")]
use super::token;
use super::{
    Identities, Identity, Opened, age, describe, group, key_file,
    password::{self, PasswordSlot},
    split, transit,
};
use crate::{
    bundle::{Bundle, BundleKeys, Header, SetId, Slot},
    crypto::Key,
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// All password slots of a header together may cost this much: 64 GiB filled, half a minute on two cores.
const MAX_TOTAL_WORK_KIB: u64 = 64 << 20;

/// What opened a bundle.
pub(crate) struct Access {
    pub(crate) keys: BundleKeys,
    /// The slot that opened.
    pub(crate) slot: Slot,
    /// The place of the identity that opened it, where that was one alone.
    pub(crate) identity: Option<usize>,
}

/// Opens the bundle.
///
/// # Errors
/// When no slot opens: what failed for another reason than a wrong key; else [`Code::KeyRefused`] or
/// [`Code::IdentityRefused`] after every slot was tried, [`Code::NoUsableSlot`] when none is for keys like these.
/// [`Code::KdfTooCostly`] before anything is run.
pub(crate) fn unlock(ctx: &Ctx, bundle: &Bundle, identities: &Identities) -> Result<Access> {
    let mut slots: Vec<(&SetId, &Slot)> = Vec::new();
    let (mut is_any_allowed, mut too_costly) = (false, None);
    for header in bundle.candidates() {
        // Such a copy may be forged, and the other one suffices.
        if let Err(e) = check_costs(&header.slots) {
            too_costly.get_or_insert(e);
            continue;
        }
        is_any_allowed = true;
        // Both header copies usually hold the same slots; each is tried once.
        for slot in &header.slots {
            if !slots.contains(&(&header.set_id, slot)) {
                slots.push((&header.set_id, slot));
            }
        }
    }
    if let Some(e) = too_costly.filter(|_| !is_any_allowed) {
        return Err(e.at(bundle.path()));
    }
    let mut trial = Trial::new(ctx, identities);
    let access = |key, set_id: &SetId, slot: &Slot, identity| {
        let keys = BundleKeys::new(key, *set_id);
        Ok(Access { keys, slot: slot.clone(), identity })
    };
    for identity in 0..identities.as_slice().len() {
        for (set_id, slot) in &slots {
            if let Some(key) = trial.open(identity, set_id, slot)? {
                return access(key, set_id, slot, Some(identity));
            }
        }
    }
    for (set_id, slot) in &slots {
        if let Some(key) = trial.open_group(set_id, slot)? {
            return access(key, set_id, slot, None);
        }
    }
    Err(trial.error(slots.into_iter().map(|(_, slot)| slot)).at(bundle.path()))
}

/// Places of the slots of an authentic `header`, out of `among`, that identity number `identity` opens alone. One that fails
/// otherwise than by being wrong, a server that is not reached say, opens none.
pub(crate) fn opened_places(
    ctx: &Ctx,
    header: &Header,
    identities: &Identities,
    identity: usize,
    among: &[usize],
) -> Result<Vec<usize>> {
    check_costs(&header.slots)?;
    let mut trial = Trial::new(ctx, identities);
    let mut opened = Vec::new();
    for place in among {
        let Some(slot) = header.slots.get(*place) else { continue };
        if trial.open(identity, &header.set_id, slot)?.is_some() {
            opened.push(*place);
        }
    }
    Ok(opened)
}

/// The bundle keys, if any of `identities` opens `slot`, whose costs were checked.
pub(crate) fn try_slot(
    ctx: &Ctx,
    set_id: SetId,
    slot: &Slot,
    identities: &Identities,
) -> Result<Option<BundleKeys>> {
    let mut trial = Trial::new(ctx, identities);
    for identity in 0..identities.as_slice().len() {
        if let Some(key) = trial.open(identity, &set_id, slot)? {
            return Ok(Some(BundleKeys::new(key, set_id)));
        }
    }
    Ok(trial.open_group(&set_id, slot)?.map(|key| BundleKeys::new(key, set_id)))
}

struct Trial<'a> {
    ctx: &'a Ctx,
    identities: &'a Identities,
    /// Identities that failed otherwise than by being wrong: a wrong PIN tried once more could lock its token.
    failed: Vec<usize>,
    /// Why the first of them did.
    failure: Option<Error>,
    /// Whether any slot was for a key of a kind that was given.
    fits_any: bool,
    passphrase_fits: bool,
}

impl<'a> Trial<'a> {
    fn new(ctx: &'a Ctx, identities: &'a Identities) -> Self {
        Self { ctx, identities, failed: Vec::new(), failure: None, fits_any: false, passphrase_fits: false }
    }

    /// The key in `slot`, if identity number `place` opens it.
    ///
    /// # Errors
    /// [`Code::Cancelled`] alone.
    fn open(&mut self, place: usize, set_id: &SetId, slot: &Slot) -> Result<Option<Key>> {
        let Some(identity) = self.identities.as_slice().get(place).filter(|_| !self.failed.contains(&place))
        else {
            return Ok(None);
        };
        match self.opened(identity, set_id, slot) {
            Ok(Opened::Key(key)) => return Ok(Some(key)),
            Ok(Opened::OtherKind) => {}
            Ok(Opened::Refused) => {
                self.fits_any = true;
                self.passphrase_fits |= matches!(identity, Identity::Passphrase(_));
            }
            Err(e) if e.code() == Code::Cancelled => return Err(e),
            Err(e) => {
                self.failed.push(place);
                self.failure.get_or_insert(e);
            }
        }
        Ok(None)
    }

    fn opened(&self, identity: &Identity, set_id: &SetId, slot: &Slot) -> Result<Opened> {
        match (slot.kind, identity) {
            (password::KIND, Identity::Passphrase(passphrase)) => {
                let Some(slot) = PasswordSlot::decode(slot) else { return Ok(Opened::Refused) };
                Ok(slot.unwrap(self.ctx, set_id, passphrase)?.map_or(Opened::Refused, Opened::Key))
            }
            (key_file::KIND, Identity::KeyFile(file)) => Ok(file.open(set_id, slot)),
            (age::KIND, Identity::Age(identity)) => identity.open(set_id, slot),
            #[cfg(feature = "pkcs11")]
            (token::KIND, Identity::Token(token)) => token.open(set_id, slot),
            (transit::KIND, Identity::Transit(key)) => key.open(self.ctx, set_id, slot),
            (split::KIND, Identity::Share(_)) => split::open(set_id, slot, &self.identities.shares()),
            _ => Ok(Opened::OtherKind),
        }
    }

    /// The key in a group whose every member some identity opens.
    fn open_group(&mut self, set_id: &SetId, slot: &Slot) -> Result<Option<Key>> {
        let members = group::members(slot);
        let mut parts = Vec::new();
        'members: for member in &members {
            for identity in 0..self.identities.as_slice().len() {
                if let Some(part) = self.open(identity, set_id, member)? {
                    parts.push(part);
                    continue 'members;
                }
            }
        }
        if !parts.is_empty() && parts.len() < members.len() {
            let error = Error::new(Code::GroupIncomplete).with(Fact::Found, parts.len());
            self.failure.get_or_insert(error.listed(Fact::Needed, kinds(&members)));
            return Ok(None);
        }
        match group::open(set_id, slot, &parts) {
            Opened::Key(key) if !parts.is_empty() => Ok(Some(key)),
            _ => Ok(None),
        }
    }

    /// Why nothing opened.
    fn error<'s>(self, slots: impl Iterator<Item = &'s Slot>) -> Error {
        match self.failure {
            Some(failure) => failure,
            None if self.passphrase_fits => Error::new(Code::KeyRefused),
            None if self.fits_any => Error::new(Code::IdentityRefused),
            None => {
                let mut found: Vec<_> = kinds(slots);
                let mut seen = HashSet::new();
                found.retain(|kind| seen.insert(kind.clone()));
                Error::new(Code::NoUsableSlot).listed(Fact::Found, found)
            }
        }
    }
}

/// The kinds of slots, in words.
fn kinds<'s>(slots: impl IntoIterator<Item = &'s Slot>) -> Vec<(String, Vec<(&'static str, String)>)> {
    slots.into_iter().map(|slot| (format!("keys-kind-{}", describe(slot).0), Vec::new())).collect()
}

/// Checks every slot's cost, and their sum, before memory is taken for any.
pub(super) fn check_costs(slots: &[Slot]) -> Result<()> {
    let mut total_kib = 0;
    for (number, slot) in slots.iter().enumerate() {
        for password in group::passwords(slot) {
            total_kib += password.cost.work_kib();
            if !password.cost.is_allowed() || total_kib > MAX_TOTAL_WORK_KIB {
                let cost = password.cost;
                let found = [
                    ("kib", cost.memory_kib.to_string()),
                    ("passes", cost.num_passes.to_string()),
                    ("lanes", cost.num_lanes.to_string()),
                ];
                let error = Error::new(Code::KdfTooCostly).with(Fact::Slot, number + 1);
                return Err(error.worded(Fact::Found, "found-kdf-cost", &found));
            }
        }
    }
    Ok(())
}
