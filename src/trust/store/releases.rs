//! The newest release of each product that was taken, so that nothing older is taken later.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AcceptedRelease, TrustStore};
use crate::bundle::{Release, rfc3339};

/// The newest release of a product that was taken from a vendor.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenRelease {
    pub(super) vendor: String,
    pub(super) product: String,
    pub(super) release: String,
    seen: String,
}

impl TrustStore {
    /// The newest release of `product` that was taken from `vendor`.
    pub(crate) fn newest(&self, vendor: &str, product: &str) -> Option<Release> {
        let seen = self.releases.iter().find(|seen| seen.vendor == vendor && seen.product == product);
        seen.and_then(|seen| seen.release.parse().ok())
    }

    /// Remembers what was taken, so that nothing older is taken later. Whether anything is new.
    pub fn remember(&mut self, taken: &[AcceptedRelease]) -> bool {
        let mut is_new = false;
        for AcceptedRelease { vendor, product, release } in taken {
            let Ok(parsed) = release.parse::<Release>() else { continue };
            if self.newest(vendor, product).is_some_and(|newest| newest.precedence(&parsed).is_ge()) {
                continue;
            }
            self.releases.retain(|seen| seen.vendor != *vendor || seen.product != *product);
            self.releases.push(SeenRelease {
                vendor: vendor.clone(),
                product: product.clone(),
                release: release.clone(),
                seen: rfc3339(Timestamp::now()),
            });
            is_new = true;
        }
        is_new
    }
}
