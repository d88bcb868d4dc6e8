//! The keys and identities that a user confirmed, by the vendor's name, and the newest release of each product that was
//! taken.
//!
//! One file that people can read. A key is pinned: nothing but its owner's word over another channel makes it trusted,
//! and no other key replaces it by itself. So is the trusted root that an identity stands under. docs/trust.md.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    keyless::{Signer, TrustedRoot},
    policy::AcceptedRelease,
};
use crate::{
    bundle::{Release, check_product, rfc3339},
    crypto::{PublicKey, SigningKeyType},
    error::{Code, Error, Fact, Result},
    fs::{self, Existing},
};

/// Largest store that is read.
const MAX_BYTES: u64 = 4 << 20;
/// Longest identity, and longest issuer.
const MAX_IDENTITY_BYTES: usize = 2048;
/// Format of the file.
const VERSION: u32 = 1;
/// Fewest digits of a key's fingerprint that name it.
const MIN_ID_DIGITS: usize = 8;
/// A key is to be replaced after a year.
const HOURS_OF_A_KEY: i64 = 365 * 24;

/// A vendor's key. A vendor may have several: the next is trusted before the last is retired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustedKey {
    /// The vendor, as the user calls it.
    pub name: String,
    /// SHA-256 of the key: 64 hex digits.
    pub key_id: String,
    /// Its kind.
    pub key_type: SigningKeyType,
    /// When it was confirmed: RFC 3339.
    pub added: String,
    /// The key itself.
    #[serde(skip)]
    pub public_key: PublicKey,
}

impl TrustedKey {
    /// Whether it has been in use for a year: time to ask the vendor for the next.
    pub fn is_due(&self) -> bool {
        is_a_year_ago(&self.added)
    }
}

/// A vendor's identity in the certificates of keyless signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustedIdentity {
    /// The vendor, as the user calls it.
    pub name: String,
    /// The certificate's subject alternative name, exactly: an e-mail address, or the URI of a workflow.
    pub identity: String,
    /// The issuer of the OIDC token, exactly.
    pub issuer: String,
    /// SHA-256 of the trusted root under which it is trusted: 64 hex digits.
    pub trusted_root: String,
    /// When it was confirmed: RFC 3339.
    pub added: String,
}

/// Whether a key of this age, RFC 3339, is to be replaced.
pub(crate) fn is_a_year_ago(added: &str) -> bool {
    let added: Option<Timestamp> = added.parse().ok();
    added.is_some_and(|added| Timestamp::now().duration_since(added).as_hours() >= HOURS_OF_A_KEY)
}

/// The trusted keys and identities, and what was taken so far.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    keys: Vec<TrustedKey>,
    identities: Vec<TrustedIdentity>,
    /// Those that identities stand under, each once.
    trusted_roots: Vec<TrustedRoot>,
    releases: Vec<SeenRelease>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, rename = "vendor")]
    vendors: Vec<StoredKey>,
    #[serde(default, rename = "identity")]
    identities: Vec<StoredIdentity>,
    #[serde(default, rename = "trusted_root")]
    trusted_roots: Vec<StoredRoot>,
    #[serde(default, rename = "release")]
    releases: Vec<SeenRelease>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    name: String,
    key_id: String,
    added: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredIdentity {
    vendor: String,
    identity: String,
    issuer: String,
    trusted_root: String,
    added: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRoot {
    sha256: String,
    json: String,
}

/// The newest release of a product that was taken from a vendor.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenRelease {
    vendor: String,
    product: String,
    release: String,
    seen: String,
}

impl TrustStore {
    /// Reads the store at `path`; one that does not exist is empty.
    ///
    /// # Errors
    /// [`Code::BadTrustStore`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = match fs::read_text(path, MAX_BYTES) {
            Err(e) if e.code() == Code::NotFound => return Ok(Self::default()),
            read => {
                read.map_err(|e| if e.code() == Code::Limit { e.recoded(Code::BadTrustStore) } else { e })?
            }
        };
        Self::parse(&text).map_err(|e| e.at(path))
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(Code::BadTrustStore);
        let document: Document =
            toml::from_str(text).map_err(|e| bad().with(Fact::System, e.message()).caused_by(e))?;
        if document.version != VERSION {
            return Err(bad().with(Fact::Field, "version").with(Fact::Found, document.version));
        }
        let mut store = Self::default();
        for stored in document.vendors {
            let refused = |field: &str| bad().with(Fact::Vendor, &stored.name).with(Fact::Field, field);
            let public_key =
                PublicKey::from_pem(stored.key.as_bytes()).map_err(|e| refused("key").caused_by(e))?;
            if public_key.id() != stored.key_id {
                return Err(refused("key_id")
                    .with(Fact::Expected, public_key.id())
                    .with(Fact::Found, stored.key_id));
            }
            stored.added.parse::<Timestamp>().map_err(|e| refused("added").caused_by(e))?;
            store
                .insert(&stored.name, public_key, stored.added.clone())
                .map_err(|e| refused("name").caused_by(e))?;
        }
        for stored in &document.trusted_roots {
            let refused = |field: &str| bad().with(Fact::Field, field);
            let root = TrustedRoot::from_json(&stored.json).map_err(|e| refused("json").caused_by(e))?;
            if root.id() != stored.sha256 {
                let error = refused("sha256").with(Fact::Expected, root.id());
                return Err(error.with(Fact::Found, &stored.sha256));
            }
            store.trusted_roots.push(root);
        }
        for stored in document.identities {
            let refused = |field: &str| bad().with(Fact::Vendor, &stored.vendor).with(Fact::Field, field);
            stored.added.parse::<Timestamp>().map_err(|e| refused("added").caused_by(e))?;
            if store.trusted_roots.iter().all(|root| root.id() != stored.trusted_root) {
                return Err(refused("trusted_root").with(Fact::Found, &stored.trusted_root));
            }
            let identity = TrustedIdentity {
                name: stored.vendor.clone(),
                identity: stored.identity.clone(),
                issuer: stored.issuer.clone(),
                trusted_root: stored.trusted_root.clone(),
                added: stored.added.clone(),
            };
            store.insert_identity(identity).map_err(|e| refused("identity").caused_by(e))?;
        }
        for seen in &document.releases {
            let refused = |e: Error| e.recoded(Code::BadTrustStore).or_with(Fact::Vendor, &seen.vendor);
            check_product(&seen.product).map_err(refused)?;
            seen.release.parse::<Release>().map_err(refused)?;
        }
        store.releases = document.releases;
        Ok(store)
    }

    /// Writes the store to `path`, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        fs::create_dir(fs::parent(path))?;
        fs::write(path, self.encode()?.as_bytes(), Existing::Replace)
    }

    pub(crate) fn encode(&self) -> Result<String> {
        let stored = |key: &TrustedKey| StoredKey {
            name: key.name.clone(),
            key_id: key.key_id.clone(),
            added: key.added.clone(),
            key: key.public_key.to_pem(),
        };
        let identity = |identity: &TrustedIdentity| StoredIdentity {
            vendor: identity.name.clone(),
            identity: identity.identity.clone(),
            issuer: identity.issuer.clone(),
            trusted_root: identity.trusted_root.clone(),
            added: identity.added.clone(),
        };
        let root =
            |root: &TrustedRoot| StoredRoot { sha256: root.id().to_owned(), json: root.json().to_owned() };
        let document = Document {
            version: VERSION,
            vendors: self.keys.iter().map(stored).collect(),
            identities: self.identities.iter().map(identity).collect(),
            trusted_roots: self.trusted_roots.iter().map(root).collect(),
            releases: self.releases.clone(),
        };
        toml::to_string_pretty(&document).map_err(|e| Error::new(Code::BadTrustStore).caused_by(e))
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
        let identities = &self.identities;
        self.trusted_roots.retain(|root| identities.iter().any(|known| known.trusted_root == root.id()));
        match num_before - num(self) {
            0 => Err(Error::new(Code::NoSuchVendor).with(Fact::Vendor, which)),
            num_removed => Ok(num_removed),
        }
    }

    /// The newest release of `product` that was taken from `vendor`.
    pub(crate) fn newest(&self, vendor: &str, product: &str) -> Option<Release> {
        let seen = self.releases.iter().find(|seen| seen.vendor == vendor && seen.product == product);
        seen.and_then(|seen| seen.release.parse().ok())
    }

    /// Remembers what was taken, so that nothing older is taken later. Whether anything is new.
    pub fn remember(&mut self, taken: &[AcceptedRelease]) -> bool {
        let mut is_new = false;
        for AcceptedRelease { vendor, product, release } in taken {
            let Ok(parsed) = release.parse::<Release>() else { continue };
            if self.newest(vendor, product).is_some_and(|newest| newest.precedence(&parsed).is_ge()) {
                continue;
            }
            self.releases.retain(|seen| seen.vendor != *vendor || seen.product != *product);
            self.releases.push(SeenRelease {
                vendor: vendor.clone(),
                product: product.clone(),
                release: release.clone(),
                seen: rfc3339(Timestamp::now()),
            });
            is_new = true;
        }
        is_new
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
mod tests {
    use super::*;
    use crate::crypto::SigningKey;

    fn key() -> PublicKey {
        SigningKey::generate(SigningKeyType::EcdsaP256).public_key()
    }

    fn taken(release: &str) -> Vec<AcceptedRelease> {
        vec![AcceptedRelease {
            vendor: "甲方 Acme".into(), product: "suite".into(), release: release.into()
        }]
    }

    #[test]
    fn keys_and_releases_are_kept_in_a_file() {
        let path = tempfile::tempdir().unwrap().keep().join("new/trust.toml");
        let mut store = TrustStore::load(&path).unwrap();
        assert!(store.keys().is_empty());
        let first = key();
        store.add("甲方 Acme", first.clone()).unwrap();
        store.add("甲方 Acme", key()).unwrap();
        assert_eq!(store.add("other", first.clone()).unwrap_err().code(), Code::KeyTrusted);
        assert!(store.remember(&taken("1.10")) && !store.remember(&taken("1.9")));
        store.save(&path).unwrap();

        let mut read = TrustStore::load(&path).unwrap();
        assert_eq!(read.keys(), store.keys());
        assert_eq!(read.newest("甲方 Acme", "suite").unwrap().to_string(), "1.10");
        assert!(!read.keys()[0].is_due());
        assert_eq!(read.remove(&first.id()[..8]).unwrap(), 1);
        assert_eq!(read.remove("甲方 Acme").unwrap(), 1);
        assert_eq!(read.remove("甲方 Acme").unwrap_err().code(), Code::NoSuchVendor);
        assert!(read.newest("甲方 Acme", "suite").is_some(), "what was taken stays known");
        let _ = std::fs::remove_dir_all(path.parent().and_then(Path::parent).unwrap());
    }

    #[test]
    fn identities_are_kept_with_their_trusted_root() {
        const ROOT: &str = include_str!("../../tests/testkit/keyless/public/trusted_root.json");
        let root = || TrustedRoot::from_json(ROOT).unwrap();
        let issuer = "https://issuer.example.com";
        let mut store = TrustStore::default();
        store.add_identity("acme", "a@example.com", issuer, root()).unwrap();
        store.add_identity("acme", "b@example.com", issuer, root()).unwrap();
        let again = store.add_identity("other", "a@example.com", issuer, root()).unwrap_err();
        assert_eq!(again.code(), Code::IdentityTrusted);
        for (identity, issuer) in
            [("", issuer), ("a b", issuer), ("*@example.com", issuer), ("a@example.com", "\u{7}")]
        {
            let bad = store.add_identity("acme", identity, issuer, root()).unwrap_err();
            assert_eq!(bad.code(), Code::BadSigner, "{identity:?} {issuer:?}");
        }
        assert!(store.has_vendor("acme") && !store.has_vendor("other"));
        let text = store.encode().unwrap();
        let mut read = TrustStore::parse(&text).unwrap();
        assert_eq!(read.identities(), store.identities());
        assert_eq!((read.trusted_roots(), read.trusted_roots().len()), (store.trusted_roots(), 1));
        for (from, to) in [
            ("[[trusted_root]]\nsha256 = \"", "[[trusted_root]]\nsha256 = \"0"),
            ("\ntrusted_root = \"", "\ntrusted_root = \"0"),
            ("rekor.sigstore.dev", "rekor.sigstore.example"),
            ("a@example.com", "b@example.com"),
            ("issuer.example.com", "issuer example"),
        ] {
            let altered = text.replacen(from, to, 1);
            assert_eq!(TrustStore::parse(&altered).unwrap_err().code(), Code::BadTrustStore, "{from}");
        }
        assert_eq!(read.remove("a@example.com").unwrap(), 1);
        assert_eq!(read.trusted_roots().len(), 1);
        assert_eq!(read.remove(&root().id()[..8]).unwrap(), 1);
        assert!(read.trusted_roots().is_empty() && read.encode().unwrap().len() < 100);
        // A root keeps its bytes, whatever ends its lines.
        let root = TrustedRoot::from_json(&ROOT.replace('\n', "\r\n")).unwrap();
        read.add_identity("acme", "c@example.com", issuer, root).unwrap();
        TrustStore::parse(&read.encode().unwrap()).unwrap();
    }

    #[test]
    fn names_that_mislead_are_refused() {
        for bad in ["", " a", "a\n", "a\u{202e}b", "a/b", "0123abcd", &"a".repeat(129)] {
            let refused = TrustStore::default().add(bad, key()).unwrap_err();
            assert_eq!(refused.code(), Code::BadVendorName, "{bad:?}");
        }
    }

    #[test]
    fn a_store_that_was_altered_is_refused() {
        let mut store = TrustStore::default();
        store.add("acme", key()).unwrap();
        store.remember(&taken("1.0"));
        let text = store.encode().unwrap();
        TrustStore::parse(&text).unwrap();
        let id = &store.keys()[0].key_id;
        for (from, to) in [
            ("version = 1", "version = 2"),
            ("name = ", "nickname = "),
            (&id[..1], if id.starts_with('0') { "1" } else { "0" }),
            ("\"1.0\"", "\"one\""),
            ("BEGIN PUBLIC", "BEGIN PRIVATE"),
            ("added = \"2", "added = \"x2"),
        ] {
            let at = if from.len() == 1 { text.find(id.as_str()).unwrap() } else { text.find(from).unwrap() };
            let altered = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
            assert_eq!(TrustStore::parse(&altered).unwrap_err().code(), Code::BadTrustStore, "{from} → {to}");
        }
    }
}
