//! From a target descriptor to the whole image: indexes, manifests, configs, layers.
//!
//! The same walk reads an image in a source and in a bundle; both only hand out documents by digest.

use std::collections::BTreeSet;

use oci_spec::image as spec;
use serde::Deserialize;

use super::{
    image::{Descriptor, Image, ImageManifest, Layer, Listed, MAX_BLOB_BYTES},
    json::{self, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES},
    media_type::{MediaKind, is_config, is_layer, is_raw_layer},
    reference::Name,
    synthesize::read_config,
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// Deepest nesting of indexes: engines write one, rarely two.
const MAX_INDEX_DEPTH: usize = 4;
/// Most entries of the indexes of one image, over all of them; most layers of one manifest.
const MAX_ENTRIES: usize = 4096;
/// Most entries and layers of all images that are read together: 10,000 images of fifty layers.
const MAX_PARTS: usize = 1 << 19;

/// Docker's annotations of a manifest in an index that is about another one: `BuildKit`'s attestations.
/// buildkit, docs/attestations/attestation-storage.md.
const ANNOTATION_REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const ANNOTATION_REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// Where documents come from.
pub(crate) trait Documents {
    /// Whether the blob is there.
    fn has(&self, digest: &Digest) -> bool;

    /// A small blob, whole and matching its digest; only called when [`Documents::has`] said so.
    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>>;
}

/// Reads the images of one source or one bundle, and bounds what all of them take.
pub(crate) struct ImageReader<'a> {
    ctx: &'a Ctx,
    /// Entries and layers that may still be read.
    num_left: usize,
}

impl<'a> ImageReader<'a> {
    pub(crate) fn new(ctx: &'a Ctx) -> Self {
        Self { ctx, num_left: MAX_PARTS }
    }

    /// Reads the image that `target` points at.
    ///
    /// # Errors
    /// As [`Self::read_target`]; [`Code::BadMediaType`] also for an artifact.
    pub(crate) fn read_image(
        &mut self,
        documents: &mut dyn Documents,
        target: &Descriptor,
        names: Vec<Name>,
    ) -> Result<Image> {
        let image = self.read_target(documents, target, names)?;
        if image.is_artifact() {
            return Err(Error::new(Code::BadMediaType).with(Fact::Blob, target.digest));
        }
        Ok(image)
    }

    /// Reads what `target` points at: an image, or an artifact that travels with one (a signature, say).
    ///
    /// Parts that an *index* lists may be absent, with all they hold; what a *named manifest* needs may not.
    ///
    /// # Errors
    /// [`Code::BlobMissing`], [`Code::Schema1`], [`Code::BadMediaType`], [`Code::Inconsistent`], [`Code::Limit`],
    /// [`Code::Cancelled`], and those of the documents.
    pub(crate) fn read_target(
        &mut self,
        documents: &mut dyn Documents,
        target: &Descriptor,
        names: Vec<Name>,
    ) -> Result<Image> {
        let image = Image {
            names,
            target: target.clone(),
            indexes: Vec::new(),
            manifests: Vec::new(),
            absent: Vec::new(),
            listed: Vec::new(),
            synthesized: false,
        };
        if !documents.has(&target.digest) {
            return Err(missing(&target.digest));
        }
        let mut walk = Walk { reader: self, documents, image, walked: BTreeSet::new() };
        walk.document(target, 0)?;
        let image = walk.image;
        if image.manifests.is_empty() { Err(missing(&target.digest)) } else { Ok(image) }
    }

    /// Counts `num_parts` more.
    fn count(&mut self, blob: &Descriptor, num_parts: usize) -> Result<()> {
        match self.num_left.checked_sub(num_parts) {
            Some(num_left) => {
                self.num_left = num_left;
                Ok(())
            }
            None => Err(too_many(blob, "detail-limit-parts", MAX_PARTS)),
        }
    }
}

fn missing(digest: &Digest) -> Error {
    Error::new(Code::BlobMissing).with(Fact::Blob, digest)
}

fn too_many(blob: &Descriptor, detail: &str, limit: usize) -> Error {
    let error = Error::new(Code::Limit).with(Fact::Blob, blob.digest);
    error.worded(Fact::Detail, detail, &[]).with(Fact::Limit, limit)
}

/// Just enough of a manifest or index to tell what it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    fs_layers: Option<serde::de::IgnoredAny>,
}

/// The walk through one image.
struct Walk<'a, 'b> {
    reader: &'a mut ImageReader<'b>,
    documents: &'a mut dyn Documents,
    image: Image,
    /// Each document is read once, however often it is listed: indexes of indexes multiply.
    walked: BTreeSet<Descriptor>,
}

impl Walk<'_, '_> {
    fn document(&mut self, blob: &Descriptor, depth: usize) -> Result<()> {
        self.reader.ctx.checkpoint()?;
        if !self.walked.insert(blob.clone()) {
            return Ok(());
        }
        if MediaKind::of(&blob.media_type) == MediaKind::Schema1 {
            return Err(Error::new(Code::Schema1).with(Fact::Blob, blob.digest));
        }
        let bytes = self.documents.read(blob, MAX_MANIFEST_BYTES)?;
        let entry = blob.digest.to_string();
        let probe: Probe = json::parse(&bytes, &entry)?;
        // CVE-2021-41190: a document that is a manifest to one reader and an index to another.
        if probe.manifests.is_some() && probe.layers.is_some() {
            let error = Error::new(Code::BadJson).with(Fact::Entry, &entry);
            return Err(error.worded(Fact::Detail, "detail-manifests-and-layers", &[]));
        }
        if probe.fs_layers.is_some() || probe.schema_version == Some(1) {
            return Err(Error::new(Code::Schema1).with(Fact::Blob, blob.digest));
        }
        if probe.media_type.as_ref().is_some_and(|own| *own != blob.media_type) {
            let error = Error::new(Code::Inconsistent).with(Fact::Blob, blob.digest);
            return Err(error
                .with(Fact::Expected, &blob.media_type)
                .with(Fact::Found, probe.media_type.unwrap_or_default()));
        }
        match MediaKind::of(&blob.media_type) {
            MediaKind::Index => self.index(blob, &bytes, depth),
            MediaKind::Manifest => self.manifest(blob, &bytes),
            _ => Err(Error::new(Code::BadMediaType)
                .with(Fact::Found, &blob.media_type)
                .with(Fact::Blob, blob.digest)),
        }
    }

    fn index(&mut self, blob: &Descriptor, bytes: &[u8], depth: usize) -> Result<()> {
        let index: spec::ImageIndex = json::parse(bytes, &blob.digest.to_string())?;
        if depth == MAX_INDEX_DEPTH {
            return Err(too_many(blob, "detail-limit-index-depth", MAX_INDEX_DEPTH));
        }
        if self.image.listed.len() + index.manifests().len() > MAX_ENTRIES {
            return Err(too_many(blob, "detail-limit-index-entries", MAX_ENTRIES));
        }
        self.reader.count(blob, index.manifests().len())?;
        self.image.indexes.push(blob.clone());
        for entry in index.manifests() {
            let child = from_spec(entry)?;
            self.image.listed.push(Listed {
                index: blob.digest,
                child: child.digest,
                attests: attested(entry),
            });
        }
        for child in index.manifests() {
            let child = from_spec(child)?;
            if !self.documents.has(&child.digest) {
                self.image.absent.push(child);
                continue;
            }
            match self.document(&child, depth + 1) {
                // A platform whose manifest came along without its layers is as absent as one without either.
                Err(e) if e.code() == Code::BlobMissing => self.image.absent.push(child),
                walked => walked?,
            }
        }
        Ok(())
    }

    fn manifest(&mut self, blob: &Descriptor, bytes: &[u8]) -> Result<()> {
        let manifest: spec::ImageManifest = json::parse(bytes, &blob.digest.to_string())?;
        if manifest.layers().len() > MAX_ENTRIES {
            return Err(too_many(blob, "detail-limit-layers", MAX_ENTRIES));
        }
        self.reader.count(blob, manifest.layers().len())?;
        let config = from_spec(manifest.config())?;
        let layers: Vec<Descriptor> = manifest.layers().iter().map(from_spec).collect::<Result<_>>()?;
        let wire = [manifest.config()].into_iter().chain(manifest.layers());
        let mut foreign = Vec::new();
        for (part, wire) in [&config].into_iter().chain(&layers).zip(wire) {
            let is_elsewhere = wire.urls().as_ref().is_some_and(|urls| !urls.is_empty());
            match (self.documents.has(&part.digest), is_elsewhere) {
                (true, _) => {}
                // A foreign layer lives at a URL; engines fetch it there, we never do.
                (false, true) => foreign.push(part.clone()),
                (false, false) => return Err(missing(&part.digest)),
            }
        }
        let manifest = self.read_manifest(blob, config, layers)?;
        self.image.absent.extend(foreign);
        self.image.manifests.push(manifest);
        Ok(())
    }

    fn read_manifest(
        &mut self,
        blob: &Descriptor,
        config: Descriptor,
        layers: Vec<Descriptor>,
    ) -> Result<ImageManifest> {
        let is_image =
            is_config(&config.media_type) && layers.iter().all(|layer| is_layer(&layer.media_type));
        if !is_image {
            let layers = layers.into_iter().map(|blob| Layer { blob, diff_id: None }).collect();
            return Ok(ImageManifest {
                blob: blob.clone(),
                platform: None,
                config,
                layers,
                created: None,
                class_label: None,
            });
        }
        let facts =
            read_config(&self.documents.read(&config, MAX_CONFIG_BYTES)?, &config.digest.to_string())?;
        if facts.diff_ids.len() != layers.len() {
            let error = Error::new(Code::Inconsistent).with(Fact::Blob, blob.digest);
            let (expected, found) = (facts.diff_ids.len(), layers.len());
            return Err(error.worded(Fact::Expected, "layers", &[("num", expected.to_string())]).worded(
                Fact::Found,
                "layers",
                &[("num", found.to_string())],
            ));
        }
        for (layer, diff_id) in layers.iter().zip(&facts.diff_ids) {
            if is_raw_layer(&layer.media_type) && layer.digest != *diff_id {
                let error = Error::new(Code::Inconsistent).with(Fact::Blob, blob.digest);
                return Err(error.with(Fact::Expected, diff_id).with(Fact::Found, layer.digest));
            }
        }
        let layers = layers.into_iter().zip(facts.diff_ids);
        let layers = layers.map(|(blob, diff_id)| Layer { blob, diff_id: Some(diff_id) }).collect();
        Ok(ImageManifest {
            blob: blob.clone(),
            platform: Some(facts.platform),
            config,
            layers,
            created: facts.created,
            class_label: facts.class_label,
        })
    }
}

/// The manifest that an entry of an index is an attestation of, where no engine would take it for an image: its platform
/// must be `unknown/unknown`, to the letter. containerd and Podman take an entry without a platform where no other fits.
fn attested(entry: &spec::Descriptor) -> Option<Digest> {
    let platform = entry.platform().as_ref()?;
    let is_unknown =
        platform.os().to_string() == "unknown" && platform.architecture().to_string() == "unknown";
    let is_manifest = MediaKind::of(entry.media_type().as_ref()) == MediaKind::Manifest;
    let annotations = entry.annotations().as_ref()?;
    let is_attestation =
        annotations.get(ANNOTATION_REFERENCE_TYPE).is_some_and(|kind| kind == "attestation-manifest");
    let subject = annotations.get(ANNOTATION_REFERENCE_DIGEST)?.parse().ok()?;
    (is_unknown && is_manifest && is_attestation).then_some(subject)
}

/// A descriptor from outside; only SHA-256 digests pass.
pub(crate) fn from_spec(descriptor: &spec::Descriptor) -> Result<Descriptor> {
    let size = descriptor.size();
    if size > MAX_BLOB_BYTES {
        let error = Error::new(Code::Limit).with(Fact::Limit, MAX_BLOB_BYTES).with(Fact::Found, size);
        return Err(error.with(Fact::Blob, descriptor.digest()));
    }
    Ok(Descriptor {
        media_type: descriptor.media_type().to_string(),
        digest: descriptor.digest().to_string().parse()?,
        size,
    })
}
