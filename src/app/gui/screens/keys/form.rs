//! One key that is being added: its name, where it is or shall be, and what its kind needs besides.

use eframe::egui::Ui;

use super::own::does;
use crate::gui::{
    action::{self, Actions},
    dialog::{Ask, Choose},
    new_passphrase::{Change, Look},
    own_keys::{Action, Adding, Form, Seen},
    state::State,
    theme::Tone,
    widgets::{
        Button, Label, banner,
        digest::{digest, words},
        field,
        new_passphrase::{new_passphrase, second_look},
        password::password,
        path_field::path_field,
    },
};

/// The beginning of the names of its texts.
fn text_id(adding: Adding) -> &'static str {
    match adding {
        Adding::NewIdentity => "add-new-identity",
        Adding::Identity => "add-identity",
        Adding::Recipient => "add-recipient",
        Adding::NewSigningKey => "add-new-signing-key",
        Adding::SigningKey => "add-signing-key",
        Adding::Vendor => "add-vendor",
        Adding::VendorIdentity => "add-vendor-identity",
    }
}

pub(super) fn view(ui: &mut Ui, state: &State, form: &Form, actions: &mut Actions) {
    let id = text_id(form.adding);
    ui.add(Label::large(state.t(id)));
    ui.add(Label::body(state.t(&format!("{id}.line"))).secondary().wrapped());
    if let Some(error) = &state.own.failed {
        banner::error(ui, state.texts, error);
    }
    ui.add_space(4.0);
    let label = state.t("add-name");
    ui.add(Label::body(&label));
    let hint = state.t(&format!("{id}.name"));
    let (_, changed) = field::text(ui, &label, &form.name, &hint, ui.available_width());
    actions.extend(changed.map(|name| does(Action::Name(name))));
    if form.adding == Adding::VendorIdentity {
        identity(ui, state, form, actions);
    }
    let mut is_submitted = address(ui, state, form, actions);
    match form.adding {
        Adding::NewSigningKey => {
            is_submitted |= new_passphrase(ui, state.texts, &form.new, change, actions);
        }
        Adding::SigningKey => {
            let label = state.t("sign-passphrase");
            ui.add(Label::body(&label));
            let hint = state.t("add-signing-key.passphrase");
            let typed = password(ui, state.texts, &label, &hint, &form.passphrase);
            is_submitted |= typed.is_submitted;
            actions.extend(typed.edits.into_iter().map(|edit| does(Action::Passphrase(edit))));
        }
        _ => {}
    }
    if let Some(seen) = &form.seen {
        compare(ui, state, seen);
    }
    let is_ready = form.is_ready() && !state.own.is_working;
    let start = || does(Action::Start);
    if is_ready && form.adding == Adding::NewSigningKey && form.new.look == Look::Second {
        second_look(ui, state.texts, &form.new, change, start, actions);
    }
    ui.add_space(4.0);
    let start_id = match (form.adding, &form.seen) {
        (Adding::NewIdentity | Adding::NewSigningKey, _) => "add-make",
        (Adding::Vendor | Adding::VendorIdentity, None) => "add-show",
        (Adding::Vendor | Adding::VendorIdentity, Some(_)) => "add-trust",
        _ => "keys-add-start",
    };
    ui.horizontal(|ui| {
        let is_pressed = Button::primary(&state.t(start_id)).enabled(is_ready).show(ui);
        if is_pressed || (is_submitted && is_ready && form.seen.is_none()) {
            actions.push(start());
        }
        if Button::secondary(&state.t("cancel")).enabled(!state.own.is_working).show(ui) {
            actions.push(does(Action::Add(None)));
        }
    });
}

/// Who signs without a key, and who vouches for that.
fn identity(ui: &mut Ui, state: &State, form: &Form, actions: &mut Actions) {
    let mut one = |id: &str, text: &str, edit: fn(String) -> Action| {
        let label = state.t(id);
        ui.add(Label::body(&label));
        let hint = state.t(&format!("{id}.hint"));
        let (_, changed) = field::text(ui, &label, text, &hint, ui.available_width());
        actions.extend(changed.map(|text| does(edit(text))));
    };
    one("add-signer", &form.identity, Action::Identity);
    one("add-issuer", &form.issuer, Action::Issuer);
}

/// What is read over the telephone before it is trusted.
fn compare(ui: &mut Ui, state: &State, seen: &Seen) {
    let id = match seen {
        Seen::Key(_) => "add-compare",
        Seen::Root(_) => "add-compare-root",
    };
    banner::banner(ui, Tone::Warn, &state.t(id), |ui| {
        ui.scope(|ui| words(ui, state.texts, &seen.id()));
        ui.scope(|ui| digest(ui, &seen.id()));
        ui.add(Label::small(state.t(&format!("{id}.line"))).secondary().wrapped());
    });
}

/// Where it is or shall be; whether Enter was pressed there.
fn address(ui: &mut Ui, state: &State, form: &Form, actions: &mut Actions) -> bool {
    let id = text_id(form.adding);
    let label = state.t(&format!("{id}.address"));
    ui.add(Label::body(&label));
    let edit = path_field(ui, state.texts, &label, &form.address, &state.t(&format!("{id}.hint")));
    actions.extend(edit.changed.map(|address| does(Action::Address(address))));
    if edit.browse {
        let choose = match form.adding {
            Adding::NewIdentity => Choose::Save { name: "identity.txt".into() },
            Adding::NewSigningKey => Choose::Save { name: "cosign.key".into() },
            _ => Choose::File,
        };
        let then = |paths: Vec<std::path::PathBuf>| {
            let path = paths.into_iter().next().unwrap_or_default();
            does(Action::Address(path.to_string_lossy().into_owned()))
        };
        actions.push(action::Action::Ask(Ask { choose, title: label, then }));
    }
    edit.is_submitted
}

fn change(change: Change) -> action::Action {
    does(Action::New(change))
}
