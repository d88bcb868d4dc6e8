//! One change of a bundle's keys: what is asked for, what it means, and what came of it.

use eframe::egui::Ui;

use super::{Action, state::Task};
use crate::gui::{
    action::{self, Actions},
    bundle::Header,
    dialog::{Ask, Choose},
    new_passphrase::{Change, Look},
    new_recipients::{self, LockedFor},
    other_keys,
    state::State,
    theme::Tone,
    widgets::{
        Button, Icon, Label, banner,
        new_passphrase::{new_passphrase, second_look},
        new_recipients::{Then, locked_for, new_recipients},
        path_field::path_field,
        unlock_keys::{self, unlock_keys},
    },
};

const CURRENT: unlock_keys::Then = unlock_keys::Then {
    passphrase: |edit| action::Action::Keys(Action::Current(edit)),
    keys: |change| action::Action::Keys(Action::Others(change)),
    files: |paths| action::Action::Keys(Action::Others(other_keys::Change::Files(paths))),
};

const RECIPIENTS: Then = Then {
    change: |change| action::Action::Keys(Action::Recipients(change)),
    file: |paths| {
        let path = paths.into_iter().next().unwrap_or_default();
        action::Action::Keys(Action::RecipientFile(path.to_string_lossy().into_owned()))
    },
    folder: |paths| action::Action::Keys(Action::Recipients(new_recipients::Change::share_folder(paths))),
};

fn change(change: Change) -> action::Action {
    action::Action::Keys(Action::New(change))
}

pub(super) fn view(ui: &mut Ui, state: &State, header: &Header, task: Task, actions: &mut Actions) {
    let keys = &state.keys;
    let (title, line, button) = match task {
        Task::Add => ("keys-add", "keys-add-line", "keys-add-start"),
        Task::Change => ("keys-change", "keys-change-line", "keys-change-start"),
        Task::Remove(_) => ("keys-remove", "keys-remove-line", "keys-remove-start"),
        Task::Reseal => ("keys-reseal", "keys-reseal-line", "keys-reseal-start"),
    };
    let number = if let Task::Remove(number) = task { number } else { 0 };
    ui.add(Label::large(state.texts.count(title, number)));
    ui.add(Label::small(header.file_name()).secondary());
    ui.add(Label::body(state.t(line)).secondary().wrapped());
    if let Some(error) = &keys.failed {
        banner::error(ui, state.texts, error);
    }
    ui.add_space(4.0);
    let hint = if task == Task::Change { "keys-current-hint" } else { "keys-any-hint" };
    let given = (&keys.current, &keys.others);
    let typed = unlock_keys(ui, state, &header.slots, ("keys-current", hint), given, CURRENT, actions);
    let mut is_submitted = typed.is_submitted;
    if task.needs_new() {
        ui.add_space(4.0);
        ui.add(Label::body(state.t("keys-new")).strong());
        is_submitted |= new_passphrase(ui, state.texts, &keys.new, change, actions);
        let num_more = usize::from(!keys.new.is_empty());
        new_recipients(ui, state, &keys.recipients, num_more, RECIPIENTS, actions);
    }
    if keys.has_too_many(task) {
        banner::remark(ui, Tone::Warn, &state.t("keys-one"));
    }
    if task == Task::Reseal {
        is_submitted |= out(ui, state, actions);
    }
    limits(ui, state, task, header);
    let is_ready = keys.is_ready() && !state.is_busy();
    let start = || action::Action::Keys(Action::Start);
    if is_ready && task.needs_new() && keys.new.look == Look::Second {
        second_look(ui, state.texts, &keys.new, change, start, actions);
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        if Button::primary(&state.t(button)).enabled(is_ready).show(ui) || (is_submitted && is_ready) {
            actions.push(start());
        }
        if Button::secondary(&state.t("cancel")).enabled(!state.is_busy()).show(ui) {
            actions.push(action::Action::Keys(Action::Task(None)));
        }
    });
    if task != Task::Reseal {
        ui.add(Label::small(state.t("keys-header-only")).secondary().wrapped());
    }
}

/// Where the new bundle is written; whether Enter was pressed there.
fn out(ui: &mut Ui, state: &State, actions: &mut Actions) -> bool {
    let label = state.t("destination");
    ui.add(Label::body(&label));
    let edit = path_field(ui, state.texts, &label, &state.keys.out, &state.t("pack-out-hint"));
    actions.extend(edit.changed.map(|out| action::Action::Keys(Action::Out(out))));
    if edit.browse {
        let name = state.texts.with("pack-out-name", &[("date", state.today.clone())]);
        let then = |paths: Vec<std::path::PathBuf>| {
            let path = paths.into_iter().next().unwrap_or_default();
            action::Action::Keys(Action::Out(path.to_string_lossy().into_owned()))
        };
        let title = state.t("pack-out-title");
        actions.push(action::Action::Ask(Ask { choose: Choose::Save { name }, title, then }));
    }
    edit.is_submitted
}

/// What a change cannot do: copies, other volumes and other parts of the delivery stay as they are.
fn limits(ui: &mut Ui, state: &State, task: Task, header: &Header) {
    let mut lines = Vec::new();
    match task {
        Task::Add => {}
        Task::Reseal => lines.push(state.t("keys-old-bundle-line")),
        Task::Change | Task::Remove(_) => {
            lines.push(state.texts.count("keys-old-copies-line", header.num_volumes as usize));
        }
    }
    if let Some(part) = &header.part {
        let num_others = part.others.len().to_string();
        let args = [("class", state.texts.class(part.class)), ("num", num_others)];
        lines.push(state.texts.with("keys-other-parts", &args));
        if task == Task::Reseal {
            lines.push(state.t("keys-reseal-part"));
        }
    }
    let title = match task {
        Task::Add => "keys-of-one",
        Task::Reseal => "keys-old-bundle",
        Task::Change | Task::Remove(_) => "keys-old-copies",
    };
    if !lines.is_empty() {
        banner::banner(ui, Tone::Warn, &state.t(title), |ui| {
            for line in lines {
                ui.add(Label::body(line).secondary().wrapped());
            }
        });
    }
}

pub(super) fn done(ui: &mut Ui, state: &State, task: Task, locked: &LockedFor) {
    let (id, number) = match task {
        Task::Add => ("keys-added", 0),
        Task::Change => ("keys-changed", 0),
        Task::Remove(number) => ("keys-removed", number),
        Task::Reseal => ("keys-resealed", 0),
    };
    ui.horizontal(|ui| {
        Icon::Check.show(ui, 22.0, Tone::Ok);
        ui.add(Label::large(state.texts.count(id, number)).tone(Tone::Ok));
    });
    if locked.num_keys() > 0 {
        locked_for(ui, state.texts, locked);
    }
    if let Some(header) = &state.keys.header {
        limits(ui, state, task, header);
    }
}
