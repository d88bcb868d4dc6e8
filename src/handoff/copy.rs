//! Copying a volume: read and hashed on one side, written and flushed on the other, in order.
//!
//! What an interrupted run left is read from the medium and hashed first; the copy goes on behind the last piece that
//! is right. Only records that match their hash are written.

use std::{io::Write, time::Duration};

use super::target::Job;
use crate::{
    bundle::VolumePiece,
    error::{Code, Error, Fact, Result},
    fs::{AlignedBuf, PartialFile, UncachedFile},
    job::{
        on_all_cores,
        ordered::{OrderedSender, ordered},
    },
};

/// Bytes that were read and are not written yet, at most: a few records, of whatever size.
const QUEUE_BYTES: usize = 32 << 20;
/// Bytes that were written and that the medium may not have yet. More would make progress lie and the end long.
const MAX_UNSYNCED_BYTES: u64 = 96 << 20;
/// How often a wait for the medium looks whether the job was cancelled.
const MOMENT: Duration = Duration::from_millis(100);
/// Pieces that are checked together before a copy goes on behind them.
const RUN: u64 = 16;

/// A piece on its way, or why there is none.
type Copied = Result<Vec<u8>>;

/// How far a copy is.
pub(super) struct Progress {
    /// Bytes that an earlier run had written.
    pub(super) kept_bytes: u64,
    /// Bytes that were counted as done: those the medium was known to have.
    pub(super) counted_bytes: u64,
}

/// Copies volume `volume` (from 0) into `file`. Does not flush the end.
pub(super) fn copy(job: &Job, volume: u32, file: &mut PartialFile) -> Result<Progress> {
    let first = num_right(job, volume, file)?;
    let kept_bytes = if first == 0 { 0 } else { job.volumes.piece(volume, first - 1).end() };
    file.continue_at(kept_bytes)?;
    file.bypass_cache()?;
    let mut progress = Progress { kept_bytes, counted_bytes: kept_bytes };
    let queue_len = QUEUE_BYTES / job.volumes.piece(volume, 1).len.max(1);
    let (queue, copied) = ordered(queue_len.clamp(2, 64));
    std::thread::scope(|scope| {
        let reader = move || read(job, volume, first, &queue);
        let reading = std::thread::Builder::new().name("read".into()).spawn_scoped(scope, reader);
        let reading = reading.map_err(|e| Error::read(job.volumes.path(volume), e))?;
        let write_all = || {
            for bytes in copied {
                job.ctx.checkpoint()?;
                write(job, file, &bytes.flatten()?)?;
                let synced = file.synced_bytes();
                job.advance(synced - progress.counted_bytes);
                progress.counted_bytes = synced;
            }
            file.flush().map_err(|e| Error::write(file.path(), e))
        };
        let written = write_all();
        // The reader sees the queue closed and ends; its own failure comes first in time.
        written.and(reading.join().map_err(Error::panicked).flatten())
    })?;
    Ok(progress)
}

/// Reads the pieces from number `first` on and has each record hashed.
fn read(job: &Job, volume: u32, first: u64, queue: &OrderedSender<Copied>) -> Result<()> {
    for number in first..job.volumes.num_pieces(volume) {
        job.ctx.checkpoint()?;
        let piece = job.volumes.piece(volume, number);
        let mut bytes = Vec::new();
        job.volumes.read_piece(volume, &piece, &mut bytes)?;
        let expected =
            piece.record.map(|record| Ok((record, job.volumes.read_hashes(record, 1)?))).transpose()?;
        let path = job.volumes.path(volume).to_owned();
        let check = move || match expected {
            Some((record, hash)) if hash != crate::bundle::record_hash(&bytes) => {
                Err(Error::new(Code::RecordDamaged).with(Fact::Record, record).at(&path))
            }
            _ => Ok(bytes),
        };
        if queue.spawn(check).is_err() {
            break;
        }
    }
    Ok(())
}

fn write(job: &Job, file: &mut PartialFile, bytes: &[u8]) -> Result<()> {
    file.write_all(bytes).map_err(|e| Error::write(file.path(), e))?;
    while !file.wait_synced(MAX_UNSYNCED_BYTES, MOMENT)? {
        job.ctx.checkpoint()?;
    }
    Ok(())
}

/// How many pieces from the start are on the medium already, and right.
fn num_right(job: &Job, volume: u32, file: &PartialFile) -> Result<u64> {
    let len = file.len()?;
    if len == 0 {
        return Ok(0);
    }
    let there = UncachedFile::open(file.path())?;
    let is_right = |number: u64, buf: &mut AlignedBuf| -> Result<Option<VolumePiece>> {
        job.ctx.checkpoint()?;
        let piece = job.volumes.piece(volume, number);
        if piece.end() > len {
            return Ok(None);
        }
        let is_right = match there.read_at(buf, piece.offset, piece.len) {
            Ok(bytes) => job.volumes.is_piece(volume, &piece, bytes, &mut Vec::new())?,
            // What cannot be read is written again.
            Err(_) => false,
        };
        Ok(is_right.then_some(piece))
    };
    let num_pieces = job.volumes.num_pieces(volume);
    let mut num_right = 0;
    while num_right < num_pieces {
        let run = num_right..(num_right + RUN).min(num_pieces);
        let looked: Vec<Option<VolumePiece>> =
            on_all_cores(run.clone(), AlignedBuf::default, |buf, number| is_right(number, buf))?;
        let right: Vec<VolumePiece> = looked.into_iter().map_while(|piece| piece).collect();
        job.advance(right.iter().map(|piece| piece.len as u64).sum());
        num_right += right.len() as u64;
        if num_right < run.end {
            break;
        }
    }
    Ok(num_right)
}
