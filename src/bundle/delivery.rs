//! The extension that makes a bundle part of a delivery: one of several bundles that were packed together, each with the
//! images of one sensitivity class.
//!
//! Bytes in, bytes out. Layout: docs/bundle-format.md §10.2.1.

use std::path::{Path, PathBuf};

use super::tlv::Tlv;
use crate::class::Class;

/// Kind of the extension.
const KIND: u16 = 1;

/// Identity of one delivery: 16 random bytes, public.
pub(crate) type DeliveryId = [u8; 16];

/// Which part of which delivery a bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeliveryPart {
    pub(crate) delivery: DeliveryId,
    pub(crate) class: Class,
    /// Classes of all parts of the delivery, ascending.
    pub(crate) classes: Vec<Class>,
}

impl DeliveryPart {
    /// The extensions of a header that hold nothing else.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let classes = self.classes.iter().fold(0, |bits, class| bits | bit(*class));
        let value = [&self.delivery[..], &[bit(self.class), classes]].concat();
        Tlv::encode_all(&[Tlv { kind: KIND, value }])
    }

    /// The part that the extensions of a header tell of. One with a class that is not known is none.
    pub(crate) fn decode(extensions: &[u8]) -> Option<Self> {
        let entry = Tlv::decode_all(extensions).into_iter().find(|entry| entry.kind == KIND)?;
        let (delivery, rest) = entry.value.split_first_chunk()?;
        let [class, classes] = *rest else { return None };
        let all: Vec<Class> = Class::ALL.into_iter().filter(|class| classes & bit(*class) != 0).collect();
        let is_known = all.iter().fold(0, |bits, class| bits | bit(*class)) == classes;
        let class = all.iter().copied().find(|known| bit(*known) == class)?;
        is_known.then_some(Self { delivery: *delivery, class, classes: all })
    }

    /// Where the bundle of `class` lies beside this one at `path`; none where that is not named as a part.
    pub(crate) fn sibling(&self, path: &Path, class: Class) -> Option<PathBuf> {
        let end = format!(".{}", self.class);
        let name = path.file_name()?.to_str()?;
        let (stem, extension) = match name.strip_suffix(&end) {
            Some(stem) => (stem, ""),
            None => (path.file_stem()?.to_str()?.strip_suffix(&end)?, path.extension()?.to_str()?),
        };
        let dot = if extension.is_empty() { "" } else { "." };
        Some(path.with_file_name(format!("{stem}.{class}{dot}{extension}")))
    }
}

/// The bit of a class.
const fn bit(class: Class) -> u8 {
    match class {
        Class::Public => 1,
        Class::Internal => 2,
        Class::Secret => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_round_trips_and_every_changed_bit_makes_another_or_none() {
        let part = DeliveryPart {
            delivery: [7; 16],
            class: Class::Internal,
            classes: vec![Class::Internal, Class::Secret],
        };
        let bytes = part.encode();
        assert_eq!(DeliveryPart::decode(&bytes), Some(part.clone()));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(DeliveryPart::decode(&changed), Some(part.clone()), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(DeliveryPart::decode(&bytes[..len]), None);
        }
    }

    #[test]
    fn parts_find_each_other_by_name() {
        let part = DeliveryPart { delivery: [7; 16], class: Class::Public, classes: Class::ALL.to_vec() };
        for (name, expected) in [
            ("f/a.public.sealift", Some("f/a.secret.sealift")),
            ("a.public.b.public.sealift", Some("a.public.b.secret.sealift")),
            ("a.public", Some("a.secret")),
            ("a.sealift", None),
            ("a.internal.sealift", None),
        ] {
            assert_eq!(part.sibling(Path::new(name), Class::Secret), expected.map(PathBuf::from), "{name}");
        }
    }

    #[test]
    fn other_extensions_stand_beside_it_and_a_class_must_be_one_of_the_delivery() {
        let part = DeliveryPart { delivery: [1; 16], class: Class::Secret, classes: vec![Class::Secret] };
        let other = Tlv::encode_all(&[Tlv { kind: 900, value: vec![1, 2, 3] }]);
        assert_eq!(DeliveryPart::decode(&[other, part.encode()].concat()), Some(part.clone()));
        let alone = DeliveryPart { class: Class::Public, ..part };
        assert_eq!(DeliveryPart::decode(&alone.encode()), None);
    }
}
