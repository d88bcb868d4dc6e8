//! Everything the window shows. Plain data: views read it, `apply` alone changes it.

use sealift::Lang;

use super::{
    action::Page,
    incoming::Hovering,
    job::{JobView, Kind},
    picker::Picker,
    screens::{import::Import, keys::Keys, pack::Pack, verify::Verify},
    settings::Settings,
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
    /// The job that runs or that has ended and was not dismissed yet.
    pub(crate) job: Option<JobView>,
    /// What is held over the window.
    pub(crate) hovering: Option<Hovering>,
    /// The user wants to close while a job runs, and is being asked.
    pub(crate) is_closing: bool,
    /// The app's own file picker, where the system has none.
    pub(crate) picker: Option<Picker>,
    pub(crate) pack: Pack,
    pub(crate) import: Import,
    pub(crate) verify: Verify,
    pub(crate) keys: Keys,
}

impl State {
    /// The state at the start.
    pub(crate) fn new(settings: Settings, system_lang: Lang) -> Self {
        let texts = Texts(settings.lang.resolve(system_lang));
        Self { settings, texts, system_lang, version: env!("SEALIFT_VERSION"), ..Self::default() }
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

    /// Whether a job of this kind runs.
    pub(crate) fn runs(&self, kind: Kind) -> bool {
        self.job.as_ref().is_some_and(|job| job.is_running() && job.kind == kind)
    }
}
