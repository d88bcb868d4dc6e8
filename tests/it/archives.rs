//! The shapes that real programs write: which images, names and digests each gives, plain and compressed,
//! and that they come back the same.

use std::{collections::BTreeSet, fs, io::Write, path::Path};

use sealift::{Admission, Ctx, Existing, Image, KdfLevel, NoticeKind, PackOptions, Passphrase, Selection};
use serde_json::{Value, json};

use crate::support::{LAYER, Scratch, Tar, blob, config, digest, file_transports};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SECOND: &[u8] = b"another layer";

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

fn manifest(config: &[u8], layers: &[&[u8]]) -> String {
    let layers: Vec<Value> =
        layers.iter().map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer)).collect();
    let config = descriptor("application/vnd.oci.image.config.v1+json", config);
    json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers }).to_string()
}

fn named(media_type: &str, content: &[u8], annotations: &Value) -> Value {
    let mut entry = descriptor(media_type, content);
    entry["annotations"] = annotations.clone();
    entry
}

fn index_json(tar: Tar, entries: &[Value]) -> Tar {
    tar.json("index.json", &json!({ "schemaVersion": 2, "manifests": entries }))
        .file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

/// What an archive is expected to hold: names (none for an untagged image) and image ID.
type Expected<'a> = &'a [(&'a [&'a str], String)];

fn facts(images: &[Image]) -> BTreeSet<(Vec<String>, String, String)> {
    let of = |image: &Image| {
        let names = image.names.iter().map(ToString::to_string).collect();
        (names, image.target.digest.to_string(), image.manifests[0].config.digest.to_string())
    };
    images.iter().map(of).collect()
}

/// Lists `tar`, plain and compressed in each way, packs it, restores it to every kind and lists again.
/// Returns the images and what was noticed.
#[track_caller]
fn check(tar: Tar, expected: Expected<'_>) -> (Vec<Image>, Vec<NoticeKind>) {
    let dir = Scratch::new();
    let plain = tar.bytes();
    let path = dir.join("plain");
    write(&path, &plain);
    let ctx = Ctx::new();
    let spec = path.to_str().unwrap().parse().unwrap();
    let plan = sealift::plan_pack(&ctx, std::slice::from_ref(&spec), &[]).unwrap();
    let images = plan.images().to_vec();
    let notices: Vec<NoticeKind> = ctx.take_notices().into_iter().map(|notice| notice.kind).collect();
    let listed: BTreeSet<(Vec<String>, String)> =
        facts(&images).into_iter().map(|(names, _, id)| (names, id)).collect();
    let wanted =
        expected.iter().map(|(names, id)| (names.iter().map(ToString::to_string).collect(), id.clone()));
    assert_eq!(listed, wanted.collect());

    for (name, compressed) in compressions(&plain) {
        let path = dir.join(name);
        write(&path, &compressed);
        let again = sealift::list(&ctx, &path.to_str().unwrap().parse().unwrap()).unwrap();
        assert_eq!(again, images, "{name}");
    }

    let (bundle, passphrase) = (dir.join("a.sealift"), Passphrase::new(b"p".to_vec()).unwrap());
    let options = PackOptions { kdf: KdfLevel::Low, ..PackOptions::default() };
    sealift::pack(&ctx, &plan, &bundle, &passphrase, &options).unwrap();
    let unlocked = sealift::inspect(&bundle).unwrap().unlock(&ctx, &passphrase).unwrap();
    assert_eq!(facts(unlocked.contents().images), facts(&images), "in the bundle");
    let verified = unlocked.verify(&ctx).unwrap().1.expect("nothing is damaged");
    for transport in file_transports() {
        let dest = format!("{transport}:{}", dir.join(transport).display());
        let plan = sealift::plan_restore(
            &ctx,
            &verified,
            &Admission::unruled(),
            &dest.parse().unwrap(),
            &Selection::default(),
        )
        .unwrap();
        sealift::restore(&ctx, &verified, &plan, Existing::Keep).unwrap();
        let back = sealift::list(&ctx, &dest.parse().unwrap()).unwrap();
        assert_eq!(facts(&back).len(), facts(&images).len(), "{transport}");
        if transport == "oci" {
            assert_eq!(facts(&back), facts(&images), "digest for digest, name for name");
        }
    }
    (images, notices)
}

fn compressions(plain: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(plain).unwrap();
    [
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::bulk::compress(plain, 1).unwrap()),
        ("xz", xz.finish().unwrap()),
    ]
}

#[test]
fn docker_24_with_links_several_tags_and_an_untagged_image() {
    let (one, two) = (config(&[&digest(LAYER)]), config(&[&digest(LAYER), &digest(SECOND), &digest(LAYER)]));
    let tar = Tar::new()
        .file("a/layer.tar", LAYER)
        .file("b/layer.tar", SECOND)
        .link("c/layer.tar", "../a/layer.tar")
        .json("one.json", &one)
        .json("two.json", &two)
        .json("repositories", &json!({ "vendor/app": { "1": "a" } }))
        .json(
            "manifest.json",
            &json!([
                { "Config": "one.json", "RepoTags": ["vendor/app:1", "registry.local:5000/app:1"], "Layers": ["a/layer.tar"] },
                { "Config": "two.json", "RepoTags": null, "Layers": ["a/layer.tar", "", "b/layer.tar", "c/layer.tar"] },
            ]),
        );
    let (one, two) = (digest(one.to_string().as_bytes()), digest(two.to_string().as_bytes()));
    let (images, notices) =
        check(tar, &[(&["docker.io/vendor/app:1", "registry.local:5000/app:1"], one), (&[], two)]);
    assert!(images.iter().all(|image| image.synthesized));
    assert_eq!(notices, [NoticeKind::Untagged]);
}

/// An archive of Docker ≥ 25: an OCI layout with `manifest.json` beside it.
fn docker_25(layers_in_manifest: &[&[u8]]) -> (Tar, String, String) {
    let config = config(&[&digest(LAYER), &digest(SECOND)]).to_string();
    let manifest = manifest(config.as_bytes(), layers_in_manifest);
    let path = |content: &[u8]| format!("blobs/sha256/{}", &digest(content)[7..]);
    let tar = blob(blob(blob(blob(Tar::new(), LAYER), SECOND), config.as_bytes()), manifest.as_bytes());
    let annotations = json!({ "io.containerd.image.name": "docker.io/vendor/app:2", "org.opencontainers.image.ref.name": "2" });
    let tar = index_json(tar, &[named(MANIFEST, manifest.as_bytes(), &annotations)]).json(
        "manifest.json",
        &json!([{ "Config": path(config.as_bytes()), "RepoTags": ["vendor/app:2"], "Layers": [path(LAYER), path(SECOND)] }]),
    );
    (tar, digest(config.as_bytes()), digest(manifest.as_bytes()))
}

#[test]
fn docker_25_keeps_its_manifest_digest() {
    let (tar, id, manifest) = docker_25(&[LAYER, SECOND]);
    let (images, notices) = check(tar, &[(&["docker.io/vendor/app:2"], id)]);
    assert_eq!((images[0].target.digest.to_string(), images[0].synthesized), (manifest, false));
    assert_eq!(notices, []);
}

#[test]
fn docker_25_0_0_with_layers_in_the_wrong_order_is_rebuilt_from_the_config() {
    let (tar, id, wrong) = docker_25(&[SECOND, LAYER]);
    let (images, notices) = check(tar, &[(&["docker.io/vendor/app:2"], id)]);
    assert_eq!(notices, [NoticeKind::LayerOrderRebuilt]);
    assert_ne!(images[0].target.digest.to_string(), wrong);
    let layers: Vec<String> =
        images[0].manifests[0].layers.iter().map(|layer| layer.blob.digest.to_string()).collect();
    assert_eq!(layers, [digest(LAYER), digest(SECOND)]);
}

#[test]
fn builders_that_keep_layers_compressed_keep_both_digests() {
    let gzip = compressions(LAYER)[0].1.clone();
    let config = config(&[&digest(LAYER)]).to_string();
    let (config_name, layer_name) = (digest(config.as_bytes()), format!("{}.tar.gz", &digest(&gzip)[7..]));
    let tar = Tar::new().file(&config_name, config.as_bytes()).file(&layer_name, &gzip).json(
        "manifest.json",
        &json!([{ "Config": config_name, "RepoTags": ["quay.io/a/b:3"], "Layers": [layer_name] }]),
    );
    let (images, _) = check(tar, &[(&["quay.io/a/b:3"], config_name)]);
    let layer = &images[0].manifests[0].layers[0];
    assert_eq!(
        (layer.blob.digest.to_string(), layer.diff_id.unwrap().to_string()),
        (digest(&gzip), digest(LAYER))
    );
    assert!(layer.blob.media_type.ends_with("+gzip"));
}

#[test]
fn a_layout_that_only_says_latest_keeps_that_word() {
    let config = config(&[&digest(LAYER)]).to_string();
    let manifest = manifest(config.as_bytes(), &[LAYER]);
    let tar = blob(blob(blob(Tar::new(), LAYER), config.as_bytes()), manifest.as_bytes());
    let latest = json!({ "org.opencontainers.image.ref.name": "latest" });
    let tar = index_json(tar, &[named(MANIFEST, manifest.as_bytes(), &latest)]);
    check(tar, &[(&["latest"], digest(config.as_bytes()))]);
}

#[test]
fn an_index_with_absent_platforms_and_attestations_is_kept_byte_for_byte() {
    let config = config(&[&digest(LAYER)]).to_string();
    let here = manifest(config.as_bytes(), &[LAYER]);
    let mut attestation = named(
        MANIFEST,
        b"gone too",
        &json!({ "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest(here.as_bytes()) }),
    );
    attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    // A platform whose manifest came along without its layers.
    let hollow = manifest(b"{}", &[b"not here"]);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [
        descriptor(MANIFEST, here.as_bytes()), descriptor(MANIFEST, b"gone"), attestation, descriptor(MANIFEST, hollow.as_bytes()),
    ] })
    .to_string();
    let nested =
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(INDEX, index.as_bytes())] })
            .to_string();
    for (target, num_indexes) in [(&index, 1), (&nested, 2)] {
        let mut tar = Tar::new();
        for content in [
            LAYER,
            config.as_bytes(),
            here.as_bytes(),
            hollow.as_bytes(),
            index.as_bytes(),
            nested.as_bytes(),
        ] {
            tar = blob(tar, content);
        }
        let full = json!({ "io.containerd.image.name": "docker.io/vendor/app:4", "org.opencontainers.image.ref.name": "4" });
        let tar = index_json(tar, &[named(INDEX, target.as_bytes(), &full)]);
        let (images, notices) = check(tar, &[(&["docker.io/vendor/app:4"], digest(config.as_bytes()))]);
        assert_eq!(images[0].target.digest.to_string(), digest(target.as_bytes()));
        assert_eq!(
            (images[0].indexes.len(), images[0].manifests.len(), images[0].absent.len()),
            (num_indexes, 1, 3)
        );
        assert_eq!(notices, [NoticeKind::PartsAbsent]);
    }
}

#[test]
fn a_foreign_layer_is_named_and_never_fetched() {
    let config = config(&[&digest(b"theirs"), &digest(LAYER)]).to_string();
    let mut text: Value = serde_json::from_str(&manifest(config.as_bytes(), &[b"theirs", LAYER])).unwrap();
    text["layers"][0]["mediaType"] = json!("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    text["layers"][0]["urls"] = json!(["https://example.com/layer"]);
    let text = text.to_string();
    let tar = blob(blob(blob(Tar::new(), LAYER), config.as_bytes()), text.as_bytes());
    let name = json!({ "org.opencontainers.image.ref.name": "example.com/windows:1" });
    let tar = index_json(tar, &[named(MANIFEST, text.as_bytes(), &name)]);
    let dir = Scratch::new();
    write(&dir.join("a.tar"), &tar.bytes());
    let ctx = Ctx::new();
    let images = sealift::list(&ctx, &dir.join("a.tar").to_str().unwrap().parse().unwrap()).unwrap();
    assert_eq!(images[0].absent.len(), 1);
    assert_eq!(ctx.take_notices()[0].kind, NoticeKind::ForeignLayer);
}

#[test]
fn one_platform_of_several_can_be_packed_alone() {
    let mut tar = blob(Tar::new(), LAYER);
    let mut entries = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let mut config = config(&[&digest(LAYER)]);
        config["architecture"] = json!(architecture);
        let config = config.to_string();
        let manifest = manifest(config.as_bytes(), &[LAYER]);
        tar = blob(blob(tar, config.as_bytes()), manifest.as_bytes());
        entries.push(descriptor(MANIFEST, manifest.as_bytes()));
    }
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string();
    let name = json!({ "org.opencontainers.image.ref.name": "vendor/app:5" });
    let tar = index_json(blob(tar, index.as_bytes()), &[named(INDEX, index.as_bytes(), &name)]);
    let dir = Scratch::new();
    write(&dir.join("a.tar"), &tar.bytes());
    let ctx = Ctx::new();
    let spec = dir.join("a.tar").to_str().unwrap().parse().unwrap();
    let arm = sealift::Platform::parse("linux/arm64").unwrap();
    let plan = sealift::plan_pack(&ctx, &[spec], &[arm]).unwrap();
    let platforms: Vec<String> = plan.images()[0].platforms().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/arm64"]);
    assert_eq!(
        plan.images()[0].target.digest.to_string(),
        digest(index.as_bytes()),
        "the index stays as it is"
    );
}
