//! A Docker engine with its own storage, which lives as long as its guard.

use std::{collections::BTreeSet, path::PathBuf, process::Command};

use super::{assert_root, text};
use crate::support::{Daemon, Scratch, Tool, run};

const DOCKERD: Tool = Tool::new("dockerd", "docker.io");
const MKFS: Tool = Tool::new("mkfs.ext4", "e2fsprogs");
const MOUNT: Tool = Tool::new("mount", "mount");
const DOCKER: Tool = Tool::new("docker", "docker.io");

/// An engine; empty when it starts.
pub(crate) struct Docker {
    // Dropped in this order: a folder can go once the engine has left it.
    daemon: Daemon,
    dir: Scratch,
    sockets: Scratch,
}

impl Docker {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| ())
    }

    /// An engine whose storage is a file system of its own: of so many MiB, and for so many files.
    pub(crate) fn start_on_small_disk(size_mib: u64, num_files: u64) -> Self {
        Self::start_with(|dir| {
            let image = dir.join("disk");
            std::fs::File::create_new(&image).unwrap().set_len(size_mib << 20).unwrap();
            run(MKFS.command().args(["-q", "-m", "0", "-N", &num_files.to_string()]).arg(&image));
            std::fs::create_dir(dir.join("data")).unwrap();
            run(MOUNT.command().args(["-o", "loop"]).arg(&image).arg(dir.join("data")));
        })
    }

    fn start_with(prepare: impl FnOnce(&Scratch)) -> Self {
        assert_root();
        let (dir, sockets) = (Scratch::new(), Scratch::for_sockets());
        prepare(&dir);
        // Neither the machine's configuration nor its user's is to change what is tested.
        dir.write("daemon.json", "{}");
        dir.write("config.json", "{}");
        Self { daemon: start(&dir, &sockets), dir, sockets }
    }

    /// Where it listens.
    pub(crate) fn host(&self) -> String {
        host(&self.sockets)
    }

    /// Where it keeps its images.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Whether it is taking an archive in.
    pub(crate) fn is_loading(&self) -> bool {
        let entries = std::fs::read_dir(self.dir.join("data/tmp")).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("docker-import"))
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(&self) {
        self.daemon.kill();
        // Its containerd would live on, and answer to nobody.
        let pid = std::fs::read_to_string(self.sockets.join("x/containerd/containerd.pid")).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    /// Starts it again with what it had.
    pub(crate) fn restart(&mut self) {
        self.daemon.stop();
        let _ = std::fs::remove_file(self.sockets.join("pid"));
        let _ = std::fs::remove_dir_all(self.sockets.join("x"));
        self.daemon = start(&self.dir, &self.sockets);
    }

    /// The version of the program, which decides what an archive looks like.
    pub(crate) fn version() -> String {
        run(DOCKERD.command().arg("--version"))
    }

    /// Runs `docker ARGS`, which must succeed, and gives its output.
    #[track_caller]
    pub(crate) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        run(client(&self.dir, &self.sockets).args(args))
    }

    /// Every image with each of its names, `<none>:<none>` if it has none.
    pub(crate) fn images(&self) -> BTreeSet<(String, String)> {
        let list = self.run(["images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
        let pairs = list.lines().map(|line| line.split_once(' ').unwrap());
        pairs.map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
    }

    /// What the engine says of an image that lies in the image itself.
    pub(crate) fn facts(&self, image: &str) -> String {
        let format = "{{.Id}} {{.Created}} {{.Os}}/{{.Architecture}} {{json .Config}} {{json .RootFS}}";
        self.run(["image", "inspect", "--format", format, image])
    }

    /// What a container of `image` prints.
    #[track_caller]
    pub(crate) fn run_container(&self, image: &str, command: &[&str]) -> String {
        self.run(["run", "--rm", "--network", "none", image].into_iter().chain(command.iter().copied()))
    }
}

fn start(dir: &Scratch, sockets: &Scratch) -> Daemon {
    let mut command = DOCKERD.tied_command();
    command
        .args(["--config-file", text(&dir.join("daemon.json"))])
        .args(["--data-root", text(&dir.join("data"))])
        .args(["--exec-root", text(&sockets.join("x"))])
        .args(["--pidfile", text(&sockets.join("pid"))])
        .args(["--host", &host(sockets)])
        .args(["--iptables=false", "--bridge=none"]);
    let is_ready = || {
        let probe = client(dir, sockets).arg("version").output();
        probe.is_ok_and(|output| output.status.success())
    };
    Daemon::start(&mut command, &dir.join("log"), is_ready)
}

fn host(sockets: &Scratch) -> String {
    format!("unix://{}", text(&sockets.join("s")))
}

fn client(dir: &Scratch, sockets: &Scratch) -> Command {
    let mut command = DOCKER.command();
    // The classic builder, which every version has: BuildKit is a package of its own.
    command.env("DOCKER_BUILDKIT", "0").env("DOCKER_HOST", host(sockets)).env("DOCKER_CONFIG", dir.path());
    command.env_remove("DOCKER_CONTEXT").env_remove("DOCKER_TLS_VERIFY");
    command
}
