//! What the header's key slots mean: one kind per file.
//!
//! A slot wraps the bundle key for one way to unlock. Unknown kinds are skipped, so a bundle may carry
//! kinds that this program does not know. docs/bundle-format.md §7.

mod password;

pub(crate) use password::{PasswordSlot, PendingSlot};

use crate::{
    bundle::{Bundle, BundleKeys, Header, SetId, Slot},
    crypto::{KdfCost, Passphrase},
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// A kind of slot.
pub(crate) struct Kind {
    /// Its number on disk.
    pub(crate) number: u16,
    /// Its name in listings.
    pub(crate) name: &'static str,
}

/// Every kind of slot this program opens.
pub(crate) const KINDS: &[Kind] = &[Kind { number: password::KIND, name: "password" }];

/// All password slots of a header together may cost this much: 64 GiB filled, half a minute on two cores.
const MAX_TOTAL_WORK_KIB: u64 = 64 << 20;

/// Opens the bundle with a passphrase; returns its keys and the slot that opened.
///
/// # Errors
/// [`Code::KeyRefused`] after every password slot was tried; [`Code::NoUsableSlot`] when there is none;
/// [`Code::KdfTooCostly`] before anything is run.
pub(crate) fn unlock(ctx: &Ctx, bundle: &Bundle, passphrase: &Passphrase) -> Result<(BundleKeys, Slot)> {
    let mut tried: Vec<(&SetId, &Slot)> = Vec::new();
    for header in bundle.candidates() {
        check_costs(header).map_err(|e| e.at(bundle.path()))?;
    }
    for header in bundle.candidates() {
        for slot in &header.slots {
            // Both header copies usually hold the same slots; each is tried once.
            if tried.contains(&(&header.set_id, slot)) {
                continue;
            }
            tried.push((&header.set_id, slot));
            let Some(password) = PasswordSlot::decode(slot) else { continue };
            // Slots are anonymous: a refusal may mean "someone else's slot", so the next one is tried.
            if let Some(key) = password.unwrap(ctx, &header.set_id, passphrase)? {
                return Ok((BundleKeys::new(key, header.set_id), slot.clone()));
            }
        }
    }
    let any_password = tried.iter().any(|(_, slot)| slot.kind == password::KIND);
    Err(Error::new(if any_password { Code::KeyRefused } else { Code::NoUsableSlot }).at(bundle.path()))
}

/// The bundle keys, if `passphrase` opens `slot`, which nothing vouches for yet.
pub(crate) fn try_slot(
    ctx: &Ctx,
    set_id: SetId,
    slot: &Slot,
    passphrase: &Passphrase,
) -> Result<Option<BundleKeys>> {
    let Some(password) = PasswordSlot::decode(slot).filter(|slot| slot.cost.is_allowed()) else {
        return Ok(None);
    };
    Ok(password.unwrap(ctx, &set_id, passphrase)?.map(|key| BundleKeys::new(key, set_id)))
}

/// Checks every slot's cost, and their sum, before memory is taken for any.
fn check_costs(header: &Header) -> Result<()> {
    let mut total_kib = 0;
    for (number, slot) in header.slots.iter().enumerate() {
        let Some(password) = PasswordSlot::decode(slot) else { continue };
        total_kib += password.cost.work_kib();
        if !password.cost.is_allowed() || total_kib > MAX_TOTAL_WORK_KIB {
            let cost = password.cost;
            return Err(Error::new(Code::KdfTooCostly).with(Fact::Slot, number + 1).with(
                Fact::Found,
                format!("{} KiB, {} passes, {} lanes", cost.memory_kib, cost.num_passes, cost.num_lanes),
            ));
        }
    }
    Ok(())
}

/// Kind and details of a slot, for listings: `(kind, details)`.
pub(crate) fn describe(slot: &Slot) -> (&'static str, String) {
    match (KINDS.iter().find(|kind| kind.number == slot.kind), PasswordSlot::decode(slot)) {
        (Some(kind), Some(password)) => {
            let KdfCost { memory_kib, num_passes, num_lanes } = password.cost;
            (kind.name, format!("argon2id m={}MiB t={num_passes} p={num_lanes}", memory_kib >> 10))
        }
        _ => ("unknown", format!("kind {}", slot.kind)),
    }
}
