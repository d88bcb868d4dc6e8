//! Docker as a source and a destination: no archive in between.

use std::collections::BTreeSet;

use super::{
    docker_engine::Docker,
    sample::{APP, APP_SAYS, APP_SHORT, APP_STABLE, BASE, build_and_save, sample},
    skopeo::SKOPEO,
    text,
};
use crate::support::{Scratch, Sealift, run};

const DOCKER: &str = "docker-daemon:";

fn sealift(dir: &Scratch, docker: &Docker) -> Sealift {
    Sealift::new(dir).with_env("DOCKER_HOST", docker.host())
}

#[test]
fn what_one_engine_holds_stands_in_another_with_the_same_ids_and_tags_and_is_not_sent_twice() {
    let dir = Scratch::new();
    let source = Docker::start();
    let sample = build_and_save(&source, &dir.join("saved.tar"));
    let from = sealift(&dir, &source);
    let listed: BTreeSet<_> = from.images_in(DOCKER).into_iter().map(|image| image.id).collect();
    assert_eq!(listed, BTreeSet::from([sample.base_id.clone(), sample.app_id.clone()]), "named images only");

    let bundle = dir.join("live.sealift");
    from.pack([DOCKER, &format!("{DOCKER}{}", sample.untagged_id)], &bundle, &[]);
    from.verify(&bundle);
    // The archive that Docker itself saves gives the same images, digest for digest.
    let archived = dir.join("archived.sealift");
    from.pack([text(&sample.archive)], &archived, &[]);
    assert_eq!(from.inspect(&bundle), from.inspect(&archived));
    let (images, facts) = (source.images(), source.facts(APP));
    drop(source);

    let target = Docker::start();
    let site = Scratch::new();
    let to = sealift(&site, &target);
    let report = to.restore(&bundle, DOCKER, &[]);
    assert!(report["written_bytes"].as_u64() > Some(1 << 20), "{report}");
    assert_eq!((target.images(), target.facts(APP)), (images.clone(), facts));
    for name in [APP, APP_STABLE, APP_SHORT] {
        assert_eq!(target.run_container(name, &[]), APP_SAYS, "{name}");
    }

    let named = ["--image", APP, "--image", BASE, "--image", APP_STABLE, "--image", APP_SHORT];
    let again = to.restore(&bundle, DOCKER, &named);
    assert_eq!((&again["num_blobs"], &again["written_bytes"]), (&0.into(), &0.into()), "{again}");
    // With the base in place only what stands on it is sent.
    target.run(["rmi", "--force", &sample.untagged_id, &sample.app_id]);
    let rest = to.restore(&bundle, DOCKER, &[]);
    assert!(rest["written_bytes"].as_u64() < Some(100_000), "{rest}");
    assert_eq!(target.images(), images);
}

#[test]
fn a_tag_that_points_elsewhere_is_refused_kept_or_moved_as_chosen() {
    let dir = Scratch::new();
    let (sample, docker) = (sample(), Docker::start());
    let sealift = sealift(&dir, &docker);
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample.archive)], &bundle, &[]);
    let only_base = ["--image", BASE];
    sealift.restore(&bundle, DOCKER, &only_base);
    docker.run(["tag", BASE, APP]);
    let before = docker.images();

    let (status, error) = sealift.refused(&bundle, DOCKER, &["--image", APP]);
    assert_eq!((status, error["code"].as_str()), (Some(2), Some("ENGINE-06")), "{error}");
    assert_eq!(
        (&error["facts"]["expected"], &error["facts"]["found"]),
        (&sample.app_id.as_str().into(), &sample.base_id.as_str().into())
    );
    assert_eq!(docker.images(), before, "a refusal changes nothing");

    let report = sealift.restore(&bundle, DOCKER, &["--image", APP, "--tags", "backup"]);
    assert_eq!(report["images"].as_array().map(Vec::len), Some(1));
    let kept = docker.images().into_iter().find(|(name, _)| name.contains(":1.4-before-")).unwrap();
    assert_eq!(kept.1, sample.base_id);
    assert!(docker.images().contains(&(APP.to_owned(), sample.app_id.clone())));

    docker.run(["tag", BASE, APP]);
    sealift.restore(&bundle, DOCKER, &["--image", APP, "--tags", "overwrite"]);
    assert!(docker.images().contains(&(APP.to_owned(), sample.app_id.clone())));
}

#[test]
fn names_follow_a_mapping_file_and_a_dry_run_writes_nothing() {
    let dir = Scratch::new();
    let (sample, docker) = (sample(), Docker::start());
    let sealift = sealift(&dir, &docker);
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample.archive)], &bundle, &[]);
    let map = dir.write("names.map", "# vendor to site\nregistry.local/* = harbor.site.local/vendor/*\n");
    let options = ["--image", APP, "--image", BASE, "--map", text(&map)];
    let plan = sealift.restore(&bundle, DOCKER, &[&options[..], &["--dry-run"]].concat());
    let checks: Vec<_> =
        plan["plan"]["checks"].as_array().unwrap().iter().map(|check| &check["kind"]).collect();
    assert_eq!(checks, ["reached", "storage"], "{plan}");
    assert_eq!(docker.images(), BTreeSet::new());
    sealift.restore(&bundle, DOCKER, &options);
    let names: BTreeSet<String> = docker.images().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["harbor.site.local/vendor/base:12", "harbor.site.local/vendor/team/app:1.4"]
            .map(str::to_owned)
            .into()
    );
}

#[test]
fn zstd_layers_are_unpacked_for_an_engine_that_cannot_read_them_and_that_is_said() {
    let dir = Scratch::new();
    let docker = Docker::start();
    let sealift = sealift(&dir, &docker);
    let bundle = dir.join("zstd.sealift");
    let (sample, layout) = (sample(), dir.join("zstd"));
    let (from, to) =
        (format!("docker-archive:{}:{APP}", text(&sample.archive)), format!("oci:{}:{APP}", text(&layout)));
    run(SKOPEO.command().args(["copy", "--dest-compress", "--dest-compress-format", "zstd", &from, &to]));
    sealift.pack([text(&layout)], &bundle, &[]);
    let plan = sealift.restore(&bundle, DOCKER, &["--dry-run"]);
    // skopeo writes the config anew.
    let id = sealift.inspect(&bundle)[0].id.clone();
    let version = Docker::version();
    let major: u32 = version.split("version ").nth(1).unwrap().split('.').next().unwrap().parse().unwrap();
    let is_told = plan["plan"]["checks"].as_array().unwrap().iter().any(|check| check["kind"] == "unpacked");
    assert_eq!(is_told, major < 23, "{plan}");
    let report = sealift.restore(&bundle, DOCKER, &[]);
    assert_eq!(report["num_unpacked"].as_u64().unwrap() > 0, major < 23, "{report}");
    assert_eq!(docker.images(), BTreeSet::from([(APP.to_owned(), id)]));
    assert_eq!(docker.run_container(APP, &[]), APP_SAYS);
}
