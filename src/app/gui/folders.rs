//! Where the app keeps what outlives a window: one folder for settings, one for data, one for logs, one for the socket.

use std::path::{Path, PathBuf};

use crate::folders::{close_to_others, dirs, state};
pub(crate) use crate::folders::{private_file, settings};

/// Makes the folders that are not there, and closes all of them to other users.
pub(crate) fn prepare() {
    let all = [settings(), data(), logs(), runtime(), state()];
    all.into_iter().flatten().for_each(|folder| close_to_others(&folder));
}

/// Where the history is.
pub(crate) fn data() -> Option<PathBuf> {
    dirs().map(|dirs| dirs.data_local_dir().to_owned())
}

/// Where logs and reports of crashes are.
pub(crate) fn logs() -> Option<PathBuf> {
    data().map(|folder| folder.join("logs"))
}

/// Where the socket of the first window is: gone after the session, where the system has such a folder.
pub(crate) fn runtime() -> Option<PathBuf> {
    dirs().and_then(|dirs| dirs.runtime_dir().map(Path::to_owned)).or_else(data)
}

/// `path` with the user's home as `~`, so that a name is not told along with it.
pub(crate) fn shortened(path: &Path) -> String {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    match home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => path.display().to_string(),
    }
}
