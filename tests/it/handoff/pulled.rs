//! Sticks that are pulled out in the middle. Two things stand in for one: a FUSE file system whose server is killed, after which
//! every call fails, and a loop device whose image is emptied, after which every transfer fails.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::{assert_same, bundle, command, failed, handed, interrupted::signal, stick::Stick};
use crate::support::{Daemon, Scratch, Sealift, Tool, names, noise, run, wait_for};

const UMOUNT: Tool = Tool::new("umount", "mount");

/// A folder that is seen through a file system of its own.
struct Bound {
    real: PathBuf,
    point: PathBuf,
    log: PathBuf,
    server: Option<Daemon>,
}

impl Bound {
    fn new(dir: &Scratch) -> Self {
        let [real, point] = ["real", "stick"].map(|name| dir.join(name));
        fs::create_dir(&real).unwrap();
        fs::create_dir(&point).unwrap();
        let mut this = Self { real, point, log: dir.join("bindfs.log"), server: None };
        this.plug();
        this
    }

    fn plug(&mut self) {
        let mut server = Tool::new("bindfs", "bindfs").tied_command();
        server.arg("-f").arg(&self.real).arg(&self.point);
        let below = device(&self.point);
        self.server = Some(Daemon::start(&mut server, &self.log, || device(&self.point) != below));
    }

    /// From now on every call fails: "Transport endpoint is not connected".
    fn pull(&self) {
        self.server.as_ref().unwrap().kill();
        while fs::metadata(&self.point).is_ok() {
            std::thread::yield_now();
        }
    }

    /// As after plugging it in again.
    fn plug_again(&mut self) {
        run(UMOUNT.command().arg("-l").arg(&self.point));
        self.plug();
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = UMOUNT.command().arg("-l").arg(&self.point).stderr(Stdio::null()).status();
    }
}

/// The number of the file system that a folder is on.
fn device(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).map_or(0, |metadata| metadata.dev())
}

/// Starts `command`, and stops it once `path` has more than `len` bytes.
fn stopped_at(command: &mut Command, path: &Path, len: u64) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(path, len, &mut child);
    signal(&child, "-STOP");
    child
}

#[test]
fn a_stick_that_is_gone_is_said_nothing_claims_to_be_whole_and_the_next_run_continues() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("12MiB"));
    let mut stick = Bound::new(&dir);
    let mut handoff = command(&bundle);
    handoff.arg("--to").arg(&stick.point);
    let child = stopped_at(&mut handoff, &stick.real.join("a.sealift.0002.sealift-copy"), 4 << 20);
    stick.pull();
    signal(&child, "-CONT");
    assert_eq!(failed(&child.wait_with_output().unwrap()), ("HANDOFF-02".into(), Some(1)));
    assert!(
        names(&stick.real).iter().all(|name| name.ends_with(".sealift-copy")),
        "{:?}",
        names(&stick.real)
    );
    stick.plug_again();
    let report = handed(&bundle, &stick.point, &[]);
    assert!(report["kept_bytes"].as_u64().unwrap() > 12 << 20, "{report}");
    assert_same(bundle.parent().unwrap(), &stick.real);
}

#[test]
fn a_pack_whose_stick_is_gone_fails_plainly_and_the_next_run_completes() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 2);
    let mut stick = Bound::new(&dir);
    let out = stick.point.join("a.sealift");
    let pack = || {
        let mut pack = sealift.prepared(["pack", &source, "--kdf", "low", "--json", "--progress", "none"]);
        pack.arg("--out").arg(&out);
        pack
    };
    let child = stopped_at(&mut pack(), &stick.real.join("a.sealift.sealift-partial"), 20 << 20);
    stick.pull();
    signal(&child, "-CONT");
    assert_eq!(failed(&child.wait_with_output().unwrap()), ("IO-02".into(), Some(1)));
    assert!(!stick.real.join("a.sealift").exists());
    let partial =
        Sealift::command(["inspect"]).arg(stick.real.join("a.sealift.sealift-partial")).output().unwrap();
    assert_ne!(partial.status.code(), Some(0));
    stick.plug_again();
    run(&mut pack());
    assert_eq!(names(&stick.real), ["a.sealift"]);
    sealift.verify(&out);
}

#[test]
fn a_restore_whose_stick_is_gone_leaves_nothing_and_the_next_run_completes() {
    let dir = Scratch::new();
    let sealift = Sealift::new(&dir);
    let source = noise(&dir, 3);
    let mut stick = Bound::new(&dir);
    let bundle = stick.real.join("a.sealift");
    sealift.pack([source.as_str()], &bundle, &["--kdf", "low"]);
    let bundle = stick.point.join("a.sealift");
    for transport in ["oci", "docker-archive"] {
        let out = dir.join(transport);
        let dest = format!("{transport}:{}", out.display());
        let restore = || {
            let mut restore = sealift.prepared(["restore", "--json", "--progress", "none", "--to", &dest]);
            restore.arg(&bundle);
            restore
        };
        let partial = dir.join(&format!("{transport}.sealift-partial"));
        let first = if transport == "oci" { partial.join("blobs/sha256") } else { partial };
        let child = stopped_at(&mut restore(), &first, 0);
        // What was read for the check is not to be had from the cache.
        let read = fs::OpenOptions::new().read(true).open(&bundle).unwrap();
        rustix::fs::fadvise(&read, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        drop(read);
        stick.pull();
        signal(&child, "-CONT");
        assert_eq!(failed(&child.wait_with_output().unwrap()), ("IO-01".into(), Some(1)), "{transport}");
        assert!(!out.exists(), "{transport}");
        stick.plug_again();
        run(&mut restore());
        assert_eq!(Sealift::images(&dest)[0].id, sealift.inspect(&bundle)[0].id);
    }
}

impl Stick {
    /// The device that it is mounted from.
    fn device(&self) -> String {
        let found = Tool::new("findmnt", "util-linux")
            .command()
            .args(["-n", "-o", "SOURCE"])
            .arg(&self.point)
            .output();
        String::from_utf8(found.unwrap().stdout).unwrap().trim().to_owned()
    }

    /// Takes the device away and keeps, as `kept`, what had arrived on it.
    fn lose(&self, kept: &Path) {
        fs::copy(self.image(), kept).unwrap();
        fs::OpenOptions::new().write(true).open(self.image()).unwrap().set_len(0).unwrap();
        run(Tool::new("losetup", "mount").command().arg("-c").arg(self.device()));
    }

    /// Plugs in again what was kept.
    fn find_again(&self, kept: &Path) {
        self.pull();
        fs::copy(kept, self.image()).unwrap();
        self.plug();
    }
}

#[test]
fn a_device_that_fails_every_transfer_is_an_error_and_the_stick_is_continued_later() {
    for (kind, num_mib) in [("ext4", 64), ("xfs", 320)] {
        let dir = Scratch::new();
        let bundle = bundle(&dir, Some("12MiB"));
        let stick = Stick::new(&dir, kind, num_mib);
        let mut handoff = command(&bundle);
        handoff.arg("--to").arg(&stick.point);
        let child = stopped_at(&mut handoff, &stick.point.join("a.sealift.0002.sealift-copy"), 4 << 20);
        stick.lose(&dir.join("kept"));
        signal(&child, "-CONT");
        assert_eq!(failed(&child.wait_with_output().unwrap()), ("IO-02".into(), Some(1)), "{kind}");
        stick.find_again(&dir.join("kept"));
        assert!(!stick.point.join("a.sealift").exists());
        handed(&bundle, &stick.point, &[]);
        assert_same(bundle.parent().unwrap(), &stick.point);
    }
}

#[test]
fn a_device_that_the_system_has_forgotten_is_a_stick_that_is_gone_though_it_is_mounted_still() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("12MiB"));
    let stick = Stick::new(&dir, "ext4", 64);
    let mut handoff = Tool::new("unshare", "util-linux").command();
    handoff.arg("-m").arg(env!("CARGO_BIN_EXE_sealift")).args(["handoff", "--json", "--progress", "none"]);
    handoff.arg(&bundle).arg("--to").arg(&stick.point);
    let child = stopped_at(&mut handoff, &stick.point.join("a.sealift.0002.sealift-copy"), 4 << 20);
    // In the mounts that the program alone sees, the kernel's list of devices becomes an empty one.
    let mut hide = Tool::new("nsenter", "util-linux").command();
    hide.args(["-m", "-t", &child.id().to_string(), "mount", "-t", "tmpfs", "none", "/sys/dev/block"]);
    run(&mut hide);
    stick.lose(&dir.join("kept"));
    signal(&child, "-CONT");
    assert_eq!(failed(&child.wait_with_output().unwrap()), ("HANDOFF-02".into(), Some(1)));
}
