//! Who signed the images, by the cosign signatures and attestations that travel with them.
//!
//! Offline, against the keys and identities of the trust store. What is signed names a manifest by its digest, and
//! through it every layer; the tag that an artifact lies under proves nothing and is not looked at. `form` reads what is
//! signed.

use std::collections::{BTreeMap, BTreeSet};

use oci_spec::image::ImageManifest;
use serde::Serialize;

use super::{
    form::{Checked, Form},
    policy::SignedImage,
    store::TrustStore,
};
use crate::{
    digest::Digest,
    oci::{Descriptor, Documents, Image, MAX_MANIFEST_BYTES, Name, from_spec, parse_json},
};

/// Largest document that is checked: attestations may hold a whole SBOM.
const MAX_DOCUMENT_BYTES: u64 = 16 << 20;

/// What a signature of an image is worth here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSignatureState {
    /// Made by the key or under the identity of a trusted vendor.
    Trusted,
    /// Made by no key that is trusted here, or altered: without the key nobody can tell which.
    UnknownKey,
    /// It fits a trusted root, and nobody here knows the identity: anyone can sign under their own.
    UnknownIdentity,
    /// Made with a certificate of a moment instead of a key, and no trusted root here proves anything of it: it is of another
    /// root, altered, or of a kind that is not checked.
    Keyless,
    /// It cannot be read.
    Damaged,
}

/// A signature or attestation that travels with an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageSignature {
    /// What it is worth.
    pub state: ImageSignatureState,
    /// The trusted vendor who made it.
    pub vendor: Option<String>,
    /// Fingerprint of that vendor's key.
    pub key_id: Option<String>,
    /// Whom the certificate names, where a trusted root proves it.
    pub identity: Option<String>,
    /// Who vouched for that identity: the issuer of the OIDC token.
    pub issuer: Option<String>,
    /// What is stated of the image; `None` for a signature alone. Of one that is not trusted, it is nobody's word.
    pub predicate_type: Option<String>,
    /// Manifest of the artifact that holds it.
    pub artifact: Digest,
}

impl ImageSignature {
    pub(super) fn nobodys(state: ImageSignatureState) -> Self {
        Self {
            state,
            vendor: None,
            key_id: None,
            identity: None,
            issuer: None,
            predicate_type: None,
            artifact: Digest::from_bytes([0; 32]),
        }
    }
}

/// An image, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageSigners {
    /// Its name, or the beginning of its digest.
    pub image: String,
    /// The manifest or image index.
    pub target: Digest,
    /// Trusted vendors who signed all of it: its target, or the manifest of each platform. An attestation is no signature.
    pub vendors: Vec<String>,
    /// Each signature and attestation of its target or of one of its manifests.
    pub signatures: Vec<ImageSignature>,
}

/// Who signed each of `images` that is no artifact itself.
pub(crate) fn image_signers(
    documents: &mut dyn Documents,
    images: &[Image],
    store: &TrustStore,
) -> Vec<ImageSigners> {
    let mut seen = BTreeSet::new();
    let artifacts =
        images.iter().flat_map(|image| &image.manifests).filter(|manifest| manifest.platform.is_none());
    let checked: Vec<Checked> = artifacts
        .filter(|artifact| seen.insert(artifact.blob.digest))
        .flat_map(|artifact| check_artifact(documents, &artifact.blob, store))
        .collect();
    images.iter().filter(|image| !image.is_artifact()).map(|image| signers(image, &checked)).collect()
}

fn signers(image: &Image, checked: &[Checked]) -> ImageSigners {
    let platforms = image.manifests.iter().filter(|manifest| manifest.platform.is_some());
    let platforms: BTreeSet<Digest> = platforms.map(|manifest| manifest.blob.digest).collect();
    let mut signatures = Vec::new();
    // Manifests that each vendor signed.
    let mut signed: BTreeMap<&str, BTreeSet<Digest>> = BTreeMap::new();
    for document in checked {
        let of_image = |subject: &&Digest| **subject == image.target.digest || platforms.contains(subject);
        let subjects: Vec<Digest> = document.subjects.iter().filter(of_image).copied().collect();
        if subjects.is_empty() {
            continue;
        }
        for signature in &document.signatures {
            if let (Some(vendor), None) = (&signature.vendor, &signature.predicate_type) {
                signed.entry(vendor).or_default().extend(&subjects);
            }
            signatures.push(signature.clone());
        }
    }
    let all = |subjects: &BTreeSet<Digest>| {
        subjects.contains(&image.target.digest) || !platforms.is_empty() && subjects.is_superset(&platforms)
    };
    let vendors = signed.iter().filter(|(_, subjects)| all(subjects)).map(|(vendor, _)| (*vendor).to_owned());
    ImageSigners { image: image.title(), target: image.target.digest, vendors: vendors.collect(), signatures }
}

/// The signatures as a policy asks for them.
pub(crate) fn signed_images(images: &[Image], signers: &[ImageSigners]) -> Vec<SignedImage> {
    let images = images.iter().filter(|image| !image.is_artifact());
    let with = |(image, signers): (&Image, &ImageSigners)| SignedImage {
        title: signers.image.clone(),
        names: image.names.iter().map(Name::to_string).collect(),
        vendors: signers.vendors.clone(),
    };
    images.zip(signers).map(with).collect()
}

/// The signatures that the artifact holds; none when it is of another kind.
fn check_artifact(documents: &mut dyn Documents, blob: &Descriptor, store: &TrustStore) -> Vec<Checked> {
    let read = documents.read(blob, MAX_MANIFEST_BYTES);
    let manifest = read.and_then(|bytes| parse_json::<ImageManifest>(&bytes, &blob.digest.to_string()));
    // Whatever it is, it was read as a manifest when the bundle was opened; one that is damaged since proves nothing.
    let Ok(manifest) = manifest else { return Vec::new() };
    let subject = manifest.subject().as_ref().and_then(|subject| from_spec(subject).ok());
    let mut found = Vec::new();
    for layer in manifest.layers() {
        let Ok(part) = from_spec(layer) else { continue };
        let annotation = |name: &str| layer.annotations().as_ref().and_then(|all| all.get(name)).cloned();
        let Some(form) = Form::of(&part.media_type, annotation) else { continue };
        let content = documents.read(&part, MAX_DOCUMENT_BYTES);
        let mut checked =
            content.ok().and_then(|bytes| form.check(&bytes, store)).unwrap_or_else(|| Checked {
                // What cannot be read says nothing; what it is said to belong to is shown it.
                subjects: subject.iter().map(|subject| subject.digest).collect(),
                signatures: vec![ImageSignature::nobodys(ImageSignatureState::Damaged)],
            });
        for signature in &mut checked.signatures {
            signature.artifact = blob.digest;
        }
        found.push(checked);
    }
    found
}
