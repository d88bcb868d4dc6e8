//! A tar of an OCI image layout.

use std::{collections::BTreeMap, path::Path};

use super::{
    ImageList, Intake, Source, Wanted,
    archive::Archive,
    directory::Files,
    oci_layout::{blob_path, checked_document, read_index},
    sniff::not_an_image,
};
use crate::{
    digest::Digest,
    error::{Error, Fact, Result},
    job::Ctx,
    oci::{Descriptor, Documents, MAX_MANIFEST_BYTES},
};

struct OciArchive {
    archive: Archive,
    list: ImageList,
}

/// Opens the archive at `path`.
pub(super) fn open(ctx: &Ctx, path: &Path) -> Result<Box<dyn Source>> {
    let archive = Archive::open(ctx, path)?;
    let index = archive.read_small("index.json", MAX_MANIFEST_BYTES)?;
    let index = index.ok_or_else(|| Error::new(not_an_image(&archive)))?;
    let images = read_index(ctx, &index, &mut Blobs(&archive))?;
    Ok(Box::new(OciArchive { archive, list: ImageList { images, ..ImageList::default() } }))
}

/// Documents under `blobs/sha256/` of an archive.
pub(super) struct Blobs<'a>(pub(super) &'a dyn Files);

impl Documents for Blobs<'_> {
    fn has(&self, digest: &Digest) -> bool {
        self.0.resolve(&blob_path(digest)).is_some()
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        let bytes = self.0.read_small(&blob_path(&blob.digest), max_bytes)?;
        checked_document(blob, bytes.unwrap_or_default())
    }
}

impl Source for OciArchive {
    fn list(&self) -> &ImageList {
        &self.list
    }

    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
        let places = wanted.blobs.iter().filter_map(|digest| {
            self.archive.resolve(&blob_path(digest)).map(|(name, _)| (name.to_owned(), *digest))
        });
        let places: BTreeMap<_, _> = places.collect();
        intake.lane(&mut |sink| self.archive.read(ctx, &places, sink))?;
        Ok(None)
    }

    fn has_changed(&self) -> bool {
        self.archive.has_changed()
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Path, self.archive.path().display().to_string())
    }
}
