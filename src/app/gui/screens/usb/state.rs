//! What the USB page holds, and what its actions do to it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{
    Ctx, Drive, Error, ErrorKind, Existing, HandoffOptions, HandoffReport, HandoffWatch, Order, Share,
};

use super::{
    card::{mount_point, name},
    label,
    lights::Lights,
    plan::{Planned, PlannedTarget, Wish},
};
use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Header, read_header},
    history::{About, Account},
    job::{Kind, Outcome, Work},
    texts::Texts,
    widgets::cell_map::MAX_CELLS,
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Usb {
    /// The path of a bundle, while it is typed.
    pub(crate) path: String,
    /// The bundle that is handed over.
    pub(crate) header: Option<Header>,
    /// Removable drives that are plugged in.
    pub(crate) drives: Vec<Drive>,
    /// Very large drives are listed too.
    pub(crate) all_sizes: bool,
    /// Where chosen drives are mounted.
    pub(crate) chosen: BTreeSet<PathBuf>,
    /// A folder that is served too, as typed.
    pub(crate) folder: String,
    pub(crate) options: HandoffOptions,
    /// The restore kit stays at home.
    pub(crate) without_kit: bool,
    plan: Option<(Wish, Outcome<Planned>)>,
    is_planning: bool,
    /// The folders that the run that is shown serves, in its order.
    pub(crate) served: Vec<PathBuf>,
    watch: Option<Arc<HandoffWatch>>,
    /// The lights of a run that has ended.
    pub(crate) still: Vec<Lights>,
    /// Parts of a delivery that were handed over, until all were.
    handed: BTreeSet<PathBuf>,
    pub(crate) report: Option<HandoffReport>,
    pub(crate) failed: Option<Arc<Error>>,
    /// Where the label was saved.
    pub(crate) saved: Option<PathBuf>,
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    /// The first of these, with those of its delivery.
    Open(Vec<PathBuf>),
    Opened(Outcome<Header>),
    /// The drives that are plugged in now.
    Drives(Vec<Drive>),
    AllSizes(bool),
    /// Whether the drive that is mounted here is served.
    Choose(PathBuf, bool),
    /// A partition is to be mounted.
    Mount(PathBuf),
    Mounted(Outcome<PathBuf>),
    Folder(String),
    Share(Share),
    Order(Order),
    Eject(bool),
    Kit(bool),
    RemoveStale(bool),
    Replace(bool),
    Planned(Box<(Wish, Outcome<Planned>)>),
    Start,
    Ended(Outcome<HandoffReport>),
    SaveLabel(PathBuf),
    Saved(Outcome<PathBuf>),
    /// The result was seen: the same bundle goes to another drive.
    Again,
    Close,
}

impl Usb {
    pub(crate) fn apply(&mut self, action: Action, texts: Texts, effects: &mut Effects) {
        match action {
            Action::Path(path) => self.path = path,
            Action::Open(paths) => {
                let known = self.header.as_ref().map(Header::places).unwrap_or_default();
                let then = |header| action::Action::Usb(Action::Opened(header));
                effects.push(Effect::Run(read_header(paths, known, then)));
            }
            Action::Opened(Ok(header)) => {
                self.leave_result();
                (self.header, self.failed) = (Some(header), None);
            }
            Action::Opened(Err(error)) | Action::Mounted(Err(error)) | Action::Saved(Err(error)) => {
                self.failed = (error.kind() != ErrorKind::Cancelled).then_some(error);
            }
            Action::Drives(drives) => self.take_drives(drives),
            Action::AllSizes(all) => {
                self.all_sizes = all;
                effects.push(Effect::WatchDrives(all));
            }
            Action::Choose(place, true) | Action::Mounted(Ok(place)) => drop(self.chosen.insert(place)),
            Action::Choose(place, false) => drop(self.chosen.remove(&place)),
            Action::Mount(device) => effects.extend(self.mount(&device).map(Effect::RunQuietly)),
            Action::Folder(folder) => self.folder = folder,
            Action::Share(share) => self.options.share = share,
            Action::Order(order) => self.options.order = order,
            Action::Eject(eject) => self.options.eject = eject,
            Action::Kit(wanted) => self.without_kit = !wanted,
            Action::RemoveStale(remove) => self.options.remove_stale = remove,
            Action::Replace(replace) => {
                self.options.existing = if replace { Existing::Replace } else { Existing::Keep };
            }
            Action::Planned(planned) => (self.plan, self.is_planning) = (Some(*planned), false),
            Action::Start => effects.extend(self.start().map(Effect::Run)),
            Action::Ended(outcome) => self.finish(outcome),
            Action::SaveLabel(path) => effects.extend(self.save_label(path, texts).map(Effect::RunQuietly)),
            Action::Saved(Ok(path)) => (self.saved, self.failed) = (Some(path), None),
            Action::Again => self.leave_result(),
            Action::Close => {
                let Self { drives, all_sizes, .. } = std::mem::take(self);
                *self = Self { drives, all_sizes, ..Self::default() };
            }
        }
        let wish = self.wish();
        self.plan = self.plan.take().filter(|(planned, _)| Some(planned) == wish.as_ref());
        effects.extend(self.look(wish).map(Effect::RunQuietly));
    }

    /// What starting still needs: the id of a text.
    pub(crate) fn why_not(&self) -> Option<&'static str> {
        match self.planned() {
            _ if self.header.is_none() => Some("usb-why-bundle"),
            _ if self.folders().is_empty() => Some("usb-why-drive"),
            None => Some("usb-why-looking"),
            Some(Err(_)) => Some("usb-why-refused"),
            Some(Ok(_)) => None,
        }
    }

    /// The plan for what is now wished.
    pub(crate) fn planned(&self) -> Option<&Outcome<Planned>> {
        self.plan.as_ref().map(|(_, outcome)| outcome)
    }

    /// What the plan does with a folder.
    pub(super) fn planned_for(&self, folder: &Path) -> Option<&PlannedTarget> {
        let planned = self.planned()?.as_ref().ok()?;
        planned.targets.iter().find(|target| target.folder == folder)
    }

    /// The place of a folder among those that the run serves.
    pub(super) fn target_number(&self, folder: &Path) -> Option<usize> {
        self.served.iter().position(|served| served == folder)
    }

    /// How far each target is.
    pub(crate) fn lights(&self) -> Vec<Lights> {
        match &self.watch {
            Some(watch) => watch.targets().iter().map(Lights::of).collect(),
            None => self.still.clone(),
        }
    }

    /// Where drives are mounted.
    pub(crate) fn mounted(&self) -> Vec<PathBuf> {
        self.drives.iter().filter_map(mount_point).map(Path::to_owned).collect()
    }

    /// Where files can be put on drives, and what each is called.
    pub(crate) fn destinations(&self) -> Vec<(PathBuf, String)> {
        let writable = self.drives.iter().filter(|drive| !drive.is_read_only);
        writable.filter_map(|drive| Some((mount_point(drive)?.to_owned(), name(drive)))).collect()
    }

    /// Drives and folder that are served, drives first.
    fn folders(&self) -> Vec<PathBuf> {
        let folder = self.folder.trim();
        let folder = (!folder.is_empty()).then(|| PathBuf::from(folder));
        self.chosen.iter().cloned().chain(folder).collect()
    }

    /// Whether other parts of the delivery are still to be handed over: drives are ejected after the last.
    pub(crate) fn has_more(&self) -> bool {
        let part = self.header.as_ref().and_then(|header| header.part.as_ref());
        let mut others = part.into_iter().flat_map(|part| &part.others).filter_map(|(_, path)| path.as_ref());
        others.any(|path| !self.handed.contains(path))
    }

    pub(crate) fn wish(&self) -> Option<Wish> {
        let (bundle, folders) = (self.header.as_ref()?.path.clone(), self.folders());
        let options =
            HandoffOptions { eject: self.options.eject && !self.has_more(), ..self.options.clone() };
        let with_kit = !self.without_kit;
        (!folders.is_empty()).then_some(Wish { bundle, folders, options, with_kit })
    }

    /// A plan, if one is due. One at a time: a slow stick must not pile them up.
    fn look(&mut self, wish: Option<Wish>) -> Option<Work> {
        if self.is_planning || self.report.is_some() || self.watch.is_some() || self.planned().is_some() {
            return None;
        }
        let wish = wish?;
        self.is_planning = true;
        let call = move |_: &Ctx| {
            let planned = wish.plan().map_err(Arc::new);
            Ok((wish, planned))
        };
        Some(Work::new(Kind::List, "", call, |planned| match planned {
            Ok(planned) => action::Action::Usb(Action::Planned(Box::new(planned))),
            Err(_) => action::Action::Usb(Action::Again),
        }))
    }

    /// A drive that was pulled out is no longer chosen.
    fn take_drives(&mut self, drives: Vec<Drive>) {
        self.drives = drives;
        let mounted: BTreeSet<&Path> = self.drives.iter().filter_map(mount_point).collect();
        self.chosen.retain(|place| mounted.contains(place.as_path()));
        // What was planned may no longer be so.
        self.plan = None;
    }

    fn mount(&self, device: &Path) -> Option<Work> {
        let mut partitions = self.drives.iter().flat_map(|drive| &drive.partitions);
        let partition = partitions.find(|partition| partition.device == device)?.clone();
        let call = move |_: &Ctx| sealift::mount_partition(&partition);
        Some(Work::new(Kind::List, "", call, |place| action::Action::Usb(Action::Mounted(place))))
    }

    fn start(&mut self) -> Option<Work> {
        let header = self.header.as_ref()?;
        let plan = self.planned()?.as_ref().ok()?.plan.clone()?;
        let watch = Arc::new(HandoffWatch::new(&plan, MAX_CELLS));
        let folders: Vec<PathBuf> = plan.targets.iter().map(|target| target.folder.clone()).collect();
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let about = About {
            bundle: header.path.clone(),
            fingerprint: header.fingerprint.clone(),
            target: names.join(", "),
            parts: Vec::new(),
        };
        let title = header.file_name();
        (self.failed, self.saved, self.report) = (None, None, None);
        (self.served, self.watch) = (folders, Some(Arc::clone(&watch)));
        let call = move |ctx: &Ctx| sealift::handoff(ctx, &plan, &watch);
        let account = |report: &HandoffReport| {
            let is_damaged = report.targets.iter().any(Result::is_err);
            Some(Account { is_damaged, ..Account::of(&summary(report)) })
        };
        let then = |report| action::Action::Usb(Action::Ended(report));
        Some(Work::recorded(Kind::Handoff, title, about, call, account, then))
    }

    fn finish(&mut self, outcome: Outcome<HandoffReport>) {
        self.still = self.lights();
        (self.watch, self.plan) = (None, None);
        match outcome {
            Ok(report) => {
                if report.targets.iter().all(Result::is_ok) {
                    let is_last = !self.has_more();
                    self.handed.extend(self.header.as_ref().map(|header| header.path.clone()));
                    // The next drive gets all of them again.
                    if is_last {
                        self.handed.clear();
                    }
                }
                self.report = Some(report);
            }
            Err(error) => {
                (self.served, self.still) = (Vec::new(), Vec::new());
                self.failed = Some(error);
            }
        }
    }

    fn leave_result(&mut self) {
        (self.report, self.saved, self.failed, self.plan) = (None, None, None, None);
        (self.served, self.still) = (Vec::new(), Vec::new());
        (self.options.remove_stale, self.options.existing) = (false, Existing::Keep);
        self.is_planning = false;
    }

    fn save_label(&self, path: PathBuf, texts: Texts) -> Option<Work> {
        let text = label::html(texts, self.header.as_ref()?);
        let call = move |_: &Ctx| {
            // The dialog has asked about a file that is there.
            sealift::save_report(&path, &text, Existing::Replace)?;
            Ok(path)
        };
        Some(Work::new(Kind::List, "", call, |path| action::Action::Usb(Action::Saved(path))))
    }
}

/// What the history keeps of a report.
fn summary(report: &HandoffReport) -> serde_json::Value {
    let targets = report.targets.iter().map(|target| match target {
        Ok(target) => serde_json::json!(target),
        Err(error) => serde_json::json!({ "error": error.code().id() }),
    });
    let targets: Vec<_> = targets.collect();
    serde_json::json!({ "fingerprint": report.fingerprint, "targets": targets, "missing": report.missing })
}

#[cfg(test)]
mod tests {
    use sealift::Class;

    use super::*;
    use crate::gui::tests::{header, usb::drive};

    fn apply(usb: &mut Usb, action: Action) -> Effects {
        let mut effects = Effects::new();
        usb.apply(action, Texts::default(), &mut effects);
        effects
    }

    #[test]
    fn a_plan_is_made_when_bundle_and_drive_are_known_and_for_what_is_wished() {
        let mut usb = Usb::default();
        apply(&mut usb, Action::Drives(vec![drive("sdb", "KINGSTON")]));
        let place = mount_point(&usb.drives[0]).unwrap().to_owned();
        assert!(apply(&mut usb, Action::Choose(place.clone(), true)).is_empty());
        assert_eq!(usb.why_not(), Some("usb-why-bundle"));
        assert!(matches!(apply(&mut usb, Action::Opened(Ok(header()))).as_slice(), [Effect::RunQuietly(_)]));
        let wish = usb.wish().unwrap();
        let planned = Planned { plan: None, targets: Vec::new(), left_out: Vec::new() };
        apply(&mut usb, Action::Planned(Box::new((wish, Ok(planned)))));
        assert_eq!(usb.why_not(), None);
        // Another wish needs another plan.
        assert!(matches!(apply(&mut usb, Action::Eject(false)).as_slice(), [Effect::RunQuietly(_)]));
        assert_eq!(usb.why_not(), Some("usb-why-looking"));
        apply(&mut usb, Action::Drives(Vec::new()));
        assert!(usb.chosen.is_empty(), "a drive that was pulled out is not chosen");
        assert_eq!(usb.why_not(), Some("usb-why-drive"));
    }

    #[test]
    fn of_a_delivery_drives_are_ejected_after_the_last_part() {
        let of = |path: &str, other: &str| {
            let others = vec![(Class::Secret, Some(other.into())), (Class::Internal, None)];
            let part = Some(crate::gui::bundle::Part { class: Class::Public, others });
            Header { path: path.into(), part, ..header() }
        };
        let mut usb = Usb { folder: "/srv".into(), ..Usb::default() };
        usb.options.eject = true;
        let done = || HandoffReport { fingerprint: String::new(), targets: Vec::new(), missing: Vec::new() };
        for _ in 0..2 {
            for (path, other, ejects) in [("/a", "/b", false), ("/b", "/a", true)] {
                apply(&mut usb, Action::Opened(Ok(of(path, other))));
                assert_eq!(usb.wish().unwrap().options.eject, ejects, "{path}");
                apply(&mut usb, Action::Ended(Ok(done())));
            }
        }
    }

    #[test]
    fn a_kit_goes_along_unless_it_is_left_out() {
        let mut usb = Usb { header: Some(header()), folder: "/srv".into(), ..Usb::default() };
        assert!(usb.wish().unwrap().with_kit);
        apply(&mut usb, Action::Kit(false));
        assert!(!usb.wish().unwrap().with_kit);
    }

    #[test]
    fn what_is_cancelled_is_told_and_can_be_continued() {
        let mut usb = Usb { header: Some(header()), ..Usb::default() };
        apply(&mut usb, Action::Ended(Err(Arc::new(Error::new(sealift::Code::HandoffStopped)))));
        assert!(usb.failed.is_some() && usb.report.is_none() && usb.lights().is_empty());
    }
}
