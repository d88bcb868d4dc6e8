//! Archives that someone compressed as a whole, to save space on the medium.

use std::{collections::BTreeMap, fs};

use super::{carry, sample::sample};
use crate::support::{Scratch, Tool, run_through};

#[test]
fn an_archive_compressed_as_a_whole_gives_the_same_images() {
    let dir = Scratch::new();
    let sample = sample();
    let plain = carry(&dir, &sample.archive);
    let listed = plain.images.iter().map(|image| (image.id.clone(), image.names.clone()));
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), sample.names_by_id());

    for (name, package, level) in [("gzip", "gzip", "-1"), ("zstd", "zstd", "-1"), ("xz", "xz-utils", "-0")] {
        let dir = Scratch::new();
        // No suffix: what a file is, its content tells.
        let compressed = dir.join("saved.tar");
        run_through(Tool::new(name, package).command().args([level, "-c"]), &sample.archive, &compressed);
        assert!(fs::metadata(&compressed).unwrap().len() < fs::metadata(&sample.archive).unwrap().len());

        let carried = carry(&dir, &compressed);
        assert_eq!(carried.images, plain.images, "{name}");
        // Not assert_eq: nobody wants to see two archives printed.
        assert!(fs::read(&carried.archive).unwrap() == fs::read(&plain.archive).unwrap(), "{name}");
    }
}
