//! Signatures made by cosign in public, and by tests/testkit/keyless/sign.py.

use super::*;
use crate::{crypto::PublicKey, error::Code, trust::TrustedRoot};

/// A signature that cosign made of a public image, with the public key from its entry in the transparency log.
const PAYLOAD: &str = include_str!("../../../tests/testkit/cosign/image-signature.json");
const MADE: &str =
    "MEYCIQC1zu0j7Yz5KQjpaNlNy/FJTOqPgI8Dw+mTzgk8GbcWYgIhANPZO47LSoqo60bXYwxij5JACVlif6ivjS6UZFRL0wi3";

#[test]
fn a_public_signature_of_cosign_fits_and_a_damaged_one_does_not() {
    let key =
        PublicKey::from_pem(include_bytes!("../../../tests/testkit/cosign/image-signature.pub")).unwrap();
    let mut store = TrustStore::default();
    let check = |payload: &str, signature: &str, store: &TrustStore| {
        Form::SimpleSigning { signature: signature.into(), evidence: None }.check(
            &Ctx::new(),
            payload.as_bytes(),
            store,
        )
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

const MADE_HERE: &str = include_str!("../../../tests/testkit/keyless/good.json");
const PUBLIC_ROOT: &str = include_str!("../../../tests/testkit/keyless/public/trusted_root.json");

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
    form.check(&Ctx::new(), &document, store).map(|checked| checked.signatures[0].state)
}

#[test]
fn a_keyless_signature_counts_for_the_vendor_of_the_identity() {
    let (case, store) = made_here();
    for name in ["sig", "att", "bundle", "chained"] {
        let (form, document) = form(&case, name);
        let checked = form.check(&Ctx::new(), &document, &store).unwrap();
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
        let found = form.check(&Ctx::new(), &document, &other).unwrap().signatures;
        assert_eq!(found[0].state, ImageSignatureState::UnknownIdentity, "{identity} {issuer}");
        assert_eq!((found[0].vendor.as_ref(), found[0].identity.as_ref()), (None, Some(&known.identity)));
    }
}

/// Flips one bit in each byte of the base64 text at `pointer`; inside of JSON in a string, behind `#`.
fn flip(case: &serde_json::Value, pointer: &str, name: &str, store: &TrustStore) {
    let (outer, inner) = pointer.split_once('#').map_or((pointer, None), |(a, b)| (a, Some(b)));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let nested = inner.map(|_| serde_json::from_str(&text(case.pointer(outer).unwrap())).unwrap());
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
    use ImageSignatureState::{Keyless, Trusted, UnknownIdentity};
    const STAGING_ROOT: &str = include_str!("../../../tests/testkit/keyless/public/staging_root.json");
    const REKOR_V1: &[u8] = include_bytes!("../../../tests/testkit/keyless/public/rekor-v1.sigstore.json");
    const REKOR_V2: &[u8] = include_bytes!("../../../tests/testkit/keyless/public/rekor-v2.sigstore.json");
    let identity =
        "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
    let issuer = "https://token.actions.githubusercontent.com";
    // Rekor's first version, with its own time; and the second, with that of a timestamp authority.
    for (root, document, expected) in [
        (PUBLIC_ROOT, REKOR_V1, Trusted),
        (PUBLIC_ROOT, REKOR_V2, Keyless),
        (STAGING_ROOT, REKOR_V1, Keyless),
        (STAGING_ROOT, REKOR_V2, UnknownIdentity),
    ] {
        let mut store = TrustStore::default();
        store.add_identity("prefix", identity, issuer, TrustedRoot::from_json(root).unwrap()).unwrap();
        let checked = Form::Bundle.check(&Ctx::new(), document, &store).unwrap();
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
    const BYTES: &[u8] = include_bytes!("../../../tests/testkit/keyless/public/blob.txt");
    const BUNDLE: &[u8] = include_bytes!("../../../tests/testkit/keyless/public/blob.sigstore.json");
    let root = TrustedRoot::from_json(PUBLIC_ROOT).unwrap();
    let bundle: serde_json::Value = serde_json::from_slice(BUNDLE).unwrap();
    let signature = STANDARD.decode(bundle["messageSignature"]["signature"].as_str().unwrap()).unwrap();
    let content = |signature: &[u8]| {
        SignatureContent::MessageSignature(MessageSignature::new(SignatureBytes::from_bytes(signature)))
    };
    let evidence = Evidence::of_bundle(BUNDLE, 0);
    let signer =
        |bytes, signature: &[u8]| root.signer(&evidence, &content(signature), &Artifact::from_blob(bytes));
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
        assert_eq!(code, Code::BadTrustedRoot, "{}", &bad[..bad.len().min(200)]);
    }
}
