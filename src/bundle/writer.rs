//! Writes a bundle as a stream: frames in, sealed records out, nothing claims to be whole before the end.
//!
//! plaintext → equal pieces → sealed on all cores → one thread that writes volumes in order.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use super::{
    commit::{ReadySet, Replaced, replaced_by},
    frame::Frame,
    header::{COPY_BYTES, CORE_BYTES, Header, Slot},
    index::{FrameEntry, Index, MAX_INDEX_BYTES},
    keys::BundleKeys,
    leftovers::Leftovers,
    record::{Geometry, MAX_VOLUMES, RecordCipher, SealedRecord, new_record_buf, set_root},
    recovery::{self, Shape, VolumeFiles},
    volume::{encode_trailer, encode_volume_head, records_per_volume, volume_path, volume_root},
};
use crate::{
    crypto::NONCE_BYTES,
    error::{Code, Error, Fact, Result},
    fs::{Existing, PartialFile, WrittenFile, write_all_at},
    job::{
        Ctx, Phase,
        ordered::{OrderedReceiver, OrderedSender, ordered},
    },
};

/// How the byte space is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) record_bytes: u32,
    /// Largest file; `None` for one file of any size.
    pub(crate) volume_bytes: Option<u64>,
    /// Recovery data as a share of the records, 1 to 100; `None` for none.
    pub(crate) recovery_percent: Option<u8>,
}

impl Layout {
    /// Full records in each volume; `u32::MAX` stands for "all".
    fn volume_records(self) -> Result<u32> {
        let Some(volume_bytes) = self.volume_bytes else { return Ok(u32::MAX) };
        let num = match self.recovery_percent {
            None => records_per_volume(volume_bytes, self.record_bytes),
            Some(percent) => recovery::records_per_volume(volume_bytes, self.record_bytes, percent),
        };
        match num {
            0 => Err(Error::new(Code::BadVolumeSize).with(Fact::Found, volume_bytes)),
            num => Ok(num),
        }
    }
}

/// Whether a bundle is begun anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    Anew,
    /// An interrupted run is continued.
    Continue,
}

/// A bundle being written. Dropped before [`BundleWriter::seal`], it leaves no file.
pub(crate) struct BundleWriter {
    keys: Arc<BundleKeys>,
    cipher: Arc<RecordCipher>,
    layout: Layout,
    buf: Vec<u8>,
    num_records: u64,
    payload_bytes: u64,
    queue: OrderedSender<SealedRecord>,
    writer: JoinHandle<Result<VolumesWriter>>,
    leftovers: Option<Arc<Leftovers>>,
    frames: Vec<FrameEntry>,
}

/// A bundle that was sealed: complete, and still to be given its names by [`commit`](super::commit).
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) header: Header,
    pub(crate) ready: ReadySet,
    /// Bytes of all volumes together.
    pub(crate) num_bytes: u64,
    /// Of these, what an interrupted run had written.
    pub(crate) kept_bytes: u64,
}

impl BundleWriter {
    /// Starts the bundle at `path`; `queue_len` records may wait to be sealed or written. With `begin` to continue, what
    /// an interrupted run left under these keys is taken over.
    pub(crate) fn create(
        ctx: &Ctx,
        path: &Path,
        existing: Existing,
        layout: Layout,
        keys: Arc<BundleKeys>,
        begin: Begin,
        queue_len: usize,
    ) -> Result<Self> {
        let volumes = VolumesWriter::create(path, existing, layout, Arc::clone(&keys), begin)?;
        let leftovers = match begin {
            Begin::Anew => None,
            Begin::Continue => {
                Some(Arc::new(Leftovers::new(path, layout.record_bytes, volumes.volume_records)))
            }
        };
        let (queue, sealed) = ordered(queue_len);
        let ctx = ctx.clone();
        let writer = std::thread::Builder::new()
            .name("volumes".into())
            .spawn(move || volumes.write_all(&ctx, sealed))
            .map_err(|e| Error::write(path, e))?;
        let cipher = Arc::new(RecordCipher::new(Arc::clone(&keys)));
        let buf = new_record_buf(layout.record_bytes);
        Ok(Self {
            keys,
            cipher,
            layout,
            buf,
            num_records: 0,
            payload_bytes: 0,
            queue,
            writer,
            leftovers,
            frames: Vec::new(),
        })
    }

    /// Appends a frame. Frames are numbered in the order they come.
    ///
    /// # Errors
    /// Fails without the cause when the writing thread stopped; [`BundleWriter::abort`] has it.
    pub(crate) fn append(&mut self, frame: &Frame) -> std::result::Result<(), WriterStopped> {
        // Bounded by FRAME_BYTES and one chunk.
        self.frames.push(FrameEntry::new(frame.codec, frame.stored.len() as u32, frame.plain_len));
        self.append_plain(&frame.stored)
    }

    fn append_plain(&mut self, mut plain: &[u8]) -> std::result::Result<(), WriterStopped> {
        self.payload_bytes += plain.len() as u64;
        let full = NONCE_BYTES + self.layout.record_bytes as usize;
        while !plain.is_empty() {
            // A full record is held back until more comes: only then is it known not to be the last.
            if self.buf.len() == full {
                self.seal_record(false)?;
            }
            let (head, rest) = plain.split_at(plain.len().min(full - self.buf.len()));
            self.buf.extend_from_slice(head);
            plain = rest;
        }
        Ok(())
    }

    fn seal_record(&mut self, is_last: bool) -> std::result::Result<(), WriterStopped> {
        let buf = std::mem::replace(&mut self.buf, new_record_buf(self.layout.record_bytes));
        let (cipher, number) = (Arc::clone(&self.cipher), self.num_records);
        self.num_records += 1;
        let leftovers = self.leftovers.clone();
        let seal = move || {
            let left = leftovers.and_then(|left| left.record(&cipher, number, is_last, &buf[NONCE_BYTES..]));
            left.unwrap_or_else(|| cipher.seal(number, is_last, buf))
        };
        self.queue.spawn(seal).map_err(|_| WriterStopped)
    }

    /// Gives up: waits for the writing thread, so that the files are gone, and returns the error that stopped
    /// it, or cancellation.
    pub(crate) fn abort(self) -> Error {
        drop(self.queue);
        match self.writer.join().map_err(Error::panicked).flatten() {
            Err(error) => error,
            Ok(_) => Error::new(Code::Cancelled),
        }
    }

    /// Writes the index (frames are filled in) and the header, and flushes.
    pub(crate) fn seal(mut self, ctx: &Ctx, mut index: Index, additions: Additions<'_>) -> Result<Sealed> {
        index.frames = std::mem::take(&mut self.frames);
        // A bundle that its own reader refused would be lost: the rules hold before anything is sealed.
        index.check(self.payload_bytes)?;
        let index = index.encode()?;
        let index_offset = self.payload_bytes;
        debug_assert!(index.len() as u64 <= MAX_INDEX_BYTES);
        if self.append_plain(&index).is_err() || self.seal_record(true).is_err() {
            return Err(self.abort());
        }
        drop(self.queue);
        let mut volumes = self.writer.join().map_err(Error::panicked).flatten()?;
        let num_volumes = volumes.roots.len() as u32;
        let geometry = Geometry {
            record_bytes: self.layout.record_bytes,
            volume_records: if num_volumes == 1 { 0 } else { volumes.volume_records },
            num_volumes,
            num_records: self.num_records,
            payload_bytes: self.payload_bytes,
            index_offset,
            index_bytes: index.len() as u64,
        };
        let Additions { slots, base_root, extensions, sign } = additions;
        let mut header = Header {
            set_id: *self.keys.set_id(),
            geometry,
            set_root: set_root(self.keys.set_id(), &volumes.roots),
            base_root,
            commitment: self.keys.commitment(),
            sequence: 1,
            slots,
            extensions,
            signatures: Vec::new(),
        };
        header.signatures = sign(&header.core());
        if let Some(percent) = self.layout.recovery_percent {
            volumes.add_recovery(ctx, Shape::of_percent(geometry, percent))?;
        }
        ctx.enter(Phase::Flush, 0);
        let kept_bytes = volumes.kept_bytes;
        let num_bytes = volumes.num_bytes;
        let ready = volumes.finish(ctx, &header)?;
        Ok(Sealed { header, ready, num_bytes, kept_bytes })
    }
}

impl Begin {
    fn open(self, path: &Path) -> Result<PartialFile> {
        match self {
            Self::Anew => PartialFile::create_of_set(path),
            Self::Continue => PartialFile::reuse_of_set(path),
        }
    }
}

/// What stands in a header beside what was written.
pub(crate) struct Additions<'a> {
    pub(crate) slots: Vec<Slot>,
    pub(crate) base_root: [u8; 32],
    pub(crate) extensions: Vec<u8>,
    /// Gives the signatures over a core.
    pub(crate) sign: &'a dyn Fn(&[u8; CORE_BYTES]) -> Vec<u8>,
}

/// The writing thread ended early.
#[derive(Debug)]
pub(crate) struct WriterStopped;

/// The files: one open at a time beside the first, whose header comes last; all partial until all are whole.
struct VolumesWriter {
    path: PathBuf,
    /// Files that are there and will be replaced.
    replaced: Vec<Replaced>,
    volume_records: u32,
    /// Whether trailers end with their record hashes until there is recovery data.
    is_trailer_deferred: bool,
    keys: Arc<BundleKeys>,
    begin: Begin,
    first: PartialFile,
    /// Whole later volumes, flushed and closed.
    done: Vec<WrittenFile>,
    /// The volume being written, when it is not the first.
    later: Option<PartialFile>,
    hashes: Vec<u8>,
    position: u64,
    first_record: u64,
    roots: Vec<[u8; 32]>,
    num_bytes: u64,
    /// Bytes of records that were there already.
    kept_bytes: u64,
}

impl VolumesWriter {
    fn create(
        path: &Path,
        existing: Existing,
        layout: Layout,
        keys: Arc<BundleKeys>,
        begin: Begin,
    ) -> Result<Self> {
        let mut this = Self {
            path: path.to_owned(),
            replaced: replaced_by(path, existing, None)?,
            volume_records: layout.volume_records()?,
            is_trailer_deferred: layout.recovery_percent.is_some(),
            first: begin.open(path)?,
            keys,
            begin,
            done: Vec::new(),
            later: None,
            hashes: Vec::new(),
            position: 0,
            first_record: 0,
            roots: Vec::new(),
            num_bytes: 0,
            kept_bytes: 0,
        };
        this.write(&Header::unsealed_copy(this.keys.set_id()).repeat(2))?;
        Ok(this)
    }

    /// Appends to the volume being written.
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let file = self.later.as_mut().unwrap_or(&mut self.first);
        file.write_all(bytes).map_err(|e| Error::write(file.path(), e))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Leaves what an interrupted run wrote.
    fn skip(&mut self, len: u64) -> Result<()> {
        self.later.as_mut().unwrap_or(&mut self.first).skip(len)?;
        self.position += len;
        self.kept_bytes += len;
        Ok(())
    }

    /// The writing thread: takes sealed records in order until there are no more.
    fn write_all(mut self, ctx: &Ctx, sealed: OrderedReceiver<SealedRecord>) -> Result<Self> {
        for record in sealed {
            let record = record?;
            ctx.checkpoint()?;
            if self.hashes.len() as u64 / 32 == u64::from(self.volume_records) {
                self.finish_volume()?;
                self.start_volume()?;
            }
            if record.is_there {
                self.skip(record.bytes.len() as u64)?;
            } else {
                self.write(&record.bytes)?;
            }
            self.hashes.extend_from_slice(&record.hash);
        }
        self.finish_volume()?;
        Ok(self)
    }

    fn start_volume(&mut self) -> Result<()> {
        let volume = self.roots.len() as u32;
        if volume == MAX_VOLUMES {
            return Err(Error::new(Code::BadVolumeSize).with(Fact::Limit, MAX_VOLUMES));
        }
        self.position = 0;
        let path = volume_path(&self.path, volume);
        self.later = Some(self.begin.open(&path)?);
        self.write(&encode_volume_head(self.keys.set_id(), volume))
    }

    /// Writes the trailer of the current volume; a later one is flushed and closed.
    fn finish_volume(&mut self) -> Result<()> {
        let volume = self.roots.len() as u32;
        let hashes = std::mem::take(&mut self.hashes);
        let root = if self.is_trailer_deferred {
            self.write(&hashes)?;
            volume_root(self.keys.set_id(), volume, self.first_record, &hashes)
        } else {
            let (trailer, root) =
                encode_trailer(&self.keys, volume, self.first_record, self.position, &hashes);
            self.write(&trailer)?;
            root
        };
        // What an interrupted run left behind its end is not ours.
        self.later.as_ref().unwrap_or(&self.first).end_at(self.position)?;
        self.first_record += hashes.len() as u64 / 32;
        self.num_bytes += self.position;
        self.roots.push(root);
        if let Some(file) = self.later.take() {
            self.done.push(file.finish()?);
        }
        Ok(())
    }

    /// Computes the recovery data of the records that were written, and writes what trailers still lack.
    fn add_recovery(&mut self, ctx: &Ctx, shape: Shape) -> Result<()> {
        let write = |e| Error::write(&self.path, e);
        self.first.end_write_behind().map_err(write)?;
        let later = self.done.iter().map(|file| file.path().to_owned());
        let paths = std::iter::once(self.first.path().to_owned()).chain(later).collect();
        let files = VolumeFiles::open(shape, paths)?;
        recovery::write(ctx, &files, &self.keys, &self.roots)?;
        self.num_bytes = (0..shape.geometry.num_volumes).map(|volume| shape.places(volume).len).sum();
        ctx.enter(Phase::Flush, 0);
        // The first is flushed with its header.
        (1..shape.geometry.num_volumes).try_for_each(|volume| files.finish(volume))
    }

    /// Flushes, seals header B then A.
    fn finish(self, ctx: &Ctx, header: &Header) -> Result<ReadySet> {
        let copy = header.encode(&self.keys)?;
        let mut first = self.first;
        first.end_write_behind().map_err(|e| Error::write(first.path(), e))?;
        first.sync()?;
        for offset in [COPY_BYTES as u64, 0] {
            write_all_at(first.file(), &copy, offset).map_err(|e| Error::write(first.path(), e))?;
            first.sync()?;
        }
        ctx.checkpoint()?;
        let files = std::iter::once(first.finish_locked()?).chain(self.done).collect();
        Ok(ReadySet { path: self.path, files, replaced: self.replaced, is_new: true })
    }
}
