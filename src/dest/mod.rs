//! Where images go: one kind of destination per file.
//!
//! A target is looked at first and opened then. An open destination gets every blob as a stream whose digest
//! the caller proves, then is finished. Dropped before that, it leaves nothing new behind.

mod archive;
mod engine;
mod image_tar;
mod layout;
mod oci_layout;
mod preflight;
mod registry;
mod spec;

use std::{collections::BTreeSet, io::Read, path::Path};

pub(crate) use preflight::Preflight;
pub use preflight::{Check, CheckKind, TagPolicy};
pub use spec::DestSpec;

use crate::{
    digest::Digest,
    error::{Fact, Result},
    fs::Existing,
    job::Ctx,
    net::RegistryAccess,
    oci::{Descriptor, Image, Name},
};

/// One image and the names it will have there.
pub(crate) struct Placed<'a> {
    pub(crate) image: &'a Image,
    pub(crate) names: &'a [Name],
}

/// What is to be written.
pub(crate) struct Order<'a> {
    pub(crate) placed: Vec<Placed<'a>>,
    /// Whether a file, or a name in a layout, may be replaced.
    pub(crate) existing: Existing,
    /// Tags to be kept under a second name first.
    pub(crate) backups: &'a [(Name, Name)],
}

/// Where images can go: reached, and not yet written to.
pub(crate) trait Target {
    /// Refuses what cannot be written to, before anything is read. What answered can be.
    fn check(&self, _existing: Existing) -> Result<()> {
        Ok(())
    }

    /// What `name` becomes there; `None` where it cannot be kept.
    fn name_there(&self, name: &Name) -> Result<Option<Name>> {
        Ok(Some(name.clone()))
    }

    /// Whether it can hold this: engines have no place for signatures and other artifacts.
    fn holds(&self, _image: &Image) -> bool {
        true
    }

    /// What restoring would meet: room, tags that are taken, what must be known before. Writes nothing.
    fn preflight(&self, ctx: &Ctx, placed: &[Placed<'_>], tags: TagPolicy) -> Result<Preflight>;

    /// Opens it for writing.
    fn open(&self, ctx: &Ctx, order: &Order<'_>) -> Result<Box<dyn Destination>>;

    /// What to call it in errors.
    fn place(&self) -> (Fact, String);
}

/// A destination that is open for writing.
pub(crate) trait Destination {
    /// Blobs it has already, or has no use for: they are not sent.
    fn present(&self) -> &BTreeSet<Digest>;

    /// How many of them it has no use for.
    fn num_unused(&self) -> usize {
        0
    }

    /// Whether it takes this layer only unpacked; then [`Destination::put`] gets it so, under its diffID.
    fn wants_raw(&self, _blob: &Descriptor) -> bool {
        false
    }

    /// Free bytes where it keeps what it gets, if that is on this machine.
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// Takes one blob. It becomes visible only when `reader` ends without an error. What is not read to its end is
    /// among [`Destination::again`].
    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()>;

    /// The same as one that takes several blobs at once, if it does.
    fn beside(&self) -> Option<&dyn Beside> {
        None
    }

    /// Blobs that have to be put once more, as their way there broke off.
    fn again(&mut self) -> Result<BTreeSet<Digest>> {
        Ok(BTreeSet::new())
    }

    /// Makes everything durable and visible, and reads it back where that tells more.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A destination that takes several blobs at once.
pub(crate) trait Beside: Sync {
    /// As [`Destination::put`].
    fn put(&self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()>;
}

/// A kind of destination.
pub(crate) struct Kind {
    /// Name of the transport, as in containers-transports(5).
    pub(crate) transport: &'static str,
    pub(crate) connect: Connect,
}

/// How a kind is reached.
pub(crate) enum Connect {
    /// A file or a folder.
    File(fn(&Path) -> Box<dyn Target>),
    /// An engine, by what stands behind the transport.
    Remote(fn(&Ctx, &str) -> Result<Box<dyn Target>>),
    /// A registry, by host and prefix.
    Registry(fn(&Ctx, &str, &RegistryAccess) -> Result<Box<dyn Target>>),
}

/// Every kind of destination.
pub(crate) const KINDS: &[Kind] = &[
    Kind { transport: "docker-archive", connect: Connect::File(archive::docker) },
    Kind { transport: "oci", connect: Connect::File(oci_layout::target) },
    Kind { transport: "oci-archive", connect: Connect::File(archive::oci) },
    Kind { transport: "docker", connect: Connect::Registry(registry::target) },
    Kind { transport: "docker-daemon", connect: Connect::Remote(engine::docker) },
    Kind { transport: "containers-storage", connect: Connect::Remote(engine::podman) },
    Kind { transport: "containerd", connect: Connect::Remote(engine::containerd) },
];
