//! What views ask for, and what applying it asks of the world.
//!
//! A view returns actions and changes nothing. [`State::apply`](super::state::State::apply) changes the state
//! and returns effects: jobs, dialogs and files, which only `app` carries out.

use std::{path::PathBuf, sync::Arc};

use sealift::Shown;

use super::{
    asking,
    dialog::Ask,
    history::Request,
    incoming::{Hovering, Incoming},
    job::Work,
    own_keys, picker,
    screens::{history, import, keys, pack, usb, verify},
    secret::Secret,
    settings::{LangChoice, ThemeChoice, Volume},
    standing::Trust,
};

/// What views push their wishes into.
pub(crate) type Actions = Vec<Action>;

/// Something a user, a job or the system did.
#[derive(Debug)]
pub(crate) enum Action {
    Go(Page),
    Lang(LangChoice),
    Theme(ThemeChoice),
    Zoom(f32),
    /// Where new bundles are written unless told otherwise.
    BundleFolder(String),
    Volume(Volume),
    /// Files are held over the window, or no longer.
    Hover(Option<Hovering>),
    /// Files were dropped, chosen or given as arguments; what they are must be found out.
    Bring(Vec<PathBuf>),
    /// What was brought is this.
    Take(Incoming),
    /// A file dialog is wanted.
    Ask(Ask),
    /// This system has no file dialog for this.
    NoDialog(Ask),
    Picker(picker::Action),
    Copy(Shown),
    CopyDiagnostics,
    /// The window has the keyboard again: what other programs did meanwhile is looked at.
    Returned,
    /// Show this folder in the system's file manager.
    OpenFolder(PathBuf),
    /// There is none, or it failed.
    CannotOpenFolder,
    CancelJob,
    DismissJob,
    /// A job failed; its words are kept for whoever helps.
    Failed(Arc<sealift::Error>),
    /// A sheet over the window is to be shown, or none.
    Sheet(Option<Sheet>),
    /// The program met a fault of its own and wrote this report, empty where it could not.
    Crashed(PathBuf),
    DismissCrash,
    /// The window is to be closed.
    Close,
    /// What the user says to closing while a job runs.
    CloseAnyway(bool),
    Pack(pack::Action),
    Usb(usb::Action),
    Import(import::Action),
    Verify(verify::Action),
    Keys(keys::Action),
    /// A vendor's key is about to be trusted.
    Trust(Trust),
    Own(own_keys::Action),
    /// A key asks something.
    Asking(asking::Change),
    History(history::Action),
}

/// What can lie over the window until it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// How the last job ended, in full.
    Job,
    Licences,
    /// An image of a registry is to be added.
    Registry,
}

/// What `app` does for the state.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Runs a job and shows it in the job bar.
    Run(Work),
    /// Runs something short that nobody needs to see.
    RunQuietly(Work),
    Ask(Ask),
    Copy(Shown),
    /// Puts it on the clipboard for a while.
    CopySecret(Secret),
    OpenFolder(PathBuf),
    History(Request),
    /// Removable drives are wanted, and whether very large ones too.
    WatchDrives(bool),
    Cancel,
    /// The keyboard goes to the field of this name.
    Focus(&'static str),
    /// Theme or zoom changed.
    Restyle,
    Close,
}

/// What applying an action asks for.
pub(crate) type Effects = Vec<Effect>;

/// A page of the app, in the order of the navigation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Page {
    #[default]
    Pack,
    Usb,
    Import,
    Verify,
    Keys,
    History,
    Settings,
}

impl Page {
    /// Every page; the last stands at the foot of the navigation.
    pub(crate) const ALL: [Self; 7] =
        [Self::Pack, Self::Usb, Self::Import, Self::Verify, Self::Keys, Self::History, Self::Settings];

    /// The id of its name in the texts.
    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::Pack => "nav-pack",
            Self::Usb => "nav-usb",
            Self::Import => "nav-import",
            Self::Verify => "nav-verify",
            Self::Keys => "nav-keys",
            Self::History => "nav-history",
            Self::Settings => "nav-settings",
        }
    }
}
