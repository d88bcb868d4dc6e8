//! The keys a user works with, by name: one small file of paths, addresses and public parts. Never a secret.
//!
//! Knows no screen and no bundle. Vendors' keys are not among them: those are in the trust store.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{read_public_key, read_signing_key, write_signing_key};
use crate::{
    crypto::{Passphrase, PublicKey, SigningKey, SigningKeyType},
    document,
    error::{Code, Error, Fact, Result},
    fs::{self, Existing, with_suffix},
    keyslot::{AgeIdentity, Ask, Identity, NobodyAnswers, Recipient},
    trust,
};

/// More than any list of keys has.
const MAX_BYTES: u64 = 1 << 20;
const MAX_NAME_BYTES: usize = 128;
const VERSION: u32 = 1;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownKeyKind {
    /// It opens bundles.
    Identity,
    /// Bundles are locked for it.
    Recipient,
    /// It signs bundles.
    Signing,
}

/// A key by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownKey {
    /// What it is for.
    pub kind: KnownKeyKind,
    /// What the user calls it; one of a kind.
    pub name: String,
    /// The path or address of the private key; of a recipient, what [`Recipient::parse`] takes.
    pub address: String,
    /// The public part, where it is known: a recipient, or PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// When it was taken into the list: RFC 3339.
    pub added: String,
}

impl KnownKey {
    /// Whether it has been in use for a year: time to sign with the next.
    pub fn is_due(&self) -> bool {
        self.kind == KnownKeyKind::Signing && trust::is_a_year_ago(&self.added)
    }

    /// The fingerprint of a key that signs: 64 hex digits.
    pub fn key_id(&self) -> Option<String> {
        let pem = self.public.as_deref().filter(|_| self.kind == KnownKeyKind::Signing)?;
        PublicKey::from_pem(pem.as_bytes()).ok().map(|key| key.id())
    }
}

/// The keys a user works with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyBook {
    keys: Vec<KnownKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, rename = "key")]
    keys: Vec<KnownKey>,
}

impl KeyBook {
    /// Reads the list at `path`; one that does not exist is empty.
    ///
    /// # Errors
    /// [`Code::BadKeyBook`].
    pub fn load(path: &Path) -> Result<Self> {
        match document::load(path, MAX_BYTES, Code::BadKeyBook, Self::parse) {
            Err(e) if e.code() == Code::NotFound => Ok(Self::default()),
            read => read,
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let document: Document = document::fields(text, Code::BadKeyBook)?;
        document::check_version(document.version, VERSION, Code::BadKeyBook)?;
        Ok(Self { keys: document.keys })
    }

    /// Writes the list to `path`, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        let document = Document { version: VERSION, keys: self.keys.clone() };
        let text = toml::to_string_pretty(&document)
            .map_err(|e| Error::new(Code::BadKeyBook).at(path).caused_by(e))?;
        fs::create_dir(fs::parent(path))?;
        fs::write_private(path, text.as_bytes(), Existing::Replace)
    }

    /// Changes the list at `path`: reads it, and writes what `change` made of it. Two programs do so one after the other, so
    /// that neither loses what the other added; `change` must ask nobody. Gives the list as it is then.
    ///
    /// # Errors
    /// [`Code::BadKeyBook`]; those of `change`; [`Code::Busy`] when another program does not end.
    pub fn update(path: &Path, change: impl FnOnce(&mut Self) -> Result<()>) -> Result<Self> {
        fs::create_dir(fs::parent(path))?;
        let _lock = fs::Lock::take(path)?;
        let mut book = Self::load(path)?;
        change(&mut book)?;
        book.save(path)?;
        Ok(book)
    }

    /// Takes in a key of another list.
    ///
    /// # Errors
    /// [`Code::KeyName`].
    pub fn add(&mut self, key: KnownKey) -> Result<()> {
        let name = self.free_name(key.kind, &key.name)?;
        self.keys.push(KnownKey { name, ..key });
        Ok(())
    }

    /// The keys, in the order they were taken in.
    pub fn keys(&self) -> &[KnownKey] {
        &self.keys
    }

    /// Makes an identity of age in a new file at `path`, which only its owner can read.
    ///
    /// # Errors
    /// [`Code::Exists`], [`Code::KeyName`].
    pub fn make_identity(&mut self, name: &str, path: &Path) -> Result<()> {
        let name = self.free_name(KnownKeyKind::Identity, name)?;
        let (text, recipient) = AgeIdentity::generate();
        fs::write_private(path, text.as_bytes(), Existing::Keep)?;
        self.insert(KnownKeyKind::Identity, name, absolute(path)?, Some(recipient));
        Ok(())
    }

    /// Takes in an identity that there is already: the path of a file, a `pkcs11:` URI or a `vault://` address.
    ///
    /// # Errors
    /// [`Code::KeyName`]; those of [`Identity::parse`], except for a missing passphrase or PIN.
    pub fn add_identity(&mut self, name: &str, address: &str) -> Result<()> {
        let name = self.free_name(KnownKeyKind::Identity, name)?;
        match Identity::parse(address, &nobody()) {
            Err(e) if e.code() != Code::IdentityLocked => return Err(e),
            _ => {}
        }
        let path = Path::new(address);
        let is_file = path.is_file();
        let public = if is_file { public_part(path) } else { None };
        let address = if is_file { absolute(path)? } else { address.to_owned() };
        self.insert(KnownKeyKind::Identity, name, address, public);
        Ok(())
    }

    /// Takes in somebody to lock bundles for: what [`Recipient::parse`] takes. `ask` is asked for the PIN of a token that
    /// shows its public key to nobody else.
    ///
    /// # Errors
    /// [`Code::KeyName`]; those of [`Recipient::parse`].
    pub fn add_recipient(&mut self, name: &str, text: &str, ask: &Arc<dyn Ask>) -> Result<()> {
        let name = self.free_name(KnownKeyKind::Recipient, name)?;
        Recipient::parse(text, ask)?;
        let path = Path::new(text);
        let address = if path.is_file() { absolute(path)? } else { text.to_owned() };
        self.insert(KnownKeyKind::Recipient, name, address, None);
        Ok(())
    }

    /// Makes a key that signs, as `PREFIX.key` and `PREFIX.pub`.
    ///
    /// # Errors
    /// [`Code::Exists`], [`Code::KeyName`].
    pub fn make_signing_key(&mut self, name: &str, prefix: &Path, passphrase: &Passphrase) -> Result<()> {
        let name = self.free_name(KnownKeyKind::Signing, name)?;
        // One that is called cosign.key is meant whole.
        let prefix = if prefix.extension().is_some_and(|end| end == "key" || end == "pub") {
            prefix.with_extension("")
        } else {
            prefix.to_owned()
        };
        let key = SigningKey::generate(SigningKeyType::EcdsaP256);
        write_signing_key(&prefix, &key, Some(passphrase))?;
        let path = absolute(&with_suffix(&prefix, ".key"))?;
        self.insert(KnownKeyKind::Signing, name, path, Some(key.public_key().to_pem()));
        Ok(())
    }

    /// Takes in a key file that there is already. Its public part is read from the `.pub` beside it; only where there is
    /// none, the key is opened.
    ///
    /// # Errors
    /// [`Code::KeyName`]; those of [`read_signing_key`].
    pub fn add_signing_key(
        &mut self,
        name: &str,
        path: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<()> {
        let name = self.free_name(KnownKeyKind::Signing, name)?;
        // Tells a file that is no key.
        super::is_signing_key_locked(path)?;
        let key = match read_public_key(&path.with_extension("pub")) {
            Ok(key) if passphrase.is_none() => key,
            _ => read_signing_key(path, passphrase)?.public_key(),
        };
        self.insert(KnownKeyKind::Signing, name, absolute(path)?, Some(key.to_pem()));
        Ok(())
    }

    /// Takes the key out of the list. No file is deleted.
    pub fn remove(&mut self, kind: KnownKeyKind, name: &str) {
        self.keys.retain(|key| key.kind != kind || key.name != name);
    }

    fn insert(&mut self, kind: KnownKeyKind, name: String, address: String, public: Option<String>) {
        let now = Timestamp::now();
        let added = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
        self.keys.push(KnownKey { kind, name, address, public, added });
    }

    /// `name`, if it can be the name of another key of this kind.
    fn free_name(&self, kind: KnownKeyKind, name: &str) -> Result<String> {
        let name = name.trim();
        let is_taken = self.keys.iter().any(|key| key.kind == kind && key.name == name);
        let is_bad = name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control);
        if is_taken || is_bad {
            return Err(Error::new(Code::KeyName).with(Fact::Found, name));
        }
        Ok(name.to_owned())
    }
}

fn nobody() -> Arc<dyn Ask> {
    Arc::new(NobodyAnswers)
}

fn absolute(path: &Path) -> Result<String> {
    let path = std::path::absolute(path).map_err(|e| Error::read(path, e))?;
    Ok(path.to_string_lossy().into_owned())
}

/// The recipient of an identity file: in its own comment, as age writes it, or in the `.pub` beside it, as OpenSSH does.
fn public_part(path: &Path) -> Option<String> {
    let text = Zeroizing::new(fs::read_text(path, MAX_BYTES).ok()?);
    let comment = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    let public = comment.map(str::to_owned).or_else(|| {
        let text = fs::read_text(&with_suffix(path, ".pub"), MAX_BYTES).ok()?;
        text.lines().next().map(str::to_owned)
    })?;
    // The comment may say anything.
    let public = public.trim();
    let is_recipient = public.starts_with("age1") || public.starts_with("ssh-");
    (is_recipient && Recipient::parse(public, &nobody()).is_ok()).then(|| public.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_keeps_paths_and_public_parts_and_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mut book = KeyBook::load(&at("keys.toml")).unwrap();
        book.make_identity("现场 A", &at("a.txt")).unwrap();
        let recipient = book.keys()[0].public.clone().unwrap();
        book.add_recipient("site A", &recipient, &nobody()).unwrap();
        let passphrase = Passphrase::new(b"mural cabbage unplug wooing".to_vec()).unwrap();
        book.make_signing_key("acme", &at("cosign.key"), &passphrase).unwrap();
        book.save(&at("conf/keys.toml")).unwrap();
        assert_eq!(KeyBook::load(&at("conf/keys.toml")).unwrap(), book);

        let text = std::fs::read_to_string(at("conf/keys.toml")).unwrap();
        assert!(text.contains(&recipient) && text.contains("BEGIN PUBLIC KEY"), "{text}");
        assert!(!text.contains("AGE-SECRET-KEY") && !text.contains("PRIVATE"), "{text}");
        let public = read_public_key(&at("cosign.pub")).unwrap();
        assert_eq!(book.keys()[2].key_id(), Some(public.id()));

        // The same files, as somebody else's list takes them in.
        let mut other = KeyBook::default();
        other.add_identity("mine", at("a.txt").to_str().unwrap()).unwrap();
        assert_eq!(other.keys()[0].public, Some(recipient));
        other.add_signing_key("acme", &at("cosign.key"), None).unwrap();
        assert_eq!(other.keys()[1].public, book.keys()[2].public);
        std::fs::remove_file(at("cosign.pub")).unwrap();
        let code = |result: Result<()>| result.unwrap_err().code();
        let locked = other.add_signing_key("b", &at("cosign.key"), None);
        assert_eq!(code(locked), Code::SigningKeyRefused);
        other.add_signing_key("b", &at("cosign.key"), Some(&passphrase)).unwrap();

        // A key file outlives its entry, and is never written over.
        book.remove(KnownKeyKind::Identity, "现场 A");
        assert!(at("a.txt").is_file() && book.keys().len() == 2);
        assert_eq!(code(book.make_identity("new", &at("a.txt"))), Code::Exists);
    }

    #[test]
    fn what_is_no_key_or_has_no_name_of_its_own_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (_, recipient) = AgeIdentity::generate();
        let mut book = KeyBook::default();
        let code = |result: Result<()>| result.unwrap_err().code();
        book.add_recipient("a", &recipient, &nobody()).unwrap();
        for name in ["a", " a ", "", "\n\u{7}x", &"x".repeat(129)] {
            assert_eq!(code(book.add_recipient(name, &recipient, &nobody())), Code::KeyName, "{name:?}");
        }
        assert_eq!(code(book.add_recipient("b", "age1nonsense", &nobody())), Code::BadRecipient);
        let (secret, _) = AgeIdentity::generate();
        let secret = secret.lines().nth(1).unwrap();
        assert!(book.add_recipient("b", secret, &nobody()).is_err(), "a private key is no recipient");
        assert_eq!(book.keys().len(), 1);

        let path = dir.path().join("keys.toml");
        for text in ["version = 2", "version = 1\n[[key]]\nkind = \"other\"", "nonsense"] {
            fs::write(&path, text.as_bytes(), Existing::Replace).unwrap();
            assert_eq!(KeyBook::load(&path).unwrap_err().code(), Code::BadKeyBook, "{text}");
        }
    }

    #[test]
    fn a_signing_key_is_due_after_a_year() {
        let key = |kind, added: &str| KnownKey {
            kind,
            name: String::new(),
            address: String::new(),
            public: None,
            added: added.into(),
        };
        assert!(key(KnownKeyKind::Signing, "2020-01-01T00:00:00Z").is_due());
        assert!(!key(KnownKeyKind::Identity, "2020-01-01T00:00:00Z").is_due());
        assert!(!key(KnownKeyKind::Signing, &Timestamp::now().to_string()).is_due());
    }

    #[test]
    fn lists_that_are_changed_at_once_lose_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("conf/keys.toml");
        let key = |name: String| KnownKey {
            kind: KnownKeyKind::Recipient,
            name,
            address: "age1".into(),
            public: None,
            added: String::new(),
        };
        std::thread::scope(|scope| {
            for window in 0..4 {
                let (path, key) = (&path, &key);
                scope.spawn(move || {
                    for number in 0..8 {
                        KeyBook::update(path, |book| book.add(key(format!("{window}-{number}")))).unwrap();
                    }
                });
            }
        });
        assert_eq!(KeyBook::load(&path).unwrap().keys().len(), 32);
        // Nothing is written where the change is refused.
        let taken = KeyBook::update(&path, |book| book.add(key("0-0".into())));
        assert_eq!(taken.unwrap_err().code(), Code::KeyName);
        assert_eq!(KeyBook::load(&path).unwrap().keys().len(), 32);
    }
}
