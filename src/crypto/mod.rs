//! The primitives of the format: AES-256-GCM, Argon2id, HKDF/HMAC-SHA-256; and signatures.
//!
//! Bytes in, bytes out: knows no path, no layout and no kind of key. Each is a thin wrapper, tested
//! against public vectors, so that misuse has one place to be prevented.

mod aead;
mod cosign_key;
mod generate;
mod kdf;
mod locked;
mod secret;
mod sign;
mod sigstore;

pub(crate) use aead::{Aead, NONCE_BYTES, TAG_BYTES};
pub(crate) use cosign_key::MAX_KEY_FILE_BYTES;
pub use generate::{GENERATED_BITS, WordList, generate_passphrase};
pub(crate) use kdf::{KdfCost, hkdf, hkdf_of, hmac_sha256, verify_hmac_sha256};
pub use secret::Passphrase;
pub(crate) use secret::{KEY_BYTES, Key, random};
pub(crate) use sign::MAX_SPKI_BYTES;
pub use sign::{PublicKey, SigningKey, SigningKeyType};
pub(crate) use sigstore::install_primitives;
