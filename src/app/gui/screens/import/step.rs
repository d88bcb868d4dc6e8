//! The steps of the wizard, and the rail that shows them.

use eframe::egui::{Align2, Frame, Margin, Role, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::Action;
use crate::gui::widgets::words::{self, PaintsWords};
use crate::gui::{
    action::{self, Actions},
    state::State,
    theme,
    widgets::{Icon, icon::square},
};

/// A step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    #[default]
    Source,
    Unlock,
    Inspect,
    Target,
    Run,
    Report,
}

impl Step {
    pub(crate) const ALL: [Self; 6] =
        [Self::Source, Self::Unlock, Self::Inspect, Self::Target, Self::Run, Self::Report];

    /// The id of its name in the texts.
    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::Source => "import-step-source",
            Self::Unlock => "import-step-unlock",
            Self::Inspect => "import-step-inspect",
            Self::Target => "import-step-target",
            Self::Run => "import-step-run",
            Self::Report => "import-step-report",
        }
    }

    /// The step before; the first has none.
    pub(super) fn previous(self) -> Option<Self> {
        Self::ALL.into_iter().rfind(|step| *step < self)
    }
}

const HEIGHT: f32 = 36.0;
const MARK: f32 = 22.0;

/// The steps side by side; those that can be gone to are pressed.
pub(super) fn rail(ui: &mut Ui, state: &State, actions: &mut Actions) {
    Frame::new().inner_margin(Margin { left: 20, right: 16, top: 0, bottom: 8 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        #[expect(clippy::cast_precision_loss, reason = "six steps")]
        let width = (ui.available_width() / Step::ALL.len() as f32).min(170.0);
        ui.horizontal(|ui| Step::ALL.into_iter().for_each(|step| entry(ui, state, step, width, actions)));
    });
    let bottom = ui.cursor().top() - 4.0;
    ui.painter().hline(ui.max_rect().x_range(), bottom, Stroke::new(1.0, theme::palette(ui).line));
}

fn entry(ui: &mut Ui, state: &State, step: Step, width: f32, actions: &mut Actions) {
    let import = &state.import;
    let is_here = import.step == step;
    let is_open = !is_here && import.can_go(step) && !state.is_busy();
    let is_past = step < import.step;
    let sense = if is_open { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), sense);
    let name = state.t(step.text_id());
    response.widget_info(|| words::chosen(Role::Tab, is_here || is_open, is_here, &name));

    let palette = theme::palette(ui);
    let painter = ui.painter();
    let mark = square(rect.left(), rect.center().y, MARK);
    let (fill, edge, ink) = match () {
        () if is_here => (palette.accent, palette.accent, palette.on_accent),
        () if is_past => (palette.selected, palette.accent, palette.accent),
        () => (palette.raised, palette.edge, palette.secondary),
    };
    painter.circle(mark.center(), MARK / 2.0 - 1.0, fill, Stroke::new(1.0, edge));
    if is_past {
        Icon::Check.paint(painter, mark.shrink(5.0), ink);
    } else {
        let number = (step as usize + 1).to_string();
        painter.words(mark.center(), Align2::CENTER_CENTER, number, theme::strong(theme::SMALL), ink);
    }
    let (font, ink) = match () {
        () if is_here => (theme::strong(theme::BODY), palette.text),
        () if is_open && response.hovered() => (theme::regular(theme::BODY), palette.accent),
        () if is_open => (theme::regular(theme::BODY), palette.text),
        () => (theme::regular(theme::BODY), palette.secondary),
    };
    let words =
        painter.words(pos2(mark.right() + 8.0, mark.center().y), Align2::LEFT_CENTER, name, font, ink);
    if step != Step::Report {
        let line = words.right() + 10.0..=rect.right() - 10.0;
        if line.start() < line.end() {
            painter.hline(
                line,
                rect.center().y,
                Stroke::new(1.0, if is_past { palette.accent } else { palette.line }),
            );
        }
    }
    if response.has_focus() {
        let ring = Stroke::new(2.0, palette.accent);
        painter.rect_stroke(
            rect.with_max_x(words.right() + 4.0).expand(2.0),
            theme::RADIUS,
            ring,
            StrokeKind::Inside,
        );
    }
    if response.clicked() {
        actions.push(action::Action::Import(Action::Go(step)));
    }
}
