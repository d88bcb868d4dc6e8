//! Docker on both sides.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::Path,
};

use super::{
    base_image::base_root,
    carry,
    docker_engine::Docker,
    sample::{
        APP, APP_SAYS, APP_SHORT, APP_STABLE, BASE, BASE_QUESTION, BASE_SAYS, UNTAGGED_SAYS, build_and_save,
        sample,
    },
    text,
};
use crate::support::{Scratch, Sealift};

#[test]
fn what_docker_saved_loads_into_an_empty_engine_with_the_same_ids_tags_and_content() {
    let dir = Scratch::new();
    let source = Docker::start();
    let sample = build_and_save(&source, &dir.join("saved.tar"));
    assert!(repeats_layers_as_links(&sample.archive));
    let (images, ids) = (source.images(), [&sample.base_id, &sample.app_id, &sample.untagged_id]);
    let facts = ids.map(|id| source.facts(id));
    drop(source);

    let listed = Sealift::images(text(&sample.archive)).into_iter().map(|image| (image.id, image.names));
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), sample.names_by_id());

    let sealift = Sealift::new(&dir);
    let (bundle, restored) = (dir.join("images.sealift"), dir.join("restored.tar"));
    let packed = sealift.pack([text(&sample.archive)], &bundle, &["--volume-size", "4MiB"]);
    assert!(packed["volumes"].as_array().unwrap().len() > 1, "{packed}");
    assert_eq!(sealift.verify(&bundle), packed["fingerprint"]);
    sealift.restore(&bundle, &format!("docker-archive:{}", text(&restored)), &[]);

    let target = Docker::start();
    assert_eq!(target.images(), BTreeSet::new());
    target.run(["load", "--input", text(&restored)]);
    assert_eq!(target.images(), images);
    assert_eq!(ids.map(|id| target.facts(id)), facts);
    assert_eq!(target.run_container(BASE, &BASE_QUESTION), BASE_SAYS);
    for name in [APP, APP_STABLE, APP_SHORT] {
        assert_eq!(target.run_container(name, &[]), APP_SAYS, "{name}");
    }
    assert_eq!(target.run_container(&sample.untagged_id, &[]), UNTAGGED_SAYS);
}

#[test]
fn a_selected_image_loads_alone_and_under_the_name_it_was_given() {
    let dir = Scratch::new();
    let sample = sample();
    let sealift = Sealift::new(&dir);
    let bundle = dir.join("images.sealift");
    sealift.pack([text(&sample.archive)], &bundle, &[]);

    let target = Docker::start();
    let mut expected = BTreeSet::new();
    for (given, new, id) in [
        // Untagged images are named by their ID.
        (sample.untagged_id.as_str(), "mirror.local/named:1", &sample.untagged_id),
        (APP_SHORT, "mirror.local/app:1.4", &sample.app_id),
    ] {
        let restored = dir.join("restored.tar");
        let rename = format!("{given}={new}");
        let options = ["--image", given, "--rename", &rename, "--force"];
        sealift.restore(&bundle, &format!("docker-archive:{}", text(&restored)), &options);
        target.run(["load", "--input", text(&restored)]);
        expected.insert((new.to_owned(), id.clone()));
        assert_eq!(target.images(), expected);
    }
}

#[test]
fn what_came_over_can_be_carried_on_without_a_change() {
    let dir = Scratch::new();
    let sample = sample();
    let first = carry(&dir, &sample.archive);
    let further = Scratch::new();
    let second = carry(&further, &first.archive);
    assert_eq!(second.images, first.images);
    // Not assert_eq: nobody wants to see two archives printed.
    assert!(fs::read(&second.archive).unwrap() == fs::read(&first.archive).unwrap());
}

/// Docker 24 and older repeat a layer as a link; newer ones write a layout, where a digest is all it takes.
fn repeats_layers_as_links(archive: &Path) -> bool {
    let mut archive = tar::Archive::new(File::open(archive).unwrap());
    let mut entries = archive.entries_with_seek().unwrap().map(Result::unwrap);
    entries.any(|entry| entry.header().entry_type().is_symlink() || &*entry.path_bytes() == b"oci-layout")
}

#[test]
fn an_exported_container_is_refused_as_what_it_is() {
    let dir = Scratch::new();
    let docker = Docker::start();
    docker.run(["import", text(&base_root()), BASE]);
    let container = docker.run(["create", BASE, "true"]);
    let exported = dir.join("exported.tar");
    docker.run(["export", "--output", text(&exported), container.trim()]);

    let output = Sealift::command(["images", text(&exported), "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["error"]["code"], "SOURCE-02", "{answer}");
}
