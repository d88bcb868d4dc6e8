//! Debian's docker-registry on a loopback port, which lives as long as its guard.

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
};

use super::tls::Site;
use crate::support::{Daemon, Scratch, Tool, run};

const REGISTRY: Tool = Tool::new("docker-registry", "docker-registry");
const MOUNT: Tool = Tool::new("mount", "mount");
const HTPASSWD: Tool = Tool::new("htpasswd", "apache2-utils");

/// Who may enter a registry that asks.
pub(super) const USER: (&str, &str) = ("robot$ci", "s3cret:word");

/// What a registry asks for.
#[derive(Clone, Copy, Default)]
pub(super) struct Demands<'a> {
    pub(super) password: bool,
    pub(super) tls: Option<&'a Site>,
    pub(super) client_certificate: bool,
    /// The size of a file system of its own, as tmpfs(5) has it.
    pub(super) room: Option<&'a str>,
}

/// A registry; empty when it starts.
pub(super) struct Registry {
    daemon: Option<Daemon>,
    dir: Scratch,
    port: u16,
}

impl Registry {
    pub(super) fn start(demands: Demands<'_>) -> Self {
        let dir = Scratch::new();
        fs::create_dir(dir.join("data")).unwrap();
        if let Some(room) = demands.room {
            let size = format!("size={room}");
            run(MOUNT.command().args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.join("data")));
        }
        // Free now; another program could take it before the registry does, and then the test says so.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n",
            dir.join("data").display()
        );
        if demands.password {
            let entry = run(HTPASSWD.command().args(["-nbB", "-C", "4", USER.0, USER.1]));
            let path = dir.write("htpasswd", entry.trim_end());
            writeln!(config, "auth: {{htpasswd: {{realm: test, path: {}}}}}", path.display()).unwrap();
        }
        write!(config, "http:\n  addr: 127.0.0.1:{port}\n").unwrap();
        if let Some(site) = demands.tls {
            let path = |name: &str| site.path(name).display().to_string();
            write!(
                config,
                "  tls:\n    certificate: {}\n    key: {}\n",
                path("server.pem"),
                path("server.key")
            )
            .unwrap();
            if demands.client_certificate {
                writeln!(config, "    clientcas: [{}]", path("ca.pem")).unwrap();
            }
        }
        dir.write("config.yml", &config);
        let mut registry = Self { daemon: None, dir, port };
        registry.start_again();
        registry
    }

    /// Starts it over what it had.
    pub(super) fn start_again(&mut self) {
        let mut command = REGISTRY.tied_command();
        command.arg("serve").arg(self.dir.join("config.yml"));
        let is_ready = || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
        self.daemon = Some(Daemon::start(&mut command, &self.log(), is_ready));
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(&mut self) {
        self.daemon.take().unwrap().kill();
    }

    /// `HOST:PORT`.
    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Gives its file system more room.
    pub(super) fn make_room(&self) {
        run(MOUNT.command().args(["-o", "remount,size=1g"]).arg(self.dir.join("data")));
    }

    /// Uploads that were begun, and neither ended nor given up. What had arrived of one whose connection broke, this
    /// registry keeps until it cleans up: it answers nobody who asks for it.
    pub(super) fn num_open_uploads(&self) -> usize {
        let of = |words: [&str; 3]| self.num_answered(&words);
        let begun = of(["\"POST", "/blobs/uploads/", " 202 "]);
        begun - of(["\"PUT", "/blobs/uploads/", " 201 "]) - of(["\"DELETE", "/blobs/uploads/", " "])
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Requests answered so far whose line holds all of `words`.
    pub(super) fn num_answered(&self, words: &[&str]) -> usize {
        num_lines(&self.log(), words)
    }

    /// Uploads that were begun, continued or ended, and manifests that were put.
    pub(super) fn num_writes(&self) -> usize {
        ["\"POST", "\"PATCH", "\"PUT"].iter().map(|method| self.num_answered(&[method])).sum()
    }
}

fn num_lines(log: &Path, words: &[&str]) -> usize {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}
