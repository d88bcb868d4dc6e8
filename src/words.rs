//! A fingerprint as it is read over the telephone: its first 96 bits, in words or in decimal digits.
//!
//! English takes the PGP word list, 8 bits a word: its words were chosen to sound different, and places alternate
//! between a list of two and one of three syllables, so that the ear notices a word that was dropped, doubled or
//! swapped. Chinese has no such list, and the reading of a rare character is no common ground; digits are what
//! people there read to each other every day, as of bank cards: groups of four, 12 bits a group. Groups alternate
//! too: one begins with 0 to 4, the next with 5 to 9.
//!
//! Why 96 bits: docs/threat-model.md, "Without the passphrase". Knows nothing of bundles.

use std::collections::BTreeMap;

use crate::{digest::unhex, locale::Lang};

/// Bytes of the fingerprint that are read out: 96 bits.
const READ_BYTES: usize = 12;
/// What a group of digits carries: 12 bits.
const GROUP: u32 = 1 << 12;
/// Added to every second group; keeps the two kinds apart.
const SECOND: u32 = 5000;

/// The words, or groups of four digits, for the fingerprint `hex` of 64 hex digits; none when it is not one.
pub fn fingerprint_words(hex: &str, lang: Lang) -> Vec<String> {
    let Some(bytes) = unhex(hex) else { return Vec::new() };
    let bytes = &bytes[..READ_BYTES];
    match lang {
        Lang::En => pgp_words(bytes),
        Lang::ZhCn => digit_groups(bytes),
    }
}

/// The same in every language, by its tag: the two sides may speak different ones.
pub fn fingerprint_in_all_languages(hex: &str) -> BTreeMap<&'static str, Vec<String>> {
    Lang::ALL.map(|lang| (lang.tag(), fingerprint_words(hex, lang))).into()
}

/// Hex digits in groups of four, as they are compared.
pub fn grouped(hex: &str) -> String {
    hex.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(" ")
}

fn pgp_words(bytes: &[u8]) -> Vec<String> {
    let lines: Vec<&str> = include_str!("../assets/words/pgp.txt").lines().collect();
    let word = |(place, byte): (usize, &u8)| {
        let mut words = lines.get(usize::from(*byte)).copied().unwrap_or_default().split(' ');
        words.nth(place % 2).unwrap_or_default().to_owned()
    };
    bytes.iter().enumerate().map(word).collect()
}

fn digit_groups(bytes: &[u8]) -> Vec<String> {
    let group = |triple: &[u8]| {
        let bits = triple.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        [format!("{:04}", bits / GROUP), format!("{:04}", bits % GROUP + SECOND)]
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_words_or_digits() {
        let hex = "00ff10fff7e500aa11bb22cc0000000000000000000000000000000000000000";
        let words = fingerprint_words(hex, Lang::En);
        assert_eq!(words[..4], ["aardvark", "yucatan", "assume", "yucatan"]);
        assert_eq!(words.len(), 12);
        // 0x00f, 0xf10, 0xfff, 0x7e5
        let groups = fingerprint_words(hex, Lang::ZhCn);
        assert_eq!(groups[..4], ["0015", "8856", "4095", "7021"]);
        assert_eq!(groups.len(), 8);
        assert!(fingerprint_words("none", Lang::En).is_empty());
    }

    #[test]
    fn neighbours_never_share_a_word_or_a_group() {
        let lines: Vec<_> = include_str!("../assets/words/pgp.txt").lines().collect();
        let words: std::collections::BTreeSet<_> = lines.iter().flat_map(|line| line.split(' ')).collect();
        assert_eq!((lines.len(), words.len()), (256, 512));
        for (place, group) in digit_groups(&[0xff; 12]).iter().enumerate() {
            assert_eq!(group.len(), 4);
            assert_eq!(group.as_bytes()[0] >= b'5', place % 2 == 1);
        }
    }
}
