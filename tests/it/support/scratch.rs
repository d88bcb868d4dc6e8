//! Folders that go away with the test, whatever an engine mounted in them.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::Tool;

const UMOUNT: Tool = Tool::new("umount", "mount");

/// A folder for one test.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// A folder beside the build: `/tmp` may be a small tmpfs, and an overlay on which no engine can lay its own.
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix_in("it-", env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    /// A folder whose path is short: that of a socket may have 107 bytes. See unix(7).
    pub(crate) fn for_sockets() -> Self {
        Self(TempDir::with_prefix_in("it-", "/tmp").unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where a file of this name is, or will be.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a new file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path).unwrap();
        file.write_all(content.as_ref()).unwrap();
        path
    }
}

/// Names of what is in a folder, sorted.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(dir).unwrap().map(name).collect();
    names.sort();
    names
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // An engine that was killed leaves its mounts, and a mount point cannot be removed.
        for mount_point in mounts_below(self.path()) {
            let _ = UMOUNT.command().arg("-l").arg(mount_point).status();
        }
    }
}

/// Mount points below `dir`, the innermost first. The fifth field of a line is the path: proc(5).
fn mounts_below(dir: &Path) -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    let mut below: Vec<PathBuf> = points.filter(|point| point.starts_with(dir)).collect();
    below.reverse();
    below
}
