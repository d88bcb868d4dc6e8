//! Blobs as `Read`: a broken connection is made again where it broke. RFC 9110 §14, "Range Requests".

use std::io::{self, Read};

use bytes::Buf;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderName, HeaderValue, RANGE},
};

use super::Registry;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{block_on, retry},
};

/// Bytes gathered in one wait: hyper's pieces are small.
const BATCH_BYTES: usize = 512 << 10;

impl Registry {
    /// Whether the blob is there, with all its `size` bytes where the registry tells.
    pub(crate) fn has_blob(&self, ctx: &Ctx, repository: &str, digest: &Digest, size: u64) -> Result<bool> {
        let call = self.pull_call(Method::HEAD, repository, &format!("blobs/{digest}"))?;
        block_on(ctx, async {
            let Some(response) = self.find(&call).await? else { return Ok(false) };
            // A HEAD has no body, so its length is in the header alone.
            let len = response.headers().get(CONTENT_LENGTH);
            let len = len.and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
            Ok(len.is_none_or(|len| len == size))
        })?
    }

    /// The blob as a stream of exactly `size` bytes; the caller proves its digest.
    pub(crate) fn blob(&self, ctx: &Ctx, repository: &str, digest: &Digest, size: u64) -> RemoteBlob {
        RemoteBlob {
            registry: self.clone(),
            ctx: ctx.clone(),
            repository: repository.to_owned(),
            digest: *digest,
            size,
            num_received: 0,
            body: None,
            batch: Vec::new(),
            num_taken: 0,
            tries: retry::Tries::of_blob(size),
            pace: retry::Pace::default(),
        }
    }
}

/// A blob on its way.
pub(crate) struct RemoteBlob {
    registry: Registry,
    ctx: Ctx,
    repository: String,
    digest: Digest,
    size: u64,
    /// Bytes that came over the network so far.
    num_received: u64,
    /// The answer being read, and its bytes that are yet to be passed over.
    body: Option<(Response, u64)>,
    batch: Vec<u8>,
    /// Bytes of `batch` that were read from here.
    num_taken: usize,
    tries: retry::Tries,
    pace: retry::Pace,
}

impl RemoteBlob {
    /// Asks for the rest of the blob. Gives the answer, and how many of its first bytes are here already.
    async fn open(&self) -> Result<(Response, u64)> {
        let registry = &self.registry;
        let mut call =
            registry.pull_call(Method::GET, &self.repository, &format!("blobs/{}", self.digest))?;
        if self.num_received > 0 {
            let range = format!("bytes={}-", self.num_received);
            call.headers.extend(HeaderValue::from_str(&range).ok().map(|value| (RANGE, value)));
        }
        let missing = || Error::new(Code::NotInRegistry).with(Fact::Registry, registry.host());
        let response = registry.find(&call).await?.ok_or_else(missing)?;
        // A server without ranges sends all again.
        let begins = match response.status() {
            StatusCode::PARTIAL_CONTENT => range_start(response.headers()).unwrap_or(self.num_received),
            _ => 0,
        };
        if begins > self.num_received {
            let error = registry.mismatch(self.num_received, begins);
            return Err(error.with(Fact::Field, "Content-Range"));
        }
        if let Some(len) = response.content_length()
            && begins.saturating_add(len) != self.size
        {
            return Err(self.wrong_size(begins.saturating_add(len)));
        }
        Ok((response, self.num_received - begins))
    }

    /// Fills the batch; leaves it empty at the end of the blob.
    async fn fill(&mut self) -> Result<()> {
        self.batch.clear();
        self.num_taken = 0;
        while self.batch.len() < BATCH_BYTES && self.num_received < self.size {
            if let Err(error) = self.receive().await {
                self.body = None;
                if !retry::is_worth(&error) || !self.tries.pause(None).await {
                    return Err(error);
                }
                tracing::debug!(%error, blob = %self.digest, at = self.num_received, "asking for the rest");
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<()> {
        let (mut body, known) = match self.body.take() {
            Some(body) => body,
            None => self.open().await?,
        };
        let host = self.registry.host();
        let lost = || Error::new(Code::ConnectionLost).with(Fact::Registry, host);
        let mut piece = self.pace.next(host, &mut body).await?.ok_or_else(lost)?;
        self.tries.moved(piece.len() as u64);
        let passed_over = known.min(piece.len() as u64);
        piece.advance(passed_over as usize);
        if self.num_received + piece.len() as u64 > self.size {
            return Err(self.wrong_size(self.num_received + piece.len() as u64));
        }
        self.num_received += piece.len() as u64;
        self.batch.extend_from_slice(&piece);
        self.body = Some((body, known - passed_over));
        self.tries.progressed(self.num_received);
        Ok(())
    }

    fn wrong_size(&self, found: u64) -> Error {
        let error = Error::new(Code::RegistrySize).with(Fact::Registry, self.registry.host());
        error.with(Fact::Blob, self.digest).with(Fact::Expected, self.size).with(Fact::Found, found)
    }
}

impl Read for RemoteBlob {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.num_taken == self.batch.len() {
            let ctx = self.ctx.clone();
            block_on(&ctx, self.fill())??;
        }
        let len = buf.len().min(self.batch.len() - self.num_taken);
        buf[..len].copy_from_slice(&self.batch[self.num_taken..][..len]);
        self.num_taken += len;
        Ok(len)
    }
}

/// Where a part begins: `bytes START-END/SIZE`.
pub(super) fn range_start(headers: &HeaderMap) -> Option<u64> {
    const NAME: HeaderName = CONTENT_RANGE;
    headers.get(NAME)?.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
