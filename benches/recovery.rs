//! What recovery data takes of a pack: Reed–Solomon over the records of one group, in slices as the library cuts them, and
//! nothing else.
//!
//! usage: cargo bench --bench recovery -- [PERCENT]     prints GB/s of records for each core, the median of 5 runs, and memory
//! The code is the library's (same crate, same rate, same slices); records come from memory.

use std::{error::Error, time::Instant};

use reed_solomon_simd::{
    engine::DefaultEngine,
    rate::{HighRateDecoder, HighRateEncoder, RateDecoder, RateEncoder},
};

/// docs/bundle-format.md §5.6.
const GROUP_RECORDS: usize = 1024;
/// What fits 1,024 times, or 2,048 times for rebuilding, in 64 MiB.
const ENCODED_SLICE_BYTES: usize = 61_696;
const DECODED_SLICE_BYTES: usize = 31_808;

#[expect(clippy::print_stdout, reason = "the result")]
fn main() -> Result<(), Box<dyn Error>> {
    // cargo adds `--bench`.
    let percent = std::env::args().skip(1).find(|arg| arg != "--bench");
    let percent: usize = percent.map_or(Ok(5), |percent| percent.parse())?;
    let num_recovery = (GROUP_RECORDS * percent.clamp(1, 100)).div_ceil(100);
    let numbers = (0..GROUP_RECORDS + ENCODED_SLICE_BYTES).map(|at| ((at * at) >> 7) as u8);
    let bytes: Vec<u8> = numbers.collect();
    let record = |index: usize, len: usize| &bytes[index..index + len];

    let len = ENCODED_SLICE_BYTES;
    let mut encoder = HighRateEncoder::new(GROUP_RECORDS, num_recovery, len, DefaultEngine::new(), None)?;
    let mut encode = || -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
        encoder.reset(GROUP_RECORDS, num_recovery, len)?;
        for index in 0..GROUP_RECORDS {
            encoder.add_original_shard(record(index, len))?;
        }
        Ok(encoder.encode()?.recovery_iter().map(<[u8]>::to_vec).collect())
    };
    let (secs, recovery) = median(&mut encode)?;
    println!("computing {percent} %: {:.2} GB/s a core", gigabytes(len) / secs);

    let len = DECODED_SLICE_BYTES;
    let mut decoder = HighRateDecoder::new(GROUP_RECORDS, num_recovery, len, DefaultEngine::new(), None)?;
    let mut decode = || -> Result<usize, Box<dyn Error>> {
        decoder.reset(GROUP_RECORDS, num_recovery, len)?;
        for index in num_recovery..GROUP_RECORDS {
            decoder.add_original_shard(index, record(index, len))?;
        }
        for (index, shard) in recovery.iter().enumerate() {
            decoder.add_recovery_shard(index, &shard[..len])?;
        }
        let decoded = decoder.decode()?;
        let is_right = |(index, shard): &(usize, &[u8])| *shard == record(*index, len);
        Ok(decoded.restored_original_iter().filter(is_right).count())
    };
    let (secs, num_right) = median(&mut decode)?;
    println!("rebuilding {num_right} of {num_recovery} records: {:.2} GB/s a core", gigabytes(len) / secs);

    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", peak.unwrap_or("VmHWM: unknown"));
    Ok(())
}

/// Bytes of the records of a group that one slice covers.
fn gigabytes(slice_bytes: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a speed shown with three digits")]
    let num_bytes = (GROUP_RECORDS * slice_bytes) as f64;
    num_bytes / 1e9
}

fn median<T>(work: &mut dyn FnMut() -> Result<T, Box<dyn Error>>) -> Result<(f64, T), Box<dyn Error>> {
    let mut secs = Vec::new();
    let mut last = work()?;
    for _ in 0..5 {
        let began = Instant::now();
        last = work()?;
        secs.push(began.elapsed().as_secs_f64());
    }
    secs.sort_by(f64::total_cmp);
    Ok((secs[2], last))
}
