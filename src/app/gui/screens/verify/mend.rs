//! What can be done about damage: repair from the recovery data, a request to the sender, the sender's answer.

use std::path::PathBuf;

use eframe::egui::Ui;
use sealift::{Ctx, Existing, RepairOptions, RepairReport, RepairRequest};

use super::Action;
use crate::gui::{
    action::{self, Actions},
    bundle::{Header, file_name},
    dialog::{Ask, Choose},
    job::{Kind, Outcome, Work},
    state::State,
    theme::Tone,
    widgets::{Button, Icon, Label, banner},
};

/// How far mending is.
#[derive(Debug, Default)]
pub(crate) struct Mend {
    /// What the last repair did.
    pub(crate) report: Option<RepairReport>,
    /// What the sender must send again.
    pub(crate) request: Option<Wanted>,
    /// Where a request or an answer was saved.
    pub(crate) saved: Option<PathBuf>,
}

/// A request, as it is shown and saved.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) num_records: u64,
    /// Short enough to be read over the telephone.
    pub(crate) code: Option<String>,
    pub(crate) json: String,
}

/// What happens to it.
#[derive(Debug)]
pub(crate) enum Step {
    /// Repair the bundle where it lies, with an answer if there is one.
    Repair(Option<PathBuf>),
    Repaired(Outcome<Repaired>),
    SaveRequest(PathBuf),
    /// A request was chosen, and where its answer goes.
    Answer(PathBuf),
    Saved(Outcome<PathBuf>),
}

/// What a repair did, and what is still wanted.
type Repaired = (Option<RepairReport>, Option<Wanted>);

impl Wanted {
    fn of(request: &RepairRequest) -> Self {
        Self { num_records: request.num_records(), code: request.code(), json: request.to_json() }
    }
}

/// Repairs the bundle, and asks for what is not enough.
pub(super) fn repair(header: &Header, answer: Option<PathBuf>) -> Work {
    let (path, name) = (header.path.clone(), header.file_name());
    let call = move |ctx: &Ctx| {
        let options = RepairOptions { out: None, answer, existing: Existing::Keep };
        let report = match sealift::repair(ctx, &path, &options) {
            Ok(report) => report,
            // Nothing could be done, and nothing was: what is wanted is still to be told.
            Err(error) => match sealift::repair_request(ctx, &path) {
                Ok(Some(request)) => {
                    return Ok((None, Some(Wanted::of(&request))));
                }
                _ => return Err(error),
            },
        };
        let request = if report.is_whole() { None } else { sealift::repair_request(ctx, &path)? };
        Ok((Some(report), request.as_ref().map(Wanted::of)))
    };
    Work::new(Kind::Repair, name, call, |done| action::Action::Verify(Action::Mend(Step::Repaired(done))))
}

/// Answers a request from the whole bundle, beside the request.
pub(super) fn answer(header: &Header, request: PathBuf) -> Work {
    let (path, name) = (header.path.clone(), file_name(&request));
    let call = move |ctx: &Ctx| {
        let out = request.with_extension("sealift-repair");
        sealift::answer_repair(ctx, &path, &RepairRequest::read(&request)?, &out, Existing::Keep)?;
        Ok(out)
    };
    Work::new(Kind::Repair, name, call, |out| action::Action::Verify(Action::Mend(Step::Saved(out))))
}

/// Writes the request; the dialog has asked about a file that is there.
pub(super) fn save(wanted: &Wanted, path: PathBuf) -> Work {
    let json = wanted.json.clone();
    let call = move |_: &Ctx| {
        sealift::save_report(&path, &json, Existing::Replace)?;
        Ok(path)
    };
    Work::new(Kind::List, "", call, |path| action::Action::Verify(Action::Mend(Step::Saved(path))))
}

fn does(step: Step) -> action::Action {
    action::Action::Verify(Action::Mend(step))
}

/// What a repair that made the bundle whole did.
pub(super) fn mended(ui: &mut Ui, state: &State) {
    if let Some(report) = state.verify.mend.report.as_ref().filter(|report| report.is_whole()) {
        let num = (report.num_records + report.num_recovery_records).to_string();
        banner::banner(ui, Tone::Ok, &state.texts.with("mend-whole", &[("num", num)]), |ui| {
            ui.add(Label::body(state.t("mend-whole-line")).wrapped());
        });
        ui.add_space(8.0);
    }
}

/// The ways out of damage.
pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let mend = &state.verify.mend;
    let is_free = !state.is_busy();
    if let Some(wanted) = &mend.request {
        request(ui, state, wanted, actions);
    } else {
        ui.add(Label::body(state.t("mend-line")).wrapped());
        if Button::primary(&state.t("mend-repair")).icon(Icon::Verify).enabled(is_free).show(ui) {
            actions.push(does(Step::Repair(None)));
        }
    }
    let title = state.t("mend-with");
    if Button::secondary(&title).icon(Icon::File).enabled(is_free).show(ui) {
        let then = |paths: Vec<PathBuf>| does(Step::Repair(paths.into_iter().next()));
        actions.push(action::Action::Ask(Ask { choose: Choose::File, title, then }));
    }
    saved(ui, state);
}

/// What the sender is asked for.
fn request(ui: &mut Ui, state: &State, wanted: &Wanted, actions: &mut Actions) {
    let num = wanted.num_records.to_string();
    banner::banner(ui, Tone::Warn, &state.texts.with("mend-beyond", &[("num", num)]), |ui| {
        ui.add(Label::body(state.t("mend-beyond-line")).wrapped());
        if let Some(code) = &wanted.code {
            ui.add(Label::small(state.t("mend-code")).secondary());
            ui.add(Label::mono(code).wrapped());
        }
    });
    let title = state.t("mend-save");
    if Button::primary(&title).icon(Icon::File).show(ui) {
        let choose = Choose::Save { name: state.t("mend-name") };
        let then =
            |paths: Vec<PathBuf>| does(Step::SaveRequest(paths.into_iter().next().unwrap_or_default()));
        actions.push(action::Action::Ask(Ask { choose, title, then }));
    }
}

/// A whole bundle can answer what was asked of it.
pub(super) fn answering(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let title = state.t("mend-answer");
    if Button::secondary(&title).icon(Icon::File).enabled(!state.is_busy()).show(ui) {
        let then = |paths: Vec<PathBuf>| does(Step::Answer(paths.into_iter().next().unwrap_or_default()));
        actions.push(action::Action::Ask(Ask { choose: Choose::File, title, then }));
    }
    saved(ui, state);
}

fn saved(ui: &mut Ui, state: &State) {
    if let Some(path) = &state.verify.mend.saved {
        let path = path.display().to_string();
        let text = state.texts.with("mend-saved", &[("path", path)]);
        ui.add(Label::small(text).tone(Tone::Ok).wrapped());
    }
}
