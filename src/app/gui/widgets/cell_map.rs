//! The records of a bundle as a map of cells; what is damaged differs in shape as well as in colour.

use eframe::egui::{Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui, vec2};
use sealift::{CellState, RecordMap};

use super::{Label, page::line};
use crate::gui::widgets::words::{self, Explained};
use crate::gui::{texts::Texts, theme};

/// Cells of a map at most: what fits into a page in some rows.
pub(crate) const MAX_CELLS: usize = 480;
const SIDE: f32 = 11.0;
const PITCH: f32 = 13.0;

/// The map as wide as there is room, its number of records, and what its signs mean.
pub(crate) fn cell_map(ui: &mut Ui, texts: Texts, map: &RecordMap) {
    let cells = map.cells();
    let (rect, response, columns) = grid(ui, texts, &cells);
    if let Some(at) = response.hover_pos() {
        let hit = (0..cells.len()).find(|number| place(rect, *number, columns).contains(at));
        if let Some(number) = hit {
            let records = map.records_of(number);
            let last = records.end.saturating_sub(1);
            let span = [("first", records.start.to_string()), ("last", last.to_string())];
            let id = if records.start == last { "map-record" } else { "map-records" };
            response.explained(texts.with(id, &span));
        }
    }
    legend(ui, texts, &cells);
}

/// Cells of a map that is no longer there, and what their signs mean.
pub(crate) fn cells(ui: &mut Ui, texts: Texts, cells: &[CellState]) {
    grid(ui, texts, cells);
    legend(ui, texts, cells);
}

/// Paints cells as wide as there is room: where, and how many stand in a row.
fn grid(ui: &mut Ui, texts: Texts, cells: &[CellState]) -> (Rect, Response, usize) {
    #[expect(clippy::cast_sign_loss, reason = "a width is not negative")]
    let columns = ((ui.available_width().max(PITCH) + PITCH - SIDE) / PITCH) as usize;
    let rows = cells.len().div_ceil(columns);
    #[expect(clippy::cast_precision_loss, reason = "some dozens of cells")]
    let size = vec2(columns as f32 * PITCH, rows as f32 * PITCH);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let num_damaged = cells.iter().filter(|cell| **cell == CellState::Damaged).count();
    let name =
        texts.with("map-name", &[("cells", cells.len().to_string()), ("damaged", num_damaged.to_string())]);
    response.widget_info(|| words::named(Role::Image, true, &name));
    for (number, cell) in cells.iter().enumerate() {
        paint(ui, place(rect, number, columns), *cell);
    }
    (rect, response, columns)
}

fn place(map: Rect, number: usize, columns: usize) -> Rect {
    #[expect(clippy::cast_precision_loss, reason = "some dozens of cells")]
    let at = vec2((number % columns) as f32, (number / columns) as f32) * PITCH;
    Rect::from_min_size(map.min + at, vec2(SIDE, SIDE))
}

fn paint(ui: &Ui, rect: Rect, cell: CellState) {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    match cell {
        CellState::Unread => {
            let edge = Stroke::new(1.0, palette.edge);
            painter.rect(rect, theme::BAR_RADIUS, palette.raised, edge, StrokeKind::Inside);
        }
        CellState::Begun => {
            let edge = Stroke::new(1.0, palette.ok);
            painter.rect(rect, theme::BAR_RADIUS, theme::faint(palette.ok), edge, StrokeKind::Inside);
        }
        CellState::Whole => drop(painter.rect_filled(rect, theme::BAR_RADIUS, palette.ok)),
        CellState::Damaged => {
            painter.rect_filled(rect.expand(1.0), 0.0, palette.error);
            let cross = rect.shrink(2.0);
            let ink = Stroke::new(1.8, palette.panel);
            painter.add(Shape::line_segment([cross.left_top(), cross.right_bottom()], ink));
            painter.add(Shape::line_segment([cross.right_top(), cross.left_bottom()], ink));
        }
    }
}

/// The signs that are on the map, with words.
fn legend(ui: &mut Ui, texts: Texts, cells: &[CellState]) {
    line(ui, |ui| {
        for (cell, id) in [
            (CellState::Whole, "map-whole"),
            (CellState::Damaged, "map-damaged"),
            (CellState::Unread, "map-unread"),
        ] {
            if cells.contains(&cell) {
                let (rect, _) = ui.allocate_exact_size(vec2(SIDE, 16.0), Sense::hover());
                paint(ui, Rect::from_center_size(rect.center(), vec2(SIDE, SIDE)), cell);
                ui.add(Label::small(texts.t(id)).secondary());
                ui.add_space(8.0);
            }
        }
    });
}
