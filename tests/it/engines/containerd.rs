//! containerd, which knows an image by the digest of its manifest.

use std::collections::BTreeMap;

use super::{
    Carried, carry,
    containerd_engine::{Containerd, UNTAGGED},
    sample::{
        APP, APP_SAYS, APP_SHORT_IN_FULL, APP_STABLE, BASE, BASE_QUESTION, BASE_SAYS, UNTAGGED_SAYS, sample,
    },
    text,
};
use crate::support::Scratch;

#[test]
fn what_docker_saved_imports_into_an_empty_containerd_with_the_bundles_digests() {
    let dir = Scratch::new();
    let sample = sample();
    let carried = carry(&dir, &sample.archive);

    let containerd = Containerd::start();
    assert_eq!(containerd.images(), BTreeMap::new());
    containerd.import(text(&carried.archive));
    assert_eq!(containerd.images(), names_and_digests(&carried));
    assert_eq!(containerd.images().len(), [BASE, APP, APP_STABLE, APP_SHORT_IN_FULL, UNTAGGED].len());

    assert_eq!(containerd.run_container(BASE, &BASE_QUESTION), BASE_SAYS);
    assert_eq!(containerd.run_container(APP, &[]), APP_SAYS);
    let untagged = carried.images.iter().find(|image| image.id == sample.untagged_id).unwrap();
    let untagged = format!("{UNTAGGED}@{}", untagged.target);
    assert_eq!(containerd.run_container(&untagged, &[]), UNTAGGED_SAYS);
}

#[test]
fn what_containerd_exported_imports_into_an_empty_containerd_with_the_same_digests() {
    let dir = Scratch::new();
    let sample = sample();
    let source = Containerd::start();
    source.import(text(&sample.archive));
    let exported = dir.join("exported.tar");
    source.run(["images", "export", text(&exported), BASE, APP, APP_STABLE]);
    let all = source.images();
    let digests = [BASE, APP, APP_STABLE].map(|name| (name.to_owned(), all[name].clone()));
    drop(source);

    let carried = carry(&dir, &exported);
    let target = Containerd::start();
    target.import(text(&carried.archive));
    assert_eq!(target.images(), digests.into());
    assert_eq!(target.run_container(APP_STABLE, &[]), APP_SAYS);
}

/// The names and digests that an import of `carried` should give.
fn names_and_digests(carried: &Carried) -> BTreeMap<String, String> {
    let each = carried.images.iter().flat_map(|image| {
        let by_digest = image.names.is_empty().then(|| format!("{UNTAGGED}@{}", image.target));
        let names = image.names.iter().cloned().chain(by_digest);
        names.map(|name| (name, image.target.clone()))
    });
    each.collect()
}
