//! Damage done on purpose to bundles as Sealift packs them: none is ever taken for whole, and each is called
//! what it is. The testkit has the bundles that only a forger with the key could make.

use std::{
    fs,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use sealift::{CellState, Code, Ctx, Digest, KdfLevel, PackOptions, Passphrase, RecordMap};

use crate::{
    cli::noise_archive,
    support::Scratch,
    testkit::{Case, keyed, keyless, write},
};

const PASSPHRASE: &[u8] = b"correct horse battery staple";

// docs/bundle-format.md §1 to §5.
const RECORD_BYTES: u32 = 64 << 10;
const SEALED: usize = RECORD_BYTES as usize + 28;
const COPY: usize = 64 << 10;
const LATER_HEAD: usize = 4 << 10;
const FOOTER: usize = 256;
const ENTRY: usize = 56;

/// A bundle on disk, and the bytes that belong there.
struct Packed {
    dir: Scratch,
    volumes: Vec<Vec<u8>>,
}

impl Packed {
    /// The built-in sample in small records, `volume_records` to a volume.
    fn new(volume_records: Option<u64>) -> Self {
        let dir = Scratch::new();
        let sample = dir.join("sample.tar");
        sealift::write_sample(&sample).unwrap();
        Self::of(dir, &sample, volume_records)
    }

    fn of(dir: Scratch, sample: &Path, volume_records: Option<u64>) -> Self {
        let ctx = Ctx::new();
        let plan = sealift::plan_pack(&ctx, &[sample.to_str().unwrap().parse().unwrap()], &[]).unwrap();
        let trailer = (ENTRY + FOOTER) as u64;
        let options = PackOptions {
            volume_bytes: volume_records.map(|num| 2 * COPY as u64 + trailer + num * (SEALED as u64 + 32)),
            kdf: KdfLevel::Low,
            record_bytes: RECORD_BYTES,
            ..PackOptions::default()
        };
        let passphrase = Passphrase::new(PASSPHRASE.to_vec()).unwrap();
        let report = sealift::pack(&ctx, &plan, &dir.join("a.sealift"), &passphrase, &options).unwrap();
        let volumes: Vec<_> = report.volumes.iter().map(|path| fs::read(path).unwrap()).collect();
        Self { dir, volumes }
    }

    /// Where volume `number`, from 1, belongs.
    fn path(&self, number: usize) -> PathBuf {
        self.dir.join(&if number == 1 { "a.sealift".to_owned() } else { format!("a.sealift.{number:04}") })
    }

    fn file(&self, number: usize) -> fs::File {
        fs::OpenOptions::new().write(true).open(self.path(number)).unwrap()
    }

    /// Puts every volume back.
    fn mend(&self) {
        for (number, bytes) in (1..).zip(&self.volumes) {
            write(&self.path(number), bytes);
        }
    }

    fn keyless(&self) -> String {
        keyless(&self.path(1))
    }

    fn keyed(&self) -> String {
        keyed(&self.path(1), PASSPHRASE.to_vec()).0
    }

    /// Both checks end with `code`.
    #[track_caller]
    fn assert_refused(&self, code: Code, what: &str) {
        assert_eq!((self.keyless().as_str(), self.keyed().as_str()), (code.id(), code.id()), "{what}");
    }

    fn fingerprint(&self) -> String {
        sealift::inspect(&self.path(1)).unwrap().fingerprint()
    }

    /// Where the records of a volume lie in it.
    fn records(&self, number: usize) -> Vec<Range<usize>> {
        let volume = &self.volumes[number - 1];
        let (head, end) = (head(number), volume.len() - FOOTER - ENTRY);
        // Each record but the last of the bundle takes SEALED bytes, and each has a hash of 32.
        let num = (end - head).div_ceil(SEALED + 32);
        let end = end - 32 * num;
        (0..num).map(|at| head + at * SEALED..end.min(head + (at + 1) * SEALED)).collect()
    }
}

fn head(number: usize) -> usize {
    if number == 1 { 2 * COPY } else { LATER_HEAD }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    *Digest::of(&parts.concat()).as_bytes()
}

/// Numbers without a pattern, the same in every run.
fn numbers(seed: &str) -> impl Iterator<Item = usize> {
    (0_u64..).map(move |at| {
        let digest = Digest::of(format!("{seed} {at}").as_bytes());
        u64::from_le_bytes(*digest.as_bytes().first_chunk().unwrap()) as usize
    })
}

fn pairs(num: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..num).flat_map(move |one| (one + 1..num).map(move |two| (one, two)))
}

// --- the map of a check that runs

#[test]
fn a_check_with_the_passphrase_marks_what_it_could_open_and_the_one_without_it_the_damage() {
    // Of several frames, so that the images can be read though others are damaged.
    let dir = Scratch::new();
    let noise: Vec<u8> =
        (0..(12_u32 << 20) / 32).flat_map(|at| *Digest::of(&at.to_le_bytes()).as_bytes()).collect();
    let archive = dir.join("noise.tar");
    write(&archive, &noise_archive(&noise));
    let bundle = Packed::of(dir, &archive, None);
    let (ctx, path) = (Ctx::new(), bundle.path(1));
    let open = || {
        let passphrase = Passphrase::new(PASSPHRASE.to_vec()).unwrap();
        sealift::inspect(&path).unwrap().unlock(&ctx, &passphrase)
    };
    let num_records = sealift::inspect(&path).unwrap().num_records();
    let new_map = || RecordMap::new(num_records, usize::MAX);
    let map = new_map();
    assert!(open().unwrap().verify_onto(&ctx, &map).unwrap().0.is_whole());
    assert!(map.cells().iter().all(|cell| *cell == CellState::Whole), "{:?}", map.cells());

    let mut num_tried = 0;
    for (damaged, record) in bundle.records(1).into_iter().enumerate().step_by(25) {
        bundle.mend();
        let at = record.start + 99;
        bundle.file(1).write_all_at(&[bundle.volumes[0][at] ^ 1], at as u64).unwrap();
        // Images are read while it is opened, and what that needs is not opened here.
        let Ok(opened) = open() else { continue };
        let map = new_map();
        assert!(!opened.verify_onto(&ctx, &map).unwrap().0.is_whole());
        assert_eq!(map.cells()[damaged], CellState::Unread, "it could not be opened");
        let num_whole = map.cells().into_iter().filter(|cell| *cell == CellState::Whole).count();
        assert!(num_whole as u64 > num_records / 2, "most others could");
        sealift::inspect(&path).unwrap().verify_onto(&ctx, &map).unwrap();
        for (record, cell) in map.cells().into_iter().enumerate() {
            assert_eq!(cell, if record == damaged { CellState::Damaged } else { CellState::Whole });
        }
        num_tried += 1;
    }
    assert!(num_tried > 3, "only {num_tried} of {num_records} records were tried");
}

// --- the header

/// Bits of a header copy: all that say something, and some of the zeros between.
fn header_bits(copy: &[u8]) -> impl Iterator<Item = usize> + use<> {
    let len = |at: usize| u32::from_le_bytes(*copy[at..].first_chunk().unwrap()) as usize;
    let used = 252 + len(208) + len(212);
    let zeros = (used * 8..(COPY - 32) * 8).step_by(4093);
    (0..used * 8).chain(zeros).chain((COPY - 32) * 8..COPY * 8)
}

#[test]
fn a_flipped_header_bit_is_refused_in_both_copies_and_survived_in_one() {
    let bundle = Packed::new(None);
    let (first, file, fingerprint) = (&bundle.volumes[0], bundle.file(1), bundle.fingerprint());
    let flip = |offset: usize, bit: usize| {
        file.write_all_at(&[first[offset + bit / 8] ^ 1 << (bit % 8)], (offset + bit / 8) as u64).unwrap();
    };
    let mend = |offset: usize, bit: usize| {
        file.write_all_at(&[first[offset + bit / 8]], (offset + bit / 8) as u64).unwrap();
    };
    let mut num = 0;
    for bit in header_bits(&first[..COPY]) {
        flip(0, bit);
        let in_a = sealift::inspect(&bundle.path(1)).unwrap();
        flip(COPY, bit);
        let code = sealift::inspect(&bundle.path(1)).expect_err("both copies are damaged").code();
        let told = match bit {
            7 => Code::BundleMangled,   // \x89 becomes \x09, as on a line of seven bits.
            33 => Code::NotFirstVolume, // T becomes V: the magic of later volumes.
            0..64 => Code::NotABundle,
            _ => Code::HeaderDamaged,
        };
        assert_eq!(code, told, "bit {bit}");
        mend(0, bit);
        let in_b = sealift::inspect(&bundle.path(1)).unwrap();
        mend(COPY, bit);
        for survived in [in_a, in_b] {
            assert_eq!(
                (survived.num_damaged_header_copies(), survived.fingerprint()),
                (1, fingerprint.clone())
            );
            assert_eq!((survived.num_records(), survived.slots().len()), (11, 1), "bit {bit}");
        }
        num += 1;
    }
    assert!(num > 3000, "only {num} bits");
    // The other copy also opens, whole as it is.
    for (offset, bit) in [(0, 9), (0, 3000), (COPY, 9), (COPY, 3000)] {
        flip(offset, bit);
        assert_eq!((bundle.keyless(), bundle.keyed()), ("ok".into(), "ok".into()), "bit {bit} at {offset}");
        mend(offset, bit);
    }
}

/// A forger sets the checksum right as well. A case of the testkit serves: its slot costs next to nothing.
#[test]
fn no_header_bit_can_be_forged_without_the_key() {
    let (case, dir) = (Case::load("record-one"), Scratch::new());
    let path = case.unfold(dir.path());
    let first = fs::read(&path).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let slots = u32::from_le_bytes(*first[208..].first_chunk().unwrap()) as usize;
    // Core, sequence, lengths, slots and MAC; signatures stand outside.
    for bit in 0..(216 + slots + 32) * 8 {
        let mut copy = first[..COPY - 32].to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        let sum = sha256(&[&copy]);
        copy.extend_from_slice(&sum);
        file.write_all_at(&copy.repeat(2), 0).unwrap();
        let found = keyed(&path, case.passphrase()).0;
        assert!(Code::ALL.iter().any(|code| code.id() == found), "bit {bit}: {found}");
    }
    file.write_all_at(&first[..2 * COPY], 0).unwrap();
    assert_eq!(keyed(&path, case.passphrase()).0, "ok");
}

// --- lengths

#[test]
fn a_volume_cut_or_grown_anywhere_is_told_as_truncated() {
    for volume_records in [None, Some(3)] {
        let bundle = Packed::new(volume_records);
        assert_eq!(bundle.volumes.len(), if volume_records.is_some() { 4 } else { 1 });
        for (number, whole) in (1..).zip(&bundle.volumes) {
            let records = bundle.records(number);
            let end = records.last().unwrap().end;
            let parts = [0, COPY, end, whole.len() - FOOTER - ENTRY, whole.len() - FOOTER, whole.len()];
            let borders = records.iter().map(|record| record.start).chain(parts);
            for len in borders.flat_map(|border| [border.saturating_sub(1), border, border + 1]) {
                if len == whole.len() {
                    continue;
                }
                let mut bytes = whole.clone();
                bytes.resize(len, 0);
                write(&bundle.path(number), &bytes);
                // A first volume of fewer than five bytes shows nothing of a bundle.
                let code = if number == 1 && len < 5 { Code::NotABundle } else { Code::Truncated };
                bundle.assert_refused(code, &format!("volume {number} of {}: {len} bytes", whole.len()));
            }
            write(&bundle.path(number), whole);
        }
        assert_eq!(bundle.keyless(), "ok");
    }
}

// --- records

/// `volume` with the bytes of two records exchanged, as far as the shorter goes.
fn swapped(volume: &[u8], one: &Range<usize>, two: &Range<usize>) -> Vec<u8> {
    let len = one.len().min(two.len());
    let mut new = volume.to_vec();
    new[one.start..one.start + len].copy_from_slice(&volume[two.start..two.start + len]);
    new[two.start..two.start + len].copy_from_slice(&volume[one.start..one.start + len]);
    new
}

#[test]
fn any_two_records_swapped_are_found_with_and_without_a_key() {
    let bundle = Packed::new(None);
    let records = bundle.records(1);
    assert_eq!(records.len(), 11);
    for (one, two) in pairs(records.len()) {
        write(&bundle.path(1), &swapped(&bundle.volumes[0], &records[one], &records[two]));
        assert_eq!(bundle.keyless(), format!("damaged {one},{two}"));
        assert_eq!(bundle.keyed(), Code::RecordDamaged.id(), "{one} and {two}");
    }
}

/// Makes all hashes of volume 1, the only one, fit its records: what anyone can do. Returns the volume root.
fn rehash(volume: &mut [u8], records: &[Range<usize>]) -> [u8; 32] {
    let hashes: Vec<u8> = records.iter().flat_map(|record| sha256(&[&volume[record.clone()]])).collect();
    let directory = volume.len() - FOOTER - ENTRY;
    let footer = volume.len() - FOOTER;
    volume[directory - hashes.len()..directory].copy_from_slice(&hashes);
    let sum = sha256(&[&hashes]);
    volume[directory + 24..footer].copy_from_slice(&sum);
    let sum = sha256(&[&volume[directory..footer]]);
    volume[footer + 80..footer + 112].copy_from_slice(&sum);
    let (set_id, num) = (volume[24..56].to_vec(), records.len() as u64);
    let place = [&set_id[..], &1_u32.to_le_bytes(), &0_u64.to_le_bytes(), &num.to_le_bytes()].concat();
    let root = sha256(&[b"sealift/v1/volume-root", &place, &hashes]);
    volume[footer + 112..footer + 144].copy_from_slice(&root);
    let sum = sha256(&[&volume[footer..footer + 224]]);
    volume[footer + 224..].copy_from_slice(&sum);
    root
}

/// Makes both header copies fit a volume root.
fn rehash_header(volume: &mut [u8], root: &[u8; 32]) {
    let set_id = volume[24..56].to_vec();
    let set_root = sha256(&[b"sealift/v1/set-root", &set_id, &1_u64.to_le_bytes(), root]);
    for offset in [0, COPY] {
        let copy = &mut volume[offset..offset + COPY];
        copy[104..136].copy_from_slice(&set_root);
        let sum = sha256(&[&copy[..COPY - 32]]);
        copy[COPY - 32..].copy_from_slice(&sum);
    }
}

#[test]
fn swapped_records_are_refused_also_when_all_hashes_are_made_to_fit() {
    let bundle = Packed::new(None);
    let (records, fingerprint) = (bundle.records(1), bundle.fingerprint());
    let mut unchanged = bundle.volumes[0].clone();
    let root = rehash(&mut unchanged, &records);
    rehash_header(&mut unchanged, &root);
    assert!(unchanged == bundle.volumes[0], "the forger's arithmetic is the format's");

    for (one, two) in pairs(records.len()) {
        let mut volume = swapped(&bundle.volumes[0], &records[one], &records[two]);
        let root = rehash(&mut volume, &records);
        write(&bundle.path(1), &volume);
        bundle.assert_refused(Code::RootMismatch, &format!("hashes of {one} and {two}"));

        rehash_header(&mut volume, &root);
        write(&bundle.path(1), &volume);
        // Without a key nothing is wrong with it, but it is not the bundle whose fingerprint was told.
        assert_eq!(bundle.keyless(), "ok");
        assert_ne!(bundle.fingerprint(), fingerprint);
        // The passphrase is tried before the header is proven: one pair in five keeps the test short.
        if (one + two) % 5 == 0 {
            assert_eq!(bundle.keyed(), Code::HeaderForged.id(), "all of {one} and {two}");
        }
    }
}

#[test]
fn a_flipped_byte_in_the_records_is_told_with_the_number_of_its_record() {
    let bundle = Packed::new(Some(3));
    let spans: Vec<(usize, usize, Range<usize>)> = (1..=bundle.volumes.len())
        .flat_map(|number| bundle.records(number).into_iter().map(move |record| (number, record)))
        .enumerate()
        .map(|(record, (number, span))| (record, number, span))
        .collect();
    assert_eq!(spans.len(), 11);
    let mut random = numbers("positions");
    let mut random = || random.next().unwrap();
    for round in 0..40 {
        for (record, number, span) in &spans {
            // The first and the last byte of each, then anywhere.
            let at = match round {
                0 => span.start,
                1 => span.end - 1,
                _ => span.start + random() % span.len(),
            };
            let old = bundle.volumes[number - 1][at];
            let file = bundle.file(*number);
            file.write_all_at(&[old ^ (1 + random() % 255) as u8], at as u64).unwrap();
            assert_eq!(bundle.keyless(), format!("damaged {record}"), "byte {at} of volume {number}");
            if round == 0 {
                assert_eq!(bundle.keyed(), Code::RecordDamaged.id(), "byte {at} of volume {number}");
            }
            file.write_all_at(&[old], at as u64).unwrap();
        }
    }
    assert_eq!((bundle.keyless(), bundle.keyed()), ("ok".into(), "ok".into()));
}

// --- volumes

#[test]
fn a_flipped_byte_outside_the_records_is_found_before_any_passphrase_is_tried() {
    let bundle = Packed::new(Some(3));
    let refused = [Code::RootMismatch.id(), Code::VolumeForeign.id()];
    for (number, whole) in (1..).zip(&bundle.volumes) {
        let later_head = if number == 1 { 0..0 } else { 0..LATER_HEAD };
        let file = bundle.file(number);
        for at in later_head.chain(bundle.records(number).last().unwrap().end..whole.len()) {
            file.write_all_at(&[whole[at] ^ 1 << (at % 8)], at as u64).unwrap();
            let found = bundle.keyless();
            assert!(refused.contains(&found.as_str()), "byte {at} of volume {number}: {found}");
            file.write_all_at(&[whole[at]], at as u64).unwrap();
        }
    }
    assert_eq!(bundle.keyless(), "ok");
}

#[test]
fn missing_repeated_foreign_and_renamed_volumes_are_told() {
    let (bundle, other) = (Packed::new(Some(3)), Packed::new(Some(3)));
    let shape = |packed: &Packed| packed.volumes[..3].iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!((bundle.volumes.len(), shape(&bundle)), (4, shape(&other)), "the other is alike");

    for number in 2..=4 {
        fs::remove_file(bundle.path(number)).unwrap();
        bundle.assert_refused(Code::VolumeMissing, &format!("volume {number} is missing"));
        bundle.mend();
    }
    for (from, to) in
        (1..=4).flat_map(|from| (1..=4).map(move |to| (from, to))).filter(|(from, to)| from != to)
    {
        write(&bundle.path(to), &bundle.volumes[from - 1]);
        let code = if to == 1 { Code::NotFirstVolume } else { Code::VolumeForeign };
        bundle.assert_refused(code, &format!("volume {from} in place of {to}"));
        bundle.mend();
    }
    for number in 1..=4 {
        write(&bundle.path(number), &other.volumes[number - 1]);
        bundle.assert_refused(Code::VolumeForeign, &format!("volume {number} of another bundle"));
        bundle.mend();
    }
    for order in [[2, 4, 3], [3, 2, 4], [3, 4, 2], [4, 2, 3], [4, 3, 2]] {
        for (to, from) in (2..).zip(order) {
            write(&bundle.path(to), &bundle.volumes[from - 1]);
        }
        bundle.assert_refused(Code::VolumeForeign, &format!("volumes in the order 1, {order:?}"));
        bundle.mend();
    }

    // Under another name the first volume looks for others of that name; all renamed are the same bundle.
    let renamed =
        |number: usize| bundle.dir.join(&bundle.path(number).display().to_string().replace("a.s", "b.s"));
    for number in 1..=4 {
        assert_eq!(keyless(&renamed(1)), if number == 1 { Code::NotFound } else { Code::VolumeMissing }.id());
        write(&renamed(number), &bundle.volumes[number - 1]);
    }
    assert_eq!(keyed(&renamed(1), PASSPHRASE.to_vec()).0, "ok");
}
