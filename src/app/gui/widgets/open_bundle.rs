//! The ways to a bundle: dropped, chosen, or its path typed. What pages show that have none yet.

use std::path::PathBuf;

use eframe::egui::Ui;

use super::{Button, Icon, empty, path_field::path_field};
use crate::gui::{
    action::{Action, Actions},
    dialog::{Ask, Choose},
    state::State,
};

/// An empty page that asks for a bundle; `path` is what was typed, `typed` takes what is typed next.
pub(crate) fn open_bundle(
    ui: &mut Ui,
    state: &State,
    (icon, title, line): (Icon, &str, &str),
    path: &str,
    typed: fn(String) -> Action,
    actions: &mut Actions,
) {
    empty::empty(ui, icon, &state.t(title), &state.t(line), |ui| {
        let title = state.t("bundle-choose");
        let is_pressed = Button::primary(&title).icon(Icon::File).enabled(!state.is_busy()).show(ui);
        let edit = path_field(ui, state.texts, &state.t("bundle-path"), path, &state.t("bundle-path"));
        actions.extend(edit.changed.map(typed));
        if is_pressed || edit.browse {
            actions.push(Action::Ask(Ask { choose: Choose::File, title, then: Action::Bring }));
        }
        if edit.is_submitted && !path.trim().is_empty() {
            actions.push(Action::Bring(vec![PathBuf::from(path.trim())]));
        }
    });
}
