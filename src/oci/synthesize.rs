//! Configs, and the manifest for an image whose source has none.
//!
//! Docker's own archive format keeps a config and layers but no manifest. One is made from them, always
//! the same way, so the same image always gets the same manifest digest.

use oci_spec::image as spec;
use serde::Deserialize;

use super::{
    image::{Descriptor, Platform, refuse_long},
    json,
};
use crate::{
    class::Class,
    digest::Digest,
    error::{Code, Error, Fact, Result},
};

/// What Sealift needs of an image config; the rest is the engine's business. OCI image-spec, config.md.
#[derive(Debug)]
pub(crate) struct ConfigFacts {
    pub(crate) platform: Platform,
    pub(crate) created: Option<String>,
    pub(crate) diff_ids: Vec<Digest>,
    /// What its label [`Class::LABEL`] says.
    pub(crate) class_label: Option<String>,
}

#[derive(Deserialize)]
struct ConfigWire {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    created: Option<String>,
    rootfs: RootFs,
    /// Parameters of a container, of which only the labels are looked at.
    config: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RootFs {
    /// Null in images without layers.
    diff_ids: Option<Vec<String>>,
}

/// Reads an image config.
pub(crate) fn read_config(bytes: &[u8], entry: &str) -> Result<ConfigFacts> {
    let config: ConfigWire = json::parse(bytes, entry)?;
    let diff_ids: Result<Vec<Digest>> =
        config.rootfs.diff_ids.unwrap_or_default().iter().map(|id| id.parse()).collect();
    let platform = Platform::of(Some(config.os), Some(config.architecture), config.variant)
        .map_err(|e| e.with(Fact::Entry, entry))?;
    refuse_long(config.created.as_deref()).map_err(|e| e.with(Fact::Entry, entry))?;
    let diff_ids = diff_ids.map_err(|e| e.with(Fact::Entry, entry))?;
    let label = config.config.as_ref().and_then(|execution| execution.get("Labels")?.get(Class::LABEL));
    let class_label = label.map(|label| label.as_str().map_or_else(|| label.to_string(), str::to_owned));
    refuse_long(class_label.as_deref()).map_err(|e| e.with(Fact::Entry, entry))?;
    Ok(ConfigFacts { platform, created: config.created, diff_ids, class_label })
}

/// The chain IDs of layers, base first: each names a layer on top of all those below. OCI image-spec,
/// config.md, "Layer `ChainID`".
pub(crate) fn chain_ids(diff_ids: impl IntoIterator<Item = Digest>) -> Vec<Digest> {
    let next = |chain: &mut Option<Digest>, diff_id: Digest| {
        let id = chain.map_or(diff_id, |below| Digest::of(format!("{below} {diff_id}").as_bytes()));
        *chain = Some(id);
        Some(id)
    };
    diff_ids.into_iter().scan(None, next).collect()
}

/// The manifest of an image with this config and these layers, as bytes and descriptor.
pub(crate) fn manifest_from_config(
    config: &Descriptor,
    layers: &[Descriptor],
) -> Result<(Vec<u8>, Descriptor)> {
    let inconsistent = |e: oci_spec::OciSpecError| Error::new(Code::Inconsistent).with(Fact::System, e);
    let manifest = spec::ImageManifestBuilder::default()
        .schema_version(spec::SCHEMA_VERSION)
        .media_type(spec::MediaType::ImageManifest)
        .config(to_spec(config)?)
        .layers(layers.iter().map(to_spec).collect::<Result<Vec<_>>>()?)
        .build()
        .map_err(inconsistent)?;
    let bytes = manifest.to_string().map_err(inconsistent)?.into_bytes();
    let blob = Descriptor {
        media_type: spec::MediaType::ImageManifest.to_string(),
        digest: Digest::of(&bytes),
        size: bytes.len() as u64,
    };
    Ok((bytes, blob))
}

/// The wire form of a descriptor.
pub(crate) fn to_spec(blob: &Descriptor) -> Result<spec::Descriptor> {
    let digest: spec::Digest = blob
        .digest
        .to_string()
        .parse()
        .map_err(|e: oci_spec::OciSpecError| Error::new(Code::BadDigest).with(Fact::System, e))?;
    Ok(spec::Descriptor::new(spec::MediaType::from(blob.media_type.as_str()), blob.size, digest))
}
