//! Every write and every flush fails once. Nothing is left that could be taken for a bundle.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use super::{assert_same, bundle, failed, handed};
use crate::support::{Scratch, Sealift, Tool, names, run};

const STRACE: Tool = Tool::new("strace", "strace");

/// What a volume is called until it is whole.
const PARTIAL: [&str; 3] =
    ["a.sealift.sealift-copy", "a.sealift.0002.sealift-copy", "a.sealift.0003.sealift-copy"];

/// A handoff in which call number `when` of `syscall` fails, counted on each thread; of calls on `files`, if any.
fn with_fault(bundle: &Path, folder: &Path, files: &[&str], syscall: &str, error: &str, when: u32) -> Output {
    faulty(bundle, folder, files, &[(syscall, error, when)]).output().unwrap()
}

/// The same with a restore kit, and a write of `file` that fails.
pub(super) fn with_fault_and_kit(bundle: &Path, folder: &Path, file: &str, error: &str, when: u32) -> Output {
    faulty(bundle, folder, &[file], &[("write", error, when)]).arg("--kit").output().unwrap()
}

fn faulty(bundle: &Path, folder: &Path, files: &[&str], faults: &[(&str, &str, u32)]) -> Command {
    let mut command = STRACE.command();
    command.args(["-f", "-qq", "-o", "/dev/null"]);
    for name in files {
        command.arg("-P").arg(folder.join(name));
    }
    for (syscall, error, when) in faults {
        command.args(["-e", &format!("inject={syscall}:error={error}:when={when}")]);
    }
    command.arg(env!("CARGO_BIN_EXE_sealift")).args(["handoff", "--json", "--progress", "none"]);
    command.arg(bundle).arg("--to").arg(folder);
    command
}

/// A failed run left nothing but what was flushed and read back, and no first volume that is not whole.
#[track_caller]
fn assert_nothing_false(folder: &Path, output: &Output, what: &str) {
    assert_eq!(failed(output), ("IO-02".into(), Some(1)), "{what}");
    // A folder's flush may fail behind the last rename: then the bundle is whole.
    if folder.join("a.sealift").exists() {
        run(Sealift::command(["verify"]).arg(folder.join("a.sealift")));
    }
    let names = names(folder);
    // Where a name could not be given, all has been read back: the next run goes on from it.
    let may_stay = what.starts_with("folder");
    assert!(may_stay || !names.iter().any(|name| name.ends_with(".sealift-partial")), "{what}: {names:?}");
    for name in names {
        fs::remove_file(folder.join(name)).unwrap();
    }
}

/// Each call in turn fails with EIO, until a run makes fewer calls and succeeds.
fn fail_each(files: &[&str], syscall: &str, at_least: u32, most: u32) {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("12MiB"));
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    for when in 1..=most {
        let output = with_fault(&bundle, &folder, files, syscall, "EIO", when);
        if output.status.success() {
            assert!(when > at_least, "{syscall} was called {} times only", when - 1);
            assert_same(bundle.parent().unwrap(), &folder);
            return;
        }
        let on = if files == [""] { "folder" } else { "file" };
        assert_nothing_false(&folder, &output, &format!("{on}: {syscall} {when}"));
    }
    panic!("more than {most} calls of {syscall}");
}

#[test]
fn every_failing_fsync_of_a_file_is_an_error_and_leaves_no_false_copy() {
    for name in PARTIAL {
        fail_each(&[name], "fsync", 1, 3);
    }
}

#[test]
fn every_failing_fsync_of_the_folder_is_an_error_and_leaves_no_false_copy() {
    // Once for what is partial, then for the names of the later volumes, and of the first.
    fail_each(&[""], "fsync", 3, 8);
}

#[test]
fn every_failing_write_is_an_error_and_leaves_no_false_copy() {
    fail_each(&PARTIAL, "pwrite64", 10, 60);
}

#[test]
fn a_failing_flush_behind_is_an_error_and_leaves_no_false_copy() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    // A file system that takes no direct writes: all goes through the cache, and is flushed while more is written.
    let cached = |when| {
        let faults = [("openat", "EINVAL", 3), ("fdatasync", "EIO", when)];
        faulty(&bundle, &folder, &PARTIAL[..1], &faults).output().unwrap()
    };
    assert_eq!(failed(&cached(1)), ("IO-02".into(), Some(1)));
    assert_eq!(names(&folder), Vec::<String>::new());
    assert!(cached(3).status.success());
    assert_same(bundle.parent().unwrap(), &folder);
}

#[test]
fn a_stick_that_fills_up_meanwhile_is_said_and_nothing_is_left() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let output = with_fault(&bundle, &folder, &PARTIAL, "pwrite64", "ENOSPC", 20);
    assert_eq!(failed(&output), ("IO-03".into(), Some(1)));
    assert_eq!(names(&folder), Vec::<String>::new());
    handed(&bundle, &folder, &[]);
}
