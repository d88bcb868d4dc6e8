//! How large a volume may be, and how much recovery data there is, as people write it.

use crate::error::{Code, Error, Fact, Result};

/// The most that FAT32 holds in one file.
pub const FAT32_BYTES: u64 = (4 << 30) - 1;

/// `fat32`, a number of bytes, or a number with a binary (`MiB`) or decimal (`MB`) unit.
///
/// # Errors
/// [`Code::BadVolumeSize`] for anything else, and for 0.
pub fn volume_bytes(text: &str) -> Result<u64> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("fat32") {
        return Ok(FAT32_BYTES);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => 0,
    };
    let bytes = digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| Error::new(Code::BadVolumeSize).with(Fact::Found, text))
}

/// A whole share, 1 to 100, with or without a percent sign; `none` for none.
///
/// # Errors
/// [`Code::Usage`] for anything else.
pub fn recovery_percent(text: &str) -> Result<Option<u8>> {
    if text.trim() == "none" {
        return Ok(None);
    }
    let digits = text.trim().trim_end_matches('%').trim_end();
    let percent = digits.parse::<u8>().ok().filter(|percent| (1..=100).contains(percent));
    let bad = || Error::new(Code::Usage).with(Fact::Field, "recovery").with(Fact::Found, text);
    percent.map(Some).ok_or_else(|| bad().with(Fact::Expected, "1%–100%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_percents() {
        for (text, percent) in [("5%", 5), ("100", 100), (" 1 % ", 1)] {
            assert_eq!(recovery_percent(text).unwrap(), Some(percent), "{text}");
        }
        assert_eq!(recovery_percent("none").unwrap(), None);
        for bad in ["", "0", "0%", "101%", "5.5%", "-5%", "five"] {
            assert_eq!(recovery_percent(bad).unwrap_err().code(), Code::Usage, "{bad}");
        }
    }

    #[test]
    fn volume_sizes_take_units_people_write() {
        for (text, bytes) in [
            ("4GiB", 4 << 30),
            ("fat32", FAT32_BYTES),
            ("650MB", 650_000_000),
            ("700m", 700 << 20),
            (" 2 GiB ", 2 << 30),
            ("1048576", 1 << 20),
        ] {
            assert_eq!(volume_bytes(text).unwrap(), bytes, "{text}");
        }
        for bad in ["", "0", "GiB", "4 parsecs", "-1", "99999999999TiB"] {
            assert_eq!(volume_bytes(bad).unwrap_err().code(), Code::BadVolumeSize, "{bad}");
        }
    }
}
