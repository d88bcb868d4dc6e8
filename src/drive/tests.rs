//! Drives as a system of files would show them: sysfs, udev's database and the list of mounts, laid out as documented.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use crossbeam_channel::bounded;
use tempfile::TempDir;

use super::{sysfs::Roots, *};

/// A system with nothing plugged in.
struct System(TempDir);

impl System {
    fn new() -> Self {
        let system = Self(tempfile::tempdir().unwrap());
        for folder in ["sys/block", "sys/kernel", "udev"] {
            fs::create_dir_all(system.0.path().join(folder)).unwrap();
        }
        system.put("mountinfo", "");
        system
    }

    fn roots(&self) -> Roots {
        let at = |name: &str| self.0.path().join(name);
        Roots { sys: at("sys"), mountinfo: at("mountinfo"), udev: at("udev") }
    }

    fn put(&self, name: &str, text: &str) -> &Self {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        crate::fs::write(&path, text.as_bytes(), crate::fs::Existing::Keep).unwrap();
        self
    }

    /// A disk that hangs at `bus`, with its attributes.
    fn disk(&self, bus: &str, name: &str, attributes: &[(&str, &str)]) -> &Self {
        let folder = format!("sys/devices/{bus}/block/{name}");
        for (file, text) in attributes {
            self.put(&format!("{folder}/{file}"), &format!("{text}\n"));
        }
        symlink(format!("../devices/{bus}/block/{name}"), self.0.path().join("sys/block").join(name))
            .unwrap();
        self
    }

    /// An ordinary stick with one FAT partition, `sdb1`.
    fn stick(&self) -> &Self {
        let bus = "pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0";
        let attributes = [("size", "60628992"), ("removable", "1"), ("ro", "0"), ("dev", "8:16")];
        self.disk(bus, "sdb", &attributes);
        self.disk_part(bus, "sdb", "sdb1", "8:17");
        self.put("udev/b8:16", "S:disk/by-id/x\nE:ID_MODEL=Ultra_Fit\nE:ID_MODEL_ENC=Ultra\\x20Fit\\x20\\x20\nE:ID_VENDOR=SanDisk\nE:ID_SERIAL_SHORT=4C53\nE:ID_BUS=usb\n");
        self.put("udev/b8:17", "E:ID_FS_TYPE=vfat\nE:ID_FS_LABEL=DELIVERY\nE:ID_FS_LABEL_ENC=DELIVERY\n")
    }

    fn disk_part(&self, bus: &str, disk: &str, name: &str, dev: &str) -> &Self {
        let folder = format!("sys/devices/{bus}/block/{disk}/{name}");
        for (file, text) in [("partition", "1"), ("size", "60626944"), ("ro", "0"), ("dev", dev)] {
            self.put(&format!("{folder}/{file}"), &format!("{text}\n"));
        }
        self
    }

    fn drives(&self) -> Vec<Drive> {
        sysfs::drives(&self.roots(), DriveSizes::Usual)
    }

    /// A folder that stands for a mount point.
    fn mounted(&self, dev: &str, kind: &str, options: &str) -> PathBuf {
        let point = self.0.path().join("stick");
        let _ = fs::create_dir(&point);
        self.put("mountinfo", &format!("36 27 {dev} / {} {options} - {kind} /dev/x rw\n", point.display()));
        point
    }
}

#[test]
fn a_stick_is_told_with_all_that_is_known_of_it() {
    let system = System::new();
    let point = system.stick().mounted("8:17", "vfat", "rw,nosuid");
    let drives = system.drives();
    assert_eq!(drives.len(), 1);
    let free_bytes = crate::fs::free_bytes(&point);
    assert_eq!(
        drives[0],
        Drive {
            id: "sdb".into(),
            device: "/dev/sdb".into(),
            vendor: "SanDisk".into(),
            model: "Ultra Fit".into(),
            serial: "4C53".into(),
            bus: "usb".into(),
            size_bytes: 60_628_992 * 512,
            is_read_only: false,
            partitions: vec![Partition {
                device: "/dev/sdb1".into(),
                label: "DELIVERY".into(),
                file_system: "vfat".into(),
                size_bytes: 60_626_944 * 512,
                is_encrypted: false,
                state: PartitionState::Mounted,
                mount_points: vec![point],
                free_bytes: drives[0].partitions[0].free_bytes,
                is_read_only: false,
            }],
        }
    );
    assert!(free_bytes.is_some() && drives[0].partitions[0].free_bytes.is_some());
    system.mounted("8:17", "vfat", "ro");
    assert!(system.drives()[0].partitions[0].is_read_only);
}

#[test]
fn without_udev_the_kernel_names_the_drive() {
    let system = System::new();
    let bus = "pci0000:00/usb2/2-1/2-1:1.0/host7/target7:0:0/7:0:0:0";
    system.disk(
        bus,
        "sdc",
        &[
            ("size", "1000"),
            ("dev", "8:32"),
            ("device/model", "Flash Drive     "),
            ("device/vendor", "ACME    "),
        ],
    );
    let drives = system.drives();
    assert_eq!((drives[0].vendor.as_str(), drives[0].model.as_str()), ("ACME", "Flash Drive"));
    // No partition table and no file system: the drive itself is what could hold one.
    assert_eq!(drives[0].partitions[0].device, Path::new("/dev/sdc"));
    assert_eq!(drives[0].partitions[0].state, PartitionState::Unformatted);
}

#[test]
fn internal_disks_are_never_offered() {
    let system = System::new();
    let size = ("size", "60628992");
    system.disk(
        "pci0000:00/ata1/host0/target0:0:0/0:0:0:0",
        "sda",
        &[size, ("removable", "0"), ("dev", "8:0")],
    );
    system.disk("pci0000:00/nvme/nvme0", "nvme0n1", &[size, ("removable", "0"), ("dev", "259:0")]);
    // The soldered chip of a small board, and its hidden boot area; a card reader without a card; an optical drive.
    let mmc = "platform/soc/mmc_host/mmc0/mmc0:0001";
    system.disk(mmc, "mmcblk0", &[size, ("removable", "0"), ("dev", "179:0"), ("device/type", "MMC")]);
    system.disk(
        "pci0000:00/usb1/1-3/1-3:1.0/host8/x",
        "sdd",
        &[("size", "0"), ("removable", "1"), ("dev", "8:48")],
    );
    system.disk("pci0000:00/usb1/1-4/1-4:1.0/host9/x", "sr0", &[size, ("removable", "1"), ("dev", "11:0")]);
    system.disk("virtual", "loop0", &[size, ("removable", "1"), ("dev", "7:0")]);
    assert_eq!(system.drives(), []);
    // The running system itself, started from a stick.
    system.stick().put("mountinfo", "36 27 8:17 / / rw - ext4 /dev/sdb1 rw\n");
    assert_eq!(system.drives(), []);
    system.put("mountinfo", "");
    assert_eq!(system.drives().len(), 1);
}

#[test]
fn sd_cards_are_offered_and_large_drives_only_when_asked_for() {
    let system = System::new();
    let card = "pci0000:00/mmc_host/mmc1/mmc1:aaaa";
    system.disk(
        card,
        "mmcblk1",
        &[
            ("size", "60628992"),
            ("removable", "0"),
            ("dev", "179:8"),
            ("device/type", "SD"),
            ("device/name", "SC32G"),
            ("device/serial", "0x12"),
        ],
    );
    let usb = "pci0000:00/usb1/1-9/1-9:1.0/host9/target9:0:0/9:0:0:0";
    system.disk(usb, "sde", &[("size", "7814037168"), ("removable", "0"), ("dev", "8:64")]);
    let drives = system.drives();
    assert_eq!(drives.len(), 1);
    assert_eq!(
        (drives[0].bus.as_str(), drives[0].model.as_str(), drives[0].serial.as_str()),
        ("mmc", "SC32G", "0x12")
    );
    let all = sysfs::drives(&system.roots(), DriveSizes::All);
    assert_eq!(
        all.iter().map(|drive| (drive.id.as_str(), drive.is_large())).collect::<Vec<_>>(),
        [("mmcblk1", false), ("sde", true)]
    );
}

#[test]
fn what_is_in_the_way_of_files_is_told() {
    let system = System::new();
    system.stick();
    let state = || (system.drives()[0].partitions[0].state, system.drives()[0].partitions[0].is_encrypted);
    assert_eq!(state(), (PartitionState::Unmounted, false));
    system.put("udev/b8:17", "");
    assert_eq!(state(), (PartitionState::Unformatted, false));
    system.put("udev/b8:17", "E:ID_FS_TYPE=crypto_LUKS\n");
    assert_eq!(state(), (PartitionState::Locked, true));
    // Unlocked: its content is another device's.
    let holder = "sys/block/sdb/sdb1/holders/dm-0/dev";
    system.put(holder, "253:0\n").put("udev/b253:0", "E:ID_FS_TYPE=ext4\nE:ID_FS_LABEL=SAFE\n");
    assert_eq!(state(), (PartitionState::Unmounted, true));
    system.mounted("253:0", "ext4", "rw");
    assert_eq!(state(), (PartitionState::Mounted, true));
    assert_eq!(system.drives()[0].partitions[0].label, "SAFE");
}

#[test]
fn a_target_is_a_folder_a_device_or_a_label() {
    let system = System::new();
    system.stick();
    let drives = system.drives();
    for text in ["/dev/sdb", "/dev/sdb1", "DELIVERY"] {
        let error = target(&drives, text).unwrap_err();
        assert_eq!((error.code(), error.context()[0].1), (Code::DriveNotReady, "unmounted"), "{text}");
    }
    for text in ["/dev/sda", "delivery", "", "/nowhere"] {
        assert_eq!(target(&drives, text).unwrap_err().code(), Code::NoSuchDrive, "{text}");
    }
    let point = system.mounted("8:17", "vfat", "rw");
    let drives = system.drives();
    for text in ["/dev/sdb", "/dev/sdb1", "DELIVERY"] {
        let target = target(&drives, text).unwrap();
        assert_eq!(
            (target.folder.as_path(), target.drive.as_ref()),
            (point.as_path(), drives.first()),
            "{text}"
        );
    }
    // A folder on an internal disk is a target as well; it is just no drive.
    assert_eq!(target(&drives, point.to_str().unwrap()).unwrap().drive, None);
    let twins = [drives[0].clone(), drives[0].clone()];
    assert_eq!(target(&twins, "DELIVERY").unwrap_err().code(), Code::NoSuchDrive);
}

#[test]
fn a_watch_tells_when_a_stick_comes_and_goes() {
    let system = System::new();
    let (tell, told) = bounded(8);
    let roots = system.roots();
    let generation = move || sysfs::generation(&roots);
    let roots = system.roots();
    let list = move || sysfs::drives(&roots, DriveSizes::Usual);
    let watch = DriveWatch::over(Duration::from_millis(1), generation, list, move || {
        let _ = tell.send(());
    });
    let wait = || told.recv_timeout(Duration::from_mins(1)).unwrap();
    wait();
    assert_eq!(watch.drives(), []);
    system.stick();
    wait();
    assert_eq!(watch.drives()[0].id, "sdb");
    fs::remove_file(system.0.path().join("sys/block/sdb")).unwrap();
    while !watch.drives().is_empty() {
        wait();
    }
    drop(watch);
    // Something may have been told that nobody waited for.
    let ended = loop {
        match told.recv_timeout(Duration::from_mins(1)) {
            Ok(()) => {}
            Err(e) => break e,
        }
    };
    assert!(ended.is_disconnected(), "the thread ended with the watch");
}

#[test]
fn what_this_host_has_is_listed() {
    for drive in drives(&Ctx::new(), DriveSizes::All).unwrap() {
        assert!(drive.size_bytes > 0 && !drive.partitions.is_empty(), "{drive:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(drive_target(&Ctx::new(), folder.path().to_str().unwrap()).unwrap().folder, folder.path());
}
