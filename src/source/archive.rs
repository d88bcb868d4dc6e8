//! A tar on disk, plain or compressed as a whole: a directory of its entries, and their bytes.
//!
//! Entries are only ever looked up by name in memory; nothing is unpacked, no link is followed on disk.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::sniff::{Compression, compression_of};
use crate::{
    digest::{Digest, HashingReader},
    error::{Code, Error, Fact, Result},
    fs::open_file,
    job::Ctx,
    oci::MAX_CONFIG_BYTES,
};

/// Most entries of one archive: 10,000 images of the old layout have about 100,000.
const MAX_ENTRIES: usize = 300_000;
/// Longest path of an entry.
const MAX_PATH_BYTES: usize = 4096;
/// Most bytes of documents kept from a compressed archive, which cannot be read twice cheaply.
const MAX_KEPT_BYTES: usize = 128 << 20;
/// Longest chain of links.
const MAX_LINKS: usize = 8;

/// An archive and what it holds.
pub(super) struct Archive {
    path: PathBuf,
    file: File,
    stamp: Stamp,
    compression: Compression,
    entries: HashMap<String, Entry>,
    /// Documents of a compressed archive.
    kept: HashMap<String, Vec<u8>>,
}

enum Entry {
    File(FileEntry),
    /// A symbolic or hard link; the path it names, resolved inside the archive.
    Link(String),
}

#[derive(Clone, Copy)]
pub(super) struct FileEntry {
    /// Where its bytes begin in an uncompressed archive.
    offset: u64,
    pub(super) size: u64,
    /// Digest, of compressed layers under names that do not tell it.
    pub(super) hashed: Option<Digest>,
    /// How the entry itself is compressed.
    pub(super) compression: Compression,
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
        let mut archive = Self {
            path: path.to_owned(),
            file,
            stamp,
            compression,
            entries: HashMap::new(),
            kept: HashMap::new(),
        };
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

    fn scan(&mut self, ctx: &Ctx) -> Result<()> {
        let file = self.reader()?;
        if self.compression == Compression::None {
            let mut tar = tar::Archive::new(file);
            let entries = tar.entries_with_seek().map_err(|e| self.tar_error(e))?;
            self.scan_entries(ctx, entries)
        } else {
            let mut tar =
                tar::Archive::new(self.compression.decoder(BufReader::with_capacity(1 << 20, file))?);
            let entries = tar.entries().map_err(|e| self.tar_error(e))?;
            self.scan_entries(ctx, entries)
        }
    }

    fn scan_entries<R: Read>(&mut self, ctx: &Ctx, entries: tar::Entries<'_, R>) -> Result<()> {
        let mut kept_bytes = 0;
        let mut unsafe_entry = None;
        for entry in entries {
            ctx.checkpoint()?;
            let mut entry = entry.map_err(|e| self.tar_error(e))?;
            let kind = entry.header().entry_type();
            if kind.is_dir() || kind.is_pax_global_extensions() {
                continue;
            }
            let name = match clean_path(&entry.path_bytes(), "") {
                Ok(name) => name,
                Err(e) => {
                    unsafe_entry.get_or_insert(e);
                    continue;
                }
            };
            let found = if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name_bytes().unwrap_or_default();
                // A hard link names its target from the root, a symbolic link from where it stands.
                let base = if kind.is_symlink() {
                    name.rsplit_once('/').map_or("", |(folder, _)| folder)
                } else {
                    ""
                };
                match clean_path(&target, base) {
                    Ok(target) => Entry::Link(target),
                    Err(e) => {
                        unsafe_entry.get_or_insert(e);
                        continue;
                    }
                }
            } else if kind.is_file() || kind.is_contiguous() {
                Entry::File(self.scan_file(ctx, &name, &mut entry, &mut kept_bytes)?)
            } else if kind.is_gnu_sparse() {
                let error = Error::new(Code::BadArchive).with(Fact::Detail, "sparse entry");
                return Err(error.with(Fact::Entry, name));
            } else {
                continue; // Devices and pipes stand in root file systems, never in image archives.
            };
            if self.entries.len() == MAX_ENTRIES {
                let error = Error::new(Code::Limit).with(Fact::Detail, "entries of an archive");
                return Err(error.with(Fact::Limit, MAX_ENTRIES));
            }
            if self.entries.insert(name.clone(), found).is_some() {
                return Err(Error::new(Code::DuplicateEntry).with(Fact::Entry, name));
            }
        }
        // A root file system is full of absolute links, and is told as what it is; in an image archive a
        // path that leads out is an attack.
        let is_image = self.contains("manifest.json") || self.contains("index.json");
        unsafe_entry.filter(|_| is_image).map_or(Ok(()), Err)
    }

    fn scan_file<R: Read>(
        &mut self,
        ctx: &Ctx,
        name: &str,
        entry: &mut tar::Entry<'_, R>,
        kept_bytes: &mut usize,
    ) -> Result<FileEntry> {
        let (offset, size) = (entry.raw_file_position(), entry.size());
        if self.compression == Compression::None
            && offset.checked_add(size).is_none_or(|end| end > self.stamp.0)
        {
            let error = Error::new(Code::SourceTruncated).with(Fact::Entry, name);
            return Err(error
                .with(Fact::Expected, size)
                .with(Fact::Found, self.stamp.0.saturating_sub(offset)));
        }
        let mut found = FileEntry { offset, size, hashed: None, compression: Compression::None };
        // Documents stand at the top (`manifest.json`, `<hex>.json`, `sha256:<hex>`) or among the blobs.
        let may_be_document = !name.contains('/') || name.starts_with("blobs/");
        let may_be_layer = is_layer_path(name);
        if !may_be_document && !may_be_layer {
            return Ok(found);
        }
        let mut head = Vec::new();
        entry.take(8).read_to_end(&mut head).map_err(|e| self.tar_error(e))?;
        found.compression = Compression::of_magic(&head);
        if self.compression != Compression::None
            && size <= MAX_CONFIG_BYTES
            && (head.starts_with(b"{") || head.starts_with(b"[") || name == "oci-layout")
        {
            *kept_bytes += size as usize;
            if *kept_bytes > MAX_KEPT_BYTES {
                let error =
                    Error::new(Code::Limit).with(Fact::Detail, "JSON documents of a compressed archive");
                return Err(error.with(Fact::Limit, MAX_KEPT_BYTES));
            }
            let mut bytes = head;
            entry.read_to_end(&mut bytes).map_err(|e| self.tar_error(e))?;
            self.kept.insert(name.to_owned(), bytes);
        } else if may_be_layer && found.compression != Compression::None {
            // The config tells the digest of the uncompressed layer only.
            let mut hashing = HashingReader::new(head.chain(entry));
            let mut buf = vec![0; 1 << 20];
            while hashing.read(&mut buf).map_err(|e| self.tar_error(e))? > 0 {
                ctx.checkpoint()?;
            }
            let (digest, num_bytes) = hashing.finish();
            if num_bytes != size {
                return Err(Error::new(Code::SourceTruncated).with(Fact::Entry, name));
            }
            found.hashed = Some(digest);
        }
        Ok(found)
    }

    /// A failure inside the tar: our own error, a file that ends early, or a malformed archive.
    fn tar_error(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::new(Code::SourceTruncated).at(&self.path),
            io::ErrorKind::Other if error.get_ref().is_some_and(|e| !e.is::<Error>()) => {
                self.bad_archive(&error)
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => self.bad_archive(&error),
            _ => Error::read(&self.path, error),
        }
    }

    fn bad_archive(&self, error: &io::Error) -> Error {
        let text = error.to_string();
        let code = if text.contains("unexpected EOF") { Code::SourceTruncated } else { Code::BadArchive };
        Error::new(code).with(Fact::Detail, text).at(&self.path)
    }

    /// Whether there is a file or link of this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Names of all entries.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The file behind `name`, links followed inside the archive, and its own name.
    pub(super) fn resolve(&self, name: &str) -> Option<(&str, FileEntry)> {
        let mut name = name;
        for _ in 0..=MAX_LINKS {
            match self.entries.get_key_value(name)? {
                (name, Entry::File(file)) => return Some((name, *file)),
                (_, Entry::Link(target)) => name = target,
            }
        }
        None
    }

    /// A small file whole, if it is there.
    pub(super) fn read_small(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        let Some((name, entry)) = self.resolve(name) else { return Ok(None) };
        if entry.size > max_bytes {
            let error = Error::new(Code::Limit).with(Fact::Entry, name).with(Fact::Found, entry.size);
            return Err(error.with(Fact::Limit, max_bytes));
        }
        if self.compression != Compression::None {
            return match self.kept.get(name) {
                Some(bytes) => Ok(Some(bytes.clone())),
                None => Err(Error::new(Code::BadJson).with(Fact::Entry, name).with(Fact::Detail, "not JSON")),
            };
        }
        let mut bytes = vec![0; entry.size as usize];
        crate::fs::read_exact_at(&self.file, &mut bytes, entry.offset).map_err(|e| self.tar_error(e))?;
        Ok(Some(bytes))
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
                sink(digest, &mut Read::by_ref(&mut file).take(size)).map_err(|e| e.at(&self.path))?;
            }
            return Ok(());
        }
        let reader = BufReader::with_capacity(1 << 20, self.reader()?);
        let mut tar = tar::Archive::new(self.compression.decoder(reader)?);
        for entry in tar.entries().map_err(|e| self.tar_error(e))? {
            ctx.checkpoint()?;
            let mut entry = entry.map_err(|e| self.tar_error(e))?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            if let Some(digest) = wanted.get(&clean_path(&entry.path_bytes(), "")?) {
                sink(digest, &mut entry).map_err(|e| e.at(&self.path))?;
            }
        }
        Ok(())
    }
}

/// Whether an entry of this name may be a layer that an engine wrote.
fn is_layer_path(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.ends_with(".tar")
        || file.ends_with(".tar.gz")
        || file.ends_with(".tgz")
        || file.ends_with(".tar.zst")
}

/// A path inside the archive in its one spelling: no `.`, no `..`, no leading or double slash.
///
/// # Errors
/// [`Code::UnsafePath`] when it is absolute, leads out, is too long or is not UTF-8.
fn clean_path(path: &[u8], base: &str) -> Result<String> {
    let text = String::from_utf8_lossy(path);
    let bad = || Error::new(Code::UnsafePath).with(Fact::Entry, &text);
    if path.len() > MAX_PATH_BYTES || text.starts_with('/') || text.contains(['\0', '\\', '\u{fffd}']) {
        return Err(bad());
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(bad)?;
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { Err(bad()) } else { Ok(parts.join("/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling_and_stay_inside() {
        assert_eq!(clean_path(b"./a//b/./c", "").unwrap(), "a/b/c");
        assert_eq!(clean_path(b"../other/layer.tar", "id").unwrap(), "other/layer.tar");
        for bad in [
            &b"/etc/passwd"[..],
            b"../x",
            b"a/../../x",
            b"",
            b"..",
            b"a\0b",
            b"C:\\x",
            b"\xff",
            &[b'a'; 5000],
        ] {
            assert_eq!(clean_path(bad, "").unwrap_err().code(), Code::UnsafePath);
        }
    }
}
