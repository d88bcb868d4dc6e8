//! Whether the passphrase is remembered on this computer: off unless the user ticks it, for one bundle.

use eframe::egui::Ui;

use super::{Action, Import, contents::Contents};
use crate::gui::{
    action::{self, Actions, Effect, Effects},
    bundle::Header,
    keyring::{self, Recalled},
    secret::{Edit, Secret},
    state::State,
    theme::Tone,
    widgets::{Button, Label, tick::tick_box},
};

/// What the keyring has to do with this bundle.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The user wants it remembered.
    pub(crate) is_wanted: bool,
    /// It came from the keyring as it is in the field.
    pub(crate) is_held: bool,
    pub(crate) trouble: Option<Trouble>,
}

/// What the keyring does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// None answers, so nothing is offered.
    Missing,
    /// It answered, and refused to remember or to forget.
    Refused,
}

/// What can happen with it.
#[derive(Debug)]
pub(crate) enum Change {
    /// The keyring's answer for the bundle of this set id.
    Recalled(String, Recalled),
    Want(bool),
    Forget,
    /// Whether it was forgotten.
    Forgotten(bool),
    /// Whether it was remembered.
    Remembered(bool),
}

fn does(change: Change) -> action::Action {
    action::Action::Import(Action::Memory(change))
}

impl Import {
    /// Passphrases of the bundles that are locked may be remembered.
    pub(super) fn recall(&mut self, effects: &mut Effects) {
        self.memory = Memory { trouble: self.memory.trouble, ..Memory::default() };
        for set_id in self.locked().map(|header| header.set_id.clone()) {
            let asked = set_id.clone();
            let then = move |recalled| does(Change::Recalled(asked, recalled));
            effects.push(Effect::RunQuietly(keyring::recall(set_id, then)));
        }
    }

    /// These bundles were opened with `passphrase`, which is remembered if that is wanted and not so yet.
    pub(super) fn remember(&self, opened: &Contents, passphrase: &Secret, effects: &mut Effects) {
        if !self.memory.is_wanted || self.memory.is_held {
            return;
        }
        let is_opened = |header: &&Header| opened.parts.iter().any(|part| part.path == header.path);
        for header in self.bundles.all.iter().filter(is_opened) {
            let then = |is_done| does(Change::Remembered(is_done));
            let work = keyring::remember(header.set_id.clone(), passphrase.duplicate(), then);
            effects.push(Effect::RunQuietly(work));
        }
    }

    pub(super) fn memory_does(&mut self, change: Change, effects: &mut Effects) {
        let locked: Vec<String> = self.locked().map(|header| header.set_id.clone()).collect();
        let memory = &mut self.memory;
        match change {
            // The user was faster, or has opened another bundle.
            Change::Recalled(of, _) if !locked.contains(&of) => {}
            Change::Recalled(_, Recalled::Passphrase(edit)) => {
                if self.passphrase.is_empty() {
                    self.passphrase.apply(edit);
                    (memory.is_wanted, memory.is_held) = (true, true);
                }
            }
            Change::Recalled(_, Recalled::Nothing) => {}
            Change::Recalled(_, Recalled::NoKeyring) => {
                *memory = Memory { trouble: Some(Trouble::Missing), ..Memory::default() };
            }
            Change::Want(is_wanted) => memory.is_wanted = is_wanted,
            Change::Forget => {
                let then = |is_done| does(Change::Forgotten(is_done));
                let forget = |set_id| Effect::RunQuietly(keyring::forget(set_id, then));
                effects.extend(locked.into_iter().map(forget));
            }
            Change::Forgotten(true) => {
                *memory = Memory::default();
                self.passphrase.apply(Edit::Clear);
            }
            Change::Forgotten(false) => memory.trouble = Some(Trouble::Refused),
            Change::Remembered(is_done) => memory.trouble = (!is_done).then_some(Trouble::Refused),
        }
    }
}

/// The tick, or what stands in its place.
pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let memory = &state.import.memory;
    if memory.trouble == Some(Trouble::Missing) {
        ui.add(Label::small(state.t("memory-missing")).secondary().wrapped());
        return;
    }
    ui.horizontal(|ui| {
        if memory.is_held {
            ui.add(Label::small(state.t("memory-held")).secondary());
            if Button::secondary(&state.t("memory-forget")).show(ui) {
                actions.push(does(Change::Forget));
            }
            return;
        }
        let name = state.t("memory-remember");
        if tick_box(ui, &name, memory.is_wanted) {
            actions.push(does(Change::Want(!memory.is_wanted)));
        }
        ui.add(Label::body(&name));
    });
    if memory.trouble == Some(Trouble::Refused) {
        refused(ui, state);
    } else if memory.is_wanted && !memory.is_held {
        ui.add(Label::small(state.t("memory-line")).secondary().wrapped());
    }
}

/// Says that the keyring refused: also where the bundle is open already.
pub(super) fn refused(ui: &mut Ui, state: &State) {
    if state.import.memory.trouble == Some(Trouble::Refused) {
        ui.add(Label::small(state.t("memory-refused")).tone(Tone::Warn).wrapped());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::header;

    fn import(change: Change) -> Import {
        let mut import = Import { bundles: header().into(), ..Import::default() };
        import.memory_does(change, &mut Effects::new());
        import
    }

    fn recalled(set_id: String) -> Change {
        let edit = Edit::Insert(zeroize::Zeroizing::new("of the keyring".into()));
        Change::Recalled(set_id, Recalled::Passphrase(edit))
    }

    #[test]
    fn only_what_was_ticked_and_is_new_is_remembered() {
        let opened = crate::gui::tests::open_contents();
        for (change, is_remembered) in
            [(Change::Want(false), false), (Change::Want(true), true), (recalled(header().set_id), false)]
        {
            let mut effects = Effects::new();
            import(change).remember(&opened, &Secret::default(), &mut effects);
            assert_eq!(!effects.is_empty(), is_remembered);
        }
    }

    #[test]
    fn a_passphrase_of_another_bundle_is_not_filled_in_and_a_forgotten_one_goes() {
        assert!(import(recalled("another".into())).passphrase.is_empty());
        let mut import = import(recalled(header().set_id));
        assert_eq!((import.passphrase.as_str(), import.memory.is_held), ("of the keyring", true));
        import.memory_does(Change::Forgotten(true), &mut Effects::new());
        assert!(import.passphrase.is_empty() && !import.memory.is_held && !import.memory.is_wanted);
    }

    #[test]
    fn where_no_keyring_answers_nothing_is_offered() {
        let memory = import(Change::Recalled(header().set_id, Recalled::NoKeyring)).memory;
        assert!(memory.trouble == Some(Trouble::Missing) && !memory.is_wanted);
    }
}
