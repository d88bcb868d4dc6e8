//! Renders any state as the window shows it and compares it with a picture; needs no display.
//!
//! Pictures are in tests/gui/snapshots; `UPDATE_SNAPSHOTS=1 cargo test --bin sealift gui` makes them anew, and
//! `optipng` makes them small. The harness fails on a character without a glyph and on an input without a name.

mod delivery;
pub(crate) mod history;
mod import;
mod keyboard;
mod keys;
mod origins;
mod picker;
mod scale;
mod shell;
mod standing;
mod texts;
mod tray;
pub(crate) mod usb;
mod verify;

use std::collections::BTreeMap;

use eframe::egui::{Theme, UiBuilder, vec2};
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};
use sealift::{BlobReport, Code, DamagedImage, Digest, Lang, RecordReport, SlotInfo, SourceSpec};

use super::{
    action::{Action, Effect, Effects, Page},
    bundle::Header,
    fonts,
    job::Job,
    screens::{
        pack::{self, Origin, Row},
        verify::Verdict,
    },
    shell as window,
    standing::Standing,
    state::{Folders, State},
    texts::Texts,
    theme,
};

/// Size of the window in every picture.
const SIZE: eframe::egui::Vec2 = vec2(1280.0, 800.0);

/// A window on `state`, which the user's actions change as in the app; effects are collected.
pub(crate) fn screen(mut state: State, theme: Theme, lang: Lang) -> Harness<'static, (State, Effects)> {
    state.texts = Texts(lang);
    Harness::builder()
        .with_size(SIZE)
        .with_theme(theme)
        .with_context_setup(|ctx| {
            fonts::install(ctx);
            theme::install(ctx);
        })
        .wgpu()
        .build_ui_state(
            |ui, (state, effects): &mut (State, Effects)| {
                // The harness keeps a margin; the window has none.
                let whole = UiBuilder::new().max_rect(ui.ctx().viewport_rect());
                let actions = ui.scope_builder(whole, |ui| window::view(ui, state)).inner;
                for action in actions {
                    state.apply(action, effects);
                    ui.ctx().request_repaint();
                }
            },
            (state, Effects::new()),
        )
}

/// Both themes in both languages.
const ALL: [(Theme, Lang); 4] = [
    (Theme::Dark, Lang::ZhCn),
    (Theme::Dark, Lang::En),
    (Theme::Light, Lang::ZhCn),
    (Theme::Light, Lang::En),
];

/// Compares pictures with those kept as `NAME-THEME-LANG`; dropped, it fails with all that differ.
#[derive(Default)]
pub(crate) struct Pictures(SnapshotResults);

impl Pictures {
    /// Compares the pictures of a state in both themes and both languages.
    pub(crate) fn check(&mut self, name: &str, make: impl Fn() -> State) {
        for (theme, lang) in ALL {
            let mut harness = screen(make(), theme, lang);
            harness.run_steps(3);
            let theme = if theme == Theme::Dark { "dark" } else { "light" };
            let options = SnapshotOptions::new().output_path("tests/gui/snapshots");
            self.0.add(harness.try_snapshot_options(format!("{name}-{theme}-{}", lang.tag()), &options));
        }
    }
}

/// A state after these actions.
pub(crate) fn after(actions: impl IntoIterator<Item = Action>) -> State {
    let folders = Folders {
        logs: "/home/u/.local/share/sealift/logs".into(),
        history: "/home/u/.local/share/sealift/history.db".into(),
    };
    let mut state = State { folders, ..State::default() };
    actions.into_iter().for_each(|action| state.apply(action, &mut Effects::new()));
    state
}

/// The Pack page with `num` images.
pub(crate) fn with_images(num: usize) -> Action {
    Action::Pack(pack::Action::Listed(vec![SourceSpec::path_only("images.tar")], Ok(rows(num))))
}

/// Images that share base layers, as those of one vendor do.
pub(crate) fn rows(num: usize) -> Vec<Row> {
    const NAMES: [&str; 12] = [
        "registry.bank.cn/支付网关/payment-gateway:2.8.1",
        "docker.io/library/nginx:1.29",
        "docker.io/library/redis:8.0-alpine",
        "docker.io/library/postgres:17",
        "registry.bank.cn/order/order-service:5.1.0",
        "registry.bank.cn/report/report-worker:1.0.3",
        "quay.io/prometheus/prometheus:v3.4",
        "docker.io/grafana/grafana:12.1",
        "quay.io/minio/minio:2026-09",
        "docker.io/library/openjdk:21-slim",
        "docker.io/library/python:3.13",
        "docker.io/library/busybox:1.37",
    ];
    let row = |number: usize| {
        let base = (Digest::of(&[(number % 3) as u8]), 28 << 20);
        let own = (0..=number % 5).map(|layer| {
            let digest = Digest::of(format!("{number}/{layer}").as_bytes());
            (digest, ((number * 37 + layer * 53) % 240 + 8) as u64 * (1 << 20))
        });
        let layers: Vec<_> = std::iter::once(base).chain(own).collect();
        let blobs: BTreeMap<_, _> = layers.iter().copied().collect();
        let name = NAMES[number % NAMES.len()];
        let title = name.rsplit('/').next().and_then(|last| last.split(':').next()).unwrap_or(name);
        let title = if number < NAMES.len() { title.to_owned() } else { format!("{title}-{number}") };
        Row {
            origin: Origin::Source(0),
            target: Digest::of(format!("image {number}").as_bytes()),
            haystack: name.to_lowercase(),
            platforms: vec!["linux/amd64".into()],
            subtitle: format!("{name}  ·  linux/amd64  ·  2026-09-{:02}", number % 28 + 1),
            title,
            size_bytes: blobs.values().sum(),
            blobs: blobs.into_iter().collect(),
            layers,
            label: pack::ClassLabel::Unset,
        }
    };
    (0..num).map(row).collect()
}

/// A fingerprint.
pub(crate) const FINGERPRINT: &str = "9d7e488f4a9c379e80a169555da4f4166ace6186b26e43002f20eb5c72a824ee";

/// A bundle of 3.7 GB with two slots.
pub(crate) fn header() -> Header {
    let slot = |number| SlotInfo { number, kind: "password", details: "argon2id m=256MiB t=4 p=4".into() };
    Header {
        path: "/media/operator/交付/交付-2026-11-24.sealift".into(),
        set_id: FINGERPRINT.into(),
        fingerprint: FINGERPRINT.into(),
        num_volumes: 1,
        num_records: 3529,
        payload_bytes: 3_700_000_000,
        slots: vec![slot(1), slot(2)],
        num_damaged_copies: 0,
        num_superseded_slots: 0,
        standing: Standing::default(),
        part: None,
    }
}

/// What a check with the passphrase finds in a damaged bundle.
pub(crate) fn damaged() -> Verdict {
    let image = |name: &str| DamagedImage { image: name.into(), blobs: vec![Digest::of(name.as_bytes())] };
    let images = ["registry.bank.cn/支付网关/payment-gateway:2.8.1", "docker.io/library/nginx:1.29"];
    let blobs = BlobReport {
        num_blobs: 41,
        num_bytes: 9_100_000_000,
        damaged: images.map(image).into(),
        proven: true,
        cause: Some(Code::RecordDamaged),
    };
    let damaged = vec![37, 38, 39, 81];
    let records = RecordReport { num_records: 3529, damaged, num_damaged_header_copies: 0 };
    Verdict { blobs: Some((blobs, 5)), records: Some(records) }
}

/// Runs the jobs that `effects` ask for, as the app does, and those that follow from them.
pub(crate) fn settle(state: &mut State, mut effects: Effects) {
    while let Some(effect) = effects.pop() {
        let (Effect::Run(work) | Effect::RunQuietly(work)) = effect else { continue };
        let (woken, wait) = crossbeam_channel::bounded(1);
        let (job, mut view) = Job::start(work, move || {
            let _ = woken.send(());
        });
        wait.recv().unwrap();
        for action in job.poll(&mut view) {
            state.apply(action, &mut effects);
        }
    }
}

/// Text typed or pasted into a passphrase field.
pub(crate) fn typed(text: &str) -> super::secret::Edit {
    super::secret::Edit::Insert(zeroize::Zeroizing::new(text.to_owned()))
}

/// What is inside the bundle of [`header`].
pub(crate) fn open_contents() -> super::screens::import::Contents {
    let mut contents = import::contents(3);
    contents.parts[0].path = header().path;
    contents.parts[0].fingerprint = header().fingerprint;
    contents
}

/// A bundle in `folder` for `recipients`.
pub(crate) fn packed(folder: &std::path::Path, recipients: Vec<sealift::Recipient>) -> std::path::PathBuf {
    let (sample, bundle) = (folder.join("sample.tar"), folder.join("a.sealift"));
    sealift::write_sample(&sample).unwrap();
    let ctx = sealift::Ctx::new();
    let plan = sealift::plan_pack(&ctx, &[sample.to_str().unwrap().parse().unwrap()], &[]).unwrap();
    sealift::pack(&ctx, &plan, &bundle, recipients, &sealift::PackOptions::default()).unwrap();
    bundle
}
