//! Copies that nothing disturbs.

use std::fs;

use super::{assert_same, bundle, command, failed, handed, other_bundle, stick::Stick};
use crate::support::{Scratch, Sealift, names};

#[test]
fn a_copy_on_any_file_system_is_the_bundle_and_is_not_written_twice() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("10MiB"));
    let made = bundle.parent().unwrap();
    let size: u64 = names(made).iter().map(|name| fs::metadata(made.join(name)).unwrap().len()).sum();
    let sticks =
        [Stick::new(&dir, "ext4", 128), Stick::new(&dir, "xfs", 320), Stick::tmpfs(&dir, "tmpfs", 128)];
    let plain = dir.join("plain");
    fs::create_dir(&plain).unwrap();
    for folder in sticks.iter().map(|stick| &stick.point).chain([&plain]) {
        let report = handed(&bundle, folder, &[]);
        assert_eq!((&report["written_bytes"], &report["kept_bytes"]), (&size.into(), &0.into()), "{report}");
        assert_eq!(report["read_back"], "uncached", "{report}");
        assert_eq!(report["ejected"]["eject"], "not-a-drive", "{report}");
        assert_same(made, folder);
        let again = handed(&bundle, folder, &[]);
        assert_eq!((&again["written_bytes"], &again["kept_bytes"]), (&0.into(), &size.into()), "{again}");
        // What is there stays until the new copy is whole, so there must be room for both.
        let anew = handed(&bundle, folder, &["--force"]);
        assert_eq!(anew["written_bytes"], size, "{anew}");
        assert_same(made, folder);
    }
    crate::support::run(Sealift::command(["verify"]).arg(plain.join("a.sealift")));
}

#[test]
fn what_is_too_small_or_taken_is_refused_before_anything_is_written() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("10MiB"));
    let small = Stick::tmpfs(&dir, "small", 16);
    let refused = |options: &[&str]| {
        let output = command(&bundle).arg("--to").arg(&small.point).args(options).output().unwrap();
        failed(&output)
    };
    assert_eq!(refused(&[]), ("HANDOFF-06".into(), Some(1)));
    assert_eq!(refused(&["--volumes", "9"]), ("USAGE-01".into(), Some(2)));
    assert_eq!(names(&small.point), Vec::<String>::new());

    // A file that is no bundle is never touched without a word.
    fs::create_dir(dir.join("taken")).unwrap();
    dir.write("taken/a.sealift.0002", "a letter");
    let taken = dir.join("taken");
    let output = command(&bundle).arg("--to").arg(&taken).arg("--remove-stale").output().unwrap();
    assert_eq!(failed(&output), ("IO-04".into(), Some(1)));
    assert_eq!(names(&taken), ["a.sealift.0002"]);
    handed(&bundle, &taken, &["--force"]);
    assert_same(bundle.parent().unwrap(), &taken);
}

#[test]
fn files_of_an_earlier_bundle_are_named_and_removed_only_when_asked() {
    let dir = Scratch::new();
    let earlier = bundle(&dir, Some("4MiB"));
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    handed(&earlier, &folder, &[]);
    let num_earlier = names(&folder).len();
    assert!(num_earlier > 8);
    // Neither of these is Sealift's to judge.
    dir.write("stick/a.sealift.sha256", "x");
    dir.write("stick/b.sealift.0002", "x");

    let now = other_bundle(&dir, &dir.join("now"), &[]);
    let output = command(&now).arg("--to").arg(&folder).output().unwrap();
    assert_eq!(failed(&output), ("HANDOFF-03".into(), Some(1)));
    // All that --remove-stale would remove.
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("stick/a.sealift").count(), num_earlier, "{said}");
    assert!(said.contains("stick/a.sealift.0002"), "{said}");
    assert_eq!(names(&folder).len(), num_earlier + 2);

    // Replaced, the first volume is the new bundle's; the later ones are told of.
    let report = handed(&now, &folder, &["--force"]);
    assert_eq!(report["stale"].as_array().unwrap().len(), num_earlier, "{report}");
    assert_eq!(names(&folder).len(), num_earlier + 2);
    let report = handed(&now, &folder, &["--remove-stale"]);
    assert_eq!(report["removed"].as_array().unwrap().len(), num_earlier - 1, "{report}");
    assert_eq!(names(&folder), ["a.sealift", "a.sealift.sha256", "b.sealift.0002"]);
}

#[test]
fn progress_ends_where_it_was_said_to_and_every_record_is_marked() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("10MiB"));
    let folders = ["a", "b"].map(|name| dir.join(name));
    let targets = folders.each_ref().map(|folder| {
        fs::create_dir(folder).unwrap();
        sealift::drive_target(&sealift::Ctx::new(), folder.to_str().unwrap()).unwrap()
    });
    for order in [sealift::Order::Queue, sealift::Order::AtOnce] {
        let ctx = sealift::Ctx::new();
        let options = sealift::HandoffOptions {
            order,
            existing: sealift::Existing::Replace,
            ..sealift::HandoffOptions::default()
        };
        let plan = sealift::plan_handoff(&ctx, &bundle, &targets, &options).unwrap();
        let watch = sealift::HandoffWatch::new(&plan, 1000);
        let report = sealift::handoff(&ctx, &plan, &watch).unwrap();
        assert!(report.targets.iter().all(Result::is_ok) && report.missing.is_empty(), "{report:?}");
        let now = ctx.snapshot();
        assert_eq!(now.done_bytes, now.total_bytes);
        for target in watch.targets() {
            assert_eq!((target.stage(), target.done_bytes()), (sealift::Stage::Done, target.total_bytes()));
            assert!(target.map().cells().iter().all(|cell| *cell == sealift::CellState::Whole));
        }
    }
}

#[test]
fn a_damaged_bundle_is_not_handed_over() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[5 << 20] ^= 1;
    fs::remove_file(&bundle).unwrap();
    crate::handoff::put(&bundle, &bytes);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let output = command(&bundle).arg("--to").arg(&folder).output().unwrap();
    assert_eq!(failed(&output), ("INTEGRITY-01".into(), Some(3)));
    assert_eq!(names(&folder), Vec::<String>::new());
}
