//! How soon a passphrase would be guessed by whoever holds the bundle.
//!
//! Measured once for each change, never while painting. zxcvbn knows the passwords and words that people choose, and
//! takes Chinese text for ten guesses a character: too few for random characters, about right for sayings, which is
//! what people choose. Copies that zxcvbn makes while it measures are not wiped.

/// What a passphrase is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strength {
    /// log2 of the guesses that it takes.
    pub(crate) bits: u32,
    pub(crate) level: Level,
    pub(crate) length: Length,
}

/// What `bits` mean against Argon2id at a quarter of a GiB for each guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Within reach of whoever spends money on it.
    Weak,
    /// Too dear for most.
    Fair,
    /// Beyond reach.
    Strong,
}

/// How long it is, in the unit that people would count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Words(usize),
    Chars(usize),
}

/// Bits from which a passphrase is fair, and strong.
const FAIR_BITS: u32 = 45;
const STRONG_BITS: u32 = 60;
/// zxcvbn counts guesses in 64 bits: from here on it tells no difference.
pub(crate) const MOST_BITS: u32 = 64;

/// Words that whoever guesses tries first, as they belong to this program and to what it packs.
const OBVIOUS: [&str; 8] =
    ["sealift", "jingdu", "镜渡", "docker", "podman", "harbor", "kubernetes", "registry"];

/// Measures what was typed; `None` of nothing.
pub(crate) fn measure(text: &str) -> Option<Strength> {
    if text.is_empty() {
        return None;
    }
    let guesses_log10 = zxcvbn::zxcvbn(text, &OBVIOUS).guesses_log10();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred bits at most")]
    let bits = (guesses_log10.max(0.0) * std::f64::consts::LOG2_10).round() as u32;
    Some(Strength::of(bits.min(MOST_BITS), text))
}

impl Strength {
    /// A passphrase known to be worth `bits`.
    pub(crate) fn of(bits: u32, text: &str) -> Self {
        let level = match bits {
            0..FAIR_BITS => Level::Weak,
            FAIR_BITS..STRONG_BITS => Level::Fair,
            _ => Level::Strong,
        };
        let num_words = text.split_whitespace().count();
        let is_words = num_words > 1 && !text.chars().any(is_han);
        let length = if is_words { Length::Words(num_words) } else { Length::Chars(text.chars().count()) };
        Self { bits, level, length }
    }
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_choose_is_weak_and_what_is_drawn_is_strong() {
        for (text, level) in [
            ("a", Level::Weak),
            ("password123", Level::Weak),
            ("Sealift2026!", Level::Weak),
            ("我的口令", Level::Weak),
            ("口口口口口口口口口口口口口口口口口口口口口口口口", Level::Weak),
            ("天涯若比邻", Level::Weak),
            ("窗朽邮鼎蔗拂谜箱犀凿舱蜓颊阀钮绒碑帘栅烛", Level::Strong),
            ("mural cabbage unplug sixteen zebra wooing", Level::Strong),
            ("q7#Vz!m2Kd@9xRw4&Tb8", Level::Strong),
        ] {
            assert_eq!(
                measure(text).map(|strength| strength.level),
                Some(level),
                "{text}: {:?}",
                measure(text)
            );
        }
        assert_eq!(measure(""), None);
    }

    #[test]
    fn words_are_counted_as_words_and_chinese_as_characters() {
        for (text, length) in [
            ("mural cabbage unplug", Length::Words(3)),
            ("mural", Length::Chars(5)),
            ("天涯 比邻", Length::Chars(5)),
        ] {
            assert_eq!(measure(text).map(|strength| strength.length), Some(length), "{text}");
        }
        // As long as a passphrase may be, in no time that is felt.
        assert!(measure(&"长".repeat(341)).is_some() && measure(&"x".repeat(1024)).is_some());
    }
}
