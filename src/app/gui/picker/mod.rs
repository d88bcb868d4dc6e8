//! A file picker of the app's own, for systems whose desktop has none: bare window managers, remote displays.

mod state;

pub(crate) use state::{Action, Entry, Picker, Step};

use eframe::egui::{Align, Key, Layout, ScrollArea, Sense, Ui, vec2};
use sealift::Shown;

use super::{
    action::{self, Actions},
    dialog::Choose,
    figures,
    state::State,
    theme::{self, Tone},
    widgets::{Button, Icon, Label, field, sheet::card},
};
use crate::gui::widgets::words;

/// Height of one entry.
const ROW_HEIGHT: f32 = 32.0;

/// Shows the picker; the place it gets is its own.
pub(crate) fn view(ui: &mut Ui, state: &State, picker: &Picker, actions: &mut Actions) {
    let mut did = Vec::new();
    card(ui).show(ui, |ui| {
        ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
            ui.add(Label::large(&picker.ask.title));
            ui.add_space(4.0);
            path_line(ui, state, picker, &mut did);
            ui.add_space(4.0);
            let below = if matches!(picker.ask.choose, Choose::Save { .. }) { 96.0 } else { 52.0 };
            let size = vec2(ui.available_width(), ui.available_height() - below);
            ui.allocate_ui(size, |ui| entries(ui, state, picker, &mut did));
            if let Choose::Save { .. } = picker.ask.choose {
                let label = state.t("picker-name");
                let (_, changed) = field::text(ui, &label, &picker.name, &label, ui.available_width());
                did.extend(changed.map(Action::Name));
                ui.add_space(4.0);
            }
            buttons(ui, state, picker, &mut did);
        });
    });
    actions.extend(did.into_iter().map(action::Action::Picker));
}

fn path_line(ui: &mut Ui, state: &State, picker: &Picker, did: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let above = picker.folder.parent();
        if Button::icon_only(Icon::Up, &state.t("picker-up")).enabled(above.is_some()).show(ui)
            && let Some(above) = above
        {
            did.push(Action::Enter(above.to_owned()));
        }
        let label = state.t("picker-path");
        let (response, changed) = field::text(ui, &label, &picker.path, &label, ui.available_width());
        did.extend(changed.map(Action::Path));
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
            did.push(Action::Submit);
        }
    });
}

fn entries(ui: &mut Ui, state: &State, picker: &Picker, did: &mut Vec<Action>) {
    let entries = match &picker.entries {
        None => return drop(ui.add(Label::body(state.t("picker-reading")).secondary())),
        Some(Err(why)) => {
            return drop(ui.add(Label::body(why).tone(Tone::Error).wrapped()));
        }
        Some(Ok(entries)) if entries.is_empty() => {
            return drop(ui.add(Label::body(state.t("picker-empty")).secondary()));
        }
        Some(Ok(entries)) => entries,
    };
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW_HEIGHT, entries.len(), |ui, shown| {
        for entry in entries.get(shown).unwrap_or_default() {
            row(ui, picker, entry, did);
        }
    });
}

fn row(ui: &mut Ui, picker: &Picker, entry: &Entry, did: &mut Vec<Action>) {
    let path = picker.folder.join(&entry.name);
    let is_usable = entry.is_folder || picker.ask.choose != Choose::Folder;
    let is_chosen = picker.chosen.contains(&path);
    let name = Shown::from(&*entry.name.to_string_lossy());
    let sense = if is_usable { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), sense);
    response.widget_info(|| words::chosen(eframe::egui::Role::ListBoxOption, is_usable, is_chosen, &name));
    let palette = theme::palette(ui);
    if is_chosen || (is_usable && (response.hovered() || response.has_focus())) {
        let fill = if is_chosen { palette.selected } else { palette.hovered };
        ui.painter().rect_filled(rect, theme::RADIUS, fill);
    }
    ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(rect.shrink2(vec2(8.0, 0.0))), |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !entry.is_folder {
                ui.add(Label::small(figures::bytes(entry.size_bytes)).secondary());
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let icon = if entry.is_folder { Icon::Folder } else { Icon::File };
                icon.show(ui, 16.0, if is_usable { Tone::Plain } else { Tone::Secondary });
                let label = Label::body(&name);
                ui.add(if is_usable { label } else { label.secondary() });
            });
        });
    });
    // The second click of two is one of its own: it must not take back what the first chose.
    if response.double_clicked() && !entry.is_folder {
        did.push(Action::Confirm);
    } else if response.clicked() {
        did.push(if entry.is_folder { Action::Enter(path) } else { Action::Toggle(path) });
    }
}

fn buttons(ui: &mut Ui, state: &State, picker: &Picker, did: &mut Vec<Action>) {
    let size = vec2(ui.available_width(), theme::PRIMARY_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let confirm = match &picker.ask.choose {
            Choose::Save { .. } => state.t("picker-save"),
            Choose::Folder => state.t("picker-folder"),
            Choose::Files | Choose::File => state.texts.count("picker-open", picker.chosen.len()),
        };
        if Button::primary(&confirm).enabled(!picker.result().is_empty()).show(ui) {
            did.push(Action::Confirm);
        }
        let cancel = Button::secondary(&state.t("cancel")).respond(ui);
        if cancel.clicked() || ui.input(|input| input.key_pressed(Key::Escape)) {
            did.push(Action::Cancel);
        }
    });
}
