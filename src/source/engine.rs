//! Images of an engine, streamed out of it without a temporary archive.
//!
//! Where its own files can be read, they come from there. Else it hands them out in two streams side by side; images that
//! share layers go into the same one where that keeps them even.

use std::collections::BTreeMap;

use super::{ImageList, Intake, Source, Wanted, lanes::beside, stored::Stored, streamed::read_stream};
use crate::{
    digest::Digest,
    engine::{self, EngineImage, Exports},
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{Descriptor, Image, ImageManifest, Layer},
};

/// Streams asked for at once. More gain nothing: the engine reads one disk.
const NUM_STREAMS: usize = 2;

struct EngineSource {
    engine: Box<dyn Exports>,
    list: ImageList,
}

/// Images of Docker.
pub(super) fn open_docker(ctx: &Ctx, reference: Option<&str>) -> Result<Box<dyn Source>> {
    // Its plain hint has the way without an engine.
    let engine = engine::docker(ctx).map_err(|e| e.hinted("pack"))?;
    open(ctx, engine, reference).map_err(|e| e.hinted("pack"))
}

/// Images of Podman.
pub(super) fn open_podman(ctx: &Ctx, reference: Option<&str>) -> Result<Box<dyn Source>> {
    open(ctx, engine::podman(ctx)?, reference)
}

impl EngineSource {
    /// What is wanted, as far as all of it lies in files of the engine that can be read.
    fn stored(&self, ctx: &Ctx, wanted: &Wanted<'_>) -> Option<Stored> {
        let stored = Stored::find(ctx, self.engine.store(ctx)?, wanted);
        let told = |e: &Error| tracing::debug!(%e, "not all is in the engine's own files: it saves");
        stored
            .inspect(|_| tracing::debug!("layers are read from the engine's own files"))
            .inspect_err(told)
            .ok()
    }
}

fn open(ctx: &Ctx, engine: Box<dyn Exports>, reference: Option<&str>) -> Result<Box<dyn Source>> {
    let found = engine.images(ctx, reference)?;
    if let (Some(reference), true) = (reference, found.is_empty()) {
        let error = Error::new(Code::NoSuchImage).with(Fact::Image, reference);
        return Err(error.with(Fact::Engine, engine.place()));
    }
    let images = found.iter().map(|image| estimate(image, reference)).collect();
    Ok(Box::new(EngineSource { engine, list: ImageList { images, made: BTreeMap::new() } }))
}

/// An image as far as its engine tells before it hands it out.
fn estimate(found: &EngineImage, reference: Option<&str>) -> Image {
    let blob =
        |media_type: &str, digest, size| Descriptor { media_type: media_type.to_owned(), digest, size };
    let layer = |(diff_id, size): &(Digest, u64)| Layer {
        blob: blob("application/vnd.oci.image.layer.v1.tar", *diff_id, *size),
        diff_id: Some(*diff_id),
    };
    let id = blob("application/vnd.oci.image.config.v1+json", found.id, 0);
    // Asked for by one name, it travels under that name alone.
    let asked: Vec<_> =
        found.names.iter().filter(|name| reference.is_some_and(|text| name.is_meant_by(text))).collect();
    let names = if asked.is_empty() { found.names.clone() } else { asked.into_iter().cloned().collect() };
    Image {
        names,
        target: id.clone(),
        indexes: Vec::new(),
        manifests: vec![ImageManifest {
            blob: id.clone(),
            platform: Some(found.platform.clone()),
            config: id,
            layers: found.layers.iter().map(layer).collect(),
            created: found.created.clone(),
            class_label: found.class_label.clone(),
        }],
        absent: Vec::new(),
        listed: Vec::new(),
        synthesized: true,
    }
}

/// What one stream will hand out.
#[derive(Clone, Default)]
struct Share {
    ids: Vec<Digest>,
    layers: BTreeMap<Digest, u64>,
}

impl Share {
    /// Bytes with the layers of `image` too.
    fn bytes_with(&self, image: &Image) -> u64 {
        let new = layers(image).filter(|(digest, _)| !self.layers.contains_key(digest));
        self.layers.values().sum::<u64>() + new.collect::<BTreeMap<_, _>>().values().sum::<u64>()
    }
}

fn layers(image: &Image) -> impl Iterator<Item = (Digest, u64)> {
    let layers = image.manifests.iter().flat_map(|manifest| &manifest.layers);
    layers.map(|layer| (layer.blob.digest, layer.blob.size))
}

/// Shares `images` out among streams so that the largest stays small, and images with common layers together
/// where that costs nothing. A layer costs once in each stream.
fn share_out(images: &[&Image]) -> Vec<Vec<Digest>> {
    let mut by_size = images.to_vec();
    by_size.sort_by_key(|image| std::cmp::Reverse(image.size_bytes()));
    let mut shares = vec![Share::default(); NUM_STREAMS];
    for image in by_size {
        let largest = shares.iter().map(|share| share.layers.values().sum()).max().unwrap_or(0);
        let cost = |share: &&mut Share| {
            let (before, after) = (share.layers.values().sum::<u64>(), share.bytes_with(image));
            (after.max(largest), after - before)
        };
        if let Some(share) = shares.iter_mut().min_by_key(cost) {
            share.ids.push(image.target.digest);
            share.layers.extend(layers(image));
        }
    }
    shares.into_iter().map(|share| share.ids).filter(|ids| !ids.is_empty()).collect()
}

impl Source for EngineSource {
    fn list(&self) -> &ImageList {
        &self.list
    }

    fn is_estimate(&self) -> bool {
        true
    }

    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
        if let Some(stored) = self.stored(ctx, wanted) {
            return stored.read(wanted, intake).map(Some);
        }
        let lists = beside(share_out(&wanted.images), |ids, stop| {
            let mut stream = stop.guard(self.engine.save(ctx, &ids)?);
            read_stream(ctx, &mut stream, intake, &self.engine.place())
        })?;
        let mut all = ImageList::default();
        for list in lists {
            all.images.extend(list.images);
            all.made.extend(list.made);
        }
        Ok(Some(all))
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Engine, self.engine.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Platform;

    #[test]
    fn images_are_shared_out_evenly_and_with_those_they_share_layers_with() {
        let digest = |n: u8| Digest::of(&[n]);
        let image = |id: u8, layers: &[(u8, u64)]| {
            let found = EngineImage {
                id: digest(id),
                names: Vec::new(),
                platform: Platform::host(),
                created: None,
                class_label: None,
                layers: layers.iter().map(|(n, size)| (digest(*n), *size)).collect(),
            };
            estimate(&found, None)
        };
        let images = [
            image(1, &[(10, 100)]),
            image(2, &[(20, 90)]),
            image(3, &[(20, 90), (21, 1)]),
            image(4, &[(10, 100), (11, 2)]),
        ];
        let streams = share_out(&images.iter().collect::<Vec<_>>());
        assert_eq!(streams, [vec![digest(4), digest(1)], vec![digest(3), digest(2)]]);
        assert_eq!(share_out(&[&images[0]]), [vec![digest(1)]]);
    }
}
