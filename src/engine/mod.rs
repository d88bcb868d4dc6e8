//! Container engines: what they hold, what they hand out and what they take in.
//!
//! One engine per file behind one trait; sources and destinations are written against the trait.

mod docker;
mod host;

use std::{
    collections::BTreeSet,
    io::{Read, Write},
};

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
    /// `diffID` and unpacked bytes of each layer, base first.
    pub(crate) layers: Vec<(Digest, u64)>,
}

/// What an engine says of itself.
#[derive(Clone, Debug)]
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
    /// Whether it loads an archive without the layers it has already.
    pub(crate) takes_partial: bool,
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

    /// The image that `name` points at.
    fn look_up(&self, ctx: &Ctx, name: &Name) -> Result<Option<EngineImage>>;

    /// Which of `blobs` an engine that keeps manifests has.
    fn present_blobs(&self, _ctx: &Ctx, _blobs: &BTreeSet<Digest>) -> Result<BTreeSet<Digest>> {
        Ok(BTreeSet::new())
    }

    /// The output of `docker save` for these image IDs.
    fn save(&self, ctx: &Ctx, ids: &[Digest]) -> Result<Box<dyn Read + Send>>;

    /// Begins the input of `docker load`.
    fn load(&self, ctx: &Ctx) -> Result<Box<dyn Load>>;

    /// Gives what is called `from` one more name.
    fn tag(&self, ctx: &Ctx, from: &Name, to: &Name) -> Result<()>;
}

/// An archive on its way into an engine. Dropped before [`Load::end`], it is broken off.
pub(crate) trait Load: Write {
    /// All was written: waits until the engine took it.
    fn end(self: Box<Self>) -> Result<()>;

    /// The engine's own error after a write failed, if it gave one.
    fn failed(self: Box<Self>) -> Option<Error>;
}

/// The Docker engine that Docker's own program would talk to.
pub(crate) fn docker(ctx: &Ctx) -> Result<Box<dyn Engine>> {
    Ok(Box::new(docker::Docker::connect(ctx, &host::docker()?)?))
}

/// An error of the engine at `place`.
fn engine_error(code: Code, place: &str, detail: impl std::fmt::Display) -> Error {
    Error::new(code).with(Fact::Engine, place).with(Fact::Detail, detail)
}
