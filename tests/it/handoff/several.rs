//! Several sticks.

use std::fs;

use serde_json::Value;

use super::{assert_same, bundle, command, failed, stick::Stick};
use crate::support::{Scratch, names, run};

#[test]
fn volumes_are_spread_over_sticks_that_are_too_small_and_what_is_missing_is_told() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, Some("10MiB"));
    let made = bundle.parent().unwrap();
    let [a, b] = ["a", "b"].map(|name| Stick::tmpfs(&dir, name, 22));
    let first = command(&bundle).arg("--to").arg(&a.point).arg("--spread").output().unwrap();
    // A script must not take it for the whole delivery.
    assert_eq!(first.status.code(), Some(1));
    let first: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(first["missing"], serde_json::json!([3, 4]), "{first}");
    assert_eq!(names(&a.point), ["a.sealift", "a.sealift.0002"]);

    // Both plugged in: what the first has stays there, the rest goes to the other.
    let both = run(command(&bundle).arg("--to").arg(&a.point).arg("--to").arg(&b.point).arg("--spread"));
    let both: Value = serde_json::from_str(&both).unwrap();
    assert_eq!(both["missing"], serde_json::json!([]), "{both}");
    assert_eq!(both["targets"][0]["report"]["written_bytes"], 0, "{both}");
    assert_eq!(names(&b.point), ["a.sealift.0003", "a.sealift.0004"]);

    // The other alone, by the numbers that were told.
    for name in names(&b.point) {
        fs::remove_file(b.point.join(name)).unwrap();
    }
    let rest = run(command(&bundle).arg("--to").arg(&b.point).args(["--volumes", "3-4"]));
    let rest: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(rest["missing"], serde_json::json!([]), "{rest}");

    let together = dir.join("together");
    fs::create_dir(&together).unwrap();
    for stick in [&a, &b] {
        for name in names(&stick.point) {
            fs::copy(stick.point.join(&name), together.join(&name)).unwrap();
        }
    }
    assert_same(made, &together);
    let full =
        command(&bundle).arg("--to").arg(&a.point).args(["--volumes", "3-4", "--spread"]).output().unwrap();
    assert_eq!(failed(&full), ("IO-07".into(), Some(1)));
}

#[test]
fn several_sticks_get_the_whole_bundle_one_after_the_other_or_at_once() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    for options in [&[][..], &["--at-once"]] {
        let sticks = ["a", "b", "c"].map(|name| dir.join(&format!("{name}{}", options.len())));
        let mut command = command(&bundle);
        for stick in &sticks {
            fs::create_dir(stick).unwrap();
            command.arg("--to").arg(stick);
        }
        let answer: Value = serde_json::from_str(&run(command.args(options))).unwrap();
        assert_eq!(answer["targets"].as_array().unwrap().len(), 3, "{answer}");
        for stick in &sticks {
            assert_same(bundle.parent().unwrap(), stick);
        }
    }
}

#[test]
fn a_stick_that_fails_does_not_stop_the_others() {
    let dir = Scratch::new();
    let bundle = bundle(&dir, None);
    let [good, bad] = ["good", "bad"].map(|name| dir.join(name));
    fs::create_dir(&good).unwrap();
    fs::create_dir(&bad).unwrap();
    // A copy from before that has rotted, but for its ends.
    let mut rotten = fs::read(&bundle).unwrap();
    rotten[7 << 20] ^= 1;
    super::put(&bad.join("a.sealift"), &rotten);
    let output = command(&bundle).arg("--to").arg(&bad).arg("--to").arg(&good).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(answer["targets"][0]["error"]["code"], "HANDOFF-01", "{answer}");
    assert_eq!(answer["targets"][0]["error"]["facts"]["record"], "6", "{answer}");
    assert_same(bundle.parent().unwrap(), &good);
}
