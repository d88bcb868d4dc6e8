//! The fields for entering a registry.

use eframe::egui::{Ui, vec2};

use super::{Label, field, password::password, tick::tick_box};
use crate::gui::{
    action::{Action, Actions},
    registry::{Change, Login},
    state::State,
    theme,
};

/// Which boxes there are beside name and password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Images come out of it.
    From,
    /// Images go into it.
    To,
}

/// User, password and what is allowed; true when Enter was pressed in the password.
pub(crate) fn login(
    ui: &mut Ui,
    state: &State,
    login: &Login,
    way: Way,
    then: fn(Change) -> Action,
    actions: &mut Actions,
) -> bool {
    ui.add(Label::small(state.t("registry-login-line")).secondary().wrapped());
    let (user, secret) = (state.t("registry-user"), state.t("registry-password"));
    let half = (ui.available_width() - 8.0) / 2.0;
    let is_submitted = ui
        .horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let (_, changed) = field::text(ui, &user, &login.user, &user, half);
            actions.extend(changed.map(|user| then(Change::User(user))));
            let size = vec2(half, theme::CONTROL_HEIGHT);
            let typed =
                ui.allocate_ui(size, |ui| password(ui, state.texts, &secret, &secret, &login.password)).inner;
            actions.extend(typed.edits.into_iter().map(|edit| then(Change::Password(edit))));
            typed.is_submitted
        })
        .inner;
    let mut tick = |id: &str, is_ticked: bool, change: fn(bool) -> Change| {
        let name = state.t(id);
        ui.horizontal(|ui| {
            if tick_box(ui, &name, is_ticked) {
                actions.push(then(change(!is_ticked)));
            }
            ui.add(Label::body(&name).wrapped());
        });
    };
    tick("registry-plain-http", login.plain_http, Change::PlainHttp);
    if way == Way::To {
        tick("registry-create-projects", login.create_projects, Change::CreateProjects);
    }
    is_submitted
}
