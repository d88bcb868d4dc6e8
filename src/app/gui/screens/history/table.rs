//! The table of runs: only rows in sight are laid out.

use eframe::egui::{Align, Frame, Layout, Margin, Role, Sense, Ui, vec2};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use super::Action;
use crate::gui::widgets::words;
use crate::gui::{
    action::{self, Actions},
    figures,
    history::{Run, RunOutcome},
    state::State,
    theme::{self, Tone},
    widgets::{Icon, Label, focus},
};

const HEAD_HEIGHT: f32 = 32.0;
const SIGN_WIDTH: f32 = 36.0;
const SIGN_SIDE: f32 = 20.0;
const OUTCOME_WIDTH: f32 = 110.0;
const WHEN_WIDTH: f32 = 140.0;
const FIGURE_WIDTH: f32 = 90.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let history = &state.history;
    // Beside an open report there is no room for figures, which it tells too.
    let is_wide = history.opened.is_none();
    Frame::new().inner_margin(Margin { left: 16, right: 8, top: 0, bottom: 0 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let mut table = TableBuilder::new(ui)
            .id_salt(("runs", is_wide))
            // Pressed anywhere; the keyboard stops at the sign alone.
            .sense(Sense::CLICK)
            .cell_layout(Layout::left_to_right(Align::Center))
            .auto_shrink(false)
            .column(Width::exact(SIGN_WIDTH))
            .column(Width::remainder().at_least(120.0).clip(true))
            .column(Width::exact(OUTCOME_WIDTH))
            .column(Width::exact(WHEN_WIDTH));
        if is_wide {
            table = table.column(Width::exact(FIGURE_WIDTH)).column(Width::exact(FIGURE_WIDTH));
        }
        let table = table.header(HEAD_HEIGHT, |mut head| {
            let ids =
                ["", "history-bundle", "history-outcome", "history-when", "history-size", "history-time"];
            for id in ids.iter().take(if is_wide { 6 } else { 4 }) {
                head.col(|ui| {
                    if !id.is_empty() {
                        ui.add(Label::small(state.t(id)).secondary());
                    }
                });
            }
        });
        table.body(|body| {
            body.rows(theme::ROW_HEIGHT, history.shown.len(), |mut row| {
                let run = &history.runs[history.shown[row.index()]];
                view_row(&mut row, state, run, is_wide, actions);
            });
        });
    });
}

/// How an outcome looks; its word always stands beside.
pub(super) const fn look(outcome: RunOutcome) -> (Tone, Icon) {
    match outcome {
        RunOutcome::Done => (Tone::Ok, Icon::Check),
        RunOutcome::Damaged => (Tone::Error, Icon::Warn),
        RunOutcome::Failed | RunOutcome::Lost => (Tone::Error, Icon::Cross),
        RunOutcome::Cancelled => (Tone::Secondary, Icon::Stop),
    }
}

/// File name and folder of a path, as they are shown.
pub(super) fn name_and_folder(path: &str) -> (String, String) {
    let path = std::path::Path::new(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().map(|folder| folder.to_string_lossy()).unwrap_or_default();
    (name.into_owned(), folder.into_owned())
}

fn view_row(row: &mut TableRow<'_, '_>, state: &State, run: &Run, is_wide: bool, actions: &mut Actions) {
    let is_open = state.history.opened.as_ref().is_some_and(|opened| opened.id == run.id);
    let (tone, icon) = look(run.outcome);
    let (name, folder) = name_and_folder(&run.bundle);
    let kind = state.t(run.kind.text_id());
    let mut pressed = false;
    row.set_selected(is_open);
    row.col(|ui| {
        ui.add_space(6.0);
        let (rect, sign) = ui.allocate_exact_size(vec2(SIGN_SIDE, SIGN_SIDE), Sense::click());
        sign.widget_info(|| words::chosen(Role::Button, true, is_open, format!("{kind} {name}")));
        icon.paint(ui.painter(), rect.shrink(2.0), tone.color(theme::palette(ui)));
        focus::mark_in_row(ui, &sign);
        pressed = sign.clicked();
    });
    row.col(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.add_space(4.0);
            ui.add(Label::body(&name).strong());
            let parts = match run.parts.len() {
                0 => String::new(),
                num => format!("{}  ·  ", state.texts.count("history-parts", num)),
            };
            ui.add(Label::small(format!("{kind}  ·  {parts}{folder}")).secondary());
        });
    });
    row.col(|ui| {
        ui.add(Label::body(state.t(run.outcome.text_id())).tone(tone));
    });
    row.col(|ui| {
        ui.add(Label::body(state.zone.moment(&run.began)));
    });
    if is_wide {
        row.col(|ui| {
            ui.add(Label::body(figures::bytes(run.num_bytes)));
        });
        row.col(|ui| {
            ui.add(Label::body(figures::duration(state.texts, std::time::Duration::from_millis(run.millis))));
        });
    }
    if pressed || row.response().clicked() {
        let action = if is_open { Action::Close } else { Action::Open(run.id) };
        actions.push(action::Action::History(action));
    }
}
