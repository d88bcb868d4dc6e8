//! What this site trusts and asks for, the same in both shells: the trust store, and the policies that hold.

use std::path::{Path, PathBuf};

use sealift::{Code, Error, Inspection, Policy, PolicyReport, Result, TrustStore, Unlocked};

use crate::folders;

/// The policy of the host, which holds beside that of the user.
const SYSTEM_POLICY: &str = "/etc/sealift/policy.toml";

/// The trust store and the policies that hold.
pub(crate) struct Site {
    pub(crate) store: TrustStore,
    /// Where the store is written.
    store_path: Option<PathBuf>,
    policies: Vec<Policy>,
}

fn in_settings(name: &str) -> Option<PathBuf> {
    folders::settings().map(|folder| folder.join(name))
}

impl Site {
    /// The trust store alone, as given or as it lies in the user's folder: for what only looks, where a policy that cannot
    /// be read is no reason to show nothing.
    pub(crate) fn without_policies(trust_store: Option<PathBuf>) -> Result<Self> {
        // A path that was mistyped would be a store that trusts nobody.
        if let Some(given) = &trust_store {
            given.metadata().map_err(|e| Error::read(given, e))?;
        }
        Self::to_fill(trust_store)
    }

    /// As [`Self::without_policies`], where the file may yet have to be written.
    pub(crate) fn to_fill(trust_store: Option<PathBuf>) -> Result<Self> {
        let store_path = trust_store.or_else(|| in_settings("trust.toml"));
        let store = store_path.as_deref().map(TrustStore::load).transpose()?.unwrap_or_default();
        Ok(Self { store, store_path, policies: Vec::new() })
    }

    /// As given, or as they lie in the user's folder; the host's policy holds in any case.
    pub(crate) fn open(trust_store: Option<PathBuf>, policy: Option<PathBuf>) -> Result<Self> {
        let site = Self::without_policies(trust_store)?;
        let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
        let of_user = policy.or_else(|| in_settings("policy.toml").filter(is_there));
        let of_system = Some(PathBuf::from(SYSTEM_POLICY)).filter(is_there);
        let policies =
            of_user.iter().chain(&of_system).map(|path| Policy::load(path)).collect::<Result<_>>()?;
        Ok(Self { policies, ..site })
    }

    /// Writes the store back. One that was given may be there for others too.
    pub(crate) fn save(&self) -> Result<()> {
        let path = self.store_path()?;
        let own = folders::settings().filter(|own| path.parent() == Some(own));
        let close = || own.as_deref().map_or((), folders::close_to_others);
        close();
        self.store.save(path)?;
        close();
        Ok(())
    }

    pub(crate) fn store_path(&self) -> Result<&Path> {
        self.store_path.as_deref().ok_or_else(|| Error::new(Code::BadTrustStore))
    }

    /// Whether every policy lets the bundle in, without its key.
    pub(crate) fn check(&self, bundle: &Inspection) -> Result<Vec<PolicyReport>> {
        self.policies.iter().map(|policy| bundle.check_policy(policy, &self.store)).collect()
    }

    /// Whether every policy lets the bundle in.
    pub(crate) fn check_unlocked(&self, bundle: &Unlocked) -> Result<Vec<PolicyReport>> {
        self.policies.iter().map(|policy| bundle.check_policy(policy, &self.store)).collect()
    }

    /// Remembers the releases that were restored, so that none is rolled back.
    pub(crate) fn remember(&mut self, reports: &[PolicyReport]) -> Result<()> {
        if reports.iter().all(|report| report.releases.is_empty()) {
            return Ok(());
        }
        // A restore may take hours, and keys may have been trusted meanwhile.
        self.store = TrustStore::load(self.store_path()?)?;
        let mut is_new = false;
        for report in reports {
            is_new |= self.store.remember(&report.releases);
        }
        if is_new { self.save() } else { Ok(()) }
    }
}
