//! One image of a registry, with the signatures and other artifacts that belong to it.
//!
//! Manifests and indexes are fetched while listing, as registries count those; blobs come in several lanes.
//! Artifacts become images of their own, under the tags that the distribution-spec gives them.

mod artifacts;
mod documents;

use std::{
    io::{self, Read},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use self::documents::Remote;
use super::{ImageList, Intake, Source, Wanted};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{Registry, RegistryAccess},
    oci::{Name, read_image},
};

/// Blobs asked for at once: the next is on its way while one is being packed.
const NUM_LANES: usize = 4;

struct RegistrySource {
    registry: Registry,
    repository: String,
    list: ImageList,
}

/// The image `reference`: `HOST/REPO[:TAG|@DIGEST]`.
pub(super) fn open(ctx: &Ctx, reference: &str, access: &RegistryAccess) -> Result<Box<dyn Source>> {
    let name = Name::qualified(reference)?;
    let bad = || Error::new(Code::BadReference).with(Fact::Found, reference);
    let (host, repository, wanted) = name.parts().ok_or_else(bad)?;
    let registry = Registry::connect(ctx, host, repository, access)?;
    let blame = |error: Error| error.or_with(Fact::Image, &name);
    let mut remote = Remote::new(ctx, &registry, repository);
    let target = remote.fetch(wanted).map_err(blame)?;
    let target =
        target.ok_or_else(|| blame(Error::new(Code::NotInRegistry).with(Fact::Registry, registry.host())))?;
    let image = read_image(&mut remote, &target, vec![name.clone()]).map_err(blame)?;
    let mut images = vec![image];
    artifacts::find(&mut remote, &mut images)?;
    let list = ImageList { images, made: remote.into_documents() };
    Ok(Box::new(RegistrySource { repository: repository.to_owned(), registry, list }))
}

impl Source for RegistrySource {
    fn list(&self) -> &ImageList {
        &self.list
    }

    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
        let sizes = wanted.images.iter().flat_map(|image| image.blobs());
        let mut blobs: Vec<(Digest, u64)> = sizes
            .map(|(digest, blob)| (digest, blob.size))
            .filter(|(digest, _)| wanted.blobs.contains(digest))
            .collect();
        blobs.sort_unstable();
        blobs.dedup();
        // Taken from the end: the largest first, so that no lane is left alone with one.
        blobs.sort_by_key(|(_, size)| *size);
        let (queue, stop) = (Mutex::new(blobs), AtomicBool::new(false));
        let next =
            || queue.lock().unwrap_or_else(PoisonError::into_inner).pop().filter(|_| !stop.load(Relaxed));
        let pull = || {
            let read = intake.lane(&mut |sink| {
                while let Some((digest, size)) = next() {
                    let blob = self.registry.blob(ctx, &self.repository, &digest, size);
                    let mut blob = Stoppable { inner: blob, stop: &stop };
                    sink(Some(&digest), &mut blob).map_err(|e| e.or_with(Fact::Blob, digest))?;
                }
                Ok(())
            });
            // One that fails ends them all.
            read.inspect_err(|_| stop.store(true, Relaxed)).map(drop)
        };
        let ended: Vec<Result<()>> = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..NUM_LANES).map(|_| scope.spawn(pull)).collect();
            let stopped = |_| Err(Error::new(Code::Cancelled));
            lanes.into_iter().map(|lane| lane.join().unwrap_or_else(stopped)).collect()
        });
        let failed = ended.into_iter().filter_map(Result::err);
        // The lanes that were stopped know nothing of the cause.
        match failed.min_by_key(|e| e.code() == Code::Cancelled) {
            None => Ok(None),
            // Its size was right, so it is the content that is not.
            Some(e) if e.code() == Code::SourceMismatch => Err(e.recoded(Code::RegistryMismatch)),
            Some(e) => Err(e),
        }
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Registry, self.registry.host().to_owned())
    }
}

/// A blob that is left where it is once another lane failed.
struct Stoppable<'a, R> {
    inner: R,
    stop: &'a AtomicBool,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Relaxed) {
            return Err(Error::new(Code::Cancelled).into());
        }
        self.inner.read(buf)
    }
}
