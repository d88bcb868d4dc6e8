//! Text on its way into egui, which takes any string: widgets hand theirs over here and in `label` alone.

#![expect(clippy::disallowed_methods, reason = "takes what is safe to show alone")]

use std::sync::Arc;

use eframe::egui::{
    Align2, Color32, FontId, Galley, Painter, Pos2, Rect, Response, RichText, Role, WidgetInfo,
};
use sealift::Shown;

/// Words that are painted.
pub(crate) trait PaintsWords {
    /// Paints them on one line; comes back with where they are.
    fn words(&self, at: Pos2, align: Align2, words: impl Into<Shown>, font: FontId, color: Color32) -> Rect;

    /// Lays them out on one line, to be measured and painted.
    fn laid_out(&self, words: impl Into<Shown>, font: FontId, color: Color32) -> Arc<Galley>;
}

impl PaintsWords for Painter {
    fn words(&self, at: Pos2, align: Align2, words: impl Into<Shown>, font: FontId, color: Color32) -> Rect {
        self.text(at, align, words.into(), font, color)
    }

    fn laid_out(&self, words: impl Into<Shown>, font: FontId, color: Color32) -> Arc<Galley> {
        self.layout_no_wrap(words.into().into(), font, color)
    }
}

/// What is explained when the pointer rests on it.
pub(crate) trait Explained {
    fn explained(self, words: impl Into<Shown>) -> Self;
}

impl Explained for Response {
    fn explained(self, words: impl Into<Shown>) -> Self {
        self.on_hover_text(String::from(words.into()))
    }
}

/// What a screen reader says of a widget.
pub(crate) fn named(role: Role, is_enabled: bool, name: impl Into<Shown>) -> WidgetInfo {
    WidgetInfo::labeled(role, is_enabled, name.into())
}

/// The same of one that is chosen or not.
pub(crate) fn chosen(role: Role, is_enabled: bool, is_chosen: bool, name: impl Into<Shown>) -> WidgetInfo {
    WidgetInfo::selected(role, is_enabled, is_chosen, name.into())
}

/// What an empty field shows.
pub(crate) fn hint(words: impl Into<Shown>, color: Color32) -> RichText {
    RichText::new(words.into()).color(color)
}
