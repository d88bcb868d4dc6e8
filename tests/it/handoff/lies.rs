//! Sticks that claim to have what they have not: other bytes when they are really read, or none.

use std::{fs, path::PathBuf, process::Stdio};

use serde_json::Value;

use super::{bundle, command, failed, handed, stick::Stick};
use crate::support::{Scratch, Tool, names, run, wait_for};

/// A medium that gives back another byte than the cache holds: only reads with `O_DIRECT` see it.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
ssize_t pread64(int fd, void *buf, size_t len, off64_t at) {
    ssize_t (*real)(int, void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pread64");
    ssize_t got = real(fd, buf, len, at);
    const off64_t bad = 9 << 20;
    if (got > 0 && (fcntl(fd, F_GETFL) & O_DIRECT) && at <= bad && bad < at + got)
        ((unsigned char *)buf)[bad - at] ^= 1;
    return got;
}
"#;

pub(super) fn shim(dir: &Scratch) -> PathBuf {
    let source = dir.write("shim.c", SHIM);
    let library = dir.join("shim.so");
    run(Tool::new("cc", "gcc")
        .command()
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl"));
    library
}

#[test]
fn a_cache_that_hides_a_bad_byte_is_not_believed() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let shim = shim(&dir);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let output = command(&bundle).arg("--to").arg(&folder).env("LD_PRELOAD", &shim).output().unwrap();
    assert_eq!(failed(&output), ("HANDOFF-01".into(), Some(3)));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["error"]["facts"]["record"], "8", "{answer}");
    assert!(answer["error"]["hint"].as_str().unwrap().contains("fake"), "{answer}");
    assert_eq!(names(&folder), Vec::<String>::new());
    handed(&bundle, &folder, &[]);
    // The cache still says that all is well; what is kept is looked at all the same.
    let output = command(&bundle).arg("--to").arg(&folder).env("LD_PRELOAD", &shim).output().unwrap();
    assert_eq!(failed(&output), ("HANDOFF-01".into(), Some(3)));
}

#[test]
fn a_stick_that_loses_what_was_written_is_found_out() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let stick = Stick::new(&dir, "ext4", 64);
    let partial = stick.point.join("a.sealift.sealift-copy");
    let mut child = command(&bundle).arg("--to").arg(&stick.point).stdout(Stdio::piped()).spawn().unwrap();
    let len = fs::metadata(&bundle).unwrap().len();
    // Nearly all is written; the rest of the run begins only after the fake has forgotten its upper half.
    wait_for(&partial, len - (2 << 20), &mut child);
    run(Tool::new("kill", "procps").command().args(["-STOP", &child.id().to_string()]));
    run(Tool::new("sync", "coreutils").command().arg("-f").arg(&partial));
    let image = fs::OpenOptions::new().write(true).open(stick.image()).unwrap();
    image.set_len(16 << 20).unwrap();
    image.set_len(64 << 20).unwrap();
    run(Tool::new("kill", "procps").command().args(["-CONT", &child.id().to_string()]));
    let output = child.wait_with_output().unwrap();
    assert_eq!(failed(&output), ("HANDOFF-01".into(), Some(3)));
    assert!(!stick.point.join("a.sealift").exists());
}
