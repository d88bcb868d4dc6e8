//! Removable drives, and the file system a path lies on.
//!
//! Reading what there is takes no rights and no daemon. Mounting and ejecting are asked of `UDisks2` where it
//! runs. Nothing here formats, and internal disks are never listed. Knows nothing of bundles.

mod file_system;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(target_os = "linux")]
mod sysfs;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
#[cfg(target_os = "linux")]
mod udev;
#[cfg(target_os = "linux")]
mod udisks;
mod watch;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use file_system::Place;
pub use watch::DriveWatch;

use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// Drives above this are seldom sticks: they are listed only when asked for.
pub const LARGE_DRIVE_BYTES: u64 = 2_000_000_000_000;

/// Which drives are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DriveSizes {
    /// Those up to [`LARGE_DRIVE_BYTES`].
    #[default]
    Usual,
    /// All of them.
    All,
}

/// A removable drive. Texts come from the device: escape them when shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drive {
    /// The kernel's name for it, the same as long as it is plugged in: `sdb`.
    pub id: String,
    /// Its device file.
    pub device: PathBuf,
    /// Who made it; may be empty, as may the next two.
    pub vendor: String,
    /// What the maker calls it.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// How it is connected: `usb`, `mmc`, or empty where that is not known.
    pub bus: String,
    /// Its capacity, as it claims.
    pub size_bytes: u64,
    /// Whether it is write-protected as a whole.
    pub is_read_only: bool,
    /// What can hold files on it: its partitions, or the drive itself where it has none.
    pub partitions: Vec<Partition>,
}

/// A part of a drive that has, or could have, a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its device file.
    pub device: PathBuf,
    /// The name its owner gave it; may be empty.
    pub label: String,
    /// Type of its file system (`vfat`, `exfat`, `ext4`), as the system calls it; empty where there is none.
    pub file_system: String,
    /// Its capacity.
    pub size_bytes: u64,
    /// Whether its content is encrypted by the system (LUKS).
    pub is_encrypted: bool,
    /// Whether files can be put on it.
    pub state: PartitionState,
    /// Where it is mounted.
    pub mount_points: Vec<PathBuf>,
    /// Bytes still free, where it is mounted and the system tells.
    pub free_bytes: Option<u64>,
    /// Whether the device or the mount is write-protected.
    pub is_read_only: bool,
}

/// Whether files can be put on a partition, and if not, what is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionState {
    /// It is mounted.
    Mounted,
    /// It has a file system that is not mounted.
    Unmounted,
    /// It is encrypted and not unlocked.
    Locked,
    /// It has no file system that the system knows. Sealift never makes one.
    Unformatted,
}

impl PartitionState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Mounted, Self::Unmounted, Self::Locked, Self::Unformatted];

    /// The stable name, used in JSON and for the texts' ids.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mounted => "mounted",
            Self::Unmounted => "unmounted",
            Self::Locked => "locked",
            Self::Unformatted => "unformatted",
        }
    }
}

impl Drive {
    /// Whether it is above [`LARGE_DRIVE_BYTES`].
    pub fn is_large(&self) -> bool {
        self.size_bytes > LARGE_DRIVE_BYTES
    }

    /// The first partition that is mounted.
    pub fn mounted(&self) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.state == PartitionState::Mounted)
    }

    /// The partition that `device` or a mount point names.
    fn partition_at(&self, path: &Path) -> Option<&Partition> {
        let is_named = |partition: &&Partition| {
            partition.device == path || partition.mount_points.iter().any(|point| point == path)
        };
        self.partitions.iter().find(is_named)
    }

    /// Whether one of its partitions bears this label.
    fn has_label(&self, label: &str) -> bool {
        self.partitions.iter().any(|partition| !label.is_empty() && partition.label == label)
    }
}

/// A folder that files may be put into, and the drive it is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The folder.
    pub folder: PathBuf,
    /// The removable drive it lies on; `None` for a folder on an internal disk or a share.
    pub drive: Option<Drive>,
}

/// Removable drives that are plugged in, by name.
pub fn drives(ctx: &Ctx, sizes: DriveSizes) -> Result<Vec<Drive>> {
    ctx.checkpoint()?;
    Ok(list(sizes))
}

#[cfg(target_os = "linux")]
fn list(sizes: DriveSizes) -> Vec<Drive> {
    sysfs::drives(&sysfs::Roots::system(), sizes)
}

#[cfg(not(target_os = "linux"))]
fn list(sizes: DriveSizes) -> Vec<Drive> {
    portable::drives(sizes)
}

/// What `text` names: a folder, a drive or partition by its device file or its label.
///
/// # Errors
/// [`Code::NoSuchDrive`] when it is none of these; [`Code::DriveNotReady`] for a drive without a mounted file system.
pub fn drive_target(ctx: &Ctx, text: &str) -> Result<Target> {
    let drives = drives(ctx, DriveSizes::All)?;
    target(&drives, text)
}

/// As [`drive_target`]; a file system that is not mounted is mounted first, where the system has a service for that.
pub fn ready_target(ctx: &Ctx, text: &str) -> Result<Target> {
    let drives = drives(ctx, DriveSizes::All)?;
    match (target(&drives, text), named(&drives, text)) {
        (Err(error), Ok((_, Some(partition))))
            if error.code() == Code::DriveNotReady && partition.state == PartitionState::Unmounted =>
        {
            let folder = mount_partition(partition)?;
            drive_target(ctx, &folder.display().to_string())
        }
        (target, _) => target,
    }
}

fn target(drives: &[Drive], text: &str) -> Result<Target> {
    let path = Path::new(text);
    if path.is_dir() {
        return Ok(Target { folder: path.to_owned(), drive: drive_of(drives, path).cloned() });
    }
    let (drive, partition) = named(drives, text)?;
    if let Some(folder) = partition.and_then(|partition| partition.mount_points.first()) {
        return Ok(Target { folder: folder.clone(), drive: Some(drive.clone()) });
    }
    let state = partition.map_or(PartitionState::Unformatted, |partition| partition.state);
    let device = partition.map_or(&drive.device, |partition| &partition.device);
    Err(Error::new(Code::DriveNotReady)
        .worded(Fact::Detail, &format!("detail-drive-{}", state.name()), &[])
        .at(device))
}

/// The one drive that `text` names by a device file or a label, and the partition of it that would be used.
fn named<'a>(drives: &'a [Drive], text: &str) -> Result<(&'a Drive, Option<&'a Partition>)> {
    let path = Path::new(text);
    let is_named =
        |drive: &&Drive| drive.device == path || drive.partition_at(path).is_some() || drive.has_label(text);
    let unknown = || Error::new(Code::NoSuchDrive).with(Fact::Found, text);
    let mut found = drives.iter().filter(is_named);
    let drive = found.next().ok_or_else(unknown)?;
    if found.next().is_some() {
        return Err(unknown().with(Fact::Limit, 1));
    }
    let labelled = drive.partitions.iter().find(|partition| partition.label == text && !text.is_empty());
    let partition = drive.partition_at(path).or(labelled).or_else(|| drive.mounted());
    Ok((drive, partition.or_else(|| drive.partitions.first())))
}

/// Whether `folder` lies on a removable drive.
pub(crate) fn is_on_drive(ctx: &Ctx, folder: &Path) -> Result<bool> {
    Ok(drive_of(&drives(ctx, DriveSizes::All)?, folder).is_some())
}

/// The drive whose file system `path` lies on.
fn drive_of<'a>(drives: &'a [Drive], path: &Path) -> Option<&'a Drive> {
    let mount_point = Place::of(path).mount_point?;
    drives.iter().find(|drive| drive.partition_at(&mount_point).is_some())
}

/// Has the system mount a partition, as a file manager would; gives the mount point.
///
/// # Errors
/// [`Code::DriveNotReady`] where nothing here can do it, or it is refused.
pub fn mount_partition(partition: &Partition) -> Result<PathBuf> {
    let refused = |reason: &str| {
        let state = format!("detail-drive-{}", partition.state.name());
        Error::new(Code::DriveNotReady).worded(Fact::Detail, &state, &[]).with(Fact::System, reason)
    };
    #[cfg(target_os = "linux")]
    let mounted = udisks::Disks::system().and_then(|disks| disks.mount(&partition.device));
    #[cfg(not(target_os = "linux"))]
    let mounted: std::result::Result<PathBuf, String> = Err("not available on this system".into());
    mounted.map_err(|reason| refused(&reason.to_string()).at(&partition.device))
}

/// How taking a drive out of use ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "eject", content = "reason")]
pub enum Ejected {
    /// It is unmounted, and powered off where it can be: it may be pulled out.
    Done,
    /// The system has no service for it: unmount it by hand.
    ByHand,
    /// The system refused, for this reason: something else may be using the drive.
    Refused(String),
    /// It was not asked for.
    NotAsked,
    /// The folder is not on a removable drive.
    NotADrive,
}

/// Unmounts every partition of `drive` and powers it off.
pub fn eject_drive(drive: &Drive) -> Ejected {
    #[cfg(target_os = "linux")]
    {
        let Ok(disks) = udisks::Disks::system() else { return Ejected::ByHand };
        match disks.eject(drive) {
            Ok(()) => Ejected::Done,
            Err(reason) => Ejected::Refused(reason.to_string()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = drive;
        Ejected::ByHand
    }
}
