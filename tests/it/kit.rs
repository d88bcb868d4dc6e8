//! The restore kit, run as on a host with nothing installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    engines::base_root,
    support::{Scratch, Sealift, Tool, run},
};

const SH: Tool = Tool::new("sh", "dash");
const SHA256SUM: Tool = Tool::new("sha256sum", "coreutils");
const MOUNT: Tool = Tool::new("mount", "mount");
const TAR: Tool = Tool::new("tar", "tar");
const CHROOT: Tool = Tool::new("chroot", "coreutils");

/// A folder as a stick has it: a bundle of the sample, and the kit. Returns the bundle's fingerprint.
fn stick(dir: &Scratch, sealift: &Sealift, stick: &Path) -> String {
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let bundle = stick.join("交付.sealift");
    let packed = sealift.pack([sample.to_str().unwrap()], &bundle, &["--kdf", "low"]);
    run(Sealift::command(["kit"]).arg(stick));
    packed["fingerprint"].as_str().unwrap().to_owned()
}

fn make(dir: &Scratch, name: &str) -> PathBuf {
    let folder = dir.join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

/// Blobs of an OCI layout.
fn num_blobs(layout: &Path) -> usize {
    fs::read_dir(layout.join("blobs/sha256")).map_or(0, Iterator::count)
}

#[test]
fn its_page_names_the_fingerprint_and_its_sums_hold() {
    let dir = Scratch::new();
    let folder = make(&dir, "stick");
    let fingerprint = stick(&dir, &Sealift::new(&dir), &folder);
    let page = fs::read_to_string(folder.join("READ-ME-FIRST.txt")).unwrap();
    for words in [
        sealift::fingerprint_words(&fingerprint, sealift::Lang::En),
        sealift::fingerprint_words(&fingerprint, sealift::Lang::ZhCn),
    ] {
        assert!(page.contains(&words.join(" ")), "{page}");
    }
    assert!(page.contains(&sealift::grouped(&fingerprint)[..39]) && page.contains("交付.sealift"), "{page}");
    assert!(page.contains("Linux ") && !page.contains('@'), "{page}");
    run(SHA256SUM
        .command()
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(folder.join("sealift-kit")));
    // Written again, it replaces itself.
    run(Sealift::command(["kit"]).arg(&folder));
}

#[test]
fn it_restores_from_a_stick_that_is_read_only_and_lets_nothing_run() {
    let dir = Scratch::new();
    let (sealift, folder) = (Sealift::new(&dir), make(&dir, "stick"));
    stick(&dir, &sealift, &folder);
    let key = dir.join("site.key");
    run(Sealift::command(["keys", "generate", "--type", "key-file", "--out"]).arg(&key));
    let mut add = Sealift::command(["keys", "add"]);
    add.arg(folder.join("交付.sealift")).arg("--password-file").arg(dir.join("passphrase"));
    run(add.arg("--recipient").arg(&key));
    let mounted = make(&dir, "mounted");
    run(MOUNT.command().arg("--bind").arg(&folder).arg(&mounted));
    run(MOUNT.command().args(["-o", "remount,bind,ro,noexec"]).arg(&mounted));
    let out = dir.join("out");
    let tmp = make(&dir, "tmp");
    let launch = |more: &[&str]| {
        let mut command = SH.command();
        command.arg(mounted.join("restore.sh")).args(more).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("TMPDIR", &tmp).env("LC_ALL", "C.UTF-8");
        command
    };
    let dest = format!("oci:{}", out.display());
    let password = dir.join("passphrase");
    run(launch(&["--to", &dest, "--progress", "none", "--password-file"]).arg(&password));
    assert!(num_blobs(&out) > 4);
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0, "the copy of the program is gone");
    // The menu: only check it.
    let mut menu = launch(&["--text"]);
    let mut child = menu.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // A slip is asked for again; the first check has no key, and then it would ask for one.
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"9\nx\n6\n\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.contains("1) Docker"), "{shown}");
    assert_eq!(shown.matches("Number:").count(), 3, "{shown}");
    assert!(shown.contains("as it was sealed") && !shown.contains("every digest"), "{shown}");
    // With a key file every part of the images is compared.
    let mut menu = launch(&["--text"]);
    let mut child = menu.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let answers = format!("6\n{}\n", key.display());
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.contains("blobs"), "{shown}");
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0);
}

#[test]
fn it_restores_in_a_root_with_nothing_but_a_base_system() {
    let dir = Scratch::new();
    let (sealift, root) = (Sealift::new(&dir), make(&dir, "root"));
    run(TAR.command().arg("-xf").arg(base_root()).arg("-C").arg(&root));
    let folder = root.join("mnt");
    stick(&dir, &sealift, &folder);
    fs::copy(dir.join("passphrase"), root.join("root/passphrase")).unwrap();
    let mut command: Command = CHROOT.command();
    command.arg(&root).args(["sh", "/mnt/restore.sh", "--to", "oci:/root/out", "--password-file"]);
    run(command.arg("/root/passphrase").env_clear().env("PATH", "/usr/bin:/bin"));
    assert!(num_blobs(&root.join("root/out")) > 4);
}
