//! The hashes of the records that hold the index, as they were when all hashes were checked.
//!
//! The set root, which a vendor may sign, covers record hashes and not the key. So a record of the index, which names all
//! other content by digest, must have the hash that was proven; read once more, a medium may tell another.

use std::{collections::BTreeMap, ops::Range};

use super::{
    index::MAX_INDEX_BYTES,
    record::{Geometry, record_hash},
};

/// Hashes by record.
#[derive(Debug)]
pub(crate) struct IndexHashes {
    records: Range<u64>,
    hashes: BTreeMap<u64, [u8; 32]>,
    /// Whether the index is as long as it may be at most: of another nothing is kept.
    is_allowed: bool,
}

impl IndexHashes {
    /// None yet.
    pub(super) fn of(geometry: &Geometry) -> Self {
        let records = geometry.index_records();
        let is_allowed = geometry.index_bytes <= MAX_INDEX_BYTES;
        Self { records, hashes: BTreeMap::new(), is_allowed }
    }

    /// Takes those of the index out of the `hashes` of the records from `first`, in place of what was taken before.
    pub(super) fn keep(&mut self, first: u64, hashes: &[u8]) {
        let wanted = self.records.clone();
        if !self.is_allowed || first + hashes.len() as u64 / 32 <= wanted.start {
            return;
        }
        let hashes = (first..wanted.end).zip(hashes.as_chunks::<32>().0);
        self.hashes.extend(
            hashes.filter(|(number, _)| wanted.contains(number)).map(|(number, hash)| (number, *hash)),
        );
    }

    /// Whether record `number`, as it lies on disk, may be used: any outside the index, and there one with the hash that was
    /// kept.
    pub(super) fn allow(&self, number: u64, sealed: &[u8]) -> bool {
        !self.records.contains(&number) || self.hashes.get(&number) == Some(&record_hash(sealed))
    }
}
