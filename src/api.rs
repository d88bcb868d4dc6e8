//! The facade: every operation a shell offers, one function each.

mod delivery;
mod inspection;
mod key_book;
mod pack;
mod reseal;
mod shares;
mod slots;
mod trust;
mod unlocked;

pub use delivery::{Delivery, PartInfo, check_delivery, pack_delivery, part_path, unlock_more};
pub use inspection::{Inspection, RecoveryInfo, SlotInfo, inspect};
pub use key_book::{KeyBook, KnownKey, KnownKeyKind};
pub use pack::{
    DEFAULT_LEVEL, DRIVE_RECOVERY_PERCENT, KdfLevel, PackOptions, PackReport, Signing,
    default_recovery_percent, pack,
};
pub use reseal::reseal;
pub use shares::{ShareFiles, write_shares};
pub use slots::{add_slots, change_slot, remove_slot};
pub use trust::{
    admit, is_signing_key_locked, read_public_key, read_signing_key, read_trusted_root, remove_signature,
    sign, write_public_key, write_signing_key,
};
pub use unlocked::{Contents, Unlocked, preview_restore, verify_for};

use std::path::{Path, PathBuf};

use crate::{
    bundle::{Given, replaced_by},
    dest::{self, DestSpec},
    drive::Target,
    error::{Code, Error, Result},
    fs::Existing,
    handoff::{self, HandoffOptions, HandoffPlan, HandoffReport, HandoffWatch},
    job::{Ctx, Phase},
    oci::{Image, Platform},
    plan::{self, PackPlan, RestorePlan, Selection},
    repair::{self, DamageReport, RepairOptions, RepairReport, RepairRequest},
    restore::{self, RestoreReport},
    source::{self, SourceSpec},
    trust::Admission,
    verify::VerifiedBundle,
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
/// Whether a bundle may be written to `out`: asked before a user types a passphrase or waits.
///
/// # Errors
/// [`crate::Code::Exists`] for the bundle, or for any volume of that name that is not one of the bundle to be replaced; [`crate::Code::NotFound`] without its folder.
pub fn check_output(out: &Path, existing: Existing) -> Result<()> {
    let folder = crate::fs::parent(out);
    std::fs::metadata(folder).map_err(|e| Error::write(folder, e))?;
    crate::fs::refuse_write_protected(folder)?;
    replaced_by(out, existing, None).map(drop)
}

/// Refuses to write to a file that the same run reads, or writes otherwise: a key or an archive would be lost when it was
/// used for the last time, whatever the user agreed to replace.
///
/// # Errors
/// [`crate::Code::Exists`]
pub fn refuse_own_files(outputs: &[PathBuf], inputs: &[PathBuf]) -> Result<()> {
    // What is not there yet is told by its folder and its name.
    let place = |path: &PathBuf| {
        let folder = || Some(crate::fs::parent(path).canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(folder)
    };
    let read: Vec<PathBuf> = inputs.iter().filter_map(place).collect();
    for (number, output) in outputs.iter().enumerate() {
        let Some(written) = place(output) else { continue };
        if read.contains(&written) || outputs[..number].iter().filter_map(place).any(|other| other == written)
        {
            return Err(Error::new(Code::Exists).hinted("own").at(output));
        }
    }
    Ok(())
}

/// Bytes that may still be written beside `out`; `None` where the system does not tell.
pub fn free_bytes(out: &Path) -> Option<u64> {
    crate::fs::free_bytes(crate::fs::parent(out))
}

/// Writes a report that a user asked for, whole or not at all.
///
/// # Errors
/// [`crate::Code::Exists`] unless `existing` allows replacing.
pub fn save_report(path: &Path, text: &str, existing: Existing) -> Result<()> {
    crate::fs::write(path, text.as_bytes(), existing)
}

/// Writes a secret to a new file that only its owner can ever read.
///
/// # Errors
/// [`crate::Code::Exists`]: another secret is not written over.
pub fn save_secret(path: &Path, content: &[u8]) -> Result<()> {
    crate::fs::write_private(path, content, Existing::Keep)
}

/// Whether `dest` may be written to: asked before a user types a passphrase or waits.
///
/// # Errors
/// [`crate::Code::Exists`] for a file or a folder of something else; [`crate::Code::NotFound`] without its folder;
/// [`crate::Code::EngineUnreachable`] and its like for what does not answer.
pub fn check_destination(ctx: &Ctx, dest: &DestSpec, existing: Existing) -> Result<()> {
    if let Some(path) = dest.path() {
        let folder = crate::fs::parent(path);
        std::fs::metadata(folder).map_err(|e| Error::write(folder, e))?;
        crate::fs::refuse_write_protected(folder)?;
    }
    dest.connect(ctx)?.check(existing)
}

/// Decides what a restore does, and holds the names that images will have against the policies of `admission`. Writes
/// nothing.
pub fn plan_restore(
    ctx: &Ctx,
    verified: &VerifiedBundle,
    admission: &Admission,
    dest: &DestSpec,
    selection: &Selection,
) -> Result<RestorePlan> {
    plan::plan_restore(ctx, verified.images(), admission, dest, selection)
}

/// Carries out a restore; on any error the destination is as it was, but for what an engine had taken in.
pub fn restore(
    ctx: &Ctx,
    verified: &VerifiedBundle,
    plan: &RestorePlan,
    existing: Existing,
) -> Result<RestoreReport> {
    restore::restore(ctx, verified, plan, existing).map_err(|e| verified.explain(ctx, e))
}

/// Decides how the finished bundle at `path` is handed over to `targets`. Writes nothing.
///
/// # Errors
/// [`crate::Code::FileTooLarge`] when a volume is larger than a file system takes: pack with smaller volumes, as a sealed
/// bundle cannot be split anew. [`crate::Code::NoSpace`], [`crate::Code::DoesNotFit`], [`crate::Code::StaleInTheWay`], [`crate::Code::Exists`].
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
/// Of the bundle itself, and [`crate::Code::HandoffStopped`] when cancelled; what is wrong with single targets is in the report.
pub fn handoff(ctx: &Ctx, plan: &HandoffPlan, watch: &HandoffWatch) -> Result<HandoffReport> {
    handoff::handoff(ctx, plan, watch)
}

/// Looks for damage everywhere in the bundle at `path`, missing volumes and recovery data included, without a key.
///
/// # Errors
/// [`crate::Code::HeaderDamaged`] when neither header copy can be used: [`repair_request`] can then ask for the header.
/// [`crate::Code::VolumeForeign`] for a file in a volume's place that is not that volume.
pub fn find_damage(ctx: &Ctx, path: &Path) -> Result<DamageReport> {
    repair::scan(ctx, path, Given::default()).map(|scanned| scanned.report())
}

/// Mends the bundle at `path`, as far as its recovery data and the answer in `options` go. Needs no key; everything that is
/// written is proven by the set root. A run that was interrupted can be repeated.
///
/// # Errors
/// [`crate::Code::BeyondRepair`] when hashes of records are lost, or when a new bundle would not be whole; then nothing is written.
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
/// [`crate::Code::RequestForeign`] for the request of another bundle.
pub fn answer_repair(
    ctx: &Ctx,
    path: &Path,
    request: &RepairRequest,
    out: &Path,
    existing: Existing,
) -> Result<u64> {
    repair::answer(ctx, path, request, out, existing)
}
