//! What must be asked of a user while keys are used. The shells answer; the library knows no screen.

use zeroize::Zeroizing;

/// What a secret is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The passphrase of an identity file of this name.
    IdentityFile(String),
    /// The PIN of the token with this label.
    Pin(String),
    /// What a plugin of age asks, in its own words.
    Plugin(String),
}

/// Answers what keys ask while they are used. `None`: there is no answer to be had.
pub trait Ask: Send + Sync {
    /// A passphrase or PIN, typed without echo.
    fn secret(&self, question: &Question) -> Option<Zeroizing<String>>;

    /// Shows what a plugin of age has to say: that a key wants to be touched, say.
    fn show(&self, _message: &str) {}

    /// Lets the user choose between two words.
    fn confirm(&self, _message: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    /// Something that is no secret.
    fn text(&self, _description: &str) -> Option<String> {
        None
    }
}

/// Answers nothing: for jobs that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyAnswers;

impl Ask for NobodyAnswers {
    fn secret(&self, _: &Question) -> Option<Zeroizing<String>> {
        None
    }
}
