//! What lies in a target's folder under the bundle's name: volumes of it, whole or begun, and those of others.

use std::{
    collections::HashMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{FileState, HandoffOptions, PlannedFile, StaleFile, plan::path_in};
use crate::{
    bundle::{Named, Replaced, VolumeSet, set_id_of, volume_named},
    drive::Place,
    error::{Error, Result},
    fs::{Existing, copy_path, old_path, open_in_folder, read_exact_at, type_in_folder},
};

/// The bundle that is handed over.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) volumes: &'a VolumeSet,
}

/// A file that is there.
#[derive(Clone, Copy, Debug)]
struct Found {
    size_bytes: u64,
    kind: Kind,
}

/// What a file is, by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A volume of this bundle, with the length and the ends that it must have.
    Whole,
    /// A volume of this bundle, or a part of one.
    Ours,
    /// A volume of another bundle.
    Earlier,
    /// Nothing that Sealift writes; an unfinished file may begin so when the power failed.
    Foreign,
    /// Not a file of this folder: a link, a pipe, or what is mounted over the name. What it holds is not on the medium.
    Elsewhere,
}

/// A target's folder.
pub(super) struct Folder<'a> {
    source: &'a Source<'a>,
    path: PathBuf,
    pub(super) place: Place,
    found: HashMap<PathBuf, Found>,
}

impl<'a> Folder<'a> {
    pub(super) fn scan(source: &'a Source<'a>, path: &Path) -> Result<Self> {
        let mut found = HashMap::new();
        let entries = fs::read_dir(path).map_err(|e| Error::read(path, e))?;
        let base = source.path.file_name().unwrap_or_default();
        for entry in entries {
            let entry = entry.map_err(|e| Error::read(path, e))?;
            let name = entry.file_name();
            let rest = name.as_encoded_bytes().strip_prefix(base.as_encoded_bytes());
            let rest = rest.and_then(|rest| std::str::from_utf8(rest).ok());
            if let Some((named, volume)) = rest.and_then(volume_named) {
                let path = path.join(&name);
                let mut file = look(source.volumes, volume + 1, &path);
                // It may be all that is left of a bundle that was being replaced, or is being packed.
                if [Named::Old, Named::Partial].contains(&named) && file.kind != Kind::Elsewhere {
                    file.kind = Kind::Earlier;
                }
                found.insert(path, file);
            }
        }
        Ok(Self { source, path: path.to_owned(), place: Place::of(path), found })
    }

    /// What volume `volume` (from 1) finds here.
    pub(super) fn file(&self, volume: u32, options: &HandoffOptions) -> PlannedFile {
        let path = path_in(&self.path, self.source.path, volume);
        let size_bytes = self.source.volumes.file_bytes(volume - 1);
        let kind = |path: &Path| self.found.get(path).map(|found| found.kind);
        let begun = copy_path(&path);
        let state = if kind(&path) == Some(Kind::Whole) && options.existing == Existing::Keep {
            FileState::Present
        } else if let Some(Found { size_bytes, kind: Kind::Whole | Kind::Ours }) = self.found.get(&begun) {
            FileState::Begun { have_bytes: *size_bytes }
        } else {
            FileState::New
        };
        PlannedFile { volume, path, size_bytes, state }
    }

    /// Files of other bundles, by name; those in the way of `files`, and those beside them.
    pub(super) fn stale(&self, files: &[PlannedFile]) -> Vec<StaleFile> {
        let names = |file: &PlannedFile| [file.path.clone(), copy_path(&file.path), old_path(&file.path)];
        let is_in_the_way =
            |path: &Path| files.iter().any(|file| names(file).iter().any(|name| name == path));
        let stale = self.found.iter().filter(|(_, found)| found.kind == Kind::Earlier);
        let mut stale: Vec<StaleFile> = stale
            .map(|(path, found)| StaleFile {
                path: path.clone(),
                size_bytes: found.size_bytes,
                is_in_the_way: is_in_the_way(path),
                found: Replaced::now(path),
            })
            .collect();
        stale.sort_by(|a, b| a.path.cmp(&b.path));
        stale
    }

    /// Whether something is there that is neither this bundle's, whole, nor an earlier one's.
    pub(super) fn is_foreign(&self, path: &Path) -> bool {
        let is_known = |found: &Found| matches!(found.kind, Kind::Whole | Kind::Earlier);
        self.found.get(path).is_some_and(|found| !is_known(found))
    }

    /// Whether what is there is no file of this folder.
    pub(super) fn is_elsewhere(&self, path: &Path) -> bool {
        self.found.get(path).is_some_and(|found| found.kind == Kind::Elsewhere)
    }

    /// Bytes that may be written here; `None` where the system does not tell.
    pub(super) fn room(&self, options: &HandoffOptions) -> Option<u64> {
        let stale = self.found.values().filter(|found| options.remove_stale && found.kind == Kind::Earlier);
        let removed: u64 = stale.map(|found| found.size_bytes).sum();
        self.place.free_bytes.map(|free| free.saturating_add(removed))
    }

    /// Those of `volumes` that fit: what is here already, whole or begun, then others in order.
    pub(super) fn fitting(&self, volumes: &[u32], options: &HandoffOptions) -> Vec<u32> {
        let mut room = self.room(options).unwrap_or(u64::MAX);
        let (mut here, new): (Vec<_>, Vec<_>) = volumes
            .iter()
            .map(|volume| self.file(*volume, options))
            .partition(|file| file.state != FileState::New);
        here.extend(new);
        here.retain(|file| {
            let rest = room.checked_sub(file.needed_bytes());
            room = rest.unwrap_or(room);
            rest.is_some()
        });
        let mut taken: Vec<u32> = here.iter().map(|file| file.volume).collect();
        taken.sort_unstable();
        taken
    }
}

fn look(volumes: &VolumeSet, volume: u32, path: &Path) -> Found {
    if !type_in_folder(path).is_some_and(|found| found.is_file()) {
        return Found { size_bytes: 0, kind: Kind::Elsewhere };
    }
    let Ok(file) = open_in_folder(path) else { return Found { size_bytes: 0, kind: Kind::Foreign } };
    let size_bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let mut head = [0; 64];
    let set = read_exact_at(&file, &mut head, 0).ok().and_then(|()| set_id_of(&head));
    let kind = match set {
        Some(set) if set != *volumes.set_id() || volume > volumes.geometry().num_volumes => Kind::Earlier,
        Some(_) if is_whole(volumes, volume - 1, &file, size_bytes) => Kind::Whole,
        Some(_) => Kind::Ours,
        None => Kind::Foreign,
    };
    Found { size_bytes, kind }
}

/// Whether the file has the length, the head and the end of volume `volume` (from 0). The read-back looks at the rest.
fn is_whole(volumes: &VolumeSet, volume: u32, file: &File, size_bytes: u64) -> bool {
    let last = volumes.num_pieces(volume) - 1;
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    let same = |number| {
        let piece = volumes.piece(volume, number);
        theirs.resize(piece.len, 0);
        read_exact_at(file, &mut theirs, piece.offset).ok()?;
        volumes.is_piece(volume, &piece, &theirs, &mut ours).ok()
    };
    size_bytes == volumes.file_bytes(volume) && [0, last].into_iter().map(same).all(|same| same == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_volumes_are_told_from_others() {
        for (rest, volume) in [
            ("", Some((1, Named::Volume))),
            (".sealift-copy", Some((1, Named::Copy))),
            (".sealift-partial", Some((1, Named::Partial))),
            (".0003.sealift-old", Some((3, Named::Old))),
            (".0002", Some((2, Named::Volume))),
            (".9999.sealift-copy", Some((9999, Named::Copy))),
            (".partial", None),
            (".0001", None),
            (".+123", None),
            (".02", None),
            (".sha256", None),
            (".0002.sealift-partial.sealift-partial", None),
            ("-old", None),
        ] {
            let found = volume_named(rest).map(|(named, volume)| (volume + 1, named));
            assert_eq!(found, volume, "{rest}");
        }
    }
}
