//! What this site trusts and asks for, as options name it, and how signatures are told.

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{
    ImageCheck, ImageSignature, ImageSignatureState, ImageSigners, PolicyReport, Result, SignatureInfo,
    SignatureState, fingerprint_words,
};

use super::Env;
use crate::site::Site;

/// As `--trust-store` and `--policy` say, or as they lie in the user's folder; the host's policy holds in any case.
pub(super) fn open(matches: &ArgMatches) -> Result<Site> {
    Site::open(given(matches, "trust-store"), given(matches, "policy"))
}

/// The trust store alone.
pub(super) fn store(matches: &ArgMatches) -> Result<Site> {
    Site::without_policies(given(matches, "trust-store"))
}

/// The trust store alone, which may be a new one.
pub(super) fn store_to_fill(matches: &ArgMatches) -> Result<Site> {
    Site::to_fill(given(matches, "trust-store"))
}

fn given(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>(name).ok().flatten().cloned()
}

/// One line for each signature, and what a policy made of them.
pub(super) fn tell(env: &Env, signatures: &[SignatureInfo], reports: &[PolicyReport]) {
    for signature in signatures {
        let text = |value: &Option<String>| value.as_deref().unwrap_or_default().to_owned();
        let id = signature.key_id.clone().unwrap_or_default();
        let release = match (&signature.product, &signature.release) {
            (Some(product), Some(release)) => format!("{product} {release}"),
            _ => String::new(),
        };
        let line = match signature.state {
            SignatureState::Trusted if !release.is_empty() => "signature-trusted-release",
            SignatureState::Trusted => "signature-trusted",
            SignatureState::UnknownKey => "signature-unknown-key",
            SignatureState::Damaged if signature.vendor.is_some() => "signature-damaged-vendor",
            SignatureState::Damaged => "signature-damaged",
            SignatureState::UnknownKind => "signature-unknown-kind",
        };
        env.out.say(
            line,
            &[
                ("vendor", text(&signature.vendor)),
                ("signed", text(&signature.signed)),
                ("release", release),
                ("key", sealift::grouped(&id)),
                ("words", fingerprint_words(&id, env.out.lang).join(" ")),
            ],
        );
    }
    tell_policies(env, reports);
}

/// That each policy is met, and by whose signatures.
pub(super) fn tell_policies(env: &Env, reports: &[PolicyReport]) {
    for report in reports {
        if !report.signers.is_empty() {
            env.out.say("policy-signers", &[("signers", report.signers.join(", "))]);
        }
        match report.images {
            ImageCheck::NotAsked => {}
            ImageCheck::Locked => env.out.say("policy-images-locked", &[]),
            ImageCheck::Signed(num) => env.out.say("policy-images", &[("images", num.to_string())]),
        }
    }
}

/// One line for each image that somebody signed.
///
/// # Errors
/// [`Code::Cancelled`](sealift::Code::Cancelled).
pub(super) fn tell_images(env: &Env, signers: &[ImageSigners]) -> Result<()> {
    for image in signers.iter().filter(|image| !image.signatures.is_empty()) {
        env.ctx.checkpoint()?;
        let title = image.image.clone();
        if !image.vendors.is_empty() {
            env.out.say("image-signed", &[("image", title.clone()), ("vendors", image.vendors.join(", "))]);
        }
        let is_unknown = |signature: &&ImageSignature| signature.state != ImageSignatureState::Trusted;
        let num_unknown = image.signatures.iter().filter(is_unknown).count();
        if num_unknown > 0 {
            env.out
                .say("image-signed-unknown", &[("image", title.clone()), ("num", num_unknown.to_string())]);
        }
        let mut shown = Vec::new();
        for signature in &image.signatures {
            let Some((identity, issuer)) = signature.identity.as_ref().zip(signature.issuer.as_ref()) else {
                continue;
            };
            let who = (&signature.vendor, identity, issuer);
            if shown.contains(&who) {
                continue;
            }
            shown.push(who);
            let line = if signature.vendor.is_some() { "image-identity" } else { "image-identity-unknown" };
            env.out.say(
                line,
                &[
                    ("image", title.clone()),
                    ("vendor", signature.vendor.as_deref().unwrap_or_default().to_owned()),
                    ("identity", identity.to_owned()),
                    ("issuer", issuer.to_owned()),
                ],
            );
        }
        let attested = image.signatures.iter().filter(|signature| !is_unknown(signature));
        for (vendor, predicate) in
            attested.filter_map(|one| one.vendor.as_ref().zip(one.predicate_type.as_ref()))
        {
            env.out.say(
                "image-attested",
                &[("image", title.clone()), ("vendor", vendor.clone()), ("predicate", predicate.clone())],
            );
        }
    }
    Ok(())
}
