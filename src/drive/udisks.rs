//! Mounting and ejecting through `UDisks2`, the service that file managers use; it asks for the rights by itself.
//!
//! <https://storaged.org/doc/udisks2-api/latest/>

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use zbus::{
    blocking::{Connection, Proxy},
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use super::Drive;

const SERVICE: &str = "org.freedesktop.UDisks2";
const MANAGER: &str = "/org/freedesktop/UDisks2/Manager";
const BLOCK: &str = "org.freedesktop.UDisks2.Block";
const FILE_SYSTEM: &str = "org.freedesktop.UDisks2.Filesystem";
const ENCRYPTED: &str = "org.freedesktop.UDisks2.Encrypted";
const DRIVE: &str = "org.freedesktop.UDisks2.Drive";

type Options = HashMap<&'static str, Value<'static>>;

/// The service.
pub(super) struct Disks(Connection);

impl Disks {
    /// The one of this system; an error where it does not run.
    pub(super) fn system() -> zbus::Result<Self> {
        Self::at(Connection::system()?)
    }

    fn at(connection: Connection) -> zbus::Result<Self> {
        let disks = Self(connection);
        disks.proxy(MANAGER, "org.freedesktop.UDisks2.Manager")?.get_property::<String>("Version")?;
        Ok(disks)
    }

    fn proxy<'a>(&self, path: &'a str, interface: &'a str) -> zbus::Result<Proxy<'a>> {
        Proxy::new(&self.0, SERVICE, path, interface)
    }

    /// The object of a device file.
    fn block(&self, device: &Path) -> zbus::Result<OwnedObjectPath> {
        let wanted = HashMap::from([("path", Value::from(device.display().to_string()))]);
        let manager = self.proxy(MANAGER, "org.freedesktop.UDisks2.Manager")?;
        let found: Vec<OwnedObjectPath> = manager.call("ResolveDevice", &(wanted, Options::new()))?;
        found.into_iter().next().ok_or(zbus::Error::InterfaceNotFound)
    }

    /// Mounts a device and tells where.
    pub(super) fn mount(&self, device: &Path) -> zbus::Result<PathBuf> {
        let block = self.block(device)?;
        let point: String = self.proxy(&block, FILE_SYSTEM)?.call("Mount", &(options(),))?;
        Ok(point.into())
    }

    /// Unmounts and locks all partitions, then ejects the medium or powers the drive off.
    pub(super) fn eject(&self, drive: &Drive) -> zbus::Result<()> {
        for partition in drive.partitions.iter().filter(|partition| !partition.mount_points.is_empty()) {
            let block = self.block(&partition.device)?;
            if partition.is_encrypted {
                let encrypted = self.proxy(&block, ENCRYPTED)?;
                let clear: OwnedObjectPath = encrypted.get_property("CleartextDevice")?;
                self.unmount(&clear)?;
                encrypted.call::<_, _, ()>("Lock", &(options(),))?;
            } else {
                self.unmount(&block)?;
            }
        }
        let block = self.block(&drive.device)?;
        let object: OwnedObjectPath = self.proxy(&block, BLOCK)?.get_property("Drive")?;
        let object = self.proxy(&object, DRIVE)?;
        let can = |name: &str| {
            object.get_property::<OwnedValue>(name).is_ok_and(|can| bool::try_from(can) == Ok(true))
        };
        // Unmounted is enough; what follows only makes it plain. A card reader is left on for the next card.
        if can("CanPowerOff") {
            object.call::<_, _, ()>("PowerOff", &(options(),))?;
        } else if can("Ejectable") {
            object.call::<_, _, ()>("Eject", &(options(),))?;
        }
        Ok(())
    }

    /// Unmounts every mount of a block device: each call takes the topmost away.
    fn unmount(&self, block: &OwnedObjectPath) -> zbus::Result<()> {
        let file_system = self.proxy(block, FILE_SYSTEM)?;
        let points: Vec<Vec<u8>> = file_system.get_property("MountPoints")?;
        points.iter().try_for_each(|_| file_system.call::<_, _, ()>("Unmount", &(options(),)))
    }
}

/// Without a dialog in which nobody may look: a refusal is told instead.
fn options() -> Options {
    HashMap::from([("auth.no_user_interaction", Value::from(false))])
}

#[cfg(test)]
#[expect(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding,
    reason = "methods of an interface have the form that its macro takes"
)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        process::{Child, Command, Stdio},
        sync::{Arc, Mutex},
    };

    use zbus::{blocking::connection::Builder, interface};

    use super::*;
    use crate::drive::{Partition, PartitionState};

    const PARTITION: &str = "/org/freedesktop/UDisks2/block_devices/sdb1";
    const CLEAR: &str = "/org/freedesktop/UDisks2/block_devices/dm_2d0";
    const DISK: &str = "/org/freedesktop/UDisks2/block_devices/sdb";
    const STICK: &str = "/org/freedesktop/UDisks2/drives/stick";

    type Given = HashMap<String, OwnedValue>;

    /// What was asked for, in order.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<&'static str>>>);

    impl Log {
        fn note(&self, what: &'static str) {
            self.0.lock().unwrap().push(what);
        }
    }

    struct Manager;
    #[interface(name = "org.freedesktop.UDisks2.Manager")]
    impl Manager {
        fn resolve_device(&self, wanted: Given, _options: Given) -> Vec<OwnedObjectPath> {
            let device = <&str>::try_from(&wanted["path"]).unwrap().to_owned();
            let object = match device.as_str() {
                "/dev/sdb" => DISK,
                "/dev/sdb1" => PARTITION,
                _ => return Vec::new(),
            };
            vec![object.try_into().unwrap()]
        }
        #[zbus(property)]
        fn version(&self) -> &'static str {
            "2.9"
        }
    }

    struct FileSystem(Log, bool);
    #[interface(name = "org.freedesktop.UDisks2.Filesystem")]
    impl FileSystem {
        fn mount(&self, _options: Given) -> &'static str {
            self.0.note("mount");
            "/media/x"
        }
        fn unmount(&self, _options: Given) -> zbus::fdo::Result<()> {
            self.0.note("unmount");
            if self.1 { Err(zbus::fdo::Error::Failed("target is busy".into())) } else { Ok(()) }
        }
        #[zbus(property)]
        fn mount_points(&self) -> Vec<Vec<u8>> {
            vec![b"/media/x\0".to_vec()]
        }
    }

    struct Encrypted(Log);
    #[interface(name = "org.freedesktop.UDisks2.Encrypted")]
    impl Encrypted {
        fn lock(&self, _options: Given) {
            self.0.note("lock");
        }
        #[zbus(property)]
        fn cleartext_device(&self) -> OwnedObjectPath {
            CLEAR.try_into().unwrap()
        }
    }

    struct Block;
    #[interface(name = "org.freedesktop.UDisks2.Block")]
    impl Block {
        #[zbus(property)]
        fn drive(&self) -> OwnedObjectPath {
            STICK.try_into().unwrap()
        }
    }

    struct Stick(Log);
    #[interface(name = "org.freedesktop.UDisks2.Drive")]
    impl Stick {
        fn power_off(&self, _options: Given) {
            self.0.note("power off");
        }
        #[zbus(property)]
        fn can_power_off(&self) -> bool {
            true
        }
    }

    /// A bus of its own, which ends with the test.
    struct Bus(Child, String);

    impl Bus {
        fn start() -> Self {
            let mut daemon = Command::new("dbus-daemon");
            daemon.args(["--session", "--nofork", "--print-address"]).stdout(Stdio::piped());
            let mut daemon = daemon
                .spawn()
                .expect("this test needs the program `dbus-daemon`: apt-get install dbus-daemon");
            let mut address = String::new();
            BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
            Self(daemon, address.trim().to_owned())
        }

        fn connect(&self) -> Builder<'_> {
            Builder::address(self.1.as_str()).unwrap()
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A service of our own; the other values keep it alive.
    fn service(log: &Log, is_busy: bool) -> (Disks, Connection, Bus) {
        let bus = Bus::start();
        let file_system = || FileSystem(log.clone(), is_busy);
        let server = bus.connect().name(SERVICE).unwrap();
        let server = server.serve_at(MANAGER, Manager).unwrap().serve_at(DISK, Block).unwrap();
        let server = server.serve_at(PARTITION, file_system()).unwrap();
        let server = server.serve_at(CLEAR, file_system()).unwrap();
        let server = server.serve_at(PARTITION, Encrypted(log.clone())).unwrap();
        let server = server.serve_at(STICK, Stick(log.clone())).unwrap().build().unwrap();
        (Disks::at(bus.connect().build().unwrap()).unwrap(), server, bus)
    }

    #[test]
    fn without_the_service_nothing_is_claimed() {
        let bus = Bus::start();
        assert!(Disks::at(bus.connect().build().unwrap()).is_err());
    }

    fn stick(is_encrypted: bool) -> Drive {
        let partition = Partition {
            device: "/dev/sdb1".into(),
            label: String::new(),
            file_system: "vfat".into(),
            size_bytes: 1,
            is_encrypted,
            state: PartitionState::Mounted,
            mount_points: vec!["/media/x".into()],
            free_bytes: None,
            is_read_only: false,
        };
        Drive {
            id: "sdb".into(),
            device: "/dev/sdb".into(),
            vendor: String::new(),
            model: String::new(),
            serial: String::new(),
            bus: "usb".into(),
            size_bytes: 1,
            is_read_only: false,
            partitions: vec![partition],
        }
    }

    #[test]
    fn a_drive_is_mounted_unmounted_locked_and_powered_off_in_order() {
        let log = Log::default();
        let (disks, _service, _bus) = service(&log, false);
        assert_eq!(disks.mount(Path::new("/dev/sdb1")).unwrap(), Path::new("/media/x"));
        assert!(disks.mount(Path::new("/dev/sda1")).is_err());
        disks.eject(&stick(false)).unwrap();
        disks.eject(&stick(true)).unwrap();
        let asked = log.0.lock().unwrap();
        assert_eq!(*asked, ["mount", "unmount", "power off", "unmount", "lock", "power off"]);
    }

    #[test]
    fn a_drive_in_use_is_not_powered_off() {
        let log = Log::default();
        let (disks, _service, _bus) = service(&log, true);
        let reason = disks.eject(&stick(false)).unwrap_err().to_string();
        assert!(reason.contains("target is busy"), "{reason}");
        assert_eq!(*log.0.lock().unwrap(), ["unmount"]);
    }
}
