//! Opens bundles: the public header, the key, the index, and any piece of the byte space.
//!
//! Reading never changes a bundle and needs no temporary space, so read-only media work.

use std::{
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    commit::locate_first,
    frame::{Frame, decompress},
    header::{COPY_BYTES, Fault, Header, Slot},
    index::{BlobEntry, Extent, Index, MAX_INDEX_BYTES},
    index_hashes::IndexHashes,
    keys::BundleKeys,
    record::{RecordCipher, plain_of},
    recovery::{Given, Survey, pieces},
    tlv::Tlv,
    volume::{FIRST_HEAD_BYTES, VolumeSet, is_bundle_head, is_volume_head},
};
use crate::{
    error::{Code, Error, Fact, Result},
    fs::{open_file, partial_path, read_exact_at},
    job::{Background, Ctx, Notice, NoticeKind},
};

/// Decoded frames kept while documents are read.
const RECENT_FRAMES: usize = 8;
/// Opened records kept: neighbouring frames share the record at their border.
const RECORD_CACHE_LEN: usize = 12;

/// What it means that there is no file at `path`, where an interrupted run left one under its partial name.
fn unfinished(path: &Path, error: Error) -> Error {
    let partial = partial_path(path);
    if error.code() == Code::NotFound && partial.is_file() {
        Error::new(Code::Unsealed).at(&partial)
    } else {
        error
    }
}

/// A bundle without its key: the public header and the volumes.
#[derive(Debug)]
pub(crate) struct Bundle {
    path: PathBuf,
    /// Copies that can be used, each with its MAC: those that fit the volumes first, then the newest.
    candidates: Vec<(Header, [u8; 32])>,
    num_damaged_copies: usize,
    /// Whether a copy can be read and fits the volumes less than the other.
    has_foreign_copy: bool,
}

impl Bundle {
    /// Reads the header of the bundle at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file =
            open_file(locate_first(path).as_deref().unwrap_or(path)).map_err(|e| unfinished(path, e))?;
        Self::read(path, &file).map(|(bundle, _)| bundle)
    }

    /// As [`Bundle::open`], from the open file; and both header copies as they lie there.
    pub(super) fn read(path: &Path, file: &File) -> Result<(Self, Vec<u8>)> {
        let len = file.metadata().map_err(|e| Error::read(path, e))?.len();
        let mut head = vec![0; len.min(FIRST_HEAD_BYTES) as usize];
        read_exact_at(file, &mut head, 0).map_err(|e| Error::read(path, e))?;

        if len < FIRST_HEAD_BYTES && is_bundle_head(&head) {
            let error = Error::new(Code::Truncated).with(Fact::Expected, FIRST_HEAD_BYTES);
            return Err(error.with(Fact::Found, len).at(path));
        }
        let (a, b) = head.split_at(head.len().min(COPY_BYTES));
        let mut bundle = Self::from_copies(path, a, b).map_err(|e| e.at(path))?;
        bundle.prefer_what_fits();
        Ok((bundle, head))
    }

    fn from_copies(path: &Path, a: &[u8], b: &[u8]) -> Result<Self> {
        let (mut candidates, mut faults) = (Vec::new(), Vec::new());
        for copy in [a, b] {
            match Header::decode(copy) {
                Ok(decoded) => candidates.push(decoded),
                Err(fault) => faults.push(fault),
            }
        }
        if candidates.is_empty() {
            // What a copy that is whole says counts more than damage to the other.
            let rank = |fault: &Fault| match fault {
                Fault::NoMagic => 0,
                Fault::Damaged => 1,
                Fault::Mangled => 2,
                Fault::Unsealed => 3,
                Fault::Newer(_) | Fault::Critical(_) => 4,
            };
            let fault = faults.into_iter().max_by_key(rank).unwrap_or(Fault::NoMagic);
            return Err(if is_volume_head(a) {
                Error::new(Code::NotFirstVolume)
            } else {
                fault.into_error()
            });
        }
        candidates.sort_by_key(|(header, _)| std::cmp::Reverse(header.sequence));
        // Signing writes one copy after the other: what either has counts. docs/bundle-format.md §10.3.
        if let [(a, _), (b, _)] = &mut candidates[..]
            && a.core() == b.core()
            && a.signatures != b.signatures
        {
            a.signatures = Tlv::encode_all(&Header::signatures_of([&*a, &*b]));
            b.signatures.clone_from(&a.signatures);
        }
        Ok(Self {
            path: path.to_owned(),
            candidates,
            num_damaged_copies: faults.len(),
            has_foreign_copy: false,
        })
    }

    /// Where the copies have different cores, anyone may have written the newer one: the volumes decide which is tried first.
    fn prefer_what_fits(&mut self) {
        let [(a, _), (b, _)] = &self.candidates[..] else { return };
        if a.core() == b.core() {
            return;
        }
        let fit = |header: &Header| match VolumeSet::open(&self.path, header) {
            Ok(_) => 2,
            // Damaged or missing volumes are not those of another bundle.
            Err(_) => u8::from(Survey::shape_at(&self.path, header).is_ok()),
        };
        let fits = (fit(a), fit(b));
        self.has_foreign_copy = fits.0 != fits.1;
        if fits.0 < fits.1 {
            self.candidates.reverse();
        }
    }

    /// The newest readable header that fits the volumes. Without a key it is only known to be undamaged.
    pub(crate) fn header(&self) -> &Header {
        &self.candidates[0].0
    }

    /// Readable headers, in the order they are to be tried; after an interrupted key change they may differ in slots.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &Header> {
        self.candidates.iter().map(|(header, _)| header)
    }

    /// Key slots that only the older copy has: a change of keys was interrupted between the copies, and what they open with
    /// opens the bundle until it is completed. Without a key it is not known whether that copy is authentic.
    pub(crate) fn superseded_slots(&self) -> Vec<&Slot> {
        let newest = self.header();
        let is_older = |other: &&Header| other.core() == newest.core() && other.sequence < newest.sequence;
        let older = self.candidates().skip(1).filter(is_older);
        older.flat_map(|header| &header.slots).filter(|slot| !newest.slots.contains(slot)).collect()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Header copies that cannot be used: 0 or 1.
    pub(crate) fn num_damaged_copies(&self) -> usize {
        self.num_damaged_copies
    }

    /// Names header copies that cannot be used, or do not fit the volumes as the other one does.
    pub(crate) fn notice_bad_copies(&self, ctx: &Ctx) {
        if self.num_damaged_copies > 0 {
            ctx.notice(Notice::new(NoticeKind::HeaderCopyDamaged, self.path.display()));
        }
        self.notice_foreign_copy(ctx);
    }

    /// Names a header copy that does not fit the volumes, where the other does.
    pub(crate) fn notice_foreign_copy(&self, ctx: &Ctx) {
        if self.has_foreign_copy {
            ctx.notice(Notice::new(NoticeKind::HeaderCopyForeign, self.path.display()));
        }
    }

    /// The volumes, checked against [`Self::header`].
    pub(crate) fn volumes(&self) -> Result<VolumeSet> {
        VolumeSet::open(&self.path, self.header())
    }

    /// Whether the volumes have the shape that one of the readable headers tells; which of them is authentic, only a key
    /// shows.
    ///
    /// # Errors
    /// What is wrong by the newest.
    pub(crate) fn check_shape(&self) -> Result<()> {
        let newest = self.volumes().map(drop);
        newest.or_else(|e| {
            let mut others = self.candidates().skip(1);
            if others.any(|header| VolumeSet::open(&self.path, header).is_ok()) { Ok(()) } else { Err(e) }
        })
    }

    /// The header that the volumes are of. Where the copies have different cores, one is forged, and without a key the
    /// volumes alone can tell which: by their hashes, which lead to its set root.
    pub(crate) fn header_of_volumes(&self, ctx: &Ctx) -> Result<&Header> {
        let is_one = self.candidates().all(|header| header.core() == self.header().core());
        for header in self.candidates().filter(|_| !is_one) {
            match Survey::take(ctx, &self.path, header, Given::default()) {
                Ok(survey) if survey.is_proven => return Ok(header),
                Err(e) if e.code() == Code::Cancelled => return Err(e),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(self.header())
    }

    /// The header that `keys` authenticate; of two, the newer.
    pub(crate) fn authenticate(&self, keys: &BundleKeys) -> Result<&Header> {
        let authentic = self.candidates.iter().filter(|(header, mac)| header.is_authentic(mac, keys));
        let authentic = authentic.min_by_key(|(header, _)| std::cmp::Reverse(header.sequence));
        authentic.map(|(header, _)| header).ok_or_else(|| Error::new(Code::HeaderForged).at(&self.path))
    }

    /// Opens the index. `keys` must come from a slot of this bundle.
    pub(crate) fn unlock(&self, ctx: &Ctx, keys: &Arc<BundleKeys>) -> Result<OpenBundle> {
        let header = self.authenticate(keys)?.clone();
        let volumes = VolumeSet::open(&self.path, &header)?;
        let index_hashes = volumes.check_hashes(ctx)?;
        volumes.check_macs(keys)?;
        self.open_index(ctx, header, keys, Records::Whole(volumes), index_hashes)
    }

    /// As [`Bundle::unlock`], though volumes may be damaged or missing: their records are damaged, then. The hashes of the
    /// index must be left, in trailers or in copies of them; where others are lost, nothing leads to the set root, and what
    /// is opened is not proven: docs/bundle-format.md §9.7.
    pub(crate) fn unlock_damaged(&self, ctx: &Ctx, keys: &Arc<BundleKeys>) -> Result<OpenBundle> {
        let header = self.authenticate(keys)?.clone();
        let mut survey = Survey::take(ctx, &self.path, &header, Given::default())?;
        survey.check_macs(keys)?;
        let Some(index_hashes) = survey.take_index_hashes() else {
            // Says which volume is missing, or what else is wrong.
            VolumeSet::open(&self.path, &header)?;
            return Err(Error::new(Code::RootMismatch).at(&self.path));
        };
        self.open_index(ctx, header, keys, Records::Surveyed(survey), index_hashes)
    }

    fn open_index(
        &self,
        ctx: &Ctx,
        header: Header,
        keys: &Arc<BundleKeys>,
        volumes: Records,
        index_hashes: IndexHashes,
    ) -> Result<OpenBundle> {
        let cipher = RecordCipher::new(Arc::clone(keys));
        let store = Store {
            header,
            volumes,
            index_hashes,
            cipher,
            records: Mutex::default(),
            index: Index::default(),
            starts: Vec::new(),
            recent_frames: Mutex::default(),
        };
        let (index, starts) = store.read_index(ctx).map_err(|e| e.at(&self.path))?;
        Ok(OpenBundle(Arc::new(Store { index, starts, ..store })))
    }
}

/// Where records are read.
enum Records {
    Whole(VolumeSet),
    /// Volumes of which some may be damaged or missing.
    Surveyed(Survey),
}

impl Records {
    /// Bytes of record `number` on disk, into `buf`.
    fn read(&self, number: u64, buf: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Whole(volumes) => volumes.read_record(number, buf),
            Self::Surveyed(survey) => survey.files.read_record(number, buf).map_err(|e| {
                Error::new(Code::RecordDamaged).with(Fact::Record, number).at(self.path(number)).caused_by(e)
            }),
        }
    }

    /// The file that holds record `number`, for error texts.
    fn path(&self, number: u64) -> &Path {
        match self {
            Self::Whole(volumes) => volumes.record_path(number),
            Self::Surveyed(survey) => survey.files.path(survey.shape().geometry.volume_of(number)),
        }
    }
}

/// An unlocked bundle. Clones share caches.
#[derive(Clone)]
pub(crate) struct OpenBundle(pub(super) Arc<Store>);

pub(super) type Shared = Arc<Vec<u8>>;

pub(super) struct Store {
    header: Header,
    volumes: Records,
    index_hashes: IndexHashes,
    cipher: RecordCipher,
    records: Mutex<Vec<(u64, Shared)>>,
    pub(super) index: Index,
    /// Plaintext offset of each frame.
    starts: Vec<u64>,
    recent_frames: Mutex<Vec<(u32, Shared)>>,
}

impl OpenBundle {
    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    pub(crate) fn index(&self) -> &Index {
        &self.0.index
    }

    /// Whether it was opened though something beside its content may be damaged: volumes, or their trailers.
    pub(crate) fn is_damaged(&self) -> bool {
        matches!(self.0.volumes, Records::Surveyed(_))
    }

    /// The files of volumes whose hashes are lost, so that nothing leads to the set root; none when all is proven.
    pub(crate) fn unproven(&self) -> Vec<&Path> {
        match &self.0.volumes {
            Records::Surveyed(survey) if !survey.is_proven => {
                survey.lost_trailers().into_iter().map(|volume| survey.files.path(volume)).collect()
            }
            Records::Surveyed(_) | Records::Whole(_) => Vec::new(),
        }
    }

    /// Whether frame `number`, which the index has, opens and decompresses.
    pub(crate) fn check_frame(&self, number: u32) -> Result<()> {
        self.0.frame(number).map(drop)
    }

    /// Frame `number`, which the index has, as it is stored: authentic, and not decompressed.
    pub(crate) fn stored_frame(&self, number: u32) -> Result<Frame> {
        let frame = self.0.index.frames[number as usize];
        let stored = self.0.read_plain(self.0.starts[number as usize], frame.1 as usize)?;
        Ok(Frame { codec: frame.codec(), plain_len: frame.2, stored })
    }

    /// Records of the bundle.
    pub(crate) fn num_records(&self) -> u64 {
        self.0.header.geometry.num_records
    }

    /// Numbers of the records that begin in frame `number`, which the index has: no record begins in two.
    pub(crate) fn records_of_frame(&self, number: u32) -> Range<u64> {
        let start = self.0.starts[number as usize];
        let end = start + u64::from(self.0.index.frames[number as usize].1);
        let record_bytes = u64::from(self.0.header.geometry.record_bytes);
        start.div_ceil(record_bytes)..end.div_ceil(record_bytes)
    }

    /// Numbers of the records that begin in the index, from which the bundle was opened.
    pub(crate) fn records_of_index(&self) -> Range<u64> {
        let geometry = &self.0.header.geometry;
        geometry.index_offset.div_ceil(u64::from(geometry.record_bytes))..geometry.num_records
    }

    /// A small blob whole. Does not check the digest.
    pub(crate) fn read_small(&self, blob: &BlobEntry) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for extent in &blob.extents {
            match extent {
                Extent::Frame(number, offset, len) => {
                    let frame = self.0.recent_frame(*number)?;
                    // The checked index keeps it inside.
                    bytes.extend_from_slice(&frame[*offset as usize..(*offset + *len) as usize]);
                }
                Extent::External(outside) => {
                    return Err(Error::new(Code::ExternalBlob).with(Fact::Blob, outside.0));
                }
            }
        }
        Ok(bytes)
    }
}

impl Store {
    /// Record `number`, opened in place: its plaintext is [`plain_of`] it.
    fn record(&self, number: u64) -> Result<Shared> {
        let mut buf = {
            let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, record)) = records.iter().find(|(cached, _)| *cached == number) {
                return Ok(Arc::clone(record));
            }
            // The oldest makes room, and its buffer serves again if no reader holds it.
            let oldest = (records.len() == RECORD_CACHE_LEN).then(|| records.remove(0).1);
            oldest.and_then(Arc::into_inner).unwrap_or_default()
        };
        self.volumes.read(number, &mut buf)?;
        let geometry = &self.header.geometry;
        let is_allowed = self.index_hashes.allow(number, &buf);
        if !is_allowed || self.cipher.open(number, number + 1 == geometry.num_records, &mut buf).is_none() {
            let error = Error::new(Code::RecordDamaged).with(Fact::Record, number);
            return Err(error.at(self.volumes.path(number)));
        }
        let record = Arc::new(buf);
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() < RECORD_CACHE_LEN {
            records.push((number, Arc::clone(&record)));
        }
        Ok(record)
    }

    /// `len` plaintext bytes from `offset`, which must lie inside the payload.
    fn read_plain(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let record_bytes = u64::from(self.header.geometry.record_bytes);
        let mut plain = Vec::with_capacity(len);
        while plain.len() < len {
            let at = offset + plain.len() as u64;
            let record = self.record(at / record_bytes)?;
            let record = plain_of(&record);
            let from = (at % record_bytes) as usize;
            let to = record.len().min(from + len - plain.len());
            plain.extend_from_slice(&record[from..to]);
        }
        Ok(plain)
    }

    fn read_index(&self, ctx: &Ctx) -> Result<(Index, Vec<u64>)> {
        let geometry = &self.header.geometry;
        if geometry.index_bytes > MAX_INDEX_BYTES {
            return Err(Error::new(Code::BadIndex).with(Fact::Found, geometry.index_bytes));
        }
        let mut encoded = Vec::with_capacity(geometry.index_bytes as usize);
        for (at, len) in pieces(geometry.index_bytes) {
            ctx.checkpoint()?;
            encoded.extend_from_slice(&self.read_plain(geometry.index_offset + at, len)?);
        }
        let frames_bytes = geometry.index_offset;
        let decoded = Background::start(move || {
            let index = Index::decode(&encoded, frames_bytes)?;
            let starts = index.frames.iter().scan(0, |next, frame| {
                let start = *next;
                *next += u64::from(frame.1);
                Some(start)
            });
            let starts = starts.collect();
            Ok((index, starts))
        });
        decoded.wait(ctx)?
    }

    /// As [`Store::frame`]; documents of many images lie in few frames.
    fn recent_frame(&self, number: u32) -> Result<Shared> {
        let recent = || self.recent_frames.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, frame)) = recent().iter().find(|(recent, _)| *recent == number) {
            return Ok(Arc::clone(frame));
        }
        let frame = self.frame(number)?;
        let mut recent = recent();
        if recent.len() == RECENT_FRAMES {
            recent.remove(0);
        }
        recent.push((number, Arc::clone(&frame)));
        Ok(frame)
    }

    /// The plaintext of frame `number`, which the checked index has.
    pub(super) fn frame(&self, number: u32) -> Result<Shared> {
        let entry = self.index.frames[number as usize];
        let stored = self.read_plain(self.starts[number as usize], entry.1 as usize)?;
        let plain = decompress(entry.codec(), entry.2, stored).ok_or_else(|| {
            Error::new(Code::BadIndex).worded(
                Fact::Detail,
                "detail-frame-broken",
                &[("number", number.to_string())],
            )
        })?;
        Ok(Arc::new(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bundle::{Additions, Begin, BundleWriter, Layout, commit::commit, record::new_record_buf},
        crypto::Key,
        fs::{Existing, open_in_place, write_all_at},
    };

    fn index(day: u32) -> Index {
        Index { created: format!("2026-01-{day}T00:00:00Z"), tool: "test".into(), ..Index::default() }
    }

    /// Whoever has the key can seal another index, and its hash into the trailer; neither fits the set root, which a vendor
    /// signed. So the hash that was checked must be the one that is used.
    #[test]
    fn an_index_that_is_exchanged_once_the_hashes_were_checked_is_refused() {
        let (dir, ctx) = (tempfile::tempdir().unwrap(), Ctx::new());
        let path = dir.path().join("a.sealift");
        let keys = Arc::new(BundleKeys::new(Key::random(), [3; 32]));
        let layout = Layout { record_bytes: 1 << 16, volume_bytes: None, recovery_percent: None };
        let begin = Begin::Anew;
        let writer =
            BundleWriter::create(&ctx, &path, Existing::Keep, layout, Arc::clone(&keys), begin, 2).unwrap();
        let sign = |_: &_| Vec::new();
        let additions = Additions { slots: vec![], base_root: [0; 32], extensions: vec![], sign: &sign };
        let sealed = writer.seal(&ctx, index(10), additions).unwrap();
        commit(&Ctx::new(), vec![sealed.ready]).unwrap();

        let bundle = Bundle::open(&path).unwrap();
        let header = bundle.authenticate(&keys).unwrap().clone();
        let volumes = VolumeSet::open(&path, &header).unwrap();
        let hashes = volumes.check_hashes(&ctx).unwrap();

        let len = header.geometry.index_bytes as usize;
        let other =
            (11..32).map(|day| index(day).encode().unwrap()).find(|other| other.len() == len).unwrap();
        let buf = [new_record_buf(1 << 16), other].concat();
        let record = RecordCipher::new(Arc::clone(&keys)).seal(0, true, buf);
        let file = open_in_place(&path).unwrap();
        write_all_at(&file, &record.bytes, FIRST_HEAD_BYTES).unwrap();
        write_all_at(&file, &record.hash, FIRST_HEAD_BYTES + record.bytes.len() as u64).unwrap();

        let opened = bundle.open_index(&ctx, header, &keys, Records::Whole(volumes), hashes);
        assert_eq!(opened.err().map(|e| e.code()), Some(Code::RecordDamaged));
    }
}
