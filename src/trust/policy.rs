//! What a site asks of a bundle before it takes it: who signed it, when, which release it is, who signed its images.
//!
//! A policy that cannot be read in full refuses everything: a rule that was mistyped must not be one that is missing.
//! Every form of the file: docs/trust.md.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::value::Datetime;
use wildmatch::WildMatch;

use super::{SignatureInfo, SignatureState, store::TrustStore};
use crate::{
    bundle::{Release, check_product, rfc3339},
    error::{Code, Error, Fact, Result},
    fs,
};

/// Largest policy that is read.
const MAX_BYTES: u64 = 1 << 20;
/// Format of the file.
const VERSION: u32 = 1;

/// The rules of a site.
#[derive(Clone, Debug)]
pub struct Policy {
    any_of: Vec<String>,
    all_of: Vec<String>,
    oldest_signing: Option<Timestamp>,
    refuse_rollback: bool,
    products: Vec<(String, Release)>,
    images: Vec<ImageRule>,
}

#[derive(Clone, Debug)]
struct ImageRule {
    pattern: String,
    names: WildMatch,
    signed_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default)]
    signers: Signers,
    #[serde(default, rename = "product")]
    products: Vec<StoredProduct>,
    #[serde(default, rename = "image")]
    images: Vec<StoredImageRule>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signers {
    #[serde(default)]
    any_of: Vec<String>,
    #[serde(default)]
    all_of: Vec<String>,
    oldest_signing: Option<Datetime>,
    refuse_rollback: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredProduct {
    name: String,
    oldest_release: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredImageRule {
    names: String,
    signed_by: Vec<String>,
}

/// Who signed an image, of the vendors that are trusted here.
#[derive(Clone, Debug)]
pub(crate) struct SignedImage {
    /// How it is called in messages.
    pub(crate) title: String,
    pub(crate) names: Vec<String>,
    pub(crate) vendors: Vec<String>,
}

/// A release that a policy lets in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AcceptedRelease {
    /// Who signed it.
    pub vendor: String,
    /// What it is.
    pub product: String,
    /// Which one.
    pub release: String,
}

/// Why a bundle is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyReport {
    /// Vendors whose signatures count.
    pub signers: Vec<String>,
    /// The releases they state; [`TrustStore::remember`] takes them once the bundle was restored.
    pub releases: Vec<AcceptedRelease>,
    /// What was found of the images' own signatures.
    pub images: ImageCheck,
}

/// What a policy found of the images' own signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageCheck {
    /// It has no rule for images.
    #[default]
    NotAsked,
    /// It has, and without the bundle's key nobody can see them.
    Locked,
    /// So many images are met by a rule, and have the signature that it asks for.
    Signed(usize),
}

impl Policy {
    /// Reads the policy at `path`.
    ///
    /// # Errors
    /// [`Code::BadPolicy`] for anything that is not understood in full.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_text(path, MAX_BYTES).map_err(|e| match e.code() {
            Code::Limit => e.recoded(Code::BadPolicy),
            _ => e,
        })?;
        Self::parse(&text).map_err(|e| e.at(path))
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bad = |field: &str| Error::new(Code::BadPolicy).with(Fact::Field, field);
        let document: Document = toml::from_str(text)
            .map_err(|e| Error::new(Code::BadPolicy).with(Fact::System, e.message()).caused_by(e))?;
        if document.version != VERSION {
            return Err(bad("version").with(Fact::Found, document.version));
        }
        let product = |stored: StoredProduct| {
            let refused = |e: Error| e.recoded(Code::BadPolicy);
            check_product(&stored.name).map_err(refused)?;
            Ok((stored.name, stored.oldest_release.parse().map_err(refused)?))
        };
        let image = |stored: StoredImageRule| {
            // A rule that nobody can meet, or that meets nothing, was meant otherwise.
            if stored.names.is_empty() || stored.signed_by.is_empty() {
                return Err(bad("image"));
            }
            let names = WildMatch::new(&stored.names);
            Ok(ImageRule { pattern: stored.names, names, signed_by: stored.signed_by })
        };
        let signers = document.signers;
        let policy = Self {
            oldest_signing: signers.oldest_signing.map(|time| timestamp(&time)).transpose()?,
            refuse_rollback: signers.refuse_rollback.unwrap_or(true),
            any_of: signers.any_of,
            all_of: signers.all_of,
            products: document.products.into_iter().map(product).collect::<Result<_>>()?,
            images: document.images.into_iter().map(image).collect::<Result<_>>()?,
        };
        let asks_signers = !policy.any_of.is_empty() || !policy.all_of.is_empty();
        if !asks_signers && (policy.oldest_signing.is_some() || !policy.products.is_empty()) {
            // Whose word would the time and the release be?
            return Err(bad("signers"));
        }
        if !asks_signers && policy.images.is_empty() {
            return Err(bad("signers"));
        }
        Ok(policy)
    }

    /// Whether a bundle with these signatures and images is let in; `images` is `None` without the bundle's key.
    ///
    /// # Errors
    /// One of `TRUST-01` to `TRUST-07`: the first rule that is broken.
    pub(crate) fn check(
        &self,
        signatures: &[SignatureInfo],
        images: Option<&[SignedImage]>,
        store: &TrustStore,
    ) -> Result<PolicyReport> {
        let by_images = self.images.iter().flat_map(|rule| &rule.signed_by);
        if let Some(unknown) =
            self.any_of.iter().chain(&self.all_of).chain(by_images).find(|name| !store.has_vendor(name))
        {
            return Err(Error::new(Code::NoSuchVendor).with(Fact::Vendor, unknown));
        }
        let counted = self.signers(signatures)?;
        let releases = self.releases(&counted, store)?;
        let mut signers: Vec<String> =
            counted.iter().filter_map(|signature| signature.vendor.clone()).collect();
        signers.sort();
        signers.dedup();
        let images = match images {
            _ if self.images.is_empty() => ImageCheck::NotAsked,
            None => ImageCheck::Locked,
            Some(images) => ImageCheck::Signed(self.images(images)?),
        };
        Ok(PolicyReport { signers, releases, images })
    }

    /// The signatures that count.
    fn signers<'a>(&self, signatures: &'a [SignatureInfo]) -> Result<Vec<&'a SignatureInfo>> {
        let is_of = |signature: &SignatureInfo, name: &str| signature.vendor.as_deref() == Some(name);
        let refused =
            |name: &String| self.refuse_vendor(signatures.iter().filter(|found| is_of(found, name)), name);
        if let Some(refused) = self.all_of.iter().find_map(refused) {
            return Err(refused);
        }
        let any: Vec<Option<Error>> = self.any_of.iter().map(refused).collect();
        if !any.is_empty() && any.iter().all(Option::is_some) {
            // What is there and not good enough says more than what is missing.
            let said = |error: &Error| match error.code() {
                Code::NotSigned => 0,
                Code::SignatureDamaged => 1,
                _ => 2,
            };
            let worst = any.into_iter().flatten().max_by_key(said);
            let expected = self.any_of.join(", ");
            return Err(worst.map_or_else(
                || Error::new(Code::NotSigned),
                |error| error.or_with(Fact::Expected, expected),
            ));
        }
        let counts = |found: &&SignatureInfo| {
            let is_named = self.any_of.iter().chain(&self.all_of).any(|name| is_of(found, name));
            is_named && found.state == SignatureState::Trusted && self.is_recent(found)
        };
        Ok(signatures.iter().filter(counts).collect())
    }

    /// Why the signatures `found` of vendor `name` do not count, if none of them does.
    fn refuse_vendor<'a>(&self, found: impl Iterator<Item = &'a SignatureInfo>, name: &str) -> Option<Error> {
        let mut refused = Error::new(Code::NotSigned);
        for signature in found {
            match signature.state {
                SignatureState::Trusted if self.is_recent(signature) => return None,
                SignatureState::Trusted => {
                    refused = Error::new(Code::SignedTooLongAgo)
                        .with(Fact::Found, signature.signed.as_deref().unwrap_or_default())
                        .with(Fact::Limit, self.oldest_signing.map(rfc3339).unwrap_or_default());
                }
                _ if refused.code() == Code::NotSigned => refused = Error::new(Code::SignatureDamaged),
                _ => {}
            }
        }
        Some(refused.with(Fact::Vendor, name))
    }

    fn is_recent(&self, signature: &SignatureInfo) -> bool {
        let signed = signature.signed.as_deref().and_then(|signed| signed.parse::<Timestamp>().ok());
        self.oldest_signing.is_none_or(|oldest| signed.is_some_and(|signed| signed >= oldest))
    }

    /// The releases stated, none of which is too old.
    fn releases(&self, counted: &[&SignatureInfo], store: &TrustStore) -> Result<Vec<AcceptedRelease>> {
        let mut accepted = Vec::new();
        for signature in counted {
            let (Some(vendor), Some(product), Some(text)) =
                (&signature.vendor, &signature.product, &signature.release)
            else {
                continue;
            };
            let release: Release = text.parse()?;
            let too_old = |code, limit: &Release| {
                let error = Error::new(code).with(Fact::Vendor, vendor).with(Fact::Product, product);
                Err(error.with(Fact::Found, &release).with(Fact::Limit, limit))
            };
            for (_, oldest) in self.products.iter().filter(|(name, _)| name == product) {
                if release.precedence(oldest).is_lt() {
                    return too_old(Code::ReleaseTooOld, oldest);
                }
            }
            let newest = store.newest(vendor, product).filter(|_| self.refuse_rollback);
            if let Some(newest) = newest.filter(|newest| release.precedence(newest).is_lt()) {
                return too_old(Code::Rollback, &newest);
            }
            accepted.push(AcceptedRelease {
                vendor: vendor.clone(),
                product: product.clone(),
                release: text.clone(),
            });
        }
        if accepted.is_empty() && !self.products.is_empty() {
            let products: Vec<&str> = self.products.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Error::new(Code::NoRelease).with(Fact::Product, products.join(", ")));
        }
        Ok(accepted)
    }

    /// How many images must be signed, all of which are.
    fn images(&self, images: &[SignedImage]) -> Result<usize> {
        let mut num_signed = 0;
        for image in images {
            let mut is_ruled = false;
            for rule in &self.images {
                // An image without a name is met only by a rule for all.
                let meets = |name: &String| rule.names.matches(name);
                if rule.pattern != "*" && !image.names.iter().any(meets) {
                    continue;
                }
                is_ruled = true;
                if !image.vendors.iter().any(|vendor| rule.signed_by.contains(vendor)) {
                    let error = Error::new(Code::ImageNotSigned).with(Fact::Image, &image.title);
                    return Err(error
                        .with(Fact::Expected, rule.signed_by.join(", "))
                        .with(Fact::Detail, &rule.pattern));
                }
            }
            num_signed += usize::from(is_ruled);
        }
        Ok(num_signed)
    }
}

/// A time, or the beginning of a day in UTC.
fn timestamp(time: &Datetime) -> Result<Timestamp> {
    let text = time.to_string();
    let full = if time.time.is_none() { format!("{text}T00:00:00Z") } else { text.clone() };
    let bad = || Error::new(Code::BadPolicy).with(Fact::Field, "oldest_signing").with(Fact::Found, &text);
    full.parse().map_err(|_| bad().with(Fact::Expected, "2026-01-31"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{SigningKey, SigningKeyType};

    fn store(newest: Option<&str>) -> TrustStore {
        let mut store = TrustStore::default();
        for name in ["acme", "audit", "other"] {
            store.add(name, SigningKey::generate(SigningKeyType::Ed25519).public_key()).unwrap();
        }
        let newest = newest.map(|release| AcceptedRelease {
            vendor: "acme".into(),
            product: "suite".into(),
            release: release.into(),
        });
        store.remember(newest.as_slice());
        store
    }

    /// `VENDOR[!|?][ PRODUCT RELEASE]`, signed on a day: `!` is damaged, `?` by a key that is not known.
    fn signature(text: &str, signed: &str) -> SignatureInfo {
        let mut words = text.split(' ');
        let vendor = words.next().unwrap();
        let state = match vendor.chars().last() {
            Some('!') => SignatureState::Damaged,
            Some('?') => SignatureState::UnknownKey,
            _ => SignatureState::Trusted,
        };
        let vendor = vendor.trim_end_matches(['!', '?']);
        SignatureInfo {
            state,
            vendor: (state != SignatureState::UnknownKey).then(|| vendor.to_owned()),
            key_id: None,
            key_type: None,
            signed: Some(format!("{signed}T12:00:00Z")),
            product: words.next().map(str::to_owned),
            release: words.next().map(str::to_owned),
            public_key: None,
        }
    }

    #[test]
    fn each_rule_lets_in_and_refuses() {
        const ANY: &str = "[signers]\nany_of = ['acme', 'other']\n";
        const ALL: &str = "[signers]\nall_of = ['acme', 'audit']\n";
        const SINCE: &str = "[signers]\nany_of = ['acme']\noldest_signing = 2026-02-01\n";
        const OLDEST: &str =
            "[signers]\nany_of = ['acme']\n[[product]]\nname = 'suite'\noldest_release = '1.4'\n";
        const FORGETFUL: &str = "[signers]\nany_of = ['acme']\nrefuse_rollback = false\n";
        use Code::{NoRelease, NotSigned, ReleaseTooOld, Rollback, SignatureDamaged, SignedTooLongAgo};
        for (policy, signatures, newest, expected) in [
            (ANY, &["acme"][..], None, Ok("acme")),
            (ANY, &["other"], None, Ok("other")),
            (ANY, &["acme", "other"], None, Ok("acme other")),
            (ANY, &["acme", "audit"], None, Ok("acme")),
            (ANY, &["acme", "acme"], None, Ok("acme")),
            (ANY, &[], None, Err(NotSigned)),
            (ANY, &["audit"], None, Err(NotSigned)),
            (ANY, &["acme?"], None, Err(NotSigned)),
            (ANY, &["acme!"], None, Err(SignatureDamaged)),
            (ANY, &["acme!", "other"], None, Ok("other")),
            (ANY, &["acme!", "acme"], None, Ok("acme")),
            (ALL, &["acme", "audit"], None, Ok("acme audit")),
            (ALL, &["audit", "other", "acme"], None, Ok("acme audit")),
            (ALL, &["acme"], None, Err(NotSigned)),
            (ALL, &["acme", "other"], None, Err(NotSigned)),
            (ALL, &["acme", "audit!"], None, Err(SignatureDamaged)),
            // Signed on 2026-01-20.
            (SINCE, &["acme"], None, Err(SignedTooLongAgo)),
            (SINCE, &["acme!"], None, Err(SignatureDamaged)),
            (OLDEST, &["acme suite 1.4"], None, Ok("acme")),
            (OLDEST, &["acme suite 1.10"], None, Ok("acme")),
            (OLDEST, &["acme suite 1.3.9"], None, Err(ReleaseTooOld)),
            (OLDEST, &["acme suite 1.4.0-rc.1"], None, Err(ReleaseTooOld)),
            (OLDEST, &["acme"], None, Err(NoRelease)),
            (OLDEST, &["acme", "other suite 2"], None, Err(NoRelease)),
            (OLDEST, &["acme other 1.0"], None, Ok("acme")),
            (OLDEST, &["acme suite 1.5", "acme suite 1.0"], None, Err(ReleaseTooOld)),
            (ANY, &["acme suite 1.4"], Some("1.4"), Ok("acme")),
            (ANY, &["acme suite 1.5"], Some("1.4"), Ok("acme")),
            (ANY, &["acme suite 1.3"], Some("1.4"), Err(Rollback)),
            (ANY, &["acme suite 1.9"], Some("1.10"), Err(Rollback)),
            (ANY, &["acme base 1.3"], Some("1.4"), Ok("acme")),
            (ANY, &["other suite 1.3"], Some("1.4"), Ok("other")),
            (FORGETFUL, &["acme suite 1.3"], Some("1.4"), Ok("acme")),
        ] {
            let policy_read = Policy::parse(&format!("version = 1\n{policy}")).unwrap();
            let found: Vec<_> = signatures.iter().map(|text| signature(text, "2026-01-20")).collect();
            let checked = policy_read.check(&found, None, &store(newest));
            let checked = checked.map(|report| report.signers.join(" ")).map_err(|e| e.code());
            assert_eq!(checked, expected.map(str::to_owned), "{policy}{signatures:?} {newest:?}");
        }
        let since = Policy::parse(&format!("version = 1\n{SINCE}")).unwrap();
        for (day, expected) in [("2026-02-01", true), ("2026-01-31", false)] {
            assert_eq!(since.check(&[signature("acme", day)], None, &store(None)).is_ok(), expected, "{day}");
        }
    }

    #[test]
    fn images_must_be_signed_where_a_rule_says_so() {
        let policy =
            "version = 1\n[[image]]\nnames = 'registry.local/acme/*'\nsigned_by = ['acme', 'other']\n";
        let all = "version = 1\n[[image]]\nnames = '*'\nsigned_by = ['acme']\n";
        let image = |name: &str, vendors: &[&str]| SignedImage {
            title: name.into(),
            names: (!name.is_empty()).then(|| name.to_owned()).into_iter().collect(),
            vendors: vendors.iter().map(ToString::to_string).collect(),
        };
        for (policy, images, expected) in [
            (policy, vec![image("registry.local/acme/api:1", &["acme"])], Ok(ImageCheck::Signed(1))),
            (
                policy,
                vec![image("registry.local/acme/api:1", &["audit", "other"])],
                Ok(ImageCheck::Signed(1)),
            ),
            (policy, vec![image("registry.local/base:1", &[])], Ok(ImageCheck::Signed(0))),
            (policy, vec![image("registry.local/acme/api:1", &["audit"])], Err(Code::ImageNotSigned)),
            (policy, vec![image("", &[])], Ok(ImageCheck::Signed(0))),
            (all, vec![image("", &[])], Err(Code::ImageNotSigned)),
            (all, vec![image("a:1", &["acme"]), image("b:1", &["other"])], Err(Code::ImageNotSigned)),
        ] {
            let checked = Policy::parse(policy).unwrap().check(&[], Some(&images), &store(None));
            assert_eq!(checked.map(|report| report.images).map_err(|e| e.code()), expected, "{images:?}");
        }
        let keyless = Policy::parse(all).unwrap().check(&[], None, &store(None)).unwrap();
        assert_eq!(keyless.images, ImageCheck::Locked);
    }

    #[test]
    fn a_policy_that_is_not_understood_in_full_is_refused() {
        for bad in [
            "",
            "version = 1",
            "version = 2\n[signers]\nany_of = ['acme']",
            "version = 1\n[signers]\nany_off = ['acme']",
            "version = 1\n[signers]\nany_of = 'acme'",
            "version = 1\n[signers]\nany_of = ['acme']\nany_of = ['other']",
            "version = 1\n[signer]\nany_of = ['acme']",
            "version = 1\n[signers]\nany_of = ['acme']\noldest_signing = 2026-01-01T00:00:00",
            "version = 1\n[signers]\noldest_signing = 2026-01-01",
            "version = 1\n[signers]\nany_of = ['acme']\n[[product]]\nname = 'suite'\noldest_release = 'one'",
            "version = 1\n[signers]\nany_of = ['acme']\n[[product]]\nname = 'a b'\noldest_release = '1'",
            "version = 1\n[[product]]\nname = 'suite'\noldest_release = '1'",
            "version = 1\n[[image]]\nnames = '*'\nsigned_by = []",
            "version = 1\n[[image]]\nnames = ''\nsigned_by = ['acme']",
        ] {
            assert_eq!(Policy::parse(bad).unwrap_err().code(), Code::BadPolicy, "{bad}");
        }
        let unknown = Policy::parse("version = 1\n[signers]\nany_of = ['acme', 'nobody']").unwrap();
        let refused = unknown.check(&[signature("acme", "2026-01-01")], None, &store(None)).unwrap_err();
        assert_eq!(refused.code(), Code::NoSuchVendor);
    }
}
