//! What is inside unlocked bundles, as the wizard shows it.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use sealift::{Class, Digest, Image, ImageSigners, Platform, PolicyReport, Unlocked};

use crate::gui::screens::pack::Row;

/// A bundle that was opened with its keys.
#[derive(Clone)]
pub(crate) struct Opened(pub(super) Arc<Unlocked>);

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(…)")
    }
}

/// What is inside the bundles that are open: of a delivery as many as keys were given for.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// In the order they were opened in.
    pub(crate) parts: Vec<Part>,
    /// Part by part.
    pub(crate) images: Vec<Inside>,
}

/// A bundle that is open.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// None only in pictures.
    pub(crate) opened: Option<Opened>,
    pub(crate) path: PathBuf,
    /// Of a part of a delivery.
    pub(crate) class: Option<Class>,
    /// 64 hex digits, proven to be those of the sealed header.
    pub(crate) fingerprint: String,
    /// RFC 3339.
    pub(crate) created: String,
    pub(crate) tool: String,
    /// Blobs of other deliveries that it builds on.
    pub(crate) num_externals: usize,
    /// What this site's policies found.
    pub(crate) policies: Vec<PolicyReport>,
}

/// An image inside.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    /// Number of the part that it is in.
    pub(crate) part: usize,
    pub(crate) row: Row,
    /// Its names; none for an untagged image.
    pub(crate) names: Vec<String>,
    /// Whether one of its platforms is this host's.
    pub(crate) runs_here: bool,
    /// Trusted vendors who signed all of it.
    pub(crate) signed_by: Vec<String>,
}

impl Contents {
    /// Adds a bundle that was opened.
    pub(super) fn add(
        &mut self,
        path: PathBuf,
        class: Option<Class>,
        unlocked: Unlocked,
        signers: &[ImageSigners],
        policies: Vec<PolicyReport>,
    ) {
        let contents = unlocked.contents();
        let number = self.parts.len();
        self.images.extend(contents.images.iter().map(|image| Inside::of(number, image, signers)));
        self.parts.push(Part {
            path,
            class,
            fingerprint: unlocked.fingerprint(),
            created: contents.created.to_owned(),
            tool: contents.tool.to_owned(),
            num_externals: contents.externals.len(),
            policies,
            opened: Some(Opened(Arc::new(unlocked))),
        });
    }

    /// Adds what was opened later. What was there keeps its numbers.
    pub(super) fn join(&mut self, more: Self) {
        let first = self.parts.len();
        self.images.extend(more.images.into_iter().map(|image| Inside { part: image.part + first, ..image }));
        self.parts.extend(more.parts);
    }

    /// The bundles as the library opened them; none in pictures.
    pub(super) fn unlocked(&self) -> Option<Vec<Arc<Unlocked>>> {
        self.parts.iter().map(|part| part.opened.clone().map(|Opened(unlocked)| unlocked)).collect()
    }

    /// The class of an image; none where there are no classes.
    pub(crate) fn class(&self, image: &Inside) -> Option<Class> {
        self.parts.get(image.part)?.class
    }
}

impl Inside {
    fn of(part: usize, image: &Image, signers: &[ImageSigners]) -> Self {
        let host = Platform::host();
        let signers = signers.iter().find(|signers| signers.target == image.target.digest);
        Self {
            part,
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
