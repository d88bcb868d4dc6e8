//! Whose signature a bundle bears, and whether the site takes it.
//!
//! `store` has the vendors' keys and identities that a user confirmed, `policy` what a site asks for, `admission` what it
//! found; `image`, `form` and `keyless` tell who signed an image. Knows no file but the first two's, and asks nobody. docs/trust.md.

mod admission;
mod form;
mod image;
mod keyless;
mod policy;
mod store;

use serde::Serialize;

pub use admission::Admission;
#[cfg(any(test, fuzzing))]
pub(crate) use form::check_any;
pub(crate) use image::Vouched;
pub use image::{ImageSignature, ImageSignatureState, ImageSigners};
pub(crate) use keyless::MAX_TRUSTED_ROOT_BYTES;
pub use keyless::TrustedRoot;
pub(crate) use policy::Named;
pub use policy::{AcceptedRelease, ImageCheck, Policy, PolicyReport};
pub(crate) use store::is_a_year_ago;
pub use store::{TrustStore, TrustedIdentity, TrustedKey};

use crate::{
    bundle::{Header, Tlv, VendorSignature, rfc3339},
    crypto::{PublicKey, SigningKeyType},
};

/// What a signature is worth here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    /// It fits, and the key is a trusted vendor's.
    Trusted,
    /// It fits, and nobody here knows whose key it is: anyone can sign with a key of their own.
    UnknownKey,
    /// It does not fit this bundle, or cannot be read.
    Damaged,
    /// Of a kind that this program does not check.
    UnknownKind,
}

/// A vendor signature of a bundle, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureInfo {
    /// What it is worth.
    pub state: SignatureState,
    /// Name of the trusted vendor whose key it names; of a damaged one, who is said to have made it.
    pub vendor: Option<String>,
    /// Fingerprint of the key, 64 hex digits; its words are compared over another channel.
    pub key_id: Option<String>,
    /// Kind of the key.
    pub key_type: Option<SigningKeyType>,
    /// When it was signed, as the signer says: RFC 3339.
    pub signed: Option<String>,
    /// Product that it is said to be.
    pub product: Option<String>,
    /// Release of that product.
    pub release: Option<String>,
    /// The key, with which it can be trusted from now on.
    #[serde(skip)]
    pub public_key: Option<PublicKey>,
}

/// The signatures of `header`, in the order they were made.
pub(crate) fn signatures(header: &Header, store: &TrustStore) -> Vec<SignatureInfo> {
    let core = header.core();
    let check = |entry: &Tlv| {
        let mut info = SignatureInfo {
            state: if VendorSignature::is_known(entry) {
                SignatureState::Damaged
            } else {
                SignatureState::UnknownKind
            },
            vendor: None,
            key_id: None,
            key_type: None,
            signed: None,
            product: None,
            release: None,
            public_key: None,
        };
        let Some(signature) = VendorSignature::decode(entry) else { return info };
        let id = signature.public_key.id();
        info.vendor = store.by_id(&id).map(|known| known.name.clone());
        info.key_id = Some(id);
        info.key_type = Some(signature.public_key.key_type());
        if signature.fits(&core) {
            info.state =
                if info.vendor.is_some() { SignatureState::Trusted } else { SignatureState::UnknownKey };
            // What a signature that does not fit says is nobody's word.
            info.signed = Some(rfc3339(signature.statement.signed));
            (info.product, info.release) =
                signature.statement.release.map(|(product, release)| (product, release.to_string())).unzip();
            info.public_key = Some(signature.public_key);
        }
        info
    };
    Tlv::decode_all(&header.signatures).iter().map(check).collect()
}
