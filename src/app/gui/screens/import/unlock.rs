//! Unlock: the public header, who signed it, and the passphrase or other keys.

use eframe::egui::{ScrollArea, Ui};

use super::{Action, memory};
use crate::gui::{
    action::{self, Actions},
    job::Kind,
    other_keys::{Change, takes_passphrase},
    state::State,
    theme::Tone,
    widgets::{
        Label, banner,
        bundle_card::bundle_card,
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
    let Some(header) = &import.header else { return };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        page::body(ui, |ui| {
            ui.set_max_width(WIDTH);
            bundle_card(ui, state, header);
            ui.add_space(4.0);
            standing(ui, state, header, actions);
            ui.add_space(8.0);
            if import.contents.is_some() {
                banner::banner(ui, Tone::Ok, &state.t("import-unlocked"), |ui| {
                    ui.add(Label::body(state.t("import-unlocked-line")).secondary().wrapped());
                });
                return;
            }
            if header.standing.refusal().is_some() {
                return;
            }
            let texts = ("passphrase", "passphrase-of-bundle");
            let given = (&import.passphrase, &import.keys);
            let typed = unlock_keys(ui, state, &header.slots, texts, given, THEN, actions);
            typed.give_focus(focus::IMPORT_PASSPHRASE);
            if typed.is_submitted && import.why_not().is_none() && !state.is_busy() {
                actions.push(action::Action::Import(Action::Next));
            }
            // With other keys it may be one of those that opens the bundle, and the passphrase is not proven.
            if import.keys.is_empty() && takes_passphrase(&header.slots) {
                memory::view(ui, state, actions);
            }
            let line = if state.runs(Kind::Unlock) { "import-unlocking" } else { "import-unlock-line" };
            ui.add(Label::small(state.t(line)).secondary().wrapped());
        });
    });
}
