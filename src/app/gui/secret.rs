//! A passphrase while it is typed: a fixed buffer that is wiped, without a history of what was undone.
//!
//! Knows nothing of screens; the password widget turns keys into [`Edit`]s.

use std::fmt;

use sealift::Passphrase;
use zeroize::{Zeroize, Zeroizing};

/// The most that a [`Passphrase`] takes, in bytes of UTF-8.
const CAPACITY_BYTES: usize = 1024;

/// One change to a [`Secret`].
pub(crate) enum Edit {
    /// Puts text in place of the selection; line ends and other controls are left out.
    Insert(Zeroizing<String>),
    /// What an input method is composing at the cursor; it is no part of the text until it is inserted.
    Compose(Zeroizing<String>),
    Backspace,
    Delete,
    /// Moves the cursor, with or without selecting what it passes.
    Move(To, Select),
    SelectAll,
    Reveal(bool),
    Clear,
}

/// Where the cursor goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To {
    Left,
    Right,
    Start,
    End,
    /// Behind so many characters.
    Place(usize),
}

/// Whether a move of the cursor selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Select {
    No,
    Yes,
}

/// What was typed so far.
pub(crate) struct Secret {
    // Boxed, so that moving the state around leaves no copies behind.
    bytes: Box<Zeroizing<[u8; CAPACITY_BYTES]>>,
    len: usize,
    /// Byte offsets, always on a character's border.
    cursor: usize,
    anchor: usize,
    is_revealed: bool,
    composed: Zeroizing<String>,
}

impl Default for Secret {
    fn default() -> Self {
        let bytes = Box::new(Zeroizing::new([0; CAPACITY_BYTES]));
        Self { bytes, len: 0, cursor: 0, anchor: 0, is_revealed: false, composed: Zeroizing::default() }
    }
}

impl Edit {
    /// Whether it can change what was typed, and not only where the cursor is.
    pub(crate) fn changes_text(&self) -> bool {
        !matches!(self, Self::Compose(_) | Self::Move(..) | Self::SelectAll | Self::Reveal(_))
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edit(…)")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// What was typed. Show it only while [`Self::is_revealed`].
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn num_chars(&self) -> usize {
        self.as_str().chars().count()
    }

    pub(crate) fn is_revealed(&self) -> bool {
        self.is_revealed
    }

    /// What an input method is composing at the cursor. Show it only while [`Self::is_revealed`].
    pub(crate) fn composed(&self) -> &str {
        &self.composed
    }

    /// The text in front of the cursor and behind it. Show it only while [`Self::is_revealed`].
    pub(crate) fn around_cursor(&self) -> (&str, &str) {
        self.as_str().split_at(self.cursor)
    }

    /// Cursor and other end of the selection, in characters.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let chars = |at: usize| self.as_str()[..at].chars().count();
        (chars(self.cursor), chars(self.anchor))
    }

    /// Whether both hold the same text; for typing one twice.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.bytes[..self.len] == other.bytes[..other.len]
    }

    /// The same text in a second field, hidden.
    pub(crate) fn duplicate(&self) -> Self {
        let mut same = Self { len: self.len, cursor: self.len, anchor: self.len, ..Self::default() };
        same.bytes.copy_from_slice(&self.bytes[..]);
        same
    }

    /// The passphrase, in the one copy that its type takes over and wipes.
    ///
    /// # Errors
    /// `BadPassphrase` when it is empty.
    pub(crate) fn passphrase(&self) -> sealift::Result<Passphrase> {
        Passphrase::new(self.bytes[..self.len].to_vec())
    }

    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Insert(text) => {
                self.composed.zeroize();
                self.insert(&text);
            }
            Edit::Compose(text) => self.composed = text,
            Edit::Backspace => self.delete(To::Left),
            Edit::Delete => self.delete(To::Right),
            Edit::Move(to, select) => {
                self.cursor = self.place(to);
                if select == Select::No {
                    self.anchor = self.cursor;
                }
            }
            Edit::SelectAll => (self.anchor, self.cursor) = (0, self.len),
            Edit::Reveal(revealed) => self.is_revealed = revealed,
            Edit::Clear => *self = Self::default(),
        }
    }

    /// Replaces the selection. What does not fit is left out as a whole: half a passphrase helps nobody.
    fn insert(&mut self, text: &str) {
        let num_bytes: usize = text.chars().filter(|c| !c.is_control()).map(char::len_utf8).sum();
        let selected = self.cursor.abs_diff(self.anchor);
        if self.len - selected + num_bytes > CAPACITY_BYTES {
            return;
        }
        self.remove(self.cursor, self.anchor);
        let (at, len) = (self.cursor, self.len);
        self.bytes.copy_within(at..len, at + num_bytes);
        for c in text.chars().filter(|c| !c.is_control()) {
            self.cursor += c.encode_utf8(&mut self.bytes[self.cursor..]).len();
        }
        self.len += num_bytes;
        self.anchor = self.cursor;
    }

    /// Deletes the selection, or the character towards `to`.
    fn delete(&mut self, to: To) {
        let end = if self.cursor == self.anchor { self.place(to) } else { self.anchor };
        self.remove(self.cursor, end);
    }

    fn remove(&mut self, a: usize, b: usize) {
        let (start, end, len) = (a.min(b), a.max(b), self.len);
        self.bytes.copy_within(end..len, start);
        self.len -= end - start;
        self.bytes[self.len..len].zeroize();
        (self.cursor, self.anchor) = (start, start);
    }

    fn place(&self, to: To) -> usize {
        let text = self.as_str();
        match to {
            To::Left => text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at),
            To::Right => text[self.cursor..].chars().next().map_or(self.len, |c| self.cursor + c.len_utf8()),
            To::Start => 0,
            To::End => self.len,
            To::Place(chars) => text.char_indices().nth(chars).map_or(self.len, |(at, _)| at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(text: &str) -> Edit {
        Edit::Insert(Zeroizing::new(text.to_owned()))
    }

    fn typed(edits: impl IntoIterator<Item = Edit>) -> Secret {
        let mut secret = Secret::default();
        edits.into_iter().for_each(|edit| secret.apply(edit));
        secret
    }

    #[test]
    fn edits_work_on_characters_of_any_length() {
        let secret =
            typed([insert("口令x"), Edit::Move(To::Left, Select::No), Edit::Backspace, insert("é\n")]);
        assert_eq!((secret.as_str(), secret.cursor()), ("口éx", (2, 2)));
        let secret = typed([insert("abc"), Edit::Move(To::Place(1), Select::No), Edit::Delete]);
        assert_eq!(secret.as_str(), "ac");
        let secret = typed([insert("abc"), Edit::SelectAll, insert("z")]);
        assert_eq!((secret.as_str(), secret.num_chars()), ("z", 1));
        let secret = typed([
            insert("abcd"),
            Edit::Move(To::Place(1), Select::No),
            Edit::Move(To::End, Select::Yes),
            Edit::Delete,
        ]);
        assert_eq!(secret.as_str(), "a");
        let secret = typed([Edit::Backspace, Edit::Delete, Edit::Move(To::Left, Select::Yes)]);
        assert!(secret.is_empty());
    }

    #[test]
    fn what_was_deleted_is_wiped_and_what_does_not_fit_is_refused() {
        let secret = typed([insert("secret"), Edit::SelectAll, Edit::Backspace]);
        assert!(secret.bytes.iter().all(|byte| *byte == 0));
        let secret = typed([insert(&"x".repeat(CAPACITY_BYTES)), insert("y")]);
        assert_eq!(secret.num_chars(), CAPACITY_BYTES);
        assert!(secret.passphrase().is_ok() && typed([]).passphrase().is_err());
        assert_eq!(format!("{secret:?} {:?}", insert("a")), "Secret(…) Edit(…)");
    }
}
