//! Unlock: the public header, and the passphrase.

use eframe::egui::{ScrollArea, Ui};

use super::{Action, memory};
use crate::gui::{
    action::{self, Actions},
    job::Kind,
    state::State,
    theme::Tone,
    widgets::{Label, banner, bundle_card::bundle_card, focus, page, password::password},
};

/// Width of what is read and typed.
const WIDTH: f32 = 520.0;

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let import = &state.import;
    let Some(header) = &import.header else { return };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        page::body(ui, |ui| {
            ui.set_max_width(WIDTH);
            bundle_card(ui, state, header);
            ui.add_space(8.0);
            if import.contents.is_some() {
                banner::banner(ui, Tone::Ok, &state.t("import-unlocked"), |ui| {
                    ui.add(Label::body(state.t("import-unlocked-line")).secondary().wrapped());
                });
                return;
            }
            let label = state.t("passphrase");
            ui.add(Label::body(&label));
            let typed =
                password(ui, state.texts, &label, &state.t("passphrase-of-bundle"), &import.passphrase);
            typed.give_focus(focus::IMPORT_PASSPHRASE);
            if typed.is_submitted && import.why_not().is_none() && !state.is_busy() {
                actions.push(action::Action::Import(Action::Next));
            }
            actions
                .extend(typed.edits.into_iter().map(|edit| action::Action::Import(Action::Passphrase(edit))));
            memory::view(ui, state, actions);
            let line = if state.runs(Kind::Unlock) { "import-unlocking" } else { "import-unlock-line" };
            ui.add(Label::small(state.t(line)).secondary().wrapped());
        });
    });
}
