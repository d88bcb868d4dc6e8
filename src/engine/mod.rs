//! Container engines: what they hold, what they hand out and what they take in.
//!
//! One engine per file behind one trait; sources and destinations are written against the trait.

mod containerd;
mod docker;
mod host;
#[cfg(target_os = "linux")]
mod overlay2;
mod podman;
mod program;
mod ssh;

use std::{
    collections::BTreeSet,
    io::{Read, Write},
};

pub(crate) use containerd::{Containerd, Record, failed as containerd_failed};

use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{Name, Platform},
};

/// An image in an engine. Engines keep layers unpacked: what they would hand out, and its size, is an estimate.
#[derive(Clone, Debug)]
pub(crate) struct EngineImage {
    /// The engine's image ID: digest of the config, or of manifest or index where the engine keeps those.
    pub(crate) id: Digest,
    pub(crate) names: Vec<Name>,
    pub(crate) platform: Platform,
    /// RFC 3339.
    pub(crate) created: Option<String>,
    /// What its label [`crate::Class::LABEL`] says.
    pub(crate) class_label: Option<String>,
    /// `diffID` and unpacked bytes of each layer, base first.
    pub(crate) layers: Vec<(Digest, u64)>,
}

/// What an engine says of itself.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and engines mix them freely")]
pub(crate) struct EngineFacts {
    pub(crate) version: String,
    pub(crate) platform: Platform,
    /// Storage driver or snapshotter.
    pub(crate) driver: String,
    /// Where it keeps images, if that is on this machine.
    pub(crate) root: Option<std::path::PathBuf>,
    /// The namespace its images are in, where it has namespaces.
    pub(crate) namespace: Option<String>,
    /// Whether it keeps manifests and indexes: then image IDs are their digests.
    pub(crate) keeps_manifests: bool,
    /// Whether it keeps signatures and other artifacts that are no images.
    pub(crate) keeps_artifacts: bool,
    /// Whether it takes an index only with all that it lists.
    pub(crate) needs_whole_indexes: bool,
    /// Whether it loads an archive without the layers it has already.
    pub(crate) takes_partial: bool,
    /// Bytes it needs on its disk for each byte it is sent: 2 where it keeps an archive there while it unpacks it.
    pub(crate) room_factor: u64,
    /// Whether it reads zstd layers.
    pub(crate) reads_zstd: bool,
}

/// A connected engine.
pub(crate) trait Engine: Send + Sync {
    /// What to call it: program and address.
    fn place(&self) -> String;

    /// What it says of itself.
    fn facts(&self, ctx: &Ctx) -> Result<EngineFacts>;

    /// Its images that have names, or the one called `reference` (a name or an ID).
    fn images(&self, ctx: &Ctx, reference: Option<&str>) -> Result<Vec<EngineImage>>;

    /// Which of `blobs` it has, if it tells.
    fn present_blobs(&self, _ctx: &Ctx, _blobs: &BTreeSet<Digest>) -> Result<Option<BTreeSet<Digest>>> {
        Ok(None)
    }

    /// Begins the input of `docker load`.
    fn load(&self, ctx: &Ctx) -> Result<Box<dyn Load>>;

    /// The same, with nothing unpacked: what is no image cannot be.
    fn load_packed(&self, ctx: &Ctx) -> Result<Box<dyn Load>> {
        self.load(ctx)
    }

    /// Gives what is called `from` one more name.
    fn tag(&self, ctx: &Ctx, from: &Name, to: &Name) -> Result<()>;
}

/// An engine that hands out archives.
pub(crate) trait Exports: Engine {
    /// The output of `docker save` for these image IDs.
    fn save(&self, ctx: &Ctx, ids: &[Digest]) -> Result<Box<dyn Read + Send>>;

    /// Its own files, where this process may read them.
    fn store(&self, _ctx: &Ctx) -> Option<Box<dyn LayerStore>> {
        None
    }
}

/// What an engine keeps of images, read without the engine.
pub(crate) trait LayerStore: Send + Sync {
    /// The config of the image `id`, byte for byte.
    fn config(&self, id: &Digest) -> Result<Vec<u8>>;

    /// The tar of the layer that is called `chain_id` for those below it, and `diff_id` for itself. The bytes are not
    /// checked yet.
    fn layer(&self, chain_id: &Digest, diff_id: &Digest) -> Result<Box<dyn Read + Send>>;
}

/// An archive on its way into an engine. Dropped before [`Load::end`], it is broken off.
pub(crate) trait Load: Write {
    /// All was written: waits until the engine took it.
    fn end(self: Box<Self>) -> Result<()>;

    /// The engine's own error after a write failed, if it gave one.
    fn failed(self: Box<Self>) -> Option<Error>;
}

/// How an engine is reached.
type Reach = fn(&Ctx) -> Result<Box<dyn Engine>>;

/// The Docker engine that Docker's own program would talk to.
pub(crate) fn docker(ctx: &Ctx) -> Result<Box<dyn Exports>> {
    Ok(Box::new(docker::Docker::connect(ctx, &host::docker()?)?))
}

/// Podman: through Docker's API where it serves that, else through its program.
pub(crate) fn podman(ctx: &Ctx) -> Result<Box<dyn Exports>> {
    for host in host::podman() {
        match docker::Docker::connect(ctx, &host) {
            Ok(docker) => return Ok(Box::new(docker)),
            Err(e) if e.code() == Code::Cancelled => return Err(e),
            Err(e) => tracing::debug!(%e, "no service at that socket"),
        }
    }
    Ok(Box::new(podman::Podman::find()?))
}

/// An engine that was looked for.
#[derive(Debug)]
pub struct FoundEngine {
    /// The transport that names it, `docker-daemon` say.
    pub transport: &'static str,
    /// The one of its namespaces that was looked into, where it has namespaces.
    pub namespace: Option<String>,
    /// Program, address and version; or why it does not answer.
    pub reached: Result<String>,
}

/// Looks for the engines of this machine. Those of which there is no trace are left out.
pub fn engines(ctx: &Ctx) -> Vec<FoundEngine> {
    let kinds: [(&str, Reach); 3] = [
        ("docker-daemon", |ctx| Ok(docker(ctx)?)),
        ("containers-storage", |ctx| Ok(podman(ctx)?)),
        ("containerd", |ctx| Ok(Box::new(Containerd::reach(ctx, "")?))),
    ];
    let mut found = Vec::new();
    for (transport, reach) in kinds {
        let reached = reach(ctx).and_then(|engine| {
            let facts = engine.facts(ctx)?;
            Ok((format!("{} {}", engine.place(), facts.version), facts.namespace))
        });
        let is_traceless = |e: &Error| match e.code() {
            Code::NoProgram => true,
            Code::EngineUnreachable | Code::NoSuchContext => !is_installed(transport),
            _ => false,
        };
        if !reached.as_ref().err().is_some_and(is_traceless) {
            let namespace = reached.as_ref().ok().and_then(|(_, namespace)| namespace.clone());
            found.push(FoundEngine { transport, namespace, reached: reached.map(|(place, _)| place) });
        }
    }
    found
}

/// Whether the program of a transport's engine is here: then its silence is worth a word.
fn is_installed(transport: &str) -> bool {
    let program = match transport {
        "docker-daemon" => "docker",
        "containers-storage" => "podman",
        _ => "containerd",
    };
    program::Program::find(program, program).is_ok()
}

/// An error of the engine at `place`, in its words or those of the system, with the hints of that engine.
fn engine_error(code: Code, place: &str, said: impl std::fmt::Display) -> Error {
    let error = Error::new(code).with(Fact::Engine, place).with(Fact::System, said);
    let program = place.split(' ').next().unwrap_or_default();
    match ["docker", "podman", "containerd"].into_iter().find(|known| *known == program) {
        Some(program) => error.hinted(program),
        None => error,
    }
}
