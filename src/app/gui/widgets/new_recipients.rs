//! Whom something new is locked for: a tick for each that is saved or was added, a field for another, and whether any one
//! key opens it or all are needed.

use std::path::PathBuf;

use eframe::egui::Ui;

use super::{Button, Icon, Label, banner, field, page::line, path_field::path_field, tick::tick_box};
use crate::gui::{
    action::{Action, Actions},
    dialog::{Ask, Choose},
    new_recipients::{Change, Chosen, LockedFor, Needs, NewRecipients, ShareEdit, Shares, ToldShares},
    state::State,
    texts::Texts,
    theme::Tone,
};

/// Room for two digits.
const NUMBER_WIDTH: f32 = 48.0;

/// What the caller's page makes of changes, and of a file that was chosen.
#[derive(Clone, Copy)]
pub(crate) struct Then {
    pub(crate) change: fn(Change) -> Action,
    pub(crate) file: fn(Vec<PathBuf>) -> Action,
    /// Of the folder for shares.
    pub(crate) folder: fn(Vec<PathBuf>) -> Action,
}

/// The list, the field, and the choice. `num_more` is how many keys there are besides: a passphrase.
pub(crate) fn new_recipients(
    ui: &mut Ui,
    state: &State,
    new: &NewRecipients,
    num_more: usize,
    then: Then,
    actions: &mut Actions,
) {
    let label = state.t("recipients");
    ui.add(Label::body(&label));
    let saved = state.own.recipients();
    let typed = new.chosen.iter().filter(|chosen| !saved.iter().any(|saved| saved.text == chosen.text));
    for recipient in saved.iter().chain(typed) {
        one(ui, recipient, new.has(recipient), then, actions);
    }
    let edit = path_field(ui, state.texts, &label, &new.typed, &state.t("recipients-hint"));
    actions.extend(edit.changed.map(|text| (then.change)(Change::Typed(text))));
    if edit.browse {
        let title = state.t("recipients-file");
        actions.push(Action::Ask(Ask { choose: Choose::File, title, then: then.file }));
    }
    let is_typed = !new.typed.trim().is_empty();
    let is_pressed =
        is_typed && Button::secondary(&state.t("recipients-add")).enabled(!new.is_trying).show(ui);
    if is_pressed || (edit.is_submitted && is_typed) {
        actions.push((then.change)(Change::Add));
    }
    if let Some(error) = &new.failed {
        banner::remark(ui, Tone::Error, &error.message(state.texts.0));
        if let Some(hint) = state.texts.hint(error) {
            ui.add(Label::small(hint).secondary().wrapped());
        }
    }
    shares(ui, state, new.shares.as_ref(), then, actions);
    if new.num_keys() + num_more > 1 {
        let choices = [(Needs::Any, state.t("needs-any")), (Needs::All, state.t("needs-all"))];
        let pressed = field::segments(ui, new.needs, &choices);
        actions.extend(pressed.map(|needs| (then.change)(Change::Needs(needs))));
    }
}

fn one(ui: &mut Ui, recipient: &Chosen, is_chosen: bool, then: Then, actions: &mut Actions) {
    let name = recipient.name.clone();
    line(ui, |ui| {
        if tick_box(ui, &name, is_chosen) {
            actions.push((then.change)(Change::Tick(recipient.clone())));
        }
        ui.add(Label::body(&name).wrapped());
    });
}

/// A key in shares: the tick, and then how many there are and where they are written.
fn shares(ui: &mut Ui, state: &State, shares: Option<&Shares>, then: Then, actions: &mut Actions) {
    let does = |edit| (then.change)(Change::Shares(edit));
    let name = state.t("shares");
    line(ui, |ui| {
        if tick_box(ui, &name, shares.is_some()) {
            actions.push(does(ShareEdit::Want(shares.is_none())));
        }
        ui.add(Label::body(&name).wrapped());
    });
    let Some(shares) = shares else { return };
    ui.horizontal(|ui| {
        let mut number = |label: &str, text: &str, edit: fn(String) -> ShareEdit| {
            let (_, changed) = field::text(ui, label, text, "", NUMBER_WIDTH);
            actions.extend(changed.map(|text| does(edit(text))));
            ui.add(Label::body(label));
        };
        number(&state.t("shares-needed"), &shares.threshold, ShareEdit::Threshold);
        number(&state.t("shares-all"), &shares.number, ShareEdit::Number);
    });
    if shares.numbers().is_none() {
        banner::remark(ui, Tone::Warn, &state.t("shares-numbers"));
    }
    let label = state.t("shares-folder");
    let edit = path_field(ui, state.texts, &label, &shares.folder, &label);
    actions.extend(edit.changed.map(|folder| does(ShareEdit::Folder(folder))));
    if edit.browse {
        actions.push(Action::Ask(Ask { choose: Choose::Folder, title: label, then: then.folder }));
    }
    ui.add(Label::small(state.t("shares-line")).secondary().wrapped());
}

/// Whom it was locked for.
pub(crate) fn locked_for(ui: &mut Ui, texts: Texts, locked: &LockedFor) {
    ui.add(Label::body(texts.t("locked-for")).strong());
    let passphrase = locked.has_passphrase.then(|| (Icon::Eye, texts.t("locked-passphrase")));
    let names = locked.names.iter().map(|name| (Icon::Keys, name.to_owned()));
    for (icon, text) in passphrase.into_iter().chain(names) {
        line(ui, |ui| {
            icon.show(ui, 16.0, Tone::Secondary);
            ui.add(Label::body(text).wrapped());
        });
    }
    if let Some(shares) = &locked.shares {
        told_shares(ui, texts, shares);
    }
    let needs_all = locked.needs == Needs::All && locked.num_keys() > 1;
    if needs_all {
        let id = if locked.earlier.is_empty() { "locked-all" } else { "locked-together" };
        ui.add(Label::small(texts.t(id)).secondary().wrapped());
    }
    for slot in &locked.earlier {
        let number = texts.count("keys-slot", slot.number);
        line(ui, |ui| {
            Icon::Keys.show(ui, 16.0, Tone::Secondary);
            let args = [("slot", number), ("kind", slot.kind_words(texts.0).into())];
            ui.add(Label::body(texts.with("locked-earlier", &args)).wrapped());
        });
    }
    if !locked.earlier.is_empty() || (locked.num_keys() > 1 && !needs_all) {
        ui.add(Label::small(texts.t("locked-any")).secondary().wrapped());
    }
}

/// How many of the shares open it, and where they are.
fn told_shares(ui: &mut Ui, texts: Texts, shares: &ToldShares) {
    let numbers = [("needed", shares.threshold.to_string()), ("num", shares.files.len().to_string())];
    line(ui, |ui| {
        Icon::Keys.show(ui, 16.0, Tone::Secondary);
        ui.add(Label::body(texts.with("locked-shares", &numbers)).wrapped());
    });
    for file in &shares.files {
        let file = file.display().to_string();
        ui.add(Label::small(&file).secondary().wrapped().selectable());
    }
    ui.add(Label::small(texts.t("locked-shares-line")).secondary().wrapped());
}
