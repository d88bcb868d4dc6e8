//! Images of a containerd: its content store has every blob byte for byte, so the list is exact.

use std::{collections::BTreeSet, io::Read};

use super::{
    ImageList, Intake, Opened, Source, Wanted, lanes::read_blobs, merge_names, oci_layout::checked_document,
};
use crate::{
    digest::Digest,
    engine::{Containerd, Engine, Record, containerd_failed},
    error::{Code, Error, Fact, Result},
    job::{Ctx, Notice, NoticeKind},
    oci::{Descriptor, Documents, ImageReader, MAX_MANIFEST_BYTES},
};

/// Blobs read at once: each is a program of its own, which hashes nothing.
const NUM_LANES: usize = 2;

struct ContainerdSource {
    engine: Containerd,
    list: ImageList,
}

/// `[NAMESPACE/]REF`, or all images of a namespace.
pub(super) fn open(ctx: &Ctx, reference: Option<&str>) -> Opened {
    let (engine, wanted) = Containerd::reach_reference(ctx, reference.unwrap_or_default())?;
    let records = engine.records(ctx)?;
    let mut documents = Content { ctx, engine: &engine, digests: engine.content(ctx)? };
    let (mut images, mut reader) = (Vec::new(), ImageReader::new(ctx));
    for record in &records {
        ctx.checkpoint()?;
        let name = record.name();
        let is_wanted = match (&name, wanted) {
            // What has no name is listed once more under its name.
            (name, "") => name.is_some(),
            (Some(name), text) => name.is_meant_by(text) || record.target.to_string() == text,
            (None, text) => record.target.to_string() == text || record.reference == text,
        };
        if !is_wanted {
            continue;
        }
        let target = documents.target(record)?;
        match reader.read_image(&mut documents, &target, name.into_iter().collect()) {
            Ok(image) => images.push(image),
            Err(e) if e.code() == Code::BadMediaType && wanted.is_empty() => {
                ctx.notice(Notice::new(NoticeKind::ArtifactSkipped, &record.reference));
            }
            Err(e) => {
                return Err(e.or_with(Fact::Image, &record.reference).or_with(Fact::Engine, engine.place()));
            }
        }
    }
    if images.is_empty() && !wanted.is_empty() {
        let error = Error::new(Code::NoSuchImage).with(Fact::Image, wanted);
        return Err(error.with(Fact::Engine, engine.place()));
    }
    let list = ImageList { images: merge_names(images), ..ImageList::default() };
    Ok(Box::new(ContainerdSource { engine, list }))
}

/// The content store, as documents by digest.
struct Content<'a> {
    ctx: &'a Ctx,
    engine: &'a Containerd,
    digests: BTreeSet<Digest>,
}

impl Content<'_> {
    fn bytes(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut blob = self.engine.blob(self.ctx, digest)?.take(max_bytes + 1);
        blob.read_to_end(&mut bytes).map_err(|e| Error::from_stream(Code::EngineFailed, e))?;
        if bytes.len() as u64 > max_bytes {
            return Err(Error::new(Code::Limit).with(Fact::Blob, digest).with(Fact::Limit, max_bytes));
        }
        Ok(bytes)
    }

    /// The descriptor of a record, which tells no exact size.
    fn target(&self, record: &Record) -> Result<Descriptor> {
        let size = self.bytes(&record.target, MAX_MANIFEST_BYTES)?.len() as u64;
        if size == 0 {
            return Err(containerd_failed(self.engine, format!("no content: {}", record.target)));
        }
        Ok(Descriptor { media_type: record.media_type.clone(), digest: record.target, size })
    }
}

impl Documents for Content<'_> {
    fn has(&self, digest: &Digest) -> bool {
        self.digests.contains(digest)
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        checked_document(blob, self.bytes(&blob.digest, max_bytes)?)
    }
}

impl Source for ContainerdSource {
    fn list(&self) -> &ImageList {
        &self.list
    }

    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
        read_blobs(wanted, intake, NUM_LANES, |digest, _| self.engine.blob(ctx, digest)).map(|_| None)
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Engine, self.engine.place())
    }
}
