//! What this site trusts and asks for, the same in both shells: the trust store, and the policies that hold.

use std::{
    borrow::Borrow,
    path::{Path, PathBuf},
};

use sealift::{
    AcceptedRelease, Admission, Code, Ctx, Error, Inspection, Policy, PolicyReport, Result, TrustStore,
    Unlocked,
};

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

/// Whether a policy is there, or cannot be seen: a folder that may not be entered, or a link that leads nowhere, hides one.
fn may_be_there(path: &Path) -> bool {
    let is_absent =
        |path: &Path| path.symlink_metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    let is_hidden = |folder: &Path| folder.is_symlink() && !folder.exists();
    !is_absent(path) || path.parent().is_some_and(is_hidden)
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
        let of_user = policy.or_else(|| in_settings("policy.toml").filter(|path| may_be_there(path)));
        let of_system = Some(PathBuf::from(SYSTEM_POLICY)).filter(|path| may_be_there(path));
        let policies =
            of_user.iter().chain(&of_system).map(|path| Policy::load(path)).collect::<Result<_>>()?;
        Ok(Self { policies, ..site })
    }

    /// Changes the store, in its file too. One that was given may be there for others too.
    pub(crate) fn update(&mut self, change: impl FnOnce(&mut TrustStore) -> Result<()>) -> Result<()> {
        let path = self.store_path()?.to_owned();
        let own = folders::settings().filter(|own| path.parent() == Some(own));
        let close = || own.as_deref().map_or((), folders::close_to_others);
        close();
        self.store = TrustStore::update(&path, change)?;
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

    /// Asks every policy whether it lets the bundles in.
    pub(crate) fn admit(&self, ctx: &Ctx, bundles: &[impl Borrow<Unlocked>]) -> Result<Admission> {
        sealift::admit(ctx, bundles, &self.policies, &self.store)
    }

    /// As [`Self::admit`], before a restore: also refuses where the releases could not be remembered.
    pub(crate) fn admit_to_restore(&self, ctx: &Ctx, bundles: &[impl Borrow<Unlocked>]) -> Result<Admission> {
        let admission = self.admit(ctx, bundles)?;
        match releases(&admission) {
            taken if taken.is_empty() => {}
            taken => TrustStore::check_memory(self.store_path()?, &taken)?,
        }
        Ok(admission)
    }

    /// Remembers the releases that were restored, so that none is rolled back. Whether they are, or nothing had to be.
    pub(crate) fn remember(&self, ctx: &Ctx, admission: &Admission) -> bool {
        let taken = releases(admission);
        self.store_path.as_deref().is_none_or(|path| TrustStore::remember_restored(ctx, path, &taken))
    }
}

/// The releases that policies accepted.
fn releases(admission: &Admission) -> Vec<AcceptedRelease> {
    admission.reports().iter().flat_map(|report| &report.releases).cloned().collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_a_policy_that_can_be_seen_to_be_absent_is_absent() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name);
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(at(to), at(name)).expect("a link");
        link("nowhere", "hidden");
        link("nowhere", "policy.toml");
        for (name, is_there) in [
            ("none.toml", false),
            ("no/folder/policy.toml", false),
            ("policy.toml", true),
            ("hidden/policy.toml", true),
            ("policy.toml/policy.toml", true),
        ] {
            assert_eq!(may_be_there(&at(name)), is_there, "{name}");
        }
        assert!(
            may_be_there(Path::new(&format!("/etc/passwd/{}", "policy.toml"))),
            "not a folder: no telling"
        );
    }
}
