//! Whose signatures are trusted, as cards: vendors' keys, and their identities in signatures without one.

use eframe::egui::Ui;
use sealift::{TrustedIdentity, TrustedKey};

use super::own::{card, dates, head, removing, section};
use crate::gui::{
    action::Actions,
    own_keys::{Adding, Which},
    state::State,
    widgets::{Label, digest::words},
};

pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let own = &state.own;
    section(ui, state, "own-vendors", &[(Adding::Vendor, "own-trust")], actions);
    for known in own.vendors() {
        card(ui, |ui| key(ui, state, known, actions));
    }
    if own.vendors().is_empty() {
        ui.add(Label::small(state.t("own-vendors-none")).secondary().wrapped());
    }
    ui.add_space(12.0);
    let ways = [(Adding::VendorIdentity, "own-trust-identity")];
    section(ui, state, "own-vendor-identities", &ways, actions);
    for known in own.vendor_identities() {
        card(ui, |ui| identity(ui, state, known, actions));
    }
    if own.vendor_identities().is_empty() {
        ui.add(Label::small(state.t("own-vendor-identities-none")).secondary().wrapped());
    }
}

fn key(ui: &mut Ui, state: &State, key: &TrustedKey, actions: &mut Actions) {
    let which = Which::Vendor(key.key_id.clone());
    head(ui, state, &key.name, Some(key.public_key.to_pem()), which.clone(), actions);
    ui.scope(|ui| words(ui, state.texts, &key.key_id));
    dates(ui, state, &key.added, "own-trusted-since", key.is_due().then_some("own-vendor-due"));
    removing(ui, state, &which, &key.name, "own-distrust-line", actions);
}

fn identity(ui: &mut Ui, state: &State, known: &TrustedIdentity, actions: &mut Actions) {
    let which = Which::Identity(known.clone());
    head(ui, state, &known.name, None, which.clone(), actions);
    ui.add(Label::body(&known.identity).wrapped().selectable());
    let issuer = [("issuer", known.issuer.clone())];
    ui.add(Label::small(state.texts.with("own-issuer", &issuer)).secondary().wrapped().selectable());
    ui.add(Label::small(state.t("own-trusted-root")).secondary());
    ui.scope(|ui| words(ui, state.texts, &known.trusted_root));
    dates(ui, state, &known.added, "own-trusted-since", None);
    removing(ui, state, &which, &known.name, "own-distrust-identity-line", actions);
}
