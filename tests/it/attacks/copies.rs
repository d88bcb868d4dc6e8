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
    let parts = deliveries(&dir, &["old", "new"]);
    let (pw, stick) = (dir.join("pw"), dir.join("stick"));
    fs::create_dir(&stick).unwrap();
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
    // What a pack has closed already is its own as well.
    let (begun, closed) =
        (of.folder().join("a.sealift.sealift-partial"), of.folder().join("a.sealift.0002.sealift-partial"));
    let volume = |name: &str| fs::read(of.dir.join("new").join(name)).unwrap();
    put(&begun, &volume("a.sealift"));
    put(&closed, &volume("a.sealift.0002"));
    let packing = fs::File::open(&begun).unwrap();
    packing.lock().unwrap();
    let refused = of.handoff("old", &["--force", "--remove-stale"]).output().unwrap();
    assert_eq!(code(&refused), "IO-09", "{refused:?}");
    assert!(closed.exists() && begun.exists());
    drop(packing);
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

#[test]
fn no_output_takes_the_place_of_what_the_same_run_reads() {
    let of = Two::new();
    of.reset();
    let dir = |name: &str| of.dir.join(name).display().to_string();
    let (pw, tar, bundle) = (dir("pw"), dir("new.tar"), of.volume(1).display().to_string());
    let key = dir("key");
    run(&mut Sealift::command(["keys", "generate", "--type", "key-file", "--out", &key]));
    let pack = format!("pack {tar} --kdf low --force --json");
    let outputs = [
        format!("{pack} --out {pw} --password-file {pw}"),
        format!("{pack} --out {tar} --password-file {pw}"),
        format!("{pack} --out {key} -r {key}"),
        format!("{pack} --out {0} --generate-passphrase {0}", dir("new-name")),
        format!("{pack} --out {}/f/../pw --password-file {pw}", of.dir.path().display()),
        format!("restore {bundle} --to docker-archive:{pw} --password-file {pw} --force --json"),
        format!("repair {bundle} --request {bundle} --force --json"),
        format!("repair-file {bundle} {pw} --out {pw} --force --json"),
    ];
    let before: Vec<_> = [&pw, &tar, &key, &bundle].map(fs::read).into_iter().map(Result::unwrap).collect();
    for output in outputs {
        let refused = Sealift::command(output.split(' ')).output().unwrap();
        assert_eq!(code(&refused), "IO-04", "{output}: {refused:?}");
        let now: Vec<_> = [&pw, &tar, &key, &bundle].map(fs::read).into_iter().map(Result::unwrap).collect();
        assert!(now == before && !of.dir.join("new-name").exists(), "{output}");
    }
    // Benign: another name in the same folder.
    run(&mut Sealift::command(format!("{pack} --out {} --password-file {pw}", dir("b.sealift")).split(' ')));
}

#[test]
fn a_part_of_another_delivery_is_not_hidden_by_a_pack_that_was_killed() {
    let dir = Scratch::new();
    let parts = deliveries(&dir, &["one", "two", "three"]);
    let f = dir.join("f");
    fs::create_dir(&f).unwrap();
    let log = dir.join("log");
    let fingerprint = |path: &Path| {
        let output = Sealift::command(["inspect", "--json"]).arg(path).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        output.status.success().then(|| report["fingerprint"].clone())
    };
    for when in 1..=20 {
        for name in names(&f) {
            fs::remove_file(f.join(name)).unwrap();
        }
        // Parts of two deliveries, as they came one by one.
        for (which, part) in [("three", &parts[0]), ("one", &parts[1])] {
            put(&f.join(part), &fs::read(dir.join(which).join(part)).unwrap());
        }
        let before: Vec<_> = parts.iter().map(|part| fingerprint(&f.join(part))).collect();
        let mut pack = Sealift::command(["pack", "-q", "--kdf", "low", "--force", "--classes"]);
        pack.arg(dir.join("classes.toml")).arg(dir.join("two.tar")).arg("--out").arg(f.join("a.sealift"));
        let (_, was_hit) = with_fault(&pack, &log, "renameat2", "signal=KILL", when);
        let found: Vec<_> = parts.iter().map(|part| fingerprint(&f.join(part))).collect();
        assert!(found.iter().all(Option::is_some), "{when}: {:?}", names(&f));
        assert!(found == before || found.iter().zip(&before).all(|(now, then)| now != then), "{when}");
        if !was_hit {
            assert!(when > 4, "{when}");
            return;
        }
        let mut other = Sealift::command(["pack", "-q", "--json", "--kdf", "low", "--password-file"]);
        other.arg(dir.join("pw")).arg(dir.join("one.tar")).arg("--out").arg(f.join(&parts[0]));
        assert_eq!(code(&other.output().unwrap()), "IO-04", "{when}: {:?}", names(&f));
        assert_eq!(parts.iter().map(|part| fingerprint(&f.join(part))).collect::<Vec<_>>(), found);
    }
    panic!("no end");
}

/// Deliveries of two classes in folders of these names, with their archives, and `classes.toml`; names of the parts.
fn deliveries(dir: &Scratch, which: &[&str]) -> Vec<String> {
    dir.write("pw", "correct horse battery staple\n");
    let classes = "version = 1\n[public]\nimages = [\"docker.io/library/*\"]\npassword_file = \"PW\"\n\
                   [secret]\nimages = [\"vendor.example/*\"]\npassword_file = \"PW\"\n";
    dir.write("classes.toml", classes.replace("PW", dir.join("pw").to_str().unwrap()));
    for (seed, which) in (5..).step_by(2).zip(which) {
        fs::create_dir(dir.join(which)).unwrap();
        let tar = dir.join(&format!("{which}.tar"));
        archive(&tar, seed, &["nginx:1", "vendor.example/ledger:1"], 300_000);
        let mut pack = Sealift::command(["pack", "-q", "--kdf", "low", "--classes"]);
        run(pack.arg(dir.join("classes.toml")).arg(tar).arg("--out").arg(dir.join(which).join("a.sealift")));
    }
    let parts = names(&dir.join(which[0]));
    assert_eq!(parts.len(), 2);
    parts
}

#[test]
fn a_bundle_that_opens_by_its_second_header_copy_is_not_lost_by_a_handoff_that_was_killed() {
    const COPY: usize = 64 << 10;
    let of = Two::new();
    let other = fs::read(of.dir.join("new/a.sealift")).unwrap();
    let whole = fs::read(of.dir.join("old/a.sealift")).unwrap();
    let log = of.dir.join("log");
    let opens = || {
        let mut verify = Sealift::command(["verify", "-q", "--password-file"]);
        verify.arg(of.dir.join("pw")).arg(of.volume(1)).output().unwrap().status.success()
    };
    for copy in [&other[..COPY], &vec![0; COPY]] {
        for when in 1..=30 {
            of.reset();
            put(&of.volume(1), &[copy, &whole[COPY..]].concat());
            assert!(opens());
            let (_, was_hit) =
                with_fault(&of.handoff("new", &["--force"]), &log, "renameat2", "signal=KILL", when);
            assert!(opens(), "{when}: {:?}", names(&of.folder()));
            if !was_hit {
                break;
            }
            let added = of.dir.join(&format!("pw-{when}"));
            if !added.exists() {
                put(&added, format!("another passphrase, number {when}\n").as_bytes());
            }
            let mut add = Sealift::command(["keys", "add", "-q", "--kdf", "low", "--password-file"]);
            add.arg(of.dir.join("pw")).arg("--new-password-file").arg(&added).arg(of.volume(1));
            let changed = add.output().unwrap();
            assert!(opens(), "{when}: {changed:?} {:?}", names(&of.folder()));
        }
    }
}

#[test]
fn what_came_after_a_handoff_was_planned_is_not_removed_by_it() {
    let of = Two::new();
    of.reset();
    let first = of.dir.join("first");
    fs::create_dir(&first).unwrap();
    let mut handoff = Sealift::command(["handoff", "-q", "--no-kit", "--json", "--remove-stale", "--to"]);
    handoff.arg(&first).arg("--to").arg(of.folder()).arg(of.dir.join("new/a.sealift"));
    let mut child = handoff.stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&first.join("a.sealift.sealift-copy"), 1, &mut child);
    let kill = |signal: &str| {
        run(crate::support::Tool::new("kill", "procps").command().args([signal, &child.id().to_string()]));
    };
    kill("-STOP");
    archive(&of.dir.join("third.tar"), 9, &["app:1"], 2_600_000);
    run(of.pack("third", &of.folder()).arg("--force"));
    let third: Vec<_> =
        names(&of.folder()).iter().map(|name| fs::read(of.folder().join(name)).unwrap()).collect();
    kill("-CONT");
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("IO-09"), "{output:?}");
    let now: Vec<_> =
        names(&of.folder()).iter().map(|name| fs::read(of.folder().join(name)).unwrap()).collect();
    assert!(now == third, "{:?}", names(&of.folder()));
    assert!(first.join("a.sealift").exists());
}

#[test]
fn a_bare_name_is_a_place_like_any_other() {
    let of = Two::new();
    of.reset();
    let mut repair = Sealift::command(["repair", "-q", "--force", "--out", "a.sealift"]);
    run(repair.arg(of.dir.join("new/a.sealift")).current_dir(of.folder()));
    assert!(of.is("new"), "{:?}", names(&of.folder()));
    let mut handoff =
        Sealift::command(["handoff", "-q", "--no-kit", "--force", "--remove-stale", "--to", "."]);
    run(handoff.arg(of.dir.join("old/a.sealift")).current_dir(of.folder()));
    assert!(of.is("old"), "{:?}", names(&of.folder()));
}

#[test]
fn a_name_that_leaves_no_room_for_those_of_its_volumes_is_refused() {
    let of = Two::new();
    for (len, expected) in [(240, "USAGE-01"), (234, "")] {
        let name = "n".repeat(len);
        let mut plain =
            Sealift::command(["pack", "-q", "--json", "--kdf", "low", "--volume-size", "2MiB", "--out"]);
        plain
            .arg(of.folder().join(&name))
            .arg(of.dir.join("new.tar"))
            .arg("--password-file")
            .arg(of.dir.join("pw"));
        assert_eq!(code(&plain.output().unwrap()), expected, "{len}");
    }
    // A bundle does not take the name of another's later volume, there or not.
    of.reset();
    fs::remove_file(of.volume(2)).unwrap();
    let name = of.dir.join("new/a.sealift.0002");
    let single = of.dir.join("single");
    fs::create_dir(&single).unwrap();
    archive(&of.dir.join("small.tar"), 11, &["app:1"], 1000);
    run(&mut of.pack("small", &single));
    put(&name, &fs::read(single.join("a.sealift")).unwrap());
    let mut handoff = Sealift::command(["handoff", "-q", "--no-kit", "--force", "--json", "--to"]);
    let output = handoff.arg(of.folder()).arg(&name).output().unwrap();
    assert_eq!(code(&output), "IO-04", "{output:?}");
    assert!(!of.volume(2).exists());
}

#[test]
fn two_restores_into_one_layout_do_not_take_back_each_others_blobs() {
    let of = Two::new();
    of.reset();
    let pw = of.dir.join("pw");
    let layout = of.dir.join("layout");
    let restore = |bundle: &Path| {
        let mut command = Sealift::command(["restore", "--json", "--to"]);
        command.arg(format!("oci:{}", layout.display())).arg(bundle).arg("--password-file").arg(&pw);
        command
    };
    for is_new in [true, false] {
        if !is_new {
            let sample = of.dir.join("sample.tar");
            sealift::write_sample(&sample).unwrap();
            let mut pack = Sealift::command(["pack", "-q", "--kdf", "low", "--out"]);
            let earlier = of.dir.join("sample.sealift");
            run(pack.arg(&earlier).arg(&sample).arg("--password-file").arg(&pw));
            run(&mut restore(&earlier));
        }
        // Held as the first restore holds it.
        let held = if is_new { of.dir.join("layout.sealift-partial") } else { layout.clone() };
        if is_new {
            fs::create_dir(&held).unwrap();
        }
        let lock = fs::File::open(&held).unwrap();
        lock.lock().unwrap();
        let refused = restore(&of.volume(1)).output().unwrap();
        assert_eq!(code(&refused), "IO-09", "{refused:?}");
        assert!(held.exists());
        drop(lock);
        run(&mut restore(&of.volume(1)));
        assert_eq!(Sealift::images(&format!("oci:{}", layout.display())).len(), if is_new { 1 } else { 3 });
        fs::remove_dir_all(&layout).unwrap();
    }
}

#[test]
fn what_a_second_kill_left_does_not_keep_a_bundle_from_being_settled() {
    let of = Two::new();
    of.reset();
    let beside = |end: &str| of.folder().join(format!("a.sealift.0002{end}"));
    let second = fs::read(of.volume(2)).unwrap();
    put(&beside(".sealift-old"), &second);
    put(&of.volume(2), &fs::read(of.dir.join("new/a.sealift.0002")).unwrap());
    put(&beside(".sealift-copy"), b"half");
    put(&of.dir.join("pw2"), b"another passphrase, long enough\n");
    let mut add = Sealift::command(["keys", "add", "-q", "--kdf", "low", "--password-file"]);
    run(add.arg(of.dir.join("pw")).arg("--new-password-file").arg(of.dir.join("pw2")).arg(of.volume(1)));
    assert!(of.has("old"), "{:?}", names(&of.folder()));
    assert_eq!(fs::read(of.volume(2)).unwrap(), second);
    run(&mut of.handoff("new", &["--force", "--remove-stale"]));
    assert!(of.is("new"), "{:?}", names(&of.folder()));
}
