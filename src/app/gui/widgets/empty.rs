//! A page with nothing on it yet: a large place to drop files on, which says what it takes.

use eframe::egui::{Align, Layout, Rect, Shape, Stroke, Ui, UiBuilder, vec2};

use super::{Icon, Label};
use crate::gui::theme::{self, Tone};

/// Width of the texts in the middle.
const WIDTH: f32 = 420.0;

/// Fills what is left of the page; `more` adds buttons and fields under the text.
pub(crate) fn empty(ui: &mut Ui, icon: Icon, title: &str, body: &str, more: impl FnOnce(&mut Ui)) {
    let rect = ui.available_rect_before_wrap().shrink(theme::PAD);
    dashed(ui, rect);
    middle(ui, rect, icon, title, body, more);
}

/// The same without a frame: nothing can be dropped here.
pub(crate) fn plain(ui: &mut Ui, icon: Icon, title: &str, body: &str) {
    let rect = ui.available_rect_before_wrap().shrink(theme::PAD);
    middle(ui, rect, icon, title, body, |_| {});
}

fn middle(ui: &mut Ui, rect: Rect, icon: Icon, title: &str, body: &str, more: impl FnOnce(&mut Ui)) {
    let size = vec2(WIDTH.min(rect.width() - 2.0 * theme::PAD), 240.0);
    let middle = Rect::from_center_size(rect.center(), size.min(rect.size()));
    ui.scope_builder(UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::Center)), |ui| {
        icon.show(ui, 44.0, Tone::Secondary);
        ui.add_space(4.0);
        ui.add(Label::large(title).wrapped());
        ui.add(Label::body(body).secondary().wrapped());
        ui.add_space(8.0);
        more(ui);
    });
}

/// A dashed frame: something may be dropped here.
pub(crate) fn dashed(ui: &Ui, rect: Rect) {
    let stroke = Stroke::new(1.5, theme::palette(ui).edge);
    let corners =
        [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    ui.painter().extend(Shape::dashed_line(&corners, stroke, 6.0, 5.0));
}
