//! Target: the kind of destination, its path, and what images are called there.

use eframe::egui::{Align, Layout, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, vec2};

use sealift::TagPolicy;

use super::{
    Action,
    target::{Place, Rename},
};
use crate::gui::widgets::words;
use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Icon, Label, field, focus,
        login::{Way, login},
        page,
        path_field::path_field,
    },
};

/// Width of what is read and typed.
const WIDTH: f32 = 760.0;
const CARD_HEIGHT: f32 = 108.0;
const CARDS_IN_A_ROW: usize = 4;
const GAP: f32 = 8.0;
const ARROW_WIDTH: f32 = 24.0;
/// Room for the buttons beside a rule.
const RULE_BUTTONS_WIDTH: f32 = 210.0;
/// Height of what is said about a name that is none.
const REMARK_HEIGHT: f32 = 24.0;

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        page::body(ui, |ui| {
            ui.set_max_width(WIDTH);
            ui.add(Label::large(state.t("import-target-kind")));
            kinds(ui, state, actions);
            ui.add_space(8.0);
            place(ui, state, actions);
            ui.add_space(4.0);
            occupied(ui, state, actions);
            ui.add_space(12.0);
            names(ui, state, actions);
        });
    });
}

/// A card for each kind of destination.
fn kinds(ui: &mut Ui, state: &State, actions: &mut Actions) {
    #[expect(clippy::cast_precision_loss, reason = "a few cards")]
    let num = CARDS_IN_A_ROW as f32;
    let width = (ui.available_width() - GAP * (num - 1.0)) / num;
    ui.spacing_mut().item_spacing.y = GAP;
    for transports in sealift::dest_transports().chunks(CARDS_IN_A_ROW) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = GAP;
            for transport in transports {
                if card(ui, state, transport, width) {
                    actions.push(action::Action::Import(Action::Transport(transport)));
                }
            }
        });
    }
}

/// What happens to what stands at the place already.
fn occupied(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let target = &state.import.target;
    let ids = match target.place() {
        Place::Path => {
            ui.add(Label::body(state.t("import-existing")));
            &[(TagPolicy::Refuse, "import-existing-keep"), (TagPolicy::Overwrite, "import-existing-replace")]
                [..]
        }
        Place::None | Place::Namespace | Place::Registry => {
            ui.add(Label::body(state.t("import-tags")));
            &[
                (TagPolicy::Refuse, "import-tags-refuse"),
                (TagPolicy::Backup, "import-tags-backup"),
                (TagPolicy::Overwrite, "import-tags-overwrite"),
            ]
        }
    };
    let choices: Vec<_> = ids.iter().map(|(policy, id)| (*policy, state.t(id))).collect();
    let pressed = field::segments(ui, target.occupied, &choices);
    actions.extend(pressed.map(|policy| action::Action::Import(Action::Occupied(policy))));
}

fn card(ui: &mut Ui, state: &State, transport: &str, width: f32) -> bool {
    let palette = theme::palette(ui);
    let is_chosen = state.import.target.transport == transport;
    let (rect, response) = ui.allocate_exact_size(vec2(width, CARD_HEIGHT), Sense::click());
    let title = state.t(&format!("dest-{transport}"));
    response.widget_info(|| words::chosen(Role::RadioButton, true, is_chosen, &title));
    let (fill, edge) = match (is_chosen, response.hovered() || response.has_focus()) {
        (true, _) => (palette.selected, palette.accent),
        (false, true) => (palette.hovered, palette.edge),
        (false, false) => (palette.raised, palette.line),
    };
    let width = if response.has_focus() { 2.0 } else { 1.0 };
    ui.painter().rect(rect, theme::RADIUS, fill, Stroke::new(width, edge), StrokeKind::Inside);
    let inner =
        UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 10.0))).layout(Layout::top_down(Align::LEFT));
    // A child of its own: the words must not move the place of the next card.
    let mut words = ui.new_child(inner);
    words.spacing_mut().item_spacing.y = 3.0;
    words.add(Label::body(title).strong());
    words.add(Label::small(state.t(&format!("dest-{transport}-line"))).secondary().wrapped());
    response.clicked()
}

/// Where it is: a path, a namespace, a registry, or nothing to say.
fn place(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let target = &state.import.target;
    let (label, hint) = match target.place() {
        Place::Path => return path(ui, state, actions),
        Place::None => return,
        Place::Namespace => ("import-namespace", "import-namespace-hint"),
        Place::Registry => ("import-registry", "import-registry-hint"),
    };
    let label = state.t(label);
    ui.add(Label::body(&label));
    let (_, changed) = field::text(ui, &label, &target.path, &state.t(hint), ui.available_width());
    actions.extend(changed.map(|place| action::Action::Import(Action::Target(place))));
    if target.place() == Place::Registry {
        let then = |change| action::Action::Import(Action::Login(change));
        let is_submitted = login(ui, state, &target.login, Way::To, then, actions);
        if is_submitted && state.import.why_not().is_none() && !state.is_busy() {
            actions.push(action::Action::Import(Action::Next));
        }
    }
}

fn path(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let target = &state.import.target;
    // A layout is a folder, the others are files.
    let is_folder = target.transport == "oci";
    let label = state.t(if is_folder { "import-folder" } else { "import-file" });
    ui.add(Label::body(&label));
    let edit = path_field(ui, state.texts, &state.t("destination"), &target.path, &label);
    edit.give_focus(focus::IMPORT_PATH);
    if edit.is_submitted && state.import.why_not().is_none() && !state.is_busy() {
        actions.push(action::Action::Import(Action::Next));
    }
    actions.extend(edit.changed.map(|path| action::Action::Import(Action::Target(path))));
    if edit.browse {
        let choose =
            if is_folder { Choose::Folder } else { Choose::Save { name: state.t("import-file-name") } };
        actions.push(action::Action::Ask(Ask {
            choose,
            title: label,
            then: |paths| {
                let path = paths.into_iter().next().unwrap_or_default();
                action::Action::Import(Action::Target(path.to_string_lossy().into_owned()))
            },
        }));
    }
}

/// What each selected image is called here and there.
fn names(ui: &mut Ui, state: &State, actions: &mut Actions) {
    ui.add(Label::large(state.t("import-names")));
    ui.add(Label::small(state.t("import-names-line")).secondary().wrapped());
    rule(ui, state, actions);
    let selected = &state.import.selected;
    let renames = state.import.target.renames.iter().enumerate();
    for (number, rename) in renames.filter(|(_, rename)| selected.contains(&rename.image)) {
        let height = theme::CONTROL_HEIGHT + if rename.is_bad() { REMARK_HEIGHT } else { 0.0 };
        let place = ui.allocate_space(vec2(ui.available_width(), height)).1;
        // One more on each side is laid out than can be seen: the keyboard steps to it.
        if ui.is_rect_visible(place.expand2(vec2(0.0, height))) {
            let row = UiBuilder::new().id_salt(number).max_rect(place).layout(Layout::top_down(Align::LEFT));
            name(&mut ui.new_child(row), state, number, rename, actions);
        }
    }
}

/// A rule for many names, typed or out of a file.
fn rule(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let rule = &state.import.target.rule;
    ui.horizontal(|ui| {
        let (apply, file) = (state.t("import-rule-apply"), state.t("import-rule-file"));
        let half = (ui.available_width() - ARROW_WIDTH - RULE_BUTTONS_WIDTH) / 2.0 - 8.0;
        let (from, to) = (state.t("import-rule-from"), state.t("import-rule-to"));
        let (_, changed) = field::text(ui, &from, &rule.from, &state.t("import-rule-from-hint"), half);
        actions.extend(changed.map(|from| action::Action::Import(Action::RuleFrom(from))));
        Icon::Right.show(ui, 16.0, Tone::Secondary);
        let (_, changed) = field::text(ui, &to, &rule.to, &state.t("import-rule-to-hint"), half);
        actions.extend(changed.map(|to| action::Action::Import(Action::RuleTo(to))));
        if Button::secondary(&apply).enabled(rule.is_complete()).show(ui) {
            actions.push(action::Action::Import(Action::ApplyRule));
        }
        if Button::secondary(&file).show(ui) {
            actions.push(action::Action::Ask(Ask {
                choose: Choose::File,
                title: state.t("import-rule-title"),
                then: |paths| {
                    action::Action::Import(Action::Map(paths.into_iter().next().unwrap_or_default()))
                },
            }));
        }
    });
    if let Some(num) = rule.num_changed {
        ui.add(Label::small(state.texts.count("import-mapped", num)).secondary());
    }
}

fn name(ui: &mut Ui, state: &State, number: usize, rename: &Rename, actions: &mut Actions) {
    ui.horizontal(|ui| {
        let half = (ui.available_width() - ARROW_WIDTH) / 2.0 - 8.0;
        ui.allocate_ui(vec2(half, theme::CONTROL_HEIGHT), |ui| {
            ui.set_min_size(vec2(half, theme::CONTROL_HEIGHT));
            ui.centered_and_justified(|ui| {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::body(&rename.from));
                });
            });
        });
        Icon::Right.show(ui, 16.0, Tone::Secondary);
        let label = state.texts.with("import-new-name", &[("name", rename.from.clone())]);
        let (response, changed) = field::text(ui, &label, &rename.to, &state.t("import-name-hint"), half);
        actions.extend(changed.map(|to| action::Action::Import(Action::Rename(number, to))));
        if response.gained_focus() {
            ui.scroll_to_rect(response.rect.expand2(vec2(0.0, theme::ROW_HEIGHT)), None);
        }
        if rename.is_bad() {
            let edge = Stroke::new(1.5, theme::palette(ui).error);
            ui.painter().rect_stroke(response.rect, theme::RADIUS, edge, StrokeKind::Inside);
        }
    });
    if rename.is_bad() {
        ui.add(Label::small(state.t("import-name-bad")).tone(Tone::Error).wrapped());
    }
}
