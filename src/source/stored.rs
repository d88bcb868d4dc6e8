//! Images put together from an engine's own files, without a `docker save`.
//!
//! They are the images of a save, byte for byte. Either all of them are read so, or none.

use std::collections::BTreeMap;

use super::{
    ImageList, Intake, Wanted, directory::FileEntry, docker_archive::image_from_config, lanes::read_blobs,
    merge_names, sniff::Compression,
};
use crate::{
    digest::Digest,
    engine::LayerStore,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{chain_ids, read_config},
};

/// Layers read at once.
const NUM_LANES: usize = 2;

/// All that is wanted, found in the files of its engine.
pub(super) struct Stored {
    store: Box<dyn LayerStore>,
    /// Configs of the images, in their order.
    configs: Vec<Vec<u8>>,
    /// Where each layer lies, by its diffID: its chain ID.
    layers: BTreeMap<Digest, Digest>,
}

impl Stored {
    /// Looks for everything of `wanted` in `store`.
    ///
    /// # Errors
    /// When anything is not there, or an image has no layers: that one no engine saves either.
    pub(super) fn find(ctx: &Ctx, store: Box<dyn LayerStore>, wanted: &Wanted<'_>) -> Result<Self> {
        let (mut configs, mut layers) = (Vec::new(), BTreeMap::new());
        for image in &wanted.images {
            let config = store.config(&image.target.digest)?;
            let facts = read_config(&config, &image.title())?;
            if facts.diff_ids.is_empty() {
                return Err(Error::new(Code::BlobMissing).with(Fact::Image, image.title()));
            }
            for (diff_id, chain_id) in facts.diff_ids.iter().zip(chain_ids(facts.diff_ids.iter().copied())) {
                ctx.checkpoint()?;
                if !layers.contains_key(diff_id) {
                    store.layer(&chain_id, diff_id)?;
                    layers.insert(*diff_id, chain_id);
                }
            }
            configs.push(config);
        }
        Ok(Self { store, configs, layers })
    }

    /// Reads the layers into lanes of `intake`, and returns the images. Their documents stand in [`ImageList::made`].
    pub(super) fn read(&self, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<ImageList> {
        let layers = Wanted { images: wanted.images.clone(), blobs: self.layers.keys().copied().collect() };
        let open = |diff_id: &Digest, _| {
            let missing = || Error::new(Code::BlobMissing);
            self.store.layer(self.layers.get(diff_id).ok_or_else(missing)?, diff_id)
        };
        let found: BTreeMap<Digest, u64> =
            read_blobs(&layers, intake, NUM_LANES, open)?.into_iter().collect();
        let mut list = ImageList::default();
        for (image, config) in wanted.images.iter().zip(&self.configs) {
            let facts = read_config(config, &image.title())?;
            let file = |diff_id: &Digest| {
                let missing = || Error::new(Code::BlobMissing).with(Fact::Blob, diff_id);
                let size = *found.get(diff_id).ok_or_else(missing)?;
                Ok(FileEntry { offset: 0, size, hashed: Some(*diff_id), compression: Compression::None })
            };
            let files: Vec<FileEntry> = facts.diff_ids.iter().map(file).collect::<Result<_>>()?;
            let image =
                image_from_config(image.names.clone(), config, facts, files.into_iter(), &mut list.made)?;
            list.made.insert(Digest::of(config), config.clone());
            list.images.push(image);
        }
        list.images = merge_names(list.images);
        Ok(list)
    }
}
