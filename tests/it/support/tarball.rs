//! Image archives made by hand, file by file.

use sealift::Digest;
use serde_json::{Value, json};

/// A tar being built by hand: what no engine would write can be written.
pub(crate) struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    pub(crate) fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    /// A file whose name is written as it is, past the checks of the tar crate.
    pub(crate) fn file(mut self, name: &str, content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    pub(crate) fn link(mut self, name: &str, target: &str) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_gnu_mut().unwrap().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_size(0);
        header.set_cksum();
        self.0.append(&header, &[][..]).unwrap();
        self
    }

    pub(crate) fn json(self, name: &str, value: &Value) -> Self {
        self.file(name, value.to_string().as_bytes())
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// Content of the one layer that most archives here have.
pub(crate) const LAYER: &[u8] = b"one layer";

/// A config with these diffIDs.
pub(crate) fn config(diff_ids: &[&str]) -> Value {
    json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": diff_ids } })
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// Blob of a layout under its own digest.
pub(crate) fn blob(tar: Tar, content: &[u8]) -> Tar {
    tar.file(&format!("blobs/sha256/{}", Digest::of(content).hex()), content)
}
