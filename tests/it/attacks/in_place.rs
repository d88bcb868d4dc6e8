//! Writes into bundles that are there: repair, keys, sign.

use std::{
    fs,
    os::unix::fs::{FileExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sealift::{Ctx, Existing, KdfLevel, KeyFile, PackOptions, Passphrase, Recipient, RepairRequest};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    support::{Place, Scratch, Tool, run},
    testkit::{python, write},
};

const OPENSSL: Tool = Tool::new("openssl", "openssl");
/// docs/bundle-format.md §1 to §5.
const COPY: usize = 64 << 10;
const LATER_HEAD: usize = 4 << 10;
const FOOTER: usize = 256;
const RECORD_BYTES: u32 = 64 << 10;

/// A folder with passphrases `pw`, `pw2`, `pw3`, key files `key` and `key2`, and what `options` make of the sample: `stick/d.sealift`.
fn packed(options: &PackOptions) -> (Place, Vec<Vec<u8>>) {
    let place = Place(Scratch::new());
    for name in ["pw", "pw2", "pw3"] {
        place.0.write(name, format!("correct horse battery staple {name}\n"));
    }
    for name in ["key", "key2"] {
        place.0.write(name, KeyFile::generate().to_text());
    }
    sealift::write_sample(&place.path("sample.tar")).unwrap();
    let volumes = pack(&place, "stick", options);
    (place, volumes)
}

/// Packs the sample to `FOLDER/d.sealift`, locked with `pw` and `key`, which opens it in no time; returns its volumes.
fn pack(place: &Place, folder: &str, options: &PackOptions) -> Vec<Vec<u8>> {
    let key = KeyFile::parse(&fs::read_to_string(place.path("key")).unwrap()).unwrap();
    pack_for(place, folder, options, vec![passphrase(place, "pw").into(), Recipient::KeyFile(key)])
}

fn passphrase(place: &Place, name: &str) -> Passphrase {
    Passphrase::new(fs::read(place.path(name)).unwrap()).unwrap()
}

fn pack_for(place: &Place, folder: &str, options: &PackOptions, recipients: Vec<Recipient>) -> Vec<Vec<u8>> {
    fs::create_dir(place.path(folder)).unwrap();
    let ctx = Ctx::new();
    let source = place.path("sample.tar");
    let plan = sealift::plan_pack(&ctx, &[source.to_str().unwrap().parse().unwrap()], &[]).unwrap();
    let options = PackOptions { kdf: KdfLevel::Low, record_bytes: RECORD_BYTES, ..options.clone() };
    let out = place.path(folder).join("d.sealift");
    let report = sealift::pack(&ctx, &plan, &out, recipients, &options).unwrap();
    report.volumes.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn plain() -> PackOptions {
    PackOptions::default()
}

/// Some volumes, any of which the others can rebuild.
fn in_volumes() -> PackOptions {
    PackOptions { volume_bytes: Some(900 << 10), recovery_percent: Some(100), ..PackOptions::default() }
}

fn put(path: &Path, bytes: &[u8], offset: usize) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, offset as u64).unwrap();
}

/// Changes a header copy, and makes its checksum right: what anyone can do.
fn forge(path: &Path, number: usize, change: impl FnOnce(&mut [u8])) {
    let mut copy = fs::read(path).unwrap()[number * COPY..][..COPY].to_vec();
    change(&mut copy);
    let (body, sum) = copy.split_at_mut(COPY - 32);
    sum.copy_from_slice(&Sha256::digest(body));
    put(path, &copy, number * COPY);
}

fn lost_header(path: &Path) {
    put(path, &vec![0; 2 * COPY], 0);
}

/// The answer of the bundle at `whole` to what the one at `path` lacks.
fn answer(path: &Path, whole: &Path, out: &Path) {
    let ctx = Ctx::new();
    let request = sealift::repair_request(&ctx, path).unwrap().unwrap();
    let request = RepairRequest::parse(&request.to_json()).unwrap();
    sealift::answer_repair(&ctx, whole, &request, out, Existing::Replace).unwrap();
}

fn volume(path: &Path, number: usize) -> PathBuf {
    if number == 1 { path.to_owned() } else { PathBuf::from(format!("{}.{number:04}", path.display())) }
}

/// Every file below a folder, links as what they lead to.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

impl Place {
    /// The run is refused, and nothing in these folders is changed or added.
    #[track_caller]
    fn refused_untouched(&self, args: &str, status: i32, code: &str, folders: &[&str]) {
        let before: Vec<_> = folders.iter().map(|folder| contents(&self.path(folder))).collect();
        self.refused(args, status, code);
        let after: Vec<_> = folders.iter().map(|folder| contents(&self.path(folder))).collect();
        assert!(before == after, "{args}: a file was changed");
    }

    /// The code with which the bundle refuses a passphrase or key file; `ok` when it opens.
    #[track_caller]
    fn opened(&self, name: &str) -> String {
        let option = if name.starts_with("key") { "-i" } else { "--password-file" };
        let (_, object) = self.run(&format!("inspect @stick/d.sealift {option} @{name}"));
        object["error"]["code"].as_str().unwrap_or("ok").to_owned()
    }

    #[track_caller]
    fn assert_as_packed(&self, volumes: &[Vec<u8>]) {
        for (number, bytes) in (1..).zip(volumes) {
            let path = volume(&self.path("stick/d.sealift"), number);
            assert!(fs::read(path).unwrap() == *bytes, "volume {number}");
        }
    }

    fn signing_key(&self, name: &str) {
        run(OPENSSL.command().args(["genpkey", "-algorithm", "ED25519", "-out"]).arg(self.path(name)));
    }
}

// --- where is written

#[test]
fn nothing_is_written_through_a_link_on_the_stick() {
    let (place, volumes) = packed(&in_volumes());
    fs::create_dir(place.path("home")).unwrap();
    let (victim, stick) = (place.path("home/authorized_keys"), place.path("stick/d.sealift"));
    let second = volume(&stick, 2);
    // To a file that is empty, that holds something, and that is a damaged volume of this very bundle.
    let mut damaged = volumes[1].clone();
    damaged[LATER_HEAD + 99] ^= 1;
    for (content, status, code) in
        [(&b""[..], 3, "BUNDLE-08"), (b"ssh-ed25519 AAAA", 3, "BUNDLE-08"), (&damaged, 1, "IO-11")]
    {
        write(&victim, content);
        fs::remove_file(&second).unwrap();
        symlink(&victim, &second).unwrap();
        place.refused_untouched("repair @stick/d.sealift", status, code, &["home", "stick"]);
    }
    fs::remove_file(&second).unwrap();
    place.done("repair @stick/d.sealift");
    place.assert_as_packed(&volumes);

    // The first volume itself.
    place.signing_key("acme.key");
    fs::copy(&stick, &victim).unwrap();
    fs::remove_file(&stick).unwrap();
    symlink(&victim, &stick).unwrap();
    for verb in [
        "repair @stick/d.sealift",
        "keys add @stick/d.sealift -i @key -r @key2",
        "keys change @stick/d.sealift -i @key -r @key2",
        "keys remove @stick/d.sealift 1 -i @key",
        "sign @stick/d.sealift --key @acme.key",
        "sign @stick/d.sealift --remove 00112233",
    ] {
        place.refused_untouched(verb, 1, "IO-11", &["home", "stick"]);
    }
    // Read it may be, and a folder may be reached through a link.
    place.done("verify @stick/d.sealift -i @key");
    fs::remove_file(&stick).unwrap();
    fs::copy(&victim, &stick).unwrap();
    symlink(place.path("stick"), place.path("mounted")).unwrap();
    place.done("keys add @mounted/d.sealift -i @key -r @key2");
    assert_eq!(place.opened("key2"), "ok");
}

#[test]
fn a_file_with_another_name_or_of_a_stranger_is_not_written() {
    let (place, volumes) = packed(&in_volumes());
    let stick = place.path("stick/d.sealift");
    fs::create_dir(place.path("home")).unwrap();
    let add = "keys add @stick/d.sealift -i @key -r @key2";
    fs::hard_link(&stick, place.path("home/d.sealift")).unwrap();
    place.refused_untouched(add, 1, "IO-11", &["home", "stick"]);
    put(&stick, &[0; 99], 0);
    place.refused_untouched("repair @stick/d.sealift", 1, "IO-11", &["home", "stick"]);
    fs::remove_file(place.path("home/d.sealift")).unwrap();
    place.done("repair @stick/d.sealift");
    place.assert_as_packed(&volumes);

    // A folder like /tmp, with a volume that somebody else left there.
    let mode = |mode| fs::set_permissions(place.path("stick"), fs::Permissions::from_mode(mode)).unwrap();
    let second = volume(&stick, 2);
    let damage = || put(&second, &[volumes[1][LATER_HEAD + 99] ^ 1], LATER_HEAD + 99);
    mode(0o1777);
    damage();
    chown(&second, Some(65_534), Some(65_534)).unwrap();
    place.refused_untouched("repair @stick/d.sealift", 1, "IO-11", &["stick"]);
    // All files of a FAT stick are of the user that it is mounted for; a team's folder holds files of others.
    for (owner, mode_of_folder) in [(65_534, 0o755), (0, 0o2775), (65_534, 0o1777)] {
        damage();
        chown(place.path("stick"), Some(owner), None).unwrap();
        mode(mode_of_folder);
        place.done("repair @stick/d.sealift");
        place.assert_as_packed(&volumes);
    }
}

#[test]
fn a_file_in_the_place_of_a_volume_is_written_over_only_where_it_shows_that_it_is_one() {
    let (place, volumes) = packed(&in_volumes());
    let others = pack(&place, "other", &in_volumes());
    let second = volume(&place.path("stick/d.sealift"), 2);
    let len = volumes[1].len();
    // Of another bundle: without its footer, and with a bit of its head flipped.
    let mut foreign = others[1][..len - FOOTER].to_vec();
    foreign[2000] ^= 1;
    let zeros = vec![0; len];
    // Another volume of this one, of which the same is left.
    let mut misplaced = volumes[2][..volumes[2].len() - FOOTER].to_vec();
    misplaced[2000] ^= 1;
    let strange = [&b""[..], b"my letters", &foreign, &zeros, &misplaced, &others[1], &volumes[2]];
    for (number, content) in strange.into_iter().enumerate() {
        write(&second, content);
        let before = fs::read(&second).unwrap();
        place.refused("repair @stick/d.sealift", 3, "BUNDLE-08");
        assert!(fs::read(&second).unwrap() == before, "{number}");
        place.refused("verify @stick/d.sealift", 3, "BUNDLE-08");
    }
    // Moved away, the volume is written to a new file.
    fs::remove_file(&second).unwrap();
    place.done("repair @stick/d.sealift");
    place.assert_as_packed(&volumes);

    // Damaged as it is, it shows whose it is: by its footer, by what is left of its head, by one of its records.
    let damaged = |zeroed: &[std::ops::Range<usize>]| {
        let mut damaged = volumes[1].clone();
        for range in zeroed {
            damaged[range.clone()].fill(0);
        }
        damaged
    };
    let cut = damaged(&[])[..60_000].to_vec();
    for content in [
        damaged(std::slice::from_ref(&(0..LATER_HEAD))),
        damaged(&[0..8, 100..LATER_HEAD, len - FOOTER..len]),
        damaged(&[0..LATER_HEAD, len - FOOTER..len]),
        damaged(&[0..LATER_HEAD + 60_000, len - 5000..len]),
        cut,
    ] {
        write(&second, &content);
        place.done("repair @stick/d.sealift");
        place.assert_as_packed(&volumes);
    }
}

// --- the header comes last

#[test]
fn an_answer_never_touches_what_is_no_bundle() {
    let (place, volumes) = packed(&plain());
    write(&place.path("whole.sealift"), &volumes[0]);
    lost_header(&place.path("stick/d.sealift"));
    answer(&place.path("stick/d.sealift"), &place.path("whole.sealift"), &place.path("answer"));

    fs::create_dir(place.path("home")).unwrap();
    let noise: Vec<u8> = (0..10_000_u32).flat_map(|at| Sha256::digest(at.to_le_bytes())).collect();
    for content in [&noise[..], b"short", b""] {
        write(&place.path("home/notes.tar"), content);
        place.refused_untouched("repair @home/notes.tar --with @answer", 1, "BUNDLE-01", &["home"]);
    }
    // A header that says something is none that is lost.
    for (offset, value, status, code) in
        [(8, 2, 1, "BUNDLE-02"), (12, 0, 3, "BUNDLE-04"), (16, 4, 1, "BUNDLE-03")]
    {
        write(&place.path("home/notes.tar"), &volumes[0]);
        (0..2).for_each(|copy| forge(&place.path("home/notes.tar"), copy, |copy| copy[offset] = value));
        place.refused_untouched("repair @home/notes.tar --with @answer", status, code, &["home"]);
    }
    place.done("repair @stick/d.sealift --with @answer");
    place.assert_as_packed(&volumes);
}

#[test]
fn a_file_in_the_place_of_the_first_volume_is_no_bundle_though_others_could_rebuild_it() {
    let (place, volumes) = packed(&in_volumes());
    pack_copy(&place, "whole", &volumes);
    let stick = place.path("stick/d.sealift");
    lost_header(&stick);
    answer(&stick, &place.path("whole/d.sealift"), &place.path("answer"));
    let noise: Vec<u8> = (0..5_000_u32).flat_map(|at| Sha256::digest(at.to_le_bytes())).collect();
    write(&stick, &noise);
    place.refused_untouched("repair @stick/d.sealift --with @answer", 1, "BUNDLE-01", &["stick"]);
    // Without header and footer it is known by its records.
    let mut damaged = volumes[0].clone();
    damaged[..2 * COPY].fill(0);
    let len = damaged.len();
    damaged[len - FOOTER..].fill(0);
    write(&stick, &damaged);
    place.done("repair @stick/d.sealift --with @answer");
    place.assert_as_packed(&volumes);
}

fn pack_copy(place: &Place, folder: &str, volumes: &[Vec<u8>]) {
    fs::create_dir(place.path(folder)).unwrap();
    for (number, bytes) in (1..).zip(volumes) {
        write(&volume(&place.path(folder).join("d.sealift"), number), bytes);
    }
}

#[test]
fn an_answer_for_another_bundle_changes_nothing_and_the_right_one_repairs() {
    let (place, volumes) = packed(&plain());
    let others = pack(&place, "other", &plain());
    let stick = place.path("stick/d.sealift");
    for (name, bytes) in [("whole.sealift", &volumes[0]), ("other-whole.sealift", &others[0])] {
        write(&place.path(name), bytes);
    }
    lost_header(&place.path("other/d.sealift"));
    answer(&place.path("other/d.sealift"), &place.path("other-whole.sealift"), &place.path("wrong"));
    // Both copies lost, or both damaged: what is left of them, or the footer, tells whose the answer must be.
    let halves = |path: &Path| (0..2).for_each(|copy| put(path, &[0xee; 200], copy * COPY + 220));
    let no_footer = |path: &Path| put(path, &[0; FOOTER], volumes[0].len() - FOOTER);
    for damage in [&lost_header as &dyn Fn(&Path), &halves, &|path| {
        halves(path);
        no_footer(path);
    }] {
        write(&stick, &volumes[0]);
        damage(&stick);
        place.refused_untouched("repair @stick/d.sealift --with @wrong", 2, "REPAIR-05", &["stick"]);
        answer(&stick, &place.path("whole.sealift"), &place.path("right"));
        let out = "--out @out.sealift";
        place.refused(&format!("repair @stick/d.sealift --with @wrong {out}"), 2, "REPAIR-05");
        assert!(!place.path("out.sealift").exists());
        let report = place.done("repair @stick/d.sealift --with @right");
        assert_eq!(
            (&report["num_header_copies"], &report["is_header_from_answer"]),
            (&2.into(), &true.into())
        );
        place.assert_as_packed(&volumes);
    }
}

#[test]
fn a_header_that_proves_nothing_is_not_written() {
    let (place, volumes) = packed(&plain());
    write(&place.path("whole.sealift"), &volumes[0]);
    let stick = place.path("stick/d.sealift");
    lost_header(&stick);
    answer(&stick, &place.path("whole.sealift"), &place.path("header-alone"));
    // One bit of the hashes: the header alone cannot prove anything.
    let at = volumes[0].len() - FOOTER - 56 - 16;
    put(&stick, &[volumes[0][at] ^ 1], at);
    place.refused_untouched("repair @stick/d.sealift --with @header-alone", 3, "REPAIR-01", &["stick"]);
    let (ctx, wants) = (Ctx::new(), place.path("wants"));
    let request = sealift::repair_request(&ctx, &stick).unwrap().unwrap();
    write(&wants, request.to_json().as_bytes());
    // A header with the right set id, and a set root that is not the bundle's.
    let hostile = forged_answer(&fs::read(place.path("header-alone")).unwrap());
    write(&place.path("hostile"), &hostile);
    place.refused_untouched("repair @stick/d.sealift --with @hostile", 3, "REPAIR-01", &["stick"]);
    put(&stick, &[volumes[0][at]], at);
    place.refused_untouched("repair @stick/d.sealift --with @hostile", 3, "INTEGRITY-03", &["stick"]);
    put(&stick, &[volumes[0][at] ^ 1], at);
    // What is asked for has the trailer, too: with it the header proves itself.
    place.done("repair-file @whole.sealift @wants --out @header-and-trailer");
    place.done("repair @stick/d.sealift --with @header-and-trailer");
    place.assert_as_packed(&volumes);
}

/// An answer that brings a header alone, with another set root in it: who makes answers needs no key.
fn forged_answer(answer: &[u8]) -> Vec<u8> {
    let (head, rest) = answer.split_at(128);
    let (mut head, part, mut copy) = (head.to_vec(), &rest[..24], rest[24..24 + COPY].to_vec());
    copy[104] ^= 1;
    let sum = Sha256::digest(&copy[..COPY - 32]);
    copy[COPY - 32..].copy_from_slice(&sum);
    let fingerprint = Sha256::digest([&b"sealift/v1/fingerprint"[..], &copy[..200]].concat());
    head[48..80].copy_from_slice(&fingerprint);
    let sum = Sha256::digest(&head[..96]);
    head[96..].copy_from_slice(&sum);
    let mut forged = [&head[..], part, &copy, &rest[24 + COPY..24 + COPY + 24]].concat();
    let sum = Sha256::digest(&forged);
    forged.extend(sum);
    forged
}

// --- forged copies

/// What can be changed in a copy without a key, so that it counts first.
type Change = (&'static str, fn(&mut [u8]));

const CHANGES: [Change; 5] = [
    ("the set id", |copy| copy[30] ^= 1),
    ("the set root", |copy| copy[110] ^= 1),
    ("the commitment", |copy| copy[170] ^= 1),
    // Memory of the only slot: 2 TiB.
    ("the cost of a slot", |copy| copy[216 + 8 + 16..][..4].copy_from_slice(&(1_u32 << 31).to_le_bytes())),
    ("the kind of a slot", |copy| copy[216] = 99),
];

#[test]
fn a_forged_header_copy_keeps_nobody_from_the_other() {
    let (place, volumes) = packed(&plain());
    let stick = place.path("stick/d.sealift");
    let recover = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/recover.py");
    let mut num_restored = 0;
    for (what, change) in CHANGES {
        for copy in 0..2 {
            write(&stick, &volumes[0]);
            forge(&stick, copy, |copy| {
                change(copy);
                copy[200] = 9;
            });
            num_restored += 1;
            for verb in ["inspect", "verify"] {
                place.done(&format!("{verb} @stick/d.sealift -i @key"));
            }
            place.done(&format!("restore @stick/d.sealift -i @key --to oci:@out-{num_restored}"));
        }
        let mut command = python();
        command.arg(recover).arg(&stick).arg("--list").arg("--password-file").arg(place.path("pw"));
        run(&mut command);
        // A wrong passphrase is one all the same.
        assert_eq!(["pw", "pw2"].map(|name| place.opened(name)), ["ok", "KEY-01"], "{what}");
    }
    // Where no copy is fit to be tried, none is.
    write(&stick, &volumes[0]);
    (0..2).for_each(|copy| forge(&stick, copy, CHANGES[3].1));
    assert_eq!(place.opened("pw"), "KEY-03");
}

#[test]
fn a_newer_header_copy_that_does_not_fit_the_volumes_is_tried_last_and_named() {
    let (place, volumes) = packed(&PackOptions { recovery_percent: Some(50), ..plain() });
    let stick = place.path("stick/d.sealift");
    // Another bundle of the same sender, with the same keys and a higher sequence.
    pack(&place, "other", &plain());
    place.done("keys add @other/d.sealift -i @key -r @key2");
    let other = fs::read(place.path("other/d.sealift")).unwrap();
    let fingerprint = place.done("inspect @stick/d.sealift")["fingerprint"].clone();
    let foreign = |copy: usize| put(&stick, &other[..COPY], copy * COPY);
    let forged = |copy: usize| {
        forge(&stick, copy, |copy| {
            copy[110] ^= 1;
            copy[200] = 9;
        });
    };
    for (what, change) in [("foreign", &foreign as &dyn Fn(usize)), ("forged", &forged)] {
        for copy in 0..2 {
            write(&stick, &volumes[0]);
            change(copy);
            for verb in [
                "inspect",
                "verify",
                "keys list",
                "inspect -i @key",
                "verify -i @key",
                "verify --password-file @pw",
            ] {
                let args = match verb.split_once(" -") {
                    Some((verb, options)) => format!("{verb} @stick/d.sealift -{options}"),
                    None => format!("{verb} @stick/d.sealift"),
                };
                let (output, object) = place.run(&args);
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(0), "{what} {copy} {args}\n{said}");
                assert_eq!(object["fingerprint"], fingerprint, "{what} {copy} {args}");
                if verb.starts_with("verify") {
                    assert!(said.contains("of another bundle or forged"), "{what} {copy} {args}\n{said}");
                }
            }
            place.done(&format!("restore @stick/d.sealift -i @key --to oci:@{what}-{copy}"));
        }
    }
    // A bundle of which both copies fit names none.
    write(&stick, &volumes[0]);
    let (output, _) = place.run("verify @stick/d.sealift");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("forged"));
}

#[test]
fn damage_next_to_a_forged_copy_is_found_and_repaired() {
    let (place, volumes) = packed(&PackOptions { recovery_percent: Some(50), ..plain() });
    let stick = place.path("stick/d.sealift");
    for (what, change) in &CHANGES[..3] {
        write(&stick, &volumes[0]);
        forge(&stick, 0, |copy| {
            change(copy);
            copy[200] = 9;
        });
        let forged = fs::read(&stick).unwrap();
        put(&stick, &[forged[2 * COPY + 5] ^ 1], 2 * COPY + 5);
        let report = place.done("repair @stick/d.sealift");
        assert_eq!(report["num_records"], 1, "{what}");
        assert!(fs::read(&stick).unwrap() == forged, "{what}");
    }
}

#[test]
fn signing_never_costs_the_authentic_header_copy() {
    let (place, volumes) = packed(&plain());
    let stick = place.path("stick/d.sealift");
    place.signing_key("acme.key");
    for (what, change) in &CHANGES[..3] {
        for copy in 0..2 {
            write(&stick, &volumes[0]);
            forge(&stick, copy, |copy| {
                change(copy);
                copy[200] = 9;
            });
            place.refused_untouched("sign @stick/d.sealift --key @acme.key", 3, "SIGN-08", &["stick"]);
            place.refused_untouched("sign @stick/d.sealift --remove 00112233", 3, "SIGN-08", &["stick"]);
            assert_eq!(place.opened("key"), "ok", "{what} of copy {copy}");
        }
    }
    // A key tells which copy is right; then it can be signed.
    place.done("keys change @stick/d.sealift -i @key -r @key2");
    place.done("sign @stick/d.sealift --key @acme.key");
    let (opened, inspected) = (place.opened("key2"), place.done("inspect @stick/d.sealift"));
    assert_eq!((opened.as_str(), inspected["signatures"].as_array().map(Vec::len)), ("ok", Some(1)));
    // Slots, which the core does not cover, may differ: after a change that was interrupted, each copy keeps its own.
    write(&stick, &volumes[0]);
    forge(&stick, 0, |copy| CHANGES[4].1(copy));
    place.done("sign @stick/d.sealift --key @acme.key");
    assert_eq!(place.opened("key"), "ok");
}

/// The copy with these signatures, and a right checksum.
fn with_area(copy: &mut [u8], area: &[u8]) {
    let number = |at: usize| u32::from_le_bytes(*copy[at..].first_chunk().unwrap()) as usize;
    let start = 248 + number(208) + number(212);
    copy[start..COPY - 32].fill(0);
    copy[start..start + 4].copy_from_slice(&(area.len() as u32).to_le_bytes());
    copy[start + 4..start + 4 + area.len()].copy_from_slice(area);
}

#[test]
fn junk_among_the_signatures_keeps_nobody_from_locking_out_a_passphrase_or_signing() {
    let (place, volumes) = packed(&plain());
    let stick = place.path("stick/d.sealift");
    place.signing_key("acme.key");
    place.done("sign @stick/d.sealift --key @acme.key --product suite --release 1");
    let signed = fs::read(&stick).unwrap();
    let start = 248 + u32::from_le_bytes(*signed[208..].first_chunk().unwrap()) as usize;
    let len = u32::from_le_bytes(*signed[start..].first_chunk().unwrap()) as usize;
    let entry = signed[start + 4..start + 4 + len].to_vec();
    // Entries of a kind that nobody knows, other ones in each copy, in front of the signature and as many as fit.
    let fill = |copies: std::ops::Range<usize>| {
        write(&stick, &signed);
        for number in copies {
            // No two alike: what is there twice counts once.
            let junk = |at: usize| {
                [&[132, 3, 0, 0, 92, 0, 0, 0][..], &at.to_le_bytes(), &[number as u8; 84]].concat()
            };
            let num = (COPY - 32 - start - 4 - entry.len()) / junk(0).len();
            let mut area: Vec<u8> = (0..num).flat_map(junk).collect();
            area.extend_from_slice(&entry);
            forge(&stick, number, |copy| with_area(copy, &area));
        }
    };
    let signatures = || {
        let object = place.done("inspect @stick/d.sealift");
        let signatures = object["signatures"].as_array().unwrap().clone();
        signatures.into_iter().filter(|signature| signature["product"] == "suite").collect::<Vec<Value>>()
    };
    for copies in [0..1, 0..2] {
        fill(copies.clone());
        place.done("keys change @stick/d.sealift -i @key -r @key2");
        assert_eq!(["key", "key2"].map(|name| place.opened(name)), ["KEY-08", "ok"]);
        assert_eq!(signatures().len(), 1, "the vendor's signature is still there");

        fill(copies);
        place.done("sign @stick/d.sealift --key @acme.key --product suite --release 2");
        assert_eq!(signatures()[0]["release"], "2");
        place.signing_key("more.key");
        place.done("sign @stick/d.sealift --key @more.key --product suite --release 3");
        assert_eq!(signatures().len(), 2);
        place.done("verify @stick/d.sealift -i @key");
        fs::remove_file(place.path("more.key")).unwrap();
    }
    // What fits stays, whatever it is.
    write(&stick, &volumes[0]);
    forge(&stick, 0, |copy| with_area(copy, &[132, 3, 0, 0, 2, 0, 0, 0, 7, 7]));
    place.done("keys change @stick/d.sealift -i @key -r @key2");
    place.done("sign @stick/d.sealift --key @acme.key");
    assert_eq!(place.done("inspect @stick/d.sealift")["signatures"].as_array().map(Vec::len), Some(2));
}

// --- keys, one change after the other

#[test]
fn two_changes_at_once_are_both_there() {
    let (place, _) = packed(&plain());
    let start = |args: &str| place.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let add = |name: &str| {
        start(&format!("keys add @stick/d.sealift --kdf low --password-file @pw --new-password-file @{name}"))
    };
    let mut both = [add("pw2"), add("pw3")];
    assert!(both.iter_mut().all(|child| child.wait().unwrap().success()));
    assert_eq!((place.opened("pw2"), place.opened("pw3")), ("ok".into(), "ok".into()));
    let slots = place.done("keys list @stick/d.sealift")["slots"].clone();
    assert_eq!(slots.as_array().map(Vec::len), Some(4));

    // A key that was removed does not come back with a change that began before.
    place.done("keys remove @stick/d.sealift 4 -i @key");
    let last = if place.opened("pw2") == "ok" { "pw2" } else { "pw3" };
    let other = if last == "pw2" { "pw3" } else { "pw2" };
    let mut both = [add(other), start("keys remove @stick/d.sealift 3 -i @key")];
    assert!(both.iter_mut().all(|child| child.wait().unwrap().success()));
    assert_eq!((place.opened(last), place.opened(other)), ("KEY-01".into(), "ok".into()));
}

#[test]
fn a_passphrase_that_is_there_is_told_and_all_its_slots_change_together() {
    let (place, _) = packed(&plain());
    let keys = |verb: &str| format!("keys {verb} @stick/d.sealift --kdf low --password-file");
    let stick = &["stick"][..];
    place.done(&format!("{} @pw --new-password-file @pw2", keys("add")));
    place.refused_untouched(&format!("{} @pw --new-password-file @pw2", keys("add")), 2, "KEY-31", stick);
    place.refused_untouched(&format!("{} @pw --new-password-file @pw", keys("add")), 2, "KEY-31", stick);
    for (old, new) in [("pw", "pw"), ("pw", "pw2")] {
        let change = format!("{} @{old} --new-password-file @{new}", keys("change"));
        place.refused_untouched(&change, 2, "KEY-31", stick);
        place.refused_untouched(&format!("{change} --slot 1"), 2, "KEY-31", stick);
    }
    let (_, object) = place.run("keys add @stick/d.sealift -i @key --new-password-file @pw2");
    assert_eq!(object["error"]["facts"]["slot"], "3");

    // A key file, too; and of several keys none is added when one is there.
    place.done("keys generate --type key-file --out @file.key");
    place.done("keys add @stick/d.sealift -i @key -r @file.key");
    place.done("keys generate --type key-file --out @more.key");
    let both = "keys add @stick/d.sealift -i @key -r @more.key -r @file.key";
    place.refused_untouched(both, 2, "KEY-31", stick);
    let twice = "keys add @stick/d.sealift -i @key -r @more.key -r @more.key";
    place.refused_untouched(twice, 2, "KEY-31", stick);

    // An older version put one passphrase into several slots.
    fs::remove_dir_all(place.path("stick")).unwrap();
    let recipients = ["pw", "pw2", "pw", "pw"].map(|name| Recipient::from(passphrase(&place, name)));
    pack_for(&place, "stick", &plain(), recipients.into_iter().collect::<Vec<_>>());
    let change = format!("{} @pw --new-password-file @pw3", keys("change"));
    // One of them was meant: that the old passphrase opens others is told.
    let one = fs::read(place.path("stick/d.sealift")).unwrap();
    let output = place.command(&format!("{change} --slot 3 --lang en")).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && told.contains("Key slot 1 opens") && told.contains("Key slot 4 opens"),
        "{told}"
    );
    write(&place.path("stick/d.sealift"), &one);
    let remove = "keys remove @stick/d.sealift 3 --password-file @pw --lang en";
    let told = String::from_utf8(place.command(remove).output().unwrap().stderr).unwrap();
    assert!(told.contains("Key slot 1 opens") && told.contains("Key slot 4 opens"), "{told}");
    write(&place.path("stick/d.sealift"), &one);
    let slots = place.done(&change)["slots"].clone();
    assert_eq!(slots.as_array().map(Vec::len), Some(2));
    assert_eq!(["pw", "pw2", "pw3"].map(|name| place.opened(name)), ["KEY-01", "ok", "ok"].map(String::from));
}

#[test]
fn what_an_interrupted_removal_left_open_is_shown_and_completed_before_numbers_count() {
    let (place, _) = packed(&plain());
    let stick = place.path("stick/d.sealift");
    for name in ["pw2", "pw3"] {
        place.done(&format!("keys add @stick/d.sealift -i @key --kdf low --new-password-file @{name}"));
    }
    let list = || {
        let object = place.done("keys list @stick/d.sealift");
        assert_eq!(
            place.done("inspect @stick/d.sealift")["num_superseded_slots"],
            object["num_superseded_slots"]
        );
        (object["slots"].as_array().unwrap().len(), object["num_superseded_slots"].as_u64().unwrap())
    };
    for copy in [0, 1] {
        let before = fs::read(&stick).unwrap();
        let (slots, none) = list();
        assert_eq!(none, 0);
        // Killed between the copies.
        place.done("keys remove @stick/d.sealift 3 -i @key");
        put(&stick, &before[copy * COPY..][..COPY], copy * COPY);
        assert_eq!(list(), (slots - 1, 1));
        let told =
            crate::support::Sealift::command(["keys", "list", "--lang", "en"]).arg(&stick).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.contains("interrupted: 1 more"), "{told}");
        assert_eq!(place.opened("pw2"), "ok");
        // Repeated with the number of before, it would remove the next one.
        let interrupted = fs::read(&stick).unwrap();
        for again in [
            "remove @stick/d.sealift 3",
            "change @stick/d.sealift --slot 3 --kdf low --new-password-file @pw2",
        ] {
            write(&stick, &interrupted);
            place.refused(&format!("keys {again} -i @key"), 1, "KEY-32");
            assert_eq!(list(), (slots - 1, 0));
            assert_eq!([place.opened("pw2"), place.opened("pw3")], ["KEY-01", "ok"].map(String::from));
        }
        // What is meant by no number completes it as well, and is done.
        write(&stick, &interrupted);
        place.done("keys add @stick/d.sealift -i @key --kdf low --new-password-file @pw2");
        assert_eq!(list(), (slots, 0));
        place.done("keys remove @stick/d.sealift 4 -i @key");
        assert_eq!([place.opened("pw2"), place.opened("pw3")], ["KEY-01", "ok"].map(String::from));
        write(&stick, &before);
    }
    // Benign: an addition that was interrupted left nothing open.
    let before = fs::read(&stick).unwrap();
    place.done("keys remove @stick/d.sealift 4 -i @key");
    let removed = fs::read(&stick).unwrap();
    place.done("keys add @stick/d.sealift -i @key --kdf low --new-password-file @pw3");
    put(&stick, &removed[..COPY], 0);
    assert_eq!(list().1, 0);
    place.done("keys remove @stick/d.sealift 3 -i @key");
    assert_ne!(before, removed);
}

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A change, or a run that changes nothing, by the numbers of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add(usize),
    Change(usize, usize),
    Remove(usize),
    Sign(usize),
    Repair,
    Verify,
}

impl Op {
    fn keys(self) -> Vec<usize> {
        match self {
            Self::Add(key) | Self::Remove(key) => vec![key],
            Self::Change(old, new) => vec![old, new],
            Self::Sign(_) | Self::Repair | Self::Verify => Vec::new(),
        }
    }

    /// One that can be done to a bundle that these keys open, in the order of their slots.
    fn random(random: &mut Random, slots: &[usize]) -> Option<Self> {
        let absent: Vec<usize> = (0..NUM_KEYS).filter(|key| !slots.contains(key)).collect();
        let mut one_of = |keys: &[usize]| (!keys.is_empty()).then(|| keys[random.below(keys.len())]);
        let (present, new) = (one_of(slots), one_of(&absent));
        match random.below(8) {
            0 | 1 => new.map(Self::Add),
            2 | 3 => Some(Self::Change(present?, new?)),
            4 => present.map(Self::Remove),
            5 => Some(Self::Sign(random.below(2))),
            6 => Some(Self::Repair),
            _ => Some(Self::Verify),
        }
    }

    /// A number stands for the slot that has it when the program starts: a removal must not move it.
    fn can_run_beside(self, other: Self, slots: &[usize]) -> bool {
        let place = |op: Self| match op {
            Self::Change(key, _) | Self::Remove(key) => slots.iter().position(|slot| *slot == key),
            _ => None,
        };
        let moves = |removal: Self, other: Self| {
            matches!(removal, Self::Remove(_)) && place(other).is_some() && place(removal) < place(other)
        };
        self.keys().iter().all(|key| !other.keys().contains(key))
            && !moves(self, other)
            && !moves(other, self)
    }

    fn command(self, place: &Place, slots: &[usize]) -> Command {
        let slot = |key: usize| 2 + slots.iter().position(|slot| *slot == key).unwrap();
        place.command(&match self {
            Self::Add(key) => format!("keys add @stick/d.sealift -i @key -r @{key}.key"),
            Self::Change(old, new) => {
                format!("keys change @stick/d.sealift -i @key --slot {} -r @{new}.key", slot(old))
            }
            Self::Remove(key) => format!("keys remove @stick/d.sealift {} -i @key", slot(key)),
            Self::Sign(signer) => format!("sign @stick/d.sealift --key @signer{signer}.key"),
            Self::Repair => "repair @stick/d.sealift".into(),
            Self::Verify => "verify @stick/d.sealift".into(),
        })
    }

    fn apply(self, slots: &mut Vec<usize>, signers: &mut Vec<usize>) {
        match self {
            Self::Add(key) => slots.push(key),
            Self::Change(old, new) => {
                slots.iter_mut().filter(|slot| **slot == old).for_each(|slot| *slot = new);
            }
            Self::Remove(key) => slots.retain(|slot| *slot != key),
            Self::Sign(signer) => {
                signers.retain(|known| *known != signer);
                signers.push(signer);
            }
            Self::Repair | Self::Verify => {}
        }
    }
}

const NUM_KEYS: usize = 6;

/// Pairs of runs at once; `SEALIFT_PAIRS` of them by hand.
#[test]
fn of_any_two_runs_at_once_every_change_that_was_done_is_there() {
    let (place, _) = packed(&plain());
    (0..NUM_KEYS).for_each(|key| drop(place.0.write(&format!("{key}.key"), KeyFile::generate().to_text())));
    (0..2).for_each(|signer| place.signing_key(&format!("signer{signer}.key")));
    place.done("keys remove @stick/d.sealift 1 -i @key");
    let stick = place.path("stick/d.sealift");
    let num_pairs = std::env::var("SEALIFT_PAIRS").map_or(20, |number| number.parse().unwrap());
    let (mut random, mut slots, mut signers) = (Random(1), Vec::new(), Vec::new());
    let mut num_done = 0;
    while num_done < num_pairs {
        let Some(first) = Op::random(&mut random, &slots) else { continue };
        let second = Op::random(&mut random, &slots);
        let Some(second) = second.filter(|second| first.can_run_beside(*second, &slots)) else { continue };
        num_done += 1;
        if random.below(4) == 0 {
            put(&stick, &[0xee; 40], random.below(2) * COPY + 220);
        }
        let what = format!("pair {num_done}: {first:?} and {second:?} with {slots:?}");
        let start = |op: Op| {
            let mut command = op.command(&place, &slots);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        for child in [start(first), start(second)] {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stdout));
        }
        let found = place.done("inspect @stick/d.sealift -i @key");
        for op in [first, second] {
            op.apply(&mut slots, &mut signers);
        }
        assert_eq!(found["slots"].as_array().map(Vec::len), Some(1 + slots.len()), "{what}");
        assert_eq!(found["signatures"].as_array().map(Vec::len), Some(signers.len()), "{what}");
        let opens = |key: &usize| {
            let inspect = format!("inspect @stick/d.sealift -i @{key}.key");
            place.command(&inspect).output().unwrap().status.success()
        };
        let open: Vec<usize> = (0..NUM_KEYS).filter(opens).collect();
        let mut expected = slots.clone();
        expected.sort_unstable();
        assert_eq!(open, expected, "{what}");
        if matches!((first, second), (Op::Add(_), Op::Add(_))) {
            slots = in_order(&place, &slots);
        }
    }
}

/// The keys in the order of their slots: the last two were added at once, and a copy without the last slot shows which is there.
fn in_order(place: &Place, slots: &[usize]) -> Vec<usize> {
    let (last, before) = (slots[slots.len() - 1], slots[slots.len() - 2]);
    let copy = place.path("copy.sealift");
    fs::copy(place.path("stick/d.sealift"), &copy).unwrap();
    place.done(&format!("keys remove @copy.sealift {} -i @key", slots.len() + 1));
    let is_open = |key: usize| {
        place.command(&format!("inspect @copy.sealift -i @{key}.key")).output().unwrap().status.success()
    };
    let mut slots = slots.to_vec();
    assert_ne!(is_open(last), is_open(before));
    if is_open(last) {
        let len = slots.len();
        slots.swap(len - 1, len - 2);
    }
    slots
}

// --- sizes that are only told

/// A bundle of so many records, none of which takes any room: a hole in a file, and a footer that fits its header.
fn sparse(path: &Path, num_records: u64) {
    let (record, set_id) = (u64::from(RECORD_BYTES), [7_u8; 32]);
    let payload = num_records * record;
    let hashes_at = 2 * COPY as u64 + payload + 28 * num_records;
    let directory_at = hashes_at + 32 * num_records;
    let le = |numbers: &[u64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let with_sum = |mut block: Vec<u8>, len: usize| {
        block.resize(len - 32, 0);
        let sum = Sha256::digest(&block);
        [block, sum.to_vec()].concat()
    };
    let root = [1_u8; 32];
    let set_root = Sha256::digest([&b"sealift/v1/set-root"[..], &set_id, &le(&[1]), &root].concat());
    let header = [
        &b"\x89SLFT\r\n\x1a\x01\0\0\0\x01\0\0\0"[..],
        &le(&[0]),
        &set_id,
        &RECORD_BYTES.to_le_bytes(),
        &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        &le(&[num_records, payload, payload - 1, 1]),
        &set_root,
        &[0; 64],
        &le(&[1, 0]),
        &[0; 36],
    ];
    let copy = with_sum(header.concat(), COPY);
    let directory = [&[1, 0, 0, 0, 1, 0, 0, 0][..], &le(&[hashes_at, 32 * num_records]), &[0; 32]].concat();
    let footer = [
        &b"\x89SLFE\r\n\x1a\x01\0\0\0\x01\0\0\0"[..],
        &set_id,
        &le(&[0, num_records, directory_at, 56]),
        &Sha256::digest(&directory),
        &root,
        &le(&[directory_at + 56 + 256]),
    ];
    let footer = with_sum([footer.concat(), vec![0; 72]].concat(), FOOTER);
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path).unwrap();
    file.write_all_at(&copy.repeat(2), 0).unwrap();
    file.write_all_at(&[directory, footer].concat(), directory_at).unwrap();
}

#[test]
fn a_bundle_that_is_a_hole_is_read_in_little_memory() {
    let place = Place(Scratch::new());
    place.0.write("pw", "correct horse battery staple\n");
    sparse(&place.path("d.sealift"), 60_000_000);
    assert!(fs::metadata(place.path("d.sealift")).unwrap().len() > 3 << 40);
    let mut answers = Vec::new();
    for args in [
        "inspect @d.sealift",
        "inspect @d.sealift --password-file @pw",
        "verify @d.sealift",
        "repair @d.sealift",
        "repair @d.sealift --request @wanted",
    ] {
        let command = place.command(args);
        let mut limited = Tool::new("timeout", "coreutils").command();
        limited.args(["60", "sh", "-c", "ulimit -v 1048576; exec \"$@\"", "sh"]).arg(command.get_program());
        let output =
            limited.args(command.get_args()).env("XDG_CONFIG_HOME", place.path("config")).output().unwrap();
        let object: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{args}: {e}: {}", String::from_utf8_lossy(&output.stderr)));
        answers.push(object["error"]["code"].as_str().unwrap_or("ok").to_owned());
    }
    assert_eq!(answers, ["ok", "KEY-02", "INTEGRITY-03", "REPAIR-01", "REPAIR-01"]);
}
