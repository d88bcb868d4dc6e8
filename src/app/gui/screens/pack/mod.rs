//! Pack: images on the left, what becomes of them in the tray on the right.

mod row;
mod state;
mod table;
mod tray;

pub(crate) use row::Row;
pub(crate) use state::{Action, Column, Pack};

use eframe::egui::Ui;

use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    state::State,
    widgets::{Button, Icon, banner, empty, field, page},
};

/// Width of the search field.
const SEARCH_WIDTH: f32 = 230.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    if pack.rows.is_empty() {
        page::head(ui, &state.t("pack-title"), "", |_| {});
        if let Some(error) = &pack.failed {
            page::body(ui, |ui| banner::error(ui, state.texts, error));
        }
        empty::empty(ui, Icon::Pack, &state.t("pack-empty"), &state.t("pack-empty-line"), |ui| {
            add_buttons(ui, state, actions);
        });
        return;
    }
    page::tray(ui, |ui| tray::view(ui, state, actions));
    let counts = [("num", pack.rows.len().to_string()), ("selected", pack.selected.len().to_string())];
    page::head(ui, &state.t("pack-title"), &state.texts.with("pack-count", &counts), |ui| {
        let (_, changed) = field::search(ui, &state.t("pack-search"), &pack.search, SEARCH_WIDTH);
        actions.extend(changed.map(|text| action::Action::Pack(Action::Search(text))));
        if Button::secondary(&state.t("pack-add")).enabled(!state.is_busy()).show(ui) {
            actions.push(ask_for_files(state));
        }
        if Button::icon_only(Icon::Cross, &state.t("pack-clear")).enabled(!state.is_busy()).show(ui) {
            actions.push(action::Action::Pack(Action::Clear));
        }
    });
    if let Some(error) = &pack.failed {
        page::body(ui, |ui| banner::error(ui, state.texts, error));
    }
    table::view(ui, state, actions);
}

/// Ways to bring images in, besides dropping them.
fn add_buttons(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let is_free = !state.is_busy();
    if Button::primary(&state.t("pack-choose-files")).icon(Icon::File).enabled(is_free).show(ui) {
        actions.push(ask_for_files(state));
    }
    if Button::secondary(&state.t("pack-choose-folder")).icon(Icon::Folder).enabled(is_free).show(ui) {
        actions.push(action::Action::Ask(Ask {
            choose: Choose::Folder,
            title: state.t("pack-choose-folder"),
            then: action::Action::Bring,
        }));
    }
}

fn ask_for_files(state: &State) -> action::Action {
    action::Action::Ask(Ask {
        choose: Choose::Files,
        title: state.t("pack-choose-files"),
        then: action::Action::Bring,
    })
}
