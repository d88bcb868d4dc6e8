//! Frames: independently compressed pieces of unique content. docs/bundle-format.md §4.

use std::cell::RefCell;

use zstd::zstd_safe::CParameter;

/// Unique bytes gathered before a frame is closed; the last chunk may carry it over.
pub(crate) const FRAME_BYTES: usize = 4 << 20;
/// Most plaintext bytes of one frame that a reader accepts.
pub(crate) const MAX_FRAME_BYTES: u32 = 16 << 20;

/// zstd looks back over 2²² bytes: a whole frame.
const WINDOW_LOG: u32 = FRAME_BYTES.ilog2();

/// Places that level 1 remembers, as a power of two; zstd's own 2¹⁴ is for smaller inputs. Twice as many cost 5 % of the
/// time and save 2.5 % of the bytes.
const LEVEL_1_HASH_LOG: u32 = 15;

/// How a frame is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// As it is: compression did not pay.
    Stored,
    /// One zstd frame (RFC 8878).
    Zstd,
}

/// A compressed frame, ready to be written.
pub(crate) struct Frame {
    pub(crate) codec: Codec,
    pub(crate) plain_len: u32,
    pub(crate) stored: Vec<u8>,
}

thread_local! {
    // A context holds megabytes of tables; each pool thread keeps one.
    static COMPRESSOR: RefCell<Option<(i32, zstd::bulk::Compressor<'static>)>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses `plain` at zstd `level`, or stores it when that saves less than one part in 32.
pub(crate) fn compress(level: i32, plain: Vec<u8>) -> Frame {
    // At most FRAME_BYTES and one chunk.
    let plain_len = plain.len() as u32;
    match zstd_compress(level, &plain) {
        Some(stored) if stored.len() < plain.len() - plain.len() / 32 => {
            Frame { codec: Codec::Zstd, plain_len, stored }
        }
        _ => Frame { codec: Codec::Stored, plain_len, stored: plain },
    }
}

fn zstd_compress(level: i32, plain: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|(built, _)| *built != level) {
            let mut compressor = zstd::bulk::Compressor::new(level).ok()?;
            if level == 1 {
                compressor.set_parameter(CParameter::HashLog(LEVEL_1_HASH_LOG)).ok()?;
            }
            // Low levels look back 1 MiB by default; the whole frame costs no time and saves 3 %.
            compressor.set_parameter(CParameter::WindowLog(WINDOW_LOG)).ok()?;
            *slot = Some((level, compressor));
        }
        slot.as_mut()?.1.compress(plain).ok()
    })
}

/// The plaintext of a frame; `None` when it is not exactly `plain_len` bytes (at most [`MAX_FRAME_BYTES`]).
pub(crate) fn decompress(codec: Codec, plain_len: u32, stored: Vec<u8>) -> Option<Vec<u8>> {
    let plain_len = plain_len.min(MAX_FRAME_BYTES) as usize;
    let plain = match codec {
        Codec::Stored => stored,
        Codec::Zstd => DECOMPRESSOR.with_borrow_mut(|slot| {
            if slot.is_none() {
                *slot = zstd::bulk::Decompressor::new().ok();
            }
            if zstd::zstd_safe::find_frame_compressed_size(&stored) != Ok(stored.len()) {
                return None; // Bytes behind the frame would be read by one decoder and not by another.
            }
            slot.as_mut()?.decompress(&stored, plain_len).ok()
        })?,
    };
    (plain.len() == plain_len).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip_and_incompressible_ones_are_stored() {
        let text = b"the quick brown fox ".repeat(10_000);
        let noise: Vec<u8> =
            (0..50_000_u32).flat_map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[..4].to_vec()).collect();
        for (plain, codec) in [(text, Codec::Zstd), (noise, Codec::Stored), (vec![1], Codec::Stored)] {
            let frame = compress(3, plain.clone());
            assert_eq!(frame.codec, codec);
            assert_eq!(decompress(frame.codec, frame.plain_len, frame.stored.clone()), Some(plain));
            assert_eq!(decompress(frame.codec, frame.plain_len + 1, frame.stored.clone()), None);
            assert_eq!(decompress(frame.codec, frame.plain_len - 1, frame.stored), None);
        }
    }
}
