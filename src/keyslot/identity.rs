//! What opens a bundle.

use std::{path::Path, sync::Arc};

use super::{AgeIdentity, Ask, KeyFile, KeyShare, TransitKey, recipient::read_key_file, token};
#[cfg(feature = "pkcs11")]
use super::{TokenIdentity, token::TokenUri};
use crate::{
    crypto::Passphrase,
    error::{Code, Error, Fact, Result},
};

/// A secret that may open key slots.
#[derive(Debug)]
pub enum Identity {
    /// A passphrase.
    Passphrase(Passphrase),
    /// A key file.
    KeyFile(KeyFile),
    /// Private keys of age or SSH.
    Age(AgeIdentity),
    /// The private keys of a token.
    #[cfg(feature = "pkcs11")]
    Token(Arc<TokenIdentity>),
    /// A key that a server keeps.
    Transit(TransitKey),
    /// One share of a split key.
    Share(Arc<KeyShare>),
}

/// All that a user gives to open a bundle, together.
#[derive(Debug, Default)]
pub struct Identities(Vec<Identity>);

impl Identities {
    /// The identities; those that cost least are tried first.
    pub fn new(mut identities: Vec<Identity>) -> Self {
        identities.sort_by_key(Identity::cost);
        Self(identities)
    }

    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a passphrase is among them.
    pub fn has_passphrase(&self) -> bool {
        self.0.iter().any(|identity| matches!(identity, Identity::Passphrase(_)))
    }

    /// The same, and a passphrase.
    #[must_use]
    pub fn with_passphrase(&self, passphrase: &Passphrase) -> Self {
        let mut all = Self::from(self).0;
        all.push(Identity::Passphrase(passphrase.share()));
        Self::new(all)
    }

    #[cfg(test)]
    pub(super) fn into_vec(self) -> Vec<Identity> {
        self.0
    }

    pub(super) fn as_slice(&self) -> &[Identity] {
        &self.0
    }

    /// All shares, which only together can open anything.
    pub(super) fn shares(&self) -> Vec<&KeyShare> {
        let shares = self.0.iter().filter_map(|identity| match identity {
            Identity::Share(share) => Some(&**share),
            _ => None,
        });
        shares.collect()
    }
}

impl From<&Passphrase> for Identities {
    fn from(passphrase: &Passphrase) -> Self {
        Self(vec![Identity::Passphrase(passphrase.share())])
    }
}

impl From<&Self> for Identities {
    fn from(other: &Self) -> Self {
        Self(other.0.iter().map(Identity::share).collect())
    }
}

/// Whether `text` is a private key as openssl writes it: its public part may have locked a slot, for a token.
fn is_private_pem(text: &str) -> bool {
    ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY"]
        .iter()
        .any(|label| text.contains(&format!("-----BEGIN {label}-----")))
}

impl Identity {
    /// Reads an identity as a user gives it: a `pkcs11:` URI, a `vault://` address, or the path of a file that
    /// [`Self::read`] takes. `ask` is asked for PINs and passphrases.
    ///
    /// # Errors
    /// [`Code::BadTokenUri`], [`Code::BadVaultAddress`], and those of [`Self::read`].
    pub fn parse(text: &str, ask: &Arc<dyn Ask>) -> Result<Self> {
        #[cfg(not(feature = "pkcs11"))]
        if token::is_uri(text) {
            return Err(token::no_tokens());
        }
        #[cfg(feature = "pkcs11")]
        if token::is_uri(text) {
            return Ok(Self::Token(Arc::new(TokenIdentity::new(TokenUri::parse(text)?, ask))));
        }
        if TransitKey::is_meant(text) {
            return TransitKey::parse(text).map(Self::Transit);
        }
        Self::read(Path::new(text), ask)
    }

    /// Reads the file at `path`: a key file, an identity of age, an SSH private key, or a share. `ask` is asked for the
    /// passphrase of an encrypted one.
    ///
    /// # Errors
    /// [`Code::BadIdentity`], [`Code::IdentityLocked`], [`Code::BadShare`], and those of reading.
    pub fn read(path: &Path, ask: &Arc<dyn Ask>) -> Result<Self> {
        let content = read_key_file(path)?;
        let read = |content: &[u8]| {
            if let Some(identity) = AgeIdentity::parse(content, &path.display().to_string(), ask)? {
                return Ok(Self::Age(identity));
            }
            let text = std::str::from_utf8(content).map_err(|_| Error::new(Code::BadIdentity))?;
            if KeyShare::is_meant(text) {
                return KeyShare::parse(text).map(|share| Self::Share(Arc::new(share)));
            }
            if is_private_pem(text) {
                let error = Error::new(Code::BadIdentity);
                return Err(error.worded(Fact::Detail, "detail-private-pem", &[]));
            }
            KeyFile::parse(text).map(Self::KeyFile)
        };
        read(&content).map_err(|e| e.at(path))
    }

    pub(super) fn share(&self) -> Self {
        match self {
            Self::Passphrase(passphrase) => Self::Passphrase(passphrase.share()),
            Self::KeyFile(file) => Self::KeyFile(file.share()),
            Self::Age(identity) => Self::Age(identity.share()),
            #[cfg(feature = "pkcs11")]
            Self::Token(token) => Self::Token(Arc::clone(token)),
            Self::Transit(key) => Self::Transit(key.clone()),
            Self::Share(share) => Self::Share(Arc::clone(share)),
        }
    }

    /// How much trying it costs, in no unit: computing, then asking a person, then half a second of the KDF.
    fn cost(&self) -> u8 {
        match self {
            Self::KeyFile(_) => 0,
            Self::Share(_) => 1,
            Self::Age(_) => 2,
            Self::Transit(_) => 3,
            #[cfg(feature = "pkcs11")]
            Self::Token(_) => 4,
            Self::Passphrase(_) => 9,
        }
    }
}
