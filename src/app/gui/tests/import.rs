//! Pictures of the wizard's steps, and its way by keyboard.

use std::{sync::Arc, time::Duration};

use egui_kittest::kittest::Queryable;
use sealift::{Check, CheckKind, Class, Code, Error, Fact, Finished, Phase, Snapshot, TagPolicy};

use super::*;
use crate::gui::{
    action::Page,
    bundle::Header,
    job::{Ended, JobView, Kind},
    screens::import::{Action as Do, Contents, Inside, Part, Plan, Planned, Ran, Step, Target},
};

fn header() -> Header {
    Header {
        path: "/media/U盘/交付-2026-11.sealift".into(),
        fingerprint: "9f2c41aa07be5d138c60e1f42b97aa05".repeat(2),
        set_id: "9f2c41aa07be5d138c60e1f42b97aa05".repeat(2),
        num_volumes: 2,
        num_records: 1520,
        payload_bytes: 1_589_137_899,
        slots: vec![sealift::SlotInfo { number: 1, kind: "password", details: String::new() }],
        num_damaged_copies: 0,
        num_superseded_slots: 0,
        standing: Standing::default(),
        part: None,
    }
}

/// As many images as asked for; the third is for another machine.
pub(super) fn inside(num: usize) -> Vec<Inside> {
    let one = |(number, row): (usize, Row)| {
        let name = row.subtitle.split("  ·  ").next().unwrap_or_default().to_owned();
        let platform = if number == 2 { "linux/arm64" } else { "linux/amd64" };
        let subtitle = row.subtitle.replace("linux/amd64", platform);
        let row = Row { subtitle, platforms: vec![platform.into()], ..row };
        let signed_by = Vec::new();
        Inside { part: 0, names: vec![name], runs_here: number != 2, signed_by, row }
    };
    rows(num).into_iter().enumerate().map(one).collect()
}

pub(super) fn contents(num: usize) -> Contents {
    Contents { parts: vec![part(&header(), None)], images: inside(num) }
}

/// The bundle of `header`, open.
fn part(header: &Header, class: Option<Class>) -> Part {
    Part {
        opened: None,
        path: header.path.clone(),
        class,
        fingerprint: header.fingerprint.clone(),
        created: "2026-11-20T08:30:00Z".into(),
        tool: "Sealift 0.1.0".into(),
        num_externals: 0,
        policies: Vec::new(),
    }
}

fn plan(num: usize) -> Plan {
    let planned = |image: Inside| Planned {
        digest: image.row.target,
        names: vec![image.names[0].replace("docker.io/library", "harbor.bank.local/base")],
        bundle_names: image.names,
        size_bytes: image.row.size_bytes,
        blobs: image.row.blobs,
    };
    Plan {
        images: inside(num).into_iter().map(planned).collect(),
        unique_bytes: 900 << 20,
        needed_bytes: 901 << 20,
        free_bytes: Some(42 << 30),
        notices: Vec::new(),
        checks: Vec::new(),
    }
}

/// The plan of a restore into Docker, with something to think about.
fn engine_plan() -> Plan {
    let check = |kind, about: &str| Check { kind, about: about.into() };
    let checks = vec![
        check(CheckKind::Reached, "docker (unix:///var/run/docker.sock) 20.10.24, linux/amd64"),
        check(CheckKind::Storage, "overlay2 /var/lib/docker"),
        check(CheckKind::TagKept, "harbor.bank.local/base/nginx:1.26 → 1.26-before-20261120-083000"),
        check(CheckKind::Unpacked, "harbor.bank.local/base/redis:7"),
    ];
    Plan { checks, ..plan(3) }
}

fn into_docker() -> Vec<Do> {
    let mut actions = unlocked();
    actions.extend([Do::Next, Do::Transport("docker-daemon"), Do::Occupied(TagPolicy::Backup)]);
    actions
}

fn wizard(actions: impl IntoIterator<Item = Do>) -> State {
    let open = [Do::Opened(Ok(header().into()))];
    let actions = open.into_iter().chain(actions).map(Action::Import);
    after([Action::Go(Page::Import)].into_iter().chain(actions))
}

fn unlocked() -> Vec<Do> {
    vec![Do::Unlocked(Ok(contents(3)))]
}

fn at_target() -> Vec<Do> {
    let mut actions = unlocked();
    actions.extend([Do::Next, Do::Target("/srv/images/镜像.tar".into())]);
    actions
}

/// The step where names are given, for so many images.
pub(super) fn at_target_with(num: usize) -> State {
    wizard([Do::Unlocked(Ok(contents(num))), Do::Next, Do::Target("/srv/images/镜像.tar".into())])
}

fn planned() -> Vec<Do> {
    let mut actions = at_target();
    actions.push(Do::Planned(Ok(plan(3))));
    actions
}

fn job(ended: Option<Ended>) -> JobView {
    let at = |tenths: u64| Snapshot {
        phase: Phase::Restore,
        done_bytes: tenths * 9_000_000,
        total_bytes: 1_900_000_000,
        elapsed: Duration::from_millis(tenths * 100),
    };
    let mut job = JobView::new(Kind::Restore, "3".into(), at(0));
    (1..=140).for_each(|tenths| job.sample(at(tenths)));
    JobView { ended, ..job }
}

/// The first image is written, half of the second is, and all are checked.
fn progress() -> Do {
    let images = plan(3).images;
    let part = |phase, digest: Digest| Finished { phase, name: digest.to_string() };
    let checked = images.iter().flat_map(|image| &image.blobs).map(|blob| part(Phase::Verify, blob.0));
    let first = images[0].blobs.iter().map(|blob| part(Phase::Restore, blob.0));
    let second = images[1].blobs.iter().take(2).map(|blob| part(Phase::Restore, blob.0));
    Do::Progress(checked.chain(first).chain(second).collect())
}

fn ended(result: Result<sealift::RestoreReport, Error>) -> State {
    ended_after(planned(), result)
}

fn ended_after(mut actions: Vec<Do>, result: Result<sealift::RestoreReport, Error>) -> State {
    let outcome = match &result {
        Ok(_) => Ended::Done,
        Err(error) if error.code() == Code::Cancelled => Ended::Cancelled,
        Err(_) => Ended::Failed(Arc::new(Error::new(Code::DiskFull))),
    };
    let result = result.map(Box::new).map_err(Arc::new);
    actions.push(Do::Ran(Ran {
        result,
        ended: "2026-11-24T09:12:44Z".into(),
        took: Duration::from_secs(83),
    }));
    State { job: Some(job(Some(outcome))), ..wizard(actions) }
}

fn restored() -> sealift::RestoreReport {
    sealift::RestoreReport {
        images: Vec::new(),
        left_out: Vec::new(),
        num_blobs: 12,
        written_bytes: 900 << 20,
        num_present: 0,
        num_unpacked: 0,
        checked: sealift::Checked::Before,
    }
}

fn done() -> State {
    ended(Ok(restored()))
}

#[test]
fn what_is_in_an_engine_needs_no_loading() {
    let mut actions = into_docker();
    actions.push(Do::Planned(Ok(engine_plan())));
    let harness = screen(ended_after(actions, Ok(restored())), Theme::Dark, Lang::En);
    assert!(harness.query_by_label("Load it with").is_none());
    screen(done(), Theme::Dark, Lang::En).get_by_label("Load it with");
}

#[test]
fn an_ending_claims_no_more_than_what_was_done() {
    let says = |ended: State, words: &str| {
        screen(ended, Theme::Dark, Lang::En).query_by_label_contains(words).is_some()
    };
    let each = "each blob with its digest";
    assert!(says(done(), each));
    let present = sealift::RestoreReport { num_blobs: 0, ..restored() };
    assert!(says(ended(Ok(present)), "were not checked"));
    let unpacked = || ended(Ok(sealift::RestoreReport { num_unpacked: 2, ..restored() }));
    assert!(says(unpacked(), "the content of every layer match") && !says(unpacked(), each));
}

#[test]
fn images_that_are_damaged_are_left_out_and_the_others_planned_anew() {
    let hurt = inside(1)[0].names[0].clone();
    let error = Error::new(Code::RecordDamaged).with(Fact::Image, hurt);
    let mut state = ended(Err(error));
    assert_eq!(state.import.hurt(), [0].into());
    let num = state.import.selected.len();
    state.apply(Action::Import(Do::LeaveOutDamaged), &mut Effects::new());
    assert!(!state.import.selected.contains(&0) && state.import.selected.len() == num - 1);
    assert!(state.import.takes_damaged && state.import.report.is_none());
}

#[test]
fn steps_of_the_wizard() {
    let mut pictures = Pictures::default();
    pictures.check("import-header", || wizard([]));
    pictures.check("import-wrong-passphrase", || {
        wizard([Do::Unlocked(Err(Arc::new(Error::new(Code::KeyRefused))))])
    });
    pictures.check("import-volume-missing", || {
        let error = Error::new(Code::VolumeMissing).with(Fact::Volume, 2);
        let error = error.with(Fact::Path, "/media/U盘/交付-2026-11.sealift.002");
        wizard([Do::Unlocked(Err(Arc::new(error)))])
    });
    pictures.check("import-damaged", || {
        let error = Error::new(Code::HeaderDamaged).with(Fact::Path, "/media/U盘/交付-2026-11.sealift");
        after([Action::Go(Page::Import), Action::Import(Do::Opened(Err(Arc::new(error))))])
    });
    pictures.check("import-inspect", || wizard(unlocked()));
    pictures.check("import-target", || wizard(at_target()));
    pictures.check("import-target-bad-name", || {
        let mut actions = at_target();
        actions.extend([Do::Transport("oci"), Do::Rename(1, "Not a name".into())]);
        wizard(actions)
    });
    pictures.check("import-plan", || wizard(planned()));
}

#[test]
fn ends_of_the_wizard() {
    let mut pictures = Pictures::default();
    pictures.check("import-target-docker", || wizard(into_docker()));
    pictures.check("import-target-registry", || {
        let mut actions = unlocked();
        let place = Do::Target("harbor.site.local/vendor".into());
        actions.extend([Do::Next, Do::Transport("docker"), place]);
        wizard(actions)
    });
    pictures.check("import-plan-docker", || {
        let mut actions = into_docker();
        actions.push(Do::Planned(Ok(engine_plan())));
        wizard(actions)
    });
    pictures.check("import-running", || {
        let mut actions = planned();
        actions.push(progress());
        State { job: Some(job(None)), ..wizard(actions) }
    });
    pictures.check("import-disk-full", || {
        ended(Err(Error::new(Code::DiskFull).with(Fact::Path, "/srv/images/镜像.tar")))
    });
    pictures.check("import-run-damaged", || {
        let error = Error::new(Code::RecordDamaged).with(Fact::Image, &inside(1)[0].names[0]);
        ended(Err(error.with(Fact::Path, header().path.display())))
    });
    pictures.check("import-cancelled", || ended(Err(Error::new(Code::Cancelled))));
    pictures.check("import-done", done);
}

#[test]
fn an_engine_needs_no_place_and_what_was_looked_at_there_is_told() {
    let harness = screen(wizard(into_docker()), Theme::Dark, Lang::En);
    assert_eq!(harness.state().0.import.why_not(), None);
    assert!(harness.query_by_label("File").is_none(), "there is no path to type");
    let mut actions = into_docker();
    actions.push(Do::Planned(Ok(engine_plan())));
    let harness = screen(wizard(actions), Theme::Dark, Lang::En);
    harness.get_by_label_contains("Reached: docker");
    harness.get_by_label_contains("keeps a second tag");
}

#[test]
fn every_kind_of_destination_is_worded() {
    for lang in Lang::ALL {
        for transport in sealift::dest_transports() {
            for id in [format!("dest-{transport}"), format!("dest-{transport}-line")] {
                assert!(sealift::lookup(lang, &id, &[]).is_some(), "{id} in {}", lang.tag());
            }
        }
    }
}

#[test]
fn steps_that_were_visited_can_be_gone_back_to_and_a_change_drops_the_plan() {
    let mut harness = screen(wizard(planned()), Theme::Dark, Lang::En);
    assert_eq!(harness.state().0.import.step, Step::Run);
    harness.get_by_label("Target").click();
    harness.run();
    assert_eq!(harness.state().0.import.step, Step::Target);
    assert!(harness.state().0.import.can_go(Step::Run));
    harness.get_by_role_and_label(eframe::egui::Role::RadioButton, "OCI archive").click();
    harness.run();
    let import = &harness.state().0.import;
    assert_eq!(import.target.transport, "oci-archive");
    assert!(!import.can_go(Step::Run) && import.plan.is_none());
}

#[test]
fn the_plan_can_be_taken_back_and_a_bundle_starts_at_unlock() {
    let state = wizard([]);
    assert_eq!(state.import.step, Step::Unlock);
    assert_eq!(state.import.why_not(), Some("import-why-passphrase"));
    assert_eq!(Target::default().transport, "docker-archive");
    let mut state = wizard(planned());
    state.apply(Action::Import(Do::Back), &mut Effects::new());
    assert_eq!(state.import.step, Step::Target);
}
