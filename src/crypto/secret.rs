//! Keys and passphrases: wiped when dropped, never printed, never cloned.

use std::{fmt, sync::Arc};

use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Code, Error, Fact, Result};

/// Bytes of every symmetric key here (AES-256, HMAC-SHA-256).
pub(crate) const KEY_BYTES: usize = 32;
/// Longest passphrase, in bytes of UTF-8 before normalisation.
const MAX_PASSPHRASE_BYTES: usize = 1024;

/// `N` bytes from the system's random number generator.
///
/// # Panics
/// When the system has none: nothing this program does is safe then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system's random number generator works");
    bytes
}

/// A 256-bit key.
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// A fresh random key.
    pub(crate) fn random() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// A key of bytes that `fill` writes; they are wiped if it fails.
    pub(crate) fn from_fn<E>(
        fill: impl FnOnce(&mut [u8; KEY_BYTES]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Self, E> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A passphrase as the KDF takes it: UTF-8 in Unicode normal form C, 1 to 1,024 bytes, one line.
pub struct Passphrase(Arc<Zeroizing<String>>);

impl Passphrase {
    /// Takes what a user typed or a file holds; one trailing line end is dropped.
    ///
    /// # Errors
    /// [`Code::BadPassphrase`] when it is empty, too long, not UTF-8, or more than one line.
    pub fn new(mut bytes: Vec<u8>) -> Result<Self> {
        let refused = |detail| Err(Error::new(Code::BadPassphrase).with(Fact::Detail, detail));
        let checked = match std::str::from_utf8(bytes.strip_suffix(b"\n").unwrap_or(&bytes)) {
            Err(_) => refused("not UTF-8"),
            Ok(text) => match text.strip_suffix('\r').unwrap_or(text) {
                "" => refused("empty"),
                text if text.len() > MAX_PASSPHRASE_BYTES => refused("longer than 1,024 bytes"),
                text if text.contains(['\n', '\r', '\0']) => refused("more than one line"),
                // Normal form C never grows UTF-8 text more than threefold (UAX #15), so nothing reallocates.
                text => {
                    let mut normal = Zeroizing::new(String::with_capacity(3 * text.len()));
                    normal.extend(text.nfc());
                    Ok(Self(Arc::new(normal)))
                }
            },
        };
        bytes.zeroize();
        checked
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same bytes, not a copy of them, for a thread that may outlive the caller.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// Whether both are the same passphrase; for typing one twice, so not constant in time.
    pub fn matches(&self, other: &Self) -> bool {
        **self.0 == **other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passphrases_are_normalised_and_bounded() {
        let composed = Passphrase::new("é口令".into()).unwrap();
        let decomposed = Passphrase::new("e\u{301}口令\r\n".into()).unwrap();
        assert!(composed.matches(&decomposed));
        for bad in [&b""[..], b"\n", b"a\nb", b"a\0b", b"\xff\xfe", &[b'x'; 1025]] {
            assert_eq!(Passphrase::new(bad.to_vec()).unwrap_err().code(), Code::BadPassphrase);
        }
        assert_eq!(format!("{composed:?} {:?}", Key::random()), "Passphrase(…) Key(…)");
    }
}
