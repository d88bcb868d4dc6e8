//! What a site asks of a bundle before it takes it: who signed it, when, which release it is, who signed its images.
//!
//! A policy that cannot be read in full refuses everything: a rule that was mistyped must not be one that is missing.
//! Every form of the file: docs/trust.md.

mod check;
mod file;
mod images;

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

pub(crate) use images::{ImageRule, Named, check_images};

use crate::{
    bundle::Release,
    document,
    error::{Code, Result},
};

/// Largest policy that is read.
const MAX_BYTES: u64 = 1 << 20;

/// The rules of a site.
#[derive(Clone, Debug)]
pub struct Policy {
    any_of: Vec<String>,
    all_of: Vec<String>,
    oldest_signing: Option<Timestamp>,
    refuse_rollback: bool,
    products: Vec<(String, Release)>,
    images: Vec<ImageRule>,
}

/// A release that a policy lets in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AcceptedRelease {
    /// Who signed it.
    pub vendor: String,
    /// What it is.
    pub product: String,
    /// Which one.
    pub release: String,
}

/// Why a bundle is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyReport {
    /// Vendors whose signatures count.
    pub signers: Vec<String>,
    /// The releases they state; [`TrustStore::remember`](super::TrustStore::remember) takes them once the bundle was restored.
    pub releases: Vec<AcceptedRelease>,
    /// What was found of the images' own signatures.
    pub images: ImageCheck,
}

/// What a policy found of the images' own signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageCheck {
    /// It has no rule for images.
    #[default]
    NotAsked,
    /// It has, and without the bundle's key nobody can see them.
    Locked,
    /// So many images are met by a rule, and have the signature that it asks for.
    Signed(usize),
}

impl Policy {
    /// Reads the policy at `path`.
    ///
    /// # Errors
    /// [`Code::BadPolicy`] for anything that is not understood in full.
    pub fn load(path: &Path) -> Result<Self> {
        document::load(path, MAX_BYTES, Code::BadPolicy, Self::parse)
    }

    pub(crate) fn image_rules(&self) -> &[ImageRule] {
        &self.images
    }
}

#[cfg(test)]
mod tests;
