//! The user's own keys and the vendors' that are trusted, as lists in the settings folder: read and changed by jobs.
//!
//! What the lists hold is public; a secret is here only while a form is filled in.

mod form;
mod lists;

pub(crate) use form::{Adding, Form, Seen};
pub(crate) use lists::{Lists, Which};

use std::{path::PathBuf, sync::Arc};

use sealift::{Ask, ClientCertificate, Code, Error, KnownKey, KnownKeyKind, TrustedIdentity, TrustedKey};

use super::{
    action::{Action as AppAction, Effect, Effects},
    history::About,
    job::{Kind, Outcome, Work},
    new_passphrase::Change,
    new_recipients::Chosen,
    secret::Edit,
};
use lists::{Task, folder, load};

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
    Identity(String),
    Issuer(String),
    New(Change),
    Passphrase(Edit),
    Start,
    /// What is to be compared with the vendor.
    Seen(Outcome<Seen>),
    Changed(Outcome<Lists>),
    /// Asks about it before it goes.
    Remove(Option<Which>),
    RemoveNow,
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
                    (Ok(seen), Some(form)) => form.seen = Some(seen),
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
            Action::Name(_)
            | Action::Address(_)
            | Action::Identity(_)
            | Action::Issuer(_)
            | Action::New(_)
            | Action::Passphrase(_) => self.fill_in(action, effects),
        }
    }

    fn fill_in(&mut self, action: Action, effects: &mut Effects) {
        let Some(form) = &mut self.form else { return };
        match action {
            Action::Name(name) => form.name = name,
            Action::Address(address) => (form.address, form.seen) = (address, None),
            Action::Identity(identity) => form.identity = identity,
            Action::Issuer(issuer) => form.issuer = issuer,
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
        if let Some(look) = form.look() {
            let path = PathBuf::from(form.address.trim());
            let call = move |_: &sealift::Ctx| look(&path);
            let work = Work::new(Kind::List, "", call, |seen| AppAction::Own(Action::Seen(seen)));
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

    /// Vendors' identities in keyless signatures.
    pub(crate) fn vendor_identities(&self) -> &[TrustedIdentity] {
        &self.lists.identities
    }

    /// Client certificates that have ended or will soon.
    pub(crate) fn due_certificates(&self) -> impl Iterator<Item = &ClientCertificate> {
        self.lists.certificates.iter().filter(|certificate| certificate.is_due())
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
        apply(&mut own, Action::Seen(Ok(Seen::Key(key))));
        assert!(own.form.as_ref().is_some_and(|form| form.change().is_ok()));
        apply(&mut own, Action::Address("/tmp/other.pub".into()));
        assert!(own.form.as_ref().is_some_and(|form| form.seen.is_none()), "another file, another key");
    }

    #[test]
    fn an_identity_needs_its_issuer_and_a_trusted_root_that_was_compared() {
        let mut own = OwnKeys::default();
        apply(&mut own, Action::Add(Some(Adding::VendorIdentity)));
        for action in [
            Action::Name("acme".into()),
            Action::Address("tests/testkit/keyless/public/trusted_root.json".into()),
            Action::Identity("release@acme.example".into()),
            Action::Issuer("https://accounts.acme.example".into()),
        ] {
            assert!(apply(&mut own, Action::Start).is_empty(), "before {action:?}");
            apply(&mut own, action);
        }
        let mut effects = apply(&mut own, Action::Start);
        assert!(own.form.as_ref().is_some_and(|form| form.change().is_err()), "nothing was compared yet");
        let Some(Effect::RunQuietly(work)) = effects.pop() else { panic!("nothing is read") };
        let AppAction::Own(seen) = work.run_here() else { panic!("it is told elsewhere") };
        apply(&mut own, seen);
        let form = own.form.as_ref().unwrap();
        assert!(
            matches!(form.change(), Ok(Task::VendorIdentity(_, _, root)) if root.id() == form.seen.as_ref().unwrap().id())
        );
    }
}
