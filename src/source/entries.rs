//! Entries of a tar, with the bounds that the tar crate does not have.
//!
//! The crate reads GNU long names, PAX headers and sparse maps into memory, however long they are, and passes over content
//! without a chance to cancel: tar-rs, `archive.rs`, `next_entry` and `skip`.

use std::{
    cell::Cell,
    io::{self, Read, Seek, SeekFrom},
    rc::Rc,
};

use super::directory::{clean_path, tar_error};
use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// Most bytes of the headers of one entry: its own, and the long names and PAX headers before it. Paths have at most
/// 4,096 bytes here.
const MAX_HEADER_BYTES: u64 = 64 << 10;
/// Most entries of any kind; those that may be of an image are counted where they are kept.
const MAX_ENTRIES: usize = 4_000_000;
/// Bytes passed over between two checkpoints.
const PASS_BYTES: usize = 256 << 10;

/// A tar that is read from front to back.
pub(super) struct Tar<R: Read>(tar::Archive<Metered<R>>, Rc<Cell<u64>>);

impl<R: Read> Tar<R> {
    pub(super) fn new(reader: R) -> Self {
        let left = Rc::new(Cell::new(MAX_HEADER_BYTES));
        Self(tar::Archive::new(Metered { reader, left: Rc::clone(&left) }), left)
    }

    /// Entries whose content is read or passed over in turn.
    pub(super) fn entries(&mut self) -> Result<Entries<'_, R>> {
        let entries = self.0.entries().map_err(tar_error)?;
        Ok(Entries { inner: entries, left: &self.1, seeks: false })
    }
}

impl<R: Read + Seek> Tar<R> {
    /// Entries whose content is skipped by seeking.
    pub(super) fn entries_with_seek(&mut self) -> Result<Entries<'_, R>> {
        let entries = self.0.entries_with_seek().map_err(tar_error)?;
        Ok(Entries { inner: entries, left: &self.1, seeks: true })
    }
}

/// Entries on their way; see [`Tar`].
pub(super) struct Entries<'a, R: Read> {
    inner: tar::Entries<'a, Metered<R>>,
    left: &'a Cell<u64>,
    seeks: bool,
}

/// An entry with its content.
pub(super) type Entry<'a, R> = tar::Entry<'a, Metered<R>>;

impl<R: Read> Entries<'_, R> {
    /// Calls `take` for each entry; what it leaves of the content is passed over.
    ///
    /// # Errors
    /// Those of `take`; [`Code::Limit`] for headers that are too long; [`Code::BadArchive`] for a sparse entry.
    pub(super) fn for_each(
        mut self,
        ctx: &Ctx,
        mut take: impl FnMut(&mut Entry<'_, R>) -> Result<()>,
    ) -> Result<()> {
        let mut buf = Vec::new();
        for number in 0.. {
            ctx.checkpoint()?;
            self.left.set(MAX_HEADER_BYTES);
            let Some(entry) = self.inner.next() else { break };
            let mut entry = entry.map_err(tar_error)?;
            if number == MAX_ENTRIES {
                let error = Error::new(Code::Limit).worded(Fact::Detail, "detail-limit-entries", &[]);
                return Err(error.with(Fact::Limit, MAX_ENTRIES));
            }
            if entry.header().entry_type().is_gnu_sparse() {
                let error = Error::new(Code::BadArchive).worded(Fact::Detail, "detail-sparse-entry", &[]);
                return Err(error.with(Fact::Entry, clean_path(&entry.path_bytes(), "")?));
            }
            self.left.set(u64::MAX);
            take(&mut entry)?;
            if !self.seeks {
                buf.resize(PASS_BYTES, 0);
                while entry.read(&mut buf).map_err(tar_error)? > 0 {
                    ctx.checkpoint()?;
                }
            }
        }
        Ok(())
    }
}

/// Bytes of a tar, of which no more can be read than are left: the crate finds the end of a header while reading it.
pub(super) struct Metered<R> {
    reader: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            let error = Error::new(Code::Limit).worded(Fact::Detail, "detail-limit-headers", &[]);
            return Err(error.with(Fact::Limit, MAX_HEADER_BYTES).into());
        }
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let num_bytes = self.reader.read(&mut buf[..len])?;
        if left != u64::MAX {
            self.left.set(left - num_bytes as u64);
        }
        Ok(num_bytes)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.reader.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tar whose one file has a name of `len` bytes, in a header of `kind`.
    fn named(kind: tar::EntryType, len: usize) -> Vec<u8> {
        let name = "d/".repeat(len / 2);
        let content = match kind {
            tar::EntryType::XHeader => {
                // "LEN path=NAME\n", where LEN counts its own digits.
                let rest = format!(" path={name}\n");
                let digits = (1..8).find(|digits| (rest.len() + digits).to_string().len() == *digits);
                format!("{}{rest}", rest.len() + digits.unwrap())
            }
            _ => name,
        };
        let mut tar = tar::Builder::new(Vec::new());
        for (kind, content) in [(kind, content.as_bytes()), (tar::EntryType::Regular, b"x")] {
            let mut header = tar::Header::new_gnu();
            header.set_path("a").unwrap();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append(&header, content).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn read(tar: &[u8], seeks: bool) -> Result<Vec<usize>> {
        let mut lens = Vec::new();
        let mut tar = Tar::new(io::Cursor::new(tar));
        let entries = if seeks { tar.entries_with_seek()? } else { tar.entries()? };
        entries.for_each(&Ctx::new(), |entry| {
            lens.push(entry.path_bytes().len());
            Ok(())
        })?;
        Ok(lens)
    }

    #[test]
    fn headers_before_an_entry_are_read_up_to_their_limit_and_no_further() {
        use tar::EntryType::{GNULongLink, GNULongName, XHeader};
        let most = MAX_HEADER_BYTES as usize - 4 * 512;
        for seeks in [false, true] {
            for (kind, len) in [(GNULongName, most), (XHeader, most), (GNULongLink, 1)] {
                assert_eq!(read(&named(kind, most), seeks).unwrap(), [len], "{kind:?}");
                let error = read(&named(kind, MAX_HEADER_BYTES as usize), seeks).unwrap_err();
                assert_eq!(error.code(), Code::Limit, "{kind:?}");
            }
        }
    }

    #[test]
    fn content_is_passed_over_without_counting_as_a_header_and_a_cancelled_job_ends_in_it() {
        let mut header = tar::Header::new_gnu();
        header.set_path("big").unwrap();
        header.set_size(u64::from(u32::MAX));
        header.set_cksum();
        let ctx = Ctx::new();
        let mut tar = Tar::new(header.as_bytes().chain(io::repeat(0)));
        let ended = tar.entries().unwrap().for_each(&ctx, |_| {
            ctx.cancel();
            Ok(())
        });
        assert_eq!(ended.unwrap_err().code(), Code::Cancelled);
        let mut tar = tar::Builder::new(Vec::new());
        for name in ["a", "b"] {
            header.set_path(name).unwrap();
            header.set_size(1 << 20);
            header.set_cksum();
            tar.append(&header, io::repeat(0).take(1 << 20)).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        for seeks in [false, true] {
            assert_eq!(read(&tar, seeks).unwrap(), [1, 1]);
        }
    }
}
