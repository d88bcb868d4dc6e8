//! Docker with the containerd image store: manifests and digests survive, and what it does not say is found.

use std::{collections::BTreeMap, io::Write, os::unix::fs::FileExt};

use serde_json::{Value, json};

use super::docker_29_engine::{Docker29, Loading};
use crate::{
    registry::noise,
    support::{Scratch, Sealift, Tar, blob, config, digest},
};

const DOCKER: &str = "docker-daemon:";
const NAME: &str = "registry.local/team/app:1.4";
const SECOND: &str = "registry.local/team/app:stable";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An archive as such a Docker saves it: an image for two platforms whose attestation is not there, with gzip layers.
struct Saved {
    archive: Vec<u8>,
    /// Digest of the index.
    target: String,
    /// Everything that must survive byte for byte.
    blobs: Vec<Vec<u8>>,
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain).unwrap();
    gzip.finish().unwrap()
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

fn saved(names: &[&str]) -> Saved {
    let (mut blobs, mut entries, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for architecture in ["amd64", "arm64"] {
        let layers = [noise(4 << 20, 40), format!("a layer for {architecture}").into_bytes()];
        let diff_ids = layers.each_ref().map(|layer| digest(layer));
        let mut config = config(&[&diff_ids[0], &diff_ids[1]]);
        config["architecture"] = architecture.into();
        // Written as no serialiser of ours would write it.
        let config = format!("{config:#}\n").into_bytes();
        let layers = layers.map(|layer| gzip(&layer));
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": layers.each_ref().map(|layer| descriptor(kind, layer)),
        });
        let manifest = format!("{manifest:#}\n").into_bytes();
        let mut entry = descriptor(MANIFEST, &manifest);
        entry["platform"] = json!({ "os": "linux", "architecture": architecture });
        entries.push(entry);
        let path = |content: &[u8]| format!("blobs/sha256/{}", &digest(content)[7..]);
        if architecture == "amd64" {
            let layers = layers.each_ref().map(|layer| path(layer));
            items.push(json!({ "Config": path(&config), "RepoTags": names, "Layers": layers }));
        }
        blobs.extend(layers.into_iter().chain([config, manifest]));
    }
    let mut attestation = descriptor(MANIFEST, b"absent");
    attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    attestation["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": entries[0]["digest"],
    });
    entries.push(attestation);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    let index = format!("{index:#}\n").into_bytes();
    let named = |name: &&str| {
        let mut entry = descriptor(INDEX, &index);
        let (_, tag) = name.rsplit_once(':').unwrap();
        entry["annotations"] =
            json!({ "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag });
        entry
    };
    let top = json!({ "schemaVersion": 2, "manifests": names.iter().map(named).collect::<Vec<_>>() });
    let target = digest(&index);
    blobs.push(index);
    // The layer that both platforms share lies there once.
    blobs.sort();
    blobs.dedup();
    let tar =
        Tar::new().json("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" })).json("index.json", &top);
    let tar =
        blobs.iter().fold(tar.json("manifest.json", &Value::Array(items)), |tar, content| blob(tar, content));
    Saved { archive: tar.bytes(), target, blobs }
}

fn sealift(dir: &Scratch, docker: &Docker29) -> Sealift {
    Sealift::new(dir).with_env("DOCKER_HOST", docker.host())
}

#[test]
fn images_go_out_of_it_and_into_another_byte_for_byte_and_are_not_sent_twice() {
    let (dir, site, source) = (Scratch::new(), Scratch::new(), Docker29::start(Loading::Honest));
    let saved = saved(&[NAME, SECOND]);
    source.load(&saved.archive);
    let from = sealift(&dir, &source);
    let listed = from.images_in(DOCKER);
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].target.as_str(), listed[0].names.len()), (saved.target.as_str(), 2));

    let bundle = dir.join("a.sealift");
    from.pack([DOCKER], &bundle, &[]);
    from.verify(&bundle);
    let sealed = from.inspect(&bundle);
    assert_eq!(
        sealed.iter().map(|image| (&image.target, &image.names)).collect::<Vec<_>>(),
        [(&saved.target, &[NAME, SECOND].map(str::to_owned).into())]
    );

    let target = Docker29::start(Loading::Honest);
    let to = sealift(&site, &target);
    to.restore(&bundle, DOCKER, &[]);
    assert_eq!(
        target.names(),
        BTreeMap::from([NAME, SECOND].map(|name| (name.to_owned(), saved.target.clone())))
    );
    assert!(saved.blobs.iter().all(|content| target.has(content)));
    let again = to.restore(&bundle, DOCKER, &[]);
    assert_eq!((&again["num_blobs"], &again["written_bytes"]), (&0.into(), &0.into()), "{again}");
    assert_eq!(target.num_loads(), 1);
    // One more name is a load of its own, and one that is taken is not taken away.
    to.restore(&bundle, DOCKER, &["--image", NAME, "--rename", &format!("{NAME}=site.local/app:1")]);
    assert_eq!(target.names()["site.local/app:1"], saved.target);
    to.refused(&bundle, DOCKER, &["--image", "nothing:here"]);
}

#[test]
fn the_archive_it_saves_gives_the_same_images_as_the_engine_itself() {
    let (dir, docker) = (Scratch::new(), Docker29::start(Loading::Honest));
    let saved = saved(&[NAME]);
    docker.load(&saved.archive);
    let sealift = sealift(&dir, &docker);
    let (live, archived, archive) = (dir.join("live"), dir.join("archived"), dir.join("saved.tar"));
    std::fs::File::create_new(&archive).unwrap().write_all(&saved.archive).unwrap();
    sealift.pack([&format!("{DOCKER}{NAME}")[..]], &live, &[]);
    sealift.pack([archive.to_str().unwrap()], &archived, &[]);
    assert_eq!(sealift.inspect(&live), sealift.inspect(&archived));
    // Asked for by its ID, it has no name.
    let by_id = dir.join("by-id");
    sealift.pack([&format!("{DOCKER}{}", saved.target)[..]], &by_id, &[]);
    assert_eq!(sealift.inspect(&by_id)[0].target, saved.target);
}

#[test]
fn a_load_that_was_swallowed_or_not_unpacked_is_never_called_a_success() {
    let dir = Scratch::new();
    let archive = dir.join("saved.tar");
    std::fs::File::create_new(&archive).unwrap().write_all(&saved(&[NAME]).archive).unwrap();
    let bundle = dir.join("a.sealift");
    Sealift::new(&dir).pack([archive.to_str().unwrap()], &bundle, &[]);
    for (loading, status, code) in [(Loading::Swallows, 3, "ENGINE-05"), (Loading::CannotUnpack, 1, "IO-03")]
    {
        let (site, docker) = (Scratch::new(), Docker29::start(loading));
        let (found, error) = sealift(&site, &docker).refused(&bundle, DOCKER, &[]);
        assert_eq!((found, error["code"].as_str()), (Some(status), Some(code)), "{error}");
        assert_eq!(docker.num_loads(), 1);
    }
}

#[test]
fn a_restore_that_sends_nothing_needs_no_check_and_one_that_sends_checks_every_blob() {
    let dir = Scratch::new();
    let (archive, bundle) = (dir.join("saved.tar"), dir.join("a.sealift"));
    std::fs::File::create_new(&archive).unwrap().write_all(&saved(&[NAME]).archive).unwrap();
    let (full, empty) = (Docker29::start(Loading::Honest), Docker29::start(Loading::Honest));
    let to_full = sealift(&dir, &full);
    to_full.pack([archive.to_str().unwrap()], &bundle, &[]);
    to_full.restore(&bundle, DOCKER, &[]);
    // Damage in the middle of the layers.
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&bundle).unwrap();
    let (middle, mut byte) = (file.metadata().unwrap().len() / 2, [0]);
    file.read_exact_at(&mut byte, middle).unwrap();
    file.write_all_at(&[byte[0] ^ 1], middle).unwrap();

    let again = to_full.restore(&bundle, DOCKER, &[]);
    assert_eq!((&again["num_blobs"], &again["written_bytes"]), (&0.into(), &0.into()), "{again}");
    let rename = format!("{NAME}=site.local/app:1");
    let site = Scratch::new();
    for (sealift, options) in [(&to_full, &["--rename", &rename][..]), (&sealift(&site, &empty), &[])] {
        let (status, error) = sealift.refused(&bundle, DOCKER, options);
        assert_eq!((status, error["code"].as_str()), (Some(3), Some("INTEGRITY-01")), "{error}");
    }
    assert_eq!((full.num_loads(), empty.num_loads()), (1, 0), "none came to its end");
}
