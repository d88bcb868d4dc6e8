//! A bundle opened with its key: what is inside, and the checks with a key.

use std::{borrow::Borrow, collections::BTreeSet};

use serde::Serialize;

use crate::{
    bundle::{ImageEntry, OpenBundle},
    dest::DestSpec,
    digest::{Digest, hex},
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{Descriptor, Documents, Image, ImageReader, Name},
    plan::{self, RestorePlan, Selection},
    trust::Admission,
    verify::{self, BlobReport, Damaged, DamagedImage, RecordMap, VerifiedBundle},
};

/// A bundle opened with its key.
pub struct Unlocked {
    pub(super) bundle: OpenBundle,
    pub(super) images: Vec<Image>,
    /// Images whose documents cannot be read.
    pub(super) unreadable: Vec<DamagedImage>,
    sum_bytes: u64,
}

/// What a bundle says of itself.
#[derive(Debug, Serialize)]
pub struct Contents<'a> {
    /// RFC 3339 time of packing.
    pub created: &'a str,
    /// Program and version that packed it.
    pub tool: &'a str,
    /// The images.
    pub images: &'a [Image],
    /// Bytes of the images, as if they shared nothing.
    pub sum_bytes: u64,
    /// Blobs of other deliveries that it builds on.
    pub externals: BTreeSet<Digest>,
}

impl Unlocked {
    pub(super) fn new(
        ctx: &Ctx,
        bundle: OpenBundle,
        images: Vec<Image>,
        unreadable: Vec<DamagedImage>,
    ) -> Result<Self> {
        let mut sum_bytes = 0;
        for image in &images {
            ctx.checkpoint()?;
            sum_bytes += image.size_bytes();
        }
        Ok(Self { bundle, images, unreadable, sum_bytes })
    }

    /// What is inside.
    pub fn contents(&self) -> Contents<'_> {
        let index = self.bundle.index();
        Contents {
            created: &index.created,
            tool: &index.tool,
            images: &self.images,
            sum_bytes: self.sum_bytes,
            externals: index.externals().into_keys().collect(),
        }
    }

    /// 64 hex digits, now proven to be those of the sealed header.
    pub fn fingerprint(&self) -> String {
        hex(&self.bundle.header().fingerprint())
    }

    /// Whether the hashes of all records were there and lead to the header's set root. If not, a holder of the key sealed
    /// what it holds, but nothing shows that it is what the fingerprint, or a signature, stands for.
    pub fn is_proven(&self) -> bool {
        self.bundle.unproven().is_empty()
    }

    /// Whether it could be opened only as a damaged bundle, whatever its blobs are like.
    pub fn is_damaged(&self) -> bool {
        self.bundle.is_damaged()
    }

    /// Checks every blob. The verified bundle comes back when none is damaged.
    pub fn verify(&self, ctx: &Ctx) -> Result<(BlobReport, Option<VerifiedBundle>)> {
        self.verify_onto(ctx, &RecordMap::new(self.bundle.num_records(), 1))
    }

    /// As [`Self::verify`], and marks each record on `map` once it was opened and what begins in it could be decoded.
    /// Where that failed, records stay unmarked: [`crate::Inspection::verify_onto`] tells which of them are damaged.
    pub fn verify_onto(&self, ctx: &Ctx, map: &RecordMap) -> Result<(BlobReport, Option<VerifiedBundle>)> {
        let images = (&self.images[..], &self.unreadable[..]);
        verify::verify_blobs(ctx, &self.bundle, images, Damaged::Refuse, map)
    }

    /// As [`Self::verify_onto`], but of a damaged bundle the images that are whole come back as verified. The report lists
    /// the others.
    pub fn verify_undamaged(
        &self,
        ctx: &Ctx,
        map: &RecordMap,
    ) -> Result<(BlobReport, Option<VerifiedBundle>)> {
        let images = (&self.images[..], &self.unreadable[..]);
        verify::verify_blobs(ctx, &self.bundle, images, Damaged::LeaveOut, map)
    }

    /// A map of its records, none of which was checked, in at most `max_cells` cells.
    pub fn record_map(&self, max_cells: usize) -> RecordMap {
        RecordMap::new(self.bundle.num_records(), max_cells)
    }
}

/// What restoring `bundles` as one would do, told before their blobs are checked. Writes nothing; a restore needs the
/// [`VerifiedBundle`], which [`verify_for`] makes of them.
pub fn preview_restore(
    ctx: &Ctx,
    bundles: &[impl Borrow<Unlocked>],
    admission: &Admission,
    dest: &DestSpec,
    selection: &Selection,
) -> Result<RestorePlan> {
    let images: Vec<Image> = bundles.iter().flat_map(|bundle| &bundle.borrow().images).cloned().collect();
    plan::plan_restore(ctx, &images, admission, dest, selection)
}

/// Checks every blob of those `bundles` that `plan`, one of them, takes images from. A destination that has everything
/// already gets nothing, so nothing is checked; a registry or an engine shows nothing before all is there, so its blobs are
/// checked on their way. What comes back then at once is good for a plan like this alone.
///
/// # Errors
/// Damage, with the images it hurts.
pub fn verify_for(
    ctx: &Ctx,
    bundles: &[impl Borrow<Unlocked>],
    plan: &RestorePlan,
) -> Result<VerifiedBundle> {
    let is_chosen = |image: &Image| plan.images.iter().any(|chosen| chosen.target == image.target.digest);
    let bundles = bundles.iter().map(Borrow::borrow);
    let chosen = bundles.filter(|bundle: &&Unlocked| bundle.images.iter().any(is_chosen));
    let verify = |bundle: &Unlocked| {
        if plan.num_sent == 0 {
            return Ok(VerifiedBundle::to_send_nothing(&bundle.bundle, &bundle.images));
        }
        if plan.dest.shows_all_at_once() {
            return VerifiedBundle::to_check_while_sent(&bundle.bundle, &bundle.images);
        }
        let (report, verified) = bundle.verify(ctx)?;
        verified.ok_or_else(|| report.as_error())
    };
    chosen.map(verify).collect::<Result<Vec<_>>>().map(VerifiedBundle::join)
}

/// The documents of an open bundle.
pub(super) struct InBundle<'a>(pub(super) &'a OpenBundle);

impl Documents for InBundle<'_> {
    fn has(&self, digest: &Digest) -> bool {
        self.0.index().blob(digest).is_some()
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        let wrong = |found: u64| {
            let error = Error::new(Code::BadIndex).with(Fact::Blob, blob.digest);
            error.with(Fact::Expected, blob.size).with(Fact::Found, found)
        };
        let entry = self.0.index().blob(&blob.digest).ok_or_else(|| wrong(0))?;
        if entry.size > max_bytes || entry.size != blob.size {
            return Err(wrong(entry.size));
        }
        let bytes = self.0.read_small(entry)?;
        if Digest::of(&bytes) != blob.digest {
            return Err(Error::new(Code::BlobMismatch).with(Fact::Expected, blob.digest));
        }
        Ok(bytes)
    }
}

/// The documents of several open bundles.
pub(super) struct InBundles<'a>(pub(super) Vec<InBundle<'a>>);

impl Documents for InBundles<'_> {
    fn has(&self, digest: &Digest) -> bool {
        self.0.iter().any(|bundle| bundle.has(digest))
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        let bundle = self.0.iter_mut().find(|bundle| bundle.has(&blob.digest));
        let missing = || Error::new(Code::BlobMissing).with(Fact::Blob, blob.digest);
        bundle.ok_or_else(missing)?.read(blob, max_bytes)
    }
}

/// Reads images out of an open bundle, in the order of its index.
pub(super) fn read_images<'a>(
    ctx: &'a Ctx,
    bundle: &'a OpenBundle,
) -> impl Iterator<Item = Result<Image>> + 'a {
    let (mut documents, mut reader) = (InBundle(bundle), ImageReader::new(ctx));
    let read = move |entry: &ImageEntry| {
        let target = bundle.index().blob(&entry.target).ok_or_else(|| Error::new(Code::BadIndex))?;
        let target =
            Descriptor { media_type: target.media_type.clone(), digest: target.digest, size: target.size };
        let name = |text: &String| ctx.checkpoint().and_then(|()| canonical_name(text));
        let names = entry.names.iter().map(name).collect::<Result<_>>()?;
        Ok(Image { synthesized: entry.synthesized, ..reader.read_target(&mut documents, &target, names)? })
    };
    bundle.index().images.iter().map(read)
}

/// A name of the index, which must stand there in its one full form: programs complete others differently.
fn canonical_name(text: &str) -> Result<Name> {
    let bad =
        || Error::new(Code::BadIndex).worded(Fact::Detail, "detail-image-name", &[]).with(Fact::Found, text);
    match text.parse::<Name>() {
        Ok(name) if name.as_str() == text => Ok(name),
        Ok(_) => Err(bad()),
        Err(e) => Err(bad().caused_by(e)),
    }
}
