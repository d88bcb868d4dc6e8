//! From a target descriptor to the whole image: indexes, manifests, configs, layers.
//!
//! The same walk reads an image in a source and in a bundle; both only hand out documents by digest.

use oci_spec::image as spec;
use serde::Deserialize;

use super::{
    image::{Descriptor, Image, ImageManifest, Layer},
    json::{self, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES},
    media_type::{MediaKind, is_config, is_layer, is_raw_layer},
    reference::Name,
    synthesize::read_config,
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
};

/// Deepest nesting of indexes: engines write one, rarely two.
const MAX_INDEX_DEPTH: usize = 4;
/// Most entries of one index, or layers of one manifest.
const MAX_ENTRIES: usize = 4096;

/// Where documents come from.
pub(crate) trait Documents {
    /// Whether the blob is there.
    fn has(&self, digest: &Digest) -> bool;

    /// A small blob, whole and matching its digest; only called when [`Documents::has`] said so.
    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>>;
}

/// Reads the image that `target` points at.
///
/// # Errors
/// As [`read_target`]; [`Code::BadMediaType`] also for an artifact.
pub(crate) fn read_image(
    documents: &mut dyn Documents,
    target: &Descriptor,
    names: Vec<Name>,
) -> Result<Image> {
    let image = read_target(documents, target, names)?;
    if image.is_artifact() {
        return Err(Error::new(Code::BadMediaType).with(Fact::Blob, target.digest));
    }
    Ok(image)
}

/// Reads what `target` points at: an image, or an artifact that travels beside one (a signature, say).
///
/// Parts that an *index* lists may be absent, with all they hold; what a *named manifest* needs may not.
///
/// # Errors
/// [`Code::BlobMissing`], [`Code::Schema1`], [`Code::BadMediaType`], [`Code::Inconsistent`], [`Code::Limit`],
/// and those of the documents.
pub(crate) fn read_target(
    documents: &mut dyn Documents,
    target: &Descriptor,
    names: Vec<Name>,
) -> Result<Image> {
    let mut image = Image {
        names,
        target: target.clone(),
        indexes: Vec::new(),
        manifests: Vec::new(),
        absent: Vec::new(),
        synthesized: false,
    };
    if !documents.has(&target.digest) {
        return Err(missing(&target.digest));
    }
    walk(documents, target, &mut image, 0)?;
    if image.manifests.is_empty() { Err(missing(&target.digest)) } else { Ok(image) }
}

fn missing(digest: &Digest) -> Error {
    Error::new(Code::BlobMissing).with(Fact::Blob, digest)
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

fn walk(documents: &mut dyn Documents, blob: &Descriptor, image: &mut Image, depth: usize) -> Result<()> {
    if MediaKind::of(&blob.media_type) == MediaKind::Schema1 {
        return Err(Error::new(Code::Schema1).with(Fact::Blob, blob.digest));
    }
    let bytes = documents.read(blob, MAX_MANIFEST_BYTES)?;
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
        MediaKind::Index => walk_index(documents, blob, &bytes, image, depth),
        MediaKind::Manifest => {
            let manifest = read_manifest(documents, blob, &bytes, &mut image.absent)?;
            if !image.manifests.contains(&manifest) {
                image.manifests.push(manifest);
            }
            Ok(())
        }
        _ => Err(Error::new(Code::BadMediaType)
            .with(Fact::Found, &blob.media_type)
            .with(Fact::Blob, blob.digest)),
    }
}

fn walk_index(
    documents: &mut dyn Documents,
    blob: &Descriptor,
    bytes: &[u8],
    image: &mut Image,
    depth: usize,
) -> Result<()> {
    let index: spec::ImageIndex = json::parse(bytes, &blob.digest.to_string())?;
    if depth == MAX_INDEX_DEPTH || index.manifests().len() > MAX_ENTRIES {
        let error = Error::new(Code::Limit).with(Fact::Blob, blob.digest);
        return Err(error.with(Fact::Limit, format!("index depth {MAX_INDEX_DEPTH}, {MAX_ENTRIES} entries")));
    }
    image.indexes.push(blob.clone());
    for child in index.manifests() {
        let child = from_spec(child)?;
        if !documents.has(&child.digest) {
            image.absent.push(child);
            continue;
        }
        let known = (image.indexes.len(), image.manifests.len(), image.absent.len());
        match walk(documents, &child, image, depth + 1) {
            // A platform whose manifest came along without its layers is as absent as one without either.
            Err(e) if e.code() == Code::BlobMissing => {
                image.indexes.truncate(known.0);
                image.manifests.truncate(known.1);
                image.absent.truncate(known.2);
                image.absent.push(child);
            }
            walked => walked?,
        }
    }
    Ok(())
}

fn read_manifest(
    documents: &mut dyn Documents,
    blob: &Descriptor,
    bytes: &[u8],
    absent: &mut Vec<Descriptor>,
) -> Result<ImageManifest> {
    let manifest: spec::ImageManifest = json::parse(bytes, &blob.digest.to_string())?;
    if manifest.layers().len() > MAX_ENTRIES {
        let error = Error::new(Code::Limit).with(Fact::Blob, blob.digest);
        return Err(error.with(Fact::Limit, format!("{MAX_ENTRIES} layers")));
    }
    let config = from_spec(manifest.config())?;
    let layers: Vec<Descriptor> = manifest.layers().iter().map(from_spec).collect::<Result<_>>()?;
    for (part, wire) in [(&config, manifest.config())].into_iter().chain(layers.iter().zip(manifest.layers()))
    {
        match (documents.has(&part.digest), wire.urls().as_ref().is_some_and(|urls| !urls.is_empty())) {
            (true, _) => {}
            // A foreign layer lives at a URL; engines fetch it there, we never do.
            (false, true) => absent.push(part.clone()),
            (false, false) => return Err(missing(&part.digest)),
        }
    }
    let is_image = is_config(&config.media_type) && layers.iter().all(|layer| is_layer(&layer.media_type));
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
    let facts = read_config(&documents.read(&config, MAX_CONFIG_BYTES)?, &config.digest.to_string())?;
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

/// A descriptor from outside; only SHA-256 digests pass.
pub(crate) fn from_spec(descriptor: &spec::Descriptor) -> Result<Descriptor> {
    Ok(Descriptor {
        media_type: descriptor.media_type().to_string(),
        digest: descriptor.digest().to_string().parse()?,
        size: descriptor.size(),
    })
}
