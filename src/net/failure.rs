//! What went wrong on the way to a server, or what it answered, as one [`Error`].
//!
//! Error bodies are `{"errors": [{"code", "message", "detail"}]}`: OCI distribution-spec, "Error Codes".

use std::{error::Error as StdError, io};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{Response, StatusCode};
use rustls::{AlertDescription, CertificateError, InvalidMessage, pki_types::UnixTime};
use serde::{Deserialize, de::DeserializeOwned};

use super::retry::Pace;
use crate::error::{Code, Error, Fact, Result};

/// Most bytes of an error's body that are read.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// Most bytes of a server's own words that are shown.
const MAX_SHOWN: usize = 300;
/// Largest JSON answer that is no manifest.
const MAX_JSON_BYTES: usize = 4 << 20;

/// A request that got no answer, or not the whole of one, from `host`.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn from_reqwest(host: &str, error: reqwest::Error) -> Error {
    let mut code = if error.is_timeout() {
        Code::TimedOut
    } else if error.is_connect() {
        Code::Unreachable
    } else {
        Code::ConnectionLost
    };
    let (mut detail, mut validity) = (None, None);
    let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(cause) = next {
        detail = Some(cause.to_string());
        next = cause.source();
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            code = tls_code(tls);
            validity = validity_of(tls);
            break;
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => code = Code::Refused,
                io::ErrorKind::TimedOut => code = Code::TimedOut,
                _ => {}
            }
            // An io::Error is transparent: its `source` is the source of what it holds.
            next = io.get_ref().map(|inner| -> &(dyn StdError + 'static) { inner }).or(next);
        }
    }
    let built = Error::new(code).with(Fact::Registry, host);
    // The innermost cause says most; reqwest's own text would show the URL, which may be signed.
    match (validity, detail) {
        (Some((id, limit, now)), _) => built.worded(Fact::Detail, id, &[("limit", limit), ("now", now)]),
        (None, Some(detail)) => built.with(Fact::System, shortened(&detail)),
        (None, None) => built,
    }
}

/// Of a certificate outside its time: which words, the end that was missed, and the time here.
fn validity_of(error: &rustls::Error) -> Option<(&'static str, String, String)> {
    use CertificateError as Bad;
    let rustls::Error::InvalidCertificate(bad) = error else { return None };
    let (id, limit, now) = match bad {
        Bad::ExpiredContext { time, not_after } => ("detail-certificate-ended", not_after, time),
        Bad::NotValidYetContext { time, not_before } => ("detail-certificate-not-yet", not_before, time),
        _ => return None,
    };
    let shown = |time: &UnixTime| {
        let secs = i64::try_from(time.as_secs()).ok()?;
        Timestamp::from_second(secs).ok().map(|time| time.to_string())
    };
    Some((id, shown(limit)?, shown(now)?))
}

fn tls_code(error: &rustls::Error) -> Code {
    use CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            // Other: a self-signed certificate, which is trusted only as a file of certs.d.
            Bad::UnknownIssuer | Bad::BadSignature | Bad::Other(_) => Code::UnknownCa,
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                Code::CertificateExpired
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Code::CertificateName,
            _ => Code::Tls,
        },
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA,
        ) => Code::ClientCertificate,
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Code::PlainHttp,
        _ => Code::Tls,
    }
}

/// An answer that is not the one hoped for.
pub(super) async fn from_response(host: &str, response: Response) -> Error {
    let status = response.status();
    let body = read_at_most(host, response, MAX_ERROR_BYTES).await.unwrap_or_default();
    from_status(host, status, &body)
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

pub(super) fn from_status(host: &str, status: StatusCode, body: &[u8]) -> Error {
    let parsed: Option<Body> = serde_json::from_slice(body).ok();
    let entry = parsed.and_then(|body| body.errors.into_iter().next());
    let text = String::from_utf8_lossy(body);
    let says = |word: &str| text.to_ascii_lowercase().contains(word);
    let is = |code: &str| entry.as_ref().is_some_and(|entry| entry.code.eq_ignore_ascii_case(code));
    // Servers differ in the status; the words are the same. Err 28 is ENOSPC in docker-registry's detail.
    // Harbor's words of a quota: goharbor/harbor, src/pkg/quota/errors.go, ResourceOverflow.
    let is_full = says("quota")
        || says("exceed the configured upper limit of")
        || says("no space left")
        || says("\"err\":28");
    let code = match status.as_u16() {
        // nginx, when it asks for a client certificate.
        400 if says("ssl certificate") => Code::ClientCertificate,
        400 if says("http request to an https server") => Code::NotARegistry,
        // Harbor: src/server/middleware/immutable.
        412 if says("configured as immutable") => Code::TagImmutable,
        413 => Code::RequestTooLarge,
        429 => Code::RateLimited,
        507 => Code::Quota,
        _ if is_full => Code::Quota,
        401 => Code::Unauthorized,
        403 => Code::Forbidden,
        404 if says("project") => Code::NoProject,
        404 if entry.is_none() && !body.is_empty() => Code::NotARegistry,
        404 => Code::NotInRegistry,
        405 | 415 | 501 => Code::Unsupported,
        _ if is("UNSUPPORTED") => Code::Unsupported,
        300..=399 => Code::RedirectRefused,
        400..=499 if is("DIGEST_INVALID") || is("SIZE_INVALID") => Code::RegistryMismatch,
        400..=499 => Code::Unsupported,
        _ => Code::ServerFailed,
    };
    let words = match entry {
        Some(Entry { code, message }) if message.trim().is_empty() => code,
        Some(Entry { code, message }) => format!("{code}: {message}"),
        None => String::new(),
    };
    let error = Error::new(code).with(Fact::Registry, host).with(Fact::System, format!("HTTP {status}"));
    if words.is_empty() { error } else { error.with(Fact::Detail, shortened(&on_one_line(&words))) }
}

/// A server's own words without the lines and marks of a list, as Go's multierror makes one.
pub(super) fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("* "));
    let is_head = |line: &str| line.ends_with("occurred:") && line.starts_with(|c: char| c.is_ascii_digit());
    let lines: Vec<_> = lines.filter(|line| !line.is_empty() && !is_head(line)).collect();
    lines.join("; ")
}

fn shortened(text: &str) -> String {
    let end = text.char_indices().nth(MAX_SHOWN).map_or(text.len(), |(at, _)| at);
    text[..end].to_owned()
}

/// The body, if it is no longer than `max_bytes`; what a `Content-Length` promises is checked before.
pub(super) async fn read_at_most(host: &str, mut response: Response, max_bytes: usize) -> Result<Vec<u8>> {
    let too_long = |found: u64| {
        let error = Error::new(Code::Limit).with(Fact::Registry, host);
        error.with(Fact::Limit, max_bytes).with(Fact::Found, found)
    };
    if let Some(len) = response.content_length().filter(|len| *len > max_bytes as u64) {
        return Err(too_long(len));
    }
    let mut bytes = Vec::new();
    let mut pace = Pace::default();
    while let Some(piece) = pace.next(host, &mut response).await? {
        if bytes.len() + piece.len() > max_bytes {
            return Err(too_long((bytes.len() + piece.len()) as u64));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A JSON answer.
///
/// # Errors
/// [`Code::NotARegistry`] for anything else.
pub(super) async fn read_json<T: DeserializeOwned>(host: &str, response: Response) -> Result<T> {
    let bytes = Bytes::from(read_at_most(host, response, MAX_JSON_BYTES).await?);
    serde_json::from_slice(&bytes)
        .map_err(|e| Error::new(Code::NotARegistry).with(Fact::Registry, host).with(Fact::System, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_of_a_server_has_its_own_words() {
        let oci = |code: &str, message: &str| {
            format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#)
        };
        for (status, body, code) in [
            (401, oci("UNAUTHORIZED", "authentication required"), Code::Unauthorized),
            (403, oci("DENIED", "requested access to the resource is denied"), Code::Forbidden),
            (403, oci("DENIED", "Quota exceeded when processing the request of adding 3 MiB"), Code::Quota),
            (403, oci("DENIED", "adding 5.8 MiB of storage resource, which when updated to current usage of 4.1 MiB will exceed the configured upper limit of 8.0 MiB."), Code::Quota),
            (412, oci("PRECONDITION", "Failed to process request due to 'apps/web:1.0' configured as immutable."), Code::TagImmutable),
            (412, oci("PRECONDITION", "current image with 3 critical vulnerabilities cannot be pulled"), Code::Unsupported),
            (404, oci("MANIFEST_UNKNOWN", "manifest unknown"), Code::NotInRegistry),
            (404, String::new(), Code::NotInRegistry),
            (404, oci("NOT_FOUND", "project apps not found"), Code::NoProject),
            (404, "<html>".into(), Code::NotARegistry),
            (400, "<h1>No required SSL certificate was sent</h1>".into(), Code::ClientCertificate),
            (405, oci("UNSUPPORTED", "The operation is unsupported."), Code::Unsupported),
            (400, oci("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"), Code::Unsupported),
            (413, "<html>".into(), Code::RequestTooLarge),
            (429, oci("TOOMANYREQUESTS", "slow down"), Code::RateLimited),
            (500, r#"{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"Enclosed":{"Err":28}}}]}"#.into(), Code::Quota),
            (502, "<html>".into(), Code::ServerFailed),
        ] {
            let error = from_status("r.local", StatusCode::from_u16(status).unwrap(), body.as_bytes());
            assert_eq!(error.code(), code, "{status} {body}");
        }
    }

    #[test]
    fn a_list_of_a_servers_words_is_one_line() {
        for (text, line) in [
            ("permission denied", "permission denied"),
            (
                "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
                "permission denied; invalid token",
            ),
            ("1 error occurred:\n\t* permission denied\n\n", "permission denied"),
        ] {
            assert_eq!(on_one_line(text), line);
        }
    }
}
