//! Layouts made by hand, signed as cosign signs, and sealed by a packer that checks nothing.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sealift::Digest;
use serde_json::{Value, json};

use crate::{
    support::{Place, Tool, run},
    testkit::python,
};

const OPENSSL: Tool = Tool::new("openssl", "openssl");
const FORGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testkit/forge.py");

pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A vendor's Ed25519 key.
pub(super) struct Key(PathBuf);

impl Key {
    /// A new key as `NAME.key`, its public half as `NAME.pub`.
    pub(super) fn new(place: &Place, name: &str) -> Self {
        let key = place.path(&format!("{name}.key"));
        run(OPENSSL.command().args(["genpkey", "-algorithm", "ED25519", "-out"]).arg(&key));
        let public = key.with_extension("pub");
        run(OPENSSL.command().args(["pkey", "-pubout", "-in"]).arg(&key).arg("-out").arg(public));
        Self(key)
    }

    pub(super) fn sign(&self, content: &[u8]) -> String {
        let (input, output) = (self.0.with_extension("in"), self.0.with_extension("out"));
        write(&input, content);
        let mut openssl = OPENSSL.command();
        openssl.args(["pkeyutl", "-sign", "-rawin", "-inkey"]).arg(&self.0);
        run(openssl.arg("-in").arg(input).arg("-out").arg(&output));
        STANDARD.encode(fs::read(output).unwrap())
    }
}

/// A layout.
#[derive(Default)]
pub(super) struct Layout {
    blobs: BTreeMap<String, Vec<u8>>,
    entries: Vec<Value>,
}

pub(super) fn digest(descriptor: &Value) -> &str {
    descriptor["digest"].as_str().unwrap()
}

/// The descriptor, listed for a platform.
pub(super) fn on(descriptor: &Value, platform: &str) -> Value {
    let (os, architecture) = platform.split_once('/').unwrap();
    let mut listed = descriptor.clone();
    listed["platform"] = json!({ "os": os, "architecture": architecture });
    listed
}

impl Layout {
    /// Adds a blob; its descriptor.
    pub(super) fn put(&mut self, media_type: &str, content: impl AsRef<[u8]>) -> Value {
        let digest = Digest::of(content.as_ref());
        self.blobs.insert(digest.hex(), content.as_ref().to_vec());
        json!({ "mediaType": media_type, "digest": digest, "size": content.as_ref().len() })
    }

    /// Adds a manifest with a config of this type, and these layers.
    pub(super) fn manifest(&mut self, config_type: &str, architecture: &str, layers: &[Value]) -> Value {
        let ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
        let config = json!({
            "architecture": architecture, "os": "linux", "rootfs": { "type": "layers", "diff_ids": ids },
        });
        let config = self.put(config_type, config.to_string());
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        self.put(MANIFEST, manifest.to_string())
    }

    /// Adds a plain image.
    pub(super) fn image(&mut self, seed: &str, architecture: &str) -> Value {
        let layer = self.put(LAYER, seed);
        self.manifest(CONFIG, architecture, &[layer])
    }

    /// Adds an index.
    pub(super) fn index(&mut self, manifests: &[Value]) -> Value {
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.put(INDEX, index.to_string())
    }

    /// Adds the manifest of an artifact with these layers.
    pub(super) fn artifact(&mut self, layers: &[Value]) -> Value {
        let config = self.put("application/vnd.oci.empty.v1+json", "{}");
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        self.put(MANIFEST, manifest.to_string())
    }

    /// Gives what `descriptor` is of a name.
    pub(super) fn name(&mut self, descriptor: &Value, name: &str) {
        let mut entry = descriptor.clone();
        entry["annotations"] = json!({ "io.containerd.image.name": name });
        self.entries.push(entry);
    }

    /// Adds cosign's signature of `subject` in its repository.
    pub(super) fn sign(&mut self, key: &Key, subject: &Value, repository: &str) {
        let payload = json!({
            "critical": {
                "identity": { "docker-reference": repository },
                "image": { "docker-manifest-digest": subject["digest"] },
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        let payload = payload.to_string();
        let mut layer = self.put(SIMPLE_SIGNING, &payload);
        layer["annotations"] = json!({ "dev.cosignproject.cosign/signature": key.sign(payload.as_bytes()) });
        let signature = self.artifact(&[layer]);
        self.name(&signature, &format!("{repository}:{}", tag(subject, ".sig")));
    }

    /// Writes it as a folder, to be packed by Sealift.
    pub(super) fn unfold(&self, dir: &Path) {
        write(&dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": self.entries });
        write(&dir.join("index.json"), index.to_string());
        for (hex, content) in &self.blobs {
            write(&dir.join("blobs/sha256").join(hex), content);
        }
    }

    /// Seals it as the bundle `NAME.sealift`.
    pub(super) fn forge(&self, place: &Place, name: &str) {
        let dir = place.path(&format!("{name}.layout"));
        self.unfold(&dir);
        run(python().arg(FORGE).arg(&dir).arg(place.path(&format!("{name}.sealift"))));
    }
}

/// The tag of an artifact of `subject`.
pub(super) fn tag(subject: &Value, suffix: &str) -> String {
    digest(subject).replace(':', "-") + suffix
}

/// Signs what it gets, as base64.
pub(super) type Signs<'a> = &'a dyn Fn(&[u8]) -> String;

/// A DSSE envelope around cosign's statement about `subject`, with these signatures; each gets what is signed.
pub(super) fn envelope(subject: &Value, seed: usize, signatures: &[Signs<'_>]) -> String {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": digest(subject).trim_start_matches("sha256:") } }],
        "predicateType": "https://sigstore.dev/cosign/sign/v1", "predicate": { "seed": seed },
    });
    let payload = statement.to_string();
    let signed = format!("DSSEv1 {} {IN_TOTO} {} {payload}", IN_TOTO.len(), payload.len());
    let signatures: Vec<Value> =
        signatures.iter().map(|sign| json!({ "keyid": "", "sig": sign(signed.as_bytes()) })).collect();
    json!({ "payloadType": IN_TOTO, "payload": STANDARD.encode(&payload), "signatures": signatures })
        .to_string()
}
