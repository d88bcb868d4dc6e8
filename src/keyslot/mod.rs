//! What the header's key slots mean: one kind per file.
//!
//! A slot wraps the bundle key for one [`Recipient`]; an [`Identity`] opens it. Unknown kinds are skipped, so a bundle may
//! carry kinds that this program does not know. docs/bundle-format.md §7.

mod age;
mod ask;
mod code;
mod group;
mod identity;
mod key_file;
mod password;
mod recipient;
mod split;
#[cfg(test)]
mod tests;
mod token;
mod transit;
mod trial;
mod wrapped;

pub use age::{AgeIdentity, AgeRecipient};
pub use ask::{Ask, NobodyAnswers, Question};
#[cfg(any(test, fuzzing))]
pub(crate) use group::passwords;
pub use identity::{Identities, Identity};
pub use key_file::KeyFile;
pub(crate) use password::PendingSlot;
pub use recipient::{Recipient, Recipients};
pub use split::{KeyShare, MAX_SHARES, SplitKey};
#[cfg(feature = "pkcs11")]
pub use token::TokenIdentity;
pub use token::TokenKey;
pub use transit::TransitKey;
#[cfg(any(test, fuzzing))]
pub(crate) use trial::try_slot;
pub(crate) use trial::{opened_places, unlock};

use crate::{
    bundle::Slot,
    crypto::{KdfCost, Key},
};

/// A kind of slot.
pub(crate) struct Kind {
    /// Its number on disk.
    pub(crate) number: u16,
    /// Its name in listings.
    pub(crate) name: &'static str,
    /// Its public parameters.
    describe: fn(&Slot) -> String,
}

/// Every kind of slot this program opens.
pub(crate) const KINDS: &[Kind] = &[
    Kind { number: password::KIND, name: "password", describe: password::describe },
    Kind { number: key_file::KIND, name: "key-file", describe: |_| String::new() },
    Kind { number: age::KIND, name: "age", describe: age::describe },
    Kind { number: token::KIND, name: "token", describe: token::describe },
    Kind { number: transit::KIND, name: "vault", describe: transit::describe },
    Kind { number: split::KIND, name: "shares", describe: split::describe },
    Kind { number: group::KIND, name: GROUP_NAME, describe: describe_group },
];

/// What [`KINDS`] calls a slot that wants several keys together.
pub(crate) const GROUP_NAME: &str = "all-of";

/// What came of trying one identity on one slot.
enum Opened {
    /// It opens: the key that the slot wraps.
    Key(Key),
    /// The kind fits, and it is not this slot's.
    Refused,
    /// Another kind of key.
    OtherKind,
}

/// Kind and details of a slot, for listings: `(kind, details)`.
pub(crate) fn describe(slot: &Slot) -> (&'static str, String) {
    match KINDS.iter().find(|kind| kind.number == slot.kind) {
        Some(kind) => (kind.name, (kind.describe)(slot)),
        None => ("unknown", format!("kind {}", slot.kind)),
    }
}

fn describe_group(slot: &Slot) -> String {
    let members = group::members(slot);
    let members = members.iter().map(|member| match describe(member) {
        (kind, details) if details.is_empty() => kind.to_owned(),
        (kind, details) => format!("{kind} {details}"),
    });
    members.collect::<Vec<_>>().join(" + ")
}

/// Whether `text` may be a public name in a slot. Anyone can write one into a header, and it is shown next to the
/// fingerprint; a slot with any other is malformed.
fn is_label(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=32).contains(&text.len()) && text.bytes().all(is_plain)
}

/// `m`, `t`, `p` of Argon2id, for listings.
fn describe_cost(cost: KdfCost) -> String {
    let KdfCost { memory_kib, num_passes, num_lanes } = cost;
    format!("argon2id m={}MiB t={num_passes} p={num_lanes}", memory_kib >> 10)
}
