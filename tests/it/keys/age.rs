//! Recipients and identities that age and OpenSSH made; slots that age opens.

use std::{fs, path::Path};

use super::{bodies, opened, pack, scratch, sealift};
use crate::support::{Scratch, Sealift, Tool, run};

const AGE: Tool = Tool::new("age", "age");
const AGE_KEYGEN: Tool = Tool::new("age-keygen", "age");
const SSH_KEYGEN: Tool = Tool::new("ssh-keygen", "openssh-client");
/// What stands before the age file in a slot. docs/bundle-format.md §7.2.
const WRAPPED_BYTES: usize = 32 + 12 + 32 + 16;

/// An identity that age made, and its recipient.
fn age_identity(dir: &Scratch, name: &str) -> (String, String) {
    let path = dir.join(name);
    run(AGE_KEYGEN.command().arg("-o").arg(&path));
    let recipient = run(AGE_KEYGEN.command().arg("-y").arg(&path));
    (path.to_str().unwrap().to_owned(), recipient.trim().to_owned())
}

/// An SSH key pair.
fn ssh_key(dir: &Scratch, name: &str, kind: &str, passphrase: &str) -> (String, String) {
    let path = dir.join(name);
    let mut command = SSH_KEYGEN.command();
    run(command.args(["-q", "-t", kind, "-b", "3072", "-N", passphrase, "-f"]).arg(&path));
    let path = path.to_str().unwrap().to_owned();
    (path.clone(), format!("{path}.pub"))
}

/// Lets age open the slot key out of slot `number`.
fn age_opens(bundle: &Path, number: usize, identity: &str) -> bool {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("slot.age");
    fs::OpenOptions::new().write(true).create_new(true).open(&file).unwrap();
    let body = &bodies(bundle)[number];
    std::os::unix::fs::FileExt::write_all_at(
        &fs::OpenOptions::new().write(true).open(&file).unwrap(),
        &body[WRAPPED_BYTES..],
        0,
    )
    .unwrap();
    let output = AGE.command().args(["-d", "-i", identity]).arg(&file).output().unwrap();
    output.status.success() && output.stdout.len() == 32
}

#[test]
fn keys_of_age_and_openssh_lock_and_open_and_age_opens_the_slots() {
    let dir = scratch();
    let (age, age_recipient) = age_identity(&dir, "age.key");
    let (ed25519, ed25519_pub) = ssh_key(&dir, "ed25519", "ed25519", "");
    let (rsa, rsa_pub) = ssh_key(&dir, "rsa", "rsa", "");
    let (stranger, _) = age_identity(&dir, "stranger.key");
    let own = dir.join("own.key").to_str().unwrap().to_owned();
    let (_, made) = sealift(["keys", "generate", "--out", &own]);
    let own_recipient = made["recipient"].as_str().unwrap().to_owned();
    let file = dir.join("file.key").to_str().unwrap().to_owned();
    sealift(["keys", "generate", "--type", "key-file", "--out", &file]);

    let recipients = [&age_recipient, &ed25519_pub, &rsa_pub, &own_recipient, &file];
    let options: Vec<&str> = recipients.iter().flat_map(|recipient| ["--recipient", recipient]).collect();
    let bundle = pack(&dir, "a.sealift", &options);
    for identity in [&age, &ed25519, &rsa, &own, &file] {
        assert_eq!(opened(&bundle, &["--identity", identity]), "ok", "{identity}");
        // A key that is not of this bundle hides none that is, whichever comes first.
        assert_eq!(opened(&bundle, &["--identity", &stranger, "--identity", identity]), "ok");
    }
    assert_eq!(opened(&bundle, &["--identity", &stranger]), "KEY-08");
    for (number, identity) in [(0, &age), (1, &ed25519), (2, &rsa), (3, &own)] {
        assert!(age_opens(&bundle, number, identity), "slot {number}");
        assert!(!age_opens(&bundle, number, &stranger));
    }
    let passphrase = dir.write("passphrase", "correct horse battery staple\n");
    assert_eq!(
        opened(&bundle, &["--password-file", passphrase.to_str().unwrap()]),
        "KEY-02",
        "no slot for one"
    );
    // Both keys, and the passphrase's file beside them, restore.
    let to = format!("oci:{}", dir.join("out").display());
    let (status, _) = sealift(["restore", bundle.to_str().unwrap(), "--to", &to, "--identity", &rsa]);
    assert_eq!(status, 0);
}

#[test]
fn a_file_of_recipients_gives_each_a_slot_and_all_of_them_can_be_required() {
    let dir = scratch();
    let (one, first) = age_identity(&dir, "one.key");
    let (two, second) = age_identity(&dir, "two.key");
    let list = dir.write("recipients.txt", format!("# the site\n{first}\n\n{second}\n"));
    let list = list.to_str().unwrap();
    let bundle = pack(&dir, "any.sealift", &["-r", list]);
    assert_eq!((opened(&bundle, &["-i", &one]), opened(&bundle, &["-i", &two])), ("ok".into(), "ok".into()));
    let passphrase = dir.write("passphrase", "correct horse battery staple\n");
    let passphrase = passphrase.to_str().unwrap();
    let bundle = pack(&dir, "all.sealift", &["-r", list, "--password-file", passphrase, "--require-all"]);
    assert_eq!(opened(&bundle, &["-i", &one, "-i", &two]), "KEY-15");
    assert_eq!(opened(&bundle, &["-i", &one, "--password-file", passphrase]), "KEY-15");
    assert_eq!(opened(&bundle, &["--password-file", passphrase]), "KEY-15");
    assert_eq!(opened(&bundle, &["-i", &one, "-i", &two, "--password-file", passphrase]), "ok");
}

#[test]
fn an_encrypted_identity_asks_for_its_passphrase_and_says_so_when_nobody_answers() {
    let dir = scratch();
    let (locked, public) = ssh_key(&dir, "locked", "ed25519", "of the key");
    let bundle = pack(&dir, "a.sealift", &["-r", &public]);
    // Without a terminal there is nobody to ask.
    let mut command = Tool::new("setsid", "util-linux").command();
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_sealift")).arg("inspect").arg(&bundle);
    let (status, refused) = super::answer(command.args(["--json", "-i", &locked]));
    assert_eq!((status, refused["error"]["code"].as_str()), (4, Some("KEY-11")), "{refused}");
    // With one it is typed.
    let typed = format!(
        "stty -echo; {} inspect {} -i {locked} -q && echo opened",
        env!("CARGO_BIN_EXE_sealift"),
        bundle.display()
    );
    let mut command = Tool::new("script", "util-linux").command();
    command
        .args(["-qec", &typed, "/dev/null"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"of the key\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("opened"), "{output:?}");
}

#[test]
fn shares_open_together_and_each_is_a_file_of_its_own() {
    let dir = scratch();
    let folder = dir.join("shares");
    fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    let bundle = pack(&dir, "a.sealift", &["--shares", "2/3", "--shares-dir", folder]);
    let share = |number: u8| format!("{folder}/share-{number}-of-3.txt");
    assert_eq!(opened(&bundle, &["-i", &share(1)]), "KEY-14");
    assert_eq!(opened(&bundle, &["-i", &share(1), "-i", &share(3)]), "ok");
    // The words alone, as somebody wrote them down.
    let words = fs::read_to_string(share(2)).unwrap().lines().nth(1).unwrap().to_uppercase();
    let typed = dir.write("typed.txt", &words);
    assert_eq!(opened(&bundle, &["-i", typed.to_str().unwrap(), "-i", &share(3)]), "ok");
    // Shares that exist are not written over, and a pack that fails leaves none.
    let source = dir.join("sample.tar");
    let args = ["pack", source.to_str().unwrap(), "--out"];
    let again = dir.join("b.sealift");
    let options = [again.to_str().unwrap(), "--shares", "2/3", "--shares-dir", folder];
    let (status, refused) = sealift(args.into_iter().chain(options));
    assert_eq!((status, refused["error"]["code"].as_str()), (1, Some("IO-04")));
    assert!(!again.exists());
    let (status, _) = super::answer(
        Sealift::command(["pack", "x", "--out"]).arg(&again).args(["--json", "--shares", "3/2"]),
    );
    assert_ne!(status, 0);
}
