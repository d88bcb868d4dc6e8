//! Copies of volumes next to other bundles: a handoff or a repair that was killed, two at once, and outputs onto volumes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::commit::{archive, put, with_fault};
use crate::support::{Scratch, Sealift, names, run, wait_for};

/// Two bundles of the same name in folders `old` and `new`, each of several volumes.
struct Two {
    dir: Scratch,
}

impl Two {
    fn new() -> Self {
        Self::packed([2_600_000, 1_300_000])
    }

    /// The old one has fewer volumes.
    fn longer() -> Self {
        Self::packed([1_300_000, 2_600_000])
    }

    fn packed(lens: [usize; 2]) -> Self {
        let dir = Scratch::new();
        dir.write("pw", "correct horse battery staple\n");
        fs::create_dir(dir.join("f")).unwrap();
        for (which, (seed, len)) in ["old", "new"].into_iter().zip((1..).zip(lens)) {
            fs::create_dir(dir.join(which)).unwrap();
            archive(&dir.join(&format!("{which}.tar")), seed, &["app:1"], len);
        }
        let this = Self { dir };
        for which in ["old", "new"] {
            run(&mut this.pack(which, &this.dir.join(which)));
        }
        this
    }

    fn pack(&self, which: &str, folder: &Path) -> Command {
        let mut command = Sealift::command(["pack", "-q", "--kdf", "low", "--volume-size", "2MiB"]);
        command.arg(self.dir.join(&format!("{which}.tar"))).arg("--out").arg(folder.join("a.sealift"));
        command.arg("--password-file").arg(self.dir.join("pw"));
        command
    }

    fn folder(&self) -> PathBuf {
        self.dir.join("f")
    }

    fn volume(&self, number: usize) -> PathBuf {
        self.folder().join(if number == 1 { "a.sealift".into() } else { format!("a.sealift.{number:04}") })
    }

    /// What is there is the bundle `which` and nothing else.
    fn is(&self, which: &str) -> bool {
        names(&self.folder()) == names(&self.dir.join(which)) && self.has(which)
    }

    /// A reader finds that bundle, whole.
    fn has(&self, which: &str) -> bool {
        let mut fingerprints = [self.folder(), self.dir.join(which)].map(|folder| {
            let output =
                Sealift::command(["verify", "--json"]).arg(folder.join("a.sealift")).output().unwrap();
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            output.status.success().then(|| report["fingerprint"].clone())
        });
        let expected = fingerprints[1].take();
        expected.is_some() && fingerprints[0] == expected
    }

    /// The old one is there, and nothing else.
    fn reset(&self) {
        self.clear();
        for name in names(&self.dir.join("old")) {
            put(&self.folder().join(&name), &fs::read(self.dir.join("old").join(&name)).unwrap());
        }
    }

    fn clear(&self) {
        for name in names(&self.folder()) {
            fs::remove_file(self.folder().join(name)).unwrap();
        }
    }

    fn handoff(&self, which: &str, options: &[&str]) -> Command {
        let mut command = Sealift::command(["handoff", "-q", "--no-kit", "--json", "--to"]);
        command.arg(self.folder()).arg(self.dir.join(which).join("a.sealift")).args(options);
        command
    }
}

fn code(output: &Output) -> String {
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let errors = [&answer["error"]["code"], &answer["targets"][0]["error"]["code"]];
    errors.into_iter().find_map(|code| code.as_str()).unwrap_or_default().to_owned()
}

#[test]
fn killed_between_any_two_renames_a_handoff_leaves_the_old_bundle_or_the_new_one() {
    for of in [Two::new(), Two::longer()] {
        let log = of.dir.join("log");
        for when in 1..=40 {
            of.reset();
            let (_, was_hit) =
                with_fault(&of.handoff("new", &["--force"]), &log, "renameat2", "signal=KILL", when);
            assert!(of.has("old") || of.has("new"), "{when}: {:?}", names(&of.folder()));
            if !was_hit {
                assert!(of.is("new") || of.has("new") && when > 3, "{when}: {:?}", names(&of.folder()));
                break;
            }
            // The next one completes, and so does a pack.
            let left: Vec<(String, Vec<u8>)> = names(&of.folder())
                .into_iter()
                .map(|name| (name.clone(), fs::read(of.folder().join(name)).unwrap()))
                .collect();
            let again = of.handoff("new", &["--force"]).output().unwrap();
            assert!(again.status.success() && of.has("new"), "{when}: {again:?} {:?}", names(&of.folder()));
            let copies = names(&of.folder()).into_iter().filter(|name| name.contains(".sealift-"));
            assert_eq!(copies.collect::<Vec<_>>(), Vec::<String>::new(), "{when}");
            of.clear();
            for (name, content) in &left {
                put(&of.folder().join(name), content);
            }
            let mut kept = of.handoff("new", &[]);
            let kept = kept.output().unwrap();
            assert!(of.has("old") || of.has("new"), "{when}: {kept:?} {:?}", names(&of.folder()));
        }
    }
}

#[test]
fn a_copy_that_was_killed_says_nothing_of_the_volumes_next_to_it() {
    let of = Two::new();
    let second = fs::read(of.dir.join("old/a.sealift.0002")).unwrap();
    let third = fs::read(of.dir.join("old/a.sealift.0003")).unwrap();
    let left_by_handoff = |of: &Two| {
        of.clear();
        put(&of.volume(2), &second);
        put(&of.volume(3), &third);
        let log = of.dir.join("log");
        let killed = with_fault(&of.handoff("old", &["--volumes", "1"]), &log, "renameat2", "signal=KILL", 1);
        assert!(killed.1);
    };
    let left_by_repair = |of: &Two| {
        of.clear();
        put(&of.volume(2), &second);
        put(&of.volume(3), &third);
        // Repaired to a place where two of its volumes are already.
        let mut repair = Sealift::command(["repair", "-q", "--out"]);
        repair.arg(of.volume(1)).arg(of.dir.join("old/a.sealift"));
        assert!(with_fault(&repair, &of.dir.join("log"), "renameat2", "signal=KILL", 1).1);
    };
    for left in [&left_by_handoff as &dyn Fn(&Two), &left_by_repair] {
        for force in [&[][..], &["--force"]] {
            left(&of);
            let there = |of: &Two| {
                let all = [2, 3].into_iter().flat_map(|number| {
                    let name = of.volume(number);
                    [name.clone(), format!("{}.sealift-old", name.display()).into()]
                });
                all.filter_map(|path| fs::read(path).ok())
                    .filter(|found| [&second, &third].contains(&found))
                    .count()
            };
            assert_eq!(there(&of), 2, "{:?}", names(&of.folder()));
            let before = names(&of.folder());
            let packed = of.pack("new", &of.folder()).arg("--json").args(force).output().unwrap();
            assert_eq!(code(&packed), "IO-04", "{packed:?}");
            assert_eq!(there(&of), 2, "{:?}", names(&of.folder()));
            assert!(before.iter().all(|name| names(&of.folder()).contains(name) || name.ends_with("-old")));
            // Benign: the copy goes on.
            run(&mut of.handoff("old", &["--force"]));
            assert!(of.has("old"), "{:?}", names(&of.folder()));
        }
    }
}

#[test]
fn a_part_that_is_handed_over_does_not_hide_another_that_was_set_aside() {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    let pw = dir.join("pw");
    let classes = format!(
        "version = 1\n[public]\nimages = [\"docker.io/library/*\"]\npassword_file = \"{0}\"\n\
         [secret]\nimages = [\"vendor.example/*\"]\npassword_file = \"{0}\"\n",
        pw.display()
    );
    dir.write("classes.toml", classes);
    let stick = dir.join("stick");
    fs::create_dir(&stick).unwrap();
    for (which, seed) in [("old", 5), ("new", 7)] {
        fs::create_dir(dir.join(which)).unwrap();
        let tar = dir.join(&format!("{which}.tar"));
        archive(&tar, seed, &["nginx:1", "vendor.example/ledger:1"], 300_000);
        let mut pack = Sealift::command(["pack", "-q", "--kdf", "low", "--classes"]);
        run(pack.arg(dir.join("classes.toml")).arg(tar).arg("--out").arg(dir.join(which).join("a.sealift")));
    }
    let parts = names(&dir.join("old"));
    assert_eq!(parts.len(), 2);
    let handoff = |which: &str, part: &str| {
        let mut command = Sealift::command(["handoff", "-q", "--no-kit", "--force", "--json", "--to"]);
        command.arg(&stick).arg(dir.join(which).join(part));
        command
    };
    let read = |part: &str| {
        let inspected = Sealift::command(["inspect", "--json"]).arg(stick.join(part)).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
        assert!(inspected.status.success(), "{part}: {report} {:?}", names(&stick));
        report["fingerprint"].clone()
    };
    for (first, second) in [(0, 1), (1, 0)] {
        for when in 1..=4 {
            for part in &parts {
                run(&mut handoff("old", part));
            }
            run(&mut handoff("new", &parts[first]));
            let old = read(&parts[second]);
            let log = dir.join("log");
            let (_, was_hit) =
                with_fault(&handoff("new", &parts[second]), &log, "renameat2", "signal=KILL", when);
            // Killed in the middle, the old part is there, also when the other one is changed.
            let found = read(&parts[second]);
            assert!(was_hit == (found == old), "{when}");
            let mut sign = Sealift::command(["keys", "add", "-q", "--kdf", "low", "--password-file"]);
            let new = dir.join("second");
            put(&new, b"another passphrase, long enough\n");
            run(sign.arg(&pw).arg("--new-password-file").arg(&new).arg(stick.join(&parts[second])));
            assert_eq!(read(&parts[second]), found);
            run(&mut handoff("new", &parts[second]));
            assert_ne!(read(&parts[second]), old);
            if !was_hit {
                break;
            }
        }
    }
}

#[test]
fn two_handoffs_that_replace_do_not_give_each_others_files_a_name() {
    let of = Two::new();
    of.clear();
    let mut first = of.handoff("old", &["--force"]);
    let mut child = first.stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&of.folder().join("a.sealift.0002.sealift-copy"), 1, &mut child);
    run(crate::support::Tool::new("kill", "procps").command().args(["-STOP", &child.id().to_string()]));
    // Of all volumes, and of one that the first has written already.
    for options in [&["--force"][..], &["--force", "--volumes", "1"], &["--remove-stale"]] {
        let second = of.handoff("new", options).output().unwrap();
        assert_eq!(code(&second), "IO-09", "{second:?}");
    }
    run(crate::support::Tool::new("kill", "procps").command().args(["-CONT", &child.id().to_string()]));
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(of.is("old"));
    // Benign: one after the other.
    run(&mut of.handoff("new", &["--force", "--remove-stale"]));
    assert!(of.is("new"), "{:?}", names(&of.folder()));
}

#[test]
fn a_volume_is_not_replaced_by_what_is_no_set() {
    let of = Two::new();
    of.reset();
    let contents = || -> Vec<Vec<u8>> {
        names(&of.folder()).iter().map(|name| fs::read(of.folder().join(name)).unwrap()).collect()
    };
    let before = contents();
    let pw = of.dir.join("pw");
    let (bundle, second) = (of.volume(1), of.volume(2));
    // A request for something, from a copy that lost a volume.
    fs::create_dir(of.dir.join("hurt")).unwrap();
    for name in ["a.sealift", "a.sealift.0003"] {
        put(&of.dir.join("hurt").join(name), &fs::read(of.folder().join(name)).unwrap());
    }
    let request = of.dir.join("request");
    let hurt = of.dir.join("hurt/a.sealift");
    let _ = Sealift::command(["repair", "--request"]).arg(&request).arg(&hurt).output().unwrap();
    assert!(request.exists());
    let key = |option: &str| format!("--{option} {}", pw.display());
    for taken in [&bundle, &second] {
        let (whole, hurt, taken) = (bundle.display(), hurt.display(), taken.display());
        let mut outputs = vec![
            format!("repair {hurt} --request {taken}"),
            format!("repair-file {whole} {} --out {taken}", request.display()),
            format!("restore {whole} --to docker-archive:{taken} {}", key("password-file")),
        ];
        // A bundle may take the place of a whole one.
        if second.ends_with(taken.to_string()) {
            let keys = [key("password-file"), key("new-password-file")].join(" ");
            outputs.push(format!("reseal {whole} --out {taken} --kdf low {keys}"));
            outputs.push(format!("repair {whole} --out {taken}"));
        }
        for output in outputs {
            let refused = Sealift::command(output.split(' ')).args(["--force", "--json"]).output().unwrap();
            assert_eq!(code(&refused), "IO-04", "{output}: {refused:?}");
            assert!(contents() == before, "{output}");
        }
    }
    let mut pack = of.pack("new", &of.folder());
    let refused = pack.args(["--force", "--json", "--out"]).arg(&second).output().unwrap();
    assert_ne!(refused.status.code(), Some(0));
    assert!(contents() == before);
    // Benign: any other file is replaced, and a bundle by a bundle.
    put(&of.folder().join("notes"), b"a letter");
    let mut repair = Sealift::command(["repair-file", "--force"]);
    run(repair.arg(&bundle).arg(&request).arg("--out").arg(of.folder().join("notes")));
    assert_ne!(fs::read(of.folder().join("notes")).unwrap(), b"a letter");
    fs::remove_file(of.folder().join("notes")).unwrap();
    let mut repair = Sealift::command(["repair", "--force"]);
    run(repair.arg(&bundle).arg("--out").arg(&bundle));
    assert!(contents() == before);
}
