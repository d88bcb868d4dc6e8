//! Layers as a stacked bar, all bars on one scale.

use eframe::egui::{Pos2, Rect, Response, Sense, Ui, Vec2, vec2};

use crate::gui::theme;

/// How a layer stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only this image brings it.
    Own,
    /// Another selected image brings it too.
    Shared,
    /// The layer the user asked about.
    Lit,
}

/// A layer in a bar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// Part of the bar's width, 0 to 1.
    pub(crate) share: f32,
    pub(crate) kind: Kind,
}

/// A bar of `size`; the segment that was clicked, by its number.
pub(crate) fn layer_bar(ui: &mut Ui, size: Vec2, segments: &[Segment]) -> (Response, Option<usize>) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let pointer = response.interact_pointer_pos().or(response.hover_pos());
    let hit = paint(ui, rect, segments, pointer);
    let clicked = if response.clicked() { hit } else { None };
    (response, clicked)
}

/// Paints the bar into `rect`; the segment under `pointer`.
pub(crate) fn paint(ui: &Ui, rect: Rect, segments: &[Segment], pointer: Option<Pos2>) -> Option<usize> {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    painter.rect_filled(rect, theme::BAR_RADIUS, palette.raised);
    let mut left = rect.left();
    let mut hit = None;
    for (number, segment) in segments.iter().enumerate() {
        let width = segment.share * rect.width();
        let part = Rect::from_min_size(Pos2::new(left, rect.top()), vec2(width, rect.height()));
        let color = match segment.kind {
            Kind::Own => palette.accent,
            Kind::Shared => palette.shared,
            Kind::Lit => palette.warn,
        };
        // A pixel of the track tells neighbours apart; what is thinner stays visible.
        let seen = part.with_max_x((part.right() - 1.0).max(part.left() + 1.0)).intersect(rect);
        painter.rect_filled(seen, theme::BAR_RADIUS, color);
        if pointer.is_some_and(|at| part.x_range().contains(at.x)) {
            hit = Some(number);
        }
        left += width;
    }
    hit
}
