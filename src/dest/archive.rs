//! Archives: an OCI layout in a tar, with Docker's `manifest.json` beside it for `docker-archive`.
//!
//! The documents come first, so a listing needs only the beginning. Times and owners are zero: the same
//! images give the same file.

use std::{
    collections::BTreeSet,
    io::{BufWriter, Read, Write},
    path::Path,
};

use super::{
    Destination, Placed,
    layout::{OCI_LAYOUT, blob_path, index_entries, index_json, manifest_json},
};
use crate::{
    digest::Digest,
    error::{Code, Error, Result},
    fs::{Existing, PartialFile},
    oci::Descriptor,
};

struct Archive {
    tar: tar::Builder<BufWriter<PartialFile>>,
    present: BTreeSet<Digest>,
}

/// Tar headers and padding of one entry, at most.
const ENTRY_OVERHEAD_BYTES: u64 = 1024;

pub(super) fn needed(_: &Path, blobs: &[Descriptor]) -> u64 {
    blobs.iter().map(|blob| blob.size + ENTRY_OVERHEAD_BYTES).sum::<u64>() + (64 << 10)
}

/// Opens a tar that Docker (old and new), Podman and containerd load.
pub(super) fn open_docker(
    path: &Path,
    existing: Existing,
    placed: &[Placed<'_>],
) -> Result<Box<dyn Destination>> {
    open(path, existing, placed, Some(manifest_json(placed)?))
}

/// Opens a tar of an OCI layout.
pub(super) fn open_oci(
    path: &Path,
    existing: Existing,
    placed: &[Placed<'_>],
) -> Result<Box<dyn Destination>> {
    open(path, existing, placed, None)
}

fn open(
    path: &Path,
    existing: Existing,
    placed: &[Placed<'_>],
    manifest_json: Option<Vec<u8>>,
) -> Result<Box<dyn Destination>> {
    let file = PartialFile::create(path, existing)?;
    let mut archive =
        Archive { tar: tar::Builder::new(BufWriter::with_capacity(1 << 20, file)), present: BTreeSet::new() };
    archive.append("oci-layout", OCI_LAYOUT.len() as u64, &mut &OCI_LAYOUT[..])?;
    let index = index_json(index_entries(placed)?)?;
    archive.append("index.json", index.len() as u64, &mut &index[..])?;
    if let Some(manifest) = manifest_json {
        archive.append("manifest.json", manifest.len() as u64, &mut &manifest[..])?;
    }
    Ok(Box::new(archive))
}

impl Archive {
    fn append(&mut self, name: &str, size: u64, reader: &mut dyn Read) -> Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(size);
        let failed = |tar: &tar::Builder<BufWriter<PartialFile>>, e| {
            Error::from_stream(Code::Write, e).at(tar.get_ref().get_ref().path())
        };
        self.tar.append_data(&mut header, name, reader).map_err(|e| failed(&self.tar, e))
    }
}

impl Destination for Archive {
    fn present(&self) -> &BTreeSet<Digest> {
        &self.present
    }

    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()> {
        self.append(&blob_path(&blob.digest), blob.size, reader)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let path = self.tar.get_ref().get_ref().path().to_owned();
        let mut buffered = self.tar.into_inner().map_err(|e| Error::write(&path, e))?;
        buffered.flush().map_err(|e| Error::write(&path, e))?;
        let (file, _) = buffered.into_parts();
        file.commit()
    }
}
