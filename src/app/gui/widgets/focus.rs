//! Which field the keyboard goes to next: asked for by name, given when the field is shown.

use eframe::egui::{Context, Id, Response};

/// A passphrase that is being chosen, and the same once more.
pub(crate) const NEW_PASSPHRASE: &str = "new passphrase";
pub(crate) const NEW_AGAIN: &str = "new passphrase again";
/// Where the bundle is written.
pub(crate) const PACK_OUT: &str = "pack out";
/// The passphrase of the bundle that is imported.
pub(crate) const IMPORT_PASSPHRASE: &str = "import passphrase";
/// Where images are put back.
pub(crate) const IMPORT_PATH: &str = "import path";
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

fn key() -> Id {
    Id::unique("field that gets the keyboard")
}
