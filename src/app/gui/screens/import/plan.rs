//! What a restore will do, as the wizard shows it before anything is written.

use std::{collections::BTreeMap, sync::Arc};

use sealift::{Admission, Check, Ctx, DestSpec, Digest, Existing, Notice, RestorePlan};

use super::contents::{Inside, short};

/// The plan.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) images: Vec<Planned>,
    /// Bytes of their blobs, each once.
    pub(crate) unique_bytes: u64,
    pub(crate) needed_bytes: u64,
    /// Free at the destination, where the system tells.
    pub(crate) free_bytes: Option<u64>,
    pub(crate) notices: Vec<Notice>,
    /// What was looked at there.
    pub(crate) checks: Vec<Check>,
}

/// An image that will be put back.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) digest: Digest,
    /// Names it will have.
    pub(crate) names: Vec<String>,
    /// Names it has in the bundle.
    pub(crate) bundle_names: Vec<String>,
    pub(crate) size_bytes: u64,
    pub(crate) blobs: Vec<(Digest, u64)>,
}

impl Planned {
    /// How it will be called: its names, else its digest.
    pub(crate) fn title(&self) -> String {
        if self.names.is_empty() { short(&self.digest) } else { self.names.join(", ") }
    }

    /// Its names in the bundle, where they differ.
    pub(crate) fn was(&self) -> Option<String> {
        (!self.bundle_names.is_empty() && self.bundle_names != self.names)
            .then(|| self.bundle_names.join(", "))
    }
}

impl Plan {
    pub(super) fn of(plan: &RestorePlan, notices: Vec<Notice>, images: &[Inside]) -> Self {
        let blobs: BTreeMap<Digest, &Inside> = images.iter().map(|image| (image.row.target, image)).collect();
        let texts = |names: &[sealift::Name]| names.iter().map(ToString::to_string).collect();
        let planned = |image: &sealift::RestoredImage| Planned {
            digest: image.target,
            names: texts(&image.names),
            bundle_names: texts(&image.bundle_names),
            size_bytes: image.size_bytes,
            blobs: blobs.get(&image.target).map(|inside| inside.row.blobs.clone()).unwrap_or_default(),
        };
        Self {
            images: plan.images.iter().map(planned).collect(),
            unique_bytes: plan.unique_bytes,
            needed_bytes: plan.needed_bytes,
            free_bytes: plan.free_bytes,
            notices,
            checks: plan.checks.clone(),
        }
    }
}

/// Asks the library what it would do; writes nothing.
pub(super) fn preview(
    unlocked: &[Arc<sealift::Unlocked>],
    images: &[Inside],
    admission: &Admission,
    dest: &DestSpec,
    existing: Existing,
    selection: &sealift::Selection,
) -> sealift::Result<Plan> {
    // Its notices belong to the plan, not to the job bar.
    let ctx = Ctx::new();
    sealift::check_destination(&ctx, dest, existing)?;
    let plan = sealift::preview_restore(&ctx, unlocked, admission, dest, selection)?;
    Ok(Plan::of(&plan, ctx.take_notices(), images))
}
