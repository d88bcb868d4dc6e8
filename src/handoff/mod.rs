//! Handing a finished bundle over to a drive: copied, flushed, read back from the medium, ejected.
//!
//! A volume has its name only once all of the drive's volumes were read back; until then it is partial, and a later
//! handoff continues it. Bytes are copied as they are: nothing here needs a key, or could change the split.

mod copy;
mod plan;
mod read_back;
mod scan;
mod target;
mod watch;

use std::path::PathBuf;

use serde::Serialize;

pub(crate) use plan::plan_handoff;
pub use plan::{FileState, HandoffPlan, PlannedFile, StaleFile, TargetPlan};
pub use watch::{HandoffWatch, Stage, TargetWatch};

use crate::{
    bundle::Bundle,
    digest::hex,
    drive::Ejected,
    error::{Code, Error, Fact, Result},
    fs::{Existing, ReadBack},
    job::{Ctx, Phase},
};

/// What each of several drives gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Share {
    /// The whole bundle.
    #[default]
    Each,
    /// The volumes that fit on it and that no drive before it has.
    Spread,
}

/// When several drives are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// One after the other.
    #[default]
    Queue,
    /// All at the same time.
    AtOnce,
}

/// Which targets get a restore kit, with this build of Sealift.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KitFor {
    /// None.
    #[default]
    Nothing,
    /// Removable drives.
    Drives(PathBuf),
    /// Folders too.
    All(PathBuf),
}

/// How to hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffOptions {
    /// Whether files that are there may be replaced, and copies of this bundle made anew.
    pub existing: Existing,
    /// Whether files of earlier bundles of that name are removed; [`TargetPlan::stale`] names them.
    pub remove_stale: bool,
    /// What each drive gets.
    pub share: Share,
    /// When each is served.
    pub order: Order,
    /// Whether drives are unmounted and powered off at the end.
    pub eject: bool,
    /// Which targets get a restore kit too.
    pub kit: KitFor,
    /// Numbers (from 1) of the volumes to hand over; all of them when it is empty.
    pub volumes: Vec<u32>,
}

impl Default for HandoffOptions {
    fn default() -> Self {
        Self {
            existing: Existing::Keep,
            remove_stale: false,
            share: Share::default(),
            order: Order::default(),
            eject: true,
            kit: KitFor::default(),
            volumes: Vec::new(),
        }
    }
}

/// How a handoff ended.
#[derive(Debug)]
pub struct HandoffReport {
    /// Identity of the bundle: 64 hex digits.
    pub fingerprint: String,
    /// One for each target of the plan, in its order. What went wrong with one does not stop the others.
    pub targets: Vec<Result<TargetReport>>,
    /// Numbers (from 1) of volumes that were asked for and that no target has now.
    pub missing: Vec<u32>,
}

/// What a target has now. All of it was read back and is as it was sealed.
#[derive(Clone, Debug, Serialize)]
pub struct TargetReport {
    /// The folder.
    pub folder: PathBuf,
    /// Its volumes, in order.
    pub files: Vec<PathBuf>,
    /// Bytes that were written.
    pub written_bytes: u64,
    /// Bytes that earlier runs had written already.
    pub kept_bytes: u64,
    /// Files of the restore kit, which were read back too.
    pub kit: Vec<PathBuf>,
    /// How it was read back; of several ways the weakest.
    pub read_back: ReadBack,
    /// Files of earlier bundles that were removed.
    pub removed: Vec<PathBuf>,
    /// Files of earlier bundles that are still there.
    pub stale: Vec<PathBuf>,
    /// How it was taken out of use.
    pub ejected: Ejected,
}

impl KitFor {
    /// The program that goes to a target.
    fn program(&self, is_drive: bool) -> Option<&PathBuf> {
        match self {
            Self::All(program) => Some(program),
            Self::Drives(program) if is_drive => Some(program),
            Self::Nothing | Self::Drives(_) => None,
        }
    }
}

impl TargetReport {
    /// Whether the drive may be pulled out now.
    pub fn is_safe_to_remove(&self) -> bool {
        self.ejected == Ejected::Done
    }
}

/// Carries out a handoff. `watch` is told of each target while it runs.
///
/// # Errors
/// Of the bundle itself, and [`Code::HandoffStopped`]; those of single targets are in the report.
pub(crate) fn handoff(ctx: &Ctx, plan: &HandoffPlan, watch: &HandoffWatch) -> Result<HandoffReport> {
    let bundle = Bundle::open(&plan.bundle)?;
    let volumes = bundle.volumes()?;
    if hex(&bundle.header().fingerprint()) != plan.fingerprint {
        return Err(Error::new(Code::SourceChanged).with(Fact::Expected, &plan.fingerprint).at(&plan.bundle));
    }
    volumes.check_hashes(ctx).map_err(|e| if e.code() == Code::Cancelled { stopped(plan) } else { e })?;
    ctx.enter(Phase::Copy, plan.targets.iter().map(TargetPlan::work_bytes).sum());
    let serve = |(number, target): (usize, &TargetPlan)| {
        let served = target::serve(&target::Job {
            ctx,
            bundle: &plan.bundle,
            volumes: &volumes,
            plan: target,
            watch,
            number,
        });
        watch.enter(ctx, number, if served.is_ok() { Stage::Done } else { Stage::Failed });
        served
    };
    let numbered = plan.targets.iter().enumerate();
    let targets: Vec<Result<TargetReport>> = match plan.order {
        Order::Queue => numbered.map(serve).collect(),
        Order::AtOnce => std::thread::scope(|scope| {
            let threads: Vec<_> = numbered.map(|target| scope.spawn(move || serve(target))).collect();
            threads.into_iter().map(|thread| thread.join().map_err(Error::panicked).flatten()).collect()
        }),
    };
    if ctx.checkpoint().is_err() && targets.iter().any(Result::is_err) {
        return Err(stopped(plan));
    }
    let has_volumes = |report: &Result<TargetReport>| match report {
        Ok(_) => true,
        Err(error) => matches!(error.code(), Code::KitLies | Code::KitNotWritten),
    };
    let is_there = |volume: &u32| {
        let mut done = plan.targets.iter().zip(&targets).filter(|(_, report)| has_volumes(report));
        done.any(|(target, _)| target.files.iter().any(|file| file.volume == *volume))
    };
    let missing = plan.wanted.iter().copied().filter(|volume| !is_there(volume)).collect();
    Ok(HandoffReport { fingerprint: plan.fingerprint.clone(), targets, missing })
}

/// Names what a later handoff will continue.
fn stopped(plan: &HandoffPlan) -> Error {
    let files = plan.targets.iter().flat_map(|target| &target.files);
    let partial = files.map(|file| crate::fs::copy_path(&file.path)).filter(|path| path.exists());
    partial.fold(Error::new(Code::HandoffStopped), |error, path| error.with(Fact::Left, path.display()))
}
