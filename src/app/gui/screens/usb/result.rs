//! How a handoff ended: each target for itself, then the label for the stick.

use eframe::egui::{Ui, vec2};
use sealift::{CellState, Ejected, Error, HandoffReport, TargetReport};

use super::{
    Action, card,
    lights::{Lights, lights},
};
use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    figures,
    state::State,
    theme::Tone,
    widgets::{
        Button, Icon, Label, banner,
        cell_map::cells,
        digest::{digest, words},
        qr::qr,
    },
};

/// Width of what is read.
const WIDTH: f32 = 600.0;

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let Some(report) = &state.usb.report else { return };
    ui.set_max_width(WIDTH);
    let shown = state.usb.lights();
    for (number, target) in report.targets.iter().enumerate() {
        let lights = shown.get(number);
        match target {
            Ok(target) => done(ui, state, target, lights),
            Err(error) => failed(ui, state, error, lights),
        }
        ui.add_space(12.0);
    }
    missing(ui, state, report);
    if report.targets.iter().any(Result::is_ok) {
        label(ui, state, actions);
    }
}

fn title(ui: &mut Ui, tone: Tone, text: &str, under: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 2.0);
        Icon::of_tone(tone).show(ui, 36.0, tone);
        ui.vertical(|ui| {
            ui.add(Label::title(text).tone(tone).wrapped());
            ui.add(Label::body(under).secondary().wrapped());
        });
    });
}

/// What a target is called: the drive's name, else its folder.
fn name(state: &State, folder: &std::path::Path) -> String {
    let drive = state.usb.drives.iter().find(|drive| card::mount_point(drive) == Some(folder));
    drive.map_or_else(|| folder.display().to_string(), card::name)
}

fn done(ui: &mut Ui, state: &State, target: &TargetReport, shown: Option<&Lights>) {
    let named = [("name", name(state, &target.folder))];
    let (tone, id) = match &target.ejected {
        Ejected::Done => (Tone::Ok, "usb-safe"),
        Ejected::NotADrive | Ejected::NotAsked => (Tone::Ok, "usb-written"),
        Ejected::ByHand | Ejected::Refused(_) => (Tone::Warn, "usb-eject-by-hand"),
    };
    let facts = [
        ("files", target.files.len().to_string()),
        ("written", figures::bytes(target.written_bytes)),
        ("kept", figures::bytes(target.kept_bytes)),
    ];
    let under = if target.kept_bytes > 0 { "usb-facts-kept" } else { "usb-facts" };
    title(ui, tone, &state.texts.with(id, &named), &state.texts.with(under, &facts));
    if let Some(shown) = shown {
        lights(ui, state, shown, target.is_safe_to_remove());
    }
    ui.add(Label::small(state.t(&format!("usb-read-{}", target.read_back.name()))).secondary().wrapped());
    if let Ejected::Refused(reason) = &target.ejected {
        let reason = reason.to_owned();
        ui.add(
            Label::small(state.texts.with("usb-refused", &[("reason", reason)])).tone(Tone::Warn).wrapped(),
        );
    }
    if !target.stale.is_empty() {
        ui.add(Label::small(state.texts.count("usb-stale-left", target.stale.len())).wrapped());
    }
}

/// A bad read-back comes with the map of the records.
fn failed(ui: &mut Ui, state: &State, error: &Error, shown: Option<&Lights>) {
    banner::error(ui, state.texts, error);
    let Some(shown) = shown else { return };
    lights(ui, state, shown, true);
    if shown.cells.contains(&CellState::Damaged) {
        ui.add_space(4.0);
        cells(ui, state.texts, &shown.cells);
    }
}

fn missing(ui: &mut Ui, state: &State, report: &HandoffReport) {
    if report.missing.is_empty() {
        return;
    }
    let numbers: Vec<String> = report.missing.iter().map(u32::to_string).collect();
    let text = state.texts.with("usb-missing", &[("volumes", numbers.join(", "))]);
    banner::banner(ui, Tone::Warn, &text, |ui| {
        ui.add(Label::body(state.t("usb-missing-line")).wrapped());
    });
    ui.add_space(12.0);
}

/// What goes onto the stick's label, and what is read over the telephone.
fn label(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let Some(header) = &state.usb.header else { return };
    ui.add(Label::large(state.t("usb-label")));
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        qr(ui, &state.t("usb-label-qr"), &header.fingerprint);
        ui.vertical(|ui| {
            ui.scope(|ui| words(ui, state.texts, &header.fingerprint));
            ui.add_space(6.0);
            ui.scope(|ui| digest(ui, &header.fingerprint));
        });
    });
    ui.add_space(8.0);
    let title = state.t("usb-label-save");
    if Button::secondary(&title).icon(Icon::File).show(ui) {
        let choose = Choose::Save { name: state.t("usb-label-name") };
        let then = |paths: Vec<std::path::PathBuf>| {
            action::Action::Usb(Action::SaveLabel(paths.into_iter().next().unwrap_or_default()))
        };
        actions.push(action::Action::Ask(Ask { choose, title, then }));
    }
    if let Some(path) = &state.usb.saved {
        let path = path.display().to_string();
        let text = state.texts.with("usb-label-saved", &[("path", path)]);
        ui.add(Label::small(text).tone(Tone::Ok).wrapped());
    }
}
