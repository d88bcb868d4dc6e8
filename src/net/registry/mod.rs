//! One registry, as the OCI distribution-spec has it. Knows bytes, digests and tags, and nothing of images.
//!
//! Every method waits, and ends early when its job is cancelled. Clones share connections and tokens.

mod chunks;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod manifest;
mod pull;
mod push;
mod tags;
mod whole;

use std::sync::Arc;

use reqwest::{Method, Response, StatusCode, Url};

#[cfg(any(test, fuzzing))]
pub(crate) use fuzz::read_answer;
pub(crate) use push::{Sent, Way};
pub(crate) use tags::Referrer;

use super::{
    Env,
    auth::{self, Credentials, Tokens},
    block_on,
    failure::from_response,
    http::{Call, Http, is_loopback},
};
use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// What Docker Hub is called in references, and where it listens.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// How a registry is to be entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryAccess {
    /// Name and secret; without them those of the auth files are used, if any.
    pub credentials: Option<Credentials>,
    /// Whether plain HTTP may be spoken. Hosts that are this machine may always.
    pub plain_http: bool,
    /// Whether a missing project may be created (Harbor).
    pub create_projects: bool,
}

/// A registry that answered.
#[derive(Clone)]
pub(crate) struct Registry {
    pub(super) http: Arc<Http>,
}

impl Registry {
    /// Greets the registry at `host` (`HOST[:PORT]`), with the credentials that fit `repository` best.
    ///
    /// # Errors
    /// Those of auth and certificate files, of the network, [`Code::Unauthorized`] for wrong credentials, and
    /// [`Code::NotARegistry`].
    pub(crate) fn connect(ctx: &Ctx, host: &str, repository: &str, access: &RegistryAccess) -> Result<Self> {
        let env = Env::read();
        let credentials = match &access.credentials {
            Some(given) => Some(given.clone()),
            None => auth::find(ctx, &env, host, repository)?,
        };
        let server = if host == HUB.0 { HUB.1 } else { host };
        let greet = |scheme: &str| {
            let base: Url = format!("{scheme}://{server}/").parse().map_err(|e| {
                Error::new(Code::BadReference).with(Fact::Registry, host).with(Fact::System, e)
            })?;
            let is_loopback = is_loopback(&base);
            let http = Http::new(base, env.clone(), Tokens::new(credentials.clone()));
            let registry = Self { http: Arc::new(http) };
            Ok((registry.ping(ctx).map(|()| registry), is_loopback))
        };
        if access.plain_http {
            return greet("http")?.0;
        }
        match greet("https")? {
            (Err(e), true) if e.code() == Code::PlainHttp => greet("http")?.0,
            (greeted, _) => greeted,
        }
    }

    /// The same registry as one enters it for `repository`: an auth file may have credentials of its own for it.
    pub(crate) fn entered_for(
        &self,
        ctx: &Ctx,
        host: &str,
        repository: &str,
        access: &RegistryAccess,
    ) -> Result<Self> {
        if access.credentials.is_some() {
            return Ok(self.clone());
        }
        let credentials = auth::find(ctx, self.http.env(), host, repository)?;
        if self.http.is_entered_by(credentials.as_ref()) {
            return Ok(self.clone());
        }
        let http = Http::new(self.http.base().clone(), self.http.env().clone(), Tokens::new(credentials));
        Ok(Self { http: Arc::new(http) })
    }

    /// A registry that nobody asked yet.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn unreached() -> Self {
        let base = Url::parse("http://localhost:1/").expect("it is a URL");
        Self { http: Arc::new(Http::new(base, Env::default(), Tokens::default())) }
    }

    /// Whether it is spoken to over TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.http.base().scheme() == "https"
    }

    /// Host and port.
    pub(crate) fn host(&self) -> &str {
        self.http.host()
    }

    /// distribution-spec, "Determining Support".
    fn ping(&self, ctx: &Ctx) -> Result<()> {
        block_on(ctx, async {
            let response = self.http.send(&self.http.call(Method::GET, "v2/", String::new())?).await?;
            match response.status() {
                StatusCode::OK => Ok(()),
                // It may still show single repositories to everyone.
                StatusCode::UNAUTHORIZED if self.http.is_anonymous() => Ok(()),
                StatusCode::NOT_FOUND => {
                    Err(Error::new(Code::NotARegistry).with(Fact::Registry, self.host()))
                }
                _ => {
                    let error = from_response(self.host(), response).await;
                    Err(self.http.with_ended_certificate(error, self.http.base()))
                }
            }
        })?
    }

    fn pull_call(&self, method: Method, repository: &str, rest: &str) -> Result<Call> {
        self.http.call(method, &format!("v2/{repository}/{rest}"), format!("repository:{repository}:pull"))
    }

    fn push_call(&self, method: Method, repository: &str, rest: &str) -> Result<Call> {
        let scope = format!("repository:{repository}:pull,push");
        self.http.call(method, &format!("v2/{repository}/{rest}"), scope)
    }

    /// Sends `call`; `None` when what it asks for is not there.
    async fn find(&self, call: &Call) -> Result<Option<Response>> {
        let response = self.http.send(call).await?;
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(Some(response)),
            StatusCode::NOT_FOUND if call.method == Method::HEAD => Ok(None),
            _ => match from_response(self.host(), response).await {
                e if e.code() == Code::NotInRegistry => Ok(None),
                e => Err(e),
            },
        }
    }

    /// What the registry says is not what it should be.
    fn mismatch(&self, expected: impl std::fmt::Display, found: impl std::fmt::Display) -> Error {
        let error = Error::new(Code::RegistryMismatch).with(Fact::Registry, self.host());
        error.with(Fact::Expected, expected).with(Fact::Found, found)
    }
}
