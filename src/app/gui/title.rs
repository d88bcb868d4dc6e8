//! The window's title: where one is, and how far a job is. It is what a task bar and a screen reader tell.

use super::{
    action::Page,
    figures,
    job::{Ended, JobView},
    job_bar,
    state::State,
};

/// The title for `state`.
pub(crate) fn of(state: &State) -> String {
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
