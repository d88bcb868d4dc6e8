//! A card over the window: a title, content that scrolls, and a way back.

use eframe::egui::{Align, Frame, Key, Layout, Margin, Rect, ScrollArea, Stroke, Ui, UiBuilder, Vec2};

use super::{Button, Icon, Label};
use crate::gui::{texts::Texts, theme};

/// Space between the card and the edge of the window.
const EDGE: f32 = 48.0;

/// The frame of what lies over the window.
pub(crate) fn card(ui: &Ui) -> Frame {
    Frame::new()
        .fill(theme::palette(ui).panel)
        .stroke(Stroke::new(1.0, theme::palette(ui).line))
        .corner_radius(theme::RADIUS)
        .inner_margin(Margin::same(20))
}

/// Shows the card in the middle of `ui`; true when it is to be closed.
pub(crate) fn sheet(
    ui: &mut Ui,
    texts: Texts,
    title: &str,
    size: Vec2,
    content: impl FnOnce(&mut Ui),
) -> bool {
    let window = ui.max_rect();
    let rect = Rect::from_center_size(window.center(), size.min(window.size() - Vec2::splat(EDGE)));
    let mut is_closed = ui.input(|input| input.key_pressed(Key::Escape));
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        card(ui).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    is_closed |= Button::icon_only(Icon::Cross, &texts.t("close")).show(ui);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.add(Label::large(title)));
                });
            });
            ui.add_space(8.0);
            ScrollArea::vertical().auto_shrink([false, true]).show(ui, content);
        });
    });
    is_closed
}
