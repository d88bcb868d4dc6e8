//! The table of images: only rows in sight are laid out.

use eframe::egui::{Align, Frame, Layout, Margin, Rect, Role, Sense, Ui, vec2};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use super::{Action, Column, Row, divide, keys::Whose, row::Group};
use crate::gui::widgets::words::{self, PaintsWords};
use crate::gui::{
    action::{self, Actions},
    figures,
    state::State,
    theme,
    widgets::{
        Icon, Label, class_chip,
        icon::square,
        layer_bar::{Kind, Segment, layer_bar},
        tick::tick_box,
    },
};

const HEAD_HEIGHT: f32 = 32.0;
const TICK_WIDTH: f32 = 36.0;
const SIZE_WIDTH: f32 = 90.0;
const CLASS_WIDTH: f32 = class_chip::WIDTH + 20.0;
const BAR_WIDTH: f32 = 196.0;
const BAR_HEIGHT: f32 = 10.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    Frame::new().inner_margin(Margin { left: 16, right: 8, top: 0, bottom: 0 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let mut table = TableBuilder::new(ui)
            .id_salt("images")
            // Pressed anywhere; the keyboard stops at the box alone.
            .sense(Sense::CLICK)
            .cell_layout(Layout::left_to_right(Align::Center))
            .auto_shrink(false)
            .column(Width::exact(TICK_WIDTH))
            .column(Width::remainder().at_least(160.0).clip(true));
        if pack.classes.is_on {
            table = table.column(Width::exact(CLASS_WIDTH));
        }
        let table = table.column(Width::exact(SIZE_WIDTH)).column(Width::exact(BAR_WIDTH));
        let table = table.header(HEAD_HEIGHT, |mut head| {
            head.col(|ui| {
                let is_all =
                    !pack.shown.is_empty() && pack.shown.iter().all(|row| pack.selected.contains(row));
                ui.add_space(8.0);
                if tick_box(ui, &state.t("pack-select-all"), is_all) {
                    actions.push(action::Action::Pack(Action::SelectShown(!is_all)));
                }
            });
            head.col(|ui| sort_head(ui, state, Column::Name, "pack-column-name", actions));
            if pack.classes.is_on {
                head.col(|ui| drop(ui.add(Label::small(state.t("column-class")).secondary())));
            }
            head.col(|ui| sort_head(ui, state, Column::Size, "pack-column-size", actions));
            head.col(|ui| {
                ui.add(Label::small(state.t("pack-column-layers")).secondary());
            });
        });
        table.body(|body| {
            body.rows(theme::ROW_HEIGHT, pack.shown.len(), |mut row| {
                let number = pack.shown[row.index()];
                view_row(&mut row, state, number, &pack.rows[number], actions);
            });
        });
    });
}

fn view_row(row: &mut TableRow<'_, '_>, state: &State, number: usize, image: &Row, actions: &mut Actions) {
    let pack = &state.pack;
    let is_selected = pack.selected.contains(&number);
    row.set_selected(is_selected);
    let mut ticked = false;
    let is_lit = pack.holds_lit(image);
    row.col(|ui| {
        if is_lit {
            // A bar at the row's edge beside the segment that is lit: not colour alone.
            let mark = Rect::from_min_size(ui.max_rect().min, vec2(4.0, theme::ROW_HEIGHT));
            ui.painter().rect_filled(
                mark.shrink2(vec2(0.0, 2.0)),
                theme::BAR_RADIUS,
                theme::palette(ui).warn,
            );
        }
        ui.add_space(8.0);
        ticked = tick_box(ui, &image.title, is_selected);
    });
    row.col(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.add_space(4.0);
            ui.add(Label::body(&image.title).strong());
            ui.add(Label::small(subtitle(state, image)).secondary());
        });
    });
    if pack.classes.is_on {
        row.col(|ui| divide::mark(ui, state, number, image, actions));
    }
    row.col(|ui| {
        ui.add(Label::body(figures::bytes(image.size_bytes)));
    });
    row.col(|ui| {
        let whose = state.pack.classes.whose(image);
        let segments: Vec<Segment> = image.layers.iter().map(|layer| segment(state, whose, *layer)).collect();
        let (bar, clicked) = layer_bar(ui, vec2(BAR_WIDTH - 16.0, BAR_HEIGHT), &segments);
        let name = state.texts.count("pack-layers", image.layers.len());
        bar.widget_info(|| words::named(Role::Image, true, &name));
        let layer = clicked.and_then(|number| image.layers.get(number)).map(|(digest, _)| *digest);
        if layer.is_some() {
            actions.push(action::Action::Pack(Action::Light(layer)));
        }
    });
    let response = row.response();
    if ticked || response.clicked() {
        let is_range = response.ctx.input(|input| input.modifiers.shift);
        actions.push(action::Action::Pack(Action::Press { row: number, is_range }));
    }
}

/// Full name, platform and day; and the place it is at, where there are several.
fn subtitle(state: &State, image: &Row) -> String {
    let place = state.pack.told_apart(image).map(|group| match group {
        Group::Engine(transport) => state.t(&format!("dest-{transport}")),
        Group::Files => state.t("pack-from-files"),
        Group::Registry => state.t("pack-from-registry"),
    });
    place.map_or_else(|| image.subtitle.clone(), |place| format!("{}  ·  {place}", image.subtitle))
}

fn segment(state: &State, whose: Whose, (digest, size): (sealift::Digest, u64)) -> Segment {
    let totals = &state.pack.totals;
    let kind = match state.pack.lit {
        Some(lit) if lit == digest => Kind::Lit,
        _ if totals.is_shared(whose, digest) => Kind::Shared,
        _ => Kind::Own,
    };
    Segment { share: figures::share(size, totals.largest_bytes), kind }
}

fn sort_head(ui: &mut Ui, state: &State, column: Column, id: &str, actions: &mut Actions) {
    let palette = theme::palette(ui);
    let (sorted_by, is_reversed) = state.pack.sorted_by;
    let name = state.t(id);
    let galley = ui.painter().laid_out(&name, theme::regular(theme::SMALL), palette.secondary);
    let size = vec2(galley.size().x + 18.0, ui.available_height());
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| words::named(Role::Button, true, &name));
    let ink = if response.hovered() || response.has_focus() { palette.text } else { palette.secondary };
    let end = rect.left() + galley.size().x + 2.0;
    let top = rect.center().y - galley.size().y / 2.0;
    ui.painter().galley_with_override_text_color((rect.left(), top).into(), galley, ink);
    if sorted_by == column {
        let sign = if is_reversed { Icon::Up } else { Icon::Down };
        sign.paint(ui.painter(), square(end, rect.center().y, 14.0), ink);
    }
    if response.clicked() {
        actions.push(action::Action::Pack(Action::SortBy(column)));
    }
}
