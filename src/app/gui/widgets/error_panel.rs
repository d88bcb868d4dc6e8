//! An error in full: what happened, the facts, what to do, the code; to be copied as the command line prints it.

use eframe::egui::Ui;
use sealift::Error;

use super::{Button, Label, banner::banner};
use crate::gui::{
    action::{Action, Actions},
    texts::Texts,
    theme::Tone,
};

pub(crate) fn error_panel(ui: &mut Ui, texts: Texts, error: &Error, actions: &mut Actions) {
    banner(ui, Tone::Error, &error.message(texts.0), |ui| {
        for fact in error.facts(texts.0) {
            ui.add(Label::small(fact).secondary().wrapped().selectable());
        }
        if let Some(hint) = texts.hint(error) {
            ui.add(Label::body(texts.with("hint-line", &[("hint", hint)])).wrapped().selectable());
        }
        let code = [("code", error.code().id().to_owned())];
        ui.add(Label::small(texts.with("code-line", &code)).secondary().selectable());
        ui.add_space(4.0);
        if Button::secondary(&texts.t("copy-error")).show(ui) {
            actions.push(Action::Copy(error.render(texts.0)));
        }
    });
}
