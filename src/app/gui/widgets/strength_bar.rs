//! How strong a passphrase is: three steps, and the same in words.

use eframe::egui::{Rect, Role, Sense, Ui, pos2, vec2};

use super::Label;
use crate::gui::widgets::words;
use crate::gui::{
    strength::{Length, Level, MOST_BITS, Strength},
    texts::Texts,
    theme::{self, Tone},
};

const HEIGHT: f32 = 4.0;
const GAP: f32 = 3.0;

/// Three steps as wide as there is room, and a line under them. As high when nothing was typed yet.
pub(crate) fn strength_bar(ui: &mut Ui, texts: Texts, strength: Option<Strength>) {
    let (tone, steps) = match strength.map(|strength| strength.level) {
        None => (Tone::Secondary, 0_u8),
        Some(Level::Weak) => (Tone::Error, 1),
        Some(Level::Fair) => (Tone::Warn, 2),
        Some(Level::Strong) => (Tone::Ok, 3),
    };
    let words = strength.map_or_else(|| texts.t("strength-none"), |strength| words(texts, strength));
    let (rect, bar) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    bar.widget_info(|| words::named(Role::Meter, true, &words));
    let palette = theme::palette(ui);
    let width = (rect.width() - 2.0 * GAP) / 3.0;
    for step in 0..3_u8 {
        let left = rect.left() + f32::from(step) * (width + GAP);
        let part = Rect::from_min_size(pos2(left, rect.top()), vec2(width, HEIGHT));
        let color = if step < steps { tone.color(palette) } else { palette.line };
        ui.painter().rect_filled(part, theme::BAR_RADIUS, color);
    }
    ui.add(Label::small(words).tone(tone));
}

/// `strong · 6 words · about 77 bits`
fn words(texts: Texts, strength: Strength) -> String {
    let level = texts.t(match strength.level {
        Level::Weak => "strength-weak",
        Level::Fair => "strength-fair",
        Level::Strong => "strength-strong",
    });
    let length = match strength.length {
        Length::Words(num) => texts.count("strength-words", num),
        Length::Chars(num) => texts.count("strength-chars", num),
    };
    let id = if strength.bits == MOST_BITS { "strength-bits-least" } else { "strength-bits" };
    let bits = texts.with(id, &[("bits", strength.bits.to_string())]);
    format!("{level} · {length} · {bits}")
}
