//! The program under test, run as a user would run it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{Scratch, run};

/// Destinations that are files or folders; each is a source as well.
pub(crate) fn file_transports() -> Vec<&'static str> {
    let is_file = |transport: &&str| {
        let spec = format!("{transport}:x").parse::<sealift::DestSpec>();
        spec.is_ok_and(|spec| spec.path().is_some())
    };
    sealift::dest_transports().into_iter().filter(is_file).collect()
}

/// The program, with one passphrase.
pub(crate) struct Sealift {
    password_file: PathBuf,
    /// Where its engines are.
    env: Vec<(&'static str, String)>,
}

/// An image, as `images` or `inspect` lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) names: BTreeSet<String>,
    /// What Docker and Podman call the image's ID: the digest of its config.
    pub(crate) id: String,
    /// What registries and containerd know it by: the digest of its manifest.
    pub(crate) target: String,
}

impl Sealift {
    /// Keeps the passphrase in a file of `dir`.
    pub(crate) fn new(dir: &Scratch) -> Self {
        Self { password_file: dir.write("passphrase", "correct horse battery staple\n"), env: Vec::new() }
    }

    /// With the passphrase that stands in a file.
    pub(crate) fn opened_by(password_file: PathBuf) -> Self {
        Self { password_file, env: Vec::new() }
    }

    /// Sets a variable for every run.
    pub(crate) fn with_env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// `sealift ARGS` with its passphrase and its variables.
    pub(crate) fn prepared<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Self::command(args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.arg("--password-file").arg(&self.password_file);
        command
    }

    /// The error of a restore that must fail, and its exit status.
    #[track_caller]
    pub(crate) fn refused(&self, bundle: &Path, dest: &str, options: &[&str]) -> (Option<i32>, Value) {
        let mut command = self.prepared(["restore"]);
        let output = command.arg(bundle).args(["--to", dest, "--json"]).args(options).output().unwrap();
        assert!(!output.status.success());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), answer["error"].clone())
    }

    /// Images of an engine or a registry.
    #[track_caller]
    pub(crate) fn images_in(&self, source: &str) -> Vec<Listed> {
        let mut command = Self::command(["images", source]);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        listed(&json(&mut command))
    }

    /// `sealift ARGS`, without its passphrase.
    pub(crate) fn command<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealift"));
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).args(args);
        command
    }

    /// Seals `sources` and gives the report.
    #[track_caller]
    pub(crate) fn pack<'a>(
        &self,
        sources: impl IntoIterator<Item = &'a str>,
        bundle: &Path,
        options: &[&str],
    ) -> Value {
        let mut command = Self::command(["pack"]);
        command.args(sources).arg("--out").arg(bundle).args(options);
        self.json(&mut command)
    }

    /// Checks `bundle` without the key and with it; both must find nothing and see the same bundle.
    #[track_caller]
    pub(crate) fn verify(&self, bundle: &Path) -> String {
        let keyless = json(Self::command(["verify"]).arg(bundle));
        let keyed = self.json(Self::command(["verify"]).arg(bundle));
        assert_eq!(keyless["fingerprint"], keyed["fingerprint"]);
        assert_eq!(keyless["records"]["damaged"].as_array().map(Vec::len), Some(0), "{keyless}");
        assert_eq!(keyed["blobs"]["damaged"].as_array().map(Vec::len), Some(0), "{keyed}");
        keyed["fingerprint"].as_str().unwrap().to_owned()
    }

    /// Images that `bundle` holds.
    #[track_caller]
    pub(crate) fn inspect(&self, bundle: &Path) -> Vec<Listed> {
        listed(&self.json(Self::command(["inspect"]).arg(bundle))["contents"])
    }

    /// Puts images back and gives the report.
    #[track_caller]
    pub(crate) fn restore(&self, bundle: &Path, dest: &str, options: &[&str]) -> Value {
        self.json(Self::command(["restore"]).arg(bundle).args(["--to", dest]).args(options))
    }

    /// Images of a source.
    #[track_caller]
    pub(crate) fn images(source: &str) -> Vec<Listed> {
        listed(&json(&mut Self::command(["images", source])))
    }

    #[track_caller]
    fn json(&self, command: &mut Command) -> Value {
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        json(command.arg("--password-file").arg(&self.password_file))
    }
}

/// Runs it with `--json`: one object is all that may stand on stdout.
#[track_caller]
fn json(command: &mut Command) -> Value {
    serde_json::from_str(&run(command.arg("--json"))).unwrap()
}

/// The images of a JSON object, sorted: sources have no order that counts.
fn listed(object: &Value) -> Vec<Listed> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |image: &Value| Listed {
        names: image["names"].as_array().unwrap().iter().map(text).collect(),
        id: text(&image["manifests"][0]["config"]["digest"]),
        target: text(&image["target"]["digest"]),
    };
    let mut images: Vec<Listed> = object["images"].as_array().unwrap().iter().map(one).collect();
    images.sort();
    images
}
