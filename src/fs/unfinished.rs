//! Files that are not finished: what they are called, who may see them, and which of them a later run goes on with.
//!
//! Their names are marked, so that no file of a user has one. The folder may be shared, or come from a stranger: nothing
//! is written into a file that somebody else made or can write to.

use std::{
    fs::{File, Metadata, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{parent, with_suffix};
use crate::error::{Code, Error, Result};

/// What the name of an unfinished file ends in.
pub(crate) const PARTIAL_SUFFIX: &str = ".sealift-partial";
/// What the name of a copy ends in until it is complete: of a volume whose set is complete elsewhere, or beside it. So it
/// says nothing of the other volumes there, unlike what [`PARTIAL_SUFFIX`] marks: they may be all that somebody has.
pub(crate) const COPY_SUFFIX: &str = ".sealift-copy";
/// What the name of a file ends in that is being replaced, until what replaces it is in place.
pub(crate) const OLD_SUFFIX: &str = ".sealift-old";
/// The longest name of a file, on all file systems that matter.
pub(crate) const MAX_NAME_BYTES: usize = 255;

/// `path` under a name that is marked as ours. A name that would be too long is replaced by its hash.
pub(crate) fn marked_path(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if name.len() + suffix.len() <= MAX_NAME_BYTES {
        return with_suffix(path, suffix);
    }
    let hash = Sha256::digest(name);
    let short = hash.first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
    path.with_file_name(format!("{short:032x}{suffix}"))
}

/// Where `target` lies while it is written.
pub(crate) fn partial_path(target: &Path) -> PathBuf {
    marked_path(target, PARTIAL_SUFFIX)
}

/// Where a copy of a volume lies until it is complete.
pub(crate) fn copy_path(target: &Path) -> PathBuf {
    marked_path(target, COPY_SUFFIX)
}

/// Where what `target` was lies while it is replaced.
pub(crate) fn old_path(target: &Path) -> PathBuf {
    marked_path(target, OLD_SUFFIX)
}

/// Whether a name is marked as that of an unfinished or a replaced file.
pub(crate) fn is_marked(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    [PARTIAL_SUFFIX, COPY_SUFFIX, OLD_SUFFIX].iter().any(|suffix| name.ends_with(suffix.as_bytes()))
}

/// A new file that only its owner can read, locked.
pub(super) fn create_new(path: &Path) -> Result<File> {
    let mut options = options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.create_new(true).open(path).map_err(|e| match e.kind() {
        // It was not there a moment ago.
        io::ErrorKind::AlreadyExists => Error::new(Code::Busy).at(path),
        _ => Error::write(path, e),
    })?;
    lock(&file, path)?;
    Ok(file)
}

/// The file that an earlier run of this user left at `path`, locked; none where there is none.
///
/// # Errors
/// [`Code::Busy`] while another run writes it. [`Code::Exists`] for what no run of this user left: nothing of it is changed.
pub(super) fn open_left(path: &Path) -> Result<Option<File>> {
    let file = match options().open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => {
            let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
            return Err(if is_file { Error::write(path, e) } else { not_ours(path) });
        }
    };
    let found = file.metadata().map_err(|e| Error::read(path, e))?;
    if !found.is_file() || !is_ours(path, &found) {
        return Err(not_ours(path));
    }
    lock(&file, path)?;
    // Another run may have finished with it, or begun a new one, before the lock was there.
    if is_at(path, &found) { Ok(Some(file)) } else { Err(Error::new(Code::Busy).at(path)) }
}

/// Refuses what lies at `path` unless an earlier run of this user left it, or there is nothing.
///
/// # Errors
/// [`Code::Exists`]
pub(crate) fn require_ours(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if !(found.is_dir() || found.is_file()) || !is_ours(path, &found) => Err(not_ours(path)),
        _ => Ok(()),
    }
}

/// A stick from outside may have a link there, to a file of this machine; or a pipe.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    options
}

/// Some network file systems have no locks; names are given exclusively all the same.
fn lock(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::new(Code::Busy).at(path)),
        _ => Ok(()),
    }
}

/// Holds the file or folder at `path`, if it can be opened, against a run that writes it.
///
/// # Errors
/// [`Code::Busy`] while one does.
pub(crate) fn lock_there(path: &Path) -> Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let Ok(file) = options.open(path) else { return Ok(None) };
    lock(&file, path)?;
    Ok(Some(file))
}

fn not_ours(path: &Path) -> Error {
    Error::new(Code::Exists).hinted("partial").at(path)
}

/// Whether `found` is what lies at `path`.
pub(crate) fn is_at(path: &Path, found: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        path.symlink_metadata().is_ok_and(|now| (now.dev(), now.ino()) == (found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = found;
        path.is_file()
    }
}

/// Whether a file or folder was made by this user, has no other name, and could not be written to by others.
#[cfg(unix)]
fn is_ours(path: &Path, found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS_WRITE: u32 = 0o022;
    let is_as_made = |uid: u32, mode: u32| found.uid() == uid && found.mode() & OTHERS_WRITE & !mode == 0;
    let euid = rustix::process::geteuid().as_raw();
    // FAT and many network file systems give all files one owner and one mode: there ours look like any other.
    let is_as_made_here = || {
        let made = tempfile::Builder::new().prefix(".sealift-").tempfile_in(parent(path));
        let made = made.and_then(|made| made.as_file().metadata());
        made.is_ok_and(|made| is_as_made(made.uid(), made.mode()))
    };
    (found.is_dir() || found.nlink() == 1) && (is_as_made(euid, usual_mode()) || is_as_made_here())
}

#[cfg(not(unix))]
fn is_ours(_: &Path, _: &Metadata) -> bool {
    true
}

/// The mode of a file that anybody may read whom the user's umask lets.
#[cfg(unix)]
pub(super) fn usual_mode() -> u32 {
    use rustix::{fs::Mode, process::umask};
    // It can only be read by setting it.
    static UMASK: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
        let mask = umask(Mode::from_raw_mode(0o077));
        umask(mask);
        mask.bits()
    });
    0o666 & !*UMASK
}

/// Sets the mode of a file, where the file system knows of modes.
#[cfg(unix)]
pub(super) fn set_mode(file: &File, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
}
