//! The tray when packing has ended: done, failed or cancelled.

use eframe::egui::Ui;
use sealift::{Error, PackReport, Phase};

use super::{
    Action, sign,
    state::End,
    work::{Packed, PackedBundle},
};
use crate::gui::{
    action::{self, Actions, Page},
    figures,
    screens::{usb, verify},
    state::State,
    theme::Tone,
    widgets::{
        Button, Icon, Label, banner,
        class_chip::class_chip,
        digest::{digest, words},
        new_recipients::locked_for,
    },
};

pub(super) fn view(ui: &mut Ui, state: &State, end: &End, actions: &mut Actions) {
    match end {
        End::Done(packed) => done(ui, state, packed, actions),
        End::Failed(error, phase) => failed(ui, state, error, *phase, actions),
        End::Cancelled => cancelled(ui, state, actions),
    }
}

fn title(ui: &mut Ui, icon: Icon, tone: Tone, text: &str) {
    ui.horizontal(|ui| {
        icon.show(ui, 22.0, tone);
        ui.add(Label::large(text).tone(tone).wrapped());
    });
}

fn done(ui: &mut Ui, state: &State, packed: &Packed, actions: &mut Actions) {
    title(ui, Icon::Check, Tone::Ok, &state.t("packed-title"));
    for bundle in &packed.bundles {
        self::bundle(ui, state, bundle, actions);
    }
    ui.add(Label::small(state.t("fingerprint-why")).secondary().wrapped());
    packed.signed.iter().for_each(|name| sign::signed(ui, state, name));
}

/// What to do with what was packed: always in sight, however many bundles are told of above.
pub(super) fn foot(ui: &mut Ui, state: &State, packed: &Packed, actions: &mut Actions) {
    ui.add_space(6.0);
    let width = ui.available_width();
    // Of a delivery those pages lead from one bundle to the next.
    let first = packed.bundles.first().and_then(|bundle| bundle.report.volumes.first());
    let is_free = first.is_some() && !state.is_busy();
    if Button::primary(&state.t("packed-verify")).width(width).enabled(is_free).show(ui)
        && let Some(first) = first
    {
        actions.push(action::Action::Go(Page::Verify));
        actions.push(action::Action::Verify(verify::Action::Open(vec![first.clone()])));
    }
    if Button::secondary(&state.t("packed-usb")).icon(Icon::Usb).width(width).enabled(is_free).show(ui)
        && let Some(first) = first
    {
        actions.push(action::Action::Go(Page::Usb));
        actions.push(action::Action::Usb(usb::Action::Open(vec![first.clone()])));
    }
    let half = (width - ui.spacing().item_spacing.x) / 2.0;
    ui.horizontal(|ui| {
        if Button::secondary(&state.t("packed-folder")).width(half).show(ui) {
            actions.push(action::Action::Pack(Action::OpenFolder));
        }
        if Button::secondary(&state.t("pack-again")).width(half).show(ui) {
            actions.push(action::Action::Pack(Action::Dismiss));
        }
    });
}

/// What was written, whom it is locked for, and what it is told by.
fn bundle(ui: &mut Ui, state: &State, bundle: &PackedBundle, actions: &mut Actions) {
    let report = &bundle.report;
    if let Some(class) = bundle.class {
        ui.add_space(8.0);
        class_chip(ui, state.texts, class);
    }
    let facts = [
        ("size", figures::bytes(report.bundle_bytes)),
        ("images", report.num_images.to_string()),
        ("percent", figures::percent_saved(report.bundle_bytes, report.sum_bytes).to_string()),
    ];
    ui.add(Label::body(state.texts.with("packed-facts", &facts)).wrapped());
    volumes(ui, state, report);
    ui.add_space(6.0);
    locked_for(ui, state.texts, &bundle.locked_for);

    ui.add_space(6.0);
    ui.add(Label::body(state.t("fingerprint-title")).strong());
    ui.scope(|ui| digest(ui, &report.fingerprint));
    ui.add_space(2.0);
    ui.add(Label::body(state.t("fingerprint-phone")).strong());
    ui.scope(|ui| words(ui, state.texts, &report.fingerprint));
    if Button::secondary(&state.t("fingerprint-copy")).show(ui) {
        actions.push(action::Action::Copy((&report.fingerprint).into()));
    }
}

/// The first and, of many, the last file.
fn volumes(ui: &mut Ui, state: &State, report: &PackReport) {
    let mut path = |path: &std::path::Path| {
        let path = path.display().to_string();
        ui.add(Label::small(&path).secondary().wrapped().selectable());
    };
    match report.volumes.as_slice() {
        [] => {}
        [one] => path(one),
        [first, .., last] => {
            path(first);
            path(last);
            ui.add(Label::small(state.texts.count("packed-volumes", report.volumes.len())).secondary());
        }
    }
}

fn failed(ui: &mut Ui, state: &State, error: &Error, phase: Phase, actions: &mut Actions) {
    title(ui, Icon::Cross, Tone::Error, &state.t("pack-failed"));
    let step = state.t(&format!("phase-{}", phase.name()));
    ui.add(Label::body(state.texts.with("failed-step", &[("step", step)])).secondary().wrapped());
    banner::error(ui, state.texts, error);
    ui.add(Label::body(state.t("pack-nothing-left")).wrapped());
    back(ui, state, "pack-back", actions);
}

fn cancelled(ui: &mut Ui, state: &State, actions: &mut Actions) {
    title(ui, Icon::Stop, Tone::Secondary, &state.t("pack-cancelled"));
    ui.add(Label::body(state.t("pack-nothing-left")).wrapped());
    ui.add(Label::body(state.t("pack-cancelled-line")).secondary().wrapped());
    back(ui, state, "pack-back", actions);
}

fn back(ui: &mut Ui, state: &State, id: &str, actions: &mut Actions) {
    ui.add_space(4.0);
    let width = ui.available_width();
    if Button::secondary(&state.t(id)).width(width).show(ui) {
        actions.push(action::Action::Pack(Action::Dismiss));
    }
}
