use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;
use crate::oci::{ImageReader, MAX_CONFIG_BYTES};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Documents by digest.
#[derive(Default)]
struct Shelf(HashMap<Digest, Vec<u8>>);

impl Documents for Shelf {
    fn has(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        assert!(blob.size <= max_bytes.max(MAX_CONFIG_BYTES));
        Ok(self.0[&blob.digest].clone())
    }
}

impl Shelf {
    fn put(&mut self, media_type: &str, content: &[u8]) -> Value {
        let digest = Digest::of(content);
        self.0.insert(digest, content.to_vec());
        json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
    }

    /// The descriptor of a manifest with one layer, made with these media types.
    fn manifest(&mut self, config_type: &str, layer_type: &str, seed: &str) -> Value {
        let layer = self.put(layer_type, seed.as_bytes());
        let config =
            json!({ "architecture": "amd64", "os": "linux", "rootfs": { "diff_ids": [layer["digest"]] } });
        let config = self.put(config_type, config.to_string().as_bytes());
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
        self.put(MANIFEST, manifest.to_string().as_bytes())
    }

    fn index(&mut self, manifests: &[Value]) -> Value {
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.put(INDEX, index.to_string().as_bytes())
    }

    fn read(&mut self, target: &Value, name: &str) -> Image {
        let target = Descriptor {
            media_type: target["mediaType"].as_str().unwrap().to_owned(),
            digest: digest(target),
            size: target["size"].as_u64().unwrap(),
        };
        let names = vec![Name::qualified(name).unwrap()];
        ImageReader::new(&Ctx::new()).read_target(self, &target, names).unwrap()
    }
}

fn digest(descriptor: &Value) -> Digest {
    descriptor["digest"].as_str().unwrap().parse().unwrap()
}

/// The descriptor, listed for a platform.
fn on(descriptor: &Value, platform: &str) -> Value {
    let (os, architecture) = platform.split_once('/').unwrap();
    let mut listed = descriptor.clone();
    listed["platform"] = json!({ "os": os, "architecture": architecture });
    listed
}

/// As `BuildKit` lists an attestation of `subject`.
fn attestation(descriptor: &Value, platform: &str, subject: &Value) -> Value {
    let mut listed = on(descriptor, platform);
    listed["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject["digest"],
    });
    listed
}

#[test]
fn all_that_an_index_lists_must_be_signed_but_for_attestations_of_what_is() {
    let mut shelf = Shelf::default();
    let good = shelf.manifest(CONFIG, LAYER, "good");
    let evil = shelf.manifest(CONFIG, LAYER, "evil");
    let odd = shelf.manifest("application/vnd.unknown.config.v1+json", LAYER, "odd");
    let about = shelf.manifest(CONFIG, "application/vnd.in-toto+json", "about");
    let gone = json!({ "mediaType": MANIFEST, "digest": Digest::of(b"gone"), "size": 4 });
    let mut plain = attestation(&about, "unknown/unknown", &good);
    plain["annotations"]["vnd.docker.reference.type"] = "other".into();
    let (inner_good, inner_odd) =
        (shelf.index(&[on(&good, "linux/amd64")]), shelf.index(&[on(&odd, "linux/amd64")]));
    let good_there = on(&good, "linux/s390x");
    for (what, listed, expected) in [
        ("alone", vec![], true),
        ("a stranger's", vec![on(&evil, "linux/amd64")], false),
        ("of an unknown type", vec![on(&odd, "linux/amd64")], false),
        ("without a platform", vec![odd.clone()], false),
        ("absent", vec![on(&gone, "linux/amd64")], false),
        ("an attestation", vec![attestation(&about, "unknown/unknown", &good)], true),
        ("an absent attestation", vec![attestation(&gone, "unknown/unknown", &good)], true),
        ("an attestation of a stranger's", vec![attestation(&about, "unknown/unknown", &evil)], false),
        ("an attestation with a platform", vec![attestation(&about, "linux/amd64", &good)], false),
        ("a platform that is not quite unknown", vec![attestation(&odd, "Unknown/unknown", &good)], false),
        ("unknown and no attestation", vec![on(&odd, "unknown/unknown")], false),
        ("unknown and about something else", vec![plain], false),
        ("an image that is called an attestation", vec![attestation(&evil, "unknown/unknown", &good)], false),
        ("both", vec![attestation(&about, "unknown/unknown", &good), on(&about, "linux/amd64")], false),
        ("an index of the same", vec![inner_good.clone()], true),
        ("an index of a stranger's", vec![inner_odd.clone()], false),
        (
            "an index that is called an attestation",
            vec![attestation(&inner_odd, "unknown/unknown", &good)],
            false,
        ),
    ] {
        let index = shelf.index(&[vec![good_there.clone()], listed].concat());
        let image = shelf.read(&index, "r.cn/app:1");
        let vouched = |signed| Vouched::made(&[("acme", signed)], &[&image]);
        let acme = ["acme".to_owned()];
        assert_eq!(vouched(digest(&good)).by(&acme).covers(&image), expected, "{what}");
        assert!(vouched(digest(&index)).by(&acme).covers(&image), "{what}: the index is signed");
        assert!(!vouched(digest(&index)).by(&["audit".to_owned()]).covers(&image), "{what}");
    }
    // A signature of an index in the index covers what that lists, and no more.
    let outer = shelf.index(std::slice::from_ref(&inner_odd));
    let image = shelf.read(&outer, "r.cn/app:1");
    assert!(Vouched::made(&[("acme", digest(&inner_odd))], &[&image]).by(&["acme".into()]).covers(&image));
    let outer = shelf.index(&[inner_odd.clone(), on(&evil, "linux/amd64")]);
    let image = shelf.read(&outer, "r.cn/app:1");
    assert!(!Vouched::made(&[("acme", digest(&inner_odd))], &[&image]).by(&["acme".into()]).covers(&image));
}

#[test]
fn an_artifact_is_tied_by_its_tag_alone_and_an_image_never() {
    let mut shelf = Shelf::default();
    let (good, evil) = (shelf.manifest(CONFIG, LAYER, "good"), shelf.manifest(CONFIG, LAYER, "evil"));
    let odd = shelf.manifest("application/vnd.unknown.config.v1+json", LAYER, "odd");
    let tag = |subject: &Value, end: &str| format!("r.cn/app:sha256-{}{end}", digest(subject).hex());
    let app = shelf.read(&good, "r.cn/app:1");
    let sbom = shelf.read(&odd, &tag(&good, ".sbom"));
    let of_sbom = shelf.manifest("application/vnd.unknown.config.v1+json", LAYER, "of the SBOM");
    let of_sbom = shelf.read(&of_sbom, &tag(&odd, ".sig"));
    let disguised = shelf.read(&evil, &tag(&good, ".sig"));
    let vouched = Vouched::made(&[("acme", digest(&good))], &[&app, &sbom, &of_sbom, &disguised]);
    let ties = |image: &Image, name: &str, vendor: &str| {
        vouched.by(&[vendor.to_owned()]).ties(image, &Name::qualified(name).unwrap())
    };
    assert!(ties(&sbom, sbom.names[0].as_str(), "acme") && ties(&of_sbom, of_sbom.names[0].as_str(), "acme"));
    assert!(!ties(&sbom, sbom.names[0].as_str(), "audit"));
    assert!(!ties(&sbom, "r.cn/app:2", "acme"), "under another name it is something to run");
    assert!(!ties(&sbom, &tag(&evil, ".sbom"), "acme"));
    assert!(!ties(&disguised, disguised.names[0].as_str(), "acme"));
    let by_acme = vouched.by(&["acme".to_owned()]);
    assert!(by_acme.covers(&app) && !by_acme.covers(&sbom) && !by_acme.covers(&disguised));
}

#[test]
fn a_walk_ends_when_its_job_is_cancelled() {
    let mut shelf = Shelf::default();
    let good = shelf.manifest(CONFIG, LAYER, "good");
    let index = shelf.index(&[on(&good, "linux/amd64")]);
    let image = shelf.read(&index, "r.cn/app:1");
    let ctx = Ctx::new();
    ctx.cancel();
    let read = ImageReader::new(&ctx).read_target(&mut shelf, &image.target, Vec::new());
    assert_eq!(read.unwrap_err().code(), Code::Cancelled);
    let about = shelf.manifest(CONFIG, "application/vnd.dsse.envelope.v1+json", "{}");
    let about = shelf.read(&about, "r.cn/app:1");
    let read = Vouched::read(&ctx, &mut shelf, &[&image, &about], &TrustStore::default());
    assert_eq!(read.unwrap_err().code(), Code::Cancelled);
}
