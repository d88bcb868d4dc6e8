//! Key files of cosign, and of openssl.
//!
//! `cosign.key` is PEM around base64 of JSON: scrypt's parameters and salt, secretbox's nonce, and the ciphertext of
//! PKCS#8. A file from outside names what scrypt costs, so that is bounded before memory is taken. cosign allows an empty
//! password; here it is none. Layout: cosign's `pkg/cosign/keys.go` and `encrypted` of go-securesystemslib.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305, aead::Aead as _};
use p256::pkcs8::{LineEnding, der::pem};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    secret::{Key, Passphrase, random},
    sign::SigningKey,
};
use crate::error::{Code, Error, Fact, Result};

/// Label of an encrypted key, now and before.
const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";
const PKCS8_LABEL: &str = "PRIVATE KEY";
const SEC1_LABEL: &str = "EC PRIVATE KEY";
/// Largest file that is read; a key is below 1 KiB.
pub(crate) const MAX_KEY_FILE_BYTES: usize = 64 << 10;
/// What new files cost: cosign's own parameters, 64 MiB.
const COST: Cost = Cost { n: 1 << 16, r: 8, p: 1 };
/// Most memory that a file from outside may ask for.
const MAX_SCRYPT_BYTES: u64 = 256 << 20;
/// Most bytes filled over all lanes: what the time is proportional to.
const MAX_SCRYPT_WORK: u64 = 1 << 30;
/// Longest salt that is read; cosign's has 32 bytes.
const MAX_SALT_BYTES: usize = 64;

#[derive(Serialize, Deserialize)]
struct Envelope {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Cost,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Cost {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

impl Cost {
    /// scrypt's parameters, unless they are none or ask for too much.
    fn params(self) -> Result<scrypt::Params> {
        let bad = || Error::new(Code::BadSigningKey).with(Fact::Found, format!("scrypt {self:?}"));
        if !self.n.is_power_of_two() || self.n < 2 || self.r == 0 || self.p == 0 {
            return Err(bad());
        }
        // RFC 7914 §5: 128 · N · r bytes are filled for each of p lanes.
        let num_bytes = self.n.saturating_mul(128).saturating_mul(u64::from(self.r));
        if num_bytes > MAX_SCRYPT_BYTES || num_bytes.saturating_mul(u64::from(self.p)) > MAX_SCRYPT_WORK {
            let error = Error::new(Code::SigningKeyTooCostly)
                .with(Fact::Found, format!("{num_bytes} bytes, p={}", self.p));
            return Err(error.with(Fact::Limit, format!("{MAX_SCRYPT_BYTES} bytes")));
        }
        scrypt::Params::new(self.n.ilog2() as u8, self.r, self.p).map_err(|_| bad())
    }

    fn cipher(self, passphrase: Option<&Passphrase>, salt: &[u8]) -> Result<XSalsa20Poly1305> {
        let params = self.params()?;
        let password = passphrase.map_or(&[][..], Passphrase::as_bytes);
        let key = Key::from_fn(|key| scrypt::scrypt(password, salt, &params, key)).map_err(bad)?;
        Ok(XSalsa20Poly1305::new(key.as_bytes().into()))
    }
}

/// A key that was read and is not opened yet; what it costs is allowed.
struct Locked {
    cost: Cost,
    salt: Vec<u8>,
    nonce: [u8; 24],
    ciphertext: Vec<u8>,
}

impl Locked {
    fn parse(json: &[u8]) -> Result<Self> {
        let envelope: Envelope = serde_json::from_slice(json).map_err(bad)?;
        let unknown = |name: &str| Error::new(Code::SigningKeyType).with(Fact::Found, name);
        if envelope.kdf.name != "scrypt" {
            return Err(unknown(&envelope.kdf.name));
        }
        if envelope.cipher.name != "nacl/secretbox" {
            return Err(unknown(&envelope.cipher.name));
        }
        let bytes =
            |field: &str, text: &str| STANDARD.decode(text).map_err(|e| bad(e).with(Fact::Field, field));
        let salt = bytes("salt", &envelope.kdf.salt)?;
        let nonce: [u8; 24] = bytes("nonce", &envelope.cipher.nonce)?
            .try_into()
            .map_err(|_| Error::new(Code::BadSigningKey).with(Fact::Field, "nonce").with(Fact::Limit, 24))?;
        let ciphertext = bytes("ciphertext", &envelope.ciphertext)?;
        if salt.len() > MAX_SALT_BYTES {
            return Err(too_long().with(Fact::Field, "salt"));
        }
        let cost = envelope.kdf.params;
        cost.params()?;
        Ok(Self { cost, salt, nonce, ciphertext })
    }
}

fn bad(said: impl std::fmt::Display) -> Error {
    Error::new(Code::BadSigningKey).with(Fact::System, said)
}

fn too_long() -> Error {
    Error::new(Code::BadSigningKey).worded(Fact::Detail, "detail-too-long", &[])
}

/// Label and content of the PEM document.
fn decode_pem(bytes: &[u8]) -> Result<(&str, Zeroizing<Vec<u8>>)> {
    if bytes.len() > MAX_KEY_FILE_BYTES {
        return Err(too_long().with(Fact::Limit, MAX_KEY_FILE_BYTES));
    }
    let (label, content) = pem::decode_vec(bytes.trim_ascii_start()).map_err(bad)?;
    Ok((label, Zeroizing::new(content)))
}

impl SigningKey {
    /// Whether a passphrase belongs to the key file `bytes`.
    pub fn is_encrypted(bytes: &[u8]) -> bool {
        decode_pem(bytes).is_ok_and(|(label, _)| matches!(label, LABEL | OLD_LABEL))
    }

    /// Reads a key file as far as it goes without paying what it costs.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn read_locked(bytes: &[u8]) -> Result<()> {
        match decode_pem(bytes)? {
            (LABEL | OLD_LABEL, content) => Locked::parse(&content).map(drop),
            _ => Self::from_pem(bytes, None).map(drop),
        }
    }

    /// Reads a key file: `cosign.key`, or PKCS#8 or an EC key in PEM without a passphrase.
    ///
    /// # Errors
    /// [`Code::SigningKeyRefused`] for a wrong passphrase; [`Code::SigningKeyTooCostly`] before any memory is taken;
    /// [`Code::BadSigningKey`], [`Code::SigningKeyType`].
    pub fn from_pem(bytes: &[u8], passphrase: Option<&Passphrase>) -> Result<Self> {
        let (label, content) = decode_pem(bytes)?;
        match label {
            LABEL | OLD_LABEL => Self::from_envelope(&content, passphrase),
            PKCS8_LABEL => Self::from_pkcs8(&content),
            SEC1_LABEL => Self::from_sec1(&content),
            other => {
                Err(Error::new(Code::SigningKeyType).with(Fact::Found, other).with(Fact::Expected, LABEL))
            }
        }
    }

    fn from_envelope(json: &[u8], passphrase: Option<&Passphrase>) -> Result<Self> {
        let locked = Locked::parse(json)?;
        let cipher = locked.cost.cipher(passphrase, &locked.salt)?;
        let plain = cipher.decrypt(&locked.nonce.into(), &locked.ciphertext[..]);
        // A damaged file and a wrong passphrase look the same.
        let plain = plain.map(Zeroizing::new).map_err(|_| Error::new(Code::SigningKeyRefused))?;
        Self::from_pkcs8(&plain)
    }

    /// The key as `cosign.key`, which cosign reads as well.
    ///
    /// # Panics
    /// Never: what is written is short.
    pub fn to_pem(&self, passphrase: Option<&Passphrase>) -> Result<String> {
        let (salt, nonce) = (random::<32>(), random::<24>());
        let cipher = COST.cipher(passphrase, &salt)?;
        let ciphertext = cipher.encrypt(&nonce.into(), self.to_pkcs8().as_bytes()).map_err(bad)?;
        let envelope = Envelope {
            kdf: Kdf { name: "scrypt".into(), params: COST, salt: STANDARD.encode(salt) },
            cipher: Cipher { name: "nacl/secretbox".into(), nonce: STANDARD.encode(nonce) },
            ciphertext: STANDARD.encode(ciphertext),
        };
        let json = serde_json::to_vec(&envelope).map_err(bad)?;
        Ok(pem::encode_string(LABEL, LineEnding::LF, &json).expect("less than 1 KiB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.into()).unwrap()
    }

    /// Of sigstore-rs, whose password is `123`, and of cosign: see tests/testkit/README.md.
    const ECDSA: &str = include_str!("../../tests/testkit/cosign/ecdsa-p256.key");
    const ED25519: &str = include_str!("../../tests/testkit/cosign/ed25519.key");
    const EMPTY: &str = include_str!("../../tests/testkit/cosign/empty-password.key");

    #[test]
    fn public_key_files_open_and_hold_the_key_that_other_programs_find_in_them() {
        // Fingerprints computed by openssl and hashlib's scrypt, with Salsa20 written from its specification.
        for (file, password, id) in [
            (ECDSA, "123", "00208863d9785226df9ad68ceb2ad5b43f1f5ddd686147f25116ee088726eb6d"),
            (ED25519, "123", "ad48ebce6c26b505246c4cc4c753f6483a8dc645d120d306d6881e3f98f70a9e"),
            (EMPTY, "", "0d8cd6794def5c5e3b42f37bf6ee29bb252ce269771cf3c0785d92fca7be586f"),
            (
                include_str!("../../tests/testkit/cosign/ecdsa-p256.pem"),
                "",
                "d6767e8d248adfb5074dbfbe6e80ed266e6af2edc2b951eaa39fd469fd19d450",
            ),
            (
                include_str!("../../tests/testkit/cosign/ed25519.pem"),
                "",
                "868d3405340de858ddc6d10ba242da9354039ea75e1cc77a74c2be0418413185",
            ),
        ] {
            let password = (!password.is_empty()).then(|| passphrase(password));
            let key = SigningKey::from_pem(file.as_bytes(), password.as_ref()).unwrap();
            assert_eq!(key.public_key().id(), id);
            if SigningKey::is_encrypted(file.as_bytes()) {
                let refused = SigningKey::from_pem(file.as_bytes(), Some(&passphrase("1234"))).unwrap_err();
                assert_eq!(refused.code(), Code::SigningKeyRefused);
            }
        }
        assert!(SigningKey::is_encrypted(ECDSA.as_bytes()) && !SigningKey::is_encrypted(b"x"));
    }

    #[test]
    fn a_key_file_that_was_written_is_read_again() {
        let key = SigningKey::generate(super::super::SigningKeyType::Ed25519);
        let pem = key.to_pem(Some(&passphrase("x"))).unwrap();
        let read = SigningKey::from_pem(pem.as_bytes(), Some(&passphrase("x"))).unwrap();
        assert_eq!(read.public_key(), key.public_key());
    }

    /// The file with `from` replaced in its JSON.
    fn patched(from: &str, to: &str) -> Code {
        let (_, json) = pem::decode_vec(ECDSA.as_bytes()).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert!(json.contains(from), "{json}");
        let file = pem::encode_string(LABEL, LineEnding::LF, json.replace(from, to).as_bytes()).unwrap();
        SigningKey::from_pem(file.as_bytes(), Some(&passphrase("123"))).unwrap_err().code()
    }

    #[test]
    fn every_fault_of_a_key_file_has_its_code() {
        use Code::{BadSigningKey, SigningKeyRefused, SigningKeyTooCostly, SigningKeyType};
        for (from, to, code) in [
            // Bombs: none of these may take memory.
            ("\"N\":32768", "\"N\":1073741824", SigningKeyTooCostly),
            ("\"N\":32768", "\"N\":9223372036854775808", SigningKeyTooCostly),
            ("\"r\":8", "\"r\":4294967295", SigningKeyTooCostly),
            ("\"p\":1", "\"p\":1073741823", SigningKeyTooCostly),
            ("\"N\":32768", "\"N\":32767", BadSigningKey),
            ("\"N\":32768", "\"N\":1", BadSigningKey),
            ("\"N\":32768", "\"N\":-1", BadSigningKey),
            ("\"r\":8", "\"r\":0", BadSigningKey),
            ("\"p\":1", "\"p\":0", BadSigningKey),
            ("scrypt", "argon2id", SigningKeyType),
            ("nacl/secretbox", "aes", SigningKeyType),
            ("\"nonce\":\"g5", "\"nonce\":\"", BadSigningKey),
            ("\"nonce\":\"g", "\"nonce\":\"h", SigningKeyRefused),
            ("\"ciphertext\":\"o", "\"ciphertext\":\"p", SigningKeyRefused),
            ("\"ciphertext\":\"oF", "\"ciphertext\":\"!!", BadSigningKey),
            ("\"ciphertext\"", "\"text\"", BadSigningKey),
            ("\"salt\"", "\"salt\":\"\",\"salt\"", BadSigningKey),
        ] {
            assert_eq!(patched(from, to), code, "{from} → {to}");
        }
        let of = |file: &str| SigningKey::from_pem(file.as_bytes(), None).unwrap_err().code();
        assert_eq!(of(""), BadSigningKey);
        assert_eq!(of("ssh-ed25519 AAAA"), BadSigningKey);
        assert_eq!(of(&ECDSA[..400]), BadSigningKey);
        assert_eq!(of(&"x".repeat(MAX_KEY_FILE_BYTES + 1)), BadSigningKey);
        assert_eq!(of(&ECDSA.replace("COSIGN", "OPENPGP")), SigningKeyType);
    }
}
