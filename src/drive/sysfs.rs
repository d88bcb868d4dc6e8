//! Removable drives on Linux, out of sysfs, the list of mounts and udev's database: plain files that anyone may read.
//!
//! Offered are drives on USB, SD cards, and what the kernel calls removable. A drive that the running system
//! lies on is not, wherever it is plugged in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Drive, DriveSizes, LARGE_DRIVE_BYTES, Partition, PartitionState,
    mounts::{self, Mount},
    udev::Properties,
};

/// Where the system keeps what is read here; tests have their own.
#[derive(Clone, Debug)]
pub(super) struct Roots {
    pub(super) sys: PathBuf,
    pub(super) mountinfo: PathBuf,
    pub(super) udev: PathBuf,
}

impl Roots {
    pub(super) fn system() -> Self {
        let [sys, mountinfo, udev] = ["/sys", "/proc/self/mountinfo", "/run/udev/data"].map(PathBuf::from);
        Self { sys, mountinfo, udev }
    }
}

/// Bytes of a sector, whatever the device's own are.
const SECTOR_BYTES: u64 = 512;
/// Block devices that are no drives one could carry, and optical ones, which are written otherwise.
const NOT_DRIVES: [&str; 8] = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"];
/// Mount points of the running system.
const SYSTEM_MOUNTS: [&str; 8] = ["/", "/boot", "/boot/efi", "/efi", "/usr", "/var", "/home", "/nix"];

/// Drives by name.
pub(super) fn drives(roots: &Roots, sizes: DriveSizes) -> Vec<Drive> {
    let mounts = mounts::read(&roots.mountinfo);
    let mut drives: Vec<Drive> = names(&roots.sys.join("block"))
        .iter()
        .filter(|name| !NOT_DRIVES.iter().any(|kind| name.starts_with(kind)))
        .filter_map(|name| drive(roots, &mounts, name))
        .filter(|drive| sizes == DriveSizes::All || drive.size_bytes <= LARGE_DRIVE_BYTES)
        .collect();
    drives.sort_by(|a, b| a.id.cmp(&b.id));
    drives
}

/// What changes when a drive comes or goes, or is mounted: cheap to read, equal while nothing happened.
pub(super) fn generation(roots: &Roots) -> Vec<u8> {
    let mut generation = fs::read(&roots.mountinfo).unwrap_or_default();
    // Counts every event of a device, so that a stick which is swapped for another is noticed.
    generation.extend(fs::read(roots.sys.join("kernel/uevent_seqnum")).unwrap_or_default());
    for name in names(&roots.sys.join("block")) {
        generation.extend(name.as_bytes());
        generation.push(0);
    }
    generation
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// A one-line attribute; empty where it is not there.
fn attribute(folder: &Path, name: &str) -> String {
    let text = fs::read(folder.join(name)).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

fn size_bytes(folder: &Path) -> u64 {
    attribute(folder, "size").parse::<u64>().unwrap_or_default().saturating_mul(SECTOR_BYTES)
}

fn is_read_only(folder: &Path) -> bool {
    attribute(folder, "ro") == "1"
}

fn drive(roots: &Roots, mounts: &[Mount], name: &str) -> Option<Drive> {
    // The entry is a link to where the device hangs: `…/usb1/1-2/1-2:1.0/host6/…/block/sdb`.
    let folder = fs::canonicalize(roots.sys.join("block").join(name)).ok()?;
    let bus = bus(&folder);
    let is_card = attribute(&folder.join("device"), "type") == "SD";
    let is_offered = bus == "usb" || (bus == "mmc" && is_card) || attribute(&folder, "removable") == "1";
    // A card reader without a card has no size. Boot areas of a card's chip are hidden.
    if !is_offered || size_bytes(&folder) == 0 || attribute(&folder, "hidden") == "1" {
        return None;
    }
    let udev = Properties::read(&roots.udev, &attribute(&folder, "dev"));
    let device = folder.join("device");
    let or = |known: String, file: &str| if known.is_empty() { attribute(&device, file) } else { known };
    let mut partitions: Vec<Partition> = names(&folder)
        .iter()
        .map(|name| (name, folder.join(name)))
        .filter(|(_, folder)| folder.join("partition").exists())
        .map(|(name, folder)| partition(roots, mounts, name, &folder))
        .collect();
    if partitions.is_empty() {
        partitions.push(partition(roots, mounts, name, &folder));
    }
    let is_system = |point: &PathBuf| SYSTEM_MOUNTS.iter().any(|mount| point == Path::new(mount));
    if partitions.iter().flat_map(|partition| &partition.mount_points).any(is_system) {
        return None;
    }
    Some(Drive {
        id: name.to_owned(),
        device: Path::new("/dev").join(name),
        vendor: or(udev.exact("ID_VENDOR"), "vendor"),
        model: or(or(udev.exact("ID_MODEL"), "model"), "name"),
        serial: or(udev.get("ID_SERIAL_SHORT").to_owned(), "serial"),
        bus: bus.to_owned(),
        size_bytes: size_bytes(&folder),
        is_read_only: is_read_only(&folder),
        partitions,
    })
}

/// How a device is connected, by the path it hangs at.
fn bus(folder: &Path) -> &'static str {
    let is_below = |kind: &str| {
        let mut parts = folder.iter().filter_map(|part| part.to_str());
        parts.any(|part| part.strip_prefix(kind).is_some_and(|rest| rest.parse::<u32>().is_ok()))
    };
    match (is_below("usb"), is_below("mmc")) {
        (true, _) => "usb",
        (false, true) => "mmc",
        (false, false) => "",
    }
}

fn partition(roots: &Roots, mounts: &[Mount], name: &str, folder: &Path) -> Partition {
    let dev = attribute(folder, "dev");
    let udev = Properties::read(&roots.udev, &dev);
    let is_encrypted = udev.get("ID_FS_TYPE") == "crypto_LUKS";
    // An unlocked one is mounted through the device that holds it, `holders/dm-0`.
    let holders = names(&folder.join("holders")).into_iter().map(|holder| {
        let dev = attribute(&folder.join("holders").join(&holder), "dev");
        (Properties::read(&roots.udev, &dev), dev)
    });
    let holders: Vec<_> = holders.collect();
    let is_here = |mount: &&Mount| mount.dev == dev || holders.iter().any(|(_, held)| *held == mount.dev);
    let here: Vec<&Mount> = mounts.iter().filter(is_here).collect();
    let content = holders.first().map_or(&udev, |(content, _)| content);
    let known = content.get("ID_FS_TYPE");
    let known = if known == "crypto_LUKS" { "" } else { known };
    let file_system = here.first().map_or(known, |mount| mount.file_system.as_str()).to_owned();
    let state = match (here.is_empty(), is_encrypted && holders.is_empty(), file_system.is_empty()) {
        (false, ..) => PartitionState::Mounted,
        (true, true, _) => PartitionState::Locked,
        (true, false, false) => PartitionState::Unmounted,
        (true, false, true) => PartitionState::Unformatted,
    };
    Partition {
        device: Path::new("/dev").join(name),
        label: content.exact("ID_FS_LABEL"),
        file_system,
        size_bytes: size_bytes(folder),
        is_encrypted,
        state,
        free_bytes: here.first().and_then(|mount| crate::fs::free_bytes(&mount.point)),
        is_read_only: is_read_only(folder) || here.first().is_some_and(|mount| mount.is_read_only),
        mount_points: here.into_iter().map(|mount| mount.point.clone()).collect(),
    }
}
