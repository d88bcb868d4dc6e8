//! What the process does before anything else: no core dumps, many files, clean endings on signals.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use sealift::{Code, Ctx, Error, Shown, text};

use super::output::{self, Output};

/// Keeps secrets out of core dumps, lets a bundle have its 9,999 volumes, and takes a limit on the size of files for an error.
pub(crate) fn harden() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        // Neither failing stops the work: they are a second line of defence and a comfort.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        let files = getrlimit(Resource::Nofile);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
        // A write beyond `ulimit -f` fails, then, and what is not finished is removed; else the signal would end the program.
        let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), Arc::default());
    }
}

/// Keeps other programs of the user from reading this one's memory. Not for the desktop app: the portal that opens
/// its file dialogs refuses a caller whose `/proc/PID/root` it cannot read.
pub(super) fn forbid_tracing() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// The terminal as it was before a prompt turned its echo off; whether there is a prompt.
static PROMPT: (Mutex<Option<Saved>>, Condvar) = (Mutex::new(None), Condvar::new());
/// How long a prompt has to end by itself: it takes Ctrl-C for a character, and then raises the signal.
const GRACE: Duration = Duration::from_millis(300);
static STOPPING: AtomicBool = AtomicBool::new(false);
/// Whether Ctrl-C was the answer to a prompt.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

#[cfg(unix)]
type Saved = Option<rustix::termios::Termios>;
#[cfg(not(unix))]
type Saved = ();

/// Ctrl-C, SIGTERM and SIGHUP cancel the job; a second one, or one at a prompt, ends the program at once.
pub(super) fn cancel_on_signals(ctx: &Ctx, out: &Output) {
    let (ctx, lang, json) = (ctx.clone(), out.lang, out.json);
    let installed = ctrlc::set_handler(move || {
        if let Some(saved) = prompt_that_stays() {
            restore_echo(saved);
            // The prompt waits for an answer, and nothing else can end it.
            Output { json, ..Output::plain(lang) }.error(&Error::new(Code::Cancelled));
            std::process::exit(130);
        }
        if INTERRUPTED.load(SeqCst) {
            return;
        }
        if STOPPING.swap(true, SeqCst) {
            std::process::exit(130);
        }
        output::note(text(lang, "cancelling", &[]));
        ctx.cancel();
    });
    if let Err(error) = installed {
        tracing::warn!(%error, "signals end the program without cleaning up");
    }
}

/// Whether the run is to end because Ctrl-C was the answer to a prompt.
pub(super) fn was_interrupted() -> bool {
    INTERRUPTED.load(SeqCst)
}

/// Runs `ask`, which may turn the terminal's echo off; a signal meanwhile turns it on again. After Ctrl-C nothing more is
/// asked.
pub(super) fn at_prompt<T>(ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    if was_interrupted() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let (prompt, ended) = &PROMPT;
    *prompt.lock().unwrap_or_else(PoisonError::into_inner) = Some(saved());
    let answer = ask();
    if answer.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::Interrupted) {
        INTERRUPTED.store(true, SeqCst);
    }
    *prompt.lock().unwrap_or_else(PoisonError::into_inner) = None;
    ended.notify_all();
    answer
}

/// Asks for a secret without echo.
#[expect(clippy::disallowed_methods, reason = "the one prompt")]
pub(super) fn secret(prompt: &Shown) -> io::Result<String> {
    at_prompt(|| rpassword::prompt_password(format!("{prompt} ")))
}

/// The terminal before the prompt, if there is one and it does not end by itself.
fn prompt_that_stays() -> Option<Saved> {
    let (prompt, ended) = &PROMPT;
    let prompt = prompt.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = ended.wait_timeout_while(prompt, GRACE, |prompt| prompt.is_some());
    waited.unwrap_or_else(PoisonError::into_inner).0.take()
}

#[cfg(unix)]
fn saved() -> Saved {
    let terminal = std::fs::File::open("/dev/tty").ok();
    terminal.and_then(|terminal| rustix::termios::tcgetattr(terminal).ok())
}

#[cfg(not(unix))]
fn saved() -> Saved {}

#[cfg(unix)]
fn restore_echo(saved: Saved) {
    if let (Some(saved), Ok(terminal)) = (saved, std::fs::File::open("/dev/tty")) {
        let _ = rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, &saved);
    }
}

#[cfg(not(unix))]
fn restore_echo((): Saved) {}
