//! When things go wrong under way: full disks, failing writes, cancelling, killing. Nothing is left that
//! claims to be whole.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use crate::cli::noise_archive;
use crate::support::{Scratch, Sealift, Tool, names, noise, run, wait_for};

const STRACE: Tool = Tool::new("strace", "strace");

fn pack_command(dir: &Scratch, source: &str, out: &Path) -> Command {
    let mut command = Sealift::command(["pack", source, "--kdf", "low", "--progress", "none", "--out"]);
    command.arg(out).arg("--password-file").arg(dir.join("pw"));
    command
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    let source = noise(&dir, 3);
    let small = dir.join("small");
    fs::create_dir(&small).unwrap();
    run(Tool::new("mount", "mount").command().args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&small));
    let packed = pack_command(&dir, &source, &small.join("a.sealift")).output().unwrap();
    let stderr = String::from_utf8(packed.stderr).unwrap();
    assert_eq!(packed.status.code(), Some(1));
    assert!(stderr.contains("Code: IO-03"), "{stderr}");
    assert_eq!(names(&small), Vec::<String>::new());

    run(&mut pack_command(&dir, &source, &dir.join("a.sealift")));
    for dest in ["oci", "oci-archive", "docker-archive"] {
        let to = format!("{dest}:{}", small.join("out").display());
        let mut command = Sealift::command(["restore", "--progress", "none", "--to", &to]);
        let refused =
            command.arg(dir.join("a.sealift")).arg("--password-file").arg(dir.join("pw")).output().unwrap();
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert!(stderr.contains("Code: IO-07"), "{stderr}");
        assert_eq!(names(&small), Vec::<String>::new());
    }
}

#[test]
fn a_cancelled_pack_or_restore_ends_soon_and_leaves_nothing() {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    let source = noise(&dir, 3);
    let bundle = dir.join("a.sealift");
    let partial = dir.join("a.sealift.sealift-partial");
    let mut child =
        pack_command(&dir, &source, &bundle).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_for(&partial, 8 << 20, &mut child);
    interrupt(child);
    assert!(!bundle.exists() && !partial.exists());

    run(&mut pack_command(&dir, &source, &bundle));
    let to = format!("oci:{}", dir.join("out").display());
    let mut command = Sealift::command(["restore", "--progress", "none", "--to", &to]);
    command.arg(&bundle).arg("--password-file").arg(dir.join("pw")).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let partial = dir.join("out.sealift-partial");
    let deadline = Instant::now() + Duration::from_mins(1);
    while !partial.exists() && Instant::now() < deadline {
        assert!(child.try_wait().unwrap().is_none(), "ended before it could be interrupted");
        std::thread::yield_now();
    }
    interrupt(child);
    assert!(!dir.join("out").exists() && !partial.exists());
}

/// Sends SIGINT and expects exit status 130.
fn interrupt(child: Child) {
    run(Tool::new("kill", "procps").command().args(["-INT", &child.id().to_string()]));
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("Code: JOB-01"), "{stderr}");
}

#[test]
fn a_killed_pack_leaves_no_bundle_and_the_next_run_completes() {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    let source = noise(&dir, 3);
    let bundle = dir.join("a.sealift");
    let partial = dir.join("a.sealift.sealift-partial");
    for len in [0, 1 << 20, 30 << 20, 60 << 20] {
        let mut child = pack_command(&dir, &source, &bundle).spawn().unwrap();
        wait_for(&partial, len, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!bundle.exists());
        // A run that begins anew first removes what another left.
        if !partial.exists() {
            continue;
        }
        let left = Sealift::command(["verify", partial.to_str().unwrap()]).output().unwrap();
        let stderr = String::from_utf8(left.stderr).unwrap();
        // Killed before the first header was written, the file is too short to be anything.
        assert!(["BUNDLE-04", "BUNDLE-06", "BUNDLE-01"].iter().any(|code| stderr.contains(code)), "{stderr}");
        assert_ne!(left.status.code(), Some(0));
    }
    run(&mut pack_command(&dir, &source, &bundle));
    assert!(!partial.exists());
    run(&mut Sealift::command(["verify", bundle.to_str().unwrap()]));
}

/// Each call of `syscall` in turn fails with EIO, until a run makes fewer calls and succeeds.
fn fail_each(syscall: &str, most: u32) {
    fail_each_on(&[], syscall, most);
}

/// The same, counting only the calls on files of these names where there are any.
fn fail_each_on(files: &[&str], syscall: &str, most: u32) {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    sealift::write_sample(&dir.join("sample.tar")).unwrap();
    let bundle = dir.join("a.sealift");
    for when in 1..=most {
        let inject = format!("inject={syscall}:error=EIO:when={when}");
        let mut command = STRACE.command();
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]);
        for name in files {
            command.arg("-P").arg(dir.join(name));
        }
        command.arg(env!("CARGO_BIN_EXE_sealift"));
        command.args(["pack", "--kdf", "low", "-q", "--volume-size", "2MiB"]).arg(dir.join("sample.tar"));
        command.arg("--out").arg(&bundle).arg("--password-file").arg(dir.join("pw"));
        let output = command.output().unwrap();
        if output.status.success() {
            assert!(when > 2, "{syscall} was never called");
            run(&mut Sealift::command(["verify", bundle.to_str().unwrap()]));
            return;
        }
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("Code: IO-02"), "{syscall} {when}: {stderr}");
        // The rename may have happened before the folder's flush failed: then the bundle is whole.
        if bundle.exists() {
            run(&mut Sealift::command(["verify", bundle.to_str().unwrap()]));
            fs::remove_file(&bundle).unwrap();
        }
        // Where a name could not be given, what is complete stays for the next run.
        let mut left = names(dir.path());
        left.retain(|name| !name.starts_with("a.sealift.sealift-"));
        assert_eq!(left.len(), 2, "{syscall} {when}: {:?}", names(dir.path()));
    }
    panic!("more than {most} calls of {syscall}");
}

#[test]
fn every_failing_fsync_is_an_error_and_leaves_no_false_bundle() {
    fail_each("fsync", 20);
}

#[test]
fn every_failing_header_write_is_an_error_and_leaves_no_false_bundle() {
    fail_each("pwrite64", 10);
}

#[test]
fn every_failing_write_is_an_error_and_leaves_no_false_bundle() {
    fail_each_on(&["a.sealift.sealift-partial"], "write", 12);
}

#[test]
fn every_failing_fsync_of_a_restore_is_an_error_and_leaves_nothing() {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    sealift::write_sample(&dir.join("sample.tar")).unwrap();
    let bundle = dir.join("a.sealift");
    let source = dir.join("sample.tar");
    run(&mut pack_command(&dir, source.to_str().unwrap(), &bundle));
    for (transport, name) in [("oci", "out"), ("docker-archive", "out.tar"), ("oci-archive", "out.oci.tar")] {
        let out = dir.join(name);
        let mut num_failed = 0;
        for when in 1..=60 {
            let inject = format!("inject=fsync:error=EIO:when={when}");
            let mut command = STRACE.command();
            command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]).arg(env!("CARGO_BIN_EXE_sealift"));
            command.args(["restore", "-q", "--to", &format!("{transport}:{}", out.display())]).arg(&bundle);
            let output = command.arg("--password-file").arg(dir.join("pw")).output().unwrap();
            if output.status.success() {
                assert_eq!(Sealift::images(&format!("{transport}:{}", out.display())).len(), 2);
                break;
            }
            num_failed += 1;
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains("Code: IO-02"), "fsync {when}: {stderr}");
            let left = names(dir.path());
            // The last flush is that of the folder: by then all of it is there under its name.
            let is_last = out.exists();
            assert!(!left.iter().any(|left| left.ends_with(".sealift-partial")), "fsync {when}: {left:?}");
            if is_last {
                assert_eq!(Sealift::images(&format!("{transport}:{}", out.display())).len(), 2);
                if out.is_dir() { fs::remove_dir_all(&out) } else { fs::remove_file(&out) }.unwrap();
            }
        }
        assert!(num_failed > 1 && out.exists(), "{transport}: {num_failed}");
    }
}

#[test]
fn every_failing_fsync_of_a_restore_leaves_a_layout_that_was_there_whole() {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    sealift::write_sample(&dir.join("sample.tar")).unwrap();
    let source = dir.write("more.tar", noise_archive(b"one layer"));
    let bundle = dir.join("a.sealift");
    run(&mut pack_command(&dir, source.to_str().unwrap(), &bundle));
    let (sample, earlier) = (dir.join("sample.tar"), dir.join("sample.sealift"));
    run(&mut pack_command(&dir, sample.to_str().unwrap(), &earlier));
    let mut restore =
        Sealift::command(["restore", "-q", "--to", &format!("oci:{}", dir.join("before").display())]);
    run(restore.arg(earlier).arg("--password-file").arg(dir.join("pw")));
    let num_blobs = |layout: &Path| fs::read_dir(layout.join("blobs/sha256")).unwrap().count();
    let before = num_blobs(&dir.join("before"));
    for when in 1..=60 {
        let out = dir.join("out");
        run(Tool::new("cp", "coreutils").command().arg("-a").arg(dir.join("before")).arg(&out));
        let inject = format!("inject=fsync:error=EIO:when={when}");
        let mut command = STRACE.command();
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]).arg(env!("CARGO_BIN_EXE_sealift"));
        command.args(["restore", "-q", "--to", &format!("oci:{}", out.display())]).arg(&bundle);
        let restored = command.arg("--password-file").arg(dir.join("pw")).output().unwrap();
        // All that the index names is there, and nothing else.
        let images = Sealift::images(&format!("oci:{}", out.display()));
        let packed = dir.join("again.sealift");
        run(&mut pack_command(&dir, &format!("oci:{}", out.display()), &packed));
        assert_eq!(images.len() == 2, num_blobs(&out) == before, "fsync {when}");
        fs::remove_file(packed).unwrap();
        fs::remove_dir_all(out).unwrap();
        if restored.status.success() {
            assert!(images.len() == 3 && when > 3, "fsync {when}");
            return;
        }
        assert!(String::from_utf8(restored.stderr).unwrap().contains("Code: IO-02"), "fsync {when}");
    }
    panic!("it never succeeded");
}
