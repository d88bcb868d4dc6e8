//! The blobs of a pass as streams: one behind the other, or some beside each other.

use std::{io, ops::Range, thread};

use crossbeam_channel::{Receiver, bounded};

use super::pass::{Pass, Piece};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job,
};

/// Pieces that wait for one lane.
const PIECES_AHEAD: usize = 2;

/// What a stream is made of.
trait Pieces {
    fn next(&mut self) -> Result<Option<Piece>>;
}

impl Pieces for Pass {
    fn next(&mut self) -> Result<Option<Piece>> {
        self.next_piece().map(|(piece, ended)| ended.map(|()| piece)).transpose()
    }
}

/// A piece on its way to its lane, and how reading it ended.
type Sent = (Piece, Result<()>);

impl Pieces for Receiver<Sent> {
    /// Pieces end with the last of a blob: a lane that gets no more before it was stopped.
    fn next(&mut self) -> Result<Option<Piece>> {
        let (piece, ended) = self.recv().map_err(|_| Error::new(Code::Cancelled))?;
        ended.map(|()| Some(piece))
    }
}

impl Pass {
    /// A reader of the next blob of a pass on one lane; what was left of the one before is skipped.
    pub(crate) fn next_blob(&mut self) -> BlobReader<'_> {
        while !self.is_between_blobs() && self.next_piece().is_some() {}
        BlobReader { pieces: self, piece: None, window: 0..0 }
    }

    /// Does `work` with every blob, the blobs of a lane in turn and the lanes beside each other. What `work` leaves of
    /// a blob is skipped.
    ///
    /// # Errors
    /// The first of `work`; the readers of the other lanes fail then.
    pub(crate) fn beside(
        mut self,
        work: impl Fn(Digest, &mut BlobReader<'_>) -> Result<()> + Sync,
    ) -> Result<()> {
        let work = &work;
        thread::scope(|scope| {
            let lane = |_| {
                let (sender, mut pieces) = bounded(PIECES_AHEAD);
                (sender, scope.spawn(move || each_blob(&mut pieces, work)))
            };
            let (senders, lanes): (Vec<_>, Vec<_>) = (0..self.num_lanes).map(lane).unzip();
            while let Some(piece) = self.next_piece() {
                let lane = piece.0.lane;
                if senders[lane].send(piece).is_err() {
                    break; // It failed, and knows why.
                }
            }
            drop(senders);
            job::all_of(lanes.into_iter().map(|lane| lane.join().map_err(Error::panicked).flatten()))
                .map(drop)
        })
    }
}

/// Does `work` with the blobs of one lane.
fn each_blob(
    pieces: &mut Receiver<Sent>,
    work: impl Fn(Digest, &mut BlobReader<'_>) -> Result<()>,
) -> Result<()> {
    while let Ok((piece, ended)) = pieces.recv() {
        let digest = piece.blob().digest;
        let mut reader = BlobReader { pieces, piece: Some(piece), window: 0..0 };
        ended
            .and_then(|()| work(digest, &mut reader))
            .and_then(|()| reader.skip())
            .map_err(|e| e.or_with(Fact::Blob, digest))?;
    }
    Ok(())
}

/// A stream of one blob's bytes. Does not check the digest: whoever consumes it does.
pub(crate) struct BlobReader<'a> {
    pieces: &'a mut dyn Pieces,
    piece: Option<Piece>,
    /// Bytes of the piece's frame that are ready.
    window: Range<usize>,
}

impl BlobReader<'_> {
    /// Takes the next piece; `false` at the end of the blob.
    fn advance(&mut self) -> Result<bool> {
        if self.piece.as_ref().is_some_and(|piece| piece.is_last) {
            return Ok(false);
        }
        let next = self.pieces.next()?;
        let is_one = next.is_some();
        self.piece = next.or(self.piece.take());
        Ok(is_one)
    }

    /// Bytes of the blob that are ready now; empty at its end.
    fn fill(&mut self) -> Result<()> {
        while self.window.is_empty() {
            if let Some(window) = self.piece.as_mut().and_then(Piece::next_window) {
                self.window = window;
            } else if !self.advance()? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn skip(&mut self) -> Result<()> {
        while self.advance()? {}
        Ok(())
    }
}

impl io::Read for BlobReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let ready = self.piece.as_ref().map_or(&[][..], |piece| piece.bytes(self.window.clone()));
        let len = ready.len().min(buf.len());
        buf[..len].copy_from_slice(&ready[..len]);
        self.window.start += len;
        Ok(len)
    }
}
