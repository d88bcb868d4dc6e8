//! An image as the table shows it.

use sealift::{Class, ClassRules, Digest, Fact, Image};

/// Where a row came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// An engine, by its transport.
    Engine(&'static str),
    /// A file or a registry, by its place among the sources that were added.
    Source(usize),
}

/// Places that the list can be narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Engine(&'static str),
    Files,
    Registry,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) origin: Origin,
    /// Digest of the manifest or index.
    pub(crate) target: Digest,
    /// The last part of the name.
    pub(crate) title: String,
    /// Full name and the number of further ones, platform, day it was built.
    pub(crate) subtitle: String,
    /// What a search looks through, in lower case.
    pub(crate) haystack: String,
    pub(crate) platforms: Vec<String>,
    pub(crate) size_bytes: u64,
    /// Layers with their bytes, base first.
    pub(crate) layers: Vec<(Digest, u64)>,
    /// Every blob with its bytes.
    pub(crate) blobs: Vec<(Digest, u64)>,
    pub(crate) label: ClassLabel,
}

/// What an image's label says of its sensitivity class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClassLabel {
    #[default]
    Unset,
    Class(Class),
    /// Something that is no class.
    Other(String),
}

impl ClassLabel {
    fn of(image: &Image) -> Self {
        match ClassRules::default().class_of(image) {
            Ok(class) => class.map_or(Self::Unset, Self::Class),
            Err(error) => {
                let found = error.context().into_iter().find(|(fact, _)| *fact == Fact::Found);
                Self::Other(found.map(|(_, value)| value.to_owned()).unwrap_or_default())
            }
        }
    }
}

impl Row {
    /// Whether it is no image, but belongs to one: a signature, say.
    pub(crate) fn is_artifact(&self) -> bool {
        self.platforms.is_empty()
    }

    pub(crate) fn of(image: &Image) -> Self {
        let name = image.title();
        let mut parts = vec![match image.names.len() {
            0 | 1 => name.clone(),
            num => format!("{name} (+{})", num - 1),
        }];
        let platforms: Vec<String> = image.platforms().map(ToString::to_string).collect();
        parts.extend((!platforms.is_empty()).then(|| platforms.join(", ")));
        let created = image.manifests.iter().find_map(|manifest| manifest.created.as_deref());
        parts.extend(created.and_then(|time| time.get(..10)).map(str::to_owned));
        let subtitle = parts.join("  ·  ");
        let names: Vec<&str> = image.names.iter().map(sealift::Name::as_str).collect();
        let layers = image.manifests.iter().flat_map(|manifest| &manifest.layers);
        Self {
            origin: Origin::Source(0),
            target: image.target.digest,
            title: short(&name).to_owned(),
            subtitle,
            haystack: format!("{} {}", names.join(" "), image.target.digest).to_lowercase(),
            platforms,
            size_bytes: image.size_bytes(),
            layers: layers.map(|layer| (layer.blob.digest, layer.blob.size)).collect(),
            blobs: image.blobs().values().map(|blob| (blob.digest, blob.size)).collect(),
            label: ClassLabel::of(image),
        }
    }
}

/// `nginx` of `docker.io/library/nginx:1.29`.
fn short(name: &str) -> &str {
    if name.starts_with("sha256:") {
        return name;
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(['@', ':']).next().unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_last_part_of_the_name() {
        for (name, title) in [
            ("docker.io/library/nginx:1.29", "nginx"),
            ("registry.local:5000/a/b@sha256:00", "b"),
            ("latest", "latest"),
            ("sha256:9f2c41aa07be", "sha256:9f2c41aa07be"),
        ] {
            assert_eq!(short(name), title);
        }
    }
}
