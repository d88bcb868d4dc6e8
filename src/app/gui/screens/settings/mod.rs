//! Settings: language, theme, size. Each takes effect at once.

use eframe::egui::Ui;

use crate::gui::{
    action::{Action, Actions},
    settings::{LangChoice, ThemeChoice, ZOOM_RANGE},
    state::State,
    widgets::{Button, Label, field, page},
};

/// One step of the zoom.
const ZOOM_STEP: f32 = 0.1;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    page::head(ui, &state.t("settings-title"), "", |_| {});
    page::body(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        let langs = LangChoice::ALL.map(|choice| (choice, lang_name(state, choice)));
        ui.add(Label::body(state.t("settings-lang")).strong());
        actions.extend(field::segments(ui, state.settings.lang, &langs).map(Action::Lang));
        ui.add_space(12.0);
        let themes = ThemeChoice::ALL.map(|choice| (choice, theme_name(state, choice)));
        ui.add(Label::body(state.t("settings-theme")).strong());
        actions.extend(field::segments(ui, state.settings.theme, &themes).map(Action::Theme));
        ui.add_space(12.0);
        ui.add(Label::body(state.t("settings-zoom")).strong());
        zoom(ui, state, actions);
        ui.add_space(20.0);
        let version = [("version", state.version.to_owned())];
        ui.add(Label::small(state.texts.with("settings-version", &version)).secondary().selectable());
    });
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
