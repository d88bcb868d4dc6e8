//! Whom the program believes over TLS, and how it shows itself.

use std::path::PathBuf;

use super::{
    User,
    server::{Demands, Registry},
};
use crate::support::{Scratch, make_authority, make_certificate};

/// A site with its own authority: `ca`, `server` for 127.0.0.1, and `client`.
pub(super) struct Site(Scratch);

impl Site {
    fn new(alternative_name: &str, is_expired: bool) -> Self {
        let dir = Scratch::new();
        make_authority(dir.path(), "ca", "3650");
        make_certificate(dir.path(), "server", alternative_name, is_expired);
        make_certificate(dir.path(), "client", "DNS:client", false);
        Self(dir)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts files of the site into the user's `certs.d` for `host`.
    fn install(&self, user: &User, host: &str, files: &[(&str, &str)]) {
        for (from, to) in files {
            let text = std::fs::read_to_string(self.path(from)).unwrap();
            user.write(&format!(".config/containers/certs.d/{host}/{to}"), &text);
        }
    }
}

const CA: (&str, &str) = ("ca.pem", "ca.crt");
const CLIENT: [(&str, &str); 2] = [("client.pem", "client.cert"), ("client.key", "client.key")];

/// What listing an image that is not there says: the registry was reached and believed.
const REACHED: &str = "NET-16";

#[test]
fn a_sites_own_authority_is_believed_once_it_is_in_certs_d() {
    let site = Site::new("IP:127.0.0.1", false);
    let registry = Registry::start(Demands { tls: Some(&site), ..Demands::default() });
    let user = User::new();
    let image = format!("docker://{}/a:1", registry.host());
    let said = user.fails(&["images", &image], "NET-05");
    assert!(said.contains("certs.d"), "{said}");
    site.install(&user, &registry.host(), &[CA]);
    user.fails(&["images", &image], REACHED);
}

#[test]
fn a_client_certificate_is_shown_to_a_registry_that_wants_one() {
    let site = Site::new("IP:127.0.0.1", false);
    let registry =
        Registry::start(Demands { tls: Some(&site), client_certificate: true, ..Demands::default() });
    let user = User::new();
    let image = format!("docker://{}/a:1", registry.host());
    site.install(&user, &registry.host(), &[CA]);
    user.fails(&["images", &image], "NET-08");
    site.install(&user, &registry.host(), &CLIENT);
    user.fails(&["images", &image], REACHED);
}

#[test]
fn an_expired_certificate_and_one_for_another_host_are_told_apart() {
    for (name, is_expired, code) in [("IP:127.0.0.1", true, "NET-06"), ("DNS:other.site", false, "NET-07")] {
        let site = Site::new(name, is_expired);
        let registry = Registry::start(Demands { tls: Some(&site), ..Demands::default() });
        let user = User::new();
        site.install(&user, &registry.host(), &[CA]);
        user.fails(&["images", &format!("docker://{}/a:1", registry.host())], code);
    }
}

#[test]
fn a_self_signed_certificate_is_believed_where_it_was_put_and_nowhere_else() {
    let dir = Scratch::new();
    make_authority(dir.path(), "server", "3650");
    let site = Site(dir);
    let registry = Registry::start(Demands { tls: Some(&site), ..Demands::default() });
    let (user, stranger) = (User::new(), User::new());
    let image = format!("docker://{}/a:1", registry.host());
    site.install(&user, &registry.host(), &[("server.pem", "server.crt")]);
    user.fails(&["images", &image], REACHED);
    stranger.fails(&["images", &image], "NET-05");
}

#[test]
fn a_key_that_is_missing_is_named() {
    let site = Site::new("IP:127.0.0.1", false);
    let registry = Registry::start(Demands { tls: Some(&site), ..Demands::default() });
    let user = User::new();
    site.install(&user, &registry.host(), &[CA, CLIENT[0]]);
    let said = user.fails(&["images", &format!("docker://{}/a:1", registry.host())], "NET-11");
    assert!(said.contains("client.key"), "{said}");
}

#[test]
fn a_client_certificate_that_has_ended_is_told_with_its_end_and_its_file() {
    let site = Site::new("IP:127.0.0.1", false);
    make_certificate(site.0.path(), "old", "DNS:old", true);
    let registry =
        Registry::start(Demands { tls: Some(&site), client_certificate: true, ..Demands::default() });
    let user = User::new();
    site.install(&user, &registry.host(), &[CA, ("old.pem", "client.cert"), ("old.key", "client.key")]);
    let said = user.fails(&["images", &format!("docker://{}/a:1", registry.host())], "NET-30");
    assert!(said.contains("valid until 20") && said.contains("client.cert"), "{said}");
}

#[test]
fn a_key_of_another_certificate_is_told_with_the_file() {
    let site = Site::new("IP:127.0.0.1", false);
    let registry = Registry::start(Demands { tls: Some(&site), ..Demands::default() });
    let user = User::new();
    site.install(&user, &registry.host(), &[CA, CLIENT[0], ("server.key", "client.key")]);
    let said = user.fails(&["images", &format!("docker://{}/a:1", registry.host())], "NET-11");
    assert!(said.contains("does not belong to the certificate") && said.contains("client.cert"), "{said}");
}
