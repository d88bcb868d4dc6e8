//! Import: a bundle's public header, its passphrase, and what is inside.

mod state;

pub(crate) use state::{Action, Import};

use eframe::egui::Ui;

use crate::gui::{
    action::{self, Actions},
    state::State,
    widgets::{
        Button, Icon, Label, banner, bundle_card::bundle_card, open_bundle::open_bundle, page,
        password::password,
    },
};

/// Width of what is read and typed.
const WIDTH: f32 = 520.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let import = &state.import;
    page::head(ui, &state.t("import-title"), "", |ui| {
        if import.header.is_some() && Button::secondary(&state.t("bundle-other")).show(ui) {
            actions.push(action::Action::Import(Action::Close));
        }
    });
    if let Some(error) = &import.failed {
        page::body(ui, |ui| banner::error(ui, state.texts, error));
    }
    let Some(header) = &import.header else {
        let words = (Icon::Import, "import-empty", "import-empty-line");
        let typed = |path| action::Action::Import(Action::Path(path));
        return open_bundle(ui, state, words, &import.path, typed, actions);
    };
    page::body(ui, |ui| {
        ui.set_max_width(WIDTH);
        bundle_card(ui, state, header);
        ui.add_space(12.0);
        match &import.contents {
            None => unlock(ui, state, actions),
            Some(names) => {
                ui.add(Label::large(state.texts.count("import-contents", names.len())));
                for name in names {
                    ui.add(Label::body(sealift::escape(name).to_string()));
                }
            }
        }
    });
}

fn unlock(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let label = state.t("passphrase");
    ui.add(Label::body(&label));
    let typed = password(ui, state.texts, &label, &state.t("passphrase-of-bundle"), &state.import.passphrase);
    actions.extend(typed.edits.into_iter().map(|edit| action::Action::Import(Action::Passphrase(edit))));
    ui.add_space(4.0);
    let is_ready = !state.import.passphrase.is_empty() && !state.is_busy();
    let is_pressed = Button::primary(&state.t("import-unlock")).enabled(is_ready).show(ui);
    if is_ready && (is_pressed || typed.is_submitted) {
        actions.push(action::Action::Import(Action::Unlock));
    }
}
