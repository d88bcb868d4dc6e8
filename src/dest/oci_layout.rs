//! An OCI image layout in a folder: a new one, or images added to one that is there.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use oci_spec::image as spec;

use super::{
    Destination, Order, Placed, Preflight, TagPolicy, Target,
    layout::{OCI_LAYOUT, blob_path, blobs_of, index_entries, index_json},
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::{Existing, PartialFile, partial_path, rename_dir, require_ours, sync_parent, write},
    job::Ctx,
    oci::{ANNOTATION_REF_NAME, Descriptor, MAX_MANIFEST_BYTES, parse_json},
};

struct OciLayout {
    /// Where blobs are written: the layout itself, or a partial folder beside its name.
    dir: PathBuf,
    /// The layout's name, when it is new.
    new: Option<PathBuf>,
    index: Vec<u8>,
    present: BTreeSet<Digest>,
    /// Files added to a layout that was there; removed again on failure.
    added: Vec<PathBuf>,
}

/// A layout by its folder.
struct LayoutTarget(PathBuf);

/// An OCI image layout in folder `path`.
pub(super) fn target(path: &Path) -> Box<dyn Target> {
    Box::new(LayoutTarget(path.to_owned()))
}

impl Target for LayoutTarget {
    fn check(&self, _: Existing) -> Result<()> {
        check(&self.0)
    }

    fn preflight(&self, _: &Ctx, placed: &[Placed<'_>], _: TagPolicy) -> Result<Preflight> {
        let wanted = blobs_of(placed);
        // By digest: a blob that does not keep its name's promise will be sent, and what is sent must be checked first.
        let whole = whole_blobs(&folder_for(&self.0), &wanted)?;
        let missing: Vec<_> = wanted.iter().filter(|blob| !whole.contains(&blob.digest)).collect();
        let needed_bytes = missing.iter().map(|blob| blob.size + 4096).sum();
        let num_sent = missing.len();
        Ok(Preflight { num_sent, needed_bytes, room_at: Some(self.0.clone()), ..Preflight::default() })
    }

    fn open(&self, _: &Ctx, order: &Order<'_>) -> Result<Box<dyn Destination>> {
        open(&self.0, order.existing, &order.placed)
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Path, self.0.display().to_string())
    }
}

/// Whether the layout holds a file of the blob's name and size.
fn has(dir: &Path, blob: &Descriptor) -> bool {
    fs::metadata(dir.join(blob_path(&blob.digest)))
        .is_ok_and(|found| found.is_file() && found.len() == blob.size)
}

/// A layout may grow; a folder of something else may not be taken: adding blobs would only make a mess.
fn check(path: &Path) -> Result<()> {
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if path.symlink_metadata().is_err() || is_layout(path) || is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::Exists).at(path))
}

fn is_layout(path: &Path) -> bool {
    path.join("index.json").is_file()
}

/// Where blobs are: the layout, or what an interrupted restore left of a new one.
fn folder_for(path: &Path) -> PathBuf {
    if is_layout(path) { path.to_owned() } else { partial_path(path) }
}

/// Clears what an interrupted restore left of a new layout, but for the blobs that are wanted and whole.
fn clear_but(dir: &Path, wanted: &[Descriptor]) -> Result<BTreeSet<Digest>> {
    require_ours(dir)?;
    let is_folder = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let blobs = dir.join("blobs/sha256");
    let kept = if is_folder(dir) && is_folder(&dir.join("blobs")) && is_folder(&blobs) {
        whole_blobs(dir, wanted)?
    } else {
        BTreeSet::new()
    };
    if kept.is_empty() {
        match dir.symlink_metadata() {
            Ok(found) if found.is_dir() => fs::remove_dir_all(dir).map_err(|e| Error::write(dir, e))?,
            Ok(_) => return Err(Error::new(Code::Exists).at(dir)),
            Err(_) => {}
        }
        return Ok(kept);
    }
    let names: BTreeSet<String> = kept.iter().map(Digest::hex).collect();
    for entry in fs::read_dir(&blobs).map_err(|e| Error::read(&blobs, e))?.flatten() {
        if entry.file_name().to_str().is_none_or(|name| !names.contains(name)) {
            fs::remove_file(entry.path()).map_err(|e| Error::write(&entry.path(), e))?;
        }
    }
    Ok(kept)
}

/// Those of `wanted` that are in `dir`. A name is a promise only: what is there counts when it keeps it.
fn whole_blobs(dir: &Path, wanted: &[Descriptor]) -> Result<BTreeSet<Digest>> {
    let mut whole = BTreeSet::new();
    for blob in wanted.iter().filter(|blob| has(dir, blob)) {
        if digest_of(&dir.join(blob_path(&blob.digest)))? == blob.digest {
            whole.insert(blob.digest);
        }
    }
    Ok(whole)
}

/// Opens the layout in folder `path`; a missing one is made under a partial name first.
fn open(path: &Path, existing: Existing, placed: &[Placed<'_>]) -> Result<Box<dyn Destination>> {
    let entries = index_entries(placed, |image| &image.target)?;
    check(path)?;
    let mut this = OciLayout {
        dir: folder_for(path),
        new: None,
        index: Vec::new(),
        present: BTreeSet::new(),
        added: Vec::new(),
    };
    let wanted = blobs_of(placed);
    if is_layout(path) {
        this.index = index_json(merge(read_entries(path)?, entries, existing)?)?;
        this.present = whole_blobs(path, &wanted)?;
    } else {
        this.index = index_json(entries)?;
        this.present = clear_but(&this.dir, &wanted)?;
        this.new = Some(path.to_owned());
    }
    let blobs = this.dir.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(|e| Error::write(&blobs, e))?;
    Ok(Box::new(this))
}

fn digest_of(path: &Path) -> Result<Digest> {
    let mut hashing = crate::digest::HashingReader::new(crate::fs::open_file(path)?);
    std::io::copy(&mut hashing, &mut std::io::sink()).map_err(|e| Error::read(path, e))?;
    Ok(hashing.finish().0)
}

fn read_entries(dir: &Path) -> Result<Vec<spec::Descriptor>> {
    let path = dir.join("index.json");
    let mut bytes = Vec::new();
    let file = crate::fs::open_file(&path)?;
    file.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes).map_err(|e| Error::read(&path, e))?;
    let index: spec::ImageIndex = parse_json(&bytes, "index.json").map_err(|e| e.at(&path))?;
    Ok(index.manifests().clone())
}

/// Old entries with the new ones added; a name that points elsewhere is only moved when told to.
fn merge(
    old: Vec<spec::Descriptor>,
    new: Vec<spec::Descriptor>,
    existing: Existing,
) -> Result<Vec<spec::Descriptor>> {
    fn name(entry: &spec::Descriptor) -> Option<&String> {
        entry.annotations().as_ref()?.get(ANNOTATION_REF_NAME)
    }
    let replaces = |entry: &spec::Descriptor, known: &spec::Descriptor| {
        (name(entry).is_some() && name(entry) == name(known)) || entry == known
    };
    let mut merged = Vec::new();
    for known in old {
        match new.iter().find(|entry| replaces(entry, &known)) {
            Some(entry) if entry.digest() != known.digest() && existing == Existing::Keep => {
                let error =
                    Error::new(Code::NameTaken).with(Fact::Image, name(entry).cloned().unwrap_or_default());
                return Err(error.with(Fact::Expected, entry.digest()).with(Fact::Found, known.digest()));
            }
            Some(_) => {}
            None => merged.push(known),
        }
    }
    merged.extend(new);
    Ok(merged)
}

impl Destination for OciLayout {
    fn present(&self) -> &BTreeSet<Digest> {
        &self.present
    }

    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()> {
        let path = self.dir.join(blob_path(&blob.digest));
        // A file of that name that is not the blob is replaced: its name lies.
        let mut file = PartialFile::create(&path, Existing::Replace)?;
        std::io::copy(reader, &mut file).map_err(|e| Error::from_stream(Code::Write, e).at(&path))?;
        file.commit()?;
        self.added.push(path);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        write(&self.dir.join("oci-layout"), OCI_LAYOUT, Existing::Replace)?;
        write(&self.dir.join("index.json"), &self.index, Existing::Replace)?;
        if let Some(target) = &self.new {
            sync_parent(&self.dir.join("blobs/sha256"))?;
            sync_parent(&self.dir.join("blobs"))?;
            rename_dir(&self.dir, target)?;
        }
        self.new = None;
        self.added.clear();
        Ok(())
    }
}

impl Drop for OciLayout {
    fn drop(&mut self) {
        if self.new.is_some() {
            let _ = fs::remove_dir_all(&self.dir);
        }
        for path in &self.added {
            let _ = fs::remove_file(path);
        }
    }
}
