//! A message on a page: what happened, the facts, what to do.

use eframe::egui::{Frame, Margin, Stroke, Ui};
use sealift::Error;

use super::{Icon, Label, page::line};
use crate::gui::{
    texts::Texts,
    theme::{self, Tone},
};

/// A message in a frame; `more` adds to it.
pub(crate) fn banner(ui: &mut Ui, tone: Tone, title: &str, more: impl FnOnce(&mut Ui)) {
    let color = tone.color(theme::palette(ui));
    Frame::new()
        .fill(theme::palette(ui).raised)
        .stroke(Stroke::new(1.0, theme::faint(color)))
        .corner_radius(theme::RADIUS)
        .inner_margin(Margin::same(12))
        .show(ui, |ui| {
            ui.horizontal_top(|ui| {
                Icon::of_tone(tone).show(ui, 18.0, tone);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 4.0;
                    ui.add(Label::body(title).strong().wrapped());
                    more(ui);
                });
            });
            ui.take_available_width();
        });
}

/// An error in the library's own words.
pub(crate) fn error(ui: &mut Ui, texts: Texts, error: &Error) {
    banner(ui, Tone::Error, &error.message(texts.0), |ui| {
        for fact in error.facts(texts.0) {
            ui.add(Label::small(fact).secondary().wrapped().selectable());
        }
        if let Some(hint) = texts.hint(error) {
            ui.add(Label::body(hint).wrapped());
        }
        ui.add(Label::small(error.code().id()).secondary());
    });
}

/// A small line with the sign of its tone.
pub(crate) fn remark(ui: &mut Ui, tone: Tone, text: &str) {
    line(ui, |ui| {
        Icon::of_tone(tone).show(ui, 14.0, tone);
        ui.add(Label::small(text).tone(tone).wrapped());
    });
}
