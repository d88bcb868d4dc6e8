//! Names of images, always fully qualified: engines complete short names differently.

use std::{collections::BTreeSet, fmt, str::FromStr};

use oci_spec::distribution::{ParseError, Reference};
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
};

/// OCI's annotation for a name within a layout; often only a tag.
pub(crate) const ANNOTATION_REF_NAME: &str = "org.opencontainers.image.ref.name";
/// containerd's annotation for the full name.
pub(crate) const ANNOTATION_CONTAINERD_NAME: &str = "io.containerd.image.name";

/// The hosts of Docker's registry; the first is the one that names are completed with.
const DOCKER_HOSTS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/// What Docker completes a repository of one component with.
const DOCKER_LIBRARY: &str = "library/";
/// Ports that need not be written: of HTTPS, and of plain HTTP where a registry has that.
const DEFAULT_PORTS: [u16; 2] = [443, 80];

/// Longest name, completed. docs/bundle-format.md §4.2.
const MAX_NAME_BYTES: usize = 512;

/// A fully qualified reference such as `docker.io/library/nginx:1.22`, or a bare word such as `latest` where
/// that is all an OCI layout says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Name(String);

impl Name {
    /// A name as engines and users write it, completed to `REGISTRY/REPOSITORY:TAG`.
    ///
    /// # Errors
    /// [`Code::BadReference`].
    pub fn qualified(text: &str) -> Result<Self> {
        let bad = |id| {
            let limit = [("bytes", MAX_NAME_BYTES.to_string())];
            Error::new(Code::BadReference).with(Fact::Found, text).worded(Fact::Detail, id, &limit)
        };
        // The grammar allows 255 bytes of name, 128 of tag and a digest; no regex runs on more.
        if text.len() > MAX_NAME_BYTES {
            return Err(bad("detail-longer-than"));
        }
        // Elsewhere `\w` is ASCII only; the parser's is not.
        if !text.is_ascii() {
            return Err(bad("detail-not-ascii"));
        }
        let reference: Reference = text.parse().map_err(|e| match e {
            ParseError::NameContainsUppercase => bad("detail-name-uppercase"),
            _ => bad("detail-name-form"),
        })?;
        // A host that is no DNS name passes as a component of a path.
        if reference.registry().contains('_') {
            return Err(bad("detail-host-underscore"));
        }
        let whole = reference.whole();
        // `Upper/b` passes as a host and a path, is then taken for a path of docker.io, and there has no capitals:
        // what is no name in full is no name.
        let again: Option<Reference> = whole.parse().ok();
        if whole.len() > MAX_NAME_BYTES || again.is_none_or(|again| again.whole() != whole) {
            return Err(bad("detail-name-form"));
        }
        Ok(Self(whole))
    }

    /// A name from an OCI layout's `ref.name`: a reference if it looks like one, else a bare word.
    ///
    /// # Errors
    /// [`Code::BadReference`].
    pub fn from_ref_name(text: &str) -> Result<Self> {
        if text.contains(['/', ':']) {
            return Self::qualified(text);
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
        if text.is_empty() || text.len() > 128 || !text.chars().all(is_word) {
            return Err(Error::new(Code::BadReference).with(Fact::Found, text));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a repository, not just a tag.
    pub fn is_qualified(&self) -> bool {
        self.0.contains('/')
    }

    /// The part behind the last colon of a qualified name, or the bare word.
    pub fn tag(&self) -> &str {
        let last = self.0.rsplit('/').next().unwrap_or_default();
        let last = last.split('@').next().unwrap_or_default();
        last.split_once(':').map_or(if self.is_qualified() { "" } else { last }, |(_, tag)| tag)
    }

    /// What stands before the tag of a qualified name, and the tag.
    pub(crate) fn repository_and_tag(&self) -> (&str, &str) {
        let whole = self.0.split('@').next().unwrap_or_default();
        let tag = self.tag();
        let repository = whole.strip_suffix(tag).unwrap_or(whole);
        if tag.is_empty() { (whole, tag) } else { (repository.trim_end_matches(':'), tag) }
    }

    /// `HOST[:PORT]`, repository, and what stands behind: a tag or a digest. `None` for a bare word.
    pub(crate) fn parts(&self) -> Option<(&str, &str, &str)> {
        let (whole, digest) =
            self.0.split_once('@').map_or((self.as_str(), None), |(name, digest)| (name, Some(digest)));
        let (host, rest) = whole.split_once('/')?;
        let (repository, tag) = rest.split_once(':').unwrap_or((rest, ""));
        Some((host, repository, digest.unwrap_or(tag)))
    }

    /// Whether it names content by its digest, which no engine takes for a tag.
    pub(crate) fn has_digest(&self) -> bool {
        self.0.contains('@')
    }

    /// The manifest that this is the tag of an artifact of: `sha256-HEX`, and what cosign puts after it. distribution-spec,
    /// "Referrers Tag Schema".
    pub(crate) fn subject(&self) -> Option<Digest> {
        let rest = self.tag().strip_prefix("sha256-")?;
        let hex = rest.split('.').next().unwrap_or_default();
        format!("sha256:{hex}").parse().ok()
    }

    /// The ways to write this name that lead to the same image, and its repository alone, which stands for all tags: a host
    /// has a default port, Docker's registry has several hosts, and Docker leaves out what it completes. In lower case, as
    /// hosts have none.
    pub(crate) fn spellings(&self) -> Vec<String> {
        let whole = self.0.to_ascii_lowercase();
        let Some((place, rest)) = whole.split_once('/') else { return vec![whole] };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (place, None),
        };
        let is_default = |port: &u16| DEFAULT_PORTS.contains(port);
        let (hosts, ports) = match port {
            Some(port) if !is_default(&port) => (vec![host], vec![format!(":{port}")]),
            None if place != host => (vec![place], vec![String::new()]),
            _ => {
                let hosts = if DOCKER_HOSTS.contains(&host) { DOCKER_HOSTS.to_vec() } else { vec![host] };
                let ports = DEFAULT_PORTS.iter().map(|port| format!(":{port}"));
                (hosts, ports.chain([String::new()]).collect())
            }
        };
        let is_docker = hosts.len() > 1;
        let mut places: Vec<String> =
            hosts.iter().flat_map(|host| ports.iter().map(move |port| format!("{host}{port}/"))).collect();
        places.extend(is_docker.then(String::new));
        let mut repositories = vec![rest.to_owned()];
        if is_docker {
            let library = rest.strip_prefix(DOCKER_LIBRARY).map(str::to_owned);
            repositories
                .extend(library.or_else(|| (!rest.contains('/')).then(|| format!("{DOCKER_LIBRARY}{rest}"))));
        }
        let ends = |rest: &String| {
            let alone = rest.split(['@', ':']).next().unwrap_or_default().to_owned();
            let untagged = rest.split('@').next().unwrap_or_default().to_owned();
            [rest.clone(), untagged, alone]
        };
        let repositories: BTreeSet<String> = repositories.iter().flat_map(ends).collect();
        let spelled =
            places.iter().flat_map(|place| repositories.iter().map(move |rest| format!("{place}{rest}")));
        spelled.chain([whole.clone()]).collect()
    }

    /// Whether a user who typed `text` meant this name: in full, in Docker's short form, or a bare word.
    pub fn is_meant_by(&self, text: &str) -> bool {
        self.0 == text || Self::qualified(text).is_ok_and(|name| name == *self)
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_ref_name(text)
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::from_ref_name(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_docker_does() {
        for (given, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("corpus/base:12", "docker.io/corpus/base:12"),
            ("localhost/a:1", "localhost/a:1"),
            ("registry.local:5000/a/b", "registry.local:5000/a/b:latest"),
            ("quay.io/a/b:1.0", "quay.io/a/b:1.0"),
        ] {
            let name = Name::qualified(given).unwrap();
            assert_eq!(name.as_str(), full);
            assert!(name.is_meant_by(given) && name.is_meant_by(full));
        }
        for bad in [
            "",
            "A:1",
            "rEggis/b",
            "a b",
            "../etc",
            "a:\u{202e}1",
            "a:é",
            "a:١",
            "a_b.c/d",
            "-x/",
            &"a".repeat(600),
        ] {
            assert_eq!(Name::qualified(bad).unwrap_err().code(), Code::BadReference, "{bad}");
        }
    }

    #[test]
    fn every_spelling_of_a_name_is_one_of_all_others() {
        for (all, other) in [
            (&["r.cn/a:1", "R.cn/a:1", "r.cn:443/a:1", "r.CN:0443/a:1", "r.cn:80/a:1"][..], "r.cn:5000/a:1"),
            (&["r.cn:5000/a/b:V1", "R.cn:05000/a/b:V1"], "r.cn/a/b:V1"),
            (
                &[
                    "nginx:1",
                    "docker.io/library/nginx:1",
                    "index.docker.io/nginx:1",
                    "registry-1.docker.io:443/nginx:1",
                ],
                "r.cn/library/nginx:1",
            ),
            (&["docker.io/a/b", "Registry-1.Docker.io/a/b"], "quay.io/a/b"),
        ] {
            let spelled = |text: &str| Name::qualified(text).unwrap().spellings();
            for one in all {
                for another in all {
                    let full = Name::qualified(another).unwrap().to_string().to_lowercase();
                    let full = full.replace(":0", ":");
                    assert!(spelled(one).contains(&full), "{one}, {another}: {:?}", spelled(one));
                }
                let other = Name::qualified(other).unwrap().to_string();
                assert!(!spelled(one).contains(&other.to_lowercase()), "{one}, {other}");
            }
        }
        let spelled = Name::qualified("nginx").unwrap().spellings();
        assert!(
            ["nginx", "nginx:latest", "library/nginx"]
                .iter()
                .all(|short| spelled.iter().any(|one| one == short))
        );
        assert_eq!(Name::from_ref_name("latest").unwrap().spellings(), ["latest"]);
    }

    #[test]
    fn the_tag_of_an_artifact_names_its_subject() {
        let subject = |tag: &str| Name::qualified(&format!("r.cn/a:{tag}")).unwrap().subject();
        let digest = Digest::of(b"x");
        let hex = digest.hex();
        for tag in ["", ".sig", ".att", ".sbom"] {
            assert_eq!(subject(&format!("sha256-{hex}{tag}")), Some(digest));
        }
        for tag in [format!("sha256-{hex}x"), format!("sha256-{}", &hex[1..]), format!("x-{hex}"), "1".into()]
        {
            assert_eq!(subject(&tag), None, "{tag}");
        }
    }

    #[test]
    fn a_layouts_bare_tag_stays_bare() {
        let name = Name::from_ref_name("latest").unwrap();
        assert!(!name.is_qualified() && name.is_meant_by("latest") && name.tag() == "latest");
        assert_eq!(Name::from_ref_name("nginx:1").unwrap().as_str(), "docker.io/library/nginx:1");
        assert_eq!(Name::from_ref_name("nginx:1").unwrap().tag(), "1");
        assert!(Name::from_ref_name("a b").is_err());
    }
}
