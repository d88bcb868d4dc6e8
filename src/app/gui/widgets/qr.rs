//! A QR code: dark on light in every theme, as cameras want it.

use eframe::egui::{Rect, Role, Sense, Ui, vec2};
use qrcode::{Color, QrCode};

use crate::gui::theme;
use crate::gui::widgets::words;

const SIDE: f32 = 132.0;
/// Modules of light around the code: ISO/IEC 18004 asks for four.
const QUIET: usize = 4;

/// The code of `text`, called `name`.
pub(crate) fn qr(ui: &mut Ui, name: &str, text: &str) {
    let Ok(code) = QrCode::new(text) else { return };
    let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::hover());
    response.widget_info(|| words::named(Role::Image, true, name));
    let (width, colors) = (code.width(), code.to_colors());
    #[expect(clippy::cast_precision_loss, reason = "some dozens")]
    let module = SIDE / (width + 2 * QUIET) as f32;
    ui.painter().rect_filled(rect, theme::BAR_RADIUS, theme::PAPER);
    for (number, _) in colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        #[expect(clippy::cast_precision_loss, reason = "some dozens")]
        let at = vec2((number % width + QUIET) as f32, (number / width + QUIET) as f32) * module;
        // A little larger than a module: no seams where neighbours meet.
        let dark = Rect::from_min_size(rect.min + at, vec2(module, module)).expand(0.1);
        ui.painter().rect_filled(dark, 0.0, theme::INK);
    }
}
