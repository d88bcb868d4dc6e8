//! What is left of the volumes of a bundle, whatever of them is damaged or missing: where the hashes are that prove its
//! records, and which trailers have to be written again. Reads only, and trailers piece by piece: a header may tell of
//! more hashes than there is memory for.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use super::{
    files::VolumeFiles,
    section::{CheckedSummary, SectionKind, check_summary, decode_head, pieces},
    shape::{HEAD_BYTES, Shape},
    trailer::put_copies,
};
use crate::{
    bundle::{
        BundleKeys, Header, SetId,
        commit::locate,
        header::COPY_BYTES,
        index_hashes::IndexHashes,
        record::{VolumeRoot, record_hash, set_root},
        volume::{
            FIRST_HEAD_BYTES, FOOTER_BYTES, LATER_HEAD_BYTES, encode_volume_head, footer_owner, head_owner,
            is_bundle_head, is_footer_authentic, set_id_of,
        },
    },
    error::{Code, Error, Fact, Result},
    fs::{open_file, read_exact_at},
    job::Ctx,
};

/// A bundle's volumes as they were found.
pub(crate) struct Survey {
    set_id: SetId,
    given: Given,
    pub(crate) files: VolumeFiles,
    pub(crate) volumes: Vec<SurveyedVolume>,
    /// Whether the hashes of all records were found and are those of the header's set root.
    pub(crate) is_proven: bool,
    index_hashes: IndexHashes,
}

/// One volume as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SurveyedVolume {
    /// Bytes of the file; `None` when there is none.
    pub(crate) len: Option<u64>,
    /// Where the hashes of its records can be read.
    hashes: Option<Place>,
    /// Where the whole summary of its trailer can be read.
    summary: Option<Place>,
    /// The footer in that summary, as it was when the summary was checked.
    footer: Option<[u8; FOOTER_BYTES as usize]>,
    /// Whether its head (of volumes 2 and later), its trailer and its length are as they were written.
    pub(crate) is_head_whole: bool,
    pub(crate) is_trailer_whole: bool,
    /// Whether nothing in its head or footer shows which bundle it is of.
    is_unknown: bool,
}

/// Where a summary lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the trailer of the volume itself.
    Own,
    /// In a section of copies: the volume (from 0) and the offset there.
    Copy(u32, u64),
    /// Brought from elsewhere.
    Given,
}

/// What was brought from another copy of the bundle.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// Recovery records of each group.
    pub(crate) per_group: u32,
    /// Where the summaries of trailers lie in `file`, by volume (from 0).
    pub(crate) summaries: BTreeMap<u32, u64>,
    pub(crate) file: Option<File>,
}

/// What a file in a volume's place shows of whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The bundle looked for.
    This,
    /// Another bundle, or another place in this one.
    Other,
    Unknown,
}

impl Survey {
    /// Looks at the volumes of the bundle at `path`. What is `given` serves where nothing else is left.
    ///
    /// # Errors
    /// [`Code::VolumeForeign`] for a file in a volume's place that is not that volume, or does not show that it is: it must
    /// not be written over; [`Code::NotABundle`] for such a first one. [`Code::RootMismatch`] when all trailers are whole
    /// and are not those of the header.
    pub(crate) fn take(ctx: &Ctx, path: &Path, header: &Header, given: Given) -> Result<Self> {
        let set_id = header.set_id;
        let files = all_files(path, header);
        let volumes = (0..header.geometry.num_volumes)
            .map(|volume| look_at(&files, &set_id, volume))
            .collect::<Result<Vec<_>>>()?;
        let shape = find_shape(&files, &set_id, &volumes)
            .or_else(|| Shape::new(header.geometry, given.per_group))
            .unwrap_or(*files.shape());
        let index_hashes = IndexHashes::of(&header.geometry);
        let files = files.reshaped(shape);
        let mut this = Self { set_id, given, files, volumes, is_proven: false, index_hashes };
        this.find_hashes(ctx, header)?;
        this.refuse_unknown(ctx)?;
        Ok(this)
    }

    /// The shape of the bundle at `path` with its recovery data, as far as heads of sections tell it: no hashes are read.
    pub(crate) fn shape_at(path: &Path, header: &Header) -> Result<Shape> {
        let files = all_files(path, header);
        let volumes = (0..header.geometry.num_volumes)
            .map(|volume| look_at(&files, &header.set_id, volume))
            .collect::<Result<Vec<_>>>()?;
        Ok(find_shape(&files, &header.set_id, &volumes).unwrap_or(*files.shape()))
    }

    pub(crate) fn shape(&self) -> &Shape {
        self.files.shape()
    }

    pub(crate) fn set_id(&self) -> &SetId {
        &self.set_id
    }

    fn find_hashes(&mut self, ctx: &Ctx, header: &Header) -> Result<()> {
        let mut index_hashes = IndexHashes::of(&header.geometry);
        let mut roots = Vec::new();
        let mut are_all_whole = true;
        for volume in 0..header.geometry.num_volumes {
            ctx.checkpoint()?;
            let found = self.find_summary(ctx, volume, &mut index_hashes)?;
            let root = if let Some((place, summary)) = &found {
                let surveyed = &mut self.volumes[volume as usize];
                (surveyed.summary, surveyed.hashes) = (Some(*place), Some(*place));
                surveyed.footer = Some(summary.footer);
                Some(summary.root)
            } else {
                // Its own hashes may be whole though nothing behind them is: the set root tells.
                are_all_whole = false;
                self.own_root(ctx, volume, &mut index_hashes)?
            };
            roots.extend(root);
            let is_own_whole =
                matches!(found, Some((Place::Own, _))) && self.are_copies_whole(ctx, volume)?;
            let len = self.shape().places(volume).len;
            let surveyed = &mut self.volumes[volume as usize];
            surveyed.is_trailer_whole = is_own_whole && surveyed.len == Some(len);
        }
        self.index_hashes = index_hashes;
        let num_volumes = header.geometry.num_volumes as usize;
        self.is_proven = roots.len() == num_volumes && set_root(&header.set_id, &roots) == header.set_root;
        if self.is_proven {
            for surveyed in &mut self.volumes {
                surveyed.hashes.get_or_insert(Place::Own);
            }
        } else if are_all_whole {
            return Err(Error::new(Code::RootMismatch).at(self.files.path(0)));
        }
        Ok(())
    }

    /// A file that shows nowhere else whose it is, is a volume if it holds one of the records that the set root proves.
    fn refuse_unknown(&self, ctx: &Ctx) -> Result<()> {
        let unknown = (0..).zip(&self.volumes).filter(|(_, volume)| volume.is_unknown);
        for (volume, _) in unknown {
            if !(self.is_proven && self.has_any_record(ctx, volume)?) {
                let code = if volume == 0 { Code::NotABundle } else { Code::VolumeForeign };
                let error = Error::new(code).worded(Fact::Detail, "detail-volume-unknown", &[]);
                return Err(error.with(Fact::Volume, volume + 1).at(self.files.path(volume)));
            }
        }
        Ok(())
    }

    fn has_any_record(&self, ctx: &Ctx, volume: u32) -> Result<bool> {
        let (first, num) = self.shape().geometry.volume_span(volume);
        let mut buf = Vec::new();
        for number in first..first + num {
            ctx.checkpoint()?;
            let (_, offset, len) = self.shape().record_place(number);
            let is_there = self.volumes[volume as usize].len.is_some_and(|end| offset + len <= end);
            let is_read = is_there && self.files.read_record(number, &mut buf).is_ok();
            if is_read && self.record_hash(number)? == Some(record_hash(&buf)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The nearest whole summary of a volume; the hashes of the index in it are kept.
    fn find_summary(
        &self,
        ctx: &Ctx,
        volume: u32,
        kept: &mut IndexHashes,
    ) -> Result<Option<(Place, CheckedSummary)>> {
        let first = self.shape().geometry.volume_span(volume).0;
        let places = [Place::Own].into_iter().chain(self.copies_of(volume)).chain([Place::Given]);
        for place in places {
            let mut keep = |at: u64, hashes: &[u8]| kept.keep(first + at / 32, hashes);
            if let Some(summary) = self.check_at(ctx, volume, place, &mut keep)? {
                return Ok(Some((place, summary)));
            }
        }
        Ok(None)
    }

    /// The summary of a volume at `place`, if it is whole.
    fn check_at(
        &self,
        ctx: &Ctx,
        volume: u32,
        place: Place,
        keep: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<Option<CheckedSummary>> {
        let shape = self.shape();
        let (end, file_len) = match place {
            Place::Given => (0, Some(0)),
            Place::Copy(holder, offset) => {
                (offset + shape.summary_bytes(volume) + 32, self.volumes[holder as usize].len)
            }
            Place::Own => (shape.places(volume).len, self.volumes[volume as usize].len),
        };
        // Nothing is read, and no memory taken, for what is not there.
        if file_len.is_none_or(|len| len < end) {
            return Ok(None);
        }
        let read = |within: u64, buf: &mut [u8]| {
            ctx.checkpoint()?;
            self.read_in(volume, place, within, buf)
        };
        let checked = match check_summary(shape, &self.set_id, volume, &read, keep) {
            Err(e) if e.code() == Code::Cancelled => return Err(e),
            checked => checked.ok().flatten(),
        };
        let is_summed = |summary: &CheckedSummary| match place {
            Place::Copy(holder, _) => {
                let mut sum = [0; 32];
                self.files.read_at(holder, end - 32, &mut sum).is_ok() && sum == summary.sum
            }
            Place::Own | Place::Given => true,
        };
        Ok(checked.filter(is_summed))
    }

    /// Reads from an offset in a summary; `buf` must not reach over the end of one of its parts.
    fn read_in(&self, volume: u32, place: Place, within: u64, buf: &mut [u8]) -> Result<()> {
        match place {
            Place::Copy(holder, offset) => self.files.read_at(holder, offset + within, buf),
            Place::Given => {
                let given = self.given.file.as_ref().zip(self.given.summaries.get(&volume));
                let lost = || Error::new(Code::RootMismatch).at(self.files.path(volume));
                let (file, offset) = given.ok_or_else(lost)?;
                read_exact_at(file, buf, offset + within).map_err(|e| Error::read(self.files.path(volume), e))
            }
            Place::Own => {
                let mut before = 0;
                for (offset, len) in self.shape().summary_parts(volume) {
                    if within < before + len {
                        return self.files.read_at(volume, offset + within - before, buf);
                    }
                    before += len;
                }
                Ok(())
            }
        }
    }

    /// Every place where a copy of the trailer of `volume` should lie.
    fn copies_of(&self, volume: u32) -> Vec<Place> {
        if !self.shape().has_recovery() {
            return Vec::new();
        }
        let mut places = Vec::new();
        for holder in self.shape().holders(volume) {
            let mut within = HEAD_BYTES;
            for copied in self.shape().copied(holder).take_while(|copied| *copied != volume) {
                within += self.shape().summary_bytes(copied) + 32;
            }
            let copies = self.shape().places(holder).copies;
            places.extend(copies.into_iter().map(|offset| Place::Copy(holder, offset + within)));
        }
        places
    }

    /// Root over the record hashes as they lie in the volume, right or not; those of the index are kept.
    fn own_root(&self, ctx: &Ctx, volume: u32, kept: &mut IndexHashes) -> Result<Option<[u8; 32]>> {
        let (first_record, num_records) = self.shape().geometry.volume_span(volume);
        let (offset, len) = (self.shape().places(volume).hashes, 32 * num_records);
        if self.volumes[volume as usize].len.is_none_or(|file_len| file_len < offset + len) {
            return Ok(None);
        }
        let mut root = VolumeRoot::new(&self.set_id, volume + 1, first_record, num_records);
        let mut buf = Vec::new();
        for (at, len) in pieces(len) {
            ctx.checkpoint()?;
            buf.resize(len, 0);
            if self.files.read_at(volume, offset + at, &mut buf).is_err() {
                return Ok(None);
            }
            root.update(&buf);
            kept.keep(first_record + at / 32, &buf);
        }
        Ok(Some(root.finish()))
    }

    /// Whether both sections of copies in a volume have whole heads and checksums.
    fn are_copies_whole(&self, ctx: &Ctx, volume: u32) -> Result<bool> {
        let shape = self.shape();
        if !shape.has_recovery() {
            return Ok(true);
        }
        for offset in shape.places(volume).copies {
            let mut head = [0; HEAD_BYTES as usize];
            let is_head_whole = self.files.read_at(volume, offset, &mut head).is_ok()
                && decode_head(SectionKind::Copies, &head, shape, &self.set_id, volume) == Some(*shape);
            if !is_head_whole {
                return Ok(false);
            }
            let mut at = offset + HEAD_BYTES;
            for copied in shape.copied(volume) {
                if self.check_at(ctx, copied, Place::Copy(volume, at), &mut |_, _| {})?.is_none() {
                    return Ok(false);
                }
                at += shape.summary_bytes(copied) + 32;
            }
        }
        Ok(true)
    }

    /// SHA-256 of record `number`; `None` when it is lost.
    pub(crate) fn record_hash(&self, number: u64) -> Result<Option<[u8; 32]>> {
        let volume = self.shape().geometry.volume_of(number);
        let within = 32 * (number - self.shape().geometry.volume_span(volume).0);
        self.read_hash(volume, self.volumes[volume as usize].hashes, within)
    }

    /// SHA-256 of recovery record `number`; `None` when it is lost.
    pub(crate) fn recovery_hash(&self, number: u64) -> Result<Option<[u8; 32]>> {
        let volume = self.shape().recovery_volume(number);
        let before = 32 * self.shape().geometry.volume_span(volume).1 + HEAD_BYTES;
        let within = before + 32 * (number - self.shape().recovery_span(volume).0);
        self.read_hash(volume, self.volumes[volume as usize].summary, within)
    }

    fn read_hash(&self, volume: u32, place: Option<Place>, within: u64) -> Result<Option<[u8; 32]>> {
        let mut hash = [0; 32];
        let Some(place) = place else { return Ok(None) };
        self.read_in(volume, place, within, &mut hash)?;
        Ok(Some(hash))
    }

    /// Whether the summary of a volume's trailer was found.
    pub(crate) fn has_summary(&self, volume: u32) -> bool {
        self.volumes[volume as usize].summary.is_some()
    }

    /// Gives the summary of a volume's trailer piece by piece.
    ///
    /// # Errors
    /// [`Code::RootMismatch`] when it is lost.
    pub(crate) fn each_piece(
        &self,
        ctx: &Ctx,
        volume: u32,
        put: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let lost =
            || Error::new(Code::RootMismatch).with(Fact::Volume, volume + 1).at(self.files.path(volume));
        let place = self.volumes[volume as usize].summary.ok_or_else(lost)?;
        let (mut before, mut buf) = (0, Vec::new());
        for (_, len) in self.shape().summary_parts(volume) {
            for (at, piece) in pieces(len) {
                ctx.checkpoint()?;
                buf.resize(piece, 0);
                self.read_in(volume, place, before + at, &mut buf)?;
                put(&buf)?;
            }
            before += len;
        }
        Ok(())
    }

    /// Whether every footer that is left was written by a holder of the bundle key.
    pub(crate) fn check_macs(&self, keys: &BundleKeys) -> Result<()> {
        for (volume, surveyed) in (0..).zip(&self.volumes) {
            if surveyed.footer.is_some_and(|footer| !is_footer_authentic(keys, &footer)) {
                return Err(Error::new(Code::RootMismatch)
                    .with(Fact::Volume, volume + 1)
                    .at(self.files.path(volume)));
            }
        }
        Ok(())
    }

    /// The hashes of the index, unless one is lost.
    pub(crate) fn take_index_hashes(&mut self) -> Option<IndexHashes> {
        let geometry = self.shape().geometry;
        let records = geometry.index_records();
        let mut volumes = geometry.volume_of(records.start)..=geometry.volume_of(records.end - 1);
        let are_lost = !self.is_proven && volumes.any(|volume| self.are_hashes_lost(volume));
        let taken = std::mem::replace(&mut self.index_hashes, IndexHashes::of(&geometry));
        (!are_lost).then_some(taken)
    }

    /// Whether the hashes of the records of a volume are lost.
    pub(crate) fn are_hashes_lost(&self, volume: u32) -> bool {
        self.volumes[volume as usize].hashes.is_none()
    }

    /// Volumes (from 0) whose trailers are lost and must come from elsewhere.
    pub(crate) fn lost_trailers(&self) -> Vec<u32> {
        let is_lost = |(_, surveyed): &(u32, &SurveyedVolume)| surveyed.summary.is_none();
        (0..).zip(&self.volumes).filter(is_lost).map(|(volume, _)| volume).collect()
    }

    /// Gives the trailer of a volume piece by piece, each with its offset in the file, as it was written; recovery records
    /// are not part of it, and nothing is when the trailer is lost.
    pub(crate) fn each_trailer_piece(
        &self,
        ctx: &Ctx,
        volume: u32,
        put: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let shape = self.shape();
        if !self.has_summary(volume) {
            return Ok(());
        }
        let mut parts = shape.summary_parts(volume).into_iter().filter(|(_, len)| *len > 0).peekable();
        let mut done = 0;
        self.each_piece(ctx, volume, &mut |piece| {
            // A piece ends where its part does.
            if let Some((offset, len)) = parts.peek().copied() {
                put(offset + done, piece)?;
                done += piece.len() as u64;
                if done == len {
                    (_, done) = (parts.next(), 0);
                }
            }
            Ok(())
        })?;
        let are_all_there = shape.copied(volume).all(|copied| self.has_summary(copied));
        if !shape.has_recovery() || !are_all_there {
            return Ok(());
        }
        for offset in shape.places(volume).copies {
            let mut at = offset;
            let each_piece =
                |copied, put: &mut dyn FnMut(&[u8]) -> Result<()>| self.each_piece(ctx, copied, put);
            put_copies(shape, &self.set_id, volume, &each_piece, &mut |piece| {
                put(at, piece)?;
                at += piece.len() as u64;
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The volumes of the bundle at `path`, to be read; whatever recovery data it has is not known yet.
fn all_files(path: &Path, header: &Header) -> VolumeFiles {
    let paths: Vec<PathBuf> =
        (0..header.geometry.num_volumes).map(|volume| locate(path, volume, &header.set_id)).collect();
    VolumeFiles::to_read(Shape { geometry: header.geometry, per_group: 0 }, paths)
}

/// Length and head of one volume.
fn look_at(files: &VolumeFiles, set_id: &SetId, volume: u32) -> Result<SurveyedVolume> {
    let len = match files.len(volume) {
        Ok(len) => len,
        Err(e) if e.code() == Code::NotFound => return Ok(SurveyedVolume::default()),
        Err(e) => return Err(e),
    };
    let read_at = |offset, buf: &mut [u8]| files.read_at(volume, offset, buf);
    let (owner, is_head_whole) = owner_of(len, &read_at, set_id, volume);
    if owner == Owner::Other {
        return Err(Error::new(Code::VolumeForeign).with(Fact::Volume, volume + 1).at(files.path(volume)));
    }
    let is_unknown = owner == Owner::Unknown;
    Ok(SurveyedVolume { len: Some(len), is_head_whole, is_unknown, ..SurveyedVolume::default() })
}

/// Whose a file of `len` bytes in the place of a volume is, as its footer, its head or what is left of its head shows; and
/// whether its head is whole. Header copies are no matter of this: whether the first volume has one is known.
fn owner_of(
    len: u64,
    read_at: &dyn Fn(u64, &mut [u8]) -> Result<()>,
    set_id: &SetId,
    volume: u32,
) -> (Owner, bool) {
    let read = |offset: u64, most: u64| {
        let mut block = vec![0; most.min(len - offset.min(len)) as usize];
        if read_at(offset, &mut block).is_ok() { block } else { Vec::new() }
    };
    let of = |owner: (SetId, u32)| if owner == (*set_id, volume) { Owner::This } else { Owner::Other };
    let by_footer = || footer_owner(&read(len.saturating_sub(FOOTER_BYTES), FOOTER_BYTES)).map(of);
    if volume == 0 {
        let copies = read(0, FIRST_HEAD_BYTES);
        let named: Vec<SetId> = copies.chunks(COPY_BYTES).filter_map(set_id_of).collect();
        let by_copies = || match &named[..] {
            [] => Owner::Unknown,
            named if named.contains(set_id) => Owner::This,
            _ => Owner::Other,
        };
        return (by_footer().unwrap_or_else(by_copies), true);
    }
    let (head, right) = (read(0, LATER_HEAD_BYTES), encode_volume_head(set_id, volume));
    if head == right {
        return (Owner::This, true);
    }
    let by_head = head_owner(&head).map(of).or(is_bundle_head(&head).then_some(Owner::Other));
    // Volume number and set id.
    let is_named = || head.get(12..48).is_some_and(|left| *left == right[12..48]);
    let by_rest = || if is_named() { Owner::This } else { Owner::Unknown };
    (by_head.or_else(by_footer).unwrap_or_else(by_rest), false)
}

/// Whose the first volume at `path` is, though neither of its header copies can be used.
pub(crate) fn owner_of_first(path: &Path, set_id: &SetId) -> Result<Owner> {
    let file = open_file(path)?;
    let len = file.metadata().map_err(|e| Error::read(path, e))?.len();
    let read_at =
        |offset, buf: &mut [u8]| read_exact_at(&file, buf, offset).map_err(|e| Error::read(path, e));
    Ok(owner_of(len, &read_at, set_id, 0).0)
}

/// Volumes whose length is tried against every possible shape.
const MEASURED_VOLUMES: usize = 4;

/// The recovery data that any section of any volume tells of, or else the length of a file.
fn find_shape(files: &VolumeFiles, set_id: &SetId, volumes: &[SurveyedVolume]) -> Option<Shape> {
    let without = *files.shape();
    let head_at = |kind, volume, offset| {
        let mut head = [0; HEAD_BYTES as usize];
        files.read_at(volume, offset, &mut head).ok()?;
        decode_head(kind, &head, &without, set_id, volume)
    };
    let present = || (0..).zip(volumes).filter_map(|(volume, found)| Some((volume, found.len?)));
    // The first copies lie where nothing has to be known yet.
    let first = present().find_map(|(volume, _)| {
        let offset = without.places(volume).directory;
        head_at(SectionKind::Copies, volume, offset)
    });
    first.or_else(|| {
        present().take(MEASURED_VOLUMES).find_map(|(volume, len)| {
            let lens = (1..).map_while(|per_group| Shape::new(without.geometry, per_group));
            let shape = lens.into_iter().find(|shape| shape.places(volume).len == len)?;
            let places = shape.places(volume);
            let found = head_at(SectionKind::Recovery, volume, places.recovery_head)
                .or_else(|| head_at(SectionKind::Copies, volume, places.copies[1]));
            found.filter(|found| *found == shape)
        })
    })
}
