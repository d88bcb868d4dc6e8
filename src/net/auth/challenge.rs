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
    /// URL, or plain HTTP where the registry itself is not, is none.
    pub(crate) fn of(headers: &HeaderMap, registry: &Url) -> Option<Self> {
        let lines = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let all: Vec<_> =
            lines.flat_map(|line| http_auth::parse_challenges(line).unwrap_or_default()).collect();
        let bearer = all.iter().find_map(|challenge| {
            if !challenge.scheme.eq_ignore_ascii_case("bearer") {
                return None;
            }
            let param = |name: &str| {
                let mut params = challenge.params.iter();
                params.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_unescaped())
            };
            let realm = registry.join(&param("realm")?).ok()?;
            let is_safe =
                realm.scheme() == "https" || (realm.scheme() == "http" && registry.scheme() == "http");
            is_safe.then(|| Self::Bearer { realm, service: param("service"), scope: param("scope") })
        });
        let basic = all.iter().any(|challenge| challenge.scheme.eq_ignore_ascii_case("basic"));
        bearer.or(basic.then_some(Self::Basic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str], registry: &str) -> Option<Challenge> {
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
        assert_eq!(of(&[bearer], "https://r.local/"), Some(expected.clone()));
        assert_eq!(of(&["Basic realm=\"x\"", bearer], "https://r.local/"), Some(expected));
        assert_eq!(of(&["Basic realm=\"x\""], "https://r.local/"), Some(Challenge::Basic));
        let plain = r#"Bearer realm="http://auth.local/token""#;
        assert_eq!(of(&[plain], "https://r.local/"), None);
        assert!(of(&[plain], "http://r.local/").is_some());
        for unusable in ["Bearer", "Bearer realm=\"file:///etc/passwd\"", "Negotiate", "\"", ""] {
            assert_eq!(of(&[unusable], "http://r.local/"), None, "{unusable}");
        }
    }
}
