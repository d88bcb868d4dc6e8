//! The thread that alone touches the file of runs: a home on a slow disk must not be felt in the window.

use std::{collections::HashSet, path::PathBuf, thread::JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use serde_json::Value;

use super::{Format, Run, Trouble, export, store::Store};

/// What is asked of the history.
#[derive(Debug)]
pub(crate) enum Request {
    /// Keep this run.
    Add(Box<Run>),
    /// Read the report of a run.
    Report(i64),
    /// Write these runs to a file.
    Export { ids: HashSet<i64>, format: Format, path: PathBuf },
}

/// What it answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// All runs, newest first.
    Runs(Vec<Run>),
    /// A run that was kept.
    Added(Box<Run>),
    /// A run that could not be kept, and why; it is shown until the window closes.
    Unkept(Box<Run>, Trouble),
    Report(i64, Value),
    Exported(PathBuf),
    Trouble(Trouble),
}

/// Requests under way: more than a person can make before one is answered.
const QUEUE: usize = 64;

/// The running thread.
pub(crate) struct Worker {
    requests: Option<Sender<Request>>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts it on the file `history.db` in `folder`; the first answer is the list of runs.
    pub(crate) fn start(folder: Option<PathBuf>, wake: impl Fn() + Send + 'static) -> Self {
        let (requests, asked) = bounded(QUEUE);
        let (sender, answers) = bounded(QUEUE);
        let work = move || {
            let tell = |answer| {
                // The window that no longer listens is closing; what it asked to be kept still is.
                let _ = sender.try_send(answer);
                wake();
            };
            let store = match folder.map(|folder| Store::open(&folder.join("history.db"))) {
                Some(Ok(store)) => store,
                Some(Err(trouble)) => return refuse(&asked, &trouble, tell),
                None => return refuse(&asked, &Trouble::Unreadable(String::new()), tell),
            };
            tell(store.list().map_or_else(Answer::Trouble, Answer::Runs));
            for request in asked {
                tell(answer(&store, request).unwrap_or_else(|trouble| {
                    tracing::warn!(?trouble, "history");
                    Answer::Trouble(trouble)
                }));
            }
        };
        let thread = std::thread::Builder::new().name("history".into()).spawn(work).ok();
        Self { requests: Some(requests), answers, thread }
    }

    /// Asks; never waits. What cannot be asked is only traced: no job is stopped by its record.
    pub(crate) fn ask(&self, request: Request) {
        let is_asked = self.requests.as_ref().is_some_and(|requests| requests.try_send(request).is_ok());
        if !is_asked {
            tracing::warn!("the history does not answer");
        }
    }

    /// What has been answered since the last time.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.answers.try_iter().collect()
    }

    /// Waits until everything asked is in the file.
    pub(crate) fn finish(&mut self) {
        self.requests = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::warn!("the history was lost");
        }
    }
}

fn answer(store: &Store, request: Request) -> Result<Answer, Trouble> {
    match request {
        Request::Add(mut run) => match store.add(&run) {
            Ok(id) => {
                run.id = id;
                Ok(Answer::Added(run))
            }
            Err(trouble) => Ok(Answer::Unkept(run, trouble)),
        },
        Request::Report(id) => Ok(Answer::Report(id, store.report(id)?)),
        Request::Export { ids, format, path } => {
            let mut runs = store.list()?;
            runs.retain(|run| ids.contains(&run.id));
            for run in &mut runs {
                run.report = store.report(run.id)?;
            }
            export::write(&path, format, &runs).map_err(|error| Trouble::Export(error.to_string()))?;
            Ok(Answer::Exported(path))
        }
    }
}

/// Without a file every request gets the same answer.
fn refuse(asked: &Receiver<Request>, trouble: &Trouble, tell: impl Fn(Answer)) {
    tracing::warn!(?trouble, "history");
    tell(Answer::Trouble(trouble.clone()));
    for request in asked {
        tell(match request {
            Request::Add(run) => Answer::Unkept(run, trouble.clone()),
            Request::Report(_) | Request::Export { .. } => Answer::Trouble(trouble.clone()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::history::{RunOutcome, store::tests::run};

    /// Everything answered until the thread ended.
    fn answers(folder: Option<PathBuf>, requests: Vec<Request>) -> Vec<Answer> {
        let mut worker = Worker::start(folder, || {});
        for request in requests {
            worker.ask(request);
        }
        worker.finish();
        worker.answers()
    }

    #[test]
    fn what_is_asked_before_closing_is_kept_and_exported() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.json");
        let add = || Request::Add(Box::new(run("/a.sealift", RunOutcome::Done)));
        let export = Request::Export { ids: [2].into(), format: Format::Json, path: path.clone() };
        let told = answers(Some(dir.path().to_owned()), vec![add(), add(), Request::Report(1), export]);
        assert!(matches!(
            &told[..],
            [Answer::Runs(_), Answer::Added(_), Answer::Added(_), Answer::Report(1, _), Answer::Exported(_)]
        ));
        let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(value.as_array().map(Vec::len), Some(1));
        assert!(
            matches!(&answers(Some(dir.path().to_owned()), vec![])[..], [Answer::Runs(runs)] if runs.len() == 2)
        );
    }

    #[test]
    fn a_history_that_cannot_be_used_answers_in_words_and_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        // A folder where the file should be.
        std::fs::create_dir(dir.path().join("history.db")).unwrap();
        for folder in [Some(dir.path().to_owned()), Some("/proc/nowhere".into()), None] {
            let told = answers(folder, vec![Request::Add(Box::new(run("/a.sealift", RunOutcome::Done)))]);
            assert!(matches!(&told[..], [Answer::Trouble(_), Answer::Unkept(..)]), "{told:?}");
        }
    }
}
