//! A registry that dies in the middle, and one that has no room.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use super::{
    User,
    http::manifest_digest,
    image::{archive, noise},
    server::{Demands, Registry},
};

const NUM_LAYERS: u64 = 6;

#[test]
fn after_the_registry_died_in_the_middle_a_second_run_sends_only_what_is_missing() {
    let (mut dest, user) = (Registry::start(Demands::default()), User::new());
    let layers: Vec<Vec<u8>> = (0..NUM_LAYERS).map(|number| noise(40 << 20, 20 + number)).collect();
    let app = archive("vendor.example.com/team/app:1", &["amd64"], &layers);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    let to = format!("docker://{}", dest.host());

    let mut command = user.command(&["restore", bundle.to_str().unwrap(), "--to", &to]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = |dest: &Registry| dest.num_answered(&["\"PUT", "/blobs/", " 201 "]);
    let began = Instant::now();
    while ended(&dest) == 0 {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing was sent");
        std::thread::sleep(Duration::from_millis(2));
    }
    dest.kill();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Code: NET-02") || said.contains("Code: NET-04"), "{said}");
    let num_ended = ended(&dest);
    assert!((1..=NUM_LAYERS as usize).contains(&num_ended));

    dest.start_again();
    let restored = user.restore(&bundle, &to, &[]);
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1").as_ref(), Some(&app.target));
    // Layers, config and manifest, less what had arrived.
    let num_sent = restored["num_blobs"].as_u64().unwrap() as usize;
    assert!(num_sent <= NUM_LAYERS as usize + 2 - num_ended, "{num_sent} sent, {num_ended} were there");
}
