//! History: every run with its outcome.

use eframe::egui::Ui;

use crate::gui::{
    action::Actions,
    state::State,
    widgets::{Icon, empty, page},
};

pub(crate) fn view(ui: &mut Ui, state: &State, _: &mut Actions) {
    page::head(ui, &state.t("history-title"), "", |_| {});
    empty::plain(ui, Icon::History, &state.t("history-empty"), &state.t("history-empty-line"));
}
