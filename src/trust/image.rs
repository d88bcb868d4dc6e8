//! Who signed the images, by the cosign signatures and attestations that travel with them.
//!
//! Offline, against the keys of the trust store. What is signed names a manifest by its digest, and through it every
//! layer; the tag that an artifact lies under proves nothing and is not looked at. Three forms are read:
//! simple signing (cosign's `.sig`), DSSE with an in-toto statement (`.att`), and sigstore's bundle around the latter.
//! Formats: cosign's `SIGNATURE_SPEC.md`, DSSE's `protocol.md`, in-toto's `Statement`, sigstore's `bundle.proto`.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oci_spec::image::ImageManifest;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{policy::SignedImage, store::TrustStore};
use crate::{
    digest::Digest,
    oci::{Descriptor, Documents, Image, MAX_MANIFEST_BYTES, Name, from_spec, parse_json},
};

const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const IN_TOTO: &str = "application/vnd.in-toto+json";
/// What cosign states where it only signs.
const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
/// Largest document that is checked: attestations may hold a whole SBOM.
const MAX_DOCUMENT_BYTES: u64 = 16 << 20;
/// Most signatures of one document, and most subjects.
const MAX_ENTRIES: usize = 1024;

/// What a signature of an image is worth here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSignatureState {
    /// Made by the key of a trusted vendor.
    Trusted,
    /// Made by no key that is trusted here, or altered: without the key nobody can tell which.
    UnknownKey,
    /// Made with a certificate of a moment instead of a key. It is not checked.
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
    /// What is stated of the image; `None` for a signature alone. Of one that is not trusted, it is nobody's word.
    pub predicate_type: Option<String>,
    /// Manifest of the artifact that holds it.
    pub artifact: Digest,
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

/// A document that was checked: what it says of which manifests.
struct Checked {
    subjects: BTreeSet<Digest>,
    signatures: Vec<ImageSignature>,
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
        let form = if part.media_type == SIMPLE_SIGNING {
            Form::SimpleSigning {
                signature: annotation(SIGNATURE).unwrap_or_default(),
                is_keyless: annotation(CERTIFICATE).is_some(),
            }
        } else if part.media_type == DSSE {
            Form::Dsse { is_keyless: annotation(CERTIFICATE).is_some() }
        } else if part.media_type.starts_with(BUNDLE) {
            Form::Bundle
        } else {
            continue;
        };
        let content = documents.read(&part, MAX_DOCUMENT_BYTES);
        let mut checked =
            content.ok().and_then(|bytes| form.check(&bytes, store)).unwrap_or_else(|| Checked {
                // What cannot be read says nothing; what it is said to belong to is shown it.
                subjects: subject.iter().map(|subject| subject.digest).collect(),
                signatures: vec![nobodys(ImageSignatureState::Damaged)],
            });
        for signature in &mut checked.signatures {
            signature.artifact = blob.digest;
        }
        found.push(checked);
    }
    found
}

/// How a document is signed.
enum Form {
    SimpleSigning { signature: String, is_keyless: bool },
    Dsse { is_keyless: bool },
    Bundle,
}

impl Form {
    /// Checks a document; `None` when it breaks a rule of its form.
    fn check(&self, bytes: &[u8], store: &TrustStore) -> Option<Checked> {
        match self {
            Self::SimpleSigning { signature, is_keyless } => {
                let payload: SimpleSigning = parse_json(bytes, SIMPLE_SIGNING).ok()?;
                let critical = payload.critical;
                let is_of_image = critical.kind == "cosign container image signature";
                let subject = critical.image.digest.parse().ok().filter(|_| is_of_image)?;
                let signature = STANDARD.decode(signature).ok()?;
                let signatures = by_keys(store, bytes, &[signature], *is_keyless, None);
                Some(Checked { subjects: BTreeSet::from([subject]), signatures })
            }
            Self::Dsse { is_keyless } => check_envelope(&parse_json(bytes, DSSE).ok()?, *is_keyless, store),
            Self::Bundle => {
                let bundle: Bundle = parse_json(bytes, BUNDLE).ok()?;
                let material = bundle.verification_material;
                let is_keyless = material.certificate.is_some() || material.chain.is_some();
                check_envelope(&bundle.dsse_envelope?, is_keyless, store)
            }
        }
    }
}

#[derive(Deserialize)]
struct SimpleSigning {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: CriticalImage,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct CriticalImage {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    verification_material: Material,
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
struct Material {
    certificate: Option<IgnoredAny>,
    #[serde(rename = "x509CertificateChain")]
    chain: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

fn check_envelope(envelope: &Envelope, is_keyless: bool, store: &TrustStore) -> Option<Checked> {
    if envelope.payload_type != IN_TOTO || envelope.signatures.len() > MAX_ENTRIES {
        return None;
    }
    let payload = STANDARD.decode(&envelope.payload).ok()?;
    let statement: Statement = parse_json(&payload, IN_TOTO).ok()?;
    if !statement.kind.starts_with("https://in-toto.io/Statement/") || statement.subject.len() > MAX_ENTRIES {
        return None;
    }
    let digests = statement.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
    let subjects = digests.filter_map(|hex| format!("sha256:{hex}").parse().ok()).collect();
    let decode = |signature: &EnvelopeSignature| STANDARD.decode(&signature.sig).ok();
    let signatures: Vec<Vec<u8>> = envelope.signatures.iter().map(decode).collect::<Option<_>>()?;
    // DSSE's pre-authentication encoding.
    let kind = &envelope.payload_type;
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend(payload);
    let predicate_type = Some(statement.predicate_type).filter(|kind| kind != SIGN_PREDICATE);
    Some(Checked {
        subjects,
        signatures: by_keys(store, &signed, &signatures, is_keyless, predicate_type.as_deref()),
    })
}

/// The signatures of `signed` that keys of the store made; one of nobody when there is none.
fn by_keys(
    store: &TrustStore,
    signed: &[u8],
    signatures: &[Vec<u8>],
    is_keyless: bool,
    predicate_type: Option<&str>,
) -> Vec<ImageSignature> {
    let made = |key: &&super::TrustedKey| {
        signatures.iter().any(|signature| key.public_key.verify(signed, signature))
    };
    let mut found: Vec<ImageSignature> = store
        .keys()
        .iter()
        .filter(made)
        .map(|key| ImageSignature {
            vendor: Some(key.name.clone()),
            key_id: Some(key.key_id.clone()),
            ..nobodys(ImageSignatureState::Trusted)
        })
        .collect();
    if found.is_empty() {
        let state = if is_keyless { ImageSignatureState::Keyless } else { ImageSignatureState::UnknownKey };
        found.push(nobodys(state));
    }
    for signature in &mut found {
        signature.predicate_type = predicate_type.map(str::to_owned);
    }
    found
}

fn nobodys(state: ImageSignatureState) -> ImageSignature {
    let artifact = Digest::from_bytes([0; 32]);
    ImageSignature { state, vendor: None, key_id: None, predicate_type: None, artifact }
}

/// Reads a document of each form: what the fuzz target drives.
#[cfg(any(test, fuzzing))]
pub(crate) fn check_any(bytes: &[u8], store: &TrustStore) -> usize {
    let simple = Form::SimpleSigning { signature: String::new(), is_keyless: false };
    let forms = [simple, Form::Dsse { is_keyless: false }, Form::Bundle];
    forms.iter().filter_map(|form| form.check(bytes, store)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PublicKey;

    /// A signature that cosign made of a public image, with the public key from its entry in the transparency log.
    const PAYLOAD: &str = include_str!("../../tests/testkit/cosign/image-signature.json");
    const MADE: &str =
        "MEYCIQC1zu0j7Yz5KQjpaNlNy/FJTOqPgI8Dw+mTzgk8GbcWYgIhANPZO47LSoqo60bXYwxij5JACVlif6ivjS6UZFRL0wi3";

    #[test]
    fn a_public_signature_of_cosign_fits_and_a_damaged_one_does_not() {
        let key =
            PublicKey::from_pem(include_bytes!("../../tests/testkit/cosign/image-signature.pub")).unwrap();
        let mut store = TrustStore::default();
        let check = |payload: &str, signature: &str, store: &TrustStore| {
            Form::SimpleSigning { signature: signature.into(), is_keyless: false }
                .check(payload.as_bytes(), store)
        };
        let state = |checked: Option<Checked>| checked.map(|checked| checked.signatures[0].state);
        assert_eq!(state(check(PAYLOAD, MADE, &store)), Some(ImageSignatureState::UnknownKey));
        store.add("publisher", key).unwrap();
        let checked = check(PAYLOAD, MADE, &store).unwrap();
        assert_eq!(checked.signatures[0].vendor.as_deref(), Some("publisher"));
        let subject = "sha256:19940c59087a363148b44c56447186d97d6afbc2165727b2d0a2ea0ce43b69fd";
        assert_eq!(checked.subjects, BTreeSet::from([subject.parse().unwrap()]));
        for at in 0..PAYLOAD.len() {
            let mut altered = PAYLOAD.as_bytes().to_vec();
            altered[at] ^= 1;
            let altered = String::from_utf8(altered).unwrap();
            assert_ne!(state(check(&altered, MADE, &store)), Some(ImageSignatureState::Trusted), "byte {at}");
        }
        let altered = MADE.replacen("C1zu", "C2zu", 1);
        assert_eq!(state(check(PAYLOAD, &altered, &store)), Some(ImageSignatureState::UnknownKey));
    }
}
