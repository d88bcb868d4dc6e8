//! Pictures of the app's own file picker, and a choice made in it by keyboard.

use eframe::egui::Key;
use egui_kittest::kittest::Queryable;

use super::*;
use crate::gui::{
    dialog::{Ask, Choose},
    picker::{self, Entry},
};

fn ask(choose: Choose) -> Ask {
    Ask { choose, title: "选择镜像归档 · Choose archives".into(), then: Action::Bring }
}

/// The picker on a folder, which no test reads.
fn picking(choose: Choose, entries: Result<Vec<Entry>, String>) -> State {
    let folder = || "/media/交付".into();
    let (enter, listed) = (picker::Action::Enter(folder()), picker::Action::Listed(folder(), entries));
    after([with_images(5), Action::NoDialog(ask(choose)), Action::Picker(enter), Action::Picker(listed)])
}

fn entries() -> Vec<Entry> {
    let entry = |name: &str, is_folder, size_bytes| Entry { name: name.into(), is_folder, size_bytes };
    let files = (1..=20).map(|n| entry(&format!("release-{n}.tar"), false, n * 317_000_000));
    [
        entry("2026-11", true, 0),
        entry("支付网关 payment", true, 0),
        entry("交付镜像.tar", false, 2_483_588_096),
    ]
    .into_iter()
    .chain(files)
    .collect()
}

#[test]
fn files_folders_and_names_are_picked_in_the_window() {
    let mut pictures = Pictures::default();
    pictures.check("picker-files", || {
        let mut state = picking(Choose::Files, Ok(entries()));
        let file = picker::Action::Toggle("/media/交付/交付镜像.tar".into());
        state.apply(Action::Picker(file), &mut Effects::new());
        state
    });
    let save = Choose::Save { name: "delivery.sealift".into() };
    pictures.check("picker-save", || picking(save.clone(), Ok(entries())));
    pictures.check("picker-unreadable", || {
        picking(Choose::Folder, Err("Permission denied (os error 13)".into()))
    });
}

#[test]
fn a_file_is_picked_and_brought_to_the_window() {
    let mut harness = screen(picking(Choose::File, Ok(entries())), Theme::Dark, Lang::En);
    harness.get_by_role_and_label(eframe::egui::Role::ListBoxOption, "交付镜像.tar").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label("Open 1 file").click();
    harness.run();
    assert!(harness.state().0.picker.is_none());
    assert!(
        matches!(harness.state().1.as_slice(), [crate::gui::action::Effect::RunQuietly(_)]),
        "it is looked at"
    );
}

#[test]
fn escape_closes_the_picker_and_nothing_is_brought() {
    let mut harness = screen(picking(Choose::Folder, Ok(entries())), Theme::Dark, Lang::En);
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.state().0.picker.is_none() && harness.state().1.is_empty());
}
