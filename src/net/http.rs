//! Requests to one registry: authorised, redirected with care, tried again.
//!
//! `Authorization` and client certificates go to the registry's own host and port and nowhere else.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Body, Client, Method, RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_LENGTH, HeaderName, HeaderValue, LOCATION},
    redirect::Policy,
};

use super::{
    Env,
    auth::{Challenge, Credentials, Tokens},
    certs,
    failure::{from_reqwest, from_response},
    retry,
    stream::PipeBody,
    tls,
};
use crate::error::{Code, Error, Fact, Result};

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a server may be silent: a registry hashes a whole blob before it confirms it.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_mins(2);
/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;
const USER_AGENT: &str = concat!("sealift/", env!("CARGO_PKG_VERSION"));

/// One registry and what is known of it.
pub(super) struct Http {
    /// `http://` or `https://`, host and port.
    base: Url,
    env: Env,
    tokens: Tokens,
    /// Clients for each host and port met, as each has certificates of its own.
    clients: Mutex<HashMap<(String, Patience), Client>>,
    /// Whether it answered before: then a refused connection is worth another try.
    reached: AtomicBool,
}

/// How a client knows that a server fell silent.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Patience {
    /// No answer for [`SILENCE_LIMIT`].
    Limited,
    /// It does not: no answer comes while a body is sent, however long that takes.
    Unlimited,
}

/// A request that can be sent more than once.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// Scopes of the token, split by spaces.
    pub(super) scope: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    /// Whether sending it twice does no harm.
    pub(super) repeat: bool,
}

impl Http {
    pub(super) fn new(base: Url, env: Env, tokens: Tokens) -> Self {
        Self { base, env, tokens, clients: Mutex::default(), reached: AtomicBool::new(false) }
    }

    /// Host and port, for errors.
    pub(super) fn host(&self) -> &str {
        self.base.authority()
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    pub(super) fn is_entered_by(&self, credentials: Option<&Credentials>) -> bool {
        self.tokens.credentials() == credentials
    }

    pub(super) fn is_anonymous(&self) -> bool {
        self.tokens.credentials().is_none()
    }

    /// A call of `path` below the registry's root.
    pub(super) fn call(&self, method: Method, path: &str, scope: String) -> Result<Call> {
        let url = self.base.join(path).map_err(|e| {
            Error::new(Code::BadReference).with(Fact::Registry, self.host()).with(Fact::System, e)
        })?;
        let repeat = method == Method::GET || method == Method::HEAD || method == Method::PUT;
        Ok(Call { method, url, scope, headers: Vec::new(), body: Bytes::new(), repeat })
    }

    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// The client for the host and port of `url`, with that host's certificates.
    fn client(&self, url: &Url, patience: Patience) -> Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (url.authority().to_owned(), patience);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let failed = |e: reqwest::Error| {
            Error::new(Code::Tls).with(Fact::Registry, url.authority()).with(Fact::System, e)
        };
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls::client_config(&self.cert_dirs(url))?)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .user_agent(USER_AGENT)
            .http1_only();
        if patience == Patience::Limited {
            client = client.read_timeout(SILENCE_LIMIT);
        }
        if is_loopback(url) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(failed)?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// Folders with the certificates for the host and port of `url`.
    fn cert_dirs(&self, url: &Url) -> Vec<PathBuf> {
        let host = url.host_str().unwrap_or_default();
        let named = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        self.env.cert_dirs(&named)
    }

    /// A server that refuses a client certificate seldom says that it has ended.
    pub(super) fn with_ended_certificate(&self, error: Error, url: &Url) -> Error {
        if error.code() != Code::ClientCertificate {
            return error;
        }
        match certs::ended_in(&self.cert_dirs(url)) {
            Some((path, ends)) => error
                .recoded(Code::ClientCertificateEnded)
                .worded(Fact::Detail, "detail-client-certificate-ended", &[("ends", ends)])
                .at(&path),
            None => error,
        }
    }

    /// Sends `call`, again where that may help. Gives any answer but one that asks to wait, reports a
    /// fault of the server, or refuses the credentials.
    pub(super) async fn send(&self, call: &Call) -> Result<Response> {
        let mut tries = retry::Tries::default();
        loop {
            let (error, wait) = match self.once(call).await {
                Ok(response) => {
                    self.reached.store(true, Relaxed);
                    if !retry::is_passing(response.status()) {
                        return Ok(response);
                    }
                    let wait = retry::after(response.headers());
                    (from_response(self.host(), response).await, wait)
                }
                Err(error) => (error, None),
            };
            // What refuses a client certificate does so behind the handshake of TLS 1.3 (RFC 8446 §4.4.2.4), and the
            // connection may be gone before that was read.
            let is_cut_off = error.code() == Code::ConnectionLost && tries.are_few();
            let is_known = self.reached.load(Relaxed) || is_cut_off;
            let may_repeat = call.repeat && is_known && retry::is_worth(&error);
            if !may_repeat || !tries.pause(wait).await {
                return Err(error);
            }
            tracing::debug!(%error, host = self.host(), "trying again");
        }
    }

    /// Sends `call` once, following redirects of reads; a challenge is met once.
    async fn once(&self, call: &Call) -> Result<Response> {
        let mut url = call.url.clone();
        let (mut num_redirects, mut challenged) = (0, false);
        loop {
            let response = self.request(call, &url).await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && self.is_own(&url) && !challenged {
                challenged = true;
                let challenge = Challenge::of(response.headers(), &self.base);
                match challenge.map_err(|realm| self.refused_redirect(&realm))? {
                    Some(challenge) => self.tokens.refused(challenge, &call.scope),
                    None => return Ok(response),
                }
                continue;
            }
            let is_read = call.method == Method::GET || call.method == Method::HEAD;
            let location = response.headers().get(LOCATION).filter(|_| is_read && status.is_redirection());
            let Some(location) = location else { return Ok(response) };
            num_redirects += 1;
            let next = self.resolve(&url, location)?;
            if num_redirects > MAX_REDIRECTS {
                return Err(self.refused_redirect(&next));
            }
            url = next;
        }
    }

    /// Sends `call` once with a body of `len_bytes` that is read while it is sent. Whoever waits for it sees to
    /// servers that fall silent.
    pub(super) async fn send_streamed(
        &self,
        call: &Call,
        len_bytes: u64,
        body: PipeBody,
    ) -> Result<Response> {
        let request = self.prepared(call, &call.url, Patience::Unlimited).await?;
        let request = request.header(CONTENT_LENGTH, len_bytes).body(Body::wrap_stream(body));
        request
            .send()
            .await
            .map_err(|e| self.with_ended_certificate(from_reqwest(call.url.authority(), e), &call.url))
    }

    async fn request(&self, call: &Call, url: &Url) -> Result<Response> {
        let mut request = self.prepared(call, url, Patience::Limited).await?;
        if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
            request = request.body(call.body.clone());
        }
        request.send().await.map_err(|e| self.with_ended_certificate(from_reqwest(url.authority(), e), url))
    }

    /// A request with the headers of `call`, and the credentials where they belong.
    async fn prepared(&self, call: &Call, url: &Url, patience: Patience) -> Result<RequestBuilder> {
        let mut request = self.client(url, patience)?.request(call.method.clone(), url.clone());
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if self.is_own(url)
            && let Some(header) =
                self.tokens.authorization(&call.scope, |realm| self.client(realm, Patience::Limited)).await?
        {
            request = request.header(AUTHORIZATION, header);
        }
        Ok(request)
    }

    /// Where a `Location` that came from `url` leads.
    ///
    /// # Errors
    /// [`Code::RedirectRefused`] from HTTPS to anything else, or to what is no HTTP at all.
    pub(super) fn resolve(&self, url: &Url, location: &HeaderValue) -> Result<Url> {
        let next = location.to_str().ok().and_then(|location| url.join(location).ok());
        let next = next.ok_or_else(|| Error::new(Code::RedirectRefused).with(Fact::Registry, self.host()))?;
        let is_safe = next.scheme() == "https" || (next.scheme() == "http" && url.scheme() == "http");
        if is_safe { Ok(next) } else { Err(self.refused_redirect(&next)) }
    }

    fn refused_redirect(&self, to: &Url) -> Error {
        // Without path and query: they may be signed.
        let found = format!("{}://{}", to.scheme(), to.authority());
        Error::new(Code::RedirectRefused).with(Fact::Registry, self.host()).with(Fact::Found, found)
    }
}

/// Whether the host is this machine, by its name.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
