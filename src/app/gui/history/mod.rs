//! The history of runs: what was packed, restored and verified, when, and how it ended.
//!
//! [`Run`] is one run, `store` the file they are in, `worker` the thread that alone touches it, `export` what
//! leaves it. Nothing here stops a job: a file that cannot be used is told in words. Never a secret.

mod export;
mod run;
mod store;
mod worker;

pub(crate) use export::Format;
pub(crate) use run::{About, Account, Run, RunKind, RunOutcome, RunPart, error_of, report};
pub(crate) use worker::{Answer, Request, Worker};

/// Why the history cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A newer Sealift made the file; this one would spoil it.
    Newer,
    /// It cannot be opened or read: what the system says.
    Unreadable(String),
    /// What is there can be read; nothing can be added.
    Unwritable(String),
    /// A file of runs could not be written.
    Export(String),
}

impl Trouble {
    pub(crate) const fn text_id(&self) -> &'static str {
        match self {
            Self::Newer => "history-newer",
            Self::Unreadable(_) => "history-unreadable",
            Self::Unwritable(_) => "history-unwritable",
            Self::Export(_) => "history-export-failed",
        }
    }

    /// What the system says of it.
    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::Newer => "",
            Self::Unreadable(detail) | Self::Unwritable(detail) | Self::Export(detail) => detail,
        }
    }
}
