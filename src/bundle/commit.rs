//! From one set of files to another: the volumes of one or several bundles get their names together, all of them or none.
//!
//! No file system renames several files at once. So every rename goes to a free name, and what has to make room is set aside
//! until all have their names: at any moment the old set or the new one is complete, and `locate` finds it. A failure is
//! undone in reverse; a run that was killed is finished or undone by `settle`. docs/architecture.md has the table.

use std::path::{Path, PathBuf};

use super::{
    SetId,
    delivery::DeliveryPart,
    header::{COPY_BYTES, Header},
    record::MAX_VOLUMES,
    volume::{is_volume_head, set_id_of, volume_path},
};
use crate::{
    class::Class,
    error::{Code, Error, Fact, Result},
    fs::{
        COPY_SUFFIX, Existing, OLD_SUFFIX, PARTIAL_SUFFIX, WrittenFile, copy_path, lock_there, old_path,
        open_file, parent, partial_path, read_exact_at, remove_unused, rename, sync_parent,
    },
    job::{Ctx, Notice, NoticeKind},
};

/// Volumes of a bundle that are complete under their partial names.
#[derive(Debug)]
pub(crate) struct ReadySet {
    /// Where the first volume will be, whether it is among the files or not.
    pub(crate) path: PathBuf,
    pub(crate) files: Vec<WrittenFile>,
    /// Files that are there, and go when these come.
    pub(crate) replaced: Vec<PathBuf>,
    /// Whether it is a set of its own, all of it, and no copy of another: what lies there of an earlier attempt may go.
    pub(crate) is_new: bool,
}

/// What a file beside a bundle is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Volume,
    Partial,
    Copy,
    Old,
}

/// Gives all files their names.
///
/// # Errors
/// Nothing has changed then; the complete files keep their partial names.
pub(crate) fn commit(ctx: &Ctx, mut sets: Vec<ReadySet>) -> Result<()> {
    let mut renames = Renames::default();
    let gone: Vec<SetId> =
        sets.iter().flat_map(|set| &set.replaced).filter_map(|path| set_at(path)).collect();
    let named = renames.give_names(&sets);
    sets.iter_mut().flat_map(|set| &mut set.files).for_each(WrittenFile::leave);
    if let Err(error) = named {
        renames.undo();
        let firsts = sets.iter().flat_map(|set| set.files.iter().filter(|file| file.target() == set.path));
        let left = firsts.map(WrittenFile::path).filter(|path| is_there(path));
        return Err(left.fold(error, |error, path| error.with(Fact::Left, path.display())));
    }
    // What cannot be removed is found, and removed, by the next run.
    let remove = |path: &Path| {
        if is_there(path) && remove_unused(path).is_err() {
            ctx.notice(Notice::new(NoticeKind::NotRemoved, path.display()));
        }
    };
    for set in &sets {
        set.replaced.iter().for_each(|path| remove(&old_path(path)));
        for (kind, volume, path) in files_of(&set.path).unwrap_or_default() {
            let is_left = match kind {
                Kind::Volume | Kind::Copy => false,
                // The next run may have begun its first volume, and another may write the others.
                Kind::Partial => set.is_new && volume > 0 && lock_there(&path).is_ok(),
                // What was set aside of any other bundle is not this run's to remove.
                Kind::Old => set_at(&path).is_some_and(|set| gone.contains(&set)),
            };
            if is_left {
                remove(&path);
            }
        }
    }
    Ok(())
}

/// Renames that were made, and can be undone.
#[derive(Debug, Default)]
struct Renames(Vec<(PathBuf, PathBuf)>);

impl Renames {
    fn give_names(&mut self, sets: &[ReadySet]) -> Result<()> {
        let Some(first) = sets.first() else { return Ok(()) };
        // A bundle that is being repaired, or whose keys are being changed, is not replaced under that run.
        let going = sets.iter().filter(|set| set.replaced.contains(&set.path));
        let _locks = going.map(|set| lock_there(&set.path)).collect::<Result<Vec<_>>>()?;
        // The first volume, without which nothing opens, is the last to go and the last to come.
        let parts = |is_first: bool| {
            let is_part = move |set: &ReadySet, path: &Path| (path == set.path) == is_first;
            let old =
                sets.iter().flat_map(move |set| set.replaced.iter().filter(move |path| is_part(set, path)));
            let new = sets
                .iter()
                .flat_map(move |set| set.files.iter().filter(move |file| is_part(set, file.target())));
            (old, new)
        };
        for is_first in [false, true] {
            let (old, new) = parts(is_first);
            for path in old {
                self.rename(path, &old_path(path))?;
            }
            for file in new {
                self.rename(file.path(), file.target())?;
            }
            if !self.0.is_empty() {
                sync_parent(&first.path)?;
            }
        }
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        rename(from, to, Existing::Keep)?;
        self.0.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// What cannot be undone leaves what a killed run leaves.
    fn undo(self) {
        for (from, to) in self.0.iter().rev() {
            let _ = rename(to, from, Existing::Keep);
        }
        if let Some((from, _)) = self.0.first() {
            let _ = sync_parent(from);
        }
    }
}

/// The files that go when a bundle is written to `path`: those of the bundle that is there, and single volumes of `own`, the
/// set that is written, where it is known.
///
/// # Errors
/// [`Code::Exists`] for a bundle that is kept, and for a volume of another: nobody agreed to lose that one.
pub(crate) fn replaced_by(path: &Path, existing: Existing, own: Option<&SetId>) -> Result<Vec<PathBuf>> {
    let first = locate_first(path);
    if first.is_some() && (existing == Existing::Keep || path.is_dir()) {
        return Err(Error::new(Code::Exists).at(path));
    }
    if head_of(path).is_some_and(|head| is_volume_head(&head)) {
        return Err(Error::new(Code::Exists).hinted("volume").at(path));
    }
    let (old, begun) = (first.as_deref().and_then(set_at), set_at(&partial_path(path)));
    let mut replaced: Vec<PathBuf> = is_there(path).then(|| path.to_owned()).into_iter().collect();
    for (_, _, path) in files_of(path)?.into_iter().filter(|(kind, ..)| *kind == Kind::Volume) {
        match set_at(&path) {
            set if set.is_some() && (set == old || set.as_ref() == own) => replaced.push(path),
            // A run that was killed had given it its name.
            set if set.is_some() && set == begun => {}
            _ => return Err(Error::new(Code::Exists).hinted("volume").at(&path)),
        }
    }
    Ok(replaced)
}

/// The bundle of a delivery at `path`, to go when the delivery is replaced; none where there is something else.
pub(crate) fn leaving_part(path: &Path) -> Result<Option<ReadySet>> {
    if part_at(path).is_none() {
        return Ok(None);
    }
    let set = set_at(path);
    let is_its = |(kind, _, path): &(Kind, u32, PathBuf)| *kind == Kind::Volume && set_at(path) == set;
    let later = files_of(path)?.into_iter().filter(is_its).map(|(.., path)| path);
    let replaced = std::iter::once(path.to_owned()).chain(later).collect();
    Ok(Some(ReadySet { path: path.to_owned(), files: Vec::new(), replaced, is_new: true }))
}

/// Ends what a run to `path` that was killed had begun: the bundle that is complete gets its names; what there is of the
/// other goes or, where the run can be continued, is partial again. To be called before anything at `path` is changed.
///
/// # Errors
/// [`Code::Busy`] while that run goes on.
pub(crate) fn settle(path: &Path) -> Result<()> {
    let first = locate_first(path).filter(|first| first != path);
    let begun = set_at(&partial_path(path));
    let is_begun = |path: &Path| begun.is_some() && set_at(path) == begun;
    let is_settled = |(kind, _, path): &(Kind, u32, PathBuf)| match kind {
        Kind::Volume => !is_begun(path),
        Kind::Partial | Kind::Copy => true,
        Kind::Old => false,
    };
    // Whoever cannot list the folder did not leave anything there. What only has the name of a volume that was set aside,
    // a folder say, is nobody's leftover.
    let mut files = files_of(path).unwrap_or_default();
    files.retain(|(kind, _, path)| *kind != Kind::Old || set_at(path).is_some());
    if first.is_none() && files.iter().all(is_settled) {
        return Ok(());
    }
    // Whoever writes copies holds the folder.
    let _locks = [lock_there(parent(path))?, lock_there(&partial_path(path))?, lock_there(path)?];
    if let Some(first) = first {
        rename(&first, path, Existing::Keep)?;
    }
    let set = set_at(path);
    // A later volume of the bundle that is there, or of one whose first volume is elsewhere.
    let is_back = |volume: u32, old: &Path| match set {
        Some(_) => volume > 0 && set_at(old) == set && set_at(&volume_path(path, volume)) != set,
        None => volume > 0 && !is_there(&old_path(path)) && !is_there(&volume_path(path, volume)),
    };
    let old: Vec<_> = files.iter().filter(|(kind, ..)| *kind == Kind::Old).collect();
    // New volumes make room before old ones come back.
    for (_, volume, file) in files.iter().filter(|(kind, ..)| *kind == Kind::Volume) {
        let name = volume_path(path, *volume);
        if is_begun(file) && set != begun {
            rename(file, &partial_path(&name), Existing::Replace)?;
        } else if set_at(file).is_some() && old.iter().any(|(_, of, old)| of == volume && is_back(*of, old)) {
            rename(file, &copy_path(&name), Existing::Keep)?;
        }
    }
    for (_, volume, file) in old {
        if is_back(*volume, file) {
            rename(file, &volume_path(path, *volume), Existing::Keep)?;
        } else if set.is_some() {
            // It may be another user's, and is in nobody's way.
            let _ = remove_unused(file);
        }
    }
    sync_parent(path)
}

/// Where the first volume of the bundle at `path` lies: there, but for the moments in which it is replaced.
pub(crate) fn locate_first(path: &Path) -> Option<PathBuf> {
    if is_there(path) {
        return Some(path.to_owned());
    }
    let (next, old) = (partial_path(path), old_path(path));
    if is_there(&next) && is_decided(path, &next) {
        return Some(next);
    }
    (set_at(&old).is_some() && !is_superseded(path, &old)).then_some(old)
}

/// Whether the bundle of a delivery that is complete at `next` takes the place at `path`. The delivery's first bundle
/// decides: when it has its name, the others are complete.
fn is_decided(path: &Path, next: &Path) -> bool {
    let Some(part) = part_at(next) else { return false };
    let first = part.classes.first().filter(|first| **first != part.class);
    let deciding = first.and_then(|first| part_at(&part.sibling(path, *first)?));
    deciding.is_some_and(|deciding| deciding.delivery == part.delivery)
}

/// Whether the bundle that was set aside from `path` belongs to a delivery that another took the place of. Copies of a
/// delivery come one by one, and each takes the place of what lay under its own name alone.
fn is_superseded(path: &Path, old: &Path) -> bool {
    if is_there(&copy_path(path)) {
        return false;
    }
    let Some(part) = part_at(old) else { return false };
    let siblings = Class::ALL.into_iter().filter(|class| *class != part.class);
    let mut siblings = siblings.filter_map(|class| part_at(&part.sibling(path, class)?));
    siblings.any(|sibling| sibling.delivery != part.delivery)
}

/// Where volume `volume` (from 0) of the set lies that is, or is about to be, the bundle at `path`: under its name, or set
/// aside while it is replaced.
pub(crate) fn locate(path: &Path, volume: u32, set_id: &SetId) -> PathBuf {
    let name = volume_path(path, volume);
    let is_of_set = |path: &Path| set_at(path).as_ref() == Some(set_id);
    if is_of_set(&name) {
        return name;
    }
    let others = [old_path(&name), partial_path(&name)];
    // What is partial is not known to be complete, but for a first volume with a header.
    let is_usable = |other: &&PathBuf| is_of_set(other) && (volume == 0 || **other == old_path(&name));
    others.iter().find(is_usable).cloned().unwrap_or(name)
}

/// The set that the file at `path` is a volume of.
pub(crate) fn set_at(path: &Path) -> Option<SetId> {
    set_id_of(&head_of(path)?)
}

fn head_of(path: &Path) -> Option<[u8; 64]> {
    let mut head = [0; 64];
    read_exact_at(&open_file(path).ok()?, &mut head, 0).ok()?;
    Some(head)
}

/// Which part of a delivery the bundle at `path` is, by a usable header copy.
fn part_at(path: &Path) -> Option<DeliveryPart> {
    let file = open_file(path).ok()?;
    let header = [0, COPY_BYTES as u64].into_iter().find_map(|offset| {
        let mut copy = vec![0; COPY_BYTES];
        read_exact_at(&file, &mut copy, offset).ok()?;
        Header::decode(&copy).ok()
    });
    DeliveryPart::decode(&header?.0.extensions)
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Files beside the bundle at `path` that are named as volumes of it (from 0), but for the first under its own name.
fn files_of(path: &Path) -> Result<Vec<(Kind, u32, PathBuf)>> {
    let folder = parent(path);
    let base = path.file_name().unwrap_or_default().as_encoded_bytes();
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(|e| Error::read(folder, e))? {
        let name = entry.map_err(|e| Error::read(folder, e))?.file_name();
        let rest = name.as_encoded_bytes().strip_prefix(base).and_then(|rest| std::str::from_utf8(rest).ok());
        if let Some((kind, volume)) = rest.and_then(kind_of).filter(|found| *found != (Kind::Volume, 0)) {
            files.push((kind, volume, path.with_file_name(&name)));
        }
    }
    files.sort_by(|a, b| a.2.cmp(&b.2));
    Ok(files)
}

/// What a name is whose end, behind that of the bundle, is `rest`.
fn kind_of(rest: &str) -> Option<(Kind, u32)> {
    let (number, kind) = if let Some(number) = rest.strip_suffix(PARTIAL_SUFFIX) {
        (number, Kind::Partial)
    } else if let Some(number) = rest.strip_suffix(COPY_SUFFIX) {
        (number, Kind::Copy)
    } else if let Some(number) = rest.strip_suffix(OLD_SUFFIX) {
        (number, Kind::Old)
    } else {
        (rest, Kind::Volume)
    };
    if number.is_empty() {
        return Some((kind, 0));
    }
    let digits = number.strip_prefix('.').filter(|digits| digits.len() == 4)?;
    let number: u32 = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())??;
    (2..=MAX_VOLUMES).contains(&number).then(|| (kind, number - 1))
}
