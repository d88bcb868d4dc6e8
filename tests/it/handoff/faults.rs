//! Every write and every flush fails once. Nothing is left that could be taken for a bundle.

use std::{fs, path::Path, process::Output};

use super::{assert_same, bundle, failed, handed};
use crate::support::{Scratch, Sealift, Tool, names, run};

const STRACE: Tool = Tool::new("strace", "strace");

/// A handoff in which one call of `syscall` fails.
fn with_fault(bundle: &Path, folder: &Path, syscall: &str, error: &str, when: u32) -> Output {
    let inject = format!("inject={syscall}:error={error}:when={when}");
    let mut command = STRACE.command();
    command.args(["-f", "-qq", "-o", "/dev/null"]);
    if syscall == "write" {
        // Only those to the stick: the answer is written as well.
        for name in ["a.sealift.partial", "a.sealift.0002.partial", "a.sealift.0003.partial"] {
            command.arg("-P").arg(folder.join(name));
        }
    }
    command.args(["-e", &inject]).arg(env!("CARGO_BIN_EXE_sealift"));
    command
        .args(["handoff", "--json", "--progress", "none"])
        .arg(bundle)
        .arg("--to")
        .arg(folder)
        .output()
        .unwrap()
}

/// Each call in turn fails with EIO, until a run makes fewer calls and succeeds.
fn fail_each(syscall: &str, at_least: u32, most: u32) {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("12MiB"));
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    for when in 1..=most {
        let output = with_fault(&bundle, &folder, syscall, "EIO", when);
        if output.status.success() {
            assert!(when > at_least, "{syscall} was called {} times only", when - 1);
            assert_same(bundle.parent().unwrap(), &folder);
            return;
        }
        assert_eq!(failed(&output), ("IO-02".into(), Some(1)), "{syscall} {when}");
        // A folder's flush may fail behind the last rename: then the bundle is whole.
        if folder.join("a.sealift").exists() {
            run(Sealift::command(["verify"]).arg(folder.join("a.sealift")));
        }
        let left: Vec<String> =
            names(&folder).into_iter().filter(|name| name.ends_with(".partial")).collect();
        assert_eq!(left, Vec::<String>::new(), "{syscall} {when}");
        // What has its name was flushed and read back, and the next run would keep it.
        names(&folder).iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    }
    panic!("more than {most} calls of {syscall}");
}

#[test]
fn every_failing_fsync_is_an_error_and_leaves_no_false_copy() {
    fail_each("fsync", 5, 20);
}

#[test]
fn every_failing_write_is_an_error_and_leaves_no_false_copy() {
    fail_each("write", 30, 60);
}

#[test]
fn a_failing_flush_behind_is_an_error_and_leaves_no_false_copy() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let output = with_fault(&bundle, &folder, "fdatasync", "EIO", 1);
    assert_eq!(failed(&output), ("IO-02".into(), Some(1)));
    assert_eq!(names(&folder), Vec::<String>::new());
    assert!(with_fault(&bundle, &folder, "fdatasync", "EIO", 3).status.success());
    assert_same(bundle.parent().unwrap(), &folder);
}

#[test]
fn a_stick_that_fills_up_meanwhile_is_said_and_nothing_is_left() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let output = with_fault(&bundle, &folder, "write", "ENOSPC", 20);
    assert_eq!(failed(&output), ("IO-03".into(), Some(1)));
    assert_eq!(names(&folder), Vec::<String>::new());
    handed(&bundle, &folder, &[]);
}
