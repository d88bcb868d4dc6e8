//! One target from the first byte to the moment it may be pulled out.

use std::path::{Path, PathBuf};

use super::{
    FileState, HandoffWatch, Stage, TargetPlan, TargetReport, copy,
    plan::PlannedFile,
    read_back,
    scan::{Folder, Source},
};
use crate::{
    bundle::{ReadySet, Replaced, VolumeSet, commit, settle_among},
    drive::{Ejected, eject_drive},
    error::{Code, Error, Result},
    fs::{
        Copies, Existing, PartialFile, ReadBack, WrittenFile, free_bytes, is_marked, lock_there,
        partial_path, remove_unused, sync_parent,
    },
    job::{Background, Ctx},
    kit,
};

/// What the work on one target shares.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) ctx: &'a Ctx,
    /// The bundle's first volume.
    pub(super) bundle: &'a Path,
    pub(super) volumes: &'a VolumeSet,
    pub(super) plan: &'a TargetPlan,
    pub(super) watch: &'a HandoffWatch,
    pub(super) number: usize,
}

impl Job<'_> {
    pub(super) fn advance(&self, num_bytes: u64) {
        self.watch.advance(self.ctx, self.number, num_bytes);
    }

    fn enter(&self, stage: Stage) {
        self.watch.enter(self.ctx, self.number, stage);
    }
}

/// Serves a target.
pub(super) fn serve(job: &Job) -> Result<TargetReport> {
    job.ctx.checkpoint()?;
    let folder = &job.plan.folder;
    let mount = Mount::of(folder)?;
    served(job, &mount).map_err(|error| match error.code() {
        Code::HandoffStopped | Code::Cancelled => error,
        // Whatever failed, it failed because nothing is there any more.
        _ if mount.is_gone(folder) => {
            error.recoded(Code::DriveGone).or_with(crate::error::Fact::Path, folder.display())
        }
        _ => error,
    })
}

fn served(job: &Job, mount: &Mount) -> Result<TargetReport> {
    let plan = job.plan;
    job.enter(Stage::Copy);
    let copies = Copies::begin(&plan.folder)?;
    require_as_planned(job, &copies)?;
    let (removed, stale): (Vec<_>, Vec<_>) = plan.stale.iter().partition(|_| plan.removes_stale);
    // An earlier bundle stays until this one is complete, if there is room for both.
    let needed: u64 = plan.files.iter().map(PlannedFile::needed_bytes).sum();
    let is_short = free_bytes(&plan.folder).is_some_and(|free| free < needed);
    for file in removed.iter().filter(|file| is_short || is_marked(&file.path)) {
        remove_unused(&file.path)?;
    }
    let mut kept_bytes = 0;
    let written = write_all(job, mount, &copies, &mut kept_bytes)?;
    let read_back = match read_all(job, &written).and_then(|how| mount.require(&plan.folder).map(|()| how)) {
        Ok(how) => how,
        Err(error) => {
            discard(&error, written);
            return Err(error);
        }
    };
    let taken = written.iter().map(|file| file.target().to_owned()).collect::<Vec<_>>();
    let is_new = |path: &Path| written.iter().any(|file| file.path() == path || file.target() == path);
    let gone = removed.iter().map(|file| &file.path).filter(|path| !is_new(path));
    let may_go = taken.iter().filter(|path| plan.may_replace(path) == Existing::Replace);
    let replaced = may_go.chain(gone).filter(|path| path.symlink_metadata().is_ok());
    let replaced = replaced.map(|path| Replaced::now(path)).collect();
    if let Some(first) = plan.files.first() {
        commit(job.ctx, vec![ReadySet { path: first.bundle(), files: written, replaced, is_new: false }])?;
    }
    // A folder that is held open keeps its drive from being unmounted.
    drop(copies);
    let kit = match &plan.kit {
        Some(program) => write_kit(job.ctx, &plan.folder, program)?,
        None => Vec::new(),
    };
    job.enter(Stage::Eject);
    let ejected = match &plan.drive {
        _ if !plan.ejects || plan.files.is_empty() => Ejected::NotAsked,
        None => Ejected::NotADrive,
        Some(drive) => eject_drive(drive),
    };
    let work_bytes = plan.write_bytes();
    Ok(TargetReport {
        folder: plan.folder.clone(),
        files: plan.files.iter().map(|file| file.path.clone()).collect(),
        written_bytes: work_bytes - kept_bytes,
        kept_bytes: kept_bytes + plan.files.iter().map(|file| file.size_bytes).sum::<u64>() - work_bytes,
        kit,
        read_back,
        removed: removed.into_iter().map(|file| file.path.clone()).collect(),
        stale: stale.into_iter().map(|file| file.path.clone()).collect(),
        ejected,
    })
}

/// Hours may have passed since it was planned: another run may have put a bundle there that nobody agreed to lose.
///
/// # Errors
/// [`Code::Busy`]
fn require_as_planned(job: &Job, copies: &Copies) -> Result<()> {
    let Some(first) = job.plan.files.first() else { return Ok(()) };
    settle_among(copies, &first.bundle())?;
    if job.plan.removes_stale {
        // The partial files of a pack are its own as long as it holds the first.
        lock_there(&partial_path(&first.bundle()))?;
    }
    let source = Source { path: job.bundle, volumes: job.volumes };
    let stale = Folder::scan(&source, &job.plan.folder)?.stale(&job.plan.files);
    match stale.iter().find(|file| !job.plan.stale.contains(file)) {
        Some(file) => Err(Error::new(Code::Busy).at(&file.path)),
        None => Ok(()),
    }
}

/// Writes the restore kit, whose page names the bundle, and reads it back. What fails here is the kit's alone: the
/// volumes have their names and stay.
fn write_kit(ctx: &Ctx, folder: &Path, program: &Path) -> Result<Vec<PathBuf>> {
    let kit_alone =
        |code| move |error: Error| if error.code() == Code::Cancelled { error } else { error.recoded(code) };
    let kit = kit::write_kit(ctx, folder, program).map_err(kit_alone(Code::KitNotWritten))?;
    for (path, digest) in &kit.digests {
        if read_back::digest(ctx, path).map_err(kit_alone(Code::KitLies))? != *digest {
            return Err(Error::new(Code::KitLies).at(path));
        }
    }
    Ok(kit.files)
}

/// Writes and flushes every volume that is not there, each under its partial name.
fn write_all(job: &Job, mount: &Mount, copies: &Copies, kept_bytes: &mut u64) -> Result<Vec<WrittenFile>> {
    let mut written = Vec::new();
    let mut write = || -> Result<()> {
        // A volume's last bytes are waited for when the next begins, the last volume's in a stage of their own.
        let mut open: Option<(PartialFile, u64)> = None;
        for file in job.plan.files.iter().filter(|file| file.state != FileState::Present) {
            if let Some(before) = open.take() {
                written.push(flush(job, before)?);
            }
            mount.require(&job.plan.folder)?;
            let (copied, progress) = write_one(job, copies, file)?;
            *kept_bytes += progress.kept_bytes;
            open = Some((copied, progress.counted_bytes));
        }
        job.enter(Stage::Flush);
        if let Some(last) = open {
            written.push(flush(job, last)?);
        }
        match job.plan.files.first() {
            Some(file) => sync_parent(&file.path),
            None => Ok(()),
        }
    };
    match write() {
        Ok(()) => Ok(written),
        Err(error) => {
            discard(&error, written);
            Err(error)
        }
    }
}

/// The copy of one volume, not flushed yet.
fn write_one(job: &Job, copies: &Copies, planned: &PlannedFile) -> Result<(PartialFile, copy::Progress)> {
    let mut file = copies.resume(&planned.path)?;
    let copied = copy::copy(job, planned.volume - 1, &mut file);
    match copied {
        Ok(progress) => Ok((file, progress)),
        // What was copied so far is good, and a later run goes on from there.
        Err(error) if error.code() == Code::Cancelled => Err(error),
        Err(error) => {
            file.discard();
            Err(error)
        }
    }
}

/// Waits for the medium, and counts what of the file was not counted before.
fn flush(job: &Job, (file, counted_bytes): (PartialFile, u64)) -> Result<WrittenFile> {
    let rest = file.len()? - counted_bytes;
    let written = Background::start(move || file.finish()).wait(job.ctx)??;
    job.advance(rest);
    Ok(written)
}

/// Compares every volume on the medium with the bundle.
fn read_all(job: &Job, written: &[WrittenFile]) -> Result<ReadBack> {
    job.enter(Stage::ReadBack);
    let mut written = written.iter();
    let mut weakest = ReadBack::Uncached;
    for file in &job.plan.files {
        // Those that were written are in the plan's order.
        let path = match file.state {
            FileState::Present => file.path.as_path(),
            FileState::New | FileState::Begun { .. } => {
                written.next().map_or(file.path.as_path(), WrittenFile::path)
            }
        };
        weakest = weakest.max(read_back::check(job, file.volume - 1, path)?);
    }
    Ok(weakest)
}

/// After a failure nothing that was written may stay; after a cancel it may be continued.
fn discard(error: &Error, written: Vec<WrittenFile>) {
    if error.code() != Code::Cancelled {
        written.into_iter().for_each(WrittenFile::discard);
    }
}

/// The file system that a target is on. A drive that is pulled out leaves its folder behind, empty, on the disk above:
/// nothing may be written there. Or it stays mounted and fails, but the system has no such device any more.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    number: u64,
    has_device: bool,
}

impl Mount {
    fn of(folder: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(folder).map_err(|e| Error::write(folder, e))?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::dev(&metadata);
        #[cfg(not(unix))]
        let number = u64::from(metadata.is_dir());
        Ok(Self { number, has_device: has_device(number) })
    }

    fn is_gone(&self, folder: &Path) -> bool {
        Self::of(folder).map_or(true, |now| now != *self)
    }

    fn require(&self, folder: &Path) -> Result<()> {
        if self.is_gone(folder) { Err(Error::new(Code::DriveGone).at(folder)) } else { Ok(()) }
    }
}

/// Whether the system lists a block device of this number. See sysfs(5); file systems without one have other numbers.
#[cfg(target_os = "linux")]
fn has_device(number: u64) -> bool {
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    Path::new(&format!("/sys/dev/block/{major}:{minor}")).exists()
}

#[cfg(not(target_os = "linux"))]
fn has_device(_: u64) -> bool {
    false
}
