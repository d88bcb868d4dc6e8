//! `TRANSPORT:PATH[:REF]` or a bare path. Names as in containers-transports(5).

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{Kind, Open, kind_of};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    net::RegistryAccess,
    oci::Name,
};

/// Which source, and which image of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    transport: Option<&'static str>,
    path: PathBuf,
    image: Option<String>,
    /// Targets of the images asked for; none for all.
    targets: Option<BTreeSet<Digest>>,
    access: RegistryAccess,
}

impl SourceSpec {
    /// A source whose kind is told by its content.
    pub fn path_only(path: impl Into<PathBuf>) -> Self {
        Self {
            transport: None,
            path: path.into(),
            image: None,
            targets: None,
            access: RegistryAccess::default(),
        }
    }

    /// All images of an engine, by its transport.
    ///
    /// # Errors
    /// [`Code::BadTransport`] for a transport of files.
    pub fn engine(transport: &str) -> Result<Self> {
        match kind_of(transport) {
            Some(Kind { transport, open: Open::Reference(_) }) => Ok(Self::reference(transport, "")),
            _ => Err(Error::new(Code::BadTransport).with(Fact::Found, transport)),
        }
    }

    /// An image of an engine or a registry; all of them where `text` is empty.
    fn reference(transport: &'static str, text: &str) -> Self {
        let image = (!text.is_empty()).then(|| text.to_owned());
        Self { transport: Some(transport), image, ..Self::path_only("") }
    }

    /// Whether it is a reference to an engine or a registry, and no file.
    pub(crate) fn is_reference(&self) -> bool {
        let kind = self.transport.and_then(kind_of);
        kind.is_some_and(|kind| !matches!(kind.open, Open::File(_)))
    }

    /// How a registry is to be entered; other sources have no use for it.
    #[must_use]
    pub fn with_access(self, access: RegistryAccess) -> Self {
        Self { access, ..self }
    }

    /// Only the images with these targets, of those that were listed.
    #[must_use]
    pub fn only(self, targets: BTreeSet<Digest>) -> Self {
        Self { targets: Some(targets), ..self }
    }

    /// Whether an image with this target is asked for.
    pub(crate) fn wants(&self, target: &Digest) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.contains(target))
    }

    pub(super) fn access(&self) -> &RegistryAccess {
        &self.access
    }

    /// The transport, unless it is to be told by content.
    pub fn transport(&self) -> Option<&'static str> {
        self.transport
    }

    /// File or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The image asked for; `None` for all.
    pub fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }
}

impl FromStr for SourceSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unavailable = || Error::new(Code::BadTransport).with(Fact::Found, text);
        if let Some((prefix, rest)) = text.split_once(':')
            && let Some(Kind { transport, open }) = kind_of(prefix)
        {
            return match open {
                Open::Reference(_) => Ok(Self::reference(transport, rest)),
                Open::Registry(_) => match rest.strip_prefix("//") {
                    Some(name) if is_host(name.trim_end_matches('/')) => {
                        Err(Error::new(Code::NoRepository).with(Fact::Found, text))
                    }
                    Some(name) if !name.is_empty() => Ok(Self::reference(transport, name)),
                    _ => Err(unavailable()),
                },
                Open::File(_) => match split_reference(rest) {
                    ("", _) => Err(unavailable()),
                    (path, image) => Ok(Self {
                        transport: Some(transport),
                        image: image.map(str::to_owned),
                        ..Self::path_only(path)
                    }),
                },
            };
        }
        if text.is_empty() {
            return Err(unavailable());
        }
        // Any other bare word is an image of the local engine.
        if !Path::new(text).exists() && !looks_like_path(text) && Name::qualified(text).is_ok() {
            return Ok(Self::reference("docker-daemon", text));
        }
        Ok(Self::path_only(text))
    }
}

/// Whether `name` is the address of a registry alone. Read as Docker does, it would be an image of Docker Hub, and this machine
/// would ask a registry that nobody named.
fn is_host(name: &str) -> bool {
    let (host, tag) = name.split_once([':', '@']).unwrap_or((name, ""));
    // Docker Hub's images have tags such as 7 and 2023, and registries are found at 443 and 5000.
    let is_port = tag.parse::<u16>().is_ok_and(|port| matches!(port, 80 | 443 | 3000..));
    !name.contains('/') && (host.contains('.') || host == "localhost" || host.starts_with('[') || is_port)
}

/// Whether a missing `text` was rather meant as a file than as an image.
fn looks_like_path(text: &str) -> bool {
    let file = text.rsplit('/').next().unwrap_or_default();
    let is_archive =
        [".tar", ".tgz", ".gz", ".zst", ".xz", ".zip", ".sealift"].iter().any(|end| file.ends_with(end));
    text.starts_with(['.', '/', '~', '\\']) || text.contains('\\') || is_archive
}

/// Splits `PATH[:REF]` at the first colon that no file name explains: a path that exists as a whole is a
/// path, and a drive letter is no reference.
fn split_reference(text: &str) -> (&str, Option<&str>) {
    if Path::new(text).exists() {
        return (text, None);
    }
    let drive = usize::from(cfg!(windows) && text.as_bytes().get(1) == Some(&b':')) * 2;
    match text[drive..].find(':') {
        Some(colon) => (&text[..drive + colon], Some(&text[drive + colon + 1..])),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_paths_and_references_are_told_apart() {
        let spec = |text: &str| text.parse::<SourceSpec>();
        let oci = spec("oci:some/dir:registry.local:5000/a:1").unwrap();
        assert_eq!(
            (oci.transport(), oci.path(), oci.image()),
            (Some("oci"), Path::new("some/dir"), Some("registry.local:5000/a:1"))
        );
        let archive = spec("docker-archive:/tmp/a.tar").unwrap();
        assert_eq!((archive.transport(), archive.image()), (Some("docker-archive"), None));
        assert_eq!(spec("./a.tar").unwrap(), SourceSpec::path_only("./a.tar"));
        for (text, image) in [
            ("docker-daemon:nginx", Some("nginx")),
            ("docker-daemon:", None),
            ("nginx:1.22", Some("nginx:1.22")),
        ] {
            let engine = spec(text).unwrap();
            assert_eq!((engine.transport(), engine.image()), (Some("docker-daemon"), image), "{text}");
        }
        assert_eq!(spec("gone.tar").unwrap(), SourceSpec::path_only("gone.tar"));
        for hub in ["docker://nginx", "docker://nginx:1.22", "docker://redis:7", "docker://amazonlinux:2023"]
        {
            assert!(spec(hub).is_ok(), "{hub}");
        }
        for host in [
            "127.0.0.1:5101",
            "harbor.site.invalid",
            "localhost",
            "localhost:5000/",
            "harbor:5000",
            "[::1]:5000",
            "a.b@sha256:00",
        ] {
            let error = spec(&format!("docker://{host}")).unwrap_err();
            assert_eq!(error.code(), Code::NoRepository, "{host}");
        }
        for bad in ["", "oci:"] {
            assert_eq!(spec(bad).unwrap_err().code(), Code::BadTransport, "{bad}");
        }
    }
}
