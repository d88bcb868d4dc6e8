//! Pictures of the shell and of each page's first state.

use std::{sync::Arc, time::Duration};

use eframe::egui::{Key, Role};
use egui_kittest::kittest::Queryable;
use sealift::{Code, Error, Phase, Snapshot};

use super::*;
use crate::gui::{
    action::{Effect, Page},
    incoming::Hovering,
    job::{Ended, JobView, Kind},
};

/// A job of 3.7 GB after `secs` seconds, which stands still from second `stands_from` on.
fn job(secs: u64, stands_from: u64) -> JobView {
    let at = |tenths: u64| Snapshot {
        phase: Phase::Pack,
        done_bytes: (0..tenths.min(stands_from * 10)).map(|n| 10_000_000 + n * n % 7 * 1_500_000).sum(),
        total_bytes: 3_700_000_000,
        elapsed: Duration::from_millis(tenths * 100),
    };
    let mut job = JobView::new(Kind::Pack, "5".into(), at(0));
    (1..=secs * 10).for_each(|tenths| job.sample(at(tenths)));
    job
}

fn with_job(job: JobView) -> State {
    State { job: Some(job), ..after([with_images(5)]) }
}

#[test]
fn pages_without_anything() {
    let mut pictures = Pictures::default();
    let pages = [
        ("pack-empty", Page::Pack),
        ("usb-empty", Page::Usb),
        ("import-empty", Page::Import),
        ("verify-empty", Page::Verify),
        ("keys-empty", Page::Keys),
        ("history-empty", Page::History),
        ("settings", Page::Settings),
    ];
    for (name, page) in pages {
        pictures.check(name, || after([Action::Go(page)]));
    }
}

#[test]
fn images_in_the_table() {
    let mut pictures = Pictures::default();
    pictures.check("pack-5-images", || after([with_images(5)]));
    pictures.check("pack-600-images", || {
        let mut state = after([with_images(600), Action::Pack(pack::Action::SelectShown(false))]);
        let presses = [0, 1, 12, 24].map(|row| pack::Action::Press { row, is_range: false });
        for press in presses {
            state.apply(Action::Pack(press), &mut Effects::new());
        }
        state
    });
}

#[test]
fn jobs_that_run_stand_still_and_end() {
    let mut pictures = Pictures::default();
    pictures.check("job-running", || with_job(job(12, 100)));
    pictures.check("job-stalled", || with_job(job(30, 12)));
    pictures.check("job-failed", || {
        let error = Error::new(Code::DiskFull);
        with_job(JobView { ended: Some(Ended::Failed(Arc::new(error))), ..job(12, 100) })
    });
    pictures.check("job-cancelled", || with_job(JobView { ended: Some(Ended::Cancelled), ..job(12, 100) }));
    pictures.check("job-done", || with_job(JobView { ended: Some(Ended::Done), ..job(12, 100) }));
}

#[test]
fn what_lies_over_the_window() {
    let mut pictures = Pictures::default();
    pictures
        .check("drop-sources", || State { hovering: Some(Hovering::Sources(3)), ..after([with_images(5)]) });
    pictures.check("drop-bundle", || State { hovering: Some(Hovering::Bundle), ..after([]) });
    pictures.check("closing", || State { is_closing: true, ..with_job(job(12, 100)) });
}

#[test]
fn a_passphrase_is_typed_pasted_and_deleted_by_keyboard() {
    let mut harness = screen(after([with_images(5)]), Theme::Dark, Lang::En);
    harness.get_by_role_and_label(Role::PasswordInput, "Passphrase").click();
    harness.run();
    let event = |text: &str| eframe::egui::Event::Paste(text.to_owned());
    harness.event(event("correct horse 口令"));
    harness.run();
    harness.key_press(Key::Backspace);
    harness.run();
    assert_eq!(harness.state().0.pack.keys.new.first.as_str(), "correct horse 口");
    let preedit = |text: &str| {
        let text = text.to_owned();
        eframe::egui::Event::Ime(eframe::egui::ImeEvent::Preedit { text, active_range_chars: None })
    };
    harness.event(preedit("ling"));
    harness.run();
    assert_eq!(harness.state().0.pack.keys.new.first.composed(), "ling");
    assert_eq!(harness.state().0.pack.keys.new.first.num_chars(), 15, "what is composed is not typed yet");
    harness.event(eframe::egui::Event::Ime(eframe::egui::ImeEvent::Commit("令".into())));
    harness.run();
    assert_eq!(harness.state().0.pack.keys.new.first.num_chars(), 16);
    assert!(harness.state().0.pack.keys.new.first.composed().is_empty());
    harness.key_press_modifiers(eframe::egui::Modifiers::COMMAND, Key::A);
    harness.run();
    harness.key_press(Key::Delete);
    harness.run();
    assert!(harness.state().0.pack.keys.new.first.is_empty());
}

#[test]
fn cancel_is_live_while_a_job_runs_and_closing_asks_first() {
    let mut harness = screen(with_job(job(12, 100)), Theme::Dark, Lang::En);
    harness.get_by_label("Cancel").click();
    harness.run();
    assert!(matches!(harness.state().1.as_slice(), [Effect::Cancel]));
    harness.state_mut().0.apply(Action::Close, &mut Effects::new());
    harness.run();
    harness.get_by_label("Keep running").click();
    harness.run();
    assert!(!harness.state().0.is_closing);
}

#[test]
fn pages_are_reached_by_keyboard_alone() {
    let mut harness = screen(after([]), Theme::Light, Lang::En);
    for _ in 0..4 {
        harness.key_press(Key::Tab);
        harness.run();
    }
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().0.page(), Page::Verify);
}
