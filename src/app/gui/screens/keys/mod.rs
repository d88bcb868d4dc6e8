//! Keys: who can open a bundle.

mod state;

pub(crate) use state::{Action, Keys};

use eframe::egui::Ui;

use crate::gui::{
    action::{self, Actions},
    state::State,
    theme::Tone,
    widgets::{Button, Icon, Label, banner, bundle_card::bundle_card, open_bundle::open_bundle, page},
};

/// Width of what is read.
const WIDTH: f32 = 520.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let keys = &state.keys;
    page::head(ui, &state.t("keys-title"), "", |ui| {
        if keys.header.is_some() && Button::secondary(&state.t("bundle-other")).show(ui) {
            actions.push(action::Action::Keys(Action::Close));
        }
    });
    if let Some(error) = &keys.failed {
        page::body(ui, |ui| banner::error(ui, state.texts, error));
    }
    let Some(header) = &keys.header else {
        let words = (Icon::Keys, "keys-empty", "keys-empty-line");
        let typed = |path| action::Action::Keys(Action::Path(path));
        return open_bundle(ui, state, words, &keys.path, typed, actions);
    };
    page::body(ui, |ui| {
        ui.set_max_width(WIDTH);
        bundle_card(ui, state, header);
        ui.add_space(12.0);
        ui.add(Label::large(state.texts.count("keys-slots", header.slots.len())));
        for slot in &header.slots {
            ui.horizontal(|ui| {
                Icon::Keys.show(ui, 16.0, Tone::Secondary);
                ui.add(Label::body(state.texts.count("keys-slot", slot.number)));
                ui.add(Label::small(format!("{}  {}", slot.kind, slot.details)).secondary());
            });
        }
    });
}
