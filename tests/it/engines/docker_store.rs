//! Docker's own files as the source: the images of a save, and no save.

use std::{fs, path::PathBuf};

use super::{
    base_image::base_root,
    docker_engine::Docker,
    sample::{BASE, build_and_save},
    text,
};
use crate::support::{Scratch, Sealift};

const DOCKER: &str = "docker-daemon:";
const ODD: &str = "registry.local/odd:1";
const ODD_TOO: &str = "registry.local/odd:2";

/// Hard links, links of both kinds, names that are not UTF-8 or long, an empty file, a large one, whiteouts of a file and of
/// a folder, a folder that was emptied, and a layer that holds nothing.
const DOCKERFILE: &str = r#"FROM registry.local/base:12
RUN mkdir -p /srv/kept /srv/gone "/srv/$(printf 'odd\377\376')" && cd /srv && echo one > one && ln one two \
 && printf odd > "$(printf 'odd\377\376/n\351m')" && ln -s /etc/passwd absolute && ln -s one relative \
 && echo long > "$(printf '%0200d' 7)" && : > empty && echo kept > kept/file && echo gone > gone/file \
 && seq 400000 > large && mkfifo pipe && echo "a\\b\"c<d>&e" > 'a\b"c<d>&e' && ln two kept/three
RUN rm /srv/one && rm -r /srv/gone && rm -r /srv/kept && mkdir /srv/kept && echo new > /srv/kept/new
RUN ["true"]
"#;

fn sealift(dir: &Scratch, docker: &Docker) -> Sealift {
    Sealift::new(dir).with_env("DOCKER_HOST", docker.host())
}

fn build_odd(docker: &Docker) {
    let context = Scratch::new();
    context.write("Dockerfile", DOCKERFILE);
    let args =
        ["build", "--quiet", "--network", "none", "--tag", ODD, "--tag", ODD_TOO, text(context.path())];
    docker.run(args);
}

/// How many images were saved since it started.
fn num_saves(docker: &Docker) -> usize {
    // It tells what happened in seconds that are over.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    docker.run(["events", "--since", "24h", "--until", "0s", "--filter", "event=save"]).lines().count()
}

/// The engine's entry of the topmost layer of `image`.
fn top_entry(docker: &Docker, image: &str) -> PathBuf {
    let folder = docker.run(["image", "inspect", "--format", "{{.GraphDriver.Data.UpperDir}}", image]);
    let cache_id = folder.trim().trim_end_matches("/diff").rsplit('/').next().unwrap().to_owned();
    let entries = fs::read_dir(docker.data().join("image/overlay2/layerdb/sha256")).unwrap();
    let is_it = |entry: &PathBuf| fs::read_to_string(entry.join("cache-id")).unwrap() == cache_id;
    entries.map(|entry| entry.unwrap().path()).find(is_it).unwrap()
}

#[test]
fn images_read_from_its_files_are_those_of_a_save_and_nothing_is_saved() {
    let (dir, docker) = (Scratch::new(), Docker::start());
    let sample = build_and_save(&docker, &dir.join("sample.tar"));
    build_odd(&docker);
    let saved = dir.join("saved.tar");
    docker.run(["save", "--output", text(&saved), ODD, ODD_TOO]);
    let before = num_saves(&docker);
    assert!(before > 0);

    let sealift = sealift(&dir, &docker);
    let (direct, archived) = (dir.join("direct.sealift"), dir.join("archived.sealift"));
    sealift.pack([DOCKER, &format!("{DOCKER}{}", sample.untagged_id)], &direct, &[]);
    assert_eq!(num_saves(&docker), before, "nothing was saved");
    sealift.verify(&direct);
    sealift.pack([text(&sample.archive), text(&saved)], &archived, &[]);
    assert_eq!(sealift.inspect(&direct), sealift.inspect(&archived));

    // What cannot be read beside the engine, it saves; the images are the same.
    let entry = top_entry(&docker, ODD);
    fs::remove_file(entry.join("diff")).unwrap();
    let by_save = dir.join("by-save.sealift");
    sealift.pack([DOCKER], &by_save, &[]);
    assert!(num_saves(&docker) > before);
    let named: Vec<_> =
        sealift.inspect(&direct).into_iter().filter(|image| !image.names.is_empty()).collect();
    assert_eq!(sealift.inspect(&by_save), named);
}

#[test]
fn one_image_of_many_is_read_alone_and_loads_again() {
    let (dir, docker) = (Scratch::new(), Docker::start());
    docker.run(["import", text(&base_root()), BASE]);
    build_odd(&docker);
    let facts = docker.facts(ODD);
    let sealift = sealift(&dir, &docker);
    let bundle = dir.join("odd.sealift");
    sealift.pack([&format!("{DOCKER}{ODD}")[..]], &bundle, &[]);
    assert_eq!(num_saves(&docker), 0);
    let found = sealift.inspect(&bundle);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].names, [ODD.to_owned()].into());

    let target = Docker::start();
    sealift.with_env("DOCKER_HOST", target.host()).restore(&bundle, DOCKER, &[]);
    assert_eq!(target.facts(ODD), facts);
    assert_eq!(target.run_container(ODD, &["ls", "/srv/kept"]), "new\n");
}

#[test]
fn a_layer_that_is_not_what_its_engine_unpacked_ends_the_pack_with_words() {
    let (dir, docker) = (Scratch::new(), Docker::start());
    docker.run(["import", text(&base_root()), BASE]);
    build_odd(&docker);
    let sealift = sealift(&dir, &docker);
    let bundle = dir.join("bad.sealift");
    let refusal = || {
        let mut command =
            sealift.prepared(["pack", &format!("{DOCKER}{ODD}"), "--json", "--out", text(&bundle)]);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("bad.sealift")), "{left:?}");
        (output.status.code(), answer["error"].clone())
    };
    let parent = docker.run(["image", "inspect", "--format", "{{index .GraphDriver.Data.LowerDir}}", ODD]);
    let large = parent.trim().split(':').map(|dir| PathBuf::from(dir).join("srv/large"));
    let large = large.into_iter().find(|path| path.is_file()).unwrap();
    let len = large.metadata().unwrap().len();

    // Other bytes: only the digest tells.
    let file = fs::OpenOptions::new().write(true).open(&large).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"x", len / 2).unwrap();
    let (status, error) = refusal();
    assert_eq!((status, error["code"].as_str()), (Some(3), Some("SOURCE-11")), "{error}");
    // Another length.
    file.set_len(len - 1).unwrap();
    let (status, error) = refusal();
    assert_eq!((status, error["code"].as_str()), (Some(1), Some("ENGINE-08")), "{error}");
    assert_eq!(error["facts"]["entry"], "srv/large");
    assert!(error["facts"]["blob"].as_str().unwrap().starts_with("sha256:"), "{error}");
    // A link where the file was.
    fs::remove_file(&large).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &large).unwrap();
    assert_eq!(refusal().1["code"], "ENGINE-08");
    assert_eq!(num_saves(&docker), 0);
}
