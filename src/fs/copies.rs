//! Copies of files that are complete elsewhere, or beside them.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::{
    Existing, Left, PartialFile, WhenDropped, parent,
    unfinished::{copy_path, lock_there},
};
use crate::error::Result;

/// Copies that are being written to one folder. It is locked meanwhile: two runs that write the same names would give each
/// other's files their names.
#[derive(Debug)]
pub(crate) struct Copies {
    folder: PathBuf,
    /// Systems and file systems without locks of folders lock each file, as long as it is written.
    _lock: Option<File>,
}

impl Copies {
    /// Begins to write copies to `folder`.
    ///
    /// # Errors
    /// [`crate::Code::Busy`] while another run does.
    pub(crate) fn begin(folder: &Path) -> Result<Self> {
        Ok(Self { folder: folder.to_owned(), _lock: lock_there(folder)? })
    }

    /// Starts writing the copy `target`, a path in the folder, which vanishes unless it gets its name.
    pub(crate) fn create(&self, target: &Path) -> Result<PartialFile> {
        self.open(target, Left::Removed, WhenDropped::Remove)
    }

    /// Opens what an interrupted run left of the copy `target`, or an empty file. Dropped, it stays for a later run, unless
    /// its flush failed or it was discarded. [`PartialFile::continue_at`] must be called before it is written.
    pub(crate) fn resume(&self, target: &Path) -> Result<PartialFile> {
        self.open(target, Left::TakenOver, WhenDropped::Leave)
    }

    fn open(&self, target: &Path, left: Left, when_dropped: WhenDropped) -> Result<PartialFile> {
        debug_assert_eq!(parent(target), self.folder, "nowhere else is locked");
        PartialFile::open(target, copy_path(target), Existing::Keep, left, when_dropped)
    }
}
