//! Key files: 32 random bytes in a file of their own, for hosts where nobody is there to type. docs/bundle-format.md §7.3.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use super::{Opened, code, wrapped};
use crate::{
    bundle::{SetId, Slot},
    crypto::{Key, hkdf, random},
    error::{Code, Error, Result},
};

pub(super) const KIND: u16 = 2;
/// Prefix of the code in the file.
const PREFIX: &str = "sealift-key-";
const SALT_BYTES: usize = 32;

/// The key that a key file holds.
pub struct KeyFile(Arc<Key>);

impl KeyFile {
    /// A new random one.
    pub fn generate() -> Self {
        Self(Arc::new(Key::random()))
    }

    /// Whether `text` has the form of a key file, right or mistyped.
    pub(super) fn is_meant(text: &str) -> bool {
        code::line(text, PREFIX).is_some()
    }

    /// Reads the content of a key file.
    ///
    /// # Errors
    /// [`Code::BadIdentity`] when no line is a key, or it was mistyped.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(Code::BadIdentity);
        let bytes = code::line(text, PREFIX).and_then(|line| code::decode(PREFIX, line)).ok_or_else(bad)?;
        let key = Key::from_fn(|key| <[u8; 32]>::try_from(&bytes[..]).map(|bytes| *key = bytes));
        Ok(Self(Arc::new(key.map_err(|_| bad())?)))
    }

    /// What the file holds.
    pub fn to_text(&self) -> Zeroizing<String> {
        code::encode(PREFIX, self.0.as_bytes())
    }

    pub(super) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    pub(super) fn seal(&self, set_id: &SetId, key: &Key) -> Slot {
        let salt: [u8; SALT_BYTES] = random();
        wrapped::seal(KIND, set_id, key, &self.slot_key(&salt), &salt)
    }

    pub(super) fn open(&self, set_id: &SetId, slot: &Slot) -> Opened {
        let Some(wrapped) = wrapped::Wrapped::decode(&slot.body) else { return Opened::Refused };
        let Ok(salt) = wrapped.details.try_into() else { return Opened::Refused };
        wrapped.open(KIND, set_id, &self.slot_key(salt)).map_or(Opened::Refused, Opened::Key)
    }

    /// A key of this slot alone, so that equal key files do not show in slots.
    fn slot_key(&self, salt: &[u8; SALT_BYTES]) -> Key {
        hkdf(salt, &self.0, b"sealift/v1/key-file")
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFile(…)")
    }
}
