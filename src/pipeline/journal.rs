//! What lets an interrupted pack go on: an entry in the user's own state folder, until the bundle is sealed or given up.
//!
//! It is not kept next to the bundle. Whoever can write there could put back the files of an earlier run, and a key that
//! others hold would serve again. An entry is found by the set id that the partial files bear, and there is none once a
//! bundle was sealed. It holds what is packed, for whom and how, and the slots that wrap the bundle key, never the key.
//! docs/bundle-format.md §9.6.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::{
    bundle::{BundleKeys, Leftovers, SetId, Slot},
    crypto::KdfCost,
    digest::{Digest, hex},
    error::Result,
    fs::{Existing, create_private_dir, open_in_folder, parent, write_private},
    job::Ctx,
    keyslot::Recipients,
    plan::PackPlan,
};

/// More than any entry has.
const MAX_BYTES: u64 = 512 << 10;
/// The same sources give the same records only with the same program.
const TOOL: &str = concat!("sealift ", env!("CARGO_PKG_VERSION"));
/// The folder of entries, in the state folder.
const FOLDER: &str = "packs";

/// Where runs are noted, and what another run must have in common with this one to be continued by it.
pub(crate) struct Runs {
    folder: Option<PathBuf>,
    run: Run,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Run {
    tool: String,
    plan: Digest,
    recipients: Vec<String>,
    /// `m`, `t` and `p` of Argon2id.
    kdf: (u32, u32, u32),
    record_bytes: u32,
    volume_bytes: Option<u64>,
    recovery_percent: Option<u8>,
    level: i32,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    run: Run,
    /// Kind and body of each key slot.
    slots: Vec<(u16, String)>,
}

/// The entry of the run under way; removed when it ends, by whatever way the process lives to see.
pub(crate) struct Journal(Option<PathBuf>);

/// What an interrupted run left at the place of a bundle.
pub(crate) enum Interrupted {
    /// Nothing.
    None,
    /// Nothing that can be continued: it packed something else, for others or otherwise, or is not this user's.
    Other,
    /// Nothing that can be read back: it is locked for recipients alone, and who packs has none of their keys.
    Unreadable,
    /// The keys of the run, which goes on, and the slots of its recipients that were opened.
    Continued(BundleKeys, Vec<Option<Slot>>),
}

impl Runs {
    /// For runs that pack `plan` for `recipients`. Without a `state` folder no run is noted, and none continued.
    pub(crate) fn new(
        state: Option<&Path>,
        plan: &PackPlan,
        recipients: &Recipients,
        kdf: KdfCost,
        settings: &Settings,
    ) -> Self {
        let run = Run {
            tool: TOOL.into(),
            plan: plan.digest(),
            recipients: recipients.public_parts(),
            kdf: (kdf.memory_kib, kdf.num_passes, kdf.num_lanes),
            record_bytes: settings.layout.record_bytes,
            volume_bytes: settings.layout.volume_bytes,
            recovery_percent: settings.layout.recovery_percent,
            level: settings.level,
        };
        Self { folder: state.map(|state| state.join(FOLDER)), run }
    }

    /// Looks for a run to `bundle` that was interrupted and is the same as this one.
    ///
    /// # Errors
    /// [`crate::Code::Cancelled`].
    pub(crate) fn interrupted(
        &self,
        ctx: &Ctx,
        bundle: &Path,
        recipients: &Recipients,
    ) -> Result<Interrupted> {
        let Some(set_id) = Leftovers::set_of(bundle) else { return Ok(Interrupted::None) };
        let Some(path) = self.path(&set_id) else { return Ok(Interrupted::Other) };
        let found = match Entry::read(&path) {
            Some(entry) if entry.run == self.run => match recipients.reopen(ctx, set_id, &entry.slots())? {
                Some((keys, slots)) => return Ok(Interrupted::Continued(keys, slots)),
                None if recipients.can_reopen() => Interrupted::Other,
                None => Interrupted::Unreadable,
            },
            _ => Interrupted::Other,
        };
        // The partial files will be written over.
        let _ = std::fs::remove_file(path);
        Ok(found)
    }

    /// Notes a run that has begun. Without an entry it goes on, and cannot be continued.
    pub(super) fn begin(&self, set_id: &SetId, slots: &[Slot]) -> Journal {
        let Some(path) = self.path(set_id) else { return Journal(None) };
        let slots = slots.iter().map(|slot| (slot.kind, STANDARD.encode(&slot.body))).collect();
        let entry = serde_json::to_vec(&Entry { run: self.run.clone(), slots }).unwrap_or_default();
        if let Err(e) = write_private(&path, &entry, Existing::Replace) {
            tracing::warn!(%e, "this run cannot be continued");
        }
        Journal(Some(path))
    }

    /// Where the entry of a set is, in a folder that is this user's alone.
    fn path(&self, set_id: &SetId) -> Option<PathBuf> {
        let folder = self.folder.as_deref()?;
        if let Err(e) = create_private_dir(parent(folder)).and_then(|()| create_private_dir(folder)) {
            tracing::warn!(%e, "this run cannot be continued");
            return None;
        }
        Some(folder.join(format!("{}.json", hex(set_id))))
    }
}

impl Journal {
    /// Leaves the entry for a later run.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Entry {
    fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        open_in_folder(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn slots(&self) -> Vec<Slot> {
        let decoded = |(kind, body): &(u16, String)| Slot {
            kind: *kind,
            body: STANDARD.decode(body).unwrap_or_default(),
        };
        self.slots.iter().map(decoded).collect()
    }
}

/// Reads `bytes` as an entry and writes it again; `None` when they are none. For `crate::fuzz`.
#[cfg(any(test, fuzzing))]
pub(crate) fn rewritten(bytes: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<Entry>(bytes).ok().map(|entry| serde_json::to_vec(&entry).unwrap_or_default())
}
