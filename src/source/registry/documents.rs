//! Documents of a repository, each fetched once and kept: the bundle gets these very bytes.

use std::{collections::BTreeMap, io::Read};

use oci_spec::image as spec;

use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::Registry,
    oci::{Descriptor, Documents, MAX_MANIFEST_BYTES, MediaKind, from_spec, parse_json},
};

/// Most bytes of documents: thousands of platforms and signatures, and no more than memory has.
const MAX_DOCUMENTS_BYTES: usize = 128 << 20;

/// A repository that is read.
pub(super) struct Remote<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) registry: &'a Registry,
    pub(super) repository: &'a str,
    documents: BTreeMap<Digest, Vec<u8>>,
    num_bytes: usize,
    /// Sizes of layers that may live elsewhere: only they are asked for before they are needed.
    foreign: BTreeMap<Digest, u64>,
}

impl<'a> Remote<'a> {
    pub(super) fn new(ctx: &'a Ctx, registry: &'a Registry, repository: &'a str) -> Self {
        let (documents, foreign) = (BTreeMap::new(), BTreeMap::new());
        Self { ctx, registry, repository, documents, num_bytes: 0, foreign }
    }

    pub(super) fn into_documents(self) -> BTreeMap<Digest, Vec<u8>> {
        self.documents
    }

    /// Keeps a document.
    ///
    /// # Errors
    /// [`Code::Limit`].
    pub(super) fn keep(&mut self, digest: Digest, bytes: Vec<u8>) -> Result<()> {
        self.num_bytes += bytes.len();
        if self.num_bytes > MAX_DOCUMENTS_BYTES {
            let error = Error::new(Code::Limit).with(Fact::Registry, self.registry.host());
            return Err(error
                .worded(Fact::Detail, "detail-limit-manifests", &[])
                .with(Fact::Limit, MAX_DOCUMENTS_BYTES));
        }
        self.documents.insert(digest, bytes);
        Ok(())
    }

    /// What a tag or a digest points at; `None` if there is nothing.
    pub(super) fn fetch(&mut self, reference: &str) -> Result<Option<Descriptor>> {
        let found = self.registry.manifest(self.ctx, self.repository, reference, MAX_MANIFEST_BYTES)?;
        let Some(found) = found else { return Ok(None) };
        // Some servers send every JSON under one type; what the document says of itself is what its digest holds.
        let own: Option<OwnType> = serde_json::from_slice(&found.bytes).ok();
        let media_type = match MediaKind::of(&found.media_type) {
            MediaKind::Other => own.and_then(|own| own.media_type).unwrap_or(found.media_type),
            _ => found.media_type,
        };
        let target = Descriptor { media_type, digest: found.digest, size: found.bytes.len() as u64 };
        self.keep(found.digest, found.bytes)?;
        Ok(Some(target))
    }

    /// Fetches a manifest that an index lists, or a config.
    fn fetch_blob(&self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        let missing = || Error::new(Code::BlobMissing).with(Fact::Blob, blob.digest);
        if MediaKind::of(&blob.media_type) != MediaKind::Other {
            let reference = blob.digest.to_string();
            let found = self.registry.manifest(self.ctx, self.repository, &reference, max_bytes)?;
            return found.map(|found| found.bytes).ok_or_else(missing);
        }
        if blob.size > max_bytes {
            let error = Error::new(Code::Limit).with(Fact::Blob, blob.digest);
            return Err(error.with(Fact::Found, blob.size).with(Fact::Limit, max_bytes));
        }
        let mut bytes = Vec::new();
        let mut reader = self.registry.blob(self.ctx, self.repository, &blob.digest, blob.size);
        reader.read_to_end(&mut bytes).map_err(|e| Error::from_stream(Code::ConnectionLost, e))?;
        Ok(bytes)
    }

    fn note_foreign(&mut self, bytes: &[u8]) {
        let Ok(manifest) = parse_json::<spec::ImageManifest>(bytes, "") else { return };
        let elsewhere = manifest.layers().iter().filter(|layer| layer.urls().is_some());
        let blobs = elsewhere.filter_map(|layer| from_spec(layer).ok());
        self.foreign.extend(blobs.map(|blob| (blob.digest, blob.size)));
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnType {
    media_type: Option<String>,
}

impl Documents for Remote<'_> {
    /// A registry takes no manifest without its blobs, so they are believed to be there until they are read.
    fn has(&self, digest: &Digest) -> bool {
        !self.foreign.contains_key(digest)
            || self
                .registry
                .has_blob(self.ctx, self.repository, digest, self.foreign[digest])
                .is_ok_and(|it| it)
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        let known = self.documents.get(&blob.digest).cloned();
        let is_new = known.is_none();
        let bytes = known.map_or_else(|| self.fetch_blob(blob, max_bytes), Ok)?;
        let lie = |code| Error::new(code).with(Fact::Registry, self.registry.host());
        let (found, size) = (Digest::of(&bytes), bytes.len() as u64);
        if size != blob.size {
            let error = lie(Code::RegistrySize).with(Fact::Blob, blob.digest);
            return Err(error.with(Fact::Expected, blob.size).with(Fact::Found, size));
        }
        if found != blob.digest {
            return Err(lie(Code::RegistryMismatch)
                .with(Fact::Expected, blob.digest)
                .with(Fact::Found, found));
        }
        self.note_foreign(&bytes);
        if is_new {
            self.keep(blob.digest, bytes.clone())?;
        }
        Ok(bytes)
    }
}
