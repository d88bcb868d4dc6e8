//! What all slots but the password slot share: a key that is wrapped under a slot key, and what protects the slot key.
//!
//! Knows no kind: what is in `details` is each kind's own business. docs/bundle-format.md §7.2.

use crate::{
    bundle::{SetId, Slot},
    crypto::{Aead, KEY_BYTES, Key, NONCE_BYTES, TAG_BYTES, hkdf, random},
};

/// A slot's key under its slot key.
pub(super) struct Wrapped<'a> {
    /// Fixes the slot key: AES-GCM alone lets one ciphertext open under several.
    commitment: &'a [u8; 32],
    nonce: &'a [u8; NONCE_BYTES],
    ciphertext: &'a [u8; KEY_BYTES],
    tag: &'a [u8; TAG_BYTES],
    /// How the slot key is protected.
    pub(super) details: &'a [u8],
}

/// A slot of `kind` that wraps `key` under `slot_key`.
pub(super) fn seal(kind: u16, set_id: &SetId, key: &Key, slot_key: &Key, details: &[u8]) -> Slot {
    let commitment = commitment(set_id, slot_key);
    let nonce = random();
    let mut wrapped = *key.as_bytes();
    let aad = aad(kind, set_id, &commitment, details);
    let tag = wrapping(set_id, slot_key).seal(&nonce, &aad, &mut wrapped);
    Slot { kind, body: [&commitment[..], &nonce, &wrapped, &tag, details].concat() }
}

impl<'a> Wrapped<'a> {
    /// The fields of a body of any such kind.
    pub(super) fn decode(body: &'a [u8]) -> Option<Self> {
        let (commitment, rest) = body.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (ciphertext, rest) = rest.split_first_chunk()?;
        let (tag, details) = rest.split_first_chunk()?;
        Some(Self { commitment, nonce, ciphertext, tag, details })
    }

    /// The wrapped key, if `slot_key` is the one it was wrapped under and the slot is unaltered.
    pub(super) fn open(&self, kind: u16, set_id: &SetId, slot_key: &Key) -> Option<Key> {
        if commitment(set_id, slot_key) != *self.commitment {
            return None;
        }
        let aad = aad(kind, set_id, self.commitment, self.details);
        Key::from_fn(|key| {
            key.copy_from_slice(self.ciphertext);
            wrapping(set_id, slot_key).open(self.nonce, &aad, key, self.tag)
        })
        .ok()
    }
}

/// Binds the wrapped key to its bundle, its kind and every other field of the slot.
fn aad(kind: u16, set_id: &SetId, commitment: &[u8; 32], details: &[u8]) -> Vec<u8> {
    [&set_id[..], &kind.to_le_bytes(), commitment, details].concat()
}

pub(super) fn commitment(set_id: &SetId, slot_key: &Key) -> [u8; 32] {
    *hkdf(set_id, slot_key, b"sealift/v1/slot-commitment").as_bytes()
}

pub(super) fn wrapping(set_id: &SetId, slot_key: &Key) -> Aead {
    Aead::new(&hkdf(set_id, slot_key, b"sealift/v1/slot-wrap"))
}
