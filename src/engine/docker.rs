//! Docker, through its API. Docker Engine API 1.41 and later; Podman serves the same.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    time::Duration,
};

use bollard::{
    API_DEFAULT_VERSION, Docker as Client,
    errors::Error as ClientError,
    models::{ImageInspect, ImageSummary},
    query_parameters::{ImportImageOptionsBuilder, ListImagesOptions, TagImageOptionsBuilder},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Engine, EngineFacts, EngineImage, Exports, Load, engine_error, host::Host, ssh};
#[cfg(target_os = "linux")]
use super::{LayerStore, overlay2::Overlay2};
use crate::{
    class::Class,
    digest::Digest,
    error::{Code, Error, Result},
    job::Ctx,
    net::{BodyReader, Pipe, Task, block_on, pipe, spawn},
    oci::{Name, Platform},
};

/// Seconds that a question may take.
const ANSWER_SECONDS: u64 = 30;
/// Seconds until an engine begins to hand out: an old one writes all images to its disk first. Cancelling
/// does not wait for it.
const STREAM_SECONDS: u64 = 24 * 3600;
/// Images looked at at once.
const INSPECTED_AT_ONCE: usize = 8;

/// The first Docker whose `docker save` makes a manifest of its own: that has to be kept.
#[cfg(target_os = "linux")]
const MAKES_MANIFESTS: u32 = 25;

/// How a remark begins that tells of a failed load: with the containerd image store, moby's `LoadImage` goes on and
/// succeeds when an image cannot be unpacked, as on a full disk.
const NOT_UNPACKED: &str = "Error unpacking image";

/// A connected Docker, or a Podman that serves Docker's API.
pub(super) struct Docker {
    client: Client,
    place: String,
    #[cfg(target_os = "linux")]
    is_local: bool,
}

impl Docker {
    /// Connects and agrees on a version of the API.
    pub(super) fn connect(ctx: &Ctx, host: &Host) -> Result<Self> {
        let place = format!("{} ({})", host.program, host.address);
        let fail = |e| client_error(&place, e);
        let client = open(host).map_err(fail)?;
        let client = block_on(ctx, client.negotiate_version())?.map_err(fail)?;
        Ok(Self {
            client,
            place,
            #[cfg(target_os = "linux")]
            is_local: host.address.starts_with("unix://"),
        })
    }

    fn ask<T>(
        &self,
        ctx: &Ctx,
        question: impl Future<Output = std::result::Result<T, ClientError>>,
    ) -> Result<T> {
        block_on(ctx, question)?.map_err(|e| client_error(&self.place, e))
    }

    /// A client for a request that streams.
    fn streaming(&self) -> Client {
        self.client.clone().with_timeout(Duration::from_secs(STREAM_SECONDS))
    }

    async fn describe(&self, id: &str) -> std::result::Result<Option<EngineImage>, ClientError> {
        let inspected = match self.client.inspect_image(id).await {
            Err(ClientError::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            inspected => inspected?,
        };
        let sizes: Vec<u64> = match self.client.image_history(id).await {
            Ok(history) => history.iter().rev().map(|step| u64::try_from(step.size).unwrap_or(0)).collect(),
            Err(_) => Vec::new(), // the image was removed meanwhile, or has no history
        };
        Ok(image_of(&inspected, &sizes))
    }
}

fn open(host: &Host) -> std::result::Result<Client, ClientError> {
    let (address, version) = (host.address.as_str(), API_DEFAULT_VERSION);
    match &host.certs {
        Some(certs) => {
            let file = |name: &str| -> PathBuf { certs.join(name) };
            Client::connect_with_ssl(
                address,
                &file("key.pem"),
                &file("cert.pem"),
                &file("ca.pem"),
                ANSWER_SECONDS,
                version,
            )
        }
        None if address.starts_with("tcp://") || address.starts_with("http://") => {
            Client::connect_with_http(address, ANSWER_SECONDS, version)
        }
        None if address.starts_with("unix://") || address.starts_with("npipe://") => {
            Client::connect_with_local(address, ANSWER_SECONDS, version)
        }
        None if address.starts_with("ssh://") => ssh::connect(address, host.program, ANSWER_SECONDS),
        None => Err(ClientError::UnsupportedURISchemeError { uri: address.to_owned() }),
    }
}

/// What an engine said, in our words.
fn client_error(place: &str, error: ClientError) -> Error {
    let source = io_cause(&error);
    let code = match (&error, source) {
        (
            ClientError::DockerResponseServerError { message, .. }
            | ClientError::DockerStreamError { error: message },
            _,
        ) if message.contains("no space left") => Code::DiskFull,
        (ClientError::DockerResponseServerError { .. } | ClientError::DockerStreamError { .. }, _) => {
            Code::EngineFailed
        }
        (_, Some(io::ErrorKind::PermissionDenied)) => Code::EngineDenied,
        (ClientError::JsonDataError { .. } | ClientError::JsonSerdeError { .. }, _) => Code::EngineFailed,
        _ => Code::EngineUnreachable,
    };
    let detail = match &error {
        ClientError::DockerResponseServerError { message, .. }
        | ClientError::DockerStreamError { error: message } => message.clone(),
        error => innermost(error),
    };
    engine_error(code, place, detail).caused_by(error)
}

fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

fn io_cause(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    // It shows its cause's cause as its own.
    if let Some(ClientError::IOError { err }) = error.downcast_ref() {
        return Some(err.kind());
    }
    match error.downcast_ref::<io::Error>() {
        Some(error) => Some(error.kind()),
        None => error.source().and_then(io_cause),
    }
}

/// The image that an inspection tells of; none where it has no ID we know.
fn image_of(inspected: &ImageInspect, sizes: &[u64]) -> Option<EngineImage> {
    let id = with_algorithm(inspected.id.as_deref()?).parse().ok()?;
    let diff_ids = inspected.root_fs.as_ref().and_then(|fs| fs.layers.as_ref());
    let diff_ids: Vec<Digest> = diff_ids.into_iter().flatten().filter_map(|id| id.parse().ok()).collect();
    let labels = inspected.config.as_ref().and_then(|config| config.labels.as_ref());
    Some(EngineImage {
        id,
        names: names(inspected.repo_tags.as_deref().unwrap_or_default()),
        platform: Platform::of(
            inspected.os.clone(),
            inspected.architecture.clone(),
            inspected.variant.clone(),
        )
        .ok()?,
        created: inspected.created.as_ref().map(ToString::to_string),
        class_label: labels.and_then(|labels| labels.get(Class::LABEL).cloned()),
        layers: diff_ids.iter().copied().zip(spread(sizes, diff_ids.len())).collect(),
    })
}

/// Podman leaves the algorithm out.
fn with_algorithm(id: &str) -> String {
    if id.contains(':') { id.to_owned() } else { format!("sha256:{id}") }
}

fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

fn names(tags: &[String]) -> Vec<Name> {
    tags.iter().filter(|tag| !tag.contains("<none>")).filter_map(|tag| Name::qualified(tag).ok()).collect()
}

/// Sizes of `num_layers` layers from those of the steps of a history, of which some made no layer.
fn spread(steps: &[u64], num_layers: usize) -> Vec<u64> {
    if steps.len() == num_layers {
        return steps.to_vec();
    }
    let mut sizes: Vec<u64> = steps.iter().copied().filter(|size| *size > 0).collect();
    if sizes.len() > num_layers {
        let rest = sizes.split_off(num_layers);
        if let Some(last) = sizes.last_mut() {
            *last += rest.iter().sum::<u64>();
        }
    }
    sizes.resize(num_layers, 0);
    sizes
}

impl Engine for Docker {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn facts(&self, ctx: &Ctx) -> Result<EngineFacts> {
        let info = self.ask(ctx, self.client.info())?;
        let version = info.server_version.unwrap_or_default();
        let driver = info.driver.unwrap_or_default();
        let status = info.driver_status.unwrap_or_default();
        let keeps_manifests = status.iter().flatten().any(|text| text.contains("containerd.snapshotter"));
        let is_podman = self.place.starts_with("podman");
        let major = major(&version);
        let architecture = match info.architecture.as_deref().unwrap_or_default() {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let os = info.os_type.unwrap_or_else(|| "linux".into());
        Ok(EngineFacts {
            platform: Platform { os, architecture: architecture.to_owned(), variant: None },
            root: info.docker_root_dir.map(PathBuf::from).filter(|root| root.is_dir()),
            namespace: None,
            keeps_manifests,
            keeps_artifacts: false,
            needs_whole_indexes: false,
            takes_partial: !keeps_manifests && !is_podman,
            room_factor: if keeps_manifests || is_podman { 1 } else { 2 },
            reads_zstd: is_podman || major >= 23,
            version,
            driver,
        })
    }

    fn images(&self, ctx: &Ctx, reference: Option<&str>) -> Result<Vec<EngineImage>> {
        let ids = if let Some(reference) = reference {
            vec![reference.to_owned()]
        } else {
            let all = self.client.list_images(None::<ListImagesOptions>);
            let named = |image: &ImageSummary| !names(&image.repo_tags).is_empty();
            self.ask(ctx, all)?.into_iter().filter(named).map(|image| image.id).collect()
        };
        let described = stream::iter(&ids).map(|id| self.describe(id)).buffered(INSPECTED_AT_ONCE);
        let images: Vec<Option<EngineImage>> = self.ask(ctx, described.try_collect())?;
        Ok(images.into_iter().flatten().collect())
    }

    fn load(&self, ctx: &Ctx) -> Result<Box<dyn Load>> {
        let (pipe, body) = pipe(ctx);
        let (client, place) = (self.streaming(), self.place.clone());
        let taken = spawn(async move {
            let options = ImportImageOptionsBuilder::new().quiet(true).build();
            let mut answers = std::pin::pin!(client.import_image_stream(options, body, None));
            while let Some(answer) = answers.next().await {
                let answer = answer.map_err(|e| client_error(&place, e))?;
                if let Some(error) = answer.error_detail {
                    return Err(load_failed(&place, error.message.unwrap_or_default()));
                }
                if let Some(remark) = answer.stream.filter(|text| text.starts_with(NOT_UNPACKED)) {
                    return Err(load_failed(&place, remark.trim_end().to_owned()));
                }
            }
            Ok(())
        })?;
        Ok(Box::new(DockerLoad { ctx: ctx.clone(), pipe, taken, place: self.place.clone() }))
    }

    fn tag(&self, ctx: &Ctx, from: &Name, to: &Name) -> Result<()> {
        let (repository, tag) = to.repository_and_tag();
        let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
        self.ask(ctx, self.client.tag_image(from.as_str(), Some(options)))
    }
}

impl Exports for Docker {
    fn save(&self, ctx: &Ctx, ids: &[Digest]) -> Result<Box<dyn Read + Send>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let place = self.place.clone();
        let body = self.streaming().export_images(&ids).map_err(move |e| client_error(&place, e).into());
        Ok(Box::new(BodyReader::new(ctx, body)))
    }

    #[cfg(target_os = "linux")]
    fn store(&self, ctx: &Ctx) -> Option<Box<dyn LayerStore>> {
        if !self.is_local || !rustix::process::geteuid().is_root() {
            return None;
        }
        let told = |e: &Error| tracing::debug!(%e, "the engine's own files cannot be read");
        let facts = self.facts(ctx).inspect_err(told).ok()?;
        let makes_manifests = major(&facts.version) >= MAKES_MANIFESTS;
        if facts.driver != "overlay2" || facts.keeps_manifests || makes_manifests {
            return None;
        }
        let store = Overlay2::open(&facts.root?).inspect_err(told).ok()?;
        Some(Box::new(store))
    }
}

/// The engine's refusal of an archive.
fn load_failed(place: &str, message: String) -> Error {
    let code = if message.contains("no space left") { Code::DiskFull } else { Code::EngineFailed };
    engine_error(code, place, message)
}

/// An archive on its way into Docker.
struct DockerLoad {
    ctx: Ctx,
    pipe: Pipe,
    taken: Task<Result<()>>,
    place: String,
}

impl Write for DockerLoad {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.pipe.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }
}

impl Load for DockerLoad {
    fn end(self: Box<Self>) -> Result<()> {
        let Self { ctx, pipe, taken, place } = *self;
        // Where the engine closed its end early, its answer says why.
        let ended = pipe.end();
        taken.wait(&ctx).flatten()?;
        ended.map_err(|e| engine_error(Code::EngineFailed, &place, e))
    }

    fn failed(self: Box<Self>) -> Option<Error> {
        let Self { ctx, pipe, taken, .. } = *self;
        drop(pipe);
        taken.wait(&ctx).flatten().err()
    }
}
