//! Deliveries: what the wizard makes of one bundle for each class, in pictures and by its own jobs.

use std::sync::Arc;

use egui_kittest::kittest::Queryable;
use sealift::{Class, Error};

use super::{import::inside, *};
use crate::gui::{
    bundle::{Bundles, Part as PartOf},
    screens::import::{Action as Do, Contents, Part, Step},
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
