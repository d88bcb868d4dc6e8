//! Files of a folder that somebody else may have prepared: what is under a name there counts only when it is in that
//! folder itself, neither a link nor mounted over the name.

use std::{
    fs::{File, FileType, OpenOptions},
    io,
    path::Path,
};

#[cfg(unix)]
use super::parent;
use crate::error::{Code, Error, Fact, Result};

/// Opens the regular file `path` for reading.
///
/// # Errors
/// [`Code::Read`] for a link, for anything that is no regular file, and for what another mount has put there.
pub(crate) fn open_in_folder(path: &Path) -> Result<File> {
    open_with(path, 0)
}

/// As [`open_in_folder`], with `flags` of open(2) where the system has them.
pub(super) fn open_with(path: &Path, flags: i32) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe would block without the flag; it changes nothing for a regular file.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        flags | (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed(),
    );
    #[cfg(not(unix))]
    let _ = flags;
    let elsewhere = || Error::new(Code::Read).worded(Fact::Detail, "detail-not-in-folder", &[]).at(path);
    let is_elsewhere = |path: &Path| path.symlink_metadata().is_ok_and(|found| !found.is_file());
    if cfg!(not(unix)) && is_elsewhere(path) {
        return Err(elsewhere());
    }
    let file = options
        .open(path)
        .map_err(|e| if is_elsewhere(path) { elsewhere() } else { Error::read(path, e) })?;
    let is_regular = file.metadata().map_err(|e| Error::read(path, e))?.is_file();
    if is_regular && is_on_mount_of_folder(&file, path).map_err(|e| Error::read(path, e))? {
        Ok(file)
    } else {
        Err(elsewhere())
    }
}

/// The type of what is in the folder under the name of `path`; nothing for what another mount has put there.
pub(crate) fn type_in_folder(path: &Path) -> Option<FileType> {
    let found = path.symlink_metadata().ok()?.file_type();
    #[cfg(unix)]
    if mount_of(path, Link::Itself).ok()? != mount_of(parent(path), Link::Followed).ok()? {
        return None;
    }
    Some(found)
}

/// Whether an open file is on the mount that its folder is on: nothing was mounted over its name.
#[cfg(unix)]
pub(super) fn is_on_mount_of_folder(file: &File, path: &Path) -> io::Result<bool> {
    Ok(mount_of_open(file)? == mount_of(parent(path), Link::Followed)?)
}

#[cfg(not(unix))]
pub(super) fn is_on_mount_of_folder(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// What a link at the end of a path stands for.
#[cfg(unix)]
#[derive(Clone, Copy)]
enum Link {
    Itself,
    Followed,
}

/// The mount that `path` is on. The number of the device would not do: on an overlay files have others than their
/// folder. Kernels before 5.8 tell nothing else.
#[cfg(target_os = "linux")]
fn mount_of(path: &Path, link: Link) -> io::Result<u64> {
    use rustix::fs::AtFlags;
    let flags = match link {
        Link::Itself => AtFlags::SYMLINK_NOFOLLOW,
        Link::Followed => AtFlags::empty(),
    };
    mount(rustix::fs::CWD, path, flags)
}

#[cfg(target_os = "linux")]
fn mount_of_open(file: &File) -> io::Result<u64> {
    mount(file, Path::new(""), rustix::fs::AtFlags::EMPTY_PATH)
}

#[cfg(target_os = "linux")]
fn mount(at: impl std::os::fd::AsFd, path: &Path, flags: rustix::fs::AtFlags) -> io::Result<u64> {
    use rustix::fs::{StatxFlags, statat, statx};
    match statx(at.as_fd(), path, flags, StatxFlags::MNT_ID) {
        Ok(found) if found.stx_mask & StatxFlags::MNT_ID.bits() != 0 => Ok(found.stx_mnt_id),
        _ => Ok(statat(at, path, flags)?.st_dev),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn mount_of(path: &Path, link: Link) -> io::Result<u64> {
    let found = match link {
        Link::Itself => path.symlink_metadata()?,
        Link::Followed => path.metadata()?,
    };
    Ok(std::os::unix::fs::MetadataExt::dev(&found))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn mount_of_open(file: &File) -> io::Result<u64> {
    Ok(std::os::unix::fs::MetadataExt::dev(&file.metadata()?))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::fs::{Existing, write};

    #[test]
    fn only_a_regular_file_of_the_folder_itself_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        write(&at("file"), b"bytes", Existing::Keep).unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        std::fs::hard_link(at("file"), at("second name")).unwrap();
        for (name, is_opened) in [
            ("file", true),
            ("second name", true),
            ("link", false),
            ("dangling", false),
            ("folder", false),
            ("pipe", false),
        ] {
            let opened = open_in_folder(&at(name));
            assert_eq!(opened.is_ok(), is_opened, "{name}: {opened:?}");
            let is_file = type_in_folder(&at(name)).is_some_and(|found| found.is_file());
            assert_eq!(is_file, is_opened, "{name}");
            assert!(opened.is_ok() || opened.unwrap_err().code() == Code::Read, "{name}");
        }
        assert_eq!(open_in_folder(&at("absent")).unwrap_err().code(), Code::NotFound);
        // Through a link to the folder: the folder is what the user named.
        std::os::unix::fs::symlink(dir.path(), at("again")).unwrap();
        open_in_folder(&at("again").join("file")).unwrap();
        assert!(type_in_folder(&at("again").join("file")).is_some());
        assert!(type_in_folder(Path::new("/proc")).is_none(), "a mount point");
    }
}
