//! Signatures and attestations that came with an image, made by the real openssl and kept at the real registry.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    User,
    http::{put_blob, put_manifest},
    image::{Archive, INDEX, MANIFEST, archive, noise},
    server::{Demands, Registry},
};
use crate::support::{Tool, digest, run};

const OPENSSL: Tool = Tool::new("openssl", "openssl");
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
pub(super) fn write(path: PathBuf, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}

/// A key of openssl that signs as cosign does.
struct Key {
    user_dir: PathBuf,
    name: &'static str,
    is_ed25519: bool,
}

impl Key {
    fn new(user: &User, name: &'static str, is_ed25519: bool) -> Self {
        let key = Self { user_dir: user.dir.path().to_owned(), name, is_ed25519 };
        let mut made = OPENSSL.command();
        made.args(["genpkey", "-algorithm"]);
        if is_ed25519 {
            made.arg("ED25519");
        } else {
            made.args(["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        }
        run(made.arg("-out").arg(key.path("key")));
        run(OPENSSL
            .command()
            .args(["pkey", "-pubout", "-in"])
            .arg(key.path("key"))
            .arg("-out")
            .arg(key.path("pub")));
        key
    }

    fn path(&self, suffix: &str) -> PathBuf {
        self.user_dir.join(format!("{}.{suffix}", self.name))
    }

    fn sign(&self, content: &[u8]) -> String {
        write(self.path("in"), content);
        let mut openssl = OPENSSL.command();
        if self.is_ed25519 {
            openssl.args(["pkeyutl", "-sign", "-rawin", "-inkey"]).arg(self.path("key"));
            openssl.arg("-out").arg(self.path("out")).arg("-in");
        } else {
            openssl
                .args(["dgst", "-sha256", "-sign"])
                .arg(self.path("key"))
                .arg("-out")
                .arg(self.path("out"));
        }
        openssl.arg(self.path("in"));
        run(&mut openssl);
        STANDARD.encode(fs::read(self.path("out")).unwrap())
    }
}

/// The manifest of an artifact with one layer, put into the registry; its digest.
pub(super) fn put(
    host: &str,
    reference: Option<&str>,
    media_type: &str,
    content: &[u8],
    annotations: &Value,
) -> Vec<u8> {
    put_blob(host, "team/app", b"{}");
    put_blob(host, "team/app", content);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": media_type,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2 },
        "layers": [{
            "mediaType": media_type, "digest": digest(content), "size": content.len(), "annotations": annotations,
        }],
    });
    let manifest = manifest.to_string().into_bytes();
    let own = digest(&manifest);
    put_manifest(host, "team/app", reference.unwrap_or(&own), MANIFEST, &manifest);
    manifest
}

fn payload(subject: &str) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": "vendor.example.com/team/app" },
            "image": { "docker-manifest-digest": subject },
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    payload.to_string().into_bytes()
}

/// A DSSE envelope around a statement about `subject`.
fn envelope(key: &Key, subject: &str, predicate_type: &str) -> Value {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": subject.trim_start_matches("sha256:") } }],
        "predicateType": predicate_type, "predicate": {},
    });
    let payload = statement.to_string();
    let signed = format!("DSSEv1 {} {IN_TOTO} {} {payload}", IN_TOTO.len(), payload.len());
    json!({
        "payloadType": IN_TOTO, "payload": STANDARD.encode(&payload),
        "signatures": [{ "keyid": "", "sig": key.sign(signed.as_bytes()) }],
    })
}

pub(super) fn tag(subject: &str, suffix: &str) -> String {
    subject.replace(':', "-") + suffix
}

/// Puts an image of two platforms into the registry as `team/app:1`.
pub(super) fn put_app(user: &User, host: &str) -> Archive {
    let app = archive("vendor.example.com/team/app:1", &["amd64", "arm64"], &[noise(1 << 16, 9)]);
    let (tar, first) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &first, &[]);
    user.restore(&first, &format!("docker://{host}"), &[]);
    app
}

/// Who signed `team/app:1`, as the packed bundle says, and the bundle.
pub(super) fn packed(user: &User, host: &str, name: &str) -> (Value, String) {
    let bundle = user.dir.join(name);
    user.pack(&format!("docker://{host}/team/app:1"), &bundle, &[]);
    let bundle = bundle.to_str().unwrap().to_owned();
    let password = user.dir.join("passphrase");
    let seen = user.json(&["inspect", &bundle, "--password-file", password.to_str().unwrap()]);
    (seen["image_signers"].clone(), bundle)
}

#[test]
fn cosigns_signatures_are_bound_to_the_image_and_a_policy_asks_for_them() {
    let (registry, user) = (Registry::start(Demands::default()), User::new());
    let host = registry.host();
    let app = put_app(&user, &host);
    let (vendor, audit) = (Key::new(&user, "vendor", false), Key::new(&user, "audit", true));
    for key in [&vendor, &audit] {
        user.json(&["trust", "add", key.name, "--key", key.path("pub").to_str().unwrap(), "--yes"]);
    }
    let rule = |vendor: &str| {
        let text = format!("version = 1\n[[image]]\nnames = '*/team/*'\nsigned_by = ['{vendor}']\n");
        write(user.dir.join("policy.toml"), text);
        user.dir.join("policy.toml").to_str().unwrap().to_owned()
    };
    let sign = |key: &Key, subject: &str, signed: &[u8]| {
        let annotations = json!({ "dev.cosignproject.cosign/signature": key.sign(signed) });
        put(&host, Some(&tag(subject, ".sig")), SIMPLE_SIGNING, &payload(subject), &annotations)
    };
    let refused = |bundle: &str, policy: &str| {
        let out = format!("oci:{}", user.dir.join("refused").display());
        let ended = user.run(&["restore", bundle, "--to", &out, "--policy", policy]);
        assert!(ended.stderr.contains("Code: TRUST-07"), "{}", ended.stderr);
        assert_eq!(ended.status, 3);
        assert!(!user.dir.join("refused").exists());
    };

    // Signed is another image: the tag it lies under says nothing.
    sign(&vendor, &app.target, &payload(&app.manifests["amd64"]));
    let (signers, bundle) = packed(&user, &host, "moved.sealift");
    assert_eq!(signers[0]["signatures"][0]["state"], "unknown_key", "{signers}");
    assert_eq!(signers[0]["vendors"], json!([]));
    refused(&bundle, &rule("vendor"));

    // One platform of two.
    put(
        &host,
        Some(&tag(&app.target, ".sig")),
        SIMPLE_SIGNING,
        &payload(&app.manifests["amd64"]),
        &json!({ "dev.cosignproject.cosign/signature": vendor.sign(&payload(&app.manifests["amd64"])) }),
    );
    let (signers, bundle) = packed(&user, &host, "half.sealift");
    assert_eq!(signers[0]["signatures"][0]["state"], "trusted", "{signers}");
    assert_eq!(signers[0]["vendors"], json!([]));
    refused(&bundle, &rule("vendor"));
    sign(&vendor, &app.manifests["arm64"], &payload(&app.manifests["arm64"]));
    assert_eq!(packed(&user, &host, "both.sealift").0[0]["vendors"], json!(["vendor"]));

    // The index; an attestation of one platform; the bundle form among the referrers.
    sign(&vendor, &app.target, &payload(&app.target));
    let spdx = envelope(&vendor, &app.manifests["arm64"], "https://spdx.dev/Document").to_string();
    let dsse = "application/vnd.dsse.envelope.v1+json";
    put(&host, Some(&tag(&app.manifests["arm64"], ".att")), dsse, spdx.as_bytes(), &json!({}));
    let bundled = json!({
        "mediaType": BUNDLE, "verificationMaterial": { "publicKey": { "hint": "" } },
        "dsseEnvelope": envelope(&audit, &app.target, "https://sigstore.dev/cosign/sign/v1"),
    });
    let referrer = put(&host, None, BUNDLE, bundled.to_string().as_bytes(), &json!({}));
    // Nobody's word: a certificate instead of a key, and one that cannot be read.
    let mut keyless = bundled.clone();
    keyless["verificationMaterial"] = json!({ "certificate": { "rawBytes": "" } });
    keyless["dsseEnvelope"]["signatures"][0]["sig"] = "AAAA".into();
    let keyless = put(&host, None, BUNDLE, keyless.to_string().as_bytes(), &json!({}));
    let entry = |manifest: &[u8]| json!({ "mediaType": MANIFEST, "digest": digest(manifest), "size": manifest.len(), "artifactType": BUNDLE });
    let index =
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(&referrer), entry(&keyless)] });
    put_manifest(&host, "team/app", &tag(&app.target, ""), INDEX, index.to_string().as_bytes());
    let (signers, bundle) = packed(&user, &host, "signed.sealift");
    assert_eq!(signers.as_array().map(Vec::len), Some(1), "artifacts are no images: {signers}");
    assert_eq!(signers[0]["vendors"], json!(["audit", "vendor"]));
    let found: Vec<(&str, &str, &str)> = signers[0]["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or("-");
            (text("state"), text("vendor"), text("predicate_type"))
        })
        .collect();
    for expected in [
        ("trusted", "vendor", "-"),
        ("trusted", "audit", "-"),
        ("trusted", "vendor", "https://spdx.dev/Document"),
        ("keyless", "-", "-"),
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    for vendor in ["vendor", "audit"] {
        let out = format!("oci:{}", user.dir.join(vendor).display());
        let restored = user.restore(std::path::Path::new(&bundle), &out, &["--policy", &rule(vendor)]);
        assert_eq!(restored["policies"][0]["images"], json!({ "signed": 1 }));
    }
    // Without the bundle's key its images cannot be seen.
    let keyless = user.json(&["verify", &bundle, "--policy", &rule("vendor")]);
    assert_eq!(keyless["policies"][0]["images"], "locked");
    let third = Key::new(&user, "third", false);
    user.json(&["trust", "add", "third", "--key", third.path("pub").to_str().unwrap(), "--yes"]);
    refused(&bundle, &rule("third"));
}
