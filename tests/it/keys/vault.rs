//! The transit engine, by a stand-in over TLS: Debian has no Vault. Its answers are those that the API's pages document.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
};

use super::{SLOTS, forge, opened, pack, scratch};
use crate::support::{Daemon, Scratch, Sealift, Tool, make_authority, make_certificate};

struct Vault {
    dir: Scratch,
    port: u16,
    _server: Daemon,
}

impl Vault {
    fn start(is_expired: bool) -> Self {
        let dir = scratch();
        make_authority(dir.path(), "ca", "30");
        make_certificate(dir.path(), "server", "IP:127.0.0.1", is_expired);
        for (name, content) in [
            ("state", "open"),
            ("root", "s.root\n"),
            ("locker", "s.locker\n"),
            ("expired", "s.old\n"),
            ("secret", "secret\n"),
            ("bad", "no secret\n"),
        ] {
            dir.write(name, content);
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/keys/vault_stand_in.py");
        let mut command = Tool::new("python3", "python3-cryptography").tied_command();
        command.arg(script).arg(port.to_string());
        command.args(["server.pem", "server.key", "state"].map(|name| dir.join(name)));
        let server =
            Daemon::start(&mut command, &dir.join("log"), || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { dir, port, _server: server }
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().to_owned()
    }

    /// The address of `key`, entered with the token in file `token`.
    fn key(&self, key: &str, token: &str) -> String {
        format!(
            "vault://127.0.0.1:{}/{key}?ca={}&token-file={}",
            self.port,
            self.path("ca.pem"),
            self.path(token)
        )
    }
}

#[test]
fn a_server_that_keeps_the_key_locks_and_opens() {
    let vault = Vault::start(false);
    let bundle = pack(&vault.dir, "a.sealift", &["-r", &vault.key("transit/site", "locker")]);
    assert_eq!(opened(&bundle, &["-i", &vault.key("site", "root")]), "ok");
    let role = format!(
        "vault://127.0.0.1:{}/site?ca={}&role-id=role&secret-id-file=",
        vault.port,
        vault.path("ca.pem")
    );
    assert_eq!(opened(&bundle, &["-i", &format!("{role}{}", vault.path("secret"))]), "ok");
    for (identity, code) in [
        (vault.key("other", "root"), "KEY-08"),
        (vault.key("missing", "root"), "KEY-26"),
        (vault.key("elsewhere/site", "root"), "KEY-26"),
        (vault.key("site", "locker"), "KEY-25"),
        (vault.key("site", "expired"), "KEY-25"),
        (format!("{role}{}", vault.path("bad")), "KEY-25"),
        (format!("vault://127.0.0.1:{}/site?token-file={}", vault.port, vault.path("root")), "NET-05"),
        (format!("vault://127.0.0.1:1/site?token-file={}", vault.path("root")), "NET-02"),
    ] {
        assert_eq!(opened(&bundle, &["-i", &identity]), code, "{identity}");
    }
    fs::OpenOptions::new().write(true).truncate(true).open(vault.dir.join("state")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(
        &fs::OpenOptions::new().write(true).open(vault.dir.join("state")).unwrap(),
        b"sealed",
        0,
    )
    .unwrap();
    assert_eq!(opened(&bundle, &["-i", &vault.key("site", "root")]), "KEY-24");
    // A server that is sealed hides no key that works.
    let passphrase = vault.dir.write("passphrase", "correct horse battery staple\n");
    let passphrase = passphrase.to_str().unwrap();
    fs::remove_file(vault.dir.join("state")).unwrap();
    vault.dir.write("state", "open");
    let both =
        pack(&vault.dir, "b.sealift", &["-r", &vault.key("site", "root"), "--password-file", passphrase]);
    fs::remove_file(vault.dir.join("state")).unwrap();
    vault.dir.write("state", "sealed");
    assert_eq!(opened(&both, &["-i", &vault.key("site", "root"), "--password-file", passphrase]), "ok");
}

#[test]
fn what_goes_wrong_on_the_way_to_a_vault_is_said_of_a_vault() {
    let vault = Vault::start(false);
    let bundle = pack(&vault.dir, "a.sealift", &["-r", &vault.key("transit/site", "locker")]);
    let here = format!("vault://127.0.0.1:{}/site", vault.port);
    let home = vault.dir.path();
    for (identity, code, words) in [
        (format!("{here}?token-file={}", vault.path("root")), "NET-05", "ca=FILE"),
        (format!("vault://127.0.0.1:1/site?token-file={}", vault.path("root")), "NET-02", "Vault is running"),
        (format!("{here}?ca={}", vault.path("ca.pem")), "KEY-30", "vault login"),
        (vault.key("site", "nothing-there"), "KEY-30", "token-file=FILE"),
        (vault.key("site", "expired"), "KEY-25", "system: permission denied; invalid token"),
    ] {
        for lang in ["en", "zh-CN"] {
            let mut command =
                Sealift::command(["inspect", bundle.to_str().unwrap(), "-i", &identity, "--lang", lang]);
            let output = command.env("HOME", home).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains(code), "{identity}: {said}");
            assert!(lang != "en" || said.contains(words), "{words}: {said}");
            for foreign in ["registry", "镜像仓库", "certs.d", "U 盘", "stick", "\\u{"] {
                assert!(!said.contains(foreign), "{foreign} in {said}");
            }
            assert!(
                said.contains(if lang == "en" { "server: 127.0.0.1" } else { "服务器：127.0.0.1" }),
                "{said}"
            );
        }
    }
}

#[test]
fn every_altered_byte_of_a_vault_slot_is_refused() {
    let vault = Vault::start(false);
    let key = vault.key("site", "root");
    let bundle = pack(&vault.dir, "a.sealift", &["-r", &key]);
    for at in 0..super::bodies(&bundle)[0].len() {
        let (offset, bit) = (SLOTS + 8 + at, (at % 7) as u8);
        forge(&bundle, offset, bit);
        assert_eq!(opened(&bundle, &["-i", &key]), "KEY-08", "byte {at}");
        forge(&bundle, offset, bit);
    }
}

#[test]
fn a_certificate_past_its_time_or_a_clock_that_is_wrong_is_told() {
    let vault = Vault::start(true);
    let source = vault.path("sample.tar");
    let (out, key) = (vault.path("a.sealift"), vault.key("site", "root"));
    let (status, refused) = super::sealift(["pack", &source, "--out", &out, "-r", &key]);
    assert_eq!((status, refused["error"]["code"].as_str()), (1, Some("NET-06")), "{refused}");
    assert!(!Path::new(&out).exists());
}
