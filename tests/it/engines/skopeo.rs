//! OCI layouts and archives that skopeo wrote, and reads again.

use super::{
    sample::{APP, BASE, sample},
    text,
};
use crate::support::{Scratch, Sealift, Tool, run};

pub(super) const SKOPEO: Tool = Tool::new("skopeo", "skopeo");

/// A name that is only a tag, as OCI layouts often have.
const BARE_TAG: &str = "latest";

struct Layout {
    /// `oci:DIR` or `oci-archive:FILE`.
    at: String,
    names: &'static [&'static str],
}

#[test]
fn a_layout_keeps_its_manifest_digests() {
    let dir = Scratch::new();
    let saved = sample().archive;
    let layout = Layout { at: format!("oci:{}", text(&dir.join("layout"))), names: &[APP, BARE_TAG] };
    copy(&format!("docker-archive:{}:{APP}", text(&saved)), &format!("{}:{APP}", layout.at), &[]);
    copy(&format!("docker-archive:{}:{BASE}", text(&saved)), &format!("{}:{BARE_TAG}", layout.at), &[]);
    assert_comes_back_the_same(&dir, &layout, "tar+gzip");
}

#[test]
fn an_archive_keeps_its_manifest_digest() {
    let dir = Scratch::new();
    let saved = sample().archive;
    let archive = Layout { at: format!("oci-archive:{}", text(&dir.join("archive.tar"))), names: &[APP] };
    copy(&format!("docker-archive:{}:{APP}", text(&saved)), &format!("{}:{APP}", archive.at), &[]);
    assert_comes_back_the_same(&dir, &archive, "tar+gzip");
}

#[test]
fn a_layout_with_zstd_layers_keeps_its_manifest_digest() {
    let dir = Scratch::new();
    let saved = sample().archive;
    let layout = Layout { at: format!("oci:{}", text(&dir.join("layout"))), names: &[APP] };
    let options = ["--dest-compress-format", "zstd"];
    copy(&format!("docker-archive:{}:{APP}", text(&saved)), &format!("{}:{APP}", layout.at), &options);
    assert_comes_back_the_same(&dir, &layout, "tar+zstd");
}

/// Seals `source` and restores it both as a folder and as an archive; skopeo must find in each, under each
/// name, the very bytes of the manifest, and the config and layers it lists.
#[track_caller]
fn assert_comes_back_the_same(dir: &Scratch, source: &Layout, layer_kind: &str) {
    let sealift = Sealift::new(dir);
    let bundle = dir.join("images.sealift");
    sealift.pack([source.at.as_str()], &bundle, &[]);
    sealift.verify(&bundle);
    for restored in ["oci:restored", "oci-archive:restored.tar"] {
        let (transport, file) = restored.split_once(':').unwrap();
        let restored = format!("{transport}:{}", text(&dir.join(file)));
        sealift.restore(&bundle, &restored, &[]);
        for name in source.names {
            let (before, after) = (format!("{}:{name}", source.at), format!("{restored}:{name}"));
            assert!(manifest(&before).contains(layer_kind), "{}", manifest(&before));
            assert_eq!(manifest(&after), manifest(&before), "{after}");
            assert_eq!(digest(&after), digest(&before), "{after}");
            // skopeo checks the digest of all that it copies.
            let copied = Scratch::new();
            copy(&after, &format!("dir:{}", text(copied.path())), &[]);
        }
    }
}

fn copy(from: &str, to: &str, options: &[&str]) {
    run(SKOPEO.command().args(["copy", "--quiet"]).args(options).args([from, to]));
}

fn manifest(image: &str) -> String {
    run(SKOPEO.command().args(["inspect", "--raw", image]))
}

fn digest(image: &str) -> String {
    run(SKOPEO.command().args(["inspect", "--format", "{{.Digest}}", image]))
}
