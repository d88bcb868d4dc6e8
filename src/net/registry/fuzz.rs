//! An answer as bytes, read by everything here that reads one. For `crate::fuzz`.

use reqwest::{
    StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{Registry, chunks, manifest, pull, tags};
use crate::{
    error::{Code, Fact},
    locale::Lang,
    net::{
        auth::{Challenge, is_token_answer},
        failure, retry,
    },
};

thread_local! {
    static REGISTRY: Registry = Registry::unreached();
}

/// Reads `data`: a status, lines of headers, an empty line and a body.
///
/// Returns the parts that were found in it, for tests of the seeds.
pub(crate) fn read_answer(data: &[u8]) -> Vec<&'static str> {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| StatusCode::from_bytes(line).ok()).unwrap_or(StatusCode::OK);
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value) {
            headers.append(name, value);
        }
    }
    let mut found = Vec::new();
    let mut note = |part: &'static str, is_found: bool| found.extend(is_found.then_some(part));

    note("arrived", chunks::num_arrived(&headers).is_some_and(|num| num != 1));
    note("begins", pull::range_start(&headers).is_some());
    note("waits", retry::after(&headers).is_some());
    note("digest", manifest::stated_digest(&headers).is_some());
    assert!(!manifest::media_type(&headers).contains(';'));

    let https = Url::parse("https://registry.example.com/v2/");
    if let Ok(https) = https {
        let next = tags::next_page(&headers);
        note("next", next.is_some());
        // From HTTPS nothing leads to HTTP, by whatever header.
        let resolved = next.map(|next| REGISTRY.with(|registry| registry.http.resolve(&https, &next)));
        assert!(resolved.and_then(Result::ok).is_none_or(|next| next.scheme() == "https"));
        let challenge = Challenge::of(&headers, &https);
        note("challenge", matches!(challenge, Ok(Some(_))));
        if let Ok(Some(Challenge::Bearer { realm, .. })) = challenge {
            assert_eq!(realm.scheme(), "https");
        }
    }

    let error = failure::from_status("registry.example.com", status, body);
    note("words", error.context().iter().any(|(fact, _)| *fact == Fact::Detail));
    assert_ne!(error.code(), Code::Cancelled);
    for lang in Lang::ALL {
        assert!(!error.render(lang).chars().any(|c| c.is_control() && c != '\n'));
    }
    note("tags", serde_json::from_slice::<tags::Tags>(body).is_ok());
    note("index", serde_json::from_slice::<tags::Index>(body).is_ok());
    note("token", is_token_answer(body));
    found
}
