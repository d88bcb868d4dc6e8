//! Runs of a pack that somebody else would like to go on: with their key, or with their costs.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    resume::{interrupt, noted, pack, partial},
    support::{Scratch, Sealift, noise, run},
};

/// Set id and key commitment of a sealed bundle. docs/bundle-format.md §3.1.
fn set_and_commitment(bundle: &Path) -> (Vec<u8>, Vec<u8>) {
    let head = fs::read(bundle).unwrap();
    (head[24..56].to_vec(), head[168..200].to_vec())
}

/// Packs with `options`, which must succeed: bytes that were taken over, and whether it was said that none could be.
fn packed(dir: &Scratch, source: &str, bundle: &Path, options: &[&str]) -> (u64, bool) {
    let output = pack(dir, source, bundle, options).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    (report["kept_bytes"].as_u64().unwrap(), stderr.contains("started over"))
}

#[test]
fn files_of_an_earlier_run_that_are_put_back_give_no_later_bundle_its_key() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 1);
    let (bundle, journal) = (dir.join("a.sealift"), dir.join("a.sealift.journal"));
    interrupt(&dir, &source, &bundle, &[]);
    // Who may read the folder keeps what is in it.
    fs::copy(partial(&bundle), dir.join("kept.partial")).unwrap();
    let had_journal = journal.exists();
    if had_journal {
        fs::copy(&journal, dir.join("kept.journal")).unwrap();
    }
    let (kept, _) = packed(&dir, &source, &bundle, &[]);
    assert!(kept > 0, "the run itself goes on");
    let first = set_and_commitment(&bundle);
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    // The next delivery is another one, or the same once more.
    for source in [sample.to_str().unwrap(), &source] {
        fs::remove_file(&bundle).unwrap();
        fs::copy(dir.join("kept.partial"), partial(&bundle)).unwrap();
        if had_journal {
            fs::copy(dir.join("kept.journal"), &journal).unwrap();
        }
        assert_eq!(packed(&dir, source, &bundle, &[]), (0, true), "{source}");
        let (set, commitment) = set_and_commitment(&bundle);
        assert!(set != first.0 && commitment != first.1, "{source}: the key of the first bundle");
        sealift.verify(&bundle);
    }
}

#[test]
fn a_run_for_others_or_of_something_else_is_not_continued() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 1);
    let bundle = dir.join("a.sealift");
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let age = ["--recipient", "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"];
    for (next, options) in [(source.as_str(), &age[..]), (sample.to_str().unwrap(), &[][..])] {
        interrupt(&dir, &source, &bundle, &[]);
        assert_eq!(packed(&dir, next, &bundle, options), (0, true), "{next} {options:?}");
        sealift.verify(&bundle);
        fs::remove_file(&bundle).unwrap();
        assert!(noted(&dir).is_empty(), "what cannot go on is forgotten");
    }
    // Another user, who has the passphrase too.
    interrupt(&dir, &source, &bundle, &[]);
    let mut other = pack(&dir, &source, &bundle, &[]);
    let report: Value = serde_json::from_str(&run(other.env("XDG_STATE_HOME", dir.join("other")))).unwrap();
    assert_eq!(report["kept_bytes"], 0);
    fs::remove_file(&bundle).unwrap();
    // The same run, with a recipient who cannot be asked here.
    fs::remove_dir_all(dir.join("state")).unwrap();
    interrupt(&dir, &source, &bundle, &age);
    let (kept, _) = packed(&dir, &source, &bundle, &age);
    assert!(kept > 0, "the same run goes on");
    sealift.verify(&bundle);
}

#[test]
fn a_journal_that_somebody_put_there_costs_nothing_and_stays() {
    use std::io::Write;
    let dir = Scratch::new();
    Sealift::new(&dir);
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let bundle = dir.join("a.sealift");
    let began = Instant::now();
    packed(&dir, sample.to_str().unwrap(), &bundle, &[]);
    let usual = began.elapsed();
    let head = fs::read(&bundle).unwrap();
    fs::remove_file(&bundle).unwrap();
    // Three slots of a GiB and 16 passes each, for the set whose partial file is there.
    let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
    let slot = |salt: u8| {
        let costs = [1_u32 << 20, 16, 16].map(u32::to_le_bytes).concat();
        base64(&[&[salt; 16][..], &costs, &[0; 92]].concat())
    };
    let version = env!("CARGO_PKG_VERSION");
    let journal = serde_json::json!({
        "tool": format!("sealift {version}"), "set_id": base64(&head[24..56]), "record_bytes": 1 << 20,
        "volume_bytes": null, "recovery_percent": null, "level": 1,
        "slots": [[1, slot(1)], [1, slot(2)], [1, slot(3)]], "mac": base64(&[0; 32]),
    })
    .to_string();
    dir.write("a.sealift.journal", &journal);
    let mut planted = fs::OpenOptions::new().write(true).create_new(true).open(partial(&bundle)).unwrap();
    planted.write_all(&head[..156]).unwrap();
    drop(planted);
    let began = Instant::now();
    assert_eq!(packed(&dir, sample.to_str().unwrap(), &bundle, &[]).0, 0);
    assert!(
        began.elapsed() < 4 * usual + Duration::from_secs(10),
        "{:?}, usually {usual:?}",
        began.elapsed()
    );
    assert_eq!(fs::read_to_string(dir.join("a.sealift.journal")).unwrap(), journal, "it is not ours");
}
