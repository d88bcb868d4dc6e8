//! A blob in chunks that are kept until they arrived. distribution-spec, "Pushing a blob in chunks".

use std::{iter, mem};

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_RANGE, HeaderMap, HeaderValue, RANGE},
};

use super::{
    Registry,
    push::{Sent, Upload},
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{block_on, failure::from_response, retry},
};

/// Bytes of a chunk, and up to a piece more: small enough to keep several.
const CHUNK_BYTES: usize = 32 << 20;
/// Largest chunk that a registry may ask for.
const MAX_CHUNK_BYTES: usize = 64 << 20;
/// The least a registry takes at once. distribution-spec, "Pushing a blob in chunks".
const CHUNK_MIN_LENGTH: &str = "oci-chunk-min-length";

/// Bytes of a chunk for the registry that began an upload with `response`.
pub(super) fn chunk_bytes(response: &Response) -> usize {
    let least = response.headers().get(CHUNK_MIN_LENGTH);
    let least = least.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    CHUNK_BYTES.max(least).min(MAX_CHUNK_BYTES)
}

impl Registry {
    /// Sends the blob into `upload` and ends it.
    pub(super) fn send_chunks(
        &self,
        ctx: &Ctx,
        upload: &mut Upload,
        repository: &str,
        blob: (&Digest, u64),
        pieces: &mut dyn Iterator<Item = Result<Bytes>>,
    ) -> Result<Sent> {
        let mut tries = retry::Tries::of_blob(blob.1);
        while let Some(chunk) = next_chunk(pieces, upload.chunk_bytes)? {
            let is_first = upload.num_arrived == 0;
            match block_on(ctx, self.send_chunk(upload, chunk.clone(), &mut tries))?? {
                Chunk::Taken => {}
                Chunk::BrokenOff(error) => return Ok(Sent::BrokenOff(error)),
                Chunk::Refused(_) if is_first => {
                    let refused = mem::replace(upload, block_on(ctx, self.begin(repository))??);
                    block_on(ctx, self.give_up(refused))?;
                    let pieces = iter::once(Ok(chunk)).chain(pieces);
                    return match self.send_streamed(ctx, upload, blob, pieces)? {
                        // Neither way is taken.
                        Sent::BrokenOff(e) if !retry::is_worth(&e) => Err(e),
                        sent => Ok(sent),
                    };
                }
                Chunk::Refused(error) => return Err(error),
            }
        }
        block_on(ctx, self.put(upload, repository, blob.0, &Bytes::new(), true))??;
        Ok(Sent::Whole)
    }

    /// Sends `chunk`, and what of it did not arrive once more. `upload.num_arrived` stays inside the chunk.
    async fn send_chunk(&self, upload: &mut Upload, chunk: Bytes, tries: &mut retry::Tries) -> Result<Chunk> {
        let begins = upload.num_arrived;
        let ends = begins + chunk.len() as u64;
        loop {
            let rest = chunk.slice((upload.num_arrived - begins) as usize..);
            tries.moved(rest.len() as u64);
            let patched = self.patch(upload, rest, ends).await;
            tries.progressed(upload.num_arrived);
            let error = match patched {
                Ok(()) if upload.num_arrived == ends => return Ok(Chunk::Taken),
                // Accepted, and by its own word not all of it: sent again, as often as after a failure.
                Ok(()) => {
                    let error = self.mismatch(ends, upload.num_arrived).with(Fact::Field, "Range");
                    if tries.pause(None).await {
                        continue;
                    }
                    return Err(error);
                }
                Err(error) if is_refusal(&error) => return Ok(Chunk::Refused(error)),
                Err(error) => error,
            };
            if !retry::is_worth(&error) || !tries.pause(None).await {
                return Err(error);
            }
            tracing::debug!(%error, at = upload.num_arrived, "asking what arrived");
            if !self.ask_what_arrived(upload, begins..=ends).await? {
                return Ok(Chunk::BrokenOff(error));
            }
            if upload.num_arrived == ends {
                return Ok(Chunk::Taken);
            }
        }
    }

    async fn patch(&self, upload: &mut Upload, bytes: Bytes, ends: u64) -> Result<()> {
        let mut call = upload.call(Method::PATCH);
        let range = format!("{}-{}", upload.num_arrived, ends - 1);
        call.headers.extend(HeaderValue::from_str(&range).ok().map(|value| (CONTENT_RANGE, value)));
        call.body = bytes;
        let response = self.http.send(&call).await?;
        match response.status() {
            StatusCode::ACCEPTED => {
                self.follow(upload, &response)?;
                let arrived = num_arrived(response.headers()).unwrap_or(ends);
                if !(upload.num_arrived..=ends).contains(&arrived) {
                    return Err(self.mismatch(ends, arrived).with(Fact::Field, "Range"));
                }
                upload.num_arrived = arrived;
                Ok(())
            }
            // Out of step with the registry: the next question sets that right.
            StatusCode::RANGE_NOT_SATISFIABLE => {
                Err(Error::new(Code::ConnectionLost).with(Fact::Registry, self.host()))
            }
            _ => Err(from_response(self.host(), response).await),
        }
    }

    /// Whether the registry tells what arrived, and the rest is at hand. distribution-spec, "Getting the status of an
    /// upload".
    async fn ask_what_arrived(
        &self,
        upload: &mut Upload,
        at_hand: std::ops::RangeInclusive<u64>,
    ) -> Result<bool> {
        let response = self.http.send(&upload.call(Method::GET)).await?;
        let arrived = num_arrived(response.headers()).filter(|num| at_hand.contains(num));
        let Some(num) = arrived.filter(|_| response.status().is_success()) else { return Ok(false) };
        self.follow(upload, &response)?;
        upload.num_arrived = num;
        Ok(true)
    }
}

/// How sending a chunk ended.
enum Chunk {
    Taken,
    /// It broke off, and the registry does not go on there.
    BrokenOff(Error),
    /// The registry takes no chunks, or not this one.
    Refused(Error),
}

/// Whether a registry understood, and does not do that.
fn is_refusal(error: &Error) -> bool {
    matches!(error.code(), Code::Unsupported | Code::NotInRegistry | Code::NotARegistry)
}

/// The bytes that `Range: 0-LAST` says arrived; registries write `0-0` when none did.
pub(super) fn num_arrived(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(RANGE)?.to_str().ok()?;
    let last: u64 = range.trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last.saturating_add(1) })
}

/// The next pieces, which are at least `len` bytes together unless they end.
fn next_chunk(pieces: &mut dyn Iterator<Item = Result<Bytes>>, len: usize) -> Result<Option<Bytes>> {
    let mut chunk = Vec::new();
    while chunk.len() < len
        && let Some(piece) = pieces.next()
    {
        chunk.extend_from_slice(&piece?);
    }
    Ok((!chunk.is_empty()).then(|| chunk.into()))
}
