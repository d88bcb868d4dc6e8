//! The tray: what the selection comes to, the passphrase, the place, and the one button.

use eframe::egui::{Frame, Panel, ScrollArea, Sense, Ui, vec2};

use super::{Action, Pack, destination, divide, end, keys::Then, sign, state::End};
use crate::gui::{
    action::{self, Actions},
    figures,
    job::Kind as JobKind,
    new_passphrase::Look,
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Label, focus,
        layer_bar::{self, Kind, Segment},
        new_passphrase::{new_passphrase, second_look},
        new_recipients::new_recipients,
        page::line,
    },
};

const BAR_HEIGHT: f32 = 14.0;
/// Images a bar shows one by one; more would be thinner than they can be seen.
const BAR_PARTS: usize = 120;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    ui.spacing_mut().item_spacing.y = 6.0;
    let is_divided = pack.classes.is_on;
    ui.add(Label::large(state.t(if is_divided { "tray-title-divided" } else { "tray-title" })));
    if let Some(end) = &pack.end {
        if let End::Done(packed) = end {
            let foot = Panel::bottom("end foot").resizable(false).frame(Frame::new());
            foot.show(ui, |ui| end::foot(ui, state, packed, actions));
        }
        scrolled(ui, |ui| end::view(ui, state, end, actions));
        return;
    }
    // The button stays where it is, whatever stands above it.
    Panel::bottom("tray foot").resizable(false).frame(Frame::new()).show(ui, |ui| foot(ui, state, actions));
    scrolled(ui, |ui| {
        sums(ui, state);
        rule(ui);
        divide::view(ui, state, actions);
        if let Some(whose) = pack.shown_keys() {
            let (keys, then) = (pack.keys(whose), Then::of(whose));
            // Of each class fields of its own: what is half typed in one is not carried to the next.
            ui.push_id(whose.map(sealift::Class::tag), |ui| {
                if new_passphrase(ui, state.texts, &keys.new, then.new, actions) {
                    focus::ask(ui.ctx(), focus::PACK_OUT);
                }
                let num_more = usize::from(!keys.new.is_empty());
                new_recipients(ui, state, &keys.recipients, num_more, then.recipients, actions);
            });
        }
        sign::view(ui, state, actions);
        rule(ui);
        destination::view(ui, state, actions);
    });
}

fn scrolled(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().auto_shrink(false).show(ui, content);
}

fn foot(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let why = why_not(state);
    let is_ready = why.is_none();
    let why = why.unwrap_or_default();
    ui.add_space(6.0);
    let asked = state.pack.shown_keys().filter(|whose| state.pack.keys(*whose).new.look == Look::Second);
    if let Some(whose) = asked.filter(|_| is_ready) {
        let go_on = || action::Action::Pack(Action::Start);
        let (new, then) = (&state.pack.keys(whose).new, Then::of(whose).new);
        second_look(ui, state.texts, new, then, go_on, actions);
    } else if !is_ready && !state.runs(JobKind::Pack) {
        ui.add(Label::small(&why).secondary().wrapped());
    }
    ui.add_space(4.0);
    let width = ui.available_width();
    if Button::primary(&state.t("pack-start")).width(width).enabled(is_ready).why(&why).show(ui) {
        actions.push(action::Action::Pack(Action::Start));
    }
}

/// The first thing that packing still needs.
fn why_not(state: &State) -> Option<String> {
    if state.is_busy() {
        return Some(state.t("pack-why-busy"));
    }
    let (id, whose) = state.pack.why_not()?;
    let why = state.t(id);
    Some(match whose {
        Some(class) => state.texts.with("pack-why-of", &[("class", state.texts.class(class)), ("why", why)]),
        None => why,
    })
}

fn rule(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 13.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, (1.0, theme::palette(ui).line));
}

/// `sum of images` beside `shared layers once`, on one scale.
fn sums(ui: &mut Ui, state: &State) {
    let Pack { rows, selected, totals, .. } = &state.pack;
    let counts = [
        ("images", selected.len().to_string()),
        ("layers", totals.num_layers.to_string()),
        ("unique", totals.num_unique_layers().to_string()),
    ];
    ui.add(Label::body(state.texts.with("tray-counts", &counts)).secondary().wrapped());

    ui.add_space(6.0);
    bar_title(ui, &state.t("tray-sum"), totals.sum_bytes);
    let images: Vec<u64> =
        selected.iter().filter_map(|row| rows.get(*row)).map(|row| row.size_bytes).collect();
    let parts: Vec<Segment> = images
        .chunks(images.len().div_ceil(BAR_PARTS).max(1))
        .map(|images| figures::share(images.iter().sum(), totals.sum_bytes))
        .map(|share| Segment { share, kind: Kind::Own })
        .collect();
    bar(ui, &parts);

    ui.add_space(4.0);
    let written = if state.pack.classes.is_on { "tray-written-divided" } else { "tray-written" };
    bar_title(ui, &state.t(written), totals.unique_bytes);
    let own_bytes = totals.unique_bytes.saturating_sub(totals.shared_bytes);
    let parts = [(totals.shared_bytes, Kind::Shared), (own_bytes, Kind::Own)];
    bar(ui, &parts.map(|(bytes, kind)| Segment { share: figures::share(bytes, totals.sum_bytes), kind }));

    line(ui, |ui| {
        let palette = theme::palette(ui);
        for (color, id) in [(palette.shared, "tray-shared"), (palette.accent, "tray-own")] {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 16.0), Sense::hover());
            ui.painter().rect_filled(rect.shrink2(vec2(0.0, 3.0)), theme::BAR_RADIUS, color);
            ui.add(Label::small(state.t(id)));
        }
        let percent = figures::percent_saved(totals.unique_bytes, totals.sum_bytes);
        if percent > 0 {
            let saved = state.texts.with("tray-saved", &[("percent", percent.to_string())]);
            ui.add(Label::small(saved).tone(Tone::Ok));
        }
    });
}

fn bar_title(ui: &mut Ui, name: &str, num_bytes: u64) {
    line(ui, |ui| {
        ui.add(Label::small(name).secondary());
        ui.add(Label::small(figures::bytes(num_bytes)));
    });
}

fn bar(ui: &mut Ui, segments: &[Segment]) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT), Sense::hover());
    layer_bar::paint(ui, rect, segments, None);
}
