//! The user's own keys and the vendors' that are trusted, as lists in the settings folder: read and changed by jobs.
//!
//! What the lists hold is public; a secret is here only while a form is filled in.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{
    Ask, Code, Error, Fact, KeyBook, KnownKey, KnownKeyKind, Passphrase, PublicKey, TrustStore, TrustedKey,
};

use super::{
    action::{Action as AppAction, Effect, Effects},
    folders,
    history::About,
    job::{Kind, Outcome, Work},
    new_passphrase::{Change, NewPassphrase},
    new_recipients::Chosen,
    secret::{Edit, Secret},
};

/// What is known of them.
#[derive(Debug, Default)]
pub(crate) struct OwnKeys {
    pub(crate) tab: Tab,
    lists: Lists,
    /// Whom bundles can be locked for.
    recipients: Vec<Chosen>,
    /// What is being added.
    pub(crate) form: Option<Form>,
    /// What is asked about before it goes.
    pub(crate) removing: Option<Which>,
    pub(crate) is_working: bool,
    pub(crate) failed: Option<Arc<Error>>,
}

/// What the Keys page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tab {
    #[default]
    Own,
    /// The slots of a bundle.
    Bundle,
}

/// Both lists, as they lie on the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    pub(crate) book: KeyBook,
    pub(crate) vendors: Vec<TrustedKey>,
}

/// What can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adding {
    NewIdentity,
    Identity,
    Recipient,
    NewSigningKey,
    SigningKey,
    Vendor,
}

/// A key that is being added.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) adding: Adding,
    pub(crate) name: String,
    /// A path, an address or a recipient, as typed.
    pub(crate) address: String,
    pub(crate) new: NewPassphrase,
    /// Opens a key file whose public part does not lie beside it.
    pub(crate) passphrase: Secret,
    /// A vendor's key, whose words are to be compared.
    pub(crate) seen: Option<PublicKey>,
}

/// A key in one of the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Own(KnownKeyKind, String),
    /// By its fingerprint.
    Vendor(String),
}

/// What can happen to them.
#[derive(Debug)]
pub(crate) enum Action {
    Load,
    Loaded(Outcome<Lists>),
    Tab(Tab),
    /// Begins to add a key, or leaves it.
    Add(Option<Adding>),
    Name(String),
    Address(String),
    New(Change),
    Passphrase(Edit),
    Start,
    /// The vendor's key that is to be compared.
    Seen(Outcome<PublicKey>),
    Changed(Outcome<Lists>),
    /// Asks about it before it goes.
    Remove(Option<Which>),
    RemoveNow,
}

impl Form {
    fn new(adding: Adding) -> Self {
        Self {
            adding,
            name: String::new(),
            address: String::new(),
            new: NewPassphrase::default(),
            passphrase: Secret::default(),
            seen: None,
        }
    }

    /// Whether everything is there that it needs.
    pub(crate) fn is_ready(&self) -> bool {
        let has_passphrase = self.adding != Adding::NewSigningKey || self.new.is_complete();
        has_passphrase && !self.name.trim().is_empty() && !self.address.trim().is_empty()
    }

    fn change(&self) -> sealift::Result<Task> {
        let address = self.address.trim().to_owned();
        let path = PathBuf::from(&address);
        Ok(match self.adding {
            Adding::NewIdentity => Task::NewIdentity(path),
            Adding::Identity => Task::Identity(address),
            Adding::Recipient => Task::Recipient(address),
            Adding::NewSigningKey => Task::NewSigningKey(path, self.new.passphrase()?),
            Adding::SigningKey => {
                let passphrase =
                    if self.passphrase.is_empty() { None } else { Some(self.passphrase.passphrase()?) };
                Task::SigningKey(path, passphrase)
            }
            Adding::Vendor => match &self.seen {
                Some(key) => Task::Vendor(key.clone()),
                None => return Err(Error::new(Code::NotConfirmed)),
            },
        })
    }
}

impl OwnKeys {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Load => effects.push(Effect::RunQuietly(load())),
            Action::Loaded(Ok(lists)) => self.take(lists),
            Action::Loaded(Err(error)) => self.failed = Some(error),
            Action::Tab(tab) => self.tab = tab,
            Action::Add(adding) => {
                (self.form, self.failed, self.removing) = (adding.map(Form::new), None, None);
            }
            Action::Start => self.start(effects),
            Action::Seen(seen) => {
                self.is_working = false;
                match (seen, &mut self.form) {
                    (Ok(key), Some(form)) => form.seen = Some(key),
                    (Ok(_), None) => {}
                    (Err(error), _) => self.failed = Some(error),
                }
            }
            Action::Changed(changed) => {
                self.is_working = false;
                match changed {
                    Ok(lists) => {
                        (self.form, self.failed) = (None, None);
                        self.take(lists);
                    }
                    Err(error) => self.failed = (error.code() != Code::Cancelled).then_some(error),
                }
            }
            Action::Remove(which) => (self.removing, self.failed) = (which, None),
            Action::RemoveNow => {
                if let Some(which) = self.removing.take() {
                    self.run(String::new(), Ok(Task::Remove(which)), effects);
                }
            }
            Action::Name(_) | Action::Address(_) | Action::New(_) | Action::Passphrase(_) => {
                self.fill_in(action, effects);
            }
        }
    }

    fn fill_in(&mut self, action: Action, effects: &mut Effects) {
        let Some(form) = &mut self.form else { return };
        match action {
            Action::Name(name) => form.name = name,
            Action::Address(address) => (form.address, form.seen) = (address, None),
            Action::New(change) => form.new.apply(change, |c| AppAction::Own(Action::New(c)), effects),
            Action::Passphrase(edit) => form.passphrase.apply(edit),
            _ => {}
        }
    }

    fn start(&mut self, effects: &mut Effects) {
        let Some(form) = self.form.as_mut().filter(|form| form.is_ready() && !self.is_working) else {
            return;
        };
        if form.adding == Adding::NewSigningKey && !form.new.look() {
            return;
        }
        if form.adding == Adding::Vendor && form.seen.is_none() {
            let path = PathBuf::from(form.address.trim());
            let call = move |_: &sealift::Ctx| sealift::read_public_key(&path);
            let work = Work::new(Kind::List, "", call, |key| AppAction::Own(Action::Seen(key)));
            (self.is_working, self.failed) = (true, None);
            effects.push(Effect::RunQuietly(work));
            return;
        }
        let (name, change) = (form.name.trim().to_owned(), form.change());
        self.run(name, change, effects);
    }

    fn run(&mut self, name: String, change: sealift::Result<Task>, effects: &mut Effects) {
        self.failed = None;
        match change {
            Ok(change) => {
                self.is_working = true;
                let call = move |_: &sealift::Ctx, ask: &Arc<dyn Ask>| change.make(&folder()?, &name, ask);
                let then = |lists| AppAction::Own(Action::Changed(lists));
                let work = Work::asking(Kind::List, "", About::default(), call, |_| None, then);
                effects.push(Effect::RunQuietly(work));
            }
            Err(error) => self.failed = Some(Arc::new(error)),
        }
    }

    fn take(&mut self, lists: Lists) {
        let keys = lists.book.keys();
        self.recipients = keys.iter().filter_map(recipient_of).collect();
        self.lists = lists;
    }

    /// The keys of a kind.
    pub(crate) fn keys(&self, kind: KnownKeyKind) -> impl Iterator<Item = &KnownKey> {
        self.lists.book.keys().iter().filter(move |key| key.kind == kind)
    }

    pub(crate) fn signing_keys(&self) -> impl Iterator<Item = &KnownKey> {
        self.keys(KnownKeyKind::Signing)
    }

    pub(crate) fn vendors(&self) -> &[TrustedKey] {
        &self.lists.vendors
    }

    /// Whom bundles can be locked for: others that were saved, and oneself.
    pub(crate) fn recipients(&self) -> &[Chosen] {
        &self.recipients
    }
}

/// What locks a bundle for the holder of this key.
fn recipient_of(key: &KnownKey) -> Option<Chosen> {
    let is_address = key.address.starts_with("pkcs11:") || key.address.contains("://");
    let text = match key.kind {
        KnownKeyKind::Recipient => Some(&key.address),
        KnownKeyKind::Identity => key.public.as_ref().or_else(|| is_address.then_some(&key.address)),
        KnownKeyKind::Signing => None,
    }?;
    Some(Chosen { name: key.name.clone(), text: text.clone() })
}

/// A change of the lists.
#[derive(Debug)]
enum Task {
    NewIdentity(PathBuf),
    Identity(String),
    Recipient(String),
    NewSigningKey(PathBuf, Passphrase),
    SigningKey(PathBuf, Option<Passphrase>),
    Vendor(PublicKey),
    Remove(Which),
}

impl Task {
    /// Reads the lists anew, as the command line may have changed them meanwhile, and writes the one that this changes.
    fn make(self, folder: &Path, name: &str, ask: &Arc<dyn Ask>) -> sealift::Result<Lists> {
        let (book_path, trust_path) = (folder.join("keys.toml"), folder.join("trust.toml"));
        let mut book = KeyBook::load(&book_path)?;
        let mut store = TrustStore::load(&trust_path)?;
        let is_of_vendor = matches!(self, Self::Vendor(_) | Self::Remove(Which::Vendor(_)));
        match self {
            Self::NewIdentity(path) => book.make_identity(name, &path)?,
            Self::Identity(address) => book.add_identity(name, &address)?,
            Self::Recipient(text) => book.add_recipient(name, &text, ask)?,
            Self::NewSigningKey(path, passphrase) => book.make_signing_key(name, &path, &passphrase)?,
            Self::SigningKey(path, passphrase) => book.add_signing_key(name, &path, passphrase.as_ref())?,
            Self::Remove(Which::Own(kind, name)) => book.remove(kind, &name),
            Self::Vendor(key) => {
                store.add(name, key)?;
            }
            Self::Remove(Which::Vendor(key_id)) => {
                store.remove(&key_id)?;
            }
        }
        if is_of_vendor {
            store.save(&trust_path)?;
        } else {
            book.save(&book_path)?;
        }
        Ok(Lists { book, vendors: store.keys().to_vec() })
    }
}

fn folder() -> sealift::Result<PathBuf> {
    folders::settings().ok_or_else(|| Error::new(Code::BadKeyBook).with(Fact::Path, "keys.toml"))
}

/// Reads both lists.
fn load() -> Work {
    let call = |_: &sealift::Ctx| {
        let folder = folder()?;
        let store = TrustStore::load(&folder.join("trust.toml"))?;
        Ok(Lists { book: KeyBook::load(&folder.join("keys.toml"))?, vendors: store.keys().to_vec() })
    };
    Work::new(Kind::List, "", call, |lists| AppAction::Own(Action::Loaded(lists)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(own: &mut OwnKeys, action: Action) -> Effects {
        let mut effects = Effects::new();
        own.apply(action, &mut effects);
        effects
    }

    fn insert(text: &str) -> Edit {
        Edit::Insert(zeroize::Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn lists_are_changed_on_disk_and_what_can_be_locked_for_follows() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, at) = (dir.path().join("conf"), |name: &str| dir.path().join(name));
        let passphrase = Passphrase::new(b"mural cabbage unplug wooing".to_vec()).unwrap();
        let nobody: Arc<dyn Ask> = Arc::new(sealift::NobodyAnswers);
        let make = |task: Task, name: &str| task.make(&folder, name, &nobody).unwrap();
        make(Task::NewIdentity(at("me.txt")), "me");
        let site = sealift::AgeIdentity::generate().1;
        make(Task::Recipient(site.clone()), "site A");
        make(Task::NewSigningKey(at("cosign"), passphrase), "acme");
        let key = sealift::read_public_key(&at("cosign.pub")).unwrap();
        let lists = make(Task::Vendor(key.clone()), "acme");
        assert_eq!((lists.book.keys().len(), lists.vendors.len()), (3, 1));

        let mut own = OwnKeys::default();
        own.take(lists);
        let names: Vec<&str> = own.recipients().iter().map(|chosen| &*chosen.name).collect();
        assert_eq!((names, &own.recipients()[1].text), (vec!["me", "site A"], &site));
        assert_eq!(own.signing_keys().count(), 1);

        make(Task::Remove(Which::Own(KnownKeyKind::Identity, "me".into())), "");
        let lists = make(Task::Remove(Which::Vendor(key.id())), "");
        assert_eq!((lists.book.keys().len(), lists.vendors.len()), (2, 0));
        assert!(at("me.txt").is_file() && at("cosign.key").is_file(), "no key file is deleted");
    }

    #[test]
    fn a_form_asks_for_what_its_key_needs_and_leaves_nothing_behind() {
        let mut own = OwnKeys::default();
        apply(&mut own, Action::Add(Some(Adding::NewSigningKey)));
        apply(&mut own, Action::Name("acme".into()));
        apply(&mut own, Action::Address("/tmp/acme".into()));
        assert!(apply(&mut own, Action::Start).is_empty());
        for make in [Change::First, Change::Again] {
            apply(&mut own, Action::New(make(insert("mural cabbage unplug wooing"))));
        }
        assert_eq!(apply(&mut own, Action::Start).len(), 1);
        assert!(apply(&mut own, Action::Start).is_empty(), "it is being made");
        apply(&mut own, Action::Changed(Err(Arc::new(Error::new(Code::Exists)))));
        assert!(own.failed.is_some() && own.form.is_some() && !own.is_working, "what was typed stays");
        apply(&mut own, Action::Changed(Ok(Lists::default())));
        assert!(own.form.is_none() && own.failed.is_none());
    }

    #[test]
    fn a_vendors_key_is_trusted_only_after_its_words_were_shown() {
        let mut own = OwnKeys::default();
        apply(&mut own, Action::Add(Some(Adding::Vendor)));
        apply(&mut own, Action::Name("acme".into()));
        apply(&mut own, Action::Address("/tmp/acme.pub".into()));
        assert!(own.form.as_ref().is_some_and(|form| form.change().is_err()));
        assert_eq!(apply(&mut own, Action::Start).len(), 1);
        let key = sealift::SigningKey::generate(sealift::SigningKeyType::Ed25519).public_key();
        apply(&mut own, Action::Seen(Ok(key)));
        assert!(own.form.as_ref().is_some_and(|form| form.change().is_ok()));
        apply(&mut own, Action::Address("/tmp/other.pub".into()));
        assert!(own.form.as_ref().is_some_and(|form| form.seen.is_none()), "another file, another key");
    }
}
