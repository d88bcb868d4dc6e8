//! A folder that the program works in, with settings of its own.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use super::{Scratch, Sealift};

/// The folder; in arguments `@name` stands for a file in it.
pub(crate) struct Place(pub(crate) Scratch);

impl Place {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// `sealift ARGS --json`.
    pub(crate) fn command(&self, args: &str) -> Command {
        let args = args.split(' ').map(|arg| {
            arg.split_once('@')
                .map_or(arg.to_owned(), |(before, name)| format!("{before}{}", self.path(name).display()))
        });
        let mut command = Sealift::command([]);
        command.args(args).env("XDG_CONFIG_HOME", self.path("config")).arg("--json");
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &str) -> (Output, Value) {
        let output = self.command(args).output().unwrap();
        let object = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{args}: {e}\n{}", String::from_utf8_lossy(&output.stderr)));
        (output, object)
    }

    #[track_caller]
    pub(crate) fn done(&self, args: &str) -> Value {
        let (output, object) = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args}\n{}", String::from_utf8_lossy(&output.stderr));
        object
    }

    #[track_caller]
    pub(crate) fn refused(&self, args: &str, status: i32, code: &str) {
        let (output, object) = self.run(args);
        assert_eq!(object["error"]["code"], code, "{args}\n{object}");
        assert_eq!(output.status.code(), Some(status), "{args}");
    }
}
