//! A blob in one request, which streams. distribution-spec, "POST then PUT".

use std::{io, sync::Arc};

use bytes::Bytes;
use reqwest::StatusCode;
use tokio::select;

use super::{
    Registry,
    push::{Sent, Upload},
};
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{failure::from_response, http::SILENCE_LIMIT, pipe, retry, spawn},
};

impl Registry {
    /// Ends `upload` with all of the blob.
    pub(super) fn send_streamed(
        &self,
        ctx: &Ctx,
        upload: &Upload,
        blob: (&Digest, u64),
        mut pieces: impl Iterator<Item = Result<Bytes>>,
    ) -> Result<Sent> {
        let (digest, size) = blob;
        let call = upload.ending_call(digest);
        let (mut pipe, body) = pipe(ctx);
        let (http, stalled) = (Arc::clone(&self.http), body.stalled(SILENCE_LIMIT));
        let answer = spawn(async move {
            let answered = async {
                let response = http.send_streamed(&call, size, body).await?;
                match response.status() {
                    StatusCode::CREATED => Ok(()),
                    _ => Err(from_response(http.host(), response).await),
                }
            };
            select! {
                ended = answered => ended,
                () = stalled => Err(Error::new(Code::TimedOut).with(Fact::Registry, http.host())),
            }
        })?;
        let fed = pieces.try_for_each(|piece| pipe.put(piece?)).and_then(|()| pipe.end());
        // A closed pipe is no reason: the registry's answer has it.
        if let Err(e) = fed.or_else(|e| if e.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(e) }) {
            return Err(Error::from_stream(Code::Read, e));
        }
        match answer.wait(ctx).flatten() {
            Err(e) if retry::is_worth(&e) || may_pass_in_chunks(&e) => Ok(Sent::BrokenOff(e)),
            ended => ended.map(|()| Sent::Whole),
        }
    }
}

/// Whether it was too much at once for a proxy, or is not done by this registry.
fn may_pass_in_chunks(error: &Error) -> bool {
    matches!(error.code(), Code::RequestTooLarge | Code::Unsupported)
}
