//! Who signed the images, by the cosign signatures and attestations that travel with them.
//!
//! Offline, against the keys and identities of the trust store. What is signed names a manifest by its digest, and
//! through it every layer; an index, all that it lists. The tag of an artifact proves nothing of what was signed. `form`
//! reads what is signed.

use std::collections::{BTreeMap, BTreeSet};

use oci_spec::image::ImageManifest;
use serde::Serialize;

use super::{
    form::{Checked, Form},
    store::TrustStore,
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{Descriptor, Documents, Image, Listed, MAX_MANIFEST_BYTES, Name, from_spec, parse_json},
};

/// Largest document that is checked: attestations may hold a whole SBOM.
const MAX_DOCUMENT_BYTES: u64 = 16 << 20;
/// Most documents of one artifact that are checked: cosign adds a layer for each signature.
const MAX_ARTIFACT_DOCUMENTS: usize = 256;
/// Most documents of all artifacts.
const MAX_DOCUMENTS: usize = 1 << 16;
/// How often all of them may name a manifest that is here.
const MAX_LINKS: usize = 1 << 18;
/// Most signatures that are listed of one image.
const MAX_SHOWN: usize = 1024;

/// What a signature of an image is worth here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSignatureState {
    /// Made by the key or under the identity of a trusted vendor.
    Trusted,
    /// Made by no key that is trusted here, or altered: without the key nobody can tell which.
    UnknownKey,
    /// It fits a trusted root, and nobody here knows the identity: anyone can sign under their own.
    UnknownIdentity,
    /// Made with a certificate of a moment instead of a key, and no trusted root here proves anything of it: it is of another
    /// root, altered, or of a kind that is not checked.
    Keyless,
    /// It cannot be read.
    Damaged,
}

/// A signature or attestation that travels with an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageSignature {
    /// What it is worth.
    pub state: ImageSignatureState,
    /// The trusted vendor who made it.
    pub vendor: Option<String>,
    /// Fingerprint of that vendor's key.
    pub key_id: Option<String>,
    /// Whom the certificate names, where a trusted root proves it.
    pub identity: Option<String>,
    /// Who vouched for that identity: the issuer of the OIDC token.
    pub issuer: Option<String>,
    /// What is stated of the image; `None` for a signature alone. Of one that is not trusted, it is nobody's word.
    pub predicate_type: Option<String>,
    /// Manifest of the artifact that holds it.
    pub artifact: Digest,
}

impl ImageSignature {
    pub(super) fn nobodys(state: ImageSignatureState) -> Self {
        Self {
            state,
            vendor: None,
            key_id: None,
            identity: None,
            issuer: None,
            predicate_type: None,
            artifact: Digest::from_bytes([0; 32]),
        }
    }
}

/// An image, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageSigners {
    /// Its name, or the beginning of its digest.
    pub image: String,
    /// The manifest or image index.
    pub target: Digest,
    /// Trusted vendors who signed all of it: its target, or everything that its index lists. An attestation is no signature.
    pub vendors: Vec<String>,
    /// Each signature and attestation of its target or of one of its manifests.
    pub signatures: Vec<ImageSignature>,
}

/// What trusted vendors vouch for, by the signatures that came with images.
#[derive(Debug, Default)]
pub(crate) struct Vouched {
    documents: Vec<Vec<ImageSignature>>,
    /// Documents that name a manifest or index.
    by_subject: BTreeMap<Digest, Vec<usize>>,
    /// Manifests and indexes that each vendor signed, and all that these list.
    by_vendor: BTreeMap<String, BTreeSet<Digest>>,
    /// Artifacts that are tied to a subject by their tag: their targets, and the manifests of those.
    tied: BTreeMap<Digest, Vec<Digest>>,
}

/// What some vendors vouch for together.
pub(crate) struct VouchedBy<'a> {
    signed: BTreeSet<&'a Digest>,
    /// What they signed, and artifacts that are tied to it, and those that are tied to these.
    subjects: BTreeSet<&'a Digest>,
}

impl Vouched {
    /// Checks the signatures among `images` with the keys and identities of `store`.
    ///
    /// # Errors
    /// [`Code::Limit`], [`Code::Cancelled`].
    pub(crate) fn read(
        ctx: &Ctx,
        documents: &mut dyn Documents,
        images: &[&Image],
        store: &TrustStore,
    ) -> Result<Self> {
        let mut vouched = Self::default();
        vouched.check_artifacts(ctx, documents, images, store)?;
        vouched.follow(ctx, images)?;
        Ok(vouched)
    }

    fn check_artifacts(
        &mut self,
        ctx: &Ctx,
        documents: &mut dyn Documents,
        images: &[&Image],
        store: &TrustStore,
    ) -> Result<()> {
        let known: BTreeSet<Digest> = images
            .iter()
            .flat_map(|image| parts(image).chain(image.listed.iter().map(|listed| listed.child)))
            .collect();
        let manifests = images.iter().flat_map(|image| &image.manifests);
        let artifacts: BTreeMap<Digest, &Descriptor> = manifests
            .filter(|manifest| manifest.platform.is_none())
            .map(|artifact| (artifact.blob.digest, &artifact.blob))
            .collect();
        let mut reader = ArtifactReader { ctx, documents, store, seen: BTreeSet::new() };
        let mut num_links = 0;
        for blob in artifacts.into_values() {
            for mut checked in reader.read(blob)? {
                checked.subjects.retain(|subject| known.contains(subject));
                num_links += checked.subjects.len();
                if num_links > MAX_LINKS {
                    return Err(too_many(MAX_LINKS));
                }
                self.add(checked);
            }
        }
        Ok(())
    }

    fn add(&mut self, checked: Checked) {
        for signature in &checked.signatures {
            if let (Some(vendor), None) = (&signature.vendor, &signature.predicate_type) {
                self.by_vendor.entry(vendor.clone()).or_default().extend(&checked.subjects);
            }
        }
        for subject in &checked.subjects {
            self.by_subject.entry(*subject).or_default().push(self.documents.len());
        }
        self.documents.push(checked.signatures);
    }

    /// From signed indexes to all that they list, and from subjects to the artifacts that are tied to them.
    fn follow(&mut self, ctx: &Ctx, images: &[&Image]) -> Result<()> {
        let mut lists: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        for listed in images.iter().flat_map(|image| &image.listed) {
            lists.entry(listed.index).or_default().push(listed.child);
        }
        for signed in self.by_vendor.values_mut() {
            let mut new: Vec<Digest> = signed.iter().copied().collect();
            while let Some(index) = new.pop() {
                ctx.checkpoint()?;
                let children = lists.get(&index).into_iter().flatten().copied();
                new.extend(children.filter(|child| signed.insert(*child)));
            }
        }
        for image in images.iter().filter(|image| image.is_artifact()) {
            for subject in image.names.iter().filter_map(Name::subject) {
                self.tied.entry(subject).or_default().extend(parts(image));
            }
        }
        Ok(())
    }

    /// Who signed each of `images` that is no artifact itself.
    ///
    /// # Errors
    /// [`Code::Cancelled`].
    pub(crate) fn signers(&self, ctx: &Ctx, images: &[Image]) -> Result<Vec<ImageSigners>> {
        let vendors = self.by_vendor.keys().map(|vendor| (vendor, self.by(std::slice::from_ref(vendor))));
        let vendors: Vec<(&String, VouchedBy<'_>)> = vendors.collect();
        let signers = |image: &Image| {
            let documents = parts(image).filter_map(|part| self.by_subject.get(&part)).flatten();
            let documents: BTreeSet<usize> = documents.copied().collect();
            let signatures = documents.into_iter().flat_map(|number| &self.documents[number]);
            let mut covering = Vec::new();
            for (vendor, by) in &vendors {
                ctx.checkpoint()?;
                if by.covers(image) {
                    covering.push((*vendor).clone());
                }
            }
            Ok(ImageSigners {
                image: image.title(),
                target: image.target.digest,
                vendors: covering,
                signatures: signatures.take(MAX_SHOWN).cloned().collect(),
            })
        };
        images.iter().filter(|image| !image.is_artifact()).map(signers).collect()
    }

    /// What any of `vendors` vouches for.
    pub(crate) fn by(&self, vendors: &[String]) -> VouchedBy<'_> {
        let signed: BTreeSet<&Digest> =
            vendors.iter().filter_map(|vendor| self.by_vendor.get(vendor)).flatten().collect();
        let mut subjects = signed.clone();
        let mut new: Vec<&Digest> = subjects.iter().copied().collect();
        while let Some(subject) = new.pop() {
            let tied = self.tied.get(subject).into_iter().flatten();
            new.extend(tied.filter(|digest| subjects.insert(*digest)));
        }
        VouchedBy { signed, subjects }
    }
}

impl VouchedBy<'_> {
    /// Whether signatures cover all of `image` that an engine could run: its target, or everything that its indexes list,
    /// be it here or not: what is absent may be there already. An attestation counts with the manifest that it is of.
    pub(crate) fn covers(&self, image: &Image) -> bool {
        if self.signed.contains(&image.target.digest) {
            return true;
        }
        let indexes: BTreeSet<&Digest> = image.indexes.iter().map(|index| &index.digest).collect();
        let runnable = image.manifests.iter().filter(|manifest| manifest.platform.is_some());
        let runnable: BTreeSet<&Digest> = runnable.map(|manifest| &manifest.blob.digest).collect();
        let is_covered = |listed: &Listed| {
            let subject = listed.attests.filter(|_| !runnable.contains(&listed.child));
            indexes.contains(&listed.child)
                || self.signed.contains(&listed.child)
                || subject.is_some_and(|subject| self.signed.contains(&subject))
        };
        !image.listed.is_empty() && image.listed.iter().all(is_covered)
    }

    /// Whether `image` is an artifact that `name` ties to what they vouch for: a signature, an SBOM. Any other name that
    /// it has stands for something to run.
    pub(crate) fn ties(&self, image: &Image, name: &Name) -> bool {
        image.is_artifact() && name.subject().is_some_and(|subject| self.subjects.contains(&subject))
    }
}

/// The target of an image, and all manifests and indexes that are here.
fn parts(image: &Image) -> impl Iterator<Item = Digest> + '_ {
    let manifests = image.manifests.iter().map(|manifest| &manifest.blob);
    [&image.target].into_iter().chain(&image.indexes).chain(manifests).map(|blob| blob.digest)
}

fn too_many(limit: usize) -> Error {
    let error = Error::new(Code::Limit).worded(Fact::Detail, "detail-limit-signatures", &[]);
    error.with(Fact::Limit, limit)
}

/// Reads the signatures of artifacts, each document once.
struct ArtifactReader<'a> {
    ctx: &'a Ctx,
    documents: &'a mut dyn Documents,
    store: &'a TrustStore,
    seen: BTreeSet<(Digest, Option<String>)>,
}

impl ArtifactReader<'_> {
    /// The signatures that the artifact holds and none before it; none when it is of another kind.
    fn read(&mut self, blob: &Descriptor) -> Result<Vec<Checked>> {
        self.ctx.checkpoint()?;
        let read = self.documents.read(blob, MAX_MANIFEST_BYTES);
        let manifest = read.and_then(|bytes| parse_json::<ImageManifest>(&bytes, &blob.digest.to_string()));
        // Whatever it is, it was read as a manifest when the bundle was opened; one that is damaged since proves nothing.
        let Ok(manifest) = manifest else { return Ok(Vec::new()) };
        let subject = manifest.subject().as_ref().and_then(|subject| from_spec(subject).ok());
        let mut found = Vec::new();
        for layer in manifest.layers() {
            let Ok(part) = from_spec(layer) else { continue };
            let annotation = |name: &str| layer.annotations().as_ref().and_then(|all| all.get(name)).cloned();
            let Some(form) = Form::of(&part.media_type, annotation) else { continue };
            // The rest proves nothing.
            if found.len() == MAX_ARTIFACT_DOCUMENTS {
                break;
            }
            if !self.seen.insert((part.digest, form.signature().map(str::to_owned))) {
                continue;
            }
            if self.seen.len() > MAX_DOCUMENTS {
                return Err(too_many(MAX_DOCUMENTS));
            }
            self.ctx.checkpoint()?;
            let content = self.documents.read(&part, MAX_DOCUMENT_BYTES);
            let checked = content.ok().and_then(|bytes| form.check(self.ctx, &bytes, self.store));
            let mut checked = checked.unwrap_or_else(|| Checked {
                // What cannot be read says nothing; what it is said to belong to is shown it.
                subjects: subject.iter().map(|subject| subject.digest).collect(),
                signatures: vec![ImageSignature::nobodys(ImageSignatureState::Damaged)],
            });
            for signature in &mut checked.signatures {
                signature.artifact = blob.digest;
            }
            found.push(checked);
        }
        Ok(found)
    }
}

#[cfg(test)]
impl Vouched {
    /// As if these vendors had signed these digests, which are parts of `images`.
    pub(super) fn made(signed: &[(&str, Digest)], images: &[&Image]) -> Self {
        let mut vouched = Self::default();
        for (vendor, digest) in signed {
            vouched.by_vendor.entry((*vendor).to_owned()).or_default().insert(*digest);
        }
        vouched.follow(&Ctx::new(), images).unwrap();
        vouched
    }
}

#[cfg(test)]
mod tests;
