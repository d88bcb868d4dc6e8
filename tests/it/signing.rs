//! Vendor signatures and what a site makes of them: the real program, keys of the real openssl.

use std::{fs, path::PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::{Place, Scratch, Tool, names, run};

const OPENSSL: Tool = Tool::new("openssl", "openssl");
const STRACE: Tool = Tool::new("strace", "strace");
/// Bytes of a header copy.
const COPY: usize = 64 << 10;

impl Place {
    /// With a bundle `a.sealift` and passphrases.
    fn new() -> Self {
        let dir = Scratch::new();
        sealift::write_sample(&dir.join("sample.tar")).unwrap();
        dir.write("pw", "correct horse battery staple\n");
        dir.write("key-pw", "the vendor's own passphrase\n");
        let place = Self(dir);
        place.done("pack @sample.tar --out @a.sealift --password-file @pw --kdf low");
        place
    }

    /// A key of openssl, as `NAME.key` and `NAME.pub`.
    fn openssl_key(&self, name: &str, options: &[&str]) {
        let (private, public) = (self.path(&format!("{name}.key")), self.path(&format!("{name}.pub")));
        run(OPENSSL.command().arg("genpkey").args(options).arg("-out").arg(&private));
        run(OPENSSL.command().args(["pkey", "-pubout", "-in"]).arg(&private).arg("-out").arg(&public));
    }

    fn ecdsa_key(&self, name: &str) {
        self.openssl_key(name, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    }

    fn ed25519_key(&self, name: &str) {
        self.openssl_key(name, &["-algorithm", "ED25519"]);
    }

    /// State and vendor of each signature of `a.sealift`.
    #[track_caller]
    fn signatures(&self) -> Vec<(String, String)> {
        let object = self.done("inspect @a.sealift");
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let signatures = object["signatures"].as_array().unwrap();
        signatures.iter().map(|signature| (text(&signature["state"]), text(&signature["vendor"]))).collect()
    }

    /// The header copy `number`.
    fn copy(&self, number: usize) -> Vec<u8> {
        fs::read(self.path("a.sealift")).unwrap()[number * COPY..][..COPY].to_vec()
    }

    /// Writes over the header copy `number`.
    fn put_copy(&self, number: usize, copy: &[u8]) {
        let mut file = fs::read(self.path("a.sealift")).unwrap();
        file[number * COPY..][..COPY].copy_from_slice(copy);
        put(self.path("a.sealift"), file);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn put(path: PathBuf, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}

/// The signatures' bytes of a header copy: after the MAC. docs/bundle-format.md §3.
fn area(copy: &[u8]) -> &[u8] {
    let number = |at: usize| u32::from_le_bytes(copy[at..at + 4].try_into().unwrap()) as usize;
    let end = 248 + number(208) + number(212);
    &copy[end + 4..][..number(end)]
}

/// The copy with other signatures, and a right checksum.
fn with_area(copy: &[u8], area: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(copy[at..at + 4].try_into().unwrap()) as usize;
    let mut out = copy[..248 + number(208) + number(212)].to_vec();
    out.extend((area.len() as u32).to_le_bytes());
    out.extend(area);
    out.resize(COPY - 32, 0);
    let sum = Sha256::digest(&out);
    out.extend(sum);
    out
}

fn pair(state: &str, vendor: &str) -> (String, String) {
    (state.into(), vendor.into())
}

#[test]
fn keys_of_openssl_sign_and_openssl_checks_what_was_signed() {
    let place = Place::new();
    place.ecdsa_key("ec");
    place.ed25519_key("ed");
    // What `openssl ecparam` writes, with the curve's parameters in front.
    let sec1 = place.path("sec1.key");
    run(OPENSSL.command().args(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"]).arg(&sec1));
    for key in ["ec", "ed", "sec1"] {
        place.done(&format!("sign @a.sealift --key @{key}.key --product suite --release 1.4.2"));
        let copy = place.copy(0);
        let mut entry = area(&copy);
        let mut take = |len: usize| {
            let (head, tail) = entry.split_at(len);
            entry = tail;
            head
        };
        let kind = take(8)[0];
        assert_eq!(kind, if key == "ed" { 2 } else { 1 });
        let len = usize::from(take(2)[0]);
        let public = take(len);
        let len = usize::from(take(2)[0]);
        let signature = take(len);
        let len = take(4)[0];
        let statement = take(usize::from(len));
        assert!(statement.starts_with(br#"{"product":"suite","release":"1.4.2","signed":"20"#));
        let signed =
            [b"sealift/v1/vendor-signature", &copy[..200], &u32::from(len).to_le_bytes(), statement].concat();
        put(place.path("signed"), &signed);
        put(place.path("signature"), signature);
        put(place.path("public"), public);
        let mut openssl = OPENSSL.command();
        if key == "ed" {
            openssl.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey"]);
            openssl.arg(place.path("public")).arg("-sigfile").arg(place.path("signature"));
            openssl.arg("-in").arg(place.path("signed"));
        } else {
            openssl.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(place.path("public"));
            openssl.arg("-signature").arg(place.path("signature")).arg(place.path("signed"));
        }
        run(&mut openssl);
        // The fingerprint is that of openssl's own DER.
        let mut der = OPENSSL.command();
        der.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(place.path(&format!("{key}.key")));
        let der = der.output().unwrap().stdout;
        assert_eq!(der, public);
        let id = sealift::Digest::of(&der).hex();
        assert_eq!(place.done("inspect @a.sealift")["signatures"][0]["key_id"], *id);
        place.done(&format!("sign @a.sealift --remove {}", &id[..12]));
        assert_eq!(place.signatures(), []);
        place.refused(&format!("sign @a.sealift --remove {id}"), 2, "SIGN-06");
    }
}

#[test]
fn signing_and_rotating_leave_each_other_alone() {
    let place = Place::new();
    place.ecdsa_key("acme");
    place.ed25519_key("audit");
    let before = place.done("inspect @a.sealift");
    let content = fs::read(place.path("a.sealift")).unwrap();
    place.done("trust add acme --key @acme.pub --yes");
    place.done("sign @a.sealift --key @acme.key --product suite --release 1.4");
    place.done("sign @a.sealift --key @audit.key");
    let signed = place.done("inspect @a.sealift");
    assert_eq!(signed["fingerprint"], before["fingerprint"]);
    assert_eq!(signed["slots"], before["slots"]);
    let both = [pair("trusted", "acme"), pair("unknown_key", "-")];
    assert_eq!(place.signatures(), both);
    assert_eq!(place.copy(0), place.copy(1));
    let now = fs::read(place.path("a.sealift")).unwrap();
    assert_eq!(content[2 * COPY..], now[2 * COPY..], "only the header changed");
    // Sequence, slots and MAC are as they were.
    assert_eq!(content[..248], now[..248]);

    let keys = "--password-file @pw --new-password-file @key-pw --kdf low";
    place.done(&format!("keys add @a.sealift {keys}"));
    assert_eq!(place.signatures(), both);
    place.done("keys remove @a.sealift 1 --password-file @key-pw");
    assert_eq!(place.signatures(), both);
    place.done("keys change @a.sealift --password-file @key-pw --new-password-file @pw --kdf low");
    assert_eq!(place.signatures(), both);
    let verified = place.done("verify @a.sealift --password-file @pw");
    assert_eq!(verified["signatures"][0]["product"], "suite");
    // Signing again by the same key says it anew.
    place.done("sign @a.sealift --key @acme.key --product suite --release 1.5");
    let signatures = place.done("verify @a.sealift")["signatures"].clone();
    assert_eq!(signatures.as_array().map(Vec::len), Some(2));
    assert_eq!(signatures[1]["release"], "1.5");
    // A reader written from the specification opens it as before.
    let python = Tool::new("python3", "python3-cryptography");
    let recover = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/recover.py");
    let mut recover = {
        let mut command = python.command();
        command.arg(recover);
        command
    };
    recover
        .arg(place.path("a.sealift"))
        .arg("--out")
        .arg(place.path("out"))
        .arg("--password-file")
        .arg(place.path("pw"));
    run(&mut recover);
}

#[test]
fn a_signature_that_was_moved_or_altered_is_damaged() {
    let place = Place::new();
    place.ecdsa_key("acme");
    place.done("trust add acme --key @acme.pub --yes");
    place.done("sign @a.sealift --key @acme.key");
    assert_eq!(place.signatures(), [pair("trusted", "acme")]);
    put(place.path("policy"), "version = 1\n[signers]\nany_of = ['acme']\n");
    place.done("verify @a.sealift --policy @policy");

    let taken = area(&place.copy(0)).to_vec();
    fs::remove_file(place.path("a.sealift")).unwrap();
    place.done("pack @sample.tar --out @a.sealift --password-file @pw --kdf low");
    place.refused("verify @a.sealift --policy @policy", 3, "TRUST-01");
    for number in 0..2 {
        place.put_copy(number, &with_area(&place.copy(number), &taken));
    }
    assert_eq!(place.signatures(), [pair("damaged", "acme")]);
    place.refused("verify @a.sealift --policy @policy", 3, "TRUST-02");
    place.refused("verify @a.sealift --policy @policy --password-file @pw", 3, "TRUST-02");
    place.refused("restore @a.sealift --policy @policy --password-file @pw --to oci:@out", 3, "TRUST-02");
    assert!(!place.path("out").exists());
    // Not the bundle's fault: without a policy it is what it was.
    place.done("verify @a.sealift --password-file @pw");

    // An entry of a kind that nobody knows yet is kept, and what is no entry is dropped.
    let strange = [&[132, 3, 0, 0, 2, 0, 0, 0, 7, 7][..], &[1, 0, 9]].concat();
    for number in 0..2 {
        place.put_copy(number, &with_area(&place.copy(number), &strange));
    }
    place.done("sign @a.sealift --key @acme.key");
    assert_eq!(place.signatures(), [pair("unknown_kind", "-"), pair("trusted", "acme")]);
    assert_eq!(area(&place.copy(1))[..10], strange[..10]);
}

#[test]
fn what_either_copy_has_counts_and_a_damaged_copy_is_mended_by_signing() {
    let place = Place::new();
    place.ecdsa_key("acme");
    let unsigned = place.copy(0);
    place.done("sign @a.sealift --key @acme.key");
    let signed = place.copy(0);
    for (a, b) in [(&signed, &unsigned), (&unsigned, &signed)] {
        place.put_copy(0, a);
        place.put_copy(1, b);
        assert_eq!(place.signatures(), [pair("unknown_key", "-")]);
    }
    // A change of keys writes it into both.
    place.done("keys change @a.sealift --password-file @pw --new-password-file @key-pw --kdf low");
    assert_eq!(place.copy(0), place.copy(1));
    assert_eq!(place.signatures(), [pair("unknown_key", "-")]);

    let mut torn = place.copy(0);
    torn[300] ^= 1;
    for number in 0..2 {
        place.put_copy(number, &torn);
        place.done("sign @a.sealift --key @acme.key --product suite --release 2");
        assert_eq!(place.copy(0), place.copy(1));
    }
    place.done("verify @a.sealift --password-file @key-pw");
}

#[test]
fn a_kill_at_any_point_of_signing_leaves_a_whole_header() {
    let place = Place::new();
    place.ecdsa_key("acme");
    for number in 0..2 {
        for (syscall, when) in [("pwrite64", 1), ("pwrite64", 2), ("fsync", 1), ("fsync", 2)] {
            let inject = format!("inject={syscall}:signal=KILL:when={when}");
            let mut command = STRACE.command();
            command.args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &inject,
                env!("CARGO_BIN_EXE_sealift"),
                "sign",
            ]);
            command.arg(place.path("a.sealift")).arg("--key").arg(place.path("acme.key"));
            command.env("XDG_CONFIG_HOME", place.path("config"));
            let output = command.output().unwrap();
            assert!(!output.status.success(), "{syscall} {when}: it was killed");
            place.done("verify @a.sealift --password-file @pw");
        }
        // Torn: half of a copy is new.
        let before = place.copy(number);
        let mut torn = before.clone();
        torn[COPY / 2..].fill(0xee);
        place.put_copy(number, &torn);
        place.done("verify @a.sealift --password-file @pw");
        place.done("sign @a.sealift --key @acme.key");
        assert_eq!(place.signatures(), [pair("unknown_key", "-")]);
    }
}

#[test]
fn a_site_takes_what_its_policy_allows_and_nothing_older() {
    let place = Place::new();
    place.ecdsa_key("acme");
    place.ed25519_key("other");
    place.done("trust add acme --key @acme.pub --yes");
    put(
        place.path("config/sealift/policy.toml"),
        "version = 1\n[signers]\nall_of = ['acme']\n[[product]]\nname = 'suite'\noldest_release = '1.2'\n",
    );
    let restore = "restore @a.sealift --password-file @pw --force --to oci:@out";
    place.refused(restore, 3, "TRUST-01");
    place.done("sign @a.sealift --key @other.key");
    place.refused(restore, 3, "TRUST-01");
    place.done("sign @a.sealift --key @acme.key");
    place.refused(restore, 3, "TRUST-06");
    place.done("sign @a.sealift --key @acme.key --product suite --release 1.1");
    place.refused(restore, 3, "TRUST-04");
    assert!(!place.path("out").exists(), "nothing was restored so far");
    place.done("sign @a.sealift --key @acme.key --product suite --release 1.10");
    let dry = place.done(&format!("{restore} --dry-run"));
    assert_eq!(dry["policies"][0]["signers"], serde_json::json!(["acme"]));
    let restored = place.done(restore);
    assert_eq!(restored["policies"][0]["releases"][0]["release"], "1.10");
    fs::remove_dir_all(place.path("out")).unwrap();
    // An older delivery in place of the new one.
    place.done("sign @a.sealift --key @acme.key --product suite --release 1.9");
    place.refused(restore, 3, "TRUST-05");
    place.refused("verify @a.sealift", 3, "TRUST-05");
    place.done("sign @a.sealift --key @acme.key --product suite --release 1.11");
    place.done(restore);
    let store = fs::read_to_string(place.path("config/sealift/trust.toml")).unwrap();
    assert!(store.contains("release = \"1.11\"") && store.contains("BEGIN PUBLIC KEY"), "{store}");
    // A policy that names a vendor nobody knows, or is not understood, lets nothing in.
    put(place.path("policy"), "version = 1\n[signers]\nany_of = ['nobody']\n");
    place.refused("verify @a.sealift --policy @policy", 2, "TRUST-10");
    put(place.path("policy"), "version = 1\n[signers]\nanyof = ['acme']\n");
    place.refused("verify @a.sealift --policy @policy", 2, "TRUST-08");
    fs::copy(place.path("policy"), place.path("config/sealift/policy.toml")).unwrap();
    place.refused("verify @a.sealift", 2, "TRUST-08");
    place.done("inspect @a.sealift");
    place.refused("verify @a.sealift --policy @missing", 1, "IO-05");
    put(place.path("config/sealift/trust.toml"), "version = 1\nvendors = 3\n");
    place.refused("inspect @a.sealift", 1, "TRUST-09");
}

#[test]
fn vendors_are_trusted_only_once_confirmed() {
    let place = Place::new();
    place.ecdsa_key("acme");
    let store = "--trust-store @store.toml";
    place.refused(&format!("trust add acme --key @acme.pub {store}"), 2, "TRUST-13");
    assert!(!place.path("store.toml").exists());
    // A path that was mistyped is no empty store.
    for verb in ["trust list", "trust remove acme", "inspect @a.sealift", "verify @a.sealift"] {
        place.refused(&format!("{verb} {store}"), 1, "IO-05");
    }
    place.refused(&format!("trust add acme --from @a.sealift --yes {store}"), 2, "SIGN-06");
    place.done("sign @a.sealift --key @acme.key");
    let added = place.done(&format!("trust add acme --from @a.sealift --yes {store}"));
    let id = added["keys"][0]["key_id"].as_str().unwrap().to_owned();
    assert_eq!(added["keys"][0]["words"]["en"].as_array().map(Vec::len), Some(12));
    place.refused(&format!("trust add acme2 --key @acme.pub --yes {store}"), 2, "TRUST-11");
    place.refused(&format!("trust add a/b --key @acme.pub --yes {store}"), 2, "TRUST-12");
    place.refused(&format!("trust add b --key @acme.key --yes {store}"), 1, "SIGN-01");
    assert_eq!(place.done(&format!("inspect @a.sealift {store}"))["signatures"][0]["vendor"], "acme");
    assert_eq!(place.done(&format!("trust list {store}"))["keys"].as_array().map(Vec::len), Some(1));
    place.refused(&format!("trust remove nobody {store}"), 2, "TRUST-10");
    place.done(&format!("trust remove {} {store}", &id[..8]));
    assert_eq!(place.done(&format!("trust list {store}"))["keys"].as_array().map(Vec::len), Some(0));
    assert_eq!(place.done(&format!("inspect @a.sealift {store}"))["signatures"][0]["state"], "unknown_key");
}

#[test]
fn signing_keys_are_made_locked_imported_and_shown() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    for kind in ["ecdsa-p256", "ed25519"] {
        let made = place.done(&format!("signing-key new @{kind} --type {kind} --key-password-file @key-pw"));
        let private = place.path(&format!("{kind}.key"));
        assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(
            fs::read_to_string(&private).unwrap().starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY")
        );
        // openssl reads the public half.
        let public = place.path(&format!("{kind}.pub"));
        run(OPENSSL.command().args(["pkey", "-pubin", "-noout", "-in"]).arg(&public));
        let shown = place.done(&format!("signing-key show @{kind}.key --key-password-file @key-pw"));
        assert_eq!(shown["key_id"], made["key_id"]);
        assert_eq!(place.done(&format!("signing-key show @{kind}.pub"))["key_id"], made["key_id"]);
        place.refused(&format!("signing-key new @{kind} --key-password-file @key-pw"), 1, "IO-04");
        place.refused(&format!("sign @a.sealift --key @{kind}.key --key-password-file @pw"), 4, "SIGN-03");
        place.refused(&format!("sign @a.sealift --key @{kind}.key"), 2, "USAGE-08");
        let imported = place.done(&format!(
            "signing-key import @{kind}.key @{kind}-2 --key-password-file @key-pw --new-password-file @pw"
        ));
        assert_eq!(imported["key_id"], made["key_id"]);
        let signed = place.done(&format!("sign @a.sealift --key @{kind}-2.key --key-password-file @pw"));
        assert!(
            signed["signatures"].as_array().unwrap().iter().any(|found| found["key_id"] == made["key_id"])
        );
    }
    place.0.write("short", "short\n");
    place.refused("signing-key new @weak --key-password-file @short", 2, "USAGE-12");
    place.done("signing-key new @weak --key-password-file @short --allow-weak");
    place.refused("sign @a.sealift --key @pw", 1, "SIGN-01");
    place.refused("sign @a.sealift --key @sample.tar", 1, "SIGN-01");
    place.openssl_key("rsa", &["-algorithm", "RSA"]);
    place.refused("sign @a.sealift --key @rsa.key", 1, "SIGN-02");
    place.refused("trust add rsa --key @rsa.pub --yes", 1, "SIGN-02");
    place.openssl_key("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    place.refused("sign @a.sealift --key @p384.key", 1, "SIGN-02");
    let bad = "sign @a.sealift --key @ed25519.key --key-password-file @key-pw --product";
    place.refused(&format!("{bad} suite --release one"), 2, "SIGN-07");
    place.refused(&format!("{bad} a:b --release 1"), 2, "SIGN-07");
    assert_eq!(place.command(&format!("{bad} suite")).output().unwrap().status.code(), Some(2));
}

#[test]
fn a_bundle_is_signed_as_it_is_packed_and_not_when_the_key_does_not_open() {
    let place = Place::new();
    place.done("signing-key new @acme --key-password-file @key-pw");
    let pack = "pack @sample.tar --out @b.sealift --password-file @pw --kdf low --sign @acme.key";
    let before = names(place.0.path());
    place.refused(&format!("{pack} --key-password-file @pw"), 4, "SIGN-03");
    assert_eq!(names(place.0.path()), before);
    let packed =
        place.done(&format!("{pack} --key-password-file @key-pw --product suite --release 2026.11.24"));
    assert_eq!(packed["signature"]["release"], "2026.11.24");
    let verified = place.done("verify @b.sealift");
    assert_eq!(verified["signatures"][0]["key_id"], packed["signature"]["key_id"]);
}
