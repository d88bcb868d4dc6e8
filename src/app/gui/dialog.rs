//! The system's file dialogs, on a thread of their own.
//!
//! Where a system has none, the dialog library answers as if the user had cancelled; so whether there is one
//! is asked first, with a time limit; the app's own `picker` serves such systems.

use std::{path::PathBuf, time::Duration};

use crossbeam_channel::{Receiver, bounded};
use sealift::escape;

use super::action::Action;

/// How long the desktop's portal may take to say that it is there.
const PROBE: Duration = Duration::from_secs(3);

/// What is to be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choose {
    /// Files, any number.
    Files,
    File,
    Folder,
    /// A file to be written, with a name to begin with.
    Save {
        name: String,
    },
}

/// A file dialog that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) choose: Choose,
    pub(crate) title: String,
    /// What becomes of the choice; not called when the user cancels.
    pub(crate) then: fn(Vec<PathBuf>) -> Action,
}

/// Opens a dialog; the answer comes through the channel, `None` where the user cancelled.
pub(crate) fn open(ask: Ask, wake: impl FnOnce() + Send + 'static) -> Receiver<Option<Action>> {
    let (sender, answer) = bounded(1);
    // Without the thread the receiver is told so, which counts as cancelled.
    let _ = std::thread::Builder::new().name("dialog".into()).spawn(move || {
        let action = if is_available() { choose(&ask).map(ask.then) } else { Some(Action::NoDialog(ask)) };
        let _ = sender.send(action);
        wake();
    });
    answer
}

fn choose(ask: &Ask) -> Option<Vec<PathBuf>> {
    let dialog = rfd::FileDialog::new().set_title(escape(&ask.title));
    match &ask.choose {
        Choose::Files => dialog.pick_files(),
        Choose::File => dialog.pick_file().map(|path| vec![path]),
        Choose::Folder => dialog.pick_folder().map(|path| vec![path]),
        Choose::Save { name } => dialog.set_file_name(name).save_file().map(|path| vec![path]),
    }
}

/// Whether a dialog can be shown: by the portal, else by zenity.
#[cfg(target_os = "linux")]
fn is_available() -> bool {
    let (sender, found) = bounded(1);
    let probe = std::thread::Builder::new().name("portal probe".into()).spawn(move || {
        let _ = sender.send(has_portal().unwrap_or(false));
    });
    let has_portal = probe.is_ok() && found.recv_timeout(PROBE).unwrap_or(false);
    has_portal || has_zenity()
}

#[cfg(not(target_os = "linux"))]
fn is_available() -> bool {
    true
}

#[cfg(target_os = "linux")]
fn has_portal() -> zbus::Result<bool> {
    let connection = zbus::blocking::Connection::session()?;
    let portal = zbus::blocking::Proxy::new(
        &connection,
        "org.freedesktop.portal.Desktop",
        "/org/freedesktop/portal/desktop",
        "org.freedesktop.portal.FileChooser",
    )?;
    Ok(portal.get_property::<u32>("version").is_ok())
}

#[cfg(target_os = "linux")]
fn has_zenity() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("zenity").is_file())
}
