//! The fields for a passphrase that is being chosen, with its strength, a generator and a second look.

use eframe::egui::{Frame, Margin, Ui};

use sealift::WordList;

use super::{
    Button, Icon, Label, banner, field, focus, page::line, password::password, strength_bar::strength_bar,
};
use crate::gui::{
    action::{Action, Actions},
    new_passphrase::{Change, NewPassphrase},
    texts::Texts,
    theme::{self, Tone},
};

/// Both fields; `then` makes an action of a change. Enter leads from the first to the second; true when it was pressed there.
pub(crate) fn new_passphrase(
    ui: &mut Ui,
    texts: Texts,
    new: &NewPassphrase,
    then: fn(Change) -> Action,
    actions: &mut Actions,
) -> bool {
    let label = texts.t("passphrase");
    ui.horizontal(|ui| {
        ui.add(Label::body(&label));
        ui.with_layout(eframe::egui::Layout::right_to_left(eframe::egui::Align::Center), |ui| {
            if Button::secondary(&texts.t("passphrase-generate")).show(ui) {
                actions.push(then(Change::Generate(WordList::default())));
            }
        });
    });
    let first = password(ui, texts, &label, &texts.t("passphrase-hint"), &new.first);
    first.lead(ui, focus::NEW_PASSPHRASE, focus::NEW_AGAIN);
    actions.extend(first.edits.into_iter().map(|edit| then(Change::First(edit))));
    strength_bar(ui, texts, new.strength);
    if let Some(list) = new.generated.filter(|_| new.first.is_revealed()) {
        generated(ui, texts, (new, list), then, actions);
    }
    let again = texts.t("passphrase-again");
    let second = password(ui, texts, &again, &again, &new.again);
    second.give_focus(focus::NEW_AGAIN);
    actions.extend(second.edits.into_iter().map(|edit| then(Change::Again(edit))));
    line(ui, |ui| {
        ui.set_min_height(16.0);
        let (tone, id) = match () {
            () if new.again.is_empty() => return,
            () if new.is_complete() => (Tone::Ok, "passphrase-match"),
            () => (Tone::Warn, "passphrase-differ"),
        };
        Icon::of_tone(tone).show(ui, 14.0, tone);
        ui.add(Label::small(texts.t(id)).tone(tone));
    });
    second.is_submitted
}

/// The words in full, to be written down: the field is too narrow for them. Others can be drawn, from either list.
fn generated(
    ui: &mut Ui,
    texts: Texts,
    (new, list): (&NewPassphrase, WordList),
    then: fn(Change) -> Action,
    actions: &mut Actions,
) {
    let lists = [(WordList::English, texts.t("words-en")), (WordList::Chinese, texts.t("words-zh-CN"))];
    let pressed = field::segments(ui, list, &lists);
    actions.extend(pressed.map(|list| then(Change::Generate(list))));
    let frame = Frame::new()
        .fill(theme::palette(ui).raised)
        .corner_radius(theme::RADIUS)
        .inner_margin(Margin::symmetric(10, 8));
    frame.show(ui, |ui| {
        ui.take_available_width();
        ui.add(Label::mono(new.first.as_str()).wrapped());
        if list == WordList::Chinese {
            ui.add(Label::small(texts.t("words-zh-CN.line")).tone(Tone::Warn).wrapped());
        }
        ui.add(Label::small(texts.t("passphrase-keep")).secondary().wrapped());
        if Button::secondary(&texts.t("copy")).show(ui) {
            actions.push(then(Change::Copy));
        }
    });
}

/// Asks about a passphrase that is weak or short; `go_on` is what using it as it is comes to.
pub(crate) fn second_look(
    ui: &mut Ui,
    texts: Texts,
    new: &NewPassphrase,
    then: fn(Change) -> Action,
    go_on: impl FnOnce() -> Action,
    actions: &mut Actions,
) {
    let title = if new.is_short() { "passphrase-short-title" } else { "passphrase-weak-title" };
    banner::banner(ui, Tone::Warn, &texts.t(title), |ui| {
        ui.add(Label::small(texts.t("passphrase-weak-line")).secondary().wrapped());
        if Button::secondary(&texts.t("passphrase-generate-one")).show(ui) {
            actions.push(then(Change::Generate(WordList::default())));
        }
        if Button::secondary(&texts.t("passphrase-take")).show(ui) {
            actions.push(then(Change::Take));
            actions.push(go_on());
        }
    });
}
