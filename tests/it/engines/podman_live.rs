//! Podman as a source and a destination, by its program and by the socket it serves.

use std::collections::BTreeSet;

use super::{
    podman_engine::Podman,
    sample::{APP, APP_SAYS, APP_SHORT_IN_FULL, BASE, sample},
    text,
};
use crate::support::{Scratch, Sealift};

const PODMAN: &str = "containers-storage:";

#[test]
fn images_come_into_podman_and_out_of_it_by_its_program() {
    let podman = Podman::new();
    into_and_out_of(&podman, |sealift| podman.environment(sealift));
}

#[test]
fn images_come_into_podman_and_out_of_it_by_its_socket() {
    let podman = Podman::new();
    let service = podman.serve();
    into_and_out_of(&podman, |sealift| {
        podman.environment(sealift).with_env("CONTAINER_HOST", service.address())
    });
}

fn into_and_out_of(podman: &Podman, with_engine: impl Fn(Sealift) -> Sealift) {
    let (dir, sample) = (Scratch::new(), sample());
    let sealift = with_engine(Sealift::new(&dir));
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample.archive)], &bundle, &[]);
    let only = ["--image", APP, "--image", BASE, "--image", APP_SHORT_IN_FULL];
    sealift.restore(&bundle, PODMAN, &only);
    let hex = |id: &str| id.to_owned();
    let names = [(BASE, &sample.base_id), (APP, &sample.app_id), (APP_SHORT_IN_FULL, &sample.app_id)];
    let expected: BTreeSet<_> = names.map(|(name, id)| (name.to_owned(), hex(id))).into();
    assert_eq!(podman.images(), expected, "names are always in full");
    assert_eq!(podman.run_container(APP, &[]), APP_SAYS);

    let again = sealift.restore(&bundle, PODMAN, &only);
    assert_eq!((&again["num_blobs"], &again["written_bytes"]), (&0.into(), &0.into()), "{again}");

    let back = dir.join("back.sealift");
    sealift.pack([PODMAN], &back, &[]);
    let ids = |bundle| sealift.inspect(bundle).into_iter().map(|image| image.id).collect::<BTreeSet<_>>();
    assert_eq!(ids(&back), [sample.base_id.clone(), sample.app_id.clone()].into());
}
