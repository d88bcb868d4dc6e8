//! Key slots of a finished bundle: added, changed, removed. Only the header is written, and a vendor's signature stays.

use std::path::Path;

use super::KdfLevel;
use crate::{
    bundle::{Bundle, BundleKeys, Header, MAX_SLOTS, rewrite_header, settle},
    error::{Code, Error, Fact, Result},
    job::{Ctx, Notice, NoticeKind, Phase},
    keyslot::{self, Identities, Recipient},
};

/// Changes the slots of the bundle at `path`, opened with `current`. `change` gets the header, its keys
/// and the number (from 0) of the slot that opened. Only the 128 KiB of header are written.
///
/// # Errors
/// [`Code::KeyRefused`] also when the slot opens an older copy only: an interrupted change removed it.
fn change_slots(
    ctx: &Ctx,
    path: &Path,
    current: &Identities,
    change: impl FnOnce(&mut Header, &BundleKeys, usize) -> Result<()>,
) -> Result<()> {
    settle(path)?;
    let bundle = Bundle::open(path)?;
    ctx.enter(Phase::Unlock, 0);
    let (keys, slot) = keyslot::unlock(ctx, &bundle, current)?;
    let mut header = bundle.authenticate(&keys)?.clone();
    let place = header.slots.iter().position(|known| *known == slot);
    let place = place.ok_or_else(|| Error::new(Code::KeyRefused).at(path))?;
    change(&mut header, &keys, place)?;
    header.sequence += 1;
    ctx.checkpoint()?;
    rewrite_header(path, &header, &keys)
}

/// The place of slot `number`, counted from 1.
fn place_of(header: &Header, number: usize) -> Result<usize> {
    let num_slots = header.slots.len();
    let place = number.checked_sub(1).filter(|place| *place < num_slots);
    place.ok_or_else(|| Error::new(Code::NoSuchSlot).with(Fact::Slot, number).with(Fact::Limit, num_slots))
}

/// Adds a slot for `new` to the bundle at `path`.
///
/// # Errors
/// [`Code::SlotsFull`].
pub fn add_slot(
    ctx: &Ctx,
    path: &Path,
    current: impl Into<Identities>,
    new: &Recipient,
    kdf: KdfLevel,
) -> Result<()> {
    change_slots(ctx, path, &current.into(), |header, keys, _| {
        if header.slots.len() >= MAX_SLOTS {
            return Err(Error::new(Code::SlotsFull));
        }
        header.slots.push(new.seal(ctx, keys.set_id(), keys.bundle_key(), kdf.cost())?);
        Ok(())
    })
}

/// Puts a slot for `new` in place of slot `number`, counted from 1, or of the one that `current` opens; comes back with its
/// number.
///
/// # Errors
/// [`Code::NoSuchSlot`].
pub fn change_slot(
    ctx: &Ctx,
    path: &Path,
    current: impl Into<Identities>,
    number: Option<usize>,
    new: &Recipient,
    kdf: KdfLevel,
) -> Result<usize> {
    let mut place = 0;
    change_slots(ctx, path, &current.into(), |header, keys, opened| {
        place = number.map_or(Ok(opened), |number| place_of(header, number))?;
        header.slots[place] = new.seal(ctx, keys.set_id(), keys.bundle_key(), kdf.cost())?;
        Ok(())
    })?;
    ctx.notice(Notice::new(NoticeKind::OldCopiesOpen, path.display()));
    Ok(place + 1)
}

/// Removes slot `number`, counted from 1; `current` may open any slot.
///
/// # Errors
/// [`Code::NoSuchSlot`]; [`Code::LastSlot`].
pub fn remove_slot(ctx: &Ctx, path: &Path, current: impl Into<Identities>, number: usize) -> Result<()> {
    change_slots(ctx, path, &current.into(), |header, _, _| {
        let place = place_of(header, number)?;
        if header.slots.len() == 1 {
            return Err(Error::new(Code::LastSlot));
        }
        header.slots.remove(place);
        Ok(())
    })?;
    ctx.notice(Notice::new(NoticeKind::OldCopiesOpen, path.display()));
    Ok(())
}
