//! Tags, and what refers to a manifest. distribution-spec, "Listing Tags", "Listing Referrers".

use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, HeaderValue, LINK},
};
use serde::{Deserialize, Serialize};

use super::Registry;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{
        block_on,
        failure::{from_response, read_json},
        http::Call,
    },
};

/// Pages that are asked for at most, and tags on each.
const MAX_PAGES: usize = 20;
const PAGE_TAGS: usize = 1000;

/// A manifest that refers to another.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referrer {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub(crate) annotations: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Referrer>,
}

impl Registry {
    /// Every tag of `repository`.
    ///
    /// # Errors
    /// [`Code::Limit`] when there are more than can be looked through.
    pub(crate) fn tags(&self, ctx: &Ctx, repository: &str) -> Result<Vec<String>> {
        let call = self.pull_call(Method::GET, repository, &format!("tags/list?n={PAGE_TAGS}"))?;
        let pages = block_on(ctx, self.pages::<Tags>(call))??;
        Ok(pages.unwrap_or_default().into_iter().flat_map(|page| page.tags.unwrap_or_default()).collect())
    }

    /// What refers to `digest`; `None` when the registry has no such list, and the tag `sha256-HEX` would
    /// hold it instead.
    pub(crate) fn referrers(
        &self,
        ctx: &Ctx,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<Vec<Referrer>>> {
        let mut call = self.pull_call(Method::GET, repository, &format!("referrers/{digest}"))?;
        let index = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
        call.headers.push((ACCEPT, index));
        let pages = block_on(ctx, self.pages::<Index>(call))??;
        Ok(pages.map(|pages| pages.into_iter().flat_map(|page| page.manifests).collect()))
    }

    /// All pages that a `Link: <…>; rel="next"` leads to (RFC 8288); `None` when there is no first one.
    async fn pages<T: serde::de::DeserializeOwned>(&self, mut call: Call) -> Result<Option<Vec<T>>> {
        let mut pages = Vec::new();
        while pages.len() < MAX_PAGES {
            let response = self.http.send(&call).await?;
            match response.status() {
                StatusCode::OK => {}
                // Any answer of this kind tells the same: distribution-spec, "Unavailable Referrers API".
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::BAD_REQUEST
                    if pages.is_empty() =>
                {
                    return Ok(None);
                }
                _ => return Err(from_response(self.host(), response).await),
            }
            let next = next_page(&response);
            let next = next.map(|next| self.http.resolve(&call.url, &next)).transpose()?;
            pages.push(read_json(self.host(), response).await?);
            match next {
                Some(next) => call.url = next,
                None => return Ok(Some(pages)),
            }
        }
        Err(Error::new(Code::Limit).with(Fact::Registry, self.host()).with(Fact::Limit, MAX_PAGES))
    }
}

fn next_page(response: &Response) -> Option<HeaderValue> {
    let link = response.headers().get(LINK)?.to_str().ok()?;
    let (target, params) = link.trim_start().strip_prefix('<')?.split_once('>')?;
    let is_next = params.contains("rel=\"next\"") || params.contains("rel=next");
    is_next.then(|| HeaderValue::from_str(target).ok()).flatten()
}
