//! A box with or without a tick, as tables have it in front of their rows.

use eframe::egui::{Role, Sense, Stroke, StrokeKind, Ui, vec2};

use super::{Icon, focus};
use crate::gui::theme;
use crate::gui::widgets::words::{self, Explained};

const SIDE: f32 = 18.0;

/// A box called `name` that can be pressed; whether it was.
pub(crate) fn tick_box(ui: &mut Ui, name: &str, is_ticked: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::click());
    response.widget_info(|| words::chosen(Role::CheckBox, true, is_ticked, name));
    let palette = theme::palette(ui);
    let (fill, edge) =
        if is_ticked { (palette.accent, palette.accent) } else { (palette.raised, palette.edge) };
    ui.painter().rect(rect.shrink(1.0), 4.0, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    if is_ticked {
        Icon::Check.paint(ui.painter(), rect.shrink(3.0), palette.on_accent);
    }
    focus::mark_in_row(ui, &response);
    response.explained(name).clicked()
}
