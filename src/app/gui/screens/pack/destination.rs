//! The tray's part that says where the bundle goes, how it is split, and whether it will fit.

use eframe::egui::Ui;

use super::{
    Action,
    place::{Place, Seen, Split},
};
use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    figures,
    state::State,
    theme::Tone,
    widgets::{
        Button, Icon, Label, banner::remark, field, focus, page::line, path_field::path_field, tick::tick_box,
    },
};

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let place = &state.pack.place;
    let label = state.t("destination");
    ui.add(Label::body(&label));
    let edit = path_field(ui, state.texts, &label, &place.out, &state.t("pack-out-hint"));
    edit.give_focus(focus::PACK_OUT);
    if edit.is_submitted && state.pack.is_ready() && !state.is_busy() {
        actions.push(action::Action::Pack(Action::Start));
    }
    actions.extend(edit.changed.map(|path| action::Action::Pack(Action::Out(path))));
    if edit.browse {
        let name = state.texts.with("pack-out-name", &[("date", state.today.clone())]);
        actions.push(action::Action::Ask(Ask {
            choose: Choose::Save { name },
            title: state.t("pack-out-title"),
            then: |paths| {
                let path = paths.into_iter().next().unwrap_or_default();
                action::Action::Pack(Action::Out(path.to_string_lossy().into_owned()))
            },
        }));
    }
    drives(ui, state, actions);
    if let Some(seen) = place.seen() {
        found(ui, state, seen, actions);
    }
    split(ui, state, place, actions);
}

/// A removable drive is a destination at one press.
fn drives(ui: &mut Ui, state: &State, actions: &mut Actions) {
    for (place, name) in state.usb.destinations() {
        let text = state.texts.with("pack-to-drive", &[("name", name)]);
        if Button::secondary(&text).icon(Icon::Usb).show(ui) {
            let file = state.texts.with("pack-out-name", &[("date", state.today.clone())]);
            let out = place.join(file).to_string_lossy().into_owned();
            actions.push(action::Action::Pack(Action::Out(out)));
        }
    }
}

/// What was found there: a file of that name, a reason against, or the room there is.
fn found(ui: &mut Ui, state: &State, seen: &Seen, actions: &mut Actions) {
    if let Some(error) = &seen.refused {
        remark(ui, Tone::Error, &error.message(state.texts.0));
        return;
    }
    let is_replacing = state.pack.place.is_replacing;
    if seen.exists {
        remark(ui, Tone::Warn, &state.t(if is_replacing { "place-replacing" } else { "place-exists" }));
        line(ui, |ui| {
            if Button::secondary(&state.t("place-other-name")).show(ui) {
                actions.push(action::Action::Pack(Action::OtherName));
            }
            let id = if is_replacing { "place-keep" } else { "place-replace" };
            if Button::secondary(&state.t(id)).show(ui) {
                actions.push(action::Action::Pack(Action::Replace(!is_replacing)));
            }
        });
    }
    let Some(free) = seen.free_bytes else { return };
    let needed = state.pack.totals.unique_bytes;
    let numbers = [("free", figures::bytes(free)), ("needed", figures::bytes(needed))];
    // What compression saves is known only afterwards.
    let (tone, id) =
        if free >= needed { (Tone::Secondary, "place-fits") } else { (Tone::Warn, "place-may-not-fit") };
    if tone == Tone::Warn {
        remark(ui, tone, &state.texts.with(id, &numbers));
    } else {
        ui.add(Label::small(state.texts.with(id, &numbers)).secondary().wrapped());
    }
}

fn split(ui: &mut Ui, state: &State, place: &Place, actions: &mut Actions) {
    let choices =
        [(Split::OneFile, "split-one"), (Split::Fat32, "split-fat32"), (Split::Custom, "split-custom")];
    let choices = choices.map(|(split, id)| (split, state.t(id)));
    ui.add(Label::small(state.t("split-title")).secondary());
    let chosen = field::segments(ui, place.split, &choices);
    actions.extend(chosen.map(|split| action::Action::Pack(Action::Split(split))));
    let max_file_bytes = place.seen().and_then(|seen| seen.max_file_bytes);
    match place.split {
        Split::OneFile if max_file_bytes.is_some() => {
            ui.add(Label::small(state.t("split-by-itself")).secondary().wrapped());
        }
        Split::OneFile => {}
        Split::Fat32 => drop(ui.add(Label::small(state.t("split-fat32-line")).secondary().wrapped())),
        Split::Custom => {
            let width = ui.available_width();
            let name = state.t("split-custom-name");
            let (_, changed) = field::text(ui, &name, &place.custom, &state.t("split-custom-hint"), width);
            actions.extend(changed.map(|text| action::Action::Pack(Action::Custom(text))));
        }
    }
    let percent = sealift::DRIVE_RECOVERY_PERCENT.to_string();
    let name = state.texts.with("pack-recovery", &[("percent", percent)]);
    ui.horizontal(|ui| {
        if tick_box(ui, &name, place.is_recovering()) {
            actions.push(action::Action::Pack(Action::Recovery(!place.is_recovering())));
        }
        ui.add(Label::body(&name).wrapped());
    });
}
