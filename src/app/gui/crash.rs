//! A panic, wherever it happens, becomes a report in the log folder and a word to the user.
//!
//! Nothing is printed on the way: whoever catches the panic says what it means.

use std::{
    backtrace::Backtrace,
    io::Write,
    panic::PanicHookInfo,
    path::{Path, PathBuf},
};

use crossbeam_channel::{Receiver, Sender, bounded};

use sealift::Shown;

use super::{folders, wake};

/// Reports that nobody has looked at yet; more of them would say nothing new.
const QUEUE: usize = 4;

/// From here on panics are reported; each report's path comes through the channel, empty where none was written.
pub(crate) fn watch() -> Receiver<PathBuf> {
    let (sender, reports) = bounded(QUEUE);
    std::panic::set_hook(Box::new(move |info| report(info, &sender)));
    reports
}

fn report(info: &PanicHookInfo<'_>, sender: &Sender<PathBuf>) {
    let thread = std::thread::current();
    let text = format!(
        "Sealift {}\n{} {}\n{}\nthread: {}\n{info}\n\n{}\n",
        env!("SEALIFT_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        jiff::Timestamp::now(),
        thread.name().unwrap_or("unnamed"),
        Backtrace::force_capture(),
    );
    tracing::error!(%info, "panic");
    let path = folders::logs()
        .and_then(|folder| write(&folder, &Shown::lines(text.lines())).ok())
        .unwrap_or_default();
    let _ = sender.try_send(path);
    wake::window();
}

fn write(folder: &Path, text: &Shown) -> std::io::Result<PathBuf> {
    sealift::create_private_dir(folder).map_err(std::io::Error::other)?;
    let name = jiff::Timestamp::now().strftime("crash-%Y%m%dT%H%M%S%fZ.txt").to_string();
    let path = folder.join(name);
    let mut file = folders::private_file(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_file_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("logs");
        let (first, second) =
            (write(&folder, &"one".into()).unwrap(), write(&folder, &"two".into()).unwrap());
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(first).unwrap(), "one");
    }
}
