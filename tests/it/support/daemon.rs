//! A daemon that lives as long as its guard.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

const START_LIMIT: Duration = Duration::from_secs(90);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Stops the daemon when dropped, also by a test that panics.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it with its output going to `log`, and waits until it is ready.
    pub(crate) fn start(command: &mut Command, log: &Path, mut is_ready: impl FnMut() -> bool) -> Self {
        let output = OpenOptions::new().create(true).append(true).open(log).unwrap();
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let child = command.spawn().unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
        let mut daemon = Self { child, log: log.to_owned() };
        let ended = || daemon.child.try_wait().unwrap().is_some();
        match poll(START_LIMIT, ended, &mut is_ready) {
            Poll::Reached => daemon,
            Poll::GaveUp => panic!("{command:?} ended before it was ready:\n{}", daemon.last_words()),
            Poll::TooLate => panic!("{command:?} is not ready in time:\n{}", daemon.last_words()),
        }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked first: an engine that ends itself takes its helpers and mounts along.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let child = &mut self.child;
        if !matches!(poll(STOP_LIMIT, || false, || !matches!(child.try_wait(), Ok(None))), Poll::Reached) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

enum Poll {
    Reached,
    GaveUp,
    TooLate,
}

fn poll(limit: Duration, mut gives_up: impl FnMut() -> bool, mut reached: impl FnMut() -> bool) -> Poll {
    let deadline = Instant::now() + limit;
    loop {
        if reached() {
            return Poll::Reached;
        }
        if gives_up() {
            return Poll::GaveUp;
        }
        if Instant::now() > deadline {
            return Poll::TooLate;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
