//! Wakes the window from wherever something happens, before there is one too: then nothing needs waking.

use std::sync::OnceLock;

use eframe::egui::Context;

static WINDOW: OnceLock<Context> = OnceLock::new();

/// The window that is there from now on; a process has one.
pub(crate) fn is(window: &Context) {
    let _ = WINDOW.set(window.clone());
}

/// Has the window look at what came.
pub(crate) fn window() {
    if let Some(window) = WINDOW.get() {
        window.request_repaint();
    }
}
