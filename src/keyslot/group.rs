//! Groups: several slots, all of which must open. docs/bundle-format.md §7.8.
//!
//! Each member wraps a random part; the slot key derives from all parts. Groups do not nest.

use zeroize::Zeroizing;

use super::{Opened, password::PasswordSlot, wrapped};
use crate::{
    bundle::{MAX_SLOTS, SetId, Slot, decode_slots, encode_slots},
    crypto::{KEY_BYTES, Key, hkdf_of},
    error::Result,
};

pub(super) const KIND: u16 = 7;

/// A slot that opens when every one of `members` does; `seal_member` makes one of them from its part.
pub(super) fn seal(
    set_id: &SetId,
    key: &Key,
    num_members: usize,
    mut seal_member: impl FnMut(usize, &Key) -> Result<Slot>,
) -> Result<Slot> {
    let parts: Vec<Key> = (0..num_members).map(|_| Key::random()).collect();
    let members = parts.iter().enumerate().map(|(place, part)| seal_member(place, part));
    let members = members.collect::<Result<Vec<_>>>()?;
    Ok(wrapped::seal(KIND, set_id, key, &slot_key(set_id, &parts), &encode_slots(&members)))
}

/// The members of a group that is well-formed; none for any other slot.
pub(super) fn members(slot: &Slot) -> Vec<Slot> {
    if slot.kind != KIND {
        return Vec::new();
    }
    let members = wrapped::Wrapped::decode(&slot.body).and_then(|group| decode_slots(group.details).ok());
    members.unwrap_or_default().into_iter().take(MAX_SLOTS).filter(|member| member.kind != KIND).collect()
}

/// Opens the group with the parts of all its members, in order.
pub(super) fn open(set_id: &SetId, slot: &Slot, parts: &[Key]) -> Opened {
    let group = wrapped::Wrapped::decode(&slot.body);
    let key = group.and_then(|group| group.open(KIND, set_id, &slot_key(set_id, parts)));
    key.map_or(Opened::Refused, Opened::Key)
}

/// One key that nobody knows who lacks a part.
fn slot_key(set_id: &SetId, parts: &[Key]) -> Key {
    let mut joined = Zeroizing::new(Vec::with_capacity(parts.len() * KEY_BYTES));
    for part in parts {
        joined.extend_from_slice(part.as_bytes());
    }
    hkdf_of(set_id, &joined, b"sealift/v1/group")
}

/// Every password slot in `slot`: itself, or the members of a group.
pub(crate) fn passwords(slot: &Slot) -> Vec<PasswordSlot> {
    let own = PasswordSlot::decode(slot);
    own.into_iter().chain(members(slot).iter().filter_map(PasswordSlot::decode)).collect()
}
