//! Files that are brought to the window: dropped, chosen, or given as arguments.
//!
//! What they are is told by their content, through the library, on a thread of its own: a dead network mount
//! must not freeze the window.

use std::path::PathBuf;

use sealift::{Class, Code};

use super::{
    action::Action,
    job::{Kind, Work},
};

/// What was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// Bundles, or what was meant as such: the first, and those of its delivery wherever they lie.
    Bundles(Vec<PathBuf>),
    /// Archives or OCI layouts.
    Sources(Vec<PathBuf>),
}

/// What is held over the window, as far as names tell: enough for a hint, not for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hovering {
    Bundle,
    Sources(usize),
}

/// The name that bundles have.
const BUNDLE_EXTENSION: &str = "sealift";

impl Hovering {
    /// Told by names, without touching a file.
    pub(crate) fn of(paths: &[PathBuf]) -> Option<Self> {
        match paths {
            [] => None,
            paths if paths.iter().all(|path| has_bundle_name(path)) => Some(Self::Bundle),
            paths => Some(Self::Sources(paths.len())),
        }
    }
}

/// Finds out what `paths` are.
pub(crate) fn find_out(paths: Vec<PathBuf>) -> Work {
    let call = move |_: &sealift::Ctx| {
        let (bundles, others): (Vec<PathBuf>, Vec<PathBuf>) =
            paths.into_iter().partition(|path| is_bundle(path) || is_delivery(path));
        Ok(if bundles.is_empty() { Incoming::Sources(others) } else { Incoming::Bundles(bundles) })
    };
    Work::new(Kind::List, "", call, |incoming| match incoming {
        Ok(incoming) => Action::Take(incoming),
        Err(_) => Action::Hover(None),
    })
}

/// A damaged bundle is one too, and its page says what is wrong with it.
fn is_bundle(path: &std::path::Path) -> bool {
    path.is_file()
        && match sealift::inspect(path) {
            Ok(_) => true,
            Err(error) => error.code() != Code::NotABundle || has_bundle_name(path),
        }
}

/// The name that a delivery was given when it was packed: only its parts have files.
fn is_delivery(path: &std::path::Path) -> bool {
    !path.exists() && Class::ALL.into_iter().any(|class| sealift::part_path(path, class).is_file())
}

fn has_bundle_name(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(BUNDLE_EXTENSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_held_over_the_window() {
        assert_eq!(Hovering::of(&[]), None);
        assert_eq!(Hovering::of(&["交付.SEALIFT".into()]), Some(Hovering::Bundle));
        let parts = ["a.public.sealift".into(), "a.secret.sealift".into()];
        assert_eq!(Hovering::of(&parts), Some(Hovering::Bundle));
        assert_eq!(Hovering::of(&["a.tar".into(), "b.sealift".into()]), Some(Hovering::Sources(2)));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "plays the other program")]
    fn the_name_of_a_delivery_is_a_bundle_while_one_of_its_parts_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().join("a.sealift");
        assert!(!is_delivery(&name));
        std::fs::write(dir.path().join("a.internal.sealift"), b"").unwrap();
        assert!(is_delivery(&name) && !is_bundle(&name));
        let archive = dir.path().join("a.tar");
        std::fs::write(&archive, b"").unwrap();
        let found = |paths: &[&PathBuf]| {
            let work = find_out(paths.iter().copied().cloned().collect());
            let Action::Take(incoming) = work.run_here() else { panic!("it is not taken") };
            incoming
        };
        assert_eq!(found(&[&archive, &name, &name]), Incoming::Bundles(vec![name.clone(), name.clone()]));
        assert_eq!(found(&[&archive]), Incoming::Sources(vec![archive.clone()]));
    }
}
