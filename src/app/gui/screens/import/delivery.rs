//! What is open of a delivery, what is not and why.

use std::path::Path;

use sealift::{Class, SlotInfo};

use super::Import;
use crate::gui::{bundle::Header, other_keys::takes_passphrase};

/// How the bundle of a class stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It is here; no key was tried yet.
    Here,
    Open,
    /// No key that was given opens it.
    Locked,
    /// It is not here.
    Missing,
}

impl Stand {
    /// The id of what is said of a class that is left out for this; none of one that is not.
    pub(super) const fn left_out_id(self) -> Option<&'static str> {
        match self {
            Self::Here | Self::Open => None,
            Self::Locked => Some("delivery-locked"),
            Self::Missing => Some("delivery-missing"),
        }
    }
}

impl Import {
    /// The bundle that is shown.
    pub(crate) fn header(&self) -> Option<&Header> {
        self.bundles.shown()
    }

    pub(crate) fn is_open(&self, path: &Path) -> bool {
        self.contents.iter().flat_map(|contents| &contents.parts).any(|part| part.path == path)
    }

    /// Bundles that no key given so far opens.
    pub(crate) fn locked(&self) -> impl Iterator<Item = &Header> {
        self.bundles.all.iter().filter(|header| !self.is_open(&header.path))
    }

    /// The key slots of these.
    pub(super) fn locked_slots(&self) -> Vec<SlotInfo> {
        self.locked().flat_map(|header| header.slots.clone()).collect()
    }

    /// Whether a passphrase may open one of them.
    pub(super) fn takes_passphrase(&self) -> bool {
        self.locked().any(|header| takes_passphrase(&header.slots))
    }

    /// The classes of the delivery, with the bundle of each that is here; nothing of a bundle of its own.
    pub(crate) fn classes(&self) -> Vec<(Class, Option<&Header>, Stand)> {
        let of = |class: Class| self.bundles.all.iter().find(|header| header.class() == Some(class));
        let stand = |header: Option<&Header>| match header {
            None => Stand::Missing,
            Some(header) if self.is_open(&header.path) => Stand::Open,
            Some(_) if self.contents.is_some() => Stand::Locked,
            Some(_) => Stand::Here,
        };
        let missing = self.bundles.missing();
        let is_known = |class: &Class| missing.contains(class) || of(*class).is_some();
        let classes = Class::ALL.into_iter().filter(is_known);
        classes.map(|class| (class, of(class), stand(of(class)))).collect()
    }

    /// Classes that are left out, and why.
    pub(crate) fn left_out(&self) -> Vec<(Class, Stand)> {
        let classes = self.classes().into_iter();
        let left_out = classes.filter(|(_, _, stand)| stand.left_out_id().is_some());
        left_out.map(|(class, _, stand)| (class, stand)).collect()
    }
}
