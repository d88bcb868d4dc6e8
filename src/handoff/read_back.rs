//! Reading a copy back from the medium and comparing all of it with the bundle: records with their hashes, heads and
//! trailers with the source.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::target::Job;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::{AlignedBuf, ReadBack, UncachedFile},
    job::{Ctx, on_all_cores},
    verify::ranges,
};

/// Pieces compared by one task.
const RUN: u64 = 8;
/// Most damaged records that an error names.
const MAX_NAMED: usize = 100;

/// Checks volume `volume` (from 0) in the file at `path` and marks its records; tells how it was read.
///
/// # Errors
/// [`Code::DriveLies`] with the damaged records, once all were read.
pub(super) fn check(job: &Job, volume: u32, path: &Path) -> Result<ReadBack> {
    let file = UncachedFile::open(path)?;
    let map = job.watch.targets().get(job.number).map(super::TargetWatch::map);
    let num_pieces = job.volumes.num_pieces(volume);
    let expected = job.volumes.file_bytes(volume);
    let lies = || Error::new(Code::DriveLies).with(Fact::Volume, volume + 1).at(path);
    let bad: Vec<Vec<Option<u64>>> =
        on_all_cores(0..num_pieces.div_ceil(RUN), Bufs::default, |bufs, run| {
            let mut bad = Vec::new();
            for number in run * RUN..((run + 1) * RUN).min(num_pieces) {
                job.ctx.checkpoint()?;
                let piece = job.volumes.piece(volume, number);
                let is_right = match file.read_at(&mut bufs.medium, piece.offset, piece.len) {
                    Ok(bytes) => job.volumes.is_piece(volume, &piece, bytes, &mut bufs.source)?,
                    // What the medium cannot give back is as bad as what it gives back wrong.
                    Err(error) if matches!(error.code(), Code::Read | Code::SourceTruncated) => false,
                    Err(error) => return Err(error),
                };
                if let (Some(record), Some(map)) = (piece.record, map) {
                    map.mark(record, is_right);
                }
                if !is_right {
                    bad.push(piece.record);
                }
                job.advance(piece.len as u64);
            }
            Ok(bad)
        })?;
    let bad = bad.concat();
    if file.len() != expected {
        return Err(lies().with(Fact::Expected, expected).with(Fact::Found, file.len()));
    }
    if bad.is_empty() {
        return Ok(file.how());
    }
    let mut records: Vec<u64> = bad.iter().copied().flatten().collect();
    let more = if records.len() > MAX_NAMED { " …" } else { "" };
    records.truncate(MAX_NAMED);
    let mut error = lies();
    if !records.is_empty() {
        error = error.with(Fact::Record, format!("{}{more}", ranges(&records)));
    }
    if bad.contains(&None) {
        error = error.worded(Fact::Detail, "detail-head-or-trailer", &[]);
    }
    Err(error)
}

/// The digest of a file as the medium has it.
pub(super) fn digest(ctx: &Ctx, path: &Path) -> Result<Digest> {
    const PIECE_BYTES: u64 = 1 << 20;
    let file = UncachedFile::open(path)?;
    let (mut buf, mut hasher) = (AlignedBuf::default(), Sha256::new());
    for offset in (0..file.len()).step_by(PIECE_BYTES as usize) {
        ctx.checkpoint()?;
        hasher.update(file.read_at(&mut buf, offset, (file.len() - offset).min(PIECE_BYTES) as usize)?);
    }
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

#[derive(Default)]
struct Bufs {
    medium: AlignedBuf,
    source: Vec<u8>,
}
