//! A key that is being added, while it is typed.

use std::path::PathBuf;

use sealift::{Code, Error, PublicKey};

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
    /// A vendor's key, whose words are to be compared.
    pub(crate) seen: Option<PublicKey>,
}

impl Form {
    pub(super) fn new(adding: Adding) -> Self {
        Self {
            adding,
            name: String::new(),
            address: String::new(),
            new: NewPassphrase::default(),
            passphrase: Secret::default(),
            seen: None,
        }
    }

    /// Whether everything is there that it needs.
    pub(crate) fn is_ready(&self) -> bool {
        let has_passphrase = self.adding != Adding::NewSigningKey || self.new.is_complete();
        has_passphrase && !self.name.trim().is_empty() && !self.address.trim().is_empty()
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
            Adding::Vendor => match &self.seen {
                Some(key) => Task::Vendor(key.clone()),
                None => return Err(Error::new(Code::NotConfirmed)),
            },
        })
    }
}
