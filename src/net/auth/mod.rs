//! Who asks: credentials from the caller or from auth files, and what a registry's challenge makes of them.
//!
//! Credentials belong to one host and port. They are wiped when dropped and never printed.

mod challenge;
mod file;
mod helper;
mod token;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

pub(super) use challenge::Challenge;
pub(super) use file::find;
pub(super) use token::Tokens;
#[cfg(any(test, fuzzing))]
pub(super) use token::is_token_answer;

use crate::{
    error::{Code, Error, Fact, Result},
    fs::unmarked,
};

/// A name and a secret for one registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    secret: Zeroizing<String>,
    /// Whether the secret is an `OAuth2` refresh token, which only buys tokens.
    is_identity_token: bool,
}

impl Credentials {
    /// A user's name and password, or a robot account's name and token.
    pub fn new(username: impl Into<String>, password: Zeroizing<String>) -> Self {
        Self { username: username.into(), secret: password, is_identity_token: false }
    }

    /// Parses `USER:PASSWORD`; one trailing line end is dropped. A password may hold colons.
    ///
    /// # Errors
    /// [`Code::BadAuthFile`] without a colon or without a name.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let bad = || Error::new(Code::BadAuthFile).worded(Fact::Expected, "form-user-password", &[]);
        let text = std::str::from_utf8(unmarked(bytes)?).map_err(|_| bad())?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        match text.split_once(':') {
            Some((username, password)) if !username.is_empty() => {
                Ok(Self::new(username, Zeroizing::new(password.to_owned())))
            }
            _ => Err(bad()),
        }
    }

    fn identity_token(username: String, token: Zeroizing<String>) -> Self {
        Self { username, secret: token, is_identity_token: true }
    }

    /// For `Authorization: Basic`, RFC 7617; an identity token is none.
    fn basic(&self) -> Option<HeaderValue> {
        if self.is_identity_token {
            return None;
        }
        let plain = Zeroizing::new(format!("{}:{}", self.username, *self.secret));
        secret_header("Basic", &Zeroizing::new(STANDARD.encode(plain.as_bytes())))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// An `Authorization` header that no log shows.
fn secret_header(scheme: &str, secret: &str) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("{scheme} {secret}"));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credentials_file_holds_one_user_and_a_password_that_may_have_colons() {
        let credentials = Credentials::parse("\u{feff}robot$ci:a:b\r\n".as_bytes()).unwrap();
        assert_eq!((credentials.username.as_str(), credentials.secret.as_str()), ("robot$ci", "a:b"));
        for bad in ["", "user", ":password"] {
            assert_eq!(Credentials::parse(bad.as_bytes()).unwrap_err().code(), Code::BadAuthFile, "{bad}");
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        let credentials = Credentials::new("user", Zeroizing::new("hidden".into()));
        assert!(!format!("{credentials:?}").contains("hidden"));
        assert_eq!(format!("{:?}", credentials.basic().unwrap()), "Sensitive");
    }
}
