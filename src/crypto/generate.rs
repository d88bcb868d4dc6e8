//! A passphrase of random words, for people who would else think of one.
//!
//! English words on every system: they can be typed where no input method is set up, as on a bare server.
//! The list: assets/words/README.md.

use zeroize::Zeroizing;

use super::secret::random;

/// Words of a passphrase: six of 7,776, or 77 bits.
const NUM_WORDS: usize = 6;
/// Words of the list.
const LIST_WORDS: u16 = 7776;

/// Bits of a passphrase that [`generate_passphrase`] made: log2 of 7776 to the power of 6, rounded down.
pub const GENERATED_BITS: u32 = 77;

/// Six random words with spaces between them.
pub fn generate_passphrase() -> Zeroizing<String> {
    let list: Vec<&str> = include_str!("../../assets/words/eff-large.txt").lines().collect();
    // Long enough for any six words, so that nothing reallocates and leaves a copy.
    let mut text = Zeroizing::new(String::with_capacity(16 * NUM_WORDS));
    for place in 0..NUM_WORDS {
        if place > 0 {
            text.push(' ');
        }
        text.push_str(list.get(usize::from(below(LIST_WORDS))).copied().unwrap_or_default());
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
    use std::collections::BTreeSet;

    #[test]
    fn a_passphrase_has_six_words_of_the_list_and_is_never_the_same() {
        let list: Vec<&str> = include_str!("../../assets/words/eff-large.txt").lines().collect();
        let known: BTreeSet<&str> = list.iter().copied().collect();
        assert_eq!((list.len(), known.len()), (usize::from(LIST_WORDS), usize::from(LIST_WORDS)));
        assert!(list.iter().all(|word| (1..=15).contains(&word.len())));
        let (one, other) = (generate_passphrase(), generate_passphrase());
        assert!(one != other && one.len() < 16 * NUM_WORDS);
        assert!(one.split(' ').count() == NUM_WORDS && one.split(' ').all(|word| known.contains(word)));
    }

    #[test]
    fn every_number_is_drawn_about_as_often() {
        let mut counts = [0_u32; 3];
        (0..30_000).for_each(|_| counts[usize::from(below(3))] += 1);
        // Ten standard deviations: this fails for a biased draw, not for bad luck.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 820), "{counts:?}");
    }
}
