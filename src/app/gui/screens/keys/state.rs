//! What the Keys page holds, and what its actions do to it.

use std::{path::PathBuf, sync::Arc};

use sealift::Error;

use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Header, read_header},
    job::Outcome,
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// The path being typed.
    pub(crate) path: String,
    pub(crate) header: Option<Header>,
    pub(crate) failed: Option<Arc<Error>>,
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    Open(PathBuf),
    Opened(Outcome<Header>),
    Close,
}

impl Keys {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Path(path) => self.path = path,
            Action::Open(path) => {
                let then = |header| action::Action::Keys(Action::Opened(header));
                effects.push(Effect::Run(read_header(path, then)));
            }
            Action::Opened(Ok(header)) => *self = Self { header: Some(header), ..Self::default() },
            Action::Opened(Err(error)) => *self = Self { failed: Some(error), ..Self::default() },
            Action::Close => *self = Self::default(),
        }
    }
}
