//! What lies over the whole window: what a drop will do, and the question before closing.

use eframe::egui::{Align, Area, Id, Key, Layout, Order, Rect, Sense, Ui, UiBuilder, Vec2, vec2};

use super::{
    action::{Action, Actions, Sheet},
    incoming::Hovering,
    job_bar, job_sheet, picker,
    screens::{pack, settings::licences},
    standing::Trust,
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Icon, Label,
        asking::asking,
        empty,
        sheet::{card, sheet},
        standing,
    },
};

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    if let Some(hovering) = state.hovering {
        over(ui, |ui| drop_hint(ui, state, hovering));
    } else if let Some(picker) = &state.picker {
        over(ui, |ui| middle(ui, vec2(640.0, 520.0), |ui| picker::view(ui, state, picker, actions)));
    } else if state.is_closing {
        over(ui, |ui| closing(ui, state, actions));
    } else if let Some(asked) = state.asked.front() {
        over(ui, |ui| asking(ui, state, asked, actions));
    } else if let Some(trusting) = &state.trusting {
        over(ui, |ui| {
            let size = vec2(520.0, 480.0);
            let content = |ui: &mut Ui| standing::trust(ui, state, trusting, actions);
            if sheet(ui, state.texts, &state.t("trust-title"), size, content) {
                actions.push(Action::Trust(Trust::Leave));
            }
        });
    } else if let Some(which) = state.sheet {
        over(ui, |ui| open_sheet(ui, state, which, actions));
    }
}

fn open_sheet(ui: &mut Ui, state: &State, which: Sheet, actions: &mut Actions) {
    let is_closed = match (which, &state.job) {
        (Sheet::Licences, _) => {
            sheet(ui, state.texts, &state.t("settings-licences"), vec2(680.0, 560.0), licences::view)
        }
        (Sheet::Job, Some(job)) => {
            let title = job_bar::title(state.texts, job);
            sheet(ui, state.texts, &title, vec2(560.0, 420.0), |ui| job_sheet::view(ui, state, job, actions))
        }
        (Sheet::Registry, _) => {
            let title = state.t("pack-registry-title");
            sheet(ui, state.texts, &title, vec2(560.0, 500.0), |ui| pack::reference::view(ui, state, actions))
        }
        (Sheet::Job, None) => true,
    };
    if is_closed {
        actions.push(Action::Sheet(None));
    }
}

/// Dims the window and shows `content` over it; nothing beneath gets the pointer or the keyboard.
fn over(ui: &Ui, content: impl FnOnce(&mut Ui)) {
    let rect = ui.max_rect();
    let area = Area::new(Id::unique("overlay")).order(Order::Foreground).fixed_pos(rect.min);
    ui.memory_mut(|memory| memory.set_modal_layer(area.layer()));
    area.show(ui.ctx(), |ui| {
        // Takes clicks, and is no stop for the keyboard.
        ui.allocate_rect(rect, Sense::CLICK | Sense::DRAG);
        ui.painter().rect_filled(rect, 0.0, theme::palette(ui).veil);
        ui.scope_builder(UiBuilder::new().max_rect(rect), content);
    });
}

fn middle(ui: &mut Ui, size: Vec2, content: impl FnOnce(&mut Ui)) {
    let rect = Rect::from_center_size(ui.max_rect().center(), size);
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Center)), content);
}

fn drop_hint(ui: &mut Ui, state: &State, hovering: Hovering) {
    empty::dashed(ui, ui.max_rect().shrink(8.0));
    let (icon, title, line) = match hovering {
        Hovering::Bundle => (Icon::Import, state.t("drop-bundle"), state.t("drop-bundle-line")),
        Hovering::Sources(num) => {
            (Icon::Pack, state.texts.count("drop-sources", num), state.t("drop-sources-line"))
        }
    };
    middle(ui, vec2(520.0, 140.0), |ui| {
        icon.show(ui, 56.0, Tone::Accent);
        ui.add_space(8.0);
        ui.add(Label::title(title));
        ui.add(Label::body(line).secondary());
    });
}

fn closing(ui: &mut Ui, state: &State, actions: &mut Actions) {
    middle(ui, vec2(440.0, 160.0), |ui| {
        card(ui).show(ui, |ui| {
            ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
                ui.add(Label::large(state.t("close-title")));
                ui.add(Label::body(state.t("close-line")).secondary().wrapped());
                ui.add_space(8.0);
                let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
                ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
                    if Button::secondary(&state.t("close-anyway")).show(ui) {
                        actions.push(Action::CloseAnyway(true));
                    }
                    let stay = Button::secondary(&state.t("close-stay")).respond(ui);
                    if stay.clicked() || ui.input(|input| input.key_pressed(Key::Escape)) {
                        actions.push(Action::CloseAnyway(false));
                    }
                });
            });
        });
    });
}
