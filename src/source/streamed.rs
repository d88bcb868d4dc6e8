//! A `docker save` as it comes from an engine: no file, read once from front to back.
//!
//! Layers go into the lane while the stream runs; which image each belongs to is told at its end.

use std::{collections::BTreeMap, io::Read};

use super::{
    BlobSink, ImageList, Intake,
    directory::{Directory, FileEntry, Files, is_document, look_into, refuse_long, tar_error},
    docker_archive::read_list,
    entries::{Entry, Tar},
};
use crate::{
    digest::Digest,
    error::{Fact, Result},
    job::Ctx,
};

/// A stream that was read to its end.
struct Streamed {
    directory: Directory,
    title: String,
}

/// Puts the layers of the archive `stream` into a lane of `intake`, and returns the images it held. Their
/// documents stand in [`ImageList::made`].
pub(super) fn read_stream(
    ctx: &Ctx,
    stream: &mut dyn Read,
    intake: &dyn Intake,
    title: &str,
) -> Result<ImageList> {
    let mut directory = Directory::default();
    let mut put = Vec::new();
    let found = intake.lane(&mut |sink| {
        let mut tar = Tar::new(&mut *stream);
        directory.scan(ctx, tar.entries()?, |kept, name, entry| {
            take_file(kept, name, entry, &mut put, sink).map_err(|e| e.or_with(Fact::Entry, name))
        })?;
        // The engine's last words (an error in mid-stream) stand behind the end of the tar.
        std::io::copy(stream, &mut std::io::sink()).map_err(tar_error).map(drop)
    })?;
    for (name, (digest, _)) in put.iter().zip(found) {
        directory.set_hashed(name, digest);
    }
    let streamed = Streamed { directory, title: title.to_owned() };
    let (mut list, _) = read_list(ctx, &streamed)?;
    let documents: BTreeMap<Digest, &Vec<u8>> =
        streamed.directory.all_kept().map(|bytes| (Digest::of(bytes), bytes)).collect();
    for digest in list.images.iter().flat_map(|image| image.blobs().into_keys()) {
        if let Some(bytes) = documents.get(&digest) {
            list.made.insert(digest, (*bytes).clone());
        }
    }
    Ok(list)
}

/// Keeps a document, sends what may be a layer into the lane, and passes over the rest.
fn take_file<R: Read>(
    kept: &mut Directory,
    name: &str,
    entry: &mut Entry<'_, R>,
    put: &mut Vec<String>,
    sink: &mut BlobSink<'_>,
) -> Result<FileEntry> {
    let (found, head) = look_into(name, entry)?;
    match head {
        None => {}
        Some(head) if is_document(name, found.size, &head) => kept.keep(name, head, found.size, entry)?,
        Some(head) => {
            sink(None, &mut head.chain(entry))?;
            put.push(name.to_owned());
        }
    }
    Ok(found)
}

impl Files for Streamed {
    fn resolve(&self, name: &str) -> Option<(&str, FileEntry)> {
        self.directory.resolve(name)
    }

    fn read_small(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        let Some((name, entry)) = self.resolve(name) else { return Ok(None) };
        refuse_long(name, entry.size, max_bytes)?;
        self.directory.kept(name).map(|bytes| Some(bytes.to_vec()))
    }

    fn title(&self) -> String {
        self.title.clone()
    }
}
