//! A bundle under a new key.

use std::{path::Path, sync::Arc};

use super::{
    PackOptions, PackReport, Unlocked, check_output,
    pack::{check_recipients, layout, volumes},
};
use crate::{
    bundle::{self, BundleKeys},
    crypto::{Key, random},
    digest::hex,
    error::Result,
    job::Ctx,
    keyslot::Recipients,
    oci::Image,
    pipeline,
};

/// Writes what `unlocked` holds to a new bundle at `out`, under a new key and locked for `recipients` alone. Unlike a
/// change of slots this keeps former holders of keys out of it, and it is another bundle: with another fingerprint, and
/// without the signatures of the old one. Of `options`, the level is not used: nothing is compressed anew.
///
/// # Errors
/// Damage to the old bundle; [`crate::Code::Exists`]. On any error no file is left.
pub fn reseal(
    ctx: &Ctx,
    unlocked: &Unlocked,
    out: &Path,
    recipients: impl Into<Recipients>,
    options: &PackOptions,
) -> Result<PackReport> {
    let recipients = recipients.into();
    check_recipients(&recipients)?;
    let layout = layout(options, unlocked.bundle.header().geometry.record_bytes)?;
    check_output(out, options.existing)?;
    bundle::settle(out)?;
    let keys = Arc::new(BundleKeys::new(Key::random(), random()));
    let slots = recipients.start(ctx, &keys, options.kdf.cost(), Vec::new())?;
    let sealed = pipeline::reseal(ctx, &unlocked.bundle, out, layout, options.existing, &keys, slots)?;
    bundle::commit(ctx, vec![sealed.ready])?;
    let index = unlocked.bundle.index();
    Ok(PackReport {
        volumes: volumes(out, sealed.header.geometry.num_volumes),
        bundle_bytes: sealed.num_bytes,
        kept_bytes: 0,
        fingerprint: hex(&sealed.header.fingerprint()),
        num_images: index.images.len(),
        sum_bytes: unlocked.images.iter().map(Image::size_bytes).sum(),
        unique_bytes: index.frames.iter().map(|frame| u64::from(frame.2)).sum(),
        signature: None,
    })
}
