//! A registry that dies in the middle, one that has no room, and lines that break or fall silent.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::PathBuf,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    User,
    http::manifest_digest,
    image::{Archive, archive, noise},
    line::{Fault, Line, Way},
    server::{Demands, Registry},
};

const NUM_LAYERS: u64 = 6;
/// What a cancelled run may take on a machine that is busy with other tests; an idle one needs a quarter of a second.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// A bundle of an image with these layers.
fn bundle_of(user: &User, layers: &[Vec<u8>]) -> (Archive, PathBuf) {
    let app = archive("vendor.example.com/team/app:1", &["amd64"], layers);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    (app, bundle)
}

fn start(user: &User, args: &[&str]) -> Child {
    user.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until `reached`.
#[track_caller]
fn wait_for(reached: impl Fn() -> bool) {
    let began = Instant::now();
    while !reached() {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing was sent");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Cancels a run as Ctrl-C does; it must end soon.
#[track_caller]
fn cancel(child: Child) {
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let (took, said) = (asked.elapsed(), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(took < CANCEL_LIMIT, "{took:?}\n{said}");
}

#[test]
fn after_the_registry_died_in_the_middle_a_second_run_sends_only_what_is_missing() {
    let (mut dest, user) = (Registry::start(Demands::default()), User::new());
    let layers: Vec<Vec<u8>> = (0..NUM_LAYERS).map(|number| noise(40 << 20, 20 + number)).collect();
    let (app, bundle) = bundle_of(&user, &layers);
    let to = format!("docker://{}", dest.host());

    let child = start(&user, &["restore", bundle.to_str().unwrap(), "--to", &to]);
    let ended = |dest: &Registry| dest.num_answered(&["\"PUT", "/blobs/", " 201 "]);
    wait_for(|| ended(&dest) > 0);
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

#[test]
fn an_upload_whose_connection_is_cut_off_arrives_all_the_same() {
    // Near the middle, and near the end. It goes in one request, then in chunks.
    for after_bytes in [20 << 20, 36 << 20] {
        let (dest, user) = (Registry::start(Demands::default()), User::new());
        let (app, bundle) = bundle_of(&user, &[noise(40 << 20, 30)]);
        let line = Line::to(&dest.host(), Way::ToServer, after_bytes, Fault::Cut);
        let restored = user.restore(&bundle, &format!("docker://{}", line.host()), &[]);
        assert!(line.happened());
        assert_eq!(dest.num_answered(&["\"PATCH", " 202 "]), 2);
        assert_eq!(restored["num_blobs"].as_u64(), Some(3), "{restored}");
        assert_eq!(manifest_digest(&dest.host(), "team/app", "1").as_ref(), Some(&app.target));
        assert_eq!(dest.num_open_uploads(), 0, "{}", std::fs::read_to_string(dest.log()).unwrap());
    }
}

#[test]
fn a_download_whose_connection_is_cut_off_goes_on_where_it_broke() {
    let (source, user) = (Registry::start(Demands::default()), User::new());
    let (app, bundle) = bundle_of(&user, &[noise(40 << 20, 31)]);
    user.restore(&bundle, &format!("docker://{}", source.host()), &[]);
    let line = Line::to(&source.host(), Way::FromServer, 20 << 20, Fault::Cut);
    let back = user.dir.join("back.sealift");
    let packed = user.pack(&format!("docker://{}/team/app:1", line.host()), &back, &[]);
    assert!(line.happened());
    assert_eq!(packed["num_images"].as_u64(), Some(1));
    assert_eq!(source.num_answered(&["\"GET", "/blobs/", " 206 "]), 1);
    user.restore(&back, &format!("docker://{}/again", source.host()), &[]);
    assert_eq!(manifest_digest(&source.host(), "again/team/app", "1").as_ref(), Some(&app.target));
}

#[test]
fn a_damaged_bundle_shows_nothing_at_the_registry_and_names_the_image() {
    let (dest, user) = (Registry::start(Demands::default()), User::new());
    let layers: Vec<Vec<u8>> = (0..3).map(|number| noise(12 << 20, 40 + number)).collect();
    let (app, bundle) = bundle_of(&user, &layers);
    let to = format!("docker://{}", dest.host());
    let flip = || {
        let file = File::options().read(true).write(true).open(&bundle).unwrap();
        let (offset, mut byte) = (30 << 20, [0]);
        file.read_exact_at(&mut byte, offset).unwrap();
        file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
    };
    flip();
    let refused = user.run(&["restore", bundle.to_str().unwrap(), "--to", &to]);
    assert_eq!(refused.status, 3, "{}", refused.stderr);
    let says = |text| refused.stderr.contains(text);
    assert!(says("Code: INTEGRITY-01") && says("vendor.example.com/team/app:1"), "{}", refused.stderr);
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1"), None);
    assert_eq!(dest.num_answered(&["\"PUT", "/manifests/"]), 0);
    assert_eq!(dest.num_open_uploads(), 0);
    // What was right has arrived, and is not sent again.
    flip();
    let restored = user.restore(&bundle, &to, &[]);
    assert!(restored["num_present"].as_u64().unwrap() > 0, "{restored}");
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1").as_ref(), Some(&app.target));
}

#[test]
fn a_cancelled_push_ends_at_once_and_leaves_nothing() {
    let (dest, user) = (Registry::start(Demands::default()), User::new());
    let (app, bundle) = bundle_of(&user, &[noise(40 << 20, 32)]);
    // In an upload that the registry never answers.
    let line = Line::to(&dest.host(), Way::ToServer, 20 << 20, Fault::Silence);
    let to = format!("docker://{}", line.host());
    let child = start(&user, &["restore", bundle.to_str().unwrap(), "--to", &to]);
    wait_for(|| line.happened());
    cancel(child);
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1"), None);
    assert_eq!(dest.num_open_uploads(), 0, "{}", std::fs::read_to_string(dest.log()).unwrap());
    user.restore(&bundle, &to, &[]);
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1").as_ref(), Some(&app.target));
}

#[test]
fn a_cancelled_pull_ends_at_once_and_leaves_nothing() {
    let (source, user) = (Registry::start(Demands::default()), User::new());
    let (_, bundle) = bundle_of(&user, &[noise(40 << 20, 33)]);
    user.restore(&bundle, &format!("docker://{}", source.host()), &[]);
    let line = Line::to(&source.host(), Way::FromServer, 20 << 20, Fault::Silence);
    let folder = user.dir.join("out");
    std::fs::create_dir(&folder).unwrap();
    let back = folder.join("back.sealift");
    let image = format!("docker://{}/team/app:1", line.host());
    let child = start(&user, &["pack", &image, "--out", back.to_str().unwrap()]);
    wait_for(|| line.happened());
    cancel(child);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    user.pack(&image, &back, &[]);
}

#[test]
fn a_registry_without_room_is_told_and_a_second_run_completes_once_there_is_some() {
    let (dest, user) = (Registry::start(Demands { room: Some("48m"), ..Demands::default() }), User::new());
    let (app, bundle) = bundle_of(&user, &[noise(80 << 20, 34)]);
    let to = format!("docker://{}", dest.host());
    let said = user.fails(&["restore", bundle.to_str().unwrap(), "--to", &to], "NET-21");
    assert!(said.contains(&dest.host()), "{said}");
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1"), None);
    assert_eq!(dest.num_open_uploads(), 0, "{}", std::fs::read_to_string(dest.log()).unwrap());

    dest.make_room();
    user.restore(&bundle, &to, &[]);
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1").as_ref(), Some(&app.target));
}
