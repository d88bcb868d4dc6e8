//! An OCI image layout in a folder: a new one, or images added to one that is there.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use oci_spec::image as spec;

use super::{
    Destination, Order, Placed, Preflight, TagPolicy, Target,
    layout::{OCI_LAYOUT, blobs_of, index_entries, index_json},
};
use crate::{
    digest::{Digest, HashingReader},
    error::{Code, Error, Fact, Result},
    fs::{
        Existing, OpenFolder, PARTIAL_SUFFIX, create_dir, lock_there, parent, partial_path, rename_dir,
        require_ours, type_in_folder,
    },
    job::Ctx,
    oci::{ANNOTATION_REF_NAME, Descriptor, MAX_MANIFEST_BYTES, parse_json},
};

const INDEX: &str = "index.json";
/// The folders that lead to the blobs. OCI image-spec, image-layout.md.
const BLOBS: [&str; 2] = ["blobs", "sha256"];

struct OciLayout {
    /// The layout itself, or a partial folder beside its name.
    dir: PathBuf,
    root: OpenFolder,
    /// Where blobs are written.
    blobs: OpenFolder,
    /// The layout's name, when it is new.
    new: Option<PathBuf>,
    index: Vec<u8>,
    present: BTreeSet<Digest>,
    /// Blobs that were added; removed again from a layout that was there when the restore fails.
    added: Vec<Digest>,
    _lock: Option<File>,
}

/// A layout by its folder.
struct LayoutTarget(PathBuf);

/// An OCI image layout in folder `path`. Of a link to a folder it is the folder: the layout gets its name by a rename,
/// which would replace the link.
pub(super) fn target(path: &Path) -> Box<dyn Target> {
    let resolved = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
    Box::new(LayoutTarget(resolved.unwrap_or_else(|| path.to_owned())))
}

impl Target for LayoutTarget {
    fn check(&self, _: Existing) -> Result<()> {
        check(&self.0)
    }

    fn preflight(&self, ctx: &Ctx, placed: &[Placed<'_>], _: TagPolicy) -> Result<Preflight> {
        let wanted = blobs_of(placed);
        // By digest: a blob that does not keep its name's promise will be sent, and what is sent must be checked first.
        let whole = match blobs_in(&folder_for(&self.0)) {
            Ok(Some(blobs)) => whole_blobs(ctx, &blobs, &wanted)?,
            Err(e) if is_layout(&self.0) => return Err(e),
            // What an interrupted restore did not leave is cleared away.
            _ => BTreeSet::new(),
        };
        let missing: Vec<_> = wanted.iter().filter(|blob| !whole.contains(&blob.digest)).collect();
        let needed_bytes = missing.iter().map(|blob| blob.size + 4096).sum();
        let num_sent = missing.len();
        Ok(Preflight { num_sent, needed_bytes, room_at: Some(self.0.clone()), ..Preflight::default() })
    }

    fn open(&self, ctx: &Ctx, order: &Order<'_>) -> Result<Box<dyn Destination>> {
        open(ctx, &self.0, order.existing, &order.placed)
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Path, self.0.display().to_string())
    }
}

/// A layout may grow; a folder of something else may not be taken: adding blobs would only make a mess. Nor may one whose
/// blobs would go elsewhere.
fn check(path: &Path) -> Result<()> {
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if path.symlink_metadata().is_err() || is_empty() {
        return Ok(());
    }
    if is_layout(path) {
        return blobs_in(path).map(drop);
    }
    Err(Error::new(Code::Exists).at(path))
}

fn is_layout(path: &Path) -> bool {
    type_in_folder(&path.join(INDEX)).is_some_and(|found| found.is_file())
}

/// The folder of blobs in the layout `dir`; nothing where there is none.
///
/// # Errors
/// [`Code::Exists`] where a link leads to another.
fn blobs_in(dir: &Path) -> Result<Option<OpenFolder>> {
    if dir.symlink_metadata().is_err() {
        return Ok(None);
    }
    let blobs = OpenFolder::open(dir)?.folder(BLOBS[0])?;
    blobs.map_or(Ok(None), |blobs| blobs.folder(BLOBS[1]))
}

/// Where blobs are: the layout, or what an interrupted restore left of a new one.
fn folder_for(path: &Path) -> PathBuf {
    if is_layout(path) { path.to_owned() } else { partial_path(path) }
}

/// Clears what an interrupted restore left of a new layout, but for the blobs that are wanted and whole.
fn clear_but(ctx: &Ctx, dir: &Path, wanted: &[Descriptor]) -> Result<BTreeSet<Digest>> {
    require_ours(dir)?;
    require_begun(dir)?;
    let is_folder = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let kept = match blobs_in(dir) {
        Ok(Some(blobs)) if is_folder(dir) => whole_blobs(ctx, &blobs, wanted)?,
        _ => BTreeSet::new(),
    };
    if kept.is_empty() {
        match dir.symlink_metadata() {
            Ok(found) if found.is_dir() => fs::remove_dir_all(dir).map_err(|e| Error::write(dir, e))?,
            Ok(_) => return Err(Error::new(Code::Exists).at(dir)),
            Err(_) => {}
        }
        return Ok(kept);
    }
    let blobs = dir.join(BLOBS.join("/"));
    let names: BTreeSet<String> = kept.iter().map(Digest::hex).collect();
    for entry in fs::read_dir(&blobs).map_err(|e| Error::read(&blobs, e))?.flatten() {
        if entry.file_name().to_str().is_none_or(|name| !names.contains(name)) {
            fs::remove_file(entry.path()).map_err(|e| Error::write(&entry.path(), e))?;
        }
    }
    Ok(kept)
}

/// Refuses a folder that holds anything that no restore of a layout writes: it is somebody's, whatever it is called.
fn require_begun(dir: &Path) -> Result<()> {
    let names_in = |folder: &Path| -> Result<Vec<String>> {
        let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
        let entries =
            is_folder.then(|| fs::read_dir(folder)).transpose().map_err(|e| Error::read(folder, e))?;
        Ok(entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect())
    };
    let [blobs, algorithm] = BLOBS;
    let is_hex = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_written = |depth: usize, name: &str| {
        let file = name.strip_suffix(PARTIAL_SUFFIX).unwrap_or(name);
        match depth {
            0 => name == blobs || [INDEX, "oci-layout"].contains(&file),
            1 => name == algorithm,
            _ => is_hex(file),
        }
    };
    let folders = [dir.to_owned(), dir.join(blobs), dir.join(blobs).join(algorithm)];
    for (depth, folder) in folders.iter().enumerate() {
        if let Some(other) = names_in(folder)?.iter().find(|name| !is_written(depth, name)) {
            return Err(Error::new(Code::Exists).hinted("partial").at(&folder.join(other)));
        }
    }
    Ok(())
}

/// Bytes that are hashed between two looks at the job.
const PIECE_BYTES: u64 = 4 << 20;

/// Those of `wanted` that are in `blobs`. A name is a promise only: a regular file counts when it keeps it.
fn whole_blobs(ctx: &Ctx, blobs: &OpenFolder, wanted: &[Descriptor]) -> Result<BTreeSet<Digest>> {
    let mut whole = BTreeSet::new();
    for blob in wanted {
        let name = blob.digest.hex();
        let Ok(file) = blobs.file(&name) else { continue };
        if file.metadata().is_ok_and(|found| found.len() == blob.size) {
            let read = |e| Error::read(&blobs.path_of(&name), e);
            let mut hashing = HashingReader::new(file);
            let piece = |hashing: &mut HashingReader<_>| {
                std::io::copy(&mut hashing.take(PIECE_BYTES), &mut std::io::sink())
            };
            while piece(&mut hashing).map_err(read)? > 0 {
                ctx.checkpoint()?;
            }
            if hashing.finish().0 == blob.digest {
                whole.insert(blob.digest);
            }
        }
    }
    Ok(whole)
}

/// Opens the layout in folder `path`; a missing one is made under a partial name first.
fn open(ctx: &Ctx, path: &Path, existing: Existing, placed: &[Placed<'_>]) -> Result<Box<dyn Destination>> {
    let entries = index_entries(ctx, placed, |image| &image.target)?;
    check(path)?;
    let (dir, wanted) = (folder_for(path), blobs_of(placed));
    let is_new = !is_layout(path);
    // Another restore would list, or take back, what this one adds.
    let lock = lock_there(&dir)?;
    let kept = if is_new { clear_but(ctx, &dir, &wanted)? } else { BTreeSet::new() };
    let begin = || -> Result<OciLayout> {
        let root = if is_new {
            create_dir(parent(&dir))?;
            OpenFolder::open(parent(&dir))?.make_folder(dir.file_name().unwrap_or_default())?
        } else {
            OpenFolder::open(&dir)?
        };
        // What was cleared was another folder.
        drop(lock);
        let lock = lock_there(&dir)?;
        let index = if is_new { entries } else { merge(read_entries(&root)?, entries, existing)? };
        let index = index_json(ctx, index)?;
        let blobs = root.make_folder(BLOBS[0])?.make_folder(BLOBS[1])?;
        let present = if is_new { kept } else { whole_blobs(ctx, &blobs, &wanted)? };
        let new = is_new.then(|| path.to_owned());
        Ok(OciLayout { dir: dir.clone(), root, blobs, new, index, present, added: Vec::new(), _lock: lock })
    };
    let begun = begin();
    if begun.as_ref().is_err_and(|e| e.code() != Code::Busy) && is_new {
        let _ = fs::remove_dir_all(&dir);
    }
    Ok(Box::new(begun?))
}

fn read_entries(root: &OpenFolder) -> Result<Vec<spec::Descriptor>> {
    let path = root.path_of(INDEX);
    let mut bytes = Vec::new();
    root.file(INDEX)?.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes).map_err(|e| Error::read(&path, e))?;
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

impl OciLayout {
    /// Whether the index that is there is the one that names the added blobs.
    fn lists_added(&self) -> bool {
        let mut bytes = Vec::new();
        let read = self.root.file(INDEX).map(|file| file.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes));
        // What cannot be read may be that one.
        !matches!(read, Ok(Ok(_))) || bytes == self.index
    }
}

impl Destination for OciLayout {
    fn present(&self) -> &BTreeSet<Digest> {
        &self.present
    }

    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()> {
        let name = blob.digest.hex();
        // A file of that name that is not the blob is replaced: its name lies.
        let mut file = self.blobs.create(&name)?;
        let failed = |e| Error::from_stream(Code::Write, e).at(&self.blobs.path_of(&name));
        std::io::copy(reader, &mut file).map_err(failed)?;
        // The flush of the folder may fail when the blob has its name already.
        self.added.push(blob.digest);
        file.commit()
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.root.write("oci-layout", OCI_LAYOUT)?;
        let listed = self.root.write(INDEX, &self.index);
        // The flush of the folder may fail when the index has its name already: then its blobs stay too.
        if listed.is_ok() || self.lists_added() {
            self.added.clear();
        }
        listed?;
        if let Some(target) = &self.new {
            self.root.sync()?;
            rename_dir(&self.dir, target)?;
            self.new = None;
        }
        Ok(())
    }
}

impl Drop for OciLayout {
    fn drop(&mut self) {
        if self.new.is_some() {
            let _ = fs::remove_dir_all(&self.dir);
            return;
        }
        for digest in &self.added {
            let _ = self.blobs.remove(&digest.hex());
        }
    }
}
