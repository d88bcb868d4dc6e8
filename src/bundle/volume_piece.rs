//! A volume's file as pieces that are copied and compared one by one: its head, its records, its trailer.

use super::{
    record::{RECORD_OVERHEAD, record_hash},
    volume::{VolumeSet, head_bytes},
};
use crate::error::Result;

/// Bytes of a piece of a trailer.
const TRAILER_PIECE_BYTES: u64 = 1 << 20;

/// A run of bytes of a volume's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VolumePiece {
    /// Where it begins in the file.
    pub(crate) offset: u64,
    pub(crate) len: usize,
    /// The record that it is; `None` in the head and the trailer.
    pub(crate) record: Option<u64>,
}

impl VolumePiece {
    /// Where it ends in the file.
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.len as u64
    }
}

impl VolumeSet {
    /// How many pieces volume `volume` (from 0) has.
    pub(crate) fn num_pieces(&self, volume: u32) -> u64 {
        let (_, num_records) = self.geometry().volume_span(volume);
        1 + num_records + self.trailer_bytes(volume).div_ceil(TRAILER_PIECE_BYTES)
    }

    /// Piece `number` (from 0) of volume `volume`. Together they are its whole file.
    pub(crate) fn piece(&self, volume: u32, number: u64) -> VolumePiece {
        let geometry = self.geometry();
        let (first, num_records) = geometry.volume_span(volume);
        let head = head_bytes(volume);
        let Some(within) = number.checked_sub(1) else {
            return VolumePiece { offset: 0, len: head as usize, record: None };
        };
        if within < num_records {
            let record = first + within;
            let offset = head + within * (u64::from(geometry.record_bytes) + RECORD_OVERHEAD);
            let len = geometry.plain_len(record) + RECORD_OVERHEAD as usize;
            return VolumePiece { offset, len, record: Some(record) };
        }
        let end = self.file_bytes(volume);
        let trailer = end - self.trailer_bytes(volume);
        let offset = (trailer + (within - num_records) * TRAILER_PIECE_BYTES).min(end);
        VolumePiece { offset, len: (end - offset).min(TRAILER_PIECE_BYTES) as usize, record: None }
    }

    fn trailer_bytes(&self, volume: u32) -> u64 {
        let records = self.geometry().volume_records_bytes(volume);
        self.file_bytes(volume).saturating_sub(head_bytes(volume) + records)
    }

    /// The bytes of a piece, into `buf`.
    pub(crate) fn read_piece(&self, volume: u32, piece: &VolumePiece, buf: &mut Vec<u8>) -> Result<()> {
        buf.resize(piece.len, 0);
        self.read_file(volume, buf, piece.offset)
    }

    /// Whether `bytes` are those of a piece: a record by its hash, anything else by comparing it, through `buf`.
    pub(crate) fn is_piece(
        &self,
        volume: u32,
        piece: &VolumePiece,
        bytes: &[u8],
        buf: &mut Vec<u8>,
    ) -> Result<bool> {
        if let Some(record) = piece.record {
            return Ok(self.read_hashes(record, 1)? == record_hash(bytes));
        }
        self.read_piece(volume, piece, buf)?;
        Ok(buf == bytes)
    }
}
