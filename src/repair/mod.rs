//! Finds damage in a bundle and mends it without a key: from its own recovery data, or from records that come again from
//! where it was made. Everything that is written is proven by the set root first.
//!
//! docs/bundle-format.md §5.6 and §13.

mod answer;
mod rebuild;
mod request;
mod scan;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{
    bundle::{
        self, Bundle, Damage, Fault, Given, Header, Owner, ReadySet, Replaced, Survey, lock, owner_of_first,
        volume_path,
    },
    error::{Code, Error, Fact, Result},
    fs::{Copies, Existing, PartialFile, WrittenFile, parent, read_exact_at, require_space},
    job::{Ctx, Phase},
};

pub(crate) use answer::Answer;
pub use request::RepairRequest;
pub use scan::DamageReport;
#[cfg(any(test, fuzzing))]
pub(crate) use scan::scan_as;
pub(crate) use scan::{Scanned, scan};

/// How to mend a bundle.
#[derive(Clone, Debug)]
pub struct RepairOptions {
    /// Where to write a mended bundle, leaving the damaged one as it is; `None` to mend it in place.
    pub out: Option<PathBuf>,
    /// The answer to a repair request.
    pub answer: Option<PathBuf>,
    /// Whether an existing bundle at `out` may be replaced.
    pub existing: Existing,
}

/// What a repair did.
#[derive(Clone, Debug, Serialize)]
pub struct RepairReport {
    /// Identity of the bundle, 64 hex digits.
    pub fingerprint: String,
    /// The volumes, the first one first.
    pub volumes: Vec<PathBuf>,
    /// Records written again.
    pub num_records: u64,
    /// Recovery records written again.
    pub num_recovery_records: u64,
    /// Header copies written again.
    pub num_header_copies: usize,
    /// Numbers (from 1) of the volumes whose head or trailer was written again.
    pub trailers: Vec<u32>,
    /// Numbers (from 0) of the records that are still damaged, ascending.
    pub still_damaged: Vec<u64>,
    /// Numbers (from 1) of the volumes whose trailer is lost and must come again.
    pub lost_trailers: Vec<u32>,
    /// Whether the header came with the answer, and with it the sender's key slots.
    pub is_header_from_answer: bool,
}

impl RepairReport {
    /// Whether the bundle is whole now.
    pub fn is_whole(&self) -> bool {
        self.still_damaged.is_empty() && self.lost_trailers.is_empty()
    }

    /// Whether there was nothing to mend.
    pub fn changed_nothing(&self) -> bool {
        self.num_records == 0
            && self.num_recovery_records == 0
            && self.num_header_copies == 0
            && self.trailers.is_empty()
    }
}

/// Mends the bundle at `path`. The header is written last, once all else was proven by it.
pub(crate) fn repair(ctx: &Ctx, path: &Path, options: &RepairOptions) -> Result<RepairReport> {
    if let Some(out) = &options.out {
        bundle::settle(out)?;
    }
    let lock = if options.out.is_none() { Some(lock(ctx, path)?) } else { None };
    let known = match Bundle::open(path) {
        Ok(bundle) => Some(bundle),
        // An answer takes the place of a header that is lost, and of none that says something else.
        Err(e) if options.answer.is_some() && is_header_lost(&e) => None,
        Err(e) => return Err(e),
    };
    let known_header = known.as_ref().map(|bundle| bundle.header_of_volumes(ctx)).transpose()?;
    let answer = options.answer.as_ref().map(|answer| Answer::open(ctx, answer, known_header)).transpose()?;
    let (answer, given) =
        answer.map_or_else(|| (None, Given::default()), |(answer, given)| (Some(answer), given));
    let brought = answer.as_ref().and_then(|answer| answer.header.as_deref()).filter(|_| known.is_none());
    let header = match (known_header, brought) {
        (Some(header), _) => header.clone(),
        (None, Some(copy)) => Header::decode(copy).map_err(Fault::into_error)?.0,
        (None, None) => return Err(Error::new(Code::HeaderDamaged).at(path)),
    };
    if known.is_none() && owner_of_first(path, &header.set_id)? == Owner::Other {
        let found = crate::digest::hex(&header.fingerprint());
        return Err(Error::new(Code::AnswerForeign).with(Fact::Found, found).at(path));
    }
    let num_damaged_copies = known.as_ref().map_or(2, Bundle::num_damaged_copies);
    let scanned = scan::scan_as(ctx, path, &header, num_damaged_copies, given)?;
    let targets = match &options.out {
        Some(out) => Targets::copied(ctx, &scanned, out, options.existing)?,
        None => Targets::in_place(&scanned, path)?,
    };
    let mut rebuilt = rebuild::rebuild(ctx, &scanned, targets.paths.clone(), answer.as_ref())?;
    if options.out.is_some() {
        // What was whole at its old place was copied since.
        rebuilt.left.records = rebuild::check_all(ctx, &scanned, targets.paths.clone())?;
    }
    let from_one = |volumes: &[u32]| volumes.iter().map(|volume| volume + 1).collect::<Vec<u32>>();
    if options.out.is_some() && !(rebuilt.left.records.is_empty() && rebuilt.lost_trailers.is_empty()) {
        let error = Error::new(Code::BeyondRepair);
        let error = match &rebuilt.left.records[..] {
            [] => error.with(Fact::Volume, format!("{:?}", from_one(&rebuilt.lost_trailers))),
            records => error.with(Fact::Record, told(records)),
        };
        return Err(error.at(path));
    }
    let num_header_copies = rebuild::mend_header(&targets.paths[0], brought)?;
    let volumes = targets.commit(ctx, &scanned, &rebuilt.left.records)?;
    drop(lock);
    Ok(RepairReport {
        fingerprint: crate::digest::hex(&header.fingerprint()),
        volumes,
        num_records: rebuilt.num_records,
        num_recovery_records: rebuilt.num_recovery_records,
        num_header_copies,
        trailers: from_one(&rebuilt.trailers),
        lost_trailers: from_one(&rebuilt.lost_trailers),
        still_damaged: rebuilt.left.records,
        is_header_from_answer: brought.is_some(),
    })
}

/// What must come again from where the bundle at `path` was made; `None` when its own recovery data suffices, or nothing is
/// damaged.
pub(crate) fn request(ctx: &Ctx, path: &Path) -> Result<Option<RepairRequest>> {
    match scan(ctx, path, Given::default()) {
        Ok(scanned) => Ok(RepairRequest::of(&scanned)),
        Err(e) if is_header_lost(&e) => RepairRequest::of_lost_header(ctx, path).map(Some),
        Err(e) => Err(e),
    }
}

/// Whether neither header copy could be used.
fn is_header_lost(error: &Error) -> bool {
    matches!(error.code(), Code::HeaderDamaged | Code::NotABundle | Code::BundleMangled)
}

/// Answers `request` from the bundle at `path`. Returns the bytes written.
pub(crate) fn answer(
    ctx: &Ctx,
    path: &Path,
    request: &RepairRequest,
    out: &Path,
    existing: Existing,
) -> Result<u64> {
    let bundle = Bundle::open(path)?;
    let header = bundle.header_of_volumes(ctx)?;
    request.check(header)?;
    crate::fs::refuse_existing(out, existing)?;
    let survey = Survey::take(ctx, path, header, Given::default())?;
    if !survey.is_proven {
        return Err(Error::new(Code::RootMismatch).at(path));
    }
    let scanned = Scanned {
        header: header.clone(),
        survey,
        damage: Damage::default(),
        num_damaged_copies: bundle.num_damaged_copies(),
    };
    let header_copy = rebuild::read_header_copy(path)?;
    answer::write(ctx, &scanned, &header_copy, request, out, existing).map_err(|e| e.at(path))
}

/// The first of some records, for an error's text.
fn told(records: &[u64]) -> String {
    let first: Vec<String> = records.iter().take(20).map(u64::to_string).collect();
    let more = if records.len() > first.len() { ", …" } else { "" };
    first.join(", ") + more
}

/// The files that are written.
struct Targets {
    /// Where each volume lies while it is written.
    paths: Vec<PathBuf>,
    /// What each is called afterwards.
    names: Vec<PathBuf>,
    /// New files, by volume (from 0).
    new: Vec<(u32, WrittenFile)>,
    /// Files that are there, and go when the new ones come.
    replaced: Vec<Replaced>,
    /// Until they have their names.
    _copies: Copies,
}

impl Targets {
    /// The volumes themselves; one that is missing gets a new file.
    fn in_place(scanned: &Scanned, path: &Path) -> Result<Self> {
        let names = names(scanned, path);
        let (mut paths, mut new) = (names.clone(), Vec::new());
        let copies = Copies::begin(parent(path))?;
        for volume in scanned.missing_volumes() {
            let name = &names[volume as usize];
            require_space(name, scanned.shape().places(volume).len)?;
            let file = copies.create(name)?.finish()?;
            file.path().clone_into(&mut paths[volume as usize]);
            new.push((volume, file));
        }
        Ok(Self { paths, names, new, replaced: Vec::new(), _copies: copies })
    }

    /// Copies of the volumes, damaged as they are; what cannot be read is left out.
    fn copied(ctx: &Ctx, scanned: &Scanned, out: &Path, existing: Existing) -> Result<Self> {
        let (names, shape) = (names(scanned, out), scanned.shape());
        let replaced = bundle::replaced_by(out, existing, Some(scanned.survey.set_id()))?;
        let num_bytes = (0..shape.geometry.num_volumes).map(|volume| shape.places(volume).len).sum();
        require_space(out, num_bytes)?;
        ctx.enter(Phase::Recover, num_bytes);
        let (mut paths, mut new) = (Vec::new(), Vec::new());
        let copies = Copies::begin(parent(out))?;
        for (volume, name) in (0..).zip(&names) {
            let mut file = copies.create(name)?;
            copy(ctx, scanned.survey.files.path(volume), shape.places(volume).len, &mut file)?;
            let file = file.finish()?;
            paths.push(file.path().to_owned());
            new.push((volume, file));
        }
        Ok(Self { paths, names, new, replaced, _copies: copies })
    }

    /// Gives new files their names. A missing volume of which nothing could be rebuilt stays missing.
    fn commit(self, ctx: &Ctx, scanned: &Scanned, left: &[u64]) -> Result<Vec<PathBuf>> {
        let geometry = &scanned.shape().geometry;
        let has_whole = |volume| {
            let (start, num) = geometry.volume_span(volume);
            (start..start + num).any(|number| left.binary_search(&number).is_err())
        };
        let files = self.new.into_iter().filter(|(volume, _)| has_whole(*volume)).map(|(_, file)| file);
        let path = self.names.first().cloned().unwrap_or_default();
        let (files, replaced) = (files.collect(), self.replaced);
        bundle::commit(ctx, vec![ReadySet { path, files, replaced, is_new: false }])?;
        Ok(self.names)
    }
}

fn names(scanned: &Scanned, path: &Path) -> Vec<PathBuf> {
    (0..scanned.shape().geometry.num_volumes).map(|volume| volume_path(path, volume)).collect()
}

/// Copies at most `len` bytes; a block that cannot be read becomes zeros, to be rebuilt.
fn copy(ctx: &Ctx, from: &Path, len: u64, to: &mut PartialFile) -> Result<()> {
    use std::io::Write as _;
    const PIECE: u64 = 1 << 20;
    const BLOCK: usize = 4 << 10;
    let Ok(file) = crate::fs::open_file(from) else { return Ok(()) };
    let len = len.min(file.metadata().map_err(|e| Error::read(from, e))?.len());
    let mut buf = Vec::new();
    for at in (0..len).step_by(PIECE as usize) {
        ctx.checkpoint()?;
        buf.clear();
        buf.resize((len - at).min(PIECE) as usize, 0);
        if read_exact_at(&file, &mut buf, at).is_err() {
            for (block, at) in buf.chunks_mut(BLOCK).zip((at..).step_by(BLOCK)) {
                if read_exact_at(&file, block, at).is_err() {
                    block.fill(0);
                }
            }
        }
        to.write_all(&buf).map_err(|e| Error::write(to.path(), e))?;
        ctx.advance(buf.len() as u64);
    }
    Ok(())
}
