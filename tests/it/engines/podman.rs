//! Podman, which takes Docker's archives and writes two kinds of its own.

use std::collections::BTreeSet;

use super::{
    carry,
    podman_engine::Podman,
    sample::{
        APP, APP_SAYS, APP_SHORT_IN_FULL, APP_STABLE, BASE, BASE_QUESTION, BASE_SAYS, UNTAGGED_SAYS, sample,
    },
    text,
};
use crate::support::Scratch;

#[test]
fn what_docker_saved_loads_into_an_empty_podman_with_the_same_ids_and_full_names() {
    let dir = Scratch::new();
    let sample = sample();
    let carried = carry(&dir, &sample.archive);

    let podman = Podman::new();
    assert_eq!(podman.images(), BTreeSet::new());
    podman.run(["load", "--quiet", "--input", text(&carried.archive)]);
    let expected = [
        (BASE, &sample.base_id),
        (APP, &sample.app_id),
        (APP_STABLE, &sample.app_id),
        // Left short, it would have become `localhost/app:1.4`.
        (APP_SHORT_IN_FULL, &sample.app_id),
        ("<none>:<none>", &sample.untagged_id),
    ];
    assert_eq!(podman.images(), expected.map(|(name, id)| (name.to_owned(), id.clone())).into());
    assert_eq!(podman.run_container(BASE, &BASE_QUESTION), BASE_SAYS);
    assert_eq!(podman.run_container(APP, &[]), APP_SAYS);
    assert_eq!(podman.run_container(&sample.untagged_id, &[]), UNTAGGED_SAYS);
}

#[test]
fn what_podman_saved_loads_into_an_empty_podman_as_it_would_have_without_the_way_over() {
    let sample = sample();
    let source = Podman::new();
    source.run(["load", "--quiet", "--input", text(&sample.archive)]);
    for format in ["docker-archive", "oci-archive"] {
        let dir = Scratch::new();
        let saved = dir.join("saved.tar");
        source.run(["save", "--quiet", "--format", format, "--output", text(&saved), APP]);
        let carried = carry(&dir, &saved);

        let [direct, target] = [&saved, &carried.archive].map(|archive| {
            let podman = Podman::new();
            podman.run(["load", "--quiet", "--input", text(archive)]);
            podman
        });
        assert_eq!(target.images(), direct.images(), "{format}");
        let name_and_id = (APP.to_owned(), carried.images[0].id.clone());
        assert_eq!(target.images(), BTreeSet::from([name_and_id]), "{format}");
        assert_eq!(target.run_container(APP, &[]), APP_SAYS, "{format}");
    }
}
