//! Writing past the cache: a block is on its way to the medium when its write returns. So progress is what the medium was
//! given, and no time goes into pages of memory that nobody reads again.
//!
//! `O_DIRECT` where the file system has it, see open(2). What fills no block goes through the cache, and is flushed at the end.

use std::{fs::File, io, path::Path};

use super::{
    uncached::{ALIGN, AlignedBuf},
    write_all_at,
};

/// Bytes of a write: few enough to end soon on a slow stick when the job is cancelled.
const BLOCK_BYTES: usize = 1 << 20;

/// The rest of a file, from some offset on.
#[derive(Debug)]
pub(super) struct Bypass {
    file: File,
    block: AlignedBuf,
    num_filled: usize,
    /// Where the block begins in the file.
    offset: u64,
}

impl Bypass {
    /// For `cached`, the file at `path`, from `offset` on, if its file system can be written to so.
    #[cfg(target_os = "linux")]
    pub(super) fn open(path: &Path, cached: &File, offset: u64) -> Option<Self> {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;
        let flags = (OFlags::DIRECT | OFlags::NOFOLLOW).bits().cast_signed();
        let file = std::fs::OpenOptions::new().write(true).custom_flags(flags).open(path).ok()?;
        // The name may lead elsewhere by now.
        let is_same = super::unfinished::is_at(path, &cached.metadata().ok()?)
            && super::unfinished::is_at(path, &file.metadata().ok()?);
        is_same.then(|| Self { file, block: AlignedBuf::default(), num_filled: 0, offset })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn open(_: &Path, _: &File, _: u64) -> Option<Self> {
        None
    }

    /// Bytes from the start of the file that the medium was given.
    pub(super) fn written_bytes(&self) -> u64 {
        self.offset
    }

    /// Takes some of `buf`; writes the block once it is full. `cached` is the same file, opened as usual.
    pub(super) fn write(&mut self, cached: &File, buf: &[u8]) -> io::Result<usize> {
        // From an offset that is not aligned only to the next one that is.
        let block_bytes = match (self.offset % ALIGN as u64) as usize {
            0 => BLOCK_BYTES,
            behind => ALIGN - behind,
        };
        let num_bytes = buf.len().min(block_bytes - self.num_filled);
        let block = self.block.aligned(BLOCK_BYTES);
        block[self.num_filled..self.num_filled + num_bytes].copy_from_slice(&buf[..num_bytes]);
        self.num_filled += num_bytes;
        if self.num_filled == block_bytes {
            self.flush(cached)?;
        }
        Ok(num_bytes)
    }

    /// Writes what the block holds.
    pub(super) fn flush(&mut self, cached: &File) -> io::Result<()> {
        let block = &self.block.aligned(BLOCK_BYTES)[..self.num_filled];
        let is_aligned = self.offset.is_multiple_of(ALIGN as u64) && block.len().is_multiple_of(ALIGN);
        match is_aligned.then(|| write_all_at(&self.file, block, self.offset)) {
            Some(Ok(())) => {}
            Some(Err(e)) if e.kind() != io::ErrorKind::InvalidInput => return Err(e),
            // Not a whole block, or one of a kind that the device does not take.
            _ => write_all_at(cached, block, self.offset)?,
        }
        self.offset += self.num_filled as u64;
        self.num_filled = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::fs::Copies;

    #[test]
    fn pieces_of_any_length_from_any_offset_arrive_as_they_were_written() {
        let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let copies = Copies::begin(dir.path()).unwrap();
        let bytes: Vec<u8> = (0..3_500_000_u32).map(|number| (number % 251) as u8).collect();
        for (name, kept, piece) in [("a", 0, 1 << 20), ("b", 0, 700_001), ("c", 5, 9), ("d", 4096, 1_048_604)]
        {
            let path = dir.path().join(name);
            let mut file = copies.resume(&path).unwrap();
            file.write_all(&bytes[..kept]).unwrap();
            file.continue_at(kept as u64).unwrap();
            file.bypass_cache().unwrap();
            bytes[kept..].chunks(piece).for_each(|piece| file.write_all(piece).unwrap());
            assert!(file.synced_bytes() <= bytes.len() as u64);
            file.flush().unwrap();
            assert_eq!(file.len().unwrap(), bytes.len() as u64);
            file.commit().unwrap();
            assert!(std::fs::read(&path).unwrap() == bytes, "{name}");
        }
    }
}
