//! Blobs to a registry, in chunks that are kept until they arrived. distribution-spec, "Pushing a blob in
//! chunks", "Mounting a blob from another repository".

use std::{io::Read, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{CONTENT_RANGE, CONTENT_TYPE, HeaderValue, LOCATION, RANGE},
};

use super::Registry;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{block_on, failure::from_response, http::Call, retry, within},
};

/// Bytes of a chunk, small enough to keep several. docker-registry flushes its disk after each.
const CHUNK_BYTES: usize = 32 << 20;
/// Largest chunk that a registry may ask for.
const MAX_CHUNK_BYTES: usize = 64 << 20;
/// The least a registry takes at once. distribution-spec, "Pushing a blob in chunks".
const CHUNK_MIN_LENGTH: &str = "oci-chunk-min-length";

/// How long giving an upload up may take; a cancelled job waits for it.
const GIVE_UP_LIMIT: Duration = Duration::from_millis(200);

/// How sending a blob ended.
#[must_use]
pub(crate) enum Sent {
    /// The registry has it.
    Whole,
    /// The connection broke, and the registry does not go on where it broke: docker-registry refuses every question
    /// about such an upload. Sent from its beginning, the blob may arrive.
    BrokenOff(Error),
}

/// An upload under way.
pub(super) struct Upload {
    url: Url,
    scope: String,
    /// Bytes that arrived.
    num_arrived: u64,
    chunk_bytes: usize,
}

impl Upload {
    pub(super) fn call(&self, method: Method) -> Call {
        let repeat = method == Method::GET;
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))];
        let (url, scope) = (self.url.clone(), self.scope.clone());
        Call { method, url, scope, headers, body: Bytes::new(), repeat }
    }
}

impl Registry {
    /// Whether an upload into `repository` may be begun; it is given up at once.
    pub(crate) fn check_push(&self, ctx: &Ctx, repository: &str) -> Result<()> {
        block_on(ctx, async {
            let upload = self.begin(repository).await?;
            self.give_up(upload).await;
            Ok(())
        })?
    }

    /// Brings the blob from repository `from` into `repository` without sending it; `false` if the registry does
    /// not do that.
    pub(crate) fn mount(&self, ctx: &Ctx, repository: &str, digest: &Digest, from: &str) -> Result<bool> {
        let mut call = self.push_call(Method::POST, repository, "blobs/uploads/")?;
        call.url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", from);
        call.scope = format!("{} repository:{from}:pull", call.scope);
        call.repeat = true;
        block_on(ctx, async {
            let response = self.http.send(&call).await?;
            match response.status() {
                StatusCode::CREATED => Ok(true),
                StatusCode::ACCEPTED => {
                    self.give_up(self.upload(call, &response)?).await;
                    Ok(false)
                }
                // The right to read there may be missing; sending it is always open.
                _ => Ok(false),
            }
        })?
    }

    /// Puts a blob of `size` bytes into `repository`. `reader` is read to its end, and should fail there if its
    /// bytes do not match.
    ///
    /// # Errors
    /// Also those that came through `reader`.
    pub(crate) fn push_blob(
        &self,
        ctx: &Ctx,
        repository: &str,
        blob: (&Digest, u64),
        reader: &mut dyn Read,
    ) -> Result<Sent> {
        let mut upload = block_on(ctx, self.begin(repository))??;
        let sent = self.send_blob(ctx, &mut upload, repository, blob, reader);
        if !matches!(sent, Ok(Sent::Whole)) {
            // Also when the job is cancelled: a registry keeps what nobody ends for a week.
            within(GIVE_UP_LIMIT, self.give_up(upload))?;
        }
        sent
    }

    fn send_blob(
        &self,
        ctx: &Ctx,
        upload: &mut Upload,
        repository: &str,
        blob: (&Digest, u64),
        reader: &mut dyn Read,
    ) -> Result<Sent> {
        let (digest, size) = blob;
        let mut num_read = 0;
        loop {
            let limit = upload.chunk_bytes.min(usize::try_from(size - num_read).unwrap_or(usize::MAX));
            let chunk = read_chunk(reader, limit)?;
            num_read += chunk.len() as u64;
            let is_last = num_read == size;
            if chunk.len() < limit || (is_last && !read_chunk(reader, 1)?.is_empty()) {
                let error = Error::new(Code::BlobMismatch).with(Fact::Blob, digest);
                return Err(error.with(Fact::Expected, size).with(Fact::Found, num_read));
            }
            let is_first = num_read == chunk.len() as u64;
            if is_first && is_last {
                // One that fits a chunk goes along with the request that ends the upload.
                block_on(ctx, self.send_whole(upload, repository, digest, chunk))??;
                return Ok(Sent::Whole);
            }
            match block_on(ctx, self.send_chunk(upload, chunk.clone()))?? {
                Chunk::Taken => {}
                Chunk::BrokenOff(error) => return Ok(Sent::BrokenOff(error)),
                Chunk::Refused(_) if is_first => {
                    let refused = std::mem::replace(upload, block_on(ctx, self.begin(repository))??);
                    block_on(ctx, self.give_up(refused))?;
                    return self.send_streamed(ctx, upload, blob, &chunk, reader);
                }
                Chunk::Refused(error) => return Err(error),
            }
            if is_last {
                // All chunks arrived.
                block_on(ctx, self.put(upload, repository, digest, &Bytes::new(), true))??;
                return Ok(Sent::Whole);
            }
        }
    }

    async fn begin(&self, repository: &str) -> Result<Upload> {
        let mut call = self.push_call(Method::POST, repository, "blobs/uploads/")?;
        // A session that is begun twice is one that ends unused.
        call.repeat = true;
        let response = self.http.send(&call).await?;
        match response.status() {
            StatusCode::ACCEPTED => self.upload(call, &response),
            _ => Err(from_response(self.host(), response).await),
        }
    }

    /// The upload that the registry began in answer to `call`.
    fn upload(&self, call: Call, response: &Response) -> Result<Upload> {
        let least = response.headers().get(CHUNK_MIN_LENGTH);
        let least = least.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
        let chunk_bytes = CHUNK_BYTES.max(least).min(MAX_CHUNK_BYTES);
        let mut upload = Upload { url: call.url, scope: call.scope, num_arrived: 0, chunk_bytes };
        self.follow(&mut upload, response)?;
        Ok(upload)
    }

    /// Tells the registry that an upload will not go on.
    async fn give_up(&self, upload: Upload) {
        let given_up = self.http.send(&upload.call(Method::DELETE)).await;
        tracing::debug!(given_up = given_up.is_ok(), "upload given up");
    }

    /// Takes the place of the next request from an answer, which may be a new one each time.
    fn follow(&self, upload: &mut Upload, response: &Response) -> Result<()> {
        if let Some(location) = response.headers().get(LOCATION) {
            upload.url = self.http.resolve(&upload.url, location)?;
        }
        Ok(())
    }

    /// Sends `chunk`, and what of it did not arrive once more.
    async fn send_chunk(&self, upload: &mut Upload, chunk: Bytes) -> Result<Chunk> {
        let begins = upload.num_arrived;
        let ends = begins + chunk.len() as u64;
        let mut tries = retry::Tries::default();
        while upload.num_arrived < ends {
            let rest = chunk.slice((upload.num_arrived - begins) as usize..);
            let Err(error) = self.patch(upload, rest, ends).await else { continue };
            if is_refusal(&error) {
                return Ok(Chunk::Refused(error));
            }
            if !retry::is_worth(&error) || !tries.pause(None).await {
                return Err(error);
            }
            tracing::debug!(%error, at = upload.num_arrived, "asking what arrived");
            if !self.ask_what_arrived(upload, begins..=ends).await? {
                return Ok(Chunk::BrokenOff(error));
            }
        }
        Ok(Chunk::Taken)
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
                upload.num_arrived = num_arrived(&response).filter(|num| *num <= ends).unwrap_or(ends);
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
        let arrived = num_arrived(&response).filter(|num| at_hand.contains(num));
        let Some(num) = arrived.filter(|_| response.status().is_success()) else { return Ok(false) };
        self.follow(upload, &response)?;
        upload.num_arrived = num;
        Ok(true)
    }

    /// Sends a whole small blob; after a broken try a new upload is begun.
    async fn send_whole(
        &self,
        upload: &mut Upload,
        repository: &str,
        digest: &Digest,
        bytes: Bytes,
    ) -> Result<()> {
        let mut tries = retry::Tries::default();
        loop {
            let Err(error) = self.put(upload, repository, digest, &bytes, false).await else { return Ok(()) };
            if !retry::is_worth(&error) || !tries.pause(None).await {
                return Err(error);
            }
            *upload = self.begin(repository).await?;
        }
    }

    async fn put(
        &self,
        upload: &Upload,
        repository: &str,
        digest: &Digest,
        bytes: &Bytes,
        repeat: bool,
    ) -> Result<()> {
        let mut call = upload.call(Method::PUT);
        call.url.query_pairs_mut().append_pair("digest", &digest.to_string());
        call.body = bytes.clone();
        call.repeat = repeat;
        let failed = match self.http.send(&call).await {
            Ok(response) if response.status() == StatusCode::CREATED => return Ok(()),
            Ok(response) => from_response(self.host(), response).await,
            Err(error) => error,
        };
        // The confirmation may be all that got lost.
        let head = self.push_call(Method::HEAD, repository, &format!("blobs/{digest}"))?;
        let is_there = matches!(self.find(&head).await, Ok(Some(_)));
        if is_there { Ok(()) } else { Err(failed) }
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

/// The end of `Range: 0-LAST`; registries write `0-0` when nothing arrived.
fn num_arrived(response: &Response) -> Option<u64> {
    let range = response.headers().get(RANGE)?.to_str().ok()?;
    let last: u64 = range.trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last + 1 })
}

/// Reads until `limit` bytes are there or the reader ends.
fn read_chunk(reader: &mut dyn Read, limit: usize) -> Result<Bytes> {
    let mut chunk = Vec::with_capacity(limit.min(MAX_CHUNK_BYTES));
    reader.take(limit as u64).read_to_end(&mut chunk).map_err(|e| Error::from_stream(Code::Read, e))?;
    Ok(chunk.into())
}
