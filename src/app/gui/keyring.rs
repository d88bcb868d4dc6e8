//! Passphrases in the system's keyring, by set id: only those that the user wants remembered.
//!
//! On Linux that is whatever answers as the Secret Service. Calls may wait for the user to unlock it; none is made
//! while painting.

use std::fmt;

use keyring::v1::{Entry, Error, Result};
use zeroize::Zeroizing;

use super::{
    action::Action,
    job::{Kind, Work},
    secret::{Edit, Secret},
};

const SERVICE: &str = "sealift";

/// What the keyring holds for a bundle.
pub(crate) enum Recalled {
    Passphrase(Edit),
    Nothing,
    /// No keyring answers.
    NoKeyring,
}

impl fmt::Debug for Recalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase(…)",
            Self::Nothing => "Nothing",
            Self::NoKeyring => "NoKeyring",
        })
    }
}

/// Asks for the passphrase of the bundle `set_id`.
pub(crate) fn recall(set_id: String, then: impl FnOnce(Recalled) -> Action + Send + 'static) -> Work {
    let call = move |_: &sealift::Ctx| Ok(entry(&set_id).and_then(|entry| entry.get_password()));
    quiet(call, move |answer| {
        then(match answer {
            Ok(text) => Recalled::Passphrase(Edit::Insert(Zeroizing::new(text))),
            Err(Error::NoEntry) => Recalled::Nothing,
            Err(error) => {
                tracing::warn!(%error, "no keyring");
                Recalled::NoKeyring
            }
        })
    })
}

/// Remembers it; `then` learns whether it is.
pub(crate) fn remember(
    set_id: String,
    passphrase: Secret,
    then: impl FnOnce(bool) -> Action + Send + 'static,
) -> Work {
    let call =
        move |_: &sealift::Ctx| Ok(entry(&set_id).and_then(|entry| entry.set_password(passphrase.as_str())));
    quiet(call, move |answer| then(is_done(answer)))
}

/// Forgets it; `then` learns whether it is forgotten.
pub(crate) fn forget(set_id: String, then: impl FnOnce(bool) -> Action + Send + 'static) -> Work {
    let call = move |_: &sealift::Ctx| Ok(entry(&set_id).and_then(|entry| entry.delete_credential()));
    quiet(call, move |answer| then(matches!(answer, Err(Error::NoEntry)) || is_done(answer)))
}

fn entry(set_id: &str) -> Result<Entry> {
    Entry::new(SERVICE, set_id)
}

fn is_done(answer: Result<()>) -> bool {
    answer.inspect_err(|error| tracing::warn!(%error, "keyring")).is_ok()
}

fn quiet<T: Send + 'static>(
    call: impl FnOnce(&sealift::Ctx) -> sealift::Result<Result<T>> + Send + 'static,
    then: impl FnOnce(Result<T>) -> Action + Send + 'static,
) -> Work {
    Work::new(Kind::List, "", call, move |answer| then(answer.unwrap_or(Err(Error::NoEntry))))
}
