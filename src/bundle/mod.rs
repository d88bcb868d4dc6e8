//! Bundle format v1, one on-disk structure per file. Normative text: docs/bundle-format.md.
//!
//! Knows bytes, files and one bundle key; `keyslot` gives the header's slots meaning, and nothing here
//! knows where images come from or go to.

mod commit;
mod delivery;
mod frame;
mod header;
mod index;
mod index_hashes;
mod keys;
mod leftovers;
mod pass;
mod reader;
mod record;
mod recovery;
mod rewrite;
mod schedule;
mod signatures;
mod statement;
mod streams;
mod tlv;
mod volume;
mod volume_piece;
mod writer;

pub(crate) use commit::{
    Named, ReadySet, Replaced, commit, leaving_part, locate_first, refuse_name, replaced_by, settle,
    settle_among, volume_named,
};
pub(crate) use delivery::DeliveryPart;
pub(crate) use frame::{FRAME_BYTES, Frame, compress};
pub(crate) use header::{COPY_BYTES, Fault, Header, MAX_SLOTS, Slot, decode_slots, encode_slots};
pub(crate) use index::{BlobEntry, Extent, ImageEntry, Index, MAX_BLOBS, MAX_IMAGES, MAX_NAMES};
pub(crate) use keys::BundleKeys;
pub(crate) use leftovers::Leftovers;
pub(crate) use pass::Piece;
pub(crate) use reader::{Bundle, OpenBundle};
pub(crate) use record::{DEFAULT_RECORD_BYTES, MAX_VOLUMES, RECORD_OVERHEAD, record_hash};
pub(crate) use recovery::{
    Damage, Given, Owner, Shape, Survey, SurveyedVolume, VolumeFiles, decode, encode, owner_of_first, pieces,
};
pub(crate) use rewrite::{LockedHeader, lock};
pub(crate) use signatures::VendorSignature;
pub use statement::Release;
pub(crate) use statement::{Statement, check_product, rfc3339};
pub(crate) use tlv::Tlv;
pub(crate) use volume::{
    FOOTER_BYTES, LATER_HEAD_BYTES, VolumeSet, encode_volume_head, footer_owner, head_owner, is_bundle_head,
    is_trailer_consistent, set_id_of, volume_path,
};
pub(crate) use volume_piece::VolumePiece;
pub(crate) use writer::{Additions, Begin, BundleWriter, Layout, Sealed};

/// Newest format version this program reads, and the one it writes.
pub(crate) const VERSION: u16 = 1;

/// Identity of one bundle: 32 random bytes, public.
pub(crate) type SetId = [u8; 32];

/// What a header copy, a volume head and a footer share: a SHA-256 over all their other bytes, at the end.
/// It finds damage without a key; the MACs find forgery.
fn with_checksum(mut block: Vec<u8>, len: usize) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    block.resize(len - 32, 0);
    let sum = Sha256::digest(&block);
    block.extend_from_slice(&sum);
    block
}

/// The bytes before the checksum, if it matches.
fn checked(block: &[u8]) -> Option<&[u8]> {
    use sha2::{Digest, Sha256};
    let (body, sum) = block.split_at_checked(block.len().checked_sub(32)?)?;
    (Sha256::digest(body)[..] == *sum).then_some(body)
}
