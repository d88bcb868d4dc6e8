//! Images made by hand: one for two platforms, and one on the shelf of a server that answers as a test wants.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fake::{Reply, Request};
pub(crate) use crate::support::noise_of as noise;
use crate::support::{Tar, blob, digest};

pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

/// Config and manifest of an image with these layers.
pub(super) fn image(architecture: &str, layers: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
    let config = json!({
        "architecture": architecture, "os": "linux", "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = config.to_string().into_bytes();
    let layers: Vec<Value> = layers.iter().map(|layer| descriptor(LAYER, layer)).collect();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, &config), "layers": layers,
    });
    (config, manifest.to_string().into_bytes())
}

/// An OCI archive.
pub(crate) struct Archive {
    pub(crate) bytes: Vec<u8>,
    /// Digest of what the name points at.
    pub(super) target: String,
    /// Digests of the manifests, by architecture.
    pub(super) manifests: BTreeMap<&'static str, String>,
}

/// An archive of an image called `name`, with an index where it has several architectures; each has the layers.
pub(crate) fn archive(name: &str, architectures: &[&'static str], layers: &[Vec<u8>]) -> Archive {
    let mut tar = Tar::new().json("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }));
    for layer in layers {
        tar = blob(tar, layer);
    }
    let (mut manifests, mut entries, mut last) = (BTreeMap::new(), Vec::new(), Vec::new());
    for architecture in architectures {
        let (config, manifest) = image(architecture, layers);
        tar = blob(blob(tar, &config), &manifest);
        let mut entry = descriptor(MANIFEST, &manifest);
        entry["platform"] = json!({ "os": "linux", "architecture": architecture });
        entries.push(entry);
        manifests.insert(*architecture, digest(&manifest));
        last = manifest;
    }
    let mut target = descriptor(MANIFEST, &last);
    if architectures.len() > 1 {
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        let index = index.to_string().into_bytes();
        target = descriptor(INDEX, &index);
        tar = blob(tar, &index);
    }
    let digest = target["digest"].as_str().unwrap().to_owned();
    target["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [target] });
    Archive { bytes: tar.json("index.json", &index).bytes(), target: digest, manifests }
}

/// An image that a server hands out, path by path.
#[derive(Clone)]
pub(crate) struct Shelf {
    content: BTreeMap<String, (String, Vec<u8>)>,
    pub(super) target: String,
    /// Path and content of the only layer.
    pub(crate) layer: (String, Vec<u8>),
    /// Path of the manifest by its tag.
    pub(crate) manifest: String,
}

impl Shelf {
    pub(crate) fn new(repository: &str, tag: &str) -> Self {
        let layer = noise(3 << 20, 7);
        let (config, manifest) = image("amd64", std::slice::from_ref(&layer));
        let blob_path = |content: &[u8]| format!("/v2/{repository}/blobs/{}", digest(content));
        let manifest_path = |reference: &str| format!("/v2/{repository}/manifests/{reference}");
        let octets = "application/octet-stream".to_owned();
        let content = [
            ("/v2/".to_owned(), ("application/json".to_owned(), b"{}".to_vec())),
            (blob_path(&layer), (octets.clone(), layer.clone())),
            (blob_path(&config), (octets, config)),
            (manifest_path(tag), (MANIFEST.to_owned(), manifest.clone())),
            (manifest_path(&digest(&manifest)), (MANIFEST.to_owned(), manifest.clone())),
        ];
        Self {
            content: content.into(),
            target: digest(&manifest),
            layer: (blob_path(&layer), layer),
            manifest: manifest_path(tag),
        }
    }

    /// Adds something; a manifest by its media type.
    pub(super) fn put(&mut self, path: &str, media_type: &str, content: &[u8]) {
        self.content.insert(path.to_owned(), (media_type.to_owned(), content.to_vec()));
    }

    /// What an honest server answers.
    pub(crate) fn reply(&self, request: &Request) -> Reply {
        match self.content.get(&request.path) {
            None => Reply::status(404),
            Some((media_type, content)) => {
                let reply = Reply::body(content).with("Content-Type", media_type);
                reply.with("Docker-Content-Digest", &digest(content))
            }
        }
    }
}
