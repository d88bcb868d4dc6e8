//! A job: a library call on a thread of its own, sampled a few times a second.
//!
//! [`Work`] is what to do, [`Job`] what runs, [`JobView`] what is shown of it. Slow painting never slows the work.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use sealift::{Ctx, Error, ErrorKind, Notice, Phase, Snapshot, Speedometer};

use super::action::Action;

/// How often a job is looked at.
pub(crate) const SAMPLE: Duration = Duration::from_millis(150);
/// Samples the speed graph shows: half a minute.
const HISTORY: usize = 200;

/// What a call came to; errors are shared between the job bar and the page.
pub(crate) type Outcome<T> = Result<T, Arc<Error>>;

type Run = Box<dyn FnOnce(&Ctx) -> (Option<Arc<Error>>, Action) + Send>;

/// What a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reading what was brought in.
    List,
    Pack,
    Unlock,
    Verify,
}

impl Kind {
    /// The id of its title in the texts; the text gets `$name`.
    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::List => "job-list",
            Self::Pack => "job-pack",
            Self::Unlock => "job-unlock",
            Self::Verify => "job-verify",
        }
    }

    /// The steps it takes.
    pub(crate) const fn phases(self) -> &'static [Phase] {
        match self {
            Self::List => &[Phase::Scan],
            Self::Pack => &[Phase::Scan, Phase::Unlock, Phase::Pack, Phase::Flush],
            Self::Unlock => &[Phase::Unlock],
            Self::Verify => &[Phase::Verify],
        }
    }

    /// Whether its good end is seen on its page at once and needs no word in the job bar.
    const fn is_brief(self) -> bool {
        matches!(self, Self::List | Self::Unlock)
    }
}

/// Something to run.
pub(crate) struct Work {
    pub(crate) kind: Kind,
    /// What it works on, for the title: a file name, a number of images.
    pub(crate) name: String,
    run: Run,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Work({:?} {})", self.kind, self.name)
    }
}

impl Work {
    /// Runs `call`, a call of the library; what it comes to reaches the state as the action `then` makes of it.
    pub(crate) fn new<T>(
        kind: Kind,
        name: impl Into<String>,
        call: impl FnOnce(&Ctx) -> sealift::Result<T> + Send + 'static,
        then: impl FnOnce(Outcome<T>) -> Action + Send + 'static,
    ) -> Self {
        let run = move |ctx: &Ctx| {
            let outcome = call(ctx).map_err(Arc::new);
            (outcome.as_ref().err().cloned(), then(outcome))
        };
        Self { kind, name: name.into(), run: Box::new(run) }
    }
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    Done,
    Failed(Arc<Error>),
    Cancelled,
    /// Its thread died: a fault of the program.
    Lost,
}

/// A job as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct JobView {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) now: Snapshot,
    pub(crate) meter: Speedometer,
    /// Bytes per second, oldest first.
    pub(crate) speeds: VecDeque<f32>,
    pub(crate) notices: Vec<Notice>,
    /// The user asked it to stop.
    pub(crate) is_cancelling: bool,
    pub(crate) ended: Option<Ended>,
}

impl JobView {
    /// A job that begins.
    pub(crate) fn new(kind: Kind, name: String, now: Snapshot) -> Self {
        Self {
            kind,
            name,
            now,
            meter: Speedometer::default(),
            speeds: VecDeque::new(),
            notices: Vec::new(),
            is_cancelling: false,
            ended: None,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// Takes a sample.
    pub(crate) fn sample(&mut self, now: Snapshot) {
        #[expect(clippy::cast_precision_loss, reason = "a graph of some pixels")]
        let moved = now.done_bytes.saturating_sub(self.now.done_bytes) as f32;
        let secs = now.elapsed.saturating_sub(self.now.elapsed).as_secs_f32();
        if secs > 0.0 {
            if self.speeds.len() == HISTORY {
                self.speeds.pop_front();
            }
            self.speeds.push_back(moved / secs);
        }
        self.meter.sample(now.elapsed, now.done_bytes);
        self.now = now;
    }

    /// Number of the current step, from 1, and of all.
    pub(crate) fn step(&self) -> (usize, usize) {
        let phases = self.kind.phases();
        let at = phases.iter().position(|phase| *phase == self.now.phase);
        (at.unwrap_or_default() + 1, phases.len())
    }

    /// Whether it has ended and nothing needs to be said of it.
    pub(crate) fn needs_no_word(&self) -> bool {
        matches!(self.ended, Some(Ended::Done)) && self.kind.is_brief() && self.notices.is_empty()
    }

    /// Bytes still to be done.
    pub(crate) fn left_bytes(&self) -> u64 {
        self.now.total_bytes.saturating_sub(self.now.done_bytes)
    }
}

/// A job that runs.
pub(crate) struct Job {
    ctx: Ctx,
    end: Receiver<(Option<Arc<Error>>, Action)>,
}

impl Job {
    /// Starts `work`; `wake` is called when it has ended.
    pub(crate) fn start(work: Work, wake: impl FnOnce() + Send + 'static) -> (Self, JobView) {
        let ctx = Ctx::new();
        let view = JobView::new(work.kind, work.name, ctx.snapshot());
        let (sender, end) = bounded(1);
        let theirs = ctx.clone();
        // A thread that cannot start drops the sender, and the job is told to be lost.
        let _ = std::thread::Builder::new().name("job".into()).spawn(move || {
            let _ = sender.send((work.run)(&theirs));
            wake();
        });
        (Self { ctx, end }, view)
    }

    pub(crate) fn cancel(&self) {
        self.ctx.cancel();
    }

    /// Updates `view`. At the end, `view.ended` is set and the action comes back that the result became.
    pub(crate) fn poll(&self, view: &mut JobView) -> Option<Action> {
        let end = self.end.try_recv();
        // The end of a job is not missed between two samples.
        let now = self.ctx.snapshot();
        if view.now.elapsed + SAMPLE <= now.elapsed || !matches!(end, Err(TryRecvError::Empty)) {
            view.sample(now);
        }
        view.notices.extend(self.ctx.take_notices());
        match end {
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                view.ended = Some(Ended::Lost);
                None
            }
            Ok((error, action)) => {
                view.ended = Some(match error {
                    None => Ended::Done,
                    Some(error) if error.kind() == ErrorKind::Cancelled => Ended::Cancelled,
                    Some(error) => Ended::Failed(error),
                });
                Some(action)
            }
        }
    }
}
