//! Which images and blobs a bundle will hold: sources merged, selection applied, each blob once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::classes::ClassRules;
use crate::{
    bundle::{MAX_BLOBS, MAX_IMAGES, MAX_NAMES},
    class::Class,
    crypto::random,
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Ctx, Notice, NoticeKind},
    oci::{Image, Name, Platform},
    source::{self, ImageList, Source, SourceSpec, Wanted},
};

/// Everything [`crate::pack`] will write.
pub struct PackPlan {
    pub(crate) sources: Arc<Vec<Box<dyn Source>>>,
    pub(crate) content: PackContent,
    /// Platforms asked for; empty means all.
    platforms: Vec<Platform>,
}

/// What a bundle holds.
#[derive(Clone, Default)]
pub(crate) struct PackContent {
    pub(crate) images: Vec<Image>,
    /// Blobs of the images; not those of estimates.
    pub(crate) blobs: BTreeMap<Digest, PlannedBlob>,
    /// Documents that no source streams: manifests made from configs, and what an engine's stream had of them.
    pub(crate) made: BTreeMap<Digest, Vec<u8>>,
}

/// A blob and the source it will be read from; none for a made manifest.
#[derive(Clone, Debug)]
pub(crate) struct PlannedBlob {
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) diff_id: Option<Digest>,
    pub(crate) source: Option<usize>,
}

impl PackPlan {
    /// The images, in the order of their sources.
    pub fn images(&self) -> &[Image] {
        &self.content.images
    }

    /// Bytes of all images, as if they shared nothing; of those in an engine, its own estimate.
    pub fn sum_bytes(&self) -> u64 {
        self.content.sum_bytes()
    }

    /// Bytes of all blobs, each once: what will be read.
    pub fn unique_bytes(&self) -> u64 {
        let blobs = self.content.images.iter().flat_map(Image::blobs);
        blobs.map(|(digest, blob)| (digest, blob.size)).collect::<BTreeMap<_, _>>().values().sum()
    }

    /// Leaves out the images that `keep` does not hold for, and every blob that only they need.
    pub fn retain(&mut self, keep: impl FnMut(&Image) -> bool) {
        self.content.retain(keep);
    }

    /// A plan for each sensitivity class that `rules` give images.
    ///
    /// # Errors
    /// [`Code::NoClass`], [`Code::BadClass`], [`Code::NoSuchImage`].
    pub fn divide(&self, rules: &ClassRules) -> Result<BTreeMap<Class, Self>> {
        let divided = rules.divide(&self.content.images)?;
        let plan = |(class, images): (Class, Vec<Image>)| {
            let targets: BTreeSet<Digest> = images.iter().map(|image| image.target.digest).collect();
            let mut content = self.content.clone();
            content.retain(|image| targets.contains(&image.target.digest));
            (class, Self { sources: Arc::clone(&self.sources), content, platforms: self.platforms.clone() })
        };
        Ok(divided.into_iter().map(plan).collect())
    }

    /// Tells what is packed: the same for the same images, platforms and blobs from the same places.
    pub(crate) fn digest(&self) -> Digest {
        let blobs = self.content.blobs.iter().map(|(digest, blob)| (digest, blob.size, blob.source));
        let made: Vec<&Digest> = self.content.made.keys().collect();
        let all = (&self.content.images, &self.platforms, blobs.collect::<Vec<_>>(), made);
        // Were it ever not to be written as JSON, it would be like no other plan.
        serde_json::to_vec(&all).map_or_else(|_| Digest::from_bytes(random()), |json| Digest::of(&json))
    }

    /// What to read from source number `source`.
    pub(crate) fn wanted(&self, source: usize) -> Wanted<'_> {
        let list = &self.sources[source].list().images;
        let targets: BTreeSet<Digest> = self.content.images.iter().map(|image| image.target.digest).collect();
        let chosen = |image: &&Image| targets.contains(&image.target.digest);
        let from_here = self.content.blobs.iter().filter(|(_, blob)| blob.source == Some(source));
        Wanted {
            images: list.iter().filter(chosen).collect(),
            blobs: from_here.map(|(digest, _)| *digest).collect(),
        }
    }
}

impl PackContent {
    pub(crate) fn sum_bytes(&self) -> u64 {
        self.images.iter().map(Image::size_bytes).sum()
    }

    fn retain(&mut self, keep: impl FnMut(&Image) -> bool) {
        self.images.retain(keep);
        let needed: BTreeSet<Digest> =
            self.images.iter().flat_map(|image| image.blobs().into_keys()).collect();
        self.blobs.retain(|digest, _| needed.contains(digest));
        self.made.retain(|digest, _| needed.contains(digest));
    }

    /// Puts the images that source number `source` really handed out in place of its estimates.
    ///
    /// # Errors
    /// [`Code::BlobMissing`] when an image that was planned did not come.
    pub(crate) fn settle(
        &mut self,
        ctx: &Ctx,
        plan: &PackPlan,
        source: usize,
        list: &ImageList,
    ) -> Result<()> {
        let ids: BTreeSet<Digest> =
            plan.sources[source].list().images.iter().map(|image| image.target.digest).collect();
        let is_estimate = |image: &mut Image| ids.contains(&image.target.digest);
        let estimated: Vec<Image> = self.images.extract_if(.., is_estimate).collect();
        let mut settled = Vec::new();
        for planned in estimated {
            let id = planned.target.digest;
            let is_it = |image: &&Image| {
                image.target.digest == id
                    || image
                        .manifests
                        .iter()
                        .any(|manifest| [manifest.blob.digest, manifest.config.digest].contains(&id))
            };
            let found = list.images.iter().find(is_it);
            let found =
                found.ok_or_else(|| Error::new(Code::BlobMissing).with(Fact::Image, planned.title()))?;
            let narrowed = narrow(Image { names: planned.names, ..found.clone() }, &plan.platforms);
            if let Some(image) = narrowed {
                self.add_blobs(&image, source, &list.made);
                settled.push(image);
            }
        }
        merge(ctx, &mut self.images, settled)?;
        self.retain(|_| true);
        self.check()
    }

    fn check(&self) -> Result<()> {
        let num_names = self.images.iter().map(|image| image.names.len()).sum();
        for (found, limit, detail) in [
            (self.images.len(), MAX_IMAGES, "detail-limit-images"),
            (self.blobs.len(), MAX_BLOBS, "detail-limit-blobs"),
            (num_names, MAX_NAMES, "detail-limit-names"),
        ] {
            if found > limit {
                let error = Error::new(Code::Limit).worded(Fact::Detail, detail, &[]);
                return Err(error.with(Fact::Limit, limit));
            }
        }
        Ok(())
    }

    fn add_blobs(&mut self, image: &Image, source: usize, made: &BTreeMap<Digest, Vec<u8>>) {
        let diff_ids: BTreeMap<Digest, Digest> = image
            .manifests
            .iter()
            .flat_map(|manifest| &manifest.layers)
            .filter_map(|layer| layer.diff_id.map(|diff_id| (layer.blob.digest, diff_id)))
            .collect();
        for (digest, blob) in image.blobs() {
            let source = match made.get(&digest) {
                Some(bytes) => {
                    self.made.insert(digest, bytes.clone());
                    None
                }
                None => Some(source),
            };
            self.blobs.entry(digest).or_insert_with(|| PlannedBlob {
                media_type: blob.media_type.clone(),
                size: blob.size,
                diff_id: diff_ids.get(&digest).copied(),
                source,
            });
        }
    }
}

/// Opens and lists `specs`, and decides what a bundle of them holds. `platforms` narrows multi-platform
/// images; empty means all.
pub(crate) fn plan_pack(ctx: &Ctx, specs: &[SourceSpec], platforms: &[Platform]) -> Result<PackPlan> {
    let (mut sources, mut content) = (Vec::new(), PackContent::default());
    for spec in specs {
        let opened = source::open(ctx, spec)?;
        let number = sources.len();
        let list = opened.list();
        let mut chosen = Vec::new();
        for image in choose(spec, &list.images)?.into_iter().filter(|image| spec.wants(&image.target.digest))
        {
            ctx.checkpoint()?;
            let Some(image) = narrow(image, platforms) else { continue };
            if !opened.is_estimate() {
                content.add_blobs(&image, number, &list.made);
            }
            chosen.push(image);
        }
        merge(ctx, &mut content.images, chosen)?;
        sources.push(opened);
    }
    let plan = PackPlan { sources: Arc::new(sources), content, platforms: platforms.to_vec() };
    let images = &plan.content.images;
    if images.is_empty() {
        let missing = if platforms.is_empty() { Code::NothingToPack } else { Code::NoSuchImage };
        let wanted: Vec<String> = platforms.iter().map(Platform::to_string).collect();
        let error = Error::new(missing);
        return Err(if wanted.is_empty() { error } else { error.with(Fact::Detail, wanted.join(", ")) });
    }
    plan.content.check()?;
    for image in images {
        let notice = |kind| ctx.notice(Notice::new(kind, image.title()));
        if image.names.is_empty() {
            notice(NoticeKind::Untagged);
        }
        let (foreign, parts): (Vec<_>, Vec<_>) = image
            .absent
            .iter()
            .partition(|blob| blob.media_type.contains(".layer.") || blob.media_type.contains("rootfs"));
        if !foreign.is_empty() {
            notice(NoticeKind::ForeignLayer);
        }
        if !parts.is_empty() && platforms.is_empty() {
            notice(NoticeKind::PartsAbsent);
        }
    }
    Ok(plan)
}

/// The images of a source that its spec asks for.
fn choose(spec: &SourceSpec, images: &[Image]) -> Result<Vec<Image>> {
    // An engine or a registry listed only what was asked for.
    let Some(wanted) = spec.image().filter(|_| !spec.is_reference()) else { return Ok(images.to_vec()) };
    let chosen: Vec<Image> = images
        .iter()
        .filter(|image| image.names.iter().any(|name| name.is_meant_by(wanted)))
        .map(|image| {
            // Asked for by one name, it travels under that name alone.
            let names = image.names.iter().filter(|name| name.is_meant_by(wanted)).cloned().collect();
            Image { names, ..image.clone() }
        })
        .collect();
    if chosen.is_empty() {
        return Err(Error::new(Code::NoSuchImage).with(Fact::Image, wanted).at(spec.path()));
    }
    Ok(chosen)
}

/// The image with only the platforms asked for; `None` if it has none of them. An artifact has none to choose.
fn narrow(mut image: Image, platforms: &[Platform]) -> Option<Image> {
    if platforms.is_empty() || image.is_artifact() {
        return Some(image);
    }
    let asked = |platform: &Platform| platforms.iter().any(|wanted| platform.satisfies(wanted));
    let (kept, dropped): (Vec<_>, Vec<_>) =
        image.manifests.into_iter().partition(|manifest| manifest.platform.as_ref().is_some_and(asked));
    image.manifests = kept;
    image.absent.extend(dropped.into_iter().map(|manifest| manifest.blob));
    (!image.manifests.is_empty()).then_some(image)
}

/// Adds `new` to `images`, merging names of one target and refusing one name for two targets.
fn merge(ctx: &Ctx, images: &mut Vec<Image>, new: Vec<Image>) -> Result<()> {
    let mut places: HashMap<Digest, usize> = HashMap::new();
    let mut owners: HashMap<Name, Digest> = HashMap::new();
    let mut grown = BTreeSet::new();
    for image in std::mem::take(images).into_iter().chain(new) {
        ctx.checkpoint()?;
        let target = image.target.digest;
        for name in &image.names {
            if owners.insert(name.clone(), target).is_some_and(|owner| owner != target) {
                return Err(Error::new(Code::NameTaken).with(Fact::Image, name));
            }
        }
        match places.get(&target) {
            None => {
                places.insert(target, images.len());
                images.push(image);
            }
            Some(place) => {
                images[*place].names.extend(image.names);
                grown.insert(*place);
            }
        }
    }
    for place in grown {
        images[place].names.sort();
        images[place].names.dedup();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_are_not_chosen_take_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sample.tar");
        crate::sample::write_sample(&path).unwrap();
        let all = SourceSpec::path_only(&path);
        let plan = plan_pack(&Ctx::new(), std::slice::from_ref(&all), &[]).unwrap();
        let one = plan.images()[0].target.digest;
        let some = plan_pack(&Ctx::new(), &[all.only([one].into())], &[]).unwrap();
        assert_eq!((some.images().len(), some.images()[0].target.digest), (1, one));
    }

    #[test]
    fn what_is_left_out_takes_its_own_blobs_along_and_leaves_shared_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sample.tar");
        crate::sample::write_sample(&path).unwrap();
        let mut plan = plan_pack(&Ctx::new(), &[SourceSpec::path_only(&path)], &[]).unwrap();
        let num_all = plan.content.blobs.len();
        let kept = vec![plan.content.images[0].clone()];
        plan.retain(|image| image.target == kept[0].target);
        assert_eq!(plan.content.images, kept);
        assert!(plan.content.blobs.len() < num_all);
        assert_eq!(plan.content.blobs.keys().collect::<Vec<_>>(), kept[0].blobs().keys().collect::<Vec<_>>());
    }
}
