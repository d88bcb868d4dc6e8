//! Keys that sign: ECDSA P-256 over SHA-256, as cosign signs, and Ed25519 (RFC 8032).
//!
//! Bytes in, bytes out: knows no file and nothing of what is signed. `cosign_key` reads and writes key files.

use std::fmt;

use p256::{
    ecdsa::signature::{Signer as _, Verifier as _},
    pkcs8::{
        DecodePrivateKey as _, DecodePublicKey as _, Document, EncodePrivateKey as _, EncodePublicKey as _,
        LineEnding, SecretDocument,
        der::pem::{self, PemLabel as _},
        spki::SubjectPublicKeyInfoRef,
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::secret::random;
use crate::{
    digest::hex,
    error::{Code, Error, Fact, Result},
};

/// Longest SPKI document of a key that is known here, with room to spare.
pub(crate) const MAX_SPKI_BYTES: usize = 128;

/// What kind of key signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SigningKeyType {
    /// ECDSA on NIST P-256 over SHA-256: what cosign makes.
    #[default]
    EcdsaP256,
    /// Ed25519.
    Ed25519,
}

impl SigningKeyType {
    /// Its name in texts and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// A key that checks signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Verifying);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verifying {
    EcdsaP256(p256::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl PublicKey {
    /// Reads a PEM file such as `cosign.pub`.
    ///
    /// # Errors
    /// [`Code::BadSigningKey`], [`Code::SigningKeyType`].
    pub fn from_pem(bytes: &[u8]) -> Result<Self> {
        let bad = || Error::new(Code::BadSigningKey);
        let text =
            std::str::from_utf8(bytes).map_err(|_| bad().worded(Fact::Detail, "detail-no-pem", &[]))?;
        let (label, document) =
            Document::from_pem(text.trim_start()).map_err(|e| bad().with(Fact::System, e))?;
        if label != SubjectPublicKeyInfoRef::PEM_LABEL {
            return Err(bad()
                .with(Fact::Found, label)
                .with(Fact::Expected, SubjectPublicKeyInfoRef::PEM_LABEL));
        }
        Self::from_der(document.as_bytes())
    }

    /// Reads SPKI in DER.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self> {
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(der) {
            return Ok(Self(Verifying::EcdsaP256(key)));
        }
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_der(der) {
            // A weak key has signatures that fit any message.
            return if key.is_weak() {
                Err(Error::new(Code::BadSigningKey).worded(Fact::Detail, "detail-weak-key", &[]))
            } else {
                Ok(Self(Verifying::Ed25519(key)))
            };
        }
        Err(match SubjectPublicKeyInfoRef::try_from(der) {
            Ok(spki) => Error::new(Code::SigningKeyType).with(Fact::Found, spki.algorithm.oid),
            Err(e) => Error::new(Code::BadSigningKey).with(Fact::System, e),
        })
    }

    /// SPKI in DER, the one form of each key.
    ///
    /// # Panics
    /// Never: both kinds have such a form.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let document = match &self.0 {
            Verifying::EcdsaP256(key) => key.to_public_key_der(),
            Verifying::Ed25519(key) => key.to_public_key_der(),
        };
        document.expect("both kinds of key have SPKI").into_vec()
    }

    /// What cosign writes as `cosign.pub`.
    ///
    /// # Panics
    /// Never: both kinds have such a form.
    pub fn to_pem(&self) -> String {
        let der = self.to_der();
        pem::encode_string(SubjectPublicKeyInfoRef::PEM_LABEL, LineEnding::LF, &der)
            .expect("a short document")
    }

    /// SHA-256 of its `SubjectPublicKeyInfo` in DER: 64 hex digits. Its words are compared over another channel.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(self.to_der()))
    }

    /// Its kind.
    pub fn key_type(&self) -> SigningKeyType {
        match &self.0 {
            Verifying::EcdsaP256(_) => SigningKeyType::EcdsaP256,
            Verifying::Ed25519(_) => SigningKeyType::Ed25519,
        }
    }

    /// Whether `signature` is one of `message` by this key: of ECDSA in DER, of Ed25519 64 bytes.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Verifying::EcdsaP256(key) => p256::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            // Strict: no key and no signature of small order, so that each signature fits one message.
            Verifying::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }
}

/// A key that signs. Wiped when dropped.
pub struct SigningKey(Signing);

enum Signing {
    EcdsaP256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl SigningKey {
    /// A fresh random key.
    pub fn generate(kind: SigningKeyType) -> Self {
        match kind {
            SigningKeyType::Ed25519 => {
                let seed = Zeroizing::new(random());
                Self(Signing::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed)))
            }
            // One number in 2³² is above the order of the curve, or zero.
            SigningKeyType::EcdsaP256 => loop {
                let number = Zeroizing::new(random::<32>());
                if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&number[..]) {
                    return Self(Signing::EcdsaP256(key));
                }
            },
        }
    }

    /// Reads PKCS#8 in DER.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(Self(Signing::EcdsaP256(key)));
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Ok(Self(Signing::Ed25519(key)));
        }
        Err(match p256::pkcs8::PrivateKeyInfoRef::try_from(der) {
            Ok(info) => Error::new(Code::SigningKeyType).with(Fact::Found, info.algorithm.oid),
            Err(e) => Error::new(Code::BadSigningKey).with(Fact::System, e),
        })
    }

    /// Reads what `openssl ecparam -genkey` writes: an EC key by itself, of RFC 5915.
    pub(crate) fn from_sec1(der: &[u8]) -> Result<Self> {
        let key = p256::SecretKey::from_sec1_der(der);
        key.map(|key| Self(Signing::EcdsaP256(key.into())))
            .map_err(|e| Error::new(Code::SigningKeyType).with(Fact::System, e))
    }

    /// PKCS#8 in DER.
    ///
    /// # Panics
    /// Never: both kinds have such a form.
    pub(crate) fn to_pkcs8(&self) -> SecretDocument {
        let document = match &self.0 {
            Signing::EcdsaP256(key) => key.to_pkcs8_der(),
            Signing::Ed25519(key) => key.to_pkcs8_der(),
        };
        document.expect("both kinds of key have PKCS#8")
    }

    /// The other half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(match &self.0 {
            Signing::EcdsaP256(key) => Verifying::EcdsaP256(*key.verifying_key()),
            Signing::Ed25519(key) => Verifying::Ed25519(key.verifying_key()),
        })
    }

    /// Signs: ECDSA in DER, with the nonce of RFC 6979; Ed25519 64 bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Signing::EcdsaP256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Signing::Ed25519(key) => {
                use ed25519_dalek::Signer as _;
                key.sign(message).to_bytes().to_vec()
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_its_key_and_message_alone() {
        for kind in [SigningKeyType::EcdsaP256, SigningKeyType::Ed25519] {
            let key = SigningKey::generate(kind);
            let public = key.public_key();
            assert_eq!(public.key_type(), kind);
            let mut signature = key.sign(b"message");
            assert!(public.verify(b"message", &signature));
            assert!(!public.verify(b"messagf", &signature));
            assert!(!SigningKey::generate(kind).public_key().verify(b"message", &signature));
            for bit in 0..signature.len() * 8 {
                signature[bit / 8] ^= 1 << (bit % 8);
                assert!(!public.verify(b"message", &signature), "{kind:?} bit {bit}");
                signature[bit / 8] ^= 1 << (bit % 8);
            }
            assert_eq!(PublicKey::from_pem(public.to_pem().as_bytes()).unwrap(), public);
            assert_eq!(SigningKey::from_pkcs8(key.to_pkcs8().as_bytes()).unwrap().public_key(), public);
            assert_eq!(format!("{key:?}"), "SigningKey(…)");
        }
    }

    #[test]
    fn a_weak_key_is_refused() {
        // The neutral element of the curve: every signature of small order would fit every message.
        let mut der = SigningKey::generate(SigningKeyType::Ed25519).public_key().to_der();
        let at = der.len() - 32;
        der[at..].copy_from_slice(&[0; 32]);
        der[at] = 1;
        assert_eq!(PublicKey::from_der(&der).unwrap_err().code(), Code::BadSigningKey);
    }
}
