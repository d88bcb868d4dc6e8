//! Text as editors save it. Windows puts a byte order mark before UTF-8, and calls UTF-16 “Unicode”.

use crate::error::{Code, Error, Fact, Result};

/// `bytes` without the mark.
///
/// # Errors
/// [`Code::NotUtf8`] for UTF-16, which is known by its own mark.
pub(crate) fn unmarked(bytes: &[u8]) -> Result<&[u8]> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::new(Code::NotUtf8).with(Fact::Found, "UTF-16"));
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// Takes the mark off what was read, in place, so that of a secret no copy is made.
///
/// # Errors
/// As [`unmarked`].
pub(crate) fn unmark(bytes: &mut Vec<u8>) -> Result<()> {
    let num_marked = bytes.len() - unmarked(bytes)?.len();
    bytes.drain(..num_marked);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text_and_utf_16_is_refused() {
        assert_eq!(unmarked("\u{feff}a\u{feff}".as_bytes()).unwrap(), "a\u{feff}".as_bytes());
        assert_eq!(unmarked(b"a").unwrap(), b"a");
        assert_eq!(unmarked(b"").unwrap(), b"");
        for utf_16 in [b"\xff\xfea\0", b"\xfe\xff\0a"] {
            assert_eq!(unmarked(utf_16).unwrap_err().code(), Code::NotUtf8);
        }
        let mut text = b"\xef\xbb\xbfab".to_vec();
        unmark(&mut text).unwrap();
        assert_eq!(text, b"ab");
    }
}
