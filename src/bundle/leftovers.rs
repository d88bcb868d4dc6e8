//! What an interrupted run left of a bundle: records that need not be sealed and written again.
//!
//! A record is taken over only when it opens and has the very plaintext that would be sealed; then its bytes stay as
//! they are, so no nonce is ever used for two plaintexts. Everything else is sealed anew under a new random nonce.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    SetId,
    commit::set_at,
    record::{RECORD_OVERHEAD, RecordCipher, SealedRecord, plain_of, record_hash},
    volume::{head_bytes, volume_path},
};
use crate::fs::{open_file, partial_path, read_exact_at};

/// Partial files of one bundle.
pub(crate) struct Leftovers {
    path: PathBuf,
    record_bytes: u32,
    volume_records: u32,
    /// The volume that was read last: records come nearly in order.
    open: Mutex<Option<(u32, Arc<File>)>>,
}

impl Leftovers {
    /// The set of the bundle that an interrupted run began to write to `path`.
    pub(crate) fn set_of(path: &Path) -> Option<SetId> {
        set_at(&partial_path(path))
    }

    pub(super) fn new(path: &Path, record_bytes: u32, volume_records: u32) -> Self {
        Self { path: path.to_owned(), record_bytes, volume_records, open: Mutex::new(None) }
    }

    /// Record `number` as it lies there, if it is whole and its plaintext is `plain`.
    pub(super) fn record(
        &self,
        cipher: &RecordCipher,
        number: u64,
        is_last: bool,
        plain: &[u8],
    ) -> Option<SealedRecord> {
        let volume = u32::try_from(number / u64::from(self.volume_records)).ok()?;
        let within = number % u64::from(self.volume_records);
        let offset = head_bytes(volume) + within * (u64::from(self.record_bytes) + RECORD_OVERHEAD);
        let mut bytes = vec![0; plain.len() + RECORD_OVERHEAD as usize];
        read_exact_at(&*self.file(volume)?, &mut bytes, offset).ok()?;
        let mut opened = bytes.clone();
        cipher.open(number, is_last, &mut opened)?;
        (plain_of(&opened) == plain).then(|| SealedRecord {
            hash: record_hash(&bytes),
            bytes,
            is_there: true,
        })
    }

    fn file(&self, volume: u32) -> Option<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = open.as_ref().filter(|(number, _)| *number == volume) {
            return Some(Arc::clone(file));
        }
        let file = Arc::new(open_file(&partial_path(&volume_path(&self.path, volume))).ok()?);
        *open = Some((volume, Arc::clone(&file)));
        Some(file)
    }
}
