//! What the Verify page holds, and what its actions do to it.

use std::{path::PathBuf, sync::Arc};

use sealift::{Code, Error, RecordReport};

use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Header, read_header},
    job::{Kind, Outcome, Work},
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Verify {
    /// The path being typed.
    pub(crate) path: String,
    pub(crate) header: Option<Header>,
    pub(crate) report: Option<RecordReport>,
    pub(crate) failed: Option<Arc<Error>>,
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    Open(PathBuf),
    Opened(Outcome<Header>),
    Start,
    Checked(Outcome<RecordReport>),
    Close,
}

impl Verify {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Path(path) => self.path = path,
            Action::Open(path) => {
                let then = |header| action::Action::Verify(Action::Opened(header));
                effects.push(Effect::Run(read_header(path, then)));
            }
            Action::Opened(Ok(header)) => *self = Self { header: Some(header), ..Self::default() },
            Action::Opened(Err(error)) => *self = Self { failed: Some(error), ..Self::default() },
            Action::Start => effects.extend(self.check().map(Effect::Run)),
            Action::Checked(Ok(report)) => (self.report, self.failed) = (Some(report), None),
            Action::Checked(Err(error)) => {
                self.failed = (error.code() != Code::Cancelled).then_some(error);
            }
            Action::Close => *self = Self::default(),
        }
    }

    fn check(&self) -> Option<Work> {
        let path = self.header.as_ref()?.path.clone();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let call = move |ctx: &sealift::Ctx| sealift::inspect(&path)?.verify(ctx);
        Some(Work::new(Kind::Verify, name, call, |report| action::Action::Verify(Action::Checked(report))))
    }
}
