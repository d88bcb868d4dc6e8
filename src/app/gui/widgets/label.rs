//! Text in the sizes and tones of the theme.

use eframe::egui::{self, Response, RichText, TextStyle, TextWrapMode, Ui, Widget};

use sealift::Shown;

use crate::gui::{
    fonts,
    theme::{self, Tone},
};

/// A line of text; cut with an ellipsis where there is no room, unless it may wrap.
pub(crate) struct Label {
    text: Shown,
    size: f32,
    is_strong: bool,
    is_mono: bool,
    tone: Tone,
    wrap: TextWrapMode,
    is_selectable: bool,
}

impl Label {
    fn new(text: impl Into<Shown>, size: f32) -> Self {
        Self {
            text: text.into(),
            size,
            is_strong: false,
            is_mono: false,
            tone: Tone::Plain,
            wrap: TextWrapMode::Truncate,
            is_selectable: false,
        }
    }

    pub(crate) fn small(text: impl Into<Shown>) -> Self {
        Self::new(text, theme::SMALL)
    }

    pub(crate) fn body(text: impl Into<Shown>) -> Self {
        Self::new(text, theme::BODY)
    }

    pub(crate) fn large(text: impl Into<Shown>) -> Self {
        Self::new(text, theme::LARGE).strong()
    }

    pub(crate) fn title(text: impl Into<Shown>) -> Self {
        Self::new(text, theme::TITLE).strong()
    }

    pub(crate) fn mono(text: impl Into<Shown>) -> Self {
        Self { is_mono: true, is_selectable: true, ..Self::new(text, theme::MONO) }
    }

    pub(crate) fn strong(self) -> Self {
        Self { is_strong: true, ..self }
    }

    pub(crate) fn secondary(self) -> Self {
        self.tone(Tone::Secondary)
    }

    pub(crate) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// As many lines as it takes.
    pub(crate) fn wrapped(self) -> Self {
        Self { wrap: TextWrapMode::Wrap, ..self }
    }

    /// Can be selected and copied: paths, digests.
    pub(crate) fn selectable(self) -> Self {
        Self { is_selectable: true, ..self }
    }
}

impl Widget for Label {
    #[expect(clippy::disallowed_methods, reason = "takes what is safe to show alone")]
    fn ui(self, ui: &mut Ui) -> Response {
        let mut text = RichText::new(self.text).size(self.size).color(self.tone.color(theme::palette(ui)));
        if self.is_strong {
            text = text.family(fonts::semibold());
        } else if self.is_mono {
            text = text.text_style(TextStyle::Monospace).size(self.size);
        }
        ui.add(egui::Label::new(text).wrap_mode(self.wrap).selectable(self.is_selectable))
    }
}
