//! An interrupted pack goes on where it was: what is whole is kept, nothing is sealed twice under one nonce, and whoever
//! has another passphrase or other options starts anew.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use serde_json::Value;

use crate::support::{Kills, Scratch, Sealift, Tool, names, noise, num_kills, run};

/// Bytes of a sealed record, and where the first begins. docs/bundle-format.md §1, §2.
const RECORD: usize = (1 << 20) + 28;
const FIRST: usize = 131_072;

/// How often packing is killed where nothing else is asked for.
const NUM_KILLS: u32 = 12;

/// `sealift pack` by a user whose state folder is `state` in `dir`.
pub(crate) fn pack(dir: &Scratch, source: &str, bundle: &Path, options: &[&str]) -> Command {
    let mut command = Sealift::command(["pack", source, "--kdf", "low", "--json", "--out"]);
    command.arg(bundle).args(options).arg("--password-file").arg(dir.join("passphrase"));
    command.env("XDG_STATE_HOME", dir.join("state"));
    command
}

/// What is noted of runs that have not ended.
pub(crate) fn noted(dir: &Scratch) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("state/sealift/packs")).into_iter().flatten().flatten();
    let files = files.map(|file| file.path());
    files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect()
}

/// Nonces that were seen, and the record under each.
#[derive(Default)]
struct Nonces(BTreeMap<[u8; 12], sealift::Digest>);

impl Nonces {
    /// Looks at a bundle, partial or not: no nonce may stand before two different records.
    fn look(&mut self, path: &Path) {
        let bytes = fs::read(path).unwrap_or_default();
        let records = bytes.get(FIRST..).unwrap_or_default().chunks_exact(RECORD);
        for record in records {
            let nonce = *record.first_chunk().unwrap();
            if nonce != [0; 12] {
                let digest = sealift::Digest::of(record);
                assert_eq!(*self.0.entry(nonce).or_insert(digest), digest, "a nonce was used twice");
            }
        }
    }
}

pub(crate) fn partial(bundle: &Path) -> PathBuf {
    PathBuf::from(format!("{}.sealift-partial", bundle.display()))
}

#[test]
fn a_pack_that_is_killed_again_and_again_goes_on_and_repeats_no_nonce() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 3);
    let bundle = dir.join("a.sealift");
    let began = Instant::now();
    run(&mut pack(&dir, &source, &dir.join("whole.sealift"), &[]));
    let mut kills = Kills::within(began.elapsed());
    let (mut nonces, mut kept) = (Nonces::default(), 0);
    for _ in 0..num_kills(NUM_KILLS) {
        kills.strike(&mut pack(&dir, &source, &bundle, &[]));
        nonces.look(&partial(&bundle));
        if bundle.exists() {
            // It was faster than the kill: then it is whole.
            sealift.verify(&bundle);
            nonces.look(&bundle);
            fs::remove_file(&bundle).unwrap();
        } else {
            let inspected = Sealift::command(["inspect"]).arg(partial(&bundle)).output().unwrap();
            // Killed behind the last flush, it is whole and only lacks its name.
            if inspected.status.success() {
                sealift.verify(&partial(&bundle));
            }
        }
    }
    // Once more, killed when half is written: that half is kept.
    let mut child = pack(&dir, &source, &bundle, &[]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let half = fs::metadata(dir.join("whole.sealift")).unwrap().len() / 2;
    let is_begun = || fs::metadata(partial(&bundle)).is_ok_and(|file| file.len() > half);
    while (!is_begun() || noted(&dir).is_empty()) && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap();
    nonces.look(&partial(&bundle));
    if !bundle.exists() {
        let report: Value = serde_json::from_str(&run(&mut pack(&dir, &source, &bundle, &[]))).unwrap();
        kept = report["kept_bytes"].as_u64().unwrap();
        assert!(kept > 0, "{report}");
    }
    nonces.look(&bundle);
    sealift.verify(&bundle);
    assert!(nonces.0.len() > 90 && kept > 0);
    let is_left = |name: &&String| name.ends_with(".sealift-partial") || name.ends_with(".sealift-journal");
    assert_eq!(names(dir.path()).iter().find(is_left), None, "nothing is left next to the bundle");
    assert!(noted(&dir).is_empty(), "nor is anything noted of a bundle that was sealed");
    assert_eq!(Sealift::images(&source), sealift.inspect(&bundle));
}

/// Starts a pack and kills it once something is written and it can be continued.
pub(crate) fn interrupt(dir: &Scratch, source: &str, bundle: &Path, options: &[&str]) {
    let mut child = pack(dir, source, bundle, options).stdout(std::process::Stdio::null()).spawn().unwrap();
    let is_begun =
        || !noted(dir).is_empty() && fs::metadata(partial(bundle)).is_ok_and(|file| file.len() > 8 << 20);
    while !is_begun() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn other_options_or_another_passphrase_start_anew_and_say_so() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 3);
    let bundle = dir.join("a.sealift");
    let check = |dir: &Scratch, options: &[&str], is_continued: bool| {
        let output = pack(dir, &source, &bundle, options).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["kept_bytes"].as_u64().unwrap() > 0, is_continued, "{options:?} {report}");
        let said = String::from_utf8_lossy(&output.stderr).contains("started over");
        assert_eq!(said, !is_continued, "{options:?} {report}");
        sealift.verify(&bundle);
        fs::remove_file(&bundle).unwrap();
    };
    interrupt(&dir, &source, &bundle, &[]);
    check(&dir, &["--level", "2"], false);
    interrupt(&dir, &source, &bundle, &["--volume-size", "24MiB"]);
    check(&dir, &["--volume-size", "24MiB"], true);
    for volume in 2..8 {
        let _ = fs::remove_file(dir.join(&format!("a.sealift.{volume:04}")));
    }
    interrupt(&dir, &source, &bundle, &["--recovery", "10%"]);
    check(&dir, &["--recovery", "10%"], true);
    interrupt(&dir, &source, &bundle, &[]);
    fs::remove_file(dir.join("passphrase")).unwrap();
    dir.write("passphrase", "another passphrase of the same user\n");
    check(&dir, &[], false);
}

#[test]
fn a_restore_that_is_killed_again_and_again_is_whole_or_not_there() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let bundle = dir.join("a.sealift");
    sealift.pack([noise(&dir, 3).as_str()], &bundle, &["--kdf", "low"]);
    let restore = |dest: &str| sealift.prepared(["restore", bundle.to_str().unwrap(), "--to", dest, "-q"]);
    let began = Instant::now();
    run(&mut restore(&format!("oci:{}", dir.join("whole").display())));
    let mut kills = Kills::within(began.elapsed());
    for (name, dest) in [("out", "oci"), ("out.tar", "docker-archive")] {
        let out = dir.join(name);
        let dest = format!("{dest}:{}", out.display());
        for _ in 0..num_kills(NUM_KILLS).div_ceil(2) {
            kills.strike(&mut restore(&dest));
            if out.exists() {
                // It was faster than the kill: then all of it is there.
                assert_eq!(Sealift::images(&dest).len(), 1);
                if out.is_dir() { fs::remove_dir_all(&out) } else { fs::remove_file(&out) }.unwrap();
            }
        }
        run(&mut restore(&dest));
        assert_eq!(Sealift::images(&dest)[0].id, sealift.inspect(&bundle)[0].id);
        let left = names(dir.path());
        assert!(!left.iter().any(|left| left.ends_with(".sealift-partial")), "{left:?}");
    }
}

#[test]
fn a_restore_that_is_killed_goes_on_with_what_arrived() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 6);
    let (bundle, out) = (dir.join("a.sealift"), dir.join("out"));
    sealift.pack([source.as_str()], &bundle, &["--kdf", "low"]);
    let dest = format!("oci:{}", out.display());
    let mut child = sealift
        .prepared(["restore", bundle.to_str().unwrap(), "--to", &dest, "--progress", "none"])
        .spawn()
        .unwrap();
    let arrived = dir.join("out.sealift-partial").join("blobs/sha256");
    let is_layer = |path: &PathBuf| {
        path.extension().is_none() && fs::metadata(path).is_ok_and(|file| file.len() > 1 << 20)
    };
    let layers = || {
        let files = fs::read_dir(&arrived).into_iter().flatten().flatten();
        files.map(|file| file.path()).filter(is_layer).collect::<Vec<_>>()
    };
    while layers().len() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!out.exists(), "what is partial does not claim to be whole");
    // Of what arrived, a blob that does not keep its name's promise is written again.
    let hurt = layers().swap_remove(0);
    let len = fs::metadata(&hurt).unwrap().len();
    fs::OpenOptions::new().write(true).open(&hurt).unwrap().set_len(0).unwrap();
    fs::OpenOptions::new().write(true).open(&hurt).unwrap().set_len(len).unwrap();
    let report = sealift.restore(&bundle, &dest, &[]);
    assert!(report["num_present"].as_u64().unwrap() > 0, "{report}");
    // The same in a layout that has everything else.
    let hurt = out.join("blobs/sha256").join(hurt.file_name().unwrap());
    fs::OpenOptions::new().write(true).truncate(true).open(&hurt).unwrap().set_len(len).unwrap();
    let report = sealift.restore(&bundle, &dest, &[]);
    assert_eq!(report["num_blobs"], 1, "{report}");
    assert_eq!(Sealift::images(&dest), sealift.inspect(&bundle));
    assert!(!dir.join("out.sealift-partial").exists());
    sealift.pack([dest.as_str()], &dir.join("again.sealift"), &["--kdf", "low"]);
}

#[test]
fn a_pack_killed_while_volumes_get_their_names_goes_on() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 3);
    let bundle = dir.join("a.sealift");
    let options = ["--volume-size", "24MiB"];
    // The later volumes are renamed first, then the one that makes a bundle of them.
    let traced = Tool::new("strace", "strace")
        .command()
        .args(["-f", "-q", "-o", "/dev/null", "-e", "trace=renameat2"])
        .args(["-e", "inject=renameat2:signal=SIGKILL:when=3"])
        .arg(env!("CARGO_BIN_EXE_sealift"))
        .args(pack(&dir, &source, &bundle, &options).get_args())
        .env("XDG_STATE_HOME", dir.join("state"))
        .output()
        .unwrap();
    assert!(!traced.status.success() && !bundle.exists());
    assert!(dir.join("a.sealift.0002").exists() && partial(&bundle).exists());
    let verify = Sealift::command(["verify", bundle.to_str().unwrap()]).output().unwrap();
    assert!(!verify.status.success(), "without its first volume it is no bundle");
    let report: Value = serde_json::from_str(&run(&mut pack(&dir, &source, &bundle, &options))).unwrap();
    assert!(report["kept_bytes"].as_u64().unwrap() > 90 << 20, "{report}");
    sealift.verify(&bundle);
    // A volume of another bundle is in the way as ever.
    fs::remove_file(&bundle).unwrap();
    let refused = pack(&dir, &source, &bundle, &options).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stdout).contains("IO-04"));
}
