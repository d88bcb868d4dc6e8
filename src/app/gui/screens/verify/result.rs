//! What a check found: large, with what to tell the sender.

use eframe::egui::{Ui, vec2};

use super::{Action, mend, report, state::Verdict};
use crate::gui::{
    action::{self, Actions},
    bundle::Header,
    dialog::{Ask, Choose},
    state::State,
    theme::Tone,
    widgets::{
        Button, Icon, Label, banner,
        cell_map::cell_map,
        delivery,
        digest::{digest, words},
        page::line,
        standing::standing,
    },
};

pub(super) fn view(ui: &mut Ui, state: &State, header: &Header, found: &Verdict, actions: &mut Actions) {
    let tone = if found.is_whole() { Tone::Ok } else { Tone::Error };
    let (title, under) = report::verdict(state.texts, found);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 2.0);
        Icon::of_tone(tone).show(ui, 44.0, tone);
        ui.vertical(|ui| {
            ui.add(Label::title(title).tone(tone).wrapped());
            ui.add(Label::body(under).wrapped());
            ui.add(Label::small(header.file_name()).secondary());
        });
    });
    ui.add_space(8.0);
    if let Some(map) = &state.verify.map {
        cell_map(ui, state.texts, map);
        ui.add_space(8.0);
    }
    mend::mended(ui, state);
    if !found.is_whole() {
        damage(ui, state, found);
        ui.add_space(8.0);
        mend::view(ui, state, actions);
        ui.add_space(8.0);
    }
    fingerprint(ui, state, header, found);
    ui.add_space(4.0);
    standing(ui, state, header, actions);
    ui.add_space(8.0);
    delivery::part(ui, state, header, super::OPEN, actions);
    buttons(ui, state, header, actions);
    if found.is_whole() {
        mend::answering(ui, state, actions);
    }
    if let Some(error) = &state.verify.failed {
        banner::error(ui, state.texts, error);
    } else if let Some(path) = &state.verify.saved {
        let path = path.display().to_string();
        ui.add(
            Label::small(state.texts.with("verify-report-saved", &[("path", path)])).tone(Tone::Ok).wrapped(),
        );
    }
}

fn damage(ui: &mut Ui, state: &State, found: &Verdict) {
    if let Some(records) = found.records.as_ref().filter(|records| !records.is_whole()) {
        ui.add(Label::body(state.t("verify-damaged-records")).strong());
        ui.add(Label::mono(records.damaged_ranges()).wrapped());
    }
    let images = found.blobs.as_ref().map_or(&[][..], |(blobs, _)| &blobs.damaged);
    if !images.is_empty() {
        ui.add(Label::body(state.t("verify-damaged-images")).strong());
        for image in images {
            line(ui, |ui| {
                Icon::Cross.show(ui, 14.0, Tone::Error);
                ui.add(Label::body(&image.image).wrapped().selectable());
            });
        }
    }
    ui.add(Label::body(state.t("verify-damaged-next")).wrapped());
}

/// Of a damaged bundle it says only which bundle that was meant to be.
fn fingerprint(ui: &mut Ui, state: &State, header: &Header, found: &Verdict) {
    ui.add(Label::body(state.t("fingerprint-title")).strong());
    ui.scope(|ui| digest(ui, &header.fingerprint));
    ui.add_space(4.0);
    ui.add(Label::body(state.t("fingerprint-phone")).strong());
    ui.scope(|ui| words(ui, state.texts, &header.fingerprint));
    if found.is_whole() {
        ui.add(Label::body(state.t("verify-compare")).secondary().wrapped());
    }
}

fn buttons(ui: &mut Ui, state: &State, header: &Header, actions: &mut Actions) {
    ui.horizontal(|ui| {
        if Button::secondary(&state.t("verify-report-save")).icon(Icon::File).show(ui) {
            let stem = header.path.file_stem().unwrap_or_default().to_string_lossy();
            let name = state.texts.with("verify-report-name", &[("name", stem.into_owned())]);
            actions.push(action::Action::Ask(Ask {
                choose: Choose::Save { name },
                title: state.t("verify-report-save"),
                then: |paths| {
                    let path = paths.into_iter().next().unwrap_or_default();
                    action::Action::Verify(Action::Save(path))
                },
            }));
        }
        if Button::secondary(&state.t("fingerprint-copy")).show(ui) {
            actions.push(action::Action::Copy((&header.fingerprint).into()));
        }
        if Button::secondary(&state.t("verify-again")).enabled(!state.is_busy()).show(ui) {
            actions.push(action::Action::Verify(Action::Again));
        }
    });
}
