//! The only writer of files: a partial file beside its target, fsync, rename, fsync of the folder.
//!
//! A file that is not committed is removed when dropped, so no failure or cancel leaves one that could
//! pass for whole. Knows nothing of what is written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    thread::JoinHandle,
};

use crossbeam_channel::{Sender, TrySendError, bounded};

use crate::error::{Code, Error, Fact, Result};

/// What to do when the target of a write exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse: the file that is there stays.
    Keep,
    /// Replace it, once the new one is complete.
    Replace,
}

/// A file being written as `NAME.partial`; see [`WrittenFile`] for how it becomes `NAME`.
#[derive(Debug)]
pub(crate) struct PartialFile {
    file: File,
    written: WrittenFile,
    behind: Option<WriteBehind>,
    num_unflushed_bytes: u64,
}

/// A file that lies whole under its partial name; becomes `NAME` on [`WrittenFile::commit`], else vanishes.
#[derive(Debug)]
pub(crate) struct WrittenFile {
    partial: PathBuf,
    target: PathBuf,
    existing: Existing,
    committed: bool,
}

impl PartialFile {
    /// Starts writing `target`; refuses at once when it exists and must be kept.
    pub(crate) fn create(target: &Path, existing: Existing) -> Result<Self> {
        refuse_existing(target, existing)?;
        let partial = with_suffix(target, ".partial");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial)
            .map_err(|e| Error::write(&partial, e))?;
        // A crash leaves an unlocked partial file, which is ours to reuse; a locked one is another run's.
        // Some network file systems have no locks; the exclusive rename still guards the target.
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::new(Code::Busy).at(&partial));
        }
        let written = WrittenFile { partial, target: target.to_owned(), existing, committed: false };
        file.set_len(0).map_err(|e| Error::write(&written.partial, e))?;
        Ok(Self { file, written, behind: None, num_unflushed_bytes: 0 })
    }

    /// The open file, for positioned writes.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where the bytes are until committed; errors name it.
    pub(crate) fn path(&self) -> &Path {
        &self.written.partial
    }

    /// Flushes to the medium. A failed fsync is final: the kernel may have dropped the pages.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|e| Error::write(self.path(), e))
    }

    /// Flushes and closes; the file keeps its partial name.
    pub(crate) fn finish(mut self) -> Result<WrittenFile> {
        self.end_write_behind().map_err(|e| Error::write(self.path(), e))?;
        self.sync()?;
        Ok(self.written)
    }

    /// Hands what was written to the medium while more is being written, so that the last flush is short.
    fn write_behind(&mut self, num_bytes: usize) -> io::Result<()> {
        self.num_unflushed_bytes += num_bytes as u64;
        if self.num_unflushed_bytes < WRITE_BEHIND_BYTES {
            return Ok(());
        }
        self.num_unflushed_bytes = 0;
        let behind = match self.behind.take() {
            Some(behind) => behind,
            None => WriteBehind::start(&self.file)?,
        };
        match behind.wake.try_send(()) {
            // Still at the piece before: it takes this one along next time.
            Ok(()) | Err(TrySendError::Full(())) => self.behind = Some(behind),
            Err(TrySendError::Disconnected(())) => behind.end()?,
        }
        Ok(())
    }

    /// Waits for the thread that flushes behind; its failure is the file's.
    pub(crate) fn end_write_behind(&mut self) -> io::Result<()> {
        self.behind.take().map_or(Ok(()), WriteBehind::end)
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
        self.committed = true;
        sync_parent(&self.target)
    }
}

/// Bytes written between two flushes behind.
const WRITE_BEHIND_BYTES: u64 = 32 << 20;

/// A thread that flushes a file while it is being written.
#[derive(Debug)]
struct WriteBehind {
    wake: Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl WriteBehind {
    fn start(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (wake, woken) = bounded(1);
        // The kernel tells a failed flush once: the first ends the thread, and the file with it.
        let flush = move || woken.into_iter().try_for_each(|()| file.sync_data());
        let thread = std::thread::Builder::new().name("flush".into()).spawn(flush)?;
        Ok(Self { wake, thread })
    }

    fn end(self) -> io::Result<()> {
        drop(self.wake);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the flushing thread died")))
    }
}

impl Write for PartialFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = self.file.write(buf)?;
        self.write_behind(len)?;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WrittenFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing to do about a failure here; the name itself says it is partial.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Errors with [`Code::Exists`] when `target` exists and must be kept.
pub(crate) fn refuse_existing(target: &Path, existing: Existing) -> Result<()> {
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
fn rename(from: &Path, to: &Path, existing: Existing) -> Result<()> {
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
    refuse_existing(to, existing)?;
    fs::rename(from, to).map_err(|e| Error::write(to, e))
}

/// Renames a finished folder into place; `to` must not exist or be empty.
#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
pub(crate) fn rename_dir(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| Error::write(to, e))?;
    sync_parent(to)
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

/// Opens a regular file (through links) for reading; a pipe or device would hang or never end.
pub(crate) fn open_file(path: &Path) -> Result<File> {
    let metadata = fs::metadata(path).map_err(|e| Error::read(path, e))?;
    if !metadata.is_file() {
        return Err(Error::new(Code::Read).with(Fact::Detail, "not a regular file").at(path));
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

/// Opens a file whose content is changed in place: parts that are known to be damaged, or not written yet.
pub(crate) fn open_in_place(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).write(true).open(path).map_err(|e| Error::write(path, e))
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
