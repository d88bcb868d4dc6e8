//! What a run came to: kept for the last step, and written out as JSON.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sealift::{Class, Error, ErrorKind, Lang, RestoreReport, SignatureInfo, SignatureState};
use serde_json::{Value, json};

use super::{Import, contents::Part, delivery::Stand, plan::Planned, work};

/// What a run came to.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) ending: Ending,
    /// When it ended, RFC 3339.
    pub(crate) ended: String,
    pub(crate) took: Duration,
    /// The bundles that images were taken from.
    pub(crate) bundles: Vec<Used>,
    /// Classes of the delivery that were left out, and why.
    pub(crate) left_out: Vec<(Class, Stand)>,
    pub(crate) transport: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) images: Vec<Planned>,
}

/// A bundle that images were taken from.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub(crate) part: Part,
    /// Its signatures, as the trust store of this site knows them.
    pub(crate) signatures: Vec<SignatureInfo>,
}

impl Used {
    /// Those signatures that count here.
    pub(super) fn trusted(&self) -> impl Iterator<Item = &SignatureInfo> {
        self.signatures.iter().filter(|signature| signature.state == SignatureState::Trusted)
    }
}

/// How it ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Done { num_blobs: usize, written_bytes: u64, num_present: usize, num_unpacked: usize },
    Failed(Arc<Error>),
    Cancelled,
}

/// A run that has just ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) result: Result<Box<RestoreReport>, Arc<Error>>,
    pub(crate) ended: String,
    pub(crate) took: Duration,
}

impl Report {
    /// The report of a run of what `import` holds.
    pub(super) fn of(ran: Ran, import: &Import) -> Option<Self> {
        let plan = import.plan.as_ref()?;
        let signatures = |part: &Part| {
            let header = import.bundles.all.iter().find(|header| header.path == part.path);
            header.map(|header| header.standing.signatures.clone()).unwrap_or_default()
        };
        let ending = match ran.result {
            Ok(report) => Ending::Done {
                num_blobs: report.num_blobs,
                written_bytes: report.written_bytes,
                num_unpacked: report.num_unpacked,
                num_present: report.num_present,
            },
            Err(error) if error.kind() == ErrorKind::Cancelled => Ending::Cancelled,
            Err(error) => Ending::Failed(error),
        };
        Some(Self {
            ending,
            ended: ran.ended,
            took: ran.took,
            bundles: work::used(import)
                .map(|part| Used { part: part.clone(), signatures: signatures(part) })
                .collect(),
            left_out: import.left_out(),
            transport: import.target.transport,
            path: import.target.path.trim().into(),
            images: plan.images.clone(),
        })
    }

    pub(super) const fn outcome(&self) -> &'static str {
        match self.ending {
            Ending::Done { .. } => "done",
            Ending::Failed(_) => "failed",
            Ending::Cancelled => "cancelled",
        }
    }

    /// What loads the result into an engine, for each that can.
    pub(crate) fn commands(&self) -> Vec<String> {
        let path = quoted(&self.path.display().to_string());
        match (&self.ending, self.transport) {
            (Ending::Done { .. }, "docker-archive") => vec![
                format!("docker load -i {path}"),
                format!("podman load -i {path}"),
                format!("ctr -n k8s.io images import {path}"),
            ],
            (Ending::Done { .. }, "oci-archive") => {
                vec![format!("podman load -i {path}"), format!("ctr -n k8s.io images import {path}")]
            }
            (Ending::Done { .. }, "oci") => vec![format!("podman pull oci:{path}")],
            _ => Vec::new(),
        }
    }

    /// As one JSON object; words are in `lang`.
    pub(super) fn json(&self, lang: Lang) -> Value {
        let (num_blobs, written_bytes, num_present) = match self.ending {
            Ending::Done { num_blobs, written_bytes, num_present, .. } => {
                (num_blobs, written_bytes, num_present)
            }
            _ => (0, 0, 0),
        };
        let image = |image: &Planned| {
            json!({
                "names": image.names, "bundle_names": image.bundle_names,
                "target": image.digest, "size_bytes": image.size_bytes,
            })
        };
        let bundle = |used: &Used| {
            let Used { part, signatures } = used;
            json!({
                "class": part.class, "bundle": part.path, "fingerprint": part.fingerprint,
                "created": part.created, "tool": part.tool,
                "signatures": signatures, "policies": part.policies,
            })
        };
        let left_out = |why: Stand| {
            let classes = self.left_out.iter().filter(|(_, stand)| *stand == why);
            classes.map(|(class, _)| *class).collect::<Vec<_>>()
        };
        json!({
            "outcome": self.outcome(),
            "ended": self.ended,
            "took_secs": self.took.as_secs(),
            "bundles": self.bundles.iter().map(bundle).collect::<Vec<_>>(),
            "locked": left_out(Stand::Locked),
            "missing": left_out(Stand::Missing),
            "destination": { "transport": self.transport, "path": self.path },
            "images": self.images.iter().map(image).collect::<Vec<_>>(),
            "num_blobs": num_blobs,
            "written_bytes": written_bytes,
            "num_present": num_present,
            "error": if let Ending::Failed(error) = &self.ending { error.json(lang) } else { Value::Null },
        })
    }
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell() {
        for (path, word) in [("/srv/交付.tar", "/srv/交付.tar"), ("/a b", "'/a b'"), ("it's", r"'it'\''s'")]
        {
            assert_eq!(quoted(path), word);
        }
    }
}
