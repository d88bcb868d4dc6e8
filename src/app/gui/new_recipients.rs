//! Whom something new is locked for besides a passphrase: saved ones that are ticked, and others that are typed.
//!
//! Two pages have one. What is typed is tried on a thread of its own before it counts: it may be a file or a token.

use std::{path::Path, sync::Arc};

use sealift::{Ask, Error, NobodyAnswers, Passphrase, Recipient};

use super::{
    action::{Action, Effect, Effects},
    bundle::file_name,
    job::{Kind, Outcome, Work},
};

/// Whom it is locked for so far.
#[derive(Debug, Default)]
pub(crate) struct NewRecipients {
    pub(crate) chosen: Vec<Chosen>,
    /// What is being typed: a recipient, or the path of a file.
    pub(crate) typed: String,
    pub(crate) needs: Needs,
    /// Why what was typed is no recipient.
    pub(crate) failed: Option<Arc<Error>>,
    pub(crate) is_trying: bool,
}

/// A recipient by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) name: String,
    /// What the library makes recipients of.
    pub(crate) text: String,
}

/// How many of the keys open it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Any one.
    #[default]
    Any,
    /// All together.
    All,
}

/// What happens to it.
#[derive(Debug)]
pub(crate) enum Change {
    Typed(String),
    /// What is typed, or this file, is meant.
    Add,
    Added(Outcome<Chosen>),
    Tick(Chosen),
    Needs(Needs),
}

impl NewRecipients {
    pub(crate) fn apply(&mut self, change: Change, then: fn(Change) -> Action, effects: &mut Effects) {
        match change {
            Change::Typed(text) => (self.typed, self.failed) = (text, None),
            Change::Add => {
                let text = self.typed.trim().to_owned();
                if !text.is_empty() && !std::mem::replace(&mut self.is_trying, true) {
                    effects.push(Effect::RunQuietly(attempt(text, then)));
                }
            }
            Change::Added(tried) => {
                self.is_trying = false;
                match tried {
                    Ok(chosen) => {
                        (self.typed, self.failed) = (String::new(), None);
                        if !self.has(&chosen) {
                            self.chosen.push(chosen);
                        }
                    }
                    Err(error) => self.failed = Some(error),
                }
            }
            Change::Tick(chosen) if self.has(&chosen) => self.chosen.retain(|c| c.text != chosen.text),
            Change::Tick(chosen) => self.chosen.push(chosen),
            Change::Needs(needs) => self.needs = needs,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// Whether it is among those chosen.
    pub(crate) fn has(&self, other: &Chosen) -> bool {
        self.chosen.iter().any(|chosen| chosen.text == other.text)
    }

    /// What a job locks for, with `passphrase` as one of the keys.
    pub(crate) fn lock(&self, passphrase: Option<Passphrase>) -> Lock {
        Lock { passphrase, chosen: self.chosen.clone(), needs: self.needs }
    }
}

/// Whom a job locks for.
#[derive(Debug)]
pub(crate) struct Lock {
    passphrase: Option<Passphrase>,
    chosen: Vec<Chosen>,
    needs: Needs,
}

impl Lock {
    /// The recipients, one for each slot. Reads the files that some of them are.
    ///
    /// # Errors
    /// Those of [`Recipient::parse`]: what was ticked may have gone meanwhile.
    pub(crate) fn recipients(self) -> sealift::Result<Vec<Recipient>> {
        let mut recipients: Vec<Recipient> = self.passphrase.into_iter().map(Recipient::from).collect();
        for chosen in &self.chosen {
            recipients.extend(Recipient::parse(&chosen.text, &nobody())?);
        }
        let is_group = self.needs == Needs::All && recipients.len() > 1;
        Ok(if is_group { vec![Recipient::All(recipients)] } else { recipients })
    }

    /// What is told afterwards.
    pub(crate) fn told(&self) -> LockedFor {
        LockedFor {
            has_passphrase: self.passphrase.is_some(),
            names: self.chosen.iter().map(|chosen| chosen.name.clone()).collect(),
            needs: self.needs,
        }
    }
}

/// Whom something was locked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LockedFor {
    pub(crate) has_passphrase: bool,
    pub(crate) names: Vec<String>,
    pub(crate) needs: Needs,
}

/// Tries what was typed.
fn attempt(text: String, then: fn(Change) -> Action) -> Work {
    let call = move |_: &sealift::Ctx| {
        Recipient::parse(&text, &nobody())?;
        Ok(Chosen { name: short_name(&text), text })
    };
    Work::new(Kind::List, "", call, move |tried| then(Change::Added(tried)))
}

/// Who answers while keys are used: here nobody, so a token that wants a PIN for its public key is refused.
pub(crate) fn nobody() -> Arc<dyn Ask> {
    Arc::new(NobodyAnswers)
}

/// What a recipient is called that has no name: the comment of an SSH key, the name of a file, both ends of a key.
pub(crate) fn short_name(text: &str) -> String {
    const ENDS: (usize, usize) = (10, 6);
    let mut words = text.split_whitespace();
    let (kind, body, comment) = (words.next(), words.next(), words.next());
    if let (Some(kind), Some(body)) = (kind.filter(|kind| kind.starts_with("ssh-")), body) {
        return comment.map_or_else(|| format!("{kind} {}", both_ends(body, (0, ENDS.1))), str::to_owned);
    }
    if text.starts_with("age1") {
        both_ends(text, ENDS)
    } else if text.contains("://") || text.starts_with("pkcs11:") {
        text.to_owned()
    } else {
        file_name(Path::new(text))
    }
}

fn both_ends(text: &str, (first, last): (usize, usize)) -> String {
    let num_chars = text.chars().count();
    if num_chars <= first + last + 1 {
        return text.to_owned();
    }
    text.chars().take(first).chain(['…']).chain(text.chars().skip(num_chars - last)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(new: &mut NewRecipients, change: Change) -> Effects {
        let mut effects = Effects::new();
        new.apply(change, |_| Action::DismissJob, &mut effects);
        effects
    }

    fn chosen(text: &str) -> Chosen {
        Chosen { name: short_name(text), text: text.into() }
    }

    #[test]
    fn what_is_typed_counts_once_it_was_tried() {
        let mut new = NewRecipients::default();
        assert!(apply(&mut new, Change::Add).is_empty(), "nothing is typed");
        apply(&mut new, Change::Typed("age1a".into()));
        assert_eq!(apply(&mut new, Change::Add).len(), 1);
        assert!(apply(&mut new, Change::Add).is_empty(), "it is being tried");
        apply(&mut new, Change::Added(Err(Arc::new(Error::new(sealift::Code::BadRecipient)))));
        assert!(new.failed.is_some() && new.is_empty() && new.typed == "age1a");
        for _ in 0..2 {
            apply(&mut new, Change::Added(Ok(chosen("age1b"))));
        }
        assert!(new.failed.is_none() && new.chosen.len() == 1 && new.typed.is_empty());
        apply(&mut new, Change::Tick(chosen("age1b")));
        assert!(new.is_empty());
    }

    #[test]
    fn all_together_become_one_slot_and_each_alone_its_own() {
        let (_, recipient) = sealift::AgeIdentity::generate();
        let mut new = NewRecipients::default();
        apply(&mut new, Change::Tick(chosen(&recipient)));
        let passphrase = || Some(Passphrase::new(b"secret".to_vec()).unwrap());
        assert_eq!(new.lock(passphrase()).recipients().unwrap().len(), 2);
        apply(&mut new, Change::Needs(Needs::All));
        let lock = new.lock(passphrase());
        let told = lock.told();
        assert!(told.has_passphrase && told.names == [short_name(&recipient)]);
        let recipients = lock.recipients().unwrap();
        assert!(matches!(recipients.as_slice(), [Recipient::All(members)] if members.len() == 2));
        // One key is no group.
        assert!(matches!(new.lock(None).recipients().unwrap().as_slice(), [Recipient::Age(_)]));
        apply(&mut new, Change::Tick(chosen("/nowhere/recipients.txt")));
        assert!(new.lock(None).recipients().is_err(), "a file that has gone is told");
    }

    #[test]
    fn a_recipient_without_a_name_is_called_by_what_it_is() {
        assert_eq!(short_name("age1qyqszqgpqyqszqgpqyqszqgp7"), "age1qyqszq…szqgp7");
        assert_eq!(short_name("ssh-ed25519 AAAAC3NzaC1 ops@site-a"), "ops@site-a");
        assert_eq!(short_name("/home/u/keys/现场.txt"), "现场.txt");
        assert_eq!(short_name("vault://vault.local:8200/transit/a"), "vault://vault.local:8200/transit/a");
    }
}
