//! Signatures of an image made with certificates instead of keys, kept at the real registry. Authorities, logs and
//! signatures are those of tests/testkit/keyless/sign.py.

use std::fs;

use serde_json::{Value, json};

use super::{
    User,
    http::put_manifest,
    image::{INDEX, MANIFEST},
    server::{Demands, Registry},
    signatures::{packed, put, put_app, tag, write},
};
use crate::support::{Tool, digest, run};

const PYTHON: Tool = Tool::new("python3", "python3-cryptography");
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn sign(subject: &str, cases: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testkit/keyless/sign.py");
    serde_json::from_str(&run(PYTHON.command().args([script, subject]).args(cases))).unwrap()
}

/// `trust add`, under the trusted root in the file `root`: the error's code, if any.
fn trust(user: &User, name: &str, identity: &str, issuer: &str, root: &str) -> Option<String> {
    let root = user.dir.join(root);
    let ended = user.run(&[
        "trust",
        "add",
        name,
        "--certificate-identity",
        identity,
        "--certificate-oidc-issuer",
        issuer,
        "--trusted-root",
        root.to_str().unwrap(),
        "--yes",
    ]);
    let code =
        ended.stderr.lines().find_map(|line| line.split_once("Code: ")).map(|(_, code)| code.to_owned());
    assert_eq!(code.is_none(), ended.status == 0, "{}", ended.stderr);
    code
}

/// Puts the forms of `case` beside `subject`, or those alone whose number is given.
fn put_forms(host: &str, subject: &str, case: &Value, only: Option<usize>) {
    let is_wanted = |number| only.is_none_or(|only| only == number);
    let nothing = json!({});
    let (payload, envelope) = (case["payload"].as_str().unwrap().to_owned(), case["envelope"].to_string());
    let unrelated = (String::from("{}"), "application/octet-stream", &nothing);
    for (number, suffix, form) in [
        (0, ".sig", (payload, SIMPLE_SIGNING, &case["annotations"])),
        (1, ".att", (envelope, DSSE, &case["att"])),
    ] {
        let (content, media_type, annotations) = if is_wanted(number) { form } else { unrelated.clone() };
        put(host, Some(&tag(subject, suffix)), media_type, content.as_bytes(), annotations);
    }
    let mut entries = Vec::new();
    for (number, name) in [(2, "bundle"), (3, "chained")] {
        if is_wanted(number) {
            let manifest = put(host, None, BUNDLE, case[name].to_string().as_bytes(), &nothing);
            entries.push(json!({
                "mediaType": MANIFEST, "digest": digest(&manifest), "size": manifest.len(), "artifactType": BUNDLE,
            }));
        }
    }
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    put_manifest(host, "team/app", &tag(subject, ""), INDEX, index.to_string().as_bytes());
}

#[test]
fn keyless_signatures_count_by_identity_and_what_proves_nothing_is_refused() {
    let (registry, user) = (Registry::start(Demands::default()), User::new());
    let host = registry.host();
    let app = put_app(&user, &host);
    let made = sign(&app.target, &[]);
    let (identity, issuer) = (made["identity"].as_str().unwrap(), made["issuer"].as_str().unwrap());
    write(user.dir.join("root.json"), made["trusted_root"].to_string());
    assert_eq!(trust(&user, "acme", identity, issuer, "root.json"), None);
    write(user.dir.join("policy.toml"), "version = 1\n[[image]]\nnames = '*/team/*'\nsigned_by = ['acme']\n");
    let (policy, out) = (user.dir.join("policy.toml"), format!("oci:{}", user.dir.join("out").display()));
    let restore = |bundle: &str| {
        let ended = user.run(&["restore", bundle, "--to", &out, "--policy", policy.to_str().unwrap()]);
        let is_there = user.dir.join("out").exists();
        let _ = fs::remove_dir_all(user.dir.join("out"));
        assert_eq!(is_there, ended.status == 0, "{}", ended.stderr);
        assert!(ended.status == 0 || ended.stderr.contains("Code: TRUST-07"), "{}", ended.stderr);
        is_there
    };
    for (name, case) in made["cases"].as_object().unwrap() {
        let expected = match name.as_str() {
            "good" => "trusted",
            "other-identity" | "mail" | "other-issuer" => "unknown_identity",
            _ => "keyless",
        };
        put_forms(&host, &app.target, case, None);
        let (signers, bundle) = packed(&user, &host, &format!("{name}.sealift"));
        let signatures = signers[0]["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 4, "{name}: {signers}");
        for signature in signatures {
            assert_eq!(signature["state"], expected, "{name}: {signature}");
            assert_eq!(signature["identity"].is_string(), expected != "keyless", "{name}: {signature}");
        }
        let vendors = if name == "good" { json!(["acme"]) } else { json!([]) };
        assert_eq!(signers[0]["vendors"], vendors, "{name}");
        if matches!(name.as_str(), "good" | "other-identity" | "no-entry") {
            assert_eq!(restore(&bundle), name == "good", "{name}");
        }
    }
    // Each form alone signs, but for the attestation.
    let good = &made["cases"]["good"];
    for number in 0..4 {
        put_forms(&host, &app.target, good, Some(number));
        let (signers, _) = packed(&user, &host, &format!("form-{number}.sealift"));
        let vendors = if number == 1 { json!([]) } else { json!(["acme"]) };
        assert_eq!(signers[0]["vendors"], vendors, "{number}: {signers}");
    }
    // What was signed of another image does not belong to this one, though it lies under its tags.
    let other = sign(&digest(b"another"), &["good"]);
    write(user.dir.join("other.json"), other["trusted_root"].to_string());
    assert_eq!(trust(&user, "acme", identity, issuer, "other.json"), None);
    put_forms(&host, &app.target, &other["cases"]["good"], None);
    let (signers, bundle) = packed(&user, &host, "moved.sealift");
    assert_eq!((&signers[0]["vendors"], &signers[0]["signatures"]), (&json!([]), &json!([])), "{signers}");
    assert!(!restore(&bundle));
    // Nor does its signature fit this one's payload.
    let mut mixed = other["cases"]["good"].clone();
    mixed["payload"] = good["payload"].clone();
    put_forms(&host, &app.target, &mixed, Some(0));
    let (signers, bundle) = packed(&user, &host, "mixed.sealift");
    assert_eq!(signers[0]["signatures"][0]["state"], "keyless", "{signers}");
    assert!(!restore(&bundle));
    // The first root is retired, and what it proved with it.
    let root = digest(made["trusted_root"].to_string().as_bytes());
    let good = user.dir.join("good.sealift").to_str().unwrap().to_owned();
    assert!(restore(&good));
    user.json(&["trust", "remove", &root[7..19]]);
    assert!(!restore(&good));
}

#[test]
fn identities_are_trusted_only_with_a_whole_trusted_root_and_once_confirmed() {
    let user = User::new();
    let testkit = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testkit/keyless/public/trusted_root.json");
    write(user.dir.join("root.json"), fs::read(testkit).unwrap());
    write(user.dir.join("empty.json"), "{}");
    write(user.dir.join("text.json"), "root");
    let issuer = "https://issuer.example.com";
    let code = |name: &str, identity: &str, root: &str| trust(&user, name, identity, issuer, root);
    for (name, identity, root, expected) in [
        ("acme", "a@example.com", "empty.json", Some("TRUST-14")),
        ("acme", "a@example.com", "text.json", Some("TRUST-14")),
        ("acme", "*@example.com", "root.json", Some("TRUST-16")),
        ("a/b", "a@example.com", "root.json", Some("TRUST-12")),
        ("acme", "a@example.com", "root.json", None),
        ("other", "a@example.com", "root.json", Some("TRUST-15")),
    ] {
        assert_eq!(code(name, identity, root).as_deref(), expected, "{name} {identity} {root}");
    }
    let root = user.dir.join("root.json");
    let asked = ["trust", "add", "b", "--certificate-identity", "b", "--certificate-oidc-issuer", issuer];
    let ended = user.run(&[&asked[..], &["--trusted-root", root.to_str().unwrap()]].concat());
    assert!(ended.stderr.contains("Code: TRUST-13"), "{}", ended.stderr);
    assert_eq!(user.run(&[&asked[..], &["--yes"]].concat()).status, 2, "a root is needed");
    let listed = user.json(&["trust", "list"]);
    assert_eq!(listed["identities"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["identities"][0]["words"]["en"].as_array().map(Vec::len), Some(12));
    user.json(&["trust", "remove", "a@example.com"]);
    assert_eq!(user.json(&["trust", "list"])["identities"], json!([]));
}
