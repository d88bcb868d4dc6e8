//! Uploads beside each other, fed by one reader: what the registry has not taken yet waits in memory, up to a
//! limit that all share.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    iter, thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{Registry, Sent, Way},
    oci::Descriptor,
};

/// Uploads at once.
const NUM_UPLOADS: usize = 4;
/// Bytes of a piece, and pieces that may wait.
const PIECE_BYTES: usize = 2 << 20;
const MAX_PIECES: usize = 32;

/// How often a blob may break off where its registry does not go on.
const MAX_BROKEN_OFF: u32 = 3;
/// How long uploads may take to give up what they began.
const GIVE_UP_LIMIT: Duration = Duration::from_millis(350);

/// Uploads that are under way.
pub(super) struct Uploads {
    ctx: Ctx,
    /// Permits to hold a piece; a piece that is dropped gives its permit back.
    permits: (Sender<()>, Receiver<()>),
    ended: (Sender<Ended>, Receiver<Ended>),
    num_running: usize,
    /// How often each blob broke off.
    broken_off: BTreeMap<Digest, u32>,
    /// Blobs to be sent once more.
    again: BTreeSet<Digest>,
}

/// An upload that ended, and how.
struct Ended(Digest, Result<Sent>);

/// Where a blob goes: the repository it is sent to, and those that take it from there.
pub(super) struct Route {
    pub(super) to: (String, Registry),
    pub(super) then: Vec<(String, Registry)>,
}

/// `None` after the last: all was read, and matched its digest.
type Piece = Option<Bytes>;

/// Bytes that may be held.
struct Permitted(Vec<u8>, #[expect(dead_code, reason = "is given back when the bytes are dropped")] Permit);

impl AsRef<[u8]> for Permitted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

struct Permit(Receiver<()>);

impl Drop for Permit {
    fn drop(&mut self) {
        let _ = self.0.try_recv();
    }
}

impl Uploads {
    pub(super) fn new(ctx: &Ctx) -> Self {
        Self {
            ctx: ctx.clone(),
            permits: bounded(MAX_PIECES),
            ended: bounded(NUM_UPLOADS),
            num_running: 0,
            broken_off: BTreeMap::new(),
            again: BTreeSet::new(),
        }
    }

    /// Reads the blob to its end and returns; its last bytes may still be on their way then. One that breaks off
    /// is among those of [`Self::wait_for_all`].
    ///
    /// # Errors
    /// Also those of blobs that were put before.
    pub(super) fn put(&mut self, blob: &Descriptor, route: Route, reader: &mut dyn Read) -> Result<()> {
        if self.num_running == NUM_UPLOADS {
            self.wait_for_one()?;
        }
        let (pieces, incoming) = bounded(MAX_PIECES);
        let (ctx, ended) = (self.ctx.clone(), self.ended.0.clone());
        let (digest, size) = (blob.digest, blob.size);
        let way = if self.broken_off.contains_key(&digest) { Way::InChunks } else { Way::Streamed };
        let upload = move || {
            let sent = send(&ctx, (&digest, size), &route, &incoming, way);
            // Nobody listens after a failure.
            let _ = ended.try_send(Ended(digest, sent.map_err(|e| e.or_with(Fact::Blob, digest))));
        };
        thread::Builder::new()
            .name("upload".into())
            .spawn(upload)
            .map_err(|e| Error::new(Code::Read).with(Fact::System, e))?;
        self.num_running += 1;
        match self.feed(&pieces, reader) {
            Ok(true) => Ok(()),
            // The upload ended early: it knows why.
            Ok(false) => {
                drop(pieces);
                while self.num_running > 0 && !self.again.contains(&digest) {
                    self.wait_for_one()?;
                }
                if self.again.contains(&digest) {
                    return Ok(());
                }
                Err(Error::new(Code::ConnectionLost).with(Fact::Blob, digest))
            }
            Err(e) => Err(e),
        }
    }

    /// Hands `reader` over piece by piece; `false` when nobody takes them any more.
    fn feed(&self, pieces: &Sender<Piece>, reader: &mut dyn Read) -> Result<bool> {
        loop {
            self.ctx.checkpoint()?;
            // Waits while too much waits in memory; every upload that ends gives its permits back.
            if self.permits.0.send(()).is_err() {
                return Ok(false);
            }
            let permit = Permit(self.permits.1.clone());
            let bytes = read_piece(reader)?;
            let is_end = bytes.is_empty();
            let piece = (!is_end).then(|| Bytes::from_owner(Permitted(bytes, permit)));
            if pieces.send(piece).is_err() {
                return Ok(false);
            }
            if is_end {
                return Ok(true);
            }
        }
    }

    fn wait_for_one(&mut self) -> Result<()> {
        self.num_running -= 1;
        let Ended(digest, sent) = self.ended.1.recv().map_err(|_| Error::new(Code::Cancelled))?;
        if let Sent::BrokenOff(error) = sent? {
            let times = self.broken_off.entry(digest).or_default();
            *times += 1;
            if *times > MAX_BROKEN_OFF {
                return Err(error.or_with(Fact::Blob, digest));
            }
            tracing::debug!(%error, %digest, "to be sent from its beginning");
            self.again.insert(digest);
        }
        Ok(())
    }

    /// Waits until everything arrived or broke off; gives what has to be put once more.
    pub(super) fn wait_for_all(&mut self) -> Result<BTreeSet<Digest>> {
        while self.num_running > 0 {
            self.wait_for_one()?;
        }
        Ok(std::mem::take(&mut self.again))
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        // What was begun and has no end is given up by its own thread, which the program's end would cut off.
        let deadline = Instant::now() + GIVE_UP_LIMIT;
        let mut running = 0..self.num_running;
        while running.next().is_some() && self.ended.1.recv_deadline(deadline).is_ok() {}
    }
}

/// The next bytes of `reader`; none at its end.
fn read_piece(reader: &mut dyn Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    let piece = &mut reader.take(PIECE_BYTES as u64);
    piece.read_to_end(&mut bytes).map_err(|e| Error::from_stream(Code::Read, e))?;
    Ok(bytes)
}

/// Pieces on their way, each given when the one after it is known to come: the last when all were right.
fn proven(incoming: &Receiver<Piece>) -> Result<impl Iterator<Item = Result<Bytes>>> {
    // The reader failed, and its own error is the one to report.
    let receive = || incoming.recv().map_err(|_| Error::new(Code::Cancelled));
    let mut next = receive()?;
    let mut take = move || -> Result<Piece> {
        let Some(piece) = next.take() else { return Ok(None) };
        next = receive()?;
        Ok(Some(piece))
    };
    Ok(iter::from_fn(move || take().transpose()))
}

fn send(
    ctx: &Ctx,
    blob: (&Digest, u64),
    route: &Route,
    incoming: &Receiver<Piece>,
    way: Way,
) -> Result<Sent> {
    let (digest, size) = blob;
    let (first, registry) = &route.to;
    if let Sent::BrokenOff(e) = registry.push_blob(ctx, first, blob, &mut proven(incoming)?, way)? {
        return Ok(Sent::BrokenOff(e));
    }
    for (repository, registry) in &route.then {
        if !registry.mount(ctx, repository, digest, first)? {
            // A registry that mounts nothing gets it back from itself.
            let mut back = registry.blob(ctx, first, digest, size);
            let mut pieces = iter::from_fn(|| match read_piece(&mut back) {
                Ok(bytes) if bytes.is_empty() => None,
                piece => Some(piece.map(Bytes::from)),
            });
            if let Sent::BrokenOff(e) = registry.push_blob(ctx, repository, blob, &mut pieces, way)? {
                return Ok(Sent::BrokenOff(e));
            }
        }
    }
    Ok(Sent::Whole)
}
