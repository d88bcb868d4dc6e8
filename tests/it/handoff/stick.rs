//! What stands in for a stick: an image file with a file system, mounted through a loop device; or a small tmpfs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{Scratch, Tool, run};

const MOUNT: Tool = Tool::new("mount", "mount");
const UMOUNT: Tool = Tool::new("umount", "mount");

/// A mounted file system of its own.
pub(super) struct Stick {
    /// Where it is mounted.
    pub(super) point: PathBuf,
    /// What it is on; `None` for a tmpfs.
    image: Option<PathBuf>,
}

impl Stick {
    /// An image of `num_mib` with an ext4 or xfs on it.
    pub(super) fn new(dir: &Scratch, kind: &str, num_mib: u64) -> Self {
        let image = dir.join(&format!("{kind}.img"));
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&image)
            .unwrap()
            .set_len(num_mib << 20)
            .unwrap();
        match kind {
            "ext4" => {
                run(Tool::new("mkfs.ext4", "e2fsprogs").command().args(["-q", "-F", "-m", "0"]).arg(&image))
            }
            "xfs" => run(Tool::new("mkfs.xfs", "xfsprogs").command().arg("-q").arg(&image)),
            _ => panic!("no such kind: {kind}"),
        };
        let stick = Self { point: dir.join(kind), image: Some(image) };
        fs::create_dir(&stick.point).unwrap();
        stick.plug();
        if kind == "ext4" {
            fs::remove_dir(stick.point.join("lost+found")).unwrap();
        }
        stick
    }

    /// A tmpfs of `num_mib`.
    pub(super) fn tmpfs(dir: &Scratch, name: &str, num_mib: u64) -> Self {
        let point = dir.join(name);
        fs::create_dir(&point).unwrap();
        let size = format!("size={num_mib}m");
        run(MOUNT.command().args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&point));
        Self { point, image: None }
    }

    /// Mounts it, as after plugging it in.
    pub(super) fn plug(&self) {
        let image = self.image.as_ref().unwrap();
        let mut mount = MOUNT.command();
        mount.args(["-o", "loop"]).arg(image).arg(&self.point);
        // Another test may have taken the loop device that mount(8) just found free.
        let taken = |command: &mut std::process::Command| !command.output().unwrap().status.success();
        if (0..9).all(|_| taken(&mut mount)) {
            run(&mut mount);
        }
    }

    /// Takes it away under whoever uses it.
    pub(super) fn pull(&self) {
        run(UMOUNT.command().arg("-l").arg(&self.point));
    }

    /// The file that its bytes are in.
    pub(super) fn image(&self) -> &Path {
        self.image.as_deref().unwrap()
    }
}

impl Drop for Stick {
    fn drop(&mut self) {
        let _ = UMOUNT.command().arg("-l").arg(&self.point).stderr(std::process::Stdio::null()).status();
    }
}
