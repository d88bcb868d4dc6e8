//! Whom a host is believed to be: the system's authorities, and what `certs.d` holds for it.
//! containers-certs.d(5); docs.docker.com, "Verify repository client with certificates".

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem, pem::PemObject},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

use crate::{
    error::{Code, Error, Fact, Result},
    fs::open_file,
};

/// More than any file of certificates has.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What the folders of one host hold.
#[derive(Default)]
struct HostCerts {
    authorities: Vec<CertificateDer<'static>>,
    identity: Option<ClientIdentity>,
}

/// What this host shows a server that asks who it is.
struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// The `.cert` file.
    path: PathBuf,
}

/// TLS for the host whose `certs.d` folders these are; a folder that is not there holds nothing.
///
/// # Errors
/// [`Code::BadCertificateFile`], [`Code::Tls`], and those of reading a folder that is there.
pub(super) fn client_config(dirs: &[PathBuf]) -> Result<ClientConfig> {
    config_of(read(dirs)?)
}

/// TLS that trusts the authorities in one file besides the system's.
///
/// # Errors
/// Those of [`client_config`].
pub(super) fn config_trusting(authority: Option<&Path>) -> Result<ClientConfig> {
    let authorities = authority.map(certificates).transpose()?.unwrap_or_default();
    config_of(HostCerts { authorities, identity: None })
}

fn config_of(certs: HostCerts) -> Result<ClientConfig> {
    let failed = |e: rustls::Error| Error::new(Code::Tls).with(Fact::System, e);
    let HostCerts { authorities, identity } = certs;
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(authorities.clone(), provider.clone()).map_err(failed)?;
    let verifier = Arc::new(WithPinned { verifier, pinned: authorities });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some(ClientIdentity { chain, key, path }) => {
            config.with_client_auth_cert(chain, key).map_err(|e| {
                let error = Error::new(Code::BadCertificateFile).at(&path);
                match e {
                    rustls::Error::InconsistentKeys(_) => {
                        error.worded(Fact::Detail, "detail-key-of-another-certificate", &[])
                    }
                    other => error.with(Fact::System, other),
                }
            })?
        }
        None => config.with_no_client_auth(),
    };
    // Blobs travel in parallel over connections of their own, which HTTP/2 would put into one.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn read(dirs: &[PathBuf]) -> Result<HostCerts> {
    let mut certs = HostCerts::default();
    for dir in dirs {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(e) => return Err(Error::read(dir, e)),
        };
        let mut files: Vec<PathBuf> =
            entries.map(|entry| Ok(entry.map_err(|e| Error::read(dir, e))?.path())).collect::<Result<_>>()?;
        files.sort();
        let with_extension = |wanted: &str| {
            files
                .iter()
                .filter(|path| path.extension().is_some_and(|found| found == wanted))
                .cloned()
                .collect()
        };
        let authorities: Vec<PathBuf> = with_extension("crt");
        for path in &authorities {
            certs.authorities.extend(certificates(path)?);
        }
        let identities: Vec<PathBuf> = with_extension("cert");
        // The user's folder comes first, and its certificate is the one shown.
        if let (Some(path), None) = (identities.first(), &certs.identity) {
            let key = path.with_extension("key");
            let key = PrivateKeyDer::from_pem_reader(pem_reader(&key)?).map_err(|e| bad(&key, e))?;
            certs.identity = Some(ClientIdentity { chain: certificates(path)?, key, path: path.clone() });
        }
    }
    Ok(certs)
}

pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_reader_iter(pem_reader(path)?).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err(bad(path, pem::Error::NoItemsFound)),
        Ok(certificates) => Ok(certificates),
        Err(e) => Err(bad(path, e)),
    }
}

fn pem_reader(path: &Path) -> Result<impl io::BufRead> {
    let file = open_file(path).map_err(|e| match e.code() {
        Code::Denied => e,
        _ => e.recoded(Code::BadCertificateFile),
    })?;
    Ok(io::BufReader::new(file.take(MAX_FILE_BYTES)))
}

fn bad(path: &Path, error: pem::Error) -> Error {
    let built = Error::new(Code::BadCertificateFile).at(path);
    match error {
        pem::Error::Io(e) if e.kind() == io::ErrorKind::PermissionDenied => Error::read(path, e),
        pem::Error::Io(e) => built.with(Fact::System, e),
        pem::Error::NoItemsFound => built.worded(Fact::Detail, "detail-no-pem", &[]),
        other => built.with(Fact::System, other),
    }
}

/// The platform's verifier, and one exception: a self-signed certificate that was put into `certs.d` as it
/// is. Web PKI takes no authority for a server, while such certificates are what small sites have.
#[derive(Debug)]
struct WithPinned {
    verifier: Verifier,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for WithPinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let verified =
            self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // Its time was checked before this error is given; its name was not.
            Err(error) if is_authority_as_server(&error) && self.pinned.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn is_authority_as_server(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{Existing, write};

    #[test]
    fn a_file_of_certs_d_that_cannot_be_used_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let dirs = [dir.path().join("missing"), dir.path().to_owned()];
        for (name, content) in [("ca.crt", "no PEM"), ("client.cert", "no PEM")] {
            let file = dir.path().join(name);
            write(&file, content.as_bytes(), Existing::Keep).unwrap();
            let error = read(&dirs).map(drop).unwrap_err();
            assert_eq!(error.code(), Code::BadCertificateFile);
            assert!(error.render(crate::locale::Lang::En).contains("client.key") || name == "ca.crt");
            fs::remove_file(&file).unwrap();
        }
        assert!(client_config(&dirs).is_ok());
    }
}
