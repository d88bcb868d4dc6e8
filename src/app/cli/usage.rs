//! Wrong arguments, in words: clap finds the fault, our texts tell it.

use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind as ClapKind};
use sealift::{Code, Error, ErrorKind, Fact, Lang, text};

use super::{
    exit_code,
    output::{self, Output},
};

/// Help and version as clap prints them; anything else as an error of ours.
pub(super) fn explain(error: &clap::Error, lang: Lang) -> ExitCode {
    match error.kind() {
        ClapKind::DisplayHelp | ClapKind::DisplayVersion => {
            // A closed pipe is no failure of ours.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ClapKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            exit_code(ErrorKind::Usage)
        }
        kind => {
            let id = match kind {
                ClapKind::UnknownArgument => "usage-unknown",
                ClapKind::InvalidSubcommand => "usage-verb",
                ClapKind::MissingRequiredArgument => "usage-missing",
                ClapKind::ArgumentConflict => "usage-conflict",
                ClapKind::TooFewValues | ClapKind::WrongNumberOfValues | ClapKind::NoEquals => {
                    "usage-no-value"
                }
                _ => "usage-value",
            };
            let context = |kind| error.get(kind).map(ToString::to_string);
            let argument =
                context(ContextKind::InvalidArg).or_else(|| context(ContextKind::InvalidSubcommand));
            let mut worded = Error::new(Code::Usage)
                .with(Fact::Detail, text(lang, id, &[("argument", argument.unwrap_or_default())]));
            if let Some(value) = context(ContextKind::InvalidValue) {
                worded = worded.with(Fact::Found, value);
            }
            if let Some(values) = context(ContextKind::ValidValue) {
                worded = worded.with(Fact::Expected, values);
            }
            Output::plain(lang).error(&worded);
            exit_code(ErrorKind::Usage)
        }
    }
}

/// The desktop app was asked for, and this build has none.
#[cfg(not(feature = "gui"))]
pub(crate) fn no_desktop(lang: Lang) -> ExitCode {
    output::note(text(lang, "no-desktop", &[]));
    exit_code(ErrorKind::Failed)
}

/// The desktop app was asked for, and this host cannot show it.
#[cfg(feature = "gui")]
pub(crate) fn no_window(lang: Lang, reason: &crate::gui::NoWindow) -> ExitCode {
    output::note(reason.words(lang));
    exit_code(ErrorKind::Failed)
}
