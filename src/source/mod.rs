//! Where images come from: one kind of source per file.
//!
//! A source lists its images, then streams the blobs that were chosen, in the order they lie on disk.
//! It never unpacks a layer.

mod archive;
mod containerd;
mod directory;
mod docker_archive;
mod engine;
mod entries;
mod lanes;
mod oci_archive;
mod oci_layout;
mod registry;
mod sniff;
mod spec;
mod stored;
mod streamed;

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
    net::RegistryAccess,
    oci::{Image, Name},
};

/// Images of a source, and the small documents that belong to them.
#[derive(Debug, Default)]
pub(crate) struct ImageList {
    pub(crate) images: Vec<Image>,
    /// Manifests that the source does not hold: made from configs.
    pub(crate) made: BTreeMap<Digest, Vec<u8>>,
}

/// Takes one blob: its digest where the source knows it, and its bytes. The bytes are not checked yet.
pub(crate) type BlobSink<'a> = dyn FnMut(Option<&Digest>, &mut dyn Read) -> Result<()> + 'a;

/// Where a source's blobs go. Lanes run beside each other: one for each stream that a source can give at once.
pub(crate) trait Intake: Sync {
    /// Opens a lane for what `work` puts into it, in turn. Returns digest and size of each blob, in that order.
    fn lane(&self, work: &mut dyn FnMut(&mut BlobSink<'_>) -> Result<()>) -> Result<Vec<(Digest, u64)>>;
}

/// What a pack takes from one source.
pub(crate) struct Wanted<'a> {
    /// The images, as the source listed them.
    pub(crate) images: Vec<&'a Image>,
    /// Their blobs, less made manifests and what another source gives.
    pub(crate) blobs: BTreeSet<Digest>,
}

/// An open source.
pub(crate) trait Source: Send + Sync {
    /// What it holds.
    fn list(&self) -> &ImageList;

    /// Whether the list is an estimate: an engine tells digests and sizes only while it hands an image out.
    /// Its images then have the engine's image ID as target, until [`Source::read`] tells the truth.
    fn is_estimate(&self) -> bool {
        false
    }

    /// Streams what is wanted, in the source's own order, each blob once. A list that was an estimate comes
    /// back true.
    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>>;

    /// Whether the files changed since they were listed; then a mismatch is no damage.
    fn has_changed(&self) -> bool {
        false
    }

    /// What to call it in errors.
    fn place(&self) -> (Fact, String);
}

/// A failure concerns the source it came from.
pub(crate) fn blame(source: &dyn Source, error: Error) -> Error {
    let (fact, place) = source.place();
    error.or_with(fact, place)
}

/// A kind of source.
pub(crate) struct Kind {
    /// Name of the transport, as in containers-transports(5).
    pub(crate) transport: &'static str,
    pub(crate) open: Open,
}

/// How a kind is opened.
pub(crate) enum Open {
    /// A file or a folder, with one of its images or all.
    File(fn(&Ctx, &Path) -> Opened),
    /// An engine, with the reference asked for or all its images.
    Reference(fn(&Ctx, Option<&str>) -> Opened),
    /// A registry, with the reference asked for.
    Registry(fn(&Ctx, &str, &RegistryAccess) -> Opened),
}

/// The kind of source that `transport` names.
fn kind_of(transport: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.transport == transport)
}

/// What opening gives.
type Opened = Result<Box<dyn Source>>;

/// Every kind of source.
pub(crate) const KINDS: &[Kind] = &[
    Kind { transport: "docker-daemon", open: Open::Reference(engine::open_docker) },
    Kind { transport: "containers-storage", open: Open::Reference(engine::open_podman) },
    Kind { transport: "containerd", open: Open::Reference(containerd::open) },
    Kind { transport: "docker", open: Open::Registry(registry::open) },
    Kind { transport: "docker-archive", open: Open::File(docker_archive::open) },
    Kind { transport: "oci", open: Open::File(oci_layout::open) },
    Kind { transport: "oci-archive", open: Open::File(oci_archive::open) },
];

/// Opens and lists a source; its kind is told by content when the user named only a path.
pub(crate) fn open(ctx: &Ctx, spec: &SourceSpec) -> Result<Box<dyn Source>> {
    let transport = match spec.transport() {
        Some(transport) => transport,
        None => sniff::transport_of(ctx, spec.path())?,
    };
    let kind =
        kind_of(transport).ok_or_else(|| Error::new(Code::BadTransport).with(Fact::Found, transport))?;
    let source = match kind.open {
        Open::File(open) => open(ctx, spec.path()).map_err(|e| e.at(spec.path()))?,
        Open::Reference(open) => open(ctx, spec.image())?,
        Open::Registry(open) => open(ctx, spec.image().unwrap_or_default(), spec.access())?,
    };
    if source.list().images.len() > crate::bundle::MAX_IMAGES {
        let error = Error::new(Code::Limit).with(Fact::Limit, crate::bundle::MAX_IMAGES);
        return Err(blame(source.as_ref(), error.worded(Fact::Detail, "detail-limit-images", &[])));
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
