//! Which sensitivity class each image has: by hand, else the most sensitive of what patterns and its label say, else a
//! default. Artifacts have the class of the image that they belong to.
//!
//! Every form of the file: docs/classes.md.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;
use wildmatch::WildMatch;

use super::{artifacts::artifacts_of, restore::is_digest_of};
use crate::{
    class::Class,
    digest::Digest,
    document,
    error::{Code, Error, Fact, Result},
    oci::Image,
};

/// Largest file of classes that is read.
const MAX_BYTES: u64 = 1 << 20;
/// Format of the file.
const VERSION: u32 = 1;

/// What gives images their classes.
#[derive(Clone, Debug, Default)]
pub struct ClassRules {
    /// Names or digests of images, and the class that somebody gave them.
    pub by_hand: Vec<(String, Class)>,
    patterns: Vec<(WildMatch, Class)>,
    /// The class of an image that nothing else marks.
    pub default: Option<Class>,
}

/// What the bundle of one class is locked for, as a file says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassKeys {
    /// Patterns of the names of its images.
    #[serde(default)]
    images: Vec<String>,
    /// Recipients.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// A file with its passphrase.
    pub password_file: Option<std::path::PathBuf>,
    /// `K/N`: a new key, divided into shares.
    pub shares: Option<String>,
    /// Where its shares are written.
    pub shares_dir: Option<std::path::PathBuf>,
    /// Whether all of these are needed, instead of any one.
    #[serde(default)]
    pub require_all: bool,
}

/// A file of sensitivity classes: which images belong to which, and what each is locked for.
#[derive(Clone, Debug, Default)]
pub struct ClassFile {
    /// What gives images their classes.
    pub rules: ClassRules,
    /// What the bundle of each class is locked for.
    pub keys: BTreeMap<Class, ClassKeys>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    default: Option<Class>,
    public: Option<ClassKeys>,
    internal: Option<ClassKeys>,
    secret: Option<ClassKeys>,
}

impl ClassFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`Code::BadClasses`] for anything that is not understood in full: a rule that was mistyped must not be one that is
    /// missing.
    pub fn load(path: &Path) -> Result<Self> {
        document::load(path, MAX_BYTES, Code::BadClasses, Self::parse)
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let document: Document = document::fields(text, Code::BadClasses)?;
        document::check_version(document.version, VERSION, Code::BadClasses)?;
        let tables = [document.public, document.internal, document.secret];
        let keys: BTreeMap<Class, ClassKeys> =
            Class::ALL.into_iter().zip(tables).filter_map(|(class, keys)| Some((class, keys?))).collect();
        let pattern = |text: &String, class| (WildMatch::new(text), class);
        let patterns =
            keys.iter().flat_map(|(class, keys)| keys.images.iter().map(|text| pattern(text, *class)));
        let rules =
            ClassRules { patterns: patterns.collect(), default: document.default, by_hand: Vec::new() };
        Ok(Self { rules, keys })
    }
}

impl ClassRules {
    /// Every image has the class that somebody gave it by its name or digest.
    pub fn marked(by_hand: Vec<(String, Class)>) -> Self {
        Self { by_hand, ..Self::default() }
    }

    /// The class of `image`; none where nothing says it.
    ///
    /// # Errors
    /// [`Code::BadClass`] for a label that names no class: it must not count as one that is missing.
    pub fn class_of(&self, image: &Image) -> Result<Option<Class>> {
        if let Some((_, class)) = self.by_hand.iter().find(|(text, _)| is_meant(image, text)) {
            return Ok(Some(*class));
        }
        let mut found: Option<Class> = None;
        for label in image.manifests.iter().filter_map(|manifest| manifest.class_label.as_deref()) {
            let class = label
                .parse()
                .map_err(|e: Error| e.with(Fact::Field, Class::LABEL).with(Fact::Image, image.title()))?;
            found = found.max(Some(class));
        }
        for (pattern, class) in &self.patterns {
            if image.names.iter().any(|name| pattern.matches(name.as_str())) {
                found = found.max(Some(*class));
            }
        }
        Ok(found.or(self.default))
    }

    /// The images of each class.
    ///
    /// # Errors
    /// [`Code::NoClass`] for an image that nothing gives a class; [`Code::NoSuchImage`] for one that was marked by hand and
    /// is not there.
    pub(super) fn divide(&self, images: &[Image]) -> Result<BTreeMap<Class, Vec<Image>>> {
        for (text, _) in &self.by_hand {
            if !images.iter().any(|image| is_meant(image, text)) {
                return Err(Error::new(Code::NoSuchImage).with(Fact::Image, text));
            }
        }
        let (artifacts, mut others): (Vec<_>, Vec<_>) = images.iter().partition(|image| image.is_artifact());
        // With the images of every class: what belongs to none of them is looked at as an image.
        let belonging: BTreeSet<Digest> =
            artifacts_of(&others, images).iter().map(|artifact| artifact.target.digest).collect();
        others.extend(artifacts.into_iter().filter(|one| !belonging.contains(&one.target.digest)));
        let mut divided: BTreeMap<Class, Vec<Image>> = BTreeMap::new();
        for image in others {
            let class = self.class_of(image)?;
            let class = class.ok_or_else(|| Error::new(Code::NoClass).with(Fact::Image, image.title()))?;
            divided.entry(class).or_default().push(image.clone());
        }
        // What belongs to images of several classes goes with the most sensitive.
        let mut placed: BTreeSet<Digest> = BTreeSet::new();
        for of_class in divided.values_mut().rev() {
            let subjects: Vec<&Image> = of_class.iter().collect();
            let mut own = artifacts_of(&subjects, images);
            own.retain(|artifact| !placed.contains(&artifact.target.digest));
            placed.extend(own.iter().map(|artifact| artifact.target.digest));
            of_class.extend(own);
        }
        Ok(divided)
    }
}

/// Whether a user who typed `text` meant this image, by one of its names or digests.
fn is_meant(image: &Image, text: &str) -> bool {
    image.names.iter().any(|name| name.is_meant_by(text)) || is_digest_of(image, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Descriptor, ImageManifest, Platform};

    fn blob(text: &str) -> Descriptor {
        Descriptor { media_type: "x".into(), digest: Digest::of(text.as_bytes()), size: 1 }
    }

    /// An image of that name; an artifact where it has no platform.
    fn image(name: &str, label: Option<&str>, platform: Option<Platform>) -> Image {
        let manifest = ImageManifest {
            blob: blob(name),
            platform,
            config: blob("config"),
            layers: Vec::new(),
            created: None,
            class_label: label.map(str::to_owned),
        };
        Image {
            names: vec![crate::oci::Name::qualified(name).unwrap()],
            target: blob(name),
            indexes: Vec::new(),
            manifests: vec![manifest],
            absent: Vec::new(),
            listed: Vec::new(),
            synthesized: false,
        }
    }

    /// What cosign would call the signature of `subject`.
    fn signature(subject: &Image, repository: &str) -> Image {
        image(&format!("{repository}:sha256-{}.sig", subject.target.digest.hex()), None, None)
    }

    #[test]
    fn a_signature_goes_with_its_image_and_with_the_most_sensitive_of_several() {
        let rules = ClassFile::parse("version = 1\n[public]\nimages = [\"a.example/*\"]").unwrap().rules;
        let host = || Some(Platform::host());
        let (a, b) = (image("a.example/a:1", None, host()), image("b.example/b:1", Some("secret"), host()));
        let both = image("b.example/b:2", Some("secret"), host());
        let both = Image { target: a.target.clone(), ..both };
        let (of_a, of_b) = (signature(&a, "a.example/a"), signature(&b, "b.example/b"));
        let divided = |images: &[&Image]| {
            let images: Vec<Image> = images.iter().copied().cloned().collect();
            let divided = rules.divide(&images)?;
            let names = |images: &Vec<Image>| images.iter().map(Image::title).collect::<Vec<_>>();
            Ok::<_, Error>(divided.iter().map(|(class, images)| (*class, names(images))).collect::<Vec<_>>())
        };
        let titles = |images: &[&Image]| images.iter().map(|image| image.title()).collect::<Vec<_>>();
        assert_eq!(
            divided(&[&a, &b, &of_a, &of_b]).unwrap(),
            [(Class::Public, titles(&[&a, &of_a])), (Class::Secret, titles(&[&b, &of_b]))]
        );
        // Its subject is in both classes.
        let shared = divided(&[&a, &both, &of_a]).unwrap();
        assert_eq!(shared[1], (Class::Secret, titles(&[&both, &of_a])));
        // One that belongs to nothing here is marked as an image is: by a pattern, or not at all.
        assert_eq!(divided(&[&b, &of_a]).unwrap()[0], (Class::Public, titles(&[&of_a])));
        let alone = signature(&a, "c.example/c");
        assert_eq!(divided(&[&b, &alone]).unwrap_err().code(), Code::NoClass);
    }
}
