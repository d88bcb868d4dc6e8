//! Where the keyboard is: which field it goes to next, asked for by name and given when the field is shown; whether
//! keys may do something; how a row shows that it has it.

use eframe::egui::{Context, CornerRadius, Id, Response, Stroke, StrokeKind, Ui, vec2};

use crate::gui::theme;

/// A passphrase that is being chosen, and the same once more.
pub(crate) const NEW_PASSPHRASE: &str = "new passphrase";
pub(crate) const NEW_AGAIN: &str = "new passphrase again";
/// Where the bundle is written.
pub(crate) const PACK_OUT: &str = "pack out";
/// The passphrase of the bundle that is imported.
pub(crate) const IMPORT_PASSPHRASE: &str = "import passphrase";
/// Where images are put back.
pub(crate) const IMPORT_PATH: &str = "import path";
/// What a key asked for.
pub(crate) const ANSWER: &str = "answer";
/// The button that leads on in a wizard.
pub(crate) const NEXT: &str = "next";

/// The keyboard shall go to the field of this name, as soon as it is shown.
pub(crate) fn ask(ctx: &Context, field: &'static str) {
    ctx.data_mut(|data| data.insert_temp(key(), field));
    ctx.request_repaint();
}

/// Lets the field `field`, which is shown as `response`, have the keyboard if it was asked for.
pub(crate) fn give(response: &Response, field: &'static str) {
    let is_meant = response.ctx.data(|data| data.get_temp::<&'static str>(key())) == Some(field);
    if is_meant {
        response.ctx.data_mut(|data| data.remove_temp::<&'static str>(key()));
        response.request_focus();
    }
}

/// Whether keys may do something here: nothing lies over `ui`.
pub(crate) fn is_reachable(ui: &Ui) -> bool {
    ui.memory(|memory| memory.allows_interaction(ui.layer_id()))
}

/// Shows that a widget in a table's row has the keyboard, and brings the row into sight with those beside it: a row
/// that is not laid out cannot be stepped to.
pub(crate) fn mark_in_row(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let ring = Stroke::new(2.0, theme::palette(ui).accent);
        ui.painter().rect_stroke(response.rect, CornerRadius::same(4), ring, StrokeKind::Outside);
        if response.gained_focus() {
            ui.scroll_to_rect(response.rect.expand2(vec2(0.0, theme::ROW_HEIGHT)), None);
        }
    }
}

fn key() -> Id {
    Id::unique("field that gets the keyboard")
}
