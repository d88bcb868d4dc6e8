//! Volumes: the files of a bundle, their heads and trailers. docs/bundle-format.md §1 and §5.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use bytes::BufMut;
use sha2::{Digest, Sha256};

use super::{
    SetId, VERSION, checked,
    commit::locate,
    header::{COPY_BYTES, Header, MAGIC},
    index_hashes::IndexHashes,
    keys::BundleKeys,
    record::{Geometry, RECORD_OVERHEAD, VolumeRoot, set_root},
    recovery::pieces,
    with_checksum,
};
use crate::{
    error::{Code, Error, Fact, Result},
    fs::{open_file, read_exact_at, with_suffix},
    job::Ctx,
};

/// Where the records of volume 1 begin: behind both header copies.
pub(crate) const FIRST_HEAD_BYTES: u64 = 2 * COPY_BYTES as u64;
/// Where the records of later volumes begin.
pub(crate) const LATER_HEAD_BYTES: u64 = 4096;
const VOLUME_MAGIC: &[u8; 8] = b"\x89SLFV\r\n\x1a";
const FOOTER_MAGIC: &[u8; 8] = b"\x89SLFE\r\n\x1a";
/// Bytes of the footer, the last of every volume.
pub(crate) const FOOTER_BYTES: u64 = 256;
/// Bytes of the footer that the volume MAC covers.
const FOOTER_MACED_BYTES: usize = 192;
/// Bytes of one directory entry.
pub(super) const ENTRY_BYTES: u64 = 56;
/// Most sections of a trailer.
const MAX_SECTIONS: u64 = 64;
/// Section kind: SHA-256 of each record, in order.
pub(super) const RECORD_HASHES: u32 = 1;
/// Section flag: a reader that does not know the kind must refuse.
const CRITICAL: u32 = 1;

/// File name of volume `volume` (from 0) of the bundle at `path`: `NAME`, `NAME.0002`, `NAME.0003`, …
pub(crate) fn volume_path(path: &Path, volume: u32) -> PathBuf {
    if volume == 0 { path.to_owned() } else { with_suffix(path, &format!(".{:04}", volume + 1)) }
}

/// Whether a file that begins so is the first volume of a bundle, whole or not.
pub(crate) fn is_bundle_head(head: &[u8]) -> bool {
    head.starts_with(&MAGIC[..5])
}

/// Whether a file that begins so is a later volume of a bundle.
pub(crate) fn is_volume_head(head: &[u8]) -> bool {
    head.starts_with(&VOLUME_MAGIC[..5])
}

/// The set that a file which begins so is a volume of, sealed or not.
pub(crate) fn set_id_of(head: &[u8]) -> Option<SetId> {
    let at = match head.first_chunk::<8>()? {
        magic if magic == MAGIC => 24,
        magic if magic == VOLUME_MAGIC => 16,
        _ => return None,
    };
    head.get(at..)?.first_chunk().copied()
}

/// Bytes before the records of volume `volume` (from 0).
pub(crate) fn head_bytes(volume: u32) -> u64 {
    if volume == 0 { FIRST_HEAD_BYTES } else { LATER_HEAD_BYTES }
}

/// Bytes behind the records of a volume with `num_records`.
fn trailer_bytes(num_records: u64) -> u64 {
    32 * num_records + ENTRY_BYTES + FOOTER_BYTES
}

/// Full records that fit in a volume of `volume_bytes`, counted for volume 1, whose head is the largest.
pub(crate) fn records_per_volume(volume_bytes: u64, record_bytes: u32) -> u32 {
    let room = volume_bytes.saturating_sub(FIRST_HEAD_BYTES + trailer_bytes(0));
    u32::try_from(room / (u64::from(record_bytes) + RECORD_OVERHEAD + 32)).unwrap_or(u32::MAX)
}

/// Head of a volume after the first (`volume` from 0).
pub(crate) fn encode_volume_head(set_id: &SetId, volume: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(LATER_HEAD_BYTES as usize);
    out.put_slice(VOLUME_MAGIC);
    out.put_u16_le(VERSION);
    out.put_u16_le(0);
    out.put_u32_le(volume + 1);
    out.put_slice(set_id);
    with_checksum(out, LATER_HEAD_BYTES as usize)
}

/// Trailer of a finished volume without recovery data: hashes, directory, footer. Returns it with the volume root.
pub(crate) fn encode_trailer(
    keys: &BundleKeys,
    volume: u32,
    first_record: u64,
    records_end: u64,
    hashes: &[u8],
) -> (Vec<u8>, [u8; 32]) {
    let root = volume_root(keys.set_id(), volume, first_record, hashes);
    let mut directory = Vec::with_capacity(ENTRY_BYTES as usize);
    let hashes_bytes = hashes.len() as u64;
    encode_entry(&mut directory, RECORD_HASHES, records_end, hashes_bytes, &Sha256::digest(hashes).into());
    let place = FooterPlace {
        volume,
        first_record,
        num_records: hashes_bytes / 32,
        directory_offset: records_end + hashes_bytes,
    };
    let footer = encode_footer(keys, &place, &directory, &root);
    ([hashes, &directory, &footer].concat(), root)
}

/// Root over the record hashes of volume `volume` (from 0).
pub(super) fn volume_root(set_id: &SetId, volume: u32, first_record: u64, hashes: &[u8]) -> [u8; 32] {
    let mut root = VolumeRoot::new(set_id, volume + 1, first_record, hashes.len() as u64 / 32);
    root.update(hashes);
    root.finish()
}

/// Appends an entry of the section directory. Record hashes alone are critical.
pub(super) fn encode_entry(directory: &mut Vec<u8>, kind: u32, offset: u64, len: u64, hash: &[u8; 32]) {
    directory.put_u32_le(kind);
    directory.put_u32_le(if kind == RECORD_HASHES { CRITICAL } else { 0 });
    directory.put_u64_le(offset);
    directory.put_u64_le(len);
    directory.put_slice(hash);
}

/// The root and the directory's hash in a footer, if it is whole and that of `place`.
pub(super) fn decode_footer(
    footer: &[u8],
    set_id: &SetId,
    place: &FooterPlace,
    directory: &[u8],
) -> Option<[u8; 32]> {
    let body = checked(footer).filter(|body| body.starts_with(FOOTER_MAGIC))?;
    let end = place.directory_offset + directory.len() as u64 + FOOTER_BYTES;
    let fields = [place.first_record, place.num_records, place.directory_offset, directory.len() as u64];
    let is_of_place = body[12..16] == (place.volume + 1).to_le_bytes()
        && body[16..48] == *set_id
        && body[48..80] == fields.map(u64::to_le_bytes).concat()
        && body[80..112] == Sha256::digest(directory)[..]
        && body[144..152] == end.to_le_bytes();
    body.get(112..144)?.try_into().ok().filter(|_| is_of_place)
}

/// Whether a whole footer was written by a holder of the bundle key.
pub(super) fn is_footer_authentic(keys: &BundleKeys, footer: &[u8]) -> bool {
    let mac = footer.get(FOOTER_MACED_BYTES..).and_then(<[u8]>::first_chunk);
    mac.is_some_and(|mac| keys.verify_volume_mac(&footer[..FOOTER_MACED_BYTES], mac))
}

/// The set and the volume (from 0) that a whole footer names.
pub(crate) fn footer_owner(footer: &[u8]) -> Option<(SetId, u32)> {
    let body = checked(footer).filter(|body| body.starts_with(FOOTER_MAGIC))?;
    let number = u32::from_le_bytes(*body.get(12..)?.first_chunk()?);
    Some((*body.get(16..)?.first_chunk()?, number.checked_sub(1)?))
}

/// Whether the trailer at the end of volume `volume` (from 0) of a set is one by itself: the footer's directory has the record
/// hashes of the footer's root. Whether they are those of the bundle, only its header tells.
pub(crate) fn is_trailer_consistent(ctx: &Ctx, path: &Path, set_id: &SetId, volume: u32) -> Result<bool> {
    let file = open_file(path)?;
    let len = file.metadata().map_err(|e| Error::read(path, e))?.len();
    let mut footer = [0; FOOTER_BYTES as usize];
    let Some(footer_at) = len.checked_sub(FOOTER_BYTES) else { return Ok(false) };
    let is_read = read_exact_at(&file, &mut footer, footer_at).is_ok();
    if !is_read || footer_owner(&footer) != Some((*set_id, volume)) {
        return Ok(false);
    }
    let u64_at = |at: usize| footer[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, num) = (u64_at(48), u64_at(56));
    // As many hashes as fit into the file at most.
    let found = (num <= len / 32)
        .then(|| check_directory(&file, path, u64_at(64), u64_at(72), &footer[80..112], num, len));
    let Some(Ok(hashes_at)) = found else { return Ok(false) };
    let mut root = VolumeRoot::new(set_id, volume + 1, first, num);
    let mut buf = Vec::new();
    for (at, piece) in pieces(32 * num) {
        ctx.checkpoint()?;
        buf.resize(piece, 0);
        if read_exact_at(&file, &mut buf, hashes_at + at).is_err() {
            return Ok(false);
        }
        root.update(&buf);
    }
    Ok(root.finish()[..] == footer[112..144])
}

/// The set and the volume (from 0) that a whole volume head names.
pub(crate) fn head_owner(head: &[u8]) -> Option<(SetId, u32)> {
    let body = checked(head).filter(|body| body.starts_with(VOLUME_MAGIC))?;
    let number = u32::from_le_bytes(*body.get(12..)?.first_chunk()?);
    Some((*body.get(16..)?.first_chunk()?, number.checked_sub(1)?))
}

/// What a footer says of its volume.
pub(super) struct FooterPlace {
    /// From 0.
    pub(super) volume: u32,
    pub(super) first_record: u64,
    pub(super) num_records: u64,
    pub(super) directory_offset: u64,
}

/// The footer, which follows the directory at once.
pub(super) fn encode_footer(
    keys: &BundleKeys,
    place: &FooterPlace,
    directory: &[u8],
    root: &[u8; 32],
) -> Vec<u8> {
    let mut footer = Vec::with_capacity(FOOTER_BYTES as usize);
    footer.put_slice(FOOTER_MAGIC);
    footer.put_u16_le(VERSION);
    footer.put_u16_le(0);
    footer.put_u32_le(place.volume + 1);
    footer.put_slice(keys.set_id());
    footer.put_u64_le(place.first_record);
    footer.put_u64_le(place.num_records);
    footer.put_u64_le(place.directory_offset);
    footer.put_u64_le(directory.len() as u64);
    footer.put_slice(&Sha256::digest(directory));
    footer.put_slice(root);
    footer.put_u64_le(place.directory_offset + directory.len() as u64 + FOOTER_BYTES);
    footer.resize(FOOTER_MACED_BYTES, 0);
    let mac = keys.volume_mac(&footer);
    footer.put_slice(&mac);
    with_checksum(footer, FOOTER_BYTES as usize)
}

/// One open volume.
#[derive(Debug)]
struct Volume {
    /// Kept open for the first volumes only, as a process may have few files; later ones are opened anew.
    file: Option<File>,
    path: PathBuf,
    /// Where the record hashes begin.
    hashes_offset: u64,
    /// What the volume MAC covers, and the MAC.
    footer: [u8; FOOTER_MACED_BYTES],
    mac: [u8; 32],
}

/// Volumes kept open.
const MAX_OPEN_VOLUMES: u32 = 256;

impl Volume {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        let opened;
        let file = if let Some(file) = &self.file {
            file
        } else {
            opened = open_file(&self.path)?;
            &opened
        };
        read_exact_at(file, buf, offset).map_err(|e| Error::read(&self.path, e))
    }
}

/// All volumes of a bundle, checked to be there, whole in length, and of one set.
#[derive(Debug)]
pub(crate) struct VolumeSet {
    geometry: Geometry,
    set_id: SetId,
    volumes: Vec<Volume>,
}

impl VolumeSet {
    /// Opens the volumes of the bundle at `path`. Volume roots are compared with the set root, so the
    /// shape is right; the hashes and records themselves are not read yet.
    pub(crate) fn open(path: &Path, header: &Header) -> Result<Self> {
        let mut volumes = Vec::new();
        let mut roots = Vec::new();
        for volume in 0..header.geometry.num_volumes {
            let path = locate(path, volume, &header.set_id);
            let file = open_file(&path).map_err(|e| match e.code() {
                Code::NotFound => Error::new(Code::VolumeMissing)
                    .with(Fact::Volume, format!("{} / {}", volume + 1, header.geometry.num_volumes))
                    .at(&path),
                _ => e,
            })?;
            let (opened, root) = open_volume(file, path.clone(), volume, header)
                .map_err(|e| e.or_with(Fact::Volume, volume + 1).at(&path))?;
            volumes.push(opened);
            roots.push(root);
        }
        if set_root(&header.set_id, &roots) != header.set_root {
            return Err(Error::new(Code::RootMismatch).at(path));
        }
        Ok(Self { geometry: header.geometry, set_id: header.set_id, volumes })
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The set that they are of.
    pub(crate) fn set_id(&self) -> &SetId {
        &self.set_id
    }

    /// The file of volume `volume` (from 0).
    pub(crate) fn path(&self, volume: u32) -> &Path {
        &self.volumes[volume as usize].path
    }

    /// Its length, as its footer has it.
    pub(crate) fn file_bytes(&self, volume: u32) -> u64 {
        let footer = &self.volumes[volume as usize].footer;
        footer[144..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Any bytes of its file.
    pub(super) fn read_file(&self, volume: u32, buf: &mut [u8], offset: u64) -> Result<()> {
        self.volumes[volume as usize].read_exact_at(buf, offset)
    }

    /// Bytes of record `number` on disk, into `buf`.
    pub(crate) fn read_record(&self, number: u64, buf: &mut Vec<u8>) -> Result<()> {
        let geometry = &self.geometry;
        let volume_number = geometry.volume_of(number);
        let volume = &self.volumes[volume_number as usize];
        let within = number - geometry.volume_span(volume_number).0;
        let offset =
            head_bytes(volume_number) + within * (u64::from(geometry.record_bytes) + RECORD_OVERHEAD);
        buf.resize(geometry.plain_len(number) + RECORD_OVERHEAD as usize, 0);
        volume.read_exact_at(buf, offset).map_err(|e| e.with(Fact::Record, number))
    }

    /// The file that holds record `number`, for error texts.
    pub(crate) fn record_path(&self, number: u64) -> &Path {
        &self.volumes[self.geometry.volume_of(number) as usize].path
    }

    /// SHA-256 values of `num` records from `first`, which must lie in one volume.
    pub(crate) fn read_hashes(&self, first: u64, num: usize) -> Result<Vec<u8>> {
        let volume_number = self.geometry.volume_of(first);
        let volume = &self.volumes[volume_number as usize];
        let mut hashes = vec![0; 32 * num];
        let within = first - self.geometry.volume_span(volume_number).0;
        volume.read_exact_at(&mut hashes, volume.hashes_offset + 32 * within)?;
        Ok(hashes)
    }

    /// Reads all record hashes and checks them against the volume roots, and so the header's set root. Returns those of the
    /// records that hold the index.
    pub(crate) fn check_hashes(&self, ctx: &Ctx) -> Result<IndexHashes> {
        const BATCH: u64 = 1 << 15;
        let mut index_hashes = IndexHashes::of(&self.geometry);
        for (volume, opened) in (0..).zip(&self.volumes) {
            let (first, num) = self.geometry.volume_span(volume);
            let mut root = VolumeRoot::new(&self.set_id, volume + 1, first, num);
            for start in (first..first + num).step_by(BATCH as usize) {
                let len = (first + num - start).min(BATCH) as usize;
                ctx.checkpoint()?;
                let hashes = self.read_hashes(start, len)?;
                root.update(&hashes);
                index_hashes.keep(start, &hashes);
            }
            if root.finish()[..] != opened.footer[112..144] {
                return Err(Error::new(Code::RootMismatch).with(Fact::Volume, volume + 1).at(&opened.path));
            }
        }
        Ok(index_hashes)
    }

    /// Whether every footer was written by a holder of the bundle key.
    pub(crate) fn check_macs(&self, keys: &BundleKeys) -> Result<()> {
        for (number, volume) in (1..).zip(&self.volumes) {
            if !keys.verify_volume_mac(&volume.footer, &volume.mac) {
                return Err(Error::new(Code::RootMismatch).with(Fact::Volume, number).at(&volume.path));
            }
        }
        Ok(())
    }
}

/// Checks head, length, footer and directory of one volume; returns it with its root.
fn open_volume(file: File, path: PathBuf, volume: u32, header: &Header) -> Result<(Volume, [u8; 32])> {
    let geometry = &header.geometry;
    let (first, num) = geometry.volume_span(volume);
    let records_end = head_bytes(volume) + geometry.volume_records_bytes(volume);
    let len = file.metadata().map_err(|e| Error::read(&path, e))?.len();
    if volume > 0 {
        check_volume_head(&file, &path, volume, header)?;
    }
    let truncated =
        |expected: u64| Error::new(Code::Truncated).with(Fact::Expected, expected).with(Fact::Found, len);
    if len < records_end + trailer_bytes(num) {
        return Err(truncated(records_end + trailer_bytes(num)));
    }
    let mut block = [0; FOOTER_BYTES as usize];
    read_exact_at(&file, &mut block, len - FOOTER_BYTES).map_err(|e| Error::read(&path, e))?;
    let body = match checked(&block) {
        Some(body) if body.starts_with(FOOTER_MAGIC) => body,
        // A damaged footer in its place, or a file cut or grown so that another place is its end.
        _ if len == records_end + trailer_bytes(num) => return Err(Error::new(Code::RootMismatch)),
        _ => return Err(truncated(records_end + trailer_bytes(num))),
    };
    let footer: [u8; FOOTER_MACED_BYTES] =
        body[..FOOTER_MACED_BYTES].try_into().map_err(|_| truncated(len))?;
    let u64_at = |offset: usize| footer[offset..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let number = footer[12..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    if number != volume + 1 || footer[16..48] != header.set_id || u64_at(48) != first || u64_at(56) != num {
        return Err(foreign(number, &footer[16..48]));
    }
    if u64_at(144) != len {
        return Err(truncated(u64_at(144)));
    }
    let hashes_offset = check_directory(&file, &path, u64_at(64), u64_at(72), &footer[80..112], num, len)?;
    let mac = body[FOOTER_MACED_BYTES..].try_into().map_err(|_| truncated(len))?;
    let root = footer[112..144].try_into().map_err(|_| truncated(len))?;
    let file = (volume < MAX_OPEN_VOLUMES).then_some(file);
    Ok((Volume { file, path, hashes_offset, footer, mac }, root))
}

fn foreign(number: u32, set_id: &[u8]) -> Error {
    Error::new(Code::VolumeForeign).worded(
        Fact::Found,
        "found-volume",
        &[("number", number.to_string()), ("set", crate::digest::hex(&set_id[..8]))],
    )
}

fn check_volume_head(file: &File, path: &Path, volume: u32, header: &Header) -> Result<()> {
    let mut head = vec![0; LATER_HEAD_BYTES as usize];
    read_exact_at(file, &mut head, 0).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::new(Code::Truncated),
        _ => Error::read(path, e),
    })?;
    let Some(body) = checked(&head) else {
        let code = if is_volume_head(&head) { Code::RootMismatch } else { Code::VolumeForeign };
        return Err(Error::new(code).worded(Fact::Detail, "detail-volume-head", &[]));
    };
    if body == &encode_volume_head(&header.set_id, volume)[..LATER_HEAD_BYTES as usize - 32] {
        return Ok(());
    }
    let number = body[12..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    Err(foreign(number, &body[16..48]))
}

/// Finds the record hashes in the directory of sections; other kinds are skipped unless critical.
fn check_directory(
    file: &File,
    path: &Path,
    offset: u64,
    len: u64,
    expected_hash: &[u8],
    num_records: u64,
    file_len: u64,
) -> Result<u64> {
    let broken = || Error::new(Code::RootMismatch).worded(Fact::Detail, "detail-section-directory", &[]);
    let end = offset.checked_add(len).filter(|end| *end <= file_len - FOOTER_BYTES).ok_or_else(broken)?;
    if len == 0 || !len.is_multiple_of(ENTRY_BYTES) || len / ENTRY_BYTES > MAX_SECTIONS {
        return Err(broken());
    }
    let mut directory = vec![0; len as usize];
    read_exact_at(file, &mut directory, offset).map_err(|e| Error::read(path, e))?;
    if Sha256::digest(&directory)[..] != *expected_hash {
        return Err(broken());
    }
    let mut hashes_offset = None;
    for entry in directory.chunks_exact(ENTRY_BYTES as usize) {
        let u32_at = |at: usize| entry[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let u64_at = |at: usize| entry[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let (section_offset, section_len) = (u64_at(8), u64_at(16));
        let inside = section_offset.checked_add(section_len).is_some_and(|section_end| section_end <= end);
        match (u32_at(0), u32_at(4) & CRITICAL != 0) {
            (RECORD_HASHES, _) if inside && section_len == 32 * num_records && hashes_offset.is_none() => {
                hashes_offset = Some(section_offset);
            }
            (RECORD_HASHES, _) => return Err(broken()),
            (kind, true) => {
                let section = [("number", kind.to_string())];
                return Err(Error::new(Code::UnknownCritical).worded(Fact::Found, "found-section", &section));
            }
            (_, false) => {}
        }
    }
    hashes_offset.ok_or_else(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_never_exceed_the_size_asked_for() {
        for volume_bytes in [2 << 20, 3_000_000, 650 << 20, (4 << 30) - 1_u64] {
            let num = u64::from(records_per_volume(volume_bytes, 1 << 20));
            let len = |num: u64| FIRST_HEAD_BYTES + num * ((1 << 20) + RECORD_OVERHEAD) + trailer_bytes(num);
            assert!(num > 0 && len(num) <= volume_bytes && len(num + 1) > volume_bytes, "{volume_bytes}");
        }
        assert_eq!(records_per_volume(1 << 20, 1 << 20), 0);
    }

    #[test]
    fn volume_names_sort_and_keep_the_extension_on_the_first() {
        assert_eq!(volume_path(Path::new("d/a.sealift"), 0), Path::new("d/a.sealift"));
        assert_eq!(volume_path(Path::new("d/a.sealift"), 1), Path::new("d/a.sealift.0002"));
        assert_eq!(volume_path(Path::new("d/a.sealift"), 9_998), Path::new("d/a.sealift.9999"));
    }
}
