//! What a tar holds, by name: paths in one spelling, links looked up in memory, limits held.
//!
//! The same directory is made of an archive on disk and of one that comes as a stream.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use super::{
    entries::{Entries, Entry},
    sniff::Compression,
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::MAX_CONFIG_BYTES,
};

/// Most entries of one archive: 10,000 images of the old layout have about 100,000.
const MAX_ENTRIES: usize = 300_000;
/// Longest path of an entry.
const MAX_PATH_BYTES: usize = 4096;
/// Most bytes of documents kept from an archive that cannot be read twice cheaply.
const MAX_KEPT_BYTES: usize = 128 << 20;
/// Longest chain of links.
const MAX_LINKS: usize = 8;

/// An archive's files by name, whether it lies on disk or came as a stream.
pub(super) trait Files {
    /// The file behind `name`, links followed inside the archive, and its own name.
    fn resolve(&self, name: &str) -> Option<(&str, FileEntry)>;

    /// A small file whole, if it is there.
    fn read_small(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>>;

    /// What to call the archive in a notice.
    fn title(&self) -> String;
}

/// Entries of a tar, and the documents of one that cannot be read twice.
#[derive(Default)]
pub(super) struct Directory {
    entries: HashMap<String, Found>,
    kept: HashMap<String, Vec<u8>>,
    kept_bytes: usize,
}

enum Found {
    File(FileEntry),
    /// A symbolic or hard link; the path it names, resolved inside the archive.
    Link(String),
}

#[derive(Clone, Copy)]
pub(super) struct FileEntry {
    /// Where its bytes begin in an uncompressed archive.
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Digest, of compressed layers under names that do not tell it.
    pub(super) hashed: Option<Digest>,
    /// How the entry itself is compressed.
    pub(super) compression: Compression,
}

impl Directory {
    /// Adds all of `entries`; `read_file` looks into each file.
    pub(super) fn scan<R: Read>(
        &mut self,
        ctx: &Ctx,
        entries: Entries<'_, R>,
        mut read_file: impl FnMut(&mut Self, &str, &mut Entry<'_, R>) -> Result<FileEntry>,
    ) -> Result<()> {
        let mut unsafe_entry = None;
        entries.for_each(ctx, |entry| {
            let kind = entry.header().entry_type();
            if kind.is_dir() || kind.is_pax_global_extensions() {
                return Ok(());
            }
            let name = match clean_path(&entry.path_bytes(), "") {
                Ok(name) => name,
                Err(e) => {
                    unsafe_entry.get_or_insert(e);
                    return Ok(());
                }
            };
            let found = if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name_bytes().unwrap_or_default();
                // A hard link names its target from the root, a symbolic link from where it stands.
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                match clean_path(&target, if kind.is_symlink() { folder } else { "" }) {
                    Ok(target) => Found::Link(target),
                    Err(e) => {
                        unsafe_entry.get_or_insert(e);
                        return Ok(());
                    }
                }
            } else if kind.is_file() || kind.is_contiguous() {
                Found::File(read_file(self, &name, entry)?)
            } else {
                return Ok(()); // Devices and pipes stand in root file systems, never in image archives.
            };
            if self.entries.len() == MAX_ENTRIES {
                let error = Error::new(Code::Limit).worded(Fact::Detail, "detail-limit-entries", &[]);
                return Err(error.with(Fact::Limit, MAX_ENTRIES));
            }
            if self.entries.insert(name.clone(), found).is_some() {
                return Err(Error::new(Code::DuplicateEntry).with(Fact::Entry, name));
            }
            Ok(())
        })?;
        // A root file system is full of absolute links, and is told as what it is; in an image archive a
        // path that leads out is an attack.
        let is_image = self.contains("manifest.json") || self.contains("index.json");
        unsafe_entry.filter(|_| is_image).map_or(Ok(()), Err)
    }

    /// Keeps a document: what was read of it, and the rest.
    pub(super) fn keep(&mut self, name: &str, head: Vec<u8>, size: u64, rest: &mut dyn Read) -> Result<()> {
        self.kept_bytes += size as usize;
        if self.kept_bytes > MAX_KEPT_BYTES {
            let error = Error::new(Code::Limit).worded(Fact::Detail, "detail-limit-documents", &[]);
            return Err(error.with(Fact::Limit, MAX_KEPT_BYTES));
        }
        let mut bytes = head;
        rest.read_to_end(&mut bytes).map_err(tar_error)?;
        self.kept.insert(name.to_owned(), bytes);
        Ok(())
    }

    /// A document that was kept.
    pub(super) fn kept(&self, name: &str) -> Result<&[u8]> {
        let missing =
            || Error::new(Code::BadJson).with(Fact::Entry, name).worded(Fact::Detail, "detail-not-json", &[]);
        self.kept.get(name).map(Vec::as_slice).ok_or_else(missing)
    }

    /// Every document that was kept.
    pub(super) fn all_kept(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.kept.values()
    }

    /// Whether there is a file or link of this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Names of all entries.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Tells what the content of a file was found to be, once it is known.
    pub(super) fn set_hashed(&mut self, name: &str, digest: Digest) {
        if let Some(Found::File(file)) = self.entries.get_mut(name) {
            file.hashed = Some(digest);
        }
    }

    pub(super) fn resolve(&self, name: &str) -> Option<(&str, FileEntry)> {
        let mut name = name;
        for _ in 0..=MAX_LINKS {
            match self.entries.get_key_value(name)? {
                (name, Found::File(file)) => return Some((name, *file)),
                (_, Found::Link(target)) => name = target,
            }
        }
        None
    }
}

/// Refuses a document that is too long, before memory is taken.
pub(super) fn refuse_long(name: &str, size: u64, max_bytes: u64) -> Result<()> {
    if size <= max_bytes {
        return Ok(());
    }
    let error = Error::new(Code::Limit).with(Fact::Entry, name).with(Fact::Found, size);
    Err(error.with(Fact::Limit, max_bytes))
}

/// Looks into a file that may be a layer or a document: how it is compressed, and its first bytes. No bytes come
/// of what can be neither.
pub(super) fn look_into<R: Read>(
    name: &str,
    entry: &mut Entry<'_, R>,
) -> Result<(FileEntry, Option<Vec<u8>>)> {
    let (offset, size) = (entry.raw_file_position(), entry.size());
    let mut found = FileEntry { offset, size, hashed: None, compression: Compression::None };
    // Documents stand at the top (`manifest.json`, `<hex>.json`, `sha256:<hex>`) or among the blobs.
    let may_be_document = !name.contains('/') || name.starts_with("blobs/");
    if !may_be_document && !is_layer_path(name) {
        return Ok((found, None));
    }
    let mut head = Vec::new();
    entry.take(8).read_to_end(&mut head).map_err(tar_error)?;
    found.compression = Compression::of_magic(&head);
    Ok((found, Some(head)))
}

/// Whether a file of this name that begins so is a document, and small enough to be kept.
pub(super) fn is_document(name: &str, size: u64, head: &[u8]) -> bool {
    size <= MAX_CONFIG_BYTES && (head.starts_with(b"{") || head.starts_with(b"[") || name == "oci-layout")
}

/// A failure inside a tar: our own error, a file that ends early, or a malformed archive.
pub(super) fn tar_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::new(Code::SourceTruncated),
        io::ErrorKind::Other if error.get_ref().is_some_and(|e| !e.is::<Error>()) => bad_archive(&error),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => bad_archive(&error),
        _ => Error::from_stream(Code::Read, error),
    }
}

fn bad_archive(error: &io::Error) -> Error {
    let text = error.to_string();
    let code = if text.contains("unexpected EOF") { Code::SourceTruncated } else { Code::BadArchive };
    Error::new(code).with(Fact::System, text)
}

/// Whether an entry of this name may be a layer that an engine wrote.
pub(super) fn is_layer_path(name: &str) -> bool {
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
pub(super) fn clean_path(path: &[u8], base: &str) -> Result<String> {
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
