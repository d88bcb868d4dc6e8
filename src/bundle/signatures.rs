//! Vendor signatures: entries outside the MAC, so that signing needs no key of the bundle.
//!
//! Bytes in, bytes out. Knows whether a signature fits a core; `trust` knows whose it is.
//! Layout: docs/bundle-format.md §10.3.

use bytes::BufMut;

use super::{header::CORE_BYTES, statement::Statement, tlv::Tlv};
use crate::crypto::{MAX_SPKI_BYTES, PublicKey, SigningKey, SigningKeyType};

/// Kind of an ECDSA P-256 signature.
const ECDSA_P256: u16 = 1;
/// Kind of an Ed25519 signature.
const ED25519: u16 = 2;
/// Longest signature: DER of ECDSA P-256 has at most 72 bytes.
const MAX_SIGNATURE_BYTES: usize = 128;

/// A vendor signature, not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VendorSignature {
    pub(crate) public_key: PublicKey,
    pub(crate) signature: Vec<u8>,
    pub(crate) statement: Statement,
}

impl VendorSignature {
    /// Signs the bundle that `core` stands for.
    pub(crate) fn sign(key: &SigningKey, core: &[u8; CORE_BYTES], statement: Statement) -> Self {
        let signature = key.sign(&message(core, &statement.encode()));
        Self { public_key: key.public_key(), signature, statement }
    }

    /// Whether it is one of the bundle that `core` stands for.
    pub(crate) fn fits(&self, core: &[u8; CORE_BYTES]) -> bool {
        self.public_key.verify(&message(core, &self.statement.encode()), &self.signature)
    }

    pub(crate) fn encode(&self) -> Tlv {
        let (public_key, statement) = (self.public_key.to_der(), self.statement.encode());
        let mut value = Vec::new();
        value.put_u16_le(public_key.len() as u16);
        value.put_slice(&public_key);
        value.put_u16_le(self.signature.len() as u16);
        value.put_slice(&self.signature);
        value.put_u32_le(statement.len() as u32);
        value.put_slice(&statement);
        Tlv { kind: kind_of(self.public_key.key_type()), value }
    }

    /// Reads an entry; `None` when it breaks a rule, or is of a kind that is not known.
    pub(crate) fn decode(entry: &Tlv) -> Option<Self> {
        let rest = &mut &entry.value[..];
        let len = usize::from(u16::from_le_bytes(take(rest)?));
        let der = take_slice(rest, len, MAX_SPKI_BYTES)?;
        let public_key = PublicKey::from_der(der).ok()?;
        let len = usize::from(u16::from_le_bytes(take(rest)?));
        let signature = take_slice(rest, len, MAX_SIGNATURE_BYTES)?.to_vec();
        let len = u32::from_le_bytes(take(rest)?) as usize;
        let statement = Statement::decode(take_slice(rest, len, Statement::MAX_BYTES)?)?;
        // One key has one form, and so one id; one signature has one entry.
        let is_exact =
            rest.is_empty() && public_key.to_der() == der && entry.kind == kind_of(public_key.key_type());
        is_exact.then_some(Self { public_key, signature, statement })
    }

    /// Whether `entry` is of a kind that this program checks.
    pub(crate) fn is_known(entry: &Tlv) -> bool {
        matches!(entry.kind, ECDSA_P256 | ED25519)
    }
}

/// Those of `entries` that fit into `room` bytes, in their order. Signatures of the bundle that `core` stands for are taken
/// before all others, which nobody here can read.
pub(super) fn fitting(mut entries: Vec<Tlv>, core: &[u8; CORE_BYTES], room: usize) -> Vec<Tlv> {
    let len = |entry: &Tlv| Tlv::encode_all(std::slice::from_ref(entry)).len();
    if entries.iter().map(len).sum::<usize>() <= room {
        return entries;
    }
    let mut left = room;
    let mut take = |entry: &Tlv| left.checked_sub(len(entry)).map(|rest| left = rest).is_some();
    let fits = |entry: &Tlv| VendorSignature::decode(entry).is_some_and(|signature| signature.fits(core));
    let are_signatures: Vec<bool> = entries.iter().map(fits).collect();
    let mut is_kept = vec![false; entries.len()];
    for wanted in [true, false] {
        for ((entry, is_signature), is_kept) in entries.iter().zip(&are_signatures).zip(&mut is_kept) {
            *is_kept |= *is_signature == wanted && take(entry);
        }
    }
    let mut is_kept = is_kept.into_iter();
    entries.retain(|_| is_kept.next().unwrap_or_default());
    entries
}

fn kind_of(kind: SigningKeyType) -> u16 {
    match kind {
        SigningKeyType::EcdsaP256 => ECDSA_P256,
        SigningKeyType::Ed25519 => ED25519,
    }
}

/// What is signed.
fn message(core: &[u8; CORE_BYTES], statement: &[u8]) -> Vec<u8> {
    let mut message = b"sealift/v1/vendor-signature".to_vec();
    message.put_slice(core);
    message.put_u32_le(statement.len() as u32);
    message.put_slice(statement);
    message
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_slice<'a>(rest: &mut &'a [u8], len: usize, limit: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(len).filter(|_| len <= limit)?;
    *rest = tail;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_an_entry_or_a_core_is_refused() {
        for kind in [SigningKeyType::EcdsaP256, SigningKeyType::Ed25519] {
            let (key, mut core) = (SigningKey::generate(kind), [7; CORE_BYTES]);
            let statement =
                Statement::new(Some(("suite", "1.4")), "2026-01-02T03:04:05Z".parse().unwrap()).unwrap();
            let mut entry = VendorSignature::sign(&key, &core, statement).encode();
            let fits = |entry: &Tlv, core: &[u8; CORE_BYTES]| {
                VendorSignature::decode(entry)
                    .is_some_and(|found| found.fits(core) && found.public_key == key.public_key())
            };
            assert!(fits(&entry, &core));
            for bit in 0..entry.value.len() * 8 {
                entry.value[bit / 8] ^= 1 << (bit % 8);
                assert!(!fits(&entry, &core), "{kind:?} entry bit {bit}");
                entry.value[bit / 8] ^= 1 << (bit % 8);
            }
            for bit in 0..core.len() * 8 {
                core[bit / 8] ^= 1 << (bit % 8);
                assert!(!fits(&entry, &core), "{kind:?} core bit {bit}");
                core[bit / 8] ^= 1 << (bit % 8);
            }
            entry.value.push(0);
            assert!(!fits(&entry, &core), "trailing byte");
            entry.value.pop();
            entry.kind = 3;
            assert!(!fits(&entry, &core), "kind");
        }
    }

    #[test]
    fn entries_are_read_up_to_what_is_malformed() {
        let entries = vec![Tlv { kind: 900, value: vec![1, 2, 3] }, Tlv { kind: 1, value: vec![] }];
        let area = Tlv::encode_all(&entries);
        assert_eq!(Tlv::decode_all(&area), entries);
        assert_eq!(Tlv::decode_all(&area[..area.len() - 1]), entries[..1]);
        assert_eq!(Tlv::decode_all(&[&area[..], &[0, 0, 0, 0, 9]].concat()), entries);
        assert!(Tlv::decode_all(&[1, 0, 1, 0, 0, 0, 0, 0]).is_empty());
    }
}
