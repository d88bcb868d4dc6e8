//! What is left of the volumes of a bundle, whatever of them is damaged or missing: where the hashes are that prove its
//! records, and which trailers have to be written again. Reads only.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    files::VolumeFiles,
    section::{SectionKind, decode_head, decode_summary},
    shape::{HEAD_BYTES, Shape},
    trailer::{encode_copies, read_summary},
};
use crate::{
    bundle::{
        BundleKeys, Header, SetId,
        commit::locate,
        record::set_root,
        volume::{
            FOOTER_BYTES, LATER_HEAD_BYTES, encode_volume_head, footer_owner, head_owner, is_bundle_head,
            is_footer_authentic, volume_root,
        },
    },
    error::{Code, Error, Fact, Result},
};

/// A bundle's volumes as they were found.
pub(crate) struct Survey {
    set_id: SetId,
    given: Given,
    pub(crate) files: VolumeFiles,
    pub(crate) volumes: Vec<SurveyedVolume>,
    /// Whether the hashes of all records were found and are those of the header's set root.
    pub(crate) is_proven: bool,
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
    /// Whether its head (of volumes 2 and later), its trailer and its length are as they were written.
    pub(crate) is_head_whole: bool,
    pub(crate) is_trailer_whole: bool,
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
    /// Summaries of trailers, by volume (from 0).
    pub(crate) summaries: BTreeMap<u32, Vec<u8>>,
}

impl Survey {
    /// Looks at the volumes of the bundle at `path`. What is `given` serves where nothing else is left.
    ///
    /// # Errors
    /// [`Code::VolumeForeign`] for a file in a volume's place that is not that volume: it must not be written over.
    /// [`Code::RootMismatch`] when all trailers are whole and are not those of the header.
    pub(crate) fn take(path: &Path, header: &Header, given: Given) -> Result<Self> {
        let without = Shape { geometry: header.geometry, per_group: 0 };
        let paths: Vec<PathBuf> =
            (0..header.geometry.num_volumes).map(|volume| locate(path, volume, &header.set_id)).collect();
        let files = VolumeFiles::to_read(without, paths);
        let volumes = (0..header.geometry.num_volumes)
            .map(|volume| look_at(&files, &header.set_id, volume))
            .collect::<Result<Vec<_>>>()?;
        let shape = find_shape(&files, &header.set_id, &volumes)
            .or_else(|| Shape::new(header.geometry, given.per_group))
            .unwrap_or(without);
        let set_id = header.set_id;
        let mut this = Self { set_id, given, files: files.reshaped(shape), volumes, is_proven: false };
        this.find_hashes(header)?;
        Ok(this)
    }

    pub(crate) fn shape(&self) -> &Shape {
        self.files.shape()
    }

    pub(crate) fn set_id(&self) -> &SetId {
        &self.set_id
    }

    fn find_hashes(&mut self, header: &Header) -> Result<()> {
        let mut roots = Vec::new();
        let mut are_all_whole = true;
        for volume in 0..header.geometry.num_volumes {
            let found = self.find_summary(volume);
            let root = if let Some((place, root)) = found {
                let surveyed = &mut self.volumes[volume as usize];
                (surveyed.summary, surveyed.hashes) = (Some(place), Some(place));
                Some(root)
            } else {
                // Its own hashes may be whole though nothing behind them is: the set root tells.
                are_all_whole = false;
                self.own_root(volume)
            };
            roots.extend(root);
            let is_own_whole = matches!(found, Some((Place::Own, _))) && self.are_copies_whole(volume);
            let len = self.shape().places(volume).len;
            let surveyed = &mut self.volumes[volume as usize];
            surveyed.is_trailer_whole = is_own_whole && surveyed.len == Some(len);
        }
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

    /// The nearest whole summary of a volume, and its root.
    fn find_summary(&self, volume: u32) -> Option<(Place, [u8; 32])> {
        let root_at = |place| {
            let bytes = self.read_summary_at(volume, place)?;
            Some((place, decode_summary(self.shape(), &self.set_id, volume, &bytes)?))
        };
        let copied = || self.copies_of(volume).into_iter().find_map(root_at);
        root_at(Place::Own).or_else(copied).or_else(|| root_at(Place::Given))
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

    fn read_summary_at(&self, volume: u32, place: Place) -> Option<Vec<u8>> {
        let (holder, offset) = match place {
            Place::Given => return self.given.summaries.get(&volume).cloned(),
            Place::Copy(holder, offset) => (holder, offset),
            Place::Own => {
                // Where the file ends early, no memory is taken for what is not there.
                let end = self.shape().places(volume).len;
                self.volumes[volume as usize].len.filter(|file_len| end <= *file_len)?;
                return read_summary(&self.files, volume).ok();
            }
        };
        let len = self.shape().summary_bytes(volume);
        self.volumes[holder as usize].len.filter(|file_len| offset + len + 32 <= *file_len)?;
        let mut bytes = vec![0; len as usize + 32];
        self.files.read_at(holder, offset, &mut bytes).ok()?;
        let sum = bytes.split_off(len as usize);
        (Sha256::digest(&bytes)[..] == sum).then_some(bytes)
    }

    /// Root over the record hashes as they lie in the volume, right or not.
    fn own_root(&self, volume: u32) -> Option<[u8; 32]> {
        let (first_record, num_records) = self.shape().geometry.volume_span(volume);
        let (offset, len) = (self.shape().places(volume).hashes, 32 * num_records);
        self.volumes[volume as usize].len.filter(|file_len| offset + len <= *file_len)?;
        let mut hashes = vec![0; len as usize];
        self.files.read_at(volume, offset, &mut hashes).ok()?;
        Some(volume_root(&self.set_id, volume, first_record, &hashes))
    }

    /// Whether both sections of copies in a volume have whole heads and checksums.
    fn are_copies_whole(&self, volume: u32) -> bool {
        let shape = self.shape();
        if !shape.has_recovery() {
            return true;
        }
        shape.places(volume).copies.into_iter().all(|offset| {
            let mut head = [0; HEAD_BYTES as usize];
            let is_head_whole = self.files.read_at(volume, offset, &mut head).is_ok()
                && decode_head(SectionKind::Copies, &head, shape, &self.set_id, volume) == Some(*shape);
            let mut at = offset + HEAD_BYTES;
            is_head_whole
                && shape.copied(volume).all(|copied| {
                    let is_whole = self.read_summary_at(copied, Place::Copy(volume, at)).is_some();
                    at += shape.summary_bytes(copied) + 32;
                    is_whole
                })
        })
    }

    /// SHA-256 of record `number`; `None` when it is lost.
    pub(crate) fn record_hash(&self, number: u64) -> Result<Option<[u8; 32]>> {
        let volume = self.shape().geometry.volume_of(number);
        let within = 32 * (number - self.shape().geometry.volume_span(volume).0);
        let own = self.shape().places(volume).hashes;
        self.read_hash(volume, self.volumes[volume as usize].hashes, own, 0, within)
    }

    /// SHA-256 of recovery record `number`; `None` when it is lost.
    pub(crate) fn recovery_hash(&self, number: u64) -> Result<Option<[u8; 32]>> {
        let volume = self.shape().recovery_volume(number);
        let within = HEAD_BYTES + 32 * (number - self.shape().recovery_span(volume).0);
        let own = self.shape().places(volume).recovery_head;
        let before = 32 * self.shape().geometry.volume_span(volume).1;
        self.read_hash(volume, self.volumes[volume as usize].summary, own, before, within)
    }

    fn read_hash(
        &self,
        volume: u32,
        place: Option<Place>,
        own: u64,
        in_copy: u64,
        within: u64,
    ) -> Result<Option<[u8; 32]>> {
        let mut hash = [0; 32];
        match place {
            None => return Ok(None),
            Some(Place::Own) => self.files.read_at(volume, own + within, &mut hash)?,
            Some(Place::Copy(holder, offset)) => {
                self.files.read_at(holder, offset + in_copy + within, &mut hash)?;
            }
            Some(Place::Given) => {
                let given = self.given.summaries.get(&volume);
                let given = given.and_then(|given| given.get((in_copy + within) as usize..)?.first_chunk());
                return Ok(given.copied());
            }
        }
        Ok(Some(hash))
    }

    /// The summary of a volume's trailer; `None` when it is lost.
    pub(crate) fn summary(&self, volume: u32) -> Option<Vec<u8>> {
        self.read_summary_at(volume, self.volumes[volume as usize].summary?)
    }

    /// Whether every footer that is left was written by a holder of the bundle key.
    pub(crate) fn check_macs(&self, keys: &BundleKeys) -> Result<()> {
        for volume in 0..self.shape().geometry.num_volumes {
            let Some(summary) = self.summary(volume) else { continue };
            let footer = &summary[summary.len() - FOOTER_BYTES as usize..];
            if !is_footer_authentic(keys, footer) {
                return Err(Error::new(Code::RootMismatch)
                    .with(Fact::Volume, volume + 1)
                    .at(self.files.path(volume)));
            }
        }
        Ok(())
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

    /// The parts of a volume's trailer, with their offsets, as they were written; recovery records are not among them, and
    /// nothing is when the trailer is lost.
    pub(crate) fn trailer_parts(&self, volume: u32) -> Result<Vec<(u64, Vec<u8>)>> {
        let (shape, places) = (self.shape(), self.shape().places(volume));
        let Some(summary) = self.summary(volume) else { return Ok(Vec::new()) };
        let mut parts = Vec::new();
        let mut rest = &summary[..];
        for (offset, len) in shape.summary_parts(volume) {
            let (part, behind) = rest.split_at(len as usize);
            parts.push((offset, part.to_vec()));
            rest = behind;
        }
        if shape.has_recovery() {
            if shape.copied(volume).any(|copied| self.volumes[copied as usize].summary.is_none()) {
                return Ok(parts);
            }
            let summary = |copied| {
                self.summary(copied).ok_or_else(|| Error::new(Code::RootMismatch).at(self.files.path(copied)))
            };
            let copies = encode_copies(shape, &self.set_id, volume, &summary)?;
            parts.extend(places.copies.map(|offset| (offset, copies.clone())));
        }
        Ok(parts)
    }
}

/// Length and head of one volume.
fn look_at(files: &VolumeFiles, set_id: &SetId, volume: u32) -> Result<SurveyedVolume> {
    let len = match files.len(volume) {
        Ok(len) => len,
        Err(e) if e.code() == Code::NotFound => return Ok(SurveyedVolume::default()),
        Err(e) => return Err(e),
    };
    let surveyed = SurveyedVolume { len: Some(len), is_head_whole: true, ..SurveyedVolume::default() };
    if volume == 0 {
        return Ok(surveyed);
    }
    let mut head = vec![0; LATER_HEAD_BYTES.min(len) as usize];
    let is_read = files.read_at(volume, 0, &mut head).is_ok();
    if is_read && head == encode_volume_head(set_id, volume) {
        return Ok(surveyed);
    }
    let mut footer = vec![0; FOOTER_BYTES.min(len) as usize];
    let owner = match files.read_at(volume, len - footer.len() as u64, &mut footer) {
        Ok(()) => footer_owner(&footer),
        Err(_) => None,
    };
    let head_owner = head_owner(&head).or_else(|| is_bundle_head(&head).then_some(([0; 32], 0)));
    let is_foreign = head_owner.or(owner).is_some_and(|owner| owner != (*set_id, volume));
    // A volume whose head is damaged is known by its footer, or by what is left of its head: the magic, the set id.
    let is_ours = owner == Some((*set_id, volume)) || head.get(16..48) == Some(&set_id[..]) || len == 0;
    let is_ours = is_ours || head.starts_with(&encode_volume_head(set_id, volume)[..16]);
    if is_foreign || !is_ours {
        return Err(Error::new(Code::VolumeForeign).with(Fact::Volume, volume + 1).at(files.path(volume)));
    }
    Ok(SurveyedVolume { is_head_whole: false, ..surveyed })
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
