//! An engine that is being written to: one stream into it, then a look at what it holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
    path::PathBuf,
    sync::Arc,
};

use super::{Held, has_unnamed, id_of};
use crate::{
    dest::{Destination, image_tar::ImageTar, layout::blob_path, preflight::read_back_mismatch},
    digest::Digest,
    engine::{Engine, Load},
    error::{Code, Error, Fact, Result},
    fs::free_bytes,
    job::Ctx,
    oci::{Descriptor, Name},
};

/// The way into an engine; closed where there is nothing to send, or after it failed.
pub(super) struct Loading(pub(super) Option<Box<dyn Load>>);

impl Write for Loading {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), Write::flush)
    }
}

pub(super) struct EngineDestination {
    pub(super) ctx: Ctx,
    pub(super) engine: Arc<dyn Engine>,
    /// A path where the engine keeps images, if that is on this machine.
    pub(super) room_at: Option<PathBuf>,
    pub(super) tar: ImageTar<Loading>,
    /// Names and contents of the last files of the tar.
    pub(super) documents: Vec<(&'static str, Vec<u8>)>,
    /// Tags to be kept under a second name before they move.
    pub(super) backups: Vec<(Name, Name)>,
    pub(super) held: Held,
    /// Image IDs and names that must be there in the end.
    pub(super) expected: Vec<(Digest, Vec<Name>)>,
    /// Layers that are sent unpacked, and their diffIDs.
    pub(super) unpacked: BTreeMap<Digest, Digest>,
    /// Documents of the images alone, where what is sent with them cannot be unpacked: they are loaded once more, and
    /// unpacked then.
    pub(super) then: Option<Vec<(&'static str, Vec<u8>)>>,
}

impl EngineDestination {
    fn append(&mut self, name: &str, size: u64, reader: &mut dyn Read) -> Result<()> {
        let appended = self.tar.append(name, size, reader);
        self.taken(appended)
    }

    /// Documents, behind all blobs.
    fn append_all(&mut self, documents: &[(&str, Vec<u8>)]) -> Result<()> {
        documents.iter().try_for_each(|(name, bytes)| self.append(name, bytes.len() as u64, &mut &bytes[..]))
    }

    /// Waits until the engine took everything.
    fn end(&mut self) -> Result<()> {
        if self.tar.get_ref().0.is_some() {
            let ended = self.tar.end();
            self.taken(ended)?;
        }
        self.tar.get_mut().0.take().map_or(Ok(()), Load::end).map_err(in_part)
    }

    /// A broken pipe is no reason: the engine's answer has it.
    fn taken(&mut self, written: io::Result<()>) -> Result<()> {
        written.map_err(|e| {
            let is_broken = e.kind() == io::ErrorKind::BrokenPipe;
            let answer = self.tar.get_mut().0.take_if(|_| is_broken).and_then(Load::failed);
            let error = answer.unwrap_or_else(|| Error::from_stream(Code::EngineFailed, e));
            in_part(error.or_with(Fact::Engine, self.engine.place()))
        })
    }

    /// Asks the engine whether it has what was sent: a full disk, say, goes unreported by some.
    fn read_back(&self) -> Result<()> {
        let images = self.engine.images(&self.ctx, None)?;
        let wrong = |id, found| read_back_mismatch(id, found).with(Fact::Engine, self.engine.place());
        for (id, names) in &self.expected {
            if names.is_empty() && !has_unnamed(&self.ctx, self.engine.as_ref(), id)? {
                return Err(wrong(id, None));
            }
            for name in names {
                let found = id_of(&images, name);
                if found != Some(*id) {
                    return Err(wrong(id, found).with(Fact::Image, name));
                }
            }
        }
        Ok(())
    }
}

/// What an engine took before it failed may stay there.
fn in_part(error: Error) -> Error {
    if matches!(error.code(), Code::EngineFailed | Code::DiskFull) { error.in_part() } else { error }
}

impl Destination for EngineDestination {
    fn present(&self) -> &BTreeSet<Digest> {
        &self.held.skipped
    }

    fn num_unused(&self) -> usize {
        self.held.num_unused
    }

    fn wants_raw(&self, blob: &Descriptor) -> bool {
        self.unpacked.contains_key(&blob.digest)
    }

    fn free_bytes(&self) -> Option<u64> {
        free_bytes(self.room_at.as_deref()?.parent()?)
    }

    fn put(&mut self, blob: &Descriptor, reader: &mut dyn Read) -> Result<()> {
        self.append(&blob_path(&blob.digest), blob.size, reader)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        for (from, to) in &self.backups {
            self.engine.tag(&self.ctx, from, to)?;
        }
        let is_sent = self.tar.get_ref().0.is_some();
        if is_sent {
            let documents = std::mem::take(&mut self.documents);
            self.append_all(&documents)?;
        }
        self.end()?;
        if let Some(documents) = self.then.take().filter(|_| is_sent) {
            self.tar = ImageTar::new(Loading(Some(self.engine.load(&self.ctx)?)));
            self.append_all(&documents)?;
            self.end()?;
        }
        self.read_back()
    }
}

impl Drop for EngineDestination {
    fn drop(&mut self) {
        // Before the tar writes its last blocks, which would make a part look whole.
        self.tar.get_mut().0 = None;
    }
}
