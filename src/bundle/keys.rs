//! The bundle key and what is derived from it. docs/bundle-format.md §6.

use super::SetId;
use crate::crypto::{Aead, Key, hkdf, hmac_sha256, verify_hmac_sha256};

/// Records sealed under one payload key: with random nonces, 2²⁰ messages keep the chance of a repeat at 2⁻⁵⁷.
const RECORDS_PER_KEY: u64 = 1 << 20;

/// The bundle key, bound to its set id.
#[derive(Debug)]
pub(crate) struct BundleKeys {
    bundle_key: Key,
    set_id: SetId,
}

impl BundleKeys {
    pub(crate) fn new(bundle_key: Key, set_id: SetId) -> Self {
        Self { bundle_key, set_id }
    }

    /// The key that slots wrap.
    pub(crate) fn bundle_key(&self) -> &Key {
        &self.bundle_key
    }

    pub(crate) fn set_id(&self) -> &SetId {
        &self.set_id
    }

    fn subkey(&self, label: &str, suffix: &[u8]) -> Key {
        let info = [b"sealift/v1/", label.as_bytes(), suffix].concat();
        hkdf(&self.set_id, &self.bundle_key, &info)
    }

    /// Public value that fixes the bundle key: AES-GCM alone lets one ciphertext open under several keys.
    pub(crate) fn commitment(&self) -> [u8; 32] {
        *self.subkey("commitment", b"").as_bytes()
    }

    pub(crate) fn header_mac(&self, bytes: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.subkey("header-mac", b""), bytes)
    }

    pub(crate) fn verify_header_mac(&self, bytes: &[u8], mac: &[u8; 32]) -> bool {
        verify_hmac_sha256(&self.subkey("header-mac", b""), bytes, mac)
    }

    pub(crate) fn volume_mac(&self, bytes: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.subkey("volumes", b""), bytes)
    }

    pub(crate) fn verify_volume_mac(&self, bytes: &[u8], mac: &[u8; 32]) -> bool {
        verify_hmac_sha256(&self.subkey("volumes", b""), bytes, mac)
    }

    /// Number of the payload key that record `number` is sealed under.
    pub(crate) fn payload_segment(number: u64) -> u64 {
        number / RECORDS_PER_KEY
    }

    /// The cipher of one payload segment.
    pub(crate) fn payload(&self, segment: u64) -> Aead {
        Aead::new(&self.subkey("payload", &segment.to_le_bytes()))
    }
}
