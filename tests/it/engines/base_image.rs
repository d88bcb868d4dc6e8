//! The root of a small Debian, which the images of these tests are built on.
//!
//! Made once and kept in `target/test-cache/`, behind a lock: tests run in threads, or in processes.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use super::assert_root;
use crate::support::{Scratch, Tool, run};

const DEBOOTSTRAP: Tool = Tool::new("debootstrap", "debootstrap");
const TAR: Tool = Tool::new("tar", "tar");

/// A tar of the root; it is not to be changed.
pub(super) fn base_root() -> PathBuf {
    assert_root();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("test-cache");
    fs::create_dir_all(&cache).unwrap();
    let lock = cache.join("lock");
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock).unwrap();
    lock.lock().unwrap();

    let cached = cache.join("bookworm.tar");
    if !cached.exists() {
        // A run that is broken off must leave no half file under the final name.
        let partial = tempfile::Builder::new().tempfile_in(&cache).unwrap().into_temp_path();
        make(&partial);
        partial.persist(&cached).unwrap();
    }
    cached
}

fn make(tar: &Path) {
    let dir = Scratch::new();
    let root = dir.join("root");
    run(DEBOOTSTRAP.command().args(["--variant=minbase", "bookworm"]).arg(&root));
    // What no container needs and only costs time: package files and lists, texts, devices.
    let omitted = ["dev", "proc", "sys", "var/cache/apt", "var/lib/apt/lists"].into_iter();
    let omitted = omitted.chain(["usr/share/doc", "usr/share/locale", "usr/share/man"]);
    let omitted = omitted.map(|dir| format!("--exclude=./{dir}/*"));
    run(TAR.command().arg("-C").arg(&root).arg("--numeric-owner").args(omitted).arg("-cf").arg(tar).arg("."));
}
