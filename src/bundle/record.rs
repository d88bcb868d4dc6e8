//! Records: the sealed byte space, and the arithmetic that places them. docs/bundle-format.md §2.

use std::{
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use super::{SetId, keys::BundleKeys};
use crate::crypto::{Aead, NONCE_BYTES, TAG_BYTES, random};

/// Plaintext bytes in every record but the last, as written.
pub(crate) const DEFAULT_RECORD_BYTES: u32 = 1 << 20;
/// What sealing adds to each record.
pub(crate) const RECORD_OVERHEAD: u64 = (NONCE_BYTES + TAG_BYTES) as u64;
/// Most records of a bundle.
const MAX_RECORDS: u64 = 1 << 32;
/// Most volumes of a bundle.
pub(crate) const MAX_VOLUMES: u32 = 9_999;

/// Whether readers accept this record size: a power of two from 64 KiB to 16 MiB.
pub(crate) fn is_valid_record_bytes(record_bytes: u32) -> bool {
    record_bytes.is_power_of_two() && (1 << 16..=1 << 24).contains(&record_bytes)
}

/// The public shape of the byte space: equal records, cut into volumes of equally many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Plaintext bytes in every record but the last.
    pub(crate) record_bytes: u32,
    /// Records in every volume but the last; 0 when there is only one volume.
    pub(crate) volume_records: u32,
    pub(crate) num_volumes: u32,
    pub(crate) num_records: u64,
    /// Plaintext bytes of all records: frames, then the index.
    pub(crate) payload_bytes: u64,
    /// Where the index begins in the plaintext.
    pub(crate) index_offset: u64,
    pub(crate) index_bytes: u64,
}

impl Geometry {
    /// Checks every rule between the fields, so that later arithmetic cannot overflow or disagree.
    pub(crate) fn is_valid(&self) -> bool {
        let record_bytes = u64::from(self.record_bytes);
        let volume_records = u64::from(self.volume_records);
        is_valid_record_bytes(self.record_bytes)
            && (1..=MAX_RECORDS).contains(&self.num_records)
            && self.payload_bytes > (self.num_records - 1) * record_bytes
            && self.payload_bytes <= self.num_records * record_bytes
            && match (self.num_volumes, volume_records) {
                (1, 0) => true,
                (2..=MAX_VOLUMES, 1..) => {
                    self.num_records.div_ceil(volume_records) == u64::from(self.num_volumes)
                }
                _ => false,
            }
            && self.index_bytes > 0
            && self.index_offset.checked_add(self.index_bytes) == Some(self.payload_bytes)
    }

    /// Plaintext bytes of record `number`.
    pub(crate) fn plain_len(&self, number: u64) -> usize {
        let record_bytes = u64::from(self.record_bytes);
        // At most 16 MiB, so it fits any usize.
        (self.payload_bytes - number * record_bytes).min(record_bytes) as usize
    }

    /// First record and number of records of volume `volume` (from 0).
    pub(crate) fn volume_span(&self, volume: u32) -> (u64, u64) {
        if self.num_volumes == 1 {
            return (0, self.num_records);
        }
        let first = u64::from(volume) * u64::from(self.volume_records);
        (first, (self.num_records - first).min(u64::from(self.volume_records)))
    }

    /// The volume (from 0) that holds record `number`.
    pub(crate) fn volume_of(&self, number: u64) -> u32 {
        // Bounded by num_volumes for every record that exists.
        if self.num_volumes == 1 { 0 } else { (number / u64::from(self.volume_records)) as u32 }
    }

    /// Numbers of the records that hold a part of the index.
    pub(crate) fn index_records(&self) -> Range<u64> {
        self.index_offset / u64::from(self.record_bytes)..self.num_records
    }

    /// Bytes that the records of volume `volume` (from 0) take on disk.
    pub(crate) fn volume_records_bytes(&self, volume: u32) -> u64 {
        let (first, num) = self.volume_span(volume);
        let plain = self.payload_bytes.min((first + num) * u64::from(self.record_bytes))
            - first * u64::from(self.record_bytes);
        plain + num * RECORD_OVERHEAD
    }
}

/// Bound into every record: its place and whether it is the last, so records can neither move nor be cut off.
fn aad(number: u64, is_last: bool) -> [u8; 9] {
    let mut aad = [0; 9];
    aad[..8].copy_from_slice(&number.to_le_bytes());
    aad[8] = u8::from(is_last);
    aad
}

/// A record as it lies on disk.
pub(crate) struct SealedRecord {
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: [u8; 32],
    /// Whether an interrupted run wrote these very bytes to its place.
    pub(crate) is_there: bool,
}

/// SHA-256 of a record's bytes on disk: what a volume's trailer lists.
pub(crate) fn record_hash(sealed: &[u8]) -> [u8; 32] {
    Sha256::digest(sealed).into()
}

/// Seals and opens records of one bundle; shared by threads.
pub(crate) struct RecordCipher {
    keys: Arc<BundleKeys>,
    /// The cipher last used, by segment. One segment is 1 TiB, so it almost never changes.
    current: RwLock<(u64, Arc<Aead>)>,
}

impl RecordCipher {
    pub(crate) fn new(keys: Arc<BundleKeys>) -> Self {
        let first = Arc::new(keys.payload(0));
        Self { keys, current: RwLock::new((0, first)) }
    }

    fn cipher(&self, number: u64) -> Arc<Aead> {
        let segment = BundleKeys::payload_segment(number);
        {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            if current.0 == segment {
                return Arc::clone(&current.1);
            }
        }
        let cipher = Arc::new(self.keys.payload(segment));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (segment, Arc::clone(&cipher));
        cipher
    }

    /// Seals `buf`, which holds room for the nonce and then the plaintext; see [`new_record_buf`].
    pub(crate) fn seal(&self, number: u64, is_last: bool, mut buf: Vec<u8>) -> SealedRecord {
        // Random, not counted: a resumed export that re-reads changed data would repeat a counter.
        let nonce: [u8; NONCE_BYTES] = random();
        buf[..NONCE_BYTES].copy_from_slice(&nonce);
        let tag = self.cipher(number).seal(&nonce, &aad(number, is_last), &mut buf[NONCE_BYTES..]);
        buf.extend_from_slice(&tag);
        SealedRecord { hash: record_hash(&buf), bytes: buf, is_there: false }
    }

    /// Opens a record in place and returns its plaintext, which is then [`plain_of`] it; `None` when it is
    /// damaged, moved or forged.
    pub(crate) fn open<'a>(&self, number: u64, is_last: bool, sealed: &'a mut [u8]) -> Option<&'a [u8]> {
        let (nonce, rest) = sealed.split_first_chunk_mut::<NONCE_BYTES>()?;
        let (plain, tag) = rest.split_last_chunk_mut::<TAG_BYTES>()?;
        self.cipher(number).open(nonce, &aad(number, is_last), plain, tag).ok()?;
        Some(plain)
    }
}

/// The plaintext of a record that was opened in place.
pub(crate) fn plain_of(opened: &[u8]) -> &[u8] {
    opened.get(NONCE_BYTES..opened.len().saturating_sub(TAG_BYTES)).unwrap_or_default()
}

/// A buffer for [`RecordCipher::seal`]: room for the nonce, capacity for a whole record and its tag.
pub(crate) fn new_record_buf(record_bytes: u32) -> Vec<u8> {
    let mut buf = Vec::with_capacity(NONCE_BYTES + record_bytes as usize + TAG_BYTES);
    buf.resize(NONCE_BYTES, 0);
    buf
}

/// Root over the record hashes of one volume. docs/bundle-format.md §5.
pub(crate) struct VolumeRoot(Sha256);

impl VolumeRoot {
    pub(crate) fn new(set_id: &SetId, volume_number: u32, first_record: u64, num_records: u64) -> Self {
        let mut hasher = Sha256::new_with_prefix(b"sealift/v1/volume-root");
        hasher.update(set_id);
        hasher.update(volume_number.to_le_bytes());
        hasher.update(first_record.to_le_bytes());
        hasher.update(num_records.to_le_bytes());
        Self(hasher)
    }

    /// Adds record hashes, in order.
    pub(crate) fn update(&mut self, hashes: &[u8]) {
        self.0.update(hashes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Root over the volume roots: the one value that fixes every byte of every record.
pub(crate) fn set_root(set_id: &SetId, volume_roots: &[[u8; 32]]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"sealift/v1/set-root");
    hasher.update(set_id);
    hasher.update((volume_roots.len() as u64).to_le_bytes());
    for root in volume_roots {
        hasher.update(root);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Key;

    fn cipher() -> RecordCipher {
        RecordCipher::new(Arc::new(BundleKeys::new(Key::random(), [7; 32])))
    }

    fn seal(cipher: &RecordCipher, number: u64, is_last: bool) -> Vec<u8> {
        let mut buf = new_record_buf(1 << 16);
        buf.extend_from_slice(b"plaintext");
        cipher.seal(number, is_last, buf).bytes
    }

    #[test]
    fn a_record_opens_only_at_its_place_and_whole() {
        let cipher = cipher();
        // The second number lies in another payload segment.
        for number in [0, 5, (1 << 20) + 3] {
            let sealed = seal(&cipher, number, true);
            assert_eq!(cipher.open(number, true, &mut sealed.clone()), Some(&b"plaintext"[..]));
            assert_eq!(cipher.open(number, false, &mut sealed.clone()), None);
            assert_eq!(cipher.open(number + 1, true, &mut sealed.clone()), None);
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(cipher.open(number, true, &mut flipped), None, "bit {bit}");
            }
            for len in 0..sealed.len() {
                assert_eq!(cipher.open(number, true, &mut sealed[..len].to_vec()), None, "cut to {len}");
            }
        }
        assert_eq!(
            super::RecordCipher::open(&self::cipher(), 0, true, &mut seal(&cipher, 0, true)),
            None,
            "another key"
        );
    }

    #[test]
    fn geometry_places_records_and_refuses_what_does_not_add_up() {
        let good = Geometry {
            record_bytes: 1 << 16,
            volume_records: 3,
            num_volumes: 2,
            num_records: 5,
            payload_bytes: 4 * 65536 + 10,
            index_offset: 100,
            index_bytes: 4 * 65536 + 10 - 100,
        };
        assert!(good.is_valid());
        assert_eq!((good.volume_span(0), good.volume_span(1)), ((0, 3), (3, 2)));
        assert_eq!((good.volume_of(2), good.volume_of(3), good.plain_len(4)), (0, 1, 10));
        assert_eq!(good.volume_records_bytes(1), 65536 + 10 + 2 * 28);
        let bad: [fn(&mut Geometry); 12] = [
            |g| g.record_bytes = 0,
            |g| g.record_bytes = 65537,
            |g| g.record_bytes = 1 << 25,
            |g| g.num_records = 0,
            |g| g.num_records = u64::MAX,
            |g| g.num_records = 6,
            |g| g.payload_bytes = u64::MAX,
            |g| g.num_volumes = 0,
            |g| g.num_volumes = 3,
            |g| g.volume_records = 0,
            |g| g.index_bytes = 0,
            |g| g.index_offset = u64::MAX,
        ];
        for (case, change) in bad.iter().enumerate() {
            let mut geometry = good;
            change(&mut geometry);
            assert!(!geometry.is_valid(), "case {case}");
        }
    }
}
