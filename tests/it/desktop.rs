//! What a desktop needs to know the program: installed into a folder, each file held against its specification,
//! and a bundle recognised by its content.

use std::{fs, path::Path, process::Command};

use crate::support::{Scratch, Tool, run};

const MAKE: Tool = Tool::new("make", "make");
const DESKTOP_FILE_VALIDATE: Tool = Tool::new("desktop-file-validate", "desktop-file-utils");
const APPSTREAMCLI: Tool = Tool::new("appstreamcli", "appstream");
const XMLLINT: Tool = Tool::new("xmllint", "libxml2-utils");
const UPDATE_MIME_DATABASE: Tool = Tool::new("update-mime-database", "shared-mime-info");
const PYTHON: Tool = Tool::new("python3", "python3-zstandard");
const GIO: Tool = Tool::new("gio", "libglib2.0-bin");

/// `make GOAL` into `root`, with the program under test.
fn make(goal: &str, root: &Path) {
    let mut command = MAKE.command();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--no-print-directory").arg(goal);
    command.arg(format!("DESTDIR={}", root.display())).arg("PREFIX=/usr");
    run(command.arg(concat!("BINARY=", env!("CARGO_BIN_EXE_sealift"))));
}

/// Files under `dir`, relative to it.
fn files(dir: &Path) -> Vec<String> {
    fn walk(root: &Path, dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(dir, dir, &mut found);
    found.sort();
    found
}

#[test]
fn an_installed_program_is_known_to_the_desktop_and_goes_without_a_trace() {
    let dir = Scratch::new();
    let root = dir.join("root");
    make("install", &root);
    let share = root.join("usr/share");

    run(Command::new(root.join("usr/bin/sealift")).arg("--version"));
    run(DESKTOP_FILE_VALIDATE.command().arg(share.join("applications/sealift.desktop")));
    // The project has no domain of its own, so its id is its plain name.
    let lenient = ["validate", "--no-net", "--override=cid-desktopapp-is-not-rdns=info"];
    run(APPSTREAMCLI.command().args(lenient).arg(share.join("metainfo/sealift.metainfo.xml")));
    run(XMLLINT.command().arg("--noout").arg(share.join("mime/packages/sealift.xml")));
    for size in [16, 32, 48, 64, 128, 256, 512] {
        let png = fs::read(share.join(format!("icons/hicolor/{size}x{size}/apps/sealift.png"))).unwrap();
        // Width and height stand in the IHDR chunk, PNG (third edition) §11.2.1.
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (size, size));
    }
    for text in ["man/man1/sealift.1", "bash-completion/completions/sealift", "zsh/site-functions/_sealift"] {
        assert!(fs::read_to_string(share.join(text)).unwrap().contains("verify"), "{text}");
    }
    run(PYTHON.command().arg(share.join("sealift/recover.py")).arg("--help"));

    recognises_a_bundle(&dir, &share);

    let before = files(&root);
    assert!(before.len() > 20, "{before:?}");
    fs::remove_dir_all(share.join("mime")).unwrap();
    make("uninstall", &root);
    assert_eq!(files(&root), Vec::<String>::new());
}

/// Told by its content under any name, and by its name.
fn recognises_a_bundle(dir: &Scratch, share: &Path) {
    run(UPDATE_MIME_DATABASE.command().arg(share.join("mime")));
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let (bundle, other) = (dir.join("交付.sealift"), dir.join("without-a-name"));
    let passphrase = dir.write("pw", "correct horse battery staple\n");
    let mut pack = Command::new(env!("CARGO_BIN_EXE_sealift"));
    pack.arg("pack").arg(&sample).arg("--out").arg(&bundle).args(["--kdf", "low", "-q", "--password-file"]);
    run(pack.arg(passphrase));
    fs::copy(&bundle, &other).unwrap();
    let expected = [
        (&bundle, "application/x-sealift"),
        (&other, "application/x-sealift"),
        (&sample, "application/x-tar"),
    ];
    for (path, kind) in expected {
        // Only the folder under test and the system's own types are looked at.
        let dirs = format!("{}:/usr/share", share.display());
        let mut info = GIO.command();
        info.env("XDG_DATA_DIRS", dirs).env("XDG_DATA_HOME", dir.path());
        let told = run(info.args(["info", "-a", "standard::content-type"]).arg(path));
        assert!(told.contains(kind), "{}: {told}", path.display());
    }
}
