//! The reading side of packing: blobs from their sources, hashed on one thread while they are cut on another.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

use crossbeam_channel::{Receiver, Sender, bounded};
use sha2::{Digest as _, Sha256};

use super::{
    chunk::chunks,
    dedupe::{Chunks, Deduper},
};
use crate::{
    bundle::{BlobEntry, Extent, Frame},
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Ctx, ordered::OrderedSender},
    plan::{PackContent, PackPlan, PlannedBlob},
    source::{BlobSink, Intake, blame},
};

/// Blocks waiting to be hashed, in each lane.
const BLOCKS_AHEAD: usize = 4;

/// What a pack read.
pub(super) struct WhatWasRead<'a> {
    /// Sorted by digest.
    pub(super) blobs: Vec<BlobEntry>,
    /// What the bundle holds: the plan's content, or what its engines really had.
    pub(super) content: Cow<'a, PackContent>,
    /// Bytes left after deduplication, before compression.
    pub(super) unique_bytes: u64,
}

/// What the hashing thread is told.
enum HashJob {
    /// Bytes of the current blob, from an offset of a block.
    Block(Arc<Vec<u8>>, usize),
    /// The current blob ended; digest and size that it must have, where they are known.
    End(Option<(Digest, Option<u64>)>),
}

/// Size and place of a blob that was read.
type Stored = BTreeMap<Digest, (u64, Vec<Extent>)>;

/// Where lanes put what they read.
struct Store<'a> {
    ctx: &'a Ctx,
    planned: &'a BTreeMap<Digest, PlannedBlob>,
    chunks: &'a Chunks<'a>,
    stored: Mutex<Stored>,
}

/// Reads all blobs of `plan` into frames.
#[expect(clippy::needless_pass_by_value, reason = "dropping `frames` tells the other end that all are there")]
pub(super) fn read_sources<'a>(
    ctx: &Ctx,
    plan: &'a PackPlan,
    level: i32,
    frames: OrderedSender<Frame>,
) -> Result<WhatWasRead<'a>> {
    let chunks = Chunks::new(level, &frames);
    let store =
        Store { ctx, planned: &plan.content.blobs, chunks: &chunks, stored: Mutex::new(Stored::new()) };
    let mut content = Cow::Borrowed(&plan.content);
    for (number, source) in plan.sources.iter().enumerate() {
        let wanted = plan.wanted(number);
        let read = source.read(ctx, &wanted, &store).and_then(|list| {
            let missing = wanted.blobs.iter().find(|digest| !store.has(digest));
            missing.map_or(Ok(list), |digest| Err(Error::new(Code::BlobMissing).with(Fact::Blob, digest)))
        });
        let list = read.map_err(|e| match e.code() {
            // The same symptoms as damage; what tells them apart is that the file is not the one listed.
            Code::SourceMismatch
            | Code::SourceTruncated
            | Code::BadArchive
            | Code::BlobMissing
            | Code::NotFound
                if source.has_changed() =>
            {
                blame(source.as_ref(), Error::new(Code::SourceChanged)).caused_by(e)
            }
            _ => blame(source.as_ref(), e),
        })?;
        if let Some(list) = list {
            content.to_mut().settle(ctx, plan, number, &list).map_err(|e| blame(source.as_ref(), e))?;
        }
    }
    store.lane(&mut |sink| {
        content.made.iter().try_for_each(|(digest, bytes)| sink(Some(digest), &mut &bytes[..]))
    })?;
    let stored = store.stored.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (numbers, unique_bytes) = chunks.finish();
    let blobs = entries(&content, stored, &numbers)?;
    Ok(WhatWasRead { blobs, content, unique_bytes })
}

/// The index's entries of the blobs of `content`, with the numbers that frames got in the end.
fn entries(content: &PackContent, mut stored: Stored, numbers: &[u32]) -> Result<Vec<BlobEntry>> {
    let entry = |(digest, blob): (&Digest, &PlannedBlob)| {
        let missing = || Error::new(Code::BlobMissing).with(Fact::Blob, digest);
        let (size, mut extents) = stored.remove(digest).ok_or_else(missing)?;
        for extent in &mut extents {
            if let Extent::Frame(frame, ..) = extent {
                *frame = numbers[*frame as usize];
            }
        }
        let media_type = blob.media_type.clone();
        Ok(BlobEntry { digest: *digest, size, media_type, diff_id: blob.diff_id, extents })
    };
    content.blobs.iter().map(entry).collect()
}

impl Store<'_> {
    fn stored(&self) -> std::sync::MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, digest: &Digest) -> bool {
        self.stored().contains_key(digest)
    }
}

impl Intake for Store<'_> {
    fn lane(&self, work: &mut dyn FnMut(&mut BlobSink<'_>) -> Result<()>) -> Result<Vec<(Digest, u64)>> {
        let mut deduper = Deduper::new(self.chunks)?;
        let mut placed = Vec::new();
        let found = with_hasher(|hasher| {
            work(&mut |digest, reader| {
                let size = |digest| self.planned.get(digest).map(|blob| blob.size);
                let expected = digest.map(|digest| (*digest, size(digest)));
                placed.push(read_blob(self.ctx, reader, hasher, &mut deduper)?);
                send(hasher, HashJob::End(expected))
            })
        })?;
        deduper.flush()?;
        let mut stored = self.stored();
        for ((digest, num_bytes), extents) in found.iter().zip(placed) {
            stored.entry(*digest).or_insert((*num_bytes, extents));
        }
        Ok(found)
    }
}

/// Runs `work` beside a hashing thread and reports the hasher's error first: it knows the cause.
fn with_hasher(work: impl FnOnce(&Sender<HashJob>) -> Result<()>) -> Result<Vec<(Digest, u64)>> {
    std::thread::scope(|scope| {
        let (jobs, todo) = bounded(BLOCKS_AHEAD);
        let hasher = scope.spawn(move || hash_blobs(&todo));
        let worked = work(&jobs);
        drop(jobs);
        let hashed = hasher.join().map_err(Error::panicked).flatten()?;
        worked.map(|()| hashed)
    })
}

fn hash_blobs(todo: &Receiver<HashJob>) -> Result<Vec<(Digest, u64)>> {
    let mut hasher = Sha256::new();
    let mut num_bytes = 0;
    let mut hashed = Vec::new();
    for job in todo {
        match job {
            HashJob::Block(block, from) => {
                hasher.update(&block[from..]);
                num_bytes += (block.len() - from) as u64;
            }
            HashJob::End(expected) => {
                let found = Digest::from_bytes(hasher.finalize_reset().into());
                let found_bytes = std::mem::take(&mut num_bytes);
                hashed.push((found, found_bytes));
                let Some((expected, expected_bytes)) = expected else { continue };
                let expected_bytes = expected_bytes.unwrap_or(found_bytes);
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
    Ok(hashed)
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
