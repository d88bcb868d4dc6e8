//! How a bundle stands with this site: who signed it, and whether the policy lets it in. And how a vendor's key becomes
//! trusted. Files are read in jobs alone.

use std::{path::PathBuf, sync::Arc};

use sealift::{
    Code, Error, ImageCheck, Inspection, PolicyReport, PublicKey, SignatureInfo, SignatureState, TrustStore,
};

use super::{
    action::{Action, Effect, Effects},
    job::{Kind, Outcome, Work},
    texts::Texts,
    theme::Tone,
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
    /// The bundle that it signed, and those of its delivery.
    pub(crate) bundles: Vec<PathBuf>,
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
    Begin(Vec<PathBuf>, PublicKey),
    Name(String),
    Compared(bool),
    Confirm,
    /// The key is in the store, and the bundle and those of its delivery stand so now.
    Done(Outcome<Vec<(PathBuf, Standing)>>),
    Leave,
}

impl Trusting {
    pub(crate) fn is_ready(&self) -> bool {
        self.is_compared && !self.name.trim().is_empty()
    }
}

/// Applies `change`; gives how bundles stand from now on.
pub(crate) fn apply(
    trusting: &mut Option<Trusting>,
    change: Trust,
    effects: &mut Effects,
) -> Vec<(PathBuf, Standing)> {
    match (change, &mut *trusting) {
        (Trust::Begin(bundles, key), _) => {
            *trusting =
                Some(Trusting { bundles, key, name: String::new(), is_compared: false, failed: None });
        }
        (Trust::Name(name), Some(now)) => now.name = name,
        (Trust::Compared(is_compared), Some(now)) => now.is_compared = is_compared,
        (Trust::Confirm, Some(now)) if now.is_ready() => {
            now.failed = None;
            effects.push(Effect::RunQuietly(pin(now, || Site::open(None, None))));
        }
        (Trust::Done(Ok(now)), _) => {
            *trusting = None;
            return now;
        }
        (Trust::Done(Err(error)), Some(now)) => now.failed = Some(error),
        (Trust::Leave, _) => *trusting = None,
        _ => {}
    }
    Vec::new()
}

/// Puts the key into the trust store.
fn pin(trusting: &Trusting, site: impl Fn() -> sealift::Result<Site> + Send + 'static) -> Work {
    let (bundles, key, name) =
        (trusting.bundles.clone(), trusting.key.clone(), trusting.name.trim().to_owned());
    let call = move |_: &sealift::Ctx| trusted(&bundles, &name, key, site);
    Work::new(Kind::List, "", call, |now| Action::Trust(Trust::Done(now)))
}

fn trusted(
    bundles: &[PathBuf],
    name: &str,
    key: PublicKey,
    site: impl Fn() -> sealift::Result<Site>,
) -> sealift::Result<Vec<(PathBuf, Standing)>> {
    site()?.update(|store| store.add(name, key).map(drop))?;
    let parts = sealift::Delivery::gather(bundles, &[])?.parts;
    Ok(parts.iter().map(|part| (part.path().to_owned(), Standing::of(part, site()))).collect())
}

/// What a signature is worth; `moment` words the time of signing.
pub(crate) fn told(
    texts: Texts,
    signature: &SignatureInfo,
    moment: impl Fn(&str) -> String,
) -> (Tone, String) {
    let release = match (&signature.product, &signature.release) {
        (Some(product), Some(release)) => format!("{product} {release}"),
        _ => String::new(),
    };
    let (tone, id) = match signature.state {
        SignatureState::Trusted if !release.is_empty() => (Tone::Ok, "signature-trusted-release"),
        SignatureState::Trusted => (Tone::Ok, "signature-trusted"),
        SignatureState::UnknownKey => (Tone::Warn, "signature-unknown"),
        SignatureState::Damaged if signature.vendor.is_some() => (Tone::Error, "signature-damaged-vendor"),
        SignatureState::Damaged => (Tone::Error, "signature-damaged"),
        SignatureState::UnknownKind => (Tone::Secondary, "signature-unknown-kind"),
    };
    let vendor = signature.vendor.as_deref().unwrap_or_default().to_owned();
    let signed = signature.signed.as_deref().map(moment).unwrap_or_default();
    (tone, texts.with(id, &[("vendor", vendor), ("signed", signed), ("release", release)]))
}

/// Which rules an accepted bundle was held against.
pub(crate) fn found(texts: Texts, policies: &[PolicyReport]) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    for report in policies {
        if !report.signers.is_empty() {
            let signers = report.signers.join(", ");
            lines.push((Tone::Ok, texts.with("policy-signers", &[("signers", signers)])));
        }
        for release in &report.releases {
            let name = format!("{} {}", release.product, release.release);
            lines.push((Tone::Ok, texts.with("policy-release", &[("release", name)])));
        }
        match report.images {
            ImageCheck::NotAsked => {}
            ImageCheck::Locked => lines.push((Tone::Secondary, texts.t("policy-images-later"))),
            ImageCheck::Signed(num) => {
                lines.push((Tone::Ok, texts.with("policy-images", &[("images", num.to_string())])));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use sealift::{Ctx, PackOptions, Passphrase, SigningKey, SigningKeyType};

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
        let site = || Site::to_fill(Some(store.clone()));
        let before = Standing::of(&sealift::inspect(&bundle).unwrap(), site());
        assert_eq!(before.signatures[0].state, SignatureState::UnknownKey);

        let (mut trusting, mut effects) = (None, Effects::new());
        let mut does = |change| drop(apply(&mut trusting, change, &mut effects));
        does(Trust::Begin(vec![bundle.clone()], before.signatures[0].public_key.clone().unwrap()));
        does(Trust::Name("acme".into()));
        does(Trust::Confirm);
        assert!(effects.is_empty(), "the words were not compared");
        does_again(&mut trusting, &mut effects);
        assert!(matches!(effects.as_slice(), [Effect::RunQuietly(_)]));

        let now = trusted(std::slice::from_ref(&bundle), "acme", key.public_key(), site).unwrap();
        assert_eq!(now[0].1.signatures[0].state, SignatureState::Trusted);
        let done = apply(&mut trusting, Trust::Done(Ok(now)), &mut effects);
        assert!(done.len() == 1 && done[0].0 == bundle && trusting.is_none());
    }

    fn does_again(trusting: &mut Option<Trusting>, effects: &mut Effects) {
        for change in [Trust::Compared(true), Trust::Confirm] {
            apply(trusting, change, effects);
        }
    }
}
