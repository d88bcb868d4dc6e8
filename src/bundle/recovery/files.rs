//! The volumes of a bundle as files in which records and recovery records are read and written in slices.

use std::{
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
};

use super::shape::Shape;
use crate::{
    error::{Error, Result},
    fs::{open_file, open_in_place, read_exact_at, write_all_at},
};

/// Volumes kept open, as a process may have few files.
const MAX_OPEN: usize = 256;

/// Opens one of the volumes.
type Open = fn(&Path) -> Result<File>;

/// The volumes of a bundle, whatever they are called now and whether they are whole.
pub(crate) struct VolumeFiles {
    shape: Shape,
    paths: Vec<PathBuf>,
    /// The first volumes; those that cannot be opened fail when they are read.
    kept_open: Vec<Option<File>>,
    open: Open,
}

impl VolumeFiles {
    /// The volumes that lie at `paths`, in order, to be read and written.
    ///
    /// # Errors
    /// Fails unless each of them may be written to.
    pub(crate) fn open(shape: Shape, paths: Vec<PathBuf>) -> Result<Self> {
        paths.iter().try_for_each(|path| open_in_place(path).map(drop))?;
        Ok(Self::with_open(shape, paths, open_in_place))
    }

    /// The volumes that lie at `paths`, to be read; some may not be there.
    pub(crate) fn to_read(shape: Shape, paths: Vec<PathBuf>) -> Self {
        Self::with_open(shape, paths, open_file)
    }

    fn with_open(shape: Shape, paths: Vec<PathBuf>, open: Open) -> Self {
        let kept_open = paths.iter().take(MAX_OPEN).map(|path| open(path).ok()).collect();
        Self { shape, paths, kept_open, open }
    }

    /// The same files under another shape.
    pub(crate) fn reshaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(crate) fn path(&self, volume: u32) -> &Path {
        &self.paths[volume as usize]
    }

    /// Calls `with` on the file of a volume.
    fn with<T>(&self, volume: u32, with: impl FnOnce(&File) -> Result<T>) -> Result<T> {
        match self.kept_open.get(volume as usize) {
            Some(Some(file)) => with(file),
            Some(None) | None => with(&(self.open)(self.path(volume))?),
        }
    }

    pub(crate) fn read_at(&self, volume: u32, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.with(volume, |file| {
            read_exact_at(file, buf, offset).map_err(|e| Error::read(self.path(volume), e))
        })
    }

    pub(crate) fn write_at(&self, volume: u32, offset: u64, bytes: &[u8]) -> Result<()> {
        self.with(volume, |file| {
            write_all_at(file, bytes, offset).map_err(|e| Error::write(self.path(volume), e))
        })
    }

    /// The bytes of the file.
    pub(crate) fn len(&self, volume: u32) -> Result<u64> {
        let len = |file: &File| file.metadata().map(|metadata| metadata.len());
        self.with(volume, |file| len(file).map_err(|e| Error::read(self.path(volume), e)))
    }

    /// Flushes a volume.
    pub(crate) fn sync(&self, volume: u32) -> Result<()> {
        self.with(volume, |file| file.sync_all().map_err(|e| Error::write(self.path(volume), e)))
    }

    /// Gives a volume its length, and flushes it.
    pub(crate) fn finish(&self, volume: u32) -> Result<()> {
        let len = self.shape.places(volume).len;
        self.with(volume, |file| {
            let trim = if file.metadata().is_ok_and(|found| found.len() == len) {
                Ok(())
            } else {
                file.set_len(len)
            };
            trim.and_then(|()| file.sync_all()).map_err(|e| Error::write(self.path(volume), e))
        })
    }

    /// Some columns of a record into `buf`; behind its end come zeros.
    pub(crate) fn read_slice(&self, record: u64, columns: Range<u64>, buf: &mut Vec<u8>) -> Result<()> {
        let (volume, offset, len) = self.shape.record_place(record);
        let there = columns.end.min(len).saturating_sub(columns.start) as usize;
        buf.clear();
        buf.resize((columns.end - columns.start) as usize, 0);
        self.read_at(volume, offset + columns.start, &mut buf[..there])
    }

    /// Columns of a record from `start`; what lies behind its end is left out.
    pub(crate) fn write_slice(&self, record: u64, start: u64, slice: &[u8]) -> Result<()> {
        let (volume, offset, len) = self.shape.record_place(record);
        let there = len.saturating_sub(start).min(slice.len() as u64) as usize;
        self.write_at(volume, offset + start, &slice[..there])
    }

    /// A whole record as it lies on disk.
    pub(crate) fn read_record(&self, record: u64, buf: &mut Vec<u8>) -> Result<()> {
        let (volume, offset, len) = self.shape.record_place(record);
        buf.resize(len as usize, 0);
        self.read_at(volume, offset, buf)
    }

    /// Some columns of a recovery record into `buf`.
    pub(crate) fn read_recovery_slice(
        &self,
        number: u64,
        columns: Range<u64>,
        buf: &mut Vec<u8>,
    ) -> Result<()> {
        let (volume, offset) = self.shape.recovery_place(number);
        buf.resize((columns.end - columns.start) as usize, 0);
        self.read_at(volume, offset + columns.start, buf)
    }

    /// Columns of a recovery record from `start`.
    pub(crate) fn write_recovery_slice(&self, number: u64, start: u64, slice: &[u8]) -> Result<()> {
        let (volume, offset) = self.shape.recovery_place(number);
        self.write_at(volume, offset + start, slice)
    }
}
