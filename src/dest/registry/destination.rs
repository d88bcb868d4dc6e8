//! A registry that is being written to.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    Repositories, is_target, lone_manifest, places,
    presence::Presence,
    upload::{Route, Uploads},
};
use crate::{
    dest::{Beside, Destination, Placed, preflight::read_back_mismatch},
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Ctx, Notice, NoticeKind},
    net::Registry,
    oci::{Descriptor, Image, MAX_MANIFEST_BYTES},
};

pub(super) struct RegistryDestination {
    ctx: Ctx,
    repositories: Repositories,
    presence: Presence,
    present: BTreeSet<Digest>,
    uploads: Uploads,
    /// Manifests and indexes, which follow when all blobs are there.
    documents: Mutex<BTreeMap<Digest, Vec<u8>>>,
    /// Image, repository, and tag or digest.
    places: Vec<(Image, String, String)>,
}

impl RegistryDestination {
    pub(super) fn new(
        ctx: &Ctx,
        repositories: Repositories,
        presence: Presence,
        placed: &[Placed<'_>],
    ) -> Self {
        let places = placed.iter().flat_map(places);
        let places = places.map(|(image, repository, tag)| (image.clone(), repository.into(), tag.into()));
        Self {
            ctx: ctx.clone(),
            present: presence.present(),
            uploads: Uploads::new(ctx),
            documents: Mutex::default(),
            places: places.collect(),
            repositories,
            presence,
        }
    }

    fn documents(&self) -> MutexGuard<'_, BTreeMap<Digest, Vec<u8>>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entered(&self, repository: &str) -> (String, Registry) {
        (repository.to_owned(), self.repositories[repository].clone())
    }

    /// The manifest's bytes: from the bundle, or from the registry that had them already.
    fn document(&self, repository: &str, digest: &Digest) -> Result<Vec<u8>> {
        if let Some(bytes) = self.documents().get(digest) {
            return Ok(bytes.clone());
        }
        let registry = &self.repositories[repository];
        let found = registry.manifest(&self.ctx, repository, &digest.to_string(), MAX_MANIFEST_BYTES)?;
        found.map(|found| found.bytes).ok_or_else(|| Error::new(Code::BlobMissing).with(Fact::Blob, digest))
    }

    fn pointed_at(&self, repository: &str, reference: &str) -> Result<Option<Digest>> {
        self.repositories[repository].manifest_digest(&self.ctx, repository, reference, MAX_MANIFEST_BYTES)
    }

    fn put_manifest(&self, repository: &str, reference: &str, manifest: &Descriptor) -> Result<()> {
        let bytes = self.document(repository, &manifest.digest)?;
        let registry = &self.repositories[repository];
        registry.put_manifest(&self.ctx, repository, reference, &manifest.media_type, &bytes)
    }

    /// Puts manifests before the indexes that list them, and gives what the tag shall point at.
    fn put_image(&self, image: &Image, repository: &str) -> Result<Descriptor> {
        let lacks =
            |digest: &Digest| self.presence.lacking(digest).iter().any(|lacking| lacking == repository);
        let manifests = image.manifests.iter().map(|manifest| &manifest.blob);
        // Inner indexes were found after those they stand in.
        let inside_out = manifests.chain(image.indexes.iter().rev());
        for manifest in inside_out.filter(|manifest| lacks(&manifest.digest)) {
            let put = self.put_manifest(repository, &manifest.digest.to_string(), manifest);
            match put {
                Err(e) if is_incomplete(&e) && !image.absent.is_empty() => {
                    let lone = lone_manifest(image).cloned();
                    return lone.ok_or_else(|| e.recoded(Code::IncompleteIndex));
                }
                put => put?,
            }
        }
        Ok(image.target.clone())
    }
}

/// Whether the registry refused an index as it does not have all that it lists.
fn is_incomplete(error: &Error) -> bool {
    matches!(error.code(), Code::Unsupported | Code::NotInRegistry)
        && error.context().iter().any(|(fact, text)| {
            *fact == Fact::Detail && (text.contains("BLOB_UNKNOWN") || text.contains("MANIFEST_"))
        })
}

impl Destination for RegistryDestination {
    fn present(&self) -> &BTreeSet<Digest> {
        &self.present
    }

    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()> {
        Beside::put(self, blob, reader)
    }

    fn beside(&self) -> Option<&dyn Beside> {
        Some(self)
    }

    fn again(&mut self) -> Result<BTreeSet<Digest>> {
        Ok(self.uploads.again())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut tags = Vec::new();
        for (image, repository, reference) in &self.places {
            if self.pointed_at(repository, reference)?.is_some_and(|found| is_target(image, found)) {
                continue;
            }
            let blame = |e: Error| e.or_with(Fact::Image, format!("{repository}:{reference}"));
            let target = self.put_image(image, repository).map_err(blame)?;
            if target != image.target {
                self.ctx.notice(Notice::new(NoticeKind::TagAtPlatform, format!("{repository}:{reference}")));
            }
            tags.push((repository, reference, target));
        }
        for (repository, reference, target) in &tags {
            // By digest it stands there already.
            if reference.parse::<Digest>().is_err() {
                self.put_manifest(repository, reference, target)?;
            }
            let found = self.pointed_at(repository, reference)?;
            if found != Some(target.digest) {
                let error = read_back_mismatch(&target.digest, found);
                return Err(error.with(Fact::Image, format!("{repository}:{reference}")));
            }
        }
        Ok(())
    }
}

impl Beside for RegistryDestination {
    fn put(&self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()> {
        if self.presence.is_manifest(&blob.digest) {
            let mut bytes = Vec::new();
            let max_bytes = MAX_MANIFEST_BYTES + 1;
            reader.take(max_bytes).read_to_end(&mut bytes).map_err(|e| Error::from_stream(Code::Read, e))?;
            self.documents().insert(blob.digest, bytes);
            return Ok(());
        }
        let mut lacking =
            self.presence.lacking(&blob.digest).iter().map(|repository| self.entered(repository));
        let Some(to) = lacking.next() else { return Ok(()) };
        let route = Route { to, then: lacking.collect() };
        self.uploads.put(blob, &route, reader)
    }
}
