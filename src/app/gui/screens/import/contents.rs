//! What is inside an unlocked bundle, as the wizard shows it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use sealift::{Digest, Image, ImageSigners, Platform, PolicyReport, Unlocked};

use crate::gui::screens::pack::Row;

/// Bundles that were opened with their keys.
#[derive(Clone)]
pub(crate) struct Opened(pub(super) Vec<Arc<Unlocked>>);

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(…)")
    }
}

/// What is inside.
#[derive(Debug)]
pub(crate) struct Contents {
    /// None only in pictures.
    pub(crate) opened: Option<Opened>,
    /// RFC 3339.
    pub(crate) created: String,
    pub(crate) tool: String,
    pub(crate) images: Vec<Inside>,
    /// Blobs of other deliveries that it builds on.
    pub(crate) num_externals: usize,
    /// What this site's policies found.
    pub(crate) policies: Vec<PolicyReport>,
}

/// An image inside.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    pub(crate) row: Row,
    /// Its names; none for an untagged image.
    pub(crate) names: Vec<String>,
    /// Whether one of its platforms is this host's.
    pub(crate) runs_here: bool,
    /// Trusted vendors who signed all of it.
    pub(crate) signed_by: Vec<String>,
}

impl Contents {
    pub(super) fn of(unlocked: Unlocked, signers: &[ImageSigners], policies: Vec<PolicyReport>) -> Self {
        let contents = unlocked.contents();
        Self {
            created: contents.created.to_owned(),
            tool: contents.tool.to_owned(),
            images: contents.images.iter().map(|image| Inside::of(image, signers)).collect(),
            num_externals: contents.externals.len(),
            policies,
            opened: Some(Opened(vec![Arc::new(unlocked)])),
        }
    }
}

impl Inside {
    fn of(image: &Image, signers: &[ImageSigners]) -> Self {
        let host = Platform::host();
        let signers = signers.iter().find(|signers| signers.target == image.target.digest);
        Self {
            row: Row::of(image),
            names: image.names.iter().map(ToString::to_string).collect(),
            signed_by: signers.map(|signers| signers.vendors.clone()).unwrap_or_default(),
            runs_here: image.platforms().any(|platform| platform.satisfies(&host)),
        }
    }
}

/// Enough of a digest to tell it from others.
pub(super) fn short(digest: &Digest) -> String {
    digest.to_string().chars().take(19).collect()
}

/// Bytes of images: as if they shared nothing, and with every blob once.
pub(super) fn sizes<'a>(images: impl Iterator<Item = &'a Inside>) -> (u64, u64) {
    let mut blobs = BTreeMap::new();
    let mut sum_bytes = 0;
    for image in images {
        sum_bytes += image.row.size_bytes;
        blobs.extend(image.row.blobs.iter().copied());
    }
    (sum_bytes, blobs.values().sum())
}
