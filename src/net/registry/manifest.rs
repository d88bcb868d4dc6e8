//! Manifests and indexes, byte for byte. distribution-spec, "Pulling manifests", "Pushing Manifests".

use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};

use serde::de::IgnoredAny;

use super::Registry;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{
        block_on,
        failure::{from_response, read_at_most},
    },
};

/// All that may be had, so that no registry converts one into another. `*/*` brings out artifacts.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json, */*";
const CONTENT_DIGEST: &str = "docker-content-digest";

/// A manifest or index as a registry sent it.
pub(crate) struct RemoteManifest {
    pub(crate) media_type: String,
    /// Of `bytes`, which match what was asked for.
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
}

impl Registry {
    /// The manifest that `reference` (a tag or a digest) names; `None` if there is none.
    ///
    /// # Errors
    /// [`Code::RegistryMismatch`] when the registry lies about its digest; [`Code::Limit`] beyond `max_bytes`.
    pub(crate) fn manifest(
        &self,
        ctx: &Ctx,
        repository: &str,
        reference: &str,
        max_bytes: u64,
    ) -> Result<Option<RemoteManifest>> {
        let mut call = self.pull_call(Method::GET, repository, &format!("manifests/{reference}"))?;
        call.headers.push((ACCEPT, HeaderValue::from_static(ACCEPTED)));
        block_on(ctx, async {
            let Some(response) = self.find(&call).await? else { return Ok(None) };
            let media_type = media_type(response.headers());
            let stated = stated_digest(response.headers());
            let bytes = read_at_most(self.host(), response, max_bytes as usize).await?;
            // A web server may answer everything with a page of its own, and with 200.
            let is_manifest = ACCEPTED.split(", ").any(|accepted| accepted == media_type);
            if !is_manifest && serde_json::from_slice::<IgnoredAny>(&bytes).is_err() {
                let error = Error::new(Code::NotARegistry).with(Fact::Registry, self.host());
                let sent = [("type", media_type)];
                return Err(error.worded(Fact::Detail, "detail-answer-no-json", &sent));
            }
            let digest = Digest::of(&bytes);
            let asked = reference.parse::<Digest>().ok();
            for expected in asked.into_iter().chain(stated) {
                if expected != digest {
                    return Err(self.mismatch(expected, digest));
                }
            }
            Ok(Some(RemoteManifest { media_type, digest, bytes }))
        })?
    }

    /// The digest that `reference` points at, by the registry's word; `None` if there is nothing.
    pub(crate) fn manifest_digest(
        &self,
        ctx: &Ctx,
        repository: &str,
        reference: &str,
        max_bytes: u64,
    ) -> Result<Option<Digest>> {
        let mut call = self.pull_call(Method::HEAD, repository, &format!("manifests/{reference}"))?;
        call.headers.push((ACCEPT, HeaderValue::from_static(ACCEPTED)));
        let stated = block_on(ctx, async {
            Ok::<_, Error>(self.find(&call).await?.map(|response| stated_digest(response.headers())))
        })??;
        match stated {
            None => Ok(None),
            Some(Some(digest)) => Ok(Some(digest)),
            // The header is only recommended.
            Some(None) => {
                Ok(self.manifest(ctx, repository, reference, max_bytes)?.map(|manifest| manifest.digest))
            }
        }
    }

    /// Puts `bytes` under `reference`, a tag or their digest.
    ///
    /// # Errors
    /// [`Code::RegistryMismatch`] when the registry says that it took something else.
    pub(crate) fn put_manifest(
        &self,
        ctx: &Ctx,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<()> {
        let mut call = self.push_call(Method::PUT, repository, &format!("manifests/{reference}"))?;
        let media_type = HeaderValue::from_str(media_type)
            .map_err(|_| Error::new(Code::BadMediaType).with(Fact::Found, media_type))?;
        call.headers.push((CONTENT_TYPE, media_type));
        call.body = bytes.to_vec().into();
        block_on(ctx, async {
            let response = self.http.send(&call).await?;
            if response.status() != StatusCode::CREATED {
                return Err(from_response(self.host(), response).await);
            }
            let (sent, taken) = (Digest::of(bytes), stated_digest(response.headers()));
            match taken {
                Some(taken) if taken != sent => Err(self.mismatch(sent, taken)),
                _ => Ok(()),
            }
        })?
    }
}

/// Without parameters, as descriptors have it.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

/// A digest of another algorithm counts as none: the content is hashed anyway.
pub(super) fn stated_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}
