//! Engines that are killed while they take images in: what is said, what is left, and that a second run completes.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    containerd_engine::Containerd,
    docker_engine::Docker,
    podman_engine::Podman,
    sample::{APP, APP_SAYS, BASE, sample},
    text,
};
use crate::support::{Scratch, Sealift};

const ONLY: [&str; 4] = ["--image", APP, "--image", BASE];

/// Begins a restore and kills the engine as soon as `is_loading`; gives what the program said.
#[track_caller]
fn restore_cut_off(
    sealift: &Sealift,
    bundle: &Path,
    dest: &str,
    is_loading: impl Fn(&Child) -> bool,
    kill: impl FnOnce(&Child),
) -> String {
    let mut restore = sealift.prepared(["restore"]);
    restore.arg(bundle).args(["--to", dest]).args(ONLY).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = restore.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_loading(&child) {
        assert!(Instant::now() < deadline, "nothing was ever sent");
        std::thread::sleep(Duration::from_millis(2));
    }
    kill(&child);
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("Code: ENGINE-0") && said.contains("Hint: "), "{said}");
    said
}

fn packed(sealift: &Sealift, dir: &Scratch) -> std::path::PathBuf {
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample().archive)], &bundle, &[]);
    bundle
}

/// The program that `parent` runs, if its arguments hold `word`.
fn program_of(parent: &Child, word: &str) -> Option<Pid> {
    let tasks = fs::read_dir(format!("/proc/{}/task", parent.id())).ok()?.flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let all: Vec<i32> = children
        .flat_map(|text| text.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    let has_word = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    };
    all.into_iter().find(has_word).and_then(Pid::from_raw)
}

#[test]
fn a_docker_that_is_killed_in_the_middle_is_told_and_a_second_run_completes() {
    let (dir, mut docker) = (Scratch::new(), Docker::start());
    let sealift = Sealift::new(&dir).with_env("DOCKER_HOST", docker.host());
    let bundle = packed(&sealift, &dir);
    let dest = "docker-daemon:";
    let said = restore_cut_off(&sealift, &bundle, dest, |_| docker.is_loading(), |_| docker.kill());
    assert!(said.contains(&docker.host()), "{said}");

    docker.restart();
    assert!(docker.images().is_empty());
    sealift.restore(&bundle, dest, &ONLY);
    assert_eq!(docker.run_container(APP, &[]), APP_SAYS);

    docker.kill();
    let (status, error) = sealift.refused(&bundle, dest, &[]);
    assert_eq!((status, error["code"].as_str()), (Some(1), Some("ENGINE-01")), "{error}");
    docker.restart();
}

#[test]
fn a_podman_service_that_is_killed_in_the_middle_is_told_and_a_second_run_completes() {
    let (dir, podman) = (Scratch::new(), Podman::new());
    let service = podman.serve();
    let sealift = podman.environment(Sealift::new(&dir)).with_env("CONTAINER_HOST", service.address());
    let bundle = packed(&sealift, &dir);
    let dest = "containers-storage:";
    let said = restore_cut_off(&sealift, &bundle, dest, |_| podman.is_loading(), |_| service.kill());
    assert!(said.contains(&service.address()), "{said}");
    drop(service);
    assert!(podman.images().is_empty());

    let _service = podman.serve();
    sealift.restore(&bundle, dest, &ONLY);
    assert_eq!(podman.run_container(APP, &[]), APP_SAYS);
}

#[test]
fn a_podman_program_that_is_killed_in_the_middle_is_told_and_a_second_run_completes() {
    let (dir, podman) = (Scratch::new(), Podman::new());
    let sealift = podman.environment(Sealift::new(&dir));
    let bundle = packed(&sealift, &dir);
    let dest = "containers-storage:";
    let said = restore_cut_off(
        &sealift,
        &bundle,
        dest,
        |parent| podman.is_loading() && program_of(parent, "load").is_some(),
        |parent| kill_process(program_of(parent, "load").unwrap(), Signal::KILL).unwrap(),
    );
    assert!(said.contains("podman"), "{said}");
    assert!(podman.images().is_empty());

    sealift.restore(&bundle, dest, &ONLY);
    assert_eq!(podman.run_container(APP, &[]), APP_SAYS);
}

#[test]
fn a_containerd_that_is_killed_in_the_middle_is_told_and_a_second_run_completes() {
    let (dir, mut containerd) = (Scratch::new(), Containerd::start());
    let sealift = containerd.environment(Sealift::new(&dir));
    let bundle = packed(&sealift, &dir);
    let dest = "containerd:";
    let said = restore_cut_off(&sealift, &bundle, dest, |_| containerd.is_loading(), |_| containerd.kill());
    assert!(said.contains("containerd"), "{said}");

    containerd.restart();
    assert!(containerd.images().is_empty());
    sealift.restore(&bundle, dest, &ONLY);
    assert_eq!(containerd.run_container(APP, &[]), APP_SAYS);
}
