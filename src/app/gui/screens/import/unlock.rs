//! Unlock: the public header, who signed it, and the passphrase or other keys.

use eframe::egui::{Align, Layout, ScrollArea, Ui, vec2};

use super::{Action, delivery::Stand, memory};
use crate::gui::{
    action::{self, Actions},
    bundle::Header,
    job::Kind,
    other_keys::Change,
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Icon, Label, banner,
        bundle_card::bundle_card,
        class_chip::class_chip,
        focus, page,
        standing::standing,
        unlock_keys::{Then, unlock_keys},
    },
};

/// Width of what is read and typed.
const WIDTH: f32 = 520.0;

const THEN: Then = Then {
    passphrase: |edit| action::Action::Import(Action::Passphrase(edit)),
    keys: |change| action::Action::Import(Action::Keys(change)),
    files: |paths| action::Action::Import(Action::Keys(Change::Files(paths))),
};

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let import = &state.import;
    let Some(header) = import.header() else { return };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        page::body(ui, |ui| {
            ui.set_max_width(WIDTH);
            let asks = import.locked().next().is_some() && !import.is_refused();
            // Who comes back for more keys has seen the card.
            let comes_back = asks && import.contents.is_some();
            if comes_back {
                classes(ui, state, header, actions);
                keys(ui, state, actions);
                ui.add_space(12.0);
            }
            bundle_card(ui, state, header);
            ui.add_space(4.0);
            if !comes_back {
                classes(ui, state, header, actions);
            }
            standing(ui, state, header, actions);
            ui.add_space(8.0);
            if import.is_open(&header.path) {
                banner::banner(ui, Tone::Ok, &state.t("import-unlocked"), |ui| {
                    ui.add(Label::body(state.t("import-unlocked-line")).secondary().wrapped());
                });
            }
            if asks && !comes_back {
                keys(ui, state, actions);
            }
        });
    });
}

/// What opens the bundles that are locked.
fn keys(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let import = &state.import;
    if import.contents.is_some() {
        ui.add(Label::large(state.t("import-more-title")));
        ui.add(Label::small(state.t("import-more-line")).secondary().wrapped());
    }
    let slots = import.locked_slots();
    let hint = if import.bundles.all.len() > 1 { "passphrase-of-any" } else { "passphrase-of-bundle" };
    let given = (&import.passphrase, &import.keys);
    let typed = unlock_keys(ui, state, &slots, ("passphrase", hint), given, THEN, actions);
    typed.give_focus(focus::IMPORT_PASSPHRASE);
    if typed.is_submitted && import.why_not().is_none() && !state.is_busy() {
        actions.push(action::Action::Import(Action::Next));
    }
    // With other keys it may be the PIN of one of them, which is no passphrase of these bundles.
    if import.keys.is_empty() && import.takes_passphrase() {
        memory::view(ui, state, actions);
    }
    let line = if state.runs(Kind::Unlock) { "import-unlocking" } else { "import-unlock-line" };
    ui.add(Label::small(state.t(line)).secondary().wrapped());
}

/// The bundles of the delivery: which are here, which are open. The card shows one of them.
fn classes(ui: &mut Ui, state: &State, shown: &Header, actions: &mut Actions) {
    let classes = state.import.classes();
    if classes.is_empty() {
        return;
    }
    ui.add(Label::small(state.t("delivery-title")).secondary());
    for (class, header, stand) in classes {
        let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
        ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let is_other = header.is_some_and(|header| header.path != shown.path);
            let name = state.texts.with("delivery-show-class", &[("class", state.texts.class(class))]);
            if is_other && Button::secondary(&name).enabled(!state.is_busy()).show(ui) {
                actions.push(action::Action::Import(Action::Show(class)));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                class_chip(ui, state.texts, class);
                let is_refused = header.is_some_and(|header| header.standing.refusal().is_some());
                let (icon, tone, id) = match stand {
                    _ if is_refused => (Icon::Cross, Tone::Error, "delivery-is-refused"),
                    Stand::Here => (Icon::File, Tone::Secondary, "delivery-is-here"),
                    Stand::Open => (Icon::Check, Tone::Ok, "delivery-is-open"),
                    Stand::Locked => (Icon::Keys, Tone::Warn, "delivery-is-locked"),
                    Stand::Missing => (Icon::Warn, Tone::Warn, "delivery-is-missing"),
                };
                icon.show(ui, 16.0, tone);
                ui.add(Label::body(state.t(id)).tone(tone));
                let file = header.map(Header::file_name).unwrap_or_default();
                ui.add(Label::small(&file).secondary());
            });
        });
    }
    ui.add_space(4.0);
}
