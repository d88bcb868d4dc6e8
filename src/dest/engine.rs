//! Engines: what they lack is streamed into them, then read back.
//!
//! The documents that make images of blobs go last: an engine to which they never come shows nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
};

use super::{
    Check, CheckKind, Destination, Order, Placed, Preflight, TagPolicy, Target,
    image_tar::ImageTar,
    layout::{OCI_LAYOUT, blob_path, blobs_of, index_entries, index_json, loadable, manifest_json},
    preflight::{notice_one_platform, read_back_mismatch},
};
use crate::{
    digest::Digest,
    engine::{self, Containerd, Engine, EngineFacts, EngineImage, Load},
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{Descriptor, Image, Layer, Name, chain_ids, is_zstd_layer},
};

/// An engine that was reached.
struct EngineTarget {
    /// Shared with the destination that is opened.
    engine: std::sync::Arc<dyn Engine>,
    facts: EngineFacts,
}

/// Docker.
pub(super) fn docker(ctx: &Ctx, _: &str) -> Result<Box<dyn Target>> {
    reach(ctx, engine::docker(ctx)?)
}

/// Podman.
pub(super) fn podman(ctx: &Ctx, _: &str) -> Result<Box<dyn Target>> {
    reach(ctx, engine::podman(ctx)?)
}

/// A namespace of containerd.
pub(super) fn containerd(ctx: &Ctx, namespace: &str) -> Result<Box<dyn Target>> {
    reach(ctx, Box::new(Containerd::reach(ctx, namespace.trim_end_matches('/'))?))
}

fn reach(ctx: &Ctx, engine: Box<dyn Engine>) -> Result<Box<dyn Target>> {
    let facts = engine.facts(ctx)?;
    Ok(Box::new(EngineTarget { engine: engine.into(), facts }))
}

impl EngineTarget {
    /// The image ID that `image` will have there.
    fn id(&self, image: &Image) -> Option<Digest> {
        if self.facts.keeps_manifests {
            return Some(image.target.digest);
        }
        loadable(image).map(|manifest| manifest.config.digest)
    }

    /// Whether `layer` is sent unpacked.
    fn unpacks(&self, layer: &Layer) -> bool {
        !self.facts.reads_zstd && is_zstd_layer(&layer.blob.media_type) && layer.diff_id.is_some()
    }

    /// Blobs that need not be sent to the engine, which has these `images`.
    fn present(&self, ctx: &Ctx, placed: &[Placed<'_>], images: &[EngineImage]) -> Result<BTreeSet<Digest>> {
        let all: BTreeSet<Digest> = blobs_of(placed).into_iter().map(|blob| blob.digest).collect();
        let mut are_there = true;
        for placed in placed {
            are_there &= self.is_there(ctx, placed, images)?;
        }
        if let Some(present) = self.engine.present_blobs(ctx, &all)? {
            // With every blob in place a name may still be missing: an import of the documents gives it.
            let targets = placed.iter().map(|placed| placed.image.target.digest);
            let again = if are_there { BTreeSet::new() } else { targets.collect() };
            return Ok(present.difference(&again).copied().collect());
        }
        if are_there {
            return Ok(all);
        }
        if self.facts.keeps_manifests {
            return Ok(BTreeSet::new());
        }
        let chains = |image: &EngineImage| chain_ids(image.layers.iter().map(|(diff_id, _)| *diff_id));
        let usable = images.iter().filter(|_| self.facts.takes_partial);
        let known: BTreeSet<Digest> = usable.flat_map(chains).collect();
        let mut needed = BTreeSet::new();
        // Only configs and layers of one platform are loaded.
        for manifest in placed.iter().filter_map(|placed| loadable(placed.image)) {
            needed.insert(manifest.config.digest);
            // A layer counts as present only on top of those it stands on.
            let chain = chain_ids(manifest.layers.iter().filter_map(|layer| layer.diff_id));
            let missing = manifest.layers.iter().zip(chain).filter(|(_, chain)| !known.contains(chain));
            needed.extend(missing.map(|(layer, _)| layer.blob.digest));
        }
        Ok(all.difference(&needed).copied().collect())
    }

    /// Whether the engine has the image under all its names.
    fn is_there(&self, ctx: &Ctx, placed: &Placed<'_>, images: &[EngineImage]) -> Result<bool> {
        let Some(id) = self.id(placed.image) else { return Ok(false) };
        if placed.names.is_empty() {
            return has_unnamed(ctx, self.engine.as_ref(), &id);
        }
        Ok(placed.names.iter().all(|name| id_of(images, name) == Some(id)))
    }
}

/// What `name` points at.
fn id_of(images: &[EngineImage], name: &Name) -> Option<Digest> {
    images.iter().find(|image| image.names.contains(name)).map(|image| image.id)
}

/// Whether the engine has an image that it lists under no name.
fn has_unnamed(ctx: &Ctx, engine: &dyn Engine, id: &Digest) -> Result<bool> {
    Ok(!engine.images(ctx, Some(&id.to_string()))?.is_empty())
}

impl Target for EngineTarget {
    fn name_there(&self, name: &Name) -> Result<Option<Name>> {
        Ok((name.is_qualified() && !name.has_digest()).then(|| name.clone()))
    }

    fn preflight(&self, ctx: &Ctx, placed: &[Placed<'_>], tags: TagPolicy) -> Result<Preflight> {
        let facts = &self.facts;
        let mut preflight =
            Preflight { room_at: facts.root.as_ref().map(|root| root.join("image")), ..Preflight::default() };
        let reached = format!("{} {}, {}", self.engine.place(), facts.version, facts.platform);
        preflight.checks.push(Check::new(CheckKind::Reached, reached));
        let storage = facts.root.as_ref().map(|root| root.display().to_string()).unwrap_or_default();
        preflight
            .checks
            .push(Check::new(CheckKind::Storage, format!("{} {storage}", facts.driver).trim_end()));
        if let Some(namespace) = &facts.namespace {
            preflight.checks.push(Check::new(CheckKind::Namespace, namespace));
        }
        let images = self.engine.images(ctx, None)?;
        let present = self.present(ctx, placed, &images)?;
        let blobs = blobs_of(placed);
        let missing = || blobs.iter().filter(|blob| !present.contains(&blob.digest));
        preflight.num_sent = missing().count();
        preflight.needed_bytes = facts.room_factor * missing().map(|blob| blob.size).sum::<u64>();
        let mut taken = Vec::new();
        for Placed { image, names } in placed {
            let manifest = loadable(image);
            let platform = manifest.and_then(|manifest| manifest.platform.as_ref());
            if let Some(platform) = platform.filter(|platform| !platform.satisfies(&facts.platform)) {
                let about = format!("{} ({platform})", image.title());
                preflight.checks.push(Check::new(CheckKind::OtherPlatform, about));
            }
            if manifest.is_some_and(|manifest| manifest.layers.iter().any(|layer| self.unpacks(layer))) {
                preflight.checks.push(Check::new(CheckKind::Unpacked, image.title()));
            }
            if !facts.keeps_manifests {
                notice_one_platform(ctx, image);
            }
            let Some(id) = self.id(image) else { continue };
            for name in *names {
                let found = id_of(&images, name);
                if found == Some(id) {
                    preflight.checks.push(Check::new(CheckKind::Present, name));
                }
                taken.push((name.clone(), id, found));
            }
        }
        preflight.settle_tags(tags, &taken).map_err(|e| e.or_with(Fact::Engine, self.engine.place()))?;
        Ok(preflight)
    }

    fn open(&self, ctx: &Ctx, order: &Order<'_>) -> Result<Box<dyn Destination>> {
        let placed = &order.placed;
        let present = self.present(ctx, placed, &self.engine.images(ctx, None)?)?;
        let is_nothing_to_do = blobs_of(placed).iter().all(|blob| present.contains(&blob.digest));
        let unpacked: BTreeMap<Digest, Digest> = placed
            .iter()
            .flat_map(|placed| placed.image.manifests.iter().flat_map(|manifest| &manifest.layers))
            .filter(|layer| self.unpacks(layer))
            .filter_map(|layer| Some((layer.blob.digest, layer.diff_id?)))
            .collect();
        let expected =
            placed.iter().filter_map(|placed| Some((self.id(placed.image)?, placed.names.to_vec())));
        let mut documents = Vec::new();
        if self.facts.keeps_manifests {
            documents.push(("oci-layout", OCI_LAYOUT.to_vec()));
            documents.push(("index.json", index_json(index_entries(placed)?)?));
        }
        let place = |layer: &Layer| unpacked.get(&layer.blob.digest).copied().unwrap_or(layer.blob.digest);
        documents.push(("manifest.json", manifest_json(placed, place)?));
        let load = if is_nothing_to_do { None } else { Some(self.engine.load(ctx)?) };
        Ok(Box::new(EngineDestination {
            ctx: ctx.clone(),
            engine: std::sync::Arc::clone(&self.engine),
            tar: ImageTar::new(Loading(load)),
            documents,
            backups: order.backups.to_vec(),
            present,
            expected: expected.collect(),
            unpacked,
        }))
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Engine, self.engine.place())
    }
}

/// The way into an engine; closed where there is nothing to send, or after it failed.
struct Loading(Option<Box<dyn Load>>);

impl Write for Loading {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), Write::flush)
    }
}

struct EngineDestination {
    ctx: Ctx,
    engine: std::sync::Arc<dyn Engine>,
    tar: ImageTar<Loading>,
    /// Names and contents of the last files of the tar.
    documents: Vec<(&'static str, Vec<u8>)>,
    /// Tags to be kept under a second name before they move.
    backups: Vec<(Name, Name)>,
    present: BTreeSet<Digest>,
    /// Image IDs and names that must be there in the end.
    expected: Vec<(Digest, Vec<Name>)>,
    /// Layers that are sent unpacked, and their diffIDs.
    unpacked: BTreeMap<Digest, Digest>,
}

impl EngineDestination {
    fn append(&mut self, name: &str, size: u64, reader: &mut dyn Read) -> Result<()> {
        let appended = self.tar.append(name, size, reader);
        self.taken(appended)
    }

    /// A broken pipe is no reason: the engine's answer has it.
    fn taken(&mut self, written: io::Result<()>) -> Result<()> {
        written.map_err(|e| {
            let is_broken = e.kind() == io::ErrorKind::BrokenPipe;
            let answer = self.tar.get_mut().0.take_if(|_| is_broken).and_then(Load::failed);
            let error = answer.unwrap_or_else(|| Error::from_stream(Code::EngineFailed, e));
            error.or_with(Fact::Engine, self.engine.place())
        })
    }

    /// Asks the engine whether it has what was sent: a full disk, say, goes unreported by some.
    fn read_back(&self) -> Result<()> {
        let images = self.engine.images(&self.ctx, None)?;
        let wrong = |id, found| read_back_mismatch(id, found).with(Fact::Engine, self.engine.place());
        for (id, names) in &self.expected {
            if names.is_empty() && !has_unnamed(&self.ctx, self.engine.as_ref(), id)? {
                return Err(wrong(id, None));
            }
            for name in names {
                let found = id_of(&images, name);
                if found != Some(*id) {
                    return Err(wrong(id, found).with(Fact::Image, name));
                }
            }
        }
        Ok(())
    }
}

impl Destination for EngineDestination {
    fn present(&self) -> &BTreeSet<Digest> {
        &self.present
    }

    fn wants_raw(&self, blob: &Descriptor) -> bool {
        self.unpacked.contains_key(&blob.digest)
    }

    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()> {
        self.append(&blob_path(&blob.digest), blob.size, reader)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        for (from, to) in &self.backups {
            self.engine.tag(&self.ctx, from, to)?;
        }
        if self.tar.get_ref().0.is_some() {
            for (name, bytes) in std::mem::take(&mut self.documents) {
                self.append(name, bytes.len() as u64, &mut &bytes[..])?;
            }
            let ended = self.tar.end();
            self.taken(ended)?;
        }
        self.tar.get_mut().0.take().map_or(Ok(()), Load::end)?;
        self.read_back()
    }
}

impl Drop for EngineDestination {
    fn drop(&mut self) {
        // Before the tar writes its last blocks, which would make a part look whole.
        self.tar.get_mut().0 = None;
    }
}
