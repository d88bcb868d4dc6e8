//! Reading what a medium really holds, not what the system remembers having written to it.
//!
//! `O_DIRECT` where the file system has it, see open(2); else the file's pages are dropped from the cache first.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::open_in_folder;
use crate::error::{Error, Result};

/// Where a read-back came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBack {
    /// From the medium, past the cache.
    Uncached,
    /// The file system reads through the cache only; what it held of the file was dropped before.
    CacheDropped,
    /// This system offers no way around its cache: the medium may not have been asked.
    Cached,
}

impl ReadBack {
    /// The stable name, used in JSON and for the texts' ids.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uncached => "uncached",
            Self::CacheDropped => "cache-dropped",
            Self::Cached => "cached",
        }
    }
}

/// Offsets, lengths and memory of direct reads are multiples of this, which every device takes.
pub(super) const ALIGN: usize = 4096;

/// Memory for reads, which is used again and again.
#[derive(Debug, Default)]
pub(crate) struct AlignedBuf(Vec<u8>);

impl AlignedBuf {
    /// `len` bytes that begin at a multiple of [`ALIGN`] in memory.
    pub(super) fn aligned(&mut self, len: usize) -> &mut [u8] {
        if self.0.len() < len + ALIGN {
            self.0.resize(len + ALIGN, 0);
        }
        let start = self.0.as_ptr().align_offset(ALIGN);
        &mut self.0[start..start + len]
    }
}

/// A file that is read past the cache.
#[derive(Debug)]
pub(crate) struct UncachedFile {
    file: File,
    path: PathBuf,
    len: u64,
    how: ReadBack,
}

impl UncachedFile {
    /// Opens the regular file `path` of its folder, in the best way its file system has.
    ///
    /// # Errors
    /// Those of [`open_in_folder`]: what a link leads to is not on the medium.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let read = |e| Error::read(path, e);
        let (file, how) = if let Some(file) = open_direct(path) {
            (file, ReadBack::Uncached)
        } else {
            let file = open_in_folder(path)?;
            let how = drop_cache(&file);
            (file, how)
        };
        let len = file.metadata().map_err(read)?.len();
        Ok(Self { file, path: path.to_owned(), len, how })
    }

    /// Bytes of the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How it is read.
    pub(crate) fn how(&self) -> ReadBack {
        self.how
    }

    /// `len` bytes from `offset`.
    pub(crate) fn read_at<'a>(&self, buf: &'a mut AlignedBuf, offset: u64, len: usize) -> Result<&'a [u8]> {
        let before = (offset % ALIGN as u64) as usize;
        let whole = (before + len).next_multiple_of(ALIGN);
        let aligned = buf.aligned(whole);
        let wanted = before + len;
        let mut filled = 0;
        // A read ends early at the end of the file, whose last block is not whole.
        while filled < wanted && filled.is_multiple_of(ALIGN) {
            match read_at(&self.file, &mut aligned[filled..], offset - before as u64 + filled as u64) {
                Ok(0) => break,
                Ok(num_bytes) => filled += num_bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::read(&self.path, e)),
            }
        }
        if filled < wanted {
            return Err(Error::read(&self.path, io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(&aligned[before..wanted])
    }
}

#[cfg(unix)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

/// The file, if direct reads work on it: some file systems refuse to open so, others to read.
#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> Option<File> {
    let file = super::in_folder::open_with(path, rustix::fs::OFlags::DIRECT.bits().cast_signed()).ok()?;
    let mut buf = AlignedBuf::default();
    match read_at(&file, buf.aligned(ALIGN), 0) {
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => None,
        // Any other failure is the medium's, and is told when the file is read.
        _ => Some(file),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_direct(_: &Path) -> Option<File> {
    None
}

/// Forgets what the cache holds of a file that was flushed.
#[cfg(target_os = "linux")]
fn drop_cache(file: &File) -> ReadBack {
    match rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed) {
        Ok(()) => ReadBack::CacheDropped,
        Err(_) => ReadBack::Cached,
    }
}

#[cfg(not(target_os = "linux"))]
fn drop_cache(_: &File) -> ReadBack {
    ReadBack::Cached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, fs::Existing};

    #[test]
    fn any_piece_of_a_file_is_read_past_the_cache() {
        let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = dir.path().join("a");
        let bytes: Vec<u8> = (0..20_000_u32).map(|number| (number % 251) as u8).collect();
        crate::fs::write(&path, &bytes, Existing::Keep).unwrap();
        let file = UncachedFile::open(&path).unwrap();
        assert_eq!(file.len(), 20_000);
        let mut buf = AlignedBuf::default();
        for (offset, len) in
            [(0, 1), (4095, 2), (4096, 4096), (1, 19_999), (19_999, 1), (8191, 9000), (20_000, 0)]
        {
            let read = file.read_at(&mut buf, offset, len).unwrap();
            assert_eq!(read, &bytes[offset as usize..offset as usize + len], "{len} from {offset}");
        }
        for (offset, len) in [(19_999, 2), (20_000, 1), (40_960, 1)] {
            let error = file.read_at(&mut buf, offset, len).unwrap_err();
            assert_eq!(error.code(), Code::SourceTruncated, "{len} from {offset}");
        }
    }
}
