//! The bar at the foot of every page: what runs, how far it is, and how it ended.
//!
//! Its height is always there, so that no button moves when a job begins. What ended stays until dismissed.

use eframe::egui::{
    Align, Color32, Frame, Layout, Margin, Panel, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, UiBuilder,
    Vec2, WidgetInfo, epaint::Mesh, pos2, vec2,
};
use sealift::Lang;

use super::{
    action::{Action, Actions, Sheet},
    figures,
    job::{Ended, JobView},
    job_sheet,
    state::State,
    texts::Texts,
    theme::{self, Tone},
    widgets::{Button, Icon, Label},
};
use crate::gui::widgets::words;

const TITLE_WIDTH: f32 = 210.0;
const GRAPH: Vec2 = vec2(180.0, 40.0);
const GAP: f32 = 16.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let frame = Frame::new().fill(theme::palette(ui).bg).inner_margin(Margin::symmetric(16, 0));
    let panel = Panel::bottom("job bar").exact_size(theme::JOB_BAR_HEIGHT).resizable(false).frame(frame);
    panel.show(ui, |ui| {
        let rect = ui.max_rect();
        match &state.job {
            None => idle(ui, state),
            Some(job) => match &job.ended {
                None => running(ui, rect, state.texts, job, actions),
                Some(ended) => self::ended(ui, rect, state.texts, job, ended, actions),
            },
        }
    });
}

fn idle(ui: &mut Ui, state: &State) {
    ui.horizontal_centered(|ui| {
        Icon::Info.show(ui, 16.0, Tone::Secondary);
        ui.add(Label::small(state.t("job-idle")).secondary());
    });
}

/// What a job is called.
pub(crate) fn title(texts: Texts, job: &JobView) -> String {
    texts.with(job.kind.text_id(), &[("name", job.name.clone())])
}

/// Splits the bar: left part, what lies between, and the button at its right.
fn running(ui: &mut Ui, rect: Rect, texts: Texts, job: &JobView, actions: &mut Actions) {
    let (step, steps) = job.step();
    let phase = texts.t(&format!("phase-{}", job.now.phase.name()));
    let phase = if steps > 1 { format!("{step} / {steps}  {phase}") } else { phase };
    two_lines(ui, Rect::from_min_size(rect.min, vec2(TITLE_WIDTH, rect.height())), |ui| {
        ui.add(Label::body(title(texts, job)).strong());
        ui.add(Label::small(phase).secondary());
    });

    let button = button_rect(rect);
    let graph =
        Rect::from_center_size(pos2(rect.left() + TITLE_WIDTH + GAP + GRAPH.x / 2.0, rect.center().y), GRAPH);
    speed_graph(ui, graph, texts, job);
    let rest =
        Rect::from_min_max(pos2(graph.right() + GAP, rect.top()), pos2(button.left() - GAP, rect.bottom()));
    two_lines(ui, rest, |ui| {
        progress_bar(ui, job, &title(texts, job));
        let (text, tone) = figures_line(texts, job);
        ui.add(Label::small(text).tone(tone));
    });

    let (id, is_live) = if job.is_cancelling { ("job-cancelling", false) } else { ("cancel", true) };
    ui.scope_builder(UiBuilder::new().max_rect(button).layout(Layout::right_to_left(Align::Center)), |ui| {
        if Button::secondary(&texts.t(id)).enabled(is_live).show(ui) {
            actions.push(Action::CancelJob);
        }
    });
}

fn button_rect(rect: Rect) -> Rect {
    rect.with_min_x(rect.right() - 120.0)
}

/// Room for two of them.
fn buttons_rect(rect: Rect) -> Rect {
    rect.with_min_x(rect.right() - 220.0)
}

/// A column of two lines, centred in `rect`.
fn two_lines(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    let inner = rect.shrink2(vec2(0.0, (rect.height() - 38.0) / 2.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::LEFT)), |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        content(ui);
    });
}

fn progress_bar(ui: &mut Ui, job: &JobView, title: &str) {
    let palette = theme::palette(ui);
    let (line, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let share = figures::share(job.now.done_bytes, job.now.total_bytes);
    response.widget_info(|| WidgetInfo {
        value: Some(f64::from(share)),
        ..words::named(Role::ProgressIndicator, true, title)
    });
    let track = Rect::from_center_size(line.center(), vec2(line.width(), 8.0));
    ui.painter().rect_filled(track, theme::BAR_RADIUS, palette.raised);
    let color = if job.meter.stalled().is_some() { palette.warn } else { palette.accent };
    let done = track.with_max_x(track.left() + share * track.width());
    ui.painter().rect_filled(done, theme::BAR_RADIUS, color);
}

/// `1.9 / 3.7 GiB · 21 MiB/s · about 1 min 30 s left`; no time left in the first seconds, and none in a stall.
fn figures_line(texts: Texts, job: &JobView) -> (String, Tone) {
    let mut parts = Vec::new();
    if job.now.total_bytes > 0 {
        parts.push(format!(
            "{} / {}",
            figures::bytes(job.now.done_bytes),
            figures::bytes(job.now.total_bytes)
        ));
        parts.push(figures::speed(job.meter.bytes_per_sec()));
    } else {
        parts.push(figures::duration(texts, job.now.elapsed));
    }
    let has_more = job.left_bytes() > 0;
    let stalled = job.meter.stalled().filter(|_| has_more);
    if let Some(stalled) = stalled {
        parts.push(texts.with("job-stalled", &[("time", figures::duration(texts, stalled))]));
    } else if let Some(left) = job.meter.time_left(job.left_bytes()).filter(|_| has_more) {
        parts.push(texts.with("job-left", &[("time", figures::duration(texts, left))]));
    }
    (parts.join(" · "), if stalled.is_some() { Tone::Warn } else { Tone::Secondary })
}

/// Speed over the last half minute, as a line over a faint ground.
fn speed_graph(ui: &mut Ui, rect: Rect, texts: Texts, job: &JobView) {
    let response = ui.allocate_rect(rect, Sense::hover());
    let name = texts.t("job-speed");
    response.widget_info(|| words::named(Role::Image, true, &name));
    let palette = theme::palette(ui);
    let painter = ui.painter_at(rect);
    painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
    let peak = job.speeds.iter().copied().fold(1.0_f32, f32::max);
    if job.speeds.len() < 2 {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "some hundred samples over some pixels")]
    let step = rect.width() / (job.speeds.len() - 1) as f32;
    let mut x = rect.left();
    let mut points: Vec<Pos2> = Vec::with_capacity(job.speeds.len());
    for speed in &job.speeds {
        points.push(pos2(x, rect.bottom() - 1.0 - speed / peak * (rect.height() - 3.0)));
        x += step;
    }
    painter.add(area(&points, rect.bottom(), theme::faint(palette.accent)));
    painter.line(points, Stroke::new(1.5, palette.accent));
}

/// The area between a line and `floor`.
fn area(points: &[Pos2], floor: f32, color: Color32) -> Shape {
    let mut mesh = Mesh::default();
    for (number, point) in (0_u32..).zip(points) {
        mesh.colored_vertex(*point, color);
        mesh.colored_vertex(pos2(point.x, floor), color);
        if number > 0 {
            let at = 2 * number;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    Shape::mesh(mesh)
}

fn ended(ui: &mut Ui, rect: Rect, texts: Texts, job: &JobView, ended: &Ended, actions: &mut Actions) {
    let (tone, icon) = match ended {
        Ended::Done if job.notices.is_empty() => (Tone::Ok, Icon::Check),
        Ended::Done => (Tone::Warn, Icon::Warn),
        Ended::Failed(_) | Ended::Lost => (Tone::Error, Icon::Cross),
        Ended::Cancelled => (Tone::Secondary, Icon::Stop),
    };
    let icon_rect = Rect::from_center_size(pos2(rect.left() + 12.0, rect.center().y), vec2(24.0, 24.0));
    icon.paint(ui.painter(), icon_rect, tone.color(theme::palette(ui)));
    let words = Rect::from_min_max(
        pos2(rect.left() + 40.0, rect.top()),
        pos2(buttons_rect(rect).left() - GAP, rect.bottom()),
    );
    two_lines(ui, words, |ui| {
        ui.add(Label::body(ended_title(texts, job, ended)).strong().tone(tone));
        ui.add(Label::small(ended_line(texts, job, ended)).secondary());
    });
    let layout = Layout::right_to_left(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(buttons_rect(rect)).layout(layout), |ui| {
        if Button::secondary(&texts.t("dismiss")).show(ui) {
            actions.push(Action::DismissJob);
        }
        if job_sheet::has_more(job) && Button::secondary(&texts.t("job-details")).show(ui) {
            actions.push(Action::Sheet(Some(Sheet::Job)));
        }
    });
}

/// What became of a job that has ended.
pub(crate) fn summary(texts: Texts, job: &JobView) -> String {
    job.ended.as_ref().map_or_else(|| title(texts, job), |ended| ended_title(texts, job, ended))
}

fn ended_title(texts: Texts, job: &JobView, ended: &Ended) -> String {
    let id = match ended {
        Ended::Done => "job-done",
        Ended::Failed(_) | Ended::Lost => "job-failed",
        Ended::Cancelled => "job-cancelled",
    };
    texts.with(id, &[("title", title(texts, job))])
}

/// Why it failed, else what it noticed, else how much it did in what time.
fn ended_line(texts: Texts, job: &JobView, ended: &Ended) -> String {
    let between = if texts.0 == Lang::ZhCn { "。" } else { ". " };
    match ended {
        Ended::Failed(error) => {
            let hint = texts.hint(error).unwrap_or_default();
            format!("{}{between}{hint}", error.message(texts.0))
        }
        Ended::Lost => texts.t("job-lost"),
        Ended::Cancelled => texts.t("job-cancelled-line"),
        // What a plan noticed was shown with it; the last is of the end.
        Ended::Done => match job.notices.last() {
            Some(notice) => texts.notice(notice),
            None => format!(
                "{} · {}",
                figures::bytes(job.now.done_bytes),
                figures::duration(texts, job.now.elapsed)
            ),
        },
    }
}
