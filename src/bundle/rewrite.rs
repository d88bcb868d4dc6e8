//! Changes of the header of a finished bundle: locked from before it is read until it is written.
//!
//! Both copies are written, one after the other, each flushed, so that at any moment one is intact.
//! docs/bundle-format.md §9.5 and §10.3.

use std::{
    fs::File,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    commit::settle,
    header::{COPY_BYTES, Header},
    keys::BundleKeys,
    reader::Bundle,
    signatures::fitting,
    tlv::Tlv,
    volume::FIRST_HEAD_BYTES,
};
use crate::{
    error::{Code, Error, Fact, Result},
    fs::{open_in_place, read_exact_at, write_all_at},
    job::{Ctx, Notice, NoticeKind},
};

/// How long another run that writes the same bundle is waited for: some times as long as a change of keys takes.
const MAX_WAIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// Offsets of the header copies; of two alike, B is written first.
const COPIES: [u64; 2] = [COPY_BYTES as u64, 0];

/// Opens the first volume at `path` to be written in place, and locks it; another run is waited for. A replacement that
/// was interrupted is finished or undone first.
///
/// Where a file system has no locks, nothing is locked: [`LockedHeader`] compares what it read once more before it writes.
///
/// # Errors
/// [`Code::Busy`] when the other run takes too long; [`Code::NotInPlace`].
pub(crate) fn lock(ctx: &Ctx, path: &Path) -> Result<File> {
    let deadline = Instant::now() + MAX_WAIT;
    let mut waited = false;
    loop {
        ctx.checkpoint()?;
        settle(path)?;
        let file = open_in_place(path)?;
        let is_locked_elsewhere = matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock));
        if !is_locked_elsewhere && is_at(path, &file) {
            if waited {
                ctx.notice(Notice::new(NoticeKind::WaitedForRun, path.display()));
            }
            return Ok(file);
        }
        if Instant::now() > deadline {
            return Err(Error::new(Code::Busy).at(path));
        }
        waited |= is_locked_elsewhere;
        thread::sleep(POLL);
    }
}

/// Whether `path` still leads to `file`: another may have been renamed over it before it was locked.
fn is_at(path: &Path, file: &File) -> bool {
    file.metadata().is_ok_and(|found| crate::fs::is_at(path, &found))
}

/// The header of a bundle while it is changed.
pub(crate) struct LockedHeader {
    path: PathBuf,
    file: File,
    /// Both copies as they were read.
    head: Vec<u8>,
}

impl LockedHeader {
    /// Locks the bundle at `path`, and reads it.
    ///
    /// # Errors
    /// Those of [`lock`] and of [`Bundle::open`].
    pub(crate) fn open(ctx: &Ctx, path: &Path) -> Result<(Self, Bundle)> {
        let file = lock(ctx, path)?;
        let (bundle, head) = Bundle::read(path, &file)?;
        Ok((Self { path: path.to_owned(), file, head }, bundle))
    }

    /// Writes `header`, a change of the one that `keys` authenticate, as the newer one.
    ///
    /// Signatures for which its slots leave no room are dropped, those that do not fit the bundle first: anybody can have
    /// added them, and a key must be locked out all the same.
    ///
    /// # Errors
    /// [`Code::SlotsFull`]; [`Code::Busy`] when somebody else wrote since it was read.
    pub(crate) fn write_slots(&self, ctx: &Ctx, mut header: Header, keys: &BundleKeys) -> Result<()> {
        // Only a holder of the key can have made it this high: Sealift counts from 1.
        let next = header.sequence.checked_add(1);
        header.sequence =
            next.ok_or_else(|| Error::new(Code::HeaderForged).with(Fact::Found, u64::MAX).at(&self.path))?;
        let entries = Tlv::decode_all(&header.signatures);
        header.signatures = self.encode_fitting(ctx, entries, &header, header.signature_room());
        let copy = header.encode(keys)?;
        // `None`, a copy that is damaged or forged, sorts before every sequence number.
        let sequence_at = |offset: &u64| {
            let authentic = self.copy(*offset).filter(|(header, mac)| header.is_authentic(mac, keys));
            authentic.map(|(header, _)| header.sequence)
        };
        let mut offsets = COPIES;
        offsets.sort_by_key(sequence_at);
        self.write(offsets.map(|offset| (offset, copy.clone())))
    }

    /// Changes the signatures, without a key: each copy keeps what its MAC covers. Then adds one, for which others that are
    /// not signatures of this bundle make room.
    ///
    /// # Errors
    /// [`Code::CopiesDiffer`] when the copies are of two bundles: nobody here can tell which one is authentic, and the other
    /// must not be lost. [`Code::SignaturesFull`]; [`Code::Busy`] as [`Self::write_slots`].
    pub(crate) fn rewrite_signatures(
        &self,
        ctx: &Ctx,
        change: impl FnOnce(&mut Vec<Tlv>) -> Result<()>,
        added: Option<Tlv>,
    ) -> Result<()> {
        // One that cannot be used or is older is written first.
        let mut copies = COPIES.map(|offset| (offset, self.copy(offset)));
        copies.sort_by_key(|(_, copy)| copy.as_ref().map(|(header, _)| header.sequence));
        let usable = || copies.iter().rev().filter_map(|(_, copy)| copy.as_ref());
        let newest =
            usable().next().cloned().ok_or_else(|| Error::new(Code::HeaderDamaged).at(&self.path))?;
        if usable().any(|(header, _)| header.core() != newest.0.core()) {
            return Err(Error::new(Code::CopiesDiffer).at(&self.path));
        }
        let mut entries = Header::signatures_of(usable().map(|(header, _)| header));
        change(&mut entries)?;
        let room = usable().map(|(header, _)| header.signature_room()).min().unwrap_or_default();
        let added = added.map_or_else(Vec::new, |added| Tlv::encode_all(&[added]));
        let left = room.checked_sub(added.len()).ok_or_else(|| {
            let error = Error::new(Code::SignaturesFull).with(Fact::Found, added.len());
            error.with(Fact::Limit, room).at(&self.path)
        })?;
        let kept = self.encode_fitting(ctx, entries, &newest.0, left);
        let signatures = [kept, added].concat();
        let mut encoded = Vec::new();
        for (offset, copy) in copies {
            let (header, mac) = copy.unwrap_or_else(|| newest.clone());
            encoded.push((offset, Header { signatures: signatures.clone(), ..header }.encode_as(&mac)?));
        }
        self.write(encoded)
    }

    fn encode_fitting(&self, ctx: &Ctx, entries: Vec<Tlv>, header: &Header, room: usize) -> Vec<u8> {
        let num_found = entries.len();
        let kept = fitting(entries, &header.core(), room);
        if kept.len() < num_found {
            ctx.notice(Notice::new(NoticeKind::SignaturesDropped, self.path.display()));
        }
        Tlv::encode_all(&kept)
    }

    /// The copy at `offset`, if it can be used, with its MAC.
    fn copy(&self, offset: u64) -> Option<(Header, [u8; 32])> {
        Header::decode(self.head.get(offset as usize..)?.get(..COPY_BYTES)?).ok()
    }

    fn write(&self, copies: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Result<()> {
        let mut found = vec![0; FIRST_HEAD_BYTES as usize];
        read_exact_at(&self.file, &mut found, 0).map_err(|e| Error::read(&self.path, e))?;
        if found != self.head || !is_at(&self.path, &self.file) {
            return Err(Error::new(Code::Busy).at(&self.path));
        }
        for (offset, copy) in copies {
            let written = write_all_at(&self.file, &copy, offset).and_then(|()| self.file.sync_all());
            written.map_err(|e| Error::write(&self.path, e))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::header::{Slot, tests::sample};

    /// Two header copies with this sequence number, in a file.
    fn written(sequence: u64) -> (tempfile::TempDir, PathBuf, BundleKeys) {
        let (mut header, keys) = sample();
        (header.sequence, header.extensions) = (sequence, Vec::new());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sealift");
        let both = header.encode(&keys).unwrap().repeat(2);
        crate::fs::write(&path, &both, crate::fs::Existing::Keep).unwrap();
        (dir, path, keys)
    }

    #[test]
    fn a_sequence_number_never_wraps() {
        let ctx = Ctx::new();
        for (sequence, expected) in [(u64::MAX - 1, None), (u64::MAX, Some(Code::HeaderForged))] {
            let (_dir, path, keys) = written(sequence);
            let (locked, bundle) = LockedHeader::open(&ctx, &path).unwrap();
            let written = locked.write_slots(&ctx, bundle.header().clone(), &keys);
            assert_eq!(written.err().map(|e| e.code()), expected);
            assert_eq!(Bundle::open(&path).unwrap().header().sequence, u64::MAX);
        }
    }

    #[test]
    fn where_slots_leave_no_room_nothing_is_signed() {
        let (ctx, (mut header, keys)) = (Ctx::new(), sample());
        header.slots = vec![Slot { kind: 900, body: vec![0; 8 << 10] }; 7];
        header.slots.push(Slot { kind: 900, body: vec![0; header.signature_room() - 100] });
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sealift");
        let both = header.encode(&keys).unwrap().repeat(2);
        crate::fs::write(&path, &both, crate::fs::Existing::Keep).unwrap();
        let (locked, _) = LockedHeader::open(&ctx, &path).unwrap();
        for (len, expected) in [(100, Some(Code::SignaturesFull)), (50, None)] {
            let added = Tlv { kind: 1, value: vec![0; len] };
            let written = locked.rewrite_signatures(&ctx, |_| Ok(()), Some(added));
            assert_eq!(written.err().map(|e| e.code()), expected);
        }
    }

    #[test]
    fn what_somebody_wrote_past_the_lock_is_not_lost() {
        let (ctx, (_dir, path, keys)) = (Ctx::new(), written(1));
        let (locked, bundle) = LockedHeader::open(&ctx, &path).unwrap();
        // On a file system without locks, another host.
        let mut newer = bundle.header().clone();
        newer.sequence = 2;
        let file = open_in_place(&path).unwrap();
        write_all_at(&file, &newer.encode(&keys).unwrap(), COPY_BYTES as u64).unwrap();
        let code = |result: Result<()>| result.err().map(|e| e.code());
        assert_eq!(code(locked.write_slots(&ctx, bundle.header().clone(), &keys)), Some(Code::Busy));
        assert_eq!(code(locked.rewrite_signatures(&ctx, |_| Ok(()), None)), Some(Code::Busy));
        assert_eq!(Bundle::open(&path).unwrap().header().sequence, 2);
    }

    #[test]
    fn a_bundle_that_was_renamed_over_the_locked_one_is_not_taken_for_it() {
        let (ctx, (dir, path, keys)) = (Ctx::new(), written(1));
        let (locked, bundle) = LockedHeader::open(&ctx, &path).unwrap();
        let (_other_dir, other, _) = written(7);
        crate::fs::write(&dir.path().join("b"), &std::fs::read(other).unwrap(), crate::fs::Existing::Keep)
            .unwrap();
        crate::fs::rename(&dir.path().join("b"), &path, crate::fs::Existing::Replace).unwrap();
        let written = locked.write_slots(&ctx, bundle.header().clone(), &keys);
        assert_eq!(written.err().map(|e| e.code()), Some(Code::Busy));
        assert_eq!(Bundle::open(&path).unwrap().header().sequence, 7);
    }
}
