//! The small documents of a layout: `oci-layout`, `index.json`, and Docker's `manifest.json`.

use std::collections::BTreeMap;

use oci_spec::image as spec;
use serde::Serialize;

use super::Placed;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Background, Ctx},
    oci::{
        ANNOTATION_CONTAINERD_NAME, ANNOTATION_REF_NAME, Descriptor, Image, ImageManifest, Layer, Name,
        Platform, to_spec,
    },
};

/// Content of the `oci-layout` file. OCI image-spec, image-layout.md.
pub(super) const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Where a blob lies below the root of a layout.
pub(super) fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Entries of `index.json`: one for each name, or one without annotations for an untagged image. `target` is what they
/// point at.
pub(super) fn index_entries<'a>(
    ctx: &Ctx,
    placed: impl IntoIterator<Item = &'a Placed<'a>>,
    target: impl Fn(&'a Image) -> &'a Descriptor,
) -> Result<Vec<spec::Descriptor>> {
    let mut entries = Vec::new();
    for Placed { image, names } in placed {
        let target = to_spec(target(image))?;
        if names.is_empty() {
            entries.push(target.clone());
        }
        for name in *names {
            ctx.checkpoint()?;
            let mut entry = target.clone();
            let mut annotations = vec![(ANNOTATION_REF_NAME.to_owned(), name.to_string())];
            if name.is_qualified() {
                annotations.push((ANNOTATION_CONTAINERD_NAME.to_owned(), name.to_string()));
            }
            entry.set_annotations(Some(annotations.into_iter().collect()));
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// `index.json` with these entries.
///
/// # Errors
/// [`Code::Cancelled`].
pub(super) fn index_json(ctx: &Ctx, entries: Vec<spec::Descriptor>) -> Result<Vec<u8>> {
    Background::start(move || encode_index(entries)).wait(ctx)?
}

fn encode_index(entries: Vec<spec::Descriptor>) -> Result<Vec<u8>> {
    let failed = |detail: String| {
        Error::new(Code::Inconsistent).with(Fact::Entry, "index.json").with(Fact::System, detail)
    };
    let index = spec::ImageIndexBuilder::default()
        .schema_version(spec::SCHEMA_VERSION)
        .media_type(spec::MediaType::ImageIndex)
        .manifests(entries)
        .build()
        .map_err(|e| failed(e.to_string()))?;
    // Through a `Value`, whose maps are sorted: the same images always give the same bytes.
    let value = serde_json::to_value(index).map_err(|e| failed(e.to_string()))?;
    serde_json::to_vec(&value).map_err(|e| failed(e.to_string()))
}

/// An element of `manifest.json`. moby: image/tarexport, `manifestItem`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ManifestItem<'a> {
    config: String,
    repo_tags: Option<Vec<&'a str>>,
    layers: Vec<String>,
}

/// Every blob of the images, once.
pub(super) fn blobs_of(placed: &[Placed<'_>]) -> Vec<Descriptor> {
    let all: BTreeMap<Digest, &Descriptor> = placed.iter().flat_map(|placed| placed.image.blobs()).collect();
    all.into_values().cloned().collect()
}

/// `manifest.json`, by which engines without an OCI image store load the archive. A layer lies under the digest
/// that `layer_digest` gives it.
pub(super) fn manifest_json(
    placed: &[Placed<'_>],
    layer_digest: impl Fn(&Layer) -> Digest,
) -> Result<Vec<u8>> {
    let items: Vec<_> = placed
        .iter()
        .filter_map(|Placed { image, names }| {
            let manifest = loadable(image)?;
            // A tag alone is no name an engine can take.
            let tags: Vec<&str> = names.iter().filter(|name| name.is_qualified()).map(Name::as_str).collect();
            Some(ManifestItem {
                config: blob_path(&manifest.config.digest),
                repo_tags: (!tags.is_empty()).then_some(tags),
                layers: manifest.layers.iter().map(|layer| blob_path(&layer_digest(layer))).collect(),
            })
        })
        .collect();
    serde_json::to_vec(&items).map_err(|e| Error::new(Code::Inconsistent).with(Fact::System, e))
}

/// The one platform of an image that `manifest.json` can offer: this host's, else the first.
pub(crate) fn loadable(image: &Image) -> Option<&ImageManifest> {
    let host = Platform::host();
    let runs_here =
        |manifest: &&ImageManifest| manifest.platform.as_ref().is_some_and(|p| p.satisfies(&host));
    let mut images = image.manifests.iter().filter(|manifest| manifest.platform.is_some());
    image.manifests.iter().find(runs_here).or_else(|| images.next())
}
