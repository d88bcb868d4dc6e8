//! USB: a finished bundle is handed over to removable drives: copied, flushed, read back, ejected.

mod card;
mod label;
mod lights;
mod plan;
mod result;
mod state;
mod tray;

#[cfg(test)]
pub(crate) use lights::Lights;
#[cfg(test)]
pub(crate) use plan::Planned;
#[cfg(test)]
pub(crate) use plan::PlannedTarget;
pub(crate) use state::{Action, Usb};

use eframe::egui::{ScrollArea, Ui};
use sealift::LARGE_DRIVE_BYTES;

use crate::gui::{
    action::{self, Actions},
    figures,
    state::State,
    widgets::{Icon, Label, banner, empty, page, tick::tick_box},
};

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let usb = &state.usb;
    page::tray(ui, |ui| tray::view(ui, state, actions));
    let count = state.texts.count("usb-count", usb.drives.len());
    page::head(ui, &state.t("usb-title"), &count, |ui| large(ui, state, actions));
    if let Some(error) = &usb.failed {
        page::body(ui, |ui| banner::error(ui, state.texts, error));
    }
    if usb.report.is_some() {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            page::body(ui, |ui| result::view(ui, state, actions));
        });
    } else if usb.drives.is_empty() && usb.folder.trim().is_empty() {
        empty::plain(ui, Icon::Usb, &state.t("usb-empty"), &state.t("usb-empty-line"));
    } else {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            page::body(ui, |ui| card::cards(ui, state, actions));
        });
    }
}

/// Very large drives are seldom sticks, and are listed only when asked for.
fn large(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let size = figures::bytes(LARGE_DRIVE_BYTES);
    let name = state.texts.with("usb-large", &[("size", size)]);
    ui.add(Label::small(&name).secondary());
    if tick_box(ui, &name, state.usb.all_sizes) {
        actions.push(action::Action::Usb(Action::AllSizes(!state.usb.all_sizes)));
    }
}
