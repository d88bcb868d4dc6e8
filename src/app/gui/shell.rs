//! The window: navigation, page, job bar, and what lies over them.

use eframe::egui::{CentralPanel, Frame, Ui};

use super::{
    action::{Action, Actions, Page},
    job_bar, keyboard, nav, overlay, screens,
    state::State,
    theme::{self, Tone},
    widgets::{Button, Label, banner, page as frame},
};

/// Shows the whole window and gives what the user did in it.
pub(crate) fn view(ui: &mut Ui, state: &State) -> Actions {
    let mut actions = Actions::new();
    keyboard::shortcuts(ui, state, &mut actions);
    nav::view(ui, state, &mut actions);
    job_bar::view(ui, state, &mut actions);
    let page = match state.page() {
        Page::Pack => screens::pack::view,
        Page::Usb => screens::usb::view,
        Page::Import => screens::import::view,
        Page::Verify => screens::verify::view,
        Page::Keys => screens::keys::view,
        Page::History => screens::history::view,
        Page::Settings => screens::settings::view,
    };
    CentralPanel::no_frame().frame(Frame::new().fill(theme::palette(ui).panel)).show(ui, |ui| {
        crash(ui, state, &mut actions);
        ui.push_id(state.page().text_id(), |ui| page(ui, state, &mut actions));
    });
    overlay::view(ui, state, &mut actions);
    actions
}

/// A fault of the program's own is told on whatever page the user is.
fn crash(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let Some(report) = &state.crash else { return };
    frame::body(ui, |ui| {
        banner::banner(ui, Tone::Error, &state.t("crash-title"), |ui| {
            ui.add(Label::body(state.t("crash-line")).wrapped());
            let path = report.display().to_string();
            ui.add(Label::small(&path).secondary().wrapped().selectable());
            ui.horizontal(|ui| {
                if Button::secondary(&state.t("settings-diagnostics")).show(ui) {
                    actions.push(Action::CopyDiagnostics);
                }
                if Button::secondary(&state.t("dismiss")).show(ui) {
                    actions.push(Action::DismissCrash);
                }
            });
        });
    });
}
