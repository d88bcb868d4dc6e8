//! What the Keys page holds, and what its actions do to it.

use std::{path::PathBuf, sync::Arc};

use sealift::{Code, Error, KdfLevel, Recipient};

use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Header, read_header},
    job::{Kind, Outcome, Work},
    new_passphrase::{Change, NewPassphrase},
    secret::{Edit, Secret},
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// The path being typed.
    pub(crate) path: String,
    pub(crate) header: Option<Header>,
    /// What is being done to the slots.
    pub(crate) task: Option<Task>,
    /// A passphrase that opens the bundle.
    pub(crate) current: Secret,
    pub(crate) new: NewPassphrase,
    /// What was done last.
    pub(crate) done: Option<Task>,
    pub(crate) failed: Option<Arc<Error>>,
}

/// A change of the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Add,
    /// Replaces the slot of the passphrase that is typed.
    Change,
    /// Removes the slot of this number.
    Remove(usize),
}

impl Task {
    /// Whether a new passphrase is wanted.
    pub(crate) fn needs_new(self) -> bool {
        !matches!(self, Self::Remove(_))
    }
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    Open(PathBuf),
    Opened(Outcome<Header>),
    /// Begins a task, or leaves it.
    Task(Option<Task>),
    Current(Edit),
    New(Change),
    Start,
    Changed(Task, Outcome<Header>),
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
            Action::Task(task) => {
                let header = self.header.take();
                *self = Self { header, task, ..Self::default() };
            }
            Action::Current(edit) => self.current.apply(edit),
            Action::New(change) => self.new.apply(change, |c| action::Action::Keys(Action::New(c)), effects),
            Action::Start => self.start(effects),
            Action::Changed(task, Ok(header)) => {
                *self = Self { header: Some(header), done: Some(task), ..Self::default() };
            }
            Action::Changed(_, Err(error)) => {
                self.failed = (error.code() != Code::Cancelled).then_some(error);
            }
            Action::Close => *self = Self::default(),
        }
    }

    /// Whether everything is there that the task needs.
    pub(crate) fn is_ready(&self) -> bool {
        self.task
            .is_some_and(|task| !self.current.is_empty() && (!task.needs_new() || self.new.is_complete()))
    }

    fn start(&mut self, effects: &mut Effects) {
        let Some(task) = self.task.filter(|_| self.is_ready()) else { return };
        if task.needs_new() && !self.new.look() {
            return;
        }
        self.failed = None;
        match self.work(task) {
            Ok(work) => effects.extend(work.map(Effect::Run)),
            Err(error) => self.failed = Some(Arc::new(error)),
        }
    }

    fn work(&self, task: Task) -> sealift::Result<Option<Work>> {
        let Some(header) = &self.header else { return Ok(None) };
        let (path, name) = (header.path.clone(), header.file_name());
        let current = self.current.passphrase()?;
        let new = if task.needs_new() { Some(Recipient::from(self.new.passphrase()?)) } else { None };
        let call = move |ctx: &sealift::Ctx| {
            let kdf = KdfLevel::default();
            match (task, &new) {
                (Task::Add, Some(new)) => sealift::add_slot(ctx, &path, &current, new, kdf)?,
                (Task::Change, Some(new)) => sealift::change_slot(ctx, &path, &current, None, new, kdf)?,
                (Task::Remove(number), _) => sealift::remove_slot(ctx, &path, &current, number)?,
                (_, None) => return Err(Error::new(Code::NoPassphrase)),
            }
            Header::read(path)
        };
        Ok(Some(Work::new(Kind::Keys, name, call, move |header| {
            action::Action::Keys(Action::Changed(task, header))
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::header;

    fn insert(text: &str) -> Edit {
        Edit::Insert(zeroize::Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_task_needs_its_passphrases_and_leaves_none_behind() {
        let mut keys = Keys { header: Some(header()), ..Keys::default() };
        let mut effects = Effects::new();
        keys.apply(Action::Task(Some(Task::Remove(2))), &mut effects);
        assert!(!keys.is_ready());
        keys.apply(Action::Current(insert("old")), &mut effects);
        assert!(keys.is_ready());
        keys.apply(Action::Task(Some(Task::Add)), &mut effects);
        assert!(keys.current.is_empty(), "each task asks for itself");
        keys.apply(Action::Current(insert("old")), &mut effects);
        keys.apply(Action::Start, &mut effects);
        assert!(!keys.is_ready() && effects.is_empty());
        for make in [Change::First, Change::Again] {
            keys.apply(Action::New(make(insert("mural cabbage unplug wooing"))), &mut effects);
        }
        keys.apply(Action::Start, &mut effects);
        assert!(matches!(effects.as_slice(), [Effect::Run(work)] if work.kind == Kind::Keys));
        keys.apply(Action::Changed(Task::Add, Ok(header())), &mut effects);
        assert!(keys.current.is_empty() && keys.new.first.is_empty() && keys.done == Some(Task::Add));
    }
}
