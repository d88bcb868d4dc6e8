//! Cuts a stream into content-defined chunks. `FastCDC` (Xia et al., 2020), 32 KiB on average.
//!
//! Borders follow content, so a file that moved within a layer still gives the same chunks.

use std::{io::Read, sync::Arc};

use fastcdc::v2020::FastCDC;

use crate::error::{Code, Error, Result};

/// Bytes skipped before a border is looked for; half the average costs 1 % of the sharing, saves a third of the time.
const MIN_CHUNK_BYTES: usize = 24 << 10;
const AVERAGE_CHUNK_BYTES: usize = 32 << 10;
/// Longest chunk.
pub(super) const MAX_CHUNK_BYTES: usize = 128 << 10;
/// Bytes read at once.
const BLOCK_BYTES: usize = 2 << 20;

/// Reads `reader` to its end. Every block goes to `on_block` (all bytes, and where the new ones begin), then
/// its chunks to `on_chunk`, in order.
pub(super) fn chunks(
    reader: &mut dyn Read,
    mut on_block: impl FnMut(Arc<Vec<u8>>, usize) -> Result<()>,
    mut on_chunk: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut carry = Vec::new();
    loop {
        let mut block = Vec::with_capacity(carry.len() + BLOCK_BYTES);
        block.extend_from_slice(&carry);
        let new_from = block.len();
        reader
            .take(BLOCK_BYTES as u64)
            .read_to_end(&mut block)
            .map_err(|e| Error::from_stream(Code::Read, e))?;
        let is_end = block.len() - new_from < BLOCK_BYTES;
        let block = Arc::new(block);
        on_block(Arc::clone(&block), new_from)?;

        let cutter = FastCDC::new(&block, MIN_CHUNK_BYTES, AVERAGE_CHUNK_BYTES, MAX_CHUNK_BYTES);
        let mut at = 0;
        // A border near the end of a block could lie elsewhere with more bytes at hand: those wait.
        while at < block.len() && (is_end || block.len() - at >= MAX_CHUNK_BYTES) {
            let (_, end) = cutter.cut(at, block.len() - at);
            on_chunk(&block[at..end])?;
            at = end;
        }
        if is_end {
            return Ok(());
        }
        carry.clear();
        carry.extend_from_slice(&block[at..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(data: &[u8]) -> Vec<Vec<u8>> {
        let (mut seen, mut out) = (Vec::new(), Vec::new());
        let on_block = |block: Arc<Vec<u8>>, from: usize| {
            seen.extend_from_slice(&block[from..]);
            Ok(())
        };
        chunks(&mut &data[..], on_block, |chunk| {
            out.push(chunk.to_vec());
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, data, "each byte is shown once");
        out
    }

    fn noise(len: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn chunks_are_the_stream_and_borders_do_not_depend_on_blocks() {
        for len in
            [0, 1, MIN_CHUNK_BYTES, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 12_345]
        {
            let data = noise(len, 1);
            let chunks = cut(&data);
            assert_eq!(chunks.concat(), data);
            let whole = FastCDC::new(&data, MIN_CHUNK_BYTES, AVERAGE_CHUNK_BYTES, MAX_CHUNK_BYTES);
            assert!(chunks.iter().map(Vec::len).eq(whole.map(|chunk| chunk.length)), "{len}");
        }
    }

    #[test]
    fn an_insertion_changes_few_chunks() {
        let data = noise(4 << 20, 2);
        let shifted = [&b"inserted"[..], &data].concat();
        let before: std::collections::HashSet<_> = cut(&data).into_iter().collect();
        let changed = cut(&shifted).iter().filter(|chunk| !before.contains(*chunk)).count();
        assert!(changed <= 3, "{changed}");
    }
}
