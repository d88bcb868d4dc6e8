//! The two sections of recovery data as bytes: heads, hashes and checksums. docs/bundle-format.md §5.6.
//!
//! Bytes in, bytes out. What a section says is held against the shape before anything is done with it.

use bytes::BufMut;
use sha2::{Digest, Sha256};

use super::{
    super::{
        SetId, checked,
        volume::{FooterPlace, RECORD_HASHES, decode_footer, encode_entry, volume_root},
        with_checksum,
    },
    shape::{HEAD_BYTES, Shape},
};

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

/// The hashes of the recovery records of a volume, if `head` is whole.
pub(crate) fn recovery_hashes<'a>(
    shape: &Shape,
    set_id: &SetId,
    volume: u32,
    head: &'a [u8],
) -> Option<&'a [u8]> {
    let (fixed, rest) = head.split_at_checked(HEAD_BYTES as usize)?;
    let (hashes, sum) = rest.split_at_checked(rest.len().checked_sub(32)?)?;
    let is_whole = fixed == encode_head(SectionKind::Recovery, shape, set_id, volume)
        && hashes.len() as u64 == 32 * shape.recovery_span(volume).1
        && Sha256::digest(hashes)[..] == *sum;
    is_whole.then_some(hashes)
}

/// The section directory of a volume.
pub(crate) fn encode_directory(
    shape: &Shape,
    volume: u32,
    hashes_hash: &[u8; 32],
    recovery_head: &[u8],
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
    let recovery_hash = Sha256::digest(recovery_head).into();
    encode_entry(&mut out, RECOVERY_RECORDS, places.recovery_head, recovery_bytes, &recovery_hash);
    encode_entry(&mut out, COPIES, places.copies[1], copies_bytes, &[0; 32]);
    out
}

/// The volume root in the summary of a volume's trailer, if all of it is whole and of that volume (from 0). Whether it is a root
/// of the set, the set root tells.
pub(crate) fn decode_summary(shape: &Shape, set_id: &SetId, volume: u32, bytes: &[u8]) -> Option<[u8; 32]> {
    let (first_record, num_records) = shape.geometry.volume_span(volume);
    let (hashes, rest) = bytes.split_at_checked(32 * num_records as usize)?;
    let (recovery_head, end) = rest.split_at_checked(shape.recovery_head_bytes(volume) as usize)?;
    let (directory, footer) = end.split_at_checked(shape.directory_bytes() as usize)?;
    if shape.has_recovery() {
        recovery_hashes(shape, set_id, volume, recovery_head)?;
    }
    let directory_offset = shape.places(volume).directory;
    let place = FooterPlace { volume, first_record, num_records, directory_offset };
    let root = decode_footer(footer, set_id, &place, directory)?;
    let is_whole = encode_directory(shape, volume, &Sha256::digest(hashes).into(), recovery_head)
        == directory
        && volume_root(set_id, volume, first_record, hashes) == root;
    is_whole.then_some(root)
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
        let hashes = vec![5; 32 * shape.recovery_span(1).1 as usize];
        let head = encode_recovery_head(&shape, &[7; 32], 1, &hashes);
        assert_eq!(recovery_hashes(&shape, &[7; 32], 1, &head), Some(&hashes[..]));
        for cut in 0..head.len() {
            assert_eq!(recovery_hashes(&shape, &[7; 32], 1, &head[..cut]), None, "cut to {cut}");
        }
    }
}
