//! Files in TOML that people write and read. One that is not understood in full is refused: a line that was mistyped must
//! not be one that is missing.
//!
//! Knows no field of any of them but the version.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::{
    error::{Code, Error, Fact, Result},
    fs,
};

/// What `parse` makes of the file at `path`.
///
/// # Errors
/// `bad` for one of more than `max_bytes`; those of `parse`.
pub(crate) fn load<T>(
    path: &Path,
    max_bytes: u64,
    bad: Code,
    parse: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    let recode = |e: Error| if e.code() == Code::Limit { e.recoded(bad) } else { e };
    let text = fs::read_text(path, max_bytes).map_err(recode)?;
    parse(&text).map_err(|e| e.at(path))
}

/// The fields of `text`.
///
/// # Errors
/// `bad`.
pub(crate) fn fields<T: DeserializeOwned>(text: &str, bad: Code) -> Result<T> {
    toml::from_str(text).map_err(|e| Error::new(bad).with(Fact::System, e.message()).caused_by(e))
}

/// Refuses a file of another version than the one that is `known`.
///
/// # Errors
/// `bad`.
pub(crate) fn check_version(found: u32, known: u32, bad: Code) -> Result<()> {
    if found == known {
        return Ok(());
    }
    let error = Error::new(bad).with(Fact::Field, "version");
    Err(error.with(Fact::Found, found).with(Fact::Expected, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "plays the administrator")]
    fn a_file_is_refused_with_the_code_of_its_kind_and_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rules.toml");
        let loaded = |text: &str| {
            std::fs::write(&path, text).unwrap();
            load(&path, 20, Code::BadPolicy, |text| {
                let table: toml::Table = fields(text, Code::BadPolicy)?;
                let version = table["version"].as_integer().and_then(|found| u32::try_from(found).ok());
                check_version(version.unwrap_or_default(), 1, Code::BadPolicy)
            })
        };
        loaded("version = 1").unwrap();
        for text in ["version = 2", "version =", "version = 1 # and a long remark"] {
            let error = loaded(text).unwrap_err();
            let is_told = error.context().iter().any(|(fact, _)| *fact == Fact::Path);
            assert!(error.code() == Code::BadPolicy && is_told, "{text}: {error:?}");
        }
        std::fs::remove_file(&path).unwrap();
        let absent = load(&path, 20, Code::BadPolicy, |_| Ok(())).unwrap_err();
        assert_eq!(absent.code(), Code::NotFound);
    }
}
