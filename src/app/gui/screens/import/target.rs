//! Where images go and what they are called there.

use std::collections::BTreeSet;

use sealift::{DestSpec, Existing, Name, Selection, TagPolicy};

use super::contents::Inside;
use crate::gui::registry::Login;

/// The target as it is being chosen.
#[derive(Debug)]
pub(crate) struct Target {
    /// One of the library's destination transports.
    pub(crate) transport: &'static str,
    /// What was typed; `oci:FOLDER`, as on the command line, chooses the transport too.
    pub(crate) path: String,
    /// What happens to a file that is there, or to a tag that points elsewhere.
    pub(crate) occupied: TagPolicy,
    pub(crate) renames: Vec<Rename>,
    /// How a registry is entered.
    pub(crate) login: Login,
    pub(crate) rule: Rule,
}

/// A rule for many names, while it is typed: `registry.vendor.com/*` becomes `harbor.site.local/vendor/*`.
#[derive(Debug, Default)]
pub(crate) struct Rule {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Names that the last rules changed.
    pub(crate) num_changed: Option<usize>,
}

impl Rule {
    /// As a mapping of one line; a missing `*` is meant.
    pub(crate) fn mapping(&self) -> Vec<(String, String)> {
        let whole = |text: &str| {
            let text = text.trim();
            if text.ends_with('*') { text.to_owned() } else { format!("{}/*", text.trim_end_matches('/')) }
        };
        vec![(whole(&self.from), whole(&self.to))]
    }

    pub(crate) fn is_complete(&self) -> bool {
        !self.from.trim().is_empty() && !self.to.trim().is_empty()
    }
}

/// What a kind of destination asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file or a folder.
    Path,
    /// Nothing: there is one engine.
    None,
    /// A namespace, which may be left out.
    Namespace,
    /// A host, and a prefix for the names there.
    Registry,
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
        Self {
            transport,
            path: String::new(),
            occupied: TagPolicy::Refuse,
            renames: Vec::new(),
            login: Login::default(),
            rule: Rule::default(),
        }
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
    /// Every name that can be changed, of the images from this number on.
    pub(super) fn names(images: &[Inside], first: usize) -> Vec<Rename> {
        let of = |(image, inside): (usize, &Inside)| {
            let same = |name: &String| Rename { image, from: name.clone(), to: name.clone() };
            let untagged = || Rename { image, from: inside.row.target.to_string(), to: String::new() };
            if inside.names.is_empty() { vec![untagged()] } else { inside.names.iter().map(same).collect() }
        };
        images.iter().enumerate().skip(first).flat_map(of).collect()
    }

    /// Chooses a kind; what was said of another kind's place does not fit it.
    pub(super) fn choose(&mut self, transport: &'static str) {
        let before = self.place();
        self.transport = transport;
        if self.place() != before {
            (self.path, self.occupied) = (String::new(), TagPolicy::Refuse);
        }
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
        if self.occupied == TagPolicy::Overwrite { Existing::Replace } else { Existing::Keep }
    }

    /// As the command line writes it.
    pub(super) fn spec(&self) -> sealift::Result<DestSpec> {
        let place = self.path.trim();
        match self.place() {
            Place::None => format!("{}:", self.transport).parse(),
            Place::Registry => {
                let spec = format!("{}://{}", self.transport, place.trim_start_matches('/'));
                Ok(spec.parse::<DestSpec>()?.with_access(self.login.access()))
            }
            Place::Path | Place::Namespace => format!("{}:{place}", self.transport).parse(),
        }
    }

    /// What must be said of the place, beside its kind.
    pub(super) fn place(&self) -> Place {
        match self.transport {
            "docker" => Place::Registry,
            "containerd" => Place::Namespace,
            "docker-daemon" | "containers-storage" => Place::None,
            _ => Place::Path,
        }
    }

    /// Whether what must be said is missing.
    pub(super) fn is_unsaid(&self) -> bool {
        matches!(self.place(), Place::Path | Place::Registry) && self.path.trim().is_empty()
    }

    /// Gives every name what the rules of `mapping` make of it.
    ///
    /// # Errors
    /// `BadReference` for the first that becomes no name; nothing is changed then.
    pub(super) fn map(&mut self, mapping: &[(String, String)]) -> sealift::Result<()> {
        let mapped = |rename: &Rename| {
            rename.from.parse().ok().and_then(|name: Name| sealift::mapped_name(&name, mapping)).transpose()
        };
        let names: Vec<Option<Name>> = self.renames.iter().map(mapped).collect::<sealift::Result<_>>()?;
        self.rule.num_changed = Some(names.iter().flatten().count());
        for (rename, name) in self.renames.iter_mut().zip(names) {
            rename.to = name.map_or_else(|| std::mem::take(&mut rename.to), |name| name.to_string());
        }
        Ok(())
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
            tags: self.occupied,
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
    fn every_kind_of_destination_can_be_said() {
        for transport in sealift::dest_transports() {
            let mut target = Target { transport, ..Target::default() };
            assert_eq!(target.spec().is_err(), target.is_unsaid(), "{transport}");
            "harbor.site.local/vendor".clone_into(&mut target.path);
            assert!(target.spec().is_ok() && !target.is_unsaid(), "{transport}");
        }
        let registry = Target { transport: "docker", path: "//site.local".into(), ..Target::default() };
        assert_eq!(registry.spec().unwrap().to_string(), "docker://site.local");
    }

    #[test]
    fn a_rule_changes_the_names_that_fit() {
        let rename = |name: &str| Rename { image: 0, from: name.into(), to: name.into() };
        let renames = vec![rename("registry.vendor.com/a/b:1"), rename("quay.io/c:1")];
        let mut target = Target { renames, ..Target::default() };
        target.rule.from = "registry.vendor.com".into();
        target.rule.to = "harbor.site.local/vendor/".into();
        target.map(&target.rule.mapping()).unwrap();
        let names: Vec<&str> = target.renames.iter().map(|rename| rename.to.as_str()).collect();
        assert_eq!(names, ["harbor.site.local/vendor/a/b:1", "quay.io/c:1"]);
        assert_eq!(target.rule.num_changed, Some(1));
        assert!(target.map(&[("quay.io/*".into(), "Not A Name/*".into())]).is_err());
        assert_eq!(target.renames[1].to, "quay.io/c:1");
    }

    #[test]
    fn a_name_is_checked_as_it_is_typed() {
        let rename = |to: &str| Rename { image: 0, from: "docker.io/library/a:1".into(), to: to.into() };
        assert!(rename("Not a name").is_bad());
        assert!(!rename("registry.local/a:2").is_bad() && !rename("").is_bad());
    }
}
