//! The tray: which bundle, how, and the button that starts.

use std::path::PathBuf;

use eframe::egui::{ScrollArea, Ui};
use sealift::{Code, Existing, Order, Share};

use super::{Action, state::Usb};
use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    figures,
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Icon, Label, banner, delivery, digest::words, field, page::line, path_field::path_field,
        tick::tick_box,
    },
};

/// Room for the button and why it cannot be pressed.
const FOOT_HEIGHT: f32 = 80.0;

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    ui.add(Label::large(state.t("usb-tray-title")));
    let height = ui.available_height() - FOOT_HEIGHT;
    ScrollArea::vertical().max_height(height).auto_shrink(false).show(ui, |ui| {
        bundle(ui, state, actions);
        if state.usb.report.is_none() {
            ui.add_space(8.0);
            folder(ui, state, actions);
            ui.add_space(8.0);
            options(ui, state, actions);
            planned(ui, state, actions);
        }
    });
    foot(ui, state, actions);
}

fn does(action: Action) -> action::Action {
    action::Action::Usb(action)
}

/// The bundle, or the ways to one.
fn bundle(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let usb = &state.usb;
    let is_free = !state.is_busy();
    let choose = |state: &State| {
        let title = state.t("bundle-choose");
        action::Action::Ask(Ask { choose: Choose::File, title, then: action::Action::Bring })
    };
    let Some(header) = &usb.header else {
        ui.add(Label::body(state.t("usb-bundle-line")).secondary().wrapped());
        if Button::secondary(&state.t("bundle-choose")).icon(Icon::File).enabled(is_free).show(ui) {
            actions.push(choose(state));
        }
        let label = state.t("bundle-path");
        let edit = path_field(ui, state.texts, &label, &usb.path, &label);
        actions.extend(edit.changed.map(|path| does(Action::Path(path))));
        if edit.browse {
            actions.push(choose(state));
        }
        if edit.is_submitted && is_free && !usb.path.trim().is_empty() {
            actions.push(does(Action::Open(vec![PathBuf::from(usb.path.trim())])));
        }
        return;
    };
    ui.add(Label::body(header.file_name()).strong().wrapped());
    let facts = [("size", figures::bytes(header.payload_bytes)), ("volumes", header.num_volumes.to_string())];
    ui.add(Label::small(state.texts.with("usb-bundle-facts", &facts)).secondary());
    ui.add_space(2.0);
    ui.add(Label::small(state.t("fingerprint-phone")).secondary());
    ui.scope(|ui| words(ui, state.texts, &header.fingerprint));
    let open = |path| does(Action::Open(vec![path]));
    delivery::part(ui, state, header, open, actions);
    if Button::secondary(&state.t("bundle-other")).enabled(is_free).show(ui) {
        actions.push(does(Action::Close));
    }
}

/// A folder beside the drives: a share, or a disk that is not removable.
fn folder(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let label = state.t("usb-folder");
    ui.add(Label::body(&label));
    let edit = path_field(ui, state.texts, &label, &state.usb.folder, &state.t("usb-folder-hint"));
    actions.extend(edit.changed.map(|folder| does(Action::Folder(folder))));
    if edit.browse {
        let then = |paths: Vec<PathBuf>| {
            let folder = paths.into_iter().next().unwrap_or_default();
            does(Action::Folder(folder.to_string_lossy().into_owned()))
        };
        actions.push(action::Action::Ask(Ask { choose: Choose::Folder, title: label, then }));
    }
}

fn tick(ui: &mut Ui, name: &str, is_ticked: bool, actions: &mut Actions, then: fn(bool) -> Action) {
    ui.horizontal(|ui| {
        if tick_box(ui, name, is_ticked) {
            actions.push(does(then(!is_ticked)));
        }
        ui.add(Label::body(name).wrapped());
    });
}

fn options(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let usb = &state.usb;
    tick(ui, &state.t("usb-eject"), usb.options.eject, actions, Action::Eject);
    if usb.options.eject && usb.has_more() {
        ui.add(Label::small(state.t("usb-eject-later")).secondary().wrapped());
    }
    tick(ui, &state.t("usb-kit"), !usb.without_kit, actions, Action::Kit);
    if usb.chosen.len() + usize::from(!usb.folder.trim().is_empty()) < 2 {
        return;
    }
    ui.add(Label::small(state.t("usb-several")).secondary());
    let shares = [(Share::Each, state.t("usb-share-each")), (Share::Spread, state.t("usb-share-spread"))];
    let pressed = field::segments(ui, usb.options.share, &shares);
    actions.extend(pressed.map(|share| does(Action::Share(share))));
    let orders = [(Order::Queue, state.t("usb-order-queue")), (Order::AtOnce, state.t("usb-order-at-once"))];
    let pressed = field::segments(ui, usb.options.order, &orders);
    actions.extend(pressed.map(|order| does(Action::Order(order))));
}

/// What the plan needs to be told, or why there is none.
fn planned(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let usb = &state.usb;
    match usb.planned() {
        Some(Ok(planned)) => {
            let (num, bytes) = planned.stale();
            if num > 0 || usb.options.remove_stale {
                let facts = [("num", num.to_string()), ("size", figures::bytes(bytes))];
                let name = state.texts.with("usb-remove-stale", &facts);
                tick(ui, &name, usb.options.remove_stale, actions, Action::RemoveStale);
                for (path, _) in planned.targets.iter().flat_map(|target| &target.stale) {
                    ui.add(Label::small(path.display().to_string()).secondary());
                }
            }
            if !planned.left_out.is_empty() {
                let numbers: Vec<String> = planned.left_out.iter().map(u32::to_string).collect();
                let text = state.texts.with("usb-left-out", &[("volumes", numbers.join(", "))]);
                ui.add(Label::small(text).tone(Tone::Warn).wrapped());
            }
        }
        Some(Err(error)) => {
            banner::error(ui, state.texts, error);
            match error.code() {
                Code::StaleInTheWay => {
                    let name = state.t("usb-remove-those");
                    tick(ui, &name, usb.options.remove_stale, actions, Action::RemoveStale);
                }
                Code::Exists => {
                    let is_replacing = usb.options.existing == Existing::Replace;
                    tick(ui, &state.t("usb-replace"), is_replacing, actions, Action::Replace);
                }
                Code::DoesNotFit if Button::secondary(&state.t("usb-share-spread")).show(ui) => {
                    actions.push(does(Action::Share(Share::Spread)));
                }
                _ => {}
            }
        }
        None => {}
    }
}

fn foot(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let usb: &Usb = &state.usb;
    ui.add_space(8.0);
    let width = ui.available_width();
    if usb.report.is_some() {
        line(ui, |ui| ui.add_space(theme::SMALL + 4.0));
        if Button::primary(&state.t("usb-again")).width(width).show(ui) {
            actions.push(does(Action::Again));
        }
        return;
    }
    let why = if state.is_busy() { Some("pack-why-busy") } else { usb.why_not() };
    let words = why.map(|id| state.t(id)).unwrap_or_default();
    ui.add(Label::small(&words).secondary());
    let start = state.t("usb-start");
    if Button::primary(&start).width(width).enabled(why.is_none()).why(&words).show(ui) {
        actions.push(does(Action::Start));
    }
}
