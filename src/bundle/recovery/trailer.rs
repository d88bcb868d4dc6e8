//! Writes recovery data into volumes whose records and record hashes are there.

use sha2::{Digest, Sha256};

use super::{
    code::encode,
    files::VolumeFiles,
    section::{SectionKind, encode_directory, encode_head, encode_recovery_head},
    shape::Shape,
};
use crate::{
    bundle::{
        BundleKeys, SetId,
        volume::{FooterPlace, encode_footer},
    },
    error::Result,
    job::{Ctx, Phase, on_all_cores},
};

/// Computes all recovery records and completes the trailers; `roots` are the volume roots.
pub(crate) fn write(ctx: &Ctx, files: &VolumeFiles, keys: &BundleKeys, roots: &[[u8; 32]]) -> Result<()> {
    let shape = files.shape();
    ctx.enter(Phase::Recover, shape.geometry.num_records * shape.shard_bytes());
    encode(ctx, files, &|_| true)?;
    for (volume, root) in (0..).zip(roots) {
        ctx.checkpoint()?;
        let hashes = hash_recovery_records(files, volume)?;
        let places = shape.places(volume);
        let head = encode_recovery_head(shape, keys.set_id(), volume, &hashes);
        files.write_at(volume, places.recovery_head, &head)?;

        let (first_record, num_records) = shape.geometry.volume_span(volume);
        let mut record_hashes = vec![0; 32 * num_records as usize];
        files.read_at(volume, places.hashes, &mut record_hashes)?;
        let directory = encode_directory(shape, volume, &Sha256::digest(&record_hashes).into(), &head);
        let place = FooterPlace { volume, first_record, num_records, directory_offset: places.directory };
        let footer = encode_footer(keys, &place, &directory, root);
        files.write_at(volume, places.directory, &directory)?;
        files.write_at(volume, places.footer, &footer)?;
    }
    let summary = |volume| read_summary(files, volume);
    (0..shape.geometry.num_volumes).try_for_each(|volume| {
        ctx.checkpoint()?;
        let copies = encode_copies(shape, keys.set_id(), volume, &summary)?;
        shape.places(volume).copies.into_iter().try_for_each(|at| files.write_at(volume, at, &copies))
    })
}

/// SHA-256 of each recovery record of a volume, as it now lies there.
fn hash_recovery_records(files: &VolumeFiles, volume: u32) -> Result<Vec<u8>> {
    let shape = files.shape();
    let (first, num) = shape.recovery_span(volume);
    let hashes: Vec<[u8; 32]> = on_all_cores(first..first + num, Vec::new, |buf, number| {
        files.read_recovery_slice(number, 0..shape.shard_bytes(), buf)?;
        Ok(Sha256::digest(buf).into())
    })?;
    Ok(hashes.concat())
}

/// What is copied of the trailer of a volume.
pub(crate) fn read_summary(files: &VolumeFiles, volume: u32) -> Result<Vec<u8>> {
    let mut summary = Vec::new();
    for (offset, len) in files.shape().summary_parts(volume) {
        let start = summary.len();
        summary.resize(start + len as usize, 0);
        files.read_at(volume, offset, &mut summary[start..])?;
    }
    Ok(summary)
}

/// A section of copies of volume `volume` (from 0), from the summaries of the volumes it copies.
pub(crate) fn encode_copies(
    shape: &Shape,
    set_id: &SetId,
    volume: u32,
    summary: &dyn Fn(u32) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut out = encode_head(SectionKind::Copies, shape, set_id, volume);
    for copied in shape.copied(volume) {
        let summary = summary(copied)?;
        out.extend_from_slice(&summary);
        out.extend_from_slice(&Sha256::digest(&summary));
    }
    Ok(out)
}
