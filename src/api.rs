//! The facade: every operation a shell offers, one function each.

mod key_book;
mod reseal;
mod slots;

pub use key_book::{KeyBook, KnownKey, KnownKeyKind};
pub use reseal::reseal;
pub use slots::{add_slot, change_slot, remove_slot};
mod trust;

pub use trust::{
    is_signing_key_locked, read_public_key, read_signing_key, remove_signature, sign, write_public_key,
    write_signing_key,
};

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;

use crate::{
    bundle::{
        Begin, Bundle, BundleKeys, DEFAULT_RECORD_BYTES, Given, Layout, MAX_SLOTS, OpenBundle, Survey,
        volume_path,
    },
    crypto::{KdfCost, Key, random},
    dest::{self, DestSpec},
    digest::{Digest, hex},
    drive::{self, Target},
    error::{Code, Error, ErrorKind, Fact, Result},
    fs::Existing,
    handoff::{self, HandoffOptions, HandoffPlan, HandoffReport, HandoffWatch},
    job::{Ctx, Notice, NoticeKind, Phase},
    keyslot::{self, Identities, Recipients},
    oci::{Descriptor, Documents, Image, Name, Platform, read_target},
    pipeline::{self, Interrupted},
    plan::{self, PackPlan, RestorePlan, Selection},
    repair::{self, DamageReport, RepairOptions, RepairReport, RepairRequest},
    restore::{self, RestoreReport},
    source::{self, SourceSpec},
    verify::{self, BlobReport, Damaged, DamagedImage, RecordMap, RecordReport, VerifiedBundle},
};

/// Names of the source transports.
pub fn source_transports() -> Vec<&'static str> {
    source::KINDS.iter().map(|kind| kind.transport).collect()
}

/// Names of the destination transports.
pub fn dest_transports() -> Vec<&'static str> {
    dest::KINDS.iter().map(|kind| kind.transport).collect()
}

/// Images of a source.
pub fn list(ctx: &Ctx, spec: &SourceSpec) -> Result<Vec<Image>> {
    Ok(plan::plan_pack(ctx, std::slice::from_ref(spec), &[])?.content.images)
}

/// Decides what a bundle of `specs` holds; `platforms` narrows multi-platform images.
pub fn plan_pack(ctx: &Ctx, specs: &[SourceSpec], platforms: &[Platform]) -> Result<PackPlan> {
    ctx.enter(Phase::Scan, 0);
    plan::plan_pack(ctx, specs, platforms)
}

/// How hard guessing a passphrase is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KdfLevel {
    /// 256 MiB, 4 passes: about half a second.
    #[default]
    Standard,
    /// 64 MiB, 3 passes: the least that RFC 9106 recommends, for small hosts.
    Low,
}

impl KdfLevel {
    fn cost(self) -> KdfCost {
        match self {
            Self::Standard => KdfCost::DEFAULT,
            Self::Low => KdfCost::FLOOR,
        }
    }
}

/// zstd level where none is asked for. Measured on 2.5 GB of real layers with a whole-frame window: a third
/// less time than level 3 for 6 % more bytes, which sharing between layers saves many times over.
pub const DEFAULT_LEVEL: i32 = 1;

/// How to pack.
#[derive(Clone, Debug)]
pub struct PackOptions {
    /// zstd level, 1 to 19.
    pub level: i32,
    /// Largest volume; `None` for one file.
    pub volume_bytes: Option<u64>,
    /// Recovery data, as a share of the sealed content in percent, 1 to 100: that much of it can be lost and rebuilt.
    pub recovery_percent: Option<u8>,
    /// Whether an existing bundle may be replaced.
    pub existing: Existing,
    /// Cost of the passphrase's slot.
    pub kdf: KdfLevel,
    /// Plaintext bytes of a record; a power of two from 64 KiB to 16 MiB. Only tests have reason to change it.
    #[doc(hidden)]
    pub record_bytes: u32,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self {
            level: DEFAULT_LEVEL,
            volume_bytes: None,
            recovery_percent: None,
            existing: Existing::Keep,
            kdf: KdfLevel::default(),
            record_bytes: DEFAULT_RECORD_BYTES,
        }
    }
}

/// What a pack wrote.
#[derive(Debug, Serialize)]
pub struct PackReport {
    /// The files, volume 1 first.
    pub volumes: Vec<PathBuf>,
    /// Bytes of all volumes.
    pub bundle_bytes: u64,
    /// Of these, what an interrupted run had written and this one took over.
    pub kept_bytes: u64,
    /// Identity of the bundle, to be compared over another channel: 64 hex digits.
    pub fingerprint: String,
    /// Images in it.
    pub num_images: usize,
    /// Bytes of the images, as if they shared nothing.
    pub sum_bytes: u64,
    /// Bytes left after sharing, before compression.
    pub unique_bytes: u64,
}

/// Whether a bundle may be written to `out`: asked before a user types a passphrase or waits.
///
/// # Errors
/// [`Code::Exists`] for the bundle or a later volume of that name; [`Code::NotFound`] without its folder.
pub fn check_output(out: &Path, existing: Existing) -> Result<()> {
    let folder = crate::fs::parent(out);
    std::fs::metadata(folder).map_err(|e| Error::write(folder, e))?;
    crate::fs::refuse_existing(out, existing)?;
    // A leftover second volume would be taken for one of ours later.
    crate::fs::refuse_existing(&volume_path(out, 1), existing)
}

/// Recovery data for a bundle that goes straight to a removable drive: sticks go bad.
pub const DRIVE_RECOVERY_PERCENT: u8 = 5;

/// The share of recovery data for a bundle at `out` where none is asked for: none, but on removable drives.
pub fn default_recovery_percent(ctx: &Ctx, out: &Path) -> Result<Option<u8>> {
    Ok(drive::is_on_drive(ctx, crate::fs::parent(out))?.then_some(DRIVE_RECOVERY_PERCENT))
}

/// Bytes that may still be written beside `out`; `None` where the system does not tell.
pub fn free_bytes(out: &Path) -> Option<u64> {
    crate::fs::free_bytes(crate::fs::parent(out))
}

/// Writes a report that a user asked for, whole or not at all.
///
/// # Errors
/// [`Code::Exists`] unless `existing` allows replacing.
pub fn save_report(path: &Path, text: &str, existing: Existing) -> Result<()> {
    crate::fs::write(path, text.as_bytes(), existing)
}

/// Writes the bundle of `plan` to `out`, locked for `recipients`, any one of whom can open it: a passphrase, say.
///
/// # Errors
/// [`Code::Exists`] unless `options.existing` allows replacing; on any error no file is left.
pub fn pack(
    ctx: &Ctx,
    plan: &PackPlan,
    out: &Path,
    recipients: impl Into<Recipients>,
    options: &PackOptions,
) -> Result<PackReport> {
    let recipients = recipients.into();
    check_recipients(&recipients)?;
    if !(1..=19).contains(&options.level) {
        return Err(Error::new(Code::Usage).with(Fact::Field, "level").with(Fact::Limit, "1..19"));
    }
    let layout = layout(options, options.record_bytes)?;
    check_output(out, options.existing)?;
    let settings = pipeline::Settings {
        layout,
        level: options.level,
        existing: options.existing,
        created: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    let (keys, known, begin) = match pipeline::interrupted(ctx, out, &settings, &recipients)? {
        Interrupted::Continued(keys, slot) => (keys, Some(slot), Begin::Continue),
        found => {
            let why = match found {
                Interrupted::Unreadable => Some(NoticeKind::CannotContinue),
                Interrupted::Other => Some(NoticeKind::StartedAnew),
                _ => None,
            };
            if let Some(why) = why {
                ctx.notice(Notice::new(why, out.display()));
            }
            (BundleKeys::new(Key::random(), random()), None, Begin::Anew)
        }
    };
    let slots = recipients.start(ctx, &keys, options.kdf.cost(), known)?;
    let packed = pipeline::pack(ctx, plan, out, &settings, &Arc::new(keys), slots, begin)?;
    Ok(PackReport {
        volumes: packed.sealed.paths,
        bundle_bytes: packed.sealed.num_bytes,
        kept_bytes: packed.sealed.kept_bytes,
        fingerprint: hex(&packed.sealed.header.fingerprint()),
        num_images: packed.content.images.len(),
        sum_bytes: packed.content.sum_bytes(),
        unique_bytes: packed.unique_content_bytes,
    })
}

/// How a bundle is cut, as `options` ask.
fn layout(options: &PackOptions, record_bytes: u32) -> Result<Layout> {
    if options.recovery_percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
        return Err(Error::new(Code::Usage).with(Fact::Field, "recovery").with(Fact::Limit, "1..100 %"));
    }
    Ok(Layout {
        record_bytes,
        volume_bytes: options.volume_bytes,
        recovery_percent: options.recovery_percent,
    })
}

/// A bundle without slots could never be opened; one can have 32.
fn check_recipients(recipients: &Recipients) -> Result<()> {
    match recipients.iter().count() {
        0 => Err(Error::new(Code::NoPassphrase)),
        1..=MAX_SLOTS => Ok(()),
        more => Err(Error::new(Code::SlotsFull).with(Fact::Found, more)),
    }
}

/// A key slot, as anyone can see it.
#[derive(Clone, Debug, Serialize)]
pub struct SlotInfo {
    /// Number, from 1.
    pub number: usize,
    /// Kind.
    pub kind: &'static str,
    /// Its parameters.
    pub details: String,
}

/// How much recovery data a bundle has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecoveryInfo {
    /// Recovery records: so many damaged ones can be rebuilt, if the damage is spread evenly or in runs.
    pub num_records: u64,
    /// Their bytes.
    pub num_bytes: u64,
}

/// A bundle as anyone can see it, without a key.
#[derive(Debug)]
pub struct Inspection(Bundle);

/// Opens the bundle whose first volume is at `path`.
pub fn inspect(path: &Path) -> Result<Inspection> {
    Bundle::open(path).map(Inspection)
}

impl Inspection {
    /// 64 hex digits to compare over another channel. Not proven to be authentic without the key.
    pub fn fingerprint(&self) -> String {
        hex(&self.0.header().fingerprint())
    }

    /// Where its first volume lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The set id, which every volume bears.
    pub fn set_id(&self) -> String {
        hex(&self.0.header().set_id)
    }

    /// Volumes it should have.
    pub fn num_volumes(&self) -> u32 {
        self.0.header().geometry.num_volumes
    }

    /// Records over all volumes.
    pub fn num_records(&self) -> u64 {
        self.0.header().geometry.num_records
    }

    /// Bytes of the sealed content.
    pub fn payload_bytes(&self) -> u64 {
        self.0.header().geometry.payload_bytes
    }

    /// Header copies that cannot be used: 0 or 1.
    pub fn num_damaged_header_copies(&self) -> usize {
        self.0.num_damaged_copies()
    }

    /// The key slots.
    pub fn slots(&self) -> Vec<SlotInfo> {
        let describe = |(number, slot)| {
            let (kind, details) = keyslot::describe(slot);
            SlotInfo { number, kind, details }
        };
        (1..).zip(&self.0.header().slots).map(describe).collect()
    }

    /// Recovery records of the bundle, and their bytes; 0 when it was packed without.
    pub fn recovery(&self) -> RecoveryInfo {
        let survey = Survey::take(self.0.path(), self.0.header(), Given::default());
        let shape = survey.as_ref().ok().map(Survey::shape).filter(|shape| shape.has_recovery());
        shape.map_or_else(RecoveryInfo::default, |shape| RecoveryInfo {
            num_records: shape.num_recovery_records(),
            num_bytes: shape.num_recovery_records() * shape.shard_bytes(),
        })
    }

    /// Checks every record without a key.
    pub fn verify(&self, ctx: &Ctx) -> Result<RecordReport> {
        self.verify_onto(ctx, &RecordMap::new(self.num_records(), 1))
    }

    /// As [`Self::verify`], and marks each record on `map` once it was checked.
    pub fn verify_onto(&self, ctx: &Ctx, map: &RecordMap) -> Result<RecordReport> {
        let report = verify::verify_records(ctx, &self.0, map)?;
        self.notice_damaged_copy(ctx);
        Ok(report)
    }

    /// Opens it with a passphrase or other keys.
    ///
    /// # Errors
    /// [`Code::KeyRefused`] within seconds when the passphrase is not this bundle's; [`Code::IdentityRefused`] for other
    /// keys.
    pub fn unlock(&self, ctx: &Ctx, with: impl Into<Identities>) -> Result<Unlocked> {
        ctx.enter(Phase::Unlock, 0);
        // Shape first: a missing volume is told before the KDF is run.
        self.0.volumes()?;
        let (keys, _) = keyslot::unlock(ctx, &self.0, &with.into())?;
        self.notice_damaged_copy(ctx);
        let bundle = self.0.unlock(&Arc::new(keys))?;
        let images =
            read_images(&bundle).into_iter().collect::<Result<_>>().map_err(|e| e.at(self.0.path()))?;
        Ok(Unlocked { bundle, images, unreadable: Vec::new() })
    }

    /// As [`Self::unlock`], though volumes, trailers or documents of images may be damaged or missing: what can be read is
    /// there. The hashes of the index must be left, in trailers or, with recovery data, in copies of them. Where others are
    /// lost, it is not [proven](Unlocked::is_proven).
    ///
    /// # Errors
    /// Those of [`Self::unlock`] when too much is lost.
    pub fn unlock_damaged(&self, ctx: &Ctx, with: impl Into<Identities>) -> Result<Unlocked> {
        ctx.enter(Phase::Unlock, 0);
        let (keys, _) = keyslot::unlock(ctx, &self.0, &with.into())?;
        self.notice_damaged_copy(ctx);
        let keys = Arc::new(keys);
        let bundle = self.0.unlock(&keys).or_else(|e| match e.kind() {
            ErrorKind::Integrity => self.0.unlock_damaged(&keys),
            _ => Err(e),
        })?;
        for path in bundle.unproven() {
            ctx.notice(Notice::new(NoticeKind::Unproven, path.display()));
        }
        let (mut images, mut unreadable) = (Vec::new(), Vec::new());
        for (entry, image) in bundle.index().images.iter().zip(read_images(&bundle)) {
            match image {
                Ok(image) => images.push(image),
                Err(e) if matches!(e.code(), Code::RecordDamaged | Code::Read) => {
                    let image = entry.names.first().cloned().unwrap_or_else(|| entry.target.to_string());
                    unreadable.push(DamagedImage { image, blobs: vec![entry.target] });
                }
                Err(e) => return Err(e.at(self.0.path())),
            }
        }
        Ok(Unlocked { bundle, images, unreadable })
    }

    fn notice_damaged_copy(&self, ctx: &Ctx) {
        if self.0.num_damaged_copies() > 0 {
            ctx.notice(Notice::new(NoticeKind::HeaderCopyDamaged, self.0.path().display()));
        }
    }
}

/// A bundle opened with its key.
pub struct Unlocked {
    bundle: OpenBundle,
    images: Vec<Image>,
    /// Images whose documents cannot be read.
    unreadable: Vec<DamagedImage>,
}

/// What a bundle says of itself.
#[derive(Debug, Serialize)]
pub struct Contents<'a> {
    /// RFC 3339 time of packing.
    pub created: &'a str,
    /// Program and version that packed it.
    pub tool: &'a str,
    /// The images.
    pub images: &'a [Image],
    /// Bytes of the images, as if they shared nothing.
    pub sum_bytes: u64,
    /// Blobs of other deliveries that it builds on.
    pub externals: BTreeSet<Digest>,
}

impl Unlocked {
    /// What is inside.
    pub fn contents(&self) -> Contents<'_> {
        let index = self.bundle.index();
        Contents {
            created: &index.created,
            tool: &index.tool,
            images: &self.images,
            sum_bytes: self.images.iter().map(Image::size_bytes).sum(),
            externals: index.externals().into_keys().collect(),
        }
    }

    /// 64 hex digits, now proven to be those of the sealed header.
    pub fn fingerprint(&self) -> String {
        hex(&self.bundle.header().fingerprint())
    }

    /// Whether the hashes of all records were there and lead to the header's set root. If not, a holder of the key sealed
    /// what it holds, but nothing shows that it is what the fingerprint, or a signature, stands for.
    pub fn is_proven(&self) -> bool {
        self.bundle.unproven().is_empty()
    }

    /// Whether it could be opened only as a damaged bundle, whatever its blobs are like.
    pub fn is_damaged(&self) -> bool {
        self.bundle.is_damaged()
    }

    /// What restoring it would do, told before its blobs are checked. Writes nothing; a restore needs
    /// the [`VerifiedBundle`], which [`Self::verify_for`] makes of it.
    pub fn preview_restore(&self, ctx: &Ctx, dest: &DestSpec, selection: &Selection) -> Result<RestorePlan> {
        plan::plan_restore(ctx, &self.images, dest, selection)
    }

    /// Checks every blob. The verified bundle comes back when none is damaged.
    pub fn verify(&self, ctx: &Ctx) -> Result<(BlobReport, Option<VerifiedBundle>)> {
        self.verify_onto(ctx, &RecordMap::new(self.bundle.num_records(), 1))
    }

    /// As [`Self::verify`], and marks each record on `map` once it was opened and what begins in it could be decoded.
    /// Where that failed, records stay unmarked: [`Inspection::verify_onto`] tells which of them are damaged.
    pub fn verify_onto(&self, ctx: &Ctx, map: &RecordMap) -> Result<(BlobReport, Option<VerifiedBundle>)> {
        let images = (&self.images[..], &self.unreadable[..]);
        verify::verify_blobs(ctx, &self.bundle, images, Damaged::Refuse, map)
    }

    /// As [`Self::verify_onto`], but of a damaged bundle the images that are whole come back as verified. The report lists
    /// the others.
    pub fn verify_undamaged(
        &self,
        ctx: &Ctx,
        map: &RecordMap,
    ) -> Result<(BlobReport, Option<VerifiedBundle>)> {
        let images = (&self.images[..], &self.unreadable[..]);
        verify::verify_blobs(ctx, &self.bundle, images, Damaged::LeaveOut, map)
    }

    /// A map of its records, none of which was checked, in at most `max_cells` cells.
    pub fn record_map(&self, max_cells: usize) -> RecordMap {
        RecordMap::new(self.bundle.num_records(), max_cells)
    }

    /// Checks every blob if `plan`, one of this bundle, sends any. A destination that has everything already gets
    /// nothing, so nothing is checked: the bundle that comes back at once is good for a plan like this alone.
    ///
    /// # Errors
    /// Damage, with the images it hurts.
    pub fn verify_for(&self, ctx: &Ctx, plan: &RestorePlan) -> Result<VerifiedBundle> {
        if plan.num_sent == 0 {
            return Ok(VerifiedBundle::to_send_nothing(&self.bundle, &self.images));
        }
        let (report, verified) = self.verify(ctx)?;
        verified.ok_or_else(|| report.as_error())
    }
}

/// The documents of an open bundle.
struct InBundle<'a>(&'a OpenBundle);

impl Documents for InBundle<'_> {
    fn has(&self, digest: &Digest) -> bool {
        self.0.index().blob(digest).is_some()
    }

    fn read(&mut self, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>> {
        let wrong = |found: u64| {
            let error = Error::new(Code::BadIndex).with(Fact::Blob, blob.digest);
            error.with(Fact::Expected, blob.size).with(Fact::Found, found)
        };
        let entry = self.0.index().blob(&blob.digest).ok_or_else(|| wrong(0))?;
        if entry.size > max_bytes || entry.size != blob.size {
            return Err(wrong(entry.size));
        }
        let bytes = self.0.read_small(entry)?;
        if Digest::of(&bytes) != blob.digest {
            return Err(Error::new(Code::BlobMismatch).with(Fact::Expected, blob.digest));
        }
        Ok(bytes)
    }
}

/// Reads images out of an open bundle, in the order of its index.
fn read_images(bundle: &OpenBundle) -> Vec<Result<Image>> {
    let mut documents = InBundle(bundle);
    let read = |entry: &crate::bundle::ImageEntry| {
        let target = bundle.index().blob(&entry.target).ok_or_else(|| Error::new(Code::BadIndex))?;
        let target =
            Descriptor { media_type: target.media_type.clone(), digest: target.digest, size: target.size };
        let names = entry.names.iter().map(|text| canonical_name(text)).collect::<Result<_>>()?;
        Ok(Image { synthesized: entry.synthesized, ..read_target(&mut documents, &target, names)? })
    };
    bundle.index().images.iter().map(read).collect()
}

/// Whether `dest` may be written to: asked before a user types a passphrase or waits.
///
/// # Errors
/// [`Code::Exists`] for a file or a folder of something else; [`Code::NotFound`] without its folder;
/// [`Code::EngineUnreachable`] and its like for what does not answer.
pub fn check_destination(ctx: &Ctx, dest: &DestSpec, existing: Existing) -> Result<()> {
    if let Some(path) = dest.path() {
        let folder = crate::fs::parent(path);
        std::fs::metadata(folder).map_err(|e| Error::write(folder, e))?;
    }
    dest.connect(ctx)?.check(existing)
}

/// A name of the index, which must stand there in its one full form: programs complete others differently.
fn canonical_name(text: &str) -> Result<Name> {
    let bad = || Error::new(Code::BadIndex).with(Fact::Detail, "an image name").with(Fact::Found, text);
    match text.parse::<Name>() {
        Ok(name) if name.as_str() == text => Ok(name),
        Ok(_) => Err(bad()),
        Err(e) => Err(bad().caused_by(e)),
    }
}

/// Decides what a restore does. Writes nothing.
pub fn plan_restore(
    ctx: &Ctx,
    verified: &VerifiedBundle,
    dest: &DestSpec,
    selection: &Selection,
) -> Result<RestorePlan> {
    plan::plan_restore(ctx, verified.images(), dest, selection)
}

/// Carries out a restore; on any error the destination is as it was.
pub fn restore(
    ctx: &Ctx,
    verified: &VerifiedBundle,
    plan: &RestorePlan,
    existing: Existing,
) -> Result<RestoreReport> {
    restore::restore(ctx, verified, plan, existing)
}

/// Decides how the finished bundle at `path` is handed over to `targets`. Writes nothing.
///
/// # Errors
/// [`Code::FileTooLarge`] when a volume is larger than a file system takes: pack with smaller volumes, as a sealed
/// bundle cannot be split anew. [`Code::NoSpace`], [`Code::DoesNotFit`], [`Code::StaleInTheWay`], [`Code::Exists`].
pub fn plan_handoff(
    ctx: &Ctx,
    path: &Path,
    targets: &[Target],
    options: &HandoffOptions,
) -> Result<HandoffPlan> {
    handoff::plan_handoff(ctx, path, targets, options)
}

/// Hands a bundle over: copies, flushes, reads back from the medium, ejects. `watch`, made for this plan, tells how far
/// each target is.
///
/// # Errors
/// Of the bundle itself, and [`Code::HandoffStopped`] when cancelled; what is wrong with single targets is in the report.
pub fn handoff(ctx: &Ctx, plan: &HandoffPlan, watch: &HandoffWatch) -> Result<HandoffReport> {
    handoff::handoff(ctx, plan, watch)
}

/// Looks for damage everywhere in the bundle at `path`, missing volumes and recovery data included, without a key.
///
/// # Errors
/// [`Code::HeaderDamaged`] when neither header copy can be used: [`repair_request`] can then ask for the header.
/// [`Code::VolumeForeign`] for a file in a volume's place that is not that volume.
pub fn find_damage(ctx: &Ctx, path: &Path) -> Result<DamageReport> {
    repair::scan(ctx, path, Given::default()).map(|scanned| scanned.report())
}

/// Mends the bundle at `path`, as far as its recovery data and the answer in `options` go. Needs no key; everything that is
/// written is proven by the set root. A run that was interrupted can be repeated.
///
/// # Errors
/// [`Code::BeyondRepair`] when hashes of records are lost, or when a new bundle would not be whole; then nothing is written.
/// What is left in a bundle that is mended in place is listed, not an error.
pub fn repair(ctx: &Ctx, path: &Path, options: &RepairOptions) -> Result<RepairReport> {
    repair::repair(ctx, path, options)
}

/// What must come again from where the bundle at `path` was made: the fewest records with which its recovery data rebuilds
/// the rest. `None` when that suffices alone.
pub fn repair_request(ctx: &Ctx, path: &Path) -> Result<Option<RepairRequest>> {
    repair::request(ctx, path)
}

/// Answers `request` from the whole bundle at `path`, without a key; every record is compared with its hash first. Returns
/// the bytes written.
///
/// # Errors
/// [`Code::RequestForeign`] for the request of another bundle.
pub fn answer_repair(
    ctx: &Ctx,
    path: &Path,
    request: &RepairRequest,
    out: &Path,
    existing: Existing,
) -> Result<u64> {
    repair::answer(ctx, path, request, out, existing)
}
