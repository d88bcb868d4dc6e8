//! Verify: whether a bundle is whole, which anyone can check without its passphrase.

mod mend;
mod report;
mod result;
mod state;

#[cfg(test)]
pub(crate) use mend::{Step, Wanted};
#[cfg(test)]
pub(crate) use state::Verdict;
pub(crate) use state::{Action, Verify};

use eframe::egui::{ScrollArea, Ui};
use sealift::ErrorKind;

use crate::gui::{
    action::{self, Actions},
    job::Kind,
    other_keys::Change,
    standing::is_refusal,
    state::State,
    theme::Tone,
    widgets::{
        Button, Icon, Label, banner,
        bundle_card::bundle_card,
        cell_map::cell_map,
        delivery,
        open_bundle::open_bundle,
        page,
        standing::standing,
        unlock_keys::{Then, unlock_keys},
    },
};

/// Width of what is read.
const WIDTH: f32 = 540.0;

const THEN: Then = Then {
    passphrase: |edit| action::Action::Verify(Action::Passphrase(edit)),
    keys: |change| action::Action::Verify(Action::Keys(change)),
    files: |paths| action::Action::Verify(Action::Keys(Change::Files(paths))),
};

const OPEN: fn(std::path::PathBuf) -> action::Action =
    |path| action::Action::Verify(Action::Open(vec![path]));

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let verify = &state.verify;
    page::head(ui, &state.t("verify-title"), "", |ui| {
        if verify.header.is_some()
            && Button::secondary(&state.t("bundle-other")).enabled(!state.is_busy()).show(ui)
        {
            actions.push(action::Action::Verify(Action::Close));
        }
    });
    let Some(header) = &verify.header else {
        if let Some(error) = &verify.failed {
            page::body(ui, |ui| banner::error(ui, state.texts, error));
        }
        let words = (Icon::Verify, "verify-empty", "verify-empty-line");
        let typed = |path| action::Action::Verify(Action::Path(path));
        return open_bundle(ui, state, words, &verify.path, typed, actions);
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        page::body(ui, |ui| {
            ui.set_max_width(WIDTH);
            let is_running = state.runs(Kind::Verify) || state.runs(Kind::VerifyBlobs);
            if let Some(verdict) = &verify.verdict {
                result::view(ui, state, header, verdict, actions);
            } else {
                bundle_card(ui, state, header);
                ui.add_space(4.0);
                if !is_running {
                    delivery::part(ui, state, header, OPEN, actions);
                }
                standing(ui, state, header, actions);
                ui.add_space(8.0);
                if is_running { running(ui, state) } else { ask(ui, state, actions) }
            }
        });
    });
}

/// With or without the passphrase.
fn ask(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let verify = &state.verify;
    if let Some(error) = &verify.failed {
        banner::error(ui, state.texts, error);
        if error.kind() == ErrorKind::Integrity && !is_refusal(error) {
            mend::view(ui, state, actions);
        }
    } else if verify.is_cancelled {
        ui.horizontal(|ui| {
            Icon::Stop.show(ui, 18.0, Tone::Secondary);
            ui.add(Label::body(state.t("verify-cancelled")).secondary());
        });
    }
    let texts = ("verify-passphrase", "verify-passphrase-hint");
    let slots = verify.header.as_ref().map_or(&[][..], |header| &header.slots);
    let given = (&verify.passphrase, &verify.keys);
    let typed = unlock_keys(ui, state, slots, texts, given, THEN, actions);
    let has_key = verify.has_key();
    ui.add(
        Label::body(state.t(if has_key { "verify-what-blobs" } else { "verify-what" })).secondary().wrapped(),
    );
    ui.add_space(4.0);
    let is_free = !state.is_busy();
    let start = state.t(if has_key { "verify-start-blobs" } else { "verify-start" });
    if Button::primary(&start).enabled(is_free).show(ui) || (typed.is_submitted && is_free) {
        actions.push(action::Action::Verify(Action::Start));
    }
}

fn running(ui: &mut Ui, state: &State) {
    ui.add(Label::large(state.t("verify-running")));
    if state.runs(Kind::VerifyBlobs) {
        ui.add(Label::body(state.t("verify-running-blobs")).secondary().wrapped());
    }
    if let Some(map) = &state.verify.map {
        cell_map(ui, state.texts, map);
    }
}
