//! Client certificates in `certs.d`, and when they end: a registry that refuses one seldom says that this is why.
//!
//! Looks only; what a certificate is worth is the registry's affair. RFC 5280 §4.1.

use std::{
    fs,
    path::{Path, PathBuf},
};

use der::{
    Decode, SliceReader, Tag, Tagged,
    asn1::{AnyRef, GeneralizedTime, UtcTime},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{Env, tls};

const DAY_SECS: i64 = 24 * 60 * 60;
/// How long before its end a certificate is spoken of.
const DUE_DAYS: i64 = 90;

/// A certificate that shows a registry who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientCertificate {
    /// The registry, as its folder is called: a host, and mostly a port.
    pub host: String,
    /// The `.cert` file.
    pub path: PathBuf,
    /// The last moment of its validity: RFC 3339.
    pub ends: String,
    /// Whole days until then; below zero once it has ended.
    pub days_left: i64,
}

impl ClientCertificate {
    /// Whether it has ended, or will within 90 days.
    pub fn is_due(&self) -> bool {
        self.days_left < DUE_DAYS
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.days_left < 0
    }
}

/// The client certificates of this user and this host, what ends first at the beginning. What cannot be read is left out:
/// it is told where it is used.
pub fn client_certificates() -> Vec<ClientCertificate> {
    in_folders(&Env::read().cert_roots(), Timestamp::now())
}

fn in_folders(roots: &[PathBuf], now: Timestamp) -> Vec<ClientCertificate> {
    let hosts = roots.iter().flat_map(|root| entries(root));
    let files = hosts.flat_map(|host| entries(&host));
    let is_client = |path: &PathBuf| {
        path.extension().is_some_and(|found| found == "cert") && path.with_extension("key").is_file()
    };
    let mut found: Vec<_> = files.filter(is_client).filter_map(|path| look(path, now)).collect();
    found.sort_by(|a, b| (a.days_left, &a.path).cmp(&(b.days_left, &b.path)));
    found
}

/// The certificate among those of one host's folders that is shown, if it has ended: its file, and when.
pub(super) fn ended_in(dirs: &[PathBuf]) -> Option<(PathBuf, String)> {
    // As `tls` chooses: the first of the first folder that has one.
    let shown = dirs.iter().find_map(|dir| {
        let files = entries(dir).into_iter();
        files.filter(|path| path.extension().is_some_and(|found| found == "cert")).min()
    })?;
    look(shown, Timestamp::now()).filter(ClientCertificate::has_ended).map(|one| (one.path, one.ends))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn look(path: PathBuf, now: Timestamp) -> Option<ClientCertificate> {
    // The first is the client's own; those behind it vouch for it.
    let certificates = tls::certificates(&path).ok()?;
    let ends = not_after(certificates.first()?).ok()?;
    let host = path.parent()?.file_name()?.to_string_lossy().into_owned();
    let days_left = (ends.as_second() - now.as_second()).div_euclid(DAY_SECS);
    Some(ClientCertificate { host, path, ends: ends.to_string(), days_left })
}

/// When a certificate ends.
fn not_after(certificate: &[u8]) -> der::Result<Timestamp> {
    let certificate = AnyRef::from_der(certificate)?;
    let signed = AnyRef::decode(&mut SliceReader::new(certificate.value())?)?;
    let fields = &mut SliceReader::new(signed.value())?;
    // The version may be left out; serial number, algorithm and issuer may not.
    if AnyRef::decode(fields)?.tag() != Tag::Integer {
        AnyRef::decode(fields)?;
    }
    for _ in 0..2 {
        AnyRef::decode(fields)?;
    }
    let validity = AnyRef::decode(fields)?;
    let times = &mut SliceReader::new(validity.value())?;
    AnyRef::decode(times)?;
    let end = AnyRef::decode(times)?;
    let since_1970 = if end.tag() == Tag::UtcTime {
        end.decode_as::<UtcTime>()?.to_unix_duration()
    } else {
        end.decode_as::<GeneralizedTime>()?.to_unix_duration()
    };
    let secs = i64::try_from(since_1970.as_secs()).ok();
    secs.and_then(|secs| Timestamp::from_second(secs).ok()).ok_or_else(|| der::ErrorKind::DateTime.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate in the folder of `host`, made by openssl for so many days; and its key.
    fn make(root: &Path, host: &str, days: &str) {
        let folder = root.join(host);
        fs::create_dir_all(&folder).unwrap();
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=client", "-days", days])
            .arg("-keyout")
            .arg(folder.join("client.key"))
            .arg("-out")
            .arg(folder.join("client.cert"))
            .output()
            .expect("openssl is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    #[test]
    fn client_certificates_are_listed_by_their_ends_and_those_that_end_soon_are_due() {
        let dir = tempfile::tempdir().unwrap();
        let (user, system) = (dir.path().join("user"), dir.path().join("system"));
        let now = Timestamp::now();
        make(&user, "later.example:5000", "120");
        make(&system, "soon.example", "40");
        // After 2049 times are written in another form.
        make(&system, "never.example", "12000");
        make(&user, "no-key.example", "40");
        fs::remove_file(user.join("no-key.example/client.key")).unwrap();
        for file in ["other.cert", "other.key"] {
            let file = system.join("soon.example").join(file);
            crate::fs::write(&file, b"no PEM", crate::fs::Existing::Keep).unwrap();
        }
        let roots = [user, dir.path().join("absent"), system];
        let found = |days: i64| {
            let at = Timestamp::from_second(now.as_second() + days * DAY_SECS).unwrap();
            let found = in_folders(&roots, at).into_iter();
            found
                .map(|one| (one.host.clone(), one.days_left, one.is_due(), one.has_ended()))
                .collect::<Vec<_>>()
        };
        let told = |host: &str, days, is_due, has_ended| (host.to_owned(), days, is_due, has_ended);
        assert_eq!(
            found(0),
            [
                told("soon.example", 40, true, false),
                told("later.example:5000", 120, false, false),
                told("never.example", 12000, false, false),
            ]
        );
        // A second or two have passed since they were made.
        assert_eq!(found(41)[0], told("soon.example", -1, true, true));
        assert_eq!(found(41)[1], told("later.example:5000", 79, true, false));
    }
}
