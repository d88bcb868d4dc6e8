//! Where images come from: one kind of source per file.
//!
//! A source lists its images, then streams the blobs that were chosen, in the order they lie on disk.
//! It never unpacks a layer.

mod archive;
mod docker_archive;
mod oci_archive;
mod oci_layout;
mod sniff;
mod spec;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
};

pub use spec::SourceSpec;

use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{Image, Name},
};

/// Images of a source, and the small documents that belong to them.
#[derive(Debug, Default)]
pub(crate) struct ImageList {
    pub(crate) images: Vec<Image>,
    /// Manifests that the source does not hold: made from configs.
    pub(crate) made: BTreeMap<Digest, Vec<u8>>,
}

/// Takes one blob: its digest as listed, and its bytes. The bytes are not checked yet.
pub(crate) type BlobSink<'a> = dyn FnMut(&Digest, &mut dyn Read) -> Result<()> + 'a;

/// An open source.
pub(crate) trait Source: Send + Sync {
    /// What it holds.
    fn list(&self) -> &ImageList;

    /// Streams the blobs `wanted`, each once, in the source's own order. Made manifests are left out.
    fn read(&self, ctx: &Ctx, wanted: &BTreeSet<Digest>, sink: &mut BlobSink<'_>) -> Result<()>;

    /// Whether the files changed since they were listed; then a mismatch is no damage.
    fn has_changed(&self) -> bool;

    /// What to call it in errors.
    fn path(&self) -> &Path;
}

/// A kind of source.
pub(crate) struct Kind {
    /// Name of the transport, as in containers-transports(5).
    pub(crate) transport: &'static str,
    pub(crate) open: fn(&Ctx, &Path) -> Result<Box<dyn Source>>,
}

/// Every kind of source.
pub(crate) const KINDS: &[Kind] = &[
    Kind { transport: "docker-archive", open: docker_archive::open },
    Kind { transport: "oci", open: oci_layout::open },
    Kind { transport: "oci-archive", open: oci_archive::open },
];

/// Opens and lists a source; its kind is told by content when the user named only a path.
pub(crate) fn open(ctx: &Ctx, spec: &SourceSpec) -> Result<Box<dyn Source>> {
    let transport = match spec.transport() {
        Some(transport) => transport,
        None => sniff::transport_of(ctx, spec.path())?,
    };
    let kind = KINDS.iter().find(|kind| kind.transport == transport);
    let kind = kind.ok_or_else(|| Error::new(Code::BadTransport).with(Fact::Found, transport))?;
    let source = (kind.open)(ctx, spec.path()).map_err(|e| e.at(spec.path()))?;
    if source.list().images.len() > crate::bundle::MAX_IMAGES {
        let error = Error::new(Code::Limit).with(Fact::Limit, crate::bundle::MAX_IMAGES);
        return Err(error.with(Fact::Detail, "images").at(spec.path()));
    }
    Ok(source)
}

/// Merges entries that name the same target: several tags are one image with several names.
fn merge_names(images: Vec<Image>) -> Vec<Image> {
    let mut merged: Vec<Image> = Vec::new();
    let mut places: BTreeMap<Digest, usize> = BTreeMap::new();
    for image in images {
        let place = *places.entry(image.target.digest).or_insert(merged.len());
        match merged.get_mut(place) {
            None => merged.push(image),
            Some(known) => known.names.extend(image.names),
        }
    }
    for image in &mut merged {
        image.names.sort();
        image.names.dedup();
    }
    merged
}

/// Names from a source's own text; one that is no reference is dropped, as no engine could use it.
fn names_from(texts: &[String], parse: impl Fn(&str) -> Result<Name>) -> Vec<Name> {
    texts
        .iter()
        .filter_map(|text| parse(text).inspect_err(|e| tracing::warn!(%text, %e, "name dropped")).ok())
        .collect()
}
