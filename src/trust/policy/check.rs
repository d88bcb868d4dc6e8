//! Whether a policy lets a bundle in: each rule, in the order in which they are told.

use jiff::Timestamp;

use super::{AcceptedRelease, ImageCheck, ImageRule, Policy, PolicyReport};
use crate::{
    bundle::{Release, rfc3339},
    error::{Code, Error, Fact, Result},
    trust::{SignatureInfo, SignatureState, store::TrustStore},
};

impl Policy {
    /// Whether a bundle with these signatures is let in, as far as can be told without its images.
    ///
    /// # Errors
    /// One of `TRUST-01` to `TRUST-06`: the first rule that is broken; [`Code::NoSuchVendor`].
    pub(crate) fn check(&self, signatures: &[SignatureInfo], store: &TrustStore) -> Result<PolicyReport> {
        let by_images = self.images.iter().flat_map(ImageRule::signed_by);
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
        let images = if self.images.is_empty() { ImageCheck::NotAsked } else { ImageCheck::Locked };
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
}
