//! `TRANSPORT:PATH[:REF]` or a bare path. Names as in containers-transports(5).

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use super::KINDS;
use crate::error::{Code, Error, Fact, Result};

/// Which source, and which image of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    transport: Option<&'static str>,
    path: PathBuf,
    image: Option<String>,
}

/// Transports that have no kind here (yet): named so that the error can say so.
const ENGINES: [&str; 5] = ["docker-daemon", "containers-storage", "containerd", "docker", "podman"];

impl SourceSpec {
    /// A source whose kind is told by its content.
    pub fn path_only(path: impl Into<PathBuf>) -> Self {
        Self { transport: None, path: path.into(), image: None }
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
        if let Some((prefix, rest)) = text.split_once(':') {
            if let Some(kind) = KINDS.iter().find(|kind| kind.transport == prefix) {
                let (path, image) = split_reference(rest);
                if path.is_empty() {
                    return Err(unavailable());
                }
                return Ok(Self {
                    transport: Some(kind.transport),
                    path: path.into(),
                    image: image.map(str::to_owned),
                });
            }
            if ENGINES.contains(&prefix) {
                return Err(unavailable());
            }
        }
        if text.is_empty() {
            return Err(unavailable());
        }
        // A bare word that is no file would be an image of the local engine.
        if !Path::new(text).exists() && !text.contains(['/', '\\']) && !text.contains('.') {
            return Err(unavailable());
        }
        Ok(Self::path_only(text))
    }
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
        for bad in ["", "oci:", "docker-daemon:nginx", "docker://reg/a", "nginx"] {
            assert_eq!(spec(bad).unwrap_err().code(), Code::BadTransport, "{bad}");
        }
    }
}
