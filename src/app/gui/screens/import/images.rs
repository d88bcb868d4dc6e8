//! The images of a run, one row each: where they go and how far they are.

use eframe::egui::{Align, Frame, Layout, Margin, Rect, Role, Sense, Ui, WidgetInfo, vec2};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use super::{
    contents::short,
    plan::{Plan, Planned},
    progress::Stage,
};
use crate::gui::widgets::words;
use crate::gui::{
    figures,
    job::Kind,
    state::State,
    theme::{self, Tone},
    widgets::{Icon, Label},
};

const HEAD_HEIGHT: f32 = 32.0;
const SIZE_WIDTH: f32 = 90.0;
const STAGE_WIDTH: f32 = 190.0;

pub(super) fn table(ui: &mut Ui, state: &State, plan: &Plan) {
    Frame::new().inner_margin(Margin { left: 20, right: 8, top: 0, bottom: 0 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let table = TableBuilder::new(ui)
            .id_salt("run")
            .cell_layout(Layout::left_to_right(Align::Center))
            .auto_shrink(false)
            .column(Width::remainder().at_least(160.0).clip(true))
            .column(Width::exact(SIZE_WIDTH))
            .column(Width::exact(STAGE_WIDTH));
        let table = table.header(HEAD_HEIGHT, |mut head| {
            for id in ["import-column-there", "pack-column-size", "import-column-stage"] {
                head.col(|ui| {
                    ui.add(Label::small(state.t(id)).secondary());
                });
            }
        });
        table.body(|body| {
            body.rows(theme::ROW_HEIGHT, plan.images.len(), |mut row| {
                let image = &plan.images[row.index()];
                view_row(&mut row, state, image);
            });
        });
    });
}

fn view_row(row: &mut TableRow<'_, '_>, state: &State, image: &Planned) {
    let import = &state.import;
    row.col(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.add_space(4.0);
            ui.add(Label::body(image.title()).strong());
            let line = image
                .was()
                .map_or_else(|| short(&image.digest), |was| state.texts.with("import-was", &[("name", was)]));
            ui.add(Label::small(line).secondary());
        });
    });
    row.col(|ui| {
        ui.add(Label::body(figures::bytes(image.size_bytes)));
    });
    row.col(|ui| {
        stage(ui, state, import.progress.stage(image, state.runs(Kind::Restore), import.report.as_ref()));
    });
}

fn stage(ui: &mut Ui, state: &State, stage: Stage) {
    let (icon, tone, id, share) = match stage {
        Stage::Planned => (Icon::Info, Tone::Secondary, "import-stage-planned", None),
        Stage::Waiting => (Icon::History, Tone::Secondary, "import-stage-waiting", None),
        Stage::Checking(share) => (Icon::Search, Tone::Accent, "import-stage-checking", Some(share)),
        Stage::Checked => (Icon::Verify, Tone::Accent, "import-stage-checked", None),
        Stage::Writing(share) => (Icon::Import, Tone::Accent, "import-stage-writing", Some(share)),
        Stage::Written => (Icon::Check, Tone::Ok, "import-stage-written", None),
        Stage::Restored => (Icon::Check, Tone::Ok, "import-stage-restored", None),
        Stage::Failed => (Icon::Cross, Tone::Error, "import-stage-failed", None),
        Stage::NotRestored => (Icon::Stop, Tone::Secondary, "import-stage-not", None),
    };
    icon.show(ui, 16.0, tone);
    ui.add_space(6.0);
    let Some(share) = share else {
        ui.add(Label::body(state.t(id)).tone(tone));
        return;
    };
    ui.vertical(|ui| {
        ui.add_space(9.0);
        ui.add(Label::body(state.t(id)).tone(tone));
        ui.add_space(3.0);
        let (rect, response) = ui.allocate_exact_size(vec2(STAGE_WIDTH - 50.0, 4.0), Sense::hover());
        let name = state.t(id);
        response.widget_info(|| WidgetInfo {
            value: Some(f64::from(share)),
            ..words::named(Role::ProgressIndicator, true, &name)
        });
        let palette = theme::palette(ui);
        ui.painter().rect_filled(rect, theme::BAR_RADIUS, palette.raised);
        let done = Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height()));
        ui.painter().rect_filled(done, theme::BAR_RADIUS, palette.accent);
    });
}
