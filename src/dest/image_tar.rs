//! The tar that engines load: documents and blobs, in whatever order they come.
//!
//! Times and owners are zero: the same images give the same bytes.

use std::io::{self, Read, Write};

/// Tar headers and padding of one entry, at most.
pub(super) const ENTRY_OVERHEAD_BYTES: u64 = 1024;

/// A tar being written.
pub(super) struct ImageTar<W: Write>(tar::Builder<W>);

impl<W: Write> ImageTar<W> {
    pub(super) fn new(writer: W) -> Self {
        Self(tar::Builder::new(writer))
    }

    /// Appends a file; an error may be the reader's or the writer's.
    pub(super) fn append(&mut self, name: &str, size: u64, reader: &mut dyn Read) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(size);
        self.0.append_data(&mut header, name, reader)
    }

    /// What it is written to.
    pub(super) fn get_mut(&mut self) -> &mut W {
        self.0.get_mut()
    }

    pub(super) fn get_ref(&self) -> &W {
        self.0.get_ref()
    }

    /// Writes the last blocks.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.0.finish()
    }

    /// What it was written to, with the last blocks.
    pub(super) fn into_inner(self) -> io::Result<W> {
        self.0.into_inner()
    }
}
