//! Archives: an OCI layout in a tar, with Docker's `manifest.json` beside it for `docker-archive`.
//!
//! The documents come first, so a listing needs only the beginning.

use std::{
    collections::BTreeSet,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    Destination, Order, Placed, Preflight, TagPolicy, Target,
    image_tar::{ENTRY_OVERHEAD_BYTES, ImageTar},
    layout::{OCI_LAYOUT, blob_path, blobs_of, index_entries, index_json, manifest_json},
    preflight::notice_one_platform,
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::{Existing, PartialFile, refuse_existing},
    job::{Ctx, Notice, NoticeKind},
    oci::{Descriptor, Image, Name, is_zstd_layer},
};

/// An archive by its path.
struct ArchiveTarget {
    path: PathBuf,
    /// With `manifest.json`.
    is_docker: bool,
}

/// A tar that Docker (old and new), Podman and containerd load.
pub(super) fn docker(path: &Path) -> Box<dyn Target> {
    Box::new(ArchiveTarget { path: path.to_owned(), is_docker: true })
}

/// A tar of an OCI layout.
pub(super) fn oci(path: &Path) -> Box<dyn Target> {
    Box::new(ArchiveTarget { path: path.to_owned(), is_docker: false })
}

impl Target for ArchiveTarget {
    fn check(&self, existing: Existing) -> Result<()> {
        refuse_existing(&self.path, existing)
    }

    fn name_there(&self, name: &Name) -> Result<Option<Name>> {
        // `manifest.json` has no place for a tag alone, nor for a digest.
        Ok((!self.is_docker || (name.is_qualified() && !name.has_digest())).then(|| name.clone()))
    }

    /// `manifest.json` lists images alone.
    fn holds(&self, image: &Image) -> bool {
        !self.is_docker || !image.is_artifact()
    }

    fn preflight(&self, ctx: &Ctx, placed: &[Placed<'_>], _: TagPolicy) -> Result<Preflight> {
        for Placed { image, .. } in placed.iter().filter(|_| self.is_docker) {
            let mut layers = image.manifests.iter().flat_map(|manifest| &manifest.layers);
            if layers.any(|layer| is_zstd_layer(&layer.blob.media_type)) {
                ctx.notice(Notice::new(NoticeKind::ZstdLayers, image.title()));
            }
            notice_one_platform(ctx, image);
        }
        let blobs = blobs_of(placed);
        let needed_bytes =
            blobs.iter().map(|blob| blob.size + ENTRY_OVERHEAD_BYTES).sum::<u64>() + (64 << 10);
        let num_sent = blobs.len();
        Ok(Preflight { num_sent, needed_bytes, room_at: Some(self.path.clone()), ..Preflight::default() })
    }

    fn open(&self, ctx: &Ctx, order: &Order<'_>) -> Result<Box<dyn Destination>> {
        let placed = &order.placed;
        let mut documents = vec![
            ("oci-layout", OCI_LAYOUT.to_vec()),
            ("index.json", index_json(ctx, index_entries(ctx, placed, |image| &image.target)?)?),
        ];
        if self.is_docker {
            documents.push(("manifest.json", manifest_json(placed, |layer| layer.blob.digest)?));
        }
        let file = PartialFile::create(&self.path, order.existing)?;
        let tar = ImageTar::new(BufWriter::with_capacity(1 << 20, file));
        let mut archive = Archive { tar, present: BTreeSet::new() };
        for (name, document) in documents {
            archive.append(name, document.len() as u64, &mut &document[..])?;
        }
        Ok(Box::new(archive))
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Path, self.path.display().to_string())
    }
}

struct Archive {
    tar: ImageTar<BufWriter<PartialFile>>,
    present: BTreeSet<Digest>,
}

impl Archive {
    fn append(&mut self, name: &str, size: u64, reader: &mut dyn Read) -> Result<()> {
        let appended = self.tar.append(name, size, reader);
        appended.map_err(|e| Error::from_stream(Code::Write, e).at(self.tar.get_ref().get_ref().path()))
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
