//! What a file or folder is, told by its content and never by its name.

use std::{
    fs::File,
    io::{self, BufRead, Read, Seek},
    path::Path,
};

use super::archive::Archive;
use crate::{
    bundle,
    error::{Code, Error, Fact, Result},
    fs::open_file,
    job::Ctx,
};

/// Compression of a whole file or of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
    Xz,
}

/// Most memory an xz or zstd stream may ask of its decoder: what their highest standard levels need.
const MAX_DECODER_BYTES: u64 = 160 << 20;

impl Compression {
    /// Told by the magic numbers of RFC 1952, RFC 8878 and the xz format.
    pub(super) fn of_magic(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else if head.starts_with(b"\xfd7zXZ\0") {
            Self::Xz
        } else {
            Self::None
        }
    }

    /// A reader of the uncompressed bytes.
    pub(super) fn decoder<R: BufRead + Send + 'static>(self, reader: R) -> Result<Box<dyn Read + Send>> {
        let bad = |e: io::Error| Error::new(Code::BadArchive).with(Fact::System, e);
        Ok(match self {
            Self::None => Box::new(reader),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(reader).map_err(bad)?;
                decoder.window_log_max(MAX_DECODER_BYTES.ilog2()).map_err(bad)?;
                Box::new(decoder)
            }
            Self::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(
                    MAX_DECODER_BYTES,
                    liblzma::stream::CONCATENATED,
                );
                let stream = stream.map_err(|e| bad(e.into()))?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(reader, stream))
            }
        })
    }
}

/// Compression of the whole file; the cursor goes back to the start.
pub(super) fn compression_of(file: &mut File) -> io::Result<Compression> {
    let mut head = Vec::new();
    file.take(8).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(Compression::of_magic(&head))
}

/// The transport that reads what lies at `path`.
///
/// # Errors
/// [`Code::NotASource`], or the likely mistake by name: a `docker export`, a mangled tar, a bundle.
pub(super) fn transport_of(ctx: &Ctx, path: &Path) -> Result<&'static str> {
    let metadata = std::fs::metadata(path).map_err(|e| Error::read(path, e))?;
    if metadata.is_dir() {
        return if path.join("oci-layout").is_file() || path.join("index.json").is_file() {
            Ok("oci")
        } else {
            Err(Error::new(Code::NotASource).at(path))
        };
    }
    let mut file = open_file(path)?;
    let mut head = Vec::new();
    Read::by_ref(&mut file).take(1024).read_to_end(&mut head).map_err(|e| Error::read(path, e))?;
    if let Some(code) = likely_mistake(&head) {
        return Err(Error::new(code).at(path));
    }
    let archive = Archive::open(ctx, path).map_err(|e| match e.code() {
        // No tar at all: not "malformed", just something else. A compressed one was meant to be a tar.
        Code::BadArchive | Code::SourceTruncated if !looks_like_tar(&head) => {
            Error::new(Code::NotASource).at(path)
        }
        _ => e,
    })?;
    if archive.contains("manifest.json") {
        Ok("docker-archive")
    } else if archive.contains("index.json") || archive.contains("oci-layout") {
        Ok("oci-archive")
    } else {
        Err(Error::new(not_an_image(&archive)).at(path))
    }
}

/// What a tar that holds no image is: a root file system, or just something else.
pub(super) fn not_an_image(archive: &Archive) -> Code {
    let is_root =
        |name: &str| ["etc/", "usr/", "bin/", "var/", "lib/"].iter().any(|dir| name.starts_with(dir));
    if archive.names().any(is_root) { Code::ContainerExport } else { Code::NotASource }
}

/// Whether a tar header, or a compressed file, begins here.
fn looks_like_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar") || Compression::of_magic(head) != Compression::None
}

fn likely_mistake(head: &[u8]) -> Option<Code> {
    let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    let utf8_bom = head.starts_with(b"\xef\xbb\xbf");
    if (utf16 || utf8_bom) && head.len() > 600 {
        Some(Code::TextMangled)
    } else if bundle::is_bundle_head(head) {
        Some(Code::NotASource)
    } else {
        None
    }
}
