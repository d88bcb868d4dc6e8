//! A path: typed or pasted, or chosen in the system's dialog. Both ways are always there.

use eframe::egui::{Response, Ui};

use super::{Button, Icon, field, focus};
use crate::gui::{texts::Texts, theme};

/// What happened to a path field.
#[derive(Debug, Default)]
pub(crate) struct PathEdit {
    /// The path as it now stands.
    pub(crate) changed: Option<String>,
    /// Enter was pressed in it.
    pub(crate) is_submitted: bool,
    /// The dialog is wanted.
    pub(crate) browse: bool,
    response: Option<Response>,
}

impl PathEdit {
    /// This is the field `name`: it gets the keyboard if that was asked for.
    pub(crate) fn give_focus(&self, name: &'static str) {
        self.response.iter().for_each(|response| focus::give(response, name));
    }
}

/// A field called `label` with a button that opens the dialog.
pub(crate) fn path_field(ui: &mut Ui, texts: Texts, label: &str, path: &str, hint: &str) -> PathEdit {
    let mut edit = PathEdit::default();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let width = ui.available_width() - theme::CONTROL_HEIGHT - 4.0;
        let (response, changed) = field::text(ui, label, path, hint, width);
        edit.changed = changed;
        edit.is_submitted =
            response.lost_focus() && ui.input(|input| input.key_pressed(eframe::egui::Key::Enter));
        edit.response = Some(response);
        edit.browse = Button::icon_only(Icon::Folder, &texts.t("choose")).show(ui);
    });
    edit
}
