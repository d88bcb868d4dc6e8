//! The reading side of packing: blobs from their sources, hashed on one thread while they are cut on another.

use std::{io::Read, sync::Arc};

use crossbeam_channel::{Receiver, Sender, bounded};
use sha2::{Digest as _, Sha256};

use super::{chunk::chunks, dedupe::Deduper};
use crate::{
    bundle::{BlobEntry, Extent, Frame},
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Ctx, ordered::OrderedSender},
    plan::PackPlan,
};

/// Blocks waiting to be hashed.
const BLOCKS_AHEAD: usize = 4;

/// What the hashing thread is told.
enum HashJob {
    /// Bytes of the current blob, from an offset of a block.
    Block(Arc<Vec<u8>>, usize),
    /// The current blob ended: it must have this digest and size.
    End(Digest, u64),
}

/// Reads all blobs of `plan` into frames; returns where they lie, sorted by digest, and the unique bytes.
#[expect(clippy::needless_pass_by_value, reason = "dropping `frames` tells the other end that all are there")]
pub(super) fn read_sources(
    ctx: &Ctx,
    plan: &PackPlan,
    level: i32,
    frames: OrderedSender<Frame>,
) -> Result<(Vec<BlobEntry>, u64)> {
    let mut deduper = Deduper::new(level, &frames);
    let mut entries = Vec::with_capacity(plan.blobs.len());
    let mut read = |digest: &Digest, reader: &mut dyn Read, hasher: &Sender<HashJob>| -> Result<()> {
        let planned = &plan.blobs[digest];
        let extents = read_blob(ctx, reader, hasher, &mut deduper)?;
        send(hasher, HashJob::End(*digest, planned.size))?;
        entries.push(BlobEntry {
            digest: *digest,
            size: planned.size,
            media_type: planned.media_type.clone(),
            diff_id: planned.diff_id,
            extents,
        });
        Ok(())
    };
    with_hasher(|hasher| {
        plan.made.iter().try_for_each(|(digest, bytes)| read(digest, &mut &bytes[..], hasher))
    })?;
    for (number, source) in plan.sources.iter().enumerate() {
        let wanted = plan.wanted(number);
        let mut missing = wanted.clone();
        let streamed = with_hasher(|hasher| {
            source.read(ctx, &wanted, &mut |digest, reader| {
                missing.remove(digest);
                read(digest, reader, hasher)
            })
        });
        let complete = streamed.and_then(|()| match missing.first() {
            Some(digest) => Err(Error::new(Code::BlobMissing).with(Fact::Blob, digest)),
            None => Ok(()),
        });
        complete.map_err(|e| match e.code() {
            // The same symptoms as damage; what tells them apart is that the file is not the one listed.
            Code::SourceMismatch
            | Code::SourceTruncated
            | Code::BadArchive
            | Code::BlobMissing
            | Code::NotFound
                if source.has_changed() =>
            {
                Error::new(Code::SourceChanged).at(source.path()).caused_by(e)
            }
            _ => e.at(source.path()),
        })?;
    }
    deduper.flush()?;
    let unique_bytes = deduper.unique_bytes;
    entries.sort_unstable_by_key(|entry| entry.digest);
    Ok((entries, unique_bytes))
}

/// Runs `work` beside a hashing thread and reports the hasher's error first: it knows the cause.
fn with_hasher(work: impl FnOnce(&Sender<HashJob>) -> Result<()>) -> Result<()> {
    std::thread::scope(|scope| {
        let (jobs, todo) = bounded(BLOCKS_AHEAD);
        let hasher = scope.spawn(move || hash_blobs(&todo));
        let worked = work(&jobs);
        drop(jobs);
        hasher.join().unwrap_or_else(|_| Err(Error::new(Code::Cancelled))).and(worked)
    })
}

fn hash_blobs(todo: &Receiver<HashJob>) -> Result<()> {
    let mut hasher = Sha256::new();
    let mut num_bytes = 0;
    for job in todo {
        match job {
            HashJob::Block(block, from) => {
                hasher.update(&block[from..]);
                num_bytes += (block.len() - from) as u64;
            }
            HashJob::End(expected, expected_bytes) => {
                let found = Digest::from_bytes(hasher.finalize_reset().into());
                let found_bytes = std::mem::take(&mut num_bytes);
                if found_bytes < expected_bytes {
                    let error = Error::new(Code::SourceTruncated).with(Fact::Blob, expected);
                    return Err(error.with(Fact::Expected, expected_bytes).with(Fact::Found, found_bytes));
                }
                if found != expected || found_bytes != expected_bytes {
                    return Err(Error::new(Code::SourceMismatch)
                        .with(Fact::Expected, expected)
                        .with(Fact::Found, found));
                }
            }
        }
    }
    Ok(())
}

fn send(hasher: &Sender<HashJob>, job: HashJob) -> Result<()> {
    hasher.send(job).map_err(|_| Error::new(Code::Cancelled))
}

fn read_blob(
    ctx: &Ctx,
    reader: &mut dyn Read,
    hasher: &Sender<HashJob>,
    deduper: &mut Deduper<'_>,
) -> Result<Vec<Extent>> {
    let mut extents = Vec::new();
    let on_block = |block: Arc<Vec<u8>>, new_from: usize| {
        ctx.checkpoint()?;
        ctx.advance((block.len() - new_from) as u64);
        send(hasher, HashJob::Block(block, new_from))
    };
    chunks(reader, on_block, |chunk| deduper.add(chunk, &mut extents))?;
    Ok(extents)
}
