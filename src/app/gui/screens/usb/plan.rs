//! What a handoff will do, as the page shows it before anything is written.

use std::{path::PathBuf, sync::Arc};

use sealift::{Ctx, FileState, HandoffOptions, HandoffPlan, KitFor, TargetPlan};

/// The plan.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// As the library made it; none in pictures.
    pub(crate) plan: Option<Arc<HandoffPlan>>,
    pub(crate) targets: Vec<PlannedTarget>,
    /// Numbers of the volumes that fit on no target.
    pub(crate) left_out: Vec<u32>,
}

/// What one target gets.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlannedTarget {
    pub(crate) folder: PathBuf,
    pub(crate) num_files: usize,
    /// Bytes that will be written.
    pub(crate) write_bytes: u64,
    /// Bytes that an interrupted run left.
    pub(crate) begun_bytes: u64,
    /// Files that are there already.
    pub(crate) num_present: usize,
    /// Files of earlier bundles, with their bytes.
    pub(crate) stale: Vec<(PathBuf, u64)>,
}

impl Planned {
    fn of(plan: HandoffPlan) -> Self {
        let targets = plan.targets.iter().map(PlannedTarget::of).collect();
        Self { targets, left_out: plan.left_out.clone(), plan: Some(Arc::new(plan)) }
    }

    /// Files of earlier bundles on all targets, and their bytes.
    pub(super) fn stale(&self) -> (usize, u64) {
        let stale = self.targets.iter().flat_map(|target| &target.stale);
        stale.fold((0, 0), |(num, sum), (_, bytes)| (num + 1, sum + bytes))
    }
}

impl PlannedTarget {
    fn of(target: &TargetPlan) -> Self {
        let begun = |state| if let FileState::Begun { have_bytes } = state { have_bytes } else { 0 };
        let begun_bytes = target.files.iter().map(|file| begun(file.state)).sum();
        Self {
            folder: target.folder.clone(),
            num_files: target.files.len(),
            write_bytes: target.write_bytes().saturating_sub(begun_bytes),
            begun_bytes,
            num_present: target.files.iter().filter(|file| file.state == FileState::Present).count(),
            stale: target.stale.iter().map(|file| (file.path.clone(), file.size_bytes)).collect(),
        }
    }
}

/// What is wished for: a plan holds as long as this stays the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(super) bundle: PathBuf,
    pub(super) folders: Vec<PathBuf>,
    pub(super) options: HandoffOptions,
    /// The restore kit goes along.
    pub(super) with_kit: bool,
}

impl Wish {
    /// Asks the library what it would do; writes nothing.
    pub(super) fn plan(&self) -> sealift::Result<Planned> {
        let ctx = Ctx::new();
        let target = |folder: &PathBuf| sealift::drive_target(&ctx, &folder.display().to_string());
        let targets: Vec<_> = self.folders.iter().map(target).collect::<sealift::Result<_>>()?;
        let program = std::env::current_exe().ok().filter(|_| self.with_kit);
        let kit = program.map_or(KitFor::Nothing, KitFor::All);
        let options = HandoffOptions { kit, ..self.options.clone() };
        sealift::plan_handoff(&ctx, &self.bundle, &targets, &options).map(Planned::of)
    }
}
