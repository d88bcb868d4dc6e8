//! Where a token's key is: PKCS #11 URIs (RFC 7512).

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::SCHEME;
use crate::error::{Code, Error, Fact, Result};

/// The module that knows all others, where a system has p11-kit.
const DEFAULT_MODULE: &str = "p11-kit-proxy.so";

/// The parts of a URI that Sealift uses; what is not given fits any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::keyslot) struct TokenUri {
    /// The token's label.
    pub(super) token: Option<String>,
    /// Its serial number.
    pub(super) serial: Option<String>,
    /// The key's label.
    pub(super) object: Option<String>,
    /// The key's `CKA_ID`.
    pub(super) id: Option<Vec<u8>>,
    /// The library of the token's maker.
    pub(super) module: PathBuf,
    /// The file that holds the PIN.
    pub(super) pin_source: Option<PathBuf>,
}

impl TokenUri {
    /// # Errors
    /// [`Code::BadTokenUri`]; also for a PIN in the URI itself, which every user of the host could read.
    pub(in crate::keyslot) fn parse(text: &str) -> Result<Self> {
        let bad = |part: &str| Error::new(Code::BadTokenUri).with(Fact::Found, part);
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| bad(text))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self { module: DEFAULT_MODULE.into(), ..Self::default() };
        for part in path.split(';').chain(query.split('&')).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| bad(part))?;
            let bytes: Vec<u8> = percent_decode_str(value).collect();
            let words = || String::from_utf8(bytes.clone()).map_err(|_| bad(part));
            match name {
                "token" => uri.token = Some(words()?),
                "serial" => uri.serial = Some(words()?),
                "object" => uri.object = Some(words()?),
                "id" => uri.id = Some(bytes),
                "module-path" => uri.module = words()?.into(),
                "pin-source" => {
                    let path = words()?;
                    let path = path.strip_prefix("file:").unwrap_or(&path);
                    uri.pin_source = Some(path.trim_start_matches("//").into());
                }
                "pin-value" => return Err(bad("pin-value").with(Fact::Expected, "pin-source")),
                // Makers, models and the like narrow nothing that these do not.
                "manufacturer"
                | "model"
                | "type"
                | "library-manufacturer"
                | "library-description"
                | "library-version"
                | "slot-id"
                | "slot-description"
                | "slot-manufacturer"
                | "module-name" => {}
                _ => return Err(bad(name)),
            }
        }
        Ok(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_as_rfc_7512_writes_them() {
        let uri = TokenUri::parse(
            "pkcs11:token=The%20HSM;object=site;id=%01%FF?module-path=/lib/p.so&pin-source=file:/run/pin",
        );
        let expected = TokenUri {
            token: Some("The HSM".into()),
            object: Some("site".into()),
            id: Some(vec![1, 255]),
            module: "/lib/p.so".into(),
            pin_source: Some("/run/pin".into()),
            serial: None,
        };
        assert_eq!(uri.unwrap(), expected);
        assert_eq!(TokenUri::parse("pkcs11:").unwrap().module, PathBuf::from(DEFAULT_MODULE));
        for bad in ["pkcs11:token", "pkcs11:colour=red", "pkcs11:?pin-value=1234", "pkcs11:token=%FF"] {
            assert_eq!(TokenUri::parse(bad).unwrap_err().code(), Code::BadTokenUri, "{bad}");
        }
    }
}
