//! The tray: what the selection comes to, the passphrase, the place, and the one button.

use eframe::egui::{Align, Layout, Sense, Ui, UiBuilder, vec2};
use sealift::PackReport;

use super::{Action, Pack};
use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    figures,
    job::Kind as JobKind,
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Icon, Label,
        digest::digest,
        layer_bar::{self, Kind, Segment},
        page::line,
        password::password,
        path_field::path_field,
    },
};

const BAR_HEIGHT: f32 = 14.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.add(Label::large(state.t("tray-title")));
    if let Some(report) = &pack.report {
        result(ui, state, report, actions);
        return;
    }
    sums(ui, state);
    rule(ui);
    protect(ui, state, actions);
    rule(ui);
    destination(ui, state, actions);

    let rest = ui.available_rect_before_wrap();
    let layout = Layout::bottom_up(Align::LEFT);
    ui.scope_builder(UiBuilder::new().max_rect(rest).layout(layout), |ui| {
        let is_ready = pack.is_ready() && !state.is_busy();
        let why = state.t(why_not(state));
        let width = ui.available_width();
        if Button::primary(&state.t("pack-start")).width(width).enabled(is_ready).why(&why).show(ui) {
            actions.push(action::Action::Pack(Action::Start));
        }
        if !is_ready && !state.runs(JobKind::Pack) {
            ui.add(Label::small(why).secondary().wrapped());
        }
    });
}

/// The first thing that packing still needs.
fn why_not(state: &State) -> &'static str {
    let pack = &state.pack;
    match () {
        () if state.is_busy() => "pack-why-busy",
        () if pack.selected.is_empty() => "pack-why-images",
        () if pack.passphrase.is_empty() => "pack-why-passphrase",
        () if !pack.passphrase.matches(&pack.again) => "pack-why-again",
        () => "pack-why-out",
    }
}

fn rule(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 13.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, (1.0, theme::palette(ui).line));
}

/// `sum of images` beside `shared layers once`, on one scale.
fn sums(ui: &mut Ui, state: &State) {
    let Pack { rows, selected, totals, .. } = &state.pack;
    let counts = [
        ("images", selected.len().to_string()),
        ("layers", totals.num_layers.to_string()),
        ("unique", totals.num_unique_layers.to_string()),
    ];
    ui.add(Label::body(state.texts.with("tray-counts", &counts)).secondary().wrapped());

    ui.add_space(6.0);
    bar_title(ui, &state.t("tray-sum"), totals.sum_bytes);
    let images = selected.iter().filter_map(|row| rows.get(*row));
    let images: Vec<Segment> = images
        .map(|row| Segment { share: figures::share(row.size_bytes, totals.sum_bytes), kind: Kind::Own })
        .collect();
    bar(ui, &images);

    ui.add_space(4.0);
    bar_title(ui, &state.t("tray-written"), totals.unique_bytes);
    let own_bytes = totals.unique_bytes.saturating_sub(totals.shared_bytes);
    let parts = [(totals.shared_bytes, Kind::Shared), (own_bytes, Kind::Own)];
    bar(ui, &parts.map(|(bytes, kind)| Segment { share: figures::share(bytes, totals.sum_bytes), kind }));

    line(ui, |ui| {
        let palette = theme::palette(ui);
        for (color, id) in [(palette.shared, "tray-shared"), (palette.accent, "tray-own")] {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 16.0), Sense::hover());
            ui.painter().rect_filled(rect.shrink2(vec2(0.0, 3.0)), theme::BAR_RADIUS, color);
            ui.add(Label::small(state.t(id)));
        }
        let percent = figures::percent_saved(totals.unique_bytes, totals.sum_bytes);
        if percent > 0 {
            let saved = state.texts.with("tray-saved", &[("percent", percent.to_string())]);
            ui.add(Label::small(saved).tone(Tone::Ok));
        }
    });
}

fn bar_title(ui: &mut Ui, name: &str, num_bytes: u64) {
    line(ui, |ui| {
        ui.add(Label::small(name).secondary());
        ui.add(Label::small(figures::bytes(num_bytes)));
    });
}

fn bar(ui: &mut Ui, segments: &[Segment]) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT), Sense::hover());
    layer_bar::paint(ui, rect, segments, None);
}

fn protect(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    let label = state.t("passphrase");
    ui.add(Label::body(&label));
    let typed = password(ui, state.texts, &label, &state.t("passphrase-hint"), &pack.passphrase);
    actions.extend(typed.edits.into_iter().map(|edit| action::Action::Pack(Action::Passphrase(edit))));
    let again = state.t("passphrase-again");
    let typed = password(ui, state.texts, &again, &again, &pack.again);
    actions.extend(typed.edits.into_iter().map(|edit| action::Action::Pack(Action::Again(edit))));
    line(ui, |ui| {
        ui.set_height(18.0);
        let (tone, id) = match () {
            () if pack.again.is_empty() => return,
            () if pack.passphrase.matches(&pack.again) => (Tone::Ok, "passphrase-match"),
            () => (Tone::Warn, "passphrase-differ"),
        };
        Icon::of_tone(tone).show(ui, 14.0, tone);
        ui.add(Label::small(state.t(id)).tone(tone));
    });
}

fn destination(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let label = state.t("destination");
    ui.add(Label::body(&label));
    let edit = path_field(ui, state.texts, &label, &state.pack.out, &state.t("pack-out-hint"));
    actions.extend(edit.changed.map(|path| action::Action::Pack(Action::Out(path))));
    if edit.browse {
        actions.push(action::Action::Ask(Ask {
            choose: Choose::Save { name: state.t("pack-out-name") },
            title: state.t("pack-out-title"),
            then: |paths| {
                let path = paths.into_iter().next().unwrap_or_default();
                action::Action::Pack(Action::Out(path.to_string_lossy().into_owned()))
            },
        }));
    }
}

fn result(ui: &mut Ui, state: &State, report: &PackReport, actions: &mut Actions) {
    ui.horizontal(|ui| {
        Icon::Check.show(ui, 20.0, Tone::Ok);
        ui.add(Label::body(state.t("packed-title")).strong().tone(Tone::Ok));
    });
    for volume in &report.volumes {
        let path = volume.display().to_string();
        ui.add(Label::small(sealift::escape(&path).to_string()).wrapped().selectable());
    }
    let facts = [
        ("size", figures::bytes(report.bundle_bytes)),
        ("images", report.num_images.to_string()),
        ("percent", figures::percent_saved(report.bundle_bytes, report.sum_bytes).to_string()),
    ];
    ui.add(Label::body(state.texts.with("packed-facts", &facts)).secondary().wrapped());
    rule(ui);
    ui.add(Label::body(state.t("fingerprint-title")));
    ui.scope(|ui| digest(ui, &report.fingerprint));
    ui.add(Label::small(state.t("fingerprint-why")).secondary().wrapped());
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        if Button::secondary(&state.t("copy")).show(ui) {
            actions.push(action::Action::Copy(report.fingerprint.clone()));
        }
        if Button::secondary(&state.t("pack-again")).show(ui) {
            actions.push(action::Action::Pack(Action::Dismiss));
        }
    });
}
