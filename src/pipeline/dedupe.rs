//! Finds chunks that were seen before, and gathers the new ones into frames.

use std::collections::HashMap;

use crate::{
    bundle::{Extent, FRAME_BYTES, Frame, compress},
    crypto::random,
    error::{Code, Error, Result},
    job::ordered::OrderedSender,
};

/// Chunks remembered: 70 MiB of table, or about 57 GiB of unique content. Beyond it new chunks are still
/// stored but not remembered, so memory stays bounded and only sharing is missed.
const MAX_CHUNKS: usize = (1 << 21) / 8 * 7;

use super::chunk::MAX_CHUNK_BYTES;

/// Where a chunk lies: frame and offset. Its length is the chunk's own.
type Place = (u32, u32);

/// The table of chunks and the frame being filled.
pub(super) struct Deduper<'a> {
    /// Chunks are told apart by 128 bits of BLAKE3 under a key of this run, so nobody can prepare a collision.
    key: [u8; 32],
    seen: HashMap<[u8; 16], Place, ChunkHasher>,
    frame: Vec<u8>,
    frame_number: u32,
    level: i32,
    queue: &'a OrderedSender<Frame>,
    /// Bytes that went into frames.
    pub(super) unique_bytes: u64,
}

impl<'a> Deduper<'a> {
    pub(super) fn new(level: i32, queue: &'a OrderedSender<Frame>) -> Self {
        Self {
            key: random(),
            seen: HashMap::default(),
            frame: new_frame(),
            frame_number: 0,
            level,
            queue,
            unique_bytes: 0,
        }
    }

    /// Places `chunk` and adds it to the blob's `extents`.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the writing side stopped; it has the cause.
    pub(super) fn add(&mut self, chunk: &[u8], extents: &mut Vec<Extent>) -> Result<()> {
        let hash = blake3::keyed_hash(&self.key, chunk);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        let place = if let Some(place) = self.seen.get(&id) {
            *place
        } else {
            let place = self.store(chunk)?;
            if self.seen.len() < MAX_CHUNKS {
                self.seen.insert(id, place);
            }
            place
        };
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

    fn store(&mut self, chunk: &[u8]) -> Result<Place> {
        if self.frame.len() >= FRAME_BYTES {
            self.flush()?;
        }
        let place = (self.frame_number, self.frame.len() as u32);
        self.frame.extend_from_slice(chunk);
        self.unique_bytes += chunk.len() as u64;
        Ok(place)
    }

    /// Sends the frame being filled to be compressed.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let plain = std::mem::replace(&mut self.frame, new_frame());
        let level = self.level;
        self.frame_number = self.frame_number.checked_add(1).ok_or_else(|| Error::new(Code::Limit))?;
        self.queue.spawn(move || compress(level, plain)).map_err(|_| Error::new(Code::Cancelled))
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
        let mut deduper = Deduper::new(3, &queue);
        let (a, b) = (vec![1; 50_000], vec![2; 60_000]);
        let mut first = Vec::new();
        for chunk in [&a, &b, &a, &b] {
            deduper.add(chunk, &mut first).unwrap();
        }
        assert_eq!(first, [Extent::Frame(0, 0, 110_000), Extent::Frame(0, 0, 110_000)]);
        assert_eq!(deduper.unique_bytes, 110_000);
        deduper.flush().unwrap();
        drop(deduper);
        drop(queue);
        assert_eq!(frames.map(|frame| frame.plain_len).collect::<Vec<_>>(), [110_000]);
    }
}
