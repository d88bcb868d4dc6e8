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
        let (hashes_hash, head_hash) = (Sha256::digest(&record_hashes).into(), Sha256::digest(&head).into());
        let directory = encode_directory(shape, volume, &hashes_hash, &head_hash);
        let place = FooterPlace { volume, first_record, num_records, directory_offset: places.directory };
        let footer = encode_footer(keys, &place, &directory, root);
        files.write_at(volume, places.directory, &directory)?;
        files.write_at(volume, places.footer, &footer)?;
    }
    let each_piece = |volume, put: &mut dyn FnMut(&[u8]) -> Result<()>| {
        ctx.checkpoint()?;
        put(&read_summary(files, volume)?)
    };
    (0..shape.geometry.num_volumes).try_for_each(|volume| {
        let mut copies = Vec::new();
        let mut put = |piece: &[u8]| {
            copies.extend_from_slice(piece);
            Ok(())
        };
        put_copies(shape, keys.set_id(), volume, &each_piece, &mut put)?;
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
fn read_summary(files: &VolumeFiles, volume: u32) -> Result<Vec<u8>> {
    let mut summary = Vec::new();
    for (offset, len) in files.shape().summary_parts(volume) {
        let start = summary.len();
        summary.resize(start + len as usize, 0);
        files.read_at(volume, offset, &mut summary[start..])?;
    }
    Ok(summary)
}

/// Gives a summary to a function piece by piece.
type EachPiece<'a> = dyn Fn(u32, &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> + 'a;

/// Puts out a section of copies of volume `volume` (from 0), made of the summaries of the volumes it copies.
pub(crate) fn put_copies(
    shape: &Shape,
    set_id: &SetId,
    volume: u32,
    each_piece: &EachPiece<'_>,
    put: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    put(&encode_head(SectionKind::Copies, shape, set_id, volume))?;
    for copied in shape.copied(volume) {
        let mut sum = Sha256::new();
        each_piece(copied, &mut |piece| {
            sum.update(piece);
            put(piece)
        })?;
        put(&sum.finalize())?;
    }
    Ok(())
}
