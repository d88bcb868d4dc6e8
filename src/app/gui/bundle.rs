//! A bundle as anyone can see it, without a key: what three pages begin with.

use std::path::{Path, PathBuf};

use super::{
    action::Action,
    job::{Kind, Outcome, Work},
    standing::Standing,
};
use crate::site::Site;

/// The public header.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) path: PathBuf,
    /// What tells it from every other bundle, whatever its keys: 64 hex digits.
    pub(crate) set_id: String,
    /// 64 hex digits.
    pub(crate) fingerprint: String,
    pub(crate) num_volumes: u32,
    pub(crate) num_records: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) slots: Vec<sealift::SlotInfo>,
    /// Header copies that cannot be used: 0 or 1.
    pub(crate) num_damaged_copies: usize,
    pub(crate) standing: Standing,
}

impl Header {
    /// What anyone can see of the bundle at `path`.
    pub(crate) fn read(path: PathBuf) -> sealift::Result<Self> {
        let seen = sealift::inspect(&path)?;
        Ok(Self {
            set_id: seen.set_id(),
            fingerprint: seen.fingerprint(),
            num_volumes: seen.num_volumes(),
            num_records: seen.num_records(),
            payload_bytes: seen.payload_bytes(),
            slots: seen.slots(),
            num_damaged_copies: seen.num_damaged_header_copies(),
            standing: Standing::of(&seen, Site::open(None, None)),
            path,
        })
    }

    /// The file's name, for titles.
    pub(crate) fn file_name(&self) -> String {
        file_name(&self.path)
    }
}

/// The last part of a path, as a job is called by it.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads the header of the bundle at `path`.
pub(crate) fn read_header(path: PathBuf, then: fn(Outcome<Header>) -> Action) -> Work {
    let name = file_name(&path);
    Work::new(Kind::List, name, move |_| Header::read(path), then)
}
