//! What each action does to the state. Pure: what it asks of the world comes back as effects.

use sealift::Shown;

use super::{
    action::{Action, Effect, Effects, Page, Sheet},
    asking,
    incoming::{self, Incoming},
    own_keys::{self, Tab},
    picker::{self, Picker, Step},
    screens::{import, keys, pack, usb, verify},
    settings::Volume,
    standing,
    state::State,
    texts::Texts,
};

impl State {
    /// Applies one action.
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Go(page) => {
                self.settings.page = page;
                self.look(effects);
            }
            Action::Returned => self.look(effects),
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
            Action::BundleFolder(folder) => self.settings.bundle_folder = folder,
            Action::Volume(volume) => {
                self.settings.volume = volume;
                self.begin_bundle();
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
            Action::CopyDiagnostics => {
                let errors = self.last_errors.iter();
                let text = self.diagnostics.text(self.texts.0, self.settings.zoom, errors);
                effects.push(Effect::Copy(text));
            }
            Action::OpenFolder(folder) => {
                self.cannot_open = false;
                effects.push(Effect::OpenFolder(folder));
            }
            Action::CannotOpenFolder => self.cannot_open = true,
            Action::Failed(error) => self.remember(error.render(self.texts.0)),
            Action::Sheet(sheet) => self.sheet = sheet,
            Action::Crashed(report) => {
                self.remember(report.as_path().into());
                self.crash = Some(report);
            }
            Action::DismissCrash => self.crash = None,
            Action::CancelJob => {
                // Nobody needs to answer any more; the job waits for nothing.
                self.asked.clear();
                effects.push(Effect::Cancel);
            }
            Action::DismissJob => {
                self.job = self.job.take().filter(super::job::JobView::is_running);
                self.sheet = self.sheet.filter(|sheet| *sheet != Sheet::Job);
            }
            Action::Close if self.is_busy() => self.is_closing = true,
            Action::Close => effects.push(Effect::Close),
            Action::CloseAnyway(anyway) => {
                self.is_closing = false;
                if anyway {
                    self.asked.clear();
                    effects.extend([Effect::Cancel, Effect::Close]);
                }
            }
            Action::Pack(action) => self.pack_does(action, effects),
            Action::Usb(action) => {
                let is_changed = matches!(action, usb::Action::Drives(_));
                self.usb.apply(action, self.texts, effects);
                if is_changed {
                    let folders = self.usb.mounted();
                    self.import.apply(import::Action::Look(folders), self.texts, effects);
                }
            }
            Action::Import(action) => self.import.apply(action, self.texts, effects),
            Action::Verify(action) => self.verify.apply(action, self.texts, effects),
            Action::Trust(change) => {
                for (bundle, now) in standing::apply(&mut self.trusting, change, effects) {
                    let headers = self.import.bundles.all.iter_mut().chain(&mut self.verify.header);
                    headers.filter(|header| header.path == bundle).for_each(|header| {
                        header.standing.clone_from(&now);
                    });
                }
            }
            Action::Keys(action) => {
                if matches!(action, keys::Action::Open(_) | keys::Action::Opened(_)) {
                    self.own.tab = Tab::Bundle;
                }
                self.keys.apply(action, effects);
            }
            Action::Own(action) => self.own.apply(action, effects),
            Action::Asking(change) => asking::apply(&mut self.asked, change, effects),
            Action::History(action) => self.history.apply(action, effects),
        }
    }

    /// Looks at what other programs may have changed and the page shows.
    fn look(&mut self, effects: &mut Effects) {
        match self.page() {
            Page::Pack => {
                self.pack.apply(pack::Action::LookForEngines, effects);
                effects.push(Effect::WatchDrives(self.usb.all_sizes));
                self.own.apply(own_keys::Action::Load, effects);
            }
            Page::Import => {
                effects.push(Effect::WatchDrives(self.usb.all_sizes));
                self.own.apply(own_keys::Action::Load, effects);
            }
            Page::Keys | Page::Verify => self.own.apply(own_keys::Action::Load, effects),
            Page::Usb => effects.push(Effect::WatchDrives(self.usb.all_sizes)),
            _ => {}
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

    /// What the settings say a new bundle begins with.
    pub(crate) fn begin_bundle(&mut self) {
        self.pack.place.split = match self.settings.volume {
            Volume::Whole => pack::Split::OneFile,
            Volume::Fat32 => pack::Split::Fat32,
            Volume::Gib2 | Volume::Gib1 => pack::Split::Custom,
        };
        self.pack.place.custom = match self.settings.volume {
            Volume::Gib2 => "2GiB".into(),
            Volume::Gib1 => "1GiB".into(),
            Volume::Whole | Volume::Fat32 => String::new(),
        };
    }

    /// Keeps the words of the last errors.
    fn remember(&mut self, words: Shown) {
        const MAX_ERRORS: usize = 5;
        if self.last_errors.len() == MAX_ERRORS {
            self.last_errors.pop_front();
        }
        self.last_errors.push_back(words);
    }

    /// The page has no settings, words or clock of its own: a first place for the bundle is made here.
    fn pack_does(&mut self, action: pack::Action, effects: &mut Effects) {
        let is_listed = matches!(action, pack::Action::Listed(_, Ok(_)));
        let had_rows = !self.pack.rows.is_empty();
        let is_packed = matches!(action, pack::Action::Packed(Ok(_), _));
        self.pack.apply(action, effects);
        if is_packed && let Some(folder) = self.pack.place.path().parent() {
            folder.clone_into(&mut self.settings.out_folder);
        }
        if is_listed {
            self.sheet = self.sheet.filter(|sheet| *sheet != Sheet::Registry);
        }
        let folder = self.settings.new_bundle_folder();
        let has_first_rows = !had_rows && !self.pack.rows.is_empty();
        if (is_listed || has_first_rows) && self.pack.place.out.is_empty() && !folder.as_os_str().is_empty() {
            let name = self.texts.with("pack-out-name", &[("date", self.today.clone())]);
            let out = folder.join(name).to_string_lossy().into_owned();
            self.pack.apply(pack::Action::Out(out), effects);
        }
    }

    /// Brings files to the page that can do something with them. A bundle stays on the pages that open bundles.
    fn take(&mut self, incoming: Incoming, effects: &mut Effects) {
        match incoming {
            Incoming::Bundles(paths) => match self.page() {
                Page::Verify => self.verify.apply(verify::Action::Open(paths), self.texts, effects),
                Page::Keys => self.apply(Action::Keys(keys::Action::Open(paths)), effects),
                Page::Usb => self.usb.apply(usb::Action::Open(paths), self.texts, effects),
                _ => {
                    self.apply(Action::Go(Page::Import), effects);
                    self.import.apply(import::Action::Open(paths), self.texts, effects);
                }
            },
            Incoming::Sources(paths) => {
                self.settings.page = Page::Pack;
                self.pack.apply(pack::Action::Add(paths), effects);
            }
        }
    }
}
