//! The user's folders for what both shells keep: settings, trusted keys, a policy; runs that may have to go on.
//!
//! Names of images, registries and people are in them: they are closed to other users.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// The user's folders, as the system names them; `None` where it names none.
pub(crate) fn dirs() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "sealift")
}

/// Where runs are noted that may have to go on.
pub(crate) fn state() -> Option<PathBuf> {
    dirs().map(|dirs| dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_owned())
}

/// Where settings are.
pub(crate) fn settings() -> Option<PathBuf> {
    dirs().map(|dirs| dirs.config_dir().to_owned())
}

/// Makes one of the user's folders so that nobody else can enter it, and takes from others what rights they have to files
/// in it. What cannot be changed is only traced: it may be on a file system without owners.
pub(crate) fn close_to_others(folder: &Path) {
    let files = || fs::read_dir(folder).into_iter().flatten().flatten();
    let closed = sealift::create_private_dir(folder);
    if let Err(error) = closed {
        tracing::warn!(%error, "a folder that others may read");
        return;
    }
    for file in files().filter(|file| file.file_type().is_ok_and(|found| found.is_file())) {
        if let Err(error) = keep_private(&file.path()) {
            tracing::warn!(%error, "a file that others may read");
        }
    }
}

/// Opens a file that only its owner can read, to write at its end; makes it unless it is there.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    keep_private(path)?;
    Ok(file)
}

#[cfg(unix)]
fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let is_open = path.symlink_metadata()?.mode() & 0o077 != 0;
    if is_open { fs::set_permissions(path, fs::Permissions::from_mode(0o600)) } else { Ok(()) }
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn what_others_could_read_is_closed_to_them() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data/sealift");
        close_to_others(&folder);
        assert_eq!((mode(&folder), mode(&dir.path().join("data"))), (0o700, 0o700));
        let path = folder.join("history.db");
        private_file(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        // As an earlier version left them.
        for (path, open) in [(&path, 0o644), (&folder, 0o755)] {
            fs::set_permissions(path, fs::Permissions::from_mode(open)).unwrap();
        }
        std::os::unix::fs::symlink("/etc/hostname", folder.join("link")).unwrap();
        let of_link = mode(Path::new("/etc/hostname"));
        close_to_others(&folder);
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
        assert_eq!(mode(Path::new("/etc/hostname")), of_link);
    }
}
