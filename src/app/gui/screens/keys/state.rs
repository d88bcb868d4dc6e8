//! What the Keys page holds, and what its actions do to it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{Code, Error, Fact, Identities, KdfLevel, PackOptions, Recipient};

use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Header, read_header},
    history::About,
    job::{Kind, Outcome, Work},
    new_passphrase::{Change, NewPassphrase},
    new_recipients::{self, LockedFor, Needs, NewRecipients, SHARE_NAME},
    other_keys::{self, OtherKeys},
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
    /// Keys beside it that open the bundle.
    pub(crate) others: OtherKeys,
    pub(crate) new: NewPassphrase,
    pub(crate) recipients: NewRecipients,
    /// Where a new bundle is written, as typed.
    pub(crate) out: String,
    /// What was done last, and for whom.
    pub(crate) done: Option<(Task, Box<LockedFor>)>,
    pub(crate) failed: Option<Arc<Error>>,
}

/// A change of the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Add,
    /// Replaces the slot that opens.
    Change,
    /// Removes the slot of this number.
    Remove(usize),
    /// Writes a new bundle under a new key.
    Reseal,
}

impl Task {
    /// Whether a new key is wanted.
    pub(crate) fn needs_new(self) -> bool {
        !matches!(self, Self::Remove(_))
    }
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    /// The first of these, with those of its delivery.
    Open(Vec<PathBuf>),
    Opened(Outcome<Header>),
    /// Begins a task, or leaves it.
    Task(Option<Task>),
    Current(Edit),
    Others(other_keys::Change),
    New(Change),
    Recipients(new_recipients::Change),
    /// A file that holds recipients.
    RecipientFile(String),
    Out(String),
    Start,
    Changed(Task, Outcome<(Header, Box<LockedFor>)>),
    Close,
}

impl Keys {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Path(path) => self.path = path,
            Action::Open(paths) => {
                let known = self.header.as_ref().map(Header::places).unwrap_or_default();
                let then = |header| action::Action::Keys(Action::Opened(header));
                effects.push(Effect::Run(read_header(paths, known, then)));
            }
            Action::Opened(Ok(header)) => *self = Self { header: Some(header), ..Self::default() },
            Action::Opened(Err(error)) => *self = Self { failed: Some(error), ..Self::default() },
            Action::Task(task) => {
                let header = self.header.take();
                let others = header.as_ref().map(|header| OtherKeys::for_slots(&header.slots));
                *self = Self { header, task, others: others.unwrap_or_default(), ..Self::default() };
            }
            Action::Current(edit) => self.current.apply(edit),
            Action::Others(change) => self.others.apply(change),
            Action::New(change) => self.new.apply(change, |c| action::Action::Keys(Action::New(c)), effects),
            Action::Recipients(change) => self.recipients.apply(change, recipients_do, effects),
            Action::RecipientFile(path) => {
                for change in [new_recipients::Change::Typed(path), new_recipients::Change::Add] {
                    self.recipients.apply(change, recipients_do, effects);
                }
            }
            Action::Out(out) => self.out = out,
            Action::Start => self.start(effects),
            Action::Changed(task, Ok((header, locked))) => {
                *self = Self { header: Some(header), done: Some((task, locked)), ..Self::default() };
            }
            Action::Changed(_, Err(error)) => {
                self.failed = (error.code() != Code::Cancelled).then_some(error);
            }
            Action::Close => *self = Self::default(),
        }
    }

    /// Whether everything is there that the task needs.
    pub(crate) fn is_ready(&self) -> bool {
        let Some(task) = self.task else { return false };
        let has_out = task != Task::Reseal || !self.out.trim().is_empty();
        let has_current = !self.current.is_empty() || !self.others.is_empty();
        has_out && has_current && (!task.needs_new() || self.has_new(task))
    }

    /// Whether there is a new key.
    fn has_new(&self, task: Task) -> bool {
        let Self { new, recipients, .. } = self;
        let has_all = (new.is_empty() || new.is_complete()) && recipients.is_complete();
        has_all && self.num_new() > 0 && !self.has_too_many(task)
    }

    fn num_new(&self) -> usize {
        usize::from(!self.new.is_empty()) + self.recipients.num_keys()
    }

    /// In place of one slot there is only one, though it may be for several keys together.
    pub(crate) fn has_too_many(&self, task: Task) -> bool {
        task == Task::Change && self.num_new() > 1 && self.recipients.needs == Needs::Any
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
        let current = self.others.given(&self.current);
        let new = if self.new.is_empty() { None } else { Some(self.new.passphrase()?) };
        let new = self.recipients.lock(new);
        let out = PathBuf::from(self.out.trim());
        let kind = if task == Task::Reseal { Kind::Reseal } else { Kind::Keys };
        let call = move |ctx: &sealift::Ctx, ask: &Arc<dyn sealift::Ask>| {
            let kdf = KdfLevel::default();
            let current = current.identities(ask)?;
            let (recipients, locking) = new.begin(ask, SHARE_NAME)?;
            match (task, recipients.as_slice()) {
                (Task::Remove(number), _) => {
                    sealift::remove_slot(ctx, &path, &current, number)?;
                    Ok((Header::read(&path)?, Box::default()))
                }
                (Task::Add, added) => {
                    sealift::add_slots(ctx, &path, &current, added, kdf)?;
                    let locked = locking.done();
                    // They come after those that were there.
                    let header = Header::read(&path)?;
                    let num_earlier = header.slots.len().saturating_sub(added.len());
                    let earlier = header.slots[..num_earlier].to_vec();
                    Ok((header, LockedFor { earlier, ..locked }.into()))
                }
                (Task::Change, [new]) => {
                    let number = sealift::change_slot(ctx, &path, &current, None, new, kdf)?;
                    let locked = locking.done();
                    let header = Header::read(&path)?;
                    let earlier = header.slots.iter().filter(|slot| slot.number != number);
                    let earlier = earlier.cloned().collect();
                    Ok((header, LockedFor { earlier, ..locked }.into()))
                }
                (Task::Reseal, _) => {
                    reseal(ctx, &path, &current, &out, recipients)?;
                    let locked = locking.done();
                    Ok((Header::read(&out)?, locked.into()))
                }
                // A file that was chosen may hold several.
                (Task::Change, _) => Err(Error::new(Code::BadRecipient).with(Fact::Limit, 1)),
            }
        };
        let then = move |changed| action::Action::Keys(Action::Changed(task, changed));
        Ok(Some(Work::asking(kind, name, About::default(), call, |_| None, then)))
    }
}

/// Writes what `path` holds to a new bundle, split and with recovery data as its place asks for.
fn reseal(
    ctx: &sealift::Ctx,
    path: &Path,
    current: &Identities,
    out: &Path,
    recipients: Vec<Recipient>,
) -> sealift::Result<()> {
    let options = PackOptions {
        volume_bytes: sealift::Place::of(out).volume_bytes(None)?,
        recovery_percent: sealift::default_recovery_percent(ctx, out)?,
        ..PackOptions::default()
    };
    sealift::check_output(out, options.existing)?;
    let unlocked = sealift::inspect(path)?.unlock(ctx, current)?;
    sealift::reseal(ctx, &unlocked, out, recipients, &options).map(drop)
}

fn recipients_do(change: new_recipients::Change) -> action::Action {
    action::Action::Keys(Action::Recipients(change))
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
        keys.apply(Action::Changed(Task::Add, Ok((header(), Box::default()))), &mut effects);
        assert!(
            keys.current.is_empty()
                && keys.new.first.is_empty()
                && keys.done.is_some_and(|(task, _)| task == Task::Add)
        );
    }

    #[test]
    fn a_slot_can_be_for_recipients_alone_and_one_takes_the_place_of_one() {
        let chosen = |text: &str| new_recipients::Chosen { name: text.into(), text: text.into() };
        let tick = |text: &str| Action::Recipients(new_recipients::Change::Tick(chosen(text)));
        for (task, is_ready) in [(Task::Add, true), (Task::Change, false)] {
            let mut keys = Keys { header: Some(header()), ..Keys::default() };
            let mut apply = |action| {
                keys.apply(action, &mut Effects::new());
                keys.is_ready()
            };
            apply(Action::Task(Some(task)));
            assert!(!apply(Action::Current(insert("old"))));
            assert!(apply(tick("age1a")));
            assert_eq!(apply(tick("age1b")), is_ready, "{task:?}");
            assert!(apply(Action::Recipients(new_recipients::Change::Needs(Needs::All))));
        }
    }
}
