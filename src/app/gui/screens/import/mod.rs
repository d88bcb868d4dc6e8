//! Import: a wizard from a bundle to images at their destination.
//!
//! Source → Unlock → Inspect → Target → Run → Report. `state` knows what leads on; each step has a view of its own.

mod choose;
mod contents;
mod delivery;
mod html;
mod images;
mod inspect;
mod memory;
mod plan;
mod progress;
mod report;
mod result;
mod state;
mod step;
mod target;
mod unlock;
mod work;

pub(crate) use state::{Action, Format, Import};
pub(crate) use step::Step;
#[cfg(test)]
pub(crate) use {
    contents::{Contents, Inside, Part},
    plan::{Plan, Planned},
    report::Ran,
    target::Target,
};

use eframe::egui::{Align, Frame, Layout, Margin, Panel, Stroke, Ui, vec2};

use crate::gui::{
    action::{self, Actions},
    job::Kind,
    state::State,
    theme,
    widgets::{Button, Icon, Label, banner, focus, open_bundle::open_bundle, page},
};

/// Bundles on drives that are offered; a drive may be an archive of them.
const MAX_FOUND: usize = 5;
/// Height of the strip with the buttons that lead back and on.
const FOOT_HEIGHT: f32 = 60.0;
/// Width of the button that leads on, so that it is the same in every step.
const NEXT_WIDTH: f32 = 220.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let import = &state.import;
    page::head(ui, &state.t("import-title"), "", |ui| {
        let is_free = !state.is_busy();
        if import.header().is_some() && Button::secondary(&state.t("bundle-other")).enabled(is_free).show(ui)
        {
            actions.push(action::Action::Import(Action::Close));
        }
    });
    step::rail(ui, state, actions);
    foot(ui, state, actions);
    // A scope even when empty: fields keep their ids, and so the keyboard, when an error comes or goes.
    ui.scope(|ui| {
        let Some(error) = &import.failed else { return };
        page::body(ui, |ui| {
            banner::error(ui, state.texts, error);
            if import.step == Step::Unlock && error.kind() != sealift::ErrorKind::Key {
                open_again(ui, state, actions);
            }
        });
    });
    match import.step {
        Step::Source => source(ui, state, actions),
        Step::Unlock => unlock::view(ui, state, actions),
        Step::Inspect => inspect::view(ui, state, actions),
        Step::Target => choose::view(ui, state, actions),
        Step::Run | Step::Report => result::view(ui, state, actions),
    }
}

fn source(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let words = (Icon::Import, "import-empty", "import-empty-line");
    let typed = |path| action::Action::Import(Action::Path(path));
    if !state.import.found.is_empty() {
        page::body(ui, |ui| found(ui, state, actions));
    }
    open_bundle(ui, state, words, &state.import.path, typed, actions);
}

/// What lies on sticks that are plugged in is most likely what is wanted.
fn found(ui: &mut Ui, state: &State, actions: &mut Actions) {
    ui.add(Label::body(state.t("import-found")).strong());
    for path in state.import.found.iter().take(MAX_FOUND) {
        let text = path.display().to_string();
        if Button::secondary(&text).icon(Icon::Usb).enabled(!state.is_busy()).show(ui) {
            actions.push(action::Action::Import(Action::Open(vec![path.clone()])));
        }
    }
}

/// The same bundle once more: it may have been copied again meanwhile.
fn open_again(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let Some(header) = state.import.header() else { return };
    if Button::secondary(&state.t("import-open-again")).enabled(!state.is_busy()).show(ui) {
        actions.push(action::Action::Import(Action::Open(vec![header.path.clone()])));
    }
}

/// The buttons that lead back and on: always in the same place.
fn foot(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let import = &state.import;
    let frame = Frame::new().fill(theme::palette(ui).panel).inner_margin(Margin::symmetric(16, 0));
    Panel::bottom("wizard").exact_size(FOOT_HEIGHT).resizable(false).frame(frame).show(ui, |ui| {
        let top = Stroke::new(1.0, theme::palette(ui).line);
        ui.painter().hline(ui.max_rect().expand(16.0).x_range(), ui.max_rect().top(), top);
        ui.allocate_ui_with_layout(ui.available_size(), Layout::right_to_left(Align::Center), |ui| {
            let why = if state.is_busy() { Some("pack-why-busy") } else { import.why_not() };
            let why = if state.runs(Kind::Restore) { Some("import-why-running") } else { why };
            let words = why.map(|id| state.t(id)).unwrap_or_default();
            let text = state.t(import.next_text_id());
            let button = match import.step {
                // Choosing a bundle is what that page is for.
                Step::Source => Button::secondary(&text),
                _ => Button::primary(&text),
            };
            let button = button.width(NEXT_WIDTH).enabled(why.is_none()).why(&words);
            let (is_pressed, response) = button.show_with_response(ui);
            focus::give(&response, focus::NEXT);
            if is_pressed {
                actions.push(action::Action::Import(Action::Next));
            }
            let can_back = import.step != Step::Source && !state.is_busy();
            if Button::secondary(&state.t("import-back")).enabled(can_back).show(ui) {
                actions.push(action::Action::Import(Action::Back));
            }
            let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
            ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::small(words).secondary());
            });
        });
    });
}
