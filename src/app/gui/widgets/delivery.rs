//! That a bundle is part of a delivery, and the way to the other parts.

use std::path::PathBuf;

use eframe::egui::Ui;

use super::{Button, Icon, Label, class_chip::class_chip, page::line};
use crate::gui::{
    action::{Action, Actions},
    bundle::Header,
    state::State,
    theme::Tone,
};

/// Nothing for a bundle of its own; `open` is what opening another part comes to.
pub(crate) fn part(
    ui: &mut Ui,
    state: &State,
    header: &Header,
    open: fn(PathBuf) -> Action,
    actions: &mut Actions,
) {
    let Some(part) = &header.part else { return };
    line(ui, |ui| {
        class_chip(ui, state.texts, part.class);
        ui.add(Label::body(state.t("delivery-part-of")).wrapped());
    });
    for (class, path) in &part.others {
        let named = |id: &str| state.texts.with(id, &[("class", state.texts.class(*class))]);
        match path {
            Some(path) => {
                let text = named("delivery-open-class");
                if Button::secondary(&text).icon(Icon::Right).enabled(!state.is_busy()).show(ui) {
                    actions.push(open(path.clone()));
                }
            }
            None => drop(ui.add(Label::small(named("delivery-missing")).tone(Tone::Warn).wrapped())),
        }
    }
}
