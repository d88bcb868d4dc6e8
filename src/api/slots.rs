//! Key slots of a finished bundle: added, changed, removed. Only the header is written, and a vendor's signature stays.
//!
//! Changes of one bundle come one after the other: each is locked from before the header is read until it is written.

use std::path::Path;

use super::KdfLevel;
use crate::{
    bundle::{Bundle, BundleKeys, Header, LockedHeader, MAX_SLOTS, Slot},
    error::{Code, Error, Fact, Result},
    job::{Ctx, Notice, NoticeKind, Phase},
    keyslot::{self, Identities, Recipient},
};

/// A header while its slots are changed.
struct Change<'a> {
    ctx: &'a Ctx,
    header: Header,
    keys: BundleKeys,
    current: &'a Identities,
    /// The place of the slot that opened, and of the one of `current` that opened it.
    opened: usize,
    identity: Option<usize>,
}

impl Change<'_> {
    /// The slot for `new`.
    ///
    /// # Errors
    /// [`Code::KeyInUse`] when it opens one already, as far as that can be tried: of a public key it cannot.
    fn seal(&self, new: &Recipient, kdf: KdfLevel) -> Result<Slot> {
        if let Some(identity) = new.identity() {
            let identities = Identities::new(vec![identity]);
            let all: Vec<usize> = (0..self.header.slots.len()).collect();
            let known = keyslot::opened_places(self.ctx, &self.header, &identities, 0, &all)?;
            if let Some(place) = known.first() {
                return Err(Error::new(Code::KeyInUse).with(Fact::Slot, place + 1));
            }
        }
        new.seal(self.ctx, self.keys.set_id(), self.keys.bundle_key(), kdf.cost())
    }

    /// Places of all slots that open with what opened the bundle.
    fn own_places(&self) -> Result<Vec<usize>> {
        let Some(identity) = self.identity else { return Ok(vec![self.opened]) };
        let others: Vec<usize> = (0..self.header.slots.len()).filter(|place| *place != self.opened).collect();
        let mut own = keyslot::opened_places(self.ctx, &self.header, self.current, identity, &others)?;
        own.push(self.opened);
        own.sort_unstable();
        Ok(own)
    }

    /// Tells of slots that open with the same key as the one at `place`, which is to go, as far as that key is there.
    fn notice_others(&self, place: usize) -> Result<()> {
        let is_own = match self.identity {
            _ if place == self.opened => true,
            Some(identity) => {
                let places =
                    keyslot::opened_places(self.ctx, &self.header, self.current, identity, &[place])?;
                !places.is_empty()
            }
            None => false,
        };
        if is_own {
            for other in self.own_places()?.into_iter().filter(|own| *own != place) {
                self.ctx.notice(Notice::new(NoticeKind::KeyStillOpens, other + 1));
            }
        }
        Ok(())
    }

    /// The place of the slot that had a number when the change was asked for: others may have come and gone since.
    fn place_of(&self, slot: &Slot) -> Result<usize> {
        let place = self.header.slots.iter().position(|known| known == slot);
        place.ok_or_else(|| Error::new(Code::NoSuchSlot).with(Fact::Limit, self.header.slots.len()))
    }
}

/// Changes the slots of the bundle at `path`, opened with `current`. Only the 128 KiB of header are written.
///
/// # Errors
/// [`Code::KeyChangeCompleted`] instead of a change of the slot that is `meant` by its number, where an earlier change was
/// interrupted: the numbers that its user has seen may be those from before it.
/// [`Code::KeyRefused`] also when the slot opens an older copy only: an interrupted change removed it. [`Code::Busy`].
fn change_slots(
    ctx: &Ctx,
    path: &Path,
    current: &Identities,
    meant: Option<&Slot>,
    change: impl FnOnce(&mut Change<'_>) -> Result<()>,
) -> Result<()> {
    let (file, bundle) = LockedHeader::open(ctx, path)?;
    ctx.enter(Phase::Unlock, 0);
    let access = keyslot::unlock(ctx, &bundle, current)?;
    let header = bundle.authenticate(&access.keys)?.clone();
    let opened = header.slots.iter().position(|known| *known == access.slot);
    let opened = opened.ok_or_else(|| Error::new(Code::KeyRefused).at(path))?;
    if meant.is_some() && !bundle.superseded_slots().is_empty() {
        file.write_slots(ctx, header, &access.keys)?;
        return Err(Error::new(Code::KeyChangeCompleted).at(path));
    }
    let mut changed = Change { ctx, header, keys: access.keys, current, opened, identity: access.identity };
    change(&mut changed).map_err(|e| e.at(path))?;
    ctx.checkpoint()?;
    file.write_slots(ctx, changed.header, &changed.keys)
}

/// Slot `number`, counted from 1, of the bundle at `path`.
fn slot_of(path: &Path, number: usize) -> Result<Slot> {
    let bundle = Bundle::open(path)?;
    let slots = &bundle.header().slots;
    let slot = number.checked_sub(1).and_then(|place| slots.get(place));
    let missing = || Error::new(Code::NoSuchSlot).with(Fact::Slot, number).with(Fact::Limit, slots.len());
    slot.cloned().ok_or_else(missing)
}

/// Adds a slot for each of `new` to the bundle at `path`: all, or none.
///
/// # Errors
/// [`Code::SlotsFull`]; [`Code::KeyInUse`].
pub fn add_slots(
    ctx: &Ctx,
    path: &Path,
    current: impl Into<Identities>,
    new: &[Recipient],
    kdf: KdfLevel,
) -> Result<()> {
    change_slots(ctx, path, &current.into(), None, |change| {
        if change.header.slots.len() + new.len() > MAX_SLOTS {
            return Err(Error::new(Code::SlotsFull));
        }
        for recipient in new {
            let slot = change.seal(recipient, kdf)?;
            change.header.slots.push(slot);
        }
        Ok(())
    })
}

/// Puts a slot for `new` in place of slot `number`, counted from 1, or of all that open with what `current` opens the bundle
/// with; comes back with its number.
///
/// # Errors
/// [`Code::NoSuchSlot`]; [`Code::KeyInUse`], also when it is the old one; [`Code::KeyChangeCompleted`].
pub fn change_slot(
    ctx: &Ctx,
    path: &Path,
    current: impl Into<Identities>,
    number: Option<usize>,
    new: &Recipient,
    kdf: KdfLevel,
) -> Result<usize> {
    let meant = number.map(|number| slot_of(path, number)).transpose()?;
    let mut place = 0;
    change_slots(ctx, path, &current.into(), meant.as_ref(), |change| {
        let slot = change.seal(new, kdf)?;
        let replaced = match &meant {
            None => change.own_places()?,
            Some(meant) => {
                let place = change.place_of(meant)?;
                change.notice_others(place)?;
                vec![place]
            }
        };
        place = replaced.first().copied().unwrap_or(change.opened);
        change.header.slots[place] = slot;
        for more in replaced.into_iter().skip(1).rev() {
            change.header.slots.remove(more);
        }
        Ok(())
    })?;
    ctx.notice(Notice::new(NoticeKind::OldCopiesOpen, path.display()));
    Ok(place + 1)
}

/// Removes slot `number`, counted from 1; `current` may open any slot.
///
/// # Errors
/// [`Code::NoSuchSlot`]; [`Code::LastSlot`]; [`Code::KeyChangeCompleted`].
pub fn remove_slot(ctx: &Ctx, path: &Path, current: impl Into<Identities>, number: usize) -> Result<()> {
    let meant = slot_of(path, number)?;
    change_slots(ctx, path, &current.into(), Some(&meant), |change| {
        let place = change.place_of(&meant)?;
        if change.header.slots.len() == 1 {
            return Err(Error::new(Code::LastSlot));
        }
        change.notice_others(place)?;
        change.header.slots.remove(place);
        Ok(())
    })?;
    ctx.notice(Notice::new(NoticeKind::OldCopiesOpen, path.display()));
    Ok(())
}
