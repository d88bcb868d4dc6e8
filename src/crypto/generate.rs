//! A passphrase of random words, for people who would else think of one.
//!
//! English words can be typed where no input method is set up, as on a bare server; Chinese characters cannot, so
//! whoever wants them asks for them. The English list: assets/words/README.md; the Chinese one: BIP 39.

use zeroize::Zeroizing;

use super::secret::random;

/// Where the words of a passphrase are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WordList {
    /// Six of 7,776 English words.
    #[default]
    English,
    /// Seven of the 2,048 Chinese characters of BIP 39.
    Chinese,
}

/// Bits that a passphrase of [`generate_passphrase`] has at least: log2 of 7,776⁶ or of 2,048⁷, rounded down.
pub const GENERATED_BITS: u32 = 77;
/// Room for any passphrase of any list, so that nothing reallocates and leaves a copy.
const MAX_BYTES: usize = 16 * 6;

impl WordList {
    /// Every list.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The language it is in, as in [`Lang`](crate::Lang).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    fn words(self) -> Vec<&'static str> {
        match self {
            Self::English => include_str!("../../assets/words/eff-large.txt").lines().collect(),
            Self::Chinese => bip39::Language::SimplifiedChinese.word_list().to_vec(),
        }
    }

    /// How many words it has, and how many of them make a passphrase.
    const fn sizes(self) -> (u16, usize) {
        match self {
            Self::English => (7776, 6),
            Self::Chinese => (2048, 7),
        }
    }
}

/// Random words of `list` with a space between each two, in Chinese too: a separator that every keyboard has.
pub fn generate_passphrase(list: WordList) -> Zeroizing<String> {
    let (words, (list_words, num_words)) = (list.words(), list.sizes());
    let mut text = Zeroizing::new(String::with_capacity(MAX_BYTES));
    for place in 0..num_words {
        if place > 0 {
            text.push(' ');
        }
        text.push_str(words.get(usize::from(below(list_words))).copied().unwrap_or_default());
    }
    text
}

/// A number below `limit`, each as likely as any other: draws that would favour the small ones are thrown away.
fn below(limit: u16) -> u16 {
    let fair = u16::MAX - u16::MAX % limit;
    loop {
        let drawn = u16::from_le_bytes(*Zeroizing::new(random::<2>()));
        if drawn < fair {
            return drawn % limit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Passphrase;
    use std::collections::BTreeSet;

    #[test]
    fn a_passphrase_has_words_of_its_list_and_is_never_the_same() {
        for list in WordList::ALL {
            let (words, (list_words, num_words)) = (list.words(), list.sizes());
            let known: BTreeSet<&str> = words.iter().copied().collect();
            assert_eq!((words.len(), known.len()), (list_words.into(), list_words.into()));
            assert!(known.iter().all(|word| (1..=15).contains(&word.len())));
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let bits = f64::from(list_words).log2() * num_words as f64;
            assert!(bits >= f64::from(GENERATED_BITS) && bits < f64::from(GENERATED_BITS + 1), "{bits}");

            let (one, other) = (generate_passphrase(list), generate_passphrase(list));
            assert!(one != other && one.len() < MAX_BYTES);
            assert!(one.split(' ').count() == num_words && one.split(' ').all(|word| known.contains(word)));
            let passphrase = Passphrase::new(one.as_bytes().to_vec()).unwrap();
            assert!(passphrase.is_long() && passphrase.as_bytes() == one.as_bytes(), "{list:?}");
        }
    }

    #[test]
    fn every_number_is_drawn_about_as_often() {
        let mut counts = [0_u32; 3];
        (0..30_000).for_each(|_| counts[usize::from(below(3))] += 1);
        // Ten standard deviations: this fails for a biased draw, not for bad luck.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 820), "{counts:?}");
    }
}
