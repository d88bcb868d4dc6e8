//! The forms that a signature or attestation of an image has, and whose it is.
//!
//! Three are read: simple signing (cosign's `.sig`), DSSE with an in-toto statement (`.att`), and sigstore's bundle around
//! the latter. Bytes in; knows nothing of where they lay. Formats: cosign's `SIGNATURE_SPEC.md`, DSSE's `protocol.md`,
//! in-toto's `Statement`, sigstore's `bundle.proto`.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::IgnoredAny};
use sigstore_verify::types::{
    Artifact, DsseEnvelope, DsseSignature, KeyId, MessageSignature, PayloadBytes, Sha256Hash, SignatureBytes,
    SignatureContent,
};

use super::{
    image::{ImageSignature, ImageSignatureState},
    keyless::{Evidence, Signer},
    store::TrustStore,
};
use crate::{digest::Digest, job::Ctx, oci::parse_json};

const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const IN_TOTO: &str = "application/vnd.in-toto+json";
/// What cosign states where it only signs.
const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
/// Most signatures of one document: each is tried with each trusted key.
const MAX_SIGNATURES: usize = 16;
/// Most subjects of one document.
const MAX_SUBJECTS: usize = 1024;

/// A document that was checked: what it says of which manifests.
pub(super) struct Checked {
    pub(super) subjects: BTreeSet<Digest>,
    pub(super) signatures: Vec<ImageSignature>,
}

/// How a document is signed.
pub(super) enum Form {
    SimpleSigning { signature: String, evidence: Option<Evidence> },
    Dsse { evidence: Option<Evidence> },
    Bundle,
}

impl Form {
    /// The form of a document of that media type, which lies with those annotations.
    pub(super) fn of(media_type: &str, annotation: impl Fn(&str) -> Option<String>) -> Option<Self> {
        if media_type == SIMPLE_SIGNING {
            let signature = annotation(SIGNATURE).unwrap_or_default();
            Some(Self::SimpleSigning { signature, evidence: Evidence::of_annotations(annotation) })
        } else if media_type == DSSE {
            Some(Self::Dsse { evidence: Evidence::of_annotations(annotation) })
        } else {
            media_type.starts_with(BUNDLE).then_some(Self::Bundle)
        }
    }

    /// Tells two documents of the same bytes apart: a simple signature is kept outside of what it signs.
    pub(super) fn signature(&self) -> Option<&str> {
        match self {
            Self::SimpleSigning { signature, .. } => Some(signature),
            Self::Dsse { .. } | Self::Bundle => None,
        }
    }

    /// Checks a document; `None` when it breaks a rule of its form.
    pub(super) fn check(&self, ctx: &Ctx, bytes: &[u8], store: &TrustStore) -> Option<Checked> {
        match self {
            Self::SimpleSigning { signature, evidence } => {
                let payload: SimpleSigning = parse_json(bytes, SIMPLE_SIGNING).ok()?;
                let critical = payload.critical;
                let is_of_image = critical.kind == "cosign container image signature";
                let subject = critical.image.digest.parse().ok().filter(|_| is_of_image)?;
                let signature = STANDARD.decode(signature).ok()?;
                let keyless = evidence.as_ref().map(|evidence| Keyless {
                    evidence,
                    content: Some(SignatureContent::MessageSignature(MessageSignature::new(
                        SignatureBytes::from_bytes(&signature),
                    ))),
                    artifact: Artifact::from_blob(bytes),
                });
                let signatures = made_by(ctx, store, bytes, &[signature], keyless.as_ref());
                Some(Checked { subjects: BTreeSet::from([subject]), signatures })
            }
            Self::Dsse { evidence } => {
                check_envelope(ctx, &parse_json(bytes, DSSE).ok()?, evidence.as_ref(), store)
            }
            Self::Bundle => {
                let bundle: Bundle = parse_json(bytes, BUNDLE).ok()?;
                let material = bundle.verification_material;
                let is_keyless = material.certificate.is_some() || material.chain.is_some();
                let envelope = bundle.dsse_envelope?;
                let evidence = is_keyless.then(|| Evidence::of_bundle(bytes, envelope.payload.len()));
                check_envelope(ctx, &envelope, evidence.as_ref(), store)
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

fn check_envelope(
    ctx: &Ctx,
    envelope: &Envelope,
    evidence: Option<&Evidence>,
    store: &TrustStore,
) -> Option<Checked> {
    if envelope.payload_type != IN_TOTO || envelope.signatures.len() > MAX_SIGNATURES {
        return None;
    }
    let payload = STANDARD.decode(&envelope.payload).ok()?;
    let statement: Statement = parse_json(&payload, IN_TOTO).ok()?;
    if !statement.kind.starts_with("https://in-toto.io/Statement/") || statement.subject.len() > MAX_SUBJECTS
    {
        return None;
    }
    let digests = statement.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
    let subjects: BTreeSet<Digest> = digests.filter_map(|hex| format!("sha256:{hex}").parse().ok()).collect();
    let decode = |signature: &EnvelopeSignature| STANDARD.decode(&signature.sig).ok();
    let signatures: Vec<Vec<u8>> = envelope.signatures.iter().map(decode).collect::<Option<_>>()?;
    // Any subject names what the library asks for, an artifact; the signature covers the others with it.
    let artifact = subjects.first().map(|subject| Sha256Hash::new(*subject.as_bytes()));
    let keyless = evidence.zip(artifact).map(|(evidence, artifact)| Keyless {
        evidence,
        content: content(&envelope.payload_type, &payload, &signatures),
        artifact: Artifact::from_digest(artifact),
    });
    // DSSE's pre-authentication encoding.
    let kind = &envelope.payload_type;
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend(payload);
    let mut signatures = made_by(ctx, store, &signed, &signatures, keyless.as_ref());
    let predicate_type = Some(statement.predicate_type).filter(|kind| kind != SIGN_PREDICATE);
    for signature in &mut signatures {
        signature.predicate_type.clone_from(&predicate_type);
    }
    Some(Checked { subjects, signatures })
}

/// An envelope for the library. With several signatures there is none, as one certificate made one of them.
fn content(payload_type: &str, payload: &[u8], signatures: &[Vec<u8>]) -> Option<SignatureContent> {
    let [signature] = signatures else { return None };
    let signature = DsseSignature::new(SignatureBytes::from_bytes(signature), KeyId::default());
    let envelope = DsseEnvelope::new(payload_type, PayloadBytes::from_bytes(payload), signature);
    Some(SignatureContent::DsseEnvelope(envelope))
}

/// A signature made with a certificate: what proves it, and what it is said to sign. Without content it is of a kind that
/// is not checked.
struct Keyless<'a> {
    evidence: &'a Evidence,
    content: Option<SignatureContent>,
    artifact: Artifact<'a>,
}

impl Keyless<'_> {
    /// Under which trusted identities it was made; else which stranger it proves, if any.
    fn signers(&self, store: &TrustStore) -> Vec<ImageSignature> {
        let Some(content) = &self.content else { return Vec::new() };
        let mut found = Vec::new();
        let mut stranger = None;
        for root in store.trusted_roots() {
            let Some(signer) = root.signer(self.evidence, content, &self.artifact) else { continue };
            match store.by_signer(root, &signer) {
                Some(known) => {
                    let signature = ImageSignature {
                        vendor: Some(known.name.clone()),
                        ..proven(ImageSignatureState::Trusted, signer)
                    };
                    // A vendor may be trusted under an old root and its successor.
                    if !found.contains(&signature) {
                        found.push(signature);
                    }
                }
                None => stranger = Some(proven(ImageSignatureState::UnknownIdentity, signer)),
            }
        }
        if found.is_empty() {
            found.extend(stranger);
        }
        found
    }
}

fn proven(state: ImageSignatureState, signer: Signer) -> ImageSignature {
    let Signer { identity, issuer } = signer;
    ImageSignature { identity: Some(identity), issuer: Some(issuer), ..ImageSignature::nobodys(state) }
}

/// Whose signatures of `signed` these are, by the keys and identities of the store; one of nobody when they are nobody's.
/// A job that was cancelled finds nobody's.
fn made_by(
    ctx: &Ctx,
    store: &TrustStore,
    signed: &[u8],
    signatures: &[Vec<u8>],
    keyless: Option<&Keyless<'_>>,
) -> Vec<ImageSignature> {
    let made = |key: &&super::TrustedKey| {
        let fits = |signature: &Vec<u8>| key.public_key.verify(signed, signature);
        signatures.iter().any(|signature| ctx.checkpoint().is_ok() && fits(signature))
    };
    let by_key = |key: &super::TrustedKey| ImageSignature {
        vendor: Some(key.name.clone()),
        key_id: Some(key.key_id.clone()),
        ..ImageSignature::nobodys(ImageSignatureState::Trusted)
    };
    let mut found: Vec<ImageSignature> = store.keys().iter().filter(made).map(by_key).collect();
    found.extend(keyless.iter().flat_map(|keyless| keyless.signers(store)));
    if found.is_empty() {
        let state =
            if keyless.is_some() { ImageSignatureState::Keyless } else { ImageSignatureState::UnknownKey };
        found.push(ImageSignature::nobodys(state));
    }
    found
}

/// Reads a document in each form: what the fuzz target drives. `{"annotations": {…}, "document": "…"}` gives annotations
/// too. How many forms it has, and whether a trusted vendor signed it.
#[cfg(any(test, fuzzing))]
pub(crate) fn check_any(bytes: &[u8], store: &TrustStore) -> (usize, bool) {
    #[derive(Deserialize)]
    struct Annotated {
        annotations: BTreeMap<String, String>,
        document: String,
    }
    let ctx = Ctx::new();
    let annotated: Option<Annotated> = serde_json::from_slice(bytes).ok();
    let bytes = annotated.as_ref().map_or(bytes, |annotated| annotated.document.as_bytes());
    let annotation =
        |name: &str| annotated.as_ref().and_then(|annotated| annotated.annotations.get(name)).cloned();
    let forms = [SIMPLE_SIGNING, DSSE, BUNDLE].map(|media_type| Form::of(media_type, annotation));
    let checked: Vec<Checked> =
        forms.iter().flatten().filter_map(|form| form.check(&ctx, bytes, store)).collect();
    let mut signatures = checked.iter().flat_map(|checked| &checked.signatures);
    let is_trusted = signatures.any(|signature| signature.state == ImageSignatureState::Trusted);
    (checked.len(), is_trusted)
}

#[cfg(test)]
mod tests;
