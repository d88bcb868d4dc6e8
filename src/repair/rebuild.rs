//! Writes what is damaged again: records, then recovery records, then heads and trailers. Only what is known to be damaged
//! is written over, so a run that was interrupted can be repeated.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::{
    answer::Answer,
    scan::{Scanned, damaged},
};
use crate::{
    bundle::{COPY_BYTES, Damage, Header, VolumeFiles, decode, encode, encode_volume_head, record_hash},
    error::{Code, Error, Result},
    fs::{open_in_place, read_exact_at, write_all_at},
    job::{Ctx, Phase},
};

/// What was written, and what is still damaged.
pub(super) struct Rebuilt {
    pub(super) num_records: u64,
    pub(super) num_recovery_records: u64,
    /// Volumes (from 0) whose head or trailer was written.
    pub(super) trailers: Vec<u32>,
    /// Volumes (from 0) whose trailer is lost.
    pub(super) lost_trailers: Vec<u32>,
    pub(super) left: Damage,
}

/// Mends the volumes at `paths`, which hold what the scan found at its places.
pub(super) fn rebuild(
    ctx: &Ctx,
    scanned: &Scanned,
    paths: Vec<PathBuf>,
    answer: Option<&Answer>,
) -> Result<Rebuilt> {
    if !scanned.survey.is_proven {
        let lost = scanned.report().lost_trailers;
        let detail = lost.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        return Err(Error::new(Code::BeyondRepair).with(crate::error::Fact::Volume, detail));
    }
    let shape = *scanned.shape();
    let files = VolumeFiles::open(shape, paths)?;
    let mut left = scanned.damage.clone();
    if let Some(answer) = answer {
        apply_records(ctx, scanned, &files, answer, &mut left)?;
    }
    if shape.has_recovery() && !left.records.is_empty() {
        ctx.enter(Phase::Recover, left.repairable_groups(&shape).len() as u64 * group_bytes(scanned));
        let repairable = left.repairable_records(&shape);
        decode(ctx, &files, &left)?;
        still_damaged(ctx, &repairable, &mut left.records, |number, buf| {
            files.read_record(number, buf)?;
            scanned.survey.record_hash(number)
        })?;
    }
    let num_records = (scanned.damage.records.len() - left.records.len()) as u64;
    if !left.recovery_records.is_empty() {
        let wanted = left.computable_recovery_records(&shape);
        ctx.enter(Phase::Recover, Damage::groups_of(&shape, &wanted).len() as u64 * group_bytes(scanned));
        encode(ctx, &files, &|number| wanted.binary_search(&number).is_ok())?;
        still_damaged(ctx, &wanted, &mut left.recovery_records, |number, buf| {
            files.read_recovery_slice(number, 0..shape.shard_bytes(), buf)?;
            scanned.survey.recovery_hash(number)
        })?;
    }
    let num_recovery_records = (scanned.damage.recovery_records.len() - left.recovery_records.len()) as u64;
    ctx.enter(Phase::Flush, 0);
    let lost = scanned.survey.lost_trailers();
    let mut trailers = scanned.hurt_volumes();
    trailers.retain(|volume| !lost.contains(volume));
    for volume in &trailers {
        ctx.checkpoint()?;
        if *volume > 0 {
            write_where_other(&files, *volume, 0, &encode_volume_head(scanned.survey.set_id(), *volume))?;
        }
        let mut put = |offset, piece: &[u8]| write_where_other(&files, *volume, offset, piece);
        scanned.survey.each_trailer_piece(ctx, *volume, &mut put)?;
    }
    for volume in 0..shape.geometry.num_volumes {
        // How long a volume is to be, its trailer says.
        if lost.contains(&volume) { files.sync(volume)? } else { files.finish(volume)? }
    }
    Ok(Rebuilt { num_records, num_recovery_records, trailers, lost_trailers: lost, left })
}

/// The damaged records among all that lie at `paths`.
pub(super) fn check_all(ctx: &Ctx, scanned: &Scanned, paths: Vec<PathBuf>) -> Result<Vec<u64>> {
    let shape = scanned.shape();
    let files = VolumeFiles::to_read(*shape, paths);
    ctx.enter(Phase::Verify, shape.geometry.payload_bytes);
    damaged(ctx, shape.geometry.num_records, |number, buf| {
        ctx.advance(shape.geometry.plain_len(number) as u64);
        files.read_record(number, buf)?;
        Ok(scanned.survey.record_hash(number)? == Some(record_hash(buf)))
    })
}

/// Bytes that are worked on to mend one group.
fn group_bytes(scanned: &Scanned) -> u64 {
    scanned.shape().group_len(0) * scanned.shape().shard_bytes()
}

/// Takes records out of an answer, each against its hash.
fn apply_records(
    ctx: &Ctx,
    scanned: &Scanned,
    files: &VolumeFiles,
    answer: &Answer,
    left: &mut Damage,
) -> Result<()> {
    let mut mended = Vec::new();
    for number in answer.records().filter(|number| left.has_record(*number)) {
        ctx.checkpoint()?;
        let record = answer.read_record(number)?;
        if scanned.survey.record_hash(number)? == Some(record_hash(&record)) {
            files.write_slice(number, 0, &record)?;
            mended.push(number);
        }
    }
    left.records.retain(|number| mended.binary_search(number).is_err());
    Ok(())
}

/// Takes those of `written` out of `damaged` whose bytes have the hash that belongs to them.
fn still_damaged(
    ctx: &Ctx,
    written: &[u64],
    damaged: &mut Vec<u64>,
    read: impl Fn(u64, &mut Vec<u8>) -> Result<Option<[u8; 32]>>,
) -> Result<()> {
    let (mut buf, mut mended) = (Vec::new(), Vec::new());
    for number in written {
        ctx.checkpoint()?;
        let hash = read(*number, &mut buf)?;
        if hash == Some(record_hash(&buf)) {
            mended.push(*number);
        }
    }
    damaged.retain(|number| mended.binary_search(number).is_err());
    Ok(())
}

/// What is right already is left alone.
fn write_where_other(files: &VolumeFiles, volume: u32, offset: u64, bytes: &[u8]) -> Result<()> {
    let mut found = vec![0; bytes.len()];
    let is_there = files.len(volume)? >= offset + bytes.len() as u64;
    if is_there && files.read_at(volume, offset, &mut found).is_ok() && found == bytes {
        return Ok(());
    }
    files.write_at(volume, offset, bytes)
}

/// Writes the newest usable header copy at `path` over one that cannot be used; where neither can, `brought` over both.
/// Returns how many were written.
pub(super) fn mend_header(path: &Path, brought: Option<&[u8]>) -> Result<usize> {
    let write = |e| Error::write(path, e);
    let file = open_in_place(path)?;
    let usable = usable_copies(&file);
    let newest = usable.iter().flatten().max_by_key(|(sequence, _)| *sequence).map(|(_, copy)| &copy[..]);
    let copy = newest.or(brought).ok_or_else(|| Error::new(Code::HeaderDamaged).at(path))?;
    let mut num_written = 0;
    for (offset, usable) in COPIES.into_iter().zip(&usable) {
        if usable.is_none() {
            write_all_at(&file, copy, offset).map_err(write)?;
            file.sync_all().map_err(write)?;
            num_written += 1;
        }
    }
    Ok(num_written)
}

/// The newest usable header copy at `path`, as it lies on disk.
pub(super) fn read_header_copy(path: &Path) -> Result<Vec<u8>> {
    let usable =
        usable_copies(&crate::fs::open_file(crate::bundle::locate_first(path).as_deref().unwrap_or(path))?);
    let newest = usable.into_iter().flatten().max_by_key(|(sequence, _)| *sequence);
    newest.map(|(_, copy)| copy).ok_or_else(|| Error::new(Code::HeaderDamaged).at(path))
}

/// Offsets of the header copies: B is written first.
const COPIES: [u64; 2] = [COPY_BYTES as u64, 0];

/// The sequence number of each copy that can be used, and its bytes.
fn usable_copies(file: &File) -> [Option<(u64, Vec<u8>)>; 2] {
    COPIES.map(|offset| {
        let mut copy = vec![0; COPY_BYTES];
        read_exact_at(file, &mut copy, offset).ok()?;
        let (header, _) = Header::decode(&copy).ok()?;
        Some((header.sequence, copy))
    })
}
