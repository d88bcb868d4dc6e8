//! The sensitivity class of an image or a bundle: a word in a frame, as a stamp on an envelope.

use eframe::egui::{Align2, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, vec2};
use sealift::Class;

use crate::gui::widgets::words::{self, Explained, PaintsWords};
use crate::gui::{
    texts::Texts,
    theme::{self, Tone},
    widgets::focus,
};

const HEIGHT: f32 = 20.0;
/// The same for every class, so that chips stand under each other.
pub(crate) const WIDTH: f32 = 68.0;

const fn tone(class: Class) -> Tone {
    match class {
        Class::Public => Tone::Ok,
        Class::Internal => Tone::Accent,
        Class::Secret => Tone::Error,
    }
}

/// A chip that is only looked at.
pub(crate) fn class_chip(ui: &mut Ui, texts: Texts, class: Class) -> Response {
    let (rect, response) = ui.allocate_exact_size(SIZE, Sense::hover());
    let name = texts.class(class);
    response.widget_info(|| words::named(Role::Label, true, &name));
    paint(ui, rect, &name, tone(class), false);
    response
}

/// A chip that goes to the next class when it is pressed; without a class it has the tone `otherwise`. Whether it was
/// pressed.
pub(crate) fn class_button(
    ui: &mut Ui,
    name: &str,
    words: &str,
    class: Option<Class>,
    otherwise: Tone,
) -> bool {
    let (rect, response) = ui.allocate_exact_size(SIZE, Sense::click());
    response.widget_info(|| words::named(Role::Button, true, name));
    paint(ui, rect, words, class.map_or(otherwise, tone), response.hovered());
    focus::mark_in_row(ui, &response);
    response.explained(name).clicked()
}

const SIZE: Vec2 = vec2(WIDTH, HEIGHT);

fn paint(ui: &Ui, rect: Rect, words: &str, tone: Tone, is_hovered: bool) {
    let palette = theme::palette(ui);
    let ink = tone.color(palette);
    let (fill, edge) = match tone {
        Tone::Secondary => (palette.raised, palette.edge),
        _ => (theme::faint(ink), ink),
    };
    let fill = if is_hovered { palette.hovered } else { fill };
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect(rect, CornerRadius::same(4), fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    painter.words(rect.center(), Align2::CENTER_CENTER, words, theme::regular(theme::SMALL), ink);
}
