//! Reads many blobs in one pass, as `schedule` planned it: frames decoded ahead on all cores, each as seldom as can be.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::Arc,
};

use super::{
    index::{BlobEntry, Extent},
    reader::{OpenBundle, Shared, Store},
    schedule::{Step, plan},
};
use crate::{
    error::{Code, Error, Fact, Result},
    job::{self, Background, Ctx, Pooled},
};

/// Decoded frames kept for later uses.
const KEPT_BYTES: u64 = 192 << 20;
/// Most frames being decoded ahead of the readers, however many cores there are.
const MAX_FRAMES_AHEAD: usize = 8;

/// A pass over some blobs.
pub(crate) struct Pass {
    store: Arc<Store>,
    /// Places in the index.
    blobs: Vec<usize>,
    pub(super) num_lanes: usize,
    steps: Vec<Step>,
    next: usize,
    /// The first step whose frame was not asked for yet.
    ahead: usize,
    decoding: VecDeque<Pooled<Result<Shared>>>,
    kept: HashMap<u32, Shared>,
}

/// A piece of one blob.
pub(crate) struct Piece {
    /// Which reader it is for.
    pub(crate) lane: usize,
    /// Whether the blob ends here.
    pub(crate) is_last: bool,
    store: Arc<Store>,
    /// Place in the index.
    blob: usize,
    extents: Range<usize>,
    frame: Option<Shared>,
}

impl Piece {
    /// The blob it is of.
    pub(crate) fn blob(&self) -> &BlobEntry {
        &self.store.index.blobs[self.blob]
    }

    /// The frame its bytes lie in, if any.
    pub(crate) fn frame_number(&self) -> Option<u32> {
        match self.blob().extents.get(self.extents.start)? {
            Extent::Frame(number, ..) => Some(*number),
            Extent::External(..) => None,
        }
    }

    /// Takes its next run of bytes.
    pub(super) fn next_window(&mut self) -> Option<Range<usize>> {
        let extent = self.extents.next()?;
        match self.blob().extents.get(extent)? {
            Extent::Frame(_, offset, len) => Some(*offset as usize..(*offset + *len) as usize),
            Extent::External(..) => None,
        }
    }

    /// Bytes of its frame; the checked index keeps windows inside.
    pub(super) fn bytes(&self, window: Range<usize>) -> &[u8] {
        self.frame.as_ref().and_then(|frame| frame.get(window)).unwrap_or_default()
    }

    /// Its bytes, run by run.
    pub(crate) fn for_each_run(mut self, mut take: impl FnMut(&[u8])) {
        while let Some(window) = self.next_window() {
            take(self.bytes(window));
        }
    }
}

impl OpenBundle {
    /// A pass over `blobs` of this bundle, in this order, on `lanes` readers.
    ///
    /// # Errors
    /// [`Code::Cancelled`].
    pub(crate) fn pass<'a>(
        &'a self,
        ctx: &Ctx,
        blobs: impl IntoIterator<Item = &'a BlobEntry>,
        lanes: usize,
    ) -> Result<Pass> {
        let store = Arc::clone(&self.0);
        let place = |entry: &BlobEntry| store.index.blobs.partition_point(|blob| blob.digest < entry.digest);
        let blobs: Vec<usize> = blobs.into_iter().map(place).collect();
        let planned = Background::start(move || {
            let entries: Vec<&BlobEntry> = blobs.iter().map(|place| &store.index.blobs[*place]).collect();
            let frame_bytes = |frame: u32| u64::from(store.index.frames[frame as usize].2);
            let steps = plan(&entries, lanes as u32, KEPT_BYTES, frame_bytes);
            (store, blobs, steps)
        });
        let (store, blobs, steps) = planned.wait(ctx)?;
        Ok(Pass {
            store,
            blobs,
            num_lanes: lanes,
            steps,
            next: 0,
            ahead: 0,
            decoding: VecDeque::new(),
            kept: HashMap::new(),
        })
    }
}

impl Pass {
    /// Asks for frames until enough are under way.
    fn schedule(&mut self) {
        let frames_ahead = (rayon::current_num_threads() + 2).min(MAX_FRAMES_AHEAD);
        while self.decoding.len() < frames_ahead
            && let Some(step) = self.steps.get(self.ahead)
        {
            self.ahead += 1;
            let Some(frame) = step.frame.filter(|_| step.decode) else { continue };
            let store = Arc::clone(&self.store);
            self.decoding.push_back(job::spawn(move || store.frame(frame)));
        }
    }

    /// The next piece, of whichever blob it is; or the blob whose frame is damaged, and the error. The pass goes on behind it.
    pub(crate) fn next_piece(&mut self) -> Option<(Piece, Result<()>)> {
        self.schedule();
        let step = self.steps.get(self.next)?.clone();
        self.next += 1;
        let mut piece = Piece {
            lane: step.lane as usize,
            is_last: step.is_last,
            store: Arc::clone(&self.store),
            blob: self.blobs[step.blob as usize],
            extents: step.extents.start as usize..step.extents.end as usize,
            frame: None,
        };
        let ended = match (step.frame, piece.blob().extents.get(piece.extents.start)) {
            (Some(number), _) => self.frame(number, &step).map(|frame| piece.frame = Some(frame)),
            (None, Some(Extent::External(outside))) => {
                Err(Error::new(Code::ExternalBlob).with(Fact::Blob, outside.0))
            }
            (None, _) => Ok(()),
        };
        Some((piece, ended))
    }

    /// Whether the last piece ended its blob.
    pub(super) fn is_between_blobs(&self) -> bool {
        self.next.checked_sub(1).is_none_or(|before| self.steps[before].is_last)
    }

    fn frame(&mut self, number: u32, step: &Step) -> Result<Shared> {
        let decoded = if step.decode { self.decoding.pop_front() } else { None };
        let frame = match (decoded, self.kept.get(&number)) {
            (Some(decoded), _) => decoded.wait().flatten()?,
            (None, Some(kept)) => Arc::clone(kept),
            // It could not be decoded before: it fails again, for this blob too.
            (None, None) => self.store.frame(number)?,
        };
        if step.keep {
            self.kept.insert(number, Arc::clone(&frame));
        } else {
            self.kept.remove(&number);
        }
        Ok(frame)
    }
}
