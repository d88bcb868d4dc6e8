//! The lists on the disk: read, and changed one at a time, by jobs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{
    Ask, ClientCertificate, Code, Error, Fact, KeyBook, KnownKeyKind, Passphrase, PublicKey, TrustStore,
    TrustedIdentity, TrustedKey, TrustedRoot,
};

use super::Action;
use crate::gui::{
    action::Action as AppAction,
    folders,
    job::{Kind, Work},
};

/// The lists as they lie on the disk, and what ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    pub(crate) book: KeyBook,
    pub(crate) vendors: Vec<TrustedKey>,
    /// Vendors' identities in keyless signatures.
    pub(crate) identities: Vec<TrustedIdentity>,
    /// Client certificates for registries, what ends first at the beginning.
    pub(crate) certificates: Vec<ClientCertificate>,
}

impl Lists {
    fn of(book: KeyBook, store: &TrustStore) -> Self {
        Self {
            book,
            vendors: store.keys().to_vec(),
            identities: store.identities().to_vec(),
            certificates: sealift::client_certificates(),
        }
    }
}

/// A key in one of the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Own(KnownKeyKind, String),
    /// By its fingerprint.
    Vendor(String),
    Identity(TrustedIdentity),
}

/// A change of the lists.
#[derive(Debug)]
pub(super) enum Task {
    NewIdentity(PathBuf),
    Identity(String),
    Recipient(String),
    NewSigningKey(PathBuf, Passphrase),
    SigningKey(PathBuf, Option<Passphrase>),
    Vendor(PublicKey),
    /// An identity, its issuer, and the root that it is trusted under.
    VendorIdentity(String, String, TrustedRoot),
    Remove(Which),
}

impl Task {
    /// Changes the list that this is about, as it is by then: the command line or another window may have changed it, too.
    pub(super) fn make(self, folder: &Path, name: &str, ask: &Arc<dyn Ask>) -> sealift::Result<Lists> {
        let (book_path, trust_path) = (folder.join("keys.toml"), folder.join("trust.toml"));
        let change = |change: &dyn Fn(&mut KeyBook) -> sealift::Result<()>| {
            KeyBook::update(&book_path, change).map(drop)
        };
        match self {
            Self::NewIdentity(path) => change(&|book| book.make_identity(name, &path))?,
            Self::Identity(address) => change(&|book| book.add_identity(name, &address))?,
            Self::Recipient(text) => {
                // Its token may ask for a PIN, for which no other program waits.
                let mut book = KeyBook::load(&book_path)?;
                book.add_recipient(name, &text, ask)?;
                let added = book.keys().last().cloned();
                change(&|book| added.iter().cloned().try_for_each(|key| book.add(key)))?;
            }
            Self::NewSigningKey(path, passphrase) => {
                change(&|book| book.make_signing_key(name, &path, &passphrase))?;
            }
            Self::SigningKey(path, passphrase) => {
                change(&|book| book.add_signing_key(name, &path, passphrase.as_ref()))?;
            }
            Self::Remove(Which::Own(kind, name)) => change(&|book| {
                book.remove(kind, &name);
                Ok(())
            })?,
            Self::Vendor(key) => {
                TrustStore::update(&trust_path, |store| store.add(name, key).map(drop))?;
            }
            Self::VendorIdentity(identity, issuer, root) => {
                let add =
                    |store: &mut TrustStore| store.add_identity(name, &identity, &issuer, root).map(drop);
                TrustStore::update(&trust_path, add)?;
            }
            Self::Remove(Which::Identity(identity)) => {
                TrustStore::update(&trust_path, |store| store.remove_identity(&identity))?;
            }
            Self::Remove(Which::Vendor(key_id)) => {
                TrustStore::update(&trust_path, |store| store.remove(&key_id).map(drop))?;
            }
        }
        let book = KeyBook::load(&book_path)?;
        Ok(Lists::of(book, &TrustStore::load(&trust_path)?))
    }
}

pub(super) fn folder() -> sealift::Result<PathBuf> {
    folders::settings().ok_or_else(|| Error::new(Code::BadKeyBook).with(Fact::Path, "keys.toml"))
}

/// Reads both lists.
pub(super) fn load() -> Work {
    let call = |_: &sealift::Ctx| {
        let folder = folder()?;
        let store = TrustStore::load(&folder.join("trust.toml"))?;
        Ok(Lists::of(KeyBook::load(&folder.join("keys.toml"))?, &store))
    };
    Work::new(Kind::List, "", call, |lists| AppAction::Own(Action::Loaded(lists)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::own_keys::OwnKeys;

    const TRUSTED_ROOT: &str = "tests/testkit/keyless/public/trusted_root.json";

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
        let root = || sealift::read_trusted_root(Path::new(TRUSTED_ROOT)).unwrap();
        let (person, issuer) = ("release@acme.example", "https://accounts.acme.example");
        let lists = make(Task::VendorIdentity(person.into(), issuer.into(), root()), "acme");
        let known = lists.identities[0].clone();
        assert_eq!((&*known.name, &*known.identity, &*known.issuer), ("acme", person, issuer));
        assert_eq!(known.trusted_root, root().id());
        assert!(make(Task::Remove(Which::Identity(known)), "").identities.is_empty());
        assert!(at("me.txt").is_file() && at("cosign.key").is_file(), "no key file is deleted");
    }
}
