//! The transit engine of Vault and `OpenBao`: a key that never leaves the server encrypts and decrypts a few bytes.
//! developer.hashicorp.com, "Transit secrets engine (API)": `encrypt`, `decrypt`; "`AppRole` auth method (API)": `login`.

use std::{path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    Client, StatusCode, Url,
    header::{HeaderName, HeaderValue},
    redirect::Policy,
};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    block_on,
    failure::{from_reqwest, on_one_line, read_at_most},
    http::is_loopback,
    tls,
};
use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// How long the server may take for anything.
const LIMIT: Duration = Duration::from_secs(30);
/// More than any answer has.
const MAX_ANSWER_BYTES: usize = 256 << 10;

/// One key of one server.
#[derive(Debug)]
pub(crate) struct Transit {
    /// Scheme, host and port.
    base: Url,
    /// Where the engine is mounted, `transit` as a rule.
    mount: String,
    key: String,
    namespace: Option<String>,
    authority: Option<PathBuf>,
}

/// How the server is entered.
pub(crate) enum Login {
    /// A token that is there already.
    Token(Zeroizing<String>),
    /// A role of the `AppRole` method, and its secret.
    AppRole {
        /// Which is no secret.
        role_id: String,
        /// Which is.
        secret_id: Zeroizing<String>,
    },
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    errors: Vec<String>,
}

impl Transit {
    /// # Errors
    /// [`Code::PlainHttp`] without TLS to another host than this.
    pub(crate) fn new(
        base: Url,
        mount: String,
        key: String,
        namespace: Option<String>,
        authority: Option<PathBuf>,
    ) -> Result<Self> {
        if base.scheme() != "https" && !is_loopback(&base) {
            return Err(Error::new(Code::PlainHttp).with(Fact::Server, base.authority()));
        }
        Ok(Self { base, mount, key, namespace, authority })
    }

    /// The name of the key, as a user knows it.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Host and port, for errors.
    pub(crate) fn host(&self) -> &str {
        self.base.authority()
    }

    /// Encrypts `plain`; the ciphertext is text that tells which version of the key made it.
    pub(crate) fn encrypt(&self, ctx: &Ctx, login: &Login, plain: &[u8]) -> Result<String> {
        let plain = Zeroizing::new(STANDARD.encode(plain));
        let answer = self.ask(ctx, login, "encrypt", &json!({ "plaintext": *plain }))?;
        let ciphertext = answer.and_then(|answer| Some(answer["data"]["ciphertext"].as_str()?.to_owned()));
        ciphertext.ok_or_else(|| self.incomplete("ciphertext"))
    }

    /// Decrypts what [`Self::encrypt`] gave; `None` when it was made with another key.
    pub(crate) fn decrypt(
        &self,
        ctx: &Ctx,
        login: &Login,
        ciphertext: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(answer) = self.ask(ctx, login, "decrypt", &json!({ "ciphertext": ciphertext }))? else {
            return Ok(None);
        };
        let plain = answer["data"]["plaintext"].as_str().and_then(|text| STANDARD.decode(text).ok());
        plain.map(|plain| Some(Zeroizing::new(plain))).ok_or_else(|| self.incomplete("plaintext"))
    }

    fn error(&self, code: Code) -> Error {
        Error::new(code).with(Fact::Server, self.host())
    }

    /// The answer lacks `field`.
    fn incomplete(&self, field: &str) -> Error {
        self.error(Code::VaultFailed).worded(Fact::Detail, "detail-answer-lacks", &[("field", field.into())])
    }

    /// The answer to one operation; `None` when the server has no use for what was sent.
    fn ask(&self, ctx: &Ctx, login: &Login, operation: &str, body: &Value) -> Result<Option<Value>> {
        // What any server may answer is known of registries.
        self.asked(ctx, login, operation, body).map_err(|e| e.relabelled(Fact::Registry, Fact::Server))
    }

    fn asked(&self, ctx: &Ctx, login: &Login, operation: &str, body: &Value) -> Result<Option<Value>> {
        let config = tls::config_trusting(self.authority.as_deref());
        let mut client = Client::builder()
            .tls_backend_preconfigured(config.map_err(|e| e.or_with(Fact::Server, self.host()))?)
            .redirect(Policy::none())
            .timeout(LIMIT)
            .http1_only();
        if is_loopback(&self.base) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|e| from_reqwest(self.host(), e))?;
        block_on(ctx, async {
            let token = match login {
                Login::Token(token) => token.clone(),
                Login::AppRole { role_id, secret_id } => {
                    let body = json!({ "role_id": role_id, "secret_id": **secret_id });
                    let answer = self.post(&client, "auth/approle/login", None, &body).await?;
                    let answer = answer.ok_or_else(|| self.error(Code::VaultDenied))?;
                    let token =
                        answer["auth"]["client_token"].as_str().map(|token| Zeroizing::new(token.to_owned()));
                    token.ok_or_else(|| self.incomplete("client_token"))?
                }
            };
            self.post(&client, &format!("{}/{operation}/{}", self.mount, self.key), Some(&token), body).await
        })?
    }

    async fn post(
        &self,
        client: &Client,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Option<Value>> {
        let host = self.host();
        let failed = |e: &dyn std::fmt::Display| self.error(Code::VaultFailed).with(Fact::System, e);
        let url = self.base.join(&format!("v1/{path}")).map_err(|e| failed(&e))?;
        let mut request = client.post(url).json(body);
        for (name, value) in [("x-vault-token", token), ("x-vault-namespace", self.namespace.as_deref())] {
            let Some(value) = value else { continue };
            let mut value = HeaderValue::from_str(value).map_err(|_| self.error(Code::VaultDenied))?;
            value.set_sensitive(name == "x-vault-token");
            request = request.header(HeaderName::from_static(name), value);
        }
        let response = request.send().await.map_err(|e| from_reqwest(host, e))?;
        let status = response.status();
        let answer = read_at_most(host, response, MAX_ANSWER_BYTES).await;
        let too_long = |e: Error| if e.code() == Code::Limit { e.recoded(Code::VaultFailed) } else { e };
        let answer = Zeroizing::new(answer.map_err(too_long)?);
        if status.is_success() {
            return serde_json::from_slice(&answer).map(Some).map_err(|e| failed(&e));
        }
        let words =
            serde_json::from_slice(&answer).map(|Failure { errors }| errors.join("\n")).unwrap_or_default();
        let words = on_one_line(&words);
        let says = |word: &str| words.to_ascii_lowercase().contains(word);
        let code = match status {
            StatusCode::SERVICE_UNAVAILABLE if says("sealed") => Code::VaultSealed,
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Code::VaultDenied,
            StatusCode::BAD_REQUEST if path.starts_with("auth/") => Code::VaultDenied,
            // Transit says so of a mount that is not there, and, with 400, of a key that is not.
            StatusCode::NOT_FOUND => Code::VaultNoKey,
            StatusCode::BAD_REQUEST if says("encryption key not found") => Code::VaultNoKey,
            // Somebody else's slot: made with another key, or a version that was since retired.
            StatusCode::BAD_REQUEST => return Ok(None),
            _ => Code::VaultFailed,
        };
        let found = if words.is_empty() { status.to_string() } else { words };
        Err(self.error(code).with(Fact::System, found))
    }
}
