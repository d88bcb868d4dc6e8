//! Signatures made with a certificate of a moment instead of a key (*keyless*), checked offline against a trusted root.
//!
//! The crate `sigstore-verify` checks: the certificate's chain to an authority of the root, valid when it signed; when
//! that was, by the log's signed entry timestamp or a timestamp authority; the entry's place in the log, and that it is
//! of this signature, certificate and content; the certificate's own log. Nothing is asked of the network. Here its
//! input is put together, from what cosign leaves in annotations or from sigstore's bundle, and bounded beforehand.
//! Which signer counts is the trust store's to say.

use std::{fmt, sync::Arc};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::Deserialize;
use sigstore_verify::{
    VerificationPolicy, Verifier,
    trust_root::TrustedRoot as Root,
    types::{
        Artifact, Bundle, CanonicalizedBody, DerCertificate, InclusionPromise, KindVersion, LogId, LogIndex,
        LogKeyId, MediaType, Rfc3161Timestamp, SignatureContent, SignedTimestamp, TimestampToken,
        TimestampVerificationData, TransparencyLogEntry, VerificationMaterial, VerificationMaterialContent,
        X509Certificate,
    },
};

use crate::{
    crypto::install_primitives,
    digest::Digest,
    error::{Code, Error, Fact, Result},
    oci::parse_json,
};

const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";
/// Largest trusted root that is read; that of the public sigstore is 7 KiB.
pub(crate) const MAX_TRUSTED_ROOT_BYTES: usize = 256 << 10;
/// Largest evidence that is looked at. It is 15 KiB at most, and each entry of a log in it costs a check.
const MAX_EVIDENCE_BYTES: usize = 256 << 10;

/// Whom a site takes for sigstore: authorities and logs, as its `trusted_root.json` names them.
#[derive(Clone)]
pub struct TrustedRoot {
    id: String,
    json: String,
    verifier: Arc<Verifier>,
}

impl TrustedRoot {
    /// Reads a `trusted_root.json`. One without a certificate authority, a log of signatures and a log of certificates
    /// could prove nothing.
    ///
    /// # Errors
    /// [`Code::BadTrustedRoot`].
    pub fn from_json(json: &str) -> Result<Self> {
        let bad = || Error::new(Code::BadTrustedRoot);
        if json.len() > MAX_TRUSTED_ROOT_BYTES {
            return Err(bad().with(Fact::Limit, MAX_TRUSTED_ROOT_BYTES));
        }
        let root: Root =
            parse_json(json.as_bytes(), "trusted_root.json").map_err(|e| e.recoded(Code::BadTrustedRoot))?;
        for (field, is_empty) in [
            ("certificateAuthorities", root.certificate_authorities.is_empty()),
            ("tlogs", root.tlogs.is_empty()),
            ("ctlogs", root.ctlogs.is_empty()),
        ] {
            if is_empty {
                return Err(bad().with(Fact::Field, field));
            }
        }
        install_primitives();
        let verifier = Verifier::new(&root).map_err(|e| bad().with(Fact::System, e))?;
        let id = Digest::of(json.as_bytes()).hex();
        Ok(Self { id, json: json.to_owned(), verifier: Arc::new(verifier) })
    }

    /// SHA-256 of the file: 64 hex digits. Its words are compared over another channel.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }

    /// Who made the signature `content` of `artifact`, as far as `evidence` proves it.
    pub(super) fn signer(
        &self,
        evidence: &Evidence,
        content: &SignatureContent,
        artifact: &Artifact<'_>,
    ) -> Option<Signer> {
        let (media_type, material) = evidence.0.as_ref()?;
        let bundle = Bundle::new(*media_type, material.clone(), content.clone());
        // Whoever signed: the trust store compares identity and issuer itself, and tells of a stranger who they are.
        let policy = VerificationPolicy::any_identity();
        let result = self.verifier.verify(artifact.clone(), &bundle, &policy);
        let proven = result.inspect_err(|e| tracing::debug!("keyless signature: {e}")).ok()?;
        let is_whole = proven.certificate_verified() && proven.sct_verified() && proven.tlog_verified();
        let identity = proven.identity().filter(|_| is_whole)?.as_str().to_owned();
        Some(Signer { identity, issuer: proven.issuer()?.to_owned() })
    }
}

impl fmt::Debug for TrustedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedRoot({})", self.id)
    }
}

impl PartialEq for TrustedRoot {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Who signed, as the certificate's authority vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signer {
    /// The certificate's subject alternative name: an e-mail address, or the URI of a workflow.
    pub(super) identity: String,
    /// Who knew the identity: the issuer of the OIDC token.
    pub(super) issuer: String,
}

/// What comes with a keyless signature and proves who made it and when; nothing of it is checked yet. Without content it
/// is of a kind that is not checked.
pub(super) struct Evidence(Option<(MediaType, VerificationMaterial)>);

impl Evidence {
    /// From the annotations that cosign leaves beside a signature; `None` when there is no certificate among them.
    pub(super) fn of_annotations(annotation: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let certificate = annotation(CERTIFICATE)?;
        let [chain, log_entry, timestamp] =
            [CHAIN, LOG_ENTRY, TIMESTAMP].map(|name| annotation(name).unwrap_or_default());
        let len = certificate.len() + chain.len() + log_entry.len() + timestamp.len();
        if len > MAX_EVIDENCE_BYTES {
            return Some(Self(None));
        }
        let material = material(&certificate, &chain, &log_entry, &timestamp);
        // The bundle's first version: what cosign's annotations hold is what it was made of.
        Some(Self(material.map(|material| (MediaType::Bundle0_1, material))))
    }

    /// From sigstore's bundle, of whose `bytes` so many are the payload.
    pub(super) fn of_bundle(bytes: &[u8], payload_bytes: usize) -> Self {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Document {
            media_type: MediaType,
            verification_material: VerificationMaterial,
        }
        if bytes.len().saturating_sub(payload_bytes) > MAX_EVIDENCE_BYTES {
            return Self(None);
        }
        let document: Option<Document> = parse_json(bytes, "bundle").ok();
        Self(document.map(|document| (document.media_type, document.verification_material)))
    }
}

/// cosign's `RekorBundle`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogEntry {
    signed_entry_timestamp: SignedTimestamp,
    payload: LogEntryPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntryPayload {
    body: CanonicalizedBody,
    integrated_time: i64,
    log_index: LogIndex,
    #[serde(rename = "logID")]
    log_id: String,
}

/// What the body says of its own form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntryBody {
    kind: String,
    api_version: String,
}

/// cosign's `RFC3161Timestamp`.
#[derive(Deserialize)]
struct Timestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: TimestampToken,
}

fn material(
    certificate: &str,
    chain: &str,
    log_entry: &str,
    timestamp: &str,
) -> Option<VerificationMaterial> {
    let read = |pem: &str| -> Option<Vec<X509Certificate>> {
        let wrap = |der: CertificateDer<'_>| X509Certificate::new(DerCertificate::from_bytes(&der));
        CertificateDer::pem_slice_iter(pem.as_bytes()).map(|der| der.ok().map(wrap)).collect()
    };
    let [leaf] = <[X509Certificate; 1]>::try_from(read(certificate)?).ok()?;
    let certificates = std::iter::once(leaf).chain(read(chain)?).collect();
    let content = VerificationMaterialContent::X509CertificateChain { certificates };
    let mut material = VerificationMaterial::new(content).with_tlog_entries(vec![entry(log_entry)?]);
    if !timestamp.is_empty() {
        let Timestamp { token } = parse_json(timestamp.as_bytes(), TIMESTAMP).ok()?;
        let timestamps = vec![Rfc3161Timestamp::new(token)];
        material = material.with_timestamp_verification_data(TimestampVerificationData::new(timestamps));
    }
    Some(material)
}

fn entry(json: &str) -> Option<TransparencyLogEntry> {
    let LogEntry { signed_entry_timestamp, payload } = parse_json(json.as_bytes(), LOG_ENTRY).ok()?;
    let body: LogEntryBody = parse_json(payload.body.as_bytes(), LOG_ENTRY).ok()?;
    let kind = serde_json::json!({ "kind": body.kind, "version": body.api_version });
    let kind: KindVersion = serde_json::from_value(kind).ok()?;
    let log: Digest = format!("sha256:{}", payload.log_id).parse().ok()?;
    let log = LogId::new(LogKeyId::from_bytes(log.as_bytes()));
    let entry = TransparencyLogEntry::new(payload.log_index, log, kind, payload.body)
        .with_integrated_time(jiff::Timestamp::from_second(payload.integrated_time).ok()?)
        .with_inclusion_promise(InclusionPromise::new(signed_entry_timestamp));
    Some(entry)
}
