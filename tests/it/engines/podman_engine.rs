//! Podman with its own storage.

use std::{collections::BTreeSet, process::Command};

use super::{assert_root, text};
use crate::support::{Daemon, Scratch, Sealift, Tool, run};

const PODMAN: Tool = Tool::new("podman", "podman");
const RUNC: Tool = Tool::new("runc", "runc");

/// Locks in files, because those in shared memory are the whole machine's; no journal, no systemd.
const CONFIG: &str = r#"[engine]
lock_type = "file"
cgroup_manager = "cgroupfs"
events_logger = "none"
"#;

/// A storage; empty when it is made.
pub(crate) struct Podman {
    dir: Scratch,
    sockets: Scratch,
}

/// A running `podman system service`.
pub(crate) struct Service {
    daemon: Daemon,
    address: String,
}

impl Service {
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(&self) {
        self.daemon.kill();
    }
}

impl Podman {
    pub(crate) fn new() -> Self {
        assert_root();
        let (dir, sockets) = (Scratch::new(), Scratch::for_sockets());
        dir.write("containers.conf", CONFIG);
        Self { dir, sockets }
    }

    /// Whether it is taking an archive in: both the service and the program keep it in a file first.
    pub(crate) fn is_loading(&self) -> bool {
        let entries = std::fs::read_dir(self.dir.path()).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.into_iter().any(|name| name.starts_with("api_load") || name.starts_with("podman"))
    }

    /// Runs `podman ARGS`, which must succeed, and gives its output.
    #[track_caller]
    pub(crate) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        run(self.command().args(args))
    }

    /// Tells `sealift` where its storage is.
    pub(crate) fn environment(&self, sealift: Sealift) -> Sealift {
        let (root, run) = (self.dir.join("root"), self.sockets.join("run"));
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            text(&root),
            text(&run)
        );
        sealift
            .with_env("CONTAINERS_CONF", text(&self.dir.join("containers.conf")))
            .with_env("CONTAINERS_STORAGE_CONF", text(&self.dir.write("storage.conf", &storage)))
            .with_env("TMPDIR", text(self.dir.path()))
            .with_env("XDG_RUNTIME_DIR", text(self.sockets.path()))
    }

    /// Serves Docker's API until the guard is dropped.
    pub(crate) fn serve(&self) -> Service {
        let socket = self.sockets.join("api");
        let address = format!("unix://{}", text(&socket));
        let mut command = self.command();
        command.args(["system", "service", "--time", "0", &address]);
        let is_ready = || std::os::unix::net::UnixStream::connect(&socket).is_ok();
        Service { daemon: Daemon::start(&mut command, &self.dir.join("service.log"), is_ready), address }
    }

    fn command(&self) -> Command {
        let mut command = PODMAN.command();
        command
            .env("CONTAINERS_CONF", self.dir.join("containers.conf"))
            .env("TMPDIR", self.dir.path())
            .args(["--root", text(&self.dir.join("root"))])
            .args(["--runroot", text(&self.sockets.join("run"))])
            .args(["--tmpdir", text(&self.sockets.join("tmp"))])
            // Works on any file system, and mounts nothing that would outlive the command.
            .args(["--storage-driver", "vfs"]);
        command
    }

    /// Every image with each of its names, `<none>:<none>` if it has none.
    pub(crate) fn images(&self) -> BTreeSet<(String, String)> {
        let list = self.run(["images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
        let pairs = list.lines().map(|line| line.split_once(' ').unwrap());
        pairs.map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
    }

    /// What a container of `image` prints.
    #[track_caller]
    pub(crate) fn run_container(&self, image: &str, command: &[&str]) -> String {
        // crun refuses a machine with both cgroup versions mounted; runc does not. Podman's default limits
        // are higher than what root in a sandbox may set.
        let mut podman = self.command();
        podman.arg("--runtime").arg(RUNC.path()).args(["run", "--rm", "--network", "none"]);
        podman.args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
        run(podman.arg(image).args(command))
    }
}
