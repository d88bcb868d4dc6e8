//! A passphrase that is being chosen: typed twice or generated, measured, and looked at twice when it is weak.
//!
//! Two pages have one. Knows neither; the page says which of its actions a [`Change`] becomes.

use sealift::{Code, Error, Passphrase};

use super::{
    action::{Action, Effect, Effects},
    job::{Kind, Work},
    secret::{Edit, Secret},
    strength::{self, Level, Strength},
};

/// What was chosen so far.
#[derive(Debug, Default)]
pub(crate) struct NewPassphrase {
    pub(crate) first: Secret,
    pub(crate) again: Secret,
    pub(crate) strength: Option<Strength>,
    /// As it was drawn, untouched since.
    pub(crate) is_generated: bool,
    /// Whether a weak one was looked at a second time.
    pub(crate) look: Look,
}

/// The second look at a weak passphrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    #[default]
    First,
    /// The user is being asked.
    Second,
    /// The user takes it as it is.
    Taken,
}

/// What happens to it.
#[derive(Debug)]
pub(crate) enum Change {
    First(Edit),
    Again(Edit),
    Generate,
    Generated(Edit),
    Copy,
    /// A weak one is to be used as it is.
    Take,
}

impl NewPassphrase {
    pub(crate) fn apply(&mut self, change: Change, then: fn(Change) -> Action, effects: &mut Effects) {
        match change {
            Change::First(edit) => {
                let is_typed = edit.changes_text();
                self.first.apply(edit);
                if is_typed {
                    (self.is_generated, self.look) = (false, Look::First);
                    self.strength = strength::measure(self.first.as_str());
                }
            }
            Change::Again(edit) => self.again.apply(edit),
            Change::Generate => effects.push(Effect::RunQuietly(generate(then))),
            Change::Generated(edit) => {
                self.first.apply(Edit::Clear);
                self.first.apply(edit);
                self.first.apply(Edit::Reveal(true));
                self.again = self.first.duplicate();
                self.strength = Some(Strength::of(sealift::GENERATED_BITS, self.first.as_str()));
                (self.is_generated, self.look) = (true, Look::First);
            }
            Change::Copy => effects.push(Effect::Copy(self.first.as_str().to_owned())),
            Change::Take => self.look = Look::Taken,
        }
    }

    /// Whether it was typed twice alike.
    pub(crate) fn is_complete(&self) -> bool {
        !self.first.is_empty() && self.first.matches(&self.again)
    }

    /// Whether it may be used now. A weak one is asked about first.
    pub(crate) fn look(&mut self) -> bool {
        let is_weak = self.strength.is_some_and(|strength| strength.level == Level::Weak);
        if is_weak && self.look == Look::First {
            self.look = Look::Second;
        }
        !is_weak || self.look == Look::Taken
    }

    /// The passphrase.
    ///
    /// # Errors
    /// `BadPassphrase` of nothing, `PassphraseMismatch` when the two differ.
    pub(crate) fn passphrase(&self) -> sealift::Result<Passphrase> {
        let passphrase = self.first.passphrase()?;
        if self.first.matches(&self.again) {
            Ok(passphrase)
        } else {
            Err(Error::new(Code::PassphraseMismatch))
        }
    }
}

/// The system's random numbers are asked off the thread that paints: early after a start they may block.
fn generate(then: fn(Change) -> Action) -> Work {
    let call = |_: &sealift::Ctx| Ok(sealift::generate_passphrase());
    Work::new(Kind::List, "", call, move |text| match text {
        Ok(text) => then(Change::Generated(Edit::Insert(text))),
        Err(_) => then(Change::Generated(Edit::Clear)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn apply(new: &mut NewPassphrase, change: Change) {
        new.apply(change, |_| Action::DismissJob, &mut Effects::new());
    }

    fn insert(text: &str) -> Edit {
        Edit::Insert(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_weak_passphrase_is_taken_only_after_a_second_look() {
        let mut new = NewPassphrase::default();
        apply(&mut new, Change::First(insert("secret")));
        apply(&mut new, Change::Again(insert("secret")));
        assert!(new.is_complete() && !new.look() && new.look == Look::Second && !new.look());
        apply(&mut new, Change::Take);
        assert!(new.look());
        apply(&mut new, Change::First(insert("s")));
        assert!(!new.is_complete() && new.look == Look::First);
    }

    #[test]
    fn a_generated_passphrase_fills_both_fields_and_shows_itself() {
        let mut new = NewPassphrase::default();
        apply(&mut new, Change::Again(insert("x")));
        apply(&mut new, Change::Generated(Edit::Insert(sealift::generate_passphrase())));
        assert!(new.is_complete() && new.look() && new.is_generated && new.first.is_revealed());
        assert!(!new.again.is_revealed());
        assert_eq!(new.strength.map(|strength| strength.bits), Some(sealift::GENERATED_BITS));
        apply(&mut new, Change::First(Edit::Reveal(false)));
        assert!(new.is_generated);
        apply(&mut new, Change::First(Edit::Backspace));
        assert!(!new.is_generated);
    }
}
