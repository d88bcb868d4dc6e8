//! The answer to a repair request: header, trailers and records of a bundle, each in full. docs/bundle-format.md §13.2.
//!
//! Every length is held against the bundle's geometry before memory is taken for it. What is in an answer counts only
//! once it has the hash that belongs to it; its checksum finds a transfer that went wrong.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use bytes::BufMut;
use sha2::{Digest, Sha256};

use super::{
    request::RepairRequest,
    scan::{MAX_DAMAGED, Scanned},
};
use crate::{
    bundle::{COPY_BYTES, Given, Header, RECORD_OVERHEAD, Shape, pieces, record_hash},
    digest::hex,
    error::{Code, Error, Fact, Result},
    fs::{Existing, PartialFile, open_file, read_exact_at},
    job::{Ctx, Phase},
};

const MAGIC: &[u8; 8] = b"\x89SLFA\r\n\x1a";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 128;
const PART_BYTES: usize = 24;
const END: u32 = 0;
const HEADER: u32 = 1;
const TRAILER: u32 = 2;
const RECORD: u32 = 3;

/// An answer whose checksum matched.
pub(crate) struct Answer {
    file: File,
    path: PathBuf,
    shape: Shape,
    /// A header copy, if it has one.
    pub(super) header: Option<Vec<u8>>,
    /// Numbers of records, ascending, and where they lie.
    records: Vec<(u64, u64)>,
}

/// Writes what `request` asks for, from the whole bundle that was scanned.
pub(super) fn write(
    ctx: &Ctx,
    scanned: &Scanned,
    header_copy: &[u8],
    request: &RepairRequest,
    out: &Path,
    existing: Existing,
) -> Result<u64> {
    let (header, shape) = (&scanned.header, scanned.shape());
    let num_records = request.num_records();
    ctx.enter(Phase::Recover, num_records * u64::from(shape.geometry.record_bytes));
    let mut writer = Writer::create(out, existing)?;
    writer.put(&encode_head(header, shape))?;
    if request.header {
        writer.part(HEADER, 0, header_copy)?;
    }
    for volume in &request.trailers {
        writer.begin_part(TRAILER, u64::from(*volume), shape.summary_bytes(volume - 1))?;
        scanned.survey.each_piece(ctx, volume - 1, &mut |piece| writer.put(piece))?;
    }
    let mut buf = Vec::new();
    for number in request.records.iter().flat_map(|(first, last)| *first..=*last) {
        ctx.checkpoint()?;
        let damaged = |e: Option<Error>| {
            let error = Error::new(Code::RecordDamaged).with(Fact::Record, number);
            match e {
                Some(e) => error.caused_by(e),
                None => error,
            }
        };
        let hash = scanned.survey.record_hash(number)?;
        scanned.survey.files.read_record(number, &mut buf).map_err(|e| damaged(Some(e)))?;
        if hash != Some(record_hash(&buf)) {
            return Err(damaged(None));
        }
        writer.part(RECORD, number, &buf)?;
        ctx.advance(buf.len() as u64);
    }
    writer.finish()
}

fn encode_head(header: &Header, shape: &Shape) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.put_slice(MAGIC);
    head.put_u32_le(VERSION);
    head.put_u32_le(shape.per_group);
    head.put_slice(&header.set_id);
    head.put_slice(&header.fingerprint());
    head.resize(HEAD_BYTES - 32, 0);
    let sum = Sha256::digest(&head);
    head.put_slice(&sum);
    head
}

struct Writer {
    file: PartialFile,
    hasher: Sha256,
    num_parts: u64,
    num_bytes: u64,
}

impl Writer {
    fn create(out: &Path, existing: Existing) -> Result<Self> {
        let file = PartialFile::create(out, existing)?;
        Ok(Self { file, hasher: Sha256::new(), num_parts: 0, num_bytes: 0 })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.num_bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| Error::write(self.file.path(), e))
    }

    fn part(&mut self, kind: u32, number: u64, bytes: &[u8]) -> Result<()> {
        self.begin_part(kind, number, bytes.len() as u64)?;
        self.put(bytes)
    }

    fn begin_part(&mut self, kind: u32, number: u64, len: u64) -> Result<()> {
        self.num_parts += 1;
        self.put(&encode_part(kind, number, len))
    }

    fn finish(mut self) -> Result<u64> {
        self.put(&encode_part(END, self.num_parts, 32))?;
        let sum = self.hasher.clone().finalize();
        self.put(&sum)?;
        self.file.commit()?;
        Ok(self.num_bytes)
    }
}

fn encode_part(kind: u32, number: u64, len: u64) -> Vec<u8> {
    let mut part = Vec::with_capacity(PART_BYTES);
    part.put_u32_le(kind);
    part.put_u32_le(0);
    part.put_u64_le(number);
    part.put_u64_le(len);
    part
}

impl Answer {
    /// Opens the answer at `path` for the bundle with `header`; without one the answer must bring it. Gives what is to be
    /// known before records are looked at, too.
    ///
    /// # Errors
    /// [`Code::BadAnswer`] for anything but a whole answer, [`Code::AnswerForeign`] for that of another bundle.
    pub(crate) fn open(ctx: &Ctx, path: &Path, header: Option<&Header>) -> Result<(Self, Given)> {
        let file = open_file(path)?;
        let len = file.metadata().map_err(|e| Error::read(path, e))?.len();
        let mut reader = Reader { ctx, file: &file, path, at: 0, len, hasher: Sha256::new() };
        let read = reader.read(header);
        let (shape, header, records, mut given) = read.map_err(|e| e.at(path))?;
        given.file = Some(file.try_clone().map_err(|e| Error::read(path, e))?);
        Ok((Self { file, path: path.to_owned(), shape, header, records }, given))
    }

    /// Numbers of the records it has, ascending.
    pub(super) fn records(&self) -> impl Iterator<Item = u64> {
        self.records.iter().map(|(number, _)| *number)
    }

    /// A record that it has.
    pub(super) fn read_record(&self, number: u64) -> Result<Vec<u8>> {
        let at = self.records.binary_search_by_key(&number, |(number, _)| *number);
        let (_, offset) =
            at.ok().and_then(|at| self.records.get(at)).ok_or_else(|| bad("detail-repair-record"))?;
        let mut record = vec![0; self.shape.geometry.plain_len(number) + RECORD_OVERHEAD as usize];
        read_exact_at(&self.file, &mut record, *offset).map_err(|e| Error::read(&self.path, e))?;
        Ok(record)
    }
}

struct Reader<'a> {
    ctx: &'a Ctx,
    file: &'a File,
    path: &'a Path,
    at: u64,
    len: u64,
    hasher: Sha256,
}

type Parts = (Shape, Option<Vec<u8>>, Vec<(u64, u64)>, Given);

impl Reader<'_> {
    /// The next bytes, which the file must have.
    fn take(&mut self, len: u64) -> Result<Vec<u8>> {
        if len > self.len - self.at {
            return Err(bad("detail-repair-cut-short").with(Fact::Found, self.len));
        }
        let mut bytes = vec![0; len as usize];
        read_exact_at(self.file, &mut bytes, self.at).map_err(|e| Error::read(self.path, e))?;
        self.at += len;
        Ok(bytes)
    }

    /// As [`Self::take`], under the checksum.
    fn take_summed(&mut self, len: u64) -> Result<Vec<u8>> {
        let bytes = self.take(len)?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }

    /// Leaves the next bytes where they are, under the checksum; returns their offset.
    fn skip_summed(&mut self, len: u64) -> Result<u64> {
        let offset = self.at;
        for (_, piece) in pieces(len) {
            self.ctx.checkpoint()?;
            self.take_summed(piece as u64)?;
        }
        Ok(offset)
    }

    fn read(&mut self, known: Option<&Header>) -> Result<Parts> {
        let head = self.take_summed(HEAD_BYTES as u64)?;
        if !head.starts_with(MAGIC) || Sha256::digest(&head[..HEAD_BYTES - 32])[..] != head[HEAD_BYTES - 32..]
        {
            return Err(bad("detail-repair-head"));
        }
        if head[8..12] != VERSION.to_le_bytes() {
            return Err(bad("detail-repair-version"));
        }
        let mut part = self.part()?;
        let mut brought = None;
        if part.0 == HEADER && part.2 == COPY_BYTES as u64 {
            let copy = self.take_summed(part.2)?;
            let (header, _) = Header::decode(&copy).map_err(|_| bad("detail-repair-header"))?;
            brought = Some((header, copy));
            part = self.part()?;
        }
        let header = known.or(brought.as_ref().map(|(header, _)| header));
        let header = header.ok_or_else(|| Error::new(Code::HeaderDamaged))?;
        let is_ours = head[16..48] == header.set_id && head[48..80] == header.fingerprint();
        let is_same =
            brought.as_ref().is_none_or(|(brought, _)| brought.fingerprint() == header.fingerprint());
        if !is_ours || !is_same {
            return Err(Error::new(Code::AnswerForeign).with(Fact::Found, hex(&head[48..80])));
        }
        let per_group =
            u32::from_le_bytes(*head[12..].first_chunk().ok_or_else(|| bad("detail-repair-head"))?);
        let shape = Shape::new(header.geometry, per_group).ok_or_else(|| bad("detail-repair-head"))?;
        let mut given = Given { per_group, ..Given::default() };
        let mut records: Vec<(u64, u64)> = Vec::new();
        let mut num_parts = u64::from(brought.is_some());
        loop {
            self.ctx.checkpoint()?;
            let (kind, number, len) = part;
            match kind {
                TRAILER
                    if records.is_empty()
                        && (1..=u64::from(header.geometry.num_volumes)).contains(&number) =>
                {
                    let volume = number as u32 - 1;
                    let ascends = given.summaries.last_key_value().is_none_or(|(last, _)| *last < volume);
                    if len != shape.summary_bytes(volume) || !ascends {
                        return Err(bad("detail-repair-trailer"));
                    }
                    given.summaries.insert(volume, self.skip_summed(len)?);
                }
                // No more than can be listed as damaged.
                RECORD if number < header.geometry.num_records && (records.len() as u64) < MAX_DAMAGED => {
                    let ascends = records.last().is_none_or(|(last, _)| *last < number);
                    if len != header.geometry.plain_len(number) as u64 + RECORD_OVERHEAD || !ascends {
                        return Err(bad("detail-repair-record"));
                    }
                    records.push((number, self.skip_summed(len)?));
                }
                END if number == num_parts && len == 32 => {
                    let sum = self.hasher.clone().finalize();
                    let is_whole = self.take(32)? == sum[..] && self.at == self.len;
                    let header = brought.map(|(_, copy)| copy);
                    return if is_whole {
                        Ok((shape, header, records, given))
                    } else {
                        Err(bad("detail-repair-checksum"))
                    };
                }
                _ => return Err(bad("detail-repair-part")),
            }
            num_parts += 1;
            part = self.part()?;
        }
    }

    /// Kind, number and length of the next part.
    fn part(&mut self) -> Result<(u32, u64, u64)> {
        let part = self.take_summed(PART_BYTES as u64)?;
        let u64_at = |at: usize| part[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        // Kind, then four zeros.
        let kind = u32::try_from(u64_at(0)).map_err(|_| bad("detail-repair-part"))?;
        Ok((kind, u64_at(8), u64_at(16)))
    }
}

fn bad(what: &str) -> Error {
    Error::new(Code::BadAnswer).worded(Fact::Detail, what, &[])
}
