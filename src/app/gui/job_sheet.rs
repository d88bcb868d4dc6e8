//! How the last job ended, in full: its error, and everything it noticed.

use eframe::egui::Ui;

use super::{
    action::Actions,
    job::{Ended, JobView},
    state::State,
    theme::Tone,
    widgets::{Icon, Label, error_panel::error_panel, page::line},
};

/// Whether a job has more to tell than its bar has room for.
pub(crate) fn has_more(job: &JobView) -> bool {
    matches!(job.ended, Some(Ended::Failed(_))) || !job.notices.is_empty()
}

pub(crate) fn view(ui: &mut Ui, state: &State, job: &JobView, actions: &mut Actions) {
    if let Some(Ended::Failed(error)) = &job.ended {
        error_panel(ui, state.texts, error, actions);
    }
    if job.notices.is_empty() {
        return;
    }
    ui.add_space(8.0);
    ui.add(Label::body(state.texts.count("job-notices", job.notices.len())).strong());
    for notice in &job.notices {
        line(ui, |ui| {
            Icon::Info.show(ui, 16.0, Tone::Secondary);
            ui.add(Label::body(state.texts.notice(notice)).wrapped().selectable());
        });
    }
}
