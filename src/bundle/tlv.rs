//! Entries of a kind, a length and a value: what extensions and signatures of a header are made of.
//!
//! Layout: docs/bundle-format.md §10.2.

use bytes::BufMut;

/// One entry, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tlv {
    pub(crate) kind: u16,
    pub(crate) value: Vec<u8>,
}

impl Tlv {
    /// The entries of an area, up to the first that is malformed: what follows is none.
    pub(crate) fn decode_all(mut area: &[u8]) -> Vec<Self> {
        let mut entries = Vec::new();
        while let Some(entry) = Self::take(&mut area) {
            entries.push(entry);
        }
        entries
    }

    fn take(area: &mut &[u8]) -> Option<Self> {
        let (head, rest) = area.split_first_chunk::<8>()?;
        let [k0, k1, z0, z1, len @ ..] = *head;
        let (value, rest) = rest.split_at_checked(u32::from_le_bytes(len) as usize)?;
        *area = rest;
        let kind = u16::from_le_bytes([k0, k1]);
        ([z0, z1] == [0; 2]).then(|| Self { kind, value: value.to_vec() })
    }

    /// The area that holds `entries`.
    pub(crate) fn encode_all(entries: &[Self]) -> Vec<u8> {
        let mut area = Vec::new();
        for entry in entries {
            area.put_u16_le(entry.kind);
            area.put_u16_le(0);
            area.put_u32_le(entry.value.len() as u32);
            area.put_slice(&entry.value);
        }
        area
    }
}
