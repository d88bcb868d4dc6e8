//! Keys that work on every page. Ctrl+Enter, which presses a page's primary button, is the button's own.

use eframe::egui::{Key, Modifiers, Ui};

use super::{
    action::{Action, Actions, Page},
    dialog::{Ask, Choose},
    state::State,
};

/// The keys of the pages, in their order.
const PAGES: [Key; Page::ALL.len()] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7];

/// Ctrl+1 and on go to a page, Ctrl+O opens files, Ctrl+. cancels the job, whatever lies over the page.
pub(crate) fn shortcuts(ui: &Ui, state: &State, actions: &mut Actions) {
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, key));
    if state.is_busy() && pressed(Key::Period) {
        actions.push(Action::CancelJob);
    }
    if state.is_covered() {
        return;
    }
    let page = PAGES.iter().zip(Page::ALL).find_map(|(key, page)| pressed(*key).then_some(page));
    actions.extend(page.map(Action::Go));
    if pressed(Key::O) {
        actions.push(Action::Ask(Ask {
            choose: Choose::Files,
            title: state.t("choose"),
            then: Action::Bring,
        }));
    }
}
