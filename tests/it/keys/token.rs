//! A real token: `SoftHSM`, with keys made on it and keys brought to it.

use std::{fs, path::PathBuf, process::Command};

use super::{SLOTS, answer, forge, pack, scratch};
use crate::support::{Scratch, Sealift, Tool, run};

const SOFTHSM: Tool = Tool::new("softhsm2-util", "softhsm2");
const PKCS11_TOOL: Tool = Tool::new("pkcs11-tool", "opensc");
const OPENSSL: Tool = Tool::new("openssl", "openssl");

struct Token {
    dir: Scratch,
    module: String,
    config: PathBuf,
}

impl Token {
    /// A token with an RSA key that came from a file and a P-256 key that was made on it.
    fn new() -> Self {
        let dir = scratch();
        fs::create_dir(dir.join("tokens")).unwrap();
        let config = dir.write(
            "softhsm.conf",
            format!("directories.tokendir = {}\nlog.level = ERROR\n", dir.join("tokens").display()),
        );
        let modules = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];
        let module =
            modules.into_iter().find(|path| fs::exists(path).unwrap()).expect("softhsm2 has its module");
        let this = Self { dir, module: module.into(), config };
        run(this.with(SOFTHSM).args([
            "--init-token",
            "--free",
            "--label",
            "site",
            "--pin",
            "123456",
            "--so-pin",
            "12345678",
        ]));
        let (private, public) = (this.path("rsa.pem"), this.path("rsa.pub"));
        run(OPENSSL.command().args(["genpkey", "-quiet", "-algorithm", "RSA", "-out", &private]));
        run(OPENSSL.command().args(["pkey", "-in", &private, "-pubout", "-out", &public]));
        run(this.with(SOFTHSM).args([
            "--import", &private, "--token", "site", "--label", "rsa", "--id", "01", "--pin", "123456",
        ]));
        let mut make = this.with(PKCS11_TOOL);
        make.args(["--module", &this.module, "--token-label", "site", "--login", "--pin", "123456"]);
        run(make.args([
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--usage-derive",
            "--id",
            "02",
            "--label",
            "ec",
        ]));
        for (name, pin) in [("pin", "123456"), ("wrong", "654321")] {
            this.dir.write(name, pin);
        }
        this
    }

    fn with(&self, tool: Tool) -> Command {
        let mut command = tool.command();
        command.env("SOFTHSM2_CONF", &self.config);
        command
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().to_owned()
    }

    fn uri(&self, which: &str, pin: &str) -> String {
        format!("pkcs11:{which}?module-path={}&pin-source=file:{}", self.module, self.path(pin))
    }

    fn sealift(&self, args: &[&str]) -> (i32, serde_json::Value) {
        answer(Sealift::command(args.iter().copied()).env("SOFTHSM2_CONF", &self.config).arg("--json"))
    }

    /// How opening `bundle` with the keys that `uri` means ends.
    fn opened(&self, bundle: &str, uri: &str) -> (i32, String, String) {
        let (status, object) = self.sealift(&["inspect", bundle, "--identity", uri]);
        let error = &object["error"];
        (status, error["code"].as_str().unwrap_or("ok").into(), error.to_string())
    }
}

#[test]
fn a_tokens_keys_open_what_was_locked_for_their_public_halves() {
    let token = Token::new();
    let own = token.uri("token=site", "pin");
    // RSA from a PEM file; RSA and P-256 read from the token, without its PIN; a certificate for the RSA key.
    let (private, certificate) = (token.path("rsa.pem"), token.path("rsa.crt"));
    run(OPENSSL.command().args([
        "req",
        "-x509",
        "-key",
        &private,
        "-subj",
        "/CN=site",
        "-out",
        &certificate,
    ]));
    let from_file = pack(&token.dir, "file.sealift", &["-r", &token.path("rsa.pub")]);
    let from_certificate = pack(&token.dir, "certificate.sealift", &["-r", &certificate]);
    let from_token = token.path("token.sealift");
    let on_token = token.uri("token=site;object=ec", "pin");
    let (status, packed) =
        token.sealift(&["pack", &token.path("sample.tar"), "--out", &from_token, "--recipient", &on_token]);
    assert_eq!(status, 0, "{packed}");
    for bundle in [from_file.to_str().unwrap(), from_certificate.to_str().unwrap(), &from_token] {
        assert_eq!(token.opened(bundle, &own).1, "ok", "{bundle}");
    }
    let ec = token.opened(&from_token, &token.uri("token=site;id=%02", "pin"));
    let rsa = token.opened(&from_token, &token.uri("token=site;id=%01", "pin"));
    assert_eq!((ec.1.as_str(), rsa.1.as_str()), ("ok", "KEY-08"));
}

#[test]
fn a_wrong_pin_is_tried_once_and_what_else_can_be_wrong_is_told() {
    let token = Token::new();
    let bundle = pack(&token.dir, "a.sealift", &["-r", &token.path("rsa.pub"), "-r", &token.path("rsa.pub")]);
    let bundle = bundle.to_str().unwrap();
    // Two slots would be two tries: SoftHSM flags the first wrong PIN, the next right one clears it.
    let wrong = token.opened(bundle, &token.uri("token=site", "wrong"));
    assert_eq!((wrong.0, wrong.1.as_str()), (4, "KEY-20"));
    assert!(wrong.2.contains("tries") && wrong.2.contains(r#""token":"site""#), "{}", wrong.2);
    assert_eq!(token.opened(bundle, &token.uri("token=site", "pin")).1, "ok");
    assert_eq!(token.opened(bundle, &token.uri("token=other", "pin")).1, "KEY-18");
    assert_eq!(token.opened(bundle, "pkcs11:token=site?module-path=/no/such.so").1, "KEY-17");
    assert_eq!(token.opened(bundle, "pkcs11:colour=red").1, "KEY-16");
    let in_the_uri = format!("pkcs11:token=site?module-path={}&pin-value=123456", token.module);
    assert_eq!(token.opened(bundle, &in_the_uri).1, "KEY-16");
    // The token is taken out.
    fs::remove_dir_all(token.dir.join("tokens")).unwrap();
    fs::create_dir(token.dir.join("tokens")).unwrap();
    let gone = token.opened(bundle, &token.uri("token=site", "pin"));
    assert_eq!(gone.1, "KEY-18");
    assert!(!gone.2.contains("found"), "what is there has no name: {}", gone.2);
}

#[test]
fn what_is_locked_for_a_public_key_in_pem_is_said_to_open_with_its_token_alone() {
    let token = Token::new();
    let (source, bundle) = (token.path("sample.tar"), token.path("a.sealift"));
    let mut command = Sealift::command(["pack", &source, "--out", &bundle, "-r", &token.path("rsa.pub")]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("opens only with the token"), "{said}");
    let refused = token.opened(&bundle, &token.path("rsa.pem"));
    assert_eq!((refused.0, refused.1.as_str()), (2, "KEY-09"), "{}", refused.2);
    assert!(refused.2.contains("only with the token"), "{}", refused.2);
}

#[test]
fn every_altered_byte_of_a_token_slot_is_refused() {
    let token = Token::new();
    let uri = token.uri("token=site", "pin");
    let bundle = pack(&token.dir, "a.sealift", &["-r", &token.path("rsa.pub")]);
    let len = super::bodies(&bundle)[0].len();
    for at in 0..len {
        let (offset, bit) = (SLOTS + 8 + at, (at % 8) as u8);
        forge(&bundle, offset, bit);
        assert_eq!(token.opened(bundle.to_str().unwrap(), &uri).1, "KEY-08", "byte {at} of {len}");
        forge(&bundle, offset, bit);
    }
    assert_eq!(token.opened(bundle.to_str().unwrap(), &uri).1, "ok");
}
