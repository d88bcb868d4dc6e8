//! One image of a registry, with the signatures and other artifacts that belong to it.
//!
//! Manifests and indexes are fetched while listing, as registries count those; blobs come in several lanes.
//! Artifacts become images of their own, under the tags that the distribution-spec gives them.

mod artifacts;
mod documents;

use self::documents::Remote;
use super::{ImageList, Intake, Source, Wanted, lanes::read_blobs};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{Registry, RegistryAccess},
    oci::{ImageReader, Name},
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
    let mut reader = ImageReader::new(ctx);
    let image = reader.read_image(&mut remote, &target, vec![name.clone()]).map_err(blame)?;
    let mut images = vec![image];
    artifacts::find(&mut reader, &mut remote, &mut images)?;
    let list = ImageList { images, made: remote.into_documents() };
    Ok(Box::new(RegistrySource { repository: repository.to_owned(), registry, list }))
}

impl Source for RegistrySource {
    fn list(&self) -> &ImageList {
        &self.list
    }

    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
        let open = |digest: &Digest, size| Ok(self.registry.blob(ctx, &self.repository, digest, size));
        match read_blobs(wanted, intake, NUM_LANES, open) {
            // Its size was right, so it is the content that is not.
            Err(e) if e.code() == Code::SourceMismatch => Err(e.recoded(Code::RegistryMismatch)),
            read => read.map(|_| None),
        }
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Registry, self.registry.host().to_owned())
    }
}
