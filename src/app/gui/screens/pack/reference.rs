//! An image of a registry that is to be added, and the sheet that asks for it.

use eframe::egui::{Align, Layout, Ui, vec2};
use sealift::SourceSpec;

use super::Action;
use crate::gui::{
    action::{self, Actions},
    registry::{Change, Login},
    state::State,
    theme,
    widgets::{
        Button, Label, banner, field,
        login::{Way, login},
    },
};

/// What is being typed.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) login: Login,
}

/// What happens to it.
#[derive(Debug)]
pub(crate) enum Edit {
    Name(String),
    Login(Change),
}

impl Reference {
    pub(super) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Name(name) => self.name = name,
            Edit::Login(change) => self.login.apply(change),
        }
    }

    /// The source; `docker://` in front may be left out.
    pub(super) fn spec(&self) -> sealift::Result<SourceSpec> {
        let name = self.name.trim();
        let name = name.strip_prefix("docker:").unwrap_or(name).trim_start_matches('/');
        let spec: SourceSpec = format!("docker://{name}").parse()?;
        Ok(spec.with_access(self.login.access()))
    }
}

/// What the sheet shows.
pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let reference = &state.pack.reference;
    let label = state.t("pack-registry-name");
    ui.add(Label::body(&label));
    let hint = state.t("pack-registry-hint");
    let (response, changed) = field::text(ui, &label, &reference.name, &hint, ui.available_width());
    actions.extend(changed.map(|name| action::Action::Pack(Action::Reference(Edit::Name(name)))));
    let mut is_submitted =
        response.lost_focus() && ui.input(|input| input.key_pressed(eframe::egui::Key::Enter));
    ui.add_space(4.0);
    let then = |change| action::Action::Pack(Action::Reference(Edit::Login(change)));
    is_submitted |= login(ui, state, &reference.login, Way::From, then, actions);
    ui.add_space(8.0);
    if let Some(error) = &state.pack.failed {
        banner::error(ui, state.texts, error);
        ui.add_space(8.0);
    }
    let is_ready = !reference.name.trim().is_empty() && !state.is_busy();
    let size = vec2(ui.available_width(), theme::PRIMARY_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        is_submitted |= Button::primary(&state.t("pack-registry-add")).enabled(is_ready).show(ui);
    });
    if is_submitted && is_ready {
        actions.push(action::Action::Pack(Action::AddReference));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_may_be_typed_with_and_without_its_transport() {
        for name in ["site.local/a:1", "docker://site.local/a:1", "//site.local/a:1 "] {
            let reference = Reference { name: name.into(), ..Reference::default() };
            let spec = reference.spec().unwrap();
            assert_eq!((spec.transport(), spec.image()), (Some("docker"), Some("site.local/a:1")), "{name}");
        }
        assert!(Reference::default().spec().is_err());
    }
}
