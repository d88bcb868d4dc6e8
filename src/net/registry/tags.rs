//! Tags, and what refers to a manifest. distribution-spec, "Listing Tags", "Listing Referrers".

use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, HeaderMap, HeaderValue, LINK},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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
/// Most entries of all pages: a registry need not keep to the number of tags that it was asked for.
const MAX_ENTRIES: usize = 100_000;

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

/// One page of a list.
pub(super) trait Page: DeserializeOwned {
    type Entry;

    fn entries(self) -> Vec<Self::Entry>;
}

#[derive(Deserialize)]
pub(super) struct Tags {
    tags: Option<Vec<String>>,
}

impl Page for Tags {
    type Entry = String;

    fn entries(self) -> Vec<String> {
        self.tags.unwrap_or_default()
    }
}

#[derive(Deserialize)]
pub(super) struct Index {
    #[serde(default)]
    manifests: Vec<Referrer>,
}

impl Page for Index {
    type Entry = Referrer;

    fn entries(self) -> Vec<Referrer> {
        self.manifests
    }
}

impl Registry {
    /// Every tag of `repository`.
    ///
    /// # Errors
    /// [`Code::Limit`] when there are more than can be looked through.
    pub(crate) fn tags(&self, ctx: &Ctx, repository: &str) -> Result<Vec<String>> {
        let call = self.pull_call(Method::GET, repository, &format!("tags/list?n={PAGE_TAGS}"))?;
        Ok(block_on(ctx, self.pages::<Tags>(call))??.unwrap_or_default())
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
        block_on(ctx, self.pages::<Index>(call))?
    }

    /// The entries of all pages that a `Link: <…>; rel="next"` leads to (RFC 8288); `None` when there is no first one.
    async fn pages<T: Page>(&self, mut call: Call) -> Result<Option<Vec<T::Entry>>> {
        let limit =
            |limit: usize| Error::new(Code::Limit).with(Fact::Registry, self.host()).with(Fact::Limit, limit);
        let mut entries = Vec::new();
        for number in 0..MAX_PAGES {
            let response = self.http.send(&call).await?;
            match response.status() {
                StatusCode::OK => {}
                // Any answer of this kind tells the same: distribution-spec, "Unavailable Referrers API".
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::BAD_REQUEST
                    if number == 0 =>
                {
                    return Ok(None);
                }
                _ => return Err(from_response(self.host(), response).await),
            }
            let next = next_page(response.headers());
            let next = next.map(|next| self.http.resolve(&call.url, &next)).transpose()?;
            entries.extend(read_json::<T>(self.host(), response).await?.entries());
            if entries.len() > MAX_ENTRIES {
                return Err(limit(MAX_ENTRIES));
            }
            match next {
                Some(next) => call.url = next,
                None => return Ok(Some(entries)),
            }
        }
        Err(limit(MAX_PAGES))
    }
}

pub(super) fn next_page(headers: &HeaderMap) -> Option<HeaderValue> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (target, params) = link.trim_start().strip_prefix('<')?.split_once('>')?;
    let is_next = params.contains("rel=\"next\"") || params.contains("rel=next");
    is_next.then(|| HeaderValue::from_str(target).ok()).flatten()
}
