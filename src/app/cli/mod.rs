//! The command line: one verb per file, over the library's facade.

pub(crate) mod args;
mod ask;
mod delivery;
mod demo;
mod drives;
mod handoff;
pub(crate) mod hygiene;
mod images;
mod inspect;
mod keys;
mod kit;
mod output;
mod pack;
mod progress;
mod recipients;
mod repair;
mod reseal;
mod restore;
mod secret;
mod shell;
mod sign;
mod site;
mod trust;
pub(crate) mod usage;
mod verify;

#[cfg(feature = "gui")]
use std::ffi::OsStr;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::ArgMatches;
use sealift::{Code, Ctx, Error, ErrorKind, Result};

use output::Output;

/// What every verb gets.
pub(crate) struct Env {
    pub(crate) ctx: Ctx,
    pub(crate) out: Output,
}

/// How a verb ended, when not with an error.
pub(crate) enum Ended {
    Done,
    /// It ran to its end and found damage, which it has reported.
    Damaged,
    /// Parts of it failed, which it has reported.
    Failed(ErrorKind),
}

type Verb = fn(&Env, &ArgMatches) -> sealift::Result<Ended>;

/// Every verb and what runs it.
const VERBS: &[(&str, Verb)] = &[
    ("pack", pack::run),
    ("inspect", inspect::run),
    ("verify", verify::run),
    ("repair", repair::run),
    ("repair-file", repair::answer),
    ("restore", restore::run),
    ("handoff", handoff::run),
    ("drives", drives::run),
    ("images", images::run),
    ("keys", keys::run),
    ("reseal", reseal::run),
    ("sign", sign::run),
    ("signing-key", sign::keys),
    ("trust", trust::run),
    ("kit", kit::run),
    ("demo", demo::run),
    ("completions", shell::completions),
    ("man", shell::man),
];

/// Whether `word` is a verb; a file of that name does not hide it.
#[cfg(feature = "gui")]
pub(crate) fn is_verb(word: &OsStr) -> bool {
    VERBS.iter().any(|(name, _)| word == *name)
}

/// Runs the program with these arguments.
pub(crate) fn run(args: &[OsString]) -> ExitCode {
    let lang = args::language(args);
    let matches = match args::command(lang).try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return usage::explain(&error, lang),
    };
    let Some((verb, matches)) = matches.subcommand() else {
        return crate::desktop(lang, &[]);
    };
    hygiene::forbid_tracing();
    let env = Env { ctx: Ctx::new(), out: Output::new(lang, matches) };
    output::trace(matches);
    hygiene::cancel_on_signals(&env.ctx, &env.out);
    let Some((_, run)) = VERBS.iter().find(|(name, _)| *name == verb) else {
        return crate::desktop(lang, &[]);
    };
    let ended = refuse_own_files(verb, matches).and_then(|()| run(&env, matches));
    env.out.notices(&env.ctx);
    match ended {
        // Names what it left.
        Err(error) if error.kind() == ErrorKind::Cancelled => fail(&env.out, &error),
        // No script may take a run that was cancelled for one that found all well, or for one that failed by itself.
        _ if hygiene::was_interrupted() || env.ctx.checkpoint().is_err() => {
            fail(&env.out, &Error::new(Code::Cancelled))
        }
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Failed(kind)) => exit_code(kind),
        Ok(Ended::Damaged) => exit_code(ErrorKind::Integrity),
        Err(error) => fail(&env.out, &error),
    }
}

/// Arguments whose files are written; all others that name files are read.
const OUTPUTS: [&str; 7] =
    ["out", "repair-out", "answer-out", "key-out", "generate-passphrase", "request", "to"];

/// Refuses an output that is an input of the same run, of whatever verb.
fn refuse_own_files(verb: &str, matches: &ArgMatches) -> Result<()> {
    let (mut outputs, mut inputs) = (Vec::new(), Vec::new());
    let mut level = Some(matches);
    while let Some(matches) = level {
        for id in matches.ids() {
            let values = matches.try_get_raw(id.as_str()).ok().flatten().into_iter().flatten();
            let paths = values.map(|value| {
                let dest = value.to_str().and_then(|value| value.parse::<sealift::DestSpec>().ok());
                dest.and_then(|dest| dest.path().map(PathBuf::from)).unwrap_or_else(|| PathBuf::from(value))
            });
            // A bundle takes the place of a bundle as a whole, once it is complete.
            let is_replaced = ["reseal", "repair"].contains(&verb)
                && id == "bundle"
                && !matches.try_contains_id("request").unwrap_or(false);
            match id.as_str() {
                id if OUTPUTS.contains(&id) => outputs.extend(paths),
                _ if is_replaced => {}
                _ => inputs.extend(paths),
            }
        }
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    sealift::refuse_own_files(&outputs, &inputs)
}

fn fail(out: &Output, error: &Error) -> ExitCode {
    out.error(error);
    exit_code(error.kind())
}

/// docs: README, "Exit status".
fn exit_code(kind: ErrorKind) -> ExitCode {
    ExitCode::from(match kind {
        ErrorKind::Failed => 1,
        ErrorKind::Usage => 2,
        ErrorKind::Integrity => 3,
        ErrorKind::Key => 4,
        ErrorKind::Cancelled => 130,
    })
}
