//! What keys ask while a job uses them: the PIN of a token, the passphrase of an identity file, what a plugin of age wants
//! to know. The job waits; the window asks in a sheet over the page, and its answer comes through a channel.
//!
//! A question that is dropped is answered with nothing: so a closed window or a cancelled job keeps nobody waiting.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crossbeam_channel::{Receiver, Sender, bounded};
use sealift::{Ask, Code, Error, Question};
use zeroize::Zeroizing;

use super::{
    action::{Effect, Effects},
    secret::{Edit, Secret},
    wake,
    widgets::focus,
};

/// What is asked or said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A passphrase or PIN.
    Secret(Question),
    /// Something that is no secret.
    Text(String),
    /// One of two words; the second may be missing.
    Choice { message: String, yes: String, no: Option<String> },
    /// Only said: that a key wants to be touched, say.
    Message(String),
}

/// Something asked, until it is answered.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) what: What,
    /// The answer being typed.
    pub(crate) typed: Secret,
    answer: Sender<Answer>,
    /// Gone with the job that asks.
    job: Weak<()>,
}

enum Answer {
    Text(Zeroizing<String>),
    Choice(bool),
}

/// What happens to what is asked.
#[derive(Debug)]
pub(crate) enum Change {
    Came(Asked),
    Typed(Edit),
    /// What is typed is the answer; what was only said was read.
    Answer,
    Choose(bool),
    Decline,
    /// A job has ended, and what it said with it.
    Over,
}

/// Applies `change` to what is asked; the first is shown.
pub(crate) fn apply(asked: &mut VecDeque<Asked>, change: Change, effects: &mut Effects) {
    match change {
        Change::Came(new) => {
            // What was said before it has been seen, or no longer matters.
            asked.retain(|asked| !matches!(asked.what, What::Message(_)));
            asked.push_back(new);
        }
        Change::Typed(edit) => {
            if let Some(first) = asked.front_mut() {
                first.typed.apply(edit);
            }
        }
        Change::Answer => reply(asked, |typed| Answer::Text(Zeroizing::new(typed.as_str().to_owned()))),
        Change::Choose(choice) => reply(asked, |_| Answer::Choice(choice)),
        Change::Decline => drop(asked.pop_front()),
        Change::Over => asked.retain(|asked| asked.job.strong_count() > 0),
    }
    effects.extend((!asked.is_empty()).then_some(Effect::Focus(focus::ANSWER)));
}

fn reply(asked: &mut VecDeque<Asked>, answer: impl FnOnce(&Secret) -> Answer) {
    if let Some(first) = asked.pop_front() {
        // Whoever only said something does not wait.
        let _ = first.answer.send(answer(&first.typed));
    }
}

/// Asks for one job.
#[derive(Debug)]
pub(crate) struct Asker {
    questions: Sender<Asked>,
    job: Arc<()>,
    is_declined: AtomicBool,
}

impl Asker {
    /// An asker, and where its questions come out. One at a time: the job waits for each answer.
    pub(crate) fn new() -> (Arc<Self>, Receiver<Asked>) {
        let (questions, come) = bounded(1);
        (Arc::new(Self { questions, job: Arc::default(), is_declined: AtomicBool::new(false) }), come)
    }

    /// What a job failed with: whoever declined to answer has cancelled it, and need not read what that led to.
    pub(crate) fn cause(&self, error: Error) -> Error {
        if self.is_declined.load(Relaxed) { Error::new(Code::Cancelled) } else { error }
    }

    fn put(&self, what: What) -> Option<Receiver<Answer>> {
        let (answer, wait) = bounded(1);
        let mut typed = Secret::default();
        typed.apply(Edit::Reveal(matches!(what, What::Text(_))));
        let asked = Asked { what, typed, answer, job: Arc::downgrade(&self.job) };
        self.questions.send(asked).ok()?;
        wake::window();
        Some(wait)
    }

    fn ask(&self, what: What) -> Option<Answer> {
        // Whoever declined once is not asked again.
        if self.is_declined.load(Relaxed) {
            return None;
        }
        let answer = self.put(what).and_then(|wait| wait.recv().ok());
        self.is_declined.store(answer.is_none(), Relaxed);
        answer
    }

    fn typed(&self, what: What) -> Option<Zeroizing<String>> {
        match self.ask(what)? {
            Answer::Text(text) => Some(text),
            Answer::Choice(_) => None,
        }
    }
}

impl Ask for Asker {
    fn secret(&self, question: &Question) -> Option<Zeroizing<String>> {
        self.typed(What::Secret(question.clone()))
    }

    fn show(&self, message: &str) {
        let _ = self.put(What::Message(message.to_owned()));
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let what =
            What::Choice { message: message.to_owned(), yes: yes.to_owned(), no: no.map(str::to_owned) };
        match self.ask(what)? {
            Answer::Choice(choice) => Some(choice),
            Answer::Text(_) => None,
        }
    }

    fn text(&self, description: &str) -> Option<String> {
        self.typed(What::Text(description.to_owned())).map(|text| text.as_str().to_owned())
    }
}

#[cfg(test)]
impl Asked {
    /// Asked by nobody, for pictures.
    pub(crate) fn by_nobody(what: What) -> Self {
        Self { what, typed: Secret::default(), answer: bounded(1).0, job: Weak::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::typed;

    /// What `asks` got while the window did this with its question.
    fn answered<T: Send>(asks: impl FnOnce(&Asker) -> T + Send, does: Vec<Change>) -> (T, bool) {
        let (asker, questions) = Asker::new();
        let got = std::thread::scope(|scope| {
            let job = scope.spawn(|| asks(&asker));
            let mut asked = VecDeque::from([questions.recv().unwrap()]);
            for change in does {
                apply(&mut asked, change, &mut Effects::new());
            }
            drop(asked);
            job.join().unwrap()
        });
        (got, asker.cause(Error::new(Code::WrongPin)).code() == Code::Cancelled)
    }

    #[test]
    fn a_job_waits_for_its_answer_and_whoever_declines_cancels_it() {
        let pin =
            |asker: &Asker| asker.secret(&Question::Pin("token".into())).map(|pin| pin.as_str().to_owned());
        let type_it = || vec![Change::Typed(typed("1234")), Change::Answer];
        assert_eq!(answered(pin, type_it()), (Some("1234".into()), false));
        assert_eq!(answered(pin, vec![Change::Decline]), (None, true));
        // The window closes, or the job is cancelled: what is asked is dropped.
        assert_eq!(answered(pin, Vec::new()), (None, true));
        let confirm = |asker: &Asker| asker.confirm("Use it?", "Yes", Some("No"));
        assert_eq!(answered(confirm, vec![Change::Choose(false)]), (Some(false), false));
        let text = |asker: &Asker| asker.text("Name");
        assert_eq!(answered(text, type_it()), (Some("1234".into()), false));
        let twice = |asker: &Asker| (pin(asker), pin(asker));
        assert_eq!(answered(twice, vec![Change::Decline]), ((None, None), true));

        let (asker, questions) = Asker::new();
        drop(questions);
        assert!(pin(&asker).is_none(), "there is no window");
    }

    #[test]
    fn what_is_said_waits_for_nobody_and_goes_with_its_job() {
        let (asker, questions) = Asker::new();
        let mut asked = VecDeque::new();
        asker.show("Touch the key");
        let mut apply = |change| {
            apply(&mut asked, change, &mut Effects::new());
            asked.len()
        };
        apply(Change::Came(questions.try_recv().unwrap()));
        assert_eq!(apply(Change::Over), 1, "another job has ended");
        drop(asker);
        assert_eq!(apply(Change::Over), 0);
    }
}
