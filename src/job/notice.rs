//! Things a user should know that do not stop a job. Worded in `errors.ftl` as `note-NAME`.

use crate::locale::{Lang, Shown, text};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal;)*) => {
        /// What was noticed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum NoticeKind { $($(#[doc = $doc])* $name,)* }

        impl NoticeKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, used in JSON.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

kinds! {
    /// Parts that an image index lists are not in the source.
    PartsAbsent = "parts-absent";
    /// An image has no name; one must be given at import.
    Untagged = "untagged";
    /// An artifact that is no image and belongs to none.
    ArtifactSkipped = "artifact-skipped";
    /// The destination has no place for a signature or another artifact.
    ArtifactLeftOut = "artifact-left-out";
    /// A layer's content is fetched from elsewhere and is not in the source.
    ForeignLayer = "foreign-layer";
    /// A manifest listed the layers in the wrong order and was rebuilt from the config.
    LayerOrderRebuilt = "layer-order-rebuilt";
    /// The destination cannot hold this name; it is left out.
    NameDropped = "name-dropped";
    /// A rule for names fits no image.
    RuleIdle = "rule-idle";
    /// zstd layers, which Docker before 23 cannot load.
    ZstdLayers = "zstd-layers";
    /// Only one platform of a multi-platform image is loadable from a docker-archive by old engines.
    OnePlatform = "one-platform";
    /// The destination takes no index without all its platforms: the tag points at one that travelled.
    TagAtPlatform = "tag-at-platform";
    /// One of the two header copies is damaged; the bundle opens through the other.
    HeaderCopyDamaged = "header-copy-damaged";
    /// One header copy does not fit the volumes: it is of another bundle, or forged.
    HeaderCopyForeign = "header-copy-foreign";
    /// What an interrupted run left could not be continued: other options, another passphrase or another version.
    StartedAnew = "started-anew";
    /// What an interrupted run left cannot be read back by who packs: it is locked for recipients alone.
    CannotContinue = "cannot-continue";
    /// Copies of the bundle made before still open with the old keys.
    OldCopiesOpen = "old-copies-open";
    /// Locked for a public key in PEM: only the token that holds the private key opens that slot.
    OpensWithToken = "opens-with-token";
    /// A volume's hashes are lost: what is left is not proven to be what the fingerprint stands for.
    Unproven = "unproven";
    /// The trust store could not be written after a restore: an older release is not refused later.
    NotRemembered = "not-remembered";
    /// A file that was replaced could not be removed; the next run does so.
    NotRemoved = "not-removed";
    /// Another run was changing the same bundle, and was waited for.
    WaitedForRun = "waited-for-run";
    /// The header has no room for all the signature entries that were found.
    SignaturesDropped = "signatures-dropped";
    /// The key that was to be replaced or removed opens another slot too.
    KeyStillOpens = "key-still-opens";
}

/// Something noticed, and what it is about (an image's name, a number).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// About what; from outside.
    pub about: String,
}

impl Notice {
    pub(crate) fn new(kind: NoticeKind, about: impl std::fmt::Display) -> Self {
        Self { kind, about: about.to_string() }
    }

    /// One line for a person.
    pub fn render(&self, lang: Lang) -> Shown {
        text(lang, &format!("note-{}", self.kind.id()), &[("about", self.about.clone())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_is_worded_in_both_languages() {
        for kind in NoticeKind::ALL {
            for lang in Lang::ALL {
                let words = Notice::new(*kind, "ABOUT").render(lang);
                assert!(words.contains("ABOUT"), "{kind:?} {}: {words}", lang.tag());
            }
        }
    }
}
