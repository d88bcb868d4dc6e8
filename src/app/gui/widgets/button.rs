//! Buttons: one primary on a page, secondary ones, and quiet ones that are only an icon.

use eframe::egui::{CornerRadius, Key, Modifiers, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, vec2};

use super::{
    focus,
    icon::{Icon, square},
};
use crate::gui::theme;
use crate::gui::widgets::words::{self, Explained, PaintsWords};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Primary,
    Secondary,
    /// Without a border until it is under the pointer.
    Quiet,
}

/// A button.
#[must_use]
pub(crate) struct Button<'a> {
    text: &'a str,
    icon: Option<Icon>,
    look: Look,
    is_enabled: bool,
    is_icon_only: bool,
    width: Option<f32>,
    why: Option<&'a str>,
}

impl<'a> Button<'a> {
    fn new(text: &'a str, look: Look) -> Self {
        Self { text, icon: None, look, is_enabled: true, is_icon_only: false, width: None, why: None }
    }

    /// The one thing to do on a page.
    pub(crate) fn primary(text: &'a str) -> Self {
        Self::new(text, Look::Primary)
    }

    pub(crate) fn secondary(text: &'a str) -> Self {
        Self::new(text, Look::Secondary)
    }

    /// Only an icon; `text` is its name and its tooltip.
    pub(crate) fn icon_only(icon: Icon, text: &'a str) -> Self {
        Self { icon: Some(icon), is_icon_only: true, ..Self::new(text, Look::Quiet) }
    }

    pub(crate) fn icon(self, icon: Icon) -> Self {
        Self { icon: Some(icon), ..self }
    }

    pub(crate) fn width(self, width: f32) -> Self {
        Self { width: Some(width), ..self }
    }

    pub(crate) fn enabled(self, is_enabled: bool) -> Self {
        Self { is_enabled, ..self }
    }

    /// Why it cannot be pressed, shown when the pointer rests on it.
    pub(crate) fn why(self, why: &'a str) -> Self {
        Self { why: Some(why), ..self }
    }

    fn size(&self, ui: &Ui, text_width: f32) -> Vec2 {
        let height = if self.look == Look::Primary { theme::PRIMARY_HEIGHT } else { theme::CONTROL_HEIGHT };
        if self.is_icon_only {
            return vec2(height, height);
        }
        let icon_width = if self.icon.is_some() { 24.0 } else { 0.0 };
        vec2(
            self.width.unwrap_or(text_width + icon_width + 28.0).min(ui.available_width().max(height)),
            height,
        )
    }

    /// Shows it; true when it was pressed.
    pub(crate) fn show(self, ui: &mut Ui) -> bool {
        self.show_with_response(ui).0
    }

    /// Shows it: whether it was pressed, and its response. Ctrl+Enter presses the primary button from anywhere on
    /// the page, or on what lies over it.
    pub(crate) fn show_with_response(self, ui: &mut Ui) -> (bool, Response) {
        let is_meant = self.look == Look::Primary
            && self.is_enabled
            && ui.is_enabled()
            && focus::is_reachable(ui)
            && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        let response = self.respond(ui);
        (response.clicked() || is_meant, response)
    }

    /// Shows it and gives its response.
    pub(crate) fn respond(self, ui: &mut Ui) -> Response {
        let palette = theme::palette(ui);
        let font =
            if self.look == Look::Primary { theme::strong(theme::BODY) } else { theme::regular(theme::BODY) };
        let galley = ui.painter().laid_out(self.text, font, palette.text);
        let sense = if self.is_enabled { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(self.size(ui, galley.size().x), sense);
        response.widget_info(|| words::named(Role::Button, self.is_enabled, self.text));

        let is_hovered = self.is_enabled && (response.hovered() || response.has_focus());
        let (fill, edge, mut ink) = match self.look {
            Look::Primary if !self.is_enabled => (palette.raised, palette.line, palette.secondary),
            Look::Primary if is_hovered => {
                (palette.accent_hovered, palette.accent_hovered, palette.on_accent)
            }
            Look::Primary => (palette.accent, palette.accent, palette.on_accent),
            Look::Secondary if is_hovered => (palette.hovered, palette.edge, palette.text),
            Look::Secondary => (palette.raised, palette.line, palette.text),
            Look::Quiet if is_hovered => (palette.hovered, palette.hovered, palette.text),
            Look::Quiet => (theme::clear(), theme::clear(), palette.secondary),
        };
        if !self.is_enabled {
            ink = palette.secondary;
        }
        let painter = ui.painter();
        painter.rect(rect, theme::RADIUS, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
        if response.has_focus() {
            let ring = CornerRadius::same(theme::RADIUS.nw + 2);
            painter.rect_stroke(rect.expand(2.0), ring, Stroke::new(2.0, palette.accent), StrokeKind::Middle);
        }
        if self.is_icon_only {
            if let Some(icon) = self.icon {
                icon.paint(painter, rect.shrink(8.0), ink);
            }
        } else {
            let icon_width = if self.icon.is_some() { 24.0 } else { 0.0 };
            let left = rect.center().x - f32::midpoint(galley.size().x, icon_width);
            if let Some(icon) = self.icon {
                icon.paint(painter, square(left, rect.center().y, 16.0), ink);
            }
            let clipped = painter.with_clip_rect(rect.shrink(4.0).intersect(painter.clip_rect()));
            let top = rect.center().y - galley.size().y / 2.0;
            clipped.galley_with_override_text_color((left + icon_width, top).into(), galley, ink);
        }
        let response = match self.why {
            Some(why) if !self.is_enabled => response.explained(why),
            _ if self.is_icon_only => response.explained(self.text),
            _ => response,
        };
        response.on_hover_cursor(eframe::egui::CursorIcon::Default)
    }
}
