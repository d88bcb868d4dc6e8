//! Folders that somebody else prepared: what is in them leads out, blocks, or is there to be read by others.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

use crate::support::{Place, Scratch, Sealift, Tool, names, noise, run};

const MOUNT: Tool = Tool::new("mount", "mount");

/// A bundle of the sample.
fn bundle(dir: &Scratch) -> PathBuf {
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    packed(dir, sample.to_str().unwrap(), &[])
}

/// A bundle of two volumes.
fn two_volumes(dir: &Scratch) -> PathBuf {
    packed(dir, &noise(dir, 1), &["--volume-size", "24MiB"])
}

fn packed(dir: &Scratch, source: &str, options: &[&str]) -> PathBuf {
    fs::create_dir(dir.join("made")).unwrap();
    let bundle = dir.join("made/a.sealift");
    Sealift::new(dir).pack([source], &bundle, &[&["--kdf", "low"], options].concat());
    bundle
}

fn empty(dir: &Scratch, name: &str) -> PathBuf {
    let folder = dir.join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn fifo(path: &Path) {
    run(Tool::new("mkfifo", "coreutils").command().arg(path));
}

#[expect(clippy::disallowed_methods, reason = "plays another program")]
fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

/// Ends whatever blocks.
fn within_20_seconds() -> std::process::Command {
    let mut command = Tool::new("timeout", "coreutils").command();
    command.args(["-k", "1", "20"]);
    command
}

#[track_caller]
fn error(output: &Output) -> Value {
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    answer["error"].clone()
}

// --- what a handoff takes for a copy

/// Makes something at a path.
type PutThere<'a> = &'a dyn Fn(&Path);

fn handoff(bundle: &Path, to: &Path, options: &[&str]) -> Output {
    let mut command = Sealift::command(["handoff", "--json", "--progress", "none"]);
    command.arg(bundle).arg("--to").arg(to).args(options).output().unwrap()
}

#[test]
fn a_handoff_takes_only_a_file_of_the_medium_for_a_copy() {
    let dir = Scratch::new();
    let bundle = two_volumes(&dir);
    let volumes = names(bundle.parent().unwrap());
    let elsewhere = empty(&dir, "elsewhere");
    for name in &volumes {
        fs::copy(bundle.with_file_name(name), elsewhere.join(name)).unwrap();
    }
    let copy = elsewhere.join("a.sealift");
    let to_source = |to: &Path| symlink(&bundle, to).unwrap();
    let to_copy = |to: &Path| symlink(&copy, to).unwrap();
    let dangling = |to: &Path| symlink("nowhere", to).unwrap();
    let mounted = |to: &Path| {
        put(to, b"");
        run(MOUNT.command().arg("--bind").arg(&copy).arg(to));
    };
    let strangers: [(&str, PutThere); 5] = [
        ("link-to-the-source", &to_source),
        ("link-to-a-copy", &to_copy),
        ("dangling", &dangling),
        ("mounted", &mounted),
        ("pipe", &fifo),
    ];
    for (name, put_there) in strangers {
        for end in ["", ".sealift-copy"] {
            let stick = empty(&dir, &format!("{name}{end}"));
            let taken = stick.join(format!("a.sealift{end}"));
            put_there(&taken);
            let output = handoff(&bundle, &stick, &["--no-kit"]);
            let error = error(&output);
            assert_eq!((&error["code"], output.status.code()), (&"IO-04".into(), Some(1)), "{name}: {error}");
            assert_eq!(error["facts"]["path"], taken.to_str().unwrap());
            assert_eq!(names(&stick).len(), 1, "{name}: nothing was written");
        }
    }
    // A later volume is no better.
    let stick = empty(&dir, "later");
    symlink(bundle.with_file_name(&volumes[1]), stick.join(&volumes[1])).unwrap();
    assert_eq!(error(&handoff(&bundle, &stick, &["--no-kit"]))["code"], "IO-04");
    // With --force the name is given to a file, and what the link leads to stays.
    let stick = empty(&dir, "forced");
    let before = fs::read(&copy).unwrap();
    symlink(&copy, stick.join("a.sealift")).unwrap();
    assert!(handoff(&bundle, &stick, &["--no-kit", "--force"]).status.success());
    assert!(stick.join("a.sealift").symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read(&copy).unwrap(), before);
}

#[test]
fn a_handoff_takes_files_that_are_there_as_ever() {
    let dir = Scratch::new();
    let bundle = bundle(&dir);
    let stick = empty(&dir, "stick");
    fs::copy(&bundle, stick.join("a.sealift")).unwrap();
    // The folder may be a link, to another file system too: it is what the user named.
    let (link, far, mounted) = (dir.join("link"), dir.join("far"), empty(&dir, "mounted"));
    symlink(&stick, &link).unwrap();
    run(MOUNT.command().args(["-t", "tmpfs", "tmpfs"]).arg(&mounted));
    fs::copy(&bundle, mounted.join("a.sealift")).unwrap();
    symlink(&mounted, &far).unwrap();
    for folder in [&stick, &link, &far] {
        let output = handoff(&bundle, folder, &["--no-kit"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["targets"][0]["report"]["written_bytes"], 0, "{answer}");
    }
    // A second name of one file is on the medium too.
    let stick = empty(&dir, "hard");
    fs::hard_link(&bundle, stick.join("a.sealift")).unwrap();
    assert!(handoff(&bundle, &stick, &["--no-kit"]).status.success());
}

#[test]
fn a_kit_is_written_to_the_medium_and_names_what_is_on_it() {
    let dir = Scratch::new();
    let bundle = bundle(&dir);
    let (stick, elsewhere) = (empty(&dir, "stick"), empty(&dir, "elsewhere"));
    let kit = empty(&dir, "stick/sealift-kit");
    run(MOUNT.command().arg("--bind").arg(&elsewhere).arg(&kit));
    let output = handoff(&bundle, &stick, &["--kit"]);
    let error = error(&output);
    assert_eq!((&error["code"], &error["facts"]["path"]), (&"IO-04".into(), &kit.to_str().unwrap().into()));
    assert!(names(&elsewhere).is_empty());
    symlink(&bundle, elsewhere.join("link.sealift")).unwrap();
    fs::copy(&bundle, elsewhere.join("b.sealift")).unwrap();
    assert_eq!(sealift::bundles_in(&elsewhere).unwrap(), [elsewhere.join("b.sealift")]);
}

// --- layouts

/// A layout without images.
fn layout(dir: &Scratch, name: &str) -> PathBuf {
    let folder = empty(dir, name);
    put(&folder.join("index.json"), br#"{"schemaVersion":2,"manifests":[]}"#);
    put(&folder.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#);
    folder
}

#[test]
fn a_layout_whose_blobs_would_go_elsewhere_is_refused_before_anything_is_written() {
    let dir = Scratch::new();
    let bundle = bundle(&dir);
    let sealift = Sealift::opened_by(dir.join("passphrase"));
    let cron = empty(&dir, "cron.d");
    empty(&dir, "cron.d/sha256");
    let near = layout(&dir, "near");
    empty(&dir, "near/blobs");
    empty(&dir, "near/cron.d");
    symlink("../cron.d", near.join("blobs/sha256")).unwrap();
    let far = layout(&dir, "far");
    empty(&dir, "far/blobs");
    symlink(&cron, far.join("blobs/sha256")).unwrap();
    let above = layout(&dir, "above");
    symlink("../cron.d", above.join("blobs")).unwrap();
    let file = layout(&dir, "file");
    put(&file.join("blobs"), b"no folder");
    let index = empty(&dir, "index");
    symlink(near.join("index.json"), index.join("index.json")).unwrap();
    for (layout, at) in
        [(&near, "blobs/sha256"), (&far, "blobs/sha256"), (&above, "blobs"), (&file, "blobs"), (&index, "")]
    {
        let before = names(layout);
        let (status, error) = sealift.refused(&bundle, &format!("oci:{}", layout.display()), &[]);
        assert_eq!((status, error["code"].as_str()), (Some(1), Some("IO-04")), "{error}");
        let at = if at.is_empty() { layout.clone() } else { layout.join(at) };
        assert_eq!(error["facts"]["path"], at.to_str().unwrap());
        assert_eq!(names(layout), before);
    }
    assert_eq!(names(&cron), ["sha256"]);
    assert!(names(&cron.join("sha256")).is_empty() && names(&near.join("cron.d")).is_empty());
}

#[test]
fn a_layout_that_others_began_grows_by_files_of_its_own() {
    let dir = Scratch::new();
    let bundle = bundle(&dir);
    let sealift = Sealift::opened_by(dir.join("passphrase"));
    let whole = dir.join("whole");
    sealift.restore(&bundle, &format!("oci:{}", whole.display()), &[]);
    // One without any folder, one with a blob that is a link, and one whose partial file is.
    let bare = layout(&dir, "bare");
    let linked = layout(&dir, "linked");
    empty(&dir, "linked/blobs/sha256");
    let blobs = names(&whole.join("blobs/sha256"));
    let victim = dir.join("victim");
    put(&victim, b"mine");
    symlink(whole.join("blobs/sha256").join(&blobs[0]), linked.join("blobs/sha256").join(&blobs[0])).unwrap();
    symlink(&victim, linked.join("blobs/sha256").join(format!("{}.sealift-partial", blobs[1]))).unwrap();
    symlink(&victim, linked.join("index.json.sealift-partial")).unwrap();
    for layout in [&bare, &linked] {
        let dest = format!("oci:{}", layout.display());
        let report = sealift.restore(&bundle, &dest, &[]);
        assert_eq!(report["num_present"], 0, "a link is no blob: {report}");
        assert_eq!(Sealift::images(&dest), sealift.inspect(&bundle));
        for blob in &blobs {
            assert!(layout.join("blobs/sha256").join(blob).symlink_metadata().unwrap().is_file());
        }
        assert_eq!(names(&layout.join("blobs/sha256")), blobs);
        // Once more: all of it is there.
        assert_eq!(sealift.restore(&bundle, &dest, &[])["num_blobs"], 0);
    }
    assert_eq!(fs::read(&victim).unwrap(), b"mine");
}

#[test]
fn a_layout_goes_where_a_link_to_a_folder_leads_or_is_refused_at_once() {
    let dir = Scratch::new();
    let bundle = bundle(&dir);
    let sealift = Sealift::opened_by(dir.join("passphrase"));
    let (target, link) = (empty(&dir, "target"), dir.join("link"));
    symlink("target", &link).unwrap();
    let dest = format!("oci:{}", link.display());
    // A new one, then one that is there.
    for num_present in [false, true] {
        let report = sealift.restore(&bundle, &dest, &[]);
        assert_eq!(report["num_present"].as_u64().unwrap() > 0, num_present, "{report}");
        assert_eq!(Sealift::images(&format!("oci:{}", target.display())), sealift.inspect(&bundle));
        assert!(
            link.is_symlink()
                && !dir.join("link.sealift-partial").exists()
                && !dir.join("target.sealift-partial").exists()
        );
    }
    let dangling = dir.join("dangling");
    symlink("nowhere", &dangling).unwrap();
    let (status, error) = sealift.refused(&bundle, &format!("oci:{}", dangling.display()), &[]);
    assert_eq!((status, error["code"].as_str()), (Some(1), Some("IO-04")), "{error}");
    assert!(!dir.join("nowhere").exists() && !dir.join("dangling.sealift-partial").exists());
}

// --- what others may read

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o777
}

/// Every file and folder below `folder` that somebody else has a right to.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in names(folder).into_iter().map(|name| folder.join(name)) {
        if mode(&path) & 0o077 != 0 {
            found.push(path.clone());
        }
        if path.symlink_metadata().unwrap().is_dir() {
            found.extend(open_to_others(&path));
        }
    }
    found
}

#[test]
fn what_is_remembered_is_private_from_its_first_byte_whatever_the_mask_says() {
    for mask in ["022", "000"] {
        let place = Place(Scratch::for_sockets());
        place.0.write("pw", "correct horse battery staple\n");
        place.done("signing-key new @acme --key-password-file @pw");
        let masked = |program: &str, args: &[&str]| {
            let mut command = within_20_seconds();
            command.args(["sh", "-c", &format!("umask {mask}; exec \"$0\" \"$@\""), program]).args(args);
            for (name, folder) in
                [("CONFIG", "config"), ("STATE", "state"), ("DATA", "data"), ("RUNTIME", "run")]
            {
                let suffix = if name == "RUNTIME" { "DIR" } else { "HOME" };
                command.env(format!("XDG_{name}_{suffix}"), place.path("home").join(folder));
            }
            // A display that nobody serves: the app begins its log, claims it, and ends.
            command.env("DISPLAY", ":4711").env_remove("WAYLAND_DISPLAY");
            command
        };
        let program = env!("CARGO_BIN_EXE_sealift");
        let key = place.path("acme.pub");
        fs::create_dir(place.path("home")).unwrap();
        fs::set_permissions(place.path("home"), fs::Permissions::from_mode(0o755)).unwrap();
        run(&mut masked(program, &["trust", "add", "acme", "--key", key.to_str().unwrap(), "--yes"]));
        let _ = masked(program, &[]).output().unwrap();
        let home = place.path("home");
        assert!(home.join("config/sealift/trust.toml").exists());
        let logs = home.join("data/sealift/logs");
        assert!(!names(&logs).is_empty() && home.join("run/sealift").is_dir(), "the app was begun");
        assert_eq!(open_to_others(&home), [] as [PathBuf; 0], "umask {mask}");

        // As an earlier version left it.
        let old = [logs.clone(), home.join("config/sealift"), home.join("data/sealift")];
        put(&home.join("data/sealift/history.db"), b"");
        put(&logs.join("crash-1.txt"), b"a path");
        for folder in &old {
            for path in names(folder).into_iter().map(|name| folder.join(name)) {
                fs::set_permissions(
                    &path,
                    fs::Permissions::from_mode(if path.is_dir() { 0o755 } else { 0o644 }),
                )
                .unwrap();
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let _ = masked(program, &[]).output().unwrap();
        assert_eq!(open_to_others(&home), [] as [PathBuf; 0], "umask {mask}");
    }
}

#[test]
fn a_trust_store_that_is_there_for_others_stays_so() {
    let place = Place(Scratch::new());
    place.0.write("pw", "correct horse battery staple\n");
    place.done("signing-key new @acme --key-password-file @pw");
    let shared = empty(&place.0, "etc");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
    place.done("trust add acme --key @acme.pub --yes --trust-store @etc/trust.toml");
    assert_eq!((mode(&shared), mode(&shared.join("trust.toml"))), (0o755, 0o644));
}

// --- pipes

#[test]
fn recover_py_waits_for_no_pipe() {
    let dir = Scratch::new();
    let bundle = two_volumes(&dir);
    let recover = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/recover.py");
    let python = crate::testkit::python().get_program().to_owned();
    let recovered = |bundle: &Path| {
        let mut command = within_20_seconds();
        command.arg(&python).arg(recover).arg(bundle).args(["--list", "--password-file"]);
        command.arg(dir.join("passphrase")).output().unwrap()
    };
    assert!(recovered(&bundle).status.success());
    for volume in ["a.sealift.0002", "a.sealift"] {
        let path = bundle.with_file_name(volume);
        fs::remove_file(&path).unwrap();
        fifo(&path);
        let output = recovered(&bundle);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.starts_with("IO-01: "), "{volume}: {said}");
        let output = Sealift::command(["inspect", "--json"]).arg(&bundle).output().unwrap();
        if volume == "a.sealift" {
            assert_eq!(error(&output)["code"], "IO-01");
        }
    }
}

#[test]
fn a_file_of_secrets_may_be_a_descriptor_and_no_other_pipe() {
    let dir = Scratch::new();
    let bundle = bundle(&dir);
    let pipe = dir.join("pipe");
    fifo(&pipe);
    let home = dir.join("home");
    let sealift = |args: &[&str]| {
        let mut command = within_20_seconds();
        command.arg(env!("CARGO_BIN_EXE_sealift")).args(args).arg("--json").env("HOME", &home);
        for name in ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command
    };
    let (bundle, pipe) = (bundle.to_str().unwrap(), pipe.to_str().unwrap());
    let registry = "docker://127.0.0.1:1/a:1";
    for args in [
        &["verify", bundle, "--password-file", pipe][..],
        &["images", registry, "--creds-file", pipe],
        &["inspect", bundle, "--trust-store", pipe],
        &["verify", bundle, "--identity", pipe],
    ] {
        let output = sealift(args).output().unwrap();
        assert_eq!(error(&output)["code"], "IO-01", "{args:?}");
    }
    for (at, code) in [(".docker/config.json", "IO-01"), (".docker/certs.d/127.0.0.1:1/ca.crt", "NET-11")] {
        let path = home.join(at);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fifo(&path);
        let output = sealift(&["images", registry]).output().unwrap();
        assert_eq!(error(&output)["code"], code, "{at}");
        fs::remove_file(path).unwrap();
    }
    // What a shell gives, and what is open already.
    let program = env!("CARGO_BIN_EXE_sealift");
    let passphrase = dir.join("passphrase");
    for script in [
        "\"$0\" verify \"$1\" --password-file <(cat \"$2\")",
        "cat \"$2\" | \"$0\" verify \"$1\" --password-file /dev/stdin",
        "\"$0\" verify \"$1\" --password-fd 5 5< <(cat \"$2\")",
        "\"$0\" verify \"$1\" --password-file \"$2\"",
    ] {
        let mut command = within_20_seconds();
        run(command.args(["bash", "-c", script, program, bundle]).arg(&passphrase));
    }
}
