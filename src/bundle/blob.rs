//! Reads one blob: its extents in order, frames decoded ahead on all cores.

use std::{collections::VecDeque, io, sync::Arc};

use crossbeam_channel::{Receiver, bounded};

use super::{
    index::Extent,
    reader::{OpenBundle, Store},
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
};

/// Frames being decoded ahead of the reader.
const FRAMES_AHEAD: usize = 4;

/// Extents next to each other that lie in one frame, and that frame once decoded.
struct Run {
    extents: std::ops::Range<usize>,
    frame: Receiver<Result<Arc<Vec<u8>>>>,
}

/// A stream of one blob's bytes. Does not check the digest: whoever consumes it does.
pub(crate) struct BlobReader {
    store: Arc<Store>,
    blob: usize,
    next_extent: usize,
    ahead: VecDeque<Run>,
    current: Option<(Arc<Vec<u8>>, std::ops::Range<usize>)>,
    /// Position in the plaintext of the current frame: bytes left of the current extent.
    window: std::ops::Range<usize>,
}

impl OpenBundle {
    /// A reader of the blob `digest`.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<BlobReader> {
        let found = self.0.index.blobs.binary_search_by_key(digest, |blob| blob.digest);
        let blob = found.map_err(|_| Error::new(Code::BadIndex).with(Fact::Blob, digest))?;
        Ok(BlobReader {
            store: Arc::clone(&self.0),
            blob,
            next_extent: 0,
            ahead: VecDeque::new(),
            current: None,
            window: 0..0,
        })
    }
}

impl BlobReader {
    fn extents(&self) -> &[Extent] {
        &self.store.index.blobs[self.blob].extents
    }

    /// Schedules frames until enough are under way.
    fn schedule(&mut self) -> Result<()> {
        while self.ahead.len() < FRAMES_AHEAD {
            let extents = self.extents();
            let number = match extents.get(self.next_extent) {
                None => return Ok(()),
                Some(Extent::Frame(number, ..)) => *number,
                Some(Extent::External(digest, ..)) => {
                    return Err(Error::new(Code::ExternalBlob).with(Fact::Blob, digest));
                }
            };
            let same = |extent: &Extent| matches!(extent, Extent::Frame(frame, ..) if *frame == number);
            let len = extents[self.next_extent..].iter().take_while(|extent| same(extent)).count();
            let run = self.next_extent..self.next_extent + len;
            self.next_extent = run.end;
            let (sender, frame) = bounded(1);
            let store = Arc::clone(&self.store);
            rayon::spawn(move || {
                let _ = sender.send(store.frame(number));
            });
            self.ahead.push_back(Run { extents: run, frame });
        }
        Ok(())
    }

    /// Bytes of the blob that are ready now; empty at its end.
    pub(crate) fn fill(&mut self) -> Result<&[u8]> {
        while self.window.is_empty() {
            let extent = match &mut self.current {
                Some((_, extents)) => extents.next(),
                None => None,
            };
            if let Some(extent) = extent {
                if let Extent::Frame(_, offset, len) = self.extents()[extent] {
                    self.window = offset as usize..(offset + len) as usize;
                }
                continue;
            }
            self.schedule()?;
            let Some(run) = self.ahead.pop_front() else { return Ok(&[]) };
            // A worker that died without an answer was stopped by the process ending.
            let frame = run.frame.recv().map_err(|_| Error::new(Code::Cancelled))??;
            self.current = Some((frame, run.extents));
            self.schedule()?;
        }
        // A window is only ever set together with a frame, and the checked index keeps it inside.
        Ok(self.current.as_ref().and_then(|(frame, _)| frame.get(self.window.clone())).unwrap_or_default())
    }

    /// Marks `len` bytes of what [`BlobReader::fill`] gave as used.
    pub(crate) fn consume(&mut self, len: usize) {
        self.window.start += len;
    }
}

impl io::Read for BlobReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill()?;
        let len = ready.len().min(buf.len());
        buf[..len].copy_from_slice(&ready[..len]);
        self.consume(len);
        Ok(len)
    }
}
