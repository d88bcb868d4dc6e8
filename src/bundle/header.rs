//! The bundle header: everything readable without a key.
//!
//! Bytes in, bytes out. Knows nothing of files or key kinds; `keyslot` gives the slots meaning.
//! Layout: docs/bundle-format.md §3.

use bytes::BufMut;
use sha2::{Digest, Sha256};

use super::{SetId, VERSION, checked, keys::BundleKeys, record::Geometry, tlv::Tlv, with_checksum};
use crate::error::{Code, Error, Fact};

/// Bytes of one header copy.
pub(crate) const COPY_BYTES: usize = 64 << 10;
/// The bytes all bundles begin with: `0x89` shows 7-bit transfers, CR LF and 0x1A text-mode ones.
pub(crate) const MAGIC: &[u8; 8] = b"\x89SLFT\r\n\x1a";
/// Most key slots of a bundle.
pub(crate) const MAX_SLOTS: usize = 32;
/// Longest body of one slot.
const MAX_SLOT_BYTES: usize = 8 << 10;
/// Bytes of the core: what a fingerprint and a vendor signature cover.
pub(super) const CORE_BYTES: usize = 200;
/// Value of the state field in a finished bundle.
const SEALED: u32 = 1;

/// One way to unlock the bundle: a kind and a body that `keyslot` understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
}

/// A sealed header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) set_id: SetId,
    pub(crate) geometry: Geometry,
    /// Root over all volume roots.
    pub(crate) set_root: [u8; 32],
    /// Set root of the delivery a delta bundle builds on; zero for a full one.
    pub(crate) base_root: [u8; 32],
    /// Fixes the bundle key.
    pub(crate) commitment: [u8; 32],
    /// Grows with every rewrite of the header; the newest authentic copy counts.
    pub(crate) sequence: u64,
    pub(crate) slots: Vec<Slot>,
    /// Public additions (kind, length, value), kept as they are.
    pub(crate) extensions: Vec<u8>,
    /// Vendor signatures (kind, length, value), outside the MAC.
    pub(crate) signatures: Vec<u8>,
}

/// Why a copy cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NoMagic,
    Mangled,
    Damaged,
    Newer(u16),
    Critical(u64),
    Unsealed,
}

impl Fault {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::NoMagic => Error::new(Code::NotABundle),
            Self::Mangled => Error::new(Code::BundleMangled),
            Self::Damaged => Error::new(Code::HeaderDamaged),
            Self::Newer(version) => Error::new(Code::NewerVersion)
                .with(Fact::Found, format!("v{version}"))
                .with(Fact::Limit, format!("v{VERSION}")),
            Self::Critical(bits) => Error::new(Code::UnknownCritical).with(Fact::Found, format!("{bits:#x}")),
            Self::Unsealed => Error::new(Code::Unsealed),
        }
    }
}

impl Header {
    /// One copy as it lies on disk.
    ///
    /// # Errors
    /// [`Code::SlotsFull`] when slots and extensions do not fit in 64 KiB; [`Code::SignaturesFull`] when they do, and the
    /// signatures not beside them.
    pub(crate) fn encode(&self, keys: &BundleKeys) -> Result<Vec<u8>, Error> {
        self.encode_as(&keys.header_mac(&self.authenticated()))
    }

    /// As [`Self::encode`], for who has the MAC and not the key.
    pub(super) fn encode_as(&self, mac: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let mut out = self.authenticated();
        out.put_slice(mac);
        out.put_u32_le(self.signatures.len() as u32);
        let without = out.len();
        out.put_slice(&self.signatures);
        let too_long = self.slots.iter().any(|slot| slot.body.len() > MAX_SLOT_BYTES);
        if without > COPY_BYTES - 32 || self.slots.len() > MAX_SLOTS || too_long {
            return Err(Error::new(Code::SlotsFull).with(Fact::Found, self.slots.len()));
        }
        if out.len() > COPY_BYTES - 32 {
            let error = Error::new(Code::SignaturesFull).with(Fact::Found, self.signatures.len());
            return Err(error.with(Fact::Limit, self.signature_room()));
        }
        Ok(with_checksum(out, COPY_BYTES))
    }

    /// Bytes that slots and extensions leave to signatures.
    pub(super) fn signature_room(&self) -> usize {
        (COPY_BYTES - 32).saturating_sub(self.authenticated().len() + 32 + 4)
    }

    /// A copy that says "not finished", which a crash leaves behind.
    pub(crate) fn unsealed_copy(set_id: &SetId) -> Vec<u8> {
        let mut out = Vec::with_capacity(COPY_BYTES);
        out.put_slice(MAGIC);
        out.put_u16_le(VERSION);
        out.put_u16_le(0);
        out.put_u32_le(0); // state
        out.put_u64_le(0);
        out.put_slice(set_id);
        with_checksum(out, COPY_BYTES)
    }

    /// The signed and `MACed` beginning of the header.
    pub(crate) fn core(&self) -> [u8; CORE_BYTES] {
        let geometry = &self.geometry;
        let mut core = [0; CORE_BYTES];
        let mut out = &mut core[..];
        out.put_slice(MAGIC);
        out.put_u16_le(VERSION);
        out.put_u16_le(0);
        out.put_u32_le(SEALED);
        out.put_u64_le(0); // critical bits: v1 writes none
        out.put_slice(&self.set_id);
        out.put_u32_le(geometry.record_bytes);
        out.put_u32_le(geometry.volume_records);
        out.put_u32_le(geometry.num_volumes);
        out.put_u32_le(0);
        out.put_u64_le(geometry.num_records);
        out.put_u64_le(geometry.payload_bytes);
        out.put_u64_le(geometry.index_offset);
        out.put_u64_le(geometry.index_bytes);
        out.put_slice(&self.set_root);
        out.put_slice(&self.base_root);
        out.put_slice(&self.commitment);
        debug_assert!(out.is_empty());
        core
    }

    /// The signatures of `copies` of one bundle; what several have, once.
    pub(crate) fn signatures_of<'a>(copies: impl IntoIterator<Item = &'a Self>) -> Vec<Tlv> {
        let mut entries = Vec::new();
        for entry in copies.into_iter().flat_map(|copy| Tlv::decode_all(&copy.signatures)) {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        entries
    }

    /// All that the MAC covers: core, sequence, slots, extensions.
    fn authenticated(&self) -> Vec<u8> {
        let slots = encode_slots(&self.slots);
        let mut out = self.core().to_vec();
        out.put_u64_le(self.sequence);
        out.put_u32_le(slots.len() as u32);
        out.put_u32_le(self.extensions.len() as u32);
        out.put_slice(&slots);
        out.put_slice(&self.extensions);
        out
    }

    /// SHA-256 over the core: what two people compare over the phone. It fixes contents, shape and key,
    /// and stays the same when key slots change.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        Sha256::new_with_prefix(b"sealift/v1/fingerprint").chain_update(self.core()).finalize().into()
    }

    /// Whether this header is the one sealed under `keys`: commitment, then MAC.
    pub(crate) fn is_authentic(&self, mac: &[u8; 32], keys: &BundleKeys) -> bool {
        // The commitment is public and compared against a public field, so plain equality leaks nothing.
        self.commitment == keys.commitment() && keys.verify_header_mac(&self.authenticated(), mac)
    }

    /// Reads the fields of a copy whose magic and checksum were found right.
    pub(crate) fn decode_fields(mut fields: &[u8]) -> Result<(Self, [u8; 32]), Fault> {
        take::<8>(&mut fields)?;
        decode_checked(fields)
    }

    /// Reads one copy; returns the header and its MAC, which needs the key to be checked.
    pub(crate) fn decode(copy: &[u8]) -> Result<(Self, [u8; 32]), Fault> {
        check_magic(copy)?;
        // Every version keeps magic, version, critical bits and checksum where they are, so damage is
        // told from novelty.
        let fields = checked(copy).filter(|_| copy.len() == COPY_BYTES).ok_or(Fault::Damaged)?;
        Self::decode_fields(fields)
    }
}

fn check_magic(copy: &[u8]) -> Result<(), Fault> {
    if copy.starts_with(MAGIC) {
        return Ok(());
    }
    let mangled = [
        &b"\x89SLFT\n\x1a"[..],
        b"\x89SLFT\r\r\n",
        b"\x09SLFT\r\n\x1a",
        b"\xef\xbf\xbdSLFT",
        b"\xc2\x89SLFT",
    ];
    Err(if mangled.iter().any(|pattern| copy.starts_with(pattern)) { Fault::Mangled } else { Fault::NoMagic })
}

/// Takes `N` bytes off the front.
fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Fault> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(Fault::Damaged)?;
    *rest = tail;
    Ok(*head)
}

fn take_vec(rest: &mut &[u8], len: u32) -> Result<Vec<u8>, Fault> {
    let (head, tail) = rest.split_at_checked(len as usize).ok_or(Fault::Damaged)?;
    *rest = tail;
    Ok(head.to_vec())
}

fn u32_le(rest: &mut &[u8]) -> Result<u32, Fault> {
    take(rest).map(u32::from_le_bytes)
}

fn u64_le(rest: &mut &[u8]) -> Result<u64, Fault> {
    take(rest).map(u64::from_le_bytes)
}

fn decode_checked(mut rest: &[u8]) -> Result<(Header, [u8; 32]), Fault> {
    let rest = &mut rest;
    let version = u16::from_le_bytes(take(rest)?);
    if version != VERSION {
        return Err(if version > VERSION { Fault::Newer(version) } else { Fault::Damaged });
    }
    let reserved = take::<2>(rest)?;
    let state = u32_le(rest)?;
    let critical = u64_le(rest)?;
    if critical != 0 {
        return Err(Fault::Critical(critical));
    }
    if state != SEALED {
        return Err(Fault::Unsealed);
    }
    let set_id = take(rest)?;
    let (record_bytes, volume_records, num_volumes) = (u32_le(rest)?, u32_le(rest)?, u32_le(rest)?);
    let reserved_2 = u32_le(rest)?;
    let geometry = Geometry {
        record_bytes,
        volume_records,
        num_volumes,
        num_records: u64_le(rest)?,
        payload_bytes: u64_le(rest)?,
        index_offset: u64_le(rest)?,
        index_bytes: u64_le(rest)?,
    };
    if reserved != [0; 2] || reserved_2 != 0 || !geometry.is_valid() {
        return Err(Fault::Damaged);
    }
    let (set_root, base_root, commitment) = (take(rest)?, take(rest)?, take(rest)?);
    let sequence = u64_le(rest)?;
    let (slots_len, extensions_len) = (u32_le(rest)?, u32_le(rest)?);
    let slots = decode_slots(&take_vec(rest, slots_len)?)?;
    let extensions = take_vec(rest, extensions_len)?;
    let mac = take(rest)?;
    let signatures_len = u32_le(rest)?;
    let signatures = take_vec(rest, signatures_len)?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(Fault::Damaged);
    }
    let header =
        Header { set_id, geometry, set_root, base_root, commitment, sequence, slots, extensions, signatures };
    Ok((header, mac))
}

/// Slots as they lie on disk, back to back. §3.2.
pub(crate) fn encode_slots(slots: &[Slot]) -> Vec<u8> {
    let mut out = Vec::new();
    for slot in slots {
        out.put_u16_le(slot.kind);
        out.put_u16_le(0);
        out.put_u32_le(slot.body.len() as u32);
        out.put_slice(&slot.body);
    }
    out
}

/// The slots that fill these bytes, at most [`MAX_SLOTS`].
pub(crate) fn decode_slots(mut rest: &[u8]) -> Result<Vec<Slot>, Fault> {
    let mut slots = Vec::new();
    while !rest.is_empty() {
        let kind = u16::from_le_bytes(take(&mut rest)?);
        let reserved = take::<2>(&mut rest)?;
        let len = u32_le(&mut rest)?;
        if slots.len() == MAX_SLOTS || len as usize > MAX_SLOT_BYTES || reserved != [0; 2] {
            return Err(Fault::Damaged);
        }
        slots.push(Slot { kind, body: take_vec(&mut rest, len)? });
    }
    Ok(slots)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::crypto::Key;

    pub(in crate::bundle) fn sample() -> (Header, BundleKeys) {
        let keys = BundleKeys::new(Key::random(), [3; 32]);
        let geometry = Geometry {
            record_bytes: 1 << 20,
            volume_records: 0,
            num_volumes: 1,
            num_records: 1,
            payload_bytes: 100,
            index_offset: 40,
            index_bytes: 60,
        };
        let header = Header {
            set_id: [3; 32],
            geometry,
            set_root: [4; 32],
            base_root: [0; 32],
            commitment: keys.commitment(),
            sequence: 1,
            slots: vec![Slot { kind: 1, body: vec![9; 120] }, Slot { kind: 900, body: vec![] }],
            extensions: vec![1, 2, 3],
            signatures: vec![],
        };
        (header, keys)
    }

    #[test]
    fn a_header_round_trips_and_is_authentic_only_under_its_key() {
        let (header, keys) = sample();
        let (decoded, mac) = Header::decode(&header.encode(&keys).unwrap()).unwrap();
        assert_eq!(decoded, header);
        assert!(decoded.is_authentic(&mac, &keys));
        assert!(!decoded.is_authentic(&mac, &BundleKeys::new(Key::random(), [3; 32])));
    }

    #[test]
    fn every_flipped_bit_of_a_copy_is_found() {
        let (header, keys) = sample();
        let mut copy = header.encode(&keys).unwrap();
        for bit in 0..copy.len() * 8 {
            // SHA-256 over 64 KiB for each of 524,288 bits would take minutes: the padding is sampled.
            if bit / 8 > 600 && bit / 8 < COPY_BYTES - 32 && bit % 509 != 0 {
                continue;
            }
            copy[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&copy).is_err(), "bit {bit}");
            copy[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn every_forged_field_with_a_right_checksum_fails_the_mac_or_the_rules() {
        let (header, keys) = sample();
        let copy = header.encode(&keys).unwrap();
        let used = header.authenticated().len() + 32;
        for bit in 0..used * 8 {
            let mut body = copy[..COPY_BYTES - 32].to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            if let Ok((decoded, mac)) = Header::decode(&with_checksum(body, COPY_BYTES)) {
                assert!(!decoded.is_authentic(&mac, &keys), "bit {bit}");
            }
        }
    }

    #[test]
    fn faults_are_told_apart() {
        let (header, keys) = sample();
        let copy = header.encode(&keys).unwrap();
        let patched = |offset: usize, value: u8| {
            let mut body = copy[..COPY_BYTES - 32].to_vec();
            body[offset] = value;
            Header::decode(&with_checksum(body, COPY_BYTES)).unwrap_err()
        };
        assert_eq!(patched(8, 2), Fault::Newer(2));
        assert_eq!(patched(12, 0), Fault::Unsealed);
        assert_eq!(patched(16, 4), Fault::Critical(4));
        assert_eq!(patched(63_000, 1), Fault::Damaged, "padding");
        assert_eq!(Header::decode(&Header::unsealed_copy(&[1; 32])).unwrap_err(), Fault::Unsealed);
        let text_mode: Vec<u8> = String::from_utf8_lossy(&copy).replace("\r\n", "\n").into_bytes();
        assert_eq!(Header::decode(&text_mode).unwrap_err(), Fault::Mangled);
        assert_eq!(Header::decode(b"PK\x03\x04").unwrap_err(), Fault::NoMagic);
        assert_eq!(Header::decode(&copy[..1000]).unwrap_err(), Fault::Damaged);
    }

    #[test]
    fn the_fingerprint_ignores_slots_and_sequence_and_nothing_else() {
        let (header, _) = sample();
        let same = Header { sequence: 9, slots: vec![], extensions: vec![], ..header.clone() };
        assert_eq!(header.fingerprint(), same.fingerprint());
        let other = Header { commitment: [0; 32], ..header.clone() };
        assert_ne!(header.fingerprint(), other.fingerprint());
    }
}
