//! Key slots of every kind, with the programs and servers that users have beside Sealift.

mod age;
mod rotation;
mod token;
mod vault;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Scratch, Sealift};

/// Bytes of a header copy, and where the slots begin in it. docs/bundle-format.md §3.
const COPY: usize = 65_536;
const SLOTS: usize = 216;

/// A folder with a source and a passphrase.
fn scratch() -> Scratch {
    let dir = Scratch::new();
    sealift::write_sample(&dir.join("sample.tar")).unwrap();
    dir
}

/// Runs `sealift ARGS --json` and gives its exit status and its one object.
#[track_caller]
fn sealift<'a>(args: impl IntoIterator<Item = &'a str>) -> (i32, Value) {
    answer(Sealift::command(args).arg("--json"))
}

#[track_caller]
fn answer(command: &mut Command) -> (i32, Value) {
    let output = command.output().unwrap();
    let object = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{command:?}: {e}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), object)
}

/// Packs the sample, locked as `options` say.
#[track_caller]
fn pack(dir: &Scratch, name: &str, options: &[&str]) -> PathBuf {
    let bundle = dir.join(name);
    let source = dir.join("sample.tar");
    let args = ["pack", source.to_str().unwrap(), "--kdf", "low", "--out", bundle.to_str().unwrap()];
    let (status, object) = sealift(args.into_iter().chain(options.iter().copied()));
    assert_eq!(status, 0, "{object}");
    bundle
}

/// The code with which opening `bundle` fails; `ok` when it opens and shows both images.
#[track_caller]
fn opened(bundle: &Path, options: &[&str]) -> String {
    let args = ["inspect", bundle.to_str().unwrap()];
    let (status, object) = sealift(args.into_iter().chain(options.iter().copied()));
    if status == 0 {
        assert_eq!(object["contents"]["images"].as_array().map(Vec::len), Some(2), "{object}");
        return "ok".into();
    }
    object["error"]["code"].as_str().unwrap().to_owned()
}

/// The slots of a bundle, as bodies.
fn bodies(bundle: &Path) -> Vec<Vec<u8>> {
    let header = fs::read(bundle).unwrap();
    let len = u32::from_le_bytes(*header[208..].first_chunk().unwrap()) as usize;
    let (mut rest, mut bodies) = (&header[SLOTS..SLOTS + len], Vec::new());
    while !rest.is_empty() {
        let len = u32::from_le_bytes(*rest[4..].first_chunk().unwrap()) as usize;
        bodies.push(rest[8..8 + len].to_vec());
        rest = &rest[8 + len..];
    }
    bodies
}

/// Flips a bit in both header copies, and makes their checksums right.
fn forge(bundle: &Path, offset: usize, bit: u8) {
    let mut bytes = fs::read(bundle).unwrap();
    for start in [0, COPY] {
        let copy = &mut bytes[start..start + COPY];
        copy[offset] ^= 1 << bit;
        let (body, sum) = copy.split_at_mut(COPY - 32);
        sum.copy_from_slice(&Sha256::digest(&body));
    }
    let file = fs::OpenOptions::new().write(true).open(bundle).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &bytes[..2 * COPY], 0).unwrap();
}
