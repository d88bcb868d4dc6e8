//! Keys beside the passphrase that open a bundle: files and addresses, as the user lists them.
//!
//! A list of names until a job reads them.

use std::{path::PathBuf, sync::Arc};

use sealift::{Ask, Error, Identities, Identity, KeyShare, SlotInfo};

use super::secret::{Edit, Secret};

/// The keys that are listed.
#[derive(Debug, Default)]
pub(crate) struct OtherKeys {
    /// Paths, `pkcs11:` URIs and `vault://` addresses.
    pub(crate) list: Vec<String>,
    /// The one being typed.
    pub(crate) typed: String,
    /// Shares of a split key that were typed.
    pub(crate) shares: Vec<Arc<KeyShare>>,
    /// The share being typed: its code or its words.
    pub(crate) share: Secret,
    /// Why that is none.
    pub(crate) failed: Option<Arc<Error>>,
    /// They are wanted, and so shown.
    pub(crate) is_open: bool,
}

/// What happens to them.
#[derive(Debug)]
pub(crate) enum Change {
    Open,
    Typed(String),
    /// What is typed is added.
    Add,
    Files(Vec<PathBuf>),
    /// One that is saved is taken along, or left out.
    Tick(String),
    Remove(usize),
    Share(Edit),
    /// The share that is typed is added.
    AddShare,
    RemoveShare(usize),
}

impl OtherKeys {
    /// Keys for a bundle with these slots: shown at once where no passphrase opens it.
    pub(crate) fn for_slots(slots: &[SlotInfo]) -> Self {
        Self { is_open: !takes_passphrase(slots), ..Self::default() }
    }

    /// Whether there is none, not even one that is typed and not added yet.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { list, typed, shares, share, .. } = self;
        list.is_empty() && typed.trim().is_empty() && shares.is_empty() && share.is_empty()
    }

    /// Whether it is listed.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.list.iter().any(|listed| listed == key)
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Open => self.is_open = true,
            Change::Typed(text) => self.typed = text,
            Change::Add => {
                let typed = std::mem::take(&mut self.typed);
                self.add(typed.trim().to_owned());
            }
            Change::Files(paths) => {
                for path in paths {
                    self.add(path.to_string_lossy().into_owned());
                }
            }
            Change::Tick(key) if self.has(&key) => self.list.retain(|listed| *listed != key),
            Change::Tick(key) => self.add(key),
            Change::Remove(number) if number < self.list.len() => drop(self.list.remove(number)),
            Change::Share(edit) => {
                self.share.apply(edit);
                self.failed = None;
            }
            Change::AddShare => match KeyShare::parse(self.share.as_str()) {
                Ok(share) => {
                    self.share.apply(Edit::Clear);
                    self.shares.retain(|listed| listed.number() != share.number());
                    self.shares.push(Arc::new(share));
                }
                Err(error) => self.failed = Some(Arc::new(error)),
            },
            Change::RemoveShare(number) if number < self.shares.len() => drop(self.shares.remove(number)),
            Change::Remove(_) | Change::RemoveShare(_) => {}
        }
    }

    fn add(&mut self, key: String) {
        self.is_open = true;
        if !key.is_empty() && !self.has(&key) {
            self.list.push(key);
        }
    }

    /// All that the user gave, for a job. What stands in the field for a new key counts too.
    pub(crate) fn given(&self, passphrase: &Secret) -> Given {
        let typed = Some(self.typed.trim().to_owned()).filter(|typed| !typed.is_empty());
        let keys = self.list.iter().cloned().chain(typed).collect();
        let (shares, share) = (self.shares.clone(), self.share.duplicate());
        Given { typed: passphrase.duplicate(), keys, shares, share }
    }
}

/// Whether a passphrase opens any of these slots, alone or beside other keys. Of a slot that only a newer version knows,
/// nobody can tell.
pub(crate) fn takes_passphrase(slots: &[SlotInfo]) -> bool {
    slots.iter().any(|slot| slot.kind == "password" || slot.details.contains("password"))
}

/// Whether shares of a split key open any of these slots, alone or beside other keys.
pub(crate) fn takes_shares(slots: &[SlotInfo]) -> bool {
    slots.iter().any(|slot| slot.kind == "shares" || slot.details.contains("shares"))
}

/// What a user gave to open a bundle.
pub(crate) struct Given {
    typed: Secret,
    keys: Vec<String>,
    shares: Vec<Arc<KeyShare>>,
    share: Secret,
}

impl Given {
    /// Reads the keys. `ask` answers what they ask; the passphrase is the bundle's alone: tried as a PIN, it would bring a
    /// token nearer to being locked.
    ///
    /// # Errors
    /// `BadPassphrase` when nothing was given; those of [`Identity::parse`]; `BadShare`.
    pub(crate) fn identities(self, ask: &Arc<dyn Ask>) -> sealift::Result<Identities> {
        let mut shares = self.shares;
        if !self.share.is_empty() {
            shares.push(Arc::new(KeyShare::parse(self.share.as_str())?));
        }
        let has_others = !self.keys.is_empty() || !shares.is_empty();
        let passphrase = if self.typed.is_empty() && has_others {
            None
        } else {
            Some(Identity::Passphrase(self.typed.passphrase()?))
        };
        let shares = shares.into_iter().map(Identity::Share).chain(passphrase);
        let keys = self.keys.iter().map(|key| Identity::parse(key, ask));
        Ok(Identities::new(keys.chain(shares.map(Ok)).collect::<sealift::Result<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::typed;

    #[test]
    fn shares_are_typed_as_code_or_words_and_a_mistyped_one_stays_to_be_mended() {
        let (_, shares) = sealift::SplitKey::generate(2, 3).unwrap();
        let mut keys = OtherKeys::default();
        let mut add = |text: &str| {
            keys.apply(Change::Share(typed(text)));
            keys.apply(Change::AddShare);
            (keys.shares.len(), keys.failed.is_some())
        };
        assert_eq!(add(&shares[0].code()), (1, false));
        assert_eq!(add(&shares[0].words()), (1, false), "it is the same share");
        assert_eq!(add("2 abandon"), (1, true));
        keys.apply(Change::Share(Edit::Clear));
        keys.apply(Change::Share(typed(&shares[2].words())));
        assert!(keys.failed.is_none() && !keys.is_empty());
        let given = keys.given(&Secret::default());
        let nobody: Arc<dyn Ask> = Arc::new(sealift::NobodyAnswers);
        assert!(given.identities(&nobody).is_ok_and(|all| !all.is_empty() && !all.has_passphrase()));
        keys.apply(Change::RemoveShare(0));
        assert!(keys.shares.is_empty());
    }

    #[test]
    fn keys_are_listed_once_and_come_first_where_no_passphrase_opens() {
        let slot = |kind, details: &str| SlotInfo { number: 1, kind, details: details.into() };
        for (slots, is_open) in [
            (vec![slot("age", "X25519")], true),
            (vec![slot("age", "X25519"), slot("password", "argon2id")], false),
            (vec![slot("all-of", "key-file + password argon2id")], false),
        ] {
            assert_eq!(OtherKeys::for_slots(&slots).is_open, is_open);
        }
        let mut keys = OtherKeys::default();
        keys.apply(Change::Files(vec!["/a.key".into(), "/a.key".into(), "/b".into()]));
        keys.apply(Change::Typed(" vault://h:8200/transit/k ".into()));
        keys.apply(Change::Add);
        keys.apply(Change::Remove(1));
        keys.apply(Change::Remove(9));
        keys.apply(Change::Tick("/b".into()));
        assert!(keys.has("/b"));
        keys.apply(Change::Tick("/b".into()));
        assert_eq!(keys.list, ["/a.key", "vault://h:8200/transit/k"]);
        assert!(keys.typed.is_empty());
    }
}
