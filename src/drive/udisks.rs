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
