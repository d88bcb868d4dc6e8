//! What the process does before anything else: no core dumps, many files, clean endings on signals.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use sealift::{Ctx, Lang, text};

use super::output;

/// Keeps secrets out of core dumps, and lets a bundle have its 9,999 volumes.
pub(crate) fn harden() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        // Neither failing stops the work: they are a second line of defence and a comfort.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        let files = getrlimit(Resource::Nofile);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    }
}

/// Keeps other programs of the user from reading this one's memory. Not for the desktop app: the portal that opens
/// its file dialogs refuses a caller whose `/proc/PID/root` it cannot read.
pub(super) fn forbid_tracing() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// The terminal as it was before a prompt turned its echo off.
#[cfg(unix)]
static ECHO: Mutex<Option<rustix::termios::Termios>> = Mutex::new(None);
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Ctrl-C, SIGTERM and SIGHUP cancel the job; a second one, or one at a prompt, ends the program at once.
pub(super) fn cancel_on_signals(ctx: &Ctx, lang: Lang) {
    let ctx = ctx.clone();
    let installed = ctrlc::set_handler(move || {
        let at_prompt = restore_echo();
        if at_prompt || STOPPING.swap(true, SeqCst) {
            std::process::exit(130);
        }
        output::note(&text(lang, "cancelling", &[]));
        ctx.cancel();
    });
    if let Err(error) = installed {
        tracing::warn!(%error, "signals end the program without cleaning up");
    }
}

/// Runs `ask`, which turns the terminal's echo off; a signal meanwhile turns it on again.
pub(super) fn at_prompt<T>(ask: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    {
        let terminal = std::fs::File::open("/dev/tty").ok();
        let saved = terminal.and_then(|terminal| rustix::termios::tcgetattr(terminal).ok());
        *ECHO.lock().unwrap_or_else(PoisonError::into_inner) = saved;
    }
    let answer = ask();
    #[cfg(unix)]
    let _ = ECHO.lock().unwrap_or_else(PoisonError::into_inner).take();
    answer
}

/// Turns the echo on again if a prompt had turned it off, and says whether one had.
fn restore_echo() -> bool {
    #[cfg(unix)]
    if let Some(saved) = ECHO.lock().unwrap_or_else(PoisonError::into_inner).take() {
        if let Ok(terminal) = std::fs::File::open("/dev/tty") {
            let _ = rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, &saved);
        }
        return true;
    }
    false
}
