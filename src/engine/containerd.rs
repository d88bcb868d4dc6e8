//! containerd, through `ctr`, which every distribution of it brings along.

use std::{collections::BTreeSet, io::Read, path::Path};

use super::{Engine, EngineFacts, EngineImage, Load, engine_error, host::text, program::Program};
use crate::{
    digest::Digest,
    error::{Code, Error, Result},
    job::Ctx,
    oci::{Name, Platform},
};

/// Where Kubernetes' images live; other namespaces are not seen by it.
const KUBERNETES: &str = "k8s.io";
/// What containerd calls images that have no name.
const UNTAGGED: &str = "untagged";
/// How an archive is read, with everything that is in it.
const IMPORT: [&str; 7] =
    ["images", "import", "--all-platforms", "--digests", "--skip-digest-for-named", "--base-name", UNTAGGED];
/// Sockets, by who serves them: the first that is there is used, unless `CONTAINERD_ADDRESS` names one.
const SOCKETS: [&str; 3] = [
    "/run/containerd/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
];

/// A namespace of a containerd.
pub(crate) struct Containerd {
    program: Program,
    namespace: String,
}

/// A line of `ctr images list`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) reference: String,
    pub(crate) media_type: String,
    pub(crate) target: Digest,
}

impl Containerd {
    /// Reaches a namespace; one that is not there yet comes into being with its first image.
    pub(crate) fn reach(ctx: &Ctx, namespace: &str) -> Result<Self> {
        let (program, known) = connect(ctx)?;
        Ok(Self::within(
            program,
            if namespace.is_empty() { default_namespace(&known) } else { namespace.to_owned() },
        ))
    }

    /// Reaches the namespace of `[NAMESPACE/]REFERENCE`, and gives the reference. What stands before the first
    /// slash is a namespace where there is one of that name, else a part of the reference.
    pub(crate) fn reach_reference<'a>(ctx: &Ctx, text: &'a str) -> Result<(Self, &'a str)> {
        let (program, known) = connect(ctx)?;
        let (first, rest) = text.split_once('/').unwrap_or((text, ""));
        let (namespace, reference) = if known.iter().any(|namespace| namespace == first) {
            (first.to_owned(), rest)
        } else {
            (default_namespace(&known), text)
        };
        Ok((Self::within(program, namespace), reference))
    }

    fn within(program: Program, namespace: String) -> Self {
        Self { program: program.with(&["--namespace", &namespace]), namespace }
    }

    /// What `ctr images list` shows.
    pub(crate) fn records(&self, ctx: &Ctx) -> Result<Vec<Record>> {
        let table = self.program.output(ctx, &["images", "list"])?;
        Ok(records(&String::from_utf8_lossy(&table)))
    }

    /// Digests of all content.
    pub(crate) fn content(&self, ctx: &Ctx) -> Result<BTreeSet<Digest>> {
        let listed = self.program.output(ctx, &["content", "list", "--quiet"])?;
        Ok(lines(&listed).iter().filter_map(|line| line.parse().ok()).collect())
    }

    /// One blob, as it comes.
    pub(crate) fn blob(&self, ctx: &Ctx, digest: &Digest) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.program.read(ctx, &["content", "get", &digest.to_string()])?))
    }
}

/// The program, and the namespaces of the engine that answers it.
fn connect(ctx: &Ctx) -> Result<(Program, Vec<String>)> {
    let address = address();
    let place = format!("containerd ({address})");
    let program = Program::find("ctr", &place).or_else(|e| {
        // k3s is one file that is many programs.
        Program::find("k3s", &place).map(|k3s| k3s.with(&["ctr"])).map_err(|_| e)
    })?;
    let socket = Path::new(address.trim_start_matches("unix://"));
    let program = program.with(&["--address", &address, "--connect-timeout", "5s"]).served_at(socket);
    let known = lines(&program.output(ctx, &["namespaces", "list", "--quiet"])?);
    Ok((program, known))
}

fn address() -> String {
    let named = text("CONTAINERD_ADDRESS");
    let found = || SOCKETS.into_iter().find(|socket| Path::new(socket).exists()).unwrap_or(SOCKETS[0]);
    named.unwrap_or_else(|| found().to_owned())
}

/// `CONTAINERD_NAMESPACE`, else Kubernetes' where there is a kubelet, else containerd's own default.
fn default_namespace(known: &[String]) -> String {
    let named = text("CONTAINERD_NAMESPACE");
    let has_kubelet =
        known.iter().any(|namespace| namespace == KUBERNETES) || Path::new("/var/lib/kubelet").is_dir();
    named.unwrap_or_else(|| if has_kubelet { KUBERNETES.into() } else { "default".into() })
}

fn lines(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// The rows of `REF TYPE DIGEST SIZE PLATFORMS LABELS`.
fn records(table: &str) -> Vec<Record> {
    let row = |line: &str| {
        let mut columns = line.split_whitespace();
        let (reference, media_type, digest) = (columns.next()?, columns.next()?, columns.next()?);
        let (reference, media_type) = (reference.to_owned(), media_type.to_owned());
        Some(Record { reference, media_type, target: digest.parse().ok()? })
    };
    table.lines().skip(1).filter_map(row).collect()
}

impl Record {
    /// Its name; none for what Kubernetes lists once more by digest.
    pub(crate) fn name(&self) -> Option<Name> {
        let is_digest = self.reference.contains('@') || self.reference.starts_with("sha256:");
        (!is_digest).then(|| Name::qualified(&self.reference).ok())?
    }
}

impl Engine for Containerd {
    fn place(&self) -> String {
        self.program.place().to_owned()
    }

    fn facts(&self, ctx: &Ctx) -> Result<EngineFacts> {
        let answer = lines(&self.program.output(ctx, &["version"])?);
        // Client and server each print a line of their version.
        let mut versions = answer.iter().rev().filter_map(|line| line.strip_prefix("Version:"));
        let version = versions.next().unwrap_or_default().trim().to_owned();
        Ok(EngineFacts {
            version,
            platform: Platform::host(),
            driver: text("CONTAINERD_SNAPSHOTTER").unwrap_or_else(|| "overlayfs".into()),
            root: Some("/var/lib/containerd".into())
                .filter(|root: &std::path::PathBuf| root.is_dir() && address() == SOCKETS[0]),
            namespace: Some(self.namespace.clone()),
            keeps_manifests: true,
            keeps_artifacts: true,
            needs_whole_indexes: true,
            takes_partial: true,
            room_factor: 1,
            reads_zstd: true,
        })
    }

    fn images(&self, ctx: &Ctx, reference: Option<&str>) -> Result<Vec<EngineImage>> {
        let mut images: Vec<EngineImage> = Vec::new();
        for record in self.records(ctx)? {
            match images.iter_mut().find(|image| image.id == record.target) {
                Some(known) => known.names.extend(record.name()),
                None => images.push(EngineImage {
                    id: record.target,
                    names: record.name().into_iter().collect(),
                    platform: Platform::host(),
                    created: None,
                    class_label: None,
                    layers: Vec::new(),
                }),
            }
        }
        if let Some(text) = reference {
            let is_it = |image: &EngineImage| {
                image.id.to_string() == text || image.names.iter().any(|name| name.is_meant_by(text))
            };
            images.retain(is_it);
        }
        Ok(images)
    }

    fn present_blobs(&self, ctx: &Ctx, blobs: &BTreeSet<Digest>) -> Result<Option<BTreeSet<Digest>>> {
        Ok(Some(self.content(ctx)?.intersection(blobs).copied().collect()))
    }

    fn load(&self, ctx: &Ctx) -> Result<Box<dyn Load>> {
        self.program.write(ctx, &[&IMPORT[..], &["-"]].concat())
    }

    fn load_packed(&self, ctx: &Ctx) -> Result<Box<dyn Load>> {
        self.program.write(ctx, &[&IMPORT[..], &["--no-unpack", "-"]].concat())
    }

    fn tag(&self, ctx: &Ctx, from: &Name, to: &Name) -> Result<()> {
        self.program.output(ctx, &["images", "tag", from.as_str(), to.as_str()]).map(drop)
    }
}

/// An error of this containerd.
pub(crate) fn failed(engine: &Containerd, detail: impl std::fmt::Display) -> Error {
    engine_error(Code::EngineFailed, engine.program.place(), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_by_its_columns() {
        let digest = Digest::of(b"manifest");
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let table = format!(
            "REF TYPE DIGEST SIZE PLATFORMS LABELS\n\
             registry.local/a:1 {kind} {digest} 1.2 MiB linux/amd64 io.cri-containerd.image=managed\n\
             sha256:{hex} {kind} {digest} 1.2 MiB linux/amd64 -\nbroken line\n",
            hex = digest.hex()
        );
        let found = records(&table);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].target, found[0].media_type.as_str()), (digest, kind));
        assert_eq!(found[0].name().unwrap().as_str(), "registry.local/a:1");
        assert_eq!(found[1].name(), None);
    }

    #[test]
    fn kubernetes_namespace_is_chosen_where_it_is_known() {
        assert_eq!(default_namespace(&["default".into(), "k8s.io".into()]), "k8s.io");
    }
}
