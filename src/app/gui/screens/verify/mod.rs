//! Verify: whether a bundle is whole, which anyone can check without its passphrase.

mod state;

pub(crate) use state::{Action, Verify};

use eframe::egui::Ui;
use sealift::RecordReport;

use crate::gui::{
    action::{self, Actions},
    job::Kind,
    state::State,
    theme::Tone,
    widgets::{Button, Icon, Label, banner, bundle_card::bundle_card, open_bundle::open_bundle, page},
};

/// Width of what is read.
const WIDTH: f32 = 520.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let verify = &state.verify;
    page::head(ui, &state.t("verify-title"), "", |ui| {
        if verify.header.is_some()
            && Button::secondary(&state.t("bundle-other")).enabled(!state.is_busy()).show(ui)
        {
            actions.push(action::Action::Verify(Action::Close));
        }
    });
    if let Some(error) = &verify.failed {
        page::body(ui, |ui| banner::error(ui, state.texts, error));
    }
    let Some(header) = &verify.header else {
        let words = (Icon::Verify, "verify-empty", "verify-empty-line");
        let typed = |path| action::Action::Verify(Action::Path(path));
        return open_bundle(ui, state, words, &verify.path, typed, actions);
    };
    page::body(ui, |ui| {
        ui.set_max_width(WIDTH);
        bundle_card(ui, state, header);
        ui.add_space(12.0);
        if let Some(report) = &verify.report {
            result(ui, state, report);
            return;
        }
        ui.add(Label::body(state.t("verify-what")).secondary().wrapped());
        ui.add_space(4.0);
        if Button::primary(&state.t("verify-start")).enabled(!state.is_busy()).show(ui) {
            actions.push(action::Action::Verify(Action::Start));
        }
        if state.runs(Kind::Verify) {
            ui.add(Label::small(state.t("verify-running")).secondary());
        }
    });
}

fn result(ui: &mut Ui, state: &State, report: &RecordReport) {
    let counts = [("records", report.num_records.to_string()), ("damaged", report.damaged.len().to_string())];
    let (tone, title, line) = if report.is_whole() {
        (Tone::Ok, "verify-whole", "verify-whole-line")
    } else {
        (Tone::Error, "verify-damaged-title", "verify-damaged-line")
    };
    banner::banner(ui, tone, &state.texts.with(title, &counts), |ui| {
        ui.add(Label::body(state.t(line)).secondary().wrapped());
    });
}
