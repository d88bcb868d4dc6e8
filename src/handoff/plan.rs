//! What a handoff will do: which volumes go where, what is there already, whether it fits. Writes nothing; only a
//! replacement that was interrupted is finished or undone first.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    HandoffOptions, Order, Share,
    scan::{Folder, Source},
};
use crate::{
    bundle::{Bundle, Replaced, VolumeSet, refuse_name, settle, volume_path},
    digest::hex,
    drive::{Drive, Place, Target},
    error::{Code, Error, Fact, Result},
    fs::{Existing, copy_path, refuse_write_protected},
    job::{Ctx, Phase},
};

/// What will be done.
#[derive(Clone, Debug, Serialize)]
pub struct HandoffPlan {
    /// The bundle's first volume.
    pub bundle: PathBuf,
    /// Its identity: 64 hex digits.
    pub fingerprint: String,
    /// Its volumes.
    pub num_volumes: u32,
    /// Its records.
    pub num_records: u64,
    /// Numbers (from 1) of the volumes that were asked for.
    pub wanted: Vec<u32>,
    /// Those that fit on no target: another drive is needed for them.
    pub left_out: Vec<u32>,
    /// Where it goes.
    pub targets: Vec<TargetPlan>,
    /// When each is served.
    #[serde(skip)]
    pub order: Order,
}

/// What one target gets.
#[derive(Clone, Debug, Serialize)]
pub struct TargetPlan {
    /// The folder.
    pub folder: PathBuf,
    /// The removable drive it lies on.
    pub drive: Option<Drive>,
    /// Its file system and free space.
    pub place: Place,
    /// Its volumes, in order.
    pub files: Vec<PlannedFile>,
    /// Files of earlier bundles of that name.
    pub stale: Vec<StaleFile>,
    /// Whether those will be removed before anything is written.
    pub removes_stale: bool,
    /// The program of the restore kit that it gets too.
    pub kit: Option<PathBuf>,
    /// Whether the drive will be ejected.
    pub ejects: bool,
    /// Whether files that are there may be replaced.
    #[serde(skip)]
    pub existing: Existing,
}

/// A volume at its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    /// Number, from 1.
    pub volume: u32,
    /// Where it will be.
    pub path: PathBuf,
    /// Its length.
    pub size_bytes: u64,
    /// What is there now.
    pub state: FileState,
}

/// What is there of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// Nothing.
    New,
    /// A part, from a handoff that was interrupted: it is checked and continued.
    Begun {
        /// Bytes of it.
        have_bytes: u64,
    },
    /// All of it, as it seems: it is read back and not written again.
    Present,
}

/// A file that an earlier bundle of the same name left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaleFile {
    /// Where.
    pub path: PathBuf,
    /// Its length.
    pub size_bytes: u64,
    /// Whether a volume needs its name: then the handoff cannot be done beside it.
    pub is_in_the_way: bool,
    /// What it was when it was planned that it may go.
    #[serde(skip)]
    pub(super) found: Replaced,
}

impl TargetPlan {
    /// Bytes that will be written, if nothing of what was begun can be used.
    pub fn write_bytes(&self) -> u64 {
        self.files.iter().filter(|file| file.state != FileState::Present).map(|file| file.size_bytes).sum()
    }

    /// Whether a file that is at `path` may be replaced.
    pub(super) fn may_replace(&self, path: &Path) -> Existing {
        let is_removed = self.removes_stale && self.stale.iter().any(|file| file.path == path);
        if is_removed { Existing::Replace } else { self.existing }
    }

    /// Whether anything is written or removed; else what is there is only read back.
    fn writes(&self) -> bool {
        let is_new = |file: &PlannedFile| file.state != FileState::Present;
        let removes = self.removes_stale && !self.stale.is_empty();
        self.kit.is_some() || removes || self.files.iter().any(is_new)
    }

    /// Bytes of progress: each byte is written, unless it is there, and read back.
    pub fn work_bytes(&self) -> u64 {
        self.write_bytes() + self.files.iter().map(|file| file.size_bytes).sum::<u64>()
    }
}

/// Decides a handoff of the bundle at `path`.
///
/// # Errors
/// [`Code::FileTooLarge`] when a volume is too large for a file system: a sealed bundle cannot be split anew without its
/// key. [`Code::NoSpace`] or [`Code::DoesNotFit`] when it does not fit. [`Code::StaleInTheWay`] and [`Code::Exists`] when
/// names are taken.
pub(crate) fn plan_handoff(
    ctx: &Ctx,
    path: &Path,
    targets: &[Target],
    options: &HandoffOptions,
) -> Result<HandoffPlan> {
    ctx.enter(Phase::Scan, 0);
    let bundle = Bundle::open(path)?;
    let volumes = bundle.volumes()?;
    let wanted = wanted(&volumes, &options.volumes)?;
    let source = Source { path, volumes: &volumes };
    let mut left: Vec<u32> = wanted.clone();
    let mut plans = Vec::new();
    for target in targets {
        ctx.checkpoint()?;
        let first = path_in(&target.folder, path, 1);
        refuse_name(&first)?;
        settle(&first)?;
        let folder = Folder::scan(&source, &target.folder)?;
        let take = match options.share {
            Share::Each => wanted.clone(),
            Share::Spread => folder.fitting(&left, options),
        };
        left.retain(|volume| !take.contains(volume));
        plans.push(plan_target(&folder, target, &take, options)?);
    }
    let taken = plans.iter().any(|plan: &TargetPlan| !plan.files.is_empty());
    if let (false, Some(first), Some(target)) = (taken, left.first(), targets.first()) {
        let place = Place::of(&target.folder);
        let needed = volumes.file_bytes(first - 1);
        let error = Error::new(Code::NoSpace).with(Fact::Needed, needed).with(Fact::Volume, first);
        return Err(error.with(Fact::Free, place.free_bytes.unwrap_or_default()).at(&target.folder));
    }
    Ok(HandoffPlan {
        bundle: path.to_owned(),
        fingerprint: hex(&bundle.header().fingerprint()),
        num_volumes: volumes.geometry().num_volumes,
        num_records: volumes.geometry().num_records,
        wanted,
        left_out: left,
        targets: plans,
        order: options.order,
    })
}

/// The volumes asked for, ascending.
fn wanted(volumes: &VolumeSet, asked: &[u32]) -> Result<Vec<u32>> {
    let all = 1..=volumes.geometry().num_volumes;
    if let Some(unknown) = asked.iter().find(|volume| !all.contains(volume)) {
        return Err(Error::new(Code::Usage).with(Fact::Volume, unknown).with(Fact::Limit, all.end()));
    }
    Ok(all.filter(|volume| asked.is_empty() || asked.contains(volume)).collect())
}

fn plan_target(
    folder: &Folder,
    target: &Target,
    take: &[u32],
    options: &HandoffOptions,
) -> Result<TargetPlan> {
    let files: Vec<PlannedFile> = take.iter().map(|volume| folder.file(*volume, options)).collect();
    let stale = folder.stale(&files);
    let plan = TargetPlan {
        folder: target.folder.clone(),
        drive: target.drive.clone(),
        place: folder.place.clone(),
        files,
        stale,
        removes_stale: options.remove_stale,
        kit: options.kit.program(target.drive.is_some()).filter(|_| !take.is_empty()).cloned(),
        ejects: options.eject,
        existing: options.existing,
    };
    if plan.writes() {
        refuse_write_protected(&plan.folder)?;
    }
    refuse_taken_names(folder, &plan, options)?;
    refuse_large_files(&plan)?;
    refuse_too_much(folder, &plan, options)?;
    Ok(plan)
}

fn refuse_taken_names(folder: &Folder, plan: &TargetPlan, options: &HandoffOptions) -> Result<()> {
    let is_allowed = options.remove_stale || options.existing == Existing::Replace;
    if !is_allowed && plan.stale.iter().any(|file| file.is_in_the_way) {
        // All that would be removed, also those beside the ones in the way.
        let error = Error::new(Code::StaleInTheWay);
        return Err(plan.stale.iter().fold(error, |error, file| error.with(Fact::Path, file.path.display())));
    }
    let taken = plan.files.iter().find_map(|file| {
        let partial = copy_path(&file.path);
        if folder.is_elsewhere(&partial) {
            return Some(partial);
        }
        // A rename replaces what is under the name, and not what a link leads to.
        let is_kept = options.existing == Existing::Keep && folder.is_foreign(&file.path);
        is_kept.then(|| file.path.clone())
    });
    taken.map_or(Ok(()), |path| Err(Error::new(Code::Exists).at(&path)))
}

fn refuse_large_files(plan: &TargetPlan) -> Result<()> {
    let Some(most) = plan.place.max_file_bytes() else { return Ok(()) };
    let Some(file) = plan.files.iter().find(|file| file.size_bytes > most) else { return Ok(()) };
    let error = Error::new(Code::FileTooLarge).with(Fact::Limit, most).with(Fact::Found, file.size_bytes);
    Err(error.with(Fact::Volume, file.volume).at(&file.path))
}

fn refuse_too_much(folder: &Folder, plan: &TargetPlan, options: &HandoffOptions) -> Result<()> {
    let mut needed: u64 = plan.files.iter().map(PlannedFile::needed_bytes).sum();
    if let Some(program) = &plan.kit {
        crate::kit::refuse_strangers(&plan.folder)?;
        needed += crate::kit::needed_bytes(program)?;
    }
    match folder.room(options) {
        Some(free) if free < needed => {
            let code = if plan.files.len() > 1 { Code::DoesNotFit } else { Code::NoSpace };
            Err(Error::new(code).with(Fact::Needed, needed).with(Fact::Free, free).at(&plan.folder))
        }
        _ => Ok(()),
    }
}

impl PlannedFile {
    /// Where the first volume is, or would be.
    pub(super) fn bundle(&self) -> PathBuf {
        if self.volume == 1 { self.path.clone() } else { self.path.with_extension("") }
    }

    /// Free bytes that it takes.
    pub(super) fn needed_bytes(&self) -> u64 {
        match self.state {
            FileState::New => self.size_bytes,
            FileState::Begun { have_bytes } => self.size_bytes.saturating_sub(have_bytes),
            FileState::Present => 0,
        }
    }
}

/// Where volume `volume` (from 1) of the bundle at `source` lies in `folder`.
pub(super) fn path_in(folder: &Path, source: &Path, volume: u32) -> PathBuf {
    volume_path(&folder.join(source.file_name().unwrap_or_default()), volume - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(file_system: &str, size_bytes: u64) -> TargetPlan {
        let file = PlannedFile { volume: 1, path: "/stick/a".into(), size_bytes, state: FileState::New };
        TargetPlan {
            folder: "/stick".into(),
            drive: None,
            place: Place { file_system: file_system.into(), ..Place::default() },
            files: vec![file],
            stale: Vec::new(),
            removes_stale: false,
            kit: None,
            ejects: true,
            existing: Existing::Keep,
        }
    }

    #[test]
    fn a_volume_of_four_gib_is_refused_on_fat_alone() {
        let error = refuse_large_files(&target("vfat", 4 << 30)).unwrap_err();
        assert_eq!(error.code(), Code::FileTooLarge);
        assert!(error.context().contains(&(Fact::Limit, "4294967295")), "{error:?}");
        assert!(refuse_large_files(&target("vfat", (4 << 30) - 1)).is_ok());
        assert!(refuse_large_files(&target("exfat", 4 << 30)).is_ok());
    }

    #[test]
    fn what_is_there_is_read_back_and_not_counted_as_written() {
        let mut plan = target("ext4", 100);
        assert_eq!((plan.write_bytes(), plan.work_bytes(), plan.files[0].needed_bytes()), (100, 200, 100));
        plan.files[0].state = FileState::Begun { have_bytes: 60 };
        assert_eq!((plan.write_bytes(), plan.work_bytes(), plan.files[0].needed_bytes()), (100, 200, 40));
        plan.files[0].state = FileState::Present;
        assert_eq!((plan.write_bytes(), plan.work_bytes(), plan.files[0].needed_bytes()), (0, 100, 0));
    }
}
