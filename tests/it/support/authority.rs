//! Certificates made by openssl, as a site would make its own.

use std::path::Path;

use super::{Tool, run};

const OPENSSL: Tool = Tool::new("openssl", "openssl");

/// Makes `NAME.key` and the self-signed `NAME.pem` in `dir`.
pub(crate) fn make_authority(dir: &Path, name: &str, days: &str) {
    let mut command = OPENSSL.command();
    command.current_dir(dir).args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    command.args(["-days", days, "-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1"]);
    run(command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]));
}

/// Makes `NAME.key` and `NAME.pem`, signed by the authority `ca` of the same folder.
pub(crate) fn make_certificate(dir: &Path, name: &str, alternative_name: &str, is_expired: bool) {
    let (key, request, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
    let mut command = OPENSSL.command();
    command.current_dir(dir).args(["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    command.args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName={alternative_name}")]);
    run(command.args(["-keyout", &key, "-out", &request]));
    std::fs::create_dir_all(dir.join("db")).unwrap();
    let config = dir.join(format!("{name}.cnf"));
    let text = format!(
        "[ca]\ndefault_ca = site\n[site]\ndatabase = db/{name}.txt\nnew_certs_dir = db\nrand_serial = yes\n\
         default_md = sha256\npolicy = any\ncopy_extensions = copy\n[any]\ncommonName = supplied\n"
    );
    for (path, text) in [(config.clone(), text), (dir.join(format!("db/{name}.txt")), String::new())] {
        std::io::Write::write_all(
            &mut std::fs::OpenOptions::new().create_new(true).write(true).open(path).unwrap(),
            text.as_bytes(),
        )
        .unwrap();
    }
    let (from, to) = if is_expired {
        ("20200101000000Z", "20200201000000Z")
    } else {
        ("20200101000000Z", "20500101000000Z")
    };
    let mut command = OPENSSL.command();
    command.current_dir(dir).args(["ca", "-batch", "-notext", "-config"]).arg(config);
    command.args(["-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", from, "-enddate", to]);
    run(command.args(["-in", &request, "-out", &pem]));
}
