//! The line of places that images come from: engines, files, registries. A place that was pressed narrows the list.

use eframe::egui::{Align, Align2, Frame, Layout, Margin, Role, Sense, Stroke, StrokeKind, Ui, vec2};

use super::{Action, Filter, row::Group};
use crate::gui::widgets::words::{self, Explained, PaintsWords};
use crate::gui::{
    action::{self, Actions, Sheet},
    state::State,
    theme::{self, Tone},
    widgets::{Button, Icon, Label, banner, icon::square},
};

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    Frame::new().inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 4 }).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for engine in &pack.engines {
                let name = state.t(&format!("dest-{}", engine.transport));
                let group = Group::Engine(engine.transport);
                if let Some(error) = &engine.failed {
                    let is_open = pack.silent == Some(engine.transport);
                    if chip(ui, &name, "", Some(Icon::Warn), is_open, &error.message(state.texts.0)) {
                        let silent = (!is_open).then_some(engine.transport);
                        actions.push(action::Action::Pack(Action::Silent(silent)));
                    }
                } else {
                    let count =
                        if engine.is_reading { "…".into() } else { pack.num_from(group).to_string() };
                    narrowing(ui, state, group, &name, &count, &engine.place, actions);
                }
            }
            for (group, id) in [(Group::Files, "pack-from-files"), (Group::Registry, "pack-from-registry")] {
                let num = pack.num_from(group);
                if num > 0 {
                    let name = state.t(id);
                    narrowing(ui, state, group, &name, &num.to_string(), &name, actions);
                }
            }
            if pack.engines.is_empty() {
                let id = if pack.is_looking { "pack-engines-looking" } else { "pack-engines-none" };
                ui.add(Label::small(state.t(id)).secondary());
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let again = state.t("pack-engines-again");
                if Button::icon_only(Icon::Refresh, &again).enabled(!pack.is_looking).show(ui) {
                    actions.push(action::Action::Pack(Action::LookForEngines));
                }
                if Button::secondary(&state.t("pack-registry")).enabled(!state.is_busy()).show(ui) {
                    actions.push(action::Action::Sheet(Some(Sheet::Registry)));
                }
            });
        });
        let silent = pack.engines.iter().find(|engine| pack.silent == Some(engine.transport));
        if let Some(error) = silent.and_then(|engine| engine.failed.as_ref()) {
            ui.add_space(4.0);
            banner::error(ui, state.texts, error);
        }
    });
}

/// A place with images: pressed, the list shows these alone; pressed again, all.
fn narrowing(
    ui: &mut Ui,
    state: &State,
    group: Group,
    name: &str,
    count: &str,
    about: &str,
    actions: &mut Actions,
) {
    let filter = Filter::From(group);
    let is_chosen = state.pack.filter == filter;
    if chip(ui, name, count, None, is_chosen, about) {
        let filter = if is_chosen { Filter::All } else { filter };
        actions.push(action::Action::Pack(Action::Filter(filter)));
    }
}

/// A name with a count or a sign; whether it was pressed.
fn chip(ui: &mut Ui, name: &str, count: &str, sign: Option<Icon>, is_chosen: bool, about: &str) -> bool {
    const EDGE: f32 = 12.0;
    const GAP: f32 = 6.0;
    const SIGN: f32 = 14.0;
    let palette = theme::palette(ui);
    let text = ui.painter().laid_out(name, theme::regular(theme::BODY), palette.text);
    let number = ui.painter().laid_out(count, theme::regular(theme::SMALL), palette.secondary);
    let tail = if sign.is_some() { SIGN } else { number.size().x };
    let size = vec2(2.0 * EDGE + text.size().x + GAP + tail, theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let label = if sign.is_some() { format!("{name}, {about}") } else { format!("{name} {count}") };
    response.widget_info(|| words::chosen(Role::Button, true, is_chosen, &label));
    let (fill, edge) = match (is_chosen, response.hovered() || response.has_focus()) {
        (true, _) => (palette.selected, palette.accent),
        (false, true) => (palette.hovered, palette.edge),
        (false, false) => (palette.raised, palette.line),
    };
    ui.painter().rect(rect, theme::RADIUS, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    let end = rect.left() + EDGE + text.size().x + GAP;
    let left = |galley_size| Align2::LEFT_CENTER.align_size_within_rect(galley_size, rect).top();
    let (text_top, number_top) = (left(text.size()), left(number.size()));
    ui.painter().galley((rect.left() + EDGE, text_top).into(), text, palette.text);
    match sign {
        Some(sign) => {
            sign.paint(ui.painter(), square(end, rect.center().y, SIGN), Tone::Warn.color(palette));
        }
        None => ui.painter().galley((end, number_top).into(), number, palette.secondary),
    }
    response.explained(about).clicked()
}
