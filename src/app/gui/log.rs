//! The log: a file a day in the user's data folder, the last week kept. What happened and where, never a secret.

use std::io::Write;

use sealift::Shown;
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{Builder, Rotation},
};

use super::folders;
use crate::trace::OneLine;

/// Days that are kept.
const NUM_FILES: usize = 7;

/// Begins the log; what is dropped ends it. Without a folder to write to there is none, and nothing else changes.
pub(crate) fn begin() -> Option<WorkerGuard> {
    let folder = folders::logs()?;
    // Without it the appender would print its own words.
    std::fs::create_dir_all(&folder).ok()?;
    let files = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("sealift")
        .filename_suffix("log")
        .max_log_files(NUM_FILES)
        .build(folder)
        .ok()?;
    // On a thread of its own: a home on a slow disk must not be felt in the window.
    let (writer, guard) = tracing_appender::non_blocking(files);
    let lines = move || {
        let mut writer = writer.clone();
        OneLine(move |line: &Shown| writer.write_all(format!("{line}\n").as_bytes()))
    };
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_ansi(false);
    log.with_writer(lines).try_init().ok()?;
    Some(guard)
}
