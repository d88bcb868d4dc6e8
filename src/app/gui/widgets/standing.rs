//! Who signed a bundle, and what this site's policy says of it.

use eframe::egui::{Ui, vec2};
use sealift::{PolicyReport, SignatureInfo, SignatureState};

use super::{
    Button, Icon, Label, banner, digest, error_panel::error_panel, field, page::line, tick::tick_box,
};
use crate::gui::{
    action::{Action, Actions},
    bundle::Header,
    standing::{self, Trust, Trusting},
    state::State,
    texts::Texts,
    theme::Tone,
};

/// Signatures, with a way to trust a key that nobody here knows; and the refusal, if there is one.
pub(crate) fn standing(ui: &mut Ui, state: &State, header: &Header, actions: &mut Actions) {
    let standing = &header.standing;
    ui.add(Label::small(state.t("signatures")).secondary());
    signatures(ui, state, &standing.signatures);
    for signature in &standing.signatures {
        if let (SignatureState::UnknownKey, Some(key)) = (signature.state, &signature.public_key) {
            ui.scope(|ui| digest::words(ui, state.texts, &key.id()));
            ui.add(Label::small(state.t("signature-anyone")).secondary().wrapped());
            if Button::secondary(&state.t("trust-this")).enabled(!state.is_busy()).show(ui) {
                actions.push(Action::Trust(Trust::Begin(header.places(), key.clone())));
            }
        }
    }
    if let Some(error) = standing.refusal() {
        ui.add_space(4.0);
        error_panel(ui, state.texts, error, actions);
    }
}

/// One line for each signature.
pub(crate) fn signatures(ui: &mut Ui, state: &State, signatures: &[SignatureInfo]) {
    if signatures.is_empty() {
        line(ui, |ui| {
            Icon::Info.show(ui, 14.0, Tone::Secondary);
            ui.add(Label::small(state.t("signatures-none")).secondary().wrapped());
        });
    }
    for signature in signatures {
        let (tone, text) = standing::told(state.texts, signature, |time| state.zone.moment(time));
        banner::remark(ui, tone, &text);
    }
}

/// Which rules an accepted bundle was held against.
pub(crate) fn accepted(ui: &mut Ui, texts: Texts, policies: &[PolicyReport]) {
    for (tone, text) in standing::found(texts, policies) {
        banner::remark(ui, tone, &text);
    }
}

/// The sheet on which a key is trusted.
pub(crate) fn trust(ui: &mut Ui, state: &State, trusting: &Trusting, actions: &mut Actions) {
    let does = Action::Trust;
    ui.add(Label::body(state.t("trust-line")).wrapped());
    ui.add_space(4.0);
    ui.add(Label::small(state.t("fingerprint-phone")).secondary());
    ui.scope(|ui| digest::words(ui, state.texts, &trusting.key.id()));
    ui.add(Label::small(state.t("fingerprint-title")).secondary());
    ui.scope(|ui| digest::digest(ui, &trusting.key.id()));
    ui.add_space(4.0);
    let label = state.t("trust-name");
    ui.add(Label::body(&label));
    let width = ui.available_width();
    let (_, changed) = field::text(ui, &label, &trusting.name, &state.t("trust-name-hint"), width);
    actions.extend(changed.map(|name| does(Trust::Name(name))));
    ui.horizontal(|ui| {
        let name = state.t("trust-compared");
        if tick_box(ui, &name, trusting.is_compared) {
            actions.push(does(Trust::Compared(!trusting.is_compared)));
        }
        ui.add(Label::body(&name).wrapped());
    });
    if let Some(error) = &trusting.failed {
        banner::error(ui, state.texts, error);
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
        if Button::primary(&state.t("trust-start")).enabled(trusting.is_ready()).show(ui) {
            actions.push(does(Trust::Confirm));
        }
        if Button::secondary(&state.t("cancel")).show(ui) {
            actions.push(does(Trust::Leave));
        }
    });
}
