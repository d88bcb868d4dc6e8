//! The output of `docker save`: Docker ≤ 24's own layout, and Docker ≥ 25's OCI layout with a `manifest.json`.
//!
//! Where the archive holds real manifests they are kept byte for byte; else one is made from the config, as for what an
//! engine has in its own files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;

use super::{
    ImageList, Intake, Source, Wanted,
    archive::Archive,
    directory::{FileEntry, Files},
    merge_names, names_from,
    oci_archive::Blobs,
    oci_layout::read_index,
    sniff::{Compression, not_an_image},
};
use crate::{
    bundle::{MAX_IMAGES, MAX_NAMES},
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Ctx, Notice, NoticeKind},
    oci::{
        ConfigFacts, Descriptor, Image, ImageManifest, Layer, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, Name,
        manifest_from_config, parse_json, read_config,
    },
};

/// Most layers and most names of all items of a `manifest.json`. Paths and names of usual length fill the largest one with
/// half as many.
const MAX_LISTED: usize = 100_000;

/// Where each blob's bytes lie: the resolved name of an entry.
pub(super) type Places = BTreeMap<Digest, String>;

struct DockerArchive {
    archive: Archive,
    list: ImageList,
    places: Places,
}

/// One element of `manifest.json`. moby: image/tarexport, `manifestItem`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManifestItem {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

/// Opens the archive at `path`.
pub(super) fn open(ctx: &Ctx, path: &Path) -> Result<Box<dyn Source>> {
    let archive = Archive::open(ctx, path)?;
    if !archive.contains("manifest.json") {
        return Err(Error::new(not_an_image(&archive)));
    }
    let (list, places) = read_list(ctx, &archive)?;
    Ok(Box::new(DockerArchive { archive, list, places }))
}

/// The images of an archive, and where their blobs lie in it. Shared with archives that come as a stream.
pub(super) fn read_list(ctx: &Ctx, files: &dyn Files) -> Result<(ImageList, Places)> {
    let missing = || Error::new(Code::BlobMissing).with(Fact::Entry, "manifest.json");
    let manifest = files.read_small("manifest.json", MAX_MANIFEST_BYTES)?.ok_or_else(missing)?;
    let items: Vec<ManifestItem> = parse_json(&manifest, "manifest.json")?;
    refuse_many(&items)?;

    let mut list = ImageList::default();
    let mut places = Places::new();
    let mut images = oci_images(ctx, files)?;
    for image in &images {
        for digest in image.blobs().keys() {
            places.insert(*digest, super::oci_layout::blob_path(digest));
        }
    }
    let mut by_config: BTreeMap<Digest, usize> = BTreeMap::new();
    for (place, image) in images.iter().enumerate() {
        for manifest in &image.manifests {
            by_config.entry(manifest.config.digest).or_insert(place);
        }
    }
    // Items may name one file a thousand times, and through links: it is read and hashed once.
    let mut digests: BTreeMap<&str, Digest> = BTreeMap::new();
    let mut listed: BTreeSet<usize> = BTreeSet::new();
    for item in &items {
        ctx.checkpoint()?;
        let names = names_from(item.repo_tags.as_deref().unwrap_or_default(), Name::qualified);
        let missing = || Error::new(Code::BlobMissing).with(Fact::Entry, &item.config);
        let (file, _) = files.resolve(&item.config).ok_or_else(missing)?;
        let bytes = match digests.get(file) {
            Some(_) => None,
            None => Some(files.read_small(file, MAX_CONFIG_BYTES)?.ok_or_else(missing)?),
        };
        let digest = *digests.entry(file).or_insert_with(|| Digest::of(bytes.as_deref().unwrap_or_default()));
        refuse_misnamed(item, &digest)?;
        match (by_config.get(&digest), bytes) {
            // An OCI manifest for the same config tells more.
            (Some(place), _) => {
                images[*place].names.extend(names);
                listed.insert(*place);
            }
            (None, Some(bytes)) => {
                by_config.insert(digest, images.len());
                let config = (digest, bytes);
                images.push(image_from_item(files, item, names, config, &mut list.made, &mut places)?);
            }
            // Whatever was read before is an image by now.
            (None, None) => return Err(missing()),
        }
    }
    for place in listed {
        // The index may have short names for what an item names in full.
        images[place].names.retain(Name::is_qualified);
    }
    list.images = merge_names(images);
    Ok((list, places))
}

/// Images that Docker ≥ 25 describes in `index.json`.
fn oci_images(ctx: &Ctx, files: &dyn Files) -> Result<Vec<Image>> {
    let Some(index) = files.read_small("index.json", MAX_MANIFEST_BYTES)? else { return Ok(Vec::new()) };
    match read_index(ctx, &index, &mut Blobs(files)) {
        Ok(images) => Ok(images),
        // Docker 25.0.0 listed layers in the wrong order (moby#47150); the config has the right one.
        Err(e) if e.code() == Code::Inconsistent => {
            ctx.notice(Notice::new(NoticeKind::LayerOrderRebuilt, files.title()));
            Ok(Vec::new())
        }
        Err(e) => Err(e),
    }
}

/// Refuses more than any archive lists, before a config is read.
fn refuse_many(items: &[ManifestItem]) -> Result<()> {
    let num_layers: usize = items.iter().map(|item| item.layers.as_ref().map_or(0, Vec::len)).sum();
    let num_names: usize = items.iter().map(|item| item.repo_tags.as_ref().map_or(0, Vec::len)).sum();
    for (found, limit, detail) in [
        (items.len(), MAX_IMAGES, "detail-limit-images"),
        (num_layers, MAX_LISTED, "detail-limit-blobs"),
        (num_names, MAX_NAMES, "detail-limit-names"),
    ] {
        if found > limit {
            let error =
                Error::new(Code::Limit).with(Fact::Entry, "manifest.json").worded(Fact::Detail, detail, &[]);
            return Err(error.with(Fact::Found, found).with(Fact::Limit, limit));
        }
    }
    Ok(())
}

/// Refuses a config whose name says another digest than its content has.
fn refuse_misnamed(item: &ManifestItem, digest: &Digest) -> Result<()> {
    // Engines name the file by its digest: `<hex>.json`, or `blobs/sha256/<hex>`.
    let stem = item.config.rsplit('/').next().unwrap_or_default();
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    if stem.len() == 64 && stem != digest.hex() {
        let error = Error::new(Code::SourceMismatch).with(Fact::Entry, &item.config);
        return Err(error.with(Fact::Expected, format!("sha256:{stem}")).with(Fact::Found, digest));
    }
    Ok(())
}

fn image_from_item(
    files: &dyn Files,
    item: &ManifestItem,
    names: Vec<Name>,
    (config_digest, config_bytes): (Digest, Vec<u8>),
    made: &mut BTreeMap<Digest, Vec<u8>>,
    places: &mut Places,
) -> Result<Image> {
    let facts = read_config(&config_bytes, &item.config)?;
    // Old engines list an empty path for a layer that holds nothing and is in no diff_ids.
    let paths: Vec<&String> = item.layers.iter().flatten().filter(|path| !path.is_empty()).collect();
    if paths.len() != facts.diff_ids.len() {
        let error = Error::new(Code::Inconsistent).with(Fact::Entry, &item.config);
        let (expected, found) = (facts.diff_ids.len(), paths.len());
        return Err(error.worded(Fact::Expected, "layers", &[("num", expected.to_string())]).worded(
            Fact::Found,
            "layers",
            &[("num", found.to_string())],
        ));
    }
    let mut layer_files = Vec::new();
    for path in paths {
        let resolved = files.resolve(path.trim_start_matches("./"));
        layer_files.push(resolved.ok_or_else(|| Error::new(Code::BlobMissing).with(Fact::Entry, path))?);
    }
    let layer_files = order_by_diff_ids(layer_files, &facts.diff_ids);

    let config_name = files.resolve(&item.config).map_or(item.config.as_str(), |(name, _)| name);
    places.insert(config_digest, config_name.to_owned());
    let image =
        image_from_config(names, &config_bytes, facts, layer_files.iter().map(|(_, file)| *file), made)?;
    for (layer, (name, _)) in image.manifests.iter().flat_map(|manifest| &manifest.layers).zip(layer_files) {
        places.insert(layer.blob.digest, name.to_owned());
    }
    Ok(image)
}

/// The image of a config and of its layers' files, base first. Its manifest is made, and goes to `made`.
pub(super) fn image_from_config(
    names: Vec<Name>,
    config_bytes: &[u8],
    facts: ConfigFacts,
    layer_files: impl Iterator<Item = FileEntry>,
    made: &mut BTreeMap<Digest, Vec<u8>>,
) -> Result<Image> {
    let config = Descriptor {
        media_type: "application/vnd.oci.image.config.v1+json".into(),
        digest: Digest::of(config_bytes),
        size: config_bytes.len() as u64,
    };
    let layers = layer_files
        .zip(facts.diff_ids)
        .map(|(file, diff_id)| Ok(Layer { blob: layer_descriptor(file, diff_id)?, diff_id: Some(diff_id) }));
    let layers: Vec<Layer> = layers.collect::<Result<_>>()?;
    let blobs: Vec<Descriptor> = layers.iter().map(|layer| layer.blob.clone()).collect();
    let (bytes, blob) = manifest_from_config(&config, &blobs)?;
    made.insert(blob.digest, bytes);
    let manifest = ImageManifest {
        blob: blob.clone(),
        platform: Some(facts.platform),
        config,
        layers,
        created: facts.created,
        class_label: facts.class_label,
    };
    Ok(Image {
        names,
        target: blob,
        indexes: Vec::new(),
        manifests: vec![manifest],
        absent: Vec::new(),
        listed: Vec::new(),
        synthesized: true,
    })
}

/// Puts layers named by their digest into the config's order, should the list disagree with it.
fn order_by_diff_ids<'a>(files: Vec<(&'a str, FileEntry)>, diff_ids: &[Digest]) -> Vec<(&'a str, FileEntry)> {
    let by_hex: BTreeMap<&str, (&str, FileEntry)> =
        files.iter().map(|file| (file.0.rsplit('/').next().unwrap_or_default(), *file)).collect();
    // One file may serve several places: the same empty layer often stands in an image twice.
    diff_ids.iter().map(|id| by_hex.get(id.hex().as_str()).copied()).collect::<Option<_>>().unwrap_or(files)
}

/// A raw layer is named by its diffID; a compressed one by the digest of its file, taken while scanning.
///
/// # Errors
/// [`Code::SourceMismatch`] for a raw layer whose digest is known and is not its diffID.
fn layer_descriptor(file: FileEntry, diff_id: Digest) -> Result<Descriptor> {
    if let Some(found) =
        file.hashed.filter(|found| file.compression == Compression::None && *found != diff_id)
    {
        return Err(Error::new(Code::SourceMismatch).with(Fact::Expected, diff_id).with(Fact::Found, found));
    }
    let suffix = match file.compression {
        Compression::Gzip => "+gzip",
        Compression::Zstd => "+zstd",
        Compression::None | Compression::Xz => "",
    };
    Ok(Descriptor {
        media_type: format!("application/vnd.oci.image.layer.v1.tar{suffix}"),
        digest: file.hashed.unwrap_or(diff_id),
        size: file.size,
    })
}

impl Source for DockerArchive {
    fn list(&self) -> &ImageList {
        &self.list
    }

    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
        let mut names = BTreeMap::new();
        for digest in &wanted.blobs {
            let Some(name) = self.places.get(digest) else { continue };
            let name = self.archive.resolve(name).map_or(name.as_str(), |(name, _)| name);
            names.insert(name.to_owned(), *digest);
        }
        intake.lane(&mut |sink| self.archive.read(ctx, &names, sink))?;
        Ok(None)
    }

    fn has_changed(&self) -> bool {
        self.archive.has_changed()
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Path, self.archive.path().display().to_string())
    }
}
