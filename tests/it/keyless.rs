//! Image signatures made with certificates instead of keys, from a layout through a bundle to a policy. Authorities, logs
//! and signatures are those of tests/testkit/keyless/sign.py.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{Place, Scratch, Tool, digest, run};

const PYTHON: Tool = Tool::new("python3", "python3-cryptography");
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn put(path: PathBuf, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}

/// A layout with one image, and what was signed of it.
struct Signed {
    place: Place,
    index: Value,
    target: String,
    made: Value,
}

impl Signed {
    fn new() -> Self {
        let dir = Scratch::new();
        sealift::write_sample(&dir.join("sample.tar")).unwrap();
        dir.write("pw", "correct horse battery staple\n");
        let place = Place(dir);
        place.done("pack @sample.tar --out @sample.sealift --password-file @pw --kdf low");
        place.done("restore @sample.sealift --password-file @pw --to oci:@layout");
        let index: Value =
            serde_json::from_slice(&fs::read(place.path("layout/index.json")).unwrap()).unwrap();
        let target = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testkit/keyless/sign.py");
        let made = run(PYTHON.command().args([script, &target]));
        let made: Value = serde_json::from_str(&made).unwrap();
        put(place.path("trusted_root.json"), made["trusted_root"].to_string());
        put(place.path("other_root.json"), made["other_root"].to_string());
        let policy = "version = 1\n[[image]]\nnames = '*'\nsigned_by = ['acme']\n";
        put(place.path("policy.toml"), policy);
        Self { place, index, target, made }
    }

    /// `trust add`, as words that hold @ must go beside those of `Place`.
    fn trust(&self, name: &str, identity: &str, issuer: &str, root: &str) -> Value {
        let mut command = self.place.command(&format!("trust add {name} --yes --trusted-root @{root}"));
        command.args(["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]);
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
    }

    /// Packs the image with artifacts of one layer: media type, content, annotations.
    fn pack(&self, artifacts: &[(&str, String, Value)]) -> Value {
        let mut index = self.index.clone();
        let put_blob = |content: &[u8]| {
            put(self.place.path("layout/blobs/sha256").join(&digest(content)[7..]), content);
        };
        put_blob(b"{}");
        for (number, (media_type, content, annotations)) in artifacts.iter().enumerate() {
            put_blob(content.as_bytes());
            let manifest = json!({
                "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": media_type,
                "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2 },
                "layers": [{ "mediaType": media_type, "digest": digest(content.as_bytes()), "size": content.len(), "annotations": annotations }],
            });
            let manifest = manifest.to_string();
            put_blob(manifest.as_bytes());
            let entry = json!({
                "mediaType": MANIFEST, "digest": digest(manifest.as_bytes()), "size": manifest.len(),
                "annotations": { "org.opencontainers.image.ref.name": format!("localhost/a:sig-{number}") },
            });
            index["manifests"].as_array_mut().unwrap().push(entry);
        }
        put(self.place.path("layout/index.json"), index.to_string());
        self.place.done("pack oci:@layout --out @a.sealift --password-file @pw --kdf low --force");
        let seen = self.place.done("inspect @a.sealift --password-file @pw");
        let signers = seen["image_signers"].as_array().unwrap();
        signers.iter().find(|signers| signers["target"] == *self.target).unwrap().clone()
    }

    /// The case in every form.
    fn forms(&self, case: &str) -> Vec<(&'static str, String, Value)> {
        let case = &self.made["cases"][case];
        vec![
            (SIMPLE_SIGNING, case["payload"].as_str().unwrap().to_owned(), case["annotations"].clone()),
            (DSSE, case["envelope"].to_string(), case["att"].clone()),
            (BUNDLE, case["bundle"].to_string(), json!({})),
            (BUNDLE, case["chained"].to_string(), json!({})),
        ]
    }

    fn text(&self, name: &str) -> &str {
        self.made[name].as_str().unwrap()
    }
}

#[test]
fn keyless_signatures_count_by_identity_and_what_proves_nothing_is_refused() {
    let signed = Signed::new();
    let (identity, issuer) = (signed.text("identity"), signed.text("issuer"));
    let added = signed.trust("acme", identity, issuer, "trusted_root.json");
    assert_eq!(added["identities"][0]["identity"], identity, "{added}");
    assert_eq!(added["identities"][0]["words"]["en"].as_array().map(Vec::len), Some(12));
    let restore = "restore @a.sealift --password-file @pw --force --policy @policy.toml --to oci:@out";
    for case in signed.made["cases"].as_object().unwrap().keys() {
        let expected = match case.as_str() {
            "good" => "trusted",
            "other-identity" | "mail" | "other-issuer" => "unknown_identity",
            _ => "keyless",
        };
        let image = signed.pack(&signed.forms(case));
        let signatures = image["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 4, "{case}: {image}");
        for signature in signatures {
            assert_eq!(signature["state"], expected, "{case}: {signature}");
            assert_eq!(signature["identity"].is_string(), expected != "keyless", "{case}: {signature}");
        }
        if case == "good" {
            assert_eq!(image["vendors"], json!(["acme"]));
            let restored = signed.place.done(restore);
            assert_eq!(restored["policies"][0]["images"], json!({ "signed": 1 }));
            fs::remove_dir_all(signed.place.path("out")).unwrap();
        } else {
            assert_eq!(image["vendors"], json!([]), "{case}");
            signed.place.refused(restore, 3, "TRUST-07");
            assert!(!signed.place.path("out").exists());
        }
    }
    // Each form alone signs, but for the attestation.
    for (number, form) in signed.forms("good").into_iter().enumerate() {
        let image = signed.pack(&[form]);
        let vendors = if number == 1 { json!([]) } else { json!(["acme"]) };
        assert_eq!(image["vendors"], vendors, "{number}: {image}");
    }
    // Signed for another image: it does not belong to this one.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testkit/keyless/sign.py");
    let other = run(PYTHON.command().args([script, &digest(b"another"), "good"]));
    let other: Value = serde_json::from_str(&other).unwrap();
    put(signed.place.path("third_root.json"), other["trusted_root"].to_string());
    signed.trust("acme", identity, issuer, "third_root.json");
    let case = &other["cases"]["good"];
    let moved = (SIMPLE_SIGNING, case["payload"].as_str().unwrap().to_owned(), case["annotations"].clone());
    let image = signed.pack(&[moved, (BUNDLE, case["bundle"].to_string(), json!({}))]);
    assert_eq!((&image["vendors"], &image["signatures"]), (&json!([]), &json!([])), "{image}");
    // Its payload beside the right image's name does not fit its signature.
    let good = &signed.made["cases"]["good"];
    let patched = (SIMPLE_SIGNING, good["payload"].as_str().unwrap().to_owned(), case["annotations"].clone());
    assert_eq!(signed.pack(&[patched])["signatures"][0]["state"], "keyless");

    // No longer trusted.
    signed.pack(&signed.forms("good"));
    signed.place.done(restore);
    signed.place.done("trust remove acme");
    signed.place.refused(restore, 2, "TRUST-10");
    signed.trust("acme", identity, issuer, "other_root.json");
    signed.place.refused(restore, 3, "TRUST-07");
}

#[test]
fn identities_are_trusted_only_with_a_whole_trusted_root_and_once_confirmed() {
    let signed = Signed::new();
    let (identity, issuer) = (signed.text("identity"), signed.text("issuer"));
    let code = |name: &str, identity: &str, root: &str| {
        signed.trust(name, identity, issuer, root)["error"]["code"].as_str().unwrap_or("-").to_owned()
    };
    put(signed.place.path("empty.json"), "{}");
    assert_eq!(code("acme", identity, "empty.json"), "TRUST-14");
    assert_eq!(code("acme", identity, "policy.toml"), "TRUST-14");
    assert_eq!(code("acme", "https://github.com/acme/*", "trusted_root.json"), "TRUST-16");
    assert_eq!(code("a/b", identity, "trusted_root.json"), "TRUST-12");
    assert_eq!(code("acme", identity, "trusted_root.json"), "-");
    assert_eq!(code("other", identity, "trusted_root.json"), "TRUST-15");
    let unconfirmed =
        "trust add b --trusted-root @trusted_root.json --certificate-identity b --certificate-oidc-issuer c";
    signed.place.refused(unconfirmed, 2, "TRUST-13");
    let without_root = "trust add b --certificate-identity b --certificate-oidc-issuer c --yes";
    assert_eq!(signed.place.command(without_root).output().unwrap().status.code(), Some(2));
    let listed = signed.place.done("trust list");
    assert_eq!(listed["identities"].as_array().map(Vec::len), Some(1));
    let root = listed["identities"][0]["trusted_root"].as_str().unwrap();
    signed.place.done(&format!("trust remove {}", &root[..12]));
    assert_eq!(signed.place.done("trust list")["identities"], json!([]));
}
