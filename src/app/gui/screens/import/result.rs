//! Run and Report: the images as they are planned, under way and put back; beside them what it comes to.

use std::path::PathBuf;

use eframe::egui::{ScrollArea, Ui};
use sealift::TagPolicy;

use super::{
    Action, Format, html, images,
    inspect::{fact, warning},
    open_again,
    plan::Plan,
    report::{Ending, Report},
    step::Step,
    target::Place,
};
use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    figures,
    job::Kind,
    state::State,
    theme::Tone,
    widgets::{Button, Icon, Label, banner, digest::digest, page},
};

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let import = &state.import;
    let Some(plan) = &import.plan else { return };
    let report = import.report.as_ref().filter(|_| import.step == Step::Report);
    page::tray(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            match report {
                None => planned(ui, state, plan),
                Some(report) => facts(ui, state, report, actions),
            }
        });
    });
    match report {
        None => {
            let dest = import.target.spec();
            let is_checked_on_its_way =
                dest.is_ok_and(|dest| dest.shows_all_at_once()) && !import.takes_damaged;
            let id = match (state.runs(Kind::Restore), is_checked_on_its_way) {
                (false, false) => "import-plan-line",
                (false, true) => "import-plan-line-sent",
                (true, false) => "import-running-line",
                (true, true) => "import-running-line-sent",
            };
            page::body(ui, |ui| ui.add(Label::body(state.t(id)).secondary().wrapped()));
        }
        Some(report) => page::body(ui, |ui| headline(ui, state, report, actions)),
    }
    images::table(ui, state, plan);
}

/// What the plan comes to.
fn planned(ui: &mut Ui, state: &State, plan: &Plan) {
    let target = &state.import.target;
    ui.add(Label::large(state.t("import-plan-title")));
    let to = target.spec().map(|dest| dest.to_string()).unwrap_or_default();
    fact(ui, &state.t("report-to"), &to);
    fact(ui, &state.t("report-images"), &plan.images.len().to_string());
    fact(ui, &state.t("import-needed"), &figures::bytes(plan.needed_bytes));
    if let Some(free_bytes) = plan.free_bytes {
        fact(ui, &state.t("import-free"), &figures::bytes(free_bytes));
    }
    let (what, id) = match (target.place(), target.occupied) {
        (Place::Path, TagPolicy::Overwrite) => ("import-existing", "import-existing-replace"),
        (Place::Path, _) => ("import-existing", "import-existing-keep"),
        (_, TagPolicy::Refuse) => ("import-tags", "import-tags-refuse"),
        (_, TagPolicy::Backup) => ("import-tags", "import-tags-backup"),
        (_, TagPolicy::Overwrite) => ("import-tags", "import-tags-overwrite"),
    };
    fact(ui, &state.t(what), &state.t(id));
    for check in &plan.checks {
        ui.add_space(4.0);
        let words = check.render(state.texts.0);
        if check.kind.is_warning() {
            warning(ui, &words);
        } else {
            ui.horizontal(|ui| {
                Icon::Check.show(ui, 16.0, Tone::Ok);
                ui.add(Label::body(words).wrapped());
            });
        }
    }
    for notice in &plan.notices {
        ui.add_space(4.0);
        warning(ui, &state.texts.notice(notice));
    }
}

/// How it ended: what is left, and what to do next.
fn headline(ui: &mut Ui, state: &State, report: &Report, actions: &mut Actions) {
    match &report.ending {
        Ending::Done { num_blobs, num_unpacked, .. } => {
            let line = match (num_blobs, num_unpacked) {
                (0, _) => "import-done-line-present",
                (_, 0) => "import-done-line",
                _ => "import-done-line-unpacked",
            };
            result(ui, state, Icon::Check, Tone::Ok, report, line);
            commands(ui, state, report, actions);
        }
        Ending::Cancelled => result(ui, state, Icon::Stop, Tone::Secondary, report, "import-cancelled-line"),
        Ending::Failed(error) => {
            let line =
                if error.may_leave_parts() { "import-failed-line-in-part" } else { "import-failed-line" };
            result(ui, state, Icon::Cross, Tone::Error, report, line);
            ui.add_space(4.0);
            banner::error(ui, state.texts, error);
            if error.kind() == sealift::ErrorKind::Integrity {
                open_again(ui, state, actions);
                let hurt = state.import.hurt();
                let is_some_left = state.import.selected.iter().any(|number| !hurt.contains(number));
                let leave_out = state.t("import-leave-out");
                if !hurt.is_empty()
                    && is_some_left
                    && Button::secondary(&leave_out).enabled(!state.is_busy()).show(ui)
                {
                    actions.push(action::Action::Import(Action::LeaveOutDamaged));
                }
            }
        }
    }
}

fn result(ui: &mut Ui, state: &State, icon: Icon, tone: Tone, report: &Report, line: &str) {
    ui.horizontal(|ui| {
        icon.show(ui, 40.0, tone);
        ui.add_space(4.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add(Label::title(state.t(html::title_id(report))).tone(tone));
            let num = report.images.len();
            ui.add(Label::body(state.texts.count(line, num)).secondary().wrapped());
        });
    });
}

fn facts(ui: &mut Ui, state: &State, report: &Report, actions: &mut Actions) {
    ui.add(Label::large(state.t("import-step-report")));
    for (name, value) in html::facts(state.texts, report) {
        fact(ui, &name, &value);
    }
    ui.add_space(6.0);
    for (format, id) in [(Format::Html, "import-save-html"), (Format::Json, "import-save-json")] {
        if Button::secondary(&state.t(id)).enabled(!state.is_busy()).show(ui) {
            actions.push(ask_where(state, format));
        }
    }
    if let Some(path) = &state.import.saved {
        let path = path.display().to_string();
        ui.add(Label::small(state.texts.with("import-saved", &[("path", path)])).tone(Tone::Ok).wrapped());
    }
    for used in &report.bundles {
        ui.add_space(4.0);
        ui.add(Label::body(html::bundle_title(state.texts, used)).strong());
        for (name, value) in html::of_bundle(state.texts, used) {
            fact(ui, &name, &value);
        }
        ui.add(Label::small(state.t("report-fingerprint")).secondary());
        ui.scope(|ui| digest(ui, &used.part.fingerprint));
    }
    for line in html::left_out(state.texts, report) {
        banner::remark(ui, Tone::Warn, &line);
    }
}

/// What loads the images into an engine, each to be copied.
fn commands(ui: &mut Ui, state: &State, report: &Report, actions: &mut Actions) {
    let commands = report.commands();
    // In an engine or a registry the images are where they belong.
    if commands.is_empty() {
        return;
    }
    ui.add_space(4.0);
    ui.add(Label::small(state.t("import-load")).secondary());
    for command in commands {
        ui.horizontal(|ui| {
            if Button::secondary(&state.t("copy")).show(ui) {
                actions.push(action::Action::Copy((&command).into()));
            }
            ui.add(Label::mono(&command));
        });
    }
}

fn ask_where(state: &State, format: Format) -> action::Action {
    fn save(format: Format, paths: Vec<PathBuf>) -> action::Action {
        action::Action::Import(Action::Save(format, paths.into_iter().next().unwrap_or_default()))
    }
    let (name, then): (_, fn(Vec<PathBuf>) -> action::Action) = match format {
        Format::Html => ("import-report-html", |paths| save(Format::Html, paths)),
        Format::Json => ("import-report-json", |paths| save(Format::Json, paths)),
    };
    let choose = Choose::Save { name: state.t(name) };
    action::Action::Ask(Ask { choose, title: state.t("import-save-title"), then })
}
