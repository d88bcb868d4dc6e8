//! A Docker engine with its own storage, which lives as long as its guard.

use std::{collections::BTreeSet, process::Command};

use super::{assert_root, text};
use crate::support::{Daemon, Scratch, Tool, run};

const DOCKERD: Tool = Tool::new("dockerd", "docker.io");
const DOCKER: Tool = Tool::new("docker", "docker.io");

/// An engine; empty when it starts.
pub(super) struct Docker {
    // Dropped in this order: a folder can go once the engine has left it.
    _daemon: Daemon,
    dir: Scratch,
    sockets: Scratch,
}

impl Docker {
    pub(super) fn start() -> Self {
        assert_root();
        let (dir, sockets) = (Scratch::new(), Scratch::for_sockets());
        // Neither the machine's configuration nor its user's is to change what is tested.
        let config = dir.write("daemon.json", "{}");
        dir.write("config.json", "{}");
        let mut command = DOCKERD.tied_command();
        command
            .args(["--config-file", text(&config)])
            .args(["--data-root", text(&dir.join("data"))])
            .args(["--exec-root", text(&sockets.join("x"))])
            .args(["--pidfile", text(&sockets.join("pid"))])
            .args(["--host", &host(&sockets)])
            .args(["--iptables=false", "--bridge=none"]);
        let is_ready = || {
            let probe = client(&dir, &sockets).arg("version").output();
            probe.is_ok_and(|output| output.status.success())
        };
        let daemon = Daemon::start(&mut command, &dir.join("log"), is_ready);
        Self { _daemon: daemon, dir, sockets }
    }

    /// The version of the program, which decides what an archive looks like.
    pub(super) fn version() -> String {
        run(DOCKERD.command().arg("--version"))
    }

    /// Runs `docker ARGS`, which must succeed, and gives its output.
    #[track_caller]
    pub(super) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        run(client(&self.dir, &self.sockets).args(args))
    }

    /// Every image with each of its names, `<none>:<none>` if it has none.
    pub(super) fn images(&self) -> BTreeSet<(String, String)> {
        let list = self.run(["images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
        let pairs = list.lines().map(|line| line.split_once(' ').unwrap());
        pairs.map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
    }

    /// What the engine says of an image that lies in the image itself.
    pub(super) fn facts(&self, image: &str) -> String {
        let format = "{{.Id}} {{.Created}} {{.Os}}/{{.Architecture}} {{json .Config}} {{json .RootFS}}";
        self.run(["image", "inspect", "--format", format, image])
    }

    /// What a container of `image` prints.
    #[track_caller]
    pub(super) fn run_container(&self, image: &str, command: &[&str]) -> String {
        self.run(["run", "--rm", "--network", "none", image].into_iter().chain(command.iter().copied()))
    }
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
