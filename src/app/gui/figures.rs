//! Bytes, speeds and times as people read them. Pure.

use std::time::Duration;

use super::texts::Texts;

/// `1.48 GiB`: three digits, a binary unit.
pub(crate) fn bytes(num_bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if num_bytes < 1024 {
        return format!("{num_bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let mut value = num_bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// `21.4 MiB/s`.
pub(crate) fn speed(bytes_per_sec: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a speed shown with three digits"
    )]
    let whole = bytes_per_sec.max(0.0) as u64;
    format!("{}/s", bytes(whole))
}

/// A time in one or two units: `1 min 30 s`.
pub(crate) fn duration(texts: Texts, time: Duration) -> String {
    let secs = time.as_secs();
    let arg = |name, value: u64| (name, value.to_string());
    match secs {
        0..60 => texts.with("time-secs", &[arg("secs", secs)]),
        60..3600 => texts.with("time-mins", &[arg("mins", secs / 60), arg("secs", secs % 60)]),
        _ => texts.with("time-hours", &[arg("hours", secs / 3600), arg("mins", secs % 3600 / 60)]),
    }
}

/// The time zone of the user's clock; UTC until it is known.
#[derive(Clone, Debug)]
pub(crate) struct Zone(jiff::tz::TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }
}

impl Zone {
    /// The system's.
    pub(crate) fn of_system() -> Self {
        Self(jiff::tz::TimeZone::system())
    }

    /// `2026-11-24 11:05` of an RFC 3339 time; what is none stays as it is.
    pub(crate) fn moment(&self, time: &str) -> String {
        match time.parse::<jiff::Timestamp>() {
            Ok(time) => time.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
            Err(_) => time.to_owned(),
        }
    }
}

/// Part of a whole, 0 to 1; 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f32 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a share of some pixels"
    )]
    let share = (part as f64 / whole as f64) as f32;
    share.clamp(0.0, 1.0)
}

/// Whole percent that `small` saves of `large`.
pub(crate) fn percent_saved(small: u64, large: u64) -> u64 {
    large.saturating_sub(small).saturating_mul(100).checked_div(large).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits() {
        for (num, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (10_230, "9.99 KiB"),
            (10_240, "10.0 KiB"),
            (1_023_500, "0.98 MiB"),
            (1_589_137_899, "1.48 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(num), text, "{num}");
        }
    }

    #[test]
    fn times_have_one_or_two_units() {
        let texts = Texts(sealift::Lang::En);
        for (secs, text) in [(0, "0 s"), (59, "59 s"), (90, "1 min 30 s"), (7260, "2 h 1 min")] {
            assert_eq!(duration(texts, Duration::from_secs(secs)), text);
        }
    }
}
