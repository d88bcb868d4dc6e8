//! Puts the images of a verified bundle at a destination, hashing every blob again on its way.
//!
//! The second hash is not redundant: a stick can change, or be changed, after it was checked.

use std::io::{self, Read};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    bundle::{BlobReader, Extent, OpenBundle},
    dest::{Destination, Placed},
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::Existing,
    job::{Ctx, Phase},
    oci::Descriptor,
    plan::{RestorePlan, RestoredImage},
    verify::VerifiedBundle,
};

/// What a restore did.
#[derive(Debug, Serialize)]
pub struct RestoreReport {
    /// The images, with their names at the destination.
    pub images: Vec<RestoredImage>,
    /// Blobs written.
    pub num_blobs: usize,
    /// Bytes written.
    pub written_bytes: u64,
    /// Blobs that were there already.
    pub num_present: usize,
}

/// Carries out `plan`. On any error the destination is as it was.
pub(crate) fn restore(
    ctx: &Ctx,
    verified: &VerifiedBundle,
    plan: &RestorePlan,
    existing: Existing,
) -> Result<RestoreReport> {
    let placed: Vec<Placed<'_>> = plan
        .images
        .iter()
        .map(|restored| Placed { image: &restored.image, names: &restored.names })
        .collect();
    let mut dest = (plan.dest.kind()?.open)(plan.dest.path(), existing, &placed)?;
    let mut blobs: Vec<Descriptor> = plan.blobs().into_values().collect();
    let num_all = blobs.len();
    blobs.retain(|blob| !dest.present().contains(&blob.digest));
    dest.present().iter().for_each(|digest| ctx.finish(Phase::Restore, digest));
    // In the order they lie in the bundle, so that a stick is read from front to back.
    blobs.sort_by_key(|blob| first_extent(verified.bundle(), &blob.digest));
    let written_bytes = blobs.iter().map(|blob| blob.size).sum();
    ctx.enter(Phase::Restore, written_bytes);
    let entries = blobs.iter().filter_map(|blob| verified.bundle().index().blob(&blob.digest));
    let mut pass = verified.bundle().pass(entries, 1);
    for blob in &blobs {
        put(ctx, pass.next_blob(), dest.as_mut(), blob).map_err(|e| e.or_with(Fact::Blob, blob.digest))?;
        ctx.finish(Phase::Restore, blob.digest);
    }
    ctx.enter(Phase::Flush, 0);
    ctx.checkpoint()?;
    dest.finish()?;
    Ok(RestoreReport {
        images: plan.images.clone(),
        num_blobs: blobs.len(),
        written_bytes,
        num_present: num_all - blobs.len(),
    })
}

/// Where the blob begins: frame and offset.
fn first_extent(bundle: &OpenBundle, digest: &Digest) -> (u32, u32) {
    match bundle.index().blob(digest).and_then(|blob| blob.extents.first()) {
        Some(Extent::Frame(frame, offset, _)) => (*frame, *offset),
        _ => (u32::MAX, 0),
    }
}

fn put(ctx: &Ctx, reader: BlobReader<'_>, dest: &mut dyn Destination, blob: &Descriptor) -> Result<()> {
    dest.put(blob, &mut Checked { ctx, reader, hasher: Sha256::new(), expected: blob.digest, ended: false })
}

/// A blob's bytes; the read that meets the end fails unless they matched the digest, so no destination
/// can take a wrong blob for a whole one.
struct Checked<'a> {
    ctx: &'a Ctx,
    reader: BlobReader<'a>,
    hasher: Sha256,
    expected: Digest,
    ended: bool,
}

impl Read for Checked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.ctx.checkpoint()?;
        let len = self.reader.read(buf)?;
        if len == 0 && !buf.is_empty() && !std::mem::replace(&mut self.ended, true) {
            let found = Digest::from_bytes(self.hasher.finalize_reset().into());
            if found != self.expected {
                let error = Error::new(Code::BlobMismatch).with(Fact::Expected, self.expected);
                return Err(error.with(Fact::Found, found).into());
            }
        }
        self.hasher.update(&buf[..len]);
        self.ctx.advance(len as u64);
        Ok(len)
    }
}
