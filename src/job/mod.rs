//! Long work: where it stands, what it noticed, and how it is stopped.
//!
//! Workers add to atomics through [`Ctx`]; a shell samples [`Ctx::snapshot`] a few times a second, so
//! slow painting never slows the work. Knows nothing of images, bundles or screens.

mod background;
mod notice;
pub(crate) mod ordered;
mod speed;
mod worker;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

pub(crate) use background::Background;
pub use notice::{Notice, NoticeKind};
pub use speed::Speedometer;
pub(crate) use worker::{Pooled, caught, on_all_cores, spawn};

use crate::error::{Code, Error, Result};

/// What all gave that worked beside each other.
///
/// # Errors
/// That of the one which failed first: those that were cancelled for it know nothing of the cause.
pub(crate) fn all_of<T>(ended: impl IntoIterator<Item = Result<T>>) -> Result<Vec<T>> {
    let (done, failed): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_ok);
    match failed.into_iter().filter_map(Result::err).min_by_key(|e| e.code() == Code::Cancelled) {
        Some(e) => Err(e),
        None => done.into_iter().collect(),
    }
}

/// One step of a job, in the order jobs take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Listing what a source holds.
    Scan,
    /// Deriving and trying keys.
    Unlock,
    /// Reading, deduplicating, compressing and sealing.
    Pack,
    /// Copying volumes, as far as the medium has them.
    Copy,
    /// Computing recovery data, or rebuilding records from it.
    Recover,
    /// Waiting until the medium has everything.
    Flush,
    /// Reading from the medium what was written to it.
    ReadBack,
    /// Taking the medium out of use.
    Eject,
    /// Checking records or blobs.
    Verify,
    /// Writing images to their destination.
    Restore,
}

impl Phase {
    const ALL: [Self; 10] = [
        Self::Scan,
        Self::Unlock,
        Self::Pack,
        Self::Copy,
        Self::Recover,
        Self::Flush,
        Self::ReadBack,
        Self::Eject,
        Self::Verify,
        Self::Restore,
    ];

    /// The stable lower-case name, used in JSON and for the texts' ids.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Unlock => "unlock",
            Self::Pack => "pack",
            Self::Copy => "copy",
            Self::Recover => "recover",
            Self::Flush => "flush",
            Self::ReadBack => "read-back",
            Self::Eject => "eject",
            Self::Verify => "verify",
            Self::Restore => "restore",
        }
    }
}

/// A job at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// The current step.
    pub phase: Phase,
    /// Bytes done over all steps; never goes back.
    pub done_bytes: u64,
    /// Bytes to do over all steps, as far as known; 0 when not known yet.
    pub total_bytes: u64,
    /// Time since the job began.
    pub elapsed: Duration,
}

/// A part of the work that is done: a blob, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The step that did it.
    pub phase: Phase,
    /// What the operation calls the part; a blob goes by its digest.
    pub name: String,
}

/// Everything that was noticed, and how much of it was taken.
#[derive(Debug, Default)]
struct Notices {
    all: Vec<Notice>,
    seen: HashSet<Notice>,
    num_taken: usize,
}

#[derive(Debug)]
struct State {
    phase: AtomicUsize,
    done_bytes: AtomicU64,
    total_bytes: AtomicU64,
    /// Of the total, what was foreseen for phases that have not begun.
    foreseen_bytes: [AtomicU64; Phase::ALL.len()],
    cancelled: AtomicBool,
    notices: Mutex<Notices>,
    finished: Mutex<Vec<Finished>>,
    began: Instant,
}

/// The handle a job reports to and is stopped through. Clones share one job.
#[derive(Clone, Debug)]
pub struct Ctx(Arc<State>);

impl Default for Ctx {
    fn default() -> Self {
        Self(Arc::new(State {
            phase: AtomicUsize::new(Phase::Scan as usize),
            done_bytes: AtomicU64::new(0),
            total_bytes: AtomicU64::new(0),
            foreseen_bytes: Default::default(),
            cancelled: AtomicBool::new(false),
            notices: Mutex::default(),
            finished: Mutex::new(Vec::new()),
            began: Instant::now(),
        }))
    }
}

impl Ctx {
    /// A new job.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the job to stop; it ends with [`Code::Cancelled`] within half a second.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Relaxed);
    }

    /// Where the job stands.
    pub fn snapshot(&self) -> Snapshot {
        let state = &self.0;
        Snapshot {
            phase: Phase::ALL[state.phase.load(Relaxed)],
            done_bytes: state.done_bytes.load(Relaxed),
            total_bytes: state.total_bytes.load(Relaxed),
            elapsed: state.began.elapsed(),
        }
    }

    /// What the job noticed so far and has not been taken yet.
    pub fn take_notices(&self) -> Vec<Notice> {
        let mut notices = self.0.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let new = notices.all[notices.num_taken..].to_vec();
        notices.num_taken = notices.all.len();
        new
    }

    /// Parts of the work that were finished since they were last taken.
    pub fn take_finished(&self) -> Vec<Finished> {
        std::mem::take(&mut self.0.finished.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells how much a later step of the same job will do, so that the total is right from the start.
    pub fn foresee(&self, phase: Phase, num_bytes: u64) {
        self.0.total_bytes.fetch_add(num_bytes, Relaxed);
        self.0.foreseen_bytes[phase as usize].fetch_add(num_bytes, Relaxed);
    }

    /// Enters a step that will do `more_bytes`; what was foreseen for it is replaced by this.
    pub(crate) fn enter(&self, phase: Phase, more_bytes: u64) {
        let foreseen_bytes = self.0.foreseen_bytes[phase as usize].swap(0, Relaxed);
        self.0.total_bytes.fetch_add(more_bytes, Relaxed);
        self.0.total_bytes.fetch_sub(foreseen_bytes, Relaxed);
        self.0.phase.store(phase as usize, Relaxed);
    }

    /// Counts bytes as done.
    pub(crate) fn advance(&self, num_bytes: u64) {
        self.0.done_bytes.fetch_add(num_bytes, Relaxed);
    }

    /// Tells that a part of the work is done.
    pub(crate) fn finish(&self, phase: Phase, name: impl std::fmt::Display) {
        let finished = Finished { phase, name: name.to_string() };
        self.0.finished.lock().unwrap_or_else(PoisonError::into_inner).push(finished);
    }

    /// Tells the user something that does not stop the job, once.
    pub(crate) fn notice(&self, notice: Notice) {
        tracing::debug!(?notice);
        let mut notices = self.0.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.seen.insert(notice.clone()) {
            notices.all.push(notice);
        }
    }

    /// Stands in every loop over what comes from outside, each few MiB or each item.
    ///
    /// # Errors
    /// [`Code::Cancelled`] once the job was asked to stop.
    pub fn checkpoint(&self) -> Result<()> {
        if self.0.cancelled.load(Relaxed) { Err(Error::new(Code::Cancelled)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foreseen_counts_once() {
        let ctx = Ctx::new();
        ctx.foresee(Phase::Restore, 50);
        ctx.enter(Phase::Verify, 100);
        assert_eq!(ctx.snapshot().total_bytes, 150);
        ctx.enter(Phase::Restore, 40);
        assert_eq!(ctx.snapshot().total_bytes, 140);
    }

    #[test]
    fn the_same_is_noticed_once() {
        let ctx = Ctx::new();
        let notice = |about: &str| Notice::new(NoticeKind::NameDropped, about);
        ctx.notice(notice("a"));
        assert_eq!(ctx.take_notices(), [notice("a")]);
        ctx.notice(notice("a"));
        ctx.notice(notice("b"));
        assert_eq!(ctx.take_notices(), [notice("b")]);
    }
}
