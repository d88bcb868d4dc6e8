//! From one set of files to another: the volumes of one or several bundles get their names together, all of them or none.
//!
//! No file system renames several files at once. So every rename goes to a free name, and what has to make room is set aside
//! until all have their names: at any moment the old set or the new one is complete, and `locate` finds it. A failure is
//! undone in reverse; a run that was killed is finished or undone by `settle`. docs/architecture.md has the table.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

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
        COPY_SUFFIX, Copies, Existing, MAX_NAME_BYTES, OLD_SUFFIX, PARTIAL_SUFFIX, WrittenFile, copy_path,
        lock_there, old_path, open_file, parent, partial_path, read_exact_at, remove_unused, rename,
        sync_parent,
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
    pub(crate) replaced: Vec<Replaced>,
    /// Whether it is a set of its own, all of it, and no copy of another: what lies there of an earlier attempt may go.
    pub(crate) is_new: bool,
}

/// A file that is to go, as it was when that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) path: PathBuf,
    sets: Sets,
}

impl Replaced {
    /// What is at `path` now.
    pub(crate) fn now(path: &Path) -> Self {
        Self { path: path.to_owned(), sets: Sets::at(path) }
    }

    /// # Errors
    /// [`Code::Busy`] where another run has put something else there: nobody agreed to lose that.
    fn require_same(&self) -> Result<()> {
        let is_same = !is_there(&self.path) || Sets::at(&self.path) == self.sets;
        if is_same { Ok(()) } else { Err(Error::new(Code::Busy).at(&self.path)) }
    }
}

/// The sets that a file may be a volume of. Either header copy of a first volume may be damaged, or another bundle's, and
/// the bundle opens by the other: such a file is of both sets until a key tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sets(Vec<SetId>);

impl Sets {
    pub(crate) fn at(path: &Path) -> Self {
        let Ok(file) = open_file(path) else { return Self::default() };
        let set_at = |offset| {
            let mut head = [0; 64];
            read_exact_at(&file, &mut head, offset).ok()?;
            Some((set_id_of(&head)?, is_volume_head(&head)))
        };
        let first = set_at(0);
        if let Some((set, true)) = first {
            return Self(vec![set]);
        }
        let mut sets: Vec<SetId> =
            first.into_iter().chain(set_at(COPY_BYTES as u64)).map(|(set, _)| set).collect();
        sets.dedup();
        Self(sets)
    }

    fn is_some(&self) -> bool {
        !self.0.is_empty()
    }

    fn has(&self, set: &SetId) -> bool {
        self.0.contains(set)
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().any(|set| other.has(set))
    }
}

/// What a file beside a bundle is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Volume,
    /// Being packed.
    Partial,
    /// A copy that is not finished.
    Copy,
    /// Set aside.
    Old,
}

/// Gives all files their names.
///
/// # Errors
/// Nothing has changed then; the complete files keep their partial names.
pub(crate) fn commit(ctx: &Ctx, mut sets: Vec<ReadySet>) -> Result<()> {
    let mut renames = Renames::default();
    let gone = Sets(sets.iter().flat_map(|set| &set.replaced).flat_map(|file| file.sets.0.clone()).collect());
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
        set.replaced.iter().for_each(|file| remove(&old_path(&file.path)));
        for (kind, volume, path) in files_of(&set.path).unwrap_or_default() {
            let is_left = match kind {
                Named::Volume | Named::Copy => false,
                // The next run may have begun its first volume, and another may write the others.
                Named::Partial => set.is_new && volume > 0 && lock_there(&path).is_ok(),
                // What was set aside of any other bundle is not this run's to remove.
                Named::Old => Sets::at(&path).meets(&gone),
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
        let goes = |set: &&ReadySet| set.replaced.iter().any(|file| file.path == set.path);
        let _locks = sets.iter().filter(goes).map(|set| lock_there(&set.path)).collect::<Result<Vec<_>>>()?;
        sets.iter().flat_map(|set| &set.replaced).try_for_each(Replaced::require_same)?;
        // The first volume, without which nothing opens, is the last to go and the last to come.
        let parts = |is_first: bool| {
            let is_part = move |set: &ReadySet, path: &Path| (path == set.path) == is_first;
            let old = sets
                .iter()
                .flat_map(move |set| set.replaced.iter().filter(move |file| is_part(set, &file.path)));
            let new = sets
                .iter()
                .flat_map(move |set| set.files.iter().filter(move |file| is_part(set, file.target())));
            (old, new)
        };
        for is_first in [false, true] {
            let (old, new) = parts(is_first);
            for Replaced { path, .. } in old.filter(|file| is_there(&file.path)) {
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
pub(crate) fn replaced_by(path: &Path, existing: Existing, own: Option<&SetId>) -> Result<Vec<Replaced>> {
    refuse_name(path)?;
    let first = locate_first(path);
    if first.is_some() && (existing == Existing::Keep || path.is_dir()) {
        return Err(Error::new(Code::Exists).at(path));
    }
    let (old, begun) = (first.as_deref().map(Sets::at).unwrap_or_default(), Sets::at(&partial_path(path)));
    let mut replaced: Vec<Replaced> = is_there(path).then(|| Replaced::now(path)).into_iter().collect();
    for (_, _, path) in files_of(path)?.into_iter().filter(|(kind, ..)| *kind == Named::Volume) {
        let found = Replaced::now(&path);
        if found.sets.meets(&old) || own.is_some_and(|own| found.sets.has(own)) {
            replaced.push(found);
        // A run that was killed had given it its name.
        } else if !found.sets.meets(&begun) {
            return Err(Error::new(Code::Exists).hinted("volume").at(&path));
        }
    }
    Ok(replaced)
}

/// The bundle of a delivery at `path`, to go when the delivery is replaced; none where there is something else.
pub(crate) fn leaving_part(path: &Path) -> Result<Option<ReadySet>> {
    if part_at(path).is_none() {
        return Ok(None);
    }
    let first = Replaced::now(path);
    let volumes = files_of(path)?.into_iter().filter(|(kind, ..)| *kind == Named::Volume);
    let later = volumes.map(|(.., path)| Replaced::now(&path)).filter(|file| file.sets.meets(&first.sets));
    let replaced = std::iter::once(first.clone()).chain(later).collect();
    Ok(Some(ReadySet { path: path.to_owned(), files: Vec::new(), replaced, is_new: true }))
}

/// Ends what a run to `path` that was killed had begun: the bundle that is complete gets its names; what there is of the
/// other goes or, where the run can be continued, is partial again. To be called before anything at `path` is changed.
///
/// # Errors
/// [`Code::Busy`] while that run goes on.
pub(crate) fn settle(path: &Path) -> Result<()> {
    // Whoever writes copies holds the folder.
    settle_with(path, || lock_there(parent(path)))
}

/// As [`settle`], for who writes copies to the folder of `path`.
pub(crate) fn settle_among(_: &Copies, path: &Path) -> Result<()> {
    settle_with(path, || Ok(None))
}

fn settle_with(path: &Path, lock_folder: impl FnOnce() -> Result<Option<File>>) -> Result<()> {
    let first = locate_first(path).filter(|first| first != path);
    let begun = Sets::at(&partial_path(path));
    let is_begun = |path: &Path| Sets::at(path).meets(&begun);
    let is_settled = |(kind, _, path): &(Named, u32, PathBuf)| match kind {
        Named::Volume => !is_begun(path),
        Named::Partial | Named::Copy => true,
        Named::Old => false,
    };
    // Whoever cannot list the folder did not leave anything there. What only has the name of a volume that was set aside,
    // a folder say, is nobody's leftover.
    let mut files = files_of(path).unwrap_or_default();
    files.retain(|(kind, _, path)| *kind != Named::Old || Sets::at(path).is_some());
    if first.is_none() && files.iter().all(is_settled) {
        return Ok(());
    }
    let _locks = [lock_folder()?, lock_there(&partial_path(path))?, lock_there(path)?];
    if let Some(first) = first {
        rename(&first, path, Existing::Keep)?;
    }
    let sets = Sets::at(path);
    // A later volume of the bundle that is there, or of one whose first volume is elsewhere.
    let is_back = |volume: u32, old: &Path| {
        let name = volume_path(path, volume);
        let is_of_first = Sets::at(old).meets(&sets) && !Sets::at(&name).meets(&sets);
        let is_alone = !is_there(path) && !is_there(&old_path(path)) && !is_there(&name);
        volume > 0 && (is_of_first || is_alone)
    };
    // Where it is not certain which set is there, nothing that may be of it goes.
    let is_gone = |old: &Path| sets.0.len() == 1 || sets.is_some() && !Sets::at(old).meets(&sets);
    let old: Vec<_> = files.iter().filter(|(kind, ..)| *kind == Named::Old).collect();
    // New volumes make room before old ones come back.
    for (_, volume, file) in files.iter().filter(|(kind, ..)| *kind == Named::Volume) {
        let name = volume_path(path, *volume);
        if is_begun(file) && !sets.meets(&begun) {
            rename(file, &partial_path(&name), Existing::Replace)?;
        } else if Sets::at(file).is_some() && old.iter().any(|(_, of, old)| of == volume && is_back(*of, old))
        {
            // It is complete, and a copy that is there is not: nobody writes one now.
            rename(file, &copy_path(&name), Existing::Replace)?;
        }
    }
    for (_, volume, file) in old {
        if is_back(*volume, file) {
            rename(file, &volume_path(path, *volume), Existing::Keep)?;
        } else if is_gone(file) {
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
    (Sets::at(&old).is_some() && !is_superseded(path, &old)).then_some(old)
}

/// Whether the bundle of a delivery that is complete at `next` takes the place at `path`. The delivery's first bundle
/// decides: when it has its name, the others are complete.
fn is_decided(path: &Path, next: &Path) -> bool {
    let Some(part) = part_at(next) else { return false };
    let first = part.classes.first().filter(|first| **first != part.class);
    let deciding = first.and_then(|first| part_at(&part.sibling(path, *first)?));
    deciding.is_some_and(|deciding| deciding.delivery == part.delivery)
}

/// Whether the bundle that was set aside from `path` belongs to a delivery that one without its class took the place of. A
/// bundle of that class would lie there as a partial file or as a copy, and each takes the place of the old one alone.
fn is_superseded(path: &Path, old: &Path) -> bool {
    if is_there(&copy_path(path)) || is_there(&partial_path(path)) {
        return false;
    }
    let Some(part) = part_at(old) else { return false };
    let siblings = Class::ALL.into_iter().filter(|class| *class != part.class);
    let mut siblings = siblings.filter_map(|class| part_at(&part.sibling(path, class)?));
    siblings.any(|sibling| sibling.delivery != part.delivery && !sibling.classes.contains(&part.class))
}

/// Where volume `volume` (from 0) of the set lies that is, or is about to be, the bundle at `path`: under its name, or set
/// aside while it is replaced.
pub(crate) fn locate(path: &Path, volume: u32, set_id: &SetId) -> PathBuf {
    let name = volume_path(path, volume);
    let is_of_set = |path: &Path| Sets::at(path).has(set_id);
    if is_of_set(&name) {
        return name;
    }
    let others = [old_path(&name), partial_path(&name)];
    // What is partial is not known to be complete, but for a first volume with a header.
    let is_usable = |other: &&PathBuf| is_of_set(other) && (volume == 0 || **other == old_path(&name));
    others.iter().find(is_usable).cloned().unwrap_or(name)
}

/// The set that the file at `path` is a volume of.
pub(super) fn set_at(path: &Path) -> Option<SetId> {
    Sets::at(path).0.first().copied()
}

/// Refuses what cannot be the name of a bundle at `path`.
///
/// # Errors
/// [`Code::Exists`] where it is that of a later volume; [`Code::Usage`] where a volume, or what is not finished of it,
/// could not be named after it.
pub(crate) fn refuse_name(path: &Path) -> Result<()> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let most = MAX_NAME_BYTES - ".0000".len() - PARTIAL_SUFFIX.len();
    if name.len() > most {
        return Err(Error::new(Code::Usage).with(Fact::Limit, most).with(Fact::Found, name.len()).at(path));
    }
    let taken = || Err(Error::new(Code::Exists).hinted("volume").at(path));
    let mut head = [0; 64];
    let read = open_file(path).ok().and_then(|file| read_exact_at(&file, &mut head, 0).ok());
    if read.is_some() && is_volume_head(&head) {
        return taken();
    }
    let is_number =
        |end: &std::ffi::OsStr| end.len() == 4 && end.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    // Also where that volume is missing.
    let is_volume = path.extension().is_some_and(is_number) && Sets::at(&path.with_extension("")).is_some();
    if is_volume { taken() } else { Ok(()) }
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
fn files_of(path: &Path) -> Result<Vec<(Named, u32, PathBuf)>> {
    let folder = parent(path);
    let base = path.file_name().unwrap_or_default().as_encoded_bytes();
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(|e| Error::read(folder, e))? {
        let name = entry.map_err(|e| Error::read(folder, e))?.file_name();
        let rest = name.as_encoded_bytes().strip_prefix(base).and_then(|rest| std::str::from_utf8(rest).ok());
        if let Some((kind, volume)) = rest.and_then(volume_named).filter(|found| *found != (Named::Volume, 0))
        {
            files.push((kind, volume, path.with_file_name(&name)));
        }
    }
    files.sort_by(|a, b| a.2.cmp(&b.2));
    Ok(files)
}

/// What a name is whose end, behind that of the bundle, is `rest`, and of which volume (from 0).
pub(crate) fn volume_named(rest: &str) -> Option<(Named, u32)> {
    let (number, kind) = if let Some(number) = rest.strip_suffix(PARTIAL_SUFFIX) {
        (number, Named::Partial)
    } else if let Some(number) = rest.strip_suffix(COPY_SUFFIX) {
        (number, Named::Copy)
    } else if let Some(number) = rest.strip_suffix(OLD_SUFFIX) {
        (number, Named::Old)
    } else {
        (rest, Named::Volume)
    };
    if number.is_empty() {
        return Some((kind, 0));
    }
    let digits = number.strip_prefix('.').filter(|digits| digits.len() == 4)?;
    let number: u32 = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())??;
    (2..=MAX_VOLUMES).contains(&number).then(|| (kind, number - 1))
}
