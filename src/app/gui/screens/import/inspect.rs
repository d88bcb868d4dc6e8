//! Inspect: what is inside, what it comes to, and what speaks against it.

use eframe::egui::{Align, Frame, Layout, Margin, Sense, Ui, vec2};
use egui_extras::{Column as Width, TableBuilder, TableRow};
use sealift::Platform;

use super::{
    Action,
    contents::{Contents, Inside},
    memory,
};
use crate::gui::{
    action::{self, Actions},
    figures,
    state::State,
    theme::{self, Tone},
    widgets::{Icon, Label, digest::digest, page, standing, tick::tick_box},
};

const HEAD_HEIGHT: f32 = 32.0;
const TICK_WIDTH: f32 = 36.0;
const PLATFORM_WIDTH: f32 = 170.0;
const SIZE_WIDTH: f32 = 90.0;

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let Some(contents) = &state.import.contents else { return };
    page::tray(ui, |ui| {
        memory::refused(ui, state);
        tray(ui, state, contents);
    });
    Frame::new().inner_margin(Margin { left: 16, right: 8, top: 0, bottom: 0 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        table(ui, state, contents, actions);
    });
}

fn table(ui: &mut Ui, state: &State, contents: &Contents, actions: &mut Actions) {
    let selected = &state.import.selected;
    let table = TableBuilder::new(ui)
        .id_salt("contents")
        // Pressed anywhere; the keyboard stops at the box alone.
        .sense(Sense::CLICK)
        .cell_layout(Layout::left_to_right(Align::Center))
        .auto_shrink(false)
        .column(Width::exact(TICK_WIDTH))
        .column(Width::remainder().at_least(160.0).clip(true))
        .column(Width::exact(PLATFORM_WIDTH))
        .column(Width::exact(SIZE_WIDTH));
    let table = table.header(HEAD_HEIGHT, |mut head| {
        head.col(|ui| {
            let is_all = !contents.images.is_empty() && selected.len() == contents.images.len();
            ui.add_space(8.0);
            if tick_box(ui, &state.t("pack-select-all"), is_all) {
                actions.push(action::Action::Import(Action::SelectAll(!is_all)));
            }
        });
        for id in ["pack-column-name", "import-column-platform", "pack-column-size"] {
            head.col(|ui| {
                ui.add(Label::small(state.t(id)).secondary());
            });
        }
    });
    table.body(|body| {
        body.rows(theme::ROW_HEIGHT, contents.images.len(), |mut row| {
            let number = row.index();
            view_row(&mut row, state, number, &contents.images[number], actions);
        });
    });
}

fn view_row(row: &mut TableRow<'_, '_>, state: &State, number: usize, image: &Inside, actions: &mut Actions) {
    let is_selected = state.import.selected.contains(&number);
    row.set_selected(is_selected);
    let mut ticked = false;
    row.col(|ui| {
        ui.add_space(8.0);
        ticked = tick_box(ui, &image.row.title, is_selected);
    });
    row.col(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.add_space(4.0);
            ui.add(Label::body(&image.row.title).strong());
            page::line(ui, |ui| {
                if !image.signed_by.is_empty() {
                    let vendors = sealift::escape(&image.signed_by.join(", ")).to_string();
                    Icon::Verify.show(ui, 13.0, Tone::Ok);
                    ui.add_space(4.0);
                    let text = state.texts.with("import-signed-by", &[("vendors", vendors)]);
                    ui.add(Label::small(text).tone(Tone::Ok));
                    ui.add_space(8.0);
                }
                ui.add(Label::small(&image.row.subtitle).secondary());
            });
        });
    });
    row.col(|ui| {
        let platforms = sealift::escape(&image.row.platforms.join(", ")).to_string();
        if image.runs_here || image.row.platforms.is_empty() {
            ui.add(Label::body(platforms).secondary());
        } else {
            Icon::Warn.show(ui, 16.0, Tone::Warn);
            ui.add_space(6.0);
            ui.add(Label::body(platforms).tone(Tone::Warn));
        }
    });
    row.col(|ui| {
        ui.add(Label::body(figures::bytes(image.row.size_bytes)));
    });
    if ticked || row.response().clicked() {
        actions.push(action::Action::Import(Action::Select { image: number, is_selected: !is_selected }));
    }
}

fn tray(ui: &mut Ui, state: &State, contents: &Contents) {
    let import = &state.import;
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.add(Label::large(state.texts.count("import-contents", contents.images.len())));
    let (sum_bytes, unique_bytes) = import.sizes;
    let facts = [
        ("import-selected", import.selected.len().to_string()),
        ("tray-sum", figures::bytes(sum_bytes)),
        ("tray-written", figures::bytes(unique_bytes)),
        ("report-created", state.zone.moment(&contents.created)),
        ("import-tool", contents.tool.clone()),
    ];
    for (id, value) in facts {
        fact(ui, &state.t(id), &value);
    }
    if let Some(header) = &import.header {
        ui.add_space(4.0);
        ui.add(Label::small(state.t("fingerprint-title")).secondary());
        ui.scope(|ui| digest(ui, &header.fingerprint));
        ui.add(Label::small(state.t("import-fingerprint-line")).secondary().wrapped());
        ui.add_space(4.0);
        ui.add(Label::small(state.t("signatures")).secondary());
        standing::signatures(ui, state, &header.standing.signatures);
        standing::accepted(ui, state.texts, &contents.policies);
    }
    warnings(ui, state, contents);
}

/// A name on the left, its value under it.
pub(super) fn fact(ui: &mut Ui, name: &str, value: &str) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add(Label::small(name).secondary());
        ui.add(Label::body(sealift::escape(value).to_string()).wrapped().selectable());
    });
}

/// What a user should know before going on.
fn warnings(ui: &mut Ui, state: &State, contents: &Contents) {
    let count = |is_so: fn(&Inside) -> bool| contents.images.iter().filter(|image| is_so(image)).count();
    let warned = [
        ("import-warn-platform", count(|image| !image.runs_here && !image.row.platforms.is_empty())),
        ("import-warn-untagged", count(|image| image.names.is_empty())),
        ("import-warn-externals", contents.num_externals),
        ("bundle-copy-damaged", state.import.header.as_ref().map_or(0, |header| header.num_damaged_copies)),
    ];
    for (id, num) in warned.into_iter().filter(|(_, num)| *num > 0) {
        ui.add_space(6.0);
        let args = [("num", num.to_string()), ("host", Platform::host().to_string())];
        warning(ui, &state.texts.with(id, &args));
    }
}

/// A line with the sign of a warning.
pub(super) fn warning(ui: &mut Ui, text: &str) {
    ui.horizontal_top(|ui| {
        Icon::Warn.show(ui, 16.0, Tone::Warn);
        ui.add(Label::small(text).tone(Tone::Warn).wrapped());
    });
}
