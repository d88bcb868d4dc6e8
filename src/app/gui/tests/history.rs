//! Pictures of history, settings, and of what is said when something fails.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sealift::{Class, Code, Error, Fact, Phase, Snapshot};

use super::*;
use crate::gui::{
    action::{Page, Sheet},
    history::{Answer, Run, RunKind, RunOutcome, RunPart, Trouble, report},
    job::{Ended, JobView, Kind},
    screens::history::{self, Outcomes},
};

/// An error with everything an error can have.
fn error() -> Error {
    Error::new(Code::DiskFull)
        .with(Fact::Needed, "3.7 GiB")
        .with(Fact::Free, "1.2 GiB")
        .with(Fact::System, "No space left on device (os error 28)")
        .at(std::path::Path::new("/media/KINGSTON/支付网关-交付.sealift"))
}

/// Runs of every kind and outcome, newest first.
pub(crate) fn runs(num: usize) -> Vec<Run> {
    let bundles = ["支付网关-2.8.1", "nginx-and-redis", "report-worker", "核心系统-补丁-11"];
    let outcomes = [RunOutcome::Done, RunOutcome::Done, RunOutcome::Failed, RunOutcome::Done];
    let run = |number: usize| {
        let outcome = match number % 10 {
            4 => RunOutcome::Damaged,
            7 => RunOutcome::Cancelled,
            _ => outcomes[number % 4],
        };
        let kind = RunKind::ALL[number % RunKind::ALL.len()];
        Run {
            id: i64::try_from(num - number).unwrap(),
            began: format!("2026-11-{:02}T{:02}:0{}:00Z", 24 - number % 24, 9 + number % 9, number % 6),
            kind,
            outcome,
            bundle: format!("/media/KINGSTON/{}.sealift", bundles[number % 4]),
            target: if kind == RunKind::Restore { "oci:/srv/images".into() } else { String::new() },
            fingerprint: Digest::of(&[number as u8]).to_string().replace("sha256:", ""),
            num_bytes: (number as u64 * 37 % 240 + 8) << 24,
            millis: number as u64 * 7919 % 200_000,
            parts: Vec::new(),
            report: serde_json::Value::Null,
        }
    };
    (0..num).map(run).collect()
}

/// The bundles of a delivery.
pub(crate) fn parts() -> Vec<RunPart> {
    let part = |class: Class| RunPart {
        class,
        bundle: format!("/media/KINGSTON/核心系统-补丁-11.{class}.sealift"),
        fingerprint: Digest::of(class.tag().as_bytes()).hex(),
        num_bytes: 573_000_000 + u64::from(class == Class::Secret) * 97_000_000,
    };
    [Class::Public, Class::Secret].map(part).into()
}

fn act(action: history::Action) -> Action {
    Action::History(action)
}

fn filled(more: impl IntoIterator<Item = history::Action>) -> State {
    let start = [Action::Go(Page::History), act(history::Action::Answered(Answer::Runs(runs(40))))];
    after(start.into_iter().chain(more.into_iter().map(act)))
}

#[test]
fn history_filled_filtered_and_troubled() {
    let mut pictures = Pictures::default();
    pictures.check("history-filled", || filled([]));
    pictures.check("history-filter", || {
        filled([history::Action::Kind(Some(RunKind::Verify)), history::Action::Outcomes(Outcomes::Bad)])
    });
    pictures.check("history-none", || filled([history::Action::Search("nothing".into())]));
    pictures.check("history-trouble", || {
        let trouble = Trouble::Unwritable("attempt to write a readonly database".into());
        filled([history::Action::Answered(Answer::Trouble(trouble))])
    });
}

#[test]
fn history_reports() {
    let mut pictures = Pictures::default();
    let open =
        |id, report| [history::Action::Open(id), history::Action::Answered(Answer::Report(id, report))];
    pictures.check("history-report", || {
        let report = serde_json::json!({
            "version": "0.1.0",
            "report": {
                "volumes": ["/media/KINGSTON/支付网关-2.8.1.sealift"],
                "bundle_bytes": 1_589_137_899_u64,
                "num_images": 5,
                "sum_bytes": 2_803_000_000_u64,
            },
            "notices": [{ "kind": "untagged", "about": "sha256:9f2c41aa" }],
            "error": null,
        });
        filled(open(40, report))
    });
    pictures.check("history-report-delivery", || {
        let mut runs = runs(40);
        runs[0] = Run {
            bundle: "/media/KINGSTON/核心系统-补丁-11.sealift".into(),
            fingerprint: String::new(),
            parts: parts(),
            ..runs[0].clone()
        };
        let report = serde_json::json!({
            "version": "0.1.0",
            "report": { "public": { "num_images": 4 }, "secret": { "num_images": 2 } },
        });
        let start = [Action::Go(Page::History), act(history::Action::Answered(Answer::Runs(runs)))];
        after(start.into_iter().chain(open(40, report).map(act)))
    });
    pictures.check("history-report-failed", || filled(open(38, report(None, &[], Some(&error())))));
}

#[test]
fn errors_in_full() {
    let at = Snapshot {
        phase: Phase::Pack,
        done_bytes: 1_900_000_000,
        total_bytes: 3_700_000_000,
        elapsed: Duration::from_secs(90),
    };
    let job = || JobView {
        ended: Some(Ended::Failed(Arc::new(error()))),
        ..JobView::new(Kind::Pack, "5".into(), at)
    };
    let mut pictures = Pictures::default();
    pictures.check("error-panel", || State {
        job: Some(job()),
        sheet: Some(Sheet::Job),
        ..after([with_images(5)])
    });
    pictures.check("crash", || {
        let report = "/home/u/.local/share/sealift/logs/crash-20261124T030500Z.txt";
        State { crash: Some(PathBuf::from(report)), ..after([with_images(5)]) }
    });
    pictures.check("settings-licences", || {
        after([Action::Go(Page::Settings), Action::Sheet(Some(Sheet::Licences))])
    });
}

#[test]
fn a_failed_job_opens_its_error_and_copies_it_as_the_command_line_prints_it() {
    use egui_kittest::kittest::Queryable;
    let at = Snapshot { phase: Phase::Pack, done_bytes: 0, total_bytes: 0, elapsed: Duration::ZERO };
    let job =
        JobView { ended: Some(Ended::Failed(Arc::new(error()))), ..JobView::new(Kind::Pack, "5".into(), at) };
    let mut harness = screen(State { job: Some(job), ..after([]) }, Theme::Dark, Lang::En);
    harness.run();
    harness.get_by_label("Details").click();
    harness.run();
    harness.get_by_label("Copy this error").click();
    harness.run();
    let [super::super::action::Effect::Copy(text)] = &harness.state().1[..] else { panic!("nothing copied") };
    assert_eq!(*text, error().render(Lang::En));
    harness.key_press(eframe::egui::Key::Escape);
    harness.run();
    assert_eq!(harness.state().0.sheet, None);
}
