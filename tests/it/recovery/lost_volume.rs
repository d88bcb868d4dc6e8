//! A volume that is lost, and no recovery data: the images that do not need it are restored when that is asked for, and are
//! told to be proven by the key alone.

use std::{fs, os::unix::fs::FileExt};

use sealift::{Code, Ctx, Digest, SigningKey, SigningKeyType, TrustStore};
use serde_json::Value;

use super::{PASSPHRASE, Packed, checked, passphrase};
use crate::support::Sealift;

#[test]
fn without_a_volume_the_images_outside_it_are_whole_and_the_others_are_named() {
    let bundle = Packed::new(3, 12, None, Some(6 << 20));
    let last = bundle.volumes.len();
    for number in 2..=last {
        fs::remove_file(bundle.volume(number)).unwrap();
        let inspected = sealift::inspect(&bundle.path()).unwrap();
        let strict = inspected.unlock(&Ctx::new(), &passphrase());
        assert_eq!(strict.err().map(|e| e.code()), Some(Code::VolumeMissing));
        if number == last {
            // The index lies there.
            let lost = inspected.unlock_damaged(&Ctx::new(), &passphrase());
            assert_eq!(lost.err().map(|e| e.code()), Some(Code::VolumeMissing));
            break;
        }
        let ctx = Ctx::new();
        let unlocked = inspected.unlock_damaged(&ctx, &passphrase()).unwrap();
        assert!(!unlocked.is_proven());
        let notices: Vec<_> =
            ctx.take_notices().into_iter().map(|notice| (notice.kind, notice.about)).collect();
        let about = bundle.volume(number).display().to_string();
        assert_eq!(notices, [(sealift::NoticeKind::Unproven, about)]);
        let (hurt, whole) = checked(&bundle.path());
        assert_eq!(hurt.len() + whole.len(), 3, "{number}: {hurt:?} {whole:?}");
        assert!(!hurt.is_empty() && !whole.is_empty(), "{number}: {hurt:?} {whole:?}");
        bundle.mend();
    }
}

#[test]
fn a_bundle_that_is_not_proven_is_never_called_whole() {
    let bundle = Packed::new(2, 6, None, Some(6 << 20));
    let flip_from_end = |from_end: usize| {
        let at = bundle.volumes[1].len() - from_end;
        bundle.file(2).write_all_at(&[bundle.volumes[1][at] ^ 1], at as u64).unwrap();
    };
    let password = bundle.dir.write("password", std::str::from_utf8(PASSPHRASE).unwrap());
    let verify = || {
        let mut command = Sealift::command(["verify", "--json"]);
        let output = command.arg(bundle.path()).arg("--password-file").arg(&password).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    // Its footer is lost, but not its hashes: they lead to the set root.
    flip_from_end(200);
    let (status, answer) = verify();
    assert_eq!((status, &answer["blobs"]["proven"]), (Some(3), &true.into()), "{answer}");
    assert_eq!(answer["damage"]["damaged_trailers"], serde_json::json!([2]), "{answer}");
    bundle.mend();
    // One of its hashes: all records are there still.
    flip_from_end(256 + 56 + 16);
    let unlocked =
        sealift::inspect(&bundle.path()).unwrap().unlock_damaged(&Ctx::new(), &passphrase()).unwrap();
    let (report, verified) = unlocked.verify(&Ctx::new()).unwrap();
    assert!(report.damaged.is_empty() && !report.proven && !report.is_whole() && verified.is_none());
    assert_eq!(report.as_error().code(), Code::RootMismatch);
    let (_, verified) = unlocked.verify_undamaged(&Ctx::new(), &unlocked.record_map(1)).unwrap();
    assert_eq!(verified.unwrap().images().len(), 2);
    assert_eq!(verify().0, Some(3));

    // A record that was exchanged by somebody without the key still does not open.
    let (number, offset) = bundle.place(100);
    assert_eq!(number, 2);
    let of_another_place = &bundle.volumes[0][128 << 10..][..super::SEALED as usize];
    bundle.file(2).write_all_at(of_another_place, offset).unwrap();
    let (hurt, _) = checked(&bundle.path());
    assert!(!hurt.is_empty());
}

/// The last volume with one hash exchanged, and all that follows from the hashes computed anew, but for the MAC.
fn forged_without_the_key(volume: &[u8]) -> Vec<u8> {
    let (body, footer) = volume.split_at(volume.len() - 256);
    let (body, directory) = body.split_at(body.len() - 56);
    let hashes_len = u64::from_le_bytes(*directory[16..].first_chunk().unwrap()) as usize;
    let (records, hashes) = body.split_at(body.len() - hashes_len);
    let (mut hashes, mut directory, mut footer) =
        (hashes.to_vec(), directory.to_vec(), footer[..224].to_vec());
    hashes[0] ^= 1;
    directory[24..].copy_from_slice(Digest::of(&hashes).as_bytes());
    footer[80..112].copy_from_slice(Digest::of(&directory).as_bytes());
    let (set_id, number, span) = (&footer[16..48], &footer[12..16], &footer[48..64]);
    let root = Digest::of(&[b"sealift/v1/volume-root", set_id, number, span, &hashes].concat());
    footer[112..144].copy_from_slice(root.as_bytes());
    let sum = Digest::of(&footer);
    [records, &hashes, &directory, &footer, sum.as_bytes()].concat()
}

#[test]
fn hashes_that_were_made_anew_without_the_key_are_not_believed_where_the_set_root_is_out_of_reach() {
    let bundle = Packed::new(2, 6, None, Some(6 << 20));
    let last = bundle.volumes.len();
    fs::remove_file(bundle.volume(2)).unwrap();
    let open = || sealift::inspect(&bundle.path()).unwrap().unlock_damaged(&Ctx::new(), &passphrase());
    assert!(open().is_ok());
    super::write(&bundle.volume(last), &forged_without_the_key(&bundle.volumes[last - 1]));
    assert_eq!(open().err().map(|e| e.code()), Some(Code::RootMismatch));
}

#[test]
fn what_is_restored_without_a_volume_ends_with_damage_and_says_that_it_is_not_proven() {
    let bundle = Packed::new(3, 12, None, Some(6 << 20));
    fs::remove_file(bundle.volume(2)).unwrap();
    let (hurt, whole) = checked(&bundle.path());
    let password = bundle.dir.write("password", std::str::from_utf8(PASSPHRASE).unwrap());
    let dest = format!("docker-archive:{}", bundle.dir.join("out.tar").display());
    let restore = |options: &[&str]| {
        let mut command = Sealift::command(["restore", "--json", "--lang", "en", "--to", &dest]);
        command.arg(bundle.path()).arg("--password-file").arg(&password).args(options).output().unwrap()
    };
    let strict = restore(&[]);
    let answer: Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!((strict.status.code(), &answer["error"]["code"]), (Some(3), &"BUNDLE-07".into()));
    let output = restore(&["--undamaged"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["proven"]), (Some(3), &false.into()), "{answer}");
    assert_eq!(answer["damaged"].as_array().map(Vec::len), Some(hurt.len()), "{answer}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be proven"), "{output:?}");
    assert_eq!(Sealift::images(&dest).len(), whole.len());
}

#[test]
fn a_signature_lets_nothing_in_that_is_not_proven_to_be_what_was_signed() {
    let bundle = Packed::new(3, 12, None, Some(6 << 20));
    let key = SigningKey::generate(SigningKeyType::Ed25519);
    sealift::sign(&Ctx::new(), &bundle.path(), &key, None).unwrap();
    let mut store = TrustStore::default();
    store.add("acme", key.public_key()).unwrap();
    store.save(&bundle.dir.join("trust.toml")).unwrap();
    bundle.dir.write("policy.toml", "version = 1\n[signers]\nany_of = [\"acme\"]\n");
    let password = bundle.dir.write("password", std::str::from_utf8(PASSPHRASE).unwrap());
    let restore = |to: &str| {
        let mut command = Sealift::command(["restore", "--json", "--undamaged", "--to"]);
        command.arg(format!("docker-archive:{}", bundle.dir.join(to).display())).arg(bundle.path());
        for (option, file) in [("--trust-store", "trust.toml"), ("--policy", "policy.toml")] {
            command.arg(option).arg(bundle.dir.join(file));
        }
        let output = command.arg("--password-file").arg(&password).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    assert_eq!(restore("whole.tar").0, Some(0));
    fs::remove_file(bundle.volume(2)).unwrap();
    let (status, answer) = restore("rest.tar");
    assert_eq!((status, &answer["error"]["code"]), (Some(3), &"TRUST-01".into()), "{answer}");
    assert!(!bundle.dir.join("rest.tar").exists());
}
