//! Whom something new is locked for: a tick for each that is saved or was added, a field for another, and whether any one
//! key opens it or all are needed.

use eframe::egui::Ui;

use super::{Button, Icon, Label, banner, field, page::line, path_field::path_field, tick::tick_box};
use crate::gui::{
    action::{Action, Actions},
    dialog::{Ask, Choose},
    new_recipients::{Change, Chosen, LockedFor, Needs, NewRecipients},
    state::State,
    texts::Texts,
    theme::Tone,
};

/// What the caller's page makes of changes, and of a file that was chosen.
#[derive(Clone, Copy)]
pub(crate) struct Then {
    pub(crate) change: fn(Change) -> Action,
    pub(crate) file: fn(Vec<std::path::PathBuf>) -> Action,
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
    if new.chosen.len() + num_more > 1 {
        let choices = [(Needs::Any, state.t("needs-any")), (Needs::All, state.t("needs-all"))];
        let pressed = field::segments(ui, new.needs, &choices);
        actions.extend(pressed.map(|needs| (then.change)(Change::Needs(needs))));
    }
}

fn one(ui: &mut Ui, recipient: &Chosen, is_chosen: bool, then: Then, actions: &mut Actions) {
    let name = sealift::escape(&recipient.name).to_string();
    line(ui, |ui| {
        if tick_box(ui, &name, is_chosen) {
            actions.push((then.change)(Change::Tick(recipient.clone())));
        }
        ui.add(Label::body(&name).wrapped());
    });
}

/// Whom it was locked for.
pub(crate) fn locked_for(ui: &mut Ui, texts: Texts, locked: &LockedFor) {
    ui.add(Label::body(texts.t("locked-for")).strong());
    let passphrase = locked.has_passphrase.then(|| (Icon::Eye, texts.t("locked-passphrase")));
    let names = locked.names.iter().map(|name| (Icon::Keys, sealift::escape(name).to_string()));
    for (icon, text) in passphrase.into_iter().chain(names) {
        line(ui, |ui| {
            icon.show(ui, 16.0, Tone::Secondary);
            ui.add(Label::body(text).wrapped());
        });
    }
    if locked.names.len() + usize::from(locked.has_passphrase) > 1 {
        let id = match locked.needs {
            Needs::Any => "locked-any",
            Needs::All => "locked-all",
        };
        ui.add(Label::small(texts.t(id)).secondary().wrapped());
    }
}
