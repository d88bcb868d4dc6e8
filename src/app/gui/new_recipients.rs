//! Whom something new is locked for besides a passphrase: saved ones that are ticked, and others that are typed.
//!
//! Two pages have one. What is typed is tried on a thread of its own before it counts: it may be a file or a token.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{Ask, Code, Error, MAX_SHARES, Passphrase, Recipient, ShareFiles, SlotInfo};

use super::{
    action::{Action, Effect, Effects},
    bundle::file_name,
    history::About,
    job::{Kind, Outcome, Work},
};

/// How the files of shares begin.
pub(crate) const SHARE_NAME: &str = "share";

/// Whom it is locked for so far.
#[derive(Debug, Default)]
pub(crate) struct NewRecipients {
    pub(crate) chosen: Vec<Chosen>,
    /// What is being typed: a recipient, or the path of a file.
    pub(crate) typed: String,
    pub(crate) needs: Needs,
    /// A key in shares, if one is wanted.
    pub(crate) shares: Option<Shares>,
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

/// A key that is to be split, as typed: any K of N shares open what is locked with it.
#[derive(Debug)]
pub(crate) struct Shares {
    pub(crate) threshold: String,
    pub(crate) number: String,
    /// Where the files of shares are written.
    pub(crate) folder: String,
}

impl Default for Shares {
    fn default() -> Self {
        Self { threshold: "2".into(), number: "3".into(), folder: String::new() }
    }
}

impl Shares {
    /// K and N, if a key can be split so.
    pub(crate) fn numbers(&self) -> Option<(u8, u8)> {
        let numbers = (self.threshold.trim().parse().ok()?, self.number.trim().parse().ok()?);
        (2 <= numbers.0 && numbers.0 <= numbers.1 && numbers.1 <= MAX_SHARES).then_some(numbers)
    }

    /// What a job splits, once all is there that it needs.
    fn split(&self) -> Option<Split> {
        let (threshold, num_shares) = self.numbers()?;
        let folder = Some(self.folder.trim()).filter(|folder| !folder.is_empty())?.into();
        Some(Split { threshold, num_shares, folder })
    }
}

/// What happens to the key in shares.
#[derive(Debug)]
pub(crate) enum ShareEdit {
    /// It is wanted, or no longer.
    Want(bool),
    Threshold(String),
    Number(String),
    Folder(String),
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
    Shares(ShareEdit),
}

impl Change {
    /// The folder for shares that was chosen.
    pub(crate) fn share_folder(paths: Vec<PathBuf>) -> Self {
        let folder = paths.into_iter().next().unwrap_or_default();
        Self::Shares(ShareEdit::Folder(folder.to_string_lossy().into_owned()))
    }
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
                    Err(error) => self.failed = (error.code() != Code::Cancelled).then_some(error),
                }
            }
            Change::Tick(chosen) if self.has(&chosen) => self.chosen.retain(|c| c.text != chosen.text),
            Change::Tick(chosen) => self.chosen.push(chosen),
            Change::Needs(needs) => self.needs = needs,
            Change::Shares(edit) => self.split(edit),
        }
    }

    fn split(&mut self, edit: ShareEdit) {
        match (edit, &mut self.shares) {
            (ShareEdit::Want(is_wanted), shares) => *shares = is_wanted.then(Shares::default),
            (ShareEdit::Threshold(text), Some(shares)) => shares.threshold = text,
            (ShareEdit::Number(text), Some(shares)) => shares.number = text,
            (ShareEdit::Folder(text), Some(shares)) => shares.folder = text,
            (_, None) => {}
        }
    }

    /// How many keys there are.
    pub(crate) fn num_keys(&self) -> usize {
        self.chosen.len() + usize::from(self.shares.is_some())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.num_keys() == 0
    }

    /// Whether nothing is half typed: what is typed and was not added would be left out in silence.
    pub(crate) fn is_complete(&self) -> bool {
        self.typed.trim().is_empty() && self.shares.as_ref().is_none_or(|shares| shares.split().is_some())
    }

    /// Whether it is among those chosen.
    pub(crate) fn has(&self, other: &Chosen) -> bool {
        self.chosen.iter().any(|chosen| chosen.text == other.text)
    }

    /// What a job locks for, with `passphrase` as one of the keys.
    pub(crate) fn lock(&self, passphrase: Option<Passphrase>) -> Lock {
        let split = self.shares.as_ref().and_then(Shares::split);
        Lock { passphrase, chosen: self.chosen.clone(), split, needs: self.needs }
    }
}

/// Whom a job locks for.
#[derive(Debug)]
pub(crate) struct Lock {
    passphrase: Option<Passphrase>,
    chosen: Vec<Chosen>,
    split: Option<Split>,
    needs: Needs,
}

/// A key that is to be split, any `threshold` of its shares opening what is locked with it.
#[derive(Debug)]
struct Split {
    threshold: u8,
    num_shares: u8,
    folder: PathBuf,
}

impl Lock {
    /// The recipients, one for each slot, and what is told of them once something was locked. Reads the files that some of
    /// them are, and writes those of shares.
    ///
    /// # Errors
    /// Those of [`Recipient::parse`]: what was ticked may have gone meanwhile; those of [`sealift::write_shares`].
    pub(crate) fn begin(
        self,
        ask: &Arc<dyn Ask>,
        share_name: &str,
    ) -> sealift::Result<(Vec<Recipient>, Locking)> {
        let told = LockedFor {
            has_passphrase: self.passphrase.is_some(),
            names: self.chosen.iter().map(|chosen| chosen.name.clone()).collect(),
            shares: None,
            needs: self.needs,
            earlier: Vec::new(),
        };
        let mut locking = Locking { told, shares: None };
        let mut recipients: Vec<Recipient> = self.passphrase.into_iter().map(Recipient::from).collect();
        for chosen in &self.chosen {
            recipients.extend(Recipient::parse(&chosen.text, ask)?);
        }
        if let Some(Split { threshold, num_shares, folder }) = self.split {
            let (key, files) = sealift::write_shares(&folder, share_name, threshold, num_shares)?;
            recipients.push(Recipient::Split(key));
            locking.shares = Some((threshold, files));
        }
        let is_group = self.needs == Needs::All && recipients.len() > 1;
        let recipients = if is_group { vec![Recipient::All(recipients)] } else { recipients };
        Ok((recipients, locking))
    }
}

/// Somebody for whom something is being locked. Dropped before [`Self::done`], it takes the files of shares along.
#[derive(Debug)]
pub(crate) struct Locking {
    told: LockedFor,
    shares: Option<(u8, ShareFiles)>,
}

impl Locking {
    /// It was locked: the files of shares stay.
    pub(crate) fn done(self) -> LockedFor {
        let shares = self.shares.map(|(threshold, files)| ToldShares { threshold, files: files.keep() });
        LockedFor { shares, ..self.told }
    }
}

/// Whom something was locked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LockedFor {
    pub(crate) has_passphrase: bool,
    pub(crate) names: Vec<String>,
    pub(crate) shares: Option<ToldShares>,
    pub(crate) needs: Needs,
    /// Slots that were there before and still open it: whose they are, nobody can see.
    pub(crate) earlier: Vec<SlotInfo>,
}

impl LockedFor {
    pub(crate) fn num_keys(&self) -> usize {
        usize::from(self.has_passphrase) + self.names.len() + usize::from(self.shares.is_some())
    }
}

/// The shares of a key, any `threshold` of which open what was locked with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToldShares {
    pub(crate) threshold: u8,
    pub(crate) files: Vec<PathBuf>,
}

/// Tries what was typed.
fn attempt(text: String, then: fn(Change) -> Action) -> Work {
    let call = move |_: &sealift::Ctx, ask: &Arc<dyn Ask>| {
        Recipient::parse(&text, ask)?;
        Ok(Chosen { name: short_name(&text), text })
    };
    let done = move |tried| then(Change::Added(tried));
    Work::asking(Kind::List, "", About::default(), call, |_| None, done)
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

    fn nobody() -> Arc<dyn Ask> {
        Arc::new(sealift::NobodyAnswers)
    }

    fn begun(new: &NewRecipients, passphrase: Option<Passphrase>) -> (Vec<Recipient>, Locking) {
        new.lock(passphrase).begin(&nobody(), SHARE_NAME).unwrap()
    }

    #[test]
    fn a_key_in_shares_needs_numbers_and_a_folder_and_its_files_go_with_what_failed() {
        let dir = tempfile::tempdir().unwrap();
        let mut new = NewRecipients::default();
        apply(&mut new, Change::Shares(ShareEdit::Want(true)));
        assert!(!new.is_empty() && !new.is_complete(), "there is no folder");
        let folder = dir.path().to_string_lossy().into_owned();
        apply(&mut new, Change::Shares(ShareEdit::Folder(folder)));
        for (threshold, num_shares, is_complete) in
            [("1", "3", false), ("4", "3", false), ("2", "33", false), ("x", "3", false), ("2", " 2 ", true)]
        {
            apply(&mut new, Change::Shares(ShareEdit::Threshold(threshold.into())));
            apply(&mut new, Change::Shares(ShareEdit::Number(num_shares.into())));
            assert_eq!(new.is_complete(), is_complete, "{threshold}/{num_shares}");
        }
        let file = dir.path().join("share-2-of-2.txt");
        let (recipients, locking) = begun(&new, None);
        assert!(matches!(recipients.as_slice(), [Recipient::Split(_)]) && file.is_file());
        drop(locking);
        assert!(!file.exists());
        let told = begun(&new, None).1.done();
        assert!(file.is_file() && told.shares.is_some_and(|told| told.files[1] == file));
        apply(&mut new, Change::Shares(ShareEdit::Want(false)));
        assert!(new.is_empty() && new.is_complete());
    }

    #[test]
    fn all_together_become_one_slot_and_each_alone_its_own() {
        let (_, recipient) = sealift::AgeIdentity::generate();
        let mut new = NewRecipients::default();
        apply(&mut new, Change::Tick(chosen(&recipient)));
        let passphrase = || Some(Passphrase::new(b"secret".to_vec()).unwrap());
        assert_eq!(begun(&new, passphrase()).0.len(), 2);
        apply(&mut new, Change::Needs(Needs::All));
        let (recipients, locking) = begun(&new, passphrase());
        let told = locking.done();
        assert!(told.has_passphrase && told.names == [short_name(&recipient)]);
        assert!(matches!(recipients.as_slice(), [Recipient::All(members)] if members.len() == 2));
        // One key is no group.
        assert!(matches!(begun(&new, None).0.as_slice(), [Recipient::Age(_)]));
        apply(&mut new, Change::Tick(chosen("/nowhere/recipients.txt")));
        assert!(new.lock(None).begin(&nobody(), SHARE_NAME).is_err(), "a file that has gone is told");
    }

    #[test]
    fn a_recipient_without_a_name_is_called_by_what_it_is() {
        assert_eq!(short_name("age1qyqszqgpqyqszqgpqyqszqgp7"), "age1qyqszq…szqgp7");
        assert_eq!(short_name("ssh-ed25519 AAAAC3NzaC1 ops@site-a"), "ops@site-a");
        assert_eq!(short_name("/home/u/keys/现场.txt"), "现场.txt");
        assert_eq!(short_name("vault://vault.local:8200/transit/a"), "vault://vault.local:8200/transit/a");
    }
}
