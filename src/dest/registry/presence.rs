//! What a registry has already, repository by repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use super::{Repositories, is_target, places};
use crate::{
    dest::Placed,
    digest::Digest,
    error::{Error, Result},
    job::{self, Ctx},
    oci::{Descriptor, MAX_MANIFEST_BYTES},
};

/// Questions asked at once.
const NUM_ASKING: usize = 8;

/// Which blobs and manifests are missing where.
#[derive(Default)]
pub(super) struct Presence {
    /// Every blob that has a place here, and the repositories that lack it.
    missing: BTreeMap<Digest, (Descriptor, Vec<String>)>,
    /// A repository that has it.
    holder: BTreeMap<Digest, String>,
    /// Indexes and manifests, which are kept apart from blobs.
    manifests: BTreeSet<Digest>,
}

/// One question, and the answer.
struct Asked<'a> {
    repository: &'a str,
    blob: &'a Descriptor,
    is_manifest: bool,
    is_there: bool,
}

impl Presence {
    /// Asks for everything that `placed` needs; what a tag that points right stands for is there.
    pub(super) fn look(ctx: &Ctx, repositories: &Repositories, placed: &[Placed<'_>]) -> Result<Self> {
        let mut presence = Self::default();
        let mut wanted: BTreeMap<(&str, Digest), (&Descriptor, bool)> = BTreeMap::new();
        let mut whole: BTreeMap<(&str, Digest), &Descriptor> = BTreeMap::new();
        for (image, repository, tag) in placed.iter().flat_map(places) {
            let found = repositories[repository].manifest_digest(ctx, repository, tag, MAX_MANIFEST_BYTES)?;
            let is_whole = found.is_some_and(|found| is_target(image, found));
            let manifests: BTreeSet<Digest> = image
                .indexes
                .iter()
                .chain(image.manifests.iter().map(|it| &it.blob))
                .map(|it| it.digest)
                .collect();
            for (digest, blob) in image.blobs() {
                if is_whole {
                    whole.insert((repository, digest), blob);
                } else {
                    wanted.insert((repository, digest), (blob, manifests.contains(&digest)));
                }
            }
            presence.manifests.extend(manifests);
        }
        wanted.retain(|key, _| !whole.contains_key(key));
        let asked = wanted.into_iter().map(|((repository, _), (blob, is_manifest))| Asked {
            repository,
            blob,
            is_manifest,
            is_there: false,
        });
        for Asked { repository, blob, is_there, .. } in ask(ctx, repositories, asked.collect())? {
            presence.note(repository, blob, is_there);
        }
        for ((repository, _), blob) in whole {
            presence.note(repository, blob, true);
        }
        Ok(presence)
    }

    fn note(&mut self, repository: &str, blob: &Descriptor, is_there: bool) {
        let (_, missing) = self.missing.entry(blob.digest).or_insert_with(|| (blob.clone(), Vec::new()));
        if is_there {
            self.holder.insert(blob.digest, repository.to_owned());
        } else {
            missing.push(repository.to_owned());
        }
    }

    /// Brings blobs that another repository has to where they are missing; one that the registry does not mount
    /// stays missing.
    pub(super) fn mount(&mut self, ctx: &Ctx, repositories: &Repositories) -> Result<()> {
        for (digest, (_, missing)) in &mut self.missing {
            let Some(from) = self.holder.get(digest).filter(|_| !self.manifests.contains(digest)) else {
                continue;
            };
            let mut left = Vec::new();
            for repository in missing.drain(..) {
                if !repositories[&repository].mount(ctx, &repository, digest, from)? {
                    left.push(repository);
                }
            }
            *missing = left;
        }
        Ok(())
    }

    /// Bytes that will be sent.
    pub(super) fn missing_bytes(&self) -> u64 {
        let missing = self.missing.values().filter(|(_, repositories)| !repositories.is_empty());
        missing.map(|(blob, _)| blob.size).sum()
    }

    /// How many blobs and manifests must be read from the bundle.
    pub(super) fn num_missing(&self) -> usize {
        self.missing.values().filter(|(_, repositories)| !repositories.is_empty()).count()
    }

    /// What need not be read from the bundle.
    pub(super) fn present(&self) -> BTreeSet<Digest> {
        let there = self.missing.iter().filter(|(_, (_, repositories))| repositories.is_empty());
        there.map(|(digest, _)| *digest).collect()
    }

    pub(super) fn is_manifest(&self, digest: &Digest) -> bool {
        self.manifests.contains(digest)
    }

    /// Repositories that lack the blob.
    pub(super) fn lacking(&self, digest: &Digest) -> &[String] {
        self.missing.get(digest).map_or(&[], |(_, repositories)| repositories)
    }
}

/// Answers all of `questions`, some at once.
fn ask<'a>(ctx: &Ctx, repositories: &Repositories, questions: Vec<Asked<'a>>) -> Result<Vec<Asked<'a>>> {
    let num_all = questions.len();
    let (open, answered) = (Mutex::new(questions), Mutex::new(Vec::with_capacity(num_all)));
    let work = || -> Result<()> {
        loop {
            let Some(mut question) = lock(&open).pop() else { return Ok(()) };
            let (registry, repository) = (&repositories[question.repository], question.repository);
            let digest = &question.blob.digest;
            question.is_there = if question.is_manifest {
                registry.manifest_digest(ctx, repository, &digest.to_string(), MAX_MANIFEST_BYTES)?.is_some()
            } else {
                registry.has_blob(ctx, repository, digest, question.blob.size)?
            };
            lock(&answered).push(question);
        }
    };
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..NUM_ASKING.min(num_all)).map(|_| scope.spawn(work)).collect();
        job::all_of(asking.into_iter().map(|one| one.join().map_err(Error::panicked).flatten())).map(drop)
    })?;
    Ok(answered.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
