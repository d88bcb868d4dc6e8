//! The policy as the file that an administrator writes. Every form: docs/trust.md.

use jiff::Timestamp;
use serde::Deserialize;
use toml::value::Datetime;

use super::{ImageRule, Policy};
use crate::{
    bundle::check_product,
    document,
    error::{Code, Error, Fact, Result},
};

/// Format of the file.
const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default)]
    signers: Signers,
    #[serde(default, rename = "product")]
    products: Vec<StoredProduct>,
    #[serde(default, rename = "image")]
    images: Vec<StoredImageRule>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signers {
    #[serde(default)]
    any_of: Vec<String>,
    #[serde(default)]
    all_of: Vec<String>,
    oldest_signing: Option<Datetime>,
    refuse_rollback: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredProduct {
    name: String,
    oldest_release: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredImageRule {
    names: String,
    signed_by: Vec<String>,
}

impl Policy {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bad = |field: &str| Error::new(Code::BadPolicy).with(Fact::Field, field);
        let document: Document = document::fields(text, Code::BadPolicy)?;
        document::check_version(document.version, VERSION, Code::BadPolicy)?;
        let product = |stored: StoredProduct| {
            let refused = |e: Error| e.recoded(Code::BadPolicy);
            check_product(&stored.name).map_err(refused)?;
            Ok((stored.name, stored.oldest_release.parse().map_err(refused)?))
        };
        let image = |stored: StoredImageRule| {
            // A rule that nobody can meet, or that meets nothing, was meant otherwise.
            if stored.names.is_empty() || stored.signed_by.is_empty() {
                return Err(bad("image"));
            }
            if !can_meet(&stored.names) {
                return Err(bad("names").with(Fact::Found, &stored.names));
            }
            Ok(ImageRule::new(stored.names, stored.signed_by))
        };
        let signers = document.signers;
        let policy = Self {
            oldest_signing: signers.oldest_signing.map(|time| timestamp(&time)).transpose()?,
            refuse_rollback: signers.refuse_rollback.unwrap_or(true),
            any_of: signers.any_of,
            all_of: signers.all_of,
            products: document.products.into_iter().map(product).collect::<Result<_>>()?,
            images: document.images.into_iter().map(image).collect::<Result<_>>()?,
        };
        let asks_signers = !policy.any_of.is_empty() || !policy.all_of.is_empty();
        if !asks_signers && (policy.oldest_signing.is_some() || !policy.products.is_empty()) {
            // Whose word would the time and the release be?
            return Err(bad("signers"));
        }
        if !asks_signers && policy.images.is_empty() {
            return Err(bad("signers"));
        }
        Ok(policy)
    }
}

/// Whether a pattern has the form of an image name, with `*` and `?`: one of any other form, an address of a transport say,
/// would meet no image, and let in what it was meant to rule.
fn can_meet(names: &str) -> bool {
    let (host, rest) = match names.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        // An IPv6 address, with what follows it.
        Some((address, rest)) if address.chars().all(|c| c.is_ascii_hexdigit() || ":.*?".contains(c)) => {
            ("v6", rest)
        }
        _ => (names.split(['/', ':']).next().unwrap_or_default(), names),
    };
    let port = names.split_once('/').and_then(|(host, _)| host.rsplit_once(':')).map(|(_, port)| port);
    let is_port = |port: &str| {
        !port.starts_with('0')
            && !port.is_empty()
            && port.chars().all(|c| c.is_ascii_digit() || "*?]".contains(c))
    };
    rest.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@*?".contains(c))
        && !names.starts_with('/')
        && !names.ends_with('/')
        && !names.contains("//")
        && !host.ends_with('.')
        && (port.is_none_or(is_port) || names.starts_with('['))
}

/// A time, or the beginning of a day in UTC.
fn timestamp(time: &Datetime) -> Result<Timestamp> {
    let text = time.to_string();
    let full = if time.time.is_none() { format!("{text}T00:00:00Z") } else { text.clone() };
    let bad = || Error::new(Code::BadPolicy).with(Fact::Field, "oldest_signing").with(Fact::Found, &text);
    full.parse().map_err(|_| bad().with(Fact::Expected, "2026-01-31"))
}
