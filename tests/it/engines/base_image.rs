//! The root of a small Debian, which the images of these tests are built on.

use std::path::{Path, PathBuf};

use super::assert_root;
use crate::support::{Scratch, Tool, cached, run};

const DEBOOTSTRAP: Tool = Tool::new("debootstrap", "debootstrap");
const TAR: Tool = Tool::new("tar", "tar");

/// Debian's release.
const SUITE: &str = "bookworm";

/// What no container needs and only costs time: devices, package files and lists, texts.
const OMITTED: [&str; 8] = [
    "dev",
    "proc",
    "sys",
    "var/cache/apt",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
];

/// A tar of the root.
pub(crate) fn base_root() -> PathBuf {
    assert_root();
    cached(&format!("{SUITE}.tar"), make)
}

fn make(tar: &Path) {
    let dir = Scratch::new();
    let root = dir.join("root");
    run(DEBOOTSTRAP.command().args(["--variant=minbase", SUITE]).arg(&root));
    let omitted = OMITTED.map(|dir| format!("--exclude=./{dir}/*"));
    run(TAR.command().arg("-C").arg(&root).arg("--numeric-owner").args(omitted).arg("-cf").arg(tar).arg("."));
}
