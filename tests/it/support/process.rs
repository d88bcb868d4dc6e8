//! Programs that a test runs. One that is missing fails the test with the name of its package.

use std::{
    env,
    ffi::OsString,
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A program that a test cannot do without, and the Debian package that has it.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    name: &'static str,
    package: &'static str,
}

impl Tool {
    pub(crate) const fn new(name: &'static str, package: &'static str) -> Self {
        Self { name, package }
    }

    /// The program, without arguments, in plain English.
    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(self.path());
        command.env("PATH", search_path()).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Like [`Tool::command`], for a daemon: it is told to stop when the thread that starts it ends, even if
    /// the test process is killed and no guard is dropped.
    pub(crate) fn tied_command(self) -> Command {
        let mut command = Self::new("setpriv", "util-linux").command();
        command.args(["--pdeathsig", "TERM", "--"]).arg(self.path());
        command
    }

    /// Where it is.
    pub(crate) fn path(self) -> PathBuf {
        let Self { name, package } = self;
        env::split_paths(&search_path()).map(|dir| dir.join(name)).find(|path| path.is_file()).unwrap_or_else(
            || panic!("this test needs the program `{name}`: apt-get install {package} (or `make test`)"),
        )
    }
}

/// Where Debian keeps programs and daemons, then `PATH`: an ordinary user's `PATH` lacks `/usr/sbin`, and a
/// newer client in `/usr/local` may refuse to talk to Debian's engine.
fn search_path() -> OsString {
    let debian = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(debian.into_iter().chain(env::split_paths(&rest))).unwrap()
}

/// Runs `command`, which must succeed, and gives its output.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
    assert_success(command, &output);
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `command`, which must succeed, from one file into another.
#[track_caller]
pub(crate) fn run_through(command: &mut Command, from: &Path, to: &Path) {
    let input = OpenOptions::new().read(true).open(from).unwrap();
    let output = OpenOptions::new().write(true).create_new(true).open(to).unwrap();
    let output =
        command.stdin(input).stdout(output).stderr(Stdio::piped()).spawn().unwrap().wait_with_output();
    assert_success(command, &output.unwrap());
}

#[track_caller]
fn assert_success(command: &Command, output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{}\nstdout: {}\nstderr: {}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
}

/// Waits until `path` has more than `len` bytes.
#[track_caller]
pub(crate) fn wait_for(path: &Path, len: u64, child: &mut Child) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while std::fs::metadata(path).map_or(0, |metadata| metadata.len()) <= len {
        assert!(child.try_wait().unwrap().is_none(), "ended before it could be interrupted");
        assert!(Instant::now() < deadline, "{} does not grow", path.display());
        std::thread::yield_now();
    }
}
