//! Puts the images of a verified bundle at a destination, hashing every blob again on its way.
//!
//! The second hash is not redundant: a stick can change, or be changed, after it was checked.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    bundle::{Extent, OpenBundle},
    dest::{Beside, Destination, Order},
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::Existing,
    job::{Ctx, Phase},
    oci::Descriptor,
    plan::{RestorePlan, RestoredImage, placed},
    verify::{Checked, VerifiedBundle},
};

/// Blobs that go at once where a destination takes several.
const NUM_LANES: usize = 4;

/// Most bytes that a layer may unpack to for each of its own, and what is always allowed: real layers take three, and
/// files full of zeros some hundreds.
const MAX_UNPACKED_RATIO: u64 = 1000;
const MIN_UNPACKED_BYTES: u64 = 64 << 20;

/// What a restore did.
#[derive(Debug, Serialize)]
pub struct RestoreReport {
    /// The images, with their names at the destination.
    pub images: Vec<RestoredImage>,
    /// Signatures and other artifacts that the destination cannot hold.
    pub left_out: Vec<RestoredImage>,
    /// Blobs written.
    pub num_blobs: usize,
    /// Bytes written.
    pub written_bytes: u64,
    /// Blobs that were there already.
    pub num_present: usize,
    /// Layers that were unpacked on their way, for an engine that cannot read them as they are: their manifests there are
    /// others.
    pub num_unpacked: usize,
    /// When the blobs of the bundle were compared with their digests.
    pub checked: Checked,
}

/// Carries out `plan`. On any error the destination is as it was, but for what an engine had taken in.
pub(crate) fn restore(
    ctx: &Ctx,
    verified: &VerifiedBundle,
    plan: &RestorePlan,
    existing: Existing,
) -> Result<RestoreReport> {
    let target = plan.dest.connect(ctx)?;
    let blame = |error: Error| {
        let (fact, place) = target.place();
        error.or_with(fact, place)
    };
    let order = Order { placed: placed(&plan.images), existing, backups: &plan.backups };
    let mut dest = target.open(ctx, &order).map_err(blame)?;
    let mut blobs: Vec<Descriptor> = plan.blobs().into_values().collect();
    let num_all = blobs.len();
    blobs.retain(|blob| !dest.present().contains(&blob.digest));
    if let Some(gone) = blobs.first().filter(|_| !verified.may_be_sent()) {
        // It was there when it was planned that nothing is sent.
        return Err(blame(Error::new(Code::DestinationChanged).with(Fact::Blob, gone.digest)));
    }
    dest.present().iter().for_each(|digest| ctx.finish(Phase::Restore, digest));
    // In the order they lie in the bundle, so that a stick is read from front to back.
    blobs.sort_by_key(|blob| first_extent(verified.bundles(), &blob.digest));
    let written_bytes = blobs.iter().map(|blob| blob.size).sum();
    let diff_ids = diff_ids(plan);
    let unpacked = |blob: &Descriptor| diff_ids.get(&blob.digest).filter(|_| dest.wants_raw(blob)).copied();
    let blobs: Vec<Sent> = blobs.into_iter().map(|blob| Sent { unpacked: unpacked(&blob), blob }).collect();
    let mut left: Vec<_> = blobs.iter().collect();
    loop {
        ctx.enter(Phase::Restore, left.iter().map(|sent| sent.blob.size).sum());
        let home = |sent: &Sent| home(verified.bundles(), &sent.blob.digest);
        for from_one in left.chunk_by(|a, b| home(a) == home(b)) {
            let bundle = from_one.first().and_then(|sent| verified.bundles().get(home(sent)));
            send(ctx, bundle.ok_or_else(|| Error::new(Code::BadIndex))?, from_one, dest.as_mut())
                .map_err(blame)?;
        }
        let again = dest.again().map_err(blame)?;
        if again.is_empty() {
            break;
        }
        left.retain(|sent| again.contains(&sent.blob.digest));
    }
    let num_present = num_all - blobs.len() - dest.num_unused();
    ctx.enter(Phase::Flush, 0);
    ctx.checkpoint()?;
    dest.finish().map_err(blame)?;
    Ok(RestoreReport {
        images: plan.images.clone(),
        left_out: plan.left_out.clone(),
        num_blobs: blobs.len(),
        written_bytes,
        num_present,
        num_unpacked: blobs.iter().filter(|sent| sent.unpacked.is_some()).count(),
        checked: verified.checked(),
    })
}

/// A blob that is sent.
struct Sent {
    blob: Descriptor,
    /// The diffID of what it is unpacked to, if it is.
    unpacked: Option<Digest>,
}

/// Puts `blobs`, which are in `bundle`, there.
fn send(ctx: &Ctx, bundle: &OpenBundle, blobs: &[&Sent], dest: &mut dyn Destination) -> Result<()> {
    if let Some(dest) = dest.beside() {
        return send_beside(ctx, bundle, blobs, dest);
    }
    // A layer that is unpacked is read twice: a tar wants to know its size first.
    let entries = blobs.iter().flat_map(|Sent { blob, unpacked }| {
        let entry = bundle.index().blob(&blob.digest);
        std::iter::repeat_n(entry, 1 + usize::from(unpacked.is_some())).flatten()
    });
    let mut pass = bundle.pass(ctx, entries, 1)?;
    for Sent { blob, unpacked } in blobs {
        let put = match unpacked {
            None => put(ctx, Counted { ctx, reader: pass.next_blob() }, dest, blob),
            Some(diff_id) => {
                measure(ctx, pass.next_blob(), blob, diff_id, dest.free_bytes()).and_then(|raw| {
                    let reader = unzstd(Counted { ctx, reader: pass.next_blob() })?;
                    put(ctx, reader, dest, &raw)
                })
            }
        };
        put.map_err(|e| e.or_with(Fact::Blob, blob.digest))?;
        ctx.finish(Phase::Restore, blob.digest);
    }
    Ok(())
}

/// The same, some at once.
fn send_beside(ctx: &Ctx, bundle: &OpenBundle, blobs: &[&Sent], dest: &dyn Beside) -> Result<()> {
    let entries = blobs.iter().filter_map(|sent| bundle.index().blob(&sent.blob.digest));
    let blobs: BTreeMap<Digest, &Descriptor> =
        blobs.iter().map(|sent| (sent.blob.digest, &sent.blob)).collect();
    bundle.pass(ctx, entries, NUM_LANES)?.beside(|digest, reader| {
        let blob = blobs.get(&digest).ok_or_else(|| Error::new(Code::BadIndex))?;
        dest.put(blob, &mut Compared::new(ctx, Counted { ctx, reader }, digest))?;
        ctx.finish(Phase::Restore, digest);
        Ok(())
    })
}

/// The number of the first bundle that has the blob.
fn home(bundles: &[OpenBundle], digest: &Digest) -> usize {
    bundles.iter().take_while(|bundle| bundle.index().blob(digest).is_none()).count()
}

/// Where the blob begins: bundle, frame and offset.
fn first_extent(bundles: &[OpenBundle], digest: &Digest) -> (usize, u32, u32) {
    let home = home(bundles, digest);
    match bundles.get(home).and_then(|bundle| bundle.index().blob(digest)?.extents.first()) {
        Some(Extent::Frame(frame, offset, _)) => (home, *frame, *offset),
        _ => (home, u32::MAX, 0),
    }
}

/// `diffID`s of the layers, by their blobs.
fn diff_ids(plan: &RestorePlan) -> BTreeMap<Digest, Digest> {
    let manifests = plan.images.iter().flat_map(|restored| &restored.image.manifests);
    let layers = manifests.flat_map(|manifest| &manifest.layers);
    layers.filter_map(|layer| Some((layer.blob.digest, layer.diff_id?))).collect()
}

fn unzstd<R: Read>(reader: R) -> Result<zstd::Decoder<'static, io::BufReader<R>>> {
    zstd::Decoder::new(reader).map_err(|e| Error::from_stream(Code::Read, e))
}

/// The layer that `blob`, which `reader` reads, unpacks to.
///
/// # Errors
/// [`Code::NoSpace`] when it is larger than the `free` bytes where it goes, and [`Code::Limit`] when it is out of all
/// proportion to `blob`: either as soon as that is known.
fn measure(
    ctx: &Ctx,
    reader: impl Read,
    blob: &Descriptor,
    diff_id: &Digest,
    free: Option<u64>,
) -> Result<Descriptor> {
    let most = blob.size.saturating_mul(MAX_UNPACKED_RATIO).saturating_add(MIN_UNPACKED_BYTES);
    let limit = free.unwrap_or(u64::MAX).min(most);
    let raw = Compared::new(ctx, unzstd(reader)?, *diff_id);
    let mut raw = raw.take(limit.saturating_add(1));
    let size = io::copy(&mut raw, &mut io::sink()).map_err(|e| Error::from_stream(Code::Read, e))?;
    match free {
        Some(free) if size > free => {
            Err(Error::new(Code::NoSpace).with(Fact::Needed, size).with(Fact::Free, free))
        }
        _ if size > most => {
            let error = Error::new(Code::Limit).worded(Fact::Detail, "detail-limit-unpacked", &[]);
            Err(error.with(Fact::Limit, most))
        }
        _ => {
            let media_type = "application/vnd.oci.image.layer.v1.tar".into();
            Ok(Descriptor { media_type, digest: *diff_id, size })
        }
    }
}

fn put(ctx: &Ctx, reader: impl Read, dest: &mut dyn Destination, blob: &Descriptor) -> Result<()> {
    dest.put(blob, &mut Compared::new(ctx, reader, blob.digest))
}

/// Counts what is read of the bundle as done.
struct Counted<'a, R> {
    ctx: &'a Ctx,
    reader: R,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buf)?;
        self.ctx.advance(len as u64);
        Ok(len)
    }
}

/// A blob's bytes; the read that meets the end fails unless they matched the digest, so no destination
/// can take a wrong blob for a whole one.
struct Compared<'a, R> {
    ctx: &'a Ctx,
    reader: R,
    hasher: Sha256,
    expected: Digest,
    ended: bool,
}

impl<'a, R> Compared<'a, R> {
    fn new(ctx: &'a Ctx, reader: R, expected: Digest) -> Self {
        Self { ctx, reader, hasher: Sha256::new(), expected, ended: false }
    }
}

impl<R: Read> Read for Compared<'_, R> {
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
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::HashingReader;

    /// Measures `num_bytes` zeros, packed with zstd, for a place with `free` bytes.
    fn measured(num_bytes: u64, free: Option<u64>) -> Result<Descriptor> {
        let packed = zstd::encode_all(io::repeat(0).take(num_bytes), 1).unwrap();
        let mut hashing = HashingReader::new(io::repeat(0).take(num_bytes));
        io::copy(&mut hashing, &mut io::sink()).unwrap();
        let (diff_id, _) = hashing.finish();
        let media_type = "application/vnd.oci.image.layer.v1.tar+zstd".into();
        let blob = Descriptor { media_type, digest: Digest::of(&packed), size: packed.len() as u64 };
        measure(&Ctx::new(), &packed[..], &blob, &diff_id, free)
    }

    #[test]
    fn a_layer_is_unpacked_no_further_than_its_place_and_proportion_allow() {
        const LEN: u64 = 32 << 20;
        assert_eq!(measured(LEN, None).unwrap().size, LEN);
        assert_eq!(measured(LEN, Some(LEN)).unwrap().size, LEN);
        let error = measured(LEN, Some(LEN - 1)).unwrap_err();
        assert_eq!((error.code(), error.context()[0]), (Code::NoSpace, (Fact::Needed, "33554432")));
        // Zeros shrink some ten thousand times.
        assert_eq!(measured(256 << 20, None).unwrap_err().code(), Code::Limit);
    }

    #[test]
    fn a_cancelled_job_ends_while_a_layer_is_unpacked() {
        let packed = zstd::encode_all(io::repeat(0).take(1 << 20), 1).unwrap();
        let ctx = Ctx::new();
        ctx.cancel();
        let blob = Descriptor { media_type: String::new(), digest: Digest::of(b""), size: 1 << 20 };
        let ended = measure(&ctx, &packed[..], &blob, &Digest::of(b""), None);
        assert_eq!(ended.unwrap_err().code(), Code::Cancelled);
    }
}
