//! `WWW-Authenticate`: how a registry wants to be asked. RFC 7235 §4.1; distribution, "Token Authentication".

use reqwest::{
    Url,
    header::{HeaderMap, WWW_AUTHENTICATE},
};

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Name and password with every request.
    Basic,
    /// A token from the service at `realm`.
    Bearer { realm: Url, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// The first challenge that can be met: a token before a password, as it says less. A realm that is no
    /// URL is none, and neither is one that [`is_safe`] does not let have credentials.
    ///
    /// # Errors
    /// Where there is no other: the realm that is not safe.
    pub(crate) fn of(headers: &HeaderMap, registry: &Url) -> std::result::Result<Option<Self>, Url> {
        let lines = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let all: Vec<_> =
            lines.flat_map(|line| http_auth::parse_challenges(line).unwrap_or_default()).collect();
        let mut refused = None;
        let bearer = all.iter().find_map(|challenge| {
            if !challenge.scheme.eq_ignore_ascii_case("bearer") {
                return None;
            }
            let param = |name: &str| {
                let mut params = challenge.params.iter();
                params.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_unescaped())
            };
            let realm = registry.join(&param("realm")?).ok()?;
            if !is_safe(&realm, registry) {
                refused = Some(realm).filter(Url::has_host);
                return None;
            }
            Some(Self::Bearer { realm, service: param("service"), scope: param("scope") })
        });
        let basic = all.iter().any(|challenge| challenge.scheme.eq_ignore_ascii_case("basic"));
        match (bearer.or(basic.then_some(Self::Basic)), refused) {
            (None, Some(realm)) => Err(realm),
            (met, _) => Ok(met),
        }
    }
}

/// Whether name and password for the registry may go to the token service that it names. It may be another host, as
/// Docker Hub's is, but over HTTPS alone: plain HTTP leads only from a registry in plain HTTP to its own host.
fn is_safe(realm: &Url, registry: &Url) -> bool {
    let is_own = realm.host() == registry.host() && registry.scheme() == "http";
    realm.scheme() == "https" || (realm.scheme() == "http" && is_own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str], registry: &str) -> Result<Option<Challenge>, Url> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        Challenge::of(&headers, &registry.parse().unwrap())
    }

    #[test]
    fn a_token_is_preferred_and_its_service_must_be_as_private_as_the_registry() {
        let bearer = r#"Bearer realm="https://auth.local/token",service="registry, one",scope="repository:a/b:pull,push""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.local/token".parse().unwrap(),
            service: Some("registry, one".into()),
            scope: Some("repository:a/b:pull,push".into()),
        };
        assert_eq!(of(&[bearer], "https://r.local/"), Ok(Some(expected.clone())));
        assert_eq!(of(&[bearer], "http://r.local/"), Ok(Some(expected.clone())));
        assert_eq!(of(&["Basic realm=\"x\"", bearer], "https://r.local/"), Ok(Some(expected)));
        let basic = "Basic realm=\"x\"";
        assert_eq!(of(&[basic], "https://r.local/"), Ok(Some(Challenge::Basic)));
        let plain = r#"Bearer realm="http://auth.local:5001/token""#;
        for registry in ["https://auth.local/", "https://r.local/", "http://r.local/"] {
            assert_eq!(of(&[plain], registry).unwrap_err().host_str(), Some("auth.local"), "{registry}");
            assert_eq!(of(&[plain, basic], registry), Ok(Some(Challenge::Basic)));
        }
        // A registry in plain HTTP whose token service is on the same host; a path alone is the registry's own.
        assert!(of(&[plain], "http://auth.local:5000/").unwrap().is_some());
        assert!(of(&[r#"Bearer realm="/token""#], "http://r.local/").unwrap().is_some());
        for unusable in ["Bearer", "Bearer realm=\"file:///etc/passwd\"", "Negotiate", "\"", ""] {
            assert_eq!(of(&[unusable], "http://r.local/"), Ok(None), "{unusable}");
        }
    }
}
