//! What belongs to an image without being part of it: cosign's tags, and what refers to it.
//!
//! distribution-spec, "Referrers Tag Schema": the tag `sha256-HEX` holds an index of all that refers to
//! `sha256:HEX`. Where a registry answers for referrers itself, that index is made here, so that they land at any
//! registry. Cosign adds `.sig`, `.att` and `.sbom` to the same tag.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::Remote;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Notice, NoticeKind},
    net::Referrer,
    oci::{Descriptor, Documents, Image, ImageReader, MAX_MANIFEST_BYTES, Name},
};

/// Behind `sha256-HEX`: nothing for the index of referrers, and cosign's kinds.
const SUFFIXES: [&str; 4] = ["", ".sig", ".att", ".sbom"];
/// Most artifacts of one image.
const MAX_ARTIFACTS: usize = 1024;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Adds the artifacts of `images`, and theirs in turn.
pub(super) fn find(
    reader: &mut ImageReader<'_>,
    remote: &mut Remote<'_>,
    images: &mut Vec<Image>,
) -> Result<()> {
    let Some((host, repository)) = images
        .iter()
        .flat_map(|image| &image.names)
        .find_map(|name| name.parts().map(|(host, repository, _)| (host.to_owned(), repository.to_owned())))
    else {
        return Ok(());
    };
    // One list of all tags costs less than asking for four tags of every manifest.
    let tags: Option<BTreeSet<String>> = match remote.registry.tags(remote.ctx, remote.repository) {
        Ok(tags) => Some(tags.into_iter().collect()),
        Err(e) if e.code() == Code::Cancelled => return Err(e),
        Err(e) => {
            tracing::debug!(%e, "tags cannot be listed");
            None
        }
    };
    let mut answers_for_referrers = true;
    let (mut at, mut asked) = (0, BTreeSet::new());
    while at < images.len() {
        for subject in subjects(&images[at]) {
            if !asked.insert(subject) {
                continue;
            }
            let referrers = if answers_for_referrers {
                remote.registry.referrers(remote.ctx, remote.repository, &subject)?
            } else {
                None
            };
            answers_for_referrers = referrers.is_some();
            for suffix in SUFFIXES {
                let tag = format!("sha256-{}{suffix}", subject.hex());
                let is_listed = tags.as_ref().is_none_or(|tags| tags.contains(&tag));
                let mut target = if is_listed { remote.fetch(&tag)? } else { None };
                if suffix.is_empty() {
                    target = with_referrers(remote, target, referrers.as_deref().unwrap_or_default())?;
                }
                let Some(target) = target else { continue };
                let name = Name::qualified(&format!("{host}/{repository}:{tag}"))?;
                add(reader, remote, images, &target, name)?;
            }
        }
        at += 1;
    }
    Ok(())
}

/// What may have artifacts: the target, and each manifest.
fn subjects(image: &Image) -> Vec<Digest> {
    let manifests = image.manifests.iter().map(|manifest| manifest.blob.digest);
    [image.target.digest].into_iter().chain(manifests).collect()
}

fn add(
    reader: &mut ImageReader<'_>,
    remote: &mut Remote<'_>,
    images: &mut Vec<Image>,
    target: &Descriptor,
    name: Name,
) -> Result<()> {
    if images.len() > MAX_ARTIFACTS {
        let error = Error::new(Code::Limit).with(Fact::Registry, remote.registry.host());
        return Err(error
            .worded(Fact::Detail, "detail-limit-artifacts", &[])
            .with(Fact::Limit, MAX_ARTIFACTS));
    }
    let title = name.to_string();
    match reader.read_target(remote, target, vec![name.clone()]) {
        Ok(artifact) => {
            match images.iter_mut().find(|known| known.target == artifact.target) {
                Some(known) => known.names.push(name),
                None => images.push(artifact),
            }
            Ok(())
        }
        // Formats that no registry takes today, or a part that is gone: the image itself is whole.
        Err(e) if matches!(e.code(), Code::BadMediaType | Code::Schema1 | Code::BlobMissing) => {
            remote.ctx.notice(Notice::new(NoticeKind::ArtifactSkipped, title));
            Ok(())
        }
        Err(e) => Err(e.or_with(Fact::Image, title)),
    }
}

/// The index under the tag if it lists all of `referrers`, else one that does.
fn with_referrers(
    remote: &mut Remote<'_>,
    tagged: Option<Descriptor>,
    referrers: &[Referrer],
) -> Result<Option<Descriptor>> {
    let known: Vec<Referrer> = match &tagged {
        Some(tagged) => {
            let bytes = remote.read(tagged, MAX_MANIFEST_BYTES)?;
            serde_json::from_slice::<Index>(&bytes).map(|index| index.manifests).unwrap_or_default()
        }
        None => Vec::new(),
    };
    let new: Vec<&Referrer> =
        referrers.iter().filter(|one| known.iter().all(|known| known.digest != one.digest)).collect();
    if new.is_empty() {
        return Ok(tagged);
    }
    let all: BTreeMap<Digest, &Referrer> = known.iter().chain(new).map(|one| (one.digest, one)).collect();
    let index = serde_json::json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": all.into_values().collect::<Vec<_>>(),
    });
    let bytes = index.to_string().into_bytes();
    let made = Descriptor { media_type: INDEX.into(), digest: Digest::of(&bytes), size: bytes.len() as u64 };
    remote.keep(made.digest, bytes)?;
    Ok(Some(made))
}

#[derive(serde::Deserialize)]
struct Index {
    manifests: Vec<Referrer>,
}
