//! What the Import page holds, and what its actions do to it.

use std::{path::PathBuf, sync::Arc};

use sealift::{Code, Error};

use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Header, read_header},
    job::{Kind, Outcome, Work},
    secret::{Edit, Secret},
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Import {
    /// The path being typed.
    pub(crate) path: String,
    pub(crate) header: Option<Header>,
    pub(crate) passphrase: Secret,
    /// Names of the images, once unlocked.
    pub(crate) contents: Option<Vec<String>>,
    pub(crate) failed: Option<Arc<Error>>,
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    Open(PathBuf),
    Opened(Outcome<Header>),
    Passphrase(Edit),
    Unlock,
    Unlocked(Outcome<Vec<String>>),
    Close,
}

impl Import {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Path(path) => self.path = path,
            Action::Open(path) => {
                let then = |header| action::Action::Import(Action::Opened(header));
                effects.push(Effect::Run(read_header(path, then)));
            }
            Action::Opened(Ok(header)) => *self = Self { header: Some(header), ..Self::default() },
            Action::Opened(Err(error)) => *self = Self { failed: Some(error), ..Self::default() },
            Action::Passphrase(edit) => self.passphrase.apply(edit),
            Action::Unlock => match self.unlock() {
                Ok(work) => effects.extend(work.map(Effect::Run)),
                Err(error) => self.failed = Some(Arc::new(error)),
            },
            Action::Unlocked(Ok(names)) => {
                self.passphrase.apply(Edit::Clear);
                (self.contents, self.failed) = (Some(names), None);
            }
            Action::Unlocked(Err(error)) => {
                self.failed = (error.code() != Code::Cancelled).then_some(error);
            }
            Action::Close => *self = Self::default(),
        }
    }

    fn unlock(&self) -> sealift::Result<Option<Work>> {
        let Some(header) = &self.header else { return Ok(None) };
        let (path, passphrase) = (header.path.clone(), self.passphrase.passphrase()?);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let call = move |ctx: &sealift::Ctx| {
            let unlocked = sealift::inspect(&path)?.unlock(ctx, &passphrase)?;
            Ok(unlocked.contents().images.iter().map(sealift::Image::title).collect())
        };
        Ok(Some(Work::new(Kind::Unlock, name, call, |names| action::Action::Import(Action::Unlocked(names)))))
    }
}
