//! Repairs that are killed at any moment: no bundle is worse for it, and the next run completes.

use std::{fs, os::unix::fs::FileExt, path::Path, process::Command, time::Instant};

use sealift::{Ctx, DamageReport};

use super::{Packed, numbers};
use crate::support::{Kills, Sealift, names, num_kills, run};

/// How often a repair is killed where nothing else is asked for.
const NUM_KILLS: u32 = 12;

fn repair(path: &Path, options: &[&str]) -> Command {
    let mut command = Sealift::command(["repair", "-q", "--progress", "none"]);
    command.arg(path).args(options);
    command
}

fn damage_of(path: &Path) -> DamageReport {
    sealift::find_damage(&Ctx::new(), path).unwrap()
}

impl Packed {
    /// Damage of every kind, within what the recovery data rebuilds.
    fn hurt_everywhere(&self) {
        self.flip(numbers("killed", self.num_records).take(20));
        self.flip_at(1, 1000);
        self.flip_at(3, self.volumes[2].len() - 100);
        self.flip_at(4, self.volumes[3].len() * 9 / 10);
        fs::remove_file(self.volume(2)).unwrap();
    }

    fn flip_at(&self, number: usize, at: usize) {
        self.file(number).write_all_at(&[self.volumes[number - 1][at] ^ 1], at as u64).unwrap();
    }
}

/// Nothing is damaged in `after` that was not in `before`.
#[track_caller]
fn assert_no_worse(before: &DamageReport, after: &DamageReport) {
    let is_within = |after: &[u32], before: &[u32]| after.iter().all(|number| before.contains(number));
    assert!(after.is_repairable(), "{after:?}");
    assert!(after.damaged.iter().all(|record| before.damaged.contains(record)), "{before:?} {after:?}");
    assert!(after.num_damaged_recovery_records <= before.num_damaged_recovery_records, "{after:?}");
    assert!(after.num_damaged_header_copies <= before.num_damaged_header_copies, "{after:?}");
    assert!(is_within(&after.missing_volumes, &before.missing_volumes), "{before:?} {after:?}");
    assert!(is_within(&after.damaged_trailers, &before.damaged_trailers), "{before:?} {after:?}");
}

#[test]
fn killed_at_any_moment_a_repair_in_place_makes_nothing_worse_and_the_next_run_completes() {
    let bundle = Packed::new(3, 8, Some(100), Some(12 << 20));
    bundle.flip([0]); // Pages of the program are in the cache, then.
    run(&mut repair(&bundle.path(), &[]));
    bundle.hurt_everywhere();
    let begun = Instant::now();
    run(&mut repair(&bundle.path(), &[]));
    let mut kills = Kills::within(begun.elapsed());
    bundle.assert_as_packed("never killed");
    let mut num_midway = 0;
    for kill in 0..num_kills(NUM_KILLS) {
        if kill % 3 == 0 {
            bundle.hurt_everywhere();
        }
        // What a kill left is killed again.
        let before = damage_of(&bundle.path());
        kills.strike(&mut repair(&bundle.path(), &[]));
        let after = damage_of(&bundle.path());
        assert_no_worse(&before, &after);
        num_midway += u32::from(!after.is_whole() && before != after);
        if kill % 3 == 2 {
            run(&mut repair(&bundle.path(), &[]));
            bundle.assert_as_packed("killed, and repaired again");
            let left = names(bundle.dir.path());
            assert!(!left.iter().any(|name| name.ends_with(".sealift-partial")), "{left:?}");
        }
    }
    println!("{num_midway} kills between what was mended and what was not");
}

#[test]
fn killed_at_any_moment_a_repair_to_a_new_file_leaves_no_false_bundle_and_the_next_run_completes() {
    let bundle = Packed::new(3, 8, Some(100), Some(12 << 20));
    bundle.hurt_everywhere();
    let before = damage_of(&bundle.path());
    let folder = bundle.dir.join("out");
    fs::create_dir(&folder).unwrap();
    let out = folder.join("b.sealift");
    let options = ["--out", out.to_str().unwrap()];
    let is_as_packed = || {
        let mut volumes = (1..).zip(&bundle.volumes);
        volumes.all(|(number, bytes)| fs::read(super::volume(&out, number)).unwrap() == *bytes)
    };
    let begun = Instant::now();
    run(&mut repair(&bundle.path(), &options));
    let mut kills = Kills::within(begun.elapsed());
    for kill in 0..num_kills(NUM_KILLS) {
        // The first volume gets its name last: with it, the bundle is whole.
        if out.exists() {
            assert!(is_as_packed(), "kill {kill}");
            clear(&folder);
        }
        kills.strike(&mut repair(&bundle.path(), &options));
        assert_eq!(damage_of(&bundle.path()), before, "what is read stays as it was");
        if kill % 3 == 2 && !out.exists() {
            run(&mut repair(&bundle.path(), &options));
            assert_eq!(names(&folder).len(), bundle.volumes.len(), "{:?}", names(&folder));
        }
    }
    // Killed while it gave the names: the next run goes on.
    clear(&folder);
    fs::copy(bundle.volume(3), folder.join("b.sealift.0003")).unwrap();
    run(&mut repair(&bundle.path(), &options));
    assert!(is_as_packed());
    // What is no volume of this bundle is never replaced without a word.
    clear(&folder);
    super::write(&folder.join("b.sealift.0003"), b"a letter");
    assert_eq!(repair(&bundle.path(), &options).output().unwrap().status.code(), Some(1));
    assert_eq!(fs::read(folder.join("b.sealift.0003")).unwrap(), b"a letter");
}

fn clear(folder: &Path) {
    for name in names(folder) {
        fs::remove_file(folder.join(name)).unwrap();
    }
}
