//! What opens a bundle: the passphrase, and other keys beside it. Where no passphrase opens it, there are keys alone.
//! What a key itself asks for, a PIN say, is asked when it is used.

use std::path::PathBuf;

use eframe::egui::{Align, Layout, Ui, vec2};
use sealift::{KnownKey, KnownKeyKind};

use super::{
    Button, Icon, Label, banner,
    page::line,
    password::{Typed, password},
    path_field::path_field,
    tick::tick_box,
};
use crate::gui::{
    action::{Action, Actions},
    dialog::{Ask, Choose},
    other_keys::{Change, OtherKeys, takes_passphrase, takes_shares},
    secret::{Edit, Secret},
    state::State,
    theme::{self, Tone},
};

/// What the page makes of what is done here.
#[derive(Clone, Copy)]
pub(crate) struct Then {
    pub(crate) passphrase: fn(Edit) -> Action,
    pub(crate) keys: fn(Change) -> Action,
    pub(crate) files: fn(Vec<PathBuf>) -> Action,
}

/// Field and list; `label` and `hint` are the ids of the field's texts.
pub(crate) fn unlock_keys(
    ui: &mut Ui,
    state: &State,
    slots: &[sealift::SlotInfo],
    (label, hint): (&str, &str),
    (passphrase, keys): (&Secret, &OtherKeys),
    then: Then,
    actions: &mut Actions,
) -> Typed {
    if !takes_passphrase(slots) {
        ui.add(Label::body(state.t("keys-only")).wrapped());
        list(ui, state, slots, keys, then, actions);
        return Typed::default();
    }
    let (label, hint) = (state.t(label), state.t(hint));
    ui.add(Label::body(&label));
    let mut typed = password(ui, state.texts, &label, &hint, passphrase);
    actions.extend(typed.edits.drain(..).map(then.passphrase));
    if keys.is_open {
        list(ui, state, slots, keys, then, actions);
    } else if Button::secondary(&state.t("keys-other")).icon(Icon::Keys).show(ui) {
        actions.push((then.keys)(Change::Open));
    }
    typed
}

fn list(
    ui: &mut Ui,
    state: &State,
    slots: &[sealift::SlotInfo],
    keys: &OtherKeys,
    then: Then,
    actions: &mut Actions,
) {
    let label = state.t("keys-of-mine");
    ui.add(Label::body(&label));
    let saved: Vec<&KnownKey> = state.own.keys(KnownKeyKind::Identity).collect();
    for key in &saved {
        let name = key.name.clone();
        line(ui, |ui| {
            if tick_box(ui, &name, keys.has(&key.address)) {
                actions.push((then.keys)(Change::Tick(key.address.clone())));
            }
            ui.add(Label::body(&name).wrapped());
        });
    }
    let is_saved = |key: &str| saved.iter().any(|saved| saved.address == key);
    for (number, key) in keys.list.iter().enumerate().filter(|(_, key)| !is_saved(key)) {
        if row(ui, state, key) {
            actions.push((then.keys)(Change::Remove(number)));
        }
    }
    let edit = path_field(ui, state.texts, &label, &keys.typed, &state.t("keys-typed-hint"));
    actions.extend(edit.changed.map(|text| (then.keys)(Change::Typed(text))));
    if edit.browse {
        let title = state.t("keys-files");
        actions.push(Action::Ask(Ask { choose: Choose::Files, title, then: then.files }));
    }
    if edit.is_submitted {
        actions.push((then.keys)(Change::Add));
    }
    ui.add(Label::small(state.t("keys-typed-line")).secondary().wrapped());
    if takes_shares(slots) || !keys.shares.is_empty() {
        shares(ui, state, keys, then, actions);
    }
}

/// One key that was given; whether it is to go.
fn row(ui: &mut Ui, state: &State, name: &str) -> bool {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let remove = state.texts.with("keys-drop", &[("name", name.to_owned())]);
        let is_pressed = Button::icon_only(Icon::Cross, &remove).show(ui);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            Icon::Keys.show(ui, 16.0, Tone::Secondary);
            ui.add(Label::body(name));
        });
        is_pressed
    })
    .inner
}

/// Shares that are typed: they are secrets, and so are the fields.
fn shares(ui: &mut Ui, state: &State, keys: &OtherKeys, then: Then, actions: &mut Actions) {
    let label = state.t("keys-share");
    ui.add(Label::body(&label));
    for (place, share) in keys.shares.iter().enumerate() {
        if row(ui, state, &state.texts.count("keys-share-number", share.number().into())) {
            actions.push((then.keys)(Change::RemoveShare(place)));
        }
    }
    let typed = password(ui, state.texts, &label, &state.t("keys-share-hint"), &keys.share);
    actions.extend(typed.edits.into_iter().map(|edit| (then.keys)(Change::Share(edit))));
    let is_typed = !keys.share.is_empty();
    let is_pressed = is_typed && Button::secondary(&state.t("keys-share-add")).show(ui);
    if is_pressed || (typed.is_submitted && is_typed) {
        actions.push((then.keys)(Change::AddShare));
    }
    if let Some(error) = &keys.failed {
        banner::remark(ui, Tone::Error, &error.message(state.texts.0));
    }
    ui.add(Label::small(state.t("keys-share-line")).secondary().wrapped());
}
