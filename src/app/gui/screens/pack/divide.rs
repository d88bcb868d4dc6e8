//! Dividing by sensitivity class: the part of the tray that says how, and the mark in a row of the table.

use eframe::egui::Ui;
use sealift::Class;

use super::{Action, Row, classes::Change, keys::Whose, row::ClassLabel};
use crate::gui::{
    action::{self, Actions},
    state::State,
    theme::Tone,
    widgets::{Label, banner::remark, class_chip::class_button, field, page::line, tick::tick_box},
};

fn does(change: Change) -> action::Action {
    action::Action::Pack(Action::Divide(change))
}

/// The tick; and, once it is set, the mark for all that is selected, and the choice of whose keys stand below.
pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    let name = state.t("pack-divide");
    line(ui, |ui| {
        if tick_box(ui, &name, pack.classes.is_on) {
            actions.push(does(Change::Divide(!pack.classes.is_on)));
        }
        ui.add(Label::body(&name).wrapped());
    });
    if !pack.classes.is_on {
        return;
    }
    ui.add(Label::small(state.t("pack-divide-line")).secondary().wrapped());
    ui.add_space(4.0);
    let marks = pack.marks();
    ui.add(Label::body(state.t("pack-marks")));
    let all = marks.keys().next().copied().filter(|_| marks.len() == 1).flatten();
    let pressed = field::segments(ui, all, &choices(state, Class::ALL));
    actions.extend(pressed.flatten().map(|class| does(Change::Mark(class))));
    let counted = marks.iter().filter_map(|(mark, num)| {
        let counts = [("class", state.texts.class((*mark)?)), ("num", num.to_string())];
        Some(state.texts.with("pack-marked", &counts))
    });
    let counted = counted.collect::<Vec<_>>().join("  ·  ");
    if !counted.is_empty() {
        ui.add(Label::small(counted).secondary().wrapped());
    }
    if let Some(num) = marks.get(&None) {
        remark(ui, Tone::Warn, &state.texts.count("pack-unmarked", *num));
    }
    whose(ui, state, actions);
}

/// The choice of a class whose keys are set, and which have none.
fn whose(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    let bundles = pack.bundles();
    let Some(shown) = pack.shown_keys() else { return };
    ui.add_space(4.0);
    ui.add(Label::body(state.t("pack-keys-of")));
    let pressed = field::segments(ui, shown, &choices(state, bundles.iter().copied().flatten()));
    actions.extend(pressed.flatten().map(|class| does(Change::Keys(class))));
    let is_without = |whose: &&Whose| pack.keys(**whose).why_not().is_some();
    let without: Vec<String> =
        bundles.iter().filter(is_without).flatten().map(|class| state.texts.class(*class)).collect();
    if without.is_empty() {
        remark(ui, Tone::Ok, &state.t("pack-keys-there"));
    } else {
        let text = state.texts.with("pack-keys-missing", &[("classes", without.join(", "))]);
        remark(ui, Tone::Warn, &text);
    }
}

fn choices(state: &State, classes: impl IntoIterator<Item = Class>) -> Vec<(Whose, String)> {
    classes.into_iter().map(|class| (Some(class), state.texts.class(class))).collect()
}

/// The mark of an image; pressed, it goes on to the next.
pub(super) fn mark(ui: &mut Ui, state: &State, number: usize, image: &Row, actions: &mut Actions) {
    let mark = state.pack.mark(image);
    let title = || ("image", image.title.clone());
    let (words, name, otherwise) = if let (None, ClassLabel::Other(label)) = (mark, &image.label) {
        let name = state.texts.with("pack-mark-other", &[title(), ("label", label.clone())]);
        (format!("{label}?"), name, Tone::Warn)
    } else {
        let words = match mark {
            Some(class) => state.texts.class(class),
            None if image.is_artifact() => state.t("pack-mark-with"),
            None => state.t("pack-mark-none"),
        };
        let name = state.texts.with("pack-mark-name", &[title(), ("class", words.clone())]);
        (words, name, Tone::Secondary)
    };
    if class_button(ui, &name, &words, mark, otherwise) {
        actions.push(does(Change::Next(number)));
    }
}
