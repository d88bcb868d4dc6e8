//! How far each image is, told by the blobs that are done.

use std::collections::BTreeSet;

use sealift::{Code, Digest, Error, Fact, Finished, Phase};

use super::{
    plan::Planned,
    report::{Ending, Report},
};
use crate::gui::figures;

/// Blobs that are done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    checked: BTreeSet<Digest>,
    written: BTreeSet<Digest>,
}

/// How far an image is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stage {
    /// Nothing has begun.
    Planned,
    Waiting,
    /// Part of its bytes, 0 to 1.
    Checking(f32),
    Checked,
    Writing(f32),
    Written,
    Restored,
    Failed,
    /// The run ended before it was there.
    NotRestored,
}

impl Progress {
    pub(super) fn take(&mut self, finished: &[Finished]) {
        for part in finished {
            let Ok(digest) = part.name.parse() else { continue };
            match part.phase {
                Phase::Verify => self.checked.insert(digest),
                _ => self.written.insert(digest),
            };
        }
    }

    /// How far `image` is, while the run goes on or where `report` ended it.
    pub(super) fn stage(&self, image: &Planned, is_running: bool, report: Option<&Report>) -> Stage {
        match report.map(|report| &report.ending) {
            Some(Ending::Done { .. }) => return Stage::Restored,
            Some(Ending::Failed(error)) if is_hit(image, error) => return Stage::Failed,
            Some(Ending::Failed(_) | Ending::Cancelled) => return Stage::NotRestored,
            None if !is_running => return Stage::Planned,
            None => {}
        }
        let share = |done: &BTreeSet<Digest>| {
            let bytes =
                image.blobs.iter().filter(|(digest, _)| done.contains(digest)).map(|(_, size)| size).sum();
            let is_all = image.blobs.iter().all(|(digest, _)| done.contains(digest));
            (figures::share(bytes, image.size_bytes), is_all)
        };
        match (share(&self.checked), share(&self.written)) {
            (_, (_, true)) => Stage::Written,
            (_, (part, _)) if part > 0.0 => Stage::Writing(part),
            ((_, true), _) => Stage::Checked,
            ((part, _), _) if part > 0.0 => Stage::Checking(part),
            _ => Stage::Waiting,
        }
    }
}

/// Whether it is this image that the run failed on.
pub(super) fn is_hit(image: &Planned, error: &Error) -> bool {
    error.context().into_iter().any(|(fact, value)| match fact {
        Fact::Image => value.split(", ").any(|name| image.bundle_names.iter().any(|known| known == name)),
        // A full disk is no fault of the blob that met it.
        Fact::Blob if !matches!(error.code(), Code::DiskFull | Code::Write) => {
            image.blobs.iter().any(|(digest, _)| digest.to_string() == value)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_checked_then_written() {
        let [a, b] = [b"a", b"b"].map(|content| Digest::of(content));
        let image = Planned {
            digest: a,
            names: vec!["registry.local/a:1".into()],
            bundle_names: vec!["registry.local/a:1".into()],
            size_bytes: 4,
            blobs: vec![(a, 1), (b, 3)],
        };
        let mut progress = Progress::default();
        let done = |phase, digest: Digest| Finished { phase, name: digest.to_string() };
        assert_eq!(progress.stage(&image, false, None), Stage::Planned);
        assert_eq!(progress.stage(&image, true, None), Stage::Waiting);
        for (phase, digest, stage) in [
            (Phase::Verify, a, Stage::Checking(0.25)),
            (Phase::Verify, b, Stage::Checked),
            (Phase::Restore, b, Stage::Writing(0.75)),
            (Phase::Restore, a, Stage::Written),
        ] {
            progress.take(&[done(phase, digest)]);
            assert_eq!(progress.stage(&image, true, None), stage);
        }
        let hit = |code, fact, value: String| is_hit(&image, &Error::new(code).with(fact, value));
        assert!(hit(Code::BlobMismatch, Fact::Image, "x, registry.local/a:1".into()));
        assert!(hit(Code::RecordDamaged, Fact::Blob, b.to_string()));
        assert!(!hit(Code::DiskFull, Fact::Blob, b.to_string()));
    }
}
