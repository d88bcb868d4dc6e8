//! Which images a rule of a policy meets, and whether the vendors that it names vouch for them.

use std::collections::BTreeSet;

use wildmatch::WildMatch;

use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
    oci::{Image, Name},
    trust::image::Vouched,
};

/// Images of these names must be signed.
#[derive(Clone, Debug)]
pub(crate) struct ImageRule {
    pattern: String,
    names: WildMatch,
    signed_by: Vec<String>,
}

/// An image, and every name that it has or will have. A rule that meets one of them rules it.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    pub(crate) image: &'a Image,
    pub(crate) names: Vec<&'a Name>,
}

impl ImageRule {
    pub(super) fn new(pattern: String, signed_by: Vec<String>) -> Self {
        let names = WildMatch::new_case_insensitive(&pattern);
        Self { pattern, names, signed_by }
    }

    pub(super) fn signed_by(&self) -> &[String] {
        &self.signed_by
    }

    /// Whether it is for all images, those without a name among them.
    fn meets_all(&self) -> bool {
        self.pattern.chars().all(|c| c == '*')
    }

    fn meets(&self, name: &Name) -> bool {
        self.meets_all() || name.spellings().iter().any(|spelled| self.names.matches(spelled))
    }
}

/// How many of `images` a rule meets; all of these are signed as it asks. Media types do not matter: engines run what
/// Sealift takes for an artifact.
///
/// # Errors
/// [`Code::ImageNotSigned`], [`Code::Cancelled`].
pub(crate) fn check_images(
    ctx: &Ctx,
    rules: &[ImageRule],
    images: &[Named<'_>],
    vouched: &Vouched,
) -> Result<usize> {
    let mut ruled = BTreeSet::new();
    for rule in rules {
        let by = vouched.by(&rule.signed_by);
        for (number, Named { image, names }) in images.iter().enumerate() {
            let mut met = (names.is_empty() && rule.meets_all()).then(|| image.title());
            for name in names {
                ctx.checkpoint()?;
                if met.is_none() && rule.meets(name) && !by.ties(image, name) {
                    met = Some(name.to_string());
                }
            }
            let Some(title) = met else { continue };
            ruled.insert(number);
            if !by.covers(image) {
                let error = Error::new(Code::ImageNotSigned).with(Fact::Image, title);
                return Err(error
                    .with(Fact::Expected, rule.signed_by.join(", "))
                    .with(Fact::Detail, &rule.pattern));
            }
        }
    }
    Ok(ruled.len())
}
