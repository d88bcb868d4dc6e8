//! What is printed, and where: results on stdout, everything else on stderr.

use std::{
    io::{IsTerminal, Write},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use clap::ArgMatches;
use sealift::{Ctx, Error, Lang, Shown, fingerprint_words, grouped, text};
use serde::Serialize;

use crate::trace::OneLine;

/// Notices that are shown of a job that was cancelled.
const NOTICES_WHEN_CANCELLED: usize = 100;

/// Where progress goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Bar,
    Plain,
    Json,
    None,
}

/// The two streams, and how the user wants them.
pub(crate) struct Output {
    pub(crate) lang: Lang,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) progress: Progress,
    pub(crate) has_result: AtomicBool,
}

impl Output {
    pub(super) fn new(lang: Lang, matches: &ArgMatches) -> Self {
        // `keys list` and its like carry the shared options one level down.
        let matches = matches.subcommand().map_or(matches, |(_, inner)| inner);
        let flag = |name| matches.try_get_one::<bool>(name).ok().flatten().copied().unwrap_or_default();
        let progress =
            matches.try_get_one::<String>("progress").ok().flatten().map_or("auto", String::as_str);
        let quiet = flag("quiet");
        let progress = match progress {
            "plain" => Progress::Plain,
            "json" => Progress::Json,
            "none" => Progress::None,
            _ if quiet => Progress::None,
            _ if is_terminal() => Progress::Bar,
            _ => Progress::Plain,
        };
        Self { lang, json: flag("json"), quiet, progress, has_result: AtomicBool::new(false) }
    }

    /// Plain text in `lang`, before arguments are known.
    pub(super) fn plain(lang: Lang) -> Self {
        Self { lang, json: false, quiet: false, progress: Progress::None, has_result: AtomicBool::new(false) }
    }

    /// A text of `cli.ftl`.
    pub(super) fn t(&self, id: &str, args: &[(&str, String)]) -> Shown {
        text(self.lang, id, args)
    }

    /// A line of the result.
    pub(super) fn line(&self, line: impl Into<Shown>) {
        if !self.json && !self.quiet {
            stdout(&line.into());
        }
    }

    /// A line on stderr, among those of the progress.
    pub(super) fn remark(&self, line: impl Into<Shown>) {
        if !self.quiet && self.progress != Progress::Json {
            stderr(&line.into());
        }
    }

    /// A worded line of the result.
    pub(super) fn say(&self, id: &str, args: &[(&str, String)]) {
        self.line(self.t(id, args));
    }

    /// A fingerprint, and what of it is read over the telephone.
    pub(super) fn fingerprint(&self, hex: &str) {
        self.say("fingerprint", &[("fingerprint", grouped(hex))]);
        self.say("fingerprint-words", &[("words", fingerprint_words(hex, self.lang).join(" "))]);
    }

    /// The result as one JSON object, if asked for. There is one: after a result comes no error.
    pub(super) fn json(&self, value: &impl Serialize) {
        if self.json && !self.has_result.swap(true, Relaxed) {
            // Our own types always serialise; should one not, the empty line shows it.
            stdout(&Shown::json(&serde_json::to_string(value).unwrap_or_default()));
        }
    }

    /// What a job noticed; of many, the first after it was cancelled.
    pub(super) fn notices(&self, ctx: &Ctx) {
        for (number, notice) in ctx.take_notices().into_iter().enumerate() {
            if number >= NOTICES_WHEN_CANCELLED && ctx.checkpoint().is_err() {
                break;
            }
            if !self.quiet {
                stderr(&self.t("note-line", &[("note", notice.render(self.lang).into())]));
            }
        }
    }

    /// An error: words on stderr, and as JSON on stdout if asked for.
    pub(super) fn error(&self, error: &Error) {
        stderr(&error.render(self.lang));
        self.json(&serde_json::json!({ "error": error.json(self.lang) }));
    }
}

/// A remark on stderr.
pub(super) fn note(line: impl Into<Shown>) {
    stderr(&line.into());
}

/// Whether a person reads stderr as it comes.
#[expect(clippy::disallowed_methods, reason = "nothing is written")]
pub(super) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A closed pipe (`sealift images | head`) is no failure.
#[expect(clippy::disallowed_methods, reason = "takes what is safe to show alone")]
fn stdout(line: &Shown) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[expect(clippy::disallowed_methods, reason = "takes what is safe to show alone")]
fn stderr(line: &Shown) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Shows the library's trace on stderr: `-v` for what it decides, `-vv` for all.
pub(super) fn trace(matches: &ArgMatches) {
    let level = match matches.try_get_one::<u8>("verbose").ok().flatten() {
        None | Some(0) => return,
        Some(1) => tracing::Level::DEBUG,
        Some(_) => tracing::Level::TRACE,
    };
    let writer = || {
        OneLine(|line: &Shown| {
            stderr(line);
            Ok(())
        })
    };
    // Colours would be escaped with the rest.
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(writer)
        .with_ansi(false)
        .without_time()
        .init();
}

/// Bytes for people: `1.48 GiB`.
pub(super) fn human_bytes(num_bytes: u64) -> String {
    indicatif::BinaryBytes(num_bytes).to_string()
}
