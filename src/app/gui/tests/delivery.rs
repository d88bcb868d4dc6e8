//! Deliveries: what the wizard makes of one bundle for each class, in pictures and by its own jobs.

use std::{path::PathBuf, sync::Arc};

use egui_kittest::kittest::Queryable;
use sealift::{Class, Error, PackReport, Phase};

use super::{import::inside, *};
use crate::gui::{
    bundle::{Bundles, Part as PartOf},
    history::{Run, RunOutcome, RunPart},
    new_passphrase::Change,
    new_recipients::LockedFor,
    screens::{
        import::{Action as Do, Contents, Part, Step},
        pack::{Action as Pack, ClassLabel, Divide, Packed, PackedBundle},
        verify,
    },
};

/// The bundle of `class`, where those of `here` lie beside each other.
fn header_of(class: Class, here: &[Class]) -> Header {
    let path = |class| sealift::part_path(&header().path, class);
    let place = |class: Class| (class, here.contains(&class).then(|| path(class)));
    let others = Class::ALL.into_iter().filter(|other| *other != class);
    let fingerprint = Digest::of(class.tag().as_bytes()).hex();
    Header {
        path: path(class),
        set_id: fingerprint.clone(),
        fingerprint,
        slots: header().slots[..1].to_vec(),
        part: Some(PartOf { class, others: others.map(place).collect() }),
        ..header()
    }
}

const HERE: [Class; 2] = [Class::Public, Class::Secret];

/// A delivery of three classes, of which two are here.
pub(super) fn bundles() -> Bundles {
    Bundles { all: HERE.map(|class| header_of(class, &HERE)).into(), shown: 0 }
}

/// What is inside the bundle of `class`.
fn contents(class: Class, num: usize) -> Contents {
    let header = header_of(class, &HERE);
    let part = Part {
        opened: None,
        path: header.path,
        class: Some(class),
        fingerprint: header.fingerprint,
        created: "2026-11-20T08:30:00Z".into(),
        tool: "Sealift 0.1.0".into(),
        num_externals: 0,
        policies: Vec::new(),
    };
    Contents { parts: vec![part], images: inside(num) }
}

fn wizard(actions: impl IntoIterator<Item = Do>) -> State {
    let open = [Do::Opened(Ok(bundles()))];
    let actions = open.into_iter().chain(actions).map(Action::Import);
    after([Action::Go(Page::Import)].into_iter().chain(actions))
}

#[test]
fn a_delivery_in_the_wizard() {
    let mut pictures = Pictures::default();
    pictures.check("import-delivery", || wizard([]));
    pictures
        .check("import-delivery-locked", || wizard([Do::Unlocked(Ok(contents(Class::Public, 3))), Do::Back]));
    pictures.check("import-delivery-inspect", || wizard([Do::Unlocked(Ok(contents(Class::Public, 3)))]));
}

#[test]
fn what_is_locked_can_be_opened_later_and_leaving_it_out_is_one_press() {
    let mut state =
        wizard([Do::Unlocked(Ok(contents(Class::Public, 2))), Do::Select { image: 0, is_selected: false }]);
    let apply = |state: &mut State, action| {
        let mut effects = Effects::new();
        state.apply(Action::Import(action), &mut effects);
        effects
    };
    let left_out =
        |state: &State| state.import.left_out().iter().map(|(class, _)| *class).collect::<Vec<_>>();
    assert_eq!(left_out(&state), [Class::Internal, Class::Secret]);
    apply(&mut state, Do::Next);
    assert_eq!(state.import.step, Step::Target);

    apply(&mut state, Do::Go(Step::Inspect));
    let mut harness = screen(state, Theme::Dark, Lang::En);
    harness.get_by_label_contains("Class secret is left out");
    harness.get_by_label("Give another key…").click();
    harness.run();
    let (mut state, _) = std::mem::take(harness.state_mut());
    assert_eq!((state.import.step, state.import.next_text_id()), (Step::Unlock, "import-next"));
    apply(&mut state, Do::Passphrase(typed("of the secret one")));
    assert_eq!(state.import.next_text_id(), "import-unlock");
    let runs = |effects: Effects| effects.iter().any(|effect| matches!(effect, Effect::Run(_)));
    assert!(runs(apply(&mut state, Do::Next)));
    // A wrong one changes nothing of what is open.
    apply(&mut state, Do::Unlocked(Err(Arc::new(Error::new(Code::KeyRefused)))));
    assert_eq!(left_out(&state), [Class::Internal, Class::Secret]);
    apply(&mut state, Do::Unlocked(Ok(contents(Class::Secret, 3))));
    assert_eq!(left_out(&state), [Class::Internal]);
    let import = &state.import;
    assert_eq!((import.step, &import.selected), (Step::Inspect, &[1, 2, 3, 4].into()));
    let classes =
        import.contents.iter().flat_map(|contents| contents.images.iter().map(|one| contents.class(one)));
    assert_eq!(classes.flatten().filter(|class| *class == Class::Secret).count(), 3);
    assert_eq!(import.target.renames.len(), 5);
}

#[test]
fn a_part_that_the_policy_refuses_stops_the_others() {
    let mut bundles = bundles();
    bundles.all[1].standing.policies = Err(Arc::new(Error::new(Code::NotSigned)));
    let state = after([Do::Opened(Ok(bundles)), Do::Passphrase(typed("x"))].map(Action::Import));
    assert_eq!(state.import.why_not(), Some("import-why-refused"));
}

/// The Pack page, divided: one image is marked by its label, one label is none, and some are marked by hand.
fn packing(actions: impl IntoIterator<Item = Pack>) -> State {
    let mut rows = rows(6);
    rows[0].label = ClassLabel::Class(Class::Secret);
    rows[3].label = ClassLabel::Other("topsecret".into());
    let listed = Pack::Listed(vec![SourceSpec::path_only("images.tar")], Ok(rows));
    let begin = [listed, Pack::Out(OUT.into()), Pack::Divide(Divide::Divide(true))];
    after(begin.into_iter().chain(actions).map(Action::Pack))
}

const OUT: &str = "/home/operator/交付/交付-2026-11-24.sealift";

fn mark(rows: &[usize]) -> impl Iterator<Item = Pack> {
    rows.iter().map(|row| Pack::Divide(Divide::Next(*row)))
}

fn locked(class: Class) -> [Pack; 2] {
    let text = || typed(&format!("mural cabbage unplug sixteen zebra {class}"));
    [Pack::New(Some(class), Change::First(text())), Pack::New(Some(class), Change::Again(text()))]
}

#[test]
fn a_delivery_that_is_packed() {
    let mut pictures = Pictures::default();
    pictures.check("pack-divide", || packing(mark(&[1, 2]).chain(locked(Class::Public))));
    pictures.check("pack-divided", || {
        let marks = mark(&[1, 2, 3, 3, 4, 5, 5, 5]);
        packing(
            marks.chain(locked(Class::Public)).chain(locked(Class::Internal)).chain(locked(Class::Secret)),
        )
    });
    pictures.check("tray-delivery", || {
        let bundle = |(class, num_images)| PackedBundle {
            class: Some(class),
            report: PackReport {
                signature: None,
                volumes: vec![sealift::part_path(OUT.as_ref(), class)],
                bundle_bytes: 573_000_000,
                kept_bytes: 0,
                fingerprint: Digest::of(class.tag().as_bytes()).hex(),
                num_images,
                sum_bytes: 1_310_000_000,
                unique_bytes: 1_000_000_000,
            },
            locked_for: LockedFor { has_passphrase: true, ..LockedFor::default() },
        };
        let bundles = [(Class::Public, 4), (Class::Secret, 2)].map(bundle).into();
        packing([Pack::Packed(Ok(Packed { bundles, signed: None }), Phase::Flush)])
    });
    pictures.check("verify-part", || {
        let opened = verify::Action::Opened(Ok(header_of(Class::Public, &HERE)));
        after([Action::Go(Page::Verify), Action::Verify(opened)])
    });
}

/// Applies `action`, then what the jobs that it starts come to; what the history keeps of them.
fn run(state: &mut State, action: Action) -> Vec<Run> {
    let (mut effects, mut kept) = (Effects::new(), Vec::new());
    state.apply(action, &mut effects);
    for effect in effects {
        let Effect::Run(work) = effect else { continue };
        let (woken, wait) = crossbeam_channel::bounded(1);
        let (job, mut view) = Job::start(work, move || {
            let _ = woken.send(());
        });
        wait.recv().unwrap();
        let actions = job.poll(&mut view);
        kept.extend(view.record());
        for action in actions {
            kept.extend(run(state, action));
        }
    }
    kept
}

#[test]
#[expect(clippy::disallowed_methods, reason = "plays the user")]
fn parts_from_several_folders_are_opened_together() {
    let dir = tempfile::tempdir().unwrap();
    let (sample, out) = (dir.path().join("s.tar"), dir.path().join("a.sealift"));
    sealift::write_sample(&sample).unwrap();
    let mut state = after([]);
    run(&mut state, Action::Pack(Pack::Add(vec![sample])));
    let begin = [Pack::Out(out.to_string_lossy().into_owned()), Pack::Divide(Divide::Divide(true))];
    let keys = locked(Class::Public).into_iter().chain(locked(Class::Secret));
    for action in begin.into_iter().chain(mark(&[0, 1, 1, 1])).chain(keys).chain([Pack::Start]) {
        run(&mut state, Action::Pack(action));
    }
    let [public, old] = [Class::Public, Class::Secret].map(|class| sealift::part_path(&out, class));
    let secret = dir.path().join("elsewhere").join(old.file_name().unwrap());
    std::fs::create_dir(secret.parent().unwrap()).unwrap();
    std::fs::rename(&old, &secret).unwrap();

    let bring = |state: &mut State, paths: &[&PathBuf]| {
        let found = crate::gui::incoming::find_out(paths.iter().copied().cloned().collect());
        run(state, found.run_here());
    };
    let here = |state: &State| {
        let headers = state.import.bundles.all.iter();
        let paths: Vec<PathBuf> = headers.map(|header| header.path.clone()).collect();
        (paths, state.import.header().and_then(Header::class))
    };
    let both = vec![public.clone(), secret.clone()];
    // At once.
    let mut state = after([Action::Go(Page::Import)]);
    bring(&mut state, &[&secret, &public]);
    assert_eq!(here(&state), (both.clone(), Some(Class::Secret)));
    assert!(state.import.bundles.missing().is_empty());
    // One after the other: what was opened stays open.
    let mut state = after([Action::Go(Page::Import)]);
    bring(&mut state, &[&public]);
    assert_eq!(here(&state), (vec![public.clone()], Some(Class::Public)));
    let text = typed(&format!("mural cabbage unplug sixteen zebra {}", Class::Public));
    for action in [Do::Passphrase(text), Do::Next] {
        run(&mut state, Action::Import(action));
    }
    assert_eq!(state.import.selected.len(), 1);
    bring(&mut state, &[&secret]);
    assert_eq!((here(&state), state.import.step), ((both, Some(Class::Secret)), Step::Unlock));
    assert!(state.import.is_open(&public) && !state.import.is_open(&secret));
    // On a page that takes one after the other, the way to the other part.
    let mut state = after([Action::Go(Page::Verify)]);
    for path in [&public, &secret] {
        bring(&mut state, &[path]);
    }
    let part = state.verify.header.as_ref().and_then(|header| header.part.clone()).unwrap();
    assert_eq!((part.class, part.others), (Class::Secret, vec![(Class::Public, Some(public))]));
}

#[test]
fn a_delivery_is_packed_on_one_page_and_put_back_by_the_wizard() {
    let dir = tempfile::tempdir().unwrap();
    let (sample, out, to) =
        (dir.path().join("s.tar"), dir.path().join("a.sealift"), dir.path().join("all.tar"));
    sealift::write_sample(&sample).unwrap();
    let mut state = after([]);
    run(&mut state, Action::Pack(Pack::Add(vec![sample])));
    let begin = [Pack::Out(out.to_string_lossy().into_owned()), Pack::Divide(Divide::Divide(true))];
    let marks = mark(&[0, 1, 1, 1]);
    let keys = locked(Class::Public).into_iter().chain(locked(Class::Secret));
    for action in begin.into_iter().chain(marks).chain(keys) {
        run(&mut state, Action::Pack(action));
    }
    let packed = run(&mut state, Action::Pack(Pack::Start));
    let paths = [Class::Public, Class::Secret].map(|class| sealift::part_path(&out, class));
    assert!(paths.iter().all(|path| path.is_file()) && !out.exists(), "{:?}", state.pack.end);
    assert!(state.pack.keys(Some(Class::Secret)).new.is_empty(), "passphrases are forgotten");
    let told = |kept: &[Run]| {
        let [run] = kept else { panic!("{kept:?}") };
        assert_eq!((run.outcome, PathBuf::from(&run.bundle)), (RunOutcome::Done, out.clone()));
        let part = |part: &RunPart| (part.class, PathBuf::from(&part.bundle), part.fingerprint.clone());
        run.parts.iter().map(part).collect::<Vec<_>>()
    };
    let parts = [0, 1].map(|number| {
        let class = [Class::Public, Class::Secret][number];
        (class, paths[number].clone(), sealift::inspect(&paths[number]).unwrap().fingerprint())
    });
    assert_eq!(told(&packed), parts);
    let sizes: Vec<u64> = packed[0].parts.iter().map(|part| part.num_bytes).collect();
    assert_eq!(sizes, paths.each_ref().map(|path| path.metadata().unwrap().len()));

    let import = |state: &mut State, action| run(state, Action::Import(action));
    let unlock = |state: &mut State, class: Class| {
        let text = typed(&format!("mural cabbage unplug sixteen zebra {class}"));
        for action in [Do::Passphrase(text), Do::Next] {
            import(state, action);
        }
    };
    import(&mut state, Do::Open(vec![out.clone()]));
    unlock(&mut state, Class::Secret);
    assert_eq!((state.import.step, state.import.selected.len()), (Step::Inspect, 1));
    import(&mut state, Do::Go(Step::Unlock));
    unlock(&mut state, Class::Public);
    assert!(state.import.left_out().is_empty());
    for action in [Do::Next, Do::Target(to.to_string_lossy().into_owned()), Do::Next] {
        import(&mut state, action);
    }
    assert_eq!(told(&import(&mut state, Do::Next)), parts);
    let report = state.import.report.as_ref().unwrap();
    assert_eq!(
        (report.images.len(), report.bundles.len(), to.is_file()),
        (2, 2, true),
        "{:?}",
        report.ending
    );
}
