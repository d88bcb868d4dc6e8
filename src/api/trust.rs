//! Signing bundles, and whether a site takes them.

use std::{borrow::Borrow, path::Path};

use super::{
    Inspection, Unlocked,
    pack::now,
    unlocked::{InBundle, InBundles},
};
use crate::{
    bundle::{Bundle, LockedHeader, Statement, Tlv, VendorSignature},
    crypto::{MAX_KEY_FILE_BYTES, Passphrase, PublicKey, SigningKey},
    error::{Code, Error, Fact, Result},
    fs::{self, Existing, with_suffix},
    job::{Ctx, Phase},
    oci::Image,
    trust::{
        self, Admission, ImageSigners, MAX_TRUSTED_ROOT_BYTES, Policy, PolicyReport, SignatureInfo,
        TrustStore, TrustedRoot, Vouched,
    },
};

impl Inspection {
    /// The vendor signatures, checked against `store`.
    pub fn signatures(&self, store: &TrustStore) -> Vec<SignatureInfo> {
        trust::signatures(self.0.header(), store)
    }

    /// Whether `policy` lets the bundle in, as far as can be told without its key: its images stay unchecked.
    ///
    /// # Errors
    /// One of `TRUST-01` to `TRUST-06`: the first rule that is broken; [`Code::NoSuchVendor`].
    pub fn check_policy(&self, policy: &Policy, store: &TrustStore) -> Result<PolicyReport> {
        policy.check(&self.signatures(store), store).map_err(|e| e.at(self.path()))
    }
}

impl Unlocked {
    /// The vendor signatures, checked against `store`; none when what was read is not [proven](Self::is_proven) to be what
    /// they cover.
    pub fn signatures(&self, store: &TrustStore) -> Vec<SignatureInfo> {
        if self.is_proven() { trust::signatures(self.bundle.header(), store) } else { Vec::new() }
    }

    /// Who signed each image, by the cosign signatures and attestations that came with it, checked against the keys and
    /// identities of `store`; artifacts themselves are left out. Signatures are bound to digests, and those to every layer once the blobs
    /// are verified.
    ///
    /// # Errors
    /// [`Code::Limit`] when there are too many of them; [`Code::Cancelled`].
    pub fn image_signers(&self, ctx: &Ctx, store: &TrustStore) -> Result<Vec<ImageSigners>> {
        vouched(ctx, &[self], store)?.signers(ctx, &self.images)
    }
}

/// Asks `policies` whether they let all of `bundles` in, to be restored together. [`TrustStore::remember`] takes what is in
/// the reports once that is done.
///
/// # Errors
/// One of `TRUST-01` to `TRUST-07`: the first rule that is broken; [`Code::NoSuchVendor`].
pub fn admit(
    ctx: &Ctx,
    bundles: &[impl Borrow<Unlocked>],
    policies: &[Policy],
    store: &TrustStore,
) -> Result<Admission> {
    let bundles: Vec<&Unlocked> = bundles.iter().map(Borrow::borrow).collect();
    let rules_images = policies.iter().any(|policy| !policy.image_rules().is_empty());
    let vouched = if rules_images { vouched(ctx, &bundles, store)? } else { Vouched::default() };
    let bundles: Vec<_> =
        bundles.iter().map(|bundle| (bundle.signatures(store), &bundle.images[..])).collect();
    Admission::of(ctx, &bundles, vouched, policies, store)
}

/// What the signatures in `bundles` vouch for: one may hold the signature of an image that is in another.
fn vouched(ctx: &Ctx, bundles: &[&Unlocked], store: &TrustStore) -> Result<Vouched> {
    let images: Vec<&Image> = bundles.iter().flat_map(|bundle| &bundle.images).collect();
    let mut documents = InBundles(bundles.iter().map(|bundle| InBundle(&bundle.bundle)).collect());
    Vouched::read(ctx, &mut documents, &images, store)
}

/// Reads a key that signs: cosign's, or of openssl.
///
/// # Errors
/// `SIGN-01` to `SIGN-04`.
pub fn read_signing_key(path: &Path, passphrase: Option<&Passphrase>) -> Result<SigningKey> {
    let pem = zeroize::Zeroizing::new(fs::read_text(path, MAX_KEY_FILE_BYTES as u64).map_err(not_a_key)?);
    SigningKey::from_pem(pem.as_bytes(), passphrase).map_err(|e| e.at(path))
}

/// Whether the key file at `path` is locked with a passphrase.
pub fn is_signing_key_locked(path: &Path) -> Result<bool> {
    let pem = zeroize::Zeroizing::new(fs::read_text(path, MAX_KEY_FILE_BYTES as u64).map_err(not_a_key)?);
    Ok(SigningKey::is_encrypted(pem.as_bytes()))
}

/// Reads a key that checks signatures: `cosign.pub`.
///
/// # Errors
/// [`Code::BadSigningKey`], [`Code::SigningKeyType`].
pub fn read_public_key(path: &Path) -> Result<PublicKey> {
    let pem = fs::read_text(path, MAX_KEY_FILE_BYTES as u64).map_err(not_a_key)?;
    PublicKey::from_pem(pem.as_bytes()).map_err(|e| e.at(path))
}

/// Reads a `trusted_root.json` of sigstore.
///
/// # Errors
/// [`Code::BadTrustedRoot`].
pub fn read_trusted_root(path: &Path) -> Result<TrustedRoot> {
    let json = fs::read_text(path, MAX_TRUSTED_ROOT_BYTES as u64)
        .map_err(|e| if e.code() == Code::Limit { e.recoded(Code::BadTrustedRoot) } else { e })?;
    TrustedRoot::from_json(&json).map_err(|e| e.at(path))
}

/// A file that is too long or not text is no key.
fn not_a_key(error: Error) -> Error {
    let is_text = |e: &Error| {
        use std::error::Error as _;
        let io = e.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        io.is_none_or(|io| io.kind() != std::io::ErrorKind::InvalidData)
    };
    if error.code() == Code::Limit || !is_text(&error) { error.recoded(Code::BadSigningKey) } else { error }
}

/// Writes `key` as `PREFIX.key`, locked with `passphrase`, and its other half as `PREFIX.pub`. cosign reads both.
///
/// # Errors
/// [`Code::Exists`]: a key is never written over.
pub fn write_signing_key(prefix: &Path, key: &SigningKey, passphrase: Option<&Passphrase>) -> Result<()> {
    let (private, public) = (with_suffix(prefix, ".key"), with_suffix(prefix, ".pub"));
    fs::refuse_existing(&public, Existing::Keep)?;
    fs::write_private(&private, key.to_pem(passphrase)?.as_bytes(), Existing::Keep)?;
    fs::write(&public, key.public_key().to_pem().as_bytes(), Existing::Keep)
}

/// Writes the public `key` to a new file.
pub fn write_public_key(path: &Path, key: &PublicKey, existing: Existing) -> Result<()> {
    fs::write(path, key.to_pem().as_bytes(), existing)
}

/// Signs the bundle at `path`, without a key of it; `release` is a product and its release. A signature that the same key
/// made before is replaced. The trailers must lead to the header's set root; single records are not read.
///
/// # Errors
/// [`Code::CopiesDiffer`] when one of the header copies is forged; [`Code::SignaturesFull`]; [`Code::BadStatement`]; those of
/// a damaged bundle.
pub fn sign(
    ctx: &Ctx,
    path: &Path,
    key: &SigningKey,
    release: Option<(&str, &str)>,
) -> Result<SignatureInfo> {
    ctx.enter(Phase::Verify, 0);
    let checked = Bundle::open(path)?;
    if checked.candidates().any(|header| header.core() != checked.header().core()) {
        return Err(Error::new(Code::CopiesDiffer).at(path));
    }
    checked.volumes()?.check_hashes(ctx)?;
    let core = checked.header().core();
    let signature = VendorSignature::sign(key, &core, Statement::new(release, now())?);
    let (header, bundle) = LockedHeader::open(ctx, path)?;
    // What is signed is what was checked.
    if bundle.header().core() != core {
        return Err(Error::new(Code::Busy).at(path));
    }
    let replace = |entries: &mut Vec<Tlv>| {
        entries.retain(|entry| !is_by(entry, &signature.public_key));
        Ok(())
    };
    header.rewrite_signatures(ctx, replace, Some(signature.encode()))?;
    drop(header);
    let id = key.public_key().id();
    let made = super::inspect(path)?.signatures(&TrustStore::default());
    let made = made.into_iter().find(|made| made.key_id.as_ref() == Some(&id));
    made.ok_or_else(|| Error::new(Code::Read).at(path))
}

/// Removes the signatures of the bundle at `path` by the key whose fingerprint begins with `key_id`, at least 8 digits.
///
/// # Errors
/// [`Code::NoSuchSignature`]; [`Code::CopiesDiffer`].
pub fn remove_signature(ctx: &Ctx, path: &Path, key_id: &str) -> Result<()> {
    let (header, _) = LockedHeader::open(ctx, path)?;
    let remove = |entries: &mut Vec<Tlv>| {
        let num_before = entries.len();
        let is_meant = |entry: &Tlv| {
            key_id.len() >= 8
                && VendorSignature::decode(entry)
                    .is_some_and(|found| found.public_key.id().starts_with(key_id))
        };
        entries.retain(|entry| !is_meant(entry));
        if entries.len() == num_before {
            return Err(Error::new(Code::NoSuchSignature).with(Fact::Found, key_id).at(path));
        }
        Ok(())
    };
    header.rewrite_signatures(ctx, remove, None)
}

fn is_by(entry: &Tlv, key: &PublicKey) -> bool {
    VendorSignature::decode(entry).is_some_and(|found| found.public_key == *key)
}
