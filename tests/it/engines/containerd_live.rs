//! containerd as a source and a destination.

use std::collections::BTreeMap;

use super::{
    containerd_engine::Containerd,
    sample::{APP, APP_SAYS, APP_SHORT_IN_FULL, APP_STABLE, BASE, sample},
    text,
};
use crate::support::{Scratch, Sealift};

#[test]
fn images_come_into_a_namespace_and_out_of_it_byte_for_byte() {
    let dir = Scratch::new();
    let (sample, target) = (sample(), Containerd::start());
    let sealift = target.environment(Sealift::new(&dir));
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample.archive)], &bundle, &[]);
    let sealed = sealift.inspect(&bundle);

    // Where there is no kubelet, containerd's own default.
    let report = sealift.restore(&bundle, "containerd:", &[]);
    assert!(report["written_bytes"].as_u64() > Some(1 << 20), "{report}");
    let digest = |name: &str| sealed.iter().find(|image| image.names.contains(name)).unwrap().target.clone();
    let named: BTreeMap<String, String> =
        [BASE, APP, APP_STABLE, APP_SHORT_IN_FULL].map(|name| (name.to_owned(), digest(name))).into();
    let held = target.images();
    assert!(named.iter().all(|(name, digest)| held.get(name) == Some(digest)), "{held:?}");
    assert_eq!(target.run_container(APP, &[]), APP_SAYS);

    let again = sealift.restore(&bundle, "containerd:", &[]);
    assert_eq!((&again["num_blobs"], &again["written_bytes"]), (&0.into(), &0.into()), "{again}");

    // Another namespace, named though it does not exist yet; content is shared, names are not.
    let plan = sealift.restore(&bundle, "containerd:k8s.io", &["--image", APP, "--dry-run"]);
    let checks = plan["plan"]["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["kind"] == "namespace" && check["about"] == "k8s.io"), "{plan}");
    sealift.restore(&bundle, "containerd:k8s.io", &["--image", APP]);
    let listed = sealift.images_in("containerd:k8s.io/");
    assert_eq!(listed.iter().map(|image| &image.target).collect::<Vec<_>>(), [&digest(APP)]);

    // What is listed without a source is one namespace, Kubernetes' own where there is one, and that is said.
    let mut images = Sealift::command(["images", "--lang", "en"]);
    images.env("CONTAINERD_ADDRESS", target.address());
    let told = String::from_utf8(images.output().unwrap().stdout).unwrap();
    assert!(told.contains("namespace k8s.io; another one: sealift images containerd:NAMESPACE/"), "{told}");

    let back = dir.join("back.sealift");
    sealift.pack(
        [&format!("containerd:default/{APP}")[..], &format!("containerd:default/{BASE}")],
        &back,
        &[],
    );
    for image in sealift.inspect(&back) {
        assert!(image.names.iter().all(|name| named[name] == image.target), "{image:?}");
    }
}

#[test]
fn a_tag_that_points_elsewhere_is_kept_and_a_dead_engine_is_told() {
    let dir = Scratch::new();
    let (sample, target) = (sample(), Containerd::start());
    let sealift = target.environment(Sealift::new(&dir));
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample.archive)], &bundle, &[]);
    sealift.restore(&bundle, "containerd:", &["--image", BASE]);
    target.run(["images", "tag", BASE, APP]);
    let (status, error) = sealift.refused(&bundle, "containerd:", &["--image", APP]);
    assert_eq!((status, error["code"].as_str()), (Some(2), Some("ENGINE-06")), "{error}");
    sealift.restore(&bundle, "containerd:", &["--image", APP, "--tags", "backup"]);
    let held = target.images();
    let kept = held.iter().find(|(name, _)| name.contains(":1.4-before-")).unwrap();
    assert_eq!(kept.1, &held[BASE]);
    assert_ne!(held[APP], held[BASE]);

    target.kill();
    let (status, error) = sealift.refused(&bundle, "containerd:", &[]);
    assert_eq!((status, error["code"].as_str()), (Some(1), Some("ENGINE-01")), "{error}");
}
