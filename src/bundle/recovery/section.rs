//! The two sections of recovery data as bytes: heads, hashes and checksums. docs/bundle-format.md §5.6.
//!
//! Bytes in, bytes out. What a section says is held against the shape before anything is done with it.

use bytes::BufMut;
use sha2::{Digest, Sha256};

use super::{
    super::{
        SetId, checked,
        record::VolumeRoot,
        volume::{FOOTER_BYTES, FooterPlace, RECORD_HASHES, decode_footer, encode_entry},
        with_checksum,
    },
    shape::{HEAD_BYTES, Shape},
};
use crate::error::Result;

/// Section kind: recovery records.
pub(crate) const RECOVERY_RECORDS: u32 = 2;
/// Section kind: copies of trailers.
pub(crate) const COPIES: u32 = 3;
const RECOVERY_MAGIC: &[u8; 8] = b"\x89SLFR\r\n\x1a";
const COPIES_MAGIC: &[u8; 8] = b"\x89SLFC\r\n\x1a";

/// Which of the two sections a head is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SectionKind {
    Recovery,
    Copies,
}

impl SectionKind {
    fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Recovery => RECOVERY_MAGIC,
            Self::Copies => COPIES_MAGIC,
        }
    }
}

/// The head of a section of volume `volume` (from 0).
pub(crate) fn encode_head(kind: SectionKind, shape: &Shape, set_id: &SetId, volume: u32) -> Vec<u8> {
    let (first, num) = match kind {
        SectionKind::Recovery => shape.recovery_span(volume),
        SectionKind::Copies => (u64::from(volume) + 1, shape.copied(volume).count() as u64),
    };
    let mut out = Vec::with_capacity(HEAD_BYTES as usize);
    out.put_slice(kind.magic());
    out.put_u32_le(volume + 1);
    out.put_u32_le(shape.per_group);
    out.put_slice(set_id);
    out.put_u64_le(first);
    out.put_u64_le(num);
    with_checksum(out, HEAD_BYTES as usize)
}

/// The shape that a head of volume `volume` (from 0) tells; `None` unless it is exactly the head of that shape.
pub(crate) fn decode_head(
    kind: SectionKind,
    head: &[u8],
    without: &Shape,
    set_id: &SetId,
    volume: u32,
) -> Option<Shape> {
    let per_group = u32::from_le_bytes(*checked(head)?.get(12..)?.first_chunk()?);
    let shape = Shape::new(without.geometry, per_group).filter(Shape::has_recovery)?;
    (encode_head(kind, &shape, set_id, volume) == head).then_some(shape)
}

/// Head, hashes and checksum: what stands before the recovery records of a volume.
pub(crate) fn encode_recovery_head(shape: &Shape, set_id: &SetId, volume: u32, hashes: &[u8]) -> Vec<u8> {
    let mut out = encode_head(SectionKind::Recovery, shape, set_id, volume);
    out.put_slice(hashes);
    out.put_slice(&Sha256::digest(hashes));
    out
}

/// The section directory of a volume; `recovery_hash` is that of the head of the recovery records.
pub(crate) fn encode_directory(
    shape: &Shape,
    volume: u32,
    hashes_hash: &[u8; 32],
    recovery_hash: &[u8; 32],
) -> Vec<u8> {
    let places = shape.places(volume);
    let copies_bytes = shape.copies_bytes(volume);
    let mut out = Vec::with_capacity(shape.directory_bytes() as usize);
    let hashes_bytes = 32 * shape.geometry.volume_span(volume).1;
    encode_entry(&mut out, RECORD_HASHES, places.hashes, hashes_bytes, hashes_hash);
    if !shape.has_recovery() {
        return out;
    }
    // Copies hold directories, so a directory cannot hold the hash of copies: they have checksums of their own.
    encode_entry(&mut out, COPIES, places.copies[0], copies_bytes, &[0; 32]);
    let recovery_bytes = places.copies[1] - places.recovery_head;
    // Of its head alone, which has the hash of every recovery record.
    encode_entry(&mut out, RECOVERY_RECORDS, places.recovery_head, recovery_bytes, recovery_hash);
    encode_entry(&mut out, COPIES, places.copies[1], copies_bytes, &[0; 32]);
    out
}

/// What was found in the summary of a volume's trailer.
pub(crate) struct CheckedSummary {
    /// The volume root. Whether it is a root of the set, the set root tells.
    pub(crate) root: [u8; 32],
    /// SHA-256 over all of it.
    pub(crate) sum: [u8; 32],
    pub(crate) footer: [u8; FOOTER_BYTES as usize],
}

/// Most bytes of a trailer in memory at a time: a header may tell of more hashes than there is memory for.
pub(crate) const PIECE_BYTES: u64 = 1 << 20;

/// Pieces of so many bytes: the offset of each, and its length.
pub(crate) fn pieces(len: u64) -> impl Iterator<Item = (u64, usize)> {
    (0..len).step_by(PIECE_BYTES as usize).map(move |at| (at, (len - at).min(PIECE_BYTES) as usize))
}

/// Checks the summary of the trailer of volume `volume` (from 0) piece by piece; `None` unless all of it is whole and of that
/// volume. `read` fills a buffer from an offset in it. `keep` is given all record hashes, with the offset of each piece.
pub(crate) fn check_summary(
    shape: &Shape,
    set_id: &SetId,
    volume: u32,
    read: &dyn Fn(u64, &mut [u8]) -> Result<()>,
    keep: &mut dyn FnMut(u64, &[u8]),
) -> Result<Option<CheckedSummary>> {
    let (first_record, num_records) = shape.geometry.volume_span(volume);
    let hashes_bytes = 32 * num_records;
    let head_bytes = shape.recovery_head_bytes(volume);
    let mut end = vec![0; (shape.directory_bytes() + FOOTER_BYTES) as usize];
    read(hashes_bytes + head_bytes, &mut end)?;
    let (directory, footer) = end.split_at(shape.directory_bytes() as usize);
    let place =
        FooterPlace { volume, first_record, num_records, directory_offset: shape.places(volume).directory };
    // Before anything long is read.
    let Some(root) = decode_footer(footer, set_id, &place, directory) else { return Ok(None) };

    let (mut sum, mut hashes_sum) = (Sha256::new(), Sha256::new());
    let mut found_root = VolumeRoot::new(set_id, volume + 1, first_record, num_records);
    let mut buf = Vec::new();
    for (at, len) in pieces(hashes_bytes) {
        buf.resize(len, 0);
        read(at, &mut buf)?;
        sum.update(&buf);
        hashes_sum.update(&buf);
        found_root.update(&buf);
        keep(at, &buf);
    }
    let mut head_sum = Sha256::new();
    if shape.has_recovery() {
        let mut listed_sum = Sha256::new();
        let list_end = head_bytes - 32;
        buf.resize(HEAD_BYTES as usize, 0);
        read(hashes_bytes, &mut buf)?;
        let mut is_whole = buf == encode_head(SectionKind::Recovery, shape, set_id, volume);
        sum.update(&buf);
        head_sum.update(&buf);
        for (at, len) in pieces(list_end - HEAD_BYTES) {
            buf.resize(len, 0);
            read(hashes_bytes + HEAD_BYTES + at, &mut buf)?;
            sum.update(&buf);
            head_sum.update(&buf);
            listed_sum.update(&buf);
        }
        buf.resize(32, 0);
        read(hashes_bytes + list_end, &mut buf)?;
        is_whole &= buf == listed_sum.finalize()[..];
        sum.update(&buf);
        head_sum.update(&buf);
        if !is_whole {
            return Ok(None);
        }
    }
    sum.update(&end);
    let right = encode_directory(shape, volume, &hashes_sum.finalize().into(), &head_sum.finalize().into());
    let Some(footer) = footer.first_chunk().filter(|_| right == directory && found_root.finish() == root)
    else {
        return Ok(None);
    };
    Ok(Some(CheckedSummary { root, sum: sum.finalize().into(), footer: *footer }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::record::Geometry;

    #[test]
    fn heads_are_taken_only_at_their_place_and_unaltered() {
        let geometry = Geometry {
            record_bytes: 1 << 16,
            volume_records: 3,
            num_volumes: 2,
            num_records: 5,
            payload_bytes: 4 * 65536 + 10,
            index_offset: 100,
            index_bytes: 4 * 65536 + 10 - 100,
        };
        let without = Shape { geometry, per_group: 0 };
        let shape = Shape::of_percent(geometry, 40);
        for kind in [SectionKind::Recovery, SectionKind::Copies] {
            let head = encode_head(kind, &shape, &[7; 32], 1);
            assert_eq!(decode_head(kind, &head, &without, &[7; 32], 1), Some(shape));
            assert_eq!(decode_head(kind, &head, &without, &[7; 32], 0), None);
            assert_eq!(decode_head(kind, &head, &without, &[8; 32], 1), None);
            for bit in 0..head.len() * 8 {
                let mut flipped = head.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(decode_head(kind, &flipped, &without, &[7; 32], 1), None, "bit {bit}");
            }
            // A right checksum does not make a number of recovery records right.
            for per_group in [0, 6, u32::MAX] {
                let mut forged = head[..64].to_vec();
                forged[12..16].copy_from_slice(&u32::to_le_bytes(per_group));
                let forged = with_checksum(forged, 96);
                assert_eq!(decode_head(kind, &forged, &without, &[7; 32], 1), None, "{per_group}");
            }
        }
    }
}
