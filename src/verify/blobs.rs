//! The check with a key: every blob, through records, frames and extents, against its digest.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, bounded};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    bundle::{BlobEntry, Extent, OpenBundle, Piece},
    digest::Digest,
    error::{Code, Error, ErrorKind, Fact, Result},
    job::{self, Ctx, Phase},
    oci::Image,
    verify::RecordMap,
};

/// Images of a bundle, or of several, whose every blob matched its digest, or is compared with it before a destination shows
/// anything of them. Only the checks of [`crate::Unlocked`] and [`crate::verify_for`] make one, and a restore needs one.
/// It has all images of a whole bundle; of a damaged one, when that was asked for, those that are whole.
pub struct VerifiedBundle {
    /// The bundles that the images are in.
    bundles: Vec<OpenBundle>,
    images: Vec<Image>,
    checked: Checked,
}

/// When a restore's blobs are compared with their digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// All of them before the first was sent. A restore does it again, as a medium can change.
    Before,
    /// By the restore alone, into a destination that shows nothing before all is there.
    WhileSent,
    /// Never: nothing may be sent.
    NothingSent,
}

impl VerifiedBundle {
    /// The images of several bundles, as one; all were verified for one plan.
    pub fn join(verified: Vec<Self>) -> Self {
        let checked = verified.iter().map(|one| one.checked).find(|checked| *checked != Checked::Before);
        let (bundles, images): (Vec<_>, Vec<_>) =
            verified.into_iter().map(|one| (one.bundles, one.images)).unzip();
        Self {
            bundles: bundles.concat(),
            images: images.concat(),
            checked: checked.unwrap_or(Checked::Before),
        }
    }

    pub(crate) fn bundles(&self) -> &[OpenBundle] {
        &self.bundles
    }

    /// For a restore that sends nothing.
    pub(crate) fn to_send_nothing(bundle: &OpenBundle, images: &[Image]) -> Self {
        Self { bundles: vec![bundle.clone()], images: images.to_vec(), checked: Checked::NothingSent }
    }

    /// For a restore into a destination that shows nothing before all is there.
    ///
    /// # Errors
    /// [`Code::ExternalBlob`].
    pub(crate) fn to_check_while_sent(bundle: &OpenBundle, images: &[Image]) -> Result<Self> {
        refuse_externals(bundle)?;
        Ok(Self { bundles: vec![bundle.clone()], images: images.to_vec(), checked: Checked::WhileSent })
    }

    /// When its blobs are compared with their digests.
    pub(crate) fn checked(&self) -> Checked {
        self.checked
    }

    /// Whether its blobs may be sent.
    pub(crate) fn may_be_sent(&self) -> bool {
        self.checked != Checked::NothingSent
    }

    /// What a restore failed on, with all images that are hurt where it was the first to look.
    pub(crate) fn explain(&self, ctx: &Ctx, error: Error) -> Error {
        if self.checked != Checked::WhileSent || error.kind() != ErrorKind::Integrity {
            return error;
        }
        let explained = self.bundles.iter().find_map(|bundle| {
            let map = RecordMap::new(bundle.num_records(), 1);
            let (report, _) = verify_blobs(ctx, bundle, (&self.images, &[]), Damaged::Refuse, &map).ok()?;
            (!report.is_whole()).then(|| report.as_error())
        });
        explained.unwrap_or(error)
    }

    /// The images.
    pub fn images(&self) -> &[Image] {
        &self.images
    }
}

fn refuse_externals(bundle: &OpenBundle) -> Result<()> {
    match bundle.index().externals().first_key_value() {
        None => Ok(()),
        Some((outside, _)) => Err(Error::new(Code::ExternalBlob).with(Fact::Blob, outside)),
    }
}

/// An image that cannot be restored, and which of its blobs are hurt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DamagedImage {
    /// Its name.
    pub image: String,
    /// Its blobs that failed.
    pub blobs: Vec<Digest>,
}

/// What a check with a key found.
#[derive(Debug, Serialize)]
pub struct BlobReport {
    /// Blobs checked.
    pub num_blobs: usize,
    /// Bytes of the blobs.
    pub num_bytes: u64,
    /// Images that are hurt; empty when all is well.
    pub damaged: Vec<DamagedImage>,
    /// Whether the hashes of all records lead to the set root: [`crate::Unlocked::is_proven`].
    pub proven: bool,
    /// What the worst of the damage is.
    #[serde(skip)]
    pub cause: Option<Code>,
}

impl BlobReport {
    /// What was found as an error, with the images that it hurts.
    pub fn as_error(&self) -> Error {
        let names: Vec<&str> = self.damaged.iter().map(|damaged| damaged.image.as_str()).collect();
        let error = Error::new(self.cause.unwrap_or(Code::BlobMismatch));
        if names.is_empty() { error } else { error.with(Fact::Image, names.join(", ")) }
    }

    /// Whether every blob matched, in a bundle that is proven.
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.proven
    }
}

/// What of a damaged bundle counts as verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damaged {
    /// Nothing.
    Refuse,
    /// The images that are whole.
    LeaveOut,
}

/// Checks every blob of `bundle`, whose images are `images` and those `unreadable`, and marks on `map` what could be read.
/// Damage is listed; what comes back as verified is whole.
pub(crate) fn verify_blobs(
    ctx: &Ctx,
    bundle: &OpenBundle,
    (images, unreadable): (&[Image], &[DamagedImage]),
    on_damage: Damaged,
    map: &RecordMap,
) -> Result<(BlobReport, Option<VerifiedBundle>)> {
    let index = bundle.index();
    refuse_externals(bundle)?;
    let num_bytes = index.blobs.iter().map(|blob| blob.size).sum();
    ctx.enter(Phase::Verify, num_bytes);
    map.clear();
    // What the index lies in was opened with the bundle.
    bundle.records_of_index().for_each(|record| map.mark(record, true));
    let bad = hash_all(ctx, bundle, map)?;
    let all_frames_whole = check_unused_frames(ctx, bundle, map);
    // Damage that was found before does not excuse what was not looked at.
    ctx.checkpoint()?;
    let bad_blobs = |image: &Image| -> Vec<Digest> {
        image.blobs().into_keys().filter(|digest| bad.contains_key(digest)).collect()
    };
    let mut damaged: Vec<DamagedImage> = images
        .iter()
        .map(|image| DamagedImage { image: image.title(), blobs: bad_blobs(image) })
        .filter(|damaged| !damaged.blobs.is_empty())
        .chain(unreadable.iter().cloned())
        .collect();
    if damaged.is_empty() && !bad.is_empty() {
        // Blobs that belong to no image still make the bundle another one than was sealed.
        damaged.push(DamagedImage { image: "-".into(), blobs: bad.keys().copied().collect() });
    }
    if damaged.is_empty() {
        all_frames_whole?;
    }
    // A record that is damaged explains all else; what remains was wrong when it was sealed.
    let causes = [Code::RecordDamaged, Code::Read, Code::BadIndex, Code::BlobMismatch];
    let cause = causes.into_iter().find(|code| bad.values().any(|found| found == code));
    let cause = cause.or_else(|| (!damaged.is_empty()).then_some(Code::RecordDamaged));
    let proven = bundle.unproven().is_empty();
    let cause = cause.or_else(|| (!proven).then_some(Code::RootMismatch));
    let report = BlobReport { num_blobs: index.blobs.len(), num_bytes, damaged, proven, cause };
    let whole: Vec<Image> = images.iter().filter(|image| bad_blobs(image).is_empty()).cloned().collect();
    let is_verified = match on_damage {
        Damaged::Refuse => report.is_whole(),
        Damaged::LeaveOut => report.is_whole() || !whole.is_empty(),
    };
    let verified = is_verified.then(|| VerifiedBundle {
        bundles: vec![bundle.clone()],
        images: whole,
        checked: Checked::Before,
    });
    Ok((report, verified))
}

/// Pieces waiting for one hashing thread.
const PIECES_AHEAD: usize = 2;

/// The blobs that are damaged, and how. One pass decodes the frames; each blob is hashed by one thread, many at once.
fn hash_all(ctx: &Ctx, bundle: &OpenBundle, map: &RecordMap) -> Result<BTreeMap<Digest, Code>> {
    // The largest first: started last, one would keep a single core busy at the end.
    let mut blobs: Vec<&BlobEntry> = bundle.index().blobs.iter().collect();
    blobs.sort_by_key(|blob| std::cmp::Reverse(blob.size));
    let num_lanes = rayon::current_num_threads();
    let mut pass = bundle.pass(ctx, blobs, num_lanes)?;
    let mut bad = BTreeMap::new();
    let mut decoded = vec![false; bundle.index().frames.len()];
    std::thread::scope(|scope| {
        let (senders, hashers): (Vec<_>, Vec<_>) = (0..num_lanes)
            .map(|_| {
                let (sender, pieces) = bounded(PIECES_AHEAD);
                (sender, scope.spawn(move || hash_lane(ctx, &pieces)))
            })
            .unzip();
        while let Some((piece, ended)) = pass.next_piece() {
            ctx.checkpoint()?;
            match ended {
                Ok(()) => {
                    let number = piece.frame_number();
                    let is_first = |number: &u32| !std::mem::replace(&mut decoded[*number as usize], true);
                    number.filter(is_first).iter().for_each(|number| mark_frame(bundle, *number, map));
                }
                Err(e) if matches!(e.code(), Code::RecordDamaged | Code::Read | Code::BadIndex) => {
                    bad.entry(piece.blob().digest).or_insert(e.code());
                }
                Err(e) => return Err(e),
            }
            let lane = piece.lane;
            if senders[lane].send(piece).is_err() {
                break; // It panicked: joining it shows why.
            }
        }
        drop(senders);
        let hashed: Vec<Result<_>> =
            hashers.into_iter().map(|hasher| hasher.join().map_err(Error::panicked)).collect();
        let mismatched = job::all_of(hashed)?;
        // A lane that saw the cancel did not hash all.
        ctx.checkpoint()?;
        for digest in mismatched.into_iter().flatten() {
            // What could not be read does not match either; that it could not be read says more.
            bad.entry(digest).or_insert(Code::BlobMismatch);
        }
        Ok(bad)
    })
}

/// Hashes blobs that come piece by piece, one behind the other; returns those that do not match.
fn hash_lane(ctx: &Ctx, pieces: &Receiver<Piece>) -> Vec<Digest> {
    let mut hasher = Sha256::new();
    let mut mismatched = Vec::new();
    for piece in pieces {
        let (expected, is_last) = (piece.blob().digest, piece.is_last);
        piece.for_each_run(|bytes| {
            // A frame that a blob names again and again is one piece: whoever reads ahead sees the cancel too late.
            if ctx.checkpoint().is_ok() {
                hasher.update(bytes);
                ctx.advance(bytes.len() as u64);
            }
        });
        if is_last {
            if Digest::from_bytes(hasher.finalize_reset().into()) == expected {
                ctx.finish(Phase::Verify, expected);
            } else {
                mismatched.push(expected);
            }
        }
    }
    mismatched
}

/// Frames that no blob uses carry nothing, but a bundle that holds a damaged one is not as it was sealed.
fn check_unused_frames(ctx: &Ctx, bundle: &OpenBundle, map: &RecordMap) -> Result<()> {
    let index = bundle.index();
    let mut used = vec![false; index.frames.len()];
    for extent in index.blobs.iter().flat_map(|blob| &blob.extents) {
        if let Extent::Frame(number, ..) = extent {
            used[*number as usize] = true;
        }
    }
    for (number, _) in used.iter().enumerate().filter(|(_, used)| !**used) {
        ctx.checkpoint()?;
        bundle.check_frame(number as u32)?;
        mark_frame(bundle, number as u32, map);
    }
    Ok(())
}

/// A frame that was decoded vouches for the records that begin in it: they were opened whole.
fn mark_frame(bundle: &OpenBundle, number: u32, map: &RecordMap) {
    bundle.records_of_frame(number).for_each(|record| map.mark(record, true));
}
