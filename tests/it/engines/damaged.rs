//! A damaged bundle on its way into engines: its blobs are checked while they are sent, and nothing is shown.

use std::{
    collections::BTreeSet,
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{
    containerd_engine::Containerd,
    docker_engine::Docker,
    podman_engine::Podman,
    sample::{APP, BASE, sample},
    text,
};
use crate::support::{Scratch, Sealift};

fn packed(sealift: &Sealift, dir: &Scratch) -> PathBuf {
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample().archive)], &bundle, &[]);
    bundle
}

/// Flips bits among the layers; a second time sets them right.
fn flip(bundle: &Path) {
    let file = File::options().read(true).write(true).open(bundle).unwrap();
    let len = file.metadata().unwrap().len();
    for place in (8..14).map(|twentieth| len * twentieth / 20) {
        let mut byte = [0];
        file.read_exact_at(&mut byte, place).unwrap();
        file.write_all_at(&[byte[0] ^ 1], place).unwrap();
    }
}

/// Restores the damaged bundle, and the whole one after it.
#[track_caller]
fn shows_nothing_until_it_is_whole<T: PartialEq + std::fmt::Debug>(
    (sealift, bundle, dest): (&Sealift, &Path, &str),
    options: &[&str],
    images: impl Fn() -> T,
) {
    let before = images();
    flip(bundle);
    let (status, error) = sealift.refused(bundle, dest, options);
    assert_eq!((status, error["code"].as_str()), (Some(3), Some("INTEGRITY-01")), "{error}");
    assert!(error["facts"]["image"].as_str().is_some_and(|image| image.contains(BASE)), "{error}");
    assert_eq!(images(), before);
    flip(bundle);
    sealift.restore(bundle, dest, options);
    assert_ne!(images(), before);
}

#[test]
fn docker_shows_nothing_of_it_and_keeps_its_tags() {
    let (dir, docker) = (Scratch::new(), Docker::start());
    let sealift = Sealift::new(&dir).with_env("DOCKER_HOST", docker.host());
    let bundle = packed(&sealift, &dir);
    let to_docker = (&sealift, bundle.as_path(), "docker-daemon:");
    shows_nothing_until_it_is_whole(to_docker, &[], || docker.images());

    // Another image under the name of one that is to come.
    let ids: BTreeSet<String> = docker.images().into_iter().map(|(_, id)| id).collect();
    docker.run(["rmi", "--force"].into_iter().chain(ids.iter().map(String::as_str)));
    let empty = dir.join("empty.tar");
    File::create_new(&empty).unwrap().set_len(1024).unwrap();
    docker.run(["import", text(&empty), APP]);
    shows_nothing_until_it_is_whole(to_docker, &["--tags", "backup"], || docker.images());
}

#[test]
fn podman_shows_nothing_of_it() {
    for by_service in [false, true] {
        let (dir, podman) = (Scratch::new(), Podman::new());
        let service = by_service.then(|| podman.serve());
        let sealift = podman.environment(Sealift::new(&dir));
        let sealift = match &service {
            Some(service) => sealift.with_env("CONTAINER_HOST", service.address()),
            None => sealift,
        };
        let bundle = packed(&sealift, &dir);
        shows_nothing_until_it_is_whole((&sealift, &bundle, "containers-storage:"), &[], || podman.images());
    }
}

#[test]
fn containerd_shows_nothing_of_it() {
    let (dir, containerd) = (Scratch::new(), Containerd::start());
    let sealift = containerd.environment(Sealift::new(&dir));
    let bundle = packed(&sealift, &dir);
    shows_nothing_until_it_is_whole((&sealift, &bundle, "containerd:"), &[], || containerd.images());
}
