//! How a bundle stands with this site: who signed it, and whether the policy lets it in. And how a vendor's key becomes
//! trusted. Files are read in jobs alone.

use std::{path::PathBuf, sync::Arc};

use sealift::{Code, Error, Inspection, PolicyReport, PublicKey, SignatureInfo, TrustStore};

use super::{
    action::{Action, Effect, Effects},
    job::{Kind, Outcome, Work},
};
use crate::site::Site;

/// What can be told of a bundle without its key.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) signatures: Vec<SignatureInfo>,
    /// What each policy found, or why the bundle is refused.
    pub(crate) policies: Outcome<Vec<PolicyReport>>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { signatures: Vec::new(), policies: Ok(Vec::new()) }
    }
}

impl Standing {
    /// Of `bundle`, at this `site`; one whose files cannot be used lets nothing in.
    pub(crate) fn of(bundle: &Inspection, site: sealift::Result<Site>) -> Self {
        let nobody = TrustStore::default();
        let signatures = bundle.signatures(site.as_ref().map_or(&nobody, |site| &site.store));
        Self { signatures, policies: site.and_then(|site| site.check(bundle)).map_err(Arc::new) }
    }

    /// Why the bundle is refused.
    pub(crate) fn refusal(&self) -> Option<&Error> {
        self.policies.as_ref().err().map(|error| &**error)
    }
}

/// Whether it is a policy that does not let a bundle in, and nothing is wrong with its bytes.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::NotSigned
            | Code::SignatureDamaged
            | Code::SignedTooLongAgo
            | Code::ReleaseTooOld
            | Code::Rollback
            | Code::NoRelease
            | Code::ImageNotSigned
    )
}

/// A key that is about to be trusted.
#[derive(Debug)]
pub(crate) struct Trusting {
    /// The bundle that it signed.
    pub(crate) bundle: PathBuf,
    pub(crate) key: PublicKey,
    /// How the vendor is to be called.
    pub(crate) name: String,
    /// The user says that the words were compared.
    pub(crate) is_compared: bool,
    pub(crate) failed: Option<Arc<Error>>,
}

/// What happens to it.
#[derive(Debug)]
pub(crate) enum Trust {
    Begin(PathBuf, PublicKey),
    Name(String),
    Compared(bool),
    Confirm,
    /// The key is in the store, and the bundle stands so now.
    Done(PathBuf, Outcome<Standing>),
    Leave,
}

impl Trusting {
    pub(crate) fn is_ready(&self) -> bool {
        self.is_compared && !self.name.trim().is_empty()
    }
}

/// Applies `change`; gives how a bundle stands from now on.
pub(crate) fn apply(
    trusting: &mut Option<Trusting>,
    change: Trust,
    effects: &mut Effects,
) -> Option<(PathBuf, Standing)> {
    match (change, &mut *trusting) {
        (Trust::Begin(bundle, key), _) => {
            *trusting = Some(Trusting { bundle, key, name: String::new(), is_compared: false, failed: None });
        }
        (Trust::Name(name), Some(now)) => now.name = name,
        (Trust::Compared(is_compared), Some(now)) => now.is_compared = is_compared,
        (Trust::Confirm, Some(now)) if now.is_ready() => {
            now.failed = None;
            effects.push(Effect::RunQuietly(pin(now, || Site::open(None, None))));
        }
        (Trust::Done(bundle, Ok(standing)), _) => {
            *trusting = None;
            return Some((bundle, standing));
        }
        (Trust::Done(_, Err(error)), Some(now)) => now.failed = Some(error),
        (Trust::Leave, _) => *trusting = None,
        _ => {}
    }
    None
}

/// Puts the key into the trust store.
fn pin(trusting: &Trusting, site: impl Fn() -> sealift::Result<Site> + Send + 'static) -> Work {
    let (bundle, key) = (trusting.bundle.clone(), trusting.key.clone());
    let (name, shown) = (trusting.name.trim().to_owned(), trusting.bundle.clone());
    let call = move |_: &sealift::Ctx| trusted(&bundle, &name, key, site);
    Work::new(Kind::List, "", call, |standing| Action::Trust(Trust::Done(shown, standing)))
}

fn trusted(
    bundle: &std::path::Path,
    name: &str,
    key: PublicKey,
    site: impl Fn() -> sealift::Result<Site>,
) -> sealift::Result<Standing> {
    let mut store = site()?;
    store.store.add(name, key)?;
    store.save()?;
    Ok(Standing::of(&sealift::inspect(bundle)?, site()))
}

#[cfg(test)]
mod tests {
    use sealift::{Ctx, PackOptions, Passphrase, SignatureState, SigningKey, SigningKeyType};

    use super::*;

    #[test]
    fn a_key_is_trusted_only_once_its_words_were_compared_and_then_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (sample, bundle) = (dir.path().join("sample.tar"), dir.path().join("a.sealift"));
        let ctx = Ctx::new();
        sealift::write_sample(&sample).unwrap();
        let plan = sealift::plan_pack(&ctx, &[sample.to_str().unwrap().parse().unwrap()], &[]).unwrap();
        let passphrase = Passphrase::new(b"correct horse battery staple".to_vec()).unwrap();
        sealift::pack(&ctx, &plan, &bundle, &passphrase, &PackOptions::default()).unwrap();
        let key = SigningKey::generate(SigningKeyType::Ed25519);
        sealift::sign(&ctx, &bundle, &key, None).unwrap();
        let store = dir.path().join("trust.toml");
        let site = || Site::open(Some(store.clone()), None);
        let before = Standing::of(&sealift::inspect(&bundle).unwrap(), site());
        assert_eq!(before.signatures[0].state, SignatureState::UnknownKey);

        let (mut trusting, mut effects) = (None, Effects::new());
        let mut does = |change| apply(&mut trusting, change, &mut effects).is_none();
        does(Trust::Begin(bundle.clone(), before.signatures[0].public_key.clone().unwrap()));
        does(Trust::Name("acme".into()));
        does(Trust::Confirm);
        assert!(effects.is_empty(), "the words were not compared");
        does_again(&mut trusting, &mut effects);
        assert!(matches!(effects.as_slice(), [Effect::RunQuietly(_)]));

        let now = trusted(&bundle, "acme", key.public_key(), site).unwrap();
        assert_eq!(now.signatures[0].state, SignatureState::Trusted);
        let done = apply(&mut trusting, Trust::Done(bundle, Ok(now)), &mut effects);
        assert!(done.is_some() && trusting.is_none());
    }

    fn does_again(trusting: &mut Option<Trusting>, effects: &mut Effects) {
        for change in [Trust::Compared(true), Trust::Confirm] {
            apply(trusting, change, effects);
        }
    }
}
