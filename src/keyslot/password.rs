//! Password slots: the bundle key under a key that Argon2id derives. docs/bundle-format.md §7.1.

use super::{
    describe_cost,
    wrapped::{commitment, wrapping},
};
use crate::{
    bundle::{SetId, Slot},
    crypto::{KEY_BYTES, KdfCost, Key, NONCE_BYTES, Passphrase, TAG_BYTES, random},
    error::{Code, Error, Result},
    job::{Background, Ctx},
};

/// Kind number on disk.
pub(super) const KIND: u16 = 1;
const SALT_BYTES: usize = 16;
const BODY_BYTES: usize = SALT_BYTES + 12 + 32 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// The fields of a password slot.
pub(crate) struct PasswordSlot {
    salt: [u8; SALT_BYTES],
    pub(crate) cost: KdfCost,
    /// Fixes the slot's key, so a wrong passphrase is known before anything is unwrapped.
    commitment: [u8; 32],
    nonce: [u8; NONCE_BYTES],
    wrapped: [u8; KEY_BYTES],
    tag: [u8; TAG_BYTES],
}

/// A slot whose key is being derived, or one that is there already.
pub(crate) enum PendingSlot {
    Deriving { salt: [u8; SALT_BYTES], cost: KdfCost, slot_key: Background<Option<Key>> },
    Ready(Slot),
}

impl PendingSlot {
    /// Starts a slot for `passphrase`.
    pub(crate) fn start(passphrase: &Passphrase, cost: KdfCost) -> Self {
        let salt = random();
        Self::Deriving { salt, cost, slot_key: derive(passphrase, cost, salt) }
    }

    /// Waits for the slot key, and wraps `key` under it.
    pub(crate) fn wrap(self, ctx: &Ctx, set_id: &SetId, key: &Key) -> Result<Slot> {
        let (salt, cost, slot_key) = match self {
            Self::Ready(slot) => return Ok(slot),
            Self::Deriving { salt, cost, slot_key } => (salt, cost, slot_key),
        };
        let slot_key = slot_key.wait(ctx)?.ok_or_else(|| Error::new(Code::KdfTooCostly))?;
        let mut slot = PasswordSlot {
            salt,
            cost,
            commitment: commitment(set_id, &slot_key),
            nonce: random(),
            wrapped: *key.as_bytes(),
            tag: [0; TAG_BYTES],
        };
        let aad = slot.aad(set_id);
        slot.tag = wrapping(set_id, &slot_key).seal(&slot.nonce, &aad, &mut slot.wrapped);
        Ok(slot.encode())
    }
}

fn derive(passphrase: &Passphrase, cost: KdfCost, salt: [u8; SALT_BYTES]) -> Background<Option<Key>> {
    let passphrase = passphrase.share();
    Background::start(move || cost.derive(&passphrase, &salt))
}

impl PasswordSlot {
    /// The bundle key, if `passphrase` is this slot's and the slot is unaltered.
    pub(crate) fn unwrap(&self, ctx: &Ctx, set_id: &SetId, passphrase: &Passphrase) -> Result<Option<Key>> {
        let Some(slot_key) = derive(passphrase, self.cost, self.salt).wait(ctx)? else { return Ok(None) };
        if commitment(set_id, &slot_key) != self.commitment {
            return Ok(None);
        }
        let bundle_key = Key::from_fn(|key| {
            key.copy_from_slice(&self.wrapped);
            wrapping(set_id, &slot_key).open(&self.nonce, &self.aad(set_id), key, &self.tag)
        });
        Ok(bundle_key.ok())
    }

    /// Binds the wrapped key to its bundle and to every public field of the slot.
    fn aad(&self, set_id: &[u8; 32]) -> Vec<u8> {
        [&set_id[..], &self.public_fields()].concat()
    }

    fn public_fields(&self) -> Vec<u8> {
        let KdfCost { memory_kib, num_passes, num_lanes } = self.cost;
        let costs = [memory_kib, num_passes, num_lanes].map(u32::to_le_bytes).concat();
        [&self.salt[..], &costs, &self.commitment].concat()
    }

    pub(crate) fn encode(&self) -> Slot {
        let body = [&self.public_fields()[..], &self.nonce, &self.wrapped, &self.tag].concat();
        Slot { kind: KIND, body }
    }

    /// The fields of `slot`, if it is a password slot of the right length.
    pub(crate) fn decode(slot: &Slot) -> Option<Self> {
        let body: &[u8; BODY_BYTES] = slot.body[..].try_into().ok().filter(|_| slot.kind == KIND)?;
        let (salt, rest) = body.split_first_chunk()?;
        let (costs, rest) = rest.split_first_chunk::<12>()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (wrapped, tag) = rest.split_first_chunk()?;
        let cost_at = |at: usize| costs[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        Some(Self {
            salt: *salt,
            cost: KdfCost { memory_kib: cost_at(0), num_passes: cost_at(4), num_lanes: cost_at(8) },
            commitment: *commitment,
            nonce: *nonce,
            wrapped: *wrapped,
            tag: tag.try_into().ok()?,
        })
    }
}

/// The KDF's cost, for listings.
pub(super) fn describe(slot: &Slot) -> String {
    PasswordSlot::decode(slot).map_or_else(String::new, |slot| describe_cost(slot.cost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::BundleKeys;

    const CHEAP: KdfCost = KdfCost { memory_kib: 64, num_passes: 1, num_lanes: 1 };

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.as_bytes().to_vec()).unwrap()
    }

    fn wrapped(keys: &BundleKeys, text: &str) -> Slot {
        PendingSlot::start(&passphrase(text), CHEAP)
            .wrap(&Ctx::new(), keys.set_id(), keys.bundle_key())
            .unwrap()
    }

    fn unwrapped(slot: &Slot, set_id: SetId, text: &str) -> Option<Key> {
        PasswordSlot::decode(slot)?.unwrap(&Ctx::new(), &set_id, &passphrase(text)).unwrap()
    }

    #[test]
    fn a_slot_opens_with_its_passphrase_alone_and_in_its_bundle_alone() {
        let keys = BundleKeys::new(Key::random(), [1; 32]);
        let slot = wrapped(&keys, "correct horse");
        let opened = unwrapped(&slot, [1; 32], "correct horse").unwrap();
        assert_eq!(opened.as_bytes(), keys.bundle_key().as_bytes());
        assert!(unwrapped(&slot, [1; 32], "Correct horse").is_none());
        assert!(unwrapped(&slot, [2; 32], "correct horse").is_none());
    }

    #[test]
    fn every_flipped_bit_of_a_slot_is_refused() {
        let keys = BundleKeys::new(Key::random(), [1; 32]);
        let slot = wrapped(&keys, "p");
        for bit in 0..slot.body.len() * 8 {
            // The upper bits of the costs ask for gigabytes; the bounds test covers those.
            if (SALT_BYTES * 8..(SALT_BYTES + 12) * 8).contains(&bit) && bit % 32 > 3 {
                continue;
            }
            let mut flipped = slot.clone();
            flipped.body[bit / 8] ^= 1 << (bit % 8);
            assert!(unwrapped(&flipped, [1; 32], "p").is_none(), "bit {bit}");
        }
        let longer = Slot { kind: KIND, body: [&slot.body[..], &[0]].concat() };
        assert!(PasswordSlot::decode(&longer).is_none());
    }
}
