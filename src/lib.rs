//! Sealift 镜渡 packs container images into one encrypted, verifiable bundle, carries it over an air gap,
//! and restores it digest for digest.
//!
//! The public list below is the whole interface; the modules are private, so no shell can reach past it.
//! Data flows one way: [`SourceSpec`] → [`PackPlan`] → [`PackReport`], [`Target`] → [`HandoffPlan`] →
//! [`HandoffReport`], and
//! [`Inspection`] → [`Unlocked`] → [`VerifiedBundle`] → [`RestorePlan`] → [`RestoreReport`].
//! Planning writes nothing, executing decides nothing.
//!
//! | module | what it is for |
//! |---|---|
//! | `error`, `locale` | what went wrong, in words, in both languages |
//! | `class`, `digest`, `words`, `fs`, `job` | sensitivity; blob names, and fingerprints read aloud; the only writer of files; progress and cancelling |
//! | `oci`, `crypto`, `net` | image types and limits; the three primitives; the only async code |
//! | `drive` | removable drives, and the file system a path lies on |
//! | `engine` | Docker and its like, behind one trait |
//! | `bundle` | the format, one on-disk structure per file |
//! | `trust` | whose signature a bundle bears, and what a site takes |
//! | `keyslot`, `source`, `dest` | kinds of keys, origins and targets, one per file |
//! | `kit` | what a host with nothing installed needs |
//! | `plan` | what will be done |
//! | `pipeline`, `verify`, `repair`, `restore`, `handoff` | doing it |
//! | `api` | the facade |
//!
//! ```
//! use sealift::{Admission, Ctx, Passphrase, PackOptions, Selection};
//! # fn main() -> sealift::Result<()> {
//! let dir = tempfile::tempdir().unwrap();
//! let (ctx, sample, bundle) = (Ctx::new(), dir.path().join("sample.tar"), dir.path().join("a.sealift"));
//! sealift::write_sample(&sample)?;
//!
//! let plan = sealift::plan_pack(&ctx, &[sample.to_str().unwrap().parse()?], &[])?;
//! let passphrase = Passphrase::new(b"correct horse battery staple".to_vec())?;
//! let packed = sealift::pack(&ctx, &plan, &bundle, &passphrase, &PackOptions::default())?;
//!
//! let unlocked = sealift::inspect(&bundle)?.unlock(&ctx, &passphrase)?;
//! assert_eq!(unlocked.fingerprint(), packed.fingerprint);
//! let verified = unlocked.verify(&ctx)?.1.expect("nothing is damaged");
//! let dest = format!("oci:{}", dir.path().join("out").display()).parse()?;
//! let plan = sealift::plan_restore(&ctx, &verified, &Admission::unruled(), &dest, &Selection::default())?;
//! let report = sealift::restore(&ctx, &verified, &plan, sealift::Existing::Keep)?;
//! assert_eq!(report.images.len(), 2);
//! # Ok(())
//! # }
//! ```

mod api;
mod bundle;
mod class;
mod crypto;
mod dest;
mod digest;
mod document;
mod drive;
mod engine;
mod error;
mod fs;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod handoff;
mod job;
mod keyslot;
mod kit;
mod locale;
mod net;
mod oci;
mod pipeline;
mod plan;
mod repair;
mod restore;
mod sample;
mod source;
mod trust;
mod verify;
mod words;

pub use api::{
    Contents, DEFAULT_LEVEL, DRIVE_RECOVERY_PERCENT, Delivery, Inspection, KdfLevel, KeyBook, KnownKey,
    KnownKeyKind, PackOptions, PackReport, PartInfo, RecoveryInfo, ShareFiles, Signing, SlotInfo, Unlocked,
    add_slots, admit, answer_repair, change_slot, check_delivery, check_destination, check_output,
    default_recovery_percent, dest_transports, find_damage, free_bytes, handoff, inspect,
    is_signing_key_locked, list, pack, pack_delivery, part_path, plan_handoff, plan_pack, plan_restore,
    preview_restore, read_public_key, read_signing_key, read_trusted_root, refuse_own_files,
    remove_signature, remove_slot, repair, repair_request, reseal, restore, save_report, save_secret, sign,
    source_transports, unlock_more, verify_for, write_public_key, write_shares, write_signing_key,
};
pub use bundle::Release;
pub use class::Class;
pub use crypto::{
    GENERATED_BITS, Passphrase, PublicKey, SigningKey, SigningKeyType, WordList, generate_passphrase,
};
pub use dest::{Check, CheckKind, DestSpec, TagPolicy};
pub use digest::Digest;
pub use drive::{
    Drive, DriveSizes, DriveWatch, Ejected, LARGE_DRIVE_BYTES, Partition, PartitionState, Place, Target,
    drive_target, drives, eject_drive, mount_partition, ready_target,
};
pub use engine::{FoundEngine, engines};
pub use error::{Code, Error, ErrorKind, Fact, Result};
pub use fs::{Existing, ReadBack, create_private_dir};
pub use handoff::{
    FileState, HandoffOptions, HandoffPlan, HandoffReport, HandoffWatch, KitFor, Order, PlannedFile, Share,
    Stage, StaleFile, TargetPlan, TargetReport, TargetWatch,
};
pub use job::{Ctx, Finished, Notice, NoticeKind, Phase, Snapshot, Speedometer};
#[cfg(feature = "pkcs11")]
pub use keyslot::TokenIdentity;
pub use keyslot::{
    AgeIdentity, AgeRecipient, Ask, Identities, Identity, KeyFile, KeyShare, MAX_SHARES, NobodyAnswers,
    Question, Recipient, Recipients, SplitKey, TokenKey, TransitKey,
};
pub use kit::{KitReport, bundles_in, write_kit};
pub use locale::{Lang, Shown, escape, lookup, text};
pub use net::{ClientCertificate, Credentials, RegistryAccess, client_certificates};
pub use oci::{Descriptor, Image, ImageManifest, Layer, Name, Platform};
pub use plan::{
    ClassFile, ClassKeys, ClassRules, FAT32_BYTES, PackPlan, RestorePlan, RestoredImage, Selection,
    mapped_name, parse_rule, read_mapping, recovery_percent, volume_bytes,
};
pub use repair::{DamageReport, RepairOptions, RepairReport, RepairRequest};
pub use restore::RestoreReport;
pub use sample::write_sample;
pub use source::SourceSpec;
pub use trust::{
    AcceptedRelease, Admission, ImageCheck, ImageSignature, ImageSignatureState, ImageSigners, Policy,
    PolicyReport, SignatureInfo, SignatureState, TrustStore, TrustedIdentity, TrustedKey, TrustedRoot,
};
pub use verify::{
    BlobReport, CellState, Checked, DamagedImage, RecordMap, RecordReport, VerifiedBundle, ranges,
};
pub use words::{fingerprint_in_all_languages, fingerprint_words, grouped};
