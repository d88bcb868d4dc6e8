//! What is asked at a terminal, and how a user can answer.

use crate::support::{Scratch, answering, at_terminal};

const GOOD: &str = "correct horse battery staple\n";

fn sample() -> Scratch {
    let dir = Scratch::new();
    sealift::write_sample(&dir.join("sample.tar")).unwrap();
    dir
}

#[test]
fn a_new_passphrase_that_was_mistyped_is_asked_for_again_up_to_three_times() {
    let dir = sample();
    let pack = "pack sample.tar --kdf low --out";
    let mut command = at_terminal(&format!("{pack} a.sealift"));
    let (status, shown) = answering(
        command.current_dir(dir.path()),
        &[
            ("New passphrase:", "short\n"),
            ("New passphrase:", GOOD),
            ("Once more:", "incorrect horse battery staple\n"),
            ("New passphrase:", GOOD),
            ("Once more:", GOOD),
        ],
    );
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("too short") && shown.contains("at least 15 characters"), "{shown}");
    assert!(shown.contains("The two passphrases differ"), "{shown}");
    dir.write("pw", GOOD);
    let mut verify = crate::support::Sealift::command(["verify", "a.sealift", "--password-file", "pw"]);
    assert!(verify.current_dir(dir.path()).status().unwrap().success());

    let mut command = at_terminal(&format!("{pack} b.sealift"));
    let (status, shown) = answering(command.current_dir(dir.path()), &[("New passphrase:", "short\n"); 3]);
    assert_eq!(status, Some(2), "{shown}");
    assert!(shown.contains("Code: USAGE-12") && !dir.join("b.sealift").exists(), "{shown}");
}

#[test]
fn ctrl_c_at_a_prompt_is_a_cancel() {
    let dir = sample();
    for args in ["pack sample.tar --out a.sealift", "pack sample.tar --out a.sealift --json"] {
        let (status, shown) =
            answering(at_terminal(args).current_dir(dir.path()), &[("New passphrase:", "\x03")]);
        assert_eq!(status, Some(130), "{shown}");
        assert_eq!(shown.matches("Code: JOB-01").count(), 1, "{shown}");
        assert!(!shown.contains("USAGE") && !shown.contains("Cancelling"), "{shown}");
        assert_eq!(shown.contains(r#""code":"JOB-01""#), args.ends_with("--json"), "{shown}");
    }
    assert_eq!(crate::support::names(dir.path()), ["sample.tar"]);
}
