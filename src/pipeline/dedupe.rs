//! Finds chunks that were seen before, and gathers the new ones into frames.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::chunk::MAX_CHUNK_BYTES;
use crate::{
    bundle::{Extent, FRAME_BYTES, Frame, compress},
    crypto::random,
    error::{Code, Error, Result},
    job::ordered::OrderedSender,
};

/// Chunks remembered: 70 MiB of table, or about 57 GiB of unique content. Beyond it new chunks are still
/// stored but not remembered, so memory stays bounded and only sharing is missed.
const MAX_CHUNKS: usize = (1 << 21) / 8 * 7;

/// Where a chunk lies: frame and offset. Its length is the chunk's own.
type Place = (u32, u32);

/// What the lanes of a pack share: the chunks seen, and the way to the compressors.
pub(super) struct Chunks<'a> {
    /// Chunks are told apart by 128 bits of BLAKE3 under a key of this run, so nobody can prepare a collision.
    key: [u8; 32],
    seen: Mutex<HashMap<[u8; 16], Place, ChunkHasher>>,
    frames: Mutex<Frames>,
    level: i32,
    queue: &'a OrderedSender<Frame>,
}

/// Frames are numbered in the order they are handed on, which is known only once they are full: until then
/// places have the number at which a frame was begun.
#[derive(Default)]
struct Frames {
    /// The number a frame got, by the number at which it was begun.
    numbers: Vec<u32>,
    num_full: u32,
    /// Bytes that went into frames.
    unique_bytes: u64,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(level: i32, queue: &'a OrderedSender<Frame>) -> Self {
        Self { key: random(), seen: Mutex::default(), frames: Mutex::default(), level, queue }
    }

    fn frames(&self) -> MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a frame.
    fn begin(&self) -> Result<u32> {
        let numbers = &mut self.frames().numbers;
        let begun = u32::try_from(numbers.len()).map_err(|_| Error::new(Code::Limit))?;
        numbers.push(u32::MAX);
        Ok(begun)
    }

    /// Hands a full frame on.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the writing side stopped; it has the cause.
    fn hand_on(&self, begun: u32, plain: Vec<u8>) -> Result<()> {
        let mut frames = self.frames();
        let number = frames.num_full;
        frames.num_full += 1;
        frames.unique_bytes += plain.len() as u64;
        frames.numbers[begun as usize] = number;
        // Still under the lock: the queue must see frames in the order of their numbers.
        let level = self.level;
        self.queue.spawn(move || compress(level, plain)).map_err(|_| Error::new(Code::Cancelled))
    }

    /// The numbers that frames got, by those at which they were begun, and the bytes in them.
    pub(super) fn finish(self) -> (Vec<u32>, u64) {
        let frames = self.frames.into_inner().unwrap_or_else(PoisonError::into_inner);
        (frames.numbers, frames.unique_bytes)
    }
}

/// One lane's view: finds its chunks among all that were seen, and fills frames of its own, so that a blob's
/// chunks lie together.
pub(super) struct Deduper<'a> {
    chunks: &'a Chunks<'a>,
    frame: Vec<u8>,
    begun: u32,
}

impl<'a> Deduper<'a> {
    pub(super) fn new(chunks: &'a Chunks<'a>) -> Result<Self> {
        Ok(Self { chunks, frame: new_frame(), begun: chunks.begin()? })
    }

    /// Places `chunk` and adds it to the blob's `extents`.
    pub(super) fn add(&mut self, chunk: &[u8], extents: &mut Vec<Extent>) -> Result<()> {
        if self.frame.len() >= FRAME_BYTES {
            self.flush()?;
            self.begun = self.chunks.begin()?;
        }
        let hash = blake3::keyed_hash(&self.chunks.key, chunk);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        let here = (self.begun, self.frame.len() as u32);
        let place = {
            let mut seen = self.chunks.seen.lock().unwrap_or_else(PoisonError::into_inner);
            match seen.get(&id) {
                Some(place) => *place,
                None if seen.len() < MAX_CHUNKS => *seen.entry(id).or_insert(here),
                None => here,
            }
        };
        if place == here {
            self.frame.extend_from_slice(chunk);
        }
        // A chunk is at most 128 KiB, a frame a little over 4 MiB.
        let len = chunk.len() as u32;
        match extents.last_mut() {
            Some(Extent::Frame(frame, offset, last_len)) if (*frame, *offset + *last_len) == place => {
                *last_len += len;
            }
            _ => extents.push(Extent::Frame(place.0, place.1, len)),
        }
        Ok(())
    }

    /// Sends the frame being filled to be compressed.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let plain = std::mem::replace(&mut self.frame, new_frame());
        self.chunks.hand_on(self.begun, plain)
    }
}

fn new_frame() -> Vec<u8> {
    Vec::with_capacity(FRAME_BYTES + MAX_CHUNK_BYTES)
}

/// The ids are hashes under a secret key already: their first bytes serve the table as they are.
#[derive(Clone, Default)]
struct ChunkHasher;

impl std::hash::BuildHasher for ChunkHasher {
    type Hasher = FirstBytes;

    fn build_hasher(&self) -> FirstBytes {
        FirstBytes(0)
    }
}

struct FirstBytes(u64);

impl std::hash::Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {} // the length prefix of an array

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::ordered::ordered;

    #[test]
    fn repeated_chunks_cost_nothing_and_neighbours_merge() {
        let (queue, frames) = ordered(8);
        let chunks = Chunks::new(3, &queue);
        let (a, b) = (vec![1; 50_000], vec![2; 60_000]);
        let mut first = Vec::new();
        let mut deduper = Deduper::new(&chunks).unwrap();
        for chunk in [&a, &b, &a, &b] {
            deduper.add(chunk, &mut first).unwrap();
        }
        assert_eq!(first, [Extent::Frame(0, 0, 110_000), Extent::Frame(0, 0, 110_000)]);
        deduper.flush().unwrap();
        assert_eq!(chunks.finish(), (vec![0], 110_000));
        drop(queue);
        assert_eq!(frames.map(|frame| frame.unwrap().plain_len).collect::<Vec<_>>(), [110_000]);
    }

    #[test]
    fn frames_of_two_lanes_are_numbered_as_they_fill() {
        let (queue, frames) = ordered(8);
        let chunks = Chunks::new(3, &queue);
        let (mut slow, mut fast) = (Deduper::new(&chunks).unwrap(), Deduper::new(&chunks).unwrap());
        let (mut of_slow, mut of_fast) = (Vec::new(), Vec::new());
        slow.add(&[1; 1000], &mut of_slow).unwrap();
        fast.add(&[2; 2000], &mut of_fast).unwrap();
        fast.add(&[1; 1000], &mut of_fast).unwrap();
        fast.flush().unwrap();
        slow.flush().unwrap();
        assert_eq!(
            of_fast,
            [Extent::Frame(1, 0, 2000), Extent::Frame(0, 0, 1000)],
            "shared with the other lane"
        );
        assert_eq!(chunks.finish(), (vec![1, 0], 3000));
        drop(queue);
        assert_eq!(frames.map(|frame| frame.unwrap().plain_len).collect::<Vec<_>>(), [2000, 1000]);
    }
}
