//! The log: a file a day in the user's data folder, the last week kept. What happened and where, never a secret.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sealift::Shown;
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{Builder, RollingFileAppender, Rotation},
};

use super::folders;
use crate::trace::OneLine;

/// Days that are kept.
const NUM_FILES: usize = 7;

/// Begins the log; what is dropped ends it. Without a folder to write to there is none, and nothing else changes.
pub(crate) fn begin() -> Option<WorkerGuard> {
    // On a thread of its own: a home on a slow disk must not be felt in the window.
    let (writer, guard) = tracing_appender::non_blocking(Daily::begin(folders::logs()?)?);
    let lines = move || {
        let mut writer = writer.clone();
        OneLine(move |line: &Shown| writer.write_all(format!("{line}\n").as_bytes()))
    };
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_ansi(false);
    log.with_writer(lines).try_init().ok()?;
    Some(guard)
}

/// The file of the day. The appender makes its files readable for others, so each is made before it does.
struct Daily {
    folder: PathBuf,
    files: RollingFileAppender,
    day: Date,
}

impl Daily {
    fn begin(folder: PathBuf) -> Option<Self> {
        // Without it the appender would print its own words.
        sealift::create_private_dir(&folder).ok()?;
        let day = today();
        make(&folder, day).ok()?;
        let files = Builder::new()
            .rotation(Rotation::DAILY)
            .filename_prefix("sealift")
            .filename_suffix("log")
            .max_log_files(NUM_FILES)
            .build(&folder)
            .ok()?;
        Some(Self { folder, files, day })
    }
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// The name is the appender's.
fn make(folder: &std::path::Path, day: Date) -> io::Result<()> {
    folders::private_file(&folder.join(format!("sealift.{day}.log"))).map(drop)
}

impl Write for Daily {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let day = today();
        if day != self.day {
            make(&self.folder, day)?;
            self.day = day;
        }
        self.files.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.files.flush()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_only_file_of_a_day_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("logs");
        let mut log = Daily::begin(folder.clone()).unwrap();
        log.write_all(b"a line\n").unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let found = std::fs::metadata(&files[0]).unwrap();
        assert_eq!((found.permissions().mode() & 0o777, found.len()), (0o600, 7));
    }
}
