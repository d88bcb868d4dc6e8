//! The keys and identities that a user confirmed, by the vendor's name, and the newest release of each product that was
//! taken.
//!
//! One file that people can read. A key is pinned: nothing but its owner's word over another channel makes it trusted,
//! and no other key replaces it by itself. So is the trusted root that an identity stands under. docs/trust.md.

mod file;
mod known;
mod releases;

pub(crate) use known::is_a_year_ago;
pub use known::{TrustedIdentity, TrustedKey};

use std::path::Path;

use jiff::Timestamp;

use super::{
    keyless::{Signer, TrustedRoot},
    policy::AcceptedRelease,
};
use crate::{
    bundle::rfc3339,
    crypto::PublicKey,
    document,
    error::{Code, Error, Fact, Result},
    fs::{self, Existing},
};
use releases::SeenRelease;

/// Largest store that is read.
const MAX_BYTES: u64 = 4 << 20;
/// Longest identity, and longest issuer.
const MAX_IDENTITY_BYTES: usize = 2048;
/// Fewest digits of a key's fingerprint that name it.
const MIN_ID_DIGITS: usize = 8;

/// The trusted keys and identities, and what was taken so far.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    keys: Vec<TrustedKey>,
    identities: Vec<TrustedIdentity>,
    /// Those that identities stand under, each once.
    trusted_roots: Vec<TrustedRoot>,
    releases: Vec<SeenRelease>,
}

impl TrustStore {
    /// Reads the store at `path`; one that does not exist is empty.
    ///
    /// # Errors
    /// [`Code::BadTrustStore`].
    pub fn load(path: &Path) -> Result<Self> {
        match document::load(path, MAX_BYTES, Code::BadTrustStore, Self::parse) {
            Err(e) if e.code() == Code::NotFound => Ok(Self::default()),
            read => read,
        }
    }

    /// Writes the store to `path`, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        fs::create_dir(fs::parent(path))?;
        fs::write(path, self.encode()?.as_bytes(), Existing::Replace)
    }

    /// Changes the store at `path`: reads it, and writes what `change` made of it, unless that is nothing new. Two programs
    /// do so one after the other, so that neither loses what the other added. Gives the store as it is then.
    ///
    /// # Errors
    /// [`Code::BadTrustStore`]; those of `change`; [`Code::Busy`] when another program does not end.
    pub fn update(path: &Path, change: impl FnOnce(&mut Self) -> Result<()>) -> Result<Self> {
        fs::create_dir(fs::parent(path))?;
        let _lock = fs::Lock::take(path)?;
        let mut store = Self::load(path)?;
        let before = store.encode()?;
        change(&mut store)?;
        if store.encode()? != before {
            store.save(path)?;
        }
        Ok(store)
    }

    /// The keys, in the order they were confirmed.
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// The key of that fingerprint.
    pub fn by_id(&self, id: &str) -> Option<&TrustedKey> {
        self.keys.iter().find(|key| key.key_id == id)
    }

    /// The identities, in the order they were confirmed.
    pub fn identities(&self) -> &[TrustedIdentity] {
        &self.identities
    }

    /// The trusted roots that identities stand under.
    pub(super) fn trusted_roots(&self) -> &[TrustedRoot] {
        &self.trusted_roots
    }

    /// The identity that `root` proved to be the signer.
    pub(super) fn by_signer(&self, root: &TrustedRoot, signer: &Signer) -> Option<&TrustedIdentity> {
        self.identities.iter().find(|known| {
            known.trusted_root == root.id()
                && known.identity == signer.identity
                && known.issuer == signer.issuer
        })
    }

    /// Whether any key or identity is of that vendor.
    pub(crate) fn has_vendor(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name) || self.identities.iter().any(|known| known.name == name)
    }

    /// Trusts `key` as one of the vendor `name`, from now on. The user has compared its words with the vendor's.
    ///
    /// # Errors
    /// [`Code::KeyTrusted`], [`Code::BadVendorName`].
    pub fn add(&mut self, name: &str, key: PublicKey) -> Result<&TrustedKey> {
        self.insert(name, key, rfc3339(Timestamp::now()))
    }

    /// Trusts signatures made with certificates for `identity` by `issuer`, under `root`, as those of the vendor `name`. The
    /// user has compared the words of `root`.
    ///
    /// # Errors
    /// [`Code::IdentityTrusted`], [`Code::BadSigner`], [`Code::BadVendorName`].
    pub fn add_identity(
        &mut self,
        name: &str,
        identity: &str,
        issuer: &str,
        root: TrustedRoot,
    ) -> Result<&TrustedIdentity> {
        let known = TrustedIdentity {
            name: name.to_owned(),
            identity: identity.to_owned(),
            issuer: issuer.to_owned(),
            trusted_root: root.id().to_owned(),
            added: rfc3339(Timestamp::now()),
        };
        self.insert_identity(known)?;
        if !self.trusted_roots.contains(&root) {
            self.trusted_roots.push(root);
        }
        Ok(&self.identities[self.identities.len() - 1])
    }

    fn insert_identity(&mut self, new: TrustedIdentity) -> Result<()> {
        check_name(&new.name)?;
        for text in [&new.identity, &new.issuer] {
            let is_bad = |c: char| c.is_whitespace() || c.is_control() || c == '*';
            if text.is_empty() || text.len() > MAX_IDENTITY_BYTES || text.contains(is_bad) {
                return Err(Error::new(Code::BadSigner).with(Fact::Found, text));
            }
        }
        let is_same = |known: &&TrustedIdentity| {
            (&known.identity, &known.issuer, &known.trusted_root)
                == (&new.identity, &new.issuer, &new.trusted_root)
        };
        if let Some(known) = self.identities.iter().find(is_same) {
            return Err(Error::new(Code::IdentityTrusted)
                .with(Fact::Vendor, &known.name)
                .with(Fact::Found, &known.identity));
        }
        self.identities.push(new);
        Ok(())
    }

    fn insert(&mut self, name: &str, public_key: PublicKey, added: String) -> Result<&TrustedKey> {
        check_name(name)?;
        let key_id = public_key.id();
        if let Some(known) = self.by_id(&key_id) {
            return Err(Error::new(Code::KeyTrusted)
                .with(Fact::Vendor, &known.name)
                .with(Fact::Found, key_id));
        }
        let key_type = public_key.key_type();
        self.keys.push(TrustedKey { name: name.to_owned(), key_id, key_type, added, public_key });
        Ok(&self.keys[self.keys.len() - 1])
    }

    /// Trusts no longer the keys and identities of the vendor `which`, the identity `which`, or what has the fingerprint that
    /// begins so: a key, or a trusted root with all identities under it. Returns how many. What was taken from the vendor
    /// stays known, so that it cannot be rolled back by coming again.
    ///
    /// # Errors
    /// [`Code::NoSuchVendor`].
    pub fn remove(&mut self, which: &str) -> Result<usize> {
        let num = |store: &Self| store.keys.len() + store.identities.len();
        let num_before = num(self);
        let begins = |id: &str| which.len() >= MIN_ID_DIGITS && id.starts_with(which);
        self.keys.retain(|key| key.name != which && !begins(&key.key_id));
        self.identities
            .retain(|known| known.name != which && known.identity != which && !begins(&known.trusted_root));
        self.drop_idle_roots();
        match num_before - num(self) {
            0 => Err(Error::new(Code::NoSuchVendor).with(Fact::Vendor, which)),
            num_removed => Ok(num_removed),
        }
    }

    /// Trusts that identity no longer, and its trusted root no longer than any other identity stands under it.
    ///
    /// # Errors
    /// [`Code::NoSuchVendor`].
    pub fn remove_identity(&mut self, which: &TrustedIdentity) -> Result<()> {
        let at = self.identities.iter().position(|known| known == which);
        let at = at.ok_or_else(|| Error::new(Code::NoSuchVendor).with(Fact::Vendor, &which.name))?;
        self.identities.remove(at);
        self.drop_idle_roots();
        Ok(())
    }

    fn drop_idle_roots(&mut self) {
        let identities = &self.identities;
        self.trusted_roots.retain(|root| identities.iter().any(|known| known.trusted_root == root.id()));
    }
}

fn check_name(name: &str) -> Result<()> {
    let is_good = |c: char| c.is_alphanumeric() || "._- ".contains(c);
    // A name of hex digits alone would be taken for a fingerprint.
    let is_id = name.len() >= MIN_ID_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.is_empty() || name.len() > 128 || name.trim() != name || is_id || !name.chars().all(is_good) {
        return Err(Error::new(Code::BadVendorName).with(Fact::Found, name));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
