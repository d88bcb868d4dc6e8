//! Pictures of the Verify page.

use std::sync::Arc;

use sealift::{BlobReport, Code, Error, Phase, RepairReport, Snapshot};

use super::*;
use crate::gui::{
    action::Page,
    job::{JobView, Kind},
    screens::verify::{self, Step, Wanted},
};

fn opened(actions: impl IntoIterator<Item = verify::Action>) -> State {
    let open = [Action::Go(Page::Verify), Action::Verify(verify::Action::Opened(Ok(header())))];
    after(open.into_iter().chain(actions.into_iter().map(Action::Verify)))
}

/// A check that has come a third of the way, and met damage.
fn running(actions: impl IntoIterator<Item = verify::Action>, kind: Kind) -> State {
    let mut state = opened(actions.into_iter().chain([verify::Action::Start]));
    if let Some(map) = &state.verify.map {
        let records = (0..1430).filter(|record| record % 1700 < 1300);
        records.for_each(|record| map.mark(record, record != 411));
    }
    let now = Snapshot {
        phase: Phase::Verify,
        done_bytes: 1_500_000_000,
        total_bytes: 3_700_000_000,
        elapsed: std::time::Duration::from_millis(900),
    };
    state.job = Some(JobView::new(kind, header().file_name(), now));
    state
}

#[test]
fn a_bundle_that_is_checked() {
    let mut pictures = Pictures::default();
    pictures.check("verify-opened", || opened([]));
    pictures.check("verify-running", || running([], Kind::Verify));
    pictures.check("verify-running-blobs", || {
        running([verify::Action::Passphrase(typed("the right one"))], Kind::VerifyBlobs)
    });
    pictures.check("verify-whole", || {
        let records = RecordReport { num_records: 3529, damaged: vec![], num_damaged_header_copies: 0 };
        let verdict = Verdict { blobs: None, records: Some(records) };
        opened([verify::Action::Checked(Ok(verdict)), verify::Action::Saved(Ok("/tmp/交付.txt".into()))])
    });
    pictures.check("verify-whole-blobs", || {
        let blobs = BlobReport {
            num_blobs: 41,
            num_bytes: 9_100_000_000,
            damaged: vec![],
            proven: true,
            cause: None,
        };
        opened([verify::Action::Checked(Ok(Verdict { blobs: Some((blobs, 5)), records: None }))])
    });
    pictures.check("verify-damaged", || opened([verify::Action::Checked(Ok(damaged()))]));
    pictures.check("verify-beyond-repair", || {
        let wanted =
            Wanted { num_records: 4, code: Some("K7QM 2XR4 0P9T VC3H 81ND".into()), json: "{}".into() };
        let beyond = verify::Action::Mend(Step::Repaired(Ok((None, Some(wanted)))));
        opened([verify::Action::Checked(Ok(damaged())), beyond])
    });
    pictures.check("verify-mended", || {
        let report = RepairReport {
            fingerprint: FINGERPRINT.into(),
            volumes: vec![header().path],
            num_records: 4,
            num_recovery_records: 1,
            num_header_copies: 0,
            trailers: Vec::new(),
            lost_trailers: Vec::new(),
            still_damaged: Vec::new(),
            is_header_from_answer: false,
        };
        let mended = verify::Action::Mend(Step::Repaired(Ok((Some(report), None))));
        let records = RecordReport { num_records: 3529, damaged: vec![], num_damaged_header_copies: 0 };
        let whole = Verdict { blobs: None, records: Some(records) };
        opened([verify::Action::Checked(Ok(damaged())), mended, verify::Action::Checked(Ok(whole))])
    });
    pictures.check("verify-wrong-passphrase", || {
        let error = Error::new(Code::KeyRefused).at(&header().path);
        opened([
            verify::Action::Passphrase(typed("not it at all")),
            verify::Action::Checked(Err(Arc::new(error))),
        ])
    });
    pictures.check("verify-cancelled", || {
        opened([verify::Action::Checked(Err(Arc::new(Error::new(Code::Cancelled))))])
    });
}
