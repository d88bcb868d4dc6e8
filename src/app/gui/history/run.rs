//! One run, as it is kept and shown.

use std::path::PathBuf;

use sealift::{Class, Code, Error, Fact, Notice};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a run was for. The names are stored: none is changed or used again for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RunKind {
    Pack,
    Handoff,
    Restore,
    Verify,
}

impl RunKind {
    pub(crate) const ALL: [Self; 4] = [Self::Pack, Self::Handoff, Self::Restore, Self::Verify];

    /// Its name in the file and in exports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Handoff => "handoff",
            Self::Restore => "restore",
            Self::Verify => "verify",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The id of its name in the texts.
    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::Pack => "history-pack",
            Self::Handoff => "history-handoff",
            Self::Restore => "history-restore",
            Self::Verify => "history-verify",
        }
    }
}

/// How a run ended. The names are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RunOutcome {
    Done,
    /// It ran to its end and found damage.
    Damaged,
    Failed,
    Cancelled,
    /// The program itself was at fault.
    Lost,
}

impl RunOutcome {
    pub(crate) const ALL: [Self; 5] = [Self::Done, Self::Damaged, Self::Failed, Self::Cancelled, Self::Lost];

    /// Its name in the file and in exports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Damaged => "damaged",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// The id of its name in the texts.
    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::Done => "history-done",
            Self::Damaged => "history-damaged",
            Self::Failed => "history-failed",
            Self::Cancelled => "history-cancelled",
            Self::Lost => "history-lost",
        }
    }
}

/// What a run is about, known before it begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The bundle's first volume; of several bundles, the name of their delivery.
    pub(crate) bundle: PathBuf,
    /// The bundles, where there are several.
    pub(crate) parts: Vec<RunPart>,
    /// Where images go, as a destination is written; empty unless restored.
    pub(crate) target: String,
    /// 64 hex digits, where one bundle was open before.
    pub(crate) fingerprint: String,
}

/// One of the bundles of a delivery. Its names are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunPart {
    pub(crate) class: Class,
    /// Its first volume.
    pub(crate) bundle: String,
    pub(crate) fingerprint: String,
    pub(crate) num_bytes: u64,
}

/// What a run came to, told by the page that began it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// The library's report.
    pub(crate) report: Value,
    /// 64 hex digits, where the run made or proved them.
    pub(crate) fingerprint: Option<String>,
    /// The bundles that the run made, where they are several.
    pub(crate) parts: Vec<RunPart>,
    pub(crate) is_damaged: bool,
}

impl Account {
    /// The library's report, and nothing else told.
    pub(crate) fn of(report: &impl Serialize) -> Self {
        // Our own types always serialise; should one not, the record is there without it.
        Self { report: serde_json::to_value(report).unwrap_or_default(), ..Self::default() }
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Run {
    /// Its number in the file; 0 before it is kept.
    pub(crate) id: i64,
    /// RFC 3339, UTC.
    pub(crate) began: String,
    pub(crate) kind: RunKind,
    pub(crate) outcome: RunOutcome,
    pub(crate) bundle: String,
    pub(crate) target: String,
    pub(crate) fingerprint: String,
    pub(crate) num_bytes: u64,
    pub(crate) millis: u64,
    /// The bundles of a delivery; of one bundle, none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<RunPart>,
    /// Report, notices, error and version; null in lists, where only one is read at a time.
    pub(crate) report: Value,
}

/// Everything that is kept of a run besides its columns. No secret is in any of it.
pub(crate) fn report(account: Option<&Account>, notices: &[Notice], error: Option<&Error>) -> Value {
    let notices: Vec<Value> =
        notices.iter().map(|notice| json!({ "kind": notice.kind.id(), "about": notice.about })).collect();
    json!({
        "version": env!("SEALIFT_VERSION"),
        "report": account.map(|account| &account.report),
        "notices": notices,
        "error": error.map(error_json),
    })
}

fn error_json(error: &Error) -> Value {
    let facts: Vec<Value> =
        error.context().into_iter().map(|(fact, value)| json!([fact.name(), value])).collect();
    json!({ "code": error.code().id(), "facts": facts })
}

/// The error that a report tells of, to be worded in the language now shown.
pub(crate) fn error_of(report: &Value) -> Option<Error> {
    let error = report.get("error")?;
    let id = error.get("code")?.as_str()?;
    let code = Code::ALL.iter().copied().find(|code| code.id() == id)?;
    let facts = error.get("facts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let fact = |pair: &Value| {
        let (name, value) = (pair.get(0)?.as_str()?, pair.get(1)?.as_str()?);
        Fact::ALL.iter().copied().find(|fact| fact.name() == name).map(|fact| (fact, value.to_owned()))
    };
    let error = Error::new(code);
    Some(facts.iter().filter_map(fact).fold(error, |error, (fact, value)| error.with(fact, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_worded_anew_from_what_was_kept() {
        let error = Error::new(Code::DiskFull).with(Fact::Needed, 7).at(std::path::Path::new("/media/a"));
        let kept = report(None, &[], Some(&error));
        let again = error_of(&kept).unwrap();
        assert_eq!(again.render(sealift::Lang::ZhCn), error.render(sealift::Lang::ZhCn));
        assert!(error_of(&report(None, &[], None)).is_none());
        assert!(error_of(&json!({ "error": { "code": "NEWER-01" } })).is_none());
    }
}
