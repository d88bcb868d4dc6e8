//! Engines: what they lack is streamed into them, then read back.
//!
//! The documents that make images of blobs go last: an engine to which they never come shows nothing.

mod destination;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use self::destination::{EngineDestination, Loading};
use super::{
    Check, CheckKind, Destination, Order, Placed, Preflight, TagPolicy, Target,
    image_tar::ImageTar,
    layout::{OCI_LAYOUT, blobs_of, index_entries, index_json, loadable, manifest_json},
    preflight::notice_one_platform,
};
use crate::{
    digest::Digest,
    engine::{self, Containerd, Engine, EngineFacts, EngineImage},
    error::{Fact, Result},
    job::{Ctx, Notice, NoticeKind},
    oci::{Descriptor, Image, ImageManifest, Layer, Name, chain_ids, is_zstd_layer},
};

/// Bytes that a zstd layer is expected to unpack to for each of its own. Nothing states the real number; it is counted
/// before the layer is sent.
const UNPACKED_RATIO: u64 = 3;

/// An engine that was reached.
struct EngineTarget {
    /// Shared with the destination that is opened.
    engine: Arc<dyn Engine>,
    facts: EngineFacts,
}

/// What need not be sent.
struct Held {
    /// Blobs that are there, and those that the engine has no use for.
    skipped: BTreeSet<Digest>,
    num_unused: usize,
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
    /// What the names of `image` will point at, where the engine keeps manifests.
    fn target<'a>(&self, image: &'a Image) -> &'a Descriptor {
        let is_in_part = !image.absent.is_empty() && !image.indexes.is_empty();
        let lone = loadable(image).filter(|_| self.facts.needs_whole_indexes && is_in_part);
        lone.map_or(&image.target, |manifest| &manifest.blob)
    }

    /// The image ID that an image will have there.
    fn id(&self, ctx: &Ctx, placed: &Placed<'_>, images: &[EngineImage]) -> Result<Option<Digest>> {
        let image = placed.image;
        if !self.facts.keeps_manifests {
            return Ok(loadable(image).map(|manifest| manifest.config.digest));
        }
        let stays = self.index_stays(ctx, placed, images)?;
        Ok(Some(if stays { image.target.digest } else { self.target(image).digest }))
    }

    /// Whether all names point at the image's index already, which was pulled, say, and the platform that travelled is
    /// there: then nothing is to be changed.
    fn index_stays(&self, ctx: &Ctx, placed: &Placed<'_>, images: &[EngineImage]) -> Result<bool> {
        let (image, whole) = (placed.image, placed.image.target.digest);
        let is_named = || placed.names.iter().all(|name| id_of(images, name) == Some(whole));
        if self.target(image).digest == whole || placed.names.is_empty() || !is_named() {
            return Ok(false);
        }
        let used = self.used(image);
        Ok(self.engine.present_blobs(ctx, &used)?.is_some_and(|present| present == used))
    }

    /// Images that are sent, or named anew.
    fn moved<'a>(
        &self,
        ctx: &Ctx,
        placed: &'a [Placed<'a>],
        images: &[EngineImage],
    ) -> Result<Vec<&'a Placed<'a>>> {
        let mut moved = Vec::new();
        for placed in placed {
            if !self.index_stays(ctx, placed, images)? {
                moved.push(placed);
            }
        }
        Ok(moved)
    }

    /// Blobs of `image` that the engine has a use for: all, or those of one platform.
    fn used(&self, image: &Image) -> BTreeSet<Digest> {
        let keeps_manifests = self.facts.keeps_manifests;
        if keeps_manifests && *self.target(image) == image.target {
            return image.blobs().into_keys().collect();
        }
        let of_one = loadable(image).into_iter().flat_map(|manifest| {
            let layers = manifest.layers.iter().map(|layer| &layer.blob);
            let blobs = layers.chain([&manifest.config]).chain(keeps_manifests.then_some(&manifest.blob));
            blobs.map(|blob| blob.digest)
        });
        of_one.collect()
    }

    /// Whether `layer` is sent unpacked.
    fn unpacks(&self, layer: &Layer) -> bool {
        !self.facts.reads_zstd && is_zstd_layer(&layer.blob.media_type) && layer.diff_id.is_some()
    }

    /// Layers of these images that are sent unpacked, and their diffIDs.
    fn unpacked(&self, placed: &[Placed<'_>]) -> BTreeMap<Digest, Digest> {
        placed
            .iter()
            .flat_map(|placed| placed.image.manifests.iter().flat_map(|manifest| &manifest.layers))
            .filter(|layer| self.unpacks(layer))
            .filter_map(|layer| Some((layer.blob.digest, layer.diff_id?)))
            .collect()
    }

    /// A path where the engine keeps images, if that is on this machine.
    fn room_at(&self) -> Option<PathBuf> {
        self.facts.root.as_ref().map(|root| root.join("image"))
    }

    /// What need not be sent to the engine, which has these `images`.
    fn held(&self, ctx: &Ctx, placed: &[Placed<'_>], images: &[EngineImage]) -> Result<Held> {
        let all: BTreeSet<Digest> = blobs_of(placed).into_iter().map(|blob| blob.digest).collect();
        let used: BTreeSet<Digest> = placed.iter().flat_map(|placed| self.used(placed.image)).collect();
        let needed = self.needed(ctx, placed, images, &used)?;
        Ok(Held {
            skipped: all.difference(&needed).copied().collect(),
            num_unused: all.difference(&used).count(),
        })
    }

    /// Those of `used` that the engine lacks.
    fn needed(
        &self,
        ctx: &Ctx,
        placed: &[Placed<'_>],
        images: &[EngineImage],
        used: &BTreeSet<Digest>,
    ) -> Result<BTreeSet<Digest>> {
        let mut are_there = true;
        for placed in placed {
            are_there &= self.is_there(ctx, placed, images)?;
        }
        if let Some(present) = self.engine.present_blobs(ctx, used)? {
            // With every blob in place a name may still be missing: an import of the documents gives it.
            let moved = if are_there { Vec::new() } else { self.moved(ctx, placed, images)? };
            let again = moved.iter().map(|placed| self.target(placed.image).digest);
            return Ok(used.difference(&present).copied().chain(again).collect());
        }
        if are_there {
            return Ok(BTreeSet::new());
        }
        if self.facts.keeps_manifests {
            return Ok(used.clone());
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
        Ok(needed)
    }

    /// The small documents of these images.
    fn documents(&self, ctx: &Ctx, placed: &[&Placed<'_>]) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let entries = index_entries(ctx, placed.iter().copied(), |image| self.target(image))?;
        Ok(vec![("oci-layout", OCI_LAYOUT.to_vec()), ("index.json", index_json(ctx, entries)?)])
    }

    /// Whether the engine has the image under all its names.
    fn is_there(&self, ctx: &Ctx, placed: &Placed<'_>, images: &[EngineImage]) -> Result<bool> {
        let Some(id) = self.id(ctx, placed, images)? else { return Ok(false) };
        if placed.names.is_empty() {
            return has_unnamed(ctx, self.engine.as_ref(), &id);
        }
        Ok(placed.names.iter().all(|name| id_of(images, name) == Some(id)))
    }
}

/// The image, and the platform of it that counts here.
fn titled(image: &Image, manifest: Option<&ImageManifest>) -> String {
    let platform = manifest.and_then(|manifest| manifest.platform.as_ref());
    platform.map_or_else(|| image.title(), |platform| format!("{} ({platform})", image.title()))
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

    fn holds(&self, image: &Image) -> bool {
        let is_in_part = self.facts.needs_whole_indexes && !image.absent.is_empty();
        !image.is_artifact() || (self.facts.keeps_artifacts && !is_in_part)
    }

    fn preflight(&self, ctx: &Ctx, placed: &[Placed<'_>], tags: TagPolicy) -> Result<Preflight> {
        let facts = &self.facts;
        let mut preflight = Preflight { room_at: self.room_at(), ..Preflight::default() };
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
        let held = self.held(ctx, placed, &images)?;
        let blobs = blobs_of(placed);
        let missing = || blobs.iter().filter(|blob| !held.skipped.contains(&blob.digest));
        preflight.num_sent = missing().count();
        let unpacked = self.unpacked(placed);
        let sizes = missing().map(|blob| {
            let ratio = if unpacked.contains_key(&blob.digest) { UNPACKED_RATIO } else { 1 };
            blob.size.saturating_mul(ratio)
        });
        preflight.needed_bytes = sizes.fold(0, u64::saturating_add).saturating_mul(facts.room_factor);
        let mut taken = Vec::new();
        for placed in placed {
            let image = placed.image;
            let manifest = loadable(image);
            let platform = manifest.and_then(|manifest| manifest.platform.as_ref());
            if platform.is_some_and(|platform| !platform.satisfies(&facts.platform)) {
                preflight.checks.push(Check::new(CheckKind::OtherPlatform, titled(image, manifest)));
            }
            if manifest.is_some_and(|manifest| manifest.layers.iter().any(|layer| self.unpacks(layer))) {
                preflight.checks.push(Check::new(CheckKind::Unpacked, image.title()));
            }
            if !facts.keeps_manifests {
                notice_one_platform(ctx, image);
            }
            let Some(id) = self.id(ctx, placed, &images)? else { continue };
            if facts.keeps_manifests && id != image.target.digest {
                ctx.notice(Notice::new(NoticeKind::TagAtPlatform, titled(image, manifest)));
            }
            for name in placed.names {
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
        let images = self.engine.images(ctx, None)?;
        let held = self.held(ctx, placed, &images)?;
        let is_nothing_to_do = blobs_of(placed).iter().all(|blob| held.skipped.contains(&blob.digest));
        let unpacked = self.unpacked(placed);
        let mut expected = Vec::new();
        for placed in placed {
            expected.extend(self.id(ctx, placed, &images)?.map(|id| (id, placed.names.to_vec())));
        }
        let mut open = EngineDestination {
            ctx: ctx.clone(),
            engine: Arc::clone(&self.engine),
            room_at: self.room_at(),
            tar: ImageTar::new(Loading(None)),
            documents: Vec::new(),
            backups: order.backups.to_vec(),
            held,
            expected,
            unpacked: unpacked.clone(),
            then: None,
        };
        if is_nothing_to_do {
            return Ok(Box::new(open));
        }
        let all = self.moved(ctx, placed, &images)?;
        let unpackable: Vec<_> = all.iter().copied().filter(|placed| !placed.image.is_artifact()).collect();
        let load = if unpackable.len() < all.len() {
            open.then = (!unpackable.is_empty()).then(|| self.documents(ctx, &unpackable)).transpose()?;
            self.engine.load_packed(ctx)?
        } else {
            self.engine.load(ctx)?
        };
        open.tar = ImageTar::new(Loading(Some(load)));
        if self.facts.keeps_manifests {
            open.documents = self.documents(ctx, &all)?;
        }
        let place = |layer: &Layer| unpacked.get(&layer.blob.digest).copied().unwrap_or(layer.blob.digest);
        open.documents.push(("manifest.json", manifest_json(placed, place)?));
        Ok(Box::new(open))
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Engine, self.engine.place())
    }
}
