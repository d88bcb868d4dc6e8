//! What the History page holds, and what its actions do to it.

use std::path::PathBuf;

use serde_json::Value;

use crate::gui::{
    action::{Effect, Effects},
    history::{Answer, Format, Request, Run, RunKind, RunOutcome, Trouble},
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Newest first.
    pub(crate) runs: Vec<Run>,
    /// Numbers of the runs that match the filters, in the order shown.
    pub(crate) shown: Vec<usize>,
    pub(crate) kind: Option<RunKind>,
    pub(crate) outcomes: Outcomes,
    pub(crate) search: String,
    /// The run whose report is open; its report is null until it has been read.
    pub(crate) opened: Option<Run>,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) exported: Option<PathBuf>,
    num_unkept: i64,
}

/// The outcomes that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outcomes {
    #[default]
    All,
    Good,
    /// Whatever someone should look at.
    Bad,
    Cancelled,
}

impl Outcomes {
    pub(crate) const ALL: [Self; 4] = [Self::All, Self::Good, Self::Bad, Self::Cancelled];

    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::All => "history-all-outcomes",
            Self::Good => "history-done",
            Self::Bad => "history-bad",
            Self::Cancelled => "history-cancelled",
        }
    }

    const fn holds(self, outcome: RunOutcome) -> bool {
        match self {
            Self::All => true,
            Self::Good => matches!(outcome, RunOutcome::Done),
            Self::Bad => matches!(outcome, RunOutcome::Damaged | RunOutcome::Failed | RunOutcome::Lost),
            Self::Cancelled => matches!(outcome, RunOutcome::Cancelled),
        }
    }
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Answered(Answer),
    Kind(Option<RunKind>),
    Outcomes(Outcomes),
    Search(String),
    Open(i64),
    Close,
    /// What is shown is to be written to the path that was chosen.
    Export(Format, Vec<PathBuf>),
    /// What was said was read.
    Dismiss,
}

impl History {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Answered(answer) => self.take(answer),
            Action::Kind(kind) => self.kind = kind,
            Action::Outcomes(outcomes) => self.outcomes = outcomes,
            Action::Search(text) => self.search = text,
            Action::Open(id) => self.open(id, effects),
            Action::Close => self.opened = None,
            Action::Export(format, paths) => effects.extend(paths.into_iter().next().map(|path| {
                let ids = self.shown.iter().map(|number| self.runs[*number].id).collect();
                Effect::History(Request::Export { ids, format, path })
            })),
            Action::Dismiss => (self.trouble, self.exported) = (None, None),
        }
        self.arrange();
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Runs(runs) => self.runs = runs,
            Answer::Added(run) => self.runs.insert(0, *run),
            Answer::Unkept(mut run, trouble) => {
                self.num_unkept += 1;
                run.id = -self.num_unkept;
                self.runs.insert(0, *run);
                self.trouble = Some(trouble);
            }
            Answer::Report(id, report) => {
                if let Some(run) = self.opened.as_mut().filter(|run| run.id == id) {
                    run.report = report;
                }
            }
            Answer::Exported(path) => (self.exported, self.trouble) = (Some(path), None),
            Answer::Trouble(trouble) => (self.exported, self.trouble) = (None, Some(trouble)),
        }
    }

    fn open(&mut self, id: i64, effects: &mut Effects) {
        self.opened = self.runs.iter().find(|run| run.id == id).cloned();
        if self.opened.as_ref().is_some_and(|run| run.report == Value::Null) {
            effects.push(Effect::History(Request::Report(id)));
        }
    }

    fn arrange(&mut self) {
        let wanted = self.search.trim().to_lowercase();
        let is_meant = |text: &String| text.to_lowercase().contains(&wanted);
        let is_shown = |run: &Run| {
            self.kind.is_none_or(|kind| kind == run.kind)
                && self.outcomes.holds(run.outcome)
                && ([&run.bundle, &run.target, &run.fingerprint, &run.began].into_iter().any(is_meant)
                    || run.parts.iter().any(|part| is_meant(&part.bundle) || is_meant(&part.fingerprint)))
        };
        self.shown = (0..self.runs.len()).filter(|number| is_shown(&self.runs[*number])).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::history::{parts as tests_of_delivery, runs};

    #[test]
    fn filters_narrow_together_and_export_what_is_shown() {
        let (mut history, mut effects) = (History::default(), Effects::new());
        history.apply(Action::Answered(Answer::Runs(runs(40))), &mut effects);
        assert_eq!(history.shown.len(), 40);
        history.apply(Action::Kind(Some(RunKind::Restore)), &mut effects);
        history.apply(Action::Outcomes(Outcomes::Bad), &mut effects);
        let is_right = |run: &Run| run.kind == RunKind::Restore && run.outcome != RunOutcome::Done;
        assert!(!history.shown.is_empty());
        assert!(history.shown.iter().all(|number| is_right(&history.runs[*number])));
        history.apply(Action::Export(Format::Csv, vec!["/tmp/a.csv".into()]), &mut effects);
        let [Effect::History(Request::Export { ids, .. })] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(ids.len(), history.shown.len());
        history.apply(Action::Search("no such bundle".into()), &mut effects);
        assert!(history.shown.is_empty());
        // A bundle of a delivery is found as one of its own is.
        let parts = tests_of_delivery();
        for wanted in [&parts[1].bundle, &parts[1].fingerprint.to_uppercase()] {
            let run = Run {
                kind: RunKind::Restore,
                outcome: RunOutcome::Damaged,
                parts: parts.clone(),
                ..runs(1).remove(0)
            };
            history.apply(Action::Answered(Answer::Runs(vec![run])), &mut effects);
            history.apply(Action::Search(wanted.clone()), &mut effects);
            assert_eq!(history.shown.len(), 1, "{wanted}");
        }
    }

    #[test]
    fn a_run_that_could_not_be_kept_is_shown_with_the_reason() {
        let (mut history, mut effects) = (History::default(), Effects::new());
        let run = Box::new(Run { report: serde_json::json!({}), ..runs(1).remove(0) });
        let trouble = Trouble::Unwritable("read-only".into());
        history.apply(Action::Answered(Answer::Unkept(run, trouble.clone())), &mut effects);
        assert_eq!(history.trouble, Some(trouble));
        history.apply(Action::Open(history.runs[0].id), &mut effects);
        assert!(history.opened.is_some() && effects.is_empty());
    }
}
