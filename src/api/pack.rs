//! Packing: options, what was written, and the call itself.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;

use super::check_output;
use crate::{
    bundle::{
        self, Begin, BundleKeys, DEFAULT_RECORD_BYTES, Layout, MAX_SLOTS, ReadySet, Statement, volume_path,
    },
    crypto::{KdfCost, Key, SigningKey, random},
    digest::hex,
    drive,
    error::{Code, Error, Fact, Result},
    fs::Existing,
    job::{Ctx, Notice, NoticeKind},
    keyslot::Recipients,
    pipeline::{self, Interrupted, Journal, Runs},
    plan::PackPlan,
    trust::{self, SignatureInfo, TrustStore},
};

/// How hard guessing a passphrase is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KdfLevel {
    /// 256 MiB, 4 passes: about half a second.
    #[default]
    Standard,
    /// 64 MiB, 3 passes: the least that RFC 9106 recommends, for small hosts.
    Low,
}

impl KdfLevel {
    pub(super) fn cost(self) -> KdfCost {
        match self {
            Self::Standard => KdfCost::DEFAULT,
            Self::Low => KdfCost::FLOOR,
        }
    }
}

/// zstd level where none is asked for. Measured on 2.5 GB of real layers with a whole-frame window: a third
/// less time than level 3 for 6 % more bytes, which sharing between layers saves many times over.
pub const DEFAULT_LEVEL: i32 = 1;

/// A vendor's signature that is to be made.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The key.
    pub key: Arc<SigningKey>,
    /// A product, and its release.
    pub release: Option<(String, String)>,
}

/// How to pack.
#[derive(Clone, Debug)]
pub struct PackOptions {
    /// zstd level, 1 to 19.
    pub level: i32,
    /// Largest volume; `None` for one file.
    pub volume_bytes: Option<u64>,
    /// Recovery data, as a share of the sealed content in percent, 1 to 100: that much of it can be lost and rebuilt.
    pub recovery_percent: Option<u8>,
    /// Whether an existing bundle may be replaced.
    pub existing: Existing,
    /// Cost of the passphrase's slot.
    pub kdf: KdfLevel,
    /// Who signs it. The bundle appears signed or not at all.
    pub signing: Option<Signing>,
    /// A folder that is this user's alone, where a run is noted so that the same pack goes on if it is killed. Without
    /// one every pack starts from the beginning.
    pub state_dir: Option<PathBuf>,
    /// Plaintext bytes of a record; a power of two from 64 KiB to 16 MiB. Only tests have reason to change it.
    #[doc(hidden)]
    pub record_bytes: u32,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self {
            level: DEFAULT_LEVEL,
            volume_bytes: None,
            recovery_percent: None,
            existing: Existing::Keep,
            kdf: KdfLevel::default(),
            signing: None,
            state_dir: None,
            record_bytes: DEFAULT_RECORD_BYTES,
        }
    }
}

/// What a pack wrote.
#[derive(Debug, Serialize)]
pub struct PackReport {
    /// The files, volume 1 first.
    pub volumes: Vec<PathBuf>,
    /// Bytes of all volumes.
    pub bundle_bytes: u64,
    /// Of these, what an interrupted run had written and this one took over.
    pub kept_bytes: u64,
    /// Identity of the bundle, to be compared over another channel: 64 hex digits.
    pub fingerprint: String,
    /// Images in it.
    pub num_images: usize,
    /// Bytes of the images, as if they shared nothing.
    pub sum_bytes: u64,
    /// Bytes left after sharing, before compression.
    pub unique_bytes: u64,
    /// The signature that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Box<SignatureInfo>>,
}

/// Recovery data for a bundle that goes straight to a removable drive: sticks go bad.
pub const DRIVE_RECOVERY_PERCENT: u8 = 5;

/// The share of recovery data for a bundle at `out` where none is asked for: none, but on removable drives.
pub fn default_recovery_percent(ctx: &Ctx, out: &Path) -> Result<Option<u8>> {
    Ok(drive::is_on_drive(ctx, crate::fs::parent(out))?.then_some(DRIVE_RECOVERY_PERCENT))
}

/// Writes the bundle of `plan` to `out`, locked for `recipients`, any one of whom can open it: a passphrase, say.
///
/// # Errors
/// [`Code::Exists`] unless `options.existing` allows replacing; on any error what was there is there. No other file is left,
/// unless it was the names that could not be given: then the next call goes on from what is complete.
pub fn pack(
    ctx: &Ctx,
    plan: &PackPlan,
    out: &Path,
    recipients: impl Into<Recipients>,
    options: &PackOptions,
) -> Result<PackReport> {
    Prepared::commit(ctx, vec![prepare(ctx, plan, out, &recipients.into(), options, Vec::new())?], Vec::new())
        .map(|mut reports| reports.remove(0))
}

/// A bundle that is complete and does not have its name yet.
pub(super) struct Prepared {
    report: PackReport,
    ready: ReadySet,
    journal: Journal,
}

impl Prepared {
    /// Gives all of them their names, in place of what is there and of what is `leaving`, or none.
    pub(super) fn commit(ctx: &Ctx, prepared: Vec<Self>, leaving: Vec<ReadySet>) -> Result<Vec<PackReport>> {
        let (mut reports, mut sets, mut journals) = (Vec::new(), Vec::new(), Vec::new());
        for Self { report, ready, journal } in prepared {
            reports.push(report);
            sets.push(ready);
            journals.push(journal);
        }
        sets.extend(leaving);
        match bundle::commit(ctx, sets) {
            Ok(()) => Ok(reports),
            Err(e) => {
                journals.into_iter().for_each(Journal::keep);
                Err(e)
            }
        }
    }
}

/// As [`pack`], with these extensions in the header, and up to the names.
pub(super) fn prepare(
    ctx: &Ctx,
    plan: &PackPlan,
    out: &Path,
    recipients: &Recipients,
    options: &PackOptions,
    extensions: Vec<u8>,
) -> Result<Prepared> {
    check_recipients(recipients)?;
    if !(1..=19).contains(&options.level) {
        return Err(Error::new(Code::Usage).with(Fact::Field, "level").with(Fact::Limit, "1..19"));
    }
    let layout = layout(options, options.record_bytes)?;
    check_output(out, options.existing)?;
    bundle::settle(out)?;
    let settings = pipeline::Settings {
        layout,
        level: options.level,
        existing: options.existing,
        extensions,
        signing: options.signing.as_ref().map(Signing::begin).transpose()?,
        created: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    let cost = options.kdf.cost();
    let runs = Runs::new(options.state_dir.as_deref(), plan, recipients, cost, &settings);
    let (keys, opened, begin) = match runs.interrupted(ctx, out, recipients)? {
        Interrupted::Continued(keys, slots) => (keys, slots, Begin::Continue),
        found => {
            let why = match found {
                Interrupted::Unreadable => Some(NoticeKind::CannotContinue),
                Interrupted::Other => Some(NoticeKind::StartedAnew),
                _ => None,
            };
            if let Some(why) = why {
                ctx.notice(Notice::new(why, out.display()));
            }
            (BundleKeys::new(Key::random(), random()), Vec::new(), Begin::Anew)
        }
    };
    let slots = recipients.start(ctx, &keys, cost, opened)?;
    let start = pipeline::Start { keys: Arc::new(keys), slots, begin, runs };
    let packed = pipeline::pack(ctx, plan, out, &settings, start)?;
    let report = PackReport {
        volumes: volumes(out, packed.sealed.header.geometry.num_volumes),
        bundle_bytes: packed.sealed.num_bytes,
        kept_bytes: packed.sealed.kept_bytes,
        fingerprint: hex(&packed.sealed.header.fingerprint()),
        num_images: packed.content.images.len(),
        sum_bytes: packed.content.sum_bytes(),
        unique_bytes: packed.unique_content_bytes,
        signature: trust::signatures(&packed.sealed.header, &TrustStore::default()).pop().map(Box::new),
    };
    Ok(Prepared { report, ready: packed.sealed.ready, journal: packed.journal })
}

/// The files of the bundle at `path`.
pub(super) fn volumes(path: &Path, num_volumes: u32) -> Vec<PathBuf> {
    (0..num_volumes).map(|volume| volume_path(path, volume)).collect()
}

impl Signing {
    /// What will be signed is known, but for the bundle.
    fn begin(&self) -> Result<pipeline::Signing> {
        let release = self.release.as_ref().map(|(product, release)| (product.as_str(), release.as_str()));
        Ok(pipeline::Signing { key: Arc::clone(&self.key), statement: Statement::new(release, now())? })
    }
}

/// The time, in whole seconds.
pub(super) fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default()
}

/// How a bundle is cut, as `options` ask.
pub(super) fn layout(options: &PackOptions, record_bytes: u32) -> Result<Layout> {
    if options.recovery_percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
        return Err(Error::new(Code::Usage).with(Fact::Field, "recovery").with(Fact::Limit, "1..100 %"));
    }
    Ok(Layout {
        record_bytes,
        volume_bytes: options.volume_bytes,
        recovery_percent: options.recovery_percent,
    })
}

/// A bundle without slots could never be opened; one can have 32.
pub(super) fn check_recipients(recipients: &Recipients) -> Result<()> {
    match recipients.iter().count() {
        0 => Err(Error::new(Code::NoPassphrase)),
        1..=MAX_SLOTS => Ok(()),
        more => Err(Error::new(Code::SlotsFull).with(Fact::Found, more)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::*;
    use crate::{
        crypto::Passphrase,
        source::{ImageList, Intake, Source, Wanted},
    };

    /// A source that panics: at once, or while a blob of it is read.
    struct Panics {
        list: ImageList,
        in_blob: bool,
    }

    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("the blob panics")
        }
    }

    impl Source for Panics {
        fn list(&self) -> &ImageList {
            &self.list
        }

        fn read(&self, _: &Ctx, _: &Wanted<'_>, intake: &dyn Intake) -> Result<Option<ImageList>> {
            assert!(self.in_blob, "the source panics");
            let mut blob = Self { list: ImageList::default(), in_blob: true };
            intake.lane(&mut |sink| sink(None, &mut blob)).map(|_| None)
        }

        fn place(&self) -> (Fact, String) {
            (Fact::Path, "a source".into())
        }
    }

    #[test]
    fn a_thread_that_panics_is_a_fault_with_its_words_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let sample = dir.path().join("sample.tar");
        crate::sample::write_sample(&sample).unwrap();
        for (in_blob, words) in [(false, "the source panics"), (true, "the blob panics")] {
            let ctx = Ctx::new();
            let mut plan =
                crate::api::plan_pack(&ctx, &[sample.to_str().unwrap().parse().unwrap()], &[]).unwrap();
            let source: Box<dyn Source> = Box::new(Panics { list: ImageList::default(), in_blob });
            plan.sources = Arc::new(vec![source]);
            let options = PackOptions { kdf: KdfLevel::Low, ..PackOptions::default() };
            let passphrase = Passphrase::new(b"p".to_vec()).unwrap();
            let error = pack(&ctx, &plan, &dir.path().join("a.sealift"), &passphrase, &options).unwrap_err();
            assert_eq!(error.code(), Code::Fault);
            assert!(error.context().contains(&(Fact::System, words)), "{error:?}");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "only the sample is left");
        }
    }
}
