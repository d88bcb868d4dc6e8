//! What is looked at before anything is written, and what is done about tags that are taken.

use std::path::PathBuf;

use serde::Serialize;

use super::layout::loadable;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::{Ctx, Notice, NoticeKind},
    locale::{Lang, Shown, text},
    oci::{Image, Name},
};

/// What happens to a tag at the destination that points at another image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagPolicy {
    /// The restore is refused.
    #[default]
    Refuse,
    /// What it points at keeps a second tag: `TAG-before-YYYYMMDD-HHMMSS`.
    Backup,
    /// It is moved.
    Overwrite,
}

macro_rules! check_kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal;)*) => {
        /// What was looked at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum CheckKind { $($(#[doc = $doc])* $name,)* }

        impl CheckKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, used in JSON.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Whether it is something to think about before going on.
            pub const fn is_warning(self) -> bool {
                matches!(self, Self::OtherPlatform | Self::Unpacked | Self::TagMoves | Self::PlainHttp)
            }
        }
    };
}

check_kinds! {
    /// The destination answers; its version.
    Reached = "reached";
    /// Where it keeps images, and how.
    Storage = "storage";
    /// An image is made for another platform than the destination's.
    OtherPlatform = "other-platform";
    /// Layers are unpacked, as the engine reads no zstd: manifest digests change, image IDs stay.
    Unpacked = "unpacked";
    /// Images that are there already.
    Present = "present";
    /// A tag that points elsewhere is moved.
    TagMoves = "tag-moves";
    /// What a tag pointed at is kept under a second one.
    TagKept = "tag-kept";
    /// The namespace that is written to.
    Namespace = "namespace";
    /// The connection is encrypted and the server's certificate trusted.
    Tls = "tls";
    /// The connection is not encrypted.
    PlainHttp = "plain-http";
    /// The credentials may write.
    Rights = "rights";
}

/// One thing that was looked at before a restore.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What.
    pub kind: CheckKind,
    /// What was found; from outside.
    pub about: String,
}

impl Serialize for CheckKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl Check {
    pub(crate) fn new(kind: CheckKind, about: impl std::fmt::Display) -> Self {
        Self { kind, about: about.to_string() }
    }

    /// One line for a person.
    pub fn render(&self, lang: Lang) -> Shown {
        text(lang, &format!("check-{}", self.kind.id()), &[("about", self.about.clone())])
    }
}

/// What a target found.
#[derive(Debug, Default)]
pub(crate) struct Preflight {
    /// Blobs that will be read from the bundle.
    pub(crate) num_sent: usize,
    /// Bytes that will be written.
    pub(crate) needed_bytes: u64,
    /// Where there must be room for them, if that is on this machine.
    pub(crate) room_at: Option<PathBuf>,
    /// Tags that get a second name before they are moved.
    pub(crate) backups: Vec<(Name, Name)>,
    pub(crate) checks: Vec<Check>,
}

impl Preflight {
    /// Decides about tags: each with what it should point at and what it points at now.
    ///
    /// # Errors
    /// [`Code::TagTaken`] under [`TagPolicy::Refuse`].
    pub(crate) fn settle_tags(
        &mut self,
        policy: TagPolicy,
        tags: &[(Name, Digest, Option<Digest>)],
    ) -> Result<()> {
        let taken = tags.iter().filter_map(|(name, wanted, found)| {
            found.filter(|found| found != wanted).map(|found| (name, wanted, found))
        });
        for (name, wanted, found) in taken {
            match policy {
                TagPolicy::Refuse => return refuse_taken(name, wanted, &found),
                TagPolicy::Backup => {
                    let backup = backup_name(name)?;
                    self.checks.push(Check::new(CheckKind::TagKept, format!("{name} → {}", backup.tag())));
                    self.backups.push((name.clone(), backup));
                }
                TagPolicy::Overwrite => {
                    self.checks.push(Check::new(CheckKind::TagMoves, format!("{name} ({found})")));
                }
            }
        }
        Ok(())
    }
}

/// A tag that points elsewhere, and nobody said that it may be moved.
fn refuse_taken(name: &Name, wanted: &Digest, found: &Digest) -> Result<()> {
    let error = Error::new(Code::TagTaken).with(Fact::Image, name);
    Err(error.with(Fact::Expected, wanted).with(Fact::Found, found))
}

/// What stands there is not what was sent.
pub(super) fn read_back_mismatch(sent: &Digest, found: Option<Digest>) -> Error {
    let error = Error::new(Code::ReadBackMismatch).with(Fact::Expected, sent);
    found.into_iter().fold(error, |error, found| error.with(Fact::Found, found))
}

/// Engines that read `manifest.json` take one platform of an image.
pub(super) fn notice_one_platform(ctx: &Ctx, image: &Image) {
    if image.platforms().count() > 1 {
        let platform = loadable(image).and_then(|manifest| manifest.platform.as_ref());
        let platform = platform.map(ToString::to_string).unwrap_or_default();
        ctx.notice(Notice::new(NoticeKind::OnePlatform, format!("{} {platform}", image.title())));
    }
}

/// The second name under which a tag's image is kept; a tag has at most 128 characters.
fn backup_name(name: &Name) -> Result<Name> {
    let (repository, tag) = name.repository_and_tag();
    let time = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let tag: String = tag.chars().take(100).collect();
    Name::qualified(&format!("{repository}:{tag}-before-{time}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_tag_is_refused_kept_or_moved_as_chosen() {
        let (name, here, there) = (Name::qualified("app:1").unwrap(), Digest::of(b"new"), Digest::of(b"old"));
        let tags = [(name.clone(), here, Some(there)), (name.clone(), here, Some(here)), (name, here, None)];
        let settled = |policy| {
            let mut preflight = Preflight::default();
            preflight.settle_tags(policy, &tags).map(|()| preflight)
        };
        assert_eq!(settled(TagPolicy::Refuse).unwrap_err().code(), Code::TagTaken);
        let kept = settled(TagPolicy::Backup).unwrap();
        assert!(kept.backups[0].1.as_str().starts_with("docker.io/library/app:1-before-20"), "{kept:?}");
        assert_eq!(kept.backups.len(), 1);
        assert_eq!(settled(TagPolicy::Overwrite).unwrap().checks[0].kind, CheckKind::TagMoves);
    }

    #[test]
    fn every_check_is_worded_in_both_languages() {
        for kind in CheckKind::ALL {
            for lang in Lang::ALL {
                let words = Check::new(*kind, "ABOUT").render(lang);
                assert!(words.contains("ABOUT"), "{kind:?} {}: {words}", lang.tag());
            }
        }
    }
}
