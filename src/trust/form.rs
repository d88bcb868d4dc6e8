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
use crate::{digest::Digest, oci::parse_json};

const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const IN_TOTO: &str = "application/vnd.in-toto+json";
/// What cosign states where it only signs.
const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
/// Most signatures of one document, and most subjects.
const MAX_ENTRIES: usize = 1024;

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

    /// Checks a document; `None` when it breaks a rule of its form.
    pub(super) fn check(&self, bytes: &[u8], store: &TrustStore) -> Option<Checked> {
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
                let signatures = made_by(store, bytes, &[signature], keyless.as_ref());
                Some(Checked { subjects: BTreeSet::from([subject]), signatures })
            }
            Self::Dsse { evidence } => {
                check_envelope(&parse_json(bytes, DSSE).ok()?, evidence.as_ref(), store)
            }
            Self::Bundle => {
                let bundle: Bundle = parse_json(bytes, BUNDLE).ok()?;
                let material = bundle.verification_material;
                let is_keyless = material.certificate.is_some() || material.chain.is_some();
                let envelope = bundle.dsse_envelope?;
                let evidence = is_keyless.then(|| Evidence::of_bundle(bytes, envelope.payload.len()));
                check_envelope(&envelope, evidence.as_ref(), store)
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

fn check_envelope(envelope: &Envelope, evidence: Option<&Evidence>, store: &TrustStore) -> Option<Checked> {
    if envelope.payload_type != IN_TOTO || envelope.signatures.len() > MAX_ENTRIES {
        return None;
    }
    let payload = STANDARD.decode(&envelope.payload).ok()?;
    let statement: Statement = parse_json(&payload, IN_TOTO).ok()?;
    if !statement.kind.starts_with("https://in-toto.io/Statement/") || statement.subject.len() > MAX_ENTRIES {
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
    let mut signatures = made_by(store, &signed, &signatures, keyless.as_ref());
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
fn made_by(
    store: &TrustStore,
    signed: &[u8],
    signatures: &[Vec<u8>],
    keyless: Option<&Keyless<'_>>,
) -> Vec<ImageSignature> {
    let made = |key: &&super::TrustedKey| {
        signatures.iter().any(|signature| key.public_key.verify(signed, signature))
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
    let annotated: Option<Annotated> = serde_json::from_slice(bytes).ok();
    let bytes = annotated.as_ref().map_or(bytes, |annotated| annotated.document.as_bytes());
    let annotation =
        |name: &str| annotated.as_ref().and_then(|annotated| annotated.annotations.get(name)).cloned();
    let forms = [SIMPLE_SIGNING, DSSE, BUNDLE].map(|media_type| Form::of(media_type, annotation));
    let checked: Vec<Checked> = forms.iter().flatten().filter_map(|form| form.check(bytes, store)).collect();
    let mut signatures = checked.iter().flat_map(|checked| &checked.signatures);
    let is_trusted = signatures.any(|signature| signature.state == ImageSignatureState::Trusted);
    (checked.len(), is_trusted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TrustedRoot, crypto::PublicKey};

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
            Form::SimpleSigning { signature: signature.into(), evidence: None }
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

    const MADE_HERE: &str = include_str!("../../tests/testkit/keyless/good.json");
    const PUBLIC_ROOT: &str = include_str!("../../tests/testkit/keyless/public/trusted_root.json");

    fn made_here() -> (serde_json::Value, TrustStore) {
        let made: serde_json::Value = serde_json::from_str(MADE_HERE).unwrap();
        let root = TrustedRoot::from_json(&made["trusted_root"].to_string()).unwrap();
        let mut store = TrustStore::default();
        let [identity, issuer] = ["identity", "issuer"].map(|name| made[name].as_str().unwrap());
        store.add_identity("acme", identity, issuer, root).unwrap();
        (made["cases"]["good"].clone(), store)
    }

    /// A form of the case, and its document.
    fn form(case: &serde_json::Value, name: &str) -> (Form, Vec<u8>) {
        let of = |annotations: &str, media_type: &str| {
            let all = case[annotations].clone();
            Form::of(media_type, move |name| all[name].as_str().map(str::to_owned)).unwrap()
        };
        match name {
            "sig" => (of("annotations", SIMPLE_SIGNING), case["payload"].as_str().unwrap().into()),
            "att" => (of("att", DSSE), case["envelope"].to_string().into_bytes()),
            _ => (Form::Bundle, case[name].to_string().into_bytes()),
        }
    }

    fn state(case: &serde_json::Value, name: &str, store: &TrustStore) -> Option<ImageSignatureState> {
        let (form, document) = form(case, name);
        form.check(&document, store).map(|checked| checked.signatures[0].state)
    }

    #[test]
    fn a_keyless_signature_counts_for_the_vendor_of_the_identity() {
        let (case, store) = made_here();
        for name in ["sig", "att", "bundle", "chained"] {
            let (form, document) = form(&case, name);
            let checked = form.check(&document, &store).unwrap();
            let [signature] = &checked.signatures[..] else { panic!("{name}") };
            assert_eq!(signature.vendor.as_deref(), Some("acme"), "{name}");
            assert_eq!(signature.identity.as_deref(), Some(store.identities()[0].identity.as_str()));
            assert_eq!(signature.issuer.as_deref(), Some(store.identities()[0].issuer.as_str()));
            assert_eq!(signature.predicate_type.is_some(), name == "att");
            assert_eq!(checked.subjects, BTreeSet::from([Digest::of(b"a")]));
            // Without the root nothing is known of it; under another root the same identity is another.
            assert_eq!(state(&case, name, &TrustStore::default()), Some(ImageSignatureState::Keyless));
            let mut other = TrustStore::default();
            let root = TrustedRoot::from_json(PUBLIC_ROOT).unwrap();
            let known = &store.identities()[0];
            other.add_identity("acme", &known.identity, &known.issuer, root).unwrap();
            assert_eq!(state(&case, name, &other), Some(ImageSignatureState::Keyless));
        }
    }

    #[test]
    fn an_identity_counts_with_its_issuer_exactly() {
        let (case, store) = made_here();
        let known = store.identities()[0].clone();
        for (identity, issuer) in [
            (known.identity.to_uppercase(), known.issuer.clone()),
            (format!("{}0", known.identity), known.issuer.clone()),
            (known.identity[..known.identity.len() - 1].to_owned(), known.issuer.clone()),
            (known.identity.clone(), format!("{}/", known.issuer)),
        ] {
            let mut other = TrustStore::default();
            other.add_identity("acme", &identity, &issuer, store.trusted_roots()[0].clone()).unwrap();
            let (form, document) = form(&case, "bundle");
            let found = form.check(&document, &other).unwrap().signatures;
            assert_eq!(found[0].state, ImageSignatureState::UnknownIdentity, "{identity} {issuer}");
            assert_eq!((found[0].vendor.as_ref(), found[0].identity.as_ref()), (None, Some(&known.identity)));
        }
    }

    /// Flips one bit in each byte of the base64 text at `pointer`; inside of JSON in a string, behind `#`.
    fn flip(case: &serde_json::Value, pointer: &str, name: &str, store: &TrustStore) {
        let (outer, inner) = pointer.split_once('#').map_or((pointer, None), |(a, b)| (a, Some(b)));
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let nested = inner.map(|_| serde_json::from_str(&text(&case.pointer(outer).unwrap())).unwrap());
        let nested: Option<serde_json::Value> = nested;
        let original = match (&nested, inner) {
            (Some(nested), Some(inner)) => text(nested.pointer(inner).unwrap()),
            _ => text(case.pointer(outer).unwrap()),
        };
        let is_pem = original.starts_with("-----BEGIN");
        let lines: Vec<&str> = original.lines().filter(|line| !line.starts_with("-----")).collect();
        let decoded = STANDARD.decode(if is_pem { lines.concat() } else { original.clone() }).unwrap();
        for at in 0..decoded.len() {
            let mut altered = decoded.clone();
            altered[at] ^= 1 << (at % 8);
            let mut altered = STANDARD.encode(altered);
            if is_pem {
                altered = format!("-----BEGIN CERTIFICATE-----\n{altered}\n-----END CERTIFICATE-----\n");
            }
            let mut other = case.clone();
            if let (Some(nested), Some(inner)) = (&nested, inner) {
                let mut nested = nested.clone();
                *nested.pointer_mut(inner).unwrap() = altered.into();
                altered = nested.to_string();
            }
            *other.pointer_mut(outer).unwrap() = altered.into();
            let state = state(&other, name, store);
            assert_ne!(state, Some(ImageSignatureState::Trusted), "{name} {pointer} byte {at}");
            assert_ne!(state, Some(ImageSignatureState::UnknownIdentity), "{name} {pointer} byte {at}");
        }
    }

    #[test]
    fn a_keyless_signature_with_any_byte_altered_is_nobodys() {
        let (case, store) = made_here();
        let log_entry = "/annotations/dev.sigstore.cosign~1bundle";
        for pointer in [
            "/annotations/dev.cosignproject.cosign~1signature",
            "/annotations/dev.sigstore.cosign~1certificate",
            &format!("{log_entry}#/SignedEntryTimestamp"),
            &format!("{log_entry}#/Payload/body"),
        ] {
            flip(&case, pointer, "sig", &store);
        }
        let material = "/bundle/verificationMaterial";
        for pointer in [
            "/bundle/dsseEnvelope/payload",
            "/bundle/dsseEnvelope/signatures/0/sig",
            &format!("{material}/certificate/rawBytes"),
            &format!("{material}/tlogEntries/0/canonicalizedBody"),
            &format!("{material}/tlogEntries/0/logId/keyId"),
            &format!("{material}/tlogEntries/0/inclusionPromise/signedEntryTimestamp"),
            &format!("{material}/tlogEntries/0/inclusionProof/rootHash"),
            &format!("{material}/tlogEntries/0/inclusionProof/hashes/0"),
        ] {
            flip(&case, pointer, "bundle", &store);
        }
        // What is no base64: each payload, and the plain fields of the log entry.
        let payload = case["payload"].as_str().unwrap();
        for at in 0..payload.len() {
            let mut altered = payload.as_bytes().to_vec();
            altered[at] ^= 1;
            let mut other = case.clone();
            other["payload"] = String::from_utf8(altered).unwrap().into();
            assert_ne!(state(&other, "sig", &store), Some(ImageSignatureState::Trusted), "byte {at}");
        }
        for (name, from, to) in [
            ("logIndex", "\"logIndex\":1", "\"logIndex\":2"),
            ("integratedTime", "\"integratedTime\":1", "\"integratedTime\":2"),
            ("integratedTime", "\"integratedTime\":17684784", "\"integratedTime\":17684785"),
            ("logID", "\"logID\":\"", "\"logID\":\"0"),
        ] {
            let mut other = case.clone();
            let altered = other.pointer(log_entry).unwrap().as_str().unwrap().replace(from, to);
            *other.pointer_mut(log_entry).unwrap() = altered.into();
            assert_ne!(other, case, "{name}");
            assert_ne!(state(&other, "sig", &store), Some(ImageSignatureState::Trusted), "{name}");
        }
        let note = format!("{material}/tlogEntries/0/inclusionProof/checkpoint/envelope");
        let original = case.pointer(&note).unwrap().as_str().unwrap();
        for (at, letter) in original.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
            let altered = if letter == 'B' { "C" } else { "B" };
            let altered = format!("{}{altered}{}", &original[..at], &original[at + 1..]);
            // The signer's name is a hint, and the last letter before = has bits that say nothing.
            if original[..at].ends_with("log.test ") || original[at..].starts_with("log.test MH") {
                continue;
            }
            let is_hint = original.find('—').is_some_and(|dash| (dash..dash + 12).contains(&at));
            let mut other = case.clone();
            *other.pointer_mut(&note).unwrap() = altered.into();
            let is_trusted = state(&other, "bundle", &store) == Some(ImageSignatureState::Trusted);
            assert!(!is_trusted || is_hint || original[at + 1..].starts_with('='), "checkpoint byte {at}");
        }
    }

    #[test]
    fn public_attestations_fit_the_trusted_root_of_their_site() {
        const STAGING_ROOT: &str = include_str!("../../tests/testkit/keyless/public/staging_root.json");
        const REKOR_V1: &[u8] = include_bytes!("../../tests/testkit/keyless/public/rekor-v1.sigstore.json");
        const REKOR_V2: &[u8] = include_bytes!("../../tests/testkit/keyless/public/rekor-v2.sigstore.json");
        let identity =
            "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
        let issuer = "https://token.actions.githubusercontent.com";
        use ImageSignatureState::{Keyless, Trusted, UnknownIdentity};
        // Rekor's first version, with its own time; and the second, with that of a timestamp authority.
        for (root, document, expected) in [
            (PUBLIC_ROOT, REKOR_V1, Trusted),
            (PUBLIC_ROOT, REKOR_V2, Keyless),
            (STAGING_ROOT, REKOR_V1, Keyless),
            (STAGING_ROOT, REKOR_V2, UnknownIdentity),
        ] {
            let mut store = TrustStore::default();
            store.add_identity("prefix", identity, issuer, TrustedRoot::from_json(root).unwrap()).unwrap();
            let checked = Form::Bundle.check(document, &store).unwrap();
            let signature = &checked.signatures[0];
            assert_eq!(signature.state, expected, "{:?}", signature.identity);
            assert_eq!(
                signature.predicate_type.as_deref(),
                Some("https://schemas.conda.org/attestations-publish-1.schema.json")
            );
        }
    }

    #[test]
    fn a_public_signature_of_bytes_fits_the_public_trusted_root() {
        const BYTES: &[u8] = include_bytes!("../../tests/testkit/keyless/public/blob.txt");
        const BUNDLE: &[u8] = include_bytes!("../../tests/testkit/keyless/public/blob.sigstore.json");
        let root = TrustedRoot::from_json(PUBLIC_ROOT).unwrap();
        let bundle: serde_json::Value = serde_json::from_slice(BUNDLE).unwrap();
        let signature = STANDARD.decode(bundle["messageSignature"]["signature"].as_str().unwrap()).unwrap();
        let content = |signature: &[u8]| {
            SignatureContent::MessageSignature(MessageSignature::new(SignatureBytes::from_bytes(signature)))
        };
        let evidence = Evidence::of_bundle(BUNDLE, 0);
        let signer = |bytes, signature: &[u8]| {
            root.signer(&evidence, &content(signature), &Artifact::from_blob(bytes))
        };
        assert!(signer(BYTES, &signature).is_some());
        assert!(signer(b"other", &signature).is_none());
        assert!(signer(BYTES, &signature[1..]).is_none());
    }

    #[test]
    fn a_trusted_root_that_could_prove_nothing_is_refused() {
        let root: serde_json::Value = serde_json::from_str(PUBLIC_ROOT).unwrap();
        let altered = |alter: &dyn Fn(&mut serde_json::Value)| {
            let mut root = root.clone();
            alter(&mut root);
            root.to_string()
        };
        for bad in [
            String::new(),
            "{}".into(),
            "[".repeat(1000),
            PUBLIC_ROOT.replacen("\"tlogs\"", "\"tlogs\": [], \"tlogs\"", 1),
            altered(&|root| root["certificateAuthorities"] = serde_json::json!([])),
            altered(&|root| root["tlogs"] = serde_json::json!([])),
            altered(&|root| root["ctlogs"] = serde_json::json!([])),
            altered(&|root| {
                root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = "AAAA".into();
            }),
            format!("{PUBLIC_ROOT}{}", " ".repeat(1 << 20)),
        ] {
            let code = TrustedRoot::from_json(&bad).unwrap_err().code();
            assert_eq!(code, crate::Code::BadTrustedRoot, "{}", &bad[..bad.len().min(200)]);
        }
    }
}
