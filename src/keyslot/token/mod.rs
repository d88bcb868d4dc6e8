//! Keys in tokens and HSMs, through PKCS #11: RSA-OAEP, or ECDH on P-256. docs/bundle-format.md §7.5.
//!
//! Locking needs the public key alone, from a file or from the token; opening needs the token and its PIN.

#[cfg(feature = "pkcs11")]
mod session;
#[cfg(feature = "pkcs11")]
mod uri;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use p256::{ecdh::EphemeralSecret, elliptic_curve::Generate, pkcs8::DecodePublicKey};
use rsa::{Oaep, RsaPublicKey, traits::PublicKeyParts};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, pem::PemObject};
use sha2::{Digest, Sha256};

#[cfg(feature = "pkcs11")]
pub use session::TokenIdentity;
#[cfg(feature = "pkcs11")]
pub(super) use uri::TokenUri;

use super::wrapped;
use crate::{
    bundle::{SetId, Slot},
    crypto::{Key, hkdf_of, random},
    digest::hex,
    error::{Code, Error, Fact, Result},
};

pub(super) const KIND: u16 = 4;
/// How the slot key is protected, as it stands in the slot.
const RSA_OAEP_SHA256: u16 = 1;
const ECDH_P256: u16 = 2;
/// Bytes of an uncompressed point of P-256 (SEC 1 §2.3.3).
const POINT_BYTES: usize = 65;
/// RSA keys shorter than this are not locked for (NIST SP 800-131A), nor longer ones, which fit no slot.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// What PKCS #11 URIs begin with (RFC 7512).
const SCHEME: &str = "pkcs11:";

/// Whether `text` says where a token's key is.
pub(super) fn is_uri(text: &str) -> bool {
    text.starts_with(SCHEME)
}

/// What a program says of tokens that was built without them.
#[cfg(not(feature = "pkcs11"))]
pub(super) fn no_tokens() -> Error {
    Error::new(Code::NoModule).worded(Fact::Detail, "detail-no-pkcs11", &[])
}

/// The public key that belongs to a token's private key.
pub struct TokenKey {
    /// SHA-256 of the `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    key_id: [u8; 32],
    public: Public,
    /// The file that it was read from; `None` of one that the token itself told.
    file: Option<PathBuf>,
}

enum Public {
    Rsa(Box<RsaPublicKey>),
    P256(p256::PublicKey),
}

impl TokenKey {
    /// Whether `text` is PEM of a public key or a certificate.
    pub(super) fn is_meant(text: &str) -> bool {
        text.contains("-----BEGIN PUBLIC KEY-----") || text.contains("-----BEGIN CERTIFICATE-----")
    }

    /// Reads a public key or a certificate in PEM: RSA, or elliptic curve P-256. A certificate's time and issuer are not
    /// looked at: it serves as a container of the key.
    ///
    /// # Errors
    /// [`Code::BadRecipient`].
    pub fn from_pem(pem: &str) -> Result<Self> {
        let bad = |said: String| Error::new(Code::BadRecipient).with(Fact::System, said);
        if let Ok(spki) = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()) {
            return Self::from_spki(&spki);
        }
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| bad(e.to_string()))?;
        let certificate = webpki::EndEntityCert::try_from(&certificate).map_err(|e| bad(e.to_string()))?;
        Self::from_spki(&certificate.subject_public_key_info())
    }

    /// As [`Self::from_pem`] of what was read from `file`.
    pub(super) fn of_file(pem: &str, file: &Path) -> Result<Self> {
        Ok(Self { file: Some(file.to_owned()), ..Self::from_pem(pem)? })
    }

    /// SHA-256 of the public key.
    pub(super) fn key_id(&self) -> &[u8; 32] {
        &self.key_id
    }

    /// The file that it was read from: then nothing shows that there is such a token.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The key in a `SubjectPublicKeyInfo`.
    pub(super) fn from_spki(der: &[u8]) -> Result<Self> {
        let bad = |id| Error::new(Code::BadRecipient).worded(Fact::Detail, id, &[]);
        let key_id = Sha256::digest(der).into();
        if let Ok(key) = p256::PublicKey::from_public_key_der(der) {
            return Ok(Self { key_id, public: Public::P256(key), file: None });
        }
        let key = <RsaPublicKey as rsa::pkcs8::DecodePublicKey>::from_public_key_der(der);
        let key = key.map_err(|_| bad("detail-neither-rsa-nor-p256"))?;
        if !RSA_BITS.contains(&(key.size() * 8)) {
            return Err(bad("detail-rsa-bits"));
        }
        Ok(Self { key_id, public: Public::Rsa(Box::new(key)), file: None })
    }

    pub(super) fn seal(&self, set_id: &SetId, key: &Key) -> Result<Slot> {
        let (slot_key, algorithm, ciphertext) = match &self.public {
            Public::Rsa(public) => {
                let slot_key = Key::random();
                let oaep = Oaep::new::<rsa::sha2::Sha256>();
                let ciphertext = public.encrypt(&mut SystemRandom, oaep, slot_key.as_bytes());
                let failed = |e: rsa::Error| Error::new(Code::BadRecipient).with(Fact::System, e);
                (slot_key, RSA_OAEP_SHA256, ciphertext.map_err(failed)?)
            }
            Public::P256(public) => {
                let ephemeral = EphemeralSecret::generate();
                let point = p256::Sec1Point::from(ephemeral.public_key());
                let shared = ephemeral.diffie_hellman(public);
                let slot_key =
                    ecdh_slot_key(set_id, shared.raw_secret_bytes(), &self.key_id, point.as_bytes());
                (slot_key, ECDH_P256, point.as_bytes().to_vec())
            }
        };
        let details = [&algorithm.to_le_bytes()[..], &self.key_id, &ciphertext].concat();
        Ok(wrapped::seal(KIND, set_id, key, &slot_key, &details))
    }
}

/// From the x coordinate that both sides know to the slot key, bound to both public keys.
fn ecdh_slot_key(set_id: &SetId, shared: &[u8], key_id: &[u8; 32], point: &[u8]) -> Key {
    hkdf_of(set_id, shared, &[b"sealift/v1/token-ecdh", &key_id[..], point].concat())
}

/// The fields of a token slot.
#[cfg_attr(not(feature = "pkcs11"), expect(dead_code, reason = "read by who opens it"))]
struct Details<'a> {
    algorithm: u16,
    key_id: &'a [u8; 32],
    ciphertext: &'a [u8],
}

impl<'a> Details<'a> {
    fn decode(details: &'a [u8]) -> Option<Self> {
        let (algorithm, rest) = details.split_first_chunk()?;
        let (key_id, ciphertext) = rest.split_first_chunk()?;
        let algorithm = u16::from_le_bytes(*algorithm);
        let fits = match algorithm {
            RSA_OAEP_SHA256 => RSA_BITS.contains(&(ciphertext.len() * 8)),
            ECDH_P256 => ciphertext.len() == POINT_BYTES,
            _ => false,
        };
        fits.then_some(Self { algorithm, key_id, ciphertext })
    }
}

/// Algorithm and the beginning of the key's id, for listings.
pub(super) fn describe(slot: &Slot) -> String {
    let details = wrapped::Wrapped::decode(&slot.body).and_then(|wrapped| Details::decode(wrapped.details));
    details.map_or_else(String::new, |details| {
        let algorithm = if details.algorithm == RSA_OAEP_SHA256 { "rsa-oaep-sha256" } else { "ecdh-p256" };
        format!("{algorithm} {}", &hex(details.key_id)[..16])
    })
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", hex(&self.key_id))
    }
}

/// The system's random numbers, as the `rsa` crate wants them.
struct SystemRandom;

impl rsa::rand_core::RngCore for SystemRandom {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(random())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(random())
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.chunks_mut(32).for_each(|chunk| chunk.copy_from_slice(&random::<32>()[..chunk.len()]));
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for SystemRandom {}
