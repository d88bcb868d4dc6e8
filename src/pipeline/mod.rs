//! Packing, as threads with bounded queues: read → chunk and hash → compress → seal → write.
//!
//! One thread reads and cuts, one hashes, the pool compresses and seals, one writes; the calling thread
//! hands compressed frames on in order. Memory is the queues and the table of chunks.

mod chunk;
mod dedupe;
mod journal;
mod read;
mod reseal;

use std::{borrow::Cow, path::Path, sync::Arc};

#[cfg(any(test, fuzzing))]
pub(crate) use journal::rewritten;
pub(crate) use journal::{Interrupted, Journal, Runs};
pub(crate) use reseal::reseal;

use crate::{
    bundle::{
        Additions, Begin, BundleKeys, BundleWriter, Frame, ImageEntry, Index, Layout, Sealed, Statement, Tlv,
        VendorSignature,
    },
    crypto::SigningKey,
    error::{Error, Result},
    fs::Existing,
    job::{
        Ctx, Phase,
        ordered::{OrderedReceiver, ordered},
    },
    keyslot::PendingSlot,
    plan::{PackContent, PackPlan},
};

/// Most frames of 4 MiB in flight, however many cores there are: about 150 MiB with their results.
const MAX_FRAMES_IN_FLIGHT: usize = 24;

/// How to write a bundle.
pub(crate) struct Settings {
    pub(crate) layout: Layout,
    /// zstd level.
    pub(crate) level: i32,
    pub(crate) existing: Existing,
    /// RFC 3339.
    pub(crate) created: String,
    /// Of the header.
    pub(crate) extensions: Vec<u8>,
    pub(crate) signing: Option<Signing>,
}

/// The vendor's signature that the bundle will bear.
pub(crate) struct Signing {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) statement: Statement,
}

/// What a run begins with.
pub(crate) struct Start {
    pub(crate) keys: Arc<BundleKeys>,
    pub(crate) slots: Vec<PendingSlot>,
    pub(crate) begin: Begin,
    pub(crate) runs: Runs,
}

/// A pack that is complete, but for the names of its files.
pub(crate) struct Packed<'a> {
    pub(crate) sealed: Sealed,
    /// Goes when the files have their names.
    pub(crate) journal: Journal,
    /// What it holds.
    pub(crate) content: Cow<'a, PackContent>,
    /// Bytes left after deduplication, before compression.
    pub(crate) unique_content_bytes: u64,
}

/// Appends frames as they come, and drops their end; `false` when the writing thread stopped, which knows why.
fn append_all(writer: &mut BundleWriter, frames: OrderedReceiver<Frame>) -> Result<bool> {
    for frame in frames {
        if writer.append(&frame?).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes the bundle of `plan` for `path`, under partial names. On any error nothing is left.
pub(crate) fn pack<'a>(
    ctx: &Ctx,
    plan: &'a PackPlan,
    path: &Path,
    settings: &Settings,
    start: Start,
) -> Result<Packed<'a>> {
    let Start { keys, slots, begin, runs } = start;
    ctx.enter(Phase::Pack, plan.unique_bytes());
    let in_flight = (2 * rayon::current_num_threads() + 2).min(MAX_FRAMES_IN_FLIGHT);
    let (existing, layout) = (settings.existing, settings.layout);
    let mut writer = BundleWriter::create(ctx, path, existing, layout, Arc::clone(&keys), begin, in_flight)?;
    let (frames_in, frames_out) = ordered::<Frame>(in_flight);

    let (read, slots) = std::thread::scope(|scope| {
        // A slot's key is derived while the images are read; from then on the run can be continued.
        let slots = scope.spawn(|| {
            let wrap = |slot: PendingSlot| slot.wrap(ctx, keys.set_id(), keys.bundle_key());
            let slots = slots.into_iter().map(wrap).collect::<Result<Vec<_>>>()?;
            Ok((runs.begin(keys.set_id(), &slots), slots))
        });
        let reader = std::thread::Builder::new()
            .name("reader".into())
            .spawn_scoped(scope, || read::read_sources(ctx, plan, settings.level, frames_in))
            .map_err(|e| Error::read(path, e));
        let reader = match reader {
            Ok(reader) => reader,
            Err(e) => return (Err(e), slots.join().map_err(Error::panicked).flatten()),
        };
        // Breaking off drops the frames' end, which stops the reader.
        let appended = append_all(&mut writer, frames_out);
        let read = reader.join().map_err(Error::panicked).flatten();
        let read = match appended {
            Ok(true) => read.map(Some),
            Ok(false) => Ok(None),
            Err(e) => Err(e),
        };
        (read, slots.join().map_err(Error::panicked).flatten())
    });
    let ended = match read {
        Ok(Some(read)) => slots.map(|slots| (read, slots)),
        Ok(None) => return Err(writer.abort()),
        Err(e) => Err(e),
    };
    let (read, (journal, slots)) = match ended {
        Ok(ended) => ended,
        Err(e) => {
            writer.abort();
            return Err(e);
        }
    };

    let images = read.content.images.iter().map(|image| ImageEntry {
        names: image.names.iter().map(ToString::to_string).collect(),
        target: image.target.digest,
        synthesized: image.synthesized,
    });
    let index = Index {
        created: settings.created.clone(),
        tool: concat!("sealift ", env!("CARGO_PKG_VERSION")).into(),
        images: images.collect(),
        blobs: read.blobs,
        frames: Vec::new(),
    };
    let sign = |core: &_| {
        let sign = |Signing { key, statement }: &Signing| VendorSignature::sign(key, core, statement.clone());
        let signature = settings.signing.as_ref().map(|signing| sign(signing).encode());
        Tlv::encode_all(signature.as_slice())
    };
    let additions =
        Additions { slots, base_root: [0; 32], extensions: settings.extensions.clone(), sign: &sign };
    let sealed = writer.seal(ctx, index, additions)?;
    Ok(Packed { sealed, journal, content: read.content, unique_content_bytes: read.unique_bytes })
}
