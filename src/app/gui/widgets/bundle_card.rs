//! What a bundle says of itself without a key.

use eframe::egui::{Frame, Margin, Stroke, Ui};

use super::{
    Label,
    digest::{digest, words},
};
use crate::gui::{bundle::Header, figures, state::State, theme};

/// A card with the public header.
pub(crate) fn bundle_card(ui: &mut Ui, state: &State, header: &Header) {
    let palette = theme::palette(ui);
    let frame = Frame::new()
        .fill(palette.raised)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(theme::RADIUS)
        .inner_margin(Margin::same(14));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add(Label::large(header.file_name()));
        let folder = header.path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        ui.add(Label::small(&folder).secondary().selectable());
        let facts = [
            ("size", figures::bytes(header.payload_bytes)),
            ("volumes", header.num_volumes.to_string()),
            ("records", header.num_records.to_string()),
            ("slots", header.slots.len().to_string()),
        ];
        ui.add(Label::body(state.texts.with("bundle-facts", &facts)).wrapped());
        ui.add_space(6.0);
        ui.add(Label::small(state.t("fingerprint-title")).secondary());
        digest(ui, &header.fingerprint);
        ui.add_space(4.0);
        ui.add(Label::small(state.t("fingerprint-phone")).secondary());
        words(ui, state.texts, &header.fingerprint);
        if header.num_damaged_copies > 0 {
            ui.add(Label::small(state.t("bundle-copy-damaged")).tone(theme::Tone::Warn).wrapped());
        }
        if header.num_superseded_slots > 0 {
            ui.add(Label::small(state.t("bundle-keys-interrupted")).tone(theme::Tone::Warn).wrapped());
        }
        ui.take_available_width();
    });
}
