//! The frame of a page: its title line, and what stands beside it.

use eframe::egui::{Align, Frame, Layout, Margin, Ui};

use super::Label;
use crate::gui::theme;

/// Height of the title line.
const HEAD_HEIGHT: f32 = 32.0;

/// Title and subtitle on the left, `right` from the right edge inwards.
pub(crate) fn head(ui: &mut Ui, title: &str, subtitle: &str, right: impl FnOnce(&mut Ui)) {
    Frame::new().inner_margin(Margin { left: 20, right: 16, top: 16, bottom: 8 }).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(HEAD_HEIGHT);
            ui.add(Label::title(title));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                right(ui);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::body(subtitle).secondary())
                });
            });
        });
    });
}

/// Side by side, only as high as what stands in it; `horizontal` is at least as high as a button.
pub(crate) fn line<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        ui.horizontal(content).inner
    })
    .inner
}

/// What a page says, with its margins.
pub(crate) fn body<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    let margin = Margin { left: 20, right: 16, top: 8, bottom: 16 };
    Frame::new().inner_margin(margin).show(ui, content).inner
}

/// A panel on the right, as wide as a tray.
pub(crate) fn tray<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    eframe::egui::Panel::right("tray")
        .exact_size(theme::TRAY_WIDTH)
        .resizable(false)
        .frame(Frame::new().fill(theme::palette(ui).panel).inner_margin(Margin::same(14)))
        .show(ui, content)
        .inner
}
