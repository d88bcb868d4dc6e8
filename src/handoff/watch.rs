//! How far each target of a handoff is, for whoever paints it while it runs.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::HandoffPlan;
use crate::{
    job::{Ctx, Phase},
    verify::RecordMap,
};

/// What is being done with a target. Each stage begins when the one before has succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its turn has not come.
    Waiting,
    /// Volumes are copied, and flushed while more is written.
    Copy,
    /// The medium is waited for.
    Flush,
    /// What the medium holds is read and compared.
    ReadBack,
    /// It is unmounted and powered off.
    Eject,
    /// All is done.
    Done,
    /// It ended early; the report says why.
    Failed,
}

impl Stage {
    const ALL: [Self; 7] =
        [Self::Waiting, Self::Copy, Self::Flush, Self::ReadBack, Self::Eject, Self::Done, Self::Failed];

    fn phase(self) -> Option<Phase> {
        match self {
            Self::Copy => Some(Phase::Copy),
            Self::Flush => Some(Phase::Flush),
            Self::ReadBack => Some(Phase::ReadBack),
            Self::Eject => Some(Phase::Eject),
            Self::Waiting | Self::Done | Self::Failed => None,
        }
    }
}

/// All targets of a handoff, in the plan's order.
#[derive(Debug)]
pub struct HandoffWatch(Vec<TargetWatch>);

/// One target.
#[derive(Debug)]
pub struct TargetWatch {
    stage: AtomicUsize,
    /// The stage that it was in when it failed.
    last: AtomicUsize,
    done_bytes: AtomicU64,
    total_bytes: u64,
    map: RecordMap,
}

impl HandoffWatch {
    /// For a plan; the read-back of each target is shown in at most `max_cells` cells over the whole bundle.
    pub fn new(plan: &HandoffPlan, max_cells: usize) -> Self {
        let target = |total_bytes| TargetWatch {
            stage: AtomicUsize::new(Stage::Waiting as usize),
            last: AtomicUsize::new(Stage::Waiting as usize),
            done_bytes: AtomicU64::new(0),
            total_bytes,
            map: RecordMap::new(plan.num_records, max_cells),
        };
        Self(plan.targets.iter().map(|plan| target(plan.work_bytes())).collect())
    }

    /// The targets.
    pub fn targets(&self) -> &[TargetWatch] {
        &self.0
    }

    /// Puts a target into a stage, and the job into the earliest stage that any target is in.
    pub(super) fn enter(&self, ctx: &Ctx, number: usize, stage: Stage) {
        let Some(target) = self.0.get(number) else { return };
        let before = target.stage.swap(stage as usize, Relaxed);
        target.last.store(before, Relaxed);
        let stages = self.0.iter().map(TargetWatch::stage).filter_map(|stage| Some((stage, stage.phase()?)));
        if let Some((_, phase)) = stages.min_by_key(|(stage, _)| *stage) {
            ctx.enter(phase, 0);
        }
    }

    /// Counts bytes of a target as done.
    pub(super) fn advance(&self, ctx: &Ctx, number: usize, num_bytes: u64) {
        ctx.advance(num_bytes);
        if let Some(target) = self.0.get(number) {
            target.done_bytes.fetch_add(num_bytes, Relaxed);
        }
    }
}

impl TargetWatch {
    /// What is being done with it.
    pub fn stage(&self) -> Stage {
        Stage::ALL[self.stage.load(Relaxed)]
    }

    /// The stage that failed, if it has [`Stage::Failed`].
    pub fn failed_in(&self) -> Option<Stage> {
        (self.stage() == Stage::Failed).then(|| Stage::ALL[self.last.load(Relaxed)])
    }

    /// Bytes done: those the medium has, then those that were read back from it.
    pub fn done_bytes(&self) -> u64 {
        self.done_bytes.load(Relaxed)
    }

    /// Bytes to do: each is written and read back.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Records that were read back.
    pub fn map(&self) -> &RecordMap {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_numbered_in_their_order() {
        assert!(Stage::ALL.iter().enumerate().all(|(number, stage)| *stage as usize == number));
        assert!(Stage::ALL.is_sorted());
    }
}
