//! A repair request: what of a bundle must come again from where it was made. docs/bundle-format.md §13.1.
//!
//! A small JSON document; where it says little, also a code that can be typed or read over the telephone.

use std::{io::Read, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::scan::Scanned;
use crate::{
    bundle::{
        COPY_BYTES, FOOTER_BYTES, Header, LATER_HEAD_BYTES, MAX_VOLUMES, footer_owner, head_owner,
        is_trailer_consistent, set_id_of, volume_path,
    },
    digest::{hex, unhex},
    error::{Code, Error, Fact, Result},
    fs::{open_file, read_exact_at, unmark},
    job::Ctx,
    oci::parse_json,
};

/// Longest document.
pub(super) const MAX_REQUEST_BYTES: u64 = 16 << 20;
/// Most bytes that a code holds: 96 characters.
const MAX_CODE_BYTES: usize = 60;
/// What the document calls itself.
const FORMAT: &str = "sealift-repair-request";
const VERSION: u8 = 1;
/// Bytes of the set id that a code tells.
const CODE_ID_BYTES: usize = 5;
const CODE_SUM_BYTES: usize = 3;
/// Flag of a code's first byte: the header is wanted.
const WANTS_HEADER: u8 = 0x10;
/// Digits of a code: Crockford's base 32, without I, L, O and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What must come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairRequest {
    /// Of the bundle; the first bytes alone when the request came as a code.
    set_id: Vec<u8>,
    /// Of the bundle, as 64 hex digits, where it is known.
    fingerprint: Option<String>,
    pub(super) header: bool,
    /// Numbers (from 1) of volumes whose trailers are wanted, ascending.
    pub(super) trailers: Vec<u32>,
    /// First and last of runs of records, ascending, with a gap between them.
    pub(super) records: Vec<(u64, u64)>,
}

/// The document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u8,
    set_id: String,
    fingerprint: Option<String>,
    header: bool,
    trailers: Vec<u32>,
    records: Vec<(u64, u64)>,
}

impl RepairRequest {
    /// What the scanned bundle lacks; `None` when its own recovery data suffices.
    pub(super) fn of(scanned: &Scanned) -> Option<Self> {
        let shape = scanned.shape();
        let lost = scanned.survey.lost_trailers();
        // Whether a record is damaged is not known without its hash, which comes with the trailer.
        let is_unknown = |record: &u64| {
            let (volume, offset, len) = shape.record_place(*record);
            let is_there = scanned.survey.volumes[volume as usize].len.is_some_and(|end| offset + len <= end);
            is_there && scanned.survey.are_hashes_lost(volume)
        };
        let mut wanted = scanned.damage.wanted_records(shape);
        wanted.retain(|record| !is_unknown(record));
        let request = Self {
            set_id: scanned.header.set_id.to_vec(),
            fingerprint: Some(hex(&scanned.header.fingerprint())),
            header: false,
            trailers: lost.into_iter().map(|volume| volume + 1).collect(),
            records: runs(&wanted),
        };
        (!request.records.is_empty() || !request.trailers.is_empty()).then_some(request)
    }

    /// Asks for the header of the bundle at `path`, neither copy of which can be used, and for the trailers that are not whole
    /// by themselves: without hashes nothing could be proven by that header. What else is damaged can be told only with it.
    ///
    /// # Errors
    /// [`Code::HeaderDamaged`] when nothing of the file tells which bundle it is.
    pub(super) fn of_lost_header(ctx: &Ctx, path: &Path) -> Result<Self> {
        let read = |path: &Path, from_end: bool, len: u64| {
            let file = open_file(path).ok()?;
            let file_len = file.metadata().ok()?.len().checked_sub(len)?;
            let mut block = vec![0; len as usize];
            read_exact_at(&file, &mut block, if from_end { file_len } else { 0 }).ok()?;
            Some(block)
        };
        let in_footer = read(path, true, FOOTER_BYTES).and_then(|footer| footer_owner(&footer));
        let second = volume_path(path, 1);
        let in_second = || read(&second, false, LATER_HEAD_BYTES).and_then(|head| head_owner(&head));
        let in_copies = || {
            let copies = read(path, false, 2 * COPY_BYTES as u64)?;
            Some((copies.chunks(COPY_BYTES).find_map(set_id_of)?, 0))
        };
        let owner = in_footer.or_else(in_copies).filter(|(_, volume)| *volume == 0);
        let owner = owner.or_else(|| in_second().filter(|(_, volume)| *volume == 1));
        let (set_id, _) = owner.ok_or_else(|| Error::new(Code::HeaderDamaged).at(path))?;
        let mut trailers = Vec::new();
        for volume in 0..MAX_VOLUMES {
            let path = volume_path(path, volume);
            let head = || read(&path, false, LATER_HEAD_BYTES).and_then(|head| head_owner(&head));
            // How many there are is not known: those up to the first that is missing can be asked for.
            if volume > 0 && head().is_none_or(|owner| owner != (set_id, volume)) {
                break;
            }
            if !is_trailer_consistent(ctx, &path, &set_id, volume)? {
                trailers.push(volume + 1);
            }
        }
        Ok(Self { set_id: set_id.to_vec(), fingerprint: None, header: true, trailers, records: Vec::new() })
    }

    /// Reads the document at `path`.
    ///
    /// # Errors
    /// [`Code::BadRequest`] for anything else.
    pub fn read(path: &Path) -> Result<Self> {
        let file = open_file(path)?;
        let mut text = Vec::new();
        file.take(MAX_REQUEST_BYTES + 1).read_to_end(&mut text).map_err(|e| Error::read(path, e))?;
        unmark(&mut text).map_err(|e| e.at(path))?;
        let text = String::from_utf8(text).map_err(|_| bad("detail-repair-not-text").at(path))?;
        Self::parse(&text).map_err(|e| e.at(path))
    }

    /// Reads a document or a code.
    ///
    /// # Errors
    /// [`Code::BadRequest`] for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.len() as u64 > MAX_REQUEST_BYTES {
            return Err(bad("detail-repair-too-long").with(Fact::Limit, MAX_REQUEST_BYTES));
        }
        let request = if text.starts_with('{') { Self::from_json(text)? } else { Self::from_code(text)? };
        let ascend = request.trailers.is_sorted_by(|a, b| a < b) && request.trailers.first() != Some(&0);
        let are_runs = request.records.iter().all(|(first, last)| first <= last)
            && request.records.is_sorted_by(|a, b| a.1.checked_add(1).is_some_and(|behind| behind < b.0));
        if ascend && are_runs { Ok(request) } else { Err(bad("detail-repair-records")) }
    }

    fn from_json(text: &str) -> Result<Self> {
        let document: Document =
            parse_json(text.as_bytes(), "repair request").map_err(|e| e.recoded(Code::BadRequest))?;
        if document.format != FORMAT || document.version != VERSION {
            return Err(bad("detail-repair-version").with(Fact::Found, document.version));
        }
        let set_id = unhex(&document.set_id).ok_or_else(|| bad("detail-repair-set-id"))?.to_vec();
        let Document { fingerprint, header, trailers, records, .. } = document;
        Ok(Self { set_id, fingerprint, header, trailers, records })
    }

    /// The document.
    pub fn to_json(&self) -> String {
        let document = Document {
            format: FORMAT.into(),
            version: VERSION,
            set_id: hex(&self.set_id),
            fingerprint: self.fingerprint.clone(),
            header: self.header,
            trailers: self.trailers.clone(),
            records: self.records.clone(),
        };
        // Our own types always serialise; should one not, the empty text is no request.
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// The code, in groups of four characters; `None` when it would be too long to be read aloud.
    pub fn code(&self) -> Option<String> {
        let mut bytes = vec![VERSION | if self.header { WANTS_HEADER } else { 0 }];
        bytes.extend_from_slice(self.set_id.get(..CODE_ID_BYTES)?);
        put_number(&mut bytes, self.trailers.len() as u64);
        let mut next = 0;
        for volume in &self.trailers {
            put_number(&mut bytes, u64::from(*volume) - next);
            next = u64::from(*volume);
        }
        let mut next = 0;
        for (first, last) in &self.records {
            if bytes.len() > MAX_CODE_BYTES {
                return None;
            }
            put_number(&mut bytes, first - next);
            put_number(&mut bytes, last - first);
            next = *last;
        }
        bytes.extend_from_slice(&code_sum(&bytes));
        if bytes.len() > MAX_CODE_BYTES {
            return None;
        }
        let digits = base32(&bytes);
        let groups = digits.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
        Some(groups.collect::<Vec<_>>().join("-"))
    }

    fn from_code(text: &str) -> Result<Self> {
        let bytes = unbase32(text).ok_or_else(|| bad("detail-repair-code"))?;
        let split = bytes.len().checked_sub(CODE_SUM_BYTES).filter(|len| *len > CODE_ID_BYTES);
        let (body, sum) = bytes.split_at(split.ok_or_else(|| bad("detail-repair-code"))?);
        if code_sum(body) != *sum {
            return Err(bad("detail-repair-code"));
        }
        let (flags, set_id) = (body[0], body[1..=CODE_ID_BYTES].to_vec());
        if flags & !WANTS_HEADER != VERSION {
            return Err(bad("detail-repair-version").with(Fact::Found, flags & !WANTS_HEADER));
        }
        let mut rest = &body[1 + CODE_ID_BYTES..];
        let mut number = || take_number(&mut rest).ok_or_else(|| bad("detail-repair-code"));
        let num_trailers = number()?;
        let mut trailers = Vec::new();
        for _ in 0..num_trailers.min(MAX_CODE_BYTES as u64) {
            let before = trailers.last().copied().unwrap_or_default();
            let volume = u32::try_from(number()?).ok().and_then(|more| more.checked_add(before));
            trailers.push(volume.ok_or_else(|| bad("detail-repair-code"))?);
        }
        let (mut records, mut next) = (Vec::new(), 0_u64);
        while !rest.is_empty() {
            let mut number = || take_number(&mut rest).ok_or_else(|| bad("detail-repair-code"));
            let first = next.checked_add(number()?).ok_or_else(|| bad("detail-repair-code"))?;
            next = first.checked_add(number()?).ok_or_else(|| bad("detail-repair-code"))?;
            records.push((first, next));
        }
        let header = flags & WANTS_HEADER != 0;
        Ok(Self { set_id, fingerprint: None, header, trailers, records })
    }

    /// Errors with [`Code::RequestForeign`] unless the request is for the bundle that `header` is of, and with
    /// [`Code::BadRequest`] when it asks for what that bundle does not have.
    pub(super) fn check(&self, header: &Header) -> Result<()> {
        let found = hex(&header.fingerprint());
        let is_other = self.fingerprint.as_ref().is_some_and(|fingerprint| *fingerprint != found);
        if is_other || !header.set_id.starts_with(&self.set_id) {
            let expected = self.fingerprint.clone().unwrap_or_else(|| hex(&self.set_id));
            return Err(Error::new(Code::RequestForeign).with(Fact::Expected, expected));
        }
        let geometry = &header.geometry;
        let is_there = self.records.last().is_none_or(|(_, last)| *last < geometry.num_records)
            && self.trailers.last().is_none_or(|volume| *volume <= geometry.num_volumes);
        if is_there {
            Ok(())
        } else {
            Err(bad("detail-repair-records").with(Fact::Limit, geometry.num_records))
        }
    }

    /// Records asked for.
    pub fn num_records(&self) -> u64 {
        self.records.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Whether the header is asked for: its key slots come from the sender's copy of the bundle.
    pub fn wants_header(&self) -> bool {
        self.header
    }
}

fn bad(what: &str) -> Error {
    Error::new(Code::BadRequest).worded(Fact::Detail, what, &[])
}

/// First and last of each run in `numbers`, which ascend.
fn runs(numbers: &[u64]) -> Vec<(u64, u64)> {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    runs.filter_map(|run| Some((*run.first()?, *run.last()?))).collect()
}

fn code_sum(body: &[u8]) -> [u8; CODE_SUM_BYTES] {
    let sum = Sha256::new_with_prefix(b"sealift/v1/repair-code").chain_update(body).finalize();
    [sum[0], sum[1], sum[2]]
}

/// Seven bits in each byte, the lowest first; the high bit says that more follow.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn base32(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut num_bits) = (String::new(), 0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        num_bits += 8;
        while num_bits >= 5 {
            num_bits -= 5;
            text.push(DIGITS[(bits >> num_bits & 31) as usize].into());
        }
        bits &= (1 << num_bits) - 1;
    }
    if num_bits > 0 {
        text.push(DIGITS[(bits << (5 - num_bits) & 31) as usize].into());
    }
    text
}

/// Spaces and hyphens part groups; letters that look like digits are taken for them.
fn unbase32(text: &str) -> Option<Vec<u8>> {
    if text.len() > 4 * MAX_CODE_BYTES {
        return None;
    }
    let (mut bytes, mut bits, mut num_bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|letter| !matches!(letter, b'-' | b' ')) {
        let letter = match letter.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            letter => letter,
        };
        let digit = DIGITS.iter().position(|digit| *digit == letter)? as u32;
        bits = bits << 5 | digit;
        num_bits += 5;
        if num_bits >= 8 {
            num_bits -= 8;
            bytes.push((bits >> num_bits) as u8);
            bits &= (1 << num_bits) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RepairRequest {
        RepairRequest {
            set_id: (0..32).collect(),
            fingerprint: Some("ab".repeat(32)),
            header: true,
            trailers: vec![1, 7],
            records: vec![(0, 0), (3, 300), (100_000, 100_001)],
        }
    }

    #[test]
    fn a_request_survives_as_document_and_as_code() {
        let request = request();
        assert_eq!(RepairRequest::parse(&request.to_json()).unwrap(), request);
        let code = request.code().unwrap();
        let told = RepairRequest { set_id: (0..5).collect(), fingerprint: None, ..request };
        for typed in [
            code.clone(),
            code.to_lowercase(),
            code.replace('-', " "),
            code.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(RepairRequest::parse(&typed).unwrap(), told, "{typed}");
        }
    }

    #[test]
    fn a_mistyped_code_is_refused() {
        let code = request().code().unwrap();
        for at in 0..code.len() {
            for digit in DIGITS {
                let mut typed = code.clone().into_bytes();
                if typed[at] == b'-' || typed[at] == *digit {
                    continue;
                }
                typed[at] = *digit;
                let typed = String::from_utf8(typed).unwrap();
                // The last digit has bits to spare; what they say is refused too.
                assert_eq!(RepairRequest::parse(&typed).unwrap_err().code(), Code::BadRequest, "{typed}");
            }
        }
        for cut in 0..code.len() - 1 {
            assert_eq!(RepairRequest::parse(&code[..cut]).unwrap_err().code(), Code::BadRequest, "{cut}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let json = request().to_json();
        for (from, to) in [
            ("[3,300]", "[300,3]"),
            ("[3,300]", "[0,300]"),
            ("[3,300]", "[1,300]"),
            ("[1,7]", "[7,1]"),
            ("[1,7]", "[0,7]"),
            ("\"version\":1", "\"version\":2"),
            ("sealift-", "other-"),
            ("0001", "001"),
            ("\"header\":true", "\"header\":true,\"header\":false"),
            ("\"header\":true", "\"header\":true,\"more\":1"),
            ("[100000,100001]", "[100000,18446744073709551616]"),
        ] {
            let changed = json.replacen(from, to, 1);
            assert_ne!(changed, json, "{from}");
            assert_eq!(RepairRequest::parse(&changed).unwrap_err().code(), Code::BadRequest, "{to}");
        }
        for text in ["", "{", "hello", "{}", "密渡"] {
            assert_eq!(RepairRequest::parse(text).unwrap_err().code(), Code::BadRequest, "{text}");
        }
    }

    #[test]
    fn a_long_list_has_no_code() {
        let records = (0..40).map(|run| (run * 1000, run * 1000 + 1)).collect();
        assert_eq!(RepairRequest { records, ..request() }.code(), None);
    }
}
