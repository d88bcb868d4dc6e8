//! What container images are made of: references, descriptors, manifests, indexes, configs.
//!
//! Types and limits only: knows no archive, no bundle and no engine. Wire types come from `oci-spec`;
//! documents from outside go through [`json`] first.

mod graph;
mod image;
mod json;
mod media_type;
mod reference;
mod synthesize;

pub(crate) use graph::{Documents, ImageReader, from_spec};
pub use image::{Descriptor, Image, ImageManifest, Layer, Platform};
pub(crate) use image::{Listed, MAX_BLOB_BYTES};
pub(crate) use json::{MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, parse as parse_json};
pub(crate) use media_type::{MediaKind, is_zstd_layer};
pub use reference::Name;
pub(crate) use reference::{ANNOTATION_CONTAINERD_NAME, ANNOTATION_REF_NAME};
pub(crate) use synthesize::{ConfigFacts, chain_ids, manifest_from_config, read_config, to_spec};
