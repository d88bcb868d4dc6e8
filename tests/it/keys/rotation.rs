//! Keys come and go: slots of any kind added, changed and removed by writing the header alone; a bundle sealed anew.

use std::fs;

use super::{opened, pack, scratch, sealift};
use crate::support::Sealift;

/// How often a change is killed; more by hand.
fn num_kills() -> u32 {
    std::env::var("SEALIFT_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

#[test]
fn slots_of_any_kind_come_and_go_and_only_the_header_is_written() {
    let dir = scratch();
    let key = |name: &str, kind: &str| {
        let path = dir.join(name).to_str().unwrap().to_owned();
        let (_, made) = sealift(["keys", "generate", "--type", kind, "--out", &path]);
        (path, made["recipient"].as_str().unwrap_or_default().to_owned())
    };
    let ((age, recipient), (file, _)) = (key("age.key", "age"), key("file.key", "key-file"));
    let passphrase = dir.write("passphrase", "correct horse battery staple\n");
    let passphrase = passphrase.to_str().unwrap();
    let bundle = pack(&dir, "a.sealift", &["--password-file", passphrase]);
    let path = bundle.to_str().unwrap();
    let before = fs::read(&bundle).unwrap();

    let (status, added) =
        sealift(["keys", "add", path, "--password-file", passphrase, "-r", &recipient, "-r", &file]);
    let kinds = |object: &serde_json::Value| -> Vec<String> {
        object["slots"]
            .as_array()
            .unwrap()
            .iter()
            .map(|slot| slot["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!((status, kinds(&added)), (0, ["password", "age", "key-file"].map(String::from).to_vec()));
    assert_eq!(opened(&bundle, &["-i", &age]), "ok");
    // One slot takes one recipient: with two nothing is changed.
    let two = ["keys", "change", path, "-i", &file, "--slot", "2", "-r", &file, "-r", &recipient];
    let (status, refused) = sealift(two);
    assert_eq!((status, refused["error"]["code"].as_str()), (2, Some("USAGE-01")));
    assert_eq!(opened(&bundle, &["-i", &age]), "ok");
    // The holder of one key puts another in the place of a third.
    let (_, new_recipient) = key("new.key", "age");
    let (status, changed) =
        sealift(["keys", "change", path, "-i", &file, "--slot", "2", "-r", &new_recipient]);
    assert_eq!((status, kinds(&changed).len()), (0, 3));
    let new = dir.join("new.key");
    assert_eq!(
        (opened(&bundle, &["-i", &age]), opened(&bundle, &["-i", new.to_str().unwrap()])),
        ("KEY-08".into(), "ok".into())
    );
    let (status, removed) = sealift(["keys", "remove", path, "1", "-i", &file]);
    assert_eq!((status, kinds(&removed)), (0, ["age", "key-file"].map(String::from).to_vec()));
    assert_eq!(opened(&bundle, &["--password-file", passphrase]), "KEY-02");
    let (status, refused) = sealift(["keys", "remove", path, "9", "-i", &file]);
    assert_eq!((status, refused["error"]["code"].as_str()), (2, Some("KEY-07")));

    let after = fs::read(&bundle).unwrap();
    assert_eq!(after.len(), before.len());
    assert!(after[131_072..] == before[131_072..], "nothing behind the header was touched");
    assert_eq!(added["fingerprint"], removed["fingerprint"]);
}

#[test]
fn a_change_that_is_killed_leaves_a_header_that_opens() {
    let dir = scratch();
    let passphrase = dir.write("passphrase", "correct horse battery staple\n");
    let passphrase = passphrase.to_str().unwrap();
    let file = dir.join("file.key").to_str().unwrap().to_owned();
    sealift(["keys", "generate", "--type", "key-file", "--out", &file]);
    // Of a recipient it cannot be told that it is there already.
    let age = dir.join("age.key").to_str().unwrap().to_owned();
    let (_, made) = sealift(["keys", "generate", "--out", &age]);
    let recipient = made["recipient"].as_str().unwrap();
    let bundle = pack(&dir, "a.sealift", &["--password-file", passphrase, "-r", &file, "-r", recipient]);
    let path = bundle.to_str().unwrap();
    let mut state = 1_u64;
    for kill in 0..num_kills() {
        // With a key file nothing is derived: a change takes a few milliseconds, most of them for flushing.
        let verb: &[&str] = if kill % 2 == 0 {
            &["change", path, "--slot", "3", "-i", &file, "-r", recipient]
        } else {
            &["add", path, "-i", &file, "-r", recipient]
        };
        let mut child = Sealift::command(["keys"])
            .args(verb)
            .arg("-q")
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(std::time::Duration::from_micros((state >> 33) % 30_000));
        let _ = child.kill();
        child.wait().unwrap();
        assert_eq!(opened(&bundle, &["-i", &file]), "ok", "after {kill} kills");
        if sealift(["keys", "list", path]).1["slots"].as_array().unwrap().len() > 20 {
            // Where a kill left a change half done, the first one completes that.
            let remove = ["keys", "remove", path, "20", "-i", &file];
            if Sealift::command(remove).arg("-q").output().unwrap().status.code() != Some(0) {
                sealift(remove);
            }
        }
    }
    assert_eq!(opened(&bundle, &["--password-file", passphrase]), "ok");
}

#[test]
fn a_resealed_bundle_has_the_same_images_and_keeps_old_keys_out() {
    let dir = scratch();
    let passphrase = dir.write("passphrase", "correct horse battery staple\n");
    let passphrase = passphrase.to_str().unwrap();
    let key = dir.join("age.key").to_str().unwrap().to_owned();
    let (_, made) = sealift(["keys", "generate", "--out", &key]);
    let recipient = made["recipient"].as_str().unwrap();
    let old = pack(&dir, "old.sealift", &["--password-file", passphrase]);
    let new = dir.join("new.sealift");
    let args = ["reseal", old.to_str().unwrap(), "--out", new.to_str().unwrap()];
    let (status, report) = sealift(args.into_iter().chain(["--password-file", passphrase, "-r", recipient]));
    assert_eq!(status, 0, "{report}");
    assert_eq!(
        (opened(&new, &["-i", &key]), opened(&new, &["--password-file", passphrase])),
        ("ok".into(), "KEY-02".into())
    );
    let images = |bundle: &str, option: [&str; 2]| {
        let (_, object) = sealift(["inspect", bundle].into_iter().chain(option));
        (object["contents"]["images"].clone(), object["fingerprint"].clone(), object["set_id"].clone())
    };
    let before = images(old.to_str().unwrap(), ["--password-file", passphrase]);
    let after = images(new.to_str().unwrap(), ["-i", &key]);
    assert_eq!(before.0, after.0);
    assert!(before.1 != after.1 && before.2 != after.2, "another bundle");
    let to = format!("oci:{}", dir.join("out").display());
    assert_eq!(sealift(["restore", new.to_str().unwrap(), "--to", &to, "-i", &key]).0, 0);
    let (status, refused) = sealift(args.into_iter().chain(["--password-file", passphrase, "-r", recipient]));
    assert_eq!(
        (status, refused["error"]["code"].as_str()),
        (1, Some("IO-04")),
        "an existing bundle is not replaced"
    );
}
