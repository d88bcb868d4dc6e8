//! Artifacts go where the image goes that they belong to: selected with it, and renamed into its repository.
//!
//! They are told by their tags: [`Name::subject`].

use super::restore::RestoredImage;
use crate::{
    error::Result,
    oci::{Image, Name},
};

/// Whether `name` is that of an artifact of `image`.
fn belongs_to(name: &Name, image: &Image) -> bool {
    let manifests = image.manifests.iter().map(|manifest| manifest.blob.digest);
    let mut digests = [image.target.digest].into_iter().chain(manifests);
    name.subject().is_some_and(|subject| digests.any(|digest| digest == subject))
}

/// The images of `all` that are artifacts of `chosen`, and theirs in turn.
pub(super) fn artifacts_of(chosen: &[&Image], all: &[Image]) -> Vec<Image> {
    let mut found: Vec<Image> = Vec::new();
    loop {
        let is_new = |image: &&Image| {
            image.is_artifact()
                && chosen.iter().copied().chain(&found).all(|known| known.target != image.target)
        };
        let belongs = |image: &&Image| {
            let mut subjects = chosen.iter().copied().chain(&found);
            subjects.any(|subject| image.names.iter().any(|name| belongs_to(name, subject)))
        };
        let next: Vec<Image> = all.iter().filter(is_new).filter(belongs).cloned().collect();
        if next.is_empty() {
            return found;
        }
        found.extend(next);
    }
}

/// After the image at `place` went from `from` to `to`: its artifacts go to the same repository.
pub(super) fn follow(chosen: &mut [RestoredImage], place: usize, from: &Name, to: &Name) -> Result<()> {
    let (old, new) = (from.repository_and_tag().0.to_owned(), to.repository_and_tag().0.to_owned());
    if old == new {
        return Ok(());
    }
    let mut subjects = vec![place];
    while let Some(subject) = subjects.pop() {
        let image = chosen[subject].image.clone();
        for (at, artifact) in chosen.iter_mut().enumerate().filter(|(_, one)| one.image.is_artifact()) {
            for name in &mut artifact.names {
                let (repository, tag) = name.repository_and_tag();
                if repository == old && belongs_to(name, &image) {
                    *name = Name::qualified(&format!("{new}:{tag}"))?;
                    subjects.push(at);
                }
            }
        }
    }
    Ok(())
}
