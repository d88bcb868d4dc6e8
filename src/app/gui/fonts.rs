//! The embedded fonts: Latin from Inter, Chinese from Noto Sans SC, digests in `JetBrains Mono`.
//!
//! A host may have no Chinese font at all, so the app brings one; assets/fonts/README.md says what it holds.
//! Rarer characters come from the system, with Chinese forms first.

use std::sync::Arc;

use eframe::egui::{self, FontData, FontDefinitions, FontFamily};
use egui_system_font_provider::SystemFontProvider;

/// File name and bytes of each font.
const FILES: [(&str, &[u8]); 5] = [
    ("inter", include_bytes!("../../../assets/fonts/Inter-400.ttf")),
    ("inter-semibold", include_bytes!("../../../assets/fonts/Inter-600.ttf")),
    ("noto-sc", include_bytes!("../../../assets/fonts/NotoSansSC-400.ttf")),
    ("noto-sc-semibold", include_bytes!("../../../assets/fonts/NotoSansSC-600.ttf")),
    ("jetbrains-mono", include_bytes!("../../../assets/fonts/JetBrainsMono-400.ttf")),
];

/// The family of semibold text.
pub(crate) fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Gives `ctx` the fonts.
pub(crate) fn install(ctx: &egui::Context) {
    let font_data = FILES.map(|(name, bytes)| {
        let mut data = FontData::from_static(bytes);
        if name.starts_with("noto") {
            // Han characters hang below the line that capitals are centred on.
            data.tweak.y_offset_factor = -0.06;
        }
        (name.to_owned(), Arc::new(data))
    });
    let font_data = font_data.into();
    let family = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    let families = [
        (FontFamily::Proportional, family(["inter", "noto-sc"])),
        (semibold(), family(["inter-semibold", "noto-sc-semibold"])),
        (FontFamily::Monospace, family(["jetbrains-mono", "noto-sc"])),
    ]
    .into();
    ctx.set_fonts(FontDefinitions { font_data, families });
}

/// Lets `ctx` take what the embedded fonts lack from the system's. Reads them on a thread of its own.
pub(crate) fn add_system_fonts(ctx: &egui::Context) {
    // Without a locale, Han characters come in Japanese forms.
    ctx.add_font_provider(Arc::new(SystemFontProvider::new().with_locale(Some("zh-Hans"))));
}
