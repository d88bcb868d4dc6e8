//! What the Verify page holds, and what its actions do to it.

use std::{path::PathBuf, sync::Arc};

use sealift::{BlobReport, Code, Error, Existing, RecordMap, RecordReport, RepairReport};

use super::{
    mend::{self, Mend, Step},
    report,
};
use crate::gui::{
    action::{self, Effect, Effects},
    bundle::{Header, read_header},
    history::{About, Account},
    job::{Kind, Outcome, Work},
    other_keys::{self, OtherKeys},
    secret::{Edit, Secret},
    texts::Texts,
    widgets::cell_map::MAX_CELLS,
};
use crate::site::Site;

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Verify {
    /// The path being typed.
    pub(crate) path: String,
    pub(crate) header: Option<Header>,
    pub(crate) passphrase: Secret,
    /// Keys beside it.
    pub(crate) keys: OtherKeys,
    /// The records, while they are checked and after.
    pub(crate) map: Option<Arc<RecordMap>>,
    pub(crate) verdict: Option<Verdict>,
    /// What is done about damage.
    pub(crate) mend: Mend,
    pub(crate) failed: Option<Arc<Error>>,
    pub(crate) is_cancelled: bool,
    /// Where the result was saved.
    pub(crate) saved: Option<PathBuf>,
}

/// What a check found.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Verdict {
    /// Of the check with the passphrase, with the number of images.
    pub(crate) blobs: Option<(BlobReport, usize)>,
    /// Of the check of every record: without a passphrase, or because something was found with it.
    pub(crate) records: Option<RecordReport>,
}

impl Verdict {
    pub(crate) fn is_whole(&self) -> bool {
        self.blobs.as_ref().is_none_or(|(blobs, _)| blobs.is_whole())
            && self.records.as_ref().is_none_or(RecordReport::is_whole)
    }
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Path(String),
    /// The first of these, with those of its delivery.
    Open(Vec<PathBuf>),
    Opened(Outcome<Header>),
    Passphrase(Edit),
    Keys(other_keys::Change),
    Start,
    Checked(Outcome<Verdict>),
    Mend(Step),
    /// Back to the choice of a check, for the same bundle.
    Again,
    Save(PathBuf),
    Saved(Outcome<PathBuf>),
    Close,
}

impl Verify {
    pub(crate) fn apply(&mut self, action: Action, texts: Texts, effects: &mut Effects) {
        match action {
            Action::Path(path) => self.path = path,
            Action::Open(paths) => {
                let known = self.header.as_ref().map(Header::places).unwrap_or_default();
                let then = |header| action::Action::Verify(Action::Opened(header));
                effects.push(Effect::Run(read_header(paths, known, then)));
            }
            Action::Opened(Ok(header)) => *self = Self { header: Some(header), ..Self::default() },
            Action::Opened(Err(error)) => *self = Self { failed: Some(error), ..Self::default() },
            Action::Passphrase(edit) => self.passphrase.apply(edit),
            Action::Keys(change) => self.keys.apply(change),
            Action::Start => effects.extend(self.start().map(Effect::Run)),
            Action::Checked(outcome) => self.finish(outcome),
            Action::Mend(step) => self.mend(step, effects),
            Action::Again => {
                let header = self.header.take();
                *self = Self { header, ..Self::default() };
            }
            Action::Save(path) => effects.extend(self.save(path, texts).map(Effect::RunQuietly)),
            Action::Saved(Ok(path)) => (self.saved, self.failed) = (Some(path), None),
            Action::Saved(Err(error)) => self.failed = Some(error),
            Action::Close => *self = Self::default(),
        }
    }

    /// Whether something was given that opens the bundle.
    pub(super) fn has_key(&self) -> bool {
        !self.passphrase.is_empty() || !self.keys.is_empty()
    }

    fn start(&mut self) -> Option<Work> {
        let has_key = self.has_key();
        let header = self.header.as_ref()?;
        let (path, name, num_records) = (header.path.clone(), header.file_name(), header.num_records);
        let map = Arc::new(RecordMap::new(num_records, MAX_CELLS));
        let about =
            About { bundle: path.clone(), fingerprint: header.fingerprint.clone(), ..About::default() };
        let account = |found: &Verdict| Some(Account { is_damaged: !found.is_whole(), ..Account::of(found) });
        let then = |verdict| action::Action::Verify(Action::Checked(verdict));
        (self.failed, self.verdict, self.is_cancelled, self.saved) = (None, None, false, None);
        self.mend = Mend::default();
        let shown = Some(Arc::clone(&map));
        if !has_key {
            self.map = shown;
            let call = move |ctx: &sealift::Ctx| {
                let records = sealift::inspect(&path)?.verify_onto(ctx, &map)?;
                Ok(Verdict { records: Some(records), ..Verdict::default() })
            };
            return Some(Work::recorded(Kind::Verify, name, about, call, account, then));
        }
        let given = self.keys.given(&self.passphrase);
        let call = move |ctx: &sealift::Ctx, ask: &Arc<dyn sealift::Ask>| {
            let bundle = sealift::inspect(&path)?;
            let unlocked = bundle.unlock(ctx, given.identities(ask)?)?;
            // Whole and authentic is said of nothing that this site refuses.
            Site::open(None, None)?.admit(ctx, &[&unlocked])?;
            let (blobs, _) = unlocked.verify_onto(ctx, &map)?;
            // Which records are hurt is what the sender is told; so damage is followed by the other check.
            let records = if blobs.is_whole() { None } else { Some(bundle.verify_onto(ctx, &map)?) };
            Ok(Verdict { blobs: Some((blobs, unlocked.contents().images.len())), records })
        };
        self.map = shown;
        Some(Work::asking(Kind::VerifyBlobs, name, about, call, account, then))
    }

    fn mend(&mut self, step: Step, effects: &mut Effects) {
        self.failed = None;
        match step {
            Step::Repair(answer) => {
                let work = self.header.as_ref().map(|header| mend::repair(header, answer));
                effects.extend(work.map(Effect::Run));
            }
            Step::Repaired(Ok((report, request))) => {
                let is_whole = report.as_ref().is_some_and(RepairReport::is_whole);
                // What was mended is checked once more, by the check that anyone can make.
                if is_whole {
                    effects.extend(self.start().map(Effect::Run));
                }
                self.mend = Mend { report, request, saved: None };
            }
            Step::SaveRequest(path) => {
                let work = self.mend.request.as_ref().map(|wanted| mend::save(wanted, path));
                effects.extend(work.map(Effect::RunQuietly));
            }
            Step::Answer(request) => {
                let work = self.header.as_ref().map(|header| mend::answer(header, request));
                effects.extend(work.map(Effect::Run));
            }
            Step::Saved(Ok(path)) => self.mend.saved = Some(path),
            Step::Repaired(Err(error)) | Step::Saved(Err(error)) => {
                self.failed = (error.code() != Code::Cancelled).then_some(error);
            }
        }
    }

    fn finish(&mut self, outcome: Outcome<Verdict>) {
        match outcome {
            Ok(verdict) => {
                self.passphrase.apply(Edit::Clear);
                self.keys = OtherKeys::default();
                let num_records = self.header.as_ref().map_or(0, |header| header.num_records);
                let damaged = verdict.records.as_ref().map_or(&[][..], |records| &records.damaged);
                self.map = Some(Arc::new(RecordMap::checked(num_records, damaged, MAX_CELLS)));
                (self.verdict, self.failed) = (Some(verdict), None);
            }
            Err(error) => {
                self.map = None;
                self.is_cancelled = error.code() == Code::Cancelled;
                self.failed = (!self.is_cancelled).then_some(error);
            }
        }
    }

    /// The dialog has asked about a file that is there.
    fn save(&self, path: PathBuf, texts: Texts) -> Option<Work> {
        let (header, verdict) = (self.header.as_ref()?, self.verdict.as_ref()?);
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let text = if is_json { report::json(header, verdict) } else { report::text(texts, header, verdict) };
        let call = move |_: &sealift::Ctx| {
            sealift::save_report(&path, &text, Existing::Replace)?;
            Ok(path)
        };
        Some(Work::new(Kind::List, "", call, |path| action::Action::Verify(Action::Saved(path))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::header;

    #[test]
    fn a_passphrase_makes_the_check_one_of_every_blob() {
        let mut verify = Verify { header: Some(header()), ..Verify::default() };
        let mut effects = Effects::new();
        verify.apply(Action::Start, Texts::default(), &mut effects);
        let insert = Edit::Insert(zeroize::Zeroizing::new("secret".into()));
        verify.apply(Action::Passphrase(insert), Texts::default(), &mut effects);
        verify.apply(Action::Start, Texts::default(), &mut effects);
        let kind = |effect: &Effect| if let Effect::Run(work) = effect { Some(work.kind) } else { None };
        let kinds: Vec<_> = effects.iter().filter_map(kind).collect();
        assert_eq!(kinds, [Kind::Verify, Kind::VerifyBlobs]);
        assert!(verify.map.is_some(), "what was checked is shown while it is");
    }

    #[test]
    fn a_refused_passphrase_stays_to_be_mended_and_a_cancel_is_no_error() {
        let mut verify = Verify { header: Some(header()), ..Verify::default() };
        let mut apply = |action| verify.apply(action, Texts::default(), &mut Effects::new());
        apply(Action::Passphrase(Edit::Insert(zeroize::Zeroizing::new("secret".into()))));
        apply(Action::Checked(Err(Arc::new(Error::new(Code::KeyRefused)))));
        assert!(verify.failed.is_some() && !verify.passphrase.is_empty());
        verify.apply(
            Action::Checked(Err(Arc::new(Error::new(Code::Cancelled)))),
            Texts::default(),
            &mut Effects::new(),
        );
        assert!(verify.failed.is_none() && verify.is_cancelled && verify.verdict.is_none());
    }
}
