//! A restore kit that fails, beside a bundle that does not: the operator is told that the bundle is good.

use std::fs;

use serde_json::Value;

use super::{assert_same, command, failed, faults::with_fault_and_kit, handed, lies::shim, other_bundle};
use crate::support::{Scratch, Sealift, names, run};

#[test]
fn a_kit_that_comes_back_wrong_is_told_apart_from_the_bundle_which_stays() {
    let dir = Scratch::new();
    let bundle = other_bundle(&dir, &dir.join("made"), &[]);
    // The shim changes a byte 9 MiB into a file: the bundle is smaller, the program larger.
    assert!(fs::metadata(&bundle).unwrap().len() < 8 << 20);
    let [one, two] = ["one", "two"].map(|name| dir.join(name));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&two).unwrap();
    let output = command(&bundle)
        .args(["--kit", "--to"])
        .arg(&one)
        .arg("--to")
        .arg(&two)
        .env("LD_PRELOAD", shim(&dir))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (number, folder) in [&one, &two].into_iter().enumerate() {
        let error = &answer["targets"][number]["error"];
        assert_eq!(error["code"], "HANDOFF-08", "{answer}");
        let program = folder.join("sealift-kit/sealift");
        assert_eq!(error["facts"]["path"], program.to_str().unwrap(), "{answer}");
        run(Sealift::command(["verify"]).arg(folder.join("a.sealift")));
    }
    assert_eq!(answer["missing"], serde_json::json!([]), "the volumes are there: {answer}");
    // Once more: only the kit is written.
    let report = handed(&bundle, &one, &["--kit"]);
    assert_eq!(report["written_bytes"], 0, "{report}");
    assert!(report["kit"].as_array().unwrap().len() > 5, "{report}");
}

#[test]
fn a_kit_that_cannot_be_written_leaves_the_bundle_and_is_completed_by_the_next_run() {
    let dir = Scratch::new();
    let bundle = other_bundle(&dir, &dir.join("made"), &[]);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    for (file, when, status) in [("sealift-kit/sealift", 3, 1), ("sealift-kit/recover.py", 1, 1)] {
        let output = with_fault_and_kit(&bundle, &folder, &format!("{file}.sealift-partial"), "ENOSPC", when);
        assert_eq!(failed(&output), ("HANDOFF-09".into(), Some(status)), "{file}");
        run(Sealift::command(["verify"]).arg(folder.join("a.sealift")));
        assert!(!folder.join("restore.sh").exists());
    }
    let report = handed(&bundle, &folder, &["--kit"]);
    assert_eq!(report["written_bytes"], 0, "{report}");
    assert!(folder.join("restore.sh").exists());
}

#[test]
fn a_kit_that_would_replace_what_is_no_kit_is_refused_before_anything_is_copied() {
    let dir = Scratch::new();
    let bundle = other_bundle(&dir, &dir.join("made"), &[]);
    for stranger in ["restore.sh", "READ-ME-FIRST.txt", "sealift-kit/letter"] {
        let folder = dir.join(&stranger.replace('/', "-"));
        fs::create_dir_all(folder.join(stranger).parent().unwrap()).unwrap();
        super::put(&folder.join(stranger), b"mine");
        let before = names(&folder);
        let output = command(&bundle).args(["--kit", "--to"]).arg(&folder).output().unwrap();
        assert_eq!(failed(&output), ("IO-04".into(), Some(1)), "{stranger}");
        assert_eq!(names(&folder), before);
        assert_eq!(fs::read(folder.join(stranger)).unwrap(), b"mine");
    }
    // Where no kit is wanted, nothing is in the way.
    let plain = dir.join("plain");
    fs::create_dir(&plain).unwrap();
    handed(&bundle, &plain, &[]);
    assert_same(bundle.parent().unwrap(), &plain);
}
