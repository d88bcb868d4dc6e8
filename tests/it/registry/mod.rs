//! Real registries on both sides, and a small server for what a real one will not do.
#![cfg(target_os = "linux")]

mod access;
mod artifacts;
mod both_ways;
mod broken;
pub(crate) mod fake;
mod http;
mod image;
mod into_engines;
mod keyless;
mod lies;
mod line;
mod server;
mod signatures;
mod tls;
mod ways;

pub(crate) use image::{Shelf, archive, noise};

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::{Scratch, Sealift};

/// Someone with a home of their own, so that nothing of this machine's logins and certificates counts.
pub(crate) struct User {
    pub(crate) dir: Scratch,
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) status: i32,
    stdout: String,
    pub(crate) stderr: String,
}

impl User {
    pub(crate) fn new() -> Self {
        let dir = Scratch::new();
        std::fs::create_dir(dir.join("home")).unwrap();
        dir.write("passphrase", "correct horse battery staple\n");
        Self { dir }
    }

    /// A file of the home, made with its folders.
    fn write(&self, path: &str, content: &str) -> PathBuf {
        let path = self.home().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.dir.write(path.strip_prefix(self.dir.path()).unwrap().to_str().unwrap(), content)
    }

    /// A file of bytes beside the home.
    pub(crate) fn keep(&self, name: &str, content: &[u8]) -> PathBuf {
        use std::io::Write as _;
        let path = self.dir.join(name);
        std::fs::File::create_new(&path).unwrap().write_all(content).unwrap();
        path
    }

    fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Sealift::command(args.iter().copied());
        for name in ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command.env("HOME", self.home());
        if matches!(args[0], "pack" | "restore") {
            command.arg("--password-file").arg(self.dir.join("passphrase"));
        }
        if args[0] == "pack" {
            command.args(["--kdf", "low"]);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let output: Output = self.command(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let status = output.status.code().unwrap_or(-1);
        Ended { status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// A run that must succeed; its JSON.
    #[track_caller]
    fn json(&self, args: &[&str]) -> serde_json::Value {
        let ended = self.run(&[args, &["--json"]].concat());
        assert_eq!(ended.status, 0, "{args:?}\n{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// A run that must fail with `code`; what it said.
    #[track_caller]
    pub(crate) fn fails(&self, args: &[&str], code: &str) -> String {
        let ended = self.run(args);
        assert!(ended.stderr.contains(&format!("Code: {code}")), "{args:?}\n{}", ended.stderr);
        assert!(ended.stderr.contains("Hint: "), "{}", ended.stderr);
        assert_eq!(
            ended.status,
            if code == "NET-19" || code == "NET-20" { 3 } else { 1 },
            "{}",
            ended.stderr
        );
        ended.stderr
    }

    #[track_caller]
    pub(crate) fn pack(&self, source: &str, bundle: &Path, options: &[&str]) -> serde_json::Value {
        self.json(&[&["pack", source, "--out", bundle.to_str().unwrap()], options].concat())
    }

    #[track_caller]
    pub(crate) fn restore(&self, bundle: &Path, dest: &str, options: &[&str]) -> serde_json::Value {
        self.json(&[&["restore", bundle.to_str().unwrap(), "--to", dest], options].concat())
    }
}
