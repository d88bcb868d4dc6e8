//! Uploads: a blob to the repository that lacks it, and from there to others.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    iter, mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::{
    digest::Digest,
    error::{Code, Error, Result},
    job::Ctx,
    net::{Registry, Sent, Way},
    oci::Descriptor,
};

/// Bytes of a piece; a few of each upload are in memory.
const PIECE_BYTES: usize = 2 << 20;

/// How often a blob may break off where its registry does not go on.
const MAX_BROKEN_OFF: u32 = 3;

/// Uploads of one restore, which may run beside each other.
pub(super) struct Uploads {
    ctx: Ctx,
    broken: Mutex<Broken>,
}

#[derive(Default)]
struct Broken {
    /// How often each blob broke off.
    times: BTreeMap<Digest, u32>,
    /// Blobs to be sent once more.
    again: BTreeSet<Digest>,
}

/// Where a blob goes: the repository it is sent to, and those that take it from there.
pub(super) struct Route {
    pub(super) to: (String, Registry),
    pub(super) then: Vec<(String, Registry)>,
}

impl Uploads {
    pub(super) fn new(ctx: &Ctx) -> Self {
        Self { ctx: ctx.clone(), broken: Mutex::default() }
    }

    fn broken(&self) -> MutexGuard<'_, Broken> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the blob there. One that breaks off is among those of [`Self::again`].
    pub(super) fn put(&self, blob: &Descriptor, route: &Route, reader: &mut dyn Read) -> Result<()> {
        let digest = blob.digest;
        let way = if self.broken().times.contains_key(&digest) { Way::InChunks } else { Way::Streamed };
        if let Sent::BrokenOff(error) = send(&self.ctx, (&digest, blob.size), route, reader, way)? {
            let mut broken = self.broken();
            let times = broken.times.entry(digest).or_default();
            *times += 1;
            if *times > MAX_BROKEN_OFF {
                return Err(error);
            }
            tracing::debug!(%error, %digest, "to be sent from its beginning");
            broken.again.insert(digest);
        }
        Ok(())
    }

    /// What has to be put once more.
    pub(super) fn again(&self) -> BTreeSet<Digest> {
        mem::take(&mut self.broken().again)
    }
}

fn send(ctx: &Ctx, blob: (&Digest, u64), route: &Route, reader: &mut dyn Read, way: Way) -> Result<Sent> {
    let (digest, size) = blob;
    let (first, registry) = &route.to;
    if let Sent::BrokenOff(e) = registry.push_blob(ctx, first, blob, &mut pieces(reader)?, way)? {
        return Ok(Sent::BrokenOff(e));
    }
    for (repository, registry) in &route.then {
        if !registry.mount(ctx, repository, digest, first)? {
            // A registry that mounts nothing gets it back from itself.
            let mut back = registry.blob(ctx, first, digest, size);
            let pieces = &mut pieces(&mut back)?;
            if let Sent::BrokenOff(e) = registry.push_blob(ctx, repository, blob, pieces, way)? {
                return Ok(Sent::BrokenOff(e));
            }
        }
    }
    Ok(Sent::Whole)
}

/// What `reader` gives. The last piece comes when it is known to be the last: nothing ends an upload that is wrong.
fn pieces(reader: &mut dyn Read) -> Result<impl Iterator<Item = Result<Bytes>>> {
    let mut next = read_piece(reader)?;
    Ok(iter::from_fn(move || {
        let piece = mem::take(&mut next);
        (!piece.is_empty()).then(|| {
            next = read_piece(reader)?;
            Ok(piece)
        })
    }))
}

/// The next bytes of `reader`; none at its end.
fn read_piece(reader: &mut dyn Read) -> Result<Bytes> {
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    let piece = &mut reader.take(PIECE_BYTES as u64);
    piece.read_to_end(&mut bytes).map_err(|e| Error::from_stream(Code::Read, e))?;
    Ok(bytes.into())
}
