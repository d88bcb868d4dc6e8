//! What the wizard holds, and what its actions do to it.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use sealift::{Class, Code, Error, Finished, TagPolicy};

use super::{
    contents::{Contents, Inside, sizes},
    memory::{self, Memory},
    plan::Plan,
    progress::{Progress, is_hit},
    report::{Ending, Ran, Report},
    step::Step,
    target::Target,
    work,
};
use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Bundles, Header, read_bundles},
    incoming,
    job::Outcome,
    other_keys::{self, OtherKeys},
    registry,
    secret::{Edit, Secret},
    texts::Texts,
    widgets::focus,
};

/// What the wizard holds.
#[derive(Debug, Default)]
pub(crate) struct Import {
    pub(crate) step: Step,
    /// The path being typed.
    pub(crate) path: String,
    /// Bundles on removable drives.
    pub(crate) found: Vec<PathBuf>,
    /// The bundle that was opened, and those of its delivery.
    pub(crate) bundles: Bundles,
    pub(crate) passphrase: Secret,
    /// Keys beside it.
    pub(crate) keys: OtherKeys,
    pub(crate) memory: Memory,
    /// What is inside those that are unlocked.
    pub(crate) contents: Option<Contents>,
    /// Numbers of the images to put back.
    pub(crate) selected: BTreeSet<usize>,
    /// Bytes of these: as if they shared nothing, and with every blob once.
    pub(crate) sizes: (u64, u64),
    pub(crate) target: Target,
    pub(crate) plan: Option<Plan>,
    /// The bundle is damaged, and what is whole of it is wanted.
    pub(crate) takes_damaged: bool,
    pub(crate) progress: Progress,
    pub(crate) report: Option<Report>,
    /// What the step that is shown failed on.
    pub(crate) failed: Option<Arc<Error>>,
    /// Where the report was written.
    pub(crate) saved: Option<PathBuf>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Html,
    Json,
}

/// What can happen in the wizard.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    /// Drives are mounted here now.
    Look(Vec<PathBuf>),
    /// What was found on them.
    Found(Vec<PathBuf>),
    /// The first of these, and those of its delivery.
    Open(Vec<PathBuf>),
    Opened(Outcome<Bundles>),
    /// The bundle of this class is shown.
    Show(Class),
    Passphrase(Edit),
    Keys(other_keys::Change),
    Memory(memory::Change),
    /// What was opened, beside what is open already.
    Unlocked(Outcome<Contents>),
    Select {
        image: usize,
        is_selected: bool,
    },
    SelectAll(bool),
    Transport(&'static str),
    Target(String),
    Occupied(TagPolicy),
    /// The name of this number gets another text.
    Rename(usize, String),
    RuleFrom(String),
    RuleTo(String),
    /// The rule that was typed is applied.
    ApplyRule,
    /// A mapping file was chosen.
    Map(PathBuf),
    Mapped(Outcome<Vec<(String, String)>>),
    Login(registry::Change),
    Planned(Outcome<Plan>),
    Progress(Vec<Finished>),
    Ran(Ran),
    /// The images that the run found damaged are left out, and the others planned anew.
    LeaveOutDamaged,
    Save(Format, PathBuf),
    Saved(Outcome<PathBuf>),
    Go(Step),
    /// The button that leads on.
    Next,
    /// The button that leads back.
    Back,
    Close,
}

impl Import {
    pub(crate) fn apply(&mut self, action: Action, texts: Texts, effects: &mut Effects) {
        match action {
            Action::Path(path) => self.path = path,
            Action::Look(folders) => effects.push(Effect::RunQuietly(work::find(folders))),
            Action::Found(found) => self.found = found,
            Action::Open(paths) => {
                self.path = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
                let then = |header| action::Action::Import(Action::Opened(header));
                let known = self.bundles.all.iter().map(|header| header.path.clone()).collect();
                effects.push(Effect::Run(read_bundles(paths, known, then)));
            }
            Action::Opened(Ok(bundles)) if self.adds(&bundles) => {
                self.change(|import| import.bundles = bundles);
                self.keys = OtherKeys::for_slots(&self.locked_slots());
                self.recall(effects);
                self.go(Step::Unlock, effects);
            }
            Action::Opened(Ok(bundles)) => {
                let path = bundles.shown().map(|header| header.path.display().to_string());
                let found = std::mem::take(&mut self.found);
                *self = Self { bundles, path: path.unwrap_or_default(), found, ..Self::default() };
                self.keys = OtherKeys::for_slots(&self.locked_slots());
                self.recall(effects);
                self.go(Step::Unlock, effects);
            }
            Action::Opened(Err(error)) => {
                let (path, found) = (std::mem::take(&mut self.path), std::mem::take(&mut self.found));
                *self = Self { failed: Some(error), path, found, ..Self::default() };
            }
            Action::Show(class) => {
                let of_class = self.bundles.all.iter().position(|header| header.class() == Some(class));
                self.bundles.shown = of_class.unwrap_or(self.bundles.shown);
            }
            Action::Passphrase(edit) => {
                self.memory.is_held &= !edit.changes_text();
                self.passphrase.apply(edit);
            }
            Action::Keys(change) => self.keys.apply(change),
            Action::Memory(change) => self.memory_does(change, effects),
            Action::Unlocked(Ok(more)) => self.take_contents(more, effects),
            Action::Select { image, is_selected } => self.select(|selected, _| {
                if is_selected {
                    selected.insert(image)
                } else {
                    selected.remove(&image)
                };
            }),
            Action::SelectAll(is_selected) => self.select(|selected, num| {
                *selected = if is_selected { (0..num).collect() } else { BTreeSet::new() };
            }),
            Action::Transport(transport) => self.change(|import| import.target.choose(transport)),
            Action::Target(path) => self.change(|import| import.target.set_path(path)),
            Action::Occupied(policy) => self.change(|import| import.target.occupied = policy),
            Action::Rename(number, to) => self.change(|import| {
                import
                    .target
                    .renames
                    .get_mut(number)
                    .into_iter()
                    .for_each(|rename| rename.to.clone_from(&to));
            }),
            Action::RuleFrom(from) => self.target.rule.from = from,
            Action::RuleTo(to) => self.target.rule.to = to,
            Action::ApplyRule => self.map(&self.target.rule.mapping()),
            Action::Map(path) => effects.push(Effect::RunQuietly(work::read_mapping(path))),
            Action::Mapped(Ok(mapping)) => self.map(&mapping),
            Action::Login(change) => self.change(|import| import.target.login.apply(change)),
            Action::Planned(Ok(plan)) => {
                self.plan = Some(plan);
                self.go(Step::Run, effects);
            }
            Action::Progress(finished) => self.progress.take(&finished),
            Action::Ran(ran) => {
                self.report = Report::of(ran, self);
                self.go(Step::Report, effects);
            }
            Action::LeaveOutDamaged => {
                let hurt = self.hurt();
                self.select(|selected, _| selected.retain(|number| !hurt.contains(number)));
                self.takes_damaged = true;
                effects.extend(work::plan(self).map(Effect::Run));
            }
            Action::Save(format, path) => {
                effects.extend(
                    self.report.as_ref().map(|report| Effect::Run(work::save(report, format, path, texts))),
                );
            }
            Action::Saved(Ok(path)) => (self.saved, self.failed) = (Some(path), None),
            Action::Unlocked(Err(error))
            | Action::Mapped(Err(error))
            | Action::Planned(Err(error))
            | Action::Saved(Err(error)) => self.fail(error),
            Action::Go(step) if self.can_go(step) => self.go(step, effects),
            Action::Go(_) => {}
            Action::Back => self.step.previous().into_iter().for_each(|step| self.go(step, effects)),
            Action::Next => self.next(effects),
            Action::Close => {
                let found = std::mem::take(&mut self.found);
                *self = Self { found, ..Self::default() };
            }
        }
    }

    /// Whether `opened` are the bundles that are here and others of their delivery: what is open stays so.
    fn adds(&self, opened: &Bundles) -> bool {
        let has = |bundles: &Bundles, sought: &Header| {
            bundles.all.iter().any(|header| (&header.path, &header.set_id) == (&sought.path, &sought.set_id))
        };
        let is_new = opened.shown().is_some_and(|header| !has(&self.bundles, header));
        self.contents.is_some() && is_new && self.bundles.all.iter().all(|header| has(opened, header))
    }

    /// Numbers of the images that the last run found damaged.
    pub(crate) fn hurt(&self) -> BTreeSet<usize> {
        let (Some(contents), Some(report)) = (&self.contents, &self.report) else { return BTreeSet::new() };
        let Ending::Failed(error) = &report.ending else { return BTreeSet::new() };
        let hit: Vec<_> = report.images.iter().filter(|image| is_hit(image, error)).collect();
        let is_hurt = |(number, inside): (usize, &Inside)| {
            hit.iter().any(|image| image.digest == inside.row.target).then_some(number)
        };
        contents.images.iter().enumerate().filter_map(is_hurt).collect()
    }

    /// Whether everything is there that this step needs.
    pub(crate) fn can_go(&self, step: Step) -> bool {
        match step {
            Step::Source => true,
            Step::Unlock => self.header().is_some(),
            Step::Inspect => self.contents.is_some(),
            Step::Target => self.contents.is_some() && !self.selected.is_empty(),
            Step::Run => self.plan.is_some(),
            Step::Report => self.report.is_some(),
        }
    }

    /// What leading on still needs: the id of a text.
    pub(crate) fn why_not(&self) -> Option<&'static str> {
        let is_bad = |this: &Self| {
            this.target.renames.iter().any(|name| name.is_bad() && this.selected.contains(&name.image))
        };
        match self.step {
            Step::Source if self.header().is_none() && self.path.trim().is_empty() => {
                Some("import-why-source")
            }
            Step::Unlock if self.is_refused() => Some("import-why-refused"),
            Step::Unlock if self.contents.is_none() && !self.has_key() => {
                Some(if self.keys.is_open { "import-why-keys" } else { "import-why-passphrase" })
            }
            Step::Inspect if self.selected.is_empty() => Some("import-why-images"),
            Step::Target if self.target.is_unsaid() => Some("import-why-path"),
            Step::Target if is_bad(self) => Some("import-why-names"),
            _ => None,
        }
    }

    /// Whether this site's policy does not let one of the bundles in.
    pub(super) fn is_refused(&self) -> bool {
        self.bundles.all.iter().any(|header| header.standing.refusal().is_some())
    }

    /// Whether something was given that may open a bundle.
    fn has_key(&self) -> bool {
        !self.passphrase.is_empty() || !self.keys.is_empty()
    }

    /// Whether leading on from the keys tries them; else it goes on with what is open.
    fn is_unlocking(&self) -> bool {
        self.contents.is_none() || (self.has_key() && self.locked().next().is_some())
    }

    /// What leading on is called: the id of a text.
    pub(crate) fn next_text_id(&self) -> &'static str {
        match (self.step, &self.report) {
            (Step::Unlock, _) if self.is_unlocking() => "import-unlock",
            (Step::Target, _) => "import-plan",
            (Step::Run, None) => "import-start",
            (Step::Report, Some(report)) if !matches!(report.ending, Ending::Done { .. }) => "import-retry",
            (Step::Report, _) => "import-another",
            _ => "import-next",
        }
    }

    fn go(&mut self, step: Step, effects: &mut Effects) {
        (self.step, self.failed) = (step, None);
        effects.push(Effect::Focus(match step {
            Step::Unlock if self.locked().next().is_some() => focus::IMPORT_PASSPHRASE,
            Step::Target => focus::IMPORT_PATH,
            _ => focus::NEXT,
        }));
    }

    fn next(&mut self, effects: &mut Effects) {
        match self.step {
            Step::Source if self.header().is_some() => self.go(Step::Unlock, effects),
            Step::Source => {
                let path = PathBuf::from(self.path.trim());
                effects.push(Effect::RunQuietly(incoming::find_out(vec![path])));
            }
            Step::Unlock if self.is_refused() => {}
            Step::Unlock if self.is_unlocking() => {
                effects.extend(work::unlock(self, self.keys.given(&self.passphrase)).map(Effect::Run));
            }
            Step::Unlock => self.go(Step::Inspect, effects),
            Step::Inspect => self.go(Step::Target, effects),
            Step::Target => effects.extend(work::plan(self).map(Effect::Run)),
            Step::Run if self.report.is_some() => self.go(Step::Report, effects),
            Step::Run => self.start(effects),
            Step::Report
                if self
                    .report
                    .as_ref()
                    .is_some_and(|report| matches!(report.ending, Ending::Done { .. })) =>
            {
                *self = Self::default();
            }
            Step::Report => {
                self.go(Step::Run, effects);
                self.start(effects);
            }
        }
    }

    fn start(&mut self, effects: &mut Effects) {
        (self.report, self.saved, self.progress) = (None, None, Progress::default());
        effects.extend(work::restore(self).map(Effect::Run));
    }

    /// What was opened is added to what is open, and selected.
    fn take_contents(&mut self, more: Contents, effects: &mut Effects) {
        let passphrase = std::mem::take(&mut self.passphrase);
        // With other keys it may be the PIN of one of them.
        if std::mem::take(&mut self.keys).is_empty() {
            self.remember(&more, &passphrase, effects);
        }
        let contents = self.contents.get_or_insert_default();
        let num_before = contents.images.len();
        contents.join(more);
        self.target.renames.extend(Target::names(&contents.images, num_before));
        self.select(|selected, num| selected.extend(num_before..num));
        self.keys = OtherKeys::for_slots(&self.locked_slots());
        self.recall(effects);
        self.go(Step::Inspect, effects);
    }

    /// Changes which images are put back; gets the number of those there are.
    fn select(&mut self, change: impl FnOnce(&mut BTreeSet<usize>, usize)) {
        self.change(|import| {
            let images = import.contents.as_ref().map_or(&[][..], |contents| &contents.images);
            change(&mut import.selected, images.len());
            import.sizes = sizes(import.selected.iter().filter_map(|number| images.get(*number)));
        });
    }

    /// Applies rules to the names.
    fn map(&mut self, mapping: &[(String, String)]) {
        let mut mapped = Ok(());
        self.change(|import| mapped = import.target.map(mapping));
        if let Err(error) = mapped {
            self.fail(Arc::new(error));
        }
    }

    /// A change after which the plan, and what came of it, no longer hold.
    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        (self.plan, self.report, self.failed, self.saved) = (None, None, None, None);
        self.progress = Progress::default();
    }

    /// What the user stopped is told in the job bar and is no error of the page.
    fn fail(&mut self, error: Arc<Error>) {
        self.failed = (error.code() != Code::Cancelled).then_some(error);
    }
}
