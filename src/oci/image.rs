//! Images as Sealift sees them, whatever they came from.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::reference::Name;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
};

/// Largest blob, 16 TiB: the sizes of all blobs of all images add up without an overflow.
pub(crate) const MAX_BLOB_BYTES: u64 = 1 << 44;

/// Longest text about an image that its config gives and listings show: a part of its platform, its date, its class.
const MAX_FACT_BYTES: usize = 128;

/// Refuses a text that is longer than [`MAX_FACT_BYTES`].
pub(super) fn refuse_long(text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if text.len() > MAX_FACT_BYTES => {
            let error = Error::new(Code::Limit).worded(Fact::Detail, "detail-limit-platform", &[]);
            Err(error.with(Fact::Found, text.len()).with(Fact::Limit, MAX_FACT_BYTES))
        }
        _ => Ok(()),
    }
}

/// A blob and what it is. OCI image-spec, descriptor.md.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Descriptor {
    /// Media type.
    pub media_type: String,
    /// Digest of the blob as it lies in the source: compressed, if it is.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// `OS/ARCH[/VARIANT]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Platform {
    /// Operating system, as Go names it.
    pub os: String,
    /// Architecture, as Go names it.
    pub architecture: String,
    /// CPU variant, `v7` for example.
    pub variant: Option<String>,
}

impl Platform {
    /// The Linux platform of this machine.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "loongarch64" => "loong64",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self { os: "linux".into(), architecture: architecture.into(), variant: None }
    }

    /// What a config or an engine gives, which may be empty.
    ///
    /// # Errors
    /// [`Code::Limit`] for a text that is far longer than any platform has: listings show it for each image.
    pub(crate) fn of(
        os: Option<String>,
        architecture: Option<String>,
        variant: Option<String>,
    ) -> Result<Self> {
        [&os, &architecture, &variant].into_iter().try_for_each(|text| refuse_long(text.as_deref()))?;
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Self {
            os: some(os).unwrap_or_else(|| "linux".into()),
            architecture: architecture.unwrap_or_default(),
            variant: some(variant),
        })
    }

    /// Parses `OS/ARCH[/VARIANT]`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
        let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next());
        parts.next().is_none().then_some(Self { os, architecture, variant })
    }

    /// Whether a user who asked for `wanted` gets this: a variant counts only when asked for.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || self.variant == wanted.variant)
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// The layer's blob.
    #[serde(flatten)]
    pub blob: Descriptor,
    /// Digest of its uncompressed tar, from the config; `None` for the parts of an artifact.
    pub diff_id: Option<Digest>,
}

/// One platform's image, or an artifact that travels with it (an attestation, say).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageManifest {
    /// The manifest's blob.
    #[serde(flatten)]
    pub blob: Descriptor,
    /// From the config; `None` for an artifact.
    pub platform: Option<Platform>,
    /// Config blob. Its digest is the image ID.
    pub config: Descriptor,
    /// Layers, base first.
    pub layers: Vec<Layer>,
    /// When the image was built, RFC 3339, if it says so.
    pub created: Option<String>,
    /// What its label [`crate::Class::LABEL`] says, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_label: Option<String>,
}

/// An entry of an image index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The index.
    pub(crate) index: Digest,
    /// What it lists.
    pub(crate) child: Digest,
    /// The manifest that this one is an attestation of, if the index says so in a way that keeps engines from running it.
    pub(crate) attests: Option<Digest>,
}

/// An image: names, and the manifest or index they point at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Every name; empty for an untagged image.
    pub names: Vec<Name>,
    /// The manifest or image index.
    pub target: Descriptor,
    /// Image indexes: the target if it is one, and those nested in it.
    pub indexes: Vec<Descriptor>,
    /// Manifests that are present, one for each platform or artifact.
    pub manifests: Vec<ImageManifest>,
    /// Parts that an index lists and that are not here.
    pub absent: Vec<Descriptor>,
    /// What the indexes list, be it here or absent.
    #[serde(skip)]
    pub(crate) listed: Vec<Listed>,
    /// The manifest was made from the config, as the source kept none.
    pub synthesized: bool,
}

impl Image {
    /// Every blob that must travel, each once.
    pub fn blobs(&self) -> BTreeMap<Digest, &Descriptor> {
        let manifests = self.manifests.iter().flat_map(|manifest| {
            let layers = manifest.layers.iter().map(|layer| &layer.blob);
            [&manifest.blob, &manifest.config].into_iter().chain(layers)
        });
        let all = [&self.target].into_iter().chain(&self.indexes).chain(manifests);
        let absent: BTreeSet<Digest> = self.absent.iter().map(|blob| blob.digest).collect();
        all.filter(|blob| !absent.contains(&blob.digest)).map(|blob| (blob.digest, blob)).collect()
    }

    /// Bytes of all its blobs.
    pub fn size_bytes(&self) -> u64 {
        self.blobs().values().map(|blob| blob.size).sum()
    }

    /// The name to show: the first, or the short digest of an untagged image.
    pub fn title(&self) -> String {
        self.names
            .first()
            .map_or_else(|| format!("sha256:{}", &self.target.digest.hex()[..12]), Name::to_string)
    }

    /// Whether it is no image, but travels beside one: a signature, an attestation, an SBOM.
    pub fn is_artifact(&self) -> bool {
        self.manifests.iter().all(|manifest| manifest.platform.is_none())
    }

    /// Platforms of its images.
    pub fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.manifests.iter().filter_map(|manifest| manifest.platform.as_ref())
    }
}
