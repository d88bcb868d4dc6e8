//! What file system a place has. This kernel may have no FAT: the list of mounts that the program sees says so instead.

use std::{fs, path::Path, process::Command};

use super::other_bundle;
use crate::support::{Scratch, Sealift, Tool, names, noise, run};

/// `sealift pack`, to a folder that the program takes for a FAT stick: in a mount namespace of its own the kernel's
/// list of mounts is replaced by one in which the file system has that type.
fn pack_to_fat(dir: &Scratch, folder: &Path, options: &[&str]) -> Command {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let is_below = |line: &&str| folder.starts_with(line.split(' ').nth(4).unwrap());
    let top =
        table.lines().filter(is_below).max_by_key(|line| line.split(' ').nth(4).unwrap().len()).unwrap();
    let (front, behind) = top.split_once(" - ").unwrap();
    let (_, device) = behind.split_once(' ').unwrap();
    let list = dir.join("mountinfo");
    let _ = fs::remove_file(&list);
    super::put(&list, format!("{front} - vfat {device}\n").as_bytes());
    let mut command = Tool::new("unshare", "util-linux").command();
    let script = r#"mount --bind "$0" /proc/$$/mountinfo && exec "$@""#;
    command.args(["-m", "sh", "-c", script]).arg(list).arg(env!("CARGO_BIN_EXE_sealift"));
    command.args(["pack", "--kdf", "low", "--lang", "en", "--progress", "none"]).arg(dir.join("sample.tar"));
    command.arg("--out").arg(folder.join("a.sealift")).args(options);
    command.arg("--password-file").arg(dir.join("other-passphrase"));
    command
}

#[test]
fn packing_to_a_fat_stick_splits_by_itself_and_refuses_larger_volumes() {
    let dir = Scratch::new();
    other_bundle(&dir, &dir.join("made"), &[]);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let said = run(&mut pack_to_fat(&dir, &folder, &[]));
    assert!(said.contains("vfat takes files of at most 4.00 GiB: the bundle is split to fit"), "{said}");
    run(Sealift::command(["verify"]).arg(folder.join("a.sealift")));

    let said = run(&mut pack_to_fat(&dir, &folder, &["--force", "--volume-size", "2MiB"]));
    assert!(!said.contains("vfat"), "what was asked for fits: {said}");
    let refused = pack_to_fat(&dir, &folder, &["--force", "--volume-size", "5GiB"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("Code: IO-08"));
}

#[test]
fn drives_are_listed_as_text_and_as_json() {
    let json: serde_json::Value =
        serde_json::from_str(&run(&mut Sealift::command(["drives", "--json"]))).unwrap();
    let text = run(&mut Sealift::command(["drives", "--lang", "en"]));
    match json["drives"].as_array().unwrap().as_slice() {
        [] => assert_eq!(text.trim(), "No removable drive is plugged in."),
        drives => assert!(drives.iter().all(|drive| text.contains(drive["device"].as_str().unwrap()))),
    }
    let all = run(&mut Sealift::command(["drives", "--all-sizes", "--json"]));
    assert!(all.contains("drives"), "{all}");
}

#[test]
fn a_name_that_is_no_drive_is_refused() {
    let dir = Scratch::new();
    let bundle = other_bundle(&dir, &dir.join("made"), &[]);
    let output = super::command(&bundle).args(["--to", "/dev/no-such-stick"]).output().unwrap();
    assert_eq!(super::failed(&output), ("HANDOFF-04".into(), Some(2)));
}

#[test]
fn volumes_lie_on_a_fat_file_system_and_come_back_from_it() {
    let dir = Scratch::new();
    let (made, sealift) = (dir.join("made"), Sealift::new(&dir));
    fs::create_dir(&made).unwrap();
    let bundle = made.join("a.sealift");
    sealift.pack([noise(&dir, 1).as_str()], &bundle, &["--kdf", "low", "--volume-size", "8MiB"]);
    let image = dir.join("fat.img");
    let mtools = |name: &'static str| Tool::new(name, "mtools").command();
    run(mtools("mformat").args(["-C", "-F", "-T", "131072", "-i"]).arg(&image).arg("::"));
    let volumes = names(&made);
    assert!(volumes.len() > 3, "{volumes:?}");
    for name in &volumes {
        run(mtools("mcopy").arg("-i").arg(&image).arg(made.join(name)).arg("::"));
    }
    let back = dir.join("back");
    fs::create_dir(&back).unwrap();
    run(mtools("mcopy").arg("-i").arg(&image).arg("::*").arg(&back));
    super::assert_same(&made, &back);
    run(Sealift::command(["verify"]).arg(back.join("a.sealift")));
}

#[test]
fn what_is_packed_straight_to_a_place_is_read_back_there() {
    let dir = Scratch::new();
    let out = dir.join("a.sealift");
    let sealift = Sealift::new(&dir);
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let report = sealift.pack([sample.to_str().unwrap()], &out, &["--kdf", "low", "--handoff"]);
    let target = &report["handoff"]["targets"][0]["report"];
    assert_eq!(target["kept_bytes"], report["bundle_bytes"], "{report}");
    assert_eq!(target["written_bytes"], 0, "{report}");
}

#[test]
fn a_medium_that_is_write_protected_is_said_to_be_so_before_anything_is_planned() {
    let mount = Tool::new("mount", "mount");
    let dir = Scratch::new();
    let bundle = other_bundle(&dir, &dir.join("made"), &[]);
    let (folder, point) = (dir.join("stick"), dir.join("mounted"));
    for path in [&folder, &point] {
        fs::create_dir(path).unwrap();
    }
    let there = other_bundle(&dir, &folder, &[]);
    fs::copy(&there, folder.join("b.sealift")).unwrap();
    run(mount.command().arg("--bind").arg(&folder).arg(&point));
    run(mount.command().args(["-o", "remount,bind,ro"]).arg(&point));
    let password = dir.join("other-passphrase");
    let password = password.to_str().unwrap();
    let (stick, on_stick) = (point.to_str().unwrap(), point.join("b.sealift"));
    let (bundle, on_stick) = (bundle.to_str().unwrap(), on_stick.to_str().unwrap());
    let (source, out) = (dir.join("sample.tar"), point.join("c.sealift"));
    let (source, out) = (source.to_str().unwrap(), out.to_str().unwrap());
    let recipient = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
    for args in [
        &["handoff", bundle, "--to", stick][..],
        &["pack", source, "--out", out, "--password-file", password],
        &["keys", "add", on_stick, "--password-file", password, "-r", recipient],
    ] {
        let output = Sealift::command(args.iter().copied()).args(["--lang", "en"]).output().unwrap();
        let (told, said) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(said.contains("Code: IO-10") && said.contains("write-protected"), "{args:?}: {said}");
        assert_eq!((output.status.code(), told.as_str()), (Some(1), ""), "{args:?}");
    }
    // What is there already is read back, which writes nothing.
    run(&mut Sealift::command(["handoff", on_stick, "--to", stick, "--no-kit", "--no-eject"]));
}
