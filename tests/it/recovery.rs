//! Recovery data: what is damaged within its share is rebuilt bit for bit; beyond it the report says what is hurt, and the
//! answer to a repair request completes it.

mod killed;
mod lost_volume;

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use sealift::{
    Code, Ctx, Digest, Error, Existing, KdfLevel, PackOptions, Passphrase, RepairOptions, RepairReport,
    RepairRequest,
};

use crate::{
    support::{Scratch, Tar, config, run},
    testkit::{keyed, keyless, python, write},
};

const PASSPHRASE: &[u8] = b"correct horse battery staple";
const RECORD_BYTES: u64 = 64 << 10;
const SEALED: u64 = RECORD_BYTES + 28;
const FIRST_HEAD: u64 = 128 << 10;
const LATER_HEAD: u64 = 4 << 10;

/// A bundle on disk, and the bytes that belong there.
struct Packed {
    dir: Scratch,
    volumes: Vec<Vec<u8>>,
    num_records: u64,
    volume_records: u64,
}

/// Bytes without a pattern, the same in every run.
fn noise(seed: &str, len: usize) -> Vec<u8> {
    (0..len.div_ceil(32) as u32)
        .flat_map(|at| *Digest::of(format!("{seed} {at}").as_bytes()).as_bytes())
        .take(len)
        .collect()
}

/// A docker-archive of images `a:1`, `b:1`, …, each with one layer of so many MiB.
fn archive(num_images: usize, layer_mib: usize) -> Vec<u8> {
    let names = ["a", "b", "c", "d"].into_iter().take(num_images);
    let (mut tar, mut manifest) = (Tar::new(), Vec::new());
    for name in names {
        let layer = noise(name, layer_mib << 20);
        tar = tar
            .json(&format!("{name}.json"), &config(&[&Digest::of(&layer).to_string()]))
            .file(&format!("{name}/layer.tar"), &layer);
        manifest.push(serde_json::json!({
            "Config": format!("{name}.json"),
            "RepoTags": [format!("{name}:1")],
            "Layers": [format!("{name}/layer.tar")],
        }));
    }
    tar.json("manifest.json", &manifest.into()).bytes()
}

impl Packed {
    fn new(num_images: usize, layer_mib: usize, percent: Option<u8>, volume_bytes: Option<u64>) -> Self {
        let dir = Scratch::new();
        let source = dir.join("images.tar");
        write(&source, &archive(num_images, layer_mib));
        let ctx = Ctx::new();
        let plan = sealift::plan_pack(&ctx, &[source.to_str().unwrap().parse().unwrap()], &[]).unwrap();
        let options = PackOptions {
            volume_bytes,
            recovery_percent: percent,
            kdf: KdfLevel::Low,
            record_bytes: RECORD_BYTES as u32,
            ..PackOptions::default()
        };
        let path = dir.join("a.sealift");
        let report = sealift::pack(&ctx, &plan, &path, &passphrase(), &options).unwrap();
        let volumes: Vec<_> = report.volumes.iter().map(|path| fs::read(path).unwrap()).collect();
        assert_eq!(report.bundle_bytes, volumes.iter().map(|volume| volume.len() as u64).sum::<u64>());
        if let Some(volume_bytes) = volume_bytes {
            assert!(volumes.iter().all(|volume| volume.len() as u64 <= volume_bytes));
        }
        assert!(fs::read_dir(dir.path()).unwrap().count() == 1 + volumes.len(), "nothing partial is left");
        let num_records = sealift::inspect(&path).unwrap().num_records();
        let volume_records = u64::from(u32::from_le_bytes(*volumes[0][60..].first_chunk().unwrap()));
        let volume_records = if volume_records == 0 { num_records } else { volume_records };
        Self { dir, volumes, num_records, volume_records }
    }

    fn path(&self) -> PathBuf {
        self.volume(1)
    }

    /// Where volume `number`, from 1, belongs.
    fn volume(&self, number: usize) -> PathBuf {
        volume(&self.dir.join("a.sealift"), number)
    }

    fn file(&self, number: usize) -> fs::File {
        fs::OpenOptions::new().write(true).open(self.volume(number)).unwrap()
    }

    /// Volume, from 1, and offset of a record.
    fn place(&self, record: u64) -> (usize, u64) {
        let (volume, within) = (record / self.volume_records, record % self.volume_records);
        let head = if volume == 0 { FIRST_HEAD } else { LATER_HEAD };
        (volume as usize + 1, head + within * SEALED)
    }

    /// Flips a byte of each of these records.
    fn flip(&self, records: impl IntoIterator<Item = u64>) {
        for record in records {
            let (number, offset) = self.place(record);
            let at = offset as usize + 77;
            self.file(number).write_all_at(&[self.volumes[number - 1][at] ^ 8], at as u64).unwrap();
        }
    }

    fn mend(&self) {
        for (number, bytes) in (1..).zip(&self.volumes) {
            write(&self.volume(number), bytes);
        }
    }

    #[track_caller]
    fn assert_as_packed(&self, what: &str) {
        for (number, bytes) in (1..).zip(&self.volumes) {
            assert!(fs::read(self.volume(number)).unwrap() == *bytes, "{what}: volume {number}");
        }
        let num_files = fs::read_dir(self.dir.path()).unwrap().count();
        assert!(num_files > self.volumes.len(), "{what}");
    }

    fn repair(&self) -> sealift::Result<RepairReport> {
        repair(&self.path(), None, None)
    }

    /// Repairs in place; afterwards every bit is as it was.
    #[track_caller]
    fn assert_repaired(&self, what: &str) -> RepairReport {
        let damage = sealift::find_damage(&Ctx::new(), &self.path()).unwrap();
        assert!(!damage.is_whole() && damage.is_repairable(), "{what}: {damage:?}");
        assert_eq!(sealift::repair_request(&Ctx::new(), &self.path()).unwrap(), None, "{what}");
        let report = self.repair().unwrap_or_else(|e| panic!("{what}: {e:?}"));
        assert!(report.is_whole(), "{what}: {report:?}");
        self.assert_as_packed(what);
        assert!(self.repair().unwrap().changed_nothing(), "{what}");
        report
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.to_vec()).unwrap()
}

fn volume(path: &Path, number: usize) -> PathBuf {
    if number == 1 { path.to_owned() } else { PathBuf::from(format!("{}.{number:04}", path.display())) }
}

fn repair(path: &Path, out: Option<&Path>, answer: Option<&Path>) -> sealift::Result<RepairReport> {
    let options = RepairOptions {
        out: out.map(Path::to_owned),
        answer: answer.map(Path::to_owned),
        existing: Existing::Keep,
    };
    sealift::repair(&Ctx::new(), path, &options)
}

/// Numbers below `end` without a pattern, the same in every run.
fn numbers(seed: &str, end: u64) -> impl Iterator<Item = u64> {
    (0_u64..).map(move |at| {
        let digest = Digest::of(format!("{seed} {at}").as_bytes());
        u64::from_le_bytes(*digest.as_bytes().first_chunk().unwrap()) % end
    })
}

#[test]
fn flips_zeroed_runs_and_cut_trailers_are_rebuilt_bit_for_bit() {
    let bundle = Packed::new(2, 5, Some(10), None);
    let (len, records_end) = (bundle.volumes[0].len() as u64, FIRST_HEAD + bundle.num_records * SEALED);
    assert_eq!(
        (keyless(&bundle.path()), keyed(&bundle.path(), PASSPHRASE.to_vec()).0),
        ("ok".into(), "ok".into())
    );
    assert!(sealift::find_damage(&Ctx::new(), &bundle.path()).unwrap().is_whole());
    let num_recovery = sealift::inspect(&bundle.path()).unwrap().recovery().num_records;
    assert_eq!(num_recovery, bundle.num_records.div_ceil(10));

    bundle.flip([0]);
    assert_eq!(bundle.assert_repaired("the first record").num_records, 1);
    bundle.flip([bundle.num_records - 1]);
    bundle.assert_repaired("the last record");
    let mut chosen: Vec<u64> = numbers("flips", bundle.num_records).take(num_recovery as usize).collect();
    chosen.sort_unstable();
    chosen.dedup();
    bundle.flip(chosen.iter().copied());
    assert_eq!(bundle.assert_repaired("flips").num_records, chosen.len() as u64);

    // Runs of zeros anywhere, as long as the share: over records, hashes, copies, recovery records.
    let run = (num_recovery - 2) * SEALED;
    for start in (0..len).step_by(300_007).chain([records_end - 5, records_end + 50]) {
        let end = (start + run.min(800_000)).min(len);
        if start < FIRST_HEAD {
            continue; // Both header copies at once are another test's.
        }
        bundle.file(1).write_all_at(&vec![0; (end - start) as usize], start).unwrap();
        bundle.assert_repaired(&format!("zeros from {start} to {end}"));
    }
    for cut in [1, 256, 500, 2000, 100_000, 700_000] {
        bundle.file(1).set_len(len - cut).unwrap();
        bundle.assert_repaired(&format!("{cut} bytes cut off"));
    }
    bundle.file(1).set_len(len + 1000).unwrap();
    bundle.assert_repaired("bytes behind the end");
    for copy in [0, 64 << 10] {
        bundle.file(1).write_all_at(&[0; 5000], copy).unwrap();
        assert_eq!(bundle.assert_repaired("one header copy").num_header_copies, 1);
    }
}

#[test]
fn a_lost_later_volume_is_rebuilt_bit_for_bit_by_the_others() {
    let bundle = Packed::new(2, 4, Some(50), Some(4 << 20));
    let num_volumes = bundle.volumes.len();
    assert!(num_volumes >= 4, "{num_volumes}");
    for number in 2..=num_volumes {
        fs::remove_file(bundle.volume(number)).unwrap();
        assert_eq!(bundle.assert_repaired(&format!("without volume {number}")).trailers, [number as u32]);
    }
    for number in 2..=num_volumes {
        write(&bundle.volume(number), &bundle.volumes[number - 1][..1_000_000]);
        bundle.assert_repaired(&format!("volume {number} cut off"));
        bundle.file(number).write_all_at(&[0; 6000], 0).unwrap();
        // Its footer still tells whose it is.
        bundle.assert_repaired(&format!("the head of volume {number}"));
    }
    let (len, tail) = (bundle.volumes[0].len(), 300);
    bundle.file(1).write_all_at(&vec![0; tail], (len - tail) as u64).unwrap();
    bundle.assert_repaired("the footer of volume 1");
    // A file of something else is never written over.
    write(&bundle.volume(2), b"my letters");
    assert_eq!(bundle.repair().unwrap_err().code(), Code::VolumeForeign);
    assert_eq!(fs::read(bundle.volume(2)).unwrap(), b"my letters");
    let swapped = &bundle.volumes[2];
    write(&bundle.volume(2), swapped);
    assert_eq!(bundle.repair().unwrap_err().code(), Code::VolumeForeign);
    assert!(fs::read(bundle.volume(2)).unwrap() == *swapped);
}

#[test]
fn damaged_recovery_records_count_as_lost_and_are_computed_again() {
    let bundle = Packed::new(1, 6, Some(10), None);
    let shape = sealift::inspect(&bundle.path()).unwrap().recovery();
    let shard = shape.num_bytes / shape.num_records;
    let len = bundle.volumes[0].len() as u64;
    // The last recovery records end before the last copies, which are about as long as the hashes.
    let copies = 96 + 32 * bundle.num_records + (96 + 32 * shape.num_records + 32) + 4 * 56 + 256 + 32;
    let recovery_end = len - 256 - 4 * 56 - copies;
    let flip = |number: u64| {
        let at = recovery_end - (shape.num_records - number) * shard + 99;
        bundle.file(1).write_all_at(&[bundle.volumes[0][at as usize] ^ 1], at).unwrap();
    };
    (0..shape.num_records).for_each(flip);
    let report = bundle.assert_repaired("all recovery records");
    assert_eq!((report.num_records, report.num_recovery_records), (0, shape.num_records));
    // With all but three of them damaged, three records can be rebuilt, and four cannot.
    (3..shape.num_records).for_each(flip);
    bundle.flip([5, 50, 51]);
    bundle.assert_repaired("three records by three");
    (3..shape.num_records).for_each(flip);
    bundle.flip([5, 50, 51, 60]);
    let damage = sealift::find_damage(&Ctx::new(), &bundle.path()).unwrap();
    assert_eq!((damage.damaged, damage.beyond_repair), (vec![5, 50, 51, 60], vec![5, 50, 51, 60]));
    assert_eq!(bundle.repair().unwrap().still_damaged, [5, 50, 51, 60]);
}

#[test]
fn a_mended_copy_is_written_beside_and_only_when_it_is_whole() {
    let bundle = Packed::new(2, 4, Some(20), Some(6 << 20));
    let out = bundle.dir.join("out.sealift");
    bundle.flip([3, 40, 41]);
    let damaged: Vec<_> =
        (1..=bundle.volumes.len()).map(|number| fs::read(bundle.volume(number)).unwrap()).collect();
    let report = repair(&bundle.path(), Some(&out), None).unwrap();
    assert_eq!((report.num_records, report.volumes.len()), (3, bundle.volumes.len()));
    for (number, bytes) in (1..).zip(&bundle.volumes) {
        assert!(fs::read(volume(&out, number)).unwrap() == *bytes);
        assert!(fs::read(bundle.volume(number)).unwrap() == damaged[number - 1], "the damaged one stays");
    }
    assert_eq!(repair(&bundle.path(), Some(&out), None).unwrap_err().code(), Code::Exists);

    bundle.flip(0..bundle.num_records / 2);
    let other = bundle.dir.join("other.sealift");
    assert_eq!(repair(&bundle.path(), Some(&other), None).unwrap_err().code(), Code::BeyondRepair);
    let names: Vec<String> = fs::read_dir(bundle.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("other"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn beyond_the_share_a_request_and_its_answer_complete_the_bundle() {
    for (percent, volume_bytes) in [(Some(5), None), (None, None), (Some(5), Some(3 << 20))] {
        let bundle = Packed::new(2, 5, percent, volume_bytes);
        let whole = bundle.dir.join("whole");
        fs::create_dir(&whole).unwrap();
        let whole = whole.join("a.sealift");
        for (number, bytes) in (1..).zip(&bundle.volumes) {
            write(&volume(&whole, number), bytes);
        }
        bundle.flip((10..40).chain([60, 90]));
        let ctx = Ctx::new();
        let request = sealift::repair_request(&ctx, &bundle.path()).unwrap().unwrap();
        let num_recovery = sealift::inspect(&whole).unwrap().recovery().num_records;
        assert_eq!(request.num_records(), 32 - num_recovery, "only what the recovery data lacks");
        let typed = RepairRequest::parse(&request.code().unwrap()).unwrap();
        for (name, request) in
            [("by-file", RepairRequest::parse(&request.to_json()).unwrap()), ("by-code", typed)]
        {
            let answer = bundle.dir.join(name);
            let num_bytes = sealift::answer_repair(&ctx, &whole, &request, &answer, Existing::Keep).unwrap();
            assert_eq!(num_bytes, fs::metadata(&answer).unwrap().len());
            assert!(num_bytes < (request.num_records() + 1) * SEALED, "no more than was asked for");
            let report = repair(&bundle.path(), None, Some(&answer)).unwrap();
            assert!(report.is_whole() && report.num_records == 32, "{report:?}");
            bundle.assert_as_packed(name);
            bundle.flip((10..40).chain([60, 90]));
        }
        bundle.mend();
        if bundle.volumes.len() == 1 {
            // The hashes and all behind them: what is damaged is not known before they come again.
            let payload_bytes = u64::from_le_bytes(*bundle.volumes[0][80..].first_chunk().unwrap());
            let records_end = FIRST_HEAD + payload_bytes + 28 * bundle.num_records;
            bundle.file(1).set_len(records_end + 5).unwrap();
            bundle.flip([7]);
            let error = bundle.repair().unwrap_err();
            assert_eq!(error.code(), Code::BeyondRepair, "{error:?}");
            complete(&bundle, &whole);
        } else {
            // Half of the bundle, its trailers included, with the copies that the others hold.
            for number in 2..=bundle.volumes.len() {
                fs::remove_file(bundle.volume(number)).unwrap();
            }
            complete(&bundle, &whole);
        }
    }
}

/// Asks and answers until the bundle is whole.
#[track_caller]
fn complete(bundle: &Packed, whole: &Path) {
    let ctx = Ctx::new();
    let mut round = 0;
    while let Some(request) = sealift::repair_request(&ctx, &bundle.path()).unwrap() {
        round += 1;
        assert!(round <= 3, "{request:?}");
        let answer = bundle.dir.join(&format!("answer-{round}"));
        sealift::answer_repair(&ctx, whole, &request, &answer, Existing::Replace).unwrap();
        repair(&bundle.path(), None, Some(&answer)).unwrap();
    }
    bundle.repair().unwrap();
    bundle.assert_as_packed("completed");
}

#[test]
fn a_lost_header_comes_with_the_answer() {
    let bundle = Packed::new(1, 3, Some(5), None);
    let whole = bundle.dir.join("whole.sealift");
    write(&whole, &bundle.volumes[0]);
    bundle.file(1).write_all_at(&vec![0; 130_000], 0).unwrap();
    assert_eq!(bundle.repair().unwrap_err().code(), Code::NotABundle);
    let ctx = Ctx::new();
    let request = sealift::repair_request(&ctx, &bundle.path()).unwrap().unwrap();
    assert!(request.wants_header() && request.num_records() == 0);
    let request = RepairRequest::parse(&request.code().unwrap()).unwrap();
    let answer = bundle.dir.join("answer");
    sealift::answer_repair(&ctx, &whole, &request, &answer, Existing::Keep).unwrap();
    let report = repair(&bundle.path(), None, Some(&answer)).unwrap();
    assert!(report.is_header_from_answer && report.num_header_copies == 2);
    bundle.assert_as_packed("header");
}

#[test]
fn requests_and_answers_that_are_wrong_change_nothing() {
    let (bundle, other) = (Packed::new(1, 3, Some(5), None), Packed::new(1, 3, Some(5), None));
    let whole = bundle.dir.join("whole.sealift");
    write(&whole, &bundle.volumes[0]);
    bundle.flip(10..20);
    let ctx = Ctx::new();
    let request = sealift::repair_request(&ctx, &bundle.path()).unwrap().unwrap();
    let by_code = RepairRequest::parse(&request.code().unwrap()).unwrap();
    let answer = bundle.dir.join("answer");
    let code = |result: sealift::Result<u64>| result.unwrap_err().code();
    for request in [&request, &by_code] {
        let foreign = sealift::answer_repair(&ctx, &other.path(), request, &answer, Existing::Keep);
        assert_eq!(code(foreign), Code::RequestForeign);
    }
    let mut far: serde_json::Value = serde_json::from_str(&request.to_json()).unwrap();
    far["records"][0][1] = 99_999_999.into();
    let far = RepairRequest::parse(&far.to_string()).unwrap();
    assert_eq!(code(sealift::answer_repair(&ctx, &whole, &far, &answer, Existing::Keep)), Code::BadRequest);
    // A sender whose own copy is damaged says so.
    let damaged = sealift::answer_repair(&ctx, &bundle.path(), &request, &answer, Existing::Keep);
    assert_eq!(code(damaged), Code::RecordDamaged);
    assert!(!answer.exists());

    sealift::answer_repair(&ctx, &whole, &request, &answer, Existing::Keep).unwrap();
    let bytes = fs::read(&answer).unwrap();
    let before = fs::read(bundle.path()).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        write(&answer, bytes);
        let error: Error = repair(&bundle.path(), None, Some(&answer)).expect_err(what);
        assert_eq!(error.code(), Code::BadAnswer, "{what}");
        assert!(fs::read(bundle.path()).unwrap() == before, "{what}");
    };
    for cut in [0, 1, 127, 128, 140, 152, 5000, bytes.len() - 33, bytes.len() - 1] {
        refused(&bytes[..cut], &format!("cut to {cut}"));
    }
    refused(&[&bytes[..], b"x"].concat(), "grown");
    let parts =
        [0, 9, 13, 20, 60, 100, 128, 130, 137, 144, 147, 151, 152, 5000, bytes.len() - 40, bytes.len() - 1];
    for at in parts {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x40;
        refused(&flipped, &format!("byte {at}"));
    }
    write(&answer, &bytes);
    let foreign = repair(&other.path(), None, Some(&answer)).unwrap_err();
    assert_eq!(foreign.code(), Code::AnswerForeign);
    other.assert_as_packed("a foreign answer");
    assert!(repair(&bundle.path(), None, Some(&answer)).unwrap().is_whole());
    bundle.assert_as_packed("the right answer");
}

#[test]
fn a_repair_that_was_cancelled_anywhere_is_done_again_and_completes() {
    let bundle = Packed::new(2, 4, Some(100), Some(4 << 20));
    let options = RepairOptions { out: None, answer: None, existing: Existing::Keep };
    for delay_micros in [0, 100, 1000, 3000, 10_000, 20_000, 40_000, 80_000] {
        bundle.flip((3..20).chain([60, 61]));
        fs::remove_file(bundle.volume(2)).unwrap();
        let ctx = Ctx::new();
        let canceller = {
            let ctx = ctx.clone();
            std::thread::spawn(move || {
                let began = std::time::Instant::now();
                while began.elapsed().as_micros() < delay_micros {
                    std::thread::yield_now();
                }
                ctx.cancel();
            })
        };
        let ended = sealift::repair(&ctx, &bundle.path(), &options);
        canceller.join().unwrap();
        if let Err(e) = ended {
            assert_eq!(e.code(), Code::Cancelled);
        }
        // A child that another test starts holds this process's locks until it runs its program.
        let repaired = loop {
            match bundle.repair() {
                Err(e) if e.code() == Code::Busy => std::thread::yield_now(),
                repaired => break repaired,
            }
        };
        assert!(repaired.unwrap().is_whole(), "after {delay_micros} µs");
        bundle.assert_as_packed("repaired again");
    }
}

/// Names of the images that a check with the key calls damaged, and of those that it lets be restored.
fn checked(path: &Path) -> (Vec<String>, Vec<String>) {
    let ctx = Ctx::new();
    let unlocked = sealift::inspect(path).unwrap().unlock_damaged(&ctx, &passphrase()).unwrap();
    let (report, verified) = unlocked.verify_undamaged(&ctx, &unlocked.record_map(1)).unwrap();
    assert_eq!(report.is_whole(), unlocked.verify(&ctx).unwrap().1.is_some());
    let whole = verified.map_or_else(Vec::new, |verified| verified.images().to_vec());
    let name = |name: &str| name.trim_start_matches("docker.io/library/").to_owned();
    (
        report.damaged.iter().map(|image| name(&image.image)).collect(),
        whole.iter().map(|image| name(image.names[0].as_str())).collect(),
    )
}

#[test]
fn exactly_the_images_that_are_hurt_are_named_and_the_others_are_restored_meanwhile() {
    let bundle = Packed::new(3, 12, Some(5), Some(6 << 20));
    let of_layer = |image: u64| image * 192 + 96; // In the middle of the layer of 12 MiB.
    let all = ["a:1", "b:1", "c:1"];
    for (hurt, whole) in [(vec![0], vec![1, 2]), (vec![1], vec![0, 2]), (vec![0, 2], vec![1])] {
        bundle.flip(hurt.iter().map(|image| of_layer(*image)));
        let names = |images: &[u64]| images.iter().map(|image| all[*image as usize].to_owned()).collect();
        assert_eq!(checked(&bundle.path()), (names(&hurt), names(&whole)));
        bundle.mend();
    }
    // Each record on its own: an image is hurt if and only if one of its frames of 4 MiB needs the record.
    for record in (0..bundle.num_records).step_by(23) {
        bundle.flip([record]);
        let Ok(opened) = sealift::inspect(&bundle.path()).unwrap().unlock_damaged(&Ctx::new(), &passphrase())
        else {
            // The index itself.
            assert!(record + 3 > bundle.num_records, "{record}");
            bundle.mend();
            continue;
        };
        drop(opened);
        let (hurt, whole) = checked(&bundle.path());
        assert_eq!(hurt.len() + whole.len(), 3, "{record}");
        let reaches = |image: u64| {
            let (from, to) = (image * 192, (image + 1) * 192);
            (from.saturating_sub(66)..to + 66).contains(&record)
        };
        let inside = |image: u64| (image * 192 + 66..(image + 1) * 192 - 66).contains(&record);
        for (image, name) in (0..).zip(all) {
            let is_hurt = hurt.iter().any(|hurt| hurt == name);
            assert!(!is_hurt || reaches(image), "record {record} is far from {name}");
            assert!(is_hurt || !inside(image), "record {record} is in {name}");
        }
        bundle.mend();
    }
    // A later volume that is missing, with a share too small to rebuild it.
    let number = bundle.volumes.len() / 2 + 1;
    fs::remove_file(bundle.volume(number)).unwrap();
    let (hurt, whole) = checked(&bundle.path());
    assert!(!hurt.is_empty() && !whole.is_empty(), "{hurt:?} {whole:?}");
    let ctx = Ctx::new();
    let strict = sealift::inspect(&bundle.path()).unwrap().unlock(&ctx, &passphrase());
    assert_eq!(strict.err().map(|e| e.code()), Some(Code::VolumeMissing));

    let out = bundle.dir.join("out.tar");
    let password = bundle.dir.write("password", std::str::from_utf8(PASSPHRASE).unwrap());
    let sealift = |args: &[&str]| {
        let mut command = crate::support::Sealift::command(args.iter().copied());
        command.arg("--password-file").arg(&password).output().unwrap()
    };
    let dest = format!("docker-archive:{}", out.display());
    let path = bundle.path();
    let output = sealift(&["restore", path.to_str().unwrap(), "--to", &dest, "--undamaged", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["damaged"].as_array().map(Vec::len), Some(hurt.len()));
    let restored = crate::support::Sealift::images(&dest);
    assert_eq!(restored.len(), whole.len());
    let strict = sealift(&["restore", path.to_str().unwrap(), "--to", &dest, "--force"]);
    assert_eq!(strict.status.code(), Some(3));
}

#[test]
fn the_command_line_shows_repairs_asks_and_answers() {
    let bundle = Packed::new(1, 3, Some(5), None);
    let path = bundle.path();
    let path = path.to_str().unwrap();
    let whole = bundle.dir.join("whole.sealift");
    write(&whole, &bundle.volumes[0]);
    let sealift = |args: &[&str], status: i32| {
        let output = crate::support::Sealift::command(args.iter().copied()).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?}: {text}");
        text
    };
    assert!(sealift(&["inspect", path], 0).contains("Recovery data: "));
    assert!(sealift(&["verify", path], 0).contains("all whole"));
    assert!(sealift(&["repair", path], 0).contains("Nothing to repair"));
    bundle.flip([4]);
    assert!(sealift(&["verify", path], 3).contains("run “sealift repair”"));
    assert!(sealift(&["repair", path], 0).contains("1 record"));
    bundle.assert_as_packed("repaired");

    bundle.flip(4..12);
    let request = bundle.dir.join("request.json");
    let request = request.to_str().unwrap();
    let asked = sealift(&["verify", path, "--repair-request", request, "--json"], 3);
    let asked: serde_json::Value =
        serde_json::from_str(asked.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    let answer = bundle.dir.join("answer");
    let answer = answer.to_str().unwrap();
    let code = asked["code"].as_str().unwrap();
    sealift(&["repair-file", whole.to_str().unwrap(), code, "--out", answer], 0);
    sealift(&["repair-file", whole.to_str().unwrap(), request, "--out", answer], 1);
    sealift(&["repair-file", whole.to_str().unwrap(), request, "--out", answer, "--force"], 0);
    assert!(
        sealift(&["repair-file", whole.to_str().unwrap(), "NOPE", "--out", answer], 1).contains("REPAIR-02")
    );
    assert!(sealift(&["repair", path], 3).contains("still damaged"));
    sealift(&["repair", path, "--with", answer], 0);
    bundle.assert_as_packed("completed");
    assert!(sealift(&["repair", path, "--request", request, "--force"], 0).contains("No repair request"));
    assert!(sealift(&["repair", path, "--lang", "zh-CN"], 0).contains("无需修复"));
}

#[test]
fn the_second_decoder_reads_a_bundle_with_recovery_data() {
    let bundle = Packed::new(2, 2, Some(30), Some(3 << 20));
    let password = bundle.dir.write("password", std::str::from_utf8(PASSPHRASE).unwrap());
    let out = bundle.dir.join("layout");
    let recover = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/recover.py");
    let mut command = python();
    run(command.arg(recover).arg(bundle.path()).arg("--out").arg(&out).arg("--password-file").arg(password));
    let index = fs::read_to_string(out.join("index.json")).unwrap();
    assert!(index.contains("a:1") && index.contains("b:1"), "{index}");
}
