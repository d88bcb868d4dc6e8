//! History: every run with its outcome, newest first; a row opens its full report.

mod report;
mod state;
mod table;

pub(crate) use state::{Action, History, Outcomes};

use eframe::egui::{Align, Layout, Ui};

use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    history::{Format, RunKind, Trouble},
    state::State,
    theme::Tone,
    widgets::{Button, Icon, Label, banner, empty, field, page},
};

/// Width of the search field.
const SEARCH_WIDTH: f32 = 240.0;
/// Least width in which filters and table can be used.
const LIST_WIDTH: f32 = 640.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let history = &state.history;
    if let Some(run) = &history.opened {
        if ui.available_width() < LIST_WIDTH + report::WIDTH {
            return page::body(ui, |ui| report::view(ui, state, run, actions));
        }
        report::panel(ui, state, run, actions);
    }
    let count = state.texts.count("history-count", history.runs.len());
    let subtitle = if history.runs.is_empty() { String::new() } else { count };
    page::head(ui, &state.t("history-title"), &subtitle, |ui| {
        if history.runs.is_empty() {
            return;
        }
        let changed = field::search(ui, &state.t("history-search"), &history.search, SEARCH_WIDTH);
        actions.extend(changed.map(|text| action::Action::History(Action::Search(text))));
    });
    notes(ui, state, actions);
    if history.runs.is_empty() {
        empty::plain(ui, Icon::History, &state.t("history-empty"), &state.t("history-empty-line"));
        return;
    }
    page::body(ui, |ui| filters(ui, state, actions));
    if history.shown.is_empty() {
        empty::plain(ui, Icon::Search, &state.t("history-none"), &state.t("history-none-line"));
        return;
    }
    table::view(ui, state, actions);
}

/// What went wrong with the history itself, and where an export went.
fn notes(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let history = &state.history;
    let mut note = |ui: &mut Ui, tone, title: &str, line: &str| {
        page::body(ui, |ui| {
            banner::banner(ui, tone, title, |ui| {
                if !line.is_empty() {
                    ui.add(Label::small(line).secondary().wrapped().selectable());
                }
                if Button::secondary(&state.t("dismiss")).show(ui) {
                    actions.push(action::Action::History(Action::Dismiss));
                }
            });
        });
    };
    if let Some(trouble) = &history.trouble {
        let detail = trouble.detail().to_owned();
        let path = state.folders.history.display().to_string();
        let line = match trouble {
            Trouble::Export(_) => detail,
            _ => format!("{path}  {detail}"),
        };
        note(ui, Tone::Warn, &state.t(trouble.text_id()), &line);
    }
    if let Some(path) = &history.exported {
        let path = path.display().to_string();
        note(ui, Tone::Ok, &state.t("history-exported"), &path);
    }
}

fn filters(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let history = &state.history;
    ui.horizontal(|ui| {
        let mut kinds = vec![(None, state.t("history-all-kinds"))];
        kinds.extend(RunKind::ALL.map(|kind| (Some(kind), state.t(kind.text_id()))));
        let pressed = field::segments(ui, history.kind, &kinds);
        actions.extend(pressed.map(|kind| action::Action::History(Action::Kind(kind))));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (format, id) in [(Format::Json, "history-json"), (Format::Csv, "history-csv")] {
                if Button::secondary(&state.t(id)).enabled(!history.shown.is_empty()).show(ui) {
                    actions.push(ask_where(state, format));
                }
            }
        });
    });
    let outcomes = Outcomes::ALL.map(|outcomes| (outcomes, state.t(outcomes.text_id())));
    let pressed = field::segments(ui, history.outcomes, &outcomes);
    actions.extend(pressed.map(|outcomes| action::Action::History(Action::Outcomes(outcomes))));
}

fn ask_where(state: &State, format: Format) -> action::Action {
    let then = match format {
        Format::Csv => |paths: Vec<_>| action::Action::History(Action::Export(Format::Csv, paths)),
        Format::Json => |paths: Vec<_>| action::Action::History(Action::Export(Format::Json, paths)),
    };
    let name = state.t(format.name_id());
    action::Action::Ask(Ask { choose: Choose::Save { name }, title: state.t("history-export-title"), then })
}
