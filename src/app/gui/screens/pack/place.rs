//! Where the bundle goes: the file, what is known of the place, and how it is split.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{Code, Error, Existing};

use super::Action;
use crate::gui::{
    action,
    job::{Kind, Work},
};

/// The destination.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// As typed.
    pub(crate) out: String,
    pub(crate) split: Split,
    /// The size of a volume, as typed.
    pub(crate) custom: String,
    /// The user wants the file that is there to be replaced.
    pub(crate) is_replacing: bool,
    /// Whether recovery data is wanted; `None` leaves it to the place.
    pub(crate) recovery: Option<bool>,
    /// A bundle for each class goes there, under names made of this one.
    is_divided: bool,
    seen: Option<(String, Seen)>,
    is_looking: bool,
}

/// How the bundle is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Split {
    #[default]
    OneFile,
    Fat32,
    Custom,
}

/// What was found at the destination.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// A bundle, or a volume of one, of this name.
    pub(crate) exists: bool,
    /// Why nothing can be written there.
    pub(crate) refused: Option<Arc<Error>>,
    pub(crate) free_bytes: Option<u64>,
    /// The largest file that the file system takes, where it is less than a bundle may have.
    pub(crate) max_file_bytes: Option<u64>,
    /// It is on a removable drive.
    pub(crate) is_on_drive: bool,
    /// The names of a delivery's bundles were looked at.
    pub(crate) is_divided: bool,
}

impl Place {
    /// What is known of the destination as it now stands.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        let is_of = |(out, seen): &&(String, Seen)| *out == self.out && seen.is_divided == self.is_divided;
        self.seen.as_ref().filter(is_of).map(|(_, seen)| seen)
    }

    pub(crate) fn set_divided(&mut self, is_divided: bool) {
        (self.is_divided, self.is_replacing) = (is_divided, false);
    }

    pub(crate) fn set_out(&mut self, out: String) {
        (self.out, self.is_replacing) = (out, false);
    }

    /// Takes what was found at `out`.
    pub(crate) fn saw(&mut self, out: String, seen: Seen) {
        (self.seen, self.is_looking) = (Some((out, seen)), false);
    }

    /// What is known may no longer be so.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
    }

    /// A look at the destination, if one is due. One at a time: a dead network mount must not pile them up.
    pub(crate) fn look(&mut self) -> Option<Work> {
        if self.is_looking || self.out.trim().is_empty() || self.seen().is_some() {
            return None;
        }
        self.is_looking = true;
        let (out, is_divided) = (self.out.clone(), self.is_divided);
        let path = PathBuf::from(out.trim());
        let call = move |ctx: &sealift::Ctx| {
            let place = sealift::Place::of(&path);
            let seen = Seen {
                free_bytes: place.free_bytes,
                max_file_bytes: place.max_file_bytes(),
                is_on_drive: sealift::default_recovery_percent(ctx, &path)?.is_some(),
                is_divided,
                ..Seen::default()
            };
            Ok(match check(&path, is_divided, Existing::Keep) {
                Ok(()) => seen,
                Err(error) if error.code() == Code::Exists && !path.is_dir() => Seen { exists: true, ..seen },
                Err(error) => Seen { refused: Some(Arc::new(error)), ..seen },
            })
        };
        Some(Work::new(Kind::List, "", call, move |seen: Result<Seen, _>| {
            let seen = seen.unwrap_or_else(|_| Seen { is_divided, ..Seen::default() });
            action::Action::Pack(Action::Saw(out, seen))
        }))
    }

    /// Whether the file may be written as things stand; if not, the id of a text that says why.
    pub(crate) fn why_not(&self) -> Option<&'static str> {
        let seen = self.seen();
        match () {
            () if self.out.trim().is_empty() => Some("pack-why-out"),
            () if self.volume_bytes().is_err() => Some("pack-why-volume"),
            () if seen.is_some_and(|seen| seen.refused.is_some()) => Some("pack-why-refused"),
            () if seen.is_some_and(|seen| seen.exists) && !self.is_replacing => Some("pack-why-exists"),
            () => None,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(self.out.trim())
    }

    pub(crate) fn existing(&self) -> Existing {
        if self.is_replacing { Existing::Replace } else { Existing::Keep }
    }

    /// Whether recovery data goes along: as was said, else on removable drives.
    pub(crate) fn is_recovering(&self) -> bool {
        self.recovery.unwrap_or_else(|| self.seen().is_some_and(|seen| seen.is_on_drive))
    }

    /// Largest volume; `None` for one file.
    pub(crate) fn volume_bytes(&self) -> sealift::Result<Option<u64>> {
        match self.split {
            Split::OneFile => Ok(self.seen().and_then(|seen| seen.max_file_bytes)),
            Split::Fat32 => Ok(Some(sealift::FAT32_BYTES)),
            Split::Custom => sealift::volume_bytes(&self.custom).map(Some),
        }
    }

    /// The next name beside the one that is taken: `a.sealift`, `a-2.sealift`, `a-3.sealift`.
    pub(crate) fn other_name(&self) -> String {
        let path = self.path();
        let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let (stem, extension) = (part(path.file_stem()), part(path.extension()));
        let (base, number) = match stem.rsplit_once('-') {
            // Two digits at most: a date at the end is no number to count on from.
            Some((base, digits)) if digits.len() <= 2 && !is_date(base) => match digits.parse::<u32>() {
                Ok(number) => (base.to_owned(), number + 1),
                Err(_) => (stem.clone(), 2),
            },
            _ => (stem.clone(), 2),
        };
        let dot = if extension.is_empty() { "" } else { "." };
        path.with_file_name(format!("{base}-{number}{dot}{extension}")).to_string_lossy().into_owned()
    }
}

/// Whether a bundle, or one for each class, may be written to `out`.
///
/// # Errors
/// Those of [`sealift::check_output`].
pub(super) fn check(out: &Path, is_divided: bool, existing: Existing) -> sealift::Result<()> {
    if is_divided { sealift::check_delivery(out, existing) } else { sealift::check_output(out, existing) }
}

/// Whether `text` ends as a date without its day does: `…-2026-11`.
fn is_date(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let mut is_number = |len| {
        parts
            .next()
            .is_some_and(|part| part.len() >= len && part.chars().rev().take(len).all(|c| c.is_ascii_digit()))
    };
    is_number(2) && is_number(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(out: &str) -> Place {
        Place { out: out.into(), ..Place::default() }
    }

    #[test]
    fn a_taken_name_is_counted_on() {
        for (taken, other) in [
            ("/a/交付.sealift", "/a/交付-2.sealift"),
            ("/a/b-2.sealift", "/a/b-3.sealift"),
            ("/a/交付-2026-11-24.sealift", "/a/交付-2026-11-24-2.sealift"),
            ("/a/交付-2026-11-24-2.sealift", "/a/交付-2026-11-24-3.sealift"),
            ("b", "b-2"),
        ] {
            assert_eq!(place(taken).other_name(), other);
        }
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_asked() {
        let mut there = place("/a/b.sealift");
        assert!(there.why_not().is_none(), "before it was looked at");
        assert!(there.look().is_some() && there.look().is_none(), "one look at a time");
        there.saw("/a/b.sealift".into(), Seen { exists: true, ..Seen::default() });
        assert!(there.why_not().is_some());
        there.is_replacing = true;
        assert!(there.why_not().is_none() && there.existing() == Existing::Replace);
        // The bundles of a delivery have other names, which are looked at anew.
        there.set_divided(true);
        assert!(there.seen().is_none() && there.existing() == Existing::Keep && there.look().is_some());
        there.set_divided(false);
        there.set_out("/a/c.sealift".into());
        assert!(there.existing() == Existing::Keep && there.seen().is_none());
    }

    #[test]
    fn a_stick_gets_recovery_data_and_files_that_it_takes() {
        let mut place = place("/media/a.sealift");
        assert!(!place.is_recovering() && place.volume_bytes().ok().flatten().is_none());
        let stick = Seen { max_file_bytes: Some(4_294_967_295), is_on_drive: true, ..Seen::default() };
        place.saw("/media/a.sealift".into(), stick);
        assert!(place.is_recovering());
        assert_eq!(place.volume_bytes().ok().flatten(), Some(4_294_967_295));
        place.recovery = Some(false);
        assert!(!place.is_recovering());
    }

    #[test]
    fn a_volume_size_must_be_one() {
        let mut place = place("b");
        place.split = Split::Custom;
        assert!(place.why_not().is_some());
        place.custom = "650 MB".into();
        assert!(place.why_not().is_none());
        assert_eq!(place.volume_bytes().ok().flatten(), Some(650_000_000));
    }
}
