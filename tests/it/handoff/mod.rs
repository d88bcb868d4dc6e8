//! Handing bundles over: real file systems stand in for sticks, and everything that goes wrong with sticks is done
//! to them.

mod copies;
mod faults;
mod interrupted;
mod kits;
mod lies;
mod places;
mod pulled;
mod several;
mod stick;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{Scratch, Sealift, noise, run};

/// A bundle of 32 MiB and a little, in one file or in volumes of `volume_size`.
fn bundle(dir: &Scratch, volume_size: Option<&str>) -> PathBuf {
    let source = noise(dir, 1);
    let folder = dir.join("made");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("a.sealift");
    let mut options = vec!["--kdf", "low"];
    options.extend(volume_size.iter().flat_map(|size| ["--volume-size", size]));
    Sealift::new(dir).pack([source.as_str()], &path, &options);
    path
}

/// A small bundle of the built-in sample under the same name, sealed anew each time.
fn other_bundle(dir: &Scratch, folder: &Path, options: &[&str]) -> PathBuf {
    let source = dir.join("sample.tar");
    if !source.exists() {
        sealift::write_sample(&source).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
    let path = folder.join("a.sealift");
    let mut command = Sealift::command(["pack", "--kdf", "low", "-q", "--progress", "none"]);
    let password = dir.join("other-passphrase");
    if !password.exists() {
        dir.write("other-passphrase", "another horse battery staple\n");
    }
    run(command.arg(source).arg("--out").arg(&path).arg("--password-file").arg(password).args(options));
    path
}

/// `sealift handoff BUNDLE --json`; targets and options follow.
fn command(bundle: &Path) -> Command {
    let mut command = Sealift::command(["handoff", "--json", "--progress", "none"]);
    command.arg(bundle);
    command
}

/// Hands over to one folder, which must succeed; gives its report.
#[track_caller]
fn handed(bundle: &Path, to: &Path, options: &[&str]) -> Value {
    let answer: Value =
        serde_json::from_str(&run(command(bundle).arg("--to").arg(to).args(options))).unwrap();
    answer["targets"][0]["report"].clone()
}

/// The error of a handoff that must fail, and its exit status.
#[track_caller]
fn failed(output: &Output) -> (String, Option<i32>) {
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let code = answer["error"]["code"].as_str().unwrap_or_else(|| panic!("it did not fail: {answer}"));
    (code.to_owned(), output.status.code())
}

/// The files of a bundle, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| (name.clone(), fs::read(folder.join(name)).unwrap());
    crate::support::names(folder).into_iter().map(read).collect()
}

/// Whether `folder` holds the bundle of `made`, and nothing else; says what differs.
#[track_caller]
fn assert_same(made: &Path, folder: &Path) {
    assert_eq!(crate::support::names(made), crate::support::names(folder));
    assert!(files(made) == files(folder), "{} has other bytes", folder.display());
}

/// Writes a file that is not there.
fn put(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}
