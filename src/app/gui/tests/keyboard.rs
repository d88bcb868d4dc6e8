//! Where the keyboard goes: to what lies over the page and to nothing beneath it; once to each row of a table.

use eframe::egui::{Key, LayerId, Modifiers, Order, Rect, Role};
use egui_kittest::kittest::Queryable;

use super::*;
use crate::gui::{
    action::{Effect, Sheet},
    asking::{Asked, What},
    dialog::{Ask, Choose},
    history::Answer,
    job::{JobView, Kind},
    new_passphrase::Change,
    picker,
    screens::history::Action as Do,
};

type Window = Harness<'static, (State, Effects)>;

/// What has the keyboard: its layer and its place.
fn focused(window: &Window) -> Option<(LayerId, Rect)> {
    let id = window.ctx.memory(eframe::egui::Memory::focused)?;
    window.ctx.read_response(id).map(|response| (response.layer_id, response.rect))
}

/// A page on which everything is ready to pack, with the keyboard in its passphrase field.
fn ready() -> Window {
    let words = "mural cabbage unplug sixteen zebra wooing";
    let pack = [
        pack::Action::Out("/tmp/a.sealift".into()),
        pack::Action::New(None, Change::First(typed(words))),
        pack::Action::New(None, Change::Again(typed(words))),
    ];
    let state = after([with_images(5)].into_iter().chain(pack.map(Action::Pack)));
    let mut window = screen(state, Theme::Dark, Lang::En);
    window.get_by_role_and_label(Role::PasswordInput, "Passphrase").click();
    window.run();
    window
}

fn running() -> JobView {
    let at = sealift::Snapshot {
        phase: sealift::Phase::Pack,
        done_bytes: 1,
        total_bytes: 2,
        elapsed: std::time::Duration::from_secs(1),
    };
    JobView::new(Kind::Verify, "a.sealift".into(), at)
}

/// What lies over the page, and how it comes there.
type Cover = (&'static str, fn(&mut State));

fn covers() -> [Cover; 4] {
    fn picking(state: &mut State) {
        let ask = Ask { choose: Choose::Files, title: "Choose".into(), then: Action::Bring };
        state.apply(Action::NoDialog(ask), &mut Effects::new());
        let folder = || "/media".into();
        for action in [picker::Action::Enter(folder()), picker::Action::Listed(folder(), Ok(Vec::new()))] {
            state.apply(Action::Picker(action), &mut Effects::new());
        }
    }
    [
        ("a sheet", |state| state.sheet = Some(Sheet::Licences)),
        ("what a key asks", |state| {
            let what = What::Secret(sealift::Question::Pin("token".into()));
            state.asked.push_back(Asked::by_nobody(what));
        }),
        ("the picker", picking),
        ("the question before closing", |state| (state.job, state.is_closing) = (Some(running()), true)),
    ]
}

#[test]
fn the_keyboard_stays_on_what_lies_over_the_page() {
    for (what, cover) in covers() {
        let mut window = ready();
        let is_on_page = |(layer, _): (LayerId, Rect)| layer.order != Order::Foreground;
        assert!(focused(&window).is_some_and(is_on_page), "at first the page has it");
        cover(&mut window.state_mut().0);
        window.run();
        let mut num_stops = 0;
        for key in [[Key::Tab; 8], [Key::ArrowDown; 8], [Key::ArrowLeft; 8]].concat() {
            window.key_press(key);
            window.run();
            assert!(!focused(&window).is_some_and(is_on_page), "{what}: {key:?} leads beneath it");
            num_stops += usize::from(focused(&window).is_some());
        }
        assert!(num_stops > 8, "{what} is reached by keyboard");
    }
}

#[test]
fn keys_do_nothing_beneath_what_lies_over_the_page() {
    for (what, cover) in covers() {
        let mut window = ready();
        cover(&mut window.state_mut().0);
        window.run();
        window.event(eframe::egui::Event::Text("not here".into()));
        for key in [Key::Enter, Key::Num3, Key::O, Key::F] {
            window.key_press_modifiers(Modifiers::COMMAND, key);
            window.run();
        }
        let (state, effects) = window.state();
        let is_quiet = |effect: &Effect| matches!(effect, Effect::RunQuietly(_));
        assert!(effects.iter().all(is_quiet), "{what}: {effects:?}");
        assert_eq!(state.page(), Page::Pack, "{what}");
        assert!(
            state.pack.keys.new.first.as_str().ends_with("wooing") && state.pack.search.is_empty(),
            "{what}"
        );
    }
}

#[test]
fn the_keyboard_stops_once_for_each_run_and_opens_it() {
    let runs = Action::History(Do::Answered(Answer::Runs(super::history::runs(40))));
    let mut window = screen(after([Action::Go(Page::History), runs]), Theme::Dark, Lang::En);
    window.run();
    let first = window.state().0.history.runs[0].id;
    let label = "Pack 支付网关-2.8.1.sealift";
    window.get_all_by_role_and_label(Role::Button, label).next().unwrap().focus();
    window.run();
    let (_, mut at) = focused(&window).unwrap();
    for _ in 0..25 {
        window.key_press(Key::Tab);
        window.run();
        let (_, next) = focused(&window).unwrap();
        let is_below = (next.left() - at.left()).abs() < 0.5 && next.top() >= at.top();
        assert!(is_below, "from {at:?} to {next:?}: not the next row");
        at = next;
    }
    for _ in 0..25 {
        window.key_press_modifiers(Modifiers::SHIFT, Key::Tab);
        window.run();
    }
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(window.state().0.history.opened.as_ref().map(|run| run.id), Some(first));
}
