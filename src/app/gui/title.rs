//! The window's title: where one is, and how far a job is. It is what a task bar and a screen reader tell.

use std::time::{Duration, Instant};

use super::{
    action::Page,
    figures,
    job::{Ended, JobView},
    job_bar,
    state::State,
};

/// Frames after which the title of a job that runs may change: each change costs two more.
const FRAMES: u32 = 10;

/// The title that stands on the window.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    text: String,
    is_busy: bool,
    since: Option<Instant>,
}

impl Shown {
    /// The title that is now to stand there, if it is another. `pace` is the time between frames while a job runs.
    pub(crate) fn follow(&mut self, state: &State, pace: Duration) -> Option<&str> {
        let (text, is_busy) = (of(state), state.is_busy());
        let is_new =
            !(self.is_busy && is_busy) || self.since.is_none_or(|since| since.elapsed() > pace * FRAMES);
        if text == self.text || !is_new {
            return None;
        }
        *self = Self { text, is_busy, since: Some(Instant::now()) };
        Some(&self.text)
    }
}

/// The title for `state`.
fn of(state: &State) -> String {
    let app = state.t("app-name");
    let place = match (&state.job, state.page()) {
        (Some(job), _) if job.is_running() => running(state, job),
        (Some(job), _) => ended(state, job),
        (None, Page::Import) => {
            format!("{}: {}", state.t("import-title"), state.t(state.import.step.text_id()))
        }
        (None, Page::Pack) if !state.pack.rows.is_empty() => {
            let (num, selected) = (state.pack.rows.len().to_string(), state.pack.selected.len().to_string());
            let count = state.texts.with("pack-count", &[("num", num), ("selected", selected)]);
            format!("{}: {count}", state.t("nav-pack"))
        }
        (None, page) => state.t(page.text_id()),
    };
    format!("{place} — {app}")
}

/// What became of the job; of a failure also what it was.
fn ended(state: &State, job: &JobView) -> String {
    let summary = job_bar::summary(state.texts, job);
    match &job.ended {
        Some(Ended::Failed(error)) => format!("{summary} · {}", error.message(state.texts.0)),
        _ => summary,
    }
}

fn running(state: &State, job: &JobView) -> String {
    let title = job_bar::title(state.texts, job);
    if job.now.total_bytes == 0 {
        return title;
    }
    let percent = (figures::share(job.now.done_bytes, job.now.total_bytes) * 100.0).floor();
    format!("{percent} % · {title}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::job::Kind;

    #[test]
    fn the_title_of_a_job_follows_slowly_and_its_end_at_once() {
        let (mut shown, mut state) = (Shown::default(), State::default());
        assert!(shown.follow(&state, Duration::MAX / FRAMES).is_some());
        let at = |done_bytes| sealift::Snapshot {
            phase: sealift::Phase::Pack,
            done_bytes,
            total_bytes: 100,
            elapsed: Duration::from_secs(1),
        };
        let job = |done_bytes| Some(JobView::new(Kind::Pack, "1".into(), at(done_bytes)));
        let mut follow = |job: Option<JobView>, pace| {
            state.job = job;
            shown.follow(&state, pace).map(str::to_owned)
        };
        let long = Duration::from_hours(1);
        assert!(follow(job(7), long).is_some_and(|title| title.contains("7 %")), "it begins at once");
        assert_eq!(follow(job(8), long), None);
        assert!(follow(job(9), Duration::ZERO).is_some_and(|title| title.contains("9 %")));
        assert!(follow(None, long).is_some());
    }
}
