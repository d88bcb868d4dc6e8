//! The user's folder for what both shells keep: settings, trusted keys, a policy.

use std::path::PathBuf;

/// The user's folders, as the system names them; `None` where it names none.
pub(crate) fn dirs() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "sealift")
}

/// Where settings are.
pub(crate) fn settings() -> Option<PathBuf> {
    dirs().map(|dirs| dirs.config_dir().to_owned())
}
