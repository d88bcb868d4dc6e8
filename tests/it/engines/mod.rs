//! Real engines before and after the program: what users have, and what they get on the other side.
//!
//! Every test starts its own engines with their own storage, so nothing of the machine's is touched and an
//! empty engine is truly empty. That needs root and the Debian packages that a failing test names.
#![cfg(target_os = "linux")]

mod base_image;
mod compressed;
mod containerd;
mod containerd_engine;
mod containerd_live;
mod damaged;
mod docker;
mod docker_29;
mod docker_29_engine;
mod docker_engine;
mod docker_live;
mod docker_ssh;
mod docker_store;
mod full_disk;
mod killed;
mod podman;
mod podman_engine;
mod podman_live;
mod sample;
mod skopeo;

pub(crate) use base_image::base_root;
pub(crate) use containerd_engine::Containerd;
pub(crate) use docker_engine::Docker;
pub(crate) use podman_engine::Podman;

use std::path::{Path, PathBuf};

use crate::support::{Listed, Scratch, Sealift};

/// What came over: the restored archive and what it holds.
struct Carried {
    archive: PathBuf,
    images: Vec<Listed>,
}

/// Seals `archive`, checks the bundle with and without its key, and restores it as a docker-archive.
#[track_caller]
fn carry(dir: &Scratch, archive: &Path) -> Carried {
    let sealift = Sealift::new(dir);
    let (bundle, restored) = (dir.join("carried.sealift"), dir.join("restored.tar"));
    sealift.pack([text(archive)], &bundle, &[]);
    sealift.verify(&bundle);
    sealift.restore(&bundle, &format!("docker-archive:{}", text(&restored)), &[]);
    Carried { archive: restored, images: sealift.inspect(&bundle) }
}

/// A path as an argument.
fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Engines mount, so they start only as root.
fn assert_root() {
    let user = rustix::process::geteuid();
    assert!(user.is_root(), "tests with engines must be run by root, not by user {}", user.as_raw());
}
