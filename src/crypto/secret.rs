//! Keys and passphrases: wiped when dropped, never printed, never cloned.

use std::{fmt, sync::Arc};

use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use super::locked::Locked;
use crate::{
    error::{Code, Error, Fact, Result},
    fs::unmark,
};

/// Bytes of every symmetric key here (AES-256, HMAC-SHA-256).
pub(crate) const KEY_BYTES: usize = 32;
/// Longest passphrase, in bytes of UTF-8 before normalisation.
const MAX_PASSPHRASE_BYTES: usize = 1024;
/// Normal form C never grows UTF-8 text more than threefold (UAX #15).
const MAX_NORMAL_BYTES: usize = 3 * MAX_PASSPHRASE_BYTES;
/// A new passphrase is long with so many characters, or so many words.
const LONG_CHARS: usize = 15;
const LONG_WORDS: usize = 5;

/// `N` bytes from the system's random number generator.
///
/// # Panics
/// When the system has none: nothing this program does is safe then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system's random number generator works");
    bytes
}

/// A 256-bit key, kept out of swap.
pub(crate) struct Key(Locked<Zeroizing<[u8; KEY_BYTES]>>);

impl Key {
    /// A fresh random key.
    ///
    /// # Panics
    /// As [`random`].
    pub(crate) fn random() -> Self {
        let mut key = Self::zero();
        getrandom::fill(&mut key.0[..]).expect("the system's random number generator works");
        key
    }

    /// A key of bytes that `fill` writes; they are wiped if it fails.
    pub(crate) fn from_fn<E>(
        fill: impl FnOnce(&mut [u8; KEY_BYTES]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Self, E> {
        let mut key = Self::zero();
        fill(&mut key.0)?;
        Ok(key)
    }

    fn zero() -> Self {
        Self(Locked::new(Zeroizing::new([0; KEY_BYTES])))
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

/// A passphrase as the KDF takes it: UTF-8 in Unicode normal form C, 1 to 1,024 bytes, one line. Kept out of swap.
pub struct Passphrase(Arc<Locked<Normal>>);

/// Text in normal form C.
struct Normal {
    bytes: Zeroizing<[u8; MAX_NORMAL_BYTES]>,
    len_bytes: usize,
}

impl Passphrase {
    /// Takes what a user typed or a file holds; a byte order mark before it and one trailing line end are dropped.
    ///
    /// # Errors
    /// [`Code::BadPassphrase`] when it is empty, too long, not UTF-8, or more than one line.
    pub fn new(mut bytes: Vec<u8>) -> Result<Self> {
        let refused = |id| {
            let limit = [("bytes", MAX_PASSPHRASE_BYTES.to_string())];
            Err(Error::new(Code::BadPassphrase).worded(Fact::Detail, id, &limit))
        };
        if let Err(e) = unmark(&mut bytes) {
            bytes.zeroize();
            return Err(e.recoded(Code::BadPassphrase));
        }
        let checked = match std::str::from_utf8(bytes.strip_suffix(b"\n").unwrap_or(&bytes)) {
            Err(_) => refused("detail-not-utf-8"),
            Ok(text) => match text.strip_suffix('\r').unwrap_or(text) {
                "" => refused("detail-empty"),
                text if text.len() > MAX_PASSPHRASE_BYTES => refused("detail-longer-than"),
                text if text.contains(['\n', '\r', '\0']) => refused("detail-several-lines"),
                text => Ok(Self::normalised(text)),
            },
        };
        bytes.zeroize();
        checked
    }

    fn normalised(text: &str) -> Self {
        let empty = Normal { bytes: Zeroizing::new([0; MAX_NORMAL_BYTES]), len_bytes: 0 };
        let mut normal = Locked::new(empty);
        for c in text.nfc() {
            let at = normal.len_bytes;
            normal.len_bytes += c.encode_utf8(&mut normal.bytes[at..]).len();
        }
        Self(Arc::new(normal))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0.bytes[..self.0.len_bytes]
    }

    /// Whether it is as long as a new one should be: 15 characters, or 5 words. Says nothing of how well it was
    /// chosen. A bundle opens with any.
    pub fn is_long(&self) -> bool {
        let text = self.as_str();
        text.chars().count() >= LONG_CHARS || text.split_whitespace().count() >= LONG_WORDS
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The same bytes, not a copy of them, for a thread that may outlive the caller.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// Whether both are the same passphrase; for typing one twice, so not constant in time.
    pub fn matches(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
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
        // As Notepad saves it.
        let marked = Passphrase::new("\u{feff}é口令\r\n".into()).unwrap();
        assert!(marked.matches(&composed));
        for bad in [&b""[..], b"\n", b"\xef\xbb\xbf", b"a\nb", b"a\0b", b"\xff\xfe", &[b'x'; 1025]] {
            assert_eq!(Passphrase::new(bad.to_vec()).unwrap_err().code(), Code::BadPassphrase);
        }
        // The character that grows most in normal form C.
        let grown = Passphrase::new("\u{1d160}".repeat(256).into_bytes()).unwrap();
        assert_eq!(grown.as_bytes().len(), MAX_NORMAL_BYTES);
        assert_eq!(format!("{composed:?} {:?}", Key::random()), "Passphrase(…) Key(…)");
    }

    #[test]
    fn a_long_passphrase_has_fifteen_characters_or_five_words() {
        for (text, is_long) in [
            ("fourteen chars", false),
            ("fifteen charact", true),
            ("a b c d", false),
            (" a b c d ", false),
            ("a b c d e", true),
            ("天涯若比邻", false),
            ("窗 朽 邮 鼎 蔗 拂 谜", true),
        ] {
            assert_eq!(Passphrase::new(text.into()).unwrap().is_long(), is_long, "{text}");
        }
    }
}
