//! Changes the vendor signatures of a bundle on disk, without a key of it.

use std::path::Path;

use super::{
    header::{COPY_BYTES, CORE_BYTES, Header},
    tlv::Tlv,
};
use crate::{
    error::{Code, Error, Result},
    fs::{open_in_place, read_exact_at, write_all_at},
};

/// Changes the signatures of the bundle at `path`, whose core is `core`, in both header copies, at any moment leaving one
/// that is whole: a copy that cannot be used or is older first. Each keeps what its MAC covers, as nobody here can tell
/// which of two is authentic.
pub(crate) fn rewrite_signatures(
    path: &Path,
    core: &[u8; CORE_BYTES],
    change: impl FnOnce(&mut Vec<Tlv>) -> Result<()>,
) -> Result<()> {
    let file = open_in_place(path)?;
    if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
        return Err(Error::new(Code::Busy).at(path));
    }
    let usable = |offset| {
        let mut copy = vec![0; COPY_BYTES];
        read_exact_at(&file, &mut copy, offset).ok()?;
        Header::decode(&copy).ok().filter(|(header, _)| header.core() == *core)
    };
    // Of equals B goes first.
    let mut copies = [(COPY_BYTES as u64, usable(COPY_BYTES as u64)), (0, usable(0))];
    copies.sort_by_key(|(_, copy)| copy.as_ref().map(|(header, _)| header.sequence));
    let (_, newest) = &copies[1];
    let newest = newest.clone().ok_or_else(|| Error::new(Code::HeaderDamaged).at(path))?;

    let usable = copies.iter().rev().filter_map(|(_, copy)| copy.as_ref());
    let mut entries = Header::signatures_of(usable.map(|(header, _)| header));
    change(&mut entries)?;
    let signatures = Tlv::encode_all(&entries);
    let mut encoded = Vec::new();
    for (offset, copy) in copies {
        let (header, mac) = copy.unwrap_or_else(|| newest.clone());
        encoded.push((offset, Header { signatures: signatures.clone(), ..header }.encode_as(&mac)?));
    }
    for (offset, copy) in encoded {
        let written = write_all_at(&file, &copy, offset).and_then(|()| file.sync_all());
        written.map_err(|e| Error::write(path, e))?;
    }
    Ok(())
}
