//! Looks for damage everywhere in a bundle, without a key: header copies, volumes, trailers, records, recovery records.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use rayon::prelude::*;
use serde::Serialize;

use crate::{
    bundle::{Bundle, Damage, Given, Header, Shape, Survey, record_hash},
    digest::hex,
    error::{Code, Error, Fact, Result},
    job::{Ctx, Phase, caught},
};

/// What is damaged in a bundle, and how much of it the bundle's own recovery data rebuilds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DamageReport {
    /// Identity of the bundle, 64 hex digits.
    pub fingerprint: String,
    /// The set id, which every volume bears, 64 hex digits.
    pub set_id: String,
    /// Records of the bundle.
    pub num_records: u64,
    /// Numbers (from 0) of the records that are damaged or missing, ascending.
    pub damaged: Vec<u64>,
    /// Those of them that the recovery data cannot rebuild, ascending.
    pub beyond_repair: Vec<u64>,
    /// Recovery records of the bundle; 0 when it was packed without.
    pub num_recovery_records: u64,
    /// Those of them that are damaged or missing.
    pub num_damaged_recovery_records: u64,
    /// Header copies that cannot be used: 0 or 1.
    pub num_damaged_header_copies: usize,
    /// Numbers (from 1) of the volumes that are not there.
    pub missing_volumes: Vec<u32>,
    /// Numbers (from 1) of the volumes whose head, hashes or trailer have to be written again.
    pub damaged_trailers: Vec<u32>,
    /// Those of them of which no copy is left.
    pub lost_trailers: Vec<u32>,
}

impl DamageReport {
    /// Whether nothing is damaged, recovery data included.
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty()
            && self.num_damaged_recovery_records == 0
            && self.num_damaged_header_copies == 0
            && self.missing_volumes.is_empty()
            && self.damaged_trailers.is_empty()
    }

    /// Whether the bundle holds all that a repair needs.
    pub fn is_repairable(&self) -> bool {
        self.beyond_repair.is_empty() && self.lost_trailers.is_empty()
    }
}

/// A bundle, and what is damaged in it.
pub(crate) struct Scanned {
    pub(crate) header: Header,
    pub(crate) survey: Survey,
    pub(crate) damage: Damage,
    pub(crate) num_damaged_copies: usize,
}

/// Records hashed by one task.
const RUN: u64 = 8;
/// Most damaged records that are listed: 4 TiB of them. A header may tell of more records than there are files for.
pub(super) const MAX_DAMAGED: u64 = 1 << 22;

/// Checks all of the bundle at `path`; `given` is what an answer brought.
pub(crate) fn scan(ctx: &Ctx, path: &Path, given: Given) -> Result<Scanned> {
    let bundle = Bundle::open(path)?;
    bundle.notice_foreign_copy(ctx);
    scan_as(ctx, path, bundle.header_of_volumes(ctx)?, bundle.num_damaged_copies(), given)
}

/// As [`scan`], with a header that may have come from elsewhere.
pub(crate) fn scan_as(
    ctx: &Ctx,
    path: &Path,
    header: &Header,
    num_damaged_copies: usize,
    given: Given,
) -> Result<Scanned> {
    let survey = Survey::take(ctx, path, header, given)?;
    let shape = *survey.shape();
    let recovery_bytes = shape.num_recovery_records() * shape.shard_bytes();
    ctx.enter(Phase::Verify, shape.geometry.payload_bytes + recovery_bytes);
    let records = damaged(ctx, shape.geometry.num_records, |number, buf| {
        let (volume, offset, len) = shape.record_place(number);
        ctx.advance(shape.geometry.plain_len(number) as u64);
        let is_there = survey.volumes[volume as usize].len.is_some_and(|end| offset + len <= end);
        let Some(hash) = survey.record_hash(number)?.filter(|_| is_there) else { return Ok(false) };
        // What the medium cannot give back is damaged too: the rest is still worth checking.
        Ok(survey.files.read_record(number, buf).is_ok() && record_hash(buf) == hash)
    })?;
    let recovery_records = damaged(ctx, shape.num_recovery_records(), |number, buf| {
        let (volume, offset) = shape.recovery_place(number);
        let len = shape.shard_bytes();
        ctx.advance(len);
        let is_there = survey.volumes[volume as usize].len.is_some_and(|end| offset + len <= end);
        let Some(hash) = survey.recovery_hash(number)?.filter(|_| is_there) else { return Ok(false) };
        Ok(survey.files.read_recovery_slice(number, 0..len, buf).is_ok() && record_hash(buf) == hash)
    })?;
    let damage = Damage { records, recovery_records };
    Ok(Scanned { header: header.clone(), survey, damage, num_damaged_copies })
}

/// Numbers below `num` that `is_whole` does not hold for, ascending.
pub(super) fn damaged(
    ctx: &Ctx,
    num: u64,
    is_whole: impl Fn(u64, &mut Vec<u8>) -> Result<bool> + Sync,
) -> Result<Vec<u64>> {
    let num_damaged = AtomicU64::new(0);
    // Numbers are gathered and not one list for each run, as a header may tell of billions of records.
    let gather = |(mut damaged, mut buf): (Vec<u64>, Vec<u8>), run: u64| {
        for number in run * RUN..((run + 1) * RUN).min(num) {
            ctx.checkpoint()?;
            if !is_whole(number, &mut buf)? {
                if num_damaged.fetch_add(1, Relaxed) == MAX_DAMAGED {
                    return Err(Error::new(Code::BeyondRepair).with(Fact::Limit, MAX_DAMAGED));
                }
                damaged.push(number);
            }
        }
        Ok((damaged, buf))
    };
    let gathered = || {
        let runs = (0..num.div_ceil(RUN)).into_par_iter().try_fold(Default::default, gather);
        runs.map(|gathered| gathered.map(|(damaged, _)| damaged)).try_reduce(Vec::new, |mut before, after| {
            before.extend(after);
            Ok(before)
        })
    };
    caught(gathered).flatten()
}

impl Scanned {
    pub(crate) fn shape(&self) -> &Shape {
        self.survey.shape()
    }

    /// Volumes (from 0) that are not there.
    pub(crate) fn missing_volumes(&self) -> Vec<u32> {
        let missing = (0..).zip(&self.survey.volumes).filter(|(_, volume)| volume.len.is_none());
        missing.map(|(number, _)| number).collect()
    }

    /// Volumes (from 0) whose head or trailer is not as it was written.
    pub(crate) fn hurt_volumes(&self) -> Vec<u32> {
        let is_hurt =
            |volume: &crate::bundle::SurveyedVolume| !volume.is_trailer_whole || !volume.is_head_whole;
        let hurt = (0..).zip(&self.survey.volumes).filter(|(_, volume)| is_hurt(volume));
        hurt.map(|(number, _)| number).collect()
    }

    pub(crate) fn report(&self) -> DamageReport {
        let from_one = |volumes: Vec<u32>| volumes.into_iter().map(|volume| volume + 1).collect();
        DamageReport {
            fingerprint: hex(&self.header.fingerprint()),
            set_id: hex(&self.header.set_id),
            num_records: self.shape().geometry.num_records,
            damaged: self.damage.records.clone(),
            beyond_repair: self.damage.beyond_repair(self.shape()),
            num_recovery_records: self.shape().num_recovery_records(),
            num_damaged_recovery_records: self.damage.recovery_records.len() as u64,
            num_damaged_header_copies: self.num_damaged_copies,
            missing_volumes: from_one(self.missing_volumes()),
            damaged_trailers: from_one(self.hurt_volumes()),
            lost_trailers: from_one(self.survey.lost_trailers()),
        }
    }
}
