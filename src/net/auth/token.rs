//! Tokens: bought from a registry's token service, kept for as long as they last.
//! distribution, "Token Authentication Specification" and "`OAuth2` Token Authentication".

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{Client, Url, header::HeaderValue};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Challenge, Credentials, secret_header};
use crate::{
    error::Result,
    net::failure::{from_reqwest, from_response, read_json},
};

/// How long a token lasts that does not say.
const DEFAULT_LIFE: Duration = Duration::from_mins(1);
/// Longest that a token is kept, whatever its service says.
const MAX_LIFE: Duration = Duration::from_hours(24);
/// Before it ends, a token is replaced by this much.
const MARGIN: Duration = Duration::from_secs(10);
/// What the service may know this program as.
const CLIENT_ID: &str = "sealift";

/// What opens one registry: how it asks, who asks, and the tokens bought so far.
#[derive(Default)]
pub(crate) struct Tokens {
    credentials: Option<Credentials>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    challenge: Option<Challenge>,
    by_scope: HashMap<String, (HeaderValue, Instant)>,
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// Whether `bytes` are the answer of a token service.
#[cfg(any(test, fuzzing))]
pub(crate) fn is_token_answer(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Answer>(bytes).is_ok()
}

impl Tokens {
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials, state: Mutex::default() }
    }

    /// In whose name the registry is asked.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers how the registry asks, and forgets the token for `scope` that it did not take.
    pub(crate) fn refused(&self, challenge: Challenge, scope: &str) {
        let mut state = self.state();
        state.challenge = Some(challenge);
        state.by_scope.remove(scope);
    }

    /// The `Authorization` for `scope` (several are split by spaces); none before the registry asked, or
    /// when there is nothing to say. `client` gives the client for the token service.
    pub(crate) async fn authorization(
        &self,
        scope: &str,
        client: impl Fn(&Url) -> Result<Client>,
    ) -> Result<Option<HeaderValue>> {
        let challenge = {
            let state = self.state();
            match state.by_scope.get(scope) {
                Some((header, until)) if *until > Instant::now() => return Ok(Some(header.clone())),
                _ => state.challenge.clone(),
            }
        };
        let (realm, service, asked) = match challenge {
            None => return Ok(None),
            Some(Challenge::Basic) => return Ok(self.credentials.as_ref().and_then(Credentials::basic)),
            Some(Challenge::Bearer { realm, service, scope }) => (realm, service, scope),
        };
        // A request outside a repository has no scope of its own.
        let wanted = if scope.is_empty() { asked.unwrap_or_default() } else { scope.to_owned() };
        let (header, life) = self.buy(&client(&realm)?, realm, service, &wanted).await?;
        if let Some(header) = &header {
            let until = Instant::now() + life.saturating_sub(MARGIN);
            self.state().by_scope.insert(scope.to_owned(), (header.clone(), until));
        }
        Ok(header)
    }

    async fn buy(
        &self,
        client: &Client,
        mut realm: Url,
        service: Option<String>,
        scope: &str,
    ) -> Result<(Option<HeaderValue>, Duration)> {
        let host = realm.authority().to_owned();
        let request = match &self.credentials {
            Some(credentials) if credentials.is_identity_token => {
                let service = service.unwrap_or_default();
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", CLIENT_ID),
                    ("service", &service),
                    ("scope", scope),
                    ("refresh_token", &credentials.secret),
                ];
                client.post(realm).form(&form)
            }
            credentials => {
                let scopes = scope.split(' ').filter(|scope| !scope.is_empty());
                realm
                    .query_pairs_mut()
                    .extend_pairs(service.iter().map(|service| ("service", service)))
                    .extend_pairs(scopes.map(|scope| ("scope", scope)));
                let request = client.get(realm);
                match credentials.as_ref().and_then(Credentials::basic) {
                    Some(basic) => request.header(reqwest::header::AUTHORIZATION, basic),
                    None => request,
                }
            }
        };
        let response = request.send().await.map_err(|e| from_reqwest(&host, e))?;
        if !response.status().is_success() {
            return Err(from_response(&host, response).await);
        }
        let answer: Answer = read_json(&host, response).await?;
        let token = answer.token.or(answer.access_token).map(Zeroizing::new);
        let header = token.and_then(|token| secret_header("Bearer", &token));
        Ok((header, answer.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs).min(MAX_LIFE)))
    }
}
