//! Replacing a bundle or a delivery: all or nothing, whichever call fails. And nothing is taken for ours that is not.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

use serde_json::{Value, json};

use crate::support::{Kills, Scratch, Sealift, Tar, Tool, config, digest, names, noise_of, num_kills, run};

const STRACE: Tool = Tool::new("strace", "strace");
/// A user that has nothing here.
const STRANGER: u32 = 65534;

#[expect(clippy::disallowed_methods, reason = "plays a user")]
pub(super) fn put(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
}

/// A docker-archive with an image for each name, whose one layer has `len` bytes.
pub(super) fn archive(path: &Path, seed: u64, images: &[&str], len: usize) {
    let (mut tar, mut items) = (Tar::new(), Vec::new());
    for (number, name) in (0..).zip(images) {
        let content = noise_of(len, seed + number);
        let (layer, json) = (format!("{number}.tar"), format!("{number}.json"));
        tar = tar.file(&layer, &content).json(&json, &config(&[&digest(&content)]));
        items.push(json!({ "Config": json, "RepoTags": [name], "Layers": [layer] }));
    }
    put(path, &tar.json("manifest.json", &json!(items)).bytes());
}

/// A folder with a bundle or a delivery, and what it is to be replaced by.
struct Replacing {
    dir: Scratch,
    options: &'static [&'static str],
    /// The files of the old one.
    old: Vec<(String, Vec<u8>)>,
    /// Names of the files of the new one.
    new: Vec<String>,
}

const CLASSES: &str = "version = 1\n[public]\nimages = [\"docker.io/library/*\"]\npassword_file = \"PW\"\n\
                       [secret]\nimages = [\"vendor.example/*\"]\npassword_file = \"PW\"\n";

impl Replacing {
    /// Three volumes by two.
    fn volumes() -> Self {
        let dir = Scratch::new();
        archive(&dir.join("old.tar"), 1, &["app:1"], 2_600_000);
        archive(&dir.join("new.tar"), 2, &["app:2"], 1_300_000);
        Self::packed(dir, &[], 3, 2)
    }

    /// Two volumes by three.
    fn longer() -> Self {
        let dir = Scratch::new();
        archive(&dir.join("old.tar"), 3, &["app:1"], 1_300_000);
        archive(&dir.join("new.tar"), 4, &["app:2"], 2_600_000);
        Self::packed(dir, &[], 2, 3)
    }

    /// A delivery of two classes, each of two volumes, by another.
    fn delivery() -> Self {
        let dir = Scratch::new();
        for (which, seed) in [("old", 5), ("new", 7)] {
            let images = ["nginx:1", "vendor.example/ledger:1"];
            archive(&dir.join(&format!("{which}.tar")), seed, &images, 1_300_000);
            let pw = dir.join(&format!("{which}-pw"));
            dir.write(&format!("{which}.toml"), CLASSES.replace("PW", pw.to_str().unwrap()));
        }
        Self::packed(dir, &["--classes"], 4, 4)
    }

    fn packed(dir: Scratch, options: &'static [&'static str], num_old: usize, num_new: usize) -> Self {
        dir.write("old-pw", "the old passphrase of all of it\n");
        dir.write("new-pw", "the new passphrase of all of it\n");
        fs::create_dir(dir.join("f")).unwrap();
        let mut this = Self { dir, options, old: Vec::new(), new: Vec::new() };
        run(&mut this.pack("new"));
        this.new = this.names();
        this.clear();
        run(&mut this.pack("old"));
        let content = |name: String| (name.clone(), fs::read(this.folder().join(name)).unwrap());
        let old = this.names().into_iter().map(content).collect();
        this.old = old;
        assert_eq!((this.old.len(), this.new.len()), (num_old, num_new), "{:?}", this.new);
        this
    }

    fn folder(&self) -> PathBuf {
        self.dir.join("f")
    }

    fn bundle(&self) -> PathBuf {
        self.folder().join("a.sealift")
    }

    fn names(&self) -> Vec<String> {
        names(&self.folder())
    }

    fn clear(&self) {
        for name in self.names() {
            fs::remove_file(self.folder().join(name)).unwrap();
        }
    }

    /// The old one is there, and nothing else.
    fn reset(&self) {
        self.clear();
        for (name, content) in &self.old {
            put(&self.folder().join(name), content);
        }
    }

    /// Packs `old.tar` or `new.tar` under its own passphrase.
    fn pack(&self, which: &str) -> Command {
        let file = |end: &str| self.dir.join(&format!("{which}{end}"));
        let mut command =
            Sealift::command(["pack", "-q", "--force", "--kdf", "low", "--volume-size", "2MiB"]);
        command.arg(file(".tar")).arg("--out").arg(self.bundle());
        if self.options.is_empty() {
            command.arg("--password-file").arg(file("-pw"));
        } else {
            command.args(self.options).arg(file(".toml"));
        }
        command
    }

    /// Whether what is there is complete and opens with that passphrase.
    fn is_whole(&self, which: &str) -> bool {
        let before = self.names();
        let is_as_packed = |(name, content): &(String, Vec<u8>)| {
            fs::read(self.folder().join(name)).is_ok_and(|found| found == *content)
        };
        if which == "old" && self.old.iter().all(is_as_packed) {
            return true;
        }
        let mut command = Sealift::command(["verify", "--json"]);
        command.arg(self.bundle()).arg("--password-file").arg(self.dir.join(&format!("{which}-pw")));
        let output = command.output().unwrap();
        assert_eq!(self.names(), before, "reading changes nothing");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let is_open = report["locked"].as_array().is_none_or(Vec::is_empty);
        output.status.success() && is_open
    }

    /// One of both is complete; and the next run completes, and leaves nothing but the new one.
    #[track_caller]
    fn assert_nothing_lost(&self, what: &str, output: &Output) {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_kept = !output.status.success() && self.is_whole("old");
        assert!(is_kept || self.is_whole("new"), "{what}: lost, {:?}\n{told}", self.names());
        if !output.status.success() || self.names() != self.new {
            let again = self.pack("new").output().unwrap();
            let told_again = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(again.status.success(), "{what}, again: {:?}\n{told}\n{told_again}", self.names());
            assert!(self.is_whole("new"), "{what}, again: {:?}", self.names());
            assert_eq!(self.names(), self.new, "{what}, again");
        }
    }
}

/// A run in which call number `when` (on each thread) fails or kills; whether there was one.
pub(super) fn with_fault(
    command: &Command,
    log: &Path,
    call: &str,
    fault: &str,
    when: u32,
) -> (Output, bool) {
    let _ = fs::remove_file(log);
    let mut traced = STRACE.command();
    traced.args(["-f", "-qq", "-e", &format!("trace={call}")]).arg("-o").arg(log);
    traced.args(["-e", &format!("inject={call}:{fault}:when={when}")]);
    let output = traced.arg(command.get_program()).args(command.get_args()).output().unwrap();
    let log = String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned();
    (output, log.contains("INJECTED") || log.contains("killed by SIGKILL"))
}

/// Whether the entire matrix is asked for, which takes an hour.
fn is_all() -> bool {
    std::env::var("SEALIFT_FAULTS").is_ok_and(|which| which == "all")
}

/// Each call in turn, or every `step`th; returns how many there were.
fn each(of: &Replacing, call: &str, fault: &str, step: usize) -> u32 {
    let (log, mut num) = (of.dir.join("log"), 0);
    for when in (1..=2000).step_by(if is_all() { 1 } else { step }) {
        of.reset();
        let (output, was_hit) = with_fault(&of.pack("new"), &log, call, fault, when);
        of.assert_nothing_lost(&format!("{call} {fault} {when}"), &output);
        if !was_hit {
            return num;
        }
        num += 1;
    }
    panic!("no end of {call}");
}

/// Calls that write, flush, rename and remove. Of some only every so manieth fails where not all are asked for.
const CALLS: [(&str, usize); 8] = [
    ("renameat2", 1),
    ("rename", 1),
    ("fsync", 2),
    ("pwrite64", 1),
    ("unlink", 1),
    ("ftruncate", 5),
    ("write", 9),
    ("fchmod", 9),
];
/// Others on the way, which take long.
const OTHERS: [&str; 4] = ["fdatasync", "openat", "flock", "statx"];

/// Lets each call fail; where all is asked for, in both ways.
fn each_call(of: &Replacing, fault: &str, num_calls: usize) {
    if is_all() {
        for call in CALLS.map(|(call, _)| call).into_iter().chain(OTHERS) {
            each(of, call, "error=EIO", 1);
            each(of, call, "error=ENOSPC", 1);
        }
    } else {
        let num: u32 = CALLS.iter().take(num_calls).map(|(call, step)| each(of, call, fault, *step)).sum();
        assert!(num >= 5, "{num}");
    }
}

#[test]
fn whichever_call_fails_the_old_volumes_or_the_new_ones_are_there() {
    each_call(&Replacing::volumes(), "error=EIO", CALLS.len());
}

#[test]
fn whichever_call_fails_a_shorter_old_bundle_or_the_new_one_is_there() {
    each_call(&Replacing::longer(), "error=EIO", 1);
}

#[test]
fn whichever_call_fails_the_old_delivery_or_the_new_one_is_there() {
    each_call(&Replacing::delivery(), "error=ENOSPC", 1);
}

#[test]
fn killed_between_any_two_renames_the_old_one_or_the_new_one_is_there() {
    let mut all = vec![Replacing::volumes(), Replacing::delivery()];
    all.extend(is_all().then(Replacing::longer));
    for of in all {
        let num = each(&of, "renameat2", "signal=KILL", 1);
        assert!(num >= 5, "{num}");
        for call in ["unlink", "fsync", "pwrite64", "ftruncate", "fchmod", "rename"] {
            if is_all() {
                each(&of, call, "signal=KILL", 1);
            }
        }
    }
}

#[test]
fn killed_at_any_moment_the_old_one_or_the_new_one_is_there() {
    for of in [Replacing::volumes(), Replacing::delivery()] {
        of.reset();
        let began = Instant::now();
        run(&mut of.pack("new"));
        let mut kills = Kills::within(began.elapsed());
        for kill in 0..num_kills(3) {
            of.reset();
            kills.strike(&mut of.pack("new"));
            assert!(of.is_whole("old") || of.is_whole("new"), "kill {kill}: {:?}", of.names());
            run(&mut of.pack("new"));
            assert!(of.is_whole("new") && of.names() == of.new, "kill {kill}: {:?}", of.names());
        }
    }
}

#[test]
fn a_name_that_cannot_be_given_leaves_a_complete_bundle_to_go_on_with() {
    let of = Replacing::volumes();
    of.clear();
    let log = of.dir.join("log");
    let mut pack = of.pack("new");
    pack.arg("--json");
    let without_force = |command: &Command| {
        let mut plain = Command::new(command.get_program());
        plain.args(command.get_args().filter(|arg| *arg != "--force"));
        plain
    };
    for when in 1..=2 {
        let (output, was_hit) = with_fault(&without_force(&pack), &log, "renameat2", "error=EIO", when);
        assert!(was_hit && !output.status.success());
        let (partial, complete): (Vec<_>, Vec<_>) =
            of.names().into_iter().partition(|name| name.contains(".sealift-"));
        assert_eq!((complete, partial.len()), (Vec::new(), 2), "what was renamed is taken back");
        let report: Value = serde_json::from_str(&run(&mut without_force(&pack))).unwrap();
        assert!(report["kept_bytes"].as_u64().unwrap() > 1 << 20, "{report}");
        assert!(of.is_whole("new"));
        assert_eq!(of.names(), of.new);
        of.clear();
    }
}

#[test]
fn an_error_in_the_second_bundle_leaves_the_first_of_the_old_delivery() {
    let of = Replacing::delivery();
    of.reset();
    // Full once the first bundle of the new one is complete.
    let small = of.dir.join("f");
    let num_bytes: usize = of.old.iter().map(|(_, content)| content.len()).sum();
    of.clear();
    let size = format!("size={}", num_bytes + num_bytes * 3 / 4);
    run(Tool::new("mount", "mount").command().args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&small));
    of.reset();
    let output = of.pack("new").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains("IO-03"), "{stderr}");
    assert!(of.is_whole("old"));
    let left: Vec<String> = of.old.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(of.names(), left);
}

#[test]
fn a_delivery_of_fewer_classes_replaces_one_of_more_at_once() {
    let of = Replacing::delivery();
    let pack = |command: Command| {
        let mut all = Command::new(command.get_program());
        let options: BTreeSet<_> = ["--classes".into(), of.dir.join("new.toml").into_os_string()].into();
        all.args(command.get_args().filter(|arg| !options.contains(*arg)));
        all.args(["--class", "*=secret"]);
        all
    };
    let mut toml = String::from("version = 1\n[secret]\nimages = [\"*\"]\npassword_file = \"PW\"\n");
    toml = toml.replace("PW", of.dir.join("new-pw").to_str().unwrap());
    put(&of.dir.join("one.toml"), toml.as_bytes());
    let log = of.dir.join("log");
    for when in 1..=40 {
        of.reset();
        let mut command = pack(of.pack("new"));
        command.arg("--classes").arg(of.dir.join("one.toml"));
        let (output, was_hit) = with_fault(&command, &log, "renameat2", "signal=KILL", when);
        assert!(of.is_whole("old") || of.is_whole("new"), "{when}: {:?}", of.names());
        run(&mut command);
        assert!(of.is_whole("new"));
        assert!(of.names().iter().all(|name| name.starts_with("a.secret.sealift")), "{:?}", of.names());
        if !was_hit {
            assert!(output.status.success() && when > 4, "{when}");
            return;
        }
    }
    panic!("no end");
}

#[test]
fn volumes_of_another_bundle_are_named_and_stay() {
    let of = Replacing::volumes();
    let pack = |options: &[&str]| {
        let mut command = of.pack("new");
        let mut plain = Command::new(command.get_program());
        plain.args(command.get_args().filter(|arg| *arg != "--force")).args(options);
        command = plain;
        command.output().unwrap()
    };
    let refused = |options: &[&str], named: &str| {
        let before = of.names();
        let output = pack(options);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("IO-04") && stderr.contains(named), "{stderr}");
        assert_eq!(of.names(), before);
    };
    // Of three volumes that were dealt over several sticks, one lies here; it is none of the new one's two.
    let third = of.old[2].1.clone();
    for name in ["a.sealift.0002", "a.sealift.0003", "a.sealift.0007"] {
        of.clear();
        put(&of.folder().join(name), &third);
        refused(&[], name);
        refused(&["--force"], name);
        assert_eq!(fs::read(of.folder().join(name)).unwrap(), third);
    }
    // Beside a bundle that is replaced, only its own volumes go.
    of.reset();
    put(&of.folder().join("a.sealift.0005"), b"a letter");
    refused(&["--force"], "a.sealift.0005");
    of.reset();
    // Benign neighbours: other names.
    for name in ["a.sealift.0001", "a.sealift.txt", "a.sealift.00002", "b.sealift.0002", "a.sealift.partial"]
    {
        put(&of.folder().join(name), b"a letter");
    }
    assert!(pack(&["--force"]).status.success());
    assert!(of.is_whole("new"));
    for name in ["a.sealift.0001", "a.sealift.txt", "a.sealift.00002", "b.sealift.0002", "a.sealift.partial"]
    {
        assert_eq!(fs::read(of.folder().join(name)).unwrap(), b"a letter", "{name}");
    }
    assert!(!of.folder().join("a.sealift.0003").exists());
}

#[test]
fn a_bundle_that_was_set_aside_gets_its_name_back_and_stays() {
    let (dir, sealift) = small();
    let stick = dir.join("stick");
    fs::create_dir(&stick).unwrap();
    sealift.pack([dir.join("sample.tar").to_str().unwrap()], &stick.join("x.sealift"), &["--kdf", "low"]);
    let (name, aside) = (stick.join("x.sealift"), stick.join("x.sealift.sealift-old"));
    #[expect(clippy::disallowed_methods, reason = "plays a run that was killed")]
    fs::rename(&name, &aside).unwrap();
    let old = fs::read(&aside).unwrap();
    let handoff = |options: &[&str]| {
        let mut handoff = Sealift::command(["handoff", "--no-kit", "--json", "--to"]);
        handoff.arg(&stick).arg(dir.join("x.sealift")).args(options).output().unwrap()
    };
    // It is all that is left of that bundle: only who is told its name can agree to lose it.
    let refused = handoff(&[]);
    assert!(!refused.status.success(), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stdout).contains("x.sealift"), "{refused:?}");
    assert_eq!(fs::read(&name).unwrap(), old);
    assert!(handoff(&["--remove-stale"]).status.success());
    assert_eq!(names(&stick), ["x.sealift"]);
    assert_eq!(fs::read(&name).unwrap(), fs::read(dir.join("x.sealift")).unwrap());
}

#[test]
fn what_only_has_the_name_of_a_leftover_is_in_nobodys_way() {
    let (dir, _) = small();
    let bundle = dir.join("x.sealift");
    for name in ["x.sealift.0009.sealift-old", "x.sealift.sealift-old"] {
        fs::create_dir(dir.join(name)).unwrap();
    }
    dir.write("x.sealift.0002.sealift-old", "a letter");
    dir.write("second", "another passphrase, long enough\n");
    let mut add = Sealift::command(["keys", "add", "-q", "--kdf", "low", "--password-file"]);
    add.arg(dir.join("passphrase")).arg("--new-password-file").arg(dir.join("second")).arg(&bundle);
    run(&mut add);
    assert_eq!(fs::read(dir.join("x.sealift.0002.sealift-old")).unwrap(), b"a letter");
    assert!(dir.join("x.sealift.0009.sealift-old").is_dir() && dir.join("x.sealift.sealift-old").is_dir());
}

#[test]
fn a_bundle_that_another_run_changes_is_not_replaced_under_it() {
    let (dir, sealift) = small();
    let bundle = dir.join("x.sealift");
    let before = fs::read(&bundle).unwrap();
    let held = fs::File::open(&bundle).unwrap();
    held.lock().unwrap();
    let mut pack = sealift.prepared(["pack", "-q", "--json", "--kdf", "low", "--force"]);
    pack.arg(dir.join("sample.tar")).arg("--out").arg(&bundle);
    let refused = pack.output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stdout).contains("IO-09"), "{refused:?}");
    assert_eq!(fs::read(&bundle).unwrap(), before);
    drop(held);
    run(&mut pack);
    assert_ne!(fs::read(&bundle).unwrap(), before);
}

/// A folder with a bundle of a few bytes, and its passphrase.
fn small() -> (Scratch, Sealift) {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    sealift::write_sample(&dir.join("sample.tar")).unwrap();
    sealift.pack([dir.join("sample.tar").to_str().unwrap()], &dir.join("x.sealift"), &["--kdf", "low"]);
    (dir, sealift)
}

#[test]
fn what_a_user_calls_partial_or_journal_stays() {
    let (dir, sealift) = small();
    fs::create_dir_all(dir.join("out.partial/mydata")).unwrap();
    for name in ["out.partial/mydata/thesis.txt", "x.tar.partial", "d.sealift.partial", "d.sealift.journal"] {
        dir.write(name, "keep");
    }
    let source = dir.join("sample.tar");
    sealift.pack([source.to_str().unwrap()], &dir.join("d.sealift"), &["--kdf", "low"]);
    for dest in ["oci:out", "docker-archive:x.tar"] {
        let (transport, name) = dest.split_once(':').unwrap();
        sealift.restore(&dir.join("x.sealift"), &format!("{transport}:{}", dir.join(name).display()), &[]);
    }
    for name in ["out.partial/mydata/thesis.txt", "x.tar.partial", "d.sealift.partial", "d.sealift.journal"] {
        assert_eq!(fs::read(dir.join(name)).unwrap(), b"keep", "{name}");
    }
    let left = names(dir.path());
    assert!(!left.iter().any(|name| name.contains(".sealift-")), "{left:?}");
}

#[test]
fn what_a_stranger_made_is_not_gone_on_with() {
    let (dir, sealift) = small();
    let source = dir.join("sample.tar");
    let pack = |name: &str| {
        let out = dir.join(name);
        let mut command = sealift.prepared(["pack", "-q", "--kdf", "low", "--shares", "2/3"]);
        command.arg(&source).arg("--out").arg(out).arg("--shares-dir").arg(dir.path());
        command.output().unwrap()
    };
    let restore = |name: &str| {
        let to = format!("docker-archive:{}", dir.join(name).display());
        let mut command = sealift.prepared(["restore", "-q", "--to", &to]);
        command.arg(dir.join("x.sealift")).output().unwrap()
    };
    let refused = |output: Output, partial: &Path| {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.contains("IO-04"), "{stderr}");
        assert!(stderr.contains(partial.to_str().unwrap()), "{stderr}");
    };
    let places = ["share-1-of-3.txt", "images.tar", "p.sealift"]
        .map(|name| dir.join(&format!("{name}.sealift-partial")));
    let [share, tar, bundle] = &places;
    let attempt = |partial: &Path| match partial {
        partial if partial == tar => restore("images.tar"),
        _ => pack("p.sealift"),
    };
    let victim = dir.write("victim", "keep");
    for partial in &places {
        // Another user's, whatever its mode.
        for mode in [0o666, 0o600] {
            put(partial, b"theirs");
            chown(partial, Some(STRANGER), Some(STRANGER)).unwrap();
            fs::set_permissions(partial, fs::Permissions::from_mode(mode)).unwrap();
            refused(attempt(partial), partial);
            assert_eq!(fs::read(partial).unwrap(), b"theirs");
            fs::remove_file(partial).unwrap();
        }
        // One's own that others may write to, or that has another name; a link.
        put(partial, b"mine");
        fs::set_permissions(partial, fs::Permissions::from_mode(0o666)).unwrap();
        refused(attempt(partial), partial);
        fs::remove_file(partial).unwrap();
        fs::hard_link(&victim, partial).unwrap();
        refused(attempt(partial), partial);
        fs::remove_file(partial).unwrap();
        symlink(&victim, partial).unwrap();
        refused(attempt(partial), partial);
        fs::remove_file(partial).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"keep");
        // What a run of one's own left, with a mode that is too wide to read: it is private again.
        put(partial, b"mine");
        fs::set_permissions(partial, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(attempt(partial).status.success());
        for name in ["p.sealift", "images.tar"] {
            let _ = fs::remove_file(dir.join(name));
        }
        for number in 1..=3 {
            let share = dir.join(&format!("share-{number}-of-3.txt"));
            if let Ok(found) = fs::metadata(&share) {
                assert_eq!((found.mode() & 0o777, found.uid()), (0o600, 0));
                fs::remove_file(share).unwrap();
            }
        }
    }
    assert_eq!(share.file_name().unwrap(), "share-1-of-3.txt.sealift-partial");
    let _ = bundle;
    // A folder of a stranger's in the place of a layout.
    let partial = dir.join("lay.sealift-partial");
    fs::create_dir_all(partial.join("blobs/sha256")).unwrap();
    dir.write("lay.sealift-partial/blobs/sha256/theirs", "theirs");
    chown(&partial, Some(STRANGER), Some(STRANGER)).unwrap();
    let to = format!("oci:{}", dir.join("lay").display());
    let output =
        sealift.prepared(["restore", "-q", "--to", &to]).arg(dir.join("x.sealift")).output().unwrap();
    refused(output, &partial);
    assert_eq!(names(&partial.join("blobs/sha256")), ["theirs"]);
}

#[test]
fn what_is_not_finished_is_private_and_new_from_its_first_byte() {
    let (dir, sealift) = small();
    let log = dir.join("log");
    let opened = |command: &mut Command| {
        let mut traced = STRACE.command();
        traced.args(["-f", "-qq", "-e", "trace=openat,open,creat", "-o"]).arg(&log);
        let output = traced.arg(command.get_program()).args(command.get_args()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(&log).unwrap();
        fs::remove_file(&log).unwrap();
        text.lines().filter(|line| line.contains("O_CREAT")).map(str::to_owned).collect::<Vec<_>>()
    };
    let bundle = dir.join("x.sealift");
    let to = format!("docker-archive:{}", dir.join("images.tar").display());
    let mut shares = sealift.prepared(["pack", "-q", "--kdf", "low", "--shares", "2/3"]);
    shares.arg(dir.join("sample.tar")).arg("--out").arg(dir.join("s.sealift"));
    shares.arg("--shares-dir").arg(dir.path());
    let mut restore = sealift.prepared(["restore", "-q", "--to", &to]);
    restore.arg(&bundle);
    let mut signing = Sealift::command(["signing-key", "new", "-q"]);
    signing.arg(dir.join("acme")).arg("--key-password-file").arg(dir.join("passphrase"));
    let mut identity = Sealift::command(["keys", "generate", "--out"]);
    identity.arg(dir.join("me.key"));
    for (command, at_least) in [(&mut shares, 4), (&mut restore, 1), (&mut signing, 2), (&mut identity, 1)] {
        let created: Vec<String> =
            opened(command).into_iter().filter(|line| line.contains(dir.path().to_str().unwrap())).collect();
        assert!(created.len() >= at_least, "{created:?}");
        for line in created {
            assert!(
                line.contains("O_EXCL") && line.contains("O_NOFOLLOW") && line.contains("0600"),
                "{line}"
            );
        }
    }
    // Complete, each is for whom it is meant, as the umask says.
    let mode = |name: &str| fs::metadata(dir.join(name)).unwrap().mode() & 0o777;
    for name in ["share-1-of-3.txt", "share-3-of-3.txt", "acme.key", "me.key"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert_eq!(mode("images.tar") & 0o444, 0o444 & mode("x.sealift"));
    let masked = |mask: &str, name: &str| {
        let to = format!("docker-archive:{}", dir.join(name).display());
        let mut command = sealift.prepared(["restore", "-q", "--to", &to]);
        command.arg(&bundle);
        let mut shell = Tool::new("sh", "dash").command();
        shell.args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")]).arg(command.get_program());
        run(shell.args(command.get_args()));
        mode(name)
    };
    assert_eq!(masked("002", "team.tar"), 0o664);
    assert_eq!(masked("077", "own.tar"), 0o600);
}

#[test]
fn with_a_umask_for_teams_a_run_goes_on_all_the_same() {
    let of = Replacing::volumes();
    of.clear();
    let log = of.dir.join("log");
    let in_team = |command: &Command| {
        let mut shell = Tool::new("sh", "dash").command();
        shell.args(["-c", "umask 002; exec \"$0\" \"$@\""]).arg(command.get_program());
        shell.args(command.get_args());
        shell
    };
    let (output, was_hit) = with_fault(&in_team(&of.pack("new")), &log, "renameat2", "error=EIO", 1);
    assert!(was_hit && !output.status.success());
    let mut pack = of.pack("new");
    pack.arg("--json");
    let report: Value = serde_json::from_str(&run(&mut in_team(&pack))).unwrap();
    assert!(report["kept_bytes"].as_u64().unwrap() > 1 << 20, "{report}");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_leaves_nothing() {
    let of = Replacing::volumes();
    of.reset();
    let command = of.pack("new");
    let mut shell = Tool::new("sh", "dash").command();
    shell
        .args(["-c", "ulimit -f 1000; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    let output = shell.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("IO-08"), "{stderr}");
    assert!(of.is_whole("old"));
    assert_eq!(of.names().len(), of.old.len(), "{:?}", of.names());
}

#[test]
fn a_layout_is_flushed_with_all_its_folders() {
    let (dir, sealift) = small();
    let (log, out) = (dir.join("log"), dir.join("out"));
    let to = format!("oci:{}", out.display());
    let mut restore = sealift.prepared(["restore", "-q", "--to", &to]);
    restore.arg(dir.join("x.sealift"));
    let mut traced = STRACE.command();
    traced.args(["-f", "-qq", "-y", "-e", "trace=fsync", "-o"]).arg(&log);
    run(traced.arg(restore.get_program()).args(restore.get_args()));
    let text = fs::read_to_string(&log).unwrap();
    for folder in ["out.sealift-partial/blobs/sha256>", "out.sealift-partial/blobs>", "out.sealift-partial>"]
    {
        assert!(text.contains(folder), "{folder}\n{text}");
    }
}
