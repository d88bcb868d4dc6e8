//! Pack: images on the left, what becomes of them in the tray on the right.

mod classes;
mod destination;
mod divide;
mod end;
mod engines;
mod keys;
mod origins;
mod place;
pub(crate) mod reference;
mod row;
mod rows;
mod sign;
mod state;
mod table;
mod totals;
mod tray;
mod work;

#[cfg(test)]
pub(crate) use place::Seen;
pub(crate) use place::Split;
#[cfg(test)]
pub(crate) use row::Origin;
pub(crate) use row::Row;
#[cfg(test)]
pub(crate) use sign::Edit as SignEdit;
pub(crate) use state::{Action, Column, Filter, Pack};
#[cfg(test)]
pub(crate) use {
    classes::Change as Divide,
    row::ClassLabel,
    work::{Packed, PackedBundle},
};

use eframe::egui::{Align, Frame, Layout, Margin, Ui};

use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    state::State,
    theme::Tone,
    widgets::{Button, Icon, Label, banner, empty, field, page, path_field::path_field},
};

/// Width of the search field.
const SEARCH_WIDTH: f32 = 230.0;
/// Platforms offered to narrow the list; an image index can list dozens.
const MAX_PLATFORMS: usize = 6;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    if pack.rows.is_empty() {
        page::head(ui, &state.t("pack-title"), "", |_| {});
        origins::view(ui, state, actions);
        if let Some(error) = &pack.failed {
            page::body(ui, |ui| banner::error(ui, state.texts, error));
        }
        empty::empty(ui, Icon::Pack, &state.t("pack-empty"), &state.t("pack-empty-line"), |ui| {
            add_ways(ui, state, actions);
        });
        return;
    }
    page::tray(ui, |ui| tray::view(ui, state, actions));
    let counts = [("num", pack.rows.len().to_string()), ("selected", pack.selected.len().to_string())];
    page::head(ui, &state.t("pack-title"), &state.texts.with("pack-count", &counts), |ui| {
        let changed = field::search(ui, &state.t("pack-search"), &pack.search, SEARCH_WIDTH);
        actions.extend(changed.map(|text| action::Action::Pack(Action::Search(text))));
        if Button::secondary(&state.t("pack-add")).enabled(!state.is_busy()).show(ui) {
            actions.push(ask_for_files(state));
        }
        if Button::icon_only(Icon::Folder, &state.t("pack-choose-folder")).enabled(!state.is_busy()).show(ui)
        {
            actions.push(ask_for_folder(state));
        }
        if Button::icon_only(Icon::Cross, &state.t("pack-clear")).enabled(!state.is_busy()).show(ui) {
            actions.push(action::Action::Pack(Action::Clear));
        }
    });
    origins::view(ui, state, actions);
    if let Some(error) = &pack.failed {
        page::body(ui, |ui| banner::error(ui, state.texts, error));
    }
    filters(ui, state, actions);
    table::view(ui, state, actions);
}

/// Narrows the list. One platform is no choice.
fn filters(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    let mut choices =
        vec![(Filter::All, state.t("pack-filter-all")), (Filter::Selected, state.t("pack-filter-selected"))];
    if pack.platforms.len() > 1 {
        let platforms = pack.platforms.iter().take(MAX_PLATFORMS).enumerate();
        choices.extend(platforms.map(|(place, platform)| (Filter::Platform(place), platform.to_owned())));
    }
    Frame::new().inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 4 }).show(ui, |ui| {
        ui.horizontal(|ui| {
            let pressed = field::segments(ui, pack.filter, &choices);
            actions.extend(pressed.map(|filter| action::Action::Pack(Action::Filter(filter))));
            if pack.lit.is_some() {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| lit(ui, state, actions));
            }
        });
    });
}

/// How many images hold the layer that the user asked about.
fn lit(ui: &mut Ui, state: &State, actions: &mut Actions) {
    if Button::secondary(&state.t("pack-lit-off")).show(ui) {
        actions.push(action::Action::Pack(Action::Light(None)));
    }
    ui.add(Label::body(state.texts.count("pack-lit", state.pack.num_lit)));
    Icon::Info.show(ui, 16.0, Tone::Warn);
}

/// Ways to bring images in, besides dropping them.
fn add_ways(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let is_free = !state.is_busy();
    if Button::primary(&state.t("pack-choose-files")).icon(Icon::File).enabled(is_free).show(ui) {
        actions.push(ask_for_files(state));
    }
    if Button::secondary(&state.t("pack-choose-folder")).icon(Icon::Folder).enabled(is_free).show(ui) {
        actions.push(ask_for_folder(state));
    }
    ui.add_space(4.0);
    let path = &state.pack.path;
    let edit = path_field(ui, state.texts, &state.t("pack-path"), path, &state.t("pack-path"));
    actions.extend(edit.changed.map(|path| action::Action::Pack(Action::Path(path))));
    if edit.browse {
        actions.push(ask_for_files(state));
    }
    if edit.is_submitted && is_free && !path.trim().is_empty() {
        actions.push(action::Action::Bring(vec![path.trim().into()]));
    }
}

fn ask_for_folder(state: &State) -> action::Action {
    action::Action::Ask(Ask {
        choose: Choose::Folder,
        title: state.t("pack-choose-folder"),
        then: action::Action::Bring,
    })
}

fn ask_for_files(state: &State) -> action::Action {
    action::Action::Ask(Ask {
        choose: Choose::Files,
        title: state.t("pack-choose-files"),
        then: action::Action::Bring,
    })
}
