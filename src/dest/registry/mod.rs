//! A registry: blobs it lacks are sent beside each other, manifests byte for byte after them, tags last.
//!
//! Nothing that was there changes before the tags; what a broken run sent is not sent again.

mod destination;
mod presence;
mod upload;

use std::collections::{BTreeMap, BTreeSet};

use self::{destination::RegistryDestination, presence::Presence};
use super::{Check, CheckKind, Destination, Order, Placed, Preflight, TagPolicy, Target};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{Registry, RegistryAccess},
    oci::{Descriptor, Image, MAX_MANIFEST_BYTES, Name},
};

/// A registry that answered.
struct RegistryTarget {
    registry: Registry,
    /// `HOST[:PORT]` as the user wrote it: it stands in the names.
    host: String,
    /// What every repository begins with, without slashes at its ends; may be empty.
    prefix: String,
    access: RegistryAccess,
    is_harbor: bool,
}

/// The registry `HOST[:PORT][/PREFIX]`.
pub(super) fn target(ctx: &Ctx, rest: &str, access: &RegistryAccess) -> Result<Box<dyn Target>> {
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_matches('/');
    // The grammar of names is the check of both.
    let probe = if prefix.is_empty() { format!("{host}/x") } else { format!("{host}/{prefix}/x") };
    let is_host = Name::qualified(&probe)?.parts().is_some_and(|(found, ..)| found == host);
    if !is_host {
        return Err(Error::new(Code::BadReference).with(Fact::Found, rest));
    }
    let registry = Registry::connect(ctx, host, prefix, access)?;
    let is_harbor = registry.is_harbor(ctx)?;
    let (host, prefix, access) = (host.to_owned(), prefix.to_owned(), access.clone());
    Ok(Box::new(RegistryTarget { registry, host, prefix, access, is_harbor }))
}

/// Repositories by name, each entered with the credentials that fit it best.
type Repositories = BTreeMap<String, Registry>;

impl RegistryTarget {
    fn repositories(&self, ctx: &Ctx, placed: &[Placed<'_>]) -> Result<Repositories> {
        let mut repositories = Repositories::new();
        for (_, repository, _) in placed.iter().flat_map(places) {
            if !repositories.contains_key(repository) {
                let entered = self.registry.entered_for(ctx, &self.host, repository, &self.access)?;
                repositories.insert(repository.to_owned(), entered);
            }
        }
        Ok(repositories)
    }

    /// Harbor takes nothing for a project that it does not have.
    fn ensure_projects(&self, ctx: &Ctx, repositories: &Repositories, create: bool) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        if self.is_harbor {
            let mut projects: Vec<&str> =
                repositories.keys().filter_map(|repository| repository.split('/').next()).collect();
            projects.dedup();
            for project in projects {
                if !self.registry.has_project(ctx, project)? {
                    if !self.access.create_projects {
                        let error = Error::new(Code::NoProject).with(Fact::Registry, &self.host);
                        return Err(error.with(Fact::Detail, project));
                    }
                    if create {
                        self.registry.create_project(ctx, project)?;
                    }
                    missing.push(project.to_owned());
                }
            }
        }
        Ok(missing)
    }
}

/// Image, repository, and tag or digest of every name.
fn places<'a>(placed: &'a Placed<'_>) -> impl Iterator<Item = (&'a Image, &'a str, &'a str)> {
    let image = placed.image;
    placed
        .names
        .iter()
        .filter_map(|name| name.parts())
        .map(move |(_, repository, tag)| (image, repository, tag))
}

/// The only platform that travelled of an image whose index lists more: a registry that takes no such index
/// gets its manifest under the tag.
fn lone_manifest(image: &Image) -> Option<&Descriptor> {
    let mut with_platform = image.manifests.iter().filter(|manifest| manifest.platform.is_some());
    let first = with_platform.next().filter(|_| !image.absent.is_empty() && !image.indexes.is_empty())?;
    with_platform.next().is_none().then_some(&first.blob)
}

/// Whether a tag that points at `found` needs nothing more.
fn is_target(image: &Image, found: Digest) -> bool {
    found == image.target.digest || lone_manifest(image).is_some_and(|manifest| manifest.digest == found)
}

impl Target for RegistryTarget {
    /// `HOST/PREFIX/` and the repository without the registry it came from; what is at this registry already,
    /// by a rename say, stays where it is.
    fn name_there(&self, name: &Name) -> Result<Option<Name>> {
        let Some((host, repository, tag)) = name.parts() else { return Ok(None) };
        let is_below = |repository: &str| {
            self.prefix.is_empty()
                || repository.strip_prefix(&self.prefix).is_some_and(|rest| rest.starts_with('/'))
        };
        let prefix = if self.prefix.is_empty() || (host == self.host && is_below(repository)) {
            String::new()
        } else {
            format!("{}/", self.prefix)
        };
        let sign = if name.has_digest() { '@' } else { ':' };
        Name::qualified(&format!("{}/{prefix}{repository}{sign}{tag}", self.host)).map(Some)
    }

    fn preflight(&self, ctx: &Ctx, placed: &[Placed<'_>], tags: TagPolicy) -> Result<Preflight> {
        if let Some(nameless) = placed.iter().find(|placed| placed.names.is_empty()) {
            return Err(Error::new(Code::Nameless).with(Fact::Image, nameless.image.title()));
        }
        let mut preflight = Preflight::default();
        let product = if self.is_harbor { "Harbor " } else { "" };
        let mut check = |kind, about: &str| preflight.checks.push(Check::new(kind, about));
        check(CheckKind::Reached, &format!("{product}{}", self.host));
        check(if self.registry.is_encrypted() { CheckKind::Tls } else { CheckKind::PlainHttp }, &self.host);
        let repositories = self.repositories(ctx, placed)?;
        // What is not there yet cannot be asked for rights.
        let projects = self.ensure_projects(ctx, &repositories, false)?;
        let mut to_write: BTreeSet<&str> = BTreeSet::new();
        let mut found = Vec::new();
        for placed in placed {
            for name in placed.names {
                let Some((_, repository, tag)) = name.parts() else { continue };
                let there =
                    repositories[repository].manifest_digest(ctx, repository, tag, MAX_MANIFEST_BYTES)?;
                if let Some(there) = there.filter(|there| is_target(placed.image, *there)) {
                    preflight.checks.push(Check::new(CheckKind::Present, name));
                    found.push((name.clone(), there, Some(there)));
                } else {
                    found.push((name.clone(), placed.image.target.digest, there));
                    to_write.insert(repository);
                }
            }
        }
        to_write.retain(|repository| {
            projects.iter().all(|project| repository.split('/').next() != Some(project))
        });
        for repository in to_write {
            let place = format!("{}/{repository}", self.host);
            repositories[repository]
                .check_push(ctx, repository)
                .map_err(|e| e.or_with(Fact::Image, &place))?;
            preflight.checks.push(Check::new(CheckKind::Rights, place));
        }
        preflight.settle_tags(tags, &found)?;
        let presence = Presence::look(ctx, &repositories, placed)?;
        preflight.needed_bytes = presence.missing_bytes();
        preflight.num_sent = presence.num_missing();
        Ok(preflight)
    }

    fn open(&self, ctx: &Ctx, order: &Order<'_>) -> Result<Box<dyn Destination>> {
        let placed = &order.placed;
        let repositories = self.repositories(ctx, placed)?;
        self.ensure_projects(ctx, &repositories, true)?;
        for (from, to) in order.backups {
            let (Some((_, repository, tag)), Some((.., kept))) = (from.parts(), to.parts()) else { continue };
            let registry = &repositories[repository];
            if let Some(old) = registry.manifest(ctx, repository, tag, MAX_MANIFEST_BYTES)? {
                registry.put_manifest(ctx, repository, kept, &old.media_type, &old.bytes)?;
            }
        }
        let mut presence = Presence::look(ctx, &repositories, placed)?;
        presence.mount(ctx, &repositories)?;
        Ok(Box::new(RegistryDestination::new(ctx, repositories, presence, placed)))
    }

    fn place(&self) -> (Fact, String) {
        (Fact::Registry, self.host.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_repository_below_the_prefix() {
        let target = |host: &str, prefix: &str| RegistryTarget {
            registry: Registry::unreached(),
            host: host.into(),
            prefix: prefix.into(),
            access: RegistryAccess::default(),
            is_harbor: false,
        };
        let hex = "0".repeat(64);
        let by_digest = format!("r.vendor.com/a@sha256:{hex}");
        for (name, prefix, there) in [
            ("r.vendor.com/a/b:1", "", "r.site/a/b:1".to_owned()),
            ("r.vendor.com/a/b:1", "x/y", "r.site/x/y/a/b:1".to_owned()),
            ("nginx:1", "", "r.site/library/nginx:1".to_owned()),
            ("r.site/x/a:1", "x", "r.site/x/a:1".to_owned()),
            ("r.site/xa/a:1", "x", "r.site/x/xa/a:1".to_owned()),
            (&by_digest, "x", format!("r.site/x/a@sha256:{hex}")),
        ] {
            let name = Name::qualified(name).unwrap();
            assert_eq!(target("r.site", prefix).name_there(&name).unwrap().unwrap().as_str(), there);
        }
        let bare = Name::from_ref_name("latest").unwrap();
        assert_eq!(target("r.site", "").name_there(&bare).unwrap(), None);
    }
}
