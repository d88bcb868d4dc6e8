//! Reed–Solomon over the records of a bundle, some columns of a group at a time. docs/bundle-format.md §5.6.
//!
//! Memory does not depend on the bundle: each worker holds one slice of each record of one group.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use reed_solomon_simd::{
    engine::DefaultEngine,
    rate::{HighRateDecoder, HighRateEncoder, RateDecoder, RateEncoder},
};

use super::{damage::Damage, files::VolumeFiles, shape::Shape};
use crate::{
    error::{Code, Error, Result},
    job::Ctx,
};

/// Groups worked on at once. Media are slower than two cores are.
const MAX_WORKERS: usize = 2;
/// Bytes that one worker holds.
const WORKER_BYTES: u64 = 64 << 20;

/// Computes the recovery records that `wanted` holds for from the records, all of which must be whole where one of
/// their group's is wanted, and writes them.
pub(crate) fn encode(ctx: &Ctx, files: &VolumeFiles, wanted: &(dyn Fn(u64) -> bool + Sync)) -> Result<()> {
    let shape = files.shape();
    let per_group = u64::from(shape.per_group);
    let in_memory = |len: u64| len.next_multiple_of(per_group.next_power_of_two());
    let is_wanted = |group: &u64| (0..per_group).any(|index| wanted(shape.recovery_record(*group, index)));
    let groups: Vec<u64> = (0..shape.num_groups()).filter(is_wanted).collect();
    for_each_slice(
        ctx,
        shape,
        &groups,
        &in_memory,
        |worker: &mut Worker<HighRateEncoder<_>>, group, columns| {
            let (num, len) = (shape.group_len(group), (columns.end - columns.start) as usize);
            let encoder = match &mut worker.code {
                Some(code) => {
                    code.reset(num as usize, per_group as usize, len).map_err(refused)?;
                    code
                }
                empty => empty.insert(
                    HighRateEncoder::new(num as usize, per_group as usize, len, DefaultEngine::new(), None)
                        .map_err(refused)?,
                ),
            };
            for index in 0..num {
                files.read_slice(shape.record(group, index), columns.clone(), &mut worker.buf)?;
                encoder.add_original_shard(&worker.buf).map_err(refused)?;
            }
            let encoded = encoder.encode().map_err(refused)?;
            for (index, slice) in (0..).zip(encoded.recovery_iter()) {
                let number = shape.recovery_record(group, index);
                if wanted(number) {
                    files.write_recovery_slice(number, columns.start, slice)?;
                }
            }
            Ok(())
        },
    )
}

/// Rebuilds the records of `damage` in every group that has recovery records enough, and writes them over the damaged
/// ones. Whoever calls hashes them afterwards: a recovery record may be whole and still not fit.
pub(crate) fn decode(ctx: &Ctx, files: &VolumeFiles, damage: &Damage) -> Result<()> {
    let shape = files.shape();
    let per_group = u64::from(shape.per_group);
    let in_memory = |len: u64| (per_group.next_power_of_two() + len).next_power_of_two();
    let groups = damage.repairable_groups(shape);
    for_each_slice(
        ctx,
        shape,
        &groups,
        &in_memory,
        |worker: &mut Worker<HighRateDecoder<_>>, group, columns| {
            let (num, len) = (shape.group_len(group), (columns.end - columns.start) as usize);
            let decoder = match &mut worker.code {
                Some(code) => {
                    code.reset(num as usize, per_group as usize, len).map_err(refused)?;
                    code
                }
                empty => empty.insert(
                    HighRateDecoder::new(num as usize, per_group as usize, len, DefaultEngine::new(), None)
                        .map_err(refused)?,
                ),
            };
            let mut num_missing = 0;
            for index in 0..num {
                let number = shape.record(group, index);
                if damage.has_record(number) {
                    num_missing += 1;
                    continue;
                }
                files.read_slice(number, columns.clone(), &mut worker.buf)?;
                decoder.add_original_shard(index as usize, &worker.buf).map_err(refused)?;
            }
            let whole = (0..per_group).map(|index| (index, shape.recovery_record(group, index)));
            let whole = whole.filter(|(_, number)| !damage.has_recovery_record(*number));
            for (index, number) in whole.take(num_missing) {
                files.read_recovery_slice(number, columns.clone(), &mut worker.buf)?;
                decoder.add_recovery_shard(index as usize, &worker.buf).map_err(refused)?;
            }
            let decoded = decoder.decode().map_err(refused)?;
            for (index, slice) in decoded.restored_original_iter() {
                files.write_slice(shape.record(group, index as u64), columns.start, slice)?;
            }
            Ok(())
        },
    )
}

/// What the code does not take, the shape does not let through.
fn refused(error: reed_solomon_simd::Error) -> Error {
    Error::new(Code::Read).caused_by(error)
}

/// What one thread keeps between slices.
struct Worker<C> {
    code: Option<C>,
    buf: Vec<u8>,
}

/// Columns of one slice: what fits when `num` pieces of it are held, in whole blocks and of nearly equal size.
fn slice_bytes(shape: &Shape, num: u64) -> u64 {
    let most = (WORKER_BYTES / num / 64 * 64).clamp(64, shape.shard_bytes());
    shape.shard_bytes().div_ceil(shape.shard_bytes().div_ceil(most)).next_multiple_of(64)
}

/// Runs `work` on every slice of every one of `groups`, group after group, on few threads. `in_memory` says how many pieces
/// are held for a group of so many records.
fn for_each_slice<C>(
    ctx: &Ctx,
    shape: &Shape,
    groups: &[u64],
    in_memory: &(dyn Fn(u64) -> u64 + Sync),
    work: impl Fn(&mut Worker<C>, u64, Range<u64>) -> Result<()> + Sync,
) -> Result<()> {
    let slice = slice_bytes(shape, in_memory(shape.group_len(0)));
    let num_slices = shape.shard_bytes().div_ceil(slice);
    let num_tasks = groups.len() as u64 * num_slices;
    let next = AtomicU64::new(0);
    let run = || {
        let mut worker = Worker { code: None, buf: Vec::new() };
        loop {
            let task = next.fetch_add(1, Relaxed);
            if task >= num_tasks {
                return Ok(());
            }
            let (group, start) = (groups[(task / num_slices) as usize], task % num_slices * slice);
            let columns = start..(start + slice).min(shape.shard_bytes());
            let num_bytes = shape.group_len(group) * (columns.end - columns.start);
            if let Err(e) = ctx.checkpoint().and_then(|()| work(&mut worker, group, columns)) {
                next.store(num_tasks, Relaxed); // The others stop at their next slice.
                return Err(e);
            }
            ctx.advance(num_bytes);
        }
    };
    std::thread::scope(|scope| {
        let num_workers = rayon::current_num_threads().min(MAX_WORKERS);
        let workers: Vec<_> = (0..num_workers).map(|_| scope.spawn(run)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().map_err(Error::panicked).flatten());
        ended.collect::<Vec<_>>().into_iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASIS: [u16; 16] = [
        0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012, 0x6C98, 0x10D8, 0x6A72, 0xB900,
        0xFDB8, 0xFB34, 0xFF38, 0x991E,
    ];

    /// Symbols as field elements and back: docs/bundle-format.md §5.6.1, written from that text alone.
    struct Field(Vec<u16>, Vec<u16>);

    impl Field {
        fn new() -> Self {
            let element = |symbol: u32| {
                (0..16).filter(|bit| symbol >> bit & 1 == 1).fold(0, |sum, bit| sum ^ BASIS[bit])
            };
            let elements: Vec<u16> = (0..1 << 16).map(element).collect();
            let mut symbols = vec![0; 1 << 16];
            for (symbol, element) in (0..=u16::MAX).zip(&elements) {
                symbols[usize::from(*element)] = symbol;
            }
            Self(elements, symbols)
        }

        fn times(&self, a: u16, b: u16) -> u16 {
            let (a, b) = (u32::from(self.0[usize::from(a)]), u32::from(self.0[usize::from(b)]));
            let mut product = (0..16).filter(|bit| b >> bit & 1 == 1).fold(0, |sum, bit| sum ^ a << bit);
            for bit in (16..32).rev() {
                if product >> bit & 1 == 1 {
                    product ^= 0x1002D << (bit - 16);
                }
            }
            self.1[product as usize]
        }

        fn inverse(&self, a: u16) -> u16 {
            let one = self.1[1];
            // The exponent 2¹⁶ − 2: all bits but the lowest.
            let (mut power, mut result) = (a, one);
            for _ in 0..15 {
                power = self.times(power, power);
                result = self.times(result, power);
            }
            result
        }

        /// The polynomial of lowest degree through `points`, at `x`.
        fn interpolate(&self, points: &[(u16, u16)], x: u16) -> u16 {
            let term = |at: usize| {
                let (own, value) = points[at];
                let others = points.iter().enumerate().filter(|(other, _)| *other != at);
                others.fold(value, |product, (_, (other, _))| {
                    self.times(product, self.times(x ^ other, self.inverse(own ^ other)))
                })
            };
            (0..points.len()).fold(0, |sum, at| sum ^ term(at))
        }
    }

    #[test]
    fn the_code_is_the_one_that_the_format_describes() {
        let field = Field::new();
        for (num, num_recovery) in [(5_usize, 3_usize), (7, 2), (4, 4), (1, 1), (9, 5)] {
            let shard = |index: usize| -> Vec<u8> {
                (0..64).map(|at| blake3::hash(&[index as u8, at]).as_bytes()[0]).collect()
            };
            let mut encoder =
                HighRateEncoder::new(num, num_recovery, 64, DefaultEngine::new(), None).unwrap();
            (0..num).for_each(|index| encoder.add_original_shard(shard(index)).unwrap());
            let encoded = encoder.encode().unwrap();
            let chunk = num_recovery.next_power_of_two();
            let symbol = |bytes: &[u8], at: usize| u16::from(bytes[at]) | u16::from(bytes[32 + at]) << 8;
            for (number, recovery) in encoded.recovery_iter().enumerate() {
                for at in [0, 17, 31] {
                    let of_shard = |index: usize| if index < num { symbol(&shard(index), at) } else { 0 };
                    let sum = (1..=num.div_ceil(chunk)).fold(0, |sum, c| {
                        let point = |i: usize| ((c * chunk + i) as u16, of_shard((c - 1) * chunk + i));
                        let points: Vec<(u16, u16)> = (0..chunk).map(point).collect();
                        sum ^ field.interpolate(&points, number as u16)
                    });
                    assert_eq!(symbol(recovery, at), sum, "{num} {num_recovery}: {number} {at}");
                }
            }
        }
    }
}
