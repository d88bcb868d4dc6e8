//! The only writer of files: a partial file beside its target, fsync, rename, fsync of the folder.
//!
//! A file that is not committed is removed when dropped, so no failure or cancel leaves one that could
//! pass for whole. Knows nothing of what is written.

mod behind;
mod bypass;
mod copies;
mod in_folder;
mod lock;
mod open_folder;
mod text;
mod uncached;
mod unfinished;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use behind::WriteBehind;
use bypass::Bypass;
pub(crate) use copies::Copies;
pub(crate) use in_folder::{open_in_folder, type_in_folder};
pub(crate) use lock::Lock;
pub(crate) use open_folder::OpenFolder;
pub(crate) use text::{unmark, unmarked};
pub use uncached::ReadBack;
pub(crate) use uncached::{AlignedBuf, UncachedFile};
pub(crate) use unfinished::{
    COPY_SUFFIX, MAX_NAME_BYTES, OLD_SUFFIX, PARTIAL_SUFFIX, copy_path, is_at, is_marked, lock_there,
    old_path, partial_path, require_ours,
};

use zeroize::Zeroizing;

use crate::error::{Code, Error, Fact, Result};

/// What to do when the target of a write exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse: the file that is there stays.
    Keep,
    /// Replace it, once the new one is complete.
    Replace,
}

/// A file being written under its partial name, for its owner alone to read; see [`WrittenFile`] for how it becomes `NAME`.
#[derive(Debug)]
pub(crate) struct PartialFile {
    file: File,
    written: WrittenFile,
    readers: Readers,
    behind: WriteBehind,
    /// Where it is written past the cache.
    bypass: Option<Bypass>,
}

/// A file that lies whole under its partial name; becomes `NAME` on [`WrittenFile::commit`], else vanishes or, where it
/// may be continued later, stays partial.
#[derive(Debug)]
pub(crate) struct WrittenFile {
    partial: PathBuf,
    target: PathBuf,
    existing: Existing,
    when_dropped: WhenDropped,
    /// Open as long as no other run may take it for a leftover.
    lock: Option<File>,
}

/// Who may read a file once it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// Its owner alone.
    Owner,
    /// Whom the user's umask lets.
    Usual,
    /// Everybody, who may run it as a program too.
    Program,
}

/// What becomes of what an interrupted run left of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Removed,
    TakenOver,
}

/// What becomes of the partial file when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenDropped {
    Remove,
    /// It stays under its partial name, for a later run to continue; or it has its name.
    Leave,
}

impl PartialFile {
    /// Starts writing `target`, a file of its own; refuses at once when it exists and must be kept.
    pub(crate) fn create(target: &Path, existing: Existing) -> Result<Self> {
        refuse_existing(target, existing)?;
        Self::open(target, partial_path(target), existing, Left::Removed, WhenDropped::Remove)
    }

    /// Starts writing `target`, one of several files that get their names together.
    pub(crate) fn create_of_set(target: &Path) -> Result<Self> {
        Self::open(target, partial_path(target), Existing::Keep, Left::Removed, WhenDropped::Remove)
    }

    /// As [`Self::create`]; nobody but its owner can ever read it.
    pub(crate) fn create_private(target: &Path, existing: Existing) -> Result<Self> {
        let file = Self::create(target, existing)?;
        Ok(Self { readers: Readers::Owner, ..file })
    }

    /// As [`Self::create_of_set`], but keeps what an interrupted run left, to be written over or skipped.
    pub(crate) fn reuse_of_set(target: &Path) -> Result<Self> {
        Self::open(target, partial_path(target), Existing::Keep, Left::TakenOver, WhenDropped::Remove)
    }

    /// Leaves the next `len` bytes as they are.
    pub(crate) fn skip(&mut self, len: u64) -> Result<()> {
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        self.file.seek_relative(len).map_err(|e| Error::write(self.path(), e))
    }

    /// Makes the file end at byte `len`.
    pub(crate) fn end_at(&self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(|e| Error::write(self.path(), e))
    }

    fn open(
        target: &Path,
        partial: PathBuf,
        existing: Existing,
        left: Left,
        when_dropped: WhenDropped,
    ) -> Result<Self> {
        let file = match (unfinished::open_left(&partial)?, left) {
            (Some(file), Left::TakenOver) => {
                #[cfg(unix)]
                unfinished::set_mode(&file, 0o600);
                file
            }
            (found, _) => {
                // Its lock is held until there is a new one.
                if found.is_some() {
                    remove(&partial)?;
                }
                unfinished::create_new(&partial)?
            }
        };
        let written = WrittenFile { partial, target: target.to_owned(), existing, when_dropped, lock: None };
        Ok(Self { file, written, readers: Readers::Usual, behind: WriteBehind::default(), bypass: None })
    }

    /// Bytes that are there.
    pub(crate) fn len(&self) -> Result<u64> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|e| Error::read(self.path(), e))
    }

    /// Keeps the first `len` bytes and writes on behind them.
    pub(crate) fn continue_at(&mut self, len: u64) -> Result<()> {
        let cut = self.file.set_len(len).and_then(|()| self.file.seek(SeekFrom::Start(len)));
        cut.map_err(|e| Error::write(self.path(), e))?;
        self.behind = WriteBehind::from(len);
        self.bypass = None;
        Ok(())
    }

    /// Writes past the cache from here on, if the file system can; else as before.
    pub(crate) fn bypass_cache(&mut self) -> Result<()> {
        let offset = self.file.stream_position().map_err(|e| Error::write(self.path(), e))?;
        self.bypass = Bypass::open(self.path(), &self.file, offset);
        Ok(())
    }

    /// Removes it: what is there serves no later run.
    pub(crate) fn discard(mut self) {
        self.written.when_dropped = WhenDropped::Remove;
    }

    /// Bytes from the start that the medium has, be it in a cache of its own.
    pub(crate) fn synced_bytes(&self) -> u64 {
        self.bypass.as_ref().map_or_else(|| self.behind.synced_bytes(), Bypass::written_bytes)
    }

    /// Waits until fewer than `num_bytes` are written and not on the medium, or a moment; whether they are.
    pub(crate) fn wait_synced(&mut self, num_bytes: u64, moment: Duration) -> Result<bool> {
        if self.bypass.is_some() {
            return Ok(true);
        }
        self.behind.wait(num_bytes, moment).map_err(|e| Error::write(self.path(), e))
    }

    /// The open file, for positioned writes.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where the bytes are until committed; errors name it.
    pub(crate) fn path(&self) -> &Path {
        &self.written.partial
    }

    /// Lets the file be run as a program once it is complete, where the file system knows of such a thing.
    pub(crate) fn let_run(&mut self) {
        self.readers = Readers::Program;
    }

    /// Flushes to the medium. A failed fsync is final: the kernel may have dropped the pages.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|e| Error::write(self.path(), e))
    }

    /// Flushes and closes; the file keeps its partial name. When that fails, what is there cannot be trusted: it is
    /// removed.
    pub(crate) fn finish(mut self) -> Result<WrittenFile> {
        let ended =
            self.flush().and_then(|()| self.end_write_behind()).map_err(|e| Error::write(self.path(), e));
        #[cfg(unix)]
        match self.readers {
            Readers::Owner => {}
            Readers::Usual => unfinished::set_mode(&self.file, unfinished::usual_mode()),
            Readers::Program => unfinished::set_mode(&self.file, 0o755),
        }
        if let Err(error) = ended.and_then(|()| self.sync()) {
            self.discard();
            return Err(error);
        }
        Ok(self.written)
    }

    /// As [`Self::finish`]; until it has its name no other run takes it for a leftover.
    pub(crate) fn finish_locked(self) -> Result<WrittenFile> {
        let lock = self.file.try_clone().map_err(|e| Error::write(self.path(), e))?;
        let mut written = self.finish()?;
        written.lock = Some(lock);
        Ok(written)
    }

    /// Waits for the thread that flushes behind; its failure is the file's.
    pub(crate) fn end_write_behind(&mut self) -> io::Result<()> {
        self.behind.end()
    }

    /// Flushes, renames into place and flushes the folder.
    pub(crate) fn commit(self) -> Result<()> {
        self.finish()?.commit()
    }
}

impl WrittenFile {
    /// Where the bytes are until committed.
    pub(crate) fn path(&self) -> &Path {
        &self.partial
    }

    /// Renames into place and flushes the folder.
    pub(crate) fn commit(mut self) -> Result<()> {
        rename(&self.partial, &self.target, self.existing)?;
        self.when_dropped = WhenDropped::Leave;
        sync_parent(&self.target)
    }

    /// Where it will be.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Removes it.
    pub(crate) fn discard(mut self) {
        self.when_dropped = WhenDropped::Remove;
    }

    /// Leaves it where it is now when it is dropped.
    pub(crate) fn leave(&mut self) {
        self.when_dropped = WhenDropped::Leave;
    }
}

impl Write for PartialFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Some(bypass) = &mut self.bypass {
            return bypass.write(&self.file, buf);
        }
        let len = self.file.write(buf)?;
        self.behind.wrote(&self.file, len as u64)?;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.bypass {
            Some(bypass) => bypass.flush(&self.file),
            None => self.file.flush(),
        }
    }
}

impl Drop for WrittenFile {
    fn drop(&mut self) {
        if self.when_dropped == WhenDropped::Remove {
            // Nothing to do about a failure here; the name itself says it is partial.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// How the volumes of a bundle begin, the first one and the others.
const VOLUME_MAGICS: [&[u8; 5]; 2] = [b"\x89SLFT", b"\x89SLFV"];

/// Errors with [`Code::Exists`] when `target` exists and must be kept. A volume of a bundle must be: it is replaced together
/// with the others, or not at all.
pub(crate) fn refuse_existing(target: &Path, existing: Existing) -> Result<()> {
    refuse_taken(target, existing)?;
    let mut magic = [0; 5];
    let read = open_file(target).ok().and_then(|file| read_exact_at(&file, &mut magic, 0).ok());
    if read.is_some() && VOLUME_MAGICS.contains(&&magic) {
        return Err(Error::new(Code::Exists).hinted("volume").at(target));
    }
    Ok(())
}

fn refuse_taken(target: &Path, existing: Existing) -> Result<()> {
    match target.symlink_metadata() {
        Ok(found) if existing == Existing::Keep || found.is_dir() => Err(Error::new(Code::Exists).at(target)),
        _ => Ok(()),
    }
}

/// `path` with `suffix` appended to its file name, whatever extension it has.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
pub(crate) fn rename(from: &Path, to: &Path, existing: Existing) -> Result<()> {
    #[cfg(target_os = "linux")]
    if existing == Existing::Keep {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::EXIST) => return Err(Error::new(Code::Exists).at(to)),
            // Not every file system knows the flag (FAT through FUSE, NFS): check, then rename.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            Err(errno) => return Err(Error::write(to, errno.into())),
        }
    }
    refuse_taken(to, existing)?;
    fs::rename(from, to).map_err(|e| Error::write(to, e))
}

/// Renames a finished folder into place; `to` must not exist or be empty.
#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
pub(crate) fn rename_dir(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| Error::write(to, e))?;
    sync_parent(to)
}

/// As [`remove`], unless another run writes it.
///
/// # Errors
/// [`Code::Busy`]
pub(crate) fn remove_unused(path: &Path) -> Result<()> {
    let _lock = unfinished::lock_there(path)?;
    remove(path)
}

/// Removes a file that a user agreed to lose.
pub(crate) fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|e| Error::write(path, e))
}

/// Makes a rename in `path`'s folder durable.
pub(crate) fn sync_parent(path: &Path) -> Result<()> {
    if cfg!(not(unix)) {
        return Ok(()); // Windows has no folder handle to flush.
    }
    let parent = parent(path);
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(|e| Error::write(parent, e))
}

/// The folder `path` lies in; `.` for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a small file whole, atomically.
pub(crate) fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<()> {
    let mut file = PartialFile::create(path, existing)?;
    file.write_all(bytes).map_err(|e| Error::write(path, e))?;
    file.commit()
}

/// As [`write`], readable by its owner alone: a key.
pub(crate) fn write_private(path: &Path, bytes: &[u8], existing: Existing) -> Result<()> {
    let mut file = PartialFile::create_private(path, existing)?;
    file.write_all(bytes).map_err(|e| Error::write(path, e))?;
    file.commit()
}

/// Reads a small file of text that people write.
///
/// # Errors
/// [`Code::Limit`] when it is longer than `max_bytes`; [`Code::NotUtf8`] for UTF-16.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<String> {
    // It may be a secret: the first buffer of what is small is the last, so that no copy is left behind.
    let mut text = Zeroizing::new(Vec::with_capacity(max_bytes.min(64 << 10) as usize + 64));
    open_file(path)?.take(max_bytes + 1).read_to_end(&mut text).map_err(|e| Error::read(path, e))?;
    if text.len() as u64 > max_bytes {
        return Err(Error::new(Code::Limit).with(Fact::Limit, max_bytes).at(path));
    }
    unmark(&mut text).map_err(|e| e.at(path))?;
    String::from_utf8(std::mem::take(&mut *text))
        .map_err(|e| Error::read(path, io::Error::new(io::ErrorKind::InvalidData, e.utf8_error())))
}

/// Makes a folder that only its owner can enter, unless it is there; one that is there is closed to others.
///
/// # Errors
/// [`Code::Denied`] for a folder that another user made.
pub fn create_private_dir(path: &Path) -> Result<()> {
    let write = |e| Error::write(path, e);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(write)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let found = path.metadata().map_err(write)?;
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(Error::new(Code::Denied).at(path));
        }
        if found.mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(write)?;
        }
    }
    Ok(())
}

/// Makes a folder unless it is there.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::write(path, e))
}

/// Opens a regular file (through links) for reading; a pipe or device would hang or never end.
pub(crate) fn open_file(path: &Path) -> Result<File> {
    let metadata = fs::metadata(path).map_err(|e| Error::read(path, e))?;
    if !metadata.is_file() {
        return Err(Error::new(Code::Read).worded(Fact::Detail, "detail-not-a-file", &[]).at(path));
    }
    File::open(path).map_err(|e| Error::read(path, e))
}

/// Fills `buf` from byte `offset` of `file`, without moving its cursor, so threads can share the handle.
pub(crate) fn read_exact_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, buf, offset);
    #[cfg(windows)]
    {
        use std::os::windows::fs::FileExt;
        let (mut buf, mut offset) = (buf, offset);
        while !buf.is_empty() {
            match file.seek_read(buf, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => {
                    buf = &mut buf[len..];
                    offset += len as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// Opens a file whose content is changed in place: a header, or parts that are known to be damaged. The one way to do so.
///
/// The folder may come from a stranger, or be shared with one. So nothing is written through a link, into a file that has
/// other names or lies on another file system than its folder, or, in a folder like `/tmp`, into a stranger's file.
///
/// # Errors
/// [`Code::NotInPlace`] for such a file.
pub(crate) fn open_in_place(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        let metadata = path.symlink_metadata().map_err(|e| Error::write(path, e))?;
        refuse_in_place(path, &metadata)?;
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path).map_err(|e| Error::write(path, e))?;
    // What was looked at by name may have been exchanged since.
    #[cfg(unix)]
    {
        refuse_in_place(path, &file.metadata().map_err(|e| Error::write(path, e))?)?;
        if !in_folder::is_on_mount_of_folder(&file, path).map_err(|e| Error::write(path, e))? {
            return Err(not_in_place(path, "detail-in-place-device"));
        }
    }
    Ok(file)
}

/// What [`open_in_place`] refuses.
#[cfg(unix)]
fn refuse_in_place(path: &Path, found: &fs::Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    const STICKY: u32 = 0o1000;
    const WRITABLE_BY_ALL: u32 = 0o002;
    let folder = parent(path);
    let folder = fs::metadata(folder).map_err(|e| Error::write(folder, e))?;
    // The rule of fs.protected_regular, https://docs.kernel.org/admin-guide/sysctl/fs.html. Elsewhere an owner proves
    // nothing: FAT and network file systems give all files one owner, and teams share folders.
    let is_shared = folder.mode() & STICKY != 0 && folder.mode() & WRITABLE_BY_ALL != 0;
    let is_known = [rustix::process::geteuid().as_raw(), folder.uid()].contains(&found.uid());
    let detail = if found.is_symlink() {
        "detail-in-place-link"
    } else if !found.is_file() {
        "detail-not-a-file"
    } else if found.nlink() > 1 && !counts_short_names(path) {
        "detail-in-place-names"
    } else if is_shared && !is_known {
        "detail-in-place-owner"
    } else {
        return Ok(());
    };
    Err(not_in_place(path, detail))
}

#[cfg(unix)]
fn not_in_place(path: &Path, detail: &str) -> Error {
    Error::new(Code::NotInPlace).worded(Fact::Detail, detail, &[]).at(path)
}

/// Whether the file system may count the short name of a file, which Windows makes for DOS, as one more link: NTFS does, and
/// behind FUSE it cannot be told from others.
#[cfg(unix)]
fn counts_short_names(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        const NTFS: [u32; 3] = [0x5346_544e, 0x7366_746e, 0x6573_5546];
        rustix::fs::statfs(path)
            .is_ok_and(|found| NTFS.iter().any(|magic| i128::from(*magic) == i128::from(found.f_type)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

/// Writes `buf` at byte `offset` of `file`.
pub(crate) fn write_all_at(file: &File, buf: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, buf, offset);
    #[cfg(windows)]
    {
        use std::io::{Seek, SeekFrom};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(buf)
    }
}

/// Errors with [`Code::NoSpace`] when the file system of `path`'s folder has less than `needed` bytes; else gives those
/// it has, where the system tells.
pub(crate) fn require_space(path: &Path, needed: u64) -> Result<Option<u64>> {
    match free_bytes(parent(path)) {
        Some(free) if free < needed => {
            Err(Error::new(Code::NoSpace).with(Fact::Needed, needed).with(Fact::Free, free).at(path))
        }
        free => Ok(free),
    }
}

/// Errors with [`Code::WriteProtected`] when nothing can be written below `folder`, whoever asks.
pub(crate) fn refuse_write_protected(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    if let Ok(stat) = rustix::fs::statvfs(folder)
        && stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY)
    {
        return Err(Error::new(Code::WriteProtected).at(folder));
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Bytes an unprivileged process may still write below `folder`; `None` where the system does not tell.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(folder).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_file_vanishes_unless_committed_and_never_replaces_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.sealift");
        let mut file = PartialFile::create(&target, Existing::Keep).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(PartialFile::create(&target, Existing::Keep).unwrap_err().code(), Code::Busy);
        drop(file);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

        write(&target, b"one", Existing::Keep).unwrap();
        assert_eq!(write(&target, b"two", Existing::Keep).unwrap_err().code(), Code::Exists);
        assert_eq!(fs::read(&target).unwrap(), b"one");
        write(&target, b"two", Existing::Replace).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_an_interrupted_run_left_is_continued_or_discarded() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        let copies = Copies::begin(dir.path()).unwrap();
        assert_eq!(Copies::begin(dir.path()).unwrap_err().code(), Code::Busy);
        let mut file = copies.resume(&target).unwrap();
        file.continue_at(0).unwrap();
        file.write_all(b"half, and torn").unwrap();
        drop(file);
        assert!(!target.exists());

        let mut file = copies.resume(&target).unwrap();
        assert_eq!(file.len().unwrap(), 14);
        file.continue_at(4).unwrap();
        assert_eq!(file.synced_bytes(), 4);
        file.write_all(b" done").unwrap();
        file.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"half done");

        copies.resume(&target).unwrap().discard();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_target_that_appears_while_writing_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        let file = PartialFile::create(&target, Existing::Keep).unwrap();
        #[expect(clippy::disallowed_methods, reason = "plays the other program")]
        fs::write(&target, b"theirs").unwrap();
        assert_eq!(file.commit().unwrap_err().code(), Code::Exists);
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn missing_space_is_refused_with_both_numbers() {
        let error = require_space(&std::env::temp_dir().join("x"), u64::MAX).unwrap_err();
        assert_eq!(error.code(), Code::NoSpace);
        assert_eq!(error.context().len(), 3);
    }
}
