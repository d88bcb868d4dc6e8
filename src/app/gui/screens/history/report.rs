//! The full report of one run: beside the table, or in its place where there is no room for both.

use eframe::egui::{Align, Frame, Layout, Margin, Panel, ScrollArea, Ui};
use sealift::Shown;
use serde_json::Value;

use super::{Action, table};
use crate::gui::{
    action::{self, Actions},
    figures,
    history::{self, Run, RunPart},
    state::State,
    theme,
    widgets::{
        Button, Icon, Label, class_chip::class_chip, digest::digest, error_panel::error_panel, page::line,
    },
};

/// Wide enough for a fingerprint in four lines.
pub(super) const WIDTH: f32 = 380.0;

pub(super) fn panel(ui: &mut Ui, state: &State, run: &Run, actions: &mut Actions) {
    let frame = Frame::new().fill(theme::palette(ui).panel).inner_margin(Margin::same(14));
    let panel = Panel::right("report").exact_size(WIDTH).resizable(false).frame(frame);
    panel.show(ui, |ui| view(ui, state, run, actions));
}

pub(super) fn view(ui: &mut Ui, state: &State, run: &Run, actions: &mut Actions) {
    head(ui, state, run, actions);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        facts(ui, state, run);
        if let Some(error) = history::error_of(&run.report) {
            ui.add_space(8.0);
            error_panel(ui, state.texts, &error, actions);
        }
        for note in notes(state, &run.report) {
            ui.add_space(4.0);
            ui.add(Label::small(note).wrapped().selectable());
        }
        if let Some(report) = run.report.get("report").filter(|report| !report.is_null()) {
            ui.add_space(8.0);
            ui.add(Label::body(state.t("history-report")).strong());
            let text = serde_json::to_string_pretty(report).unwrap_or_default();
            ui.add(Label::mono(Shown::lines(text.lines())).wrapped());
        }
    });
}

fn head(ui: &mut Ui, state: &State, run: &Run, actions: &mut Actions) {
    let (tone, icon) = table::look(run.outcome);
    ui.horizontal(|ui| {
        icon.show(ui, 20.0, tone);
        let title = format!("{} · {}", state.t(run.kind.text_id()), state.t(run.outcome.text_id()));
        ui.add(Label::large(title).tone(tone));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if Button::icon_only(Icon::Cross, &state.t("close")).show(ui) {
                actions.push(action::Action::History(Action::Close));
            }
            if Button::secondary(&state.t("copy")).show(ui) {
                let text = serde_json::to_string_pretty(run).unwrap_or_default();
                actions.push(action::Action::Copy(Shown::json(&text)));
            }
        });
    });
}

fn facts(ui: &mut Ui, state: &State, run: &Run) {
    let mut fact = |id: &str, value: String| {
        if !value.is_empty() {
            ui.add(Label::small(state.t(id)).secondary());
            ui.add(Label::body(value).wrapped().selectable());
            ui.add_space(4.0);
        }
    };
    fact("history-when", state.zone.moment(&run.began));
    let of_bundle = if run.parts.is_empty() { "history-bundle" } else { "history-delivery" };
    fact(of_bundle, run.bundle.clone());
    fact("history-target", run.target.clone());
    let time = figures::duration(state.texts, std::time::Duration::from_millis(run.millis));
    fact("history-size", format!("{} · {time}", figures::bytes(run.num_bytes)));
    let version = run.report.get("version").and_then(Value::as_str).unwrap_or_default();
    fact("history-version", if state.version.is_empty() { String::new() } else { version.to_owned() });
    if !run.fingerprint.is_empty() {
        ui.add(Label::small(state.t("fingerprint-title")).secondary());
        ui.scope(|ui| digest(ui, &run.fingerprint));
    }
    for part in &run.parts {
        ui.add_space(6.0);
        bundle(ui, state, part);
    }
}

/// One of the bundles of a delivery.
fn bundle(ui: &mut Ui, state: &State, part: &RunPart) {
    line(ui, |ui| {
        class_chip(ui, state.texts, part.class);
        ui.add(Label::body(figures::bytes(part.num_bytes)));
    });
    ui.add(Label::small(&part.bundle).secondary().wrapped().selectable());
    ui.scope(|ui| digest(ui, &part.fingerprint));
}

/// What the run noticed, worded in the language now shown.
fn notes(state: &State, report: &Value) -> Vec<String> {
    let notices = report.get("notices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let word =
        |notice: &Value| state.texts.notice_of(notice.get("kind")?.as_str()?, notice.get("about")?.as_str()?);
    notices.iter().filter_map(word).collect()
}
