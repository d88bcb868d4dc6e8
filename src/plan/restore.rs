//! Which images of a bundle go where, under which names, and whether there is room.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    artifacts::{artifacts_of, follow},
    mapping::{by_rule, idle_rules},
};
use crate::{
    dest::{Check, DestSpec, Placed, TagPolicy},
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::require_space,
    job::{Ctx, Notice, NoticeKind},
    oci::{Descriptor, Image, Name},
    trust::{Admission, Named},
};

/// What a user asked for.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Names or digests of the images to restore; empty means all.
    pub images: Vec<String>,
    /// `FROM=TO`: the image called FROM gets the name TO. FROM may be a digest, for untagged images. With a `*`
    /// at the end of both it is a rule for every name that begins so; the first that fits counts, and what is
    /// said of a whole name counts more.
    pub renames: Vec<(String, String)>,
    /// What happens to tags there that point elsewhere.
    pub tags: TagPolicy,
}

/// An image that will be restored.
#[derive(Clone, Debug, Serialize)]
pub struct RestoredImage {
    /// Names it will have at the destination.
    pub names: Vec<Name>,
    /// Names it has in the bundle.
    pub bundle_names: Vec<Name>,
    /// Manifest or image index.
    pub target: Digest,
    /// Bytes of all its blobs.
    pub size_bytes: u64,
    #[serde(skip)]
    pub(crate) image: Image,
    #[serde(skip)]
    moves: Vec<(Option<Name>, Option<Name>)>,
}

impl RestoredImage {
    /// Each name it has in the bundle, and what it becomes at the destination. An image without a name there can get one
    /// here, and a name that the destination cannot hold is left out.
    pub fn moves(&self) -> &[(Option<Name>, Option<Name>)] {
        &self.moves
    }

    /// Every name that a rule may meet: one that was made for this destination hides none of the bundle's.
    fn all_names(&self) -> Vec<&Name> {
        self.bundle_names.iter().chain(&self.names).collect()
    }
}

/// Everything [`crate::restore`] will do.
#[derive(Clone, Debug, Serialize)]
pub struct RestorePlan {
    /// The images.
    pub images: Vec<RestoredImage>,
    /// Signatures and other artifacts that the destination cannot hold: they stay in the bundle.
    pub left_out: Vec<RestoredImage>,
    /// Bytes of their blobs, each once.
    pub unique_bytes: u64,
    /// Free bytes that the destination must have.
    pub needed_bytes: u64,
    /// Free bytes that it has, where the system tells.
    pub free_bytes: Option<u64>,
    /// What was looked at there.
    pub checks: Vec<Check>,
    /// Tags there that will be kept under a second name, and that name.
    pub backups: Vec<(Name, Name)>,
    #[serde(skip)]
    pub(crate) dest: DestSpec,
    /// Blobs that the destination lacks.
    pub num_sent: usize,
}

impl RestoredImage {
    /// Whether it is no image, but travels beside one: a signature, an attestation, an SBOM.
    pub fn is_artifact(&self) -> bool {
        self.image.is_artifact()
    }
}

impl RestorePlan {
    /// Every blob, once.
    pub(crate) fn blobs(&self) -> BTreeMap<Digest, Descriptor> {
        let all = self.images.iter().flat_map(|image| image.image.blobs());
        all.map(|(digest, blob)| (digest, blob.clone())).collect()
    }
}

/// Plans restoring `images` to `dest`. Writes nothing.
///
/// # Errors
/// [`Code::NoSuchImage`], [`Code::NameTaken`], [`Code::BadReference`], [`Code::NoSpace`], [`Code::OnlyArtifacts`],
/// [`Code::ImageNotSigned`].
pub(crate) fn plan_restore(
    ctx: &Ctx,
    images: &[Image],
    admission: &Admission,
    dest: &DestSpec,
    selection: &Selection,
) -> Result<RestorePlan> {
    let target = dest.connect(ctx)?;
    let mut chosen: Vec<RestoredImage> = select(ctx, images, &selection.images)?
        .into_iter()
        .map(|(image, names)| RestoredImage {
            bundle_names: names.clone(),
            names,
            target: image.target.digest,
            size_bytes: image.size_bytes(),
            image,
            moves: Vec::new(),
        })
        .collect();
    let names: Vec<&Name> = images.iter().flat_map(|image| &image.names).collect();
    for rule in idle_rules(ctx, &names, &selection.renames)? {
        ctx.notice(Notice::new(NoticeKind::RuleIdle, rule));
    }
    apply_rules(ctx, &mut chosen, &selection.renames)?;
    for (from, to) in selection.renames.iter().filter(|(from, _)| !from.ends_with('*')) {
        rename(ctx, &mut chosen, from, to)?;
    }
    let (mut chosen, left_out): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|restored| target.holds(&restored.image));
    for artifact in &left_out {
        ctx.notice(Notice::new(NoticeKind::ArtifactLeftOut, artifact.image.title()));
    }
    if let Some(artifact) = left_out.first().filter(|_| chosen.is_empty()) {
        let error = Error::new(Code::OnlyArtifacts).with(Fact::Image, artifact.image.title());
        let (fact, place) = target.place();
        return Err(error.with(fact, place));
    }
    for image in &mut chosen {
        for (at, name) in image.names.drain(..).enumerate() {
            ctx.checkpoint()?;
            let there = target.name_there(&name)?;
            if there.is_none() {
                ctx.notice(Notice::new(NoticeKind::NameDropped, name));
            }
            image.moves.push((image.bundle_names.get(at).cloned(), there));
        }
        image.names = image.moves.iter().filter_map(|(_, there)| there.clone()).collect();
    }
    refuse_taken_names(ctx, &chosen)?;
    let named = chosen.iter().map(|restored| Named { image: &restored.image, names: restored.all_names() });
    admission.check_images(ctx, &named.collect::<Vec<_>>())?;
    let found = target.preflight(ctx, &placed(&chosen), selection.tags)?;
    let mut plan = RestorePlan {
        images: chosen,
        left_out,
        unique_bytes: 0,
        needed_bytes: found.needed_bytes,
        free_bytes: None,
        checks: found.checks,
        backups: found.backups,
        dest: dest.clone(),
        num_sent: found.num_sent,
    };
    plan.unique_bytes = plan.blobs().values().map(|blob| blob.size).sum();
    if let Some(path) = found.room_at {
        plan.free_bytes = require_space(&path, plan.needed_bytes)?;
    }
    Ok(plan)
}

/// The images as destinations see them.
pub(crate) fn placed(images: &[RestoredImage]) -> Vec<Placed<'_>> {
    images.iter().map(|restored| Placed { image: &restored.image, names: &restored.names }).collect()
}

/// Whether a user who typed `text` meant this image by one of its digests.
pub(super) fn is_digest_of(image: &Image, text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let digests = [image.target.digest]
        .into_iter()
        .chain(image.manifests.iter().map(|manifest| manifest.config.digest));
    hex.len() >= 7 && digests.into_iter().any(|digest| digest.hex().starts_with(hex))
}

fn select(ctx: &Ctx, images: &[Image], wanted: &[String]) -> Result<Vec<(Image, Vec<Name>)>> {
    if wanted.is_empty() {
        return Ok(images.iter().map(|image| (image.clone(), image.names.clone())).collect());
    }
    let mut chosen: Vec<(Image, Vec<Name>)> = Vec::new();
    for text in wanted {
        let mut found = false;
        for image in images {
            ctx.checkpoint()?;
            let named: Vec<Name> =
                image.names.iter().filter(|name| name.is_meant_by(text)).cloned().collect();
            let names = match (named.is_empty(), is_digest_of(image, text)) {
                (false, _) => named,
                (true, true) => image.names.clone(),
                (true, false) => continue,
            };
            found = true;
            match chosen.iter_mut().find(|(known, _)| known.target == image.target) {
                None => chosen.push((image.clone(), names)),
                Some((_, known)) => {
                    known.extend(names.into_iter().filter(|name| !known.contains(name)).collect::<Vec<_>>());
                }
            }
        }
        if !found {
            return Err(Error::new(Code::NoSuchImage).with(Fact::Image, text));
        }
    }
    let subjects: Vec<&Image> = chosen.iter().map(|(image, _)| image).collect();
    let artifacts = artifacts_of(&subjects, images);
    chosen.extend(artifacts.into_iter().map(|artifact| (artifact.clone(), artifact.names)));
    Ok(chosen)
}

/// Gives every name what the first rule that fits makes of it.
fn apply_rules(ctx: &Ctx, chosen: &mut [RestoredImage], renames: &[(String, String)]) -> Result<()> {
    for name in chosen.iter_mut().flat_map(|image| &mut image.names) {
        ctx.checkpoint()?;
        if let Some(mapped) = by_rule(name, renames) {
            *name = mapped?;
        }
    }
    Ok(())
}

fn rename(ctx: &Ctx, chosen: &mut [RestoredImage], from: &str, to: &str) -> Result<()> {
    let new = Name::qualified(to)?;
    for place in 0..chosen.len() {
        ctx.checkpoint()?;
        let image = &mut chosen[place];
        // Looked up by what the bundle says, so that two images can swap their names.
        if let Some(at) = image.bundle_names.iter().position(|name| name.is_meant_by(from)) {
            let old = std::mem::replace(&mut image.names[at], new.clone());
            return follow(ctx, chosen, place, &old, &new);
        }
        if image.names.is_empty() && is_digest_of(&image.image, from) {
            image.names.push(new);
            return Ok(());
        }
    }
    Err(Error::new(Code::NoSuchImage).with(Fact::Image, from))
}

fn refuse_taken_names(ctx: &Ctx, chosen: &[RestoredImage]) -> Result<()> {
    let mut taken: BTreeMap<&Name, Digest> = BTreeMap::new();
    for image in chosen {
        for name in &image.names {
            ctx.checkpoint()?;
            if taken.insert(name, image.target).is_some_and(|other| other != image.target) {
                return Err(Error::new(Code::NameTaken).with(Fact::Image, name));
            }
        }
    }
    Ok(())
}
