//! A card for each removable drive, and for a folder that is served beside them.

use std::path::Path;

use eframe::egui::{Align, Layout, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, vec2};
use sealift::{Drive, Partition, PartitionState};

use super::{
    Action,
    lights::{Lights, lights},
    plan::PlannedTarget,
};
use crate::gui::widgets::words;
use crate::gui::{
    action::{self, Actions},
    figures,
    state::State,
    theme::{self, Tone},
    widgets::{Button, Icon, Label, banner::remark, page::line},
};

const HEIGHT: f32 = 176.0;
const GAP: f32 = 12.0;
const BAR_HEIGHT: f32 = 8.0;
/// The largest file of FAT32.
const FAT_FILE_BYTES: u64 = 4 << 30;

pub(super) fn cards(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let usb = &state.usb;
    let width = (ui.available_width() - GAP) / 2.0;
    ui.spacing_mut().item_spacing = vec2(GAP, GAP);
    let lights = usb.lights();
    let folder = usb.folder.trim();
    let shown_folder = (!folder.is_empty()).then(|| Path::new(folder));
    let drives = usb.drives.iter().map(Some).chain(shown_folder.map(|_| None));
    let all: Vec<Option<&Drive>> = drives.collect();
    for pair in all.chunks(2) {
        ui.horizontal(|ui| {
            for drive in pair {
                let place = drive.map_or(shown_folder, mount_point);
                let served = place.and_then(|place| usb.target_number(place));
                let lights = served.and_then(|number| lights.get(number));
                card(ui, state, *drive, place, width, lights, actions);
            }
        });
    }
}

/// The partition that would be used, and where it is mounted.
pub(super) fn partition(drive: &Drive) -> Option<&Partition> {
    drive.mounted().or_else(|| drive.partitions.first())
}

pub(super) fn mount_point(drive: &Drive) -> Option<&Path> {
    partition(drive)?.mount_points.first().map(std::path::PathBuf::as_path)
}

/// What people call a drive: the label its owner gave it, else its model, else its device.
pub(super) fn name(drive: &Drive) -> String {
    let label = partition(drive).map(|partition| partition.label.as_str()).unwrap_or_default();
    let named = [label, drive.model.as_str(), drive.id.as_str()];
    named.into_iter().find(|name| !name.trim().is_empty()).unwrap_or_default().to_owned()
}

fn card(
    ui: &mut Ui,
    state: &State,
    drive: Option<&Drive>,
    place: Option<&Path>,
    width: f32,
    running: Option<&Lights>,
    actions: &mut Actions,
) {
    let palette = theme::palette(ui);
    let is_free = !state.is_busy();
    let is_read_only = drive
        .is_some_and(|drive| drive.is_read_only || partition(drive).is_some_and(|part| part.is_read_only));
    let can_be_chosen = is_free && drive.is_some() && place.is_some() && !is_read_only;
    let is_chosen = drive.is_none() || place.is_some_and(|place| state.usb.chosen.contains(place));
    let title = drive.map_or_else(|| state.t("usb-folder"), name);
    let sense = if can_be_chosen { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), sense);
    response.widget_info(|| words::chosen(Role::CheckBox, can_be_chosen, is_chosen, &title));
    let (fill, edge) = match (is_chosen, response.hovered() || response.has_focus()) {
        (true, _) => (palette.selected, palette.accent),
        (false, true) if can_be_chosen => (palette.hovered, palette.edge),
        _ => (palette.raised, palette.line),
    };
    let stroke = Stroke::new(if response.has_focus() { 2.0 } else { 1.0 }, edge);
    ui.painter().rect(rect, theme::RADIUS, fill, stroke, StrokeKind::Inside);
    let inner = UiBuilder::new().max_rect(rect.shrink(14.0)).layout(Layout::top_down(Align::LEFT));
    let mut words = ui.new_child(inner);
    words.spacing_mut().item_spacing = vec2(8.0, 4.0);
    head(&mut words, &title, is_chosen);
    match drive {
        Some(drive) => about(&mut words, state, drive, is_read_only, actions),
        None => drop(words.add(Label::small(place_text(place)).secondary())),
    }
    words.add_space(4.0);
    if let Some(running) = running {
        lights(&mut words, state, running, drive.is_some() && state.usb.options.eject);
    } else if let Some(planned) = place.and_then(|place| state.usb.planned_for(place)) {
        will(&mut words, state, planned);
    }
    if response.clicked()
        && let Some(place) = place
    {
        actions.push(action::Action::Usb(Action::Choose(place.to_owned(), !is_chosen)));
    }
}

fn place_text(place: Option<&Path>) -> String {
    place.map(|place| place.display().to_string()).unwrap_or_default()
}

fn head(ui: &mut Ui, title: &str, is_chosen: bool) {
    ui.horizontal(|ui| {
        Icon::Usb.show(ui, 20.0, if is_chosen { Tone::Accent } else { Tone::Secondary });
        ui.add(Label::large(title));
        if is_chosen {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                Icon::Check.show(ui, 18.0, Tone::Accent);
            });
        }
    });
}

fn about(ui: &mut Ui, state: &State, drive: &Drive, is_read_only: bool, actions: &mut Actions) {
    let known = [&drive.vendor, &drive.model, &drive.serial].map(|text| text.trim());
    let device = drive.device.display().to_string();
    let known = known.into_iter().chain([device.as_str()]).filter(|text| !text.is_empty());
    let known: Vec<&str> = known.collect();
    ui.add(Label::small(known.join("  ·  ")).secondary());
    let Some(partition) = partition(drive) else { return };
    room(ui, state, drive, partition);
    if is_read_only {
        remark(ui, Tone::Warn, &state.t("usb-read-only"));
    } else if partition.state != PartitionState::Mounted {
        remark(ui, Tone::Warn, &state.t(&format!("usb-{}", partition.state.name())));
    }
    if partition.state == PartitionState::Unmounted {
        let device = partition.device.clone();
        if Button::secondary(&state.t("usb-mount")).enabled(!state.is_busy()).show(ui) {
            actions.push(action::Action::Usb(Action::Mount(device)));
        }
    }
}

/// Used and free, with a mark at 4 GiB where files end there.
fn room(ui: &mut Ui, state: &State, drive: &Drive, partition: &Partition) {
    let palette = theme::palette(ui);
    let size = if partition.size_bytes > 0 { partition.size_bytes } else { drive.size_bytes };
    let is_fat = partition.file_system == "vfat" || partition.file_system == "msdos";
    let file_system = match partition.file_system.as_str() {
        "" => "–".to_owned(),
        "vfat" => "FAT32".to_owned(),
        "exfat" => "exFAT".to_owned(),
        other => other.to_owned(),
    };
    let facts = [("fs", file_system), ("size", figures::bytes(size))];
    let text = match partition.free_bytes {
        Some(free) => state.texts.with("usb-free", &[&facts[..], &[("free", figures::bytes(free))]].concat()),
        None => state.texts.with("usb-size", &facts),
    };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, theme::BAR_RADIUS, palette.line);
    if let Some(free) = partition.free_bytes {
        let used = figures::share(size.saturating_sub(free), size).min(1.0);
        let used = Rect::from_min_size(rect.min, vec2(rect.width() * used, rect.height()));
        painter.rect_filled(used, theme::BAR_RADIUS, palette.shared);
    }
    if is_fat && size > FAT_FILE_BYTES {
        let at = rect.left() + rect.width() * figures::share(FAT_FILE_BYTES, size);
        painter.vline(at, rect.y_range().expand(2.0), Stroke::new(2.0, palette.warn));
    }
    line(ui, |ui| {
        ui.add(Label::small(text));
        if is_fat {
            ui.add(Label::small(state.t("usb-fat")).secondary());
        }
    });
}

/// What the plan does with it.
fn will(ui: &mut Ui, state: &State, planned: &PlannedTarget) {
    let facts = [
        ("files", planned.num_files.to_string()),
        ("size", figures::bytes(planned.write_bytes)),
        ("begun", figures::bytes(planned.begun_bytes)),
    ];
    let id = match planned {
        planned if planned.num_files == 0 => "usb-will-nothing",
        planned if planned.num_present == planned.num_files => "usb-will-read",
        planned if planned.begun_bytes > 0 => "usb-will-continue",
        _ => "usb-will-write",
    };
    remark(ui, Tone::Accent, &state.texts.with(id, &facts));
    if !planned.stale.is_empty() {
        remark(ui, Tone::Warn, &state.texts.count("usb-stale", planned.stale.len()));
    }
}
