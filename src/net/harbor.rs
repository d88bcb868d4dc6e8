//! What Harbor adds to a registry: projects, which must be there before anything is pushed.
//! goharbor.io, API v2.0: `/systeminfo`, `/projects`.

use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;

use super::{Registry, block_on, failure::from_response};
use crate::{
    error::{Fact, Result},
    job::Ctx,
};

#[derive(Deserialize)]
struct SystemInfo {
    harbor_version: Option<String>,
    registry_url: Option<String>,
}

impl Registry {
    /// Whether Harbor serves this registry.
    pub(crate) fn is_harbor(&self, ctx: &Ctx) -> Result<bool> {
        block_on(ctx, async {
            let response = self.http.send(&self.api_call(Method::GET, "systeminfo")?).await?;
            // Others answer with a page, an error, or nothing.
            let info = match response.status() {
                StatusCode::OK => super::failure::read_json::<SystemInfo>(self.host(), response).await.ok(),
                _ => None,
            };
            Ok(info.is_some_and(|info| info.harbor_version.is_some() || info.registry_url.is_some()))
        })?
    }

    /// Whether Harbor has `project`, the first component of a repository. One that may not be seen counts as
    /// there: the push will tell.
    pub(crate) fn has_project(&self, ctx: &Ctx, project: &str) -> Result<bool> {
        block_on(ctx, async {
            let mut head = self.api_call(Method::HEAD, "projects")?;
            head.url.query_pairs_mut().append_pair("project_name", project);
            Ok(self.http.send(&head).await?.status() != StatusCode::NOT_FOUND)
        })?
    }

    /// Creates `project`, for its members only.
    ///
    /// # Errors
    /// [`crate::error::Code::Forbidden`] when this account may not.
    pub(crate) fn create_project(&self, ctx: &Ctx, project: &str) -> Result<()> {
        block_on(ctx, async {
            let mut post = self.api_call(Method::POST, "projects")?;
            post.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
            let body = serde_json::json!({ "project_name": project, "metadata": { "public": "false" } });
            post.body = body.to_string().into();
            let response = self.http.send(&post).await?;
            match response.status() {
                // Another run may have been faster.
                StatusCode::CREATED | StatusCode::CONFLICT => Ok(()),
                _ => Err(from_response(self.host(), response).await.with(Fact::Detail, project)),
            }
        })?
    }

    fn api_call(&self, method: Method, rest: &str) -> Result<super::http::Call> {
        self.http.call(method, &format!("api/v2.0/{rest}"), String::new())
    }
}
