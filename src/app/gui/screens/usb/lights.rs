//! The four lights of a target: Copy, Flush, Read back, Eject.

use eframe::egui::{Rect, Role, Sense, Stroke, Ui, pos2, vec2};
use sealift::{CellState, Stage, TargetWatch};

use crate::gui::widgets::words::{self, PaintsWords};
use crate::gui::{
    figures,
    state::State,
    theme::{self, Tone},
    widgets::Icon,
};

/// How far a target is, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Lights {
    pub(crate) stage: Stage,
    /// The stage that failed.
    pub(crate) failed_in: Option<Stage>,
    pub(crate) done_bytes: u64,
    pub(crate) total_bytes: u64,
    /// Records that were read back.
    pub(crate) cells: Vec<CellState>,
}

impl Lights {
    pub(super) fn of(target: &TargetWatch) -> Self {
        Self {
            stage: target.stage(),
            failed_in: target.failed_in(),
            done_bytes: target.done_bytes(),
            total_bytes: target.total_bytes(),
            cells: target.map().cells(),
        }
    }
}

/// The stages that have a light, and their texts.
const STAGES: [(Stage, &str); 4] = [
    (Stage::Copy, "usb-light-copy"),
    (Stage::Flush, "usb-light-flush"),
    (Stage::ReadBack, "usb-light-read-back"),
    (Stage::Eject, "usb-light-eject"),
];

const HEIGHT: f32 = 40.0;
const SIGN: f32 = 16.0;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Light {
    Off,
    On,
    Done,
    Failed,
}

impl Light {
    /// Of `stage`, where the target is `at`.
    fn of(stage: Stage, lights: &Lights) -> Self {
        match (lights.stage, lights.failed_in) {
            (Stage::Failed, Some(failed)) if stage == failed => Self::Failed,
            (Stage::Failed, Some(failed)) if stage < failed => Self::Done,
            (Stage::Failed, _) => Self::Off,
            (at, _) if stage < at => Self::Done,
            (at, _) if stage == at => Self::On,
            _ => Self::Off,
        }
    }
}

/// The lights in a row, and how far all is. What is not ejected has no light for that.
pub(super) fn lights(ui: &mut Ui, state: &State, lights: &Lights, is_ejected: bool) {
    let stages = &STAGES[..if is_ejected { STAGES.len() } else { STAGES.len() - 1 }];
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let palette = theme::palette(ui);
    let spoken = stages.iter().find(|(stage, _)| Light::of(*stage, lights) == Light::On);
    let spoken = spoken.map(|(_, id)| state.t(id)).unwrap_or_default();
    response.widget_info(|| words::named(Role::Status, true, &spoken));
    #[expect(clippy::cast_precision_loss, reason = "four of them")]
    let width = rect.width() / stages.len() as f32;
    let top = rect.top() + SIGN / 2.0;
    for (number, (stage, id)) in stages.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "four of them")]
        let middle = rect.left() + width * (number as f32 + 0.5);
        let light = Light::of(*stage, lights);
        let painter = ui.painter();
        if number > 0 {
            let ink = if light == Light::Off { palette.line } else { palette.ok };
            painter.hline(middle - width + SIGN..=middle - SIGN, top, Stroke::new(1.5, ink));
        }
        let sign = Rect::from_center_size(pos2(middle, top), vec2(SIGN, SIGN));
        match light {
            Light::Off => {
                painter.circle_stroke(sign.center(), SIGN / 2.0 - 2.0, Stroke::new(1.5, palette.edge));
            }
            Light::On => {
                painter.circle_stroke(sign.center(), SIGN / 2.0 - 1.0, Stroke::new(2.0, palette.accent));
                painter.circle_filled(sign.center(), 3.5, palette.accent);
            }
            Light::Done => Icon::Check.paint(painter, sign, palette.ok),
            Light::Failed => Icon::Cross.paint(painter, sign, palette.error),
        }
        let ink = match light {
            Light::Off => palette.secondary,
            Light::Failed => Tone::Error.color(palette),
            Light::On | Light::Done => palette.text,
        };
        let galley = painter.laid_out(state.t(id), theme::regular(theme::SMALL), ink);
        let at = pos2(middle - galley.size().x / 2.0, rect.top() + SIGN + 6.0);
        painter.galley(at, galley, ink);
    }
    progress(ui, lights);
}

fn progress(ui: &mut Ui, lights: &Lights) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
    let palette = theme::palette(ui);
    let share = figures::share(lights.done_bytes, lights.total_bytes).min(1.0);
    ui.painter().rect_filled(rect, theme::BAR_RADIUS, palette.line);
    let done = Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height()));
    let ink = if lights.stage == Stage::Done { palette.ok } else { palette.accent };
    ui.painter().rect_filled(done, theme::BAR_RADIUS, ink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stage: Stage, failed_in: Option<Stage>) -> [Light; 4] {
        let lights = Lights { stage, failed_in, done_bytes: 0, total_bytes: 0, cells: Vec::new() };
        STAGES.map(|(stage, _)| Light::of(stage, &lights))
    }

    #[test]
    fn a_light_is_on_only_after_those_before_it_are_done() {
        use Light::{Done, Failed, Off, On};
        assert!(at(Stage::Waiting, None) == [Off; 4]);
        assert!(at(Stage::Copy, None) == [On, Off, Off, Off]);
        assert!(at(Stage::ReadBack, None) == [Done, Done, On, Off]);
        assert!(at(Stage::Done, None) == [Done; 4]);
        assert!(at(Stage::Failed, Some(Stage::ReadBack)) == [Done, Done, Failed, Off]);
    }
}
