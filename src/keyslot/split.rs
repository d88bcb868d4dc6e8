//! Split custody: a key in shares, of which some number opens the slot and fewer tell nothing (Shamir).
//! docs/bundle-format.md §7.7.
//!
//! The slot lists a hash of every share, so that a wrong one is known as such, and by its number.

use std::fmt;

use bip39::{Language, Mnemonic};
use blahaj::Sharks;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Opened, code, wrapped};
use crate::{
    bundle::{SetId, Slot},
    crypto::{KEY_BYTES, Key},
    error::{Code, Error, Fact, Result},
};

pub(super) const KIND: u16 = 6;
/// Most shares of one key.
pub const MAX_SHARES: u8 = 32;
/// Prefix of a share's code.
const PREFIX: &str = "sealift-share-";
const HASH_BYTES: usize = 32;

/// A key to be split, and the shares of it.
pub struct SplitKey {
    threshold: u8,
    key: Key,
    hashes: Vec<[u8; HASH_BYTES]>,
}

/// One share: a number from 1, and 32 bytes.
pub struct KeyShare {
    number: u8,
    value: Key,
}

impl SplitKey {
    /// Threshold and number of shares.
    pub(super) fn describe(&self) -> String {
        format!("{}/{}", self.threshold, self.hashes.len())
    }

    /// A new key in `num_shares` shares, of which any `threshold` open the slot.
    ///
    /// # Errors
    /// [`Code::Usage`] unless 2 ≤ threshold ≤ shares ≤ [`MAX_SHARES`].
    pub fn generate(threshold: u8, num_shares: u8) -> Result<(Self, Vec<KeyShare>)> {
        if threshold < 2 || threshold > num_shares || num_shares > MAX_SHARES {
            let limit = format!("2 ≤ K ≤ N ≤ {MAX_SHARES}");
            let found = format!("{threshold}/{num_shares}");
            return Err(Error::new(Code::Usage).with(Fact::Found, found).with(Fact::Limit, limit));
        }
        let key = Key::random();
        let dealt = Sharks(threshold).dealer(key.as_bytes()).take(usize::from(num_shares));
        let shares: Vec<KeyShare> =
            dealt.filter_map(|share| KeyShare::from_bytes(&Zeroizing::new(Vec::from(&share)))).collect();
        let hashes = shares.iter().map(KeyShare::hash).collect();
        Ok((Self { threshold, key, hashes }, shares))
    }

    pub(super) fn seal(&self, set_id: &SetId, key: &Key) -> Slot {
        let head = [self.threshold, self.hashes.len() as u8];
        wrapped::seal(KIND, set_id, key, &self.key, &[&head[..], &self.hashes.concat()].concat())
    }
}

/// Threshold, and the hashes of all shares.
fn decode(slot: &Slot) -> Option<(u8, Vec<&[u8; HASH_BYTES]>)> {
    let (&[threshold, num_shares], hashes) =
        wrapped::Wrapped::decode(&slot.body)?.details.split_first_chunk()?;
    let (hashes, rest) = hashes.as_chunks::<HASH_BYTES>();
    let fits = rest.is_empty() && hashes.len() == usize::from(num_shares);
    (fits && 2 <= threshold && threshold <= num_shares && num_shares <= MAX_SHARES)
        .then(|| (threshold, hashes.iter().collect()))
}

/// `threshold/shares`, for listings.
pub(super) fn describe(slot: &Slot) -> String {
    decode(slot).map_or_else(String::new, |(threshold, hashes)| format!("{threshold}/{}", hashes.len()))
}

/// # Errors
/// [`Code::TooFewShares`] when some shares are of this slot and more are needed.
pub(super) fn open(set_id: &SetId, slot: &Slot, shares: &[&KeyShare]) -> Result<Opened> {
    let Some((threshold, hashes)) = decode(slot) else { return Ok(Opened::Refused) };
    // By its hash a share is known to be of this slot; the same share twice counts once.
    let is_ours = |share: &&&KeyShare| {
        hashes.get(usize::from(share.number) - 1).is_some_and(|hash| **hash == share.hash())
    };
    let mut ours: Vec<&KeyShare> = shares.iter().filter(is_ours).copied().collect();
    ours.sort_by_key(|share| share.number);
    ours.dedup_by_key(|share| share.number);
    if ours.is_empty() {
        return Ok(Opened::Refused);
    }
    if ours.len() < usize::from(threshold) {
        let error = Error::new(Code::TooFewShares).with(Fact::Found, ours.len());
        return Err(error.with(Fact::Needed, threshold));
    }
    let points: Vec<blahaj::Share> =
        ours.iter().filter_map(|share| blahaj::Share::try_from(&share.to_bytes()[..]).ok()).collect();
    let Ok(secret) = Sharks(threshold).recover(&points).map(Zeroizing::new) else {
        return Ok(Opened::Refused);
    };
    let slot_key = Key::from_fn(|key| <[u8; KEY_BYTES]>::try_from(&secret[..]).map(|bytes| *key = bytes));
    let wrapped = wrapped::Wrapped::decode(&slot.body);
    let key =
        slot_key.ok().zip(wrapped).and_then(|(slot_key, wrapped)| wrapped.open(KIND, set_id, &slot_key));
    Ok(key.map_or(Opened::Refused, Opened::Key))
}

impl KeyShare {
    /// Its number, from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, value) = bytes.split_first()?;
        let value = Key::from_fn(|key| <[u8; KEY_BYTES]>::try_from(value).map(|bytes| *key = bytes)).ok()?;
        (1..=MAX_SHARES).contains(number).then_some(Self { number: *number, value })
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&[self.number][..], self.value.as_bytes()].concat())
    }

    fn hash(&self) -> [u8; HASH_BYTES] {
        Sha256::new_with_prefix(b"sealift/v1/share").chain_update(&*self.to_bytes()).finalize().into()
    }

    /// As a code of letters and digits, for files and QR codes.
    pub fn code(&self) -> Zeroizing<String> {
        code::encode(PREFIX, &self.to_bytes())
    }

    /// As words, to be written down: its number, and 24 words of BIP 39.
    pub fn words(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(256));
        text.push_str(&self.number.to_string());
        // 32 bytes are always 24 words.
        if let Ok(mnemonic) = Mnemonic::from_entropy_in(Language::English, self.value.as_bytes()) {
            for word in mnemonic.words() {
                text.push(' ');
                text.push_str(word);
            }
        }
        text
    }

    /// Whether `text` has the form of a share, right or mistyped.
    pub(super) fn is_meant(text: &str) -> bool {
        code::line(text, PREFIX).is_some() || text.lines().any(|line| words_of(line).is_some())
    }

    /// Reads a share: its code, its words, or a file with either.
    ///
    /// # Errors
    /// [`Code::BadShare`] when it was mistyped.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(Code::BadShare);
        if let Some(line) = code::line(text, PREFIX) {
            return code::decode(PREFIX, line).and_then(|bytes| Self::from_bytes(&bytes)).ok_or_else(bad);
        }
        let (number, words) = text.lines().find_map(words_of).ok_or_else(bad)?;
        let mnemonic =
            Mnemonic::parse_in_normalized(Language::English, &words.to_lowercase()).map_err(|_| bad())?;
        let (entropy, num_bytes) = mnemonic.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let bytes = Zeroizing::new([&[number][..], &entropy[..num_bytes]].concat());
        Self::from_bytes(&bytes).ok_or_else(bad)
    }
}

/// A line that is a number and 24 words.
fn words_of(line: &str) -> Option<(u8, &str)> {
    let (number, words) = line.trim().split_once(' ')?;
    let number = number.trim_end_matches([':', '.']).parse().ok()?;
    (words.split_whitespace().count() == 24).then_some((number, words.trim()))
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyShare({}, …)", self.number)
    }
}

impl fmt::Debug for SplitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplitKey({}/{}, …)", self.threshold, self.hashes.len())
    }
}
