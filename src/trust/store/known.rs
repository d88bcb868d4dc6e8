//! What a user confirmed: a vendor's key, and a vendor's identity.

use jiff::Timestamp;
use serde::Serialize;

use crate::crypto::{PublicKey, SigningKeyType};

/// A key is to be replaced after a year.
const HOURS_OF_A_KEY: i64 = 365 * 24;

/// A vendor's key. A vendor may have several: the next is trusted before the last is retired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustedKey {
    /// The vendor, as the user calls it.
    pub name: String,
    /// SHA-256 of the key: 64 hex digits.
    pub key_id: String,
    /// Its kind.
    pub key_type: SigningKeyType,
    /// When it was confirmed: RFC 3339.
    pub added: String,
    /// The key itself.
    #[serde(skip)]
    pub public_key: PublicKey,
}

impl TrustedKey {
    /// Whether it has been in use for a year: time to ask the vendor for the next.
    pub fn is_due(&self) -> bool {
        is_a_year_ago(&self.added)
    }
}

/// A vendor's identity in the certificates of keyless signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustedIdentity {
    /// The vendor, as the user calls it.
    pub name: String,
    /// The certificate's subject alternative name, exactly: an e-mail address, or the URI of a workflow.
    pub identity: String,
    /// The issuer of the OIDC token, exactly.
    pub issuer: String,
    /// SHA-256 of the trusted root under which it is trusted: 64 hex digits.
    pub trusted_root: String,
    /// When it was confirmed: RFC 3339.
    pub added: String,
}

/// Whether a key of this age, RFC 3339, is to be replaced.
pub(crate) fn is_a_year_ago(added: &str) -> bool {
    let added: Option<Timestamp> = added.parse().ok();
    added.is_some_and(|added| Timestamp::now().duration_since(added).as_hours() >= HOURS_OF_A_KEY)
}
