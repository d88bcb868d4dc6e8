//! A Docker whose disk is too small: it answers a load that fails with HTTP 200, and says so in the body at best.

use super::{
    docker_engine::Docker,
    sample::{APP, BASE, sample},
    text,
};
use crate::support::{Scratch, Sealift};

const DOCKER: &str = "docker-daemon:";

#[test]
fn too_little_room_for_the_archive_and_what_it_becomes_is_told_before_anything_is_sent() {
    let (dir, docker) = (Scratch::new(), Docker::start_on_small_disk(120, 20_000));
    let sealift = Sealift::new(&dir).with_env("DOCKER_HOST", docker.host());
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample().archive)], &bundle, &[]);
    let (status, error) = sealift.refused(&bundle, DOCKER, &["--image", BASE]);
    assert_eq!((status, error["code"].as_str()), (Some(1), Some("IO-07")), "{error}");
    assert!(docker.images().is_empty());
}

#[test]
fn a_disk_that_fills_up_while_docker_unpacks_is_told_and_nothing_is_called_restored() {
    // Room enough, but not for so many files.
    let (dir, docker) = (Scratch::new(), Docker::start_on_small_disk(400, 600));
    let sealift = Sealift::new(&dir).with_env("DOCKER_HOST", docker.host());
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample().archive)], &bundle, &[]);
    for images in [&["--image", BASE][..], &["--image", APP]] {
        let (status, error) = sealift.refused(&bundle, DOCKER, images);
        assert_eq!((status, error["code"].as_str()), (Some(1), Some("IO-03")), "{error}");
        assert!(
            error.to_string().contains("no space left") && error.to_string().contains(&docker.host()),
            "{error}"
        );
        assert!(docker.images().is_empty());
    }
}
