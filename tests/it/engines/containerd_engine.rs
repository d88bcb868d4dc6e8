//! containerd with its own storage, which lives as long as its guard.

use std::{collections::BTreeMap, process::Command};

use super::{assert_root, text};
use crate::support::{Daemon, Scratch, Sealift, Tool, run};

const CONTAINERD: Tool = Tool::new("containerd", "containerd");
const CTR: Tool = Tool::new("ctr", "containerd");

/// What images without a name are called, with their digest.
pub(crate) const UNTAGGED: &str = "registry.local/untagged";

/// An engine; empty when it starts.
pub(crate) struct Containerd {
    // Dropped in this order: a folder can go once the engine has left it.
    daemon: Daemon,
    dir: Scratch,
    sockets: Scratch,
}

impl Containerd {
    pub(crate) fn start() -> Self {
        assert_root();
        let (dir, sockets) = (Scratch::new(), Scratch::for_sockets());
        let config = format!(
            r#"version = 2
root = "{}"
state = "{}"
# For Kubernetes; it would want a network.
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{}"
[ttrpc]
address = "{}"
"#,
            text(&dir.join("root")),
            text(&sockets.join("state")),
            text(&sockets.join("s")),
            text(&sockets.join("t")),
        );
        dir.write("config.toml", &config);
        Self { daemon: start(&dir, &sockets), dir, sockets }
    }

    /// Starts it again with what it had.
    pub(crate) fn restart(&mut self) {
        self.daemon.stop();
        self.daemon = start(&self.dir, &self.sockets);
    }

    /// Whether it is taking blobs in.
    pub(crate) fn is_loading(&self) -> bool {
        let ingests = self.dir.join("root/io.containerd.content.v1.content/ingest");
        std::fs::read_dir(ingests).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Where it listens.
    pub(super) fn address(&self) -> std::path::PathBuf {
        self.sockets.join("s")
    }

    /// Tells `sealift` where it listens.
    pub(crate) fn environment(&self, sealift: Sealift) -> Sealift {
        sealift
            .with_env("CONTAINERD_ADDRESS", text(&self.address()))
            .with_env("CONTAINERD_SNAPSHOTTER", SNAPSHOTTER)
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(&self) {
        self.daemon.kill();
    }

    /// Runs `ctr ARGS`, which must succeed, and gives its output.
    #[track_caller]
    pub(crate) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        run(client(&self.sockets).args(args))
    }

    /// Imports an archive and unpacks its images. One without a name is called [`UNTAGGED`]`@DIGEST`.
    #[track_caller]
    pub(crate) fn import(&self, archive: &str) {
        let naming = ["--digests", "--skip-digest-for-named", "--base-name", UNTAGGED];
        let args = ["images", "import", "--snapshotter", SNAPSHOTTER].into_iter().chain(naming);
        self.run(args.chain([archive]));
    }

    /// The digest behind every name.
    pub(crate) fn images(&self) -> BTreeMap<String, String> {
        let table = self.run(["images", "list"]);
        let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.map(|columns| (columns[0].to_owned(), columns[2].to_owned())).collect()
    }

    /// What a container of `image` prints. It has no network: `ctr` gives none.
    #[track_caller]
    pub(crate) fn run_container(&self, image: &str, command: &[&str]) -> String {
        let args = ["run", "--rm", "--snapshotter", SNAPSHOTTER, image, "it"];
        self.run(args.into_iter().chain(command.iter().copied()))
    }
}

/// Works on any file system.
const SNAPSHOTTER: &str = "native";

fn start(dir: &Scratch, sockets: &Scratch) -> Daemon {
    let mut command = CONTAINERD.tied_command();
    command.args(["--config", text(&dir.join("config.toml"))]);
    let is_ready = || {
        let probe = client(sockets).args(["--connect-timeout", "1s", "version"]).output();
        probe.is_ok_and(|output| output.status.success())
    };
    Daemon::start(&mut command, &dir.join("log"), is_ready)
}

fn client(sockets: &Scratch) -> Command {
    let mut command = CTR.command();
    command.arg("--address").arg(sockets.join("s"));
    command
}
