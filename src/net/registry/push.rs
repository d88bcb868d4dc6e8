//! Blobs to a registry. distribution-spec, "Pushing blobs", "Mounting a blob from another repository".

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderValue, LOCATION},
};

use super::{Registry, chunks::chunk_bytes};
use crate::{
    digest::Digest,
    error::{Error, Result},
    job::Ctx,
    net::{block_on, failure::from_response, http::Call, retry, within},
};

/// Bytes of a blob that is kept until it arrived.
const SMALL_BYTES: u64 = 4 << 20;

/// How long giving an upload up may take; a cancelled job waits for it.
const GIVE_UP_LIMIT: Duration = Duration::from_millis(200);

/// How a blob is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In one request that streams: the fastest, as docker-registry flushes its disk at the end of each.
    Streamed,
    /// In chunks that are kept until they arrived, for lines that break and proxies that limit a request.
    InChunks,
}

/// How sending a blob ended.
#[must_use]
pub(crate) enum Sent {
    /// The registry has it.
    Whole,
    /// The connection broke, and the registry does not go on where it broke: docker-registry refuses every question
    /// about such an upload. Sent from its beginning and [`Way::InChunks`], the blob may arrive.
    BrokenOff(Error),
}

/// An upload under way.
pub(super) struct Upload {
    pub(super) url: Url,
    scope: String,
    /// Bytes that arrived.
    pub(super) num_arrived: u64,
    /// Bytes of a chunk.
    pub(super) chunk_bytes: usize,
}

impl Upload {
    pub(super) fn call(&self, method: Method) -> Call {
        let repeat = method == Method::GET;
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))];
        let (url, scope) = (self.url.clone(), self.scope.clone());
        Call { method, url, scope, headers, body: Bytes::new(), repeat }
    }

    /// The request that ends it as the blob `digest`.
    pub(super) fn ending_call(&self, digest: &Digest) -> Call {
        let mut call = self.call(Method::PUT);
        call.url.query_pairs_mut().append_pair("digest", &digest.to_string());
        call
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

    /// Puts the blob of this digest and size, which is `pieces`, into `repository`.
    ///
    /// # Errors
    /// Also those of `pieces`.
    pub(crate) fn push_blob(
        &self,
        ctx: &Ctx,
        repository: &str,
        blob: (&Digest, u64),
        pieces: &mut dyn Iterator<Item = Result<Bytes>>,
        way: Way,
    ) -> Result<Sent> {
        let (digest, size) = blob;
        let mut upload = block_on(ctx, self.begin(repository))??;
        let sent = if size <= SMALL_BYTES {
            let whole: Result<Vec<Bytes>> = pieces.collect();
            whole.and_then(|whole| {
                block_on(ctx, self.send_whole(&mut upload, repository, digest, whole.concat().into()))??;
                Ok(Sent::Whole)
            })
        } else if way == Way::Streamed {
            self.send_streamed(ctx, &upload, blob, pieces)
        } else {
            self.send_chunks(ctx, &mut upload, repository, blob, pieces)
        };
        if !matches!(sent, Ok(Sent::Whole)) {
            // Also when the job is cancelled: a registry keeps what nobody ends for a week.
            within(GIVE_UP_LIMIT, self.give_up(upload))?;
        }
        sent
    }

    pub(super) async fn begin(&self, repository: &str) -> Result<Upload> {
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
        let chunk_bytes = chunk_bytes(response);
        let mut upload = Upload { url: call.url, scope: call.scope, num_arrived: 0, chunk_bytes };
        self.follow(&mut upload, response)?;
        Ok(upload)
    }

    /// Tells the registry that an upload will not go on.
    pub(super) async fn give_up(&self, upload: Upload) {
        let given_up = self.http.send(&upload.call(Method::DELETE)).await;
        tracing::debug!(given_up = given_up.is_ok(), "upload given up");
    }

    /// Takes the place of the next request from an answer, which may be a new one each time.
    pub(super) fn follow(&self, upload: &mut Upload, response: &Response) -> Result<()> {
        if let Some(location) = response.headers().get(LOCATION) {
            upload.url = self.http.resolve(&upload.url, location)?;
        }
        Ok(())
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

    pub(super) async fn put(
        &self,
        upload: &Upload,
        repository: &str,
        digest: &Digest,
        bytes: &Bytes,
        repeat: bool,
    ) -> Result<()> {
        let mut call = upload.ending_call(digest);
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
