//! Settings: how the app looks, what it begins with, and what helps when it fails. Each takes effect at once.

pub(crate) mod licences;

use eframe::egui::{ScrollArea, Ui, UiBuilder, vec2};

use crate::gui::{
    action::{Action, Actions, Sheet},
    dialog::{Ask, Choose},
    settings::{LangChoice, ThemeChoice, Volume, ZOOM_RANGE},
    state::State,
    theme::Tone,
    widgets::{Button, Label, field, page, path_field::path_field},
};

/// What keys do; their names are in the texts too.
const KEYS: [&str; 8] = [
    "settings-key-pages",
    "settings-key-open",
    "settings-key-search",
    "settings-key-primary",
    "settings-key-cancel",
    "settings-key-row",
    "settings-key-range",
    "settings-key-escape",
];
const KEYS_WIDTH: f32 = 140.0;
const KEYS_HEIGHT: f32 = 18.0;
/// One step of the zoom.
const ZOOM_STEP: f32 = 0.1;
/// Width of what is read and typed.
const WIDTH: f32 = 560.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    page::head(ui, &state.t("settings-title"), "", |_| {});
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        page::body(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            ui.set_max_width(WIDTH);
            appearance(ui, state, actions);
            beginnings(ui, state, actions);
            ui.scope(|ui| keys(ui, state));
            help(ui, state, actions);
            about(ui, state, actions);
        });
    });
}

fn title(ui: &mut Ui, state: &State, id: &str) {
    ui.add_space(4.0);
    ui.add(Label::body(state.t(id)).strong());
}

fn appearance(ui: &mut Ui, state: &State, actions: &mut Actions) {
    title(ui, state, "settings-lang");
    let langs = LangChoice::ALL.map(|choice| (choice, lang_name(state, choice)));
    actions.extend(field::segments(ui, state.settings.lang, &langs).map(Action::Lang));
    title(ui, state, "settings-theme");
    let themes = ThemeChoice::ALL.map(|choice| (choice, theme_name(state, choice)));
    actions.extend(field::segments(ui, state.settings.theme, &themes).map(Action::Theme));
    title(ui, state, "settings-zoom");
    zoom(ui, state, actions);
}

/// A language is called by its own name, so that it is found by who reads only that.
fn lang_name(state: &State, choice: LangChoice) -> String {
    state.t(match choice {
        LangChoice::System => "settings-system",
        LangChoice::ZhCn => "settings-lang-zh",
        LangChoice::En => "settings-lang-en",
    })
}

fn theme_name(state: &State, choice: ThemeChoice) -> String {
    state.t(match choice {
        ThemeChoice::System => "settings-system",
        ThemeChoice::Dark => "settings-dark",
        ThemeChoice::Light => "settings-light",
    })
}

fn zoom(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let zoom = state.settings.zoom;
    let mut step = |ui: &mut Ui, name: &str, by: f32| {
        let next = ((zoom + by) * 10.0).round() / 10.0;
        if Button::secondary(name).width(40.0).enabled(ZOOM_RANGE.contains(&next)).show(ui) {
            actions.push(Action::Zoom(next));
        }
    };
    ui.horizontal(|ui| {
        step(ui, "−", -ZOOM_STEP);
        ui.add_sized([56.0, 32.0], Label::body(format!("{:.0} %", zoom * 100.0)));
        step(ui, "+", ZOOM_STEP);
        ui.add(Label::small(state.t("settings-zoom-keys")).secondary());
    });
}

/// What a new bundle begins with.
fn beginnings(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let label = state.t("settings-folder");
    title(ui, state, "settings-folder");
    let hint = state.t("settings-folder-hint");
    let edit = path_field(ui, state.texts, &label, &state.settings.bundle_folder, &hint);
    actions.extend(edit.changed.map(Action::BundleFolder));
    if edit.browse {
        let then = |paths: Vec<std::path::PathBuf>| {
            let path = paths.into_iter().next().unwrap_or_default();
            Action::BundleFolder(path.to_string_lossy().into_owned())
        };
        actions.push(Action::Ask(Ask { choose: Choose::Folder, title: label, then }));
    }
    title(ui, state, "settings-volume");
    let volumes = Volume::ALL.map(|volume| (volume, state.t(volume.text_id())));
    actions.extend(field::segments(ui, state.settings.volume, &volumes).map(Action::Volume));
    ui.add(Label::small(state.t("settings-volume-line")).secondary().wrapped());
}

/// Keys that work everywhere; without this they would be known only to readers of the manual.
fn keys(ui: &mut Ui, state: &State) {
    title(ui, state, "settings-keys");
    ui.spacing_mut().item_spacing.y = 2.0;
    for id in KEYS {
        ui.horizontal(|ui| {
            let place = ui.allocate_space(vec2(KEYS_WIDTH, KEYS_HEIGHT)).1;
            let mut keys = ui.new_child(UiBuilder::new().max_rect(place).layout(*ui.layout()));
            keys.add(Label::mono(state.t(&format!("{id}.keys"))));
            ui.add(Label::small(state.t(id)).secondary());
        });
    }
}

fn help(ui: &mut Ui, state: &State, actions: &mut Actions) {
    title(ui, state, "settings-logs");
    let logs = state.folders.logs.display().to_string();
    ui.add(Label::small(&logs).secondary().wrapped().selectable());
    ui.horizontal(|ui| {
        if Button::secondary(&state.t("settings-open-folder")).show(ui) {
            actions.push(Action::OpenFolder(state.folders.logs.clone()));
        }
        if Button::secondary(&state.t("settings-copy-path")).show(ui) {
            actions.push(Action::Copy(logs.into()));
        }
        if Button::secondary(&state.t("settings-diagnostics")).show(ui) {
            actions.push(Action::CopyDiagnostics);
        }
    });
    if state.cannot_open {
        ui.add(Label::small(state.t("settings-cannot-open")).tone(Tone::Warn).wrapped());
    }
    ui.add(Label::small(state.t("settings-diagnostics-line")).secondary().wrapped());
}

fn about(ui: &mut Ui, state: &State, actions: &mut Actions) {
    title(ui, state, "settings-about");
    let version = [("version", state.version.to_owned())];
    ui.add(Label::small(state.texts.with("settings-version", &version)).secondary().selectable());
    ui.add(Label::small(state.t("settings-licence")).secondary().wrapped());
    if Button::secondary(&state.t("settings-licences")).show(ui) {
        actions.push(Action::Sheet(Some(Sheet::Licences)));
    }
}
