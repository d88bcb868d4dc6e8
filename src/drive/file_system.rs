//! The file system a path lies on: its type, where it is mounted, and the largest file it takes.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Code, Error, Fact, Result};

/// The most that FAT holds in one file: its length has 32 bits.
const FAT_FILE_BYTES: u64 = (4 << 30) - 1;

/// What is known of the place a file is to be written to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Type of the file system, as the system calls it; empty where it does not tell.
    pub file_system: String,
    /// Where it is mounted.
    pub mount_point: Option<PathBuf>,
    /// Bytes still free.
    pub free_bytes: Option<u64>,
}

impl Place {
    /// The place of `path`: a folder, or a file that is there or will be.
    pub fn of(path: &Path) -> Self {
        let folder = if path.is_dir() { path } else { crate::fs::parent(path) };
        let (file_system, mount_point) = found(folder).unzip();
        Self {
            file_system: file_system.unwrap_or_default(),
            mount_point,
            free_bytes: crate::fs::free_bytes(folder),
        }
    }

    /// The largest file that the file system takes, where it is less than anyone would write.
    pub fn max_file_bytes(&self) -> Option<u64> {
        let is_fat = ["vfat", "msdos", "fat", "fat12", "fat16", "fat32"];
        is_fat.iter().any(|fat| self.file_system.eq_ignore_ascii_case(fat)).then_some(FAT_FILE_BYTES)
    }

    /// The volume size to pack with here: what was asked for, or what the file system takes.
    ///
    /// # Errors
    /// [`Code::FileTooLarge`] when larger volumes were asked for.
    pub fn volume_bytes(&self, asked: Option<u64>) -> Result<Option<u64>> {
        match (asked, self.max_file_bytes()) {
            (Some(asked), Some(most)) if asked > most => {
                let error = Error::new(Code::FileTooLarge).with(Fact::Limit, most).with(Fact::Found, asked);
                Err(self.mount_point.iter().fold(error, |error, point| error.at(point)))
            }
            (asked, most) => Ok(asked.or(most)),
        }
    }
}

/// Type and mount point. The last mount of a device is the one on top; a file system with devices of its own for each
/// subvolume (btrfs, overlay) is told by the longest mount point that the path begins with.
#[cfg(target_os = "linux")]
fn found(folder: &Path) -> Option<(String, PathBuf)> {
    let stat = rustix::fs::stat(folder).ok()?;
    let dev = format!("{}:{}", rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    let folder = folder.canonicalize().ok()?;
    let mounts = super::mounts::read(Path::new("/proc/self/mountinfo"));
    let above = || mounts.iter().filter(|mount| folder.starts_with(&mount.point));
    let depth = |mount: &&super::mounts::Mount| mount.point.components().count();
    // Of equally deep ones, the last.
    let mount =
        above().filter(|mount| mount.dev == dev).max_by_key(depth).or_else(|| above().max_by_key(depth))?;
    Some((mount.file_system.clone(), mount.point.clone()))
}

#[cfg(not(target_os = "linux"))]
fn found(folder: &Path) -> Option<(String, PathBuf)> {
    // `canonicalize` would give a form on Windows in which no mount point is written.
    super::portable::file_system(&std::path::absolute(folder).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fat_is_known_under_every_name_and_takes_less_than_four_gib() {
        for (name, limit) in
            [("vfat", true), ("msdos", true), ("FAT32", true), ("exfat", false), ("ext4", false)]
        {
            let place = Place { file_system: name.into(), ..Place::default() };
            assert_eq!(place.max_file_bytes().is_some(), limit, "{name}");
        }
        let stick = Place { file_system: "vfat".into(), ..Place::default() };
        assert_eq!(stick.volume_bytes(None).unwrap(), Some(FAT_FILE_BYTES));
        assert_eq!(stick.volume_bytes(Some(2 << 20)).unwrap(), Some(2 << 20));
        assert_eq!(stick.volume_bytes(Some(4 << 30)).unwrap_err().code(), Code::FileTooLarge);
        assert_eq!(Place::default().volume_bytes(None).unwrap(), None);
    }

    #[test]
    fn a_path_tells_its_file_system_whether_the_file_is_there_or_not() {
        let place = Place::of(Path::new("/proc"));
        assert_eq!(
            (place.file_system.as_str(), place.mount_point.as_deref()),
            ("proc", Some(Path::new("/proc")))
        );
        let dir = tempfile::tempdir().unwrap();
        let place = Place::of(&dir.path().join("new.sealift"));
        assert!(!place.file_system.is_empty() && place.free_bytes.is_some(), "{place:?}");
    }
}
