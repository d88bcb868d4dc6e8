//! Images that a Docker engine builds and saves, with what real archives are known for: shared layers, an
//! empty layer that stands twice in one image, several names for one image, a short name, and no name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{base_image::base_root, docker_engine::Docker, text};
use crate::support::{Scratch, cached};

/// A Debian of one layer.
pub(super) const BASE: &str = "registry.local/base:12";
/// Built on it.
pub(super) const APP: &str = "registry.local/team/app:1.4";
/// The same image.
pub(super) const APP_STABLE: &str = "registry.local/team/app:stable";
/// The same image, under a name that Docker completes.
pub(super) const APP_SHORT: &str = "app:1.4";
/// That name in full.
pub(super) const APP_SHORT_IN_FULL: &str = "docker.io/library/app:1.4";

/// What a container of [`APP`] prints.
pub(super) const APP_SAYS: &str = "first layer\nFIRST LAYER\n";
/// What a container of the untagged image, built on [`APP`], prints.
pub(super) const UNTAGGED_SAYS: &str = "untagged\n";
/// Asks a container of [`BASE`] which Debian it is.
pub(super) const BASE_QUESTION: [&str; 3] = ["sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"];
/// The answer.
pub(super) const BASE_SAYS: &str = "bookworm\n";

const APP_DOCKERFILE: &str = r#"FROM registry.local/base:12
COPY greeting /srv/greeting
RUN tr a-z A-Z < /srv/greeting > /srv/shout
RUN ["true"]
RUN ["true"]
CMD ["cat", "/srv/greeting", "/srv/shout"]
"#;

const UNTAGGED_DOCKERFILE: &str = r#"FROM registry.local/team/app:1.4
RUN echo untagged > /srv/greeting
CMD ["cat", "/srv/greeting"]
"#;

/// The images as their engine saved them.
pub(super) struct Sample {
    pub(super) archive: PathBuf,
    pub(super) base_id: String,
    pub(super) app_id: String,
    /// Saved by its ID, so no name goes along.
    pub(super) untagged_id: String,
}

impl Sample {
    /// Every image and its names, fully qualified.
    pub(super) fn names_by_id(&self) -> BTreeMap<String, BTreeSet<String>> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        BTreeMap::from([
            (self.base_id.clone(), set(&[BASE])),
            (self.app_id.clone(), set(&[APP, APP_STABLE, APP_SHORT_IN_FULL])),
            (self.untagged_id.clone(), set(&[])),
        ])
    }
}

/// The images, saved by an engine of their own in this run or an earlier one.
pub(super) fn sample() -> Sample {
    let mut recipe = DefaultHasher::new();
    (Docker::version(), APP_DOCKERFILE, UNTAGGED_DOCKERFILE).hash(&mut recipe);
    let name = format!("saved-{:016x}.tar", recipe.finish());
    let archive = cached(&name, |archive| _ = build_and_save(&Docker::start(), archive));
    from_archive(archive)
}

/// Builds the images with `docker` and saves them to `archive`.
pub(super) fn build_and_save(docker: &Docker, archive: &Path) -> Sample {
    docker.run(["import", text(&base_root()), BASE]);
    build(docker, APP_DOCKERFILE, &["--tag", APP, "--tag", APP_STABLE, "--tag", APP_SHORT]);
    let untagged_id = build(docker, UNTAGGED_DOCKERFILE, &[]);
    docker.run(["save", "--output", text(archive), BASE, APP, APP_STABLE, APP_SHORT, &untagged_id]);
    from_archive(archive.to_owned())
}

/// Gives the ID of the image.
fn build(docker: &Docker, dockerfile: &str, options: &[&str]) -> String {
    let context = Scratch::new();
    context.write("Dockerfile", dockerfile);
    context.write("greeting", "first layer\n");
    let args = ["build", "--quiet", "--network", "none"].iter().chain(options).copied();
    docker.run(args.chain([text(context.path())])).trim().to_owned()
}

/// Reads the IDs from the archive's `manifest.json`, where the config's file is named by its digest.
fn from_archive(archive: PathBuf) -> Sample {
    let manifest = manifest(&archive);
    let id = |name: Option<&str>| {
        let is_it = |item: &&Value| match (name, item["RepoTags"].as_array()) {
            (Some(name), Some(tags)) => tags.iter().any(|tag| tag == name),
            (name, tags) => name.is_none() && tags.is_none(),
        };
        let item = manifest.as_array().unwrap().iter().find(is_it).unwrap();
        let file = item["Config"].as_str().unwrap().rsplit('/').next().unwrap();
        format!("sha256:{}", file.trim_end_matches(".json"))
    };
    Sample { base_id: id(Some(BASE)), app_id: id(Some(APP)), untagged_id: id(None), archive }
}

fn manifest(archive: &Path) -> Value {
    let mut archive = tar::Archive::new(File::open(archive).unwrap());
    let mut entries = archive.entries_with_seek().unwrap().map(Result::unwrap);
    let manifest = entries.find(|entry| &*entry.path_bytes() == b"manifest.json").unwrap();
    serde_json::from_reader(manifest).unwrap()
}
