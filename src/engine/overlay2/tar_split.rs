//! A layer's tar, put together again from what an engine kept of it: what is no file's content lies in a list, between
//! the names of the files.
//!
//! Bytes come as the list says; whether they are the right ones only their digest tells, so the list's own checksums are
//! not computed. The list: github.com/vbatts/tar-split, tar/storage, `Entry`; put together: tar/asm, `WriteOutputTarStream`.

use std::{
    ffi::{OsStr, OsString},
    fmt::Display,
    io::{self, BufRead, Cursor, Read},
    os::unix::ffi::OsStringExt,
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use serde::Deserialize;

use crate::error::{Code, Error, Fact, Result};

/// Longest entry of the list. Headers of one file take some KiB, and padding is cut at 1 MiB, which is 1.4 MiB of base64.
const MAX_ENTRY_BYTES: usize = 8 << 20;

/// The list's name in errors.
const LIST: &str = "tar-split.json.gz";

/// `type` of a file's content.
const FILE: u8 = 1;
/// `type` of bytes that stand in the entry.
const SEGMENT: u8 = 2;

#[derive(Deserialize)]
struct Entry {
    r#type: u8,
    #[serde(default)]
    name: String,
    /// Base64 of a name that is not UTF-8.
    name_raw: Option<String>,
    #[serde(default)]
    size: u64,
    /// Base64 of a segment; a checksum of a file.
    payload: Option<String>,
}

/// The tar of a layer as a stream.
pub(super) struct TarSplit<R> {
    /// One JSON object to a line, as Go's encoder writes them.
    entries: R,
    files: Dir,
    line: Vec<u8>,
    part: Part,
}

/// What is being handed out.
enum Part {
    Segment(Cursor<Vec<u8>>),
    File(Content),
}

/// The rest of a file.
struct Content {
    file: File,
    name: OsString,
    left_bytes: u64,
}

impl<R: BufRead> TarSplit<R> {
    /// The tar with the list `entries` and the contents of `files`.
    pub(super) fn new(entries: R, files: Dir) -> Self {
        Self { entries, files, line: Vec::new(), part: Part::Segment(Cursor::default()) }
    }

    /// The next part of the tar; none at its end.
    fn next(&mut self) -> Result<Option<Part>> {
        self.line.clear();
        let mut limited = self.entries.by_ref().take(MAX_ENTRY_BYTES as u64 + 1);
        limited.read_until(b'\n', &mut self.line).map_err(|e| unreadable(LIST, e))?;
        if self.line.len() > MAX_ENTRY_BYTES {
            let error = Error::new(Code::Limit).with(Fact::Entry, LIST);
            return Err(error.with(Fact::Limit, MAX_ENTRY_BYTES));
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let entry: Entry =
            serde_json::from_slice(&self.line).map_err(|e| broken(LIST).with(Fact::System, e))?;
        let part = match (entry.r#type, entry.size) {
            (SEGMENT, _) => Part::Segment(Cursor::new(decode(&entry.payload.unwrap_or_default())?)),
            // Folders and links have no content.
            (FILE, 0) => Part::Segment(Cursor::default()),
            (FILE, size) => {
                let name = entry.name_raw.map_or_else(|| Ok(entry.name.into_bytes()), |raw| decode(&raw))?;
                Part::File(Content::open(&self.files, OsString::from_vec(name), size)?)
            }
            (other, _) => return Err(broken(LIST).with(Fact::Found, other)),
        };
        Ok(Some(part))
    }
}

impl Content {
    fn open(files: &Dir, name: OsString, size: u64) -> Result<Self> {
        // What a tar names from the root was unpacked into the folder too.
        let path = Path::new(&name);
        let path = path.strip_prefix("/").unwrap_or(path);
        let mut options = OpenOptions::new();
        // A pipe would wait for its other end.
        options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let file = files.open_with(path, &options).map_err(|e| unreadable(name.display(), e))?;
        let found = file.metadata().map_err(|e| unreadable(name.display(), e))?;
        if !found.is_file() {
            return Err(broken(name.display()).worded(Fact::Detail, "detail-not-a-file", &[]));
        }
        if found.len() != size {
            return Err(wrong_size(&name, size, found.len()));
        }
        Ok(Self { file, name, left_bytes: size })
    }

    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let len = usize::try_from(self.left_bytes).map_or(buf.len(), |left| left.min(buf.len()));
        let num_bytes = self.file.read(&mut buf[..len]).map_err(|e| unreadable(self.name.display(), e))?;
        if num_bytes == 0 && len > 0 {
            return Err(broken(self.name.display()).worded(
                Fact::Detail,
                "detail-bytes-missing",
                &[("num", self.left_bytes.to_string())],
            ));
        }
        self.left_bytes -= num_bytes as u64;
        Ok(num_bytes)
    }
}

impl<R: BufRead> Read for TarSplit<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let num_bytes = match &mut self.part {
                Part::Segment(segment) => segment.read(buf)?,
                Part::File(content) => content.read(buf)?,
            };
            if num_bytes > 0 {
                return Ok(num_bytes);
            }
            match self.next()? {
                Some(part) => self.part = part,
                None => return Ok(0),
            }
        }
    }
}

fn decode(base64: &str) -> Result<Vec<u8>> {
    STANDARD.decode(base64).map_err(|e| broken(LIST).with(Fact::System, e))
}

/// The layer cannot be put together; `entry` is the file that it fails at.
fn broken(entry: impl Display) -> Error {
    Error::new(Code::LayerUnreadable).with(Fact::Entry, entry)
}

fn wrong_size(name: &OsStr, expected: u64, found: u64) -> Error {
    let error = Error::new(Code::LayerUnreadable).with(Fact::Entry, name.display());
    let bytes = |num: u64| [("num", num.to_string())];
    error.worded(Fact::Expected, "bytes", &bytes(expected)).worded(Fact::Found, "bytes", &bytes(found))
}

fn unreadable(entry: impl Display, error: io::Error) -> Error {
    Error::new(Code::LayerUnreadable).with(Fact::Entry, entry).with(Fact::System, &error).caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::{fs, io::BufReader, os::unix::fs::symlink};

    use flate2::{bufread::MultiGzDecoder, write::GzEncoder};

    use super::*;
    use crate::fs::{Existing, write};

    fn segment(bytes: &[u8]) -> String {
        format!("{{\"type\":2,\"payload\":\"{}\",\"position\":0}}\n", STANDARD.encode(bytes))
    }

    fn file(name: &str, size: usize) -> String {
        format!(
            "{{\"type\":1,\"name\":\"{name}\",\"size\":{size},\"payload\":\"AAAAAAAAAAA=\",\"position\":1}}\n"
        )
    }

    fn put(path: &Path, bytes: &[u8]) {
        write(path, bytes, Existing::Keep).unwrap();
    }

    /// What comes of `entries` and the files in `folder`.
    fn check(entries: &str, folder: &Path) -> Result<Vec<u8>> {
        let files = Dir::open_ambient_dir(folder, cap_std::ambient_authority()).unwrap();
        let mut tar = Vec::new();
        let read = TarSplit::new(entries.as_bytes(), files).read_to_end(&mut tar);
        read.map(|_| tar).map_err(|e| Error::from_stream(Code::Read, e))
    }

    #[test]
    fn segments_come_as_they_are_and_files_by_their_names_also_when_those_are_raw_bytes() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        put(&dir.path().join("sub/a <b>"), b"ONE");
        put(&dir.path().join(OsString::from_vec(b"odd\xff".to_vec())), b"TWO");
        symlink("sub", dir.path().join("link")).unwrap();
        let raw = format!(
            "{{\"type\":1,\"name_raw\":\"{}\",\"size\":3,\"payload\":null}}\n",
            STANDARD.encode(b"odd\xff")
        );
        let entries = [
            segment(b"head\0"),
            // As Go writes it.
            file("sub/a \\u003cb\\u003e", 3),
            segment(b""),
            file("sub/", 0),
            raw,
            file("./sub/a <b>", 3),
            file("/link/a <b>", 3),
            segment(&[0; 1024]),
        ];
        let expected = [&b"head\0ONETWOONEONE"[..], &[0; 1024]].concat();
        assert_eq!(check(&entries.concat(), dir.path()).unwrap(), expected);
        assert_eq!(check("", dir.path()).unwrap(), b"");
    }

    #[test]
    fn no_link_and_no_path_leads_out_of_the_layer() {
        let dir = tempfile::tempdir().unwrap();
        let layer = dir.path().join("layer");
        fs::create_dir(&layer).unwrap();
        put(&dir.path().join("secret"), b"KEY");
        symlink("../secret", layer.join("relative")).unwrap();
        symlink(dir.path().join("secret"), layer.join("absolute")).unwrap();
        symlink("..", layer.join("up")).unwrap();
        let outside = dir.path().join("secret");
        for name in ["relative", "absolute", "up/secret", "../secret", outside.to_str().unwrap()] {
            let error = check(&file(name, 3), &layer).unwrap_err();
            assert_eq!(error.code(), Code::LayerUnreadable, "{name}");
            assert!(error.context().contains(&(Fact::Entry, name)), "{error:?}");
        }
    }

    #[test]
    fn a_file_of_another_size_or_kind_or_none_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        put(&dir.path().join("four"), b"FOUR");
        fs::create_dir(dir.path().join("folder")).unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for (name, size) in [("four", 3), ("four", 5), ("folder", 1), ("fifo", 1), ("none", 1), ("", 1)] {
            let error = check(&[segment(b"head"), file(name, size)].concat(), dir.path()).unwrap_err();
            assert_eq!(error.code(), Code::LayerUnreadable, "{name} {size}");
        }
        // One that shrinks while it is read.
        let files = Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap();
        let entries = file("four", 4);
        let mut tar = TarSplit::new(entries.as_bytes(), files);
        tar.read_exact(&mut [0; 2]).unwrap();
        fs::OpenOptions::new().write(true).open(dir.path().join("four")).unwrap().set_len(2).unwrap();
        let error = Error::from_stream(Code::Read, tar.read(&mut [0; 2]).unwrap_err());
        assert_eq!(error.code(), Code::LayerUnreadable);
    }

    #[test]
    fn a_list_that_is_cut_short_malformed_or_too_long_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        let whole = segment(b"head");
        let unknown = "{\"type\":3}\n";
        let no_base64 = "{\"type\":2,\"payload\":\"?\"}\n";
        let negative = "{\"type\":1,\"name\":\"a\",\"size\":-1}\n";
        for bad in [&whole[..whole.len() / 2], unknown, no_base64, negative, "\n", "null\n"] {
            let error = check(&[&whole, bad].concat(), dir.path()).unwrap_err();
            assert_eq!(error.code(), Code::LayerUnreadable, "{bad}");
        }
        let largest = segment(&vec![7; MAX_ENTRY_BYTES / 4 * 3 - 64]);
        assert!(check(&largest, dir.path()).is_ok());
        let endless = "{\"type\":2,\"payload\":\"".to_owned() + &"A".repeat(2 * MAX_ENTRY_BYTES);
        assert_eq!(check(&endless, dir.path()).unwrap_err().code(), Code::Limit);

        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, whole.repeat(1000).as_bytes()).unwrap();
        let gzip = gzip.finish().unwrap();
        for len in [gzip.len() / 2, gzip.len() - 4] {
            let files = Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap();
            let entries = BufReader::new(MultiGzDecoder::new(&gzip[..len]));
            let read = TarSplit::new(entries, files).read_to_end(&mut Vec::new());
            let error = Error::from_stream(Code::Read, read.unwrap_err());
            assert_eq!(error.code(), Code::LayerUnreadable);
        }
    }
}
