//! An OCI image layout in a folder. OCI image-spec, image-layout.md.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
    time::SystemTime,
};

use oci_spec::image as spec;

use super::{ImageList, Intake, Source, Wanted, merge_names, names_from};
use crate::{
    bundle::MAX_IMAGES,
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::open_file,
    job::{Ctx, Notice, NoticeKind},
    oci::{
        ANNOTATION_CONTAINERD_NAME, ANNOTATION_REF_NAME, Descriptor, Documents, Image, ImageReader,
        MAX_MANIFEST_BYTES, Name, from_spec, parse_json,
    },
};

struct OciLayout {
    dir: PathBuf,
    list: ImageList,
    /// When the index was last written.
    stamp: Option<SystemTime>,
}

/// Opens the layout in folder `dir`.
pub(super) fn open(ctx: &Ctx, dir: &Path) -> Result<Box<dyn Source>> {
    let stamp = index_stamp(dir);
    let mut documents = Folder { dir };
    let index = read_file(&dir.join("index.json"), MAX_MANIFEST_BYTES)?;
    let images = read_index(ctx, &index, &mut documents)?;
    Ok(Box::new(OciLayout { dir: dir.to_owned(), list: ImageList { images, ..ImageList::default() }, stamp }))
}

fn index_stamp(dir: &Path) -> Option<SystemTime> {
    dir.join("index.json").metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Images of an `index.json`, by the blobs that `documents` has. Shared with archives of layouts.
pub(super) fn read_index(ctx: &Ctx, index: &[u8], documents: &mut dyn Documents) -> Result<Vec<Image>> {
    let index: spec::ImageIndex = parse_json(index, "index.json")?;
    let mut images: Vec<Image> = Vec::new();
    // Several tags are several descriptors of one target, which is read once: its place among the images, if it is one.
    let mut read: HashMap<Descriptor, Option<usize>> = HashMap::new();
    let mut reader = ImageReader::new(ctx);
    for descriptor in index.manifests() {
        ctx.checkpoint()?;
        let target = from_spec(descriptor).map_err(|e| e.with(Fact::Entry, "index.json"))?;
        let annotation = |key| descriptor.annotations().as_ref().and_then(|all| all.get(key)).cloned();
        // containerd's annotation has the full name where OCI's has only the tag.
        let full: Vec<String> = annotation(ANNOTATION_CONTAINERD_NAME).into_iter().collect();
        let mut names = names_from(&full, Name::qualified);
        if names.is_empty() {
            let short: Vec<String> = annotation(ANNOTATION_REF_NAME).into_iter().collect();
            names = names_from(&short, Name::from_ref_name);
        }
        if let Some(place) = read.get(&target) {
            if let Some(place) = place {
                images[*place].names.extend(names);
            }
            continue;
        }
        let title = names.first().map_or_else(|| target.digest.to_string(), Name::to_string);
        let place = match reader.read_image(documents, &target, names) {
            Ok(image) => {
                images.push(image);
                Some(images.len() - 1)
            }
            // Artifacts beside the images (signatures, charts) are not images of their own.
            Err(e) if e.code() == Code::BadMediaType && index.manifests().len() > 1 => {
                ctx.notice(Notice::new(NoticeKind::ArtifactSkipped, title));
                None
            }
            Err(e) => return Err(e.or_with(Fact::Image, title)),
        };
        read.insert(target, place);
        if read.len() > MAX_IMAGES {
            let error = Error::new(Code::Limit).with(Fact::Entry, "index.json").with(Fact::Limit, MAX_IMAGES);
            return Err(error.worded(Fact::Detail, "detail-limit-images", &[]));
        }
    }
    Ok(merge_names(images))
}

/// Where the blob lies below the root of a layout.
pub(super) fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Checks a document that was looked up by digest.
pub(super) fn checked_document(blob: &Descriptor, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let found = Digest::of(&bytes);
    if found == blob.digest && bytes.len() as u64 == blob.size {
        return Ok(bytes);
    }
    Err(Error::new(Code::SourceMismatch).with(Fact::Expected, blob.digest).with(Fact::Found, found))
}

fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    use std::io::Read;
    let file = open_file(path)?;
    let len = file.metadata().map_err(|e| Error::read(path, e))?.len();
    if len > max_bytes {
        return Err(Error::new(Code::Limit).with(Fact::Found, len).with(Fact::Limit, max_bytes).at(path));
    }
    let mut bytes = Vec::new();
    file.take(max_bytes).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
    Ok(bytes)
}

struct Folder<'a> {
    dir: &'a Path,
}

impl Documents for Folder<'_> {
    fn has(&self, digest: &Digest) -> bool {
        self.dir.join(blob_path(digest)).is_file()
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        let path = self.dir.join(blob_path(&blob.digest));
        checked_document(blob, read_file(&path, max_bytes)?).map_err(|e| e.at(&path))
    }
}

impl Source for OciLayout {
    fn list(&self) -> &ImageList {
        &self.list
    }

    fn read(&self, ctx: &Ctx, wanted: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
        intake.lane(&mut |sink| {
            for digest in &wanted.blobs {
                ctx.checkpoint()?;
                let path = self.dir.join(blob_path(digest));
                let mut file: File = open_file(&path)?;
                sink(Some(digest), &mut file).map_err(|e| e.at(&path))?;
            }
            Ok(())
        })?;
        Ok(None)
    }

    fn has_changed(&self) -> bool {
        index_stamp(&self.dir) != self.stamp
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Path, self.dir.display().to_string())
    }
}
