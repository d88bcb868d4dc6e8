//! A tar on disk, plain or compressed as a whole: a directory of its entries, and their bytes.
//!
//! Entries are only ever looked up by name in memory; nothing is unpacked, no link is followed on disk.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::{
    directory::{
        Directory, FileEntry, Files, clean_path, is_document, is_layer_path, look_into, refuse_long,
        tar_error,
    },
    entries::{Entry, Tar},
    sniff::{Compression, compression_of},
};
use crate::{
    digest::{Digest, HashingReader},
    error::{Code, Error, Fact, Result},
    fs::open_file,
    job::Ctx,
};

/// An archive and what it holds.
pub(super) struct Archive {
    path: PathBuf,
    file: File,
    stamp: Stamp,
    compression: Compression,
    directory: Directory,
}

/// What tells that a file was changed.
#[derive(PartialEq)]
struct Stamp(u64, Option<std::time::SystemTime>);

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self(metadata.len(), metadata.modified().ok()))
    }
}

impl Archive {
    /// Reads the directory of the tar at `path`.
    pub(super) fn open(ctx: &Ctx, path: &Path) -> Result<Self> {
        let mut file = open_file(path)?;
        let stamp = Stamp::of(&file).map_err(|e| Error::read(path, e))?;
        let compression = compression_of(&mut file).map_err(|e| Error::read(path, e))?;
        let mut archive =
            Self { path: path.to_owned(), file, stamp, compression, directory: Directory::default() };
        archive.scan(ctx).map_err(|e| e.at(path))?;
        Ok(archive)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file on disk is no longer the one that was scanned.
    pub(super) fn has_changed(&self) -> bool {
        let now = File::open(&self.path).and_then(|file| Stamp::of(&file));
        now.map_or(true, |now| now != self.stamp)
    }

    fn reader(&self) -> Result<File> {
        let mut file = open_file(&self.path)?;
        file.seek(SeekFrom::Start(0)).map_err(|e| Error::read(&self.path, e))?;
        Ok(file)
    }

    /// The tar in `file`, which is compressed as a whole.
    fn decoder(&self, ctx: &Ctx, file: File) -> Result<Box<dyn Read + Send>> {
        // A decoder may read on and on without giving anything: empty members, frames that are skipped.
        let watched = Watched { ctx: ctx.clone(), file };
        self.compression.decoder(BufReader::with_capacity(1 << 20, watched))
    }

    fn scan(&mut self, ctx: &Ctx) -> Result<()> {
        let (file, file_bytes) = (self.reader()?, self.stamp.0);
        if self.compression == Compression::None {
            let mut tar = Tar::new(file);
            self.directory.scan(ctx, tar.entries_with_seek()?, |_, name, entry| {
                let (offset, size) = (entry.raw_file_position(), entry.size());
                if offset.checked_add(size).is_none_or(|end| end > file_bytes) {
                    return Err(Error::new(Code::SourceTruncated).with(Fact::Entry, name));
                }
                scan_file(ctx, name, entry, None)
            })
        } else {
            let mut tar = Tar::new(self.decoder(ctx, file)?);
            self.directory
                .scan(ctx, tar.entries()?, |kept, name, entry| scan_file(ctx, name, entry, Some(kept)))
        }
    }

    /// Whether there is a file or link of this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.directory.contains(name)
    }

    /// Names of all entries.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.directory.names()
    }

    /// Streams the files `wanted` (by resolved name), in the archive's order.
    pub(super) fn read(
        &self,
        ctx: &Ctx,
        wanted: &BTreeMap<String, Digest>,
        sink: &mut super::BlobSink<'_>,
    ) -> Result<()> {
        if self.compression == Compression::None {
            let mut entries: Vec<_> = wanted
                .iter()
                .filter_map(|(name, digest)| {
                    self.resolve(name).map(|(_, entry)| (entry.offset, entry.size, digest))
                })
                .collect();
            entries.sort_unstable_by_key(|(offset, ..)| *offset);
            let mut file = self.reader()?;
            for (offset, size, digest) in entries {
                ctx.checkpoint()?;
                file.seek(SeekFrom::Start(offset)).map_err(|e| Error::read(&self.path, e))?;
                sink(Some(digest), &mut Read::by_ref(&mut file).take(size)).map_err(|e| e.at(&self.path))?;
            }
            return Ok(());
        }
        let mut tar = Tar::new(self.decoder(ctx, self.reader()?)?);
        tar.entries()?.for_each(ctx, |entry| {
            if !entry.header().entry_type().is_file() {
                return Ok(());
            }
            match wanted.get(&clean_path(&entry.path_bytes(), "")?) {
                Some(digest) => sink(Some(digest), entry).map_err(|e| e.at(&self.path)),
                None => Ok(()),
            }
        })
    }
}

impl Files for Archive {
    fn resolve(&self, name: &str) -> Option<(&str, FileEntry)> {
        self.directory.resolve(name)
    }

    fn read_small(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        let Some((name, entry)) = self.resolve(name) else { return Ok(None) };
        refuse_long(name, entry.size, max_bytes)?;
        if self.compression != Compression::None {
            return self.directory.kept(name).map(|bytes| Some(bytes.to_vec()));
        }
        let mut bytes = vec![0; entry.size as usize];
        crate::fs::read_exact_at(&self.file, &mut bytes, entry.offset)
            .map_err(|e| tar_error(e).at(&self.path))?;
        Ok(Some(bytes))
    }

    fn title(&self) -> String {
        self.path.display().to_string()
    }
}

/// A file whose reading ends when its job is cancelled.
struct Watched {
    ctx: Ctx,
    file: File,
}

impl Read for Watched {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.ctx.checkpoint()?;
        self.file.read(buf)
    }
}

/// Looks into a file: how it is compressed, the digest of a compressed layer, and its bytes for `keeper` where
/// the archive cannot be read twice.
fn scan_file<R: Read>(
    ctx: &Ctx,
    name: &str,
    entry: &mut Entry<'_, R>,
    keeper: Option<&mut Directory>,
) -> Result<FileEntry> {
    let (mut found, head) = look_into(name, entry)?;
    let Some(head) = head else { return Ok(found) };
    match keeper {
        Some(keeper) if is_document(name, found.size, &head) => {
            keeper.keep(name, head, found.size, entry)?;
        }
        _ if is_layer_path(name) && found.compression != Compression::None => {
            // The config tells the digest of the uncompressed layer only.
            let mut hashing = HashingReader::new(head.chain(entry));
            let mut buf = vec![0; 1 << 20];
            while hashing.read(&mut buf).map_err(tar_error)? > 0 {
                ctx.checkpoint()?;
            }
            let (digest, num_bytes) = hashing.finish();
            if num_bytes != found.size {
                return Err(Error::new(Code::SourceTruncated).with(Fact::Entry, name));
            }
            found.hashed = Some(digest);
        }
        _ => {}
    }
    Ok(found)
}
