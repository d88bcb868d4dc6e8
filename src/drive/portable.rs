//! Removable drives where there is no sysfs: as `sysinfo` lists mounted disks. Model and serial are not told there.

use std::path::{Path, PathBuf};

use sysinfo::{Disk, DiskRefreshKind, Disks};

use super::{Drive, DriveSizes, LARGE_DRIVE_BYTES, Partition, PartitionState};

/// Drives by name.
pub(super) fn drives(sizes: DriveSizes) -> Vec<Drive> {
    let disks = disks();
    let mut drives: Vec<Drive> = disks
        .iter()
        .flat_map(|disks| disks.iter())
        .filter(|disk| disk.is_removable())
        .map(drive)
        .filter(|drive| sizes == DriveSizes::All || drive.size_bytes <= LARGE_DRIVE_BYTES)
        .collect();
    drives.sort_by(|a, b| a.id.cmp(&b.id));
    drives
}

/// Nothing where the system does not tell.
fn disks() -> Option<Disks> {
    Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()
}

/// A disk as `sysinfo` has it is one mounted file system.
fn drive(disk: &Disk) -> Drive {
    let point = disk.mount_point();
    let partition = Partition {
        device: point.to_owned(),
        label: disk.name().to_string_lossy().into_owned(),
        file_system: disk.file_system().to_string_lossy().to_lowercase(),
        size_bytes: disk.total_space(),
        is_encrypted: false,
        state: PartitionState::Mounted,
        mount_points: vec![point.to_owned()],
        free_bytes: Some(disk.available_space()),
        is_read_only: disk.is_read_only(),
    };
    Drive {
        id: point.display().to_string(),
        device: point.to_owned(),
        vendor: String::new(),
        model: String::new(),
        serial: String::new(),
        bus: String::new(),
        size_bytes: disk.total_space(),
        is_read_only: disk.is_read_only(),
        partitions: vec![partition],
    }
}

/// Type and mount point of the file system that `path` lies on.
pub(super) fn file_system(path: &Path) -> Option<(String, PathBuf)> {
    let disks = disks();
    let above =
        disks.iter().flat_map(|disks| disks.iter()).filter(|disk| path.starts_with(disk.mount_point()));
    let disk = above.max_by_key(|disk| disk.mount_point().components().count())?;
    Some((disk.file_system().to_string_lossy().into_owned(), disk.mount_point().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_mounted_and_the_root_has_a_file_system() {
        for drive in drives(DriveSizes::All) {
            assert!(drive.mounted().is_some_and(|partition| !partition.mount_points.is_empty()), "{drive:?}");
        }
        let (name, point) = file_system(Path::new("/")).unwrap();
        assert!(!name.is_empty() && point == Path::new("/"), "{name} at {}", point.display());
    }
}
