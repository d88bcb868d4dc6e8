//! The index: what the byte space means. docs/bundle-format.md §4.
//!
//! zstd over JSON, so that any language reads it. Everything is checked when read: later code relies on
//! extents lying inside frames and on sizes adding up.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    marker::PhantomData,
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::frame::{Codec, MAX_FRAME_BYTES};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    oci::{MAX_BLOB_BYTES, parse_json},
};

/// Most images of a bundle.
pub(crate) const MAX_IMAGES: usize = 10_000;
/// Most names of all images together.
pub(crate) const MAX_NAMES: usize = 100_000;
/// Most blobs of a bundle.
pub(crate) const MAX_BLOBS: usize = 100_000;
/// Most frames of a bundle: 16 TiB of them as Sealift makes them.
const MAX_FRAMES: usize = 4 << 20;
/// Most extents of all blobs together.
const MAX_EXTENTS: usize = 4 << 20;
/// Most bytes of the index, compressed or not.
pub(crate) const MAX_INDEX_BYTES: u64 = 256 << 20;
/// Longest image name, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// Contents of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// RFC 3339 time of packing.
    pub(crate) created: String,
    /// Name and version of the program that packed.
    pub(crate) tool: String,
    #[serde(deserialize_with = "images")]
    pub(crate) images: Vec<ImageEntry>,
    #[serde(deserialize_with = "blobs")]
    pub(crate) blobs: Vec<BlobEntry>,
    #[serde(deserialize_with = "frames")]
    pub(crate) frames: Vec<FrameEntry>,
}

/// An image: names and the manifest or image index they point at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageEntry {
    /// References; empty for an untagged image.
    #[serde(deserialize_with = "names")]
    pub(crate) names: Vec<String>,
    /// Blob the names point at.
    pub(crate) target: Digest,
    /// The source kept no manifest; this one was made from the config, so its digest is ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) synthesized: bool,
}

/// A blob: its OCI descriptor and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlobEntry {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) media_type: String,
    /// Of a layer: the digest of its uncompressed tar, from the image's config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) diff_id: Option<Digest>,
    #[serde(deserialize_with = "extents")]
    pub(crate) extents: Vec<Extent>,
}

/// A run of a blob's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Extent {
    /// `[frame, offset, length]` in the plaintext of a frame.
    Frame(u32, u32, u32),
    /// `[digest, offset, length]` in a blob outside the bundle. Rare, and thrice as large as the other.
    External(Box<(Digest, u64, u64)>),
}

impl Extent {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Frame(_, _, len) => u64::from(*len),
            Self::External(outside) => outside.2,
        }
    }
}

/// `[codec, stored length, plaintext length]`; frames lie back to back from the start of the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FrameEntry(pub(crate) u8, pub(crate) u32, pub(crate) u32);

impl FrameEntry {
    pub(crate) fn new(codec: Codec, stored_len: u32, plain_len: u32) -> Self {
        Self(matches!(codec, Codec::Zstd).into(), stored_len, plain_len)
    }

    pub(crate) fn codec(self) -> Codec {
        if self.0 == 0 { Codec::Stored } else { Codec::Zstd }
    }
}

/// A struct that stands as a JSON object; serde would also take its members as a bare list.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A list that is refused as soon as it is too long, before memory is taken for the rest.
struct Bounded<T, R> {
    /// What an element that is read becomes.
    into: fn(R) -> T,
    /// What an element counts for, and how much all may.
    weight: fn(&T) -> usize,
    most: usize,
    what: &'static str,
}

impl<'de, T, R: Deserialize<'de>> Visitor<'de> for Bounded<T, R> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Vec<T>, A::Error> {
        let (mut elements, mut total) = (Vec::new(), 0);
        while let Some(element) = list.next_element()? {
            let element = (self.into)(element);
            total += (self.weight)(&element);
            if total > self.most {
                return Err(A::Error::custom(format_args!("more than {} {}", self.most, self.what)));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

fn frames<'de, D: Deserializer<'de>>(list: D) -> std::result::Result<Vec<FrameEntry>, D::Error> {
    let into: fn(FrameEntry) -> FrameEntry = |frame| frame;
    list.deserialize_seq(Bounded { into, weight: |_| 1, most: MAX_FRAMES, what: "frames" })
}

fn extents<'de, D: Deserializer<'de>>(list: D) -> std::result::Result<Vec<Extent>, D::Error> {
    let into: fn(Extent) -> Extent = |extent| extent;
    list.deserialize_seq(Bounded { into, weight: |_| 1, most: MAX_EXTENTS, what: "extents" })
}

fn names<'de, D: Deserializer<'de>>(list: D) -> std::result::Result<Vec<String>, D::Error> {
    let into: fn(String) -> String = |name| name;
    list.deserialize_seq(Bounded { into, weight: |_| 1, most: MAX_NAMES, what: "names" })
}

fn images<'de, D: Deserializer<'de>>(list: D) -> std::result::Result<Vec<ImageEntry>, D::Error> {
    let into: fn(Object<ImageEntry>) -> ImageEntry = |Object(image)| image;
    // How many there are of either is checked with the other rules; this bounds the memory for both.
    let weight: fn(&ImageEntry) -> usize = |image| 1 + image.names.len();
    list.deserialize_seq(Bounded { into, weight, most: MAX_IMAGES + MAX_NAMES, what: "images and names" })
}

fn blobs<'de, D: Deserializer<'de>>(list: D) -> std::result::Result<Vec<BlobEntry>, D::Error> {
    let into: fn(Object<BlobEntry>) -> BlobEntry = |Object(blob)| blob;
    // The number of blobs is checked with the other rules; their extents are what takes memory.
    let weight: fn(&BlobEntry) -> usize = |blob| blob.extents.len();
    list.deserialize_seq(Bounded { into, weight, most: MAX_EXTENTS, what: "extents" })
}

/// The index breaks a rule: `detail` says which.
fn broken(detail: &str) -> Error {
    Error::new(Code::BadIndex).with(Fact::Detail, detail)
}

impl Index {
    /// Compressed form.
    ///
    /// # Errors
    /// [`Code::Limit`] when it is larger than a reader accepts.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(self).map_err(|e| broken("cannot be written").caused_by(e))?;
        if json.len() as u64 > MAX_INDEX_BYTES {
            return Err(Error::new(Code::Limit)
                .worded(Fact::Detail, "detail-limit-index", &[])
                .with(Fact::Limit, MAX_INDEX_BYTES));
        }
        zstd::bulk::compress(&json, 3).map_err(|e| broken("cannot be compressed").caused_by(e))
    }

    /// Decodes and checks an index whose frames fill `frames_bytes` of plaintext.
    pub(crate) fn decode(encoded: &[u8], frames_bytes: u64) -> Result<Self> {
        let capacity = zstd::zstd_safe::get_frame_content_size(encoded)
            .ok()
            .flatten()
            .filter(|len| *len <= MAX_INDEX_BYTES)
            .ok_or_else(|| broken("its size is not given or too large"))?;
        if zstd::zstd_safe::find_frame_compressed_size(encoded) != Ok(encoded.len()) {
            return Err(broken("it is not exactly one zstd frame"));
        }
        let json = zstd::bulk::decompress(encoded, capacity as usize)
            .map_err(|e| broken("it does not decompress").caused_by(e))?;
        if json.starts_with(b"\xef\xbb\xbf") {
            return Err(broken("it begins with a byte order mark"));
        }
        let index: Object<Self> =
            parse_json(&json, "index").map_err(|e| broken("it is not valid JSON").caused_by(e))?;
        let Object(index) = index;
        index.check(frames_bytes)?;
        Ok(index)
    }

    /// Checks every rule of docs/bundle-format.md §4.3.
    pub(super) fn check(&self, frames_bytes: u64) -> Result<()> {
        let num_extents: usize = self.blobs.iter().map(|blob| blob.extents.len()).sum();
        let num_names: usize = self.images.iter().map(|image| image.names.len()).sum();
        if self.images.len() > MAX_IMAGES
            || num_names > MAX_NAMES
            || self.blobs.len() > MAX_BLOBS
            || self.frames.len() > MAX_FRAMES
            || num_extents > MAX_EXTENTS
        {
            return Err(broken("too many images, names, blobs, frames or extents"));
        }
        let mut stored = 0_u64;
        for frame in &self.frames {
            stored += u64::from(frame.1);
            let FrameEntry(codec, stored_len, plain_len) = *frame;
            let fits = match codec {
                0 => stored_len == plain_len,
                1 => stored_len > 0 && stored_len <= plain_len,
                _ => false,
            };
            if !fits || plain_len == 0 || plain_len > MAX_FRAME_BYTES {
                return Err(broken("a frame's codec or length is not allowed"));
            }
        }
        if stored != frames_bytes {
            return Err(broken("frames do not fill the space before the index"));
        }
        for pair in self.blobs.windows(2) {
            if pair[0].digest >= pair[1].digest {
                return Err(broken("blobs are not sorted by digest, or one is listed twice"));
            }
        }
        self.blobs.iter().try_for_each(|blob| self.check_blob(blob))?;
        let mut names = HashSet::new();
        for image in &self.images {
            if self.blob(&image.target).is_none() {
                return Err(broken("an image's manifest is not among the blobs"));
            }
            for name in &image.names {
                if name.is_empty() || name.len() > MAX_NAME_BYTES || !names.insert(name) {
                    return Err(broken("an image name is empty, too long or used twice"));
                }
            }
        }
        Ok(())
    }

    fn check_blob(&self, blob: &BlobEntry) -> Result<()> {
        let mut size = 0_u64;
        for extent in &blob.extents {
            size = size.checked_add(extent.len()).ok_or_else(|| broken("a blob's size overflows"))?;
            let inside = match extent {
                Extent::Frame(frame, offset, len) => self
                    .frames
                    .get(*frame as usize)
                    .is_some_and(|frame| u64::from(*offset) + u64::from(*len) <= u64::from(frame.2)),
                Extent::External(outside) => outside.1.checked_add(outside.2).is_some(),
            };
            if extent.len() == 0 || !inside {
                return Err(broken("an extent lies outside its frame"));
            }
        }
        if size != blob.size || size > MAX_BLOB_BYTES || blob.media_type.len() > MAX_NAME_BYTES {
            return Err(broken("a blob's extents do not add up to its size"));
        }
        Ok(())
    }

    /// The entry of `digest`.
    pub(crate) fn blob(&self, digest: &Digest) -> Option<&BlobEntry> {
        self.blobs.binary_search_by_key(digest, |blob| blob.digest).ok().map(|found| &self.blobs[found])
    }

    /// Digests of blobs outside the bundle that it builds on.
    pub(crate) fn externals(&self) -> BTreeMap<Digest, Digest> {
        let external = |extent: &Extent| match extent {
            Extent::External(outside) => Some(outside.0),
            Extent::Frame(..) => None,
        };
        self.blobs
            .iter()
            .flat_map(|blob| blob.extents.iter().filter_map(external).map(|outside| (outside, blob.digest)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Index {
        let blob = |byte: u8, extents| BlobEntry {
            digest: Digest::from_bytes([byte; 32]),
            size: 10,
            media_type: "application/octet-stream".into(),
            diff_id: None,
            extents,
        };
        Index {
            created: "2026-01-01T00:00:00Z".into(),
            tool: "test".into(),
            images: vec![ImageEntry {
                names: vec!["docker.io/library/a:1".into()],
                target: Digest::from_bytes([1; 32]),
                synthesized: false,
            }],
            blobs: vec![
                blob(1, vec![Extent::Frame(0, 0, 4), Extent::Frame(1, 2, 6)]),
                blob(2, vec![Extent::External(Box::new((Digest::from_bytes([9; 32]), 5, 10)))]),
            ],
            frames: vec![FrameEntry(0, 4, 4), FrameEntry(1, 5, 8)],
        }
    }

    #[test]
    fn an_index_round_trips_and_names_its_externals() {
        let index = sample();
        let decoded = Index::decode(&index.encode().unwrap(), 9).unwrap();
        assert_eq!(decoded, index);
        assert_eq!(decoded.externals().len(), 1);
    }

    #[test]
    fn an_index_that_compresses_a_thousandfold_is_read() {
        let mut index = sample();
        index.blobs[0] = BlobEntry {
            size: 4 << 20,
            extents: vec![Extent::Frame(0, 0, 4); 1 << 20],
            ..index.blobs[0].clone()
        };
        let encoded = index.encode().unwrap();
        assert_eq!(Index::decode(&encoded, 9).unwrap(), index);
        let two_frames = [&encoded[..], &zstd::bulk::compress(b"", 3).unwrap()].concat();
        assert_eq!(Index::decode(&two_frames, 9).unwrap_err().code(), Code::BadIndex);
    }

    #[test]
    fn extents_and_frames_are_read_up_to_their_limits_and_no_further() {
        // Shared among several blobs: it is their sum that counts.
        let with_extents = |num: usize| {
            let blob = |byte: u8, num: usize| BlobEntry {
                digest: Digest::from_bytes([byte; 32]),
                size: num as u64,
                media_type: String::new(),
                diff_id: None,
                extents: vec![Extent::Frame(0, 0, 1); num],
            };
            Index { blobs: vec![blob(1, num / 2), blob(2, num - num / 2)], ..sample() }
        };
        let with_frames = |num: usize| Index {
            images: Vec::new(),
            blobs: Vec::new(),
            frames: vec![FrameEntry(0, 1, 1); num],
            ..sample()
        };
        for (index, frames_bytes, is_read) in [
            (with_extents(MAX_EXTENTS), 9, true),
            (with_extents(MAX_EXTENTS + 1), 9, false),
            (with_frames(MAX_FRAMES), MAX_FRAMES as u64, true),
            (with_frames(MAX_FRAMES + 1), MAX_FRAMES as u64 + 1, false),
        ] {
            let decoded = Index::decode(&index.encode().unwrap(), frames_bytes);
            assert_eq!(decoded.err().map(|e| e.code()), (!is_read).then_some(Code::BadIndex));
            // A writer refuses what a reader would.
            assert_eq!(index.check(frames_bytes).is_ok(), is_read);
        }
    }

    #[test]
    fn every_broken_rule_is_refused() {
        let cases: [fn(&mut Index); 17] = [
            |i| i.frames[0].1 = 5,
            |i| i.frames[1].0 = 2,
            |i| i.frames[1] = FrameEntry(1, 5, u32::MAX),
            |i| i.frames[1] = FrameEntry(1, 5, 0),
            |i| i.frames[0] = FrameEntry(0, 4, 9),
            |i| i.blobs.swap(0, 1),
            |i| i.blobs[1].digest = i.blobs[0].digest,
            |i| i.blobs[0].size = 11,
            |i| i.blobs[0].extents.clear(),
            |i| i.blobs[0].extents[1] = Extent::Frame(1, 3, 6),
            |i| i.blobs[0].extents[1] = Extent::Frame(2, 0, 6),
            |i| i.blobs[0].extents[1] = Extent::Frame(1, u32::MAX, u32::MAX),
            |i| i.blobs[0].extents.push(Extent::Frame(0, 0, 0)),
            |i| i.blobs[1].extents[0] = Extent::External(Box::new((i.blobs[0].digest, u64::MAX, 10))),
            |i| i.images[0].target = Digest::from_bytes([7; 32]),
            |i| i.images[0].names.push("docker.io/library/a:1".into()),
            |i| i.images[0].names.push(String::new()),
        ];
        for (case, change) in cases.iter().enumerate() {
            let mut index = sample();
            change(&mut index);
            let error = Index::decode(&index.encode().unwrap(), 9).unwrap_err();
            assert_eq!(error.code(), Code::BadIndex, "case {case}");
        }
        assert!(Index::decode(&sample().encode().unwrap(), 8).is_err());
        assert!(Index::decode(&zstd::bulk::compress(&vec![b' '; 1 << 20], 3).unwrap(), 9).is_err(), "blank");
        let twice = br#"{"created":"","created":"","tool":"","images":[],"blobs":[],"frames":[]}"#;
        assert!(Index::decode(&zstd::bulk::compress(twice, 3).unwrap(), 0).is_err(), "duplicate key");
    }
}
