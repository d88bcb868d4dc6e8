//! Where images go: one kind of destination per file.
//!
//! A destination gets every blob as a stream whose digest the caller proves, then is finished. Dropped
//! before that, it leaves nothing new behind.

mod archive;
mod layout;
mod oci_layout;
mod spec;

use std::{collections::BTreeSet, io::Read, path::Path};

pub(crate) use layout::loadable;
pub use spec::DestSpec;

use crate::{
    digest::Digest,
    error::Result,
    fs::{Existing, refuse_existing},
    oci::{Descriptor, Image, Name},
};

/// One image and the names it will have there.
pub(crate) struct Placed<'a> {
    pub(crate) image: &'a Image,
    pub(crate) names: &'a [Name],
}

/// A destination that is open for writing.
pub(crate) trait Destination {
    /// Blobs it has already: they are not sent again.
    fn present(&self) -> &BTreeSet<Digest>;

    /// Takes one blob. It becomes visible only when `reader` ends without an error.
    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()>;

    /// Makes everything durable and visible.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Opens the destination at a path for these images.
type Open = fn(&Path, Existing, &[Placed<'_>]) -> Result<Box<dyn Destination>>;

/// A kind of destination.
pub(crate) struct Kind {
    /// Name of the transport, as in containers-transports(5).
    pub(crate) transport: &'static str,
    /// Whether it keeps manifests (and so manifest digests) and names that are a bare tag.
    pub(crate) keeps_bare_names: bool,
    /// Bytes that `blobs` would take at `path`, less what is there.
    pub(crate) needed: fn(&Path, &[Descriptor]) -> u64,
    /// Refuses a path that cannot be written to, before anything is read.
    pub(crate) check: fn(&Path, Existing) -> Result<()>,
    pub(crate) open: Open,
}

/// Every kind of destination.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        transport: "docker-archive",
        keeps_bare_names: false,
        needed: archive::needed,
        check: refuse_existing,
        open: archive::open_docker,
    },
    Kind {
        transport: "oci",
        keeps_bare_names: true,
        needed: oci_layout::needed,
        check: oci_layout::check,
        open: oci_layout::open,
    },
    Kind {
        transport: "oci-archive",
        keeps_bare_names: true,
        needed: archive::needed,
        check: refuse_existing,
        open: archive::open_oci,
    },
];
