//! The few icons, as strokes on a 24 by 24 grid: sharp at every zoom, in every theme, without a font.

use eframe::egui::{Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::gui::theme::{self, Tone};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Pack,
    Usb,
    Import,
    Verify,
    Keys,
    History,
    Settings,
    Search,
    Folder,
    File,
    Check,
    Cross,
    Warn,
    Info,
    Eye,
    EyeOff,
    Stop,
    Up,
    Down,
    Right,
    Refresh,
}

/// A piece of an icon, in grid units.
enum Mark {
    Line(&'static [(f32, f32)]),
    Loop(&'static [(f32, f32)]),
    Circle(f32, f32, f32),
    Dot(f32, f32),
}

use Mark::{Circle, Dot, Line, Loop};

const EYE: Mark = Loop(&[
    (2.0, 12.0),
    (4.2, 9.0),
    (7.0, 6.7),
    (10.0, 5.5),
    (12.0, 5.3),
    (14.0, 5.5),
    (17.0, 6.7),
    (19.8, 9.0),
    (22.0, 12.0),
    (19.8, 15.0),
    (17.0, 17.3),
    (14.0, 18.5),
    (12.0, 18.7),
    (10.0, 18.5),
    (7.0, 17.3),
    (4.2, 15.0),
]);

impl Icon {
    const fn marks(self) -> &'static [Mark] {
        match self {
            Self::Pack => &[
                Loop(&[(12.0, 2.5), (20.5, 7.2), (20.5, 16.8), (12.0, 21.5), (3.5, 16.8), (3.5, 7.2)]),
                Line(&[(3.5, 7.2), (12.0, 12.0), (20.5, 7.2)]),
                Line(&[(12.0, 12.0), (12.0, 21.5)]),
            ],
            Self::Usb => &[
                Loop(&[(6.0, 9.0), (18.0, 9.0), (18.0, 20.5), (16.5, 22.0), (7.5, 22.0), (6.0, 20.5)]),
                Loop(&[(8.5, 2.5), (15.5, 2.5), (15.5, 9.0), (8.5, 9.0)]),
                Dot(11.0, 5.5),
                Dot(13.0, 5.5),
            ],
            Self::Import => &[
                Line(&[(12.0, 3.0), (12.0, 15.0)]),
                Line(&[(7.0, 10.0), (12.0, 15.0), (17.0, 10.0)]),
                Line(&[(3.5, 15.0), (3.5, 20.5), (20.5, 20.5), (20.5, 15.0)]),
            ],
            Self::Verify => &[
                Loop(&[
                    (12.0, 2.5),
                    (20.0, 5.5),
                    (20.0, 12.0),
                    (18.6, 16.0),
                    (15.8, 19.2),
                    (12.0, 21.5),
                    (8.2, 19.2),
                    (5.4, 16.0),
                    (4.0, 12.0),
                    (4.0, 5.5),
                ]),
                Line(&[(8.3, 11.8), (11.0, 14.5), (15.8, 9.3)]),
            ],
            Self::Keys => &[
                Circle(7.5, 15.5, 4.5),
                Line(&[(10.8, 12.2), (20.5, 2.5)]),
                Line(&[(15.5, 7.5), (18.7, 10.7)]),
                Line(&[(18.5, 4.5), (21.0, 7.0)]),
            ],
            Self::History => &[Circle(12.0, 12.0, 9.0), Line(&[(12.0, 6.5), (12.0, 12.0), (15.8, 14.2)])],
            Self::Settings => &[
                Line(&[(3.5, 6.5), (11.5, 6.5)]),
                Line(&[(16.5, 6.5), (20.5, 6.5)]),
                Circle(14.0, 6.5, 2.5),
                Line(&[(3.5, 17.5), (7.5, 17.5)]),
                Line(&[(12.5, 17.5), (20.5, 17.5)]),
                Circle(10.0, 17.5, 2.5),
                Line(&[(3.5, 12.0), (20.5, 12.0)]),
            ],
            Self::Search => &[Circle(10.5, 10.5, 6.5), Line(&[(15.3, 15.3), (20.5, 20.5)])],
            Self::Folder => {
                &[Loop(&[(3.0, 4.5), (9.0, 4.5), (11.5, 7.5), (21.0, 7.5), (21.0, 19.5), (3.0, 19.5)])]
            }
            Self::File => &[
                Loop(&[(5.0, 2.5), (14.0, 2.5), (19.0, 7.5), (19.0, 21.5), (5.0, 21.5)]),
                Line(&[(14.0, 2.5), (14.0, 7.5), (19.0, 7.5)]),
            ],
            Self::Check => &[Line(&[(4.5, 12.5), (9.8, 17.8), (19.5, 6.8)])],
            Self::Cross => &[Line(&[(6.0, 6.0), (18.0, 18.0)]), Line(&[(18.0, 6.0), (6.0, 18.0)])],
            Self::Warn => &[
                Loop(&[(12.0, 3.0), (22.0, 20.5), (2.0, 20.5)]),
                Line(&[(12.0, 9.5), (12.0, 14.5)]),
                Dot(12.0, 17.6),
            ],
            Self::Info => &[Circle(12.0, 12.0, 9.5), Line(&[(12.0, 11.0), (12.0, 16.5)]), Dot(12.0, 7.7)],
            Self::Eye => &[EYE, Circle(12.0, 12.0, 3.2)],
            Self::EyeOff => &[EYE, Circle(12.0, 12.0, 3.2), Line(&[(4.0, 20.0), (20.0, 4.0)])],
            Self::Stop => &[Circle(12.0, 12.0, 9.5), Line(&[(5.4, 18.6), (18.6, 5.4)])],
            Self::Up => &[Line(&[(6.0, 15.0), (12.0, 9.0), (18.0, 15.0)])],
            Self::Right => &[Line(&[(9.0, 6.0), (15.0, 12.0), (9.0, 18.0)])],
            Self::Refresh => &[
                Line(&[
                    (20.0, 12.0),
                    (19.4, 15.1),
                    (17.7, 17.7),
                    (15.1, 19.4),
                    (12.0, 20.0),
                    (8.9, 19.4),
                    (6.3, 17.7),
                    (4.6, 15.1),
                    (4.0, 12.0),
                    (4.6, 8.9),
                    (6.3, 6.3),
                    (8.9, 4.6),
                    (12.0, 4.0),
                    (15.1, 4.6),
                    (17.7, 6.3),
                    (19.0, 8.0),
                ]),
                Line(&[(19.5, 3.0), (19.5, 8.5), (14.0, 8.5)]),
            ],
            Self::Down => &[Line(&[(6.0, 9.0), (12.0, 15.0), (18.0, 9.0)])],
        }
    }

    /// The sign that goes with a tone, so that colour is never alone.
    pub(crate) const fn of_tone(tone: Tone) -> Self {
        match tone {
            Tone::Ok => Self::Check,
            Tone::Warn => Self::Warn,
            Tone::Error => Self::Cross,
            Tone::Plain | Tone::Secondary | Tone::Accent => Self::Info,
        }
    }

    /// Paints it into the square in the middle of `rect`.
    pub(crate) fn paint(self, painter: &Painter, rect: Rect, color: Color32) {
        let side = rect.width().min(rect.height());
        let scale = side / 24.0;
        let at = |(x, y): (f32, f32)| -> Pos2 { rect.center() + vec2(x - 12.0, y - 12.0) * scale };
        let stroke = Stroke::new((side / 12.0).clamp(1.2, 3.0), color);
        for mark in self.marks() {
            painter.add(match mark {
                Line(points) => Shape::line(points.iter().map(|point| at(*point)).collect(), stroke),
                Loop(points) => Shape::closed_line(points.iter().map(|point| at(*point)).collect(), stroke),
                Circle(x, y, radius) => Shape::circle_stroke(at((*x, *y)), radius * scale, stroke),
                Dot(x, y) => Shape::circle_filled(at((*x, *y)), stroke.width * 0.75, color),
            });
        }
    }

    /// A sign in the flow of a layout, `side` points wide.
    pub(crate) fn show(self, ui: &mut Ui, side: f32, tone: Tone) -> Response {
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
        self.paint(ui.painter(), rect, tone.color(theme::palette(ui)));
        response
    }
}

/// A square of `side` whose left side is at `x`, centred on `y`.
pub(crate) fn square(x: f32, y: f32, side: f32) -> Rect {
    Rect::from_min_size(pos2(x, y - side / 2.0), vec2(side, side))
}
