//! A key that is being added, while it is typed.

use std::path::{Path, PathBuf};

use sealift::{Code, Error, PublicKey, TrustedRoot};

use super::lists::Task;
use crate::gui::{new_passphrase::NewPassphrase, secret::Secret};

/// What can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adding {
    NewIdentity,
    Identity,
    Recipient,
    NewSigningKey,
    SigningKey,
    Vendor,
    /// Who signs without a key.
    VendorIdentity,
}

/// What is compared with the vendor before it is trusted.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    Key(PublicKey),
    Root(TrustedRoot),
}

impl Seen {
    /// Its fingerprint: 64 hex digits.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Key(key) => key.id(),
            Self::Root(root) => root.id().to_owned(),
        }
    }
}

/// A key that is being added.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) adding: Adding,
    pub(crate) name: String,
    /// A path, an address or a recipient, as typed.
    pub(crate) address: String,
    pub(crate) new: NewPassphrase,
    /// Opens a key file whose public part does not lie beside it.
    pub(crate) passphrase: Secret,
    /// Who signs without a key, and who vouches for that.
    pub(crate) identity: String,
    pub(crate) issuer: String,
    /// A vendor's key or trusted root, whose words are to be compared.
    pub(crate) seen: Option<Seen>,
}

impl Form {
    pub(super) fn new(adding: Adding) -> Self {
        Self {
            adding,
            name: String::new(),
            address: String::new(),
            new: NewPassphrase::default(),
            passphrase: Secret::default(),
            identity: String::new(),
            issuer: String::new(),
            seen: None,
        }
    }

    /// Whether everything is there that it needs.
    pub(crate) fn is_ready(&self) -> bool {
        let has_passphrase = self.adding != Adding::NewSigningKey || self.new.is_complete();
        let has_identity = self.adding != Adding::VendorIdentity
            || !(self.identity.trim().is_empty() || self.issuer.trim().is_empty());
        has_passphrase && has_identity && !self.name.trim().is_empty() && !self.address.trim().is_empty()
    }

    /// How what is to be compared is read, before it was.
    pub(super) fn look(&self) -> Option<fn(&Path) -> sealift::Result<Seen>> {
        match self.adding {
            _ if self.seen.is_some() => None,
            Adding::Vendor => Some(|path| sealift::read_public_key(path).map(Seen::Key)),
            Adding::VendorIdentity => Some(|path| sealift::read_trusted_root(path).map(Seen::Root)),
            _ => None,
        }
    }

    pub(super) fn change(&self) -> sealift::Result<Task> {
        let address = self.address.trim().to_owned();
        let path = PathBuf::from(&address);
        Ok(match self.adding {
            Adding::NewIdentity => Task::NewIdentity(path),
            Adding::Identity => Task::Identity(address),
            Adding::Recipient => Task::Recipient(address),
            Adding::NewSigningKey => Task::NewSigningKey(path, self.new.passphrase()?),
            Adding::SigningKey => {
                let passphrase =
                    if self.passphrase.is_empty() { None } else { Some(self.passphrase.passphrase()?) };
                Task::SigningKey(path, passphrase)
            }
            Adding::Vendor | Adding::VendorIdentity => match self.seen.clone() {
                Some(Seen::Key(key)) => Task::Vendor(key),
                Some(Seen::Root(root)) => {
                    let (identity, issuer) = (self.identity.trim(), self.issuer.trim());
                    Task::VendorIdentity(identity.to_owned(), issuer.to_owned(), root)
                }
                None => return Err(Error::new(Code::NotConfirmed)),
            },
        })
    }
}
