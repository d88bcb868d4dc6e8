//! What this site trusts and asks for: the trust store and the policies, and how signatures are told.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use sealift::{
    Code, Error, ImageCheck, ImageSignature, ImageSignatureState, ImageSigners, Inspection, Policy,
    PolicyReport, Result, SignatureInfo, SignatureState, TrustStore, Unlocked, escape, fingerprint_words,
};

use super::Env;
use crate::folders;

/// The policy of the host, which holds beside that of the user.
const SYSTEM_POLICY: &str = "/etc/sealift/policy.toml";

/// The trust store and the policies that hold.
pub(super) struct Site {
    pub(super) store: TrustStore,
    /// Where the store is written.
    store_path: Option<PathBuf>,
    policies: Vec<Policy>,
}

impl Site {
    /// As `--trust-store` and `--policy` say, or as they lie in the user's folder; the host's policy holds in any case.
    pub(super) fn open(matches: &ArgMatches) -> Result<Self> {
        let given = |name| matches.try_get_one::<PathBuf>(name).ok().flatten().cloned();
        let in_settings = |name: &str| folders::settings().map(|folder| folder.join(name));
        let store_path = given("trust-store").or_else(|| in_settings("trust.toml"));
        let store = store_path.as_deref().map(TrustStore::load).transpose()?.unwrap_or_default();
        let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
        let mut policies = Vec::new();
        // A verb without the option only looks: a faulty policy does not concern it.
        if matches.try_contains_id("policy").is_ok() {
            let of_user = given("policy").or_else(|| in_settings("policy.toml").filter(is_there));
            let of_system = Some(PathBuf::from(SYSTEM_POLICY)).filter(is_there);
            for path in of_user.iter().chain(&of_system) {
                policies.push(Policy::load(path)?);
            }
        }
        Ok(Self { store, store_path, policies })
    }

    /// Writes the store back.
    pub(super) fn save(&self) -> Result<()> {
        self.store.save(self.store_path()?)
    }

    pub(super) fn store_path(&self) -> Result<&Path> {
        self.store_path.as_deref().ok_or_else(|| Error::new(Code::BadTrustStore))
    }

    /// Whether every policy lets the bundle in, without its key.
    pub(super) fn check(&self, bundle: &Inspection) -> Result<Vec<PolicyReport>> {
        self.policies.iter().map(|policy| bundle.check_policy(policy, &self.store)).collect()
    }

    /// Whether every policy lets the bundle in.
    pub(super) fn check_unlocked(&self, bundle: &Unlocked) -> Result<Vec<PolicyReport>> {
        self.policies.iter().map(|policy| bundle.check_policy(policy, &self.store)).collect()
    }

    /// Remembers the releases that were restored, so that none is rolled back.
    pub(super) fn remember(&mut self, reports: &[PolicyReport]) -> Result<()> {
        let mut is_new = false;
        for report in reports {
            is_new |= self.store.remember(&report.releases);
        }
        if is_new { self.save() } else { Ok(()) }
    }
}

/// One line for each signature, and what a policy made of them.
pub(super) fn tell(env: &Env, signatures: &[SignatureInfo], reports: &[PolicyReport]) {
    for signature in signatures {
        let text = |value: &Option<String>| escape(value.as_deref().unwrap_or_default()).to_string();
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
    for report in reports {
        let signers: Vec<String> = report.signers.iter().map(|name| escape(name).to_string()).collect();
        if !signers.is_empty() {
            env.out.say("policy-signers", &[("signers", signers.join(", "))]);
        }
        match report.images {
            ImageCheck::NotAsked => {}
            ImageCheck::Locked => env.out.say("policy-images-locked", &[]),
            ImageCheck::Signed(num) => env.out.say("policy-images", &[("images", num.to_string())]),
        }
    }
}

/// One line for each image that somebody signed.
pub(super) fn tell_images(env: &Env, signers: &[ImageSigners]) {
    for image in signers.iter().filter(|image| !image.signatures.is_empty()) {
        let title = escape(&image.image).to_string();
        if !image.vendors.is_empty() {
            let vendors: Vec<String> = image.vendors.iter().map(|name| escape(name).to_string()).collect();
            env.out.say("image-signed", &[("image", title.clone()), ("vendors", vendors.join(", "))]);
        }
        let is_unknown = |signature: &&ImageSignature| signature.state != ImageSignatureState::Trusted;
        let num_unknown = image.signatures.iter().filter(is_unknown).count();
        if num_unknown > 0 {
            env.out
                .say("image-signed-unknown", &[("image", title.clone()), ("num", num_unknown.to_string())]);
        }
        let attested = image.signatures.iter().filter(|signature| !is_unknown(signature));
        for (vendor, predicate) in
            attested.filter_map(|one| one.vendor.as_ref().zip(one.predicate_type.as_ref()))
        {
            let (vendor, predicate) = (escape(vendor).to_string(), escape(predicate).to_string());
            env.out.say(
                "image-attested",
                &[("image", title.clone()), ("vendor", vendor), ("predicate", predicate)],
            );
        }
    }
}
