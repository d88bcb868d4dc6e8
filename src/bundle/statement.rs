//! What a vendor states beside its signature: when it signed, and which release of which product the bundle is.
//!
//! The one form of each statement is fixed, so that what was signed is what is read. docs/bundle-format.md §10.3.

use std::{cmp::Ordering, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Fact, Result};

/// What is signed beside the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Product and release.
    pub(crate) release: Option<(String, Release)>,
    /// When it was signed, to the second.
    pub(crate) signed: Timestamp,
}

/// Its members, in the order they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    signed: String,
}

impl Statement {
    /// Longest statement that is read.
    pub(crate) const MAX_BYTES: usize = 4 << 10;

    /// # Errors
    /// [`Code::BadStatement`] for a product or release that is none.
    pub(crate) fn new(release: Option<(&str, &str)>, signed: Timestamp) -> Result<Self> {
        let release = release.map(|(product, release)| {
            check_product(product)?;
            Ok((product.to_owned(), release.parse()?))
        });
        Ok(Self { release: release.transpose()?, signed })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let (product, release) =
            self.release.as_ref().map(|(product, release)| (product.clone(), release.text.clone())).unzip();
        let members = Members { product, release, signed: rfc3339(self.signed) };
        // Strings always serialise; should they not, the empty statement is refused.
        serde_json::to_vec(&members).unwrap_or_default()
    }

    /// Reads the one form; `None` for any other.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let members: Members = serde_json::from_slice(bytes).ok()?;
        let release = match (&members.product, &members.release) {
            (Some(product), Some(release)) => Some((product.as_str(), release.as_str())),
            (None, None) => None,
            _ => return None,
        };
        let statement = Self::new(release, members.signed.parse().ok()?).ok()?;
        (statement.encode() == bytes).then_some(statement)
    }
}

/// A time as it is written: UTC, to the second.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A product: 1 to 128 letters, digits, `.`, `_`, `-` and `/` of ASCII, so that no two look alike.
pub(crate) fn check_product(product: &str) -> Result<()> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if (1..=128).contains(&product.len()) && product.chars().all(is_good) {
        Ok(())
    } else {
        Err(Error::new(Code::BadStatement).with(Fact::Field, "product").with(Fact::Found, product))
    }
}

/// A release: one to three numbers, then a pre-release and a build as semver.org has them. `1.4` is `1.4.0`, and leading
/// zeros do not count, so that a date is a release as well.
#[derive(Clone, Debug)]
pub struct Release {
    text: String,
    version: semver::Version,
}

impl FromStr for Release {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::new(Code::BadStatement)
                .with(Fact::Field, "release")
                .with(Fact::Found, text)
                .with(Fact::Expected, "1.4.2")
        };
        if text.len() > 64 {
            return Err(bad());
        }
        let (numbers, rest) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
        let mut parts = [0; 3];
        if numbers.split('.').count() > parts.len() {
            return Err(bad());
        }
        for (part, digits) in parts.iter_mut().zip(numbers.split('.')) {
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(bad());
            }
            *part = digits.parse().map_err(|_| bad())?;
        }
        let [major, minor, patch] = parts;
        let version = format!("{major}.{minor}.{patch}{rest}").parse().map_err(|_| bad())?;
        Ok(Self { text: text.to_owned(), version })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Release {
    /// Which is older; what follows a `+` does not count.
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.version.cmp_precedence(&other.version)
    }
}

impl PartialEq for Release {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Release {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered() {
        let ordered = ["0.9", "1", "1.4.0-rc.1", "1.4.0-rc.2", "1.4", "1.4.10", "2024.01.05", "2024.11.24"];
        for (place, older) in ordered.iter().enumerate() {
            let older: Release = older.parse().unwrap();
            for newer in &ordered[place + 1..] {
                assert_eq!(older.precedence(&newer.parse().unwrap()), Ordering::Less, "{older} {newer}");
            }
        }
        let same = |a: &str, b: &str| a.parse::<Release>().unwrap().precedence(&b.parse().unwrap());
        assert_eq!(same("1.4", "1.04.0+build"), Ordering::Equal);
        for bad in [
            "",
            "v1",
            "1.2.3.4",
            "1..2",
            "1.-2",
            "-1",
            "1.2.3-",
            "１",
            "99999999999999999999",
            &"1".repeat(65),
        ] {
            assert_eq!(bad.parse::<Release>().unwrap_err().code(), Code::BadStatement, "{bad}");
        }
    }

    #[test]
    fn only_the_one_form_of_a_statement_is_read() {
        let signed = "2026-01-02T03:04:05Z".parse().unwrap();
        let full = Statement::new(Some(("suite/base", "1.4+x")), signed).unwrap();
        let text = r#"{"product":"suite/base","release":"1.4+x","signed":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(full.encode(), text.as_bytes());
        assert_eq!(Statement::decode(text.as_bytes()), Some(full));
        let bare = Statement::new(None, signed).unwrap();
        assert_eq!(Statement::decode(&bare.encode()), Some(bare));
        for bad in [
            "",
            "{}",
            r#"{"signed":"2026-01-02T03:04:05Z" }"#,
            r#"{"signed":"2026-01-02T03:04:05+00:00"}"#,
            r#"{"signed":"2026-01-02T03:04:05.5Z"}"#,
            r#"{"signed":"2026-01-02T03:04:05Z","x":1}"#,
            r#"{"signed":"2026-01-02T03:04:05Z","signed":"2026-01-02T03:04:05Z"}"#,
            r#"{"product":"a","signed":"2026-01-02T03:04:05Z"}"#,
            r#"{"release":"1","product":"a","signed":"2026-01-02T03:04:05Z"}"#,
            r#"{"product":"a b","release":"1","signed":"2026-01-02T03:04:05Z"}"#,
            r#"{"product":"\u0061","release":"1","signed":"2026-01-02T03:04:05Z"}"#,
        ] {
            assert_eq!(Statement::decode(bad.as_bytes()), None, "{bad}");
        }
    }
}
