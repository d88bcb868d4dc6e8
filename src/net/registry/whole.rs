//! A blob in one request, for registries that take no chunks. distribution-spec, "POST then PUT".

use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use reqwest::{Method, StatusCode};

use super::{
    Registry,
    push::{Sent, Upload},
};
use crate::{
    digest::Digest,
    error::{Code, Error, Result},
    job::Ctx,
    net::{block_on, failure::from_response, pipe, retry, spawn},
};

impl Registry {
    /// Ends `upload` with all of the blob, which begins with `head` and goes on in `reader`.
    pub(super) fn send_streamed(
        &self,
        ctx: &Ctx,
        upload: &Upload,
        blob: (&Digest, u64),
        head: &[u8],
        reader: &mut dyn Read,
    ) -> Result<Sent> {
        let (digest, size) = blob;
        let mut call = upload.call(Method::PUT);
        call.url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let (mut pipe, body) = pipe(ctx);
        let http = Arc::clone(&self.http);
        let answer = spawn(async move {
            let response = http.send_streamed(&call, size, body).await?;
            match response.status() {
                StatusCode::CREATED => Ok(()),
                _ => Err(from_response(http.host(), response).await),
            }
        })?;
        let fed = pipe.write_all(head).and_then(|()| io::copy(reader, &mut pipe)).and_then(|_| pipe.end());
        // A closed pipe is no reason: the registry's answer has it.
        if let Err(e) = fed.or_else(|e| if e.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(e) }) {
            return Err(Error::from_stream(Code::Read, e));
        }
        match block_on(ctx, answer)?.unwrap_or_else(|_| Err(Error::new(Code::Cancelled))) {
            Err(e) if retry::is_worth(&e) => Ok(Sent::BrokenOff(e)),
            ended => ended.map(|()| Sent::Whole),
        }
    }
}
