//! What each action does to the state. Pure: what it asks of the world comes back as effects.

use super::{
    action::{Action, Effect, Effects, Page},
    incoming::{self, Incoming},
    picker::{self, Picker, Step},
    screens::{import, pack, verify},
    state::State,
    texts::Texts,
};

impl State {
    /// Applies one action.
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Go(page) => self.settings.page = page,
            Action::Lang(choice) => {
                self.settings.lang = choice;
                self.texts = Texts(choice.resolve(self.system_lang));
            }
            Action::Theme(choice) => {
                self.settings.theme = choice;
                effects.push(Effect::Restyle);
            }
            Action::Zoom(zoom) => {
                self.settings.zoom = zoom;
                effects.push(Effect::Restyle);
            }
            Action::Hover(hovering) => self.hovering = hovering,
            Action::Bring(paths) => effects.push(Effect::RunQuietly(incoming::find_out(paths))),
            Action::Take(incoming) => self.take(incoming, effects),
            Action::Ask(ask) => effects.push(Effect::Ask(ask)),
            Action::NoDialog(ask) => {
                let (picker, list) = Picker::open(ask);
                self.picker = Some(picker);
                effects.push(Effect::RunQuietly(list));
            }
            Action::Picker(action) => self.pick(action, effects),
            Action::Copy(text) => effects.push(Effect::Copy(text)),
            Action::CancelJob => effects.push(Effect::Cancel),
            Action::DismissJob => self.job = self.job.take().filter(super::job::JobView::is_running),
            Action::Close if self.is_busy() => self.is_closing = true,
            Action::Close => effects.push(Effect::Close),
            Action::CloseAnyway(anyway) => {
                self.is_closing = false;
                if anyway {
                    effects.extend([Effect::Cancel, Effect::Close]);
                }
            }
            Action::Pack(action) => self.pack.apply(action, effects),
            Action::Import(action) => self.import.apply(action, effects),
            Action::Verify(action) => self.verify.apply(action, effects),
            Action::Keys(action) => self.keys.apply(action, effects),
        }
    }

    fn pick(&mut self, action: picker::Action, effects: &mut Effects) {
        let Some(picker) = &mut self.picker else { return };
        match picker.apply(action) {
            Step::Stay => {}
            Step::List(work) => effects.push(Effect::RunQuietly(work)),
            Step::Close(paths) => {
                let then = picker.ask.then;
                self.picker = None;
                if !paths.is_empty() {
                    self.apply(then(paths), effects);
                }
            }
        }
    }

    /// Brings files to the page that can do something with them. A bundle stays on the pages that open bundles.
    fn take(&mut self, incoming: Incoming, effects: &mut Effects) {
        match incoming {
            Incoming::Bundle(path) => match self.page() {
                Page::Verify => self.verify.apply(verify::Action::Open(path), effects),
                Page::Keys => self.keys.apply(super::screens::keys::Action::Open(path), effects),
                _ => {
                    self.settings.page = Page::Import;
                    self.import.apply(import::Action::Open(path), effects);
                }
            },
            Incoming::Sources(paths) => {
                self.settings.page = Page::Pack;
                self.pack.apply(pack::Action::Add(paths), effects);
            }
        }
    }
}
