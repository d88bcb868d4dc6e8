//! A bundle anew under another key: the frames are opened and sealed again as they are, without unpacking an image.

use std::{path::Path, sync::Arc};

use crate::{
    bundle::{Additions, Begin, BundleKeys, BundleWriter, Index, Layout, OpenBundle, Sealed},
    error::Result,
    fs::Existing,
    job::{Ctx, Phase},
    keyslot::PendingSlot,
};

/// Records on their way to the file.
const QUEUE_LEN: usize = 8;

/// Writes what `bundle` holds for `path`, sealed under `keys`, under partial names. On any error nothing is left.
pub(crate) fn reseal(
    ctx: &Ctx,
    bundle: &OpenBundle,
    path: &Path,
    layout: Layout,
    existing: Existing,
    keys: &Arc<BundleKeys>,
    slots: Vec<PendingSlot>,
) -> Result<Sealed> {
    let index = bundle.index();
    let stored = index.frames.iter().map(|frame| u64::from(frame.1)).sum();
    ctx.enter(Phase::Pack, stored);
    let mut writer =
        BundleWriter::create(ctx, path, existing, layout, Arc::clone(keys), Begin::Anew, QUEUE_LEN)?;
    for number in 0..index.frames.len() as u32 {
        let frame = match ctx.checkpoint().and_then(|()| bundle.stored_frame(number)) {
            Ok(frame) => frame,
            Err(e) => {
                writer.abort();
                return Err(e);
            }
        };
        if writer.append(&frame).is_err() {
            return Err(writer.abort());
        }
        ctx.advance(frame.stored.len() as u64);
    }
    let wrap = |slot: PendingSlot| slot.wrap(ctx, keys.set_id(), keys.bundle_key());
    let slots = match slots.into_iter().map(wrap).collect::<Result<Vec<_>>>() {
        Ok(slots) => slots,
        Err(e) => {
            writer.abort();
            return Err(e);
        }
    };
    let index = Index { frames: Vec::new(), ..index.clone() };
    let old = bundle.header();
    // It stays the same part of its delivery; signatures of the old bundle do not fit the new one.
    let additions = Additions {
        slots,
        base_root: old.base_root,
        extensions: old.extensions.clone(),
        sign: &|_| Vec::new(),
    };
    writer.seal(ctx, index, additions)
}
