//! Inspect: what is inside, what it comes to, and what speaks against it.

use eframe::egui::{Align, Frame, Layout, Margin, ScrollArea, Sense, Ui, vec2};
use egui_extras::{Column as Width, TableBuilder, TableRow};
use sealift::Platform;

use super::{
    Action,
    contents::{Contents, Inside, Part},
    memory,
    step::Step,
};
use crate::gui::{
    action::{self, Actions},
    figures,
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Icon, Label,
        class_chip::{self, class_chip},
        digest::digest,
        page, standing,
        tick::tick_box,
    },
};

const HEAD_HEIGHT: f32 = 32.0;
const TICK_WIDTH: f32 = 36.0;
const PLATFORM_WIDTH: f32 = 170.0;
const SIZE_WIDTH: f32 = 90.0;
const CLASS_WIDTH: f32 = class_chip::WIDTH + 20.0;

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let Some(contents) = &state.import.contents else { return };
    page::tray(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            memory::refused(ui, state);
            tray(ui, state, contents, actions);
        });
    });
    Frame::new().inner_margin(Margin { left: 16, right: 8, top: 0, bottom: 0 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        table(ui, state, contents, actions);
    });
}

fn table(ui: &mut Ui, state: &State, contents: &Contents, actions: &mut Actions) {
    let selected = &state.import.selected;
    let has_classes = contents.parts.iter().any(|part| part.class.is_some());
    let mut table = TableBuilder::new(ui)
        .id_salt("contents")
        // Pressed anywhere; the keyboard stops at the box alone.
        .sense(Sense::CLICK)
        .cell_layout(Layout::left_to_right(Align::Center))
        .auto_shrink(false)
        .column(Width::exact(TICK_WIDTH))
        .column(Width::remainder().at_least(160.0).clip(true));
    let mut ids = vec!["pack-column-name"];
    if has_classes {
        table = table.column(Width::exact(CLASS_WIDTH));
        ids.push("column-class");
    }
    ids.extend(["import-column-platform", "pack-column-size"]);
    let table = table.column(Width::exact(PLATFORM_WIDTH)).column(Width::exact(SIZE_WIDTH));
    let table = table.header(HEAD_HEIGHT, |mut head| {
        head.col(|ui| {
            let is_all = !contents.images.is_empty() && selected.len() == contents.images.len();
            ui.add_space(8.0);
            if tick_box(ui, &state.t("pack-select-all"), is_all) {
                actions.push(action::Action::Import(Action::SelectAll(!is_all)));
            }
        });
        for id in ids {
            head.col(|ui| {
                ui.add(Label::small(state.t(id)).secondary());
            });
        }
    });
    table.body(|body| {
        body.rows(theme::ROW_HEIGHT, contents.images.len(), |mut row| {
            let number = row.index();
            view_row(&mut row, state, contents, number, actions);
        });
    });
}

fn view_row(
    row: &mut TableRow<'_, '_>,
    state: &State,
    contents: &Contents,
    number: usize,
    actions: &mut Actions,
) {
    let image = &contents.images[number];
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
                    let vendors = image.signed_by.join(", ");
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
    if let Some(class) = contents.class(image) {
        row.col(|ui| drop(class_chip(ui, state.texts, class)));
    }
    row.col(|ui| {
        let platforms = image.row.platforms.join(", ");
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

fn tray(ui: &mut Ui, state: &State, contents: &Contents, actions: &mut Actions) {
    let import = &state.import;
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.add(Label::large(state.texts.count("import-contents", contents.images.len())));
    left_out(ui, state, actions);
    let (sum_bytes, unique_bytes) = import.sizes;
    let facts = [
        ("import-selected", import.selected.len().to_string()),
        ("tray-sum", figures::bytes(sum_bytes)),
        ("tray-written", figures::bytes(unique_bytes)),
    ];
    for (id, value) in facts {
        fact(ui, &state.t(id), &value);
    }
    for part in &contents.parts {
        self::part(ui, state, part);
    }
    warnings(ui, state, contents);
}

/// A bundle that is open.
fn part(ui: &mut Ui, state: &State, part: &Part) {
    if let Some(class) = part.class {
        ui.add_space(8.0);
        class_chip(ui, state.texts, class);
    }
    fact(ui, &state.t("report-created"), &state.zone.moment(&part.created));
    fact(ui, &state.t("import-tool"), &part.tool);
    ui.add_space(4.0);
    ui.add(Label::small(state.t("fingerprint-title")).secondary());
    ui.scope(|ui| digest(ui, &part.fingerprint));
    ui.add(Label::small(state.t("import-fingerprint-line")).secondary().wrapped());
    ui.add_space(4.0);
    ui.add(Label::small(state.t("signatures")).secondary());
    let header = state.import.bundles.all.iter().find(|header| header.path == part.path);
    let signatures = header.map_or(&[][..], |header| &header.standing.signatures);
    standing::signatures(ui, state, signatures);
    standing::accepted(ui, state.texts, &part.policies);
}

/// Classes that are left out and why, with the way to the keys of those that are locked.
fn left_out(ui: &mut Ui, state: &State, actions: &mut Actions) {
    for (class, stand) in state.import.left_out() {
        let Some(id) = stand.left_out_id() else { continue };
        warning(ui, &state.texts.with(id, &[("class", state.texts.class(class))]));
    }
    if state.import.locked().next().is_some()
        && Button::secondary(&state.t("import-more-keys")).icon(Icon::Keys).enabled(!state.is_busy()).show(ui)
    {
        actions.push(action::Action::Import(Action::Go(Step::Unlock)));
    }
}

/// A name on the left, its value under it.
pub(super) fn fact(ui: &mut Ui, name: &str, value: &str) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add(Label::small(name).secondary());
        ui.add(Label::body(value).wrapped().selectable());
    });
}

/// What a user should know before going on.
fn warnings(ui: &mut Ui, state: &State, contents: &Contents) {
    let count = |is_so: fn(&Inside) -> bool| contents.images.iter().filter(|image| is_so(image)).count();
    let warned = [
        ("import-warn-platform", count(|image| !image.runs_here && !image.row.platforms.is_empty())),
        ("import-warn-untagged", count(|image| image.names.is_empty())),
        ("import-warn-externals", contents.parts.iter().map(|part| part.num_externals).sum()),
        (
            "bundle-copy-damaged",
            state.import.bundles.all.iter().map(|header| header.num_damaged_copies).sum(),
        ),
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
