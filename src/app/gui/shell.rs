//! The window: navigation, page, job bar, and what lies over them.

use eframe::egui::{CentralPanel, Frame, Ui};

use super::{
    action::{Actions, Page},
    job_bar, nav, overlay, screens,
    state::State,
    theme,
};

/// Shows the whole window and gives what the user did in it.
pub(crate) fn view(ui: &mut Ui, state: &State) -> Actions {
    let mut actions = Actions::new();
    nav::view(ui, state, &mut actions);
    job_bar::view(ui, state, &mut actions);
    let page = match state.page() {
        Page::Pack => screens::pack::view,
        Page::Import => screens::import::view,
        Page::Verify => screens::verify::view,
        Page::Keys => screens::keys::view,
        Page::History => screens::history::view,
        Page::Settings => screens::settings::view,
    };
    CentralPanel::no_frame()
        .frame(Frame::new().fill(theme::palette(ui).panel))
        .show(ui, |ui| ui.push_id(state.page().text_id(), |ui| page(ui, state, &mut actions)));
    overlay::view(ui, state, &mut actions);
    actions
}
