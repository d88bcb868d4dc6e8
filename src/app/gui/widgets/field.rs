//! A line of text to type into, and choices of which one holds.

use eframe::egui::{
    Align2, Key, Margin, Modifiers, Response, Role, Sense, Stroke, StrokeKind, TextEdit, Ui, vec2,
};

use super::{
    focus,
    icon::{Icon, square},
};
use crate::gui::theme;
use crate::gui::widgets::words::{self, PaintsWords};

/// A one-line field called `label`; the new text when it was changed.
pub(crate) fn text(
    ui: &mut Ui,
    label: &str,
    text: &str,
    hint: &str,
    width: f32,
) -> (Response, Option<String>) {
    let mut edited = text.to_owned();
    let palette = theme::palette(ui);
    let field = TextEdit::singleline(&mut edited)
        .id_salt(label)
        .hint_text(words::hint(hint, palette.secondary))
        .font(theme::regular(theme::BODY))
        .margin(Margin::symmetric(10, 6))
        .desired_width(width)
        .align(Align2::LEFT_CENTER)
        .min_size(vec2(width, theme::CONTROL_HEIGHT));
    let response = ui.add_sized(vec2(width, theme::CONTROL_HEIGHT), field).accessible_name(label);
    let changed = response.changed().then_some(edited);
    (response, changed)
}

/// A search field with its sign, which Ctrl+F goes to; the new text when it was changed.
pub(crate) fn search(ui: &mut Ui, hint: &str, text: &str, width: f32) -> Option<String> {
    let (response, changed) = self::text(ui, hint, text, hint, width);
    if focus::is_reachable(ui) && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::F)) {
        response.request_focus();
    }
    if text.is_empty() {
        let rect = response.rect;
        Icon::Search.paint(
            ui.painter(),
            square(rect.right() - 26.0, rect.center().y, 16.0),
            theme::palette(ui).secondary,
        );
    }
    changed
}

/// Choices side by side, one of which holds; the one that was pressed.
pub(crate) fn segments<T: Copy + PartialEq>(ui: &mut Ui, chosen: T, choices: &[(T, String)]) -> Option<T> {
    let mut pressed = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (value, text) in choices {
            let palette = theme::palette(ui);
            let is_chosen = *value == chosen;
            let galley = ui.painter().laid_out(text, theme::regular(theme::BODY), palette.text);
            let size = vec2((galley.size().x + 28.0).max(72.0), theme::CONTROL_HEIGHT);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            response.widget_info(|| words::chosen(Role::RadioButton, true, is_chosen, text));
            let (fill, edge) = match (is_chosen, response.hovered() || response.has_focus()) {
                (true, _) => (palette.selected, palette.accent),
                (false, true) => (palette.hovered, palette.edge),
                (false, false) => (palette.raised, palette.line),
            };
            ui.painter().rect(rect, theme::RADIUS, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
            ui.painter().galley(
                Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min,
                galley,
                palette.text,
            );
            if response.clicked() {
                pressed = Some(*value);
            }
        }
    });
    pressed
}
