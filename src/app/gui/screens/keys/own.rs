//! The user's own keys, as cards; below them what is trusted.

use eframe::egui::{Align, Frame, Layout, Margin, Stroke, Ui};
use sealift::{ClientCertificate, KnownKey, KnownKeyKind};

use super::{form, trusted};
use crate::gui::{
    action::{self, Actions},
    own_keys::{Action, Adding, Which},
    state::State,
    theme::{self, Tone},
    widgets::{Button, Icon, Label, banner, digest::words, page::line},
};

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let own = &state.own;
    if let Some(form) = &own.form {
        return form::view(ui, state, form, actions);
    }
    if let Some(error) = &own.failed {
        banner::error(ui, state.texts, error);
    }
    for certificate in own.due_certificates() {
        ending(ui, state, certificate);
        ui.add_space(8.0);
    }
    let kinds = [
        (KnownKeyKind::Recipient, "own-recipients", &[(Adding::Recipient, "own-add-recipient")][..]),
        (
            KnownKeyKind::Identity,
            "own-identities",
            &[(Adding::NewIdentity, "own-new"), (Adding::Identity, "own-import")],
        ),
        (
            KnownKeyKind::Signing,
            "own-signing",
            &[(Adding::NewSigningKey, "own-new"), (Adding::SigningKey, "own-import")],
        ),
    ];
    for (kind, id, ways) in kinds {
        section(ui, state, id, ways, actions);
        let mut is_empty = true;
        for key in own.keys(kind) {
            is_empty = false;
            card(ui, |ui| own_key(ui, state, key, actions));
        }
        if is_empty {
            ui.add(Label::small(state.t(&format!("{id}-none"))).secondary().wrapped());
        }
        ui.add_space(12.0);
    }
    trusted::view(ui, state, actions);
}

/// A client certificate that a registry soon takes no more.
fn ending(ui: &mut Ui, state: &State, certificate: &ClientCertificate) {
    let (id, tone) = if certificate.has_ended() {
        ("certificate-ended", Tone::Error)
    } else {
        ("certificate-due", Tone::Warn)
    };
    let args = [("host", certificate.host.clone()), ("day", day(&certificate.ends))];
    banner::banner(ui, tone, &state.texts.with(id, &args), |ui| {
        let path = |path: &std::path::Path| path.display().to_string();
        for path in [path(&certificate.path), path(&certificate.path.with_extension("key"))] {
            ui.add(Label::small(path).secondary().wrapped().selectable());
        }
        ui.add(Label::body(state.t("certificate-line")).secondary().wrapped());
    });
}

/// The day of a moment, as RFC 3339 begins with it.
fn day(moment: &str) -> String {
    moment.split('T').next().unwrap_or_default().to_owned()
}

/// The title of a kind of keys, and the ways to add one.
pub(super) fn section(ui: &mut Ui, state: &State, id: &str, ways: &[(Adding, &str)], actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.add(Label::large(state.t(id)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (adding, text) in ways {
                if Button::secondary(&state.t(text)).enabled(!state.own.is_working).show(ui) {
                    actions.push(does(Action::Add(Some(*adding))));
                }
            }
        });
    });
}

pub(super) fn card(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let palette = theme::palette(ui);
    let frame = Frame::new()
        .fill(palette.raised)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(theme::RADIUS)
        .inner_margin(Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.take_available_width();
        content(ui);
    });
}

fn own_key(ui: &mut Ui, state: &State, key: &KnownKey, actions: &mut Actions) {
    let which = Which::Own(key.kind, key.name.clone());
    // Of a recipient the address is what is handed on.
    let public = key.public.as_ref().or((key.kind == KnownKeyKind::Recipient).then_some(&key.address));
    head(ui, state, &key.name, public.cloned(), which.clone(), actions);
    ui.add(Label::small(&key.address).secondary().wrapped().selectable());
    if key.kind == KnownKeyKind::Identity
        && let Some(public) = &key.public
    {
        ui.add(Label::small(public).secondary().wrapped().selectable());
    }
    if let Some(id) = key.key_id() {
        ui.scope(|ui| words(ui, state.texts, &id));
        let due = if key.is_due() { Some("own-signing-due") } else { None };
        dates(ui, state, &key.added, "own-since", due);
    }
    removing(ui, state, &which, &key.name, "own-remove-line", actions);
}

/// Its name, and what can be done with it.
pub(super) fn head(
    ui: &mut Ui,
    state: &State,
    name: &str,
    public: Option<String>,
    which: Which,
    actions: &mut Actions,
) {
    let name = name.to_owned();
    let args = [("name", name.clone())];
    ui.horizontal(|ui| {
        Icon::Keys.show(ui, 16.0, Tone::Secondary);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let remove = state.texts.with("own-remove", &args);
            if Button::icon_only(Icon::Cross, &remove).enabled(!state.own.is_working).show(ui) {
                actions.push(does(Action::Remove(Some(which))));
            }
            if let Some(public) = public
                && Button::secondary(&state.t("own-copy")).show(ui)
            {
                actions.push(action::Action::Copy(public.into()));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.add(Label::body(&name).strong()));
        });
    });
}

/// The day since when it is in use, and that it is time for the next.
pub(super) fn dates(ui: &mut Ui, state: &State, added: &str, id: &str, due: Option<&str>) {
    ui.add(Label::small(state.texts.with(id, &[("day", day(added))])).secondary());
    if let Some(due) = due {
        banner::remark(ui, Tone::Warn, &state.t(due));
    }
}

/// The question before it goes.
pub(super) fn removing(
    ui: &mut Ui,
    state: &State,
    which: &Which,
    name: &str,
    id: &str,
    actions: &mut Actions,
) {
    if state.own.removing.as_ref() != Some(which) {
        return;
    }
    let title = state.texts.with("own-remove", &[("name", name.to_owned())]);
    banner::banner(ui, Tone::Warn, &title, |ui| {
        ui.add(Label::small(state.t(id)).secondary().wrapped());
        line(ui, |ui| {
            if Button::secondary(&state.t("own-remove-now")).show(ui) {
                actions.push(does(Action::RemoveNow));
            }
            if Button::secondary(&state.t("cancel")).show(ui) {
                actions.push(does(Action::Remove(None)));
            }
        });
    });
}

pub(super) fn does(action: Action) -> action::Action {
    action::Action::Own(action)
}
