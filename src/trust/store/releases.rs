//! The newest release of each product that was taken, so that nothing older is taken later.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AcceptedRelease, TrustStore};
use crate::{
    bundle::{Release, rfc3339},
    error::Result,
    fs::{self, Existing, PartialFile},
    job::{Ctx, Notice, NoticeKind},
};

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

    /// Whether the store at `path` could remember `taken`: asked before a restore, which should not end without that.
    ///
    /// # Errors
    /// Those of a store that cannot be read, or of a place that cannot be written to.
    pub fn check_memory(path: &Path, taken: &[AcceptedRelease]) -> Result<()> {
        if !Self::load(path)?.remember(taken) {
            return Ok(());
        }
        fs::create_dir(fs::parent(path))?;
        let _lock = fs::Lock::take(path)?;
        PartialFile::create(path, Existing::Replace).map(drop)
    }

    /// Remembers in the store at `path` what was restored. A restore that is done stays done when this fails, so that is a
    /// notice; whether it is remembered comes back.
    pub fn remember_restored(ctx: &Ctx, path: &Path, taken: &[AcceptedRelease]) -> bool {
        // Where nothing is new, nothing is written, and a store that cannot be written to will do.
        if Self::load(path).is_ok_and(|mut store| !store.remember(taken)) {
            return true;
        }
        let remember = |store: &mut Self| {
            store.remember(taken);
            Ok(())
        };
        match Self::update(path, remember) {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, "what was restored is not remembered");
                ctx.notice(Notice::new(NoticeKind::NotRemembered, path.display()));
                false
            }
        }
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
