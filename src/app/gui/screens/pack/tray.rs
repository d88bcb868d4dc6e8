//! The tray: what the selection comes to, the passphrase, the place, and the one button.

use eframe::egui::{Frame, Panel, ScrollArea, Sense, Ui, vec2};

use super::{Action, Pack, destination, end, sign};
use crate::gui::{
    action::{self, Actions},
    figures,
    job::Kind as JobKind,
    new_passphrase::{Change, Look},
    new_recipients,
    state::State,
    theme::{self, Tone},
    widgets::{
        Button, Label, focus,
        layer_bar::{self, Kind, Segment},
        new_passphrase::{new_passphrase, second_look},
        new_recipients::{Then, new_recipients},
        page::line,
    },
};

const BAR_HEIGHT: f32 = 14.0;
/// Images a bar shows one by one; more would be thinner than they can be seen.
const BAR_PARTS: usize = 120;

const RECIPIENTS: Then = Then {
    change: |change| action::Action::Pack(Action::Recipients(change)),
    file: |paths| {
        let path = paths.into_iter().next().unwrap_or_default();
        action::Action::Pack(Action::RecipientFile(path.to_string_lossy().into_owned()))
    },
    folder: |paths| action::Action::Pack(Action::Recipients(new_recipients::Change::share_folder(paths))),
};

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let pack = &state.pack;
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.add(Label::large(state.t("tray-title")));
    if let Some(end) = &pack.end {
        scrolled(ui, |ui| end::view(ui, state, end, actions));
        return;
    }
    // The button stays where it is, whatever stands above it.
    Panel::bottom("tray foot").resizable(false).frame(Frame::new()).show(ui, |ui| foot(ui, state, actions));
    scrolled(ui, |ui| {
        sums(ui, state);
        rule(ui);
        if new_passphrase(ui, state.texts, &pack.new, change, actions) {
            focus::ask(ui.ctx(), focus::PACK_OUT);
        }
        let num_more = usize::from(!pack.new.is_empty());
        new_recipients(ui, state, &pack.recipients, num_more, RECIPIENTS, actions);
        sign::view(ui, state, actions);
        rule(ui);
        destination::view(ui, state, actions);
    });
}

fn scrolled(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().auto_shrink(false).show(ui, content);
}

fn change(change: Change) -> action::Action {
    action::Action::Pack(Action::New(change))
}

fn is_ready(state: &State) -> bool {
    state.pack.is_ready() && !state.is_busy()
}

fn foot(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let is_ready = is_ready(state);
    let why = state.t(why_not(state));
    ui.add_space(6.0);
    if is_ready && state.pack.new.look == Look::Second {
        second_look(
            ui,
            state.texts,
            &state.pack.new,
            change,
            || action::Action::Pack(Action::Start),
            actions,
        );
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
fn why_not(state: &State) -> &'static str {
    let Pack { selected, new, recipients, place, .. } = &state.pack;
    let seen = place.seen();
    match () {
        () if state.is_busy() => "pack-why-busy",
        () if selected.is_empty() => "pack-why-images",
        () if new.is_empty() && recipients.is_empty() => "pack-why-key",
        () if !new.is_empty() && !new.is_complete() => "pack-why-again",
        () if !recipients.typed.trim().is_empty() => "pack-why-recipient",
        () if !recipients.is_complete() => "pack-why-shares",
        () if place.out.trim().is_empty() => "pack-why-out",
        () if place.volume_bytes().is_err() => "pack-why-volume",
        () if seen.is_some_and(|seen| seen.exists) => "pack-why-exists",
        () => "pack-why-refused",
    }
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
    bar_title(ui, &state.t("tray-written"), totals.unique_bytes);
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
