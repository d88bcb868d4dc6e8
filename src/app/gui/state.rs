//! Everything the window shows. Plain data: views read it, `apply` alone changes it.

use std::{collections::VecDeque, path::PathBuf};

use sealift::Lang;

use super::{
    action::{Page, Sheet},
    asking::Asked,
    diagnostics::Diagnostics,
    figures::Zone,
    incoming::Hovering,
    job::{JobView, Kind},
    own_keys::OwnKeys,
    picker::Picker,
    screens::{history::History, import::Import, keys::Keys, pack::Pack, usb::Usb, verify::Verify},
    settings::Settings,
    standing::Trusting,
    texts::Texts,
};

/// The whole state.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    /// The language shown: the chosen one, else the system's.
    pub(crate) texts: Texts,
    pub(crate) system_lang: Lang,
    /// The program's version; none in pictures, which outlive it.
    pub(crate) version: &'static str,
    /// The date, for names of files; empty in pictures.
    pub(crate) today: String,
    /// The job that runs or that has ended and was not dismissed yet.
    pub(crate) job: Option<JobView>,
    /// What is held over the window.
    pub(crate) hovering: Option<Hovering>,
    /// The user wants to close while a job runs, and is being asked.
    pub(crate) is_closing: bool,
    /// The app's own file picker, where the system has none.
    pub(crate) picker: Option<Picker>,
    /// What lies over the window.
    pub(crate) sheet: Option<Sheet>,
    /// A vendor's key that is about to be trusted, in a sheet of its own.
    pub(crate) trusting: Option<Trusting>,
    /// What keys ask while jobs use them, in a sheet over everything else.
    pub(crate) asked: VecDeque<Asked>,
    /// The report of a fault of the program's own, until it is dismissed.
    pub(crate) crash: Option<PathBuf>,
    /// The system has no file manager to open a folder with.
    pub(crate) cannot_open: bool,
    pub(crate) folders: Folders,
    pub(crate) diagnostics: Diagnostics,
    /// The words of the last errors, oldest first.
    pub(crate) last_errors: VecDeque<sealift::Shown>,
    /// Where the user's clock stands.
    pub(crate) zone: Zone,
    /// The user's own keys, and those of vendors.
    pub(crate) own: OwnKeys,
    pub(crate) pack: Pack,
    pub(crate) usb: Usb,
    pub(crate) import: Import,
    pub(crate) verify: Verify,
    pub(crate) keys: Keys,
    pub(crate) history: History,
}

/// Places a user may want to know.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    pub(crate) logs: PathBuf,
    /// The file of runs.
    pub(crate) history: PathBuf,
}

impl State {
    /// The state at the start.
    pub(crate) fn new(settings: Settings, system_lang: Lang) -> Self {
        let texts = Texts(settings.lang.resolve(system_lang));
        let version = env!("SEALIFT_VERSION");
        let mut state = Self { settings, texts, system_lang, version, ..Self::default() };
        state.begin_bundle();
        state
    }

    pub(crate) fn page(&self) -> Page {
        self.settings.page
    }

    /// The text `id`.
    pub(crate) fn t(&self, id: &str) -> String {
        self.texts.t(id)
    }

    /// Whether a job runs; another cannot be started meanwhile.
    pub(crate) fn is_busy(&self) -> bool {
        self.job.as_ref().is_some_and(JobView::is_running)
    }

    /// Whether something lies over the page, which the keyboard belongs to.
    pub(crate) fn is_covered(&self) -> bool {
        self.is_closing
            || self.picker.is_some()
            || self.sheet.is_some()
            || self.trusting.is_some()
            || !self.asked.is_empty()
    }

    /// Whether a job of this kind runs.
    pub(crate) fn runs(&self, kind: Kind) -> bool {
        self.job.as_ref().is_some_and(|job| job.is_running() && job.kind == kind)
    }
}
