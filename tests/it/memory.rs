//! What is left in a process's memory when it is done with a bundle: no passphrase, and no key.
//!
//! The real program is stopped where it ends, with all its threads, and every page that it can write is read.

use std::{
    collections::BTreeSet,
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{Scratch, Sealift, Tool, holds, memory_of, run, secrets_of};

/// Nothing that could stand in memory for another reason.
const PASSPHRASE: &str = "quadrant insurgent deadbolt midsummer dogsled";
/// Longer than the test takes.
const DELAY: &str = "inject=exit_group:delay_enter=600000000";

/// A program that was stopped as it ends.
struct Stopped {
    tracer: Child,
    pid: u32,
}

impl Stopped {
    fn at_its_end(command: &Command) -> Self {
        let mut strace = Tool::new("strace", "strace").command();
        strace.args(["-f", "-qq", "-e", "trace=exit_group", "-e", DELAY, "-o", "/dev/null"]);
        strace.arg(command.get_program()).args(command.get_args());
        strace.stdout(Stdio::null()).stderr(Stdio::null());
        let tracer = strace.spawn().unwrap();
        let pid = until("the program", || {
            let children = format!("/proc/{0}/task/{0}/children", tracer.id());
            let mut children = fs::read_to_string(children).ok()?;
            children.retain(|c| c.is_ascii_digit());
            let name = fs::read_to_string(format!("/proc/{children}/comm")).ok()?;
            if name.trim() == "sealift" { children.parse::<u32>().ok() } else { None }
        });
        // `exit_group` in the table of x86_64, and of all later architectures.
        let number = if cfg!(target_arch = "x86_64") { "231 " } else { "94 " };
        until("its end", || {
            let call = fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
            call.starts_with(number).then_some(())
        });
        Self { tracer, pid }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // The tracer first: it would let the program go on.
        let _ = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status();
        let _ = self.tracer.kill();
        let _ = self.tracer.wait();
    }
}

/// What `look` finds, as soon as it does.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_process_that_is_done_holds_no_passphrase_and_no_key() {
    let dir = Scratch::new();
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let bundle = dir.join("a.sealift");
    let (password, to) = (dir.write("pw", PASSPHRASE), format!("oci:{}", dir.join("out").display()));
    let new_password = dir.write("new", "another horse battery staple");
    let [sample, bundle_arg, password, new_password] =
        [&sample, &bundle, &password, &new_password].map(|path| path.to_str().unwrap());
    let mut found = BTreeSet::new();
    for args in [
        vec!["pack", sample, "--out", bundle_arg, "--kdf", "low"],
        vec!["verify", bundle_arg],
        vec!["restore", bundle_arg, "--to", &to],
        vec!["keys", "add", bundle_arg, "--new-password-file", new_password, "--kdf", "low"],
    ] {
        let mut command = Sealift::command(args.iter().copied());
        command.args(["-q", "--password-file", password]);
        let stopped = Stopped::at_its_end(&command);
        let memory = memory_of(stopped.pid);
        // What is there is found.
        assert!(holds(&memory, bundle_arg.as_bytes()), "{args:?}");
        for (name, secret) in secrets_of(&bundle, PASSPHRASE) {
            if holds(&memory, &secret) {
                found.insert(format!("{}: {name}", args[0]));
            }
        }
    }
    assert_eq!(found, BTreeSet::new());
    run(&mut Sealift::command(["verify", bundle_arg, "-q", "--password-file", new_password]));
}
