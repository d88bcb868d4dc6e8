//! A bundle as anyone can see it, without a key.

use std::{path::Path, sync::Arc};

use serde::Serialize;

use super::unlocked::{Unlocked, read_images};
use crate::{
    bundle::{Bundle, Shape, Survey},
    digest::hex,
    error::{Code, ErrorKind, Result},
    job::{Ctx, Notice, NoticeKind, Phase},
    keyslot::{self, GROUP_NAME, Identities},
    locale::{Lang, Shown, escape, lookup},
    verify::{self, DamagedImage, RecordMap, RecordReport},
};

/// A key slot, as anyone can see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlotInfo {
    /// Number, from 1.
    pub number: usize,
    /// Kind.
    pub kind: &'static str,
    /// Its parameters.
    pub details: String,
}

impl SlotInfo {
    /// Its kind, for a person.
    pub fn kind_words(&self, lang: Lang) -> Shown {
        kind_words(lang, self.kind)
    }

    /// Its parameters, for a person: with the kind of each member where several keys are wanted together.
    pub fn details_words(&self, lang: Lang) -> Shown {
        if self.kind != GROUP_NAME {
            return escape(&self.details);
        }
        let members = self.details.split(" + ").map(|member| match member.split_once(' ') {
            Some((kind, details)) => format!("{} {details}", kind_words(lang, kind)),
            None => kind_words(lang, member).into(),
        });
        escape(&members.collect::<Vec<_>>().join(" + "))
    }
}

/// A kind that only a newer library knows goes by its own name.
fn kind_words(lang: Lang, kind: &str) -> Shown {
    lookup(lang, &format!("keys-kind-{kind}"), &[]).unwrap_or_else(|| escape(kind))
}

/// How much recovery data a bundle has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecoveryInfo {
    /// Recovery records: so many damaged ones can be rebuilt, if the damage is spread evenly or in runs.
    pub num_records: u64,
    /// Their bytes.
    pub num_bytes: u64,
}

/// A bundle as anyone can see it, without a key.
#[derive(Debug)]
pub struct Inspection(pub(super) Bundle);

/// Opens the bundle whose first volume is at `path`.
pub fn inspect(path: &Path) -> Result<Inspection> {
    Bundle::open(path).map(Inspection)
}

impl Inspection {
    /// 64 hex digits to compare over another channel. Not proven to be authentic without the key.
    pub fn fingerprint(&self) -> String {
        hex(&self.0.header().fingerprint())
    }

    /// Where its first volume lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The set id, which every volume bears.
    pub fn set_id(&self) -> String {
        hex(&self.0.header().set_id)
    }

    /// Volumes it should have.
    pub fn num_volumes(&self) -> u32 {
        self.0.header().geometry.num_volumes
    }

    /// Records over all volumes.
    pub fn num_records(&self) -> u64 {
        self.0.header().geometry.num_records
    }

    /// Bytes of the sealed content.
    pub fn payload_bytes(&self) -> u64 {
        self.0.header().geometry.payload_bytes
    }

    /// Header copies that cannot be used: 0 or 1.
    pub fn num_damaged_header_copies(&self) -> usize {
        self.0.num_damaged_copies()
    }

    /// The key slots.
    pub fn slots(&self) -> Vec<SlotInfo> {
        let describe = |(number, slot)| {
            let (kind, details) = keyslot::describe(slot);
            SlotInfo { number, kind, details }
        };
        (1..).zip(&self.0.header().slots).map(describe).collect()
    }

    /// Key slots that an interrupted change removed, and that open the bundle until it is completed.
    pub fn num_superseded_slots(&self) -> usize {
        self.0.superseded_slots().len()
    }

    /// Recovery records of the bundle, and their bytes; 0 when it was packed without.
    pub fn recovery(&self) -> RecoveryInfo {
        let shape = Survey::shape_at(self.0.path(), self.0.header()).ok().filter(Shape::has_recovery);
        shape.map_or_else(RecoveryInfo::default, |shape| RecoveryInfo {
            num_records: shape.num_recovery_records(),
            num_bytes: shape.num_recovery_records() * shape.shard_bytes(),
        })
    }

    /// Checks every record without a key.
    pub fn verify(&self, ctx: &Ctx) -> Result<RecordReport> {
        self.verify_onto(ctx, &RecordMap::new(self.num_records(), 1))
    }

    /// As [`Self::verify`], and marks each record on `map` once it was checked.
    pub fn verify_onto(&self, ctx: &Ctx, map: &RecordMap) -> Result<RecordReport> {
        let report = verify::verify_records(ctx, &self.0, map)?;
        self.0.notice_bad_copies(ctx);
        Ok(report)
    }

    /// Opens it with a passphrase or other keys.
    ///
    /// # Errors
    /// [`Code::KeyRefused`] within seconds when the passphrase is not this bundle's; [`Code::IdentityRefused`] for other
    /// keys.
    pub fn unlock(&self, ctx: &Ctx, with: impl Into<Identities>) -> Result<Unlocked> {
        ctx.enter(Phase::Unlock, 0);
        // Shape first: a missing volume is told before the KDF is run.
        self.0.check_shape()?;
        let keys = keyslot::unlock(ctx, &self.0, &with.into())?.keys;
        self.0.notice_bad_copies(ctx);
        let bundle = self.0.unlock(ctx, &Arc::new(keys))?;
        let images = read_images(ctx, &bundle).collect::<Result<_>>().map_err(|e| e.at(self.0.path()))?;
        Unlocked::new(ctx, bundle, images, Vec::new())
    }

    /// As [`Self::unlock`], though volumes, trailers or documents of images may be damaged or missing: what can be read is
    /// there. The hashes of the index must be left, in trailers or, with recovery data, in copies of them. Where others are
    /// lost, it is not [proven](Unlocked::is_proven).
    ///
    /// # Errors
    /// Those of [`Self::unlock`] when too much is lost.
    pub fn unlock_damaged(&self, ctx: &Ctx, with: impl Into<Identities>) -> Result<Unlocked> {
        ctx.enter(Phase::Unlock, 0);
        let keys = Arc::new(keyslot::unlock(ctx, &self.0, &with.into())?.keys);
        self.0.notice_bad_copies(ctx);
        let bundle = self.0.unlock(ctx, &keys).or_else(|e| match e.kind() {
            ErrorKind::Integrity => self.0.unlock_damaged(ctx, &keys),
            _ => Err(e),
        })?;
        for path in bundle.unproven() {
            ctx.notice(Notice::new(NoticeKind::Unproven, path.display()));
        }
        let (mut images, mut unreadable) = (Vec::new(), Vec::new());
        for (entry, image) in bundle.index().images.iter().zip(read_images(ctx, &bundle)) {
            match image {
                Ok(image) => images.push(image),
                Err(e) if matches!(e.code(), Code::RecordDamaged | Code::Read) => {
                    let image = entry.names.first().cloned().unwrap_or_else(|| entry.target.to_string());
                    unreadable.push(DamagedImage { image, blobs: vec![entry.target] });
                }
                Err(e) => return Err(e.at(self.0.path())),
            }
        }
        Unlocked::new(ctx, bundle, images, unreadable)
    }
}
