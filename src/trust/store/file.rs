//! The trust store as the file that it is kept in. Every form: docs/trust.md.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{TrustStore, TrustedIdentity, TrustedKey, releases::SeenRelease};
use crate::{
    bundle::{Release, check_product},
    crypto::PublicKey,
    document,
    error::{Code, Error, Fact, Result},
    trust::keyless::TrustedRoot,
};

/// Format of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, rename = "vendor")]
    vendors: Vec<StoredKey>,
    #[serde(default, rename = "identity")]
    identities: Vec<StoredIdentity>,
    #[serde(default, rename = "trusted_root")]
    trusted_roots: Vec<StoredRoot>,
    #[serde(default, rename = "release")]
    releases: Vec<SeenRelease>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    name: String,
    key_id: String,
    added: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredIdentity {
    vendor: String,
    identity: String,
    issuer: String,
    trusted_root: String,
    added: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRoot {
    sha256: String,
    json: String,
}

impl TrustStore {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(Code::BadTrustStore);
        let document: Document = document::fields(text, Code::BadTrustStore)?;
        document::check_version(document.version, VERSION, Code::BadTrustStore)?;
        let mut store = Self::default();
        for stored in document.vendors {
            let refused = |field: &str| bad().with(Fact::Vendor, &stored.name).with(Fact::Field, field);
            let public_key =
                PublicKey::from_pem(stored.key.as_bytes()).map_err(|e| refused("key").caused_by(e))?;
            if public_key.id() != stored.key_id {
                return Err(refused("key_id")
                    .with(Fact::Expected, public_key.id())
                    .with(Fact::Found, stored.key_id));
            }
            stored.added.parse::<Timestamp>().map_err(|e| refused("added").caused_by(e))?;
            store
                .insert(&stored.name, public_key, stored.added.clone())
                .map_err(|e| refused("name").caused_by(e))?;
        }
        for stored in &document.trusted_roots {
            let refused = |field: &str| bad().with(Fact::Field, field);
            let root = TrustedRoot::from_json(&stored.json).map_err(|e| refused("json").caused_by(e))?;
            if root.id() != stored.sha256 {
                let error = refused("sha256").with(Fact::Expected, root.id());
                return Err(error.with(Fact::Found, &stored.sha256));
            }
            store.trusted_roots.push(root);
        }
        for stored in document.identities {
            let refused = |field: &str| bad().with(Fact::Vendor, &stored.vendor).with(Fact::Field, field);
            stored.added.parse::<Timestamp>().map_err(|e| refused("added").caused_by(e))?;
            if store.trusted_roots.iter().all(|root| root.id() != stored.trusted_root) {
                return Err(refused("trusted_root").with(Fact::Found, &stored.trusted_root));
            }
            let identity = TrustedIdentity {
                name: stored.vendor.clone(),
                identity: stored.identity.clone(),
                issuer: stored.issuer.clone(),
                trusted_root: stored.trusted_root.clone(),
                added: stored.added.clone(),
            };
            store.insert_identity(identity).map_err(|e| refused("identity").caused_by(e))?;
        }
        for seen in &document.releases {
            let refused = |e: Error| e.recoded(Code::BadTrustStore).or_with(Fact::Vendor, &seen.vendor);
            check_product(&seen.product).map_err(refused)?;
            seen.release.parse::<Release>().map_err(refused)?;
        }
        store.releases = document.releases;
        Ok(store)
    }

    pub(crate) fn encode(&self) -> Result<String> {
        let stored = |key: &TrustedKey| StoredKey {
            name: key.name.clone(),
            key_id: key.key_id.clone(),
            added: key.added.clone(),
            key: key.public_key.to_pem(),
        };
        let identity = |identity: &TrustedIdentity| StoredIdentity {
            vendor: identity.name.clone(),
            identity: identity.identity.clone(),
            issuer: identity.issuer.clone(),
            trusted_root: identity.trusted_root.clone(),
            added: identity.added.clone(),
        };
        let root =
            |root: &TrustedRoot| StoredRoot { sha256: root.id().to_owned(), json: root.json().to_owned() };
        let document = Document {
            version: VERSION,
            vendors: self.keys.iter().map(stored).collect(),
            identities: self.identities.iter().map(identity).collect(),
            trusted_roots: self.trusted_roots.iter().map(root).collect(),
            releases: self.releases.clone(),
        };
        toml::to_string_pretty(&document).map_err(|e| Error::new(Code::BadTrustStore).caused_by(e))
    }
}
