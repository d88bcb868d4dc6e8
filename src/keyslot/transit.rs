//! Keys that a Vault or `OpenBao` server keeps: its transit engine encrypts the slot key. docs/bundle-format.md §7.6.
//!
//! The slot holds what the server gave and nothing of where it is: that is for the site to know.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use reqwest::Url;
use zeroize::Zeroizing;

use super::{Opened, is_label, recipient::read_key_file, wrapped};
use crate::{
    bundle::{SetId, Slot},
    crypto::{KEY_BYTES, Key, Passphrase},
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{Login, Transit},
};

pub(super) const KIND: u16 = 5;
/// What such a key's address begins with.
const SCHEMES: [(&str, &str); 2] = [("vault://", "https://"), ("vault+http://", "http://")];
/// What every ciphertext of transit begins with; `v` and the version of the key follow.
const PREFIX: &str = "vault:";

/// One key of one server, and how it is entered.
#[derive(Clone)]
pub struct TransitKey(Arc<Inner>);

struct Inner {
    transit: Transit,
    entry: Entry,
}

/// Where the secret lies that enters the server; it is read when it is needed.
enum Entry {
    Token(PathBuf),
    AppRole { role_id: String, secret_id: PathBuf },
}

impl TransitKey {
    pub(super) fn is_meant(text: &str) -> bool {
        SCHEMES.iter().any(|(scheme, _)| text.starts_with(scheme))
    }

    /// Reads `vault://HOST[:PORT]/[MOUNT/]KEY?token-file=…&ca=…&namespace=…&role-id=…&secret-id-file=…`. Without any of
    /// them the token is what `vault login` leaves in the home folder.
    ///
    /// # Errors
    /// [`Code::BadVaultAddress`]; [`Code::PlainHttp`] without TLS to another host.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(Code::BadVaultAddress).with(Fact::Found, text);
        let http =
            SCHEMES.iter().find_map(|(scheme, http)| Some(format!("{http}{}", text.strip_prefix(scheme)?)));
        let url = http.and_then(|http| http.parse::<Url>().ok()).ok_or_else(bad)?;
        let path = url.path().trim_matches('/');
        let (mount, key) = path.rsplit_once('/').unwrap_or(("transit", path));
        let is_plain = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        if !is_plain(key) || !mount.split('/').all(is_plain) {
            return Err(bad().worded(Fact::Detail, "detail-vault-no-key-name", &[]));
        }
        let (mut token, mut ca, mut namespace, mut role_id, mut secret_id) = (None, None, None, None, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "token-file" => token = Some(PathBuf::from(&*value)),
                "ca" => ca = Some(PathBuf::from(&*value)),
                "namespace" => namespace = Some(value.into_owned()),
                "role-id" => role_id = Some(value.into_owned()),
                "secret-id-file" => secret_id = Some(PathBuf::from(&*value)),
                other => return Err(bad().with(Fact::Field, other)),
            }
        }
        let entry = match (role_id, secret_id) {
            (Some(role_id), Some(secret_id)) => Entry::AppRole { role_id, secret_id },
            (None, None) => Entry::Token(
                token.or_else(default_token).ok_or_else(|| bad().with(Fact::Field, "token-file"))?,
            ),
            _ => return Err(bad().worded(Fact::Detail, "detail-vault-role-and-secret", &[])),
        };
        let (mount, key) = (mount.to_owned(), key.to_owned());
        let mut base = url.clone();
        base.set_path("/");
        base.set_query(None);
        let transit = Transit::new(base, mount, key, namespace, ca)?;
        Ok(Self(Arc::new(Inner { transit, entry })))
    }

    fn login(&self) -> Result<Login> {
        Ok(match &self.0.entry {
            Entry::Token(path) => Login::Token(self.secret(path)?),
            Entry::AppRole { role_id, secret_id } => {
                Login::AppRole { role_id: role_id.clone(), secret_id: self.secret(secret_id)? }
            }
        })
    }

    /// One line of a file, which is what enters the server.
    fn secret(&self, path: &Path) -> Result<Zeroizing<String>> {
        let read = || -> Result<_> {
            let line = Passphrase::new(read_key_file(path)?.to_vec()).map_err(|e| e.at(path))?;
            Ok(Zeroizing::new(line.as_str().to_owned()))
        };
        read().map_err(|e| match e.code() {
            Code::NotFound | Code::BadPassphrase => {
                e.recoded(Code::NoVaultToken).with(Fact::Server, self.0.transit.host())
            }
            _ => e,
        })
    }

    pub(super) fn seal(&self, ctx: &Ctx, set_id: &SetId, key: &Key) -> Result<Slot> {
        let slot_key = Key::random();
        let ciphertext = self.0.transit.encrypt(ctx, &self.login()?, slot_key.as_bytes())?;
        if version(&ciphertext).is_none() {
            return Err(Error::new(Code::VaultFailed).worded(
                Fact::Detail,
                "detail-vault-no-ciphertext",
                &[],
            ));
        }
        Ok(wrapped::seal(KIND, set_id, key, &slot_key, ciphertext.as_bytes()))
    }

    pub(super) fn open(&self, ctx: &Ctx, set_id: &SetId, slot: &Slot) -> Result<Opened> {
        let wrapped = wrapped::Wrapped::decode(&slot.body);
        let ciphertext = wrapped.as_ref().and_then(|wrapped| std::str::from_utf8(wrapped.details).ok());
        let Some((wrapped, ciphertext)) =
            wrapped.as_ref().zip(ciphertext.filter(|text| version(text).is_some()))
        else {
            return Ok(Opened::Refused);
        };
        let plain = self.0.transit.decrypt(ctx, &self.login()?, ciphertext)?;
        let slot_key = plain.and_then(|plain| {
            Key::from_fn(|key| <[u8; KEY_BYTES]>::try_from(&plain[..]).map(|bytes| *key = bytes)).ok()
        });
        let key = slot_key.and_then(|slot_key| wrapped.open(KIND, set_id, &slot_key));
        Ok(key.map_or(Opened::Refused, Opened::Key))
    }
}

/// Where `vault login` leaves its token.
fn default_token() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".vault-token"))
}

/// The version of the key that a ciphertext names, as `v1`; `None` where it is no ciphertext of transit.
fn version(ciphertext: &str) -> Option<&str> {
    let (version, _) = ciphertext.strip_prefix(PREFIX)?.split_once(':')?;
    Some(version).filter(|version| version.starts_with('v') && is_label(version))
}

/// The version of the key, for listings; nothing of a malformed slot.
pub(super) fn describe(slot: &Slot) -> String {
    let wrapped = wrapped::Wrapped::decode(&slot.body);
    let ciphertext = wrapped.as_ref().and_then(|wrapped| std::str::from_utf8(wrapped.details).ok());
    ciphertext.and_then(version).unwrap_or_default().to_owned()
}

impl fmt::Debug for TransitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransitKey({})", self.0.transit.key())
    }
}
