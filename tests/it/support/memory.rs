//! The memory of another process, and the secrets that are looked for in it. Reading that of a program that forbids it takes root.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::Sha256;

/// Everything in memory that the process can write, one region after the other.
pub(crate) fn memory_of(pid: u32) -> Vec<Vec<u8>> {
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let region = |line: &str| -> Option<Vec<u8>> {
        let mut words = line.split_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        words.next().filter(|rights| rights.starts_with("rw"))?;
        let [from, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Memory of a device cannot be read, and is none of the program's own.
        memory.read_exact_at(&mut bytes, from).ok().map(|()| bytes)
    };
    maps.lines().filter_map(region).collect()
}

/// Whether `wanted` is there.
pub(crate) fn holds(memory: &[Vec<u8>], wanted: &[u8]) -> bool {
    memory.iter().any(|region| memchr::memmem::find(region, wanted).is_some())
}

/// What opens a bundle, by name: its passphrase, and every key up to those of its first records. docs/bundle-format.md §3, §6, §7.1.
pub(crate) fn secrets_of(bundle: &Path, passphrase: &str) -> Vec<(&'static str, Vec<u8>)> {
    let header = fs::read(bundle).unwrap();
    let set_id = &header[24..56];
    let body = &header[216 + 8..216 + 8 + 120];
    let cost = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap());
    let params = Params::new(cost(16), cost(20), cost(24), Some(32)).unwrap();
    let mut slot_key = vec![0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &body[..16], &mut slot_key)
        .unwrap();
    let derive = |key: &[u8], info: &[u8]| {
        let mut out = vec![0; 32];
        hkdf::Hkdf::<Sha256>::new(Some(set_id), key).expand(info, &mut out).unwrap();
        out
    };
    assert_eq!(derive(&slot_key, b"sealift/v1/slot-commitment"), body[28..60]);
    let wrapping_key = derive(&slot_key, b"sealift/v1/slot-wrap");
    let mut bundle_key = body[72..104].to_vec();
    let nonce: [u8; 12] = body[60..72].try_into().unwrap();
    let tag: [u8; 16] = body[104..].try_into().unwrap();
    Aes256Gcm::new_from_slice(&wrapping_key)
        .unwrap()
        .decrypt_inout_detached(
            &nonce.into(),
            &[set_id, &body[..60]].concat(),
            bundle_key.as_mut_slice().into(),
            &tag.into(),
        )
        .unwrap();
    let payload = [&b"sealift/v1/payload"[..], &0_u64.to_le_bytes()].concat();
    vec![
        ("payload key", derive(&bundle_key, &payload)),
        ("header key", derive(&bundle_key, b"sealift/v1/header-mac")),
        ("volumes key", derive(&bundle_key, b"sealift/v1/volumes")),
        ("bundle key", bundle_key),
        ("wrapping key", wrapping_key),
        ("slot key", slot_key),
        ("passphrase", passphrase.as_bytes().to_vec()),
        ("half a passphrase", passphrase.as_bytes()[..passphrase.len() / 2].to_vec()),
    ]
}
