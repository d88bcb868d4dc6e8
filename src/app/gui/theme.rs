//! Every colour and measure of the desktop app, dark and light.
//!
//! The only file that names a colour. Widgets ask [`palette`] for a role; views name a [`Tone`] at most.
#![expect(clippy::disallowed_methods, reason = "the one place where colours are made")]

use eframe::egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, Ui, Visuals,
    style::{ScrollStyle, WidgetVisuals},
};

use super::fonts;

/// Width of the navigation on the left.
pub(crate) const NAV_WIDTH: f32 = 200.0;
/// Width of a tray on the right.
pub(crate) const TRAY_WIDTH: f32 = 270.0;
/// Height of the job bar at the foot.
pub(crate) const JOB_BAR_HEIGHT: f32 = 64.0;
/// Height of a table row with two lines.
pub(crate) const ROW_HEIGHT: f32 = 44.0;
/// Height of a button or a field.
pub(crate) const CONTROL_HEIGHT: f32 = 32.0;
/// Height of a page's one primary button.
pub(crate) const PRIMARY_HEIGHT: f32 = 40.0;
/// Rounding of everything that has corners.
pub(crate) const RADIUS: CornerRadius = CornerRadius::same(6);
/// Rounding of thin bars.
pub(crate) const BAR_RADIUS: CornerRadius = CornerRadius::same(2);
/// A QR code is dark on light in every theme.
pub(crate) const PAPER: Color32 = Color32::WHITE;
pub(crate) const INK: Color32 = Color32::BLACK;
/// Space between the edge of a panel and what is in it.
pub(crate) const PAD: f32 = 16.0;

/// Sizes of text.
pub(crate) const SMALL: f32 = 12.0;
pub(crate) const BODY: f32 = 14.0;
pub(crate) const LARGE: f32 = 16.0;
pub(crate) const TITLE: f32 = 20.0;
pub(crate) const MONO: f32 = 13.0;

/// Colours by role.
pub(crate) struct Palette {
    /// Behind navigation and job bar.
    pub(crate) bg: Color32,
    /// Behind a page.
    pub(crate) panel: Color32,
    /// Fields, tracks and hovered rows.
    pub(crate) raised: Color32,
    /// Under the pointer.
    pub(crate) hovered: Color32,
    /// Borders and rules.
    pub(crate) line: Color32,
    /// Borders that must be seen to be used: fields, boxes to tick.
    pub(crate) edge: Color32,
    pub(crate) text: Color32,
    pub(crate) secondary: Color32,
    pub(crate) accent: Color32,
    pub(crate) accent_hovered: Color32,
    /// Text on the accent.
    pub(crate) on_accent: Color32,
    /// Behind what is selected.
    pub(crate) selected: Color32,
    pub(crate) ok: Color32,
    pub(crate) warn: Color32,
    pub(crate) error: Color32,
    /// Layers that another selected image brings.
    pub(crate) shared: Color32,
    /// Over the window while something is dragged on it or asked.
    pub(crate) veil: Color32,
}

const DARK: Palette = Palette {
    bg: Color32::from_rgb(0x0f, 0x14, 0x19),
    panel: Color32::from_rgb(0x15, 0x1b, 0x22),
    raised: Color32::from_rgb(0x1c, 0x24, 0x2d),
    hovered: Color32::from_rgb(0x23, 0x2d, 0x38),
    line: Color32::from_rgb(0x2a, 0x34, 0x3f),
    edge: Color32::from_rgb(0x3f, 0x4d, 0x5c),
    text: Color32::from_rgb(0xe6, 0xeb, 0xf0),
    secondary: Color32::from_rgb(0x98, 0xa5, 0xb3),
    accent: Color32::from_rgb(0x4c, 0x9a, 0xff),
    accent_hovered: Color32::from_rgb(0x6c, 0xad, 0xff),
    on_accent: Color32::from_rgb(0x0b, 0x14, 0x20),
    selected: Color32::from_rgb(0x1d, 0x33, 0x52),
    ok: Color32::from_rgb(0x3f, 0xb6, 0x8b),
    warn: Color32::from_rgb(0xe0, 0xa6, 0x3a),
    error: Color32::from_rgb(0xf4, 0x7c, 0x74),
    shared: Color32::from_rgb(0x5c, 0x7c, 0x9c),
    veil: Color32::from_rgba_premultiplied(0x09, 0x0c, 0x0f, 0xdc),
};

const LIGHT: Palette = Palette {
    bg: Color32::from_rgb(0xf6, 0xf8, 0xfa),
    panel: Color32::from_rgb(0xff, 0xff, 0xff),
    raised: Color32::from_rgb(0xf0, 0xf3, 0xf6),
    hovered: Color32::from_rgb(0xe6, 0xeb, 0xf0),
    line: Color32::from_rgb(0xdc, 0xe2, 0xe8),
    edge: Color32::from_rgb(0xb6, 0xc1, 0xcc),
    text: Color32::from_rgb(0x17, 0x20, 0x2a),
    secondary: Color32::from_rgb(0x5a, 0x68, 0x76),
    accent: Color32::from_rgb(0x15, 0x65, 0xd8),
    accent_hovered: Color32::from_rgb(0x0f, 0x55, 0xba),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    selected: Color32::from_rgb(0xdd, 0xe9, 0xfb),
    ok: Color32::from_rgb(0x15, 0x78, 0x53),
    warn: Color32::from_rgb(0x8a, 0x5d, 0x00),
    error: Color32::from_rgb(0xbf, 0x2f, 0x2a),
    shared: Color32::from_rgb(0xa9, 0xbc, 0xd0),
    veil: Color32::from_rgba_premultiplied(0xd4, 0xd6, 0xd8, 0xdc),
};

/// What a text or a sign means; never told by its colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Secondary,
    Accent,
    Ok,
    Warn,
    Error,
}

impl Tone {
    pub(crate) fn color(self, palette: &Palette) -> Color32 {
        match self {
            Self::Plain => palette.text,
            Self::Secondary => palette.secondary,
            Self::Accent => palette.accent,
            Self::Ok => palette.ok,
            Self::Warn => palette.warn,
            Self::Error => palette.error,
        }
    }
}

/// The colours that `ui` is painted with.
pub(crate) fn palette(ui: &Ui) -> &'static Palette {
    of(ui.visuals().dark_mode)
}

fn of(dark: bool) -> &'static Palette {
    if dark { &DARK } else { &LIGHT }
}

/// A regular font of `size`.
pub(crate) fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// The semibold font of `size`.
pub(crate) fn strong(size: f32) -> FontId {
    FontId::new(size, fonts::semibold())
}

/// A faint form of `color`, for what lies behind it.
pub(crate) fn faint(color: Color32) -> Color32 {
    color.gamma_multiply(0.22)
}

/// No colour.
pub(crate) const fn clear() -> Color32 {
    Color32::TRANSPARENT
}

/// Gives `ctx` both themes; which of them shows is the caller's choice.
pub(crate) fn install(ctx: &egui::Context) {
    for (theme, visuals) in [(Theme::Dark, Visuals::dark()), (Theme::Light, Visuals::light())] {
        let palette = of(theme == Theme::Dark);
        ctx.style_mut_of(theme, |style| {
            style.visuals = colored(visuals, palette);
            style.text_styles = [
                (TextStyle::Small, regular(SMALL)),
                (TextStyle::Body, regular(BODY)),
                (TextStyle::Button, regular(BODY)),
                (TextStyle::Heading, strong(TITLE)),
                (TextStyle::Monospace, FontId::new(MONO, FontFamily::Monospace)),
            ]
            .into();
            let spacing = &mut style.spacing;
            spacing.item_spacing = egui::vec2(8.0, 8.0);
            spacing.button_padding = egui::vec2(12.0, 6.0);
            spacing.interact_size.y = CONTROL_HEIGHT;
            spacing.menu_margin = Margin::same(6);
            spacing.scroll = ScrollStyle { bar_width: 8.0, floating_width: 4.0, ..ScrollStyle::floating() };
            style.interaction.selectable_labels = false;
            style.interaction.tooltip_delay = 0.4;
            style.animation_time = 0.1;
        });
    }
}

fn colored(mut visuals: Visuals, palette: &Palette) -> Visuals {
    let widget = |fill: Color32, edge: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, edge),
        corner_radius: RADIUS,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(palette.panel, palette.line, palette.text);
    widgets.inactive = widget(palette.raised, palette.edge, palette.text);
    widgets.hovered = widget(palette.hovered, palette.edge, palette.text);
    widgets.active = widget(palette.hovered, palette.accent, palette.text);
    widgets.open = widget(palette.hovered, palette.edge, palette.text);
    visuals.override_text_color = Some(palette.text);
    visuals.weak_text_color = Some(palette.secondary);
    visuals.selection.bg_fill = palette.selected;
    // Its colour is also that of selected text.
    visuals.selection.stroke = Stroke::new(1.0, palette.text);
    visuals.text_cursor.stroke = Stroke::new(1.5, palette.accent);
    visuals.hyperlink_color = palette.accent;
    visuals.faint_bg_color = palette.raised;
    visuals.extreme_bg_color = palette.raised;
    visuals.text_edit_bg_color = Some(palette.raised);
    visuals.code_bg_color = palette.raised;
    visuals.warn_fg_color = palette.warn;
    visuals.error_fg_color = palette.error;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = RADIUS;
    visuals.menu_corner_radius = RADIUS;
    visuals.window_shadow =
        Shadow { offset: [0, 8], blur: 24, spread: 0, color: Color32::from_black_alpha(70) };
    visuals.popup_shadow =
        Shadow { offset: [0, 4], blur: 12, spread: 0, color: Color32::from_black_alpha(60) };
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, "relative luminance".
    fn luminance(color: Color32) -> f32 {
        let [r, g, b, _] = egui::Rgba::from(color).to_array();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn every_text_can_be_read_on_what_lies_behind_it() {
        for palette in [&DARK, &LIGHT] {
            let texts =
                [palette.text, palette.secondary, palette.accent, palette.ok, palette.warn, palette.error];
            let pairs = texts
                .iter()
                .flat_map(|text| [palette.bg, palette.panel, palette.raised].map(|behind| (*text, behind)));
            let more = [(palette.on_accent, palette.accent), (palette.text, palette.selected)];
            for (text, behind) in pairs.chain(more) {
                let (a, b) = (luminance(text) + 0.05, luminance(behind) + 0.05);
                let contrast = a.max(b) / a.min(b);
                assert!(contrast >= 4.5, "{text:?} on {behind:?}: {contrast:.2}");
            }
        }
    }
}
