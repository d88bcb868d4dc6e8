//! The sheet on which a key's question is answered.

use eframe::egui::{Ui, vec2};
use sealift::Question;

use super::{Button, Label, focus, password::password, sheet::sheet};
use crate::gui::{
    action::{Action, Actions},
    asking::{Asked, Change, What},
    state::State,
};

/// Shows the sheet; closed without an answer, it declines.
pub(crate) fn asking(ui: &mut Ui, state: &State, asked: &Asked, actions: &mut Actions) {
    let title = state.t("ask-title");
    if sheet(ui, state.texts, &title, vec2(480.0, 300.0), |ui| content(ui, state, asked, actions)) {
        actions.push(Action::Asking(Change::Decline));
    }
}

fn content(ui: &mut Ui, state: &State, asked: &Asked, actions: &mut Actions) {
    let named = |id: &str, name: &str| state.texts.with(id, &[("name", name.to_owned())]);
    let (words, line) = match &asked.what {
        What::Secret(Question::IdentityFile(name)) => (named("ask-identity", name), None),
        What::Secret(Question::Pin(token)) => (named("ask-pin", token), Some("ask-pin-line")),
        What::Secret(Question::Plugin(words)) | What::Text(words) => (words.clone(), Some("ask-plugin-line")),
        What::Choice { message, .. } | What::Message(message) => (message.clone(), Some("ask-plugin-line")),
    };
    ui.add(Label::body(&words).strong().wrapped());
    if let Some(line) = line {
        ui.add(Label::small(state.t(line)).secondary().wrapped());
    }
    ui.add_space(4.0);
    let mut is_answered = false;
    if let What::Secret(_) | What::Text(_) = asked.what {
        let typed = password(ui, state.texts, &words, "", &asked.typed);
        typed.give_focus(focus::ANSWER);
        is_answered = typed.is_submitted;
        actions.extend(typed.edits.into_iter().map(|edit| Action::Asking(Change::Typed(edit))));
        ui.add_space(4.0);
    }
    ui.horizontal(|ui| match &asked.what {
        What::Choice { yes, no, .. } => {
            for (word, choice) in [(Some(yes), true), (no.as_ref(), false)] {
                let is_pressed = word.is_some_and(|word| Button::secondary(word).show(ui));
                actions.extend(is_pressed.then_some(Action::Asking(Change::Choose(choice))));
            }
            decline(ui, state, actions);
        }
        What::Message(_) => {
            if Button::secondary(&state.t("close")).show(ui) {
                actions.push(Action::Asking(Change::Answer));
            }
        }
        What::Secret(_) | What::Text(_) => {
            let is_typed = !asked.typed.is_empty();
            if Button::primary(&state.t("ask-ok")).enabled(is_typed).show(ui) || (is_answered && is_typed) {
                actions.push(Action::Asking(Change::Answer));
            }
            decline(ui, state, actions);
        }
    });
}

fn decline(ui: &mut Ui, state: &State, actions: &mut Actions) {
    if Button::secondary(&state.t("cancel")).show(ui) {
        actions.push(Action::Asking(Change::Decline));
    }
}
