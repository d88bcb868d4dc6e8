//! Podman, through its program; where it serves Docker's API, that is used.

use std::{collections::BTreeMap, io::Read};

use serde::Deserialize;

use super::{Engine, EngineFacts, EngineImage, Exports, Load, engine_error, program::Program};
use crate::{
    class::Class,
    digest::Digest,
    error::{Code, Result},
    job::Ctx,
    oci::{Name, Platform},
};

/// Images that one `podman image inspect` is asked for.
const INSPECTED_AT_ONCE: usize = 200;

/// Podman's program.
pub(super) struct Podman(Program);

/// `podman images --format json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    names: Option<Vec<String>>,
}

/// `podman image inspect`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    repo_tags: Option<Vec<String>>,
    created: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    os: String,
    architecture: String,
    size: u64,
    #[serde(rename = "RootFS")]
    root_fs: RootFs,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RootFs {
    layers: Option<Vec<String>>,
}

/// `podman info --format json`.
#[derive(Deserialize)]
struct Info {
    host: Host,
    store: Store,
    version: Version,
}

#[derive(Deserialize)]
struct Host {
    arch: String,
    os: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Store {
    graph_driver_name: String,
    graph_root: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
}

impl Podman {
    /// Looks for the program.
    pub(super) fn find() -> Result<Self> {
        Program::find("podman", "podman").map(Self)
    }

    fn json<T: for<'de> Deserialize<'de>>(&self, ctx: &Ctx, args: &[&str]) -> Result<T> {
        let answer = self.0.output(ctx, args)?;
        serde_json::from_slice(&answer).map_err(|e| engine_error(Code::EngineFailed, self.0.place(), e))
    }

    fn inspect(&self, ctx: &Ctx, ids: &[String]) -> Result<Vec<EngineImage>> {
        let mut images = Vec::new();
        for some in ids.chunks(INSPECTED_AT_ONCE) {
            let args = ["image", "inspect"].into_iter().chain(some.iter().map(String::as_str));
            let inspected: Vec<Inspected> = self.json(ctx, &args.collect::<Vec<_>>())?;
            images.extend(inspected.iter().filter_map(image_of));
        }
        Ok(images)
    }

    fn exists(&self, ctx: &Ctx, reference: &str) -> Result<bool> {
        let listed: Vec<Listed> = self.json(ctx, &["images", "--no-trunc", "--format", "json"])?;
        let hex = reference.trim_start_matches("sha256:");
        let is_it = |image: &Listed| {
            let named = image.names.iter().flatten().filter_map(|name| Name::qualified(name).ok());
            image.id.trim_start_matches("sha256:") == hex
                || named.into_iter().any(|name| name.is_meant_by(reference))
        };
        Ok(listed.iter().any(is_it))
    }
}

/// Podman tells the size of the whole only: each layer is taken for an equal part.
fn image_of(inspected: &Inspected) -> Option<EngineImage> {
    let layers = inspected.root_fs.layers.iter().flatten().filter_map(|id| id.parse().ok());
    let layers: Vec<Digest> = layers.collect();
    let each = inspected.size / layers.len().max(1) as u64;
    Some(EngineImage {
        id: format!("sha256:{}", inspected.id.trim_start_matches("sha256:")).parse().ok()?,
        names: inspected.repo_tags.iter().flatten().filter_map(|tag| Name::qualified(tag).ok()).collect(),
        platform: Platform::of(Some(inspected.os.clone()), Some(inspected.architecture.clone()), None)
            .ok()?,
        created: inspected.created.clone(),
        class_label: inspected.labels.as_ref().and_then(|labels| labels.get(Class::LABEL).cloned()),
        layers: layers.into_iter().map(|layer| (layer, each)).collect(),
    })
}

impl Engine for Podman {
    fn place(&self) -> String {
        self.0.place().to_owned()
    }

    fn facts(&self, ctx: &Ctx) -> Result<EngineFacts> {
        let info: Info = self.json(ctx, &["info", "--format", "json"])?;
        Ok(EngineFacts {
            version: info.version.version,
            platform: Platform { os: info.host.os, architecture: info.host.arch, variant: None },
            driver: info.store.graph_driver_name,
            root: Some(info.store.graph_root.into()),
            namespace: None,
            keeps_manifests: false,
            keeps_artifacts: false,
            needs_whole_indexes: false,
            takes_partial: false,
            // It keeps the archive elsewhere.
            room_factor: 1,
            reads_zstd: true,
        })
    }

    fn images(&self, ctx: &Ctx, reference: Option<&str>) -> Result<Vec<EngineImage>> {
        let ids = if let Some(reference) = reference {
            if !self.exists(ctx, reference)? {
                return Ok(Vec::new());
            }
            vec![reference.to_owned()]
        } else {
            let listed: Vec<Listed> = self.json(ctx, &["images", "--no-trunc", "--format", "json"])?;
            let mut ids: Vec<String> =
                listed.into_iter().filter(|image| image.names.is_some()).map(|image| image.id).collect();
            ids.sort();
            ids.dedup();
            ids
        };
        self.inspect(ctx, &ids)
    }

    fn load(&self, ctx: &Ctx) -> Result<Box<dyn Load>> {
        self.0.write(ctx, &["load", "--quiet"])
    }

    fn tag(&self, ctx: &Ctx, from: &Name, to: &Name) -> Result<()> {
        self.0.output(ctx, &["tag", from.as_str(), to.as_str()]).map(drop)
    }
}

impl Exports for Podman {
    fn save(&self, ctx: &Ctx, ids: &[Digest]) -> Result<Box<dyn Read + Send>> {
        let ids: Vec<String> = ids.iter().map(Digest::hex).collect();
        let verb = ["save", "--quiet", "--format", "docker-archive", "--multi-image-archive"];
        let args: Vec<&str> = verb.into_iter().chain(ids.iter().map(String::as_str)).collect();
        Ok(Box::new(self.0.read(ctx, &args)?))
    }
}
