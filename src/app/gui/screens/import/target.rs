//! Where images go and what they are called there.

use std::collections::BTreeSet;

use sealift::{DestSpec, Existing, Name, Selection};

use super::contents::Inside;

/// The target as it is being chosen.
#[derive(Debug)]
pub(crate) struct Target {
    /// One of the library's destination transports.
    pub(crate) transport: &'static str,
    /// What was typed; `oci:FOLDER`, as on the command line, chooses the transport too.
    pub(crate) path: String,
    /// Whether what is there may be replaced.
    pub(crate) may_replace: bool,
    pub(crate) renames: Vec<Rename>,
}

/// A name in the bundle, and what it becomes.
#[derive(Clone, Debug)]
pub(crate) struct Rename {
    /// Number of the image.
    pub(crate) image: usize,
    /// The name, or the digest of an untagged image.
    pub(crate) from: String,
    /// The new name; the old one where nothing was changed.
    pub(crate) to: String,
}

impl Default for Target {
    fn default() -> Self {
        let transport = sealift::dest_transports().first().copied().unwrap_or_default();
        Self { transport, path: String::new(), may_replace: false, renames: Vec::new() }
    }
}

impl Rename {
    fn is_changed(&self) -> bool {
        !self.to.trim().is_empty() && self.to != self.from
    }

    /// Whether the new name is none.
    pub(crate) fn is_bad(&self) -> bool {
        self.is_changed() && Name::qualified(self.to.trim()).is_err()
    }
}

impl Target {
    /// Every name that can be changed.
    pub(super) fn names(images: &[Inside]) -> Vec<Rename> {
        let of = |(image, inside): (usize, &Inside)| {
            let same = |name: &String| Rename { image, from: name.clone(), to: name.clone() };
            let untagged = || Rename { image, from: inside.row.target.to_string(), to: String::new() };
            if inside.names.is_empty() { vec![untagged()] } else { inside.names.iter().map(same).collect() }
        };
        images.iter().enumerate().flat_map(of).collect()
    }

    /// Takes a typed path; a transport in front of it is chosen.
    pub(super) fn set_path(&mut self, path: String) {
        let spec = path.trim().split_once(':');
        let transports = sealift::dest_transports();
        let named =
            spec.and_then(|(name, rest)| Some((transports.into_iter().find(|known| *known == name)?, rest)));
        match named {
            Some((transport, rest)) => (self.transport, self.path) = (transport, rest.to_owned()),
            None => self.path = path,
        }
    }

    pub(super) fn existing(&self) -> Existing {
        if self.may_replace { Existing::Replace } else { Existing::Keep }
    }

    /// As the command line writes it.
    pub(super) fn spec(&self) -> sealift::Result<DestSpec> {
        format!("{}:{}", self.transport, self.path.trim()).parse()
    }

    /// What the library is asked to restore.
    pub(super) fn selection(&self, images: &[Inside], selected: &BTreeSet<usize>) -> Selection {
        let chosen = |rename: &&Rename| selected.contains(&rename.image) && rename.is_changed();
        Selection {
            images: selected.iter().map(|number| images[*number].row.target.to_string()).collect(),
            renames: self
                .renames
                .iter()
                .filter(chosen)
                .map(|rename| (rename.from.clone(), rename.to.trim().to_owned()))
                .collect(),
            ..Selection::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_in_front_of_a_path_is_chosen() {
        let mut target = Target::default();
        for (typed, transport, path) in [
            ("/srv/a.tar", "docker-archive", "/srv/a.tar"),
            ("oci:/srv/out", "oci", "/srv/out"),
            ("/srv/a:b.tar", "oci", "/srv/a:b.tar"),
        ] {
            target.set_path(typed.to_owned());
            assert_eq!((target.transport, target.path.as_str()), (transport, path));
        }
    }

    #[test]
    fn a_name_is_checked_as_it_is_typed() {
        let rename = |to: &str| Rename { image: 0, from: "docker.io/library/a:1".into(), to: to.into() };
        assert!(rename("Not a name").is_bad());
        assert!(!rename("registry.local/a:2").is_bad() && !rename("").is_bad());
    }
}
