//! A job: a library call on a thread of its own, sampled a few times a second.
//!
//! [`Work`] is what to do, [`Job`] what runs, [`JobView`] what is shown of it. Slow painting never slows the work.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use sealift::{Ask, Ctx, Error, ErrorKind, Finished, Notice, Phase, Snapshot, Speedometer};

use super::{
    action::Action,
    asking::{Asked, Asker, Change},
    history::{self, About, Account, Run as Record, RunKind, RunOutcome},
    pace,
};

/// What one point of the speed graph tells of.
const SAMPLE: Duration = pace::QUICK;
/// Points of the speed graph: half a minute.
const HISTORY: usize = 200;

/// What a call came to; errors are shared between the job bar and the page.
pub(crate) type Outcome<T> = Result<T, Arc<Error>>;

type Run = Box<dyn FnOnce(&Ctx, Arc<Asker>) -> End + Send>;

/// What a job came to: its error, what the history is told of it, and what becomes of it.
struct End {
    error: Option<Arc<Error>>,
    account: Option<Account>,
    action: Action,
}

/// What a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reading what was brought in.
    List,
    Pack,
    Unlock,
    /// Every record, without a key.
    Verify,
    /// Every blob, with one.
    VerifyBlobs,
    /// A change of key slots.
    Keys,
    /// A new bundle under a new key.
    Reseal,
    /// Deciding what a restore would do.
    Plan,
    Restore,
    /// Rebuilding what is damaged, or answering who asks for it.
    Repair,
    /// Handing a bundle over to drives.
    Handoff,
    /// Writing a report.
    Save,
}

impl Kind {
    /// The id of its title in the texts; the text gets `$name`.
    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::List => "job-list",
            Self::Pack => "job-pack",
            Self::Unlock => "job-unlock",
            Self::Verify | Self::VerifyBlobs => "job-verify",
            Self::Keys => "job-keys",
            Self::Reseal => "job-reseal",
            Self::Plan => "job-plan",
            Self::Restore => "job-restore",
            Self::Repair => "job-repair",
            Self::Handoff => "job-handoff",
            Self::Save => "job-save",
        }
    }

    /// The steps it takes.
    pub(crate) const fn phases(self) -> &'static [Phase] {
        match self {
            Self::List | Self::Plan | Self::Save => &[Phase::Scan],
            Self::Pack => &[Phase::Scan, Phase::Pack, Phase::Recover, Phase::Flush],
            Self::Unlock | Self::Keys => &[Phase::Unlock],
            Self::Reseal => &[Phase::Unlock, Phase::Pack, Phase::Recover, Phase::Flush],
            Self::Verify => &[Phase::Verify],
            Self::VerifyBlobs => &[Phase::Unlock, Phase::Verify],
            Self::Repair => &[Phase::Verify, Phase::Recover, Phase::Flush],
            Self::Handoff => &[Phase::Copy, Phase::Flush, Phase::ReadBack, Phase::Eject],
            Self::Restore => &[Phase::Verify, Phase::Restore, Phase::Flush],
        }
    }

    /// What the history keeps it as; `None` for what only looks.
    pub(crate) const fn run(self) -> Option<RunKind> {
        match self {
            Self::List
            | Self::Unlock
            | Self::Keys
            | Self::Reseal
            | Self::Plan
            | Self::Save
            | Self::Repair => None,
            Self::Restore => Some(RunKind::Restore),
            Self::Handoff => Some(RunKind::Handoff),
            Self::Pack => Some(RunKind::Pack),
            Self::Verify | Self::VerifyBlobs => Some(RunKind::Verify),
        }
    }

    /// Whether its good end is seen on its page at once and needs no word in the job bar.
    const fn is_brief(self) -> bool {
        matches!(self, Self::List | Self::Unlock | Self::Keys | Self::Plan)
    }
}

/// Something to run.
pub(crate) struct Work {
    pub(crate) kind: Kind,
    /// What it works on, for the title: a file name, a number of images.
    pub(crate) name: String,
    about: About,
    run: Run,
    watch: Option<Watch>,
}

/// What becomes of the parts of a job as they are finished.
type Watch = fn(Vec<Finished>) -> Action;

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
        Self::recorded(kind, name, About::default(), call, |_| None, then)
    }

    /// The same for a run that the history keeps: what it is about, and what a good end is told as.
    pub(crate) fn recorded<T>(
        kind: Kind,
        name: impl Into<String>,
        about: About,
        call: impl FnOnce(&Ctx) -> sealift::Result<T> + Send + 'static,
        account: impl FnOnce(&T) -> Option<Account> + Send + 'static,
        then: impl FnOnce(Outcome<T>) -> Action + Send + 'static,
    ) -> Self {
        Self::asking(kind, name, about, |ctx, _| call(ctx), account, then)
    }

    /// The same for a run that uses keys, which may ask something.
    pub(crate) fn asking<T>(
        kind: Kind,
        name: impl Into<String>,
        about: About,
        call: impl FnOnce(&Ctx, &Arc<dyn Ask>) -> sealift::Result<T> + Send + 'static,
        account: impl FnOnce(&T) -> Option<Account> + Send + 'static,
        then: impl FnOnce(Outcome<T>) -> Action + Send + 'static,
    ) -> Self {
        let run = move |ctx: &Ctx, asker: Arc<Asker>| {
            let ask: Arc<dyn Ask> = Arc::clone(&asker) as _;
            let outcome = call(ctx, &ask).map_err(|error| Arc::new(asker.cause(error)));
            let account = outcome.as_ref().ok().and_then(account);
            End { error: outcome.as_ref().err().cloned(), account, action: then(outcome) }
        };
        Self { kind, name: name.into(), about, run: Box::new(run), watch: None }
    }

    /// Runs it on this thread: what it makes of its outcome.
    #[cfg(test)]
    pub(crate) fn run_here(self) -> Action {
        // Whatever it asks is answered by nobody.
        (self.run)(&Ctx::new(), Asker::new().0).action
    }

    /// Parts that the job finishes on its way reach the state as the action `watch` makes of them.
    pub(crate) fn watched(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
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
    /// What the history keeps besides.
    pub(crate) about: About,
    pub(crate) account: Option<Account>,
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
            about: About::default(),
            account: None,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether the window may close before it has ended: it derives a key, which nothing cuts short, and never writes.
    pub(crate) fn can_be_left(&self) -> bool {
        matches!(self.kind, Kind::Unlock | Kind::VerifyBlobs) && self.now.phase == Phase::Unlock
    }

    /// Takes a sample.
    pub(crate) fn sample(&mut self, now: Snapshot) {
        #[expect(clippy::cast_precision_loss, reason = "a graph of some pixels")]
        let moved = now.done_bytes.saturating_sub(self.now.done_bytes) as f32;
        let secs = now.elapsed.saturating_sub(self.now.elapsed).as_secs_f32();
        if secs > 0.0 {
            // Where frames are few, each stands for several points.
            #[expect(clippy::cast_sign_loss, reason = "times are not negative")]
            let num_points = ((secs / SAMPLE.as_secs_f32()).round() as usize).clamp(1, HISTORY);
            self.speeds.extend(std::iter::repeat_n(moved / secs, num_points));
            self.speeds.drain(..self.speeds.len().saturating_sub(HISTORY));
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

    /// The run that the history keeps, once it has ended.
    pub(crate) fn record(&self) -> Option<Record> {
        let (kind, ended) = (self.kind.run()?, self.ended.as_ref()?);
        let account = self.account.as_ref();
        let (outcome, error) = match ended {
            Ended::Done if account.is_some_and(|account| account.is_damaged) => (RunOutcome::Damaged, None),
            Ended::Done => (RunOutcome::Done, None),
            Ended::Failed(error) => (RunOutcome::Failed, Some(&**error)),
            Ended::Cancelled => (RunOutcome::Cancelled, None),
            Ended::Lost => (RunOutcome::Lost, None),
        };
        let now = jiff::Timestamp::now();
        let fingerprint = account.and_then(|account| account.fingerprint.clone());
        Some(Record {
            id: 0,
            began: now
                .checked_sub(self.now.elapsed)
                .unwrap_or(now)
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            kind,
            outcome,
            bundle: self.about.bundle.display().to_string(),
            target: self.about.target.clone(),
            fingerprint: fingerprint.unwrap_or_else(|| self.about.fingerprint.clone()),
            parts: account
                .filter(|account| !account.parts.is_empty())
                .map_or_else(|| self.about.parts.clone(), |account| account.parts.clone()),
            num_bytes: self.now.done_bytes,
            millis: u64::try_from(self.now.elapsed.as_millis()).unwrap_or(u64::MAX),
            report: history::report(account, &self.notices, error),
        })
    }

    /// Bytes still to be done.
    pub(crate) fn left_bytes(&self) -> u64 {
        self.now.total_bytes.saturating_sub(self.now.done_bytes)
    }
}

/// A job that runs.
pub(crate) struct Job {
    ctx: Ctx,
    watch: Option<Watch>,
    questions: Receiver<Asked>,
    end: Receiver<End>,
}

impl Job {
    /// Starts `work`; `wake` is called when it has ended.
    pub(crate) fn start(work: Work, wake: impl FnOnce() + Send + 'static) -> (Self, JobView) {
        let ctx = Ctx::new();
        let view = JobView { about: work.about, ..JobView::new(work.kind, work.name, ctx.snapshot()) };
        let (sender, end) = bounded(1);
        let (theirs, watch) = (ctx.clone(), work.watch);
        let (asker, questions) = Asker::new();
        // A thread that cannot start drops the sender, and the job is told to be lost.
        let _ = std::thread::Builder::new().name("job".into()).spawn(move || {
            let run = work.run;
            let _ = sender.send(run(&theirs, asker));
            wake();
        });
        (Self { ctx, watch, questions, end }, view)
    }

    pub(crate) fn cancel(&self) {
        self.ctx.cancel();
    }

    /// Updates `view`, and gives what became of what the job finished. At the end, `view.ended` is set and the
    /// action comes too that the result became.
    pub(crate) fn poll(&self, view: &mut JobView) -> Vec<Action> {
        let end = self.end.try_recv();
        // The end of a job is not missed between two samples.
        let now = self.ctx.snapshot();
        if view.now.elapsed + SAMPLE <= now.elapsed || !matches!(end, Err(TryRecvError::Empty)) {
            view.sample(now);
        }
        view.notices.extend(self.ctx.take_notices());
        let mut actions = Vec::new();
        if let Some(watch) = self.watch {
            let finished = self.ctx.take_finished();
            actions.extend((!finished.is_empty()).then(|| watch(finished)));
        }
        // What a job asks that was cancelled meanwhile is dropped, which answers it.
        let asked = self.questions.try_iter().filter(|_| !view.is_cancelling);
        actions.extend(asked.map(|asked| Action::Asking(Change::Came(asked))));
        if !matches!(end, Err(TryRecvError::Empty)) {
            actions.push(Action::Asking(Change::Over));
        }
        match end {
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => view.ended = Some(Ended::Lost),
            Ok(End { error, account, action }) => {
                view.account = account;
                view.ended = Some(match error {
                    None => Ended::Done,
                    Some(error) if error.kind() == ErrorKind::Cancelled => Ended::Cancelled,
                    Some(error) => Ended::Failed(error),
                });
                actions.push(action);
            }
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The run that a job of `kind` becomes when its call comes to `result`.
    fn record(kind: Kind, result: sealift::Result<bool>) -> Option<Record> {
        let about = About { bundle: "/media/交付.sealift".into(), ..About::default() };
        let account = |is_damaged: &bool| {
            Some(Account { is_damaged: *is_damaged, fingerprint: Some("9f2c".into()), ..Account::of(&7) })
        };
        let work = Work::recorded(kind, "", about, |_| result, account, |_| Action::Hover(None));
        let (woken, wait) = bounded(1);
        let (job, mut view) = Job::start(work, move || {
            let _ = woken.send(());
        });
        assert!(view.record().is_none(), "it has not ended yet");
        wait.recv().unwrap();
        job.poll(&mut view);
        view.record()
    }

    #[test]
    fn only_a_job_that_derives_a_key_and_never_writes_can_be_left() {
        let at = |phase| Snapshot { phase, done_bytes: 0, total_bytes: 0, elapsed: Duration::ZERO };
        let can = |kind, phase| JobView::new(kind, String::new(), at(phase)).can_be_left();
        assert!(can(Kind::Unlock, Phase::Unlock) && can(Kind::VerifyBlobs, Phase::Unlock));
        assert!(!can(Kind::Keys, Phase::Unlock) && !can(Kind::VerifyBlobs, Phase::Verify));
        assert!(!can(Kind::Pack, Phase::Pack));
    }

    #[test]
    fn every_end_of_a_run_is_recorded_and_a_look_is_not() {
        let outcome = |result| record(Kind::Verify, result).map(|run| run.outcome);
        assert_eq!(outcome(Ok(false)), Some(RunOutcome::Done));
        assert_eq!(outcome(Ok(true)), Some(RunOutcome::Damaged));
        assert_eq!(outcome(Err(Error::new(sealift::Code::DiskFull))), Some(RunOutcome::Failed));
        assert_eq!(outcome(Err(Error::new(sealift::Code::Cancelled))), Some(RunOutcome::Cancelled));
        assert!(record(Kind::List, Ok(false)).is_none());
        let run = record(Kind::Pack, Ok(false)).unwrap();
        assert_eq!((&*run.bundle, &*run.fingerprint), ("/media/交付.sealift", "9f2c"));
        assert_eq!(run.report["report"], 7);
    }
}
