//! Artifacts go where the image goes that they belong to: selected with it, and renamed into its repository.
//!
//! They are told by their tags: [`Name::subject`].

use std::collections::{BTreeMap, BTreeSet};

use super::restore::RestoredImage;
use crate::{
    digest::Digest,
    error::Result,
    job::Ctx,
    oci::{Image, Name},
};

/// What the tag of an artifact of `image` can name.
fn digests_of(image: &Image) -> impl Iterator<Item = Digest> + '_ {
    let manifests = image.manifests.iter().map(|manifest| manifest.blob.digest);
    [image.target.digest].into_iter().chain(manifests)
}

/// The images of `all` that are artifacts of `chosen`, and theirs in turn.
pub(super) fn artifacts_of(chosen: &[&Image], all: &[Image]) -> Vec<Image> {
    let known: BTreeSet<Digest> = chosen.iter().map(|image| image.target.digest).collect();
    let new = all.iter().enumerate().filter(|(_, image)| image.is_artifact());
    let mut tied: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
    for (place, artifact) in new.filter(|(_, image)| !known.contains(&image.target.digest)) {
        for subject in artifact.names.iter().filter_map(Name::subject) {
            tied.entry(subject).or_default().push(place);
        }
    }
    let mut found = BTreeSet::new();
    let mut subjects: Vec<&Image> = chosen.to_vec();
    while let Some(subject) = subjects.pop() {
        // Each tie is followed once.
        for place in digests_of(subject).filter_map(|digest| tied.remove(&digest)).flatten() {
            if found.insert(place) {
                subjects.push(&all[place]);
            }
        }
    }
    found.into_iter().map(|place| all[place].clone()).collect()
}

/// After the image at `place` went from `from` to `to`: its artifacts go to the same repository.
pub(super) fn follow(
    ctx: &Ctx,
    chosen: &mut [RestoredImage],
    place: usize,
    from: &Name,
    to: &Name,
) -> Result<()> {
    let (old, new) = (from.repository_and_tag().0.to_owned(), to.repository_and_tag().0.to_owned());
    if old == new {
        return Ok(());
    }
    let mut subjects = vec![place];
    while let Some(subject) = subjects.pop() {
        let digests: BTreeSet<Digest> = digests_of(&chosen[subject].image).collect();
        for (at, artifact) in chosen.iter_mut().enumerate().filter(|(_, one)| one.image.is_artifact()) {
            for name in &mut artifact.names {
                ctx.checkpoint()?;
                let (repository, tag) = name.repository_and_tag();
                if repository == old && name.subject().is_some_and(|subject| digests.contains(&subject)) {
                    *name = Name::qualified(&format!("{new}:{tag}"))?;
                    subjects.push(at);
                }
            }
        }
    }
    Ok(())
}
