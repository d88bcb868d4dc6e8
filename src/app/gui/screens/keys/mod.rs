//! Keys: the user's own and those of vendors, and who can open a bundle.

mod form;
mod own;
mod state;
mod task;
mod trusted;

#[cfg(test)]
pub(crate) use state::Task;
pub(crate) use state::{Action, Keys};

use eframe::egui::{Align, Frame, Layout, Margin, ScrollArea, Stroke, Ui};

use crate::gui::{
    action::{self, Actions},
    bundle::Header,
    own_keys::{self, Tab},
    state::State,
    theme::{self, Tone},
    widgets::{Button, Icon, Label, banner, bundle_card::bundle_card, field, open_bundle::open_bundle, page},
};

/// Width of what is read.
const WIDTH: f32 = 540.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let keys = &state.keys;
    page::head(ui, &state.t("keys-title"), "", |ui| {
        if state.own.tab == Tab::Bundle
            && keys.header.is_some()
            && Button::secondary(&state.t("bundle-other")).enabled(!state.is_busy()).show(ui)
        {
            actions.push(action::Action::Keys(Action::Close));
        }
    });
    Frame::new().inner_margin(Margin { left: 20, right: 16, top: 0, bottom: 4 }).show(ui, |ui| {
        let tabs = [(Tab::Own, state.t("keys-tab-own")), (Tab::Bundle, state.t("keys-tab-bundle"))];
        let pressed = field::segments(ui, state.own.tab, &tabs);
        actions.extend(pressed.map(|tab| action::Action::Own(own_keys::Action::Tab(tab))));
    });
    if state.own.tab == Tab::Own {
        return scrolled(ui, state, |ui| own::view(ui, state, actions));
    }
    let Some(header) = &keys.header else {
        if let Some(error) = &keys.failed {
            page::body(ui, |ui| banner::error(ui, state.texts, error));
        }
        let words = (Icon::Keys, "keys-empty", "keys-empty-line");
        let typed = |path| action::Action::Keys(Action::Path(path));
        return open_bundle(ui, state, words, &keys.path, typed, actions);
    };
    scrolled(ui, state, |ui| {
        if let Some((task, locked)) = &keys.done {
            task::done(ui, state, *task, locked);
            ui.add_space(8.0);
        }
        match keys.task {
            Some(task) => task::view(ui, state, header, task, actions),
            None => slots(ui, state, header, actions),
        }
    });
}

/// What is new begins at its top, where its end is told.
fn scrolled(ui: &mut Ui, state: &State, content: impl FnOnce(&mut Ui)) {
    let Keys { task, done, .. } = &state.keys;
    let shown = (state.own.tab == Tab::Own, task.is_some(), done.is_some());
    ScrollArea::vertical().id_salt(shown).auto_shrink(false).show(ui, |ui| {
        page::body(ui, |ui| {
            ui.set_max_width(WIDTH);
            content(ui);
        });
    });
}

fn slots(ui: &mut Ui, state: &State, header: &Header, actions: &mut Actions) {
    bundle_card(ui, state, header);
    ui.add_space(12.0);
    ui.add(Label::large(state.texts.count("keys-slots", header.slots.len())));
    for slot in &header.slots {
        let palette = theme::palette(ui);
        let frame = Frame::new()
            .fill(palette.raised)
            .stroke(Stroke::new(1.0, palette.line))
            .corner_radius(theme::RADIUS)
            .inner_margin(Margin::symmetric(12, 6));
        frame.show(ui, |ui| {
            ui.horizontal(|ui| {
                Icon::Keys.show(ui, 16.0, Tone::Secondary);
                ui.add(Label::body(state.texts.count("keys-slot", slot.number)).strong());
                let lang = state.texts.0;
                let details = format!("{}  ·  {}", slot.kind_words(lang), slot.details_words(lang));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    remove_button(ui, state, slot.number, header.slots.len() > 1, actions);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        ui.add(Label::small(details).secondary());
                    });
                });
            });
        });
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let tasks = [
            (state::Task::Add, "keys-add"),
            (state::Task::Change, "keys-change"),
            (state::Task::Reseal, "keys-reseal"),
        ];
        for (task, id) in tasks {
            if Button::secondary(&state.t(id)).enabled(!state.is_busy()).show(ui) {
                actions.push(action::Action::Keys(Action::Task(Some(task))));
            }
        }
    });
    ui.add(Label::body(state.t("keys-what")).secondary().wrapped());
}

/// The last slot stays: without one nobody could ever open the bundle.
fn remove_button(ui: &mut Ui, state: &State, number: usize, may_go: bool, actions: &mut Actions) {
    let name = state.texts.count("keys-remove-slot", number);
    let why = state.t("keys-last");
    let button = Button::icon_only(Icon::Cross, &name).enabled(may_go && !state.is_busy());
    if button.why(if may_go { &name } else { &why }).show(ui) {
        actions.push(action::Action::Keys(Action::Task(Some(state::Task::Remove(number)))));
    }
}
