//! Handoffs that end in the middle: killed, cancelled, the stick pulled. What is there is whole or plainly unfinished, and
//! the next handoff goes on from it.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    time::Instant,
};

use super::{assert_same, bundle, command, failed, handed, put, stick::Stick};
use crate::support::{Kills, Scratch, Sealift, Tool, names, num_kills, run, wait_for};

const KILL: Tool = Tool::new("kill", "procps");

pub(super) fn signal(child: &Child, name: &str) {
    run(KILL.command().args([name, &child.id().to_string()]));
}

#[test]
fn a_copy_goes_on_behind_the_last_piece_that_is_right() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let whole = fs::read(&bundle).unwrap();
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let partial = folder.join("a.sealift.sealift-copy");
    // Torn in the middle of a record, all there but its end, and with pages that never reached the medium.
    let torn = whole[..whole.len() / 2 + 777].to_vec();
    let mut holed = whole[..whole.len() - 100].to_vec();
    holed[9 << 20..10 << 20].fill(0);
    for (left, at_least, at_most) in
        [(torn, 15, 17), (holed, 7, 9), (vec![0; 1 << 20], 0, 0), (Vec::new(), 0, 0)]
    {
        put(&partial, &left);
        let report = handed(&bundle, &folder, &[]);
        let kept = report["kept_bytes"].as_u64().unwrap();
        assert!((at_least << 20..=at_most << 20).contains(&kept), "{report}");
        assert_eq!(kept + report["written_bytes"].as_u64().unwrap(), whole.len() as u64, "{report}");
        assert_same(bundle.parent().unwrap(), &folder);
        fs::remove_file(folder.join("a.sealift")).unwrap();
    }
}

#[test]
fn a_copy_that_was_cancelled_is_continued() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let stick = Stick::new(&dir, "ext4", 64);
    let partial = stick.point.join("a.sealift.sealift-copy");
    let mut child = command(&bundle).arg("--to").arg(&stick.point).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&partial, 4 << 20, &mut child);
    // Stopped first, so that it has not ended when it is told to.
    signal(&child, "-STOP");
    signal(&child, "-INT");
    signal(&child, "-CONT");
    assert_eq!(failed(&child.wait_with_output().unwrap()), ("HANDOFF-07".into(), Some(130)));
    assert_eq!(names(&stick.point), ["a.sealift.sealift-copy"]);
    let refused = Sealift::command(["verify"]).arg(&partial).output().unwrap();
    assert_ne!(refused.status.code(), Some(0));
    let report = handed(&bundle, &stick.point, &[]);
    assert!(report["kept_bytes"].as_u64().unwrap() > 2 << 20, "{report}");
    assert_same(bundle.parent().unwrap(), &stick.point);
}

/// As many kills as are asked for, at moments spread over a whole run by a generator that starts the same each time.
#[test]
fn killed_at_any_moment_a_handoff_leaves_a_whole_bundle_or_one_that_is_continued() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("12MiB"));
    let stick = Stick::new(&dir, "ext4", 64);
    let begun = Instant::now();
    handed(&bundle, &stick.point, &[]);
    let mut kills = Kills::within(begun.elapsed());
    clear(&stick.point);
    let mut num_continued = 0;
    for kill in 0..num_kills(40) {
        kills.strike(command(&bundle).arg("--to").arg(&stick.point));
        // The first volume gets its name last: with it, the bundle is whole.
        if stick.point.join("a.sealift").exists() {
            run(Sealift::command(["verify"]).arg(stick.point.join("a.sealift")));
        }
        if kill % 4 == 3 {
            let report = handed(&bundle, &stick.point, &[]);
            num_continued += u32::from(report["kept_bytes"].as_u64().unwrap() > 0);
            assert_same(bundle.parent().unwrap(), &stick.point);
            clear(&stick.point);
        }
    }
    assert!(num_continued > 0, "no kill left anything to continue");
}

fn clear(folder: &Path) {
    for name in names(folder) {
        fs::remove_file(folder.join(name)).unwrap();
    }
}

#[test]
fn a_stick_that_is_pulled_gets_no_files_on_the_disk_below_and_is_continued_later() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("12MiB"));
    let stick = Stick::new(&dir, "ext4", 64);
    let mut child = command(&bundle).arg("--to").arg(&stick.point).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&stick.point.join("a.sealift.sealift-copy"), 4 << 20, &mut child);
    signal(&child, "-STOP");
    stick.pull();
    assert_eq!(names(&stick.point), Vec::<String>::new());
    signal(&child, "-CONT");
    assert_eq!(failed(&child.wait_with_output().unwrap()), ("HANDOFF-02".into(), Some(1)));
    assert_eq!(names(&stick.point), Vec::<String>::new());
    stick.plug();
    assert!(!stick.point.join("a.sealift").exists());
    let report = handed(&bundle, &stick.point, &[]);
    assert!(report["kept_bytes"].as_u64().unwrap() > 0, "{report}");
    assert_same(bundle.parent().unwrap(), &stick.point);
}

#[test]
fn two_handoffs_to_one_stick_do_not_meet() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let folder = dir.join("stick");
    fs::create_dir(&folder).unwrap();
    let partial = folder.join("a.sealift.sealift-copy");
    let mut child = command(&bundle).arg("--to").arg(&folder).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&partial, 1 << 20, &mut child);
    signal(&child, "-STOP");
    let second = command(&bundle).arg("--to").arg(&folder).output().unwrap();
    signal(&child, "-CONT");
    assert_eq!(failed(&second), ("IO-09".into(), Some(1)));
    assert!(child.wait_with_output().unwrap().status.success());
    assert_same(bundle.parent().unwrap(), &folder);
}
