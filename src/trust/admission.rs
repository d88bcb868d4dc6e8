//! What policies found of the bundles that they let in, and hold of what is restored from them.
//!
//! A restore is planned with an [`Admission`], so that none goes past the policies: names at the destination are known in
//! the plan alone.

use super::{
    image::Vouched,
    policy::{ImageCheck, ImageRule, Named, Policy, PolicyReport, check_images},
    store::TrustStore,
};
use crate::{error::Result, job::Ctx, oci::Image, trust::SignatureInfo};

/// Bundles that a site's policies let in. Made by [`crate::admit`], and by [`Admission::unruled`] where there is no policy.
#[derive(Debug, Default)]
pub struct Admission {
    reports: Vec<PolicyReport>,
    rules: Vec<ImageRule>,
    vouched: Vouched,
}

impl Admission {
    /// For a program that has no policy: anything may be restored, under any name.
    pub fn unruled() -> Self {
        Self::default()
    }

    /// What each policy found of each bundle.
    pub fn reports(&self) -> &[PolicyReport] {
        &self.reports
    }

    /// Takes in bundles, each with its signatures and images; `vouched` is what the signatures of these images prove.
    ///
    /// # Errors
    /// One of `TRUST-01` to `TRUST-07`: the first rule that is broken; [`Code::NoSuchVendor`](crate::Code::NoSuchVendor).
    pub(crate) fn of<'a>(
        ctx: &Ctx,
        bundles: &[(Vec<SignatureInfo>, &'a [Image])],
        vouched: Vouched,
        policies: &[Policy],
        store: &TrustStore,
    ) -> Result<Self> {
        let mut reports = Vec::new();
        for (signatures, images) in bundles {
            for policy in policies {
                let mut report = policy.check(signatures, store)?;
                if report.images == ImageCheck::Locked {
                    let named = |image: &'a Image| Named { image, names: image.names.iter().collect() };
                    let images: Vec<_> = images.iter().map(named).collect();
                    let num_signed = check_images(ctx, policy.image_rules(), &images, &vouched)?;
                    report.images = ImageCheck::Signed(num_signed);
                }
                reports.push(report);
            }
        }
        let rules = policies.iter().flat_map(Policy::image_rules).cloned().collect();
        Ok(Self { reports, rules, vouched })
    }

    /// Refuses images of which a rule asks a signature that they lack, under the names that they will have.
    ///
    /// # Errors
    /// [`Code::ImageNotSigned`](crate::Code::ImageNotSigned).
    pub(crate) fn check_images(&self, ctx: &Ctx, images: &[Named<'_>]) -> Result<()> {
        check_images(ctx, &self.rules, images, &self.vouched).map(drop)
    }
}
