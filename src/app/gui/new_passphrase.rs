//! A passphrase that is being chosen: typed twice or generated, measured, and looked at twice when it is weak.
//!
//! Two pages have one. Knows neither; the page says which of its actions a [`Change`] becomes.

use sealift::{Code, Error, Passphrase, WordList};

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
    /// Where it was drawn from, untouched since.
    pub(crate) generated: Option<WordList>,
    /// Whether a weak or short one was looked at a second time.
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
    Generate(WordList),
    Generated(WordList, Edit),
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
                    (self.generated, self.look) = (None, Look::First);
                    self.strength = strength::measure(self.first.as_str());
                }
            }
            Change::Again(edit) => self.again.apply(edit),
            Change::Generate(list) => effects.push(Effect::RunQuietly(generate(list, then))),
            Change::Generated(list, edit) => {
                self.first.apply(Edit::Clear);
                self.first.apply(edit);
                self.first.apply(Edit::Reveal(true));
                self.again = self.first.duplicate();
                self.strength = Some(Strength::of(sealift::GENERATED_BITS, self.first.as_str()));
                (self.generated, self.look) = (Some(list), Look::First);
            }
            Change::Copy => effects.push(Effect::CopySecret(self.first.duplicate())),
            Change::Take => self.look = Look::Taken,
        }
    }

    /// Whether it was typed twice alike.
    pub(crate) fn is_complete(&self) -> bool {
        !self.first.is_empty() && self.first.matches(&self.again)
    }

    /// Whether nothing was typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.again.is_empty()
    }

    /// Whether it is shorter than a new one should be.
    pub(crate) fn is_short(&self) -> bool {
        self.first.passphrase().is_ok_and(|passphrase| !passphrase.is_long())
    }

    /// Whether it may be used now. One that is weak or short is asked about first.
    pub(crate) fn look(&mut self) -> bool {
        let is_weak = self.strength.is_some_and(|strength| strength.level == Level::Weak);
        let is_fine = !is_weak && !self.is_short();
        if !is_fine && self.look == Look::First {
            self.look = Look::Second;
        }
        is_fine || self.look == Look::Taken
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
fn generate(list: WordList, then: fn(Change) -> Action) -> Work {
    let call = move |_: &sealift::Ctx| Ok(sealift::generate_passphrase(list));
    Work::new(Kind::List, "", call, move |text| match text {
        Ok(text) => then(Change::Generated(list, Edit::Insert(text))),
        Err(_) => then(Change::Generated(list, Edit::Clear)),
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
    fn a_weak_or_short_passphrase_is_taken_only_after_a_second_look() {
        let mut new = NewPassphrase::default();
        apply(&mut new, Change::First(insert("secret")));
        apply(&mut new, Change::Again(insert("secret")));
        assert!(new.is_complete() && !new.look() && new.look == Look::Second && !new.look());
        apply(&mut new, Change::Take);
        assert!(new.look());
        apply(&mut new, Change::First(insert("s")));
        assert!(!new.is_complete() && new.look == Look::First);

        // Good characters, but too few of them.
        for (text, is_taken) in [("q7#Vz!m2Kd@9xR", false), ("q7#Vz!m2Kd@9xRw", true)] {
            let mut new = NewPassphrase::default();
            apply(&mut new, Change::First(insert(text)));
            assert_eq!((new.look(), new.is_short()), (is_taken, !is_taken), "{text}");
        }
    }

    #[test]
    fn a_generated_passphrase_fills_both_fields_and_shows_itself() {
        let mut new = NewPassphrase::default();
        for list in WordList::ALL {
            apply(&mut new, Change::Again(insert("x")));
            apply(&mut new, Change::Generated(list, Edit::Insert(sealift::generate_passphrase(list))));
            assert!(new.is_complete() && new.look() && new.generated == Some(list));
            assert!(new.first.is_revealed() && !new.again.is_revealed());
        }
        assert_eq!(new.strength.map(|strength| strength.bits), Some(sealift::GENERATED_BITS));
        apply(&mut new, Change::First(Edit::Reveal(false)));
        assert!(new.generated.is_some());
        apply(&mut new, Change::First(Edit::Backspace));
        assert!(new.generated.is_none());
    }
}
