//! Secrets as one line of Bech32 (BIP 173): letters and digits that show a typing error.

use bech32::{Bech32, Hrp, primitives::decode::CheckedHrpstring};
use zeroize::{Zeroize, Zeroizing};

/// `bytes` in capital letters behind `prefix` and a `1`.
pub(super) fn encode(prefix: &'static str, bytes: &[u8]) -> Zeroizing<String> {
    let hrp = Hrp::parse_unchecked(prefix);
    // Long enough for every secret here, so that nothing reallocates and leaves a copy.
    let mut text = Zeroizing::new(String::with_capacity(128));
    let _ = bech32::encode_upper_to_fmt::<Bech32, _>(&mut *text, hrp, bytes);
    text
}

/// The bytes of a code behind `prefix`; `None` when it was mistyped.
pub(super) fn decode(prefix: &'static str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut lower = Zeroizing::new(text.trim().to_owned());
    lower.make_ascii_lowercase();
    let checked =
        CheckedHrpstring::new::<Bech32>(&lower).ok().filter(|code| code.hrp().as_str() == prefix)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(128));
    bytes.extend(checked.byte_iter());
    Some(bytes)
}

/// The first line of `text` that begins as such a code does.
pub(super) fn line<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let begins = |line: &&str| {
        line.get(..=prefix.len()).is_some_and(|head| {
            let mut head = head.to_ascii_lowercase();
            let is_meant = head.strip_suffix('1') == Some(prefix);
            head.zeroize();
            is_meant
        })
    };
    text.lines().map(str::trim).find(begins)
}
