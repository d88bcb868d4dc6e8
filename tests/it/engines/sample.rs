//! Images that a Docker engine builds and saves, with what real archives are known for: shared layers, an
//! empty layer that stands twice in one image, several names for one image, a short name, and no name.

use std::{collections::BTreeSet, path::PathBuf};

use super::{base_image::base_root, docker_engine::Docker, text};
use crate::support::Scratch;

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
    pub(super) fn names_by_id(&self) -> Vec<(String, BTreeSet<String>)> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut all = vec![
            (self.base_id.clone(), set(&[BASE])),
            (self.app_id.clone(), set(&[APP, APP_STABLE, APP_SHORT_IN_FULL])),
            (self.untagged_id.clone(), set(&[])),
        ];
        all.sort();
        all
    }
}

/// Builds the images with an engine of their own and saves them to `dir`.
pub(super) fn sample(dir: &Scratch) -> Sample {
    build_and_save(&Docker::start(), dir)
}

/// Builds the images with `docker` and saves them to `dir`.
pub(super) fn build_and_save(docker: &Docker, dir: &Scratch) -> Sample {
    docker.run(["import", text(&base_root()), BASE]);
    build(docker, APP_DOCKERFILE, &["--tag", APP, "--tag", APP_STABLE, "--tag", APP_SHORT]);
    let untagged_id = build(docker, UNTAGGED_DOCKERFILE, &[]);
    let archive = dir.join("saved.tar");
    docker.run(["save", "--output", text(&archive), BASE, APP, APP_STABLE, APP_SHORT, &untagged_id]);
    let id = |name| docker.run(["image", "inspect", "--format", "{{.Id}}", name]).trim().to_owned();
    Sample { archive, base_id: id(BASE), app_id: id(APP), untagged_id }
}

/// Gives the ID of the image.
fn build(docker: &Docker, dockerfile: &str, options: &[&str]) -> String {
    let context = Scratch::new();
    context.write("Dockerfile", dockerfile);
    context.write("greeting", "first layer\n");
    let args = ["build", "--quiet", "--network", "none"].iter().chain(options).copied();
    docker.run(args.chain([text(context.path())])).trim().to_owned()
}
