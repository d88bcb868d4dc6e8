//! What lets an interrupted pack go on: `NAME.journal` beside its partial files, until the bundle is whole or given up.
//!
//! It holds how the bundle is cut and the slots that wrap its key, never a key: whoever has what opens one can go on, and
//! nobody else. docs/bundle-format.md §9.6.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::{
    bundle::{BundleKeys, Leftovers, MAX_SLOTS, SetId, Slot},
    error::Result,
    fs::{Existing, open_file, with_suffix, write},
    job::Ctx,
    keyslot::{self, Recipients},
};

/// More than any journal has.
const MAX_BYTES: u64 = 512 << 10;
/// The same sources give the same records only with the same program.
const TOOL: &str = concat!("sealift ", env!("CARGO_PKG_VERSION"));

/// The journal of the run under way; removed when it ends, by whatever way the process lives to see.
pub(super) struct Journal(PathBuf);

#[derive(Serialize, Deserialize)]
struct Wire {
    tool: String,
    set_id: String,
    record_bytes: u32,
    volume_bytes: Option<u64>,
    recovery_percent: Option<u8>,
    level: i32,
    /// Kind and body of each key slot.
    slots: Vec<(u16, String)>,
    /// HMAC under the header key of all the rest.
    mac: String,
}

fn path_of(bundle: &Path) -> PathBuf {
    with_suffix(bundle, ".journal")
}

impl Journal {
    /// Writes the journal of a run that has begun. Without one the run goes on, and cannot be continued.
    pub(super) fn write(bundle: &Path, settings: &Settings, keys: &BundleKeys, slots: &[Slot]) -> Self {
        let mut wire = Wire {
            tool: TOOL.into(),
            set_id: STANDARD.encode(keys.set_id()),
            record_bytes: settings.layout.record_bytes,
            volume_bytes: settings.layout.volume_bytes,
            recovery_percent: settings.layout.recovery_percent,
            level: settings.level,
            slots: slots.iter().map(|slot| (slot.kind, STANDARD.encode(&slot.body))).collect(),
            mac: String::new(),
        };
        wire.mac = STANDARD.encode(keys.header_mac(&wire.maced()));
        let this = Self(path_of(bundle));
        if let Err(e) = write(&this.0, &serde_json::to_vec(&wire).unwrap_or_default(), Existing::Replace) {
            tracing::warn!(%e, "no journal");
        }
        this
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Wire {
    fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        open_file(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn maced(&self) -> Vec<u8> {
        let fields = (
            (&self.tool, &self.set_id, self.record_bytes, self.volume_bytes),
            (self.recovery_percent, self.level, &self.slots),
        );
        serde_json::to_vec(&fields).unwrap_or_default()
    }

    fn fits(&self, settings: &Settings) -> bool {
        self.tool == TOOL
            && self.record_bytes == settings.layout.record_bytes
            && self.volume_bytes == settings.layout.volume_bytes
            && self.recovery_percent == settings.layout.recovery_percent
            && self.level == settings.level
    }
}

/// Reads `bytes` as a journal and writes it again; `None` when they are none. For `crate::fuzz`.
#[cfg(any(test, fuzzing))]
pub(crate) fn rewritten(bytes: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<Wire>(bytes).ok().map(|wire| serde_json::to_vec(&wire).unwrap_or_default())
}

/// What an interrupted run left at `bundle`.
pub(crate) enum Interrupted {
    /// Nothing.
    None,
    /// Nothing that can be continued: packed with other options, another passphrase or another version.
    Other,
    /// Nothing that can be read back: it is locked for recipients alone, and who packs has none of their keys.
    Unreadable,
    /// The keys of the run, which goes on, and the slot that gave them.
    Continued(BundleKeys, Slot),
}

/// Looks for a run to `bundle` that was interrupted, with these settings and for these recipients.
///
/// # Errors
/// [`crate::Code::Cancelled`].
pub(crate) fn interrupted(
    ctx: &Ctx,
    bundle: &Path,
    settings: &Settings,
    recipients: &Recipients,
) -> Result<Interrupted> {
    let path = path_of(bundle);
    if !path.exists() {
        return Ok(Interrupted::None);
    }
    let known = Wire::read(&path).filter(|wire| wire.fits(settings));
    let Some((wire, set_id)) = known.and_then(|wire| {
        let set_id: SetId = STANDARD.decode(&wire.set_id).ok()?.try_into().ok()?;
        // Without the files the keys must not serve again: a bundle that was sealed may have them.
        Leftovers::are_there(bundle, &set_id).then_some((wire, set_id))
    }) else {
        return Ok(Interrupted::Other);
    };
    let identities = recipients.identities();
    if identities.is_empty() {
        return Ok(Interrupted::Unreadable);
    }
    let mut opened = None;
    for (kind, body) in wire.slots.iter().take(MAX_SLOTS) {
        let Ok(body) = STANDARD.decode(body) else { continue };
        let slot = Slot { kind: *kind, body };
        if let Some(keys) = keyslot::try_slot(ctx, set_id, &slot, &identities)? {
            opened = Some((keys, slot));
            break;
        }
    }
    let Some((keys, slot)) = opened else { return Ok(Interrupted::Other) };
    let mac: Option<[u8; 32]> = STANDARD.decode(&wire.mac).ok().and_then(|mac| mac.try_into().ok());
    match mac {
        Some(mac) if keys.verify_header_mac(&wire.maced(), &mac) => Ok(Interrupted::Continued(keys, slot)),
        _ => Ok(Interrupted::Other),
    }
}
