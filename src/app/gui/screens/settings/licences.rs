//! What the app is made of: its own licence, and those of the fonts in it.

use eframe::egui::Ui;
use sealift::Shown;

use crate::gui::widgets::Label;

/// Name of a part and the text of its licence.
const TEXTS: [(&str, &str); 4] = [
    ("Sealift", include_str!("../../../../../LICENSE")),
    ("Inter", include_str!("../../../../../assets/fonts/Inter-OFL.txt")),
    ("JetBrains Mono", include_str!("../../../../../assets/fonts/JetBrainsMono-OFL.txt")),
    ("Noto Sans SC", include_str!("../../../../../assets/fonts/NotoSansSC-OFL.txt")),
];

pub(crate) fn view(ui: &mut Ui) {
    for (name, text) in TEXTS {
        ui.add(Label::body(name).strong());
        ui.add(Label::small(Shown::lines(text.trim().lines())).secondary().wrapped().selectable());
        ui.add_space(12.0);
    }
}
