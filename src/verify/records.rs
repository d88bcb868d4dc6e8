//! The check that needs no key: every record's SHA-256, the roots over them, the header's checksum.

use serde::Serialize;

use crate::{
    bundle::{Bundle, VolumeSet, record_hash},
    error::{Code, Result},
    job::{Ctx, Phase, on_all_cores},
    verify::RecordMap,
};

/// What a check without a key found.
#[derive(Debug, Serialize)]
pub struct RecordReport {
    /// Records of the bundle.
    pub num_records: u64,
    /// Numbers (from 0) of the records that are damaged, ascending.
    pub damaged: Vec<u64>,
    /// Header copies that cannot be used: 0 or 1.
    pub num_damaged_header_copies: usize,
}

impl RecordReport {
    /// Whether every record is as it was sealed.
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty()
    }

    /// The damaged records in few words: `0–3, 7, 9–12`.
    pub fn damaged_ranges(&self) -> String {
        ranges(&self.damaged)
    }
}

/// Numbers that ascend in few words: `0–3, 7, 9–12`.
pub fn ranges(numbers: &[u64]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}–{last}"),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// Records hashed by one task: long enough for the disk, short enough to share the work evenly.
const RUN: u64 = 8;

/// Hashes every record in parallel and marks it on `map`. Damage is listed, not an error; missing or foreign
/// volumes are errors.
pub(crate) fn verify_records(ctx: &Ctx, bundle: &Bundle, map: &RecordMap) -> Result<RecordReport> {
    let volumes = VolumeSet::open(bundle.path(), bundle.header_of_volumes(ctx)?)?;
    volumes.check_hashes(ctx)?;
    map.clear();
    let num_records = volumes.geometry().num_records;
    ctx.enter(Phase::Verify, volumes.geometry().payload_bytes);
    let damaged: Vec<Vec<u64>> = on_all_cores(0..num_records.div_ceil(RUN), Vec::new, |buf, run| {
        let mut damaged = Vec::new();
        for number in run * RUN..((run + 1) * RUN).min(num_records) {
            ctx.checkpoint()?;
            let is_whole = is_whole(&volumes, number, buf)?;
            if !is_whole {
                damaged.push(number);
            }
            map.mark(number, is_whole);
            ctx.advance(volumes.geometry().plain_len(number) as u64);
        }
        Ok(damaged)
    })?;
    Ok(RecordReport {
        num_records,
        damaged: damaged.concat(),
        num_damaged_header_copies: bundle.num_damaged_copies(),
    })
}

/// A record that the medium cannot give back is damaged too: the others are still worth checking.
fn is_whole(volumes: &VolumeSet, number: u64, buf: &mut Vec<u8>) -> Result<bool> {
    match volumes.read_record(number, buf) {
        Ok(()) => Ok(volumes.read_hashes(number, 1)? == record_hash(buf)),
        Err(e) if e.code() == Code::Read => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_records_are_told_in_ranges() {
        let told = |damaged: &[u64]| {
            RecordReport { num_records: 20, damaged: damaged.to_vec(), num_damaged_header_copies: 0 }
                .damaged_ranges()
        };
        assert_eq!(told(&[0, 1, 2, 3, 7, 9, 10]), "0–3, 7, 9–10");
        assert_eq!(told(&[]), "");
    }
}
