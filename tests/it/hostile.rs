//! Archives that are damaged, hostile, or something else: each is refused by name, and nothing is written.

use std::{fs, io::Write, path::Path, process::Stdio};

use sealift::{Code, Ctx, KdfLevel, PackOptions, Passphrase};
use serde_json::{Value, json};

use crate::support::{LAYER, Scratch, Sealift, Tar, blob, config, digest};

/// The files of a good docker-archive, `manifest.json` apart.
fn good() -> Tar {
    Tar::new().file("l/layer.tar", LAYER).json("c.json", &config(&[&digest(LAYER)]))
}

fn manifest(layers: &Value) -> Value {
    json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": layers }])
}

fn whole() -> Tar {
    good().json("manifest.json", &manifest(&json!(["l/layer.tar"])))
}

/// An OCI layout whose one image has this manifest text and media type.
fn layout(manifest: &str, media_type: &str) -> Tar {
    let index = json!({ "schemaVersion": 2, "manifests": [
        { "mediaType": media_type, "digest": digest(manifest.as_bytes()), "size": manifest.len() },
    ] });
    let config = config(&[&digest(LAYER)]).to_string();
    blob(blob(blob(Tar::new(), manifest.as_bytes()), LAYER), config.as_bytes()).json("index.json", &index)
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn oci_manifest(change: impl FnOnce(&mut Value)) -> String {
    let config = config(&[&digest(LAYER)]).to_string();
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config.as_bytes()), "size": config.len() },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(LAYER), "size": LAYER.len() }],
    });
    change(&mut manifest);
    manifest.to_string()
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

/// Lists and, where that succeeds, packs `source`; gives the code it is refused with.
fn refusal(dir: &Scratch, source: &Path) -> Option<Code> {
    let ctx = Ctx::new();
    let packed = source.to_str().unwrap().parse().and_then(|spec| {
        let plan = sealift::plan_pack(&ctx, &[spec], &[])?;
        let options = PackOptions { kdf: KdfLevel::Low, ..PackOptions::default() };
        let passphrase = Passphrase::new(b"p".to_vec())?;
        sealift::pack(&ctx, &plan, &dir.join("out.sealift"), &passphrase, &options)
    });
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let is_bundle = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("out.sealift");
    match packed {
        Ok(_) => {
            fs::remove_file(dir.join("out.sealift")).unwrap();
            None
        }
        Err(e) => {
            assert!(!left.iter().any(is_bundle), "{left:?}");
            Some(e.code())
        }
    }
}

#[track_caller]
fn check(cases: Vec<(&str, Vec<u8>, Option<Code>)>) {
    let dir = Scratch::new();
    let path = dir.join("source.tar");
    for (what, bytes, code) in cases {
        write(&path, &bytes);
        assert_eq!(refusal(&dir, &path), code, "{what}");
    }
}

#[test]
fn archives_that_lie_about_paths_are_refused() {
    let long = "d/".repeat(49) + "x";
    check(vec![
        ("a good one", whole().bytes(), None),
        (
            "a layer behind a link",
            Tar::new()
                .file("l/layer.tar", LAYER)
                .link("m/layer.tar", "../l/layer.tar")
                .json("c.json", &config(&[&digest(LAYER)]))
                .json("manifest.json", &manifest(&json!(["m/layer.tar"])))
                .bytes(),
            None,
        ),
        ("an absolute path", whole().file("/etc/passwd", b"x").bytes(), Some(Code::UnsafePath)),
        ("a path that leads out", whole().file("a/../../x", b"x").bytes(), Some(Code::UnsafePath)),
        ("a path of another system", whole().file("..\\x", b"x").bytes(), Some(Code::UnsafePath)),
        ("a link that leads out", whole().link("m", "../../etc/shadow").bytes(), Some(Code::UnsafePath)),
        ("an absolute link", whole().link("m", "/etc/shadow").bytes(), Some(Code::UnsafePath)),
        (
            "a link to nothing",
            good().link("m", "nothing").json("manifest.json", &manifest(&json!(["m"]))).bytes(),
            Some(Code::BlobMissing),
        ),
        (
            "a loop of links",
            good().link("m", "n").link("n", "m").json("manifest.json", &manifest(&json!(["m"]))).bytes(),
            Some(Code::BlobMissing),
        ),
        ("one file twice", whole().file("l/layer.tar", b"other").bytes(), Some(Code::DuplicateEntry)),
        ("two manifests", whole().json("./manifest.json", &json!([])).bytes(), Some(Code::DuplicateEntry)),
        ("a deep path", whole().file(&long, b"x").bytes(), None),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn archives_that_lie_about_content_are_refused() {
    let no_layer = || Tar::new().json("c.json", &config(&[&digest(LAYER)]));
    let other_id = digest(b"other");
    check(vec![
        (
            "another layer than the config's",
            Tar::new()
                .file("l/layer.tar", b"other")
                .json("c.json", &config(&[&digest(LAYER)]))
                .json("manifest.json", &manifest(&json!(["l/layer.tar"])))
                .bytes(),
            Some(Code::SourceMismatch),
        ),
        (
            "no such layer",
            no_layer().json("manifest.json", &manifest(&json!(["l/layer.tar"]))).bytes(),
            Some(Code::BlobMissing),
        ),
        (
            "more layers than diffIDs",
            good().json("manifest.json", &manifest(&json!(["l/layer.tar", "l/layer.tar"]))).bytes(),
            Some(Code::Inconsistent),
        ),
        (
            "an empty layer path",
            good().json("manifest.json", &manifest(&json!(["", "l/layer.tar"]))).bytes(),
            None,
        ),
        (
            "no such config",
            Tar::new()
                .file("l/layer.tar", LAYER)
                .json("manifest.json", &manifest(&json!(["l/layer.tar"])))
                .bytes(),
            Some(Code::BlobMissing),
        ),
        (
            "a config under another digest",
            good()
                .json(&format!("{}.json", "a".repeat(64)), &config(&[]))
                .json(
                    "manifest.json",
                    &json!([{ "Config": format!("{}.json", "a".repeat(64)), "Layers": [] }]),
                )
                .bytes(),
            Some(Code::SourceMismatch),
        ),
        (
            "diffIDs that are no digests",
            Tar::new()
                .file("l/layer.tar", LAYER)
                .json("c.json", &config(&["sha256:../../x"]))
                .json("manifest.json", &manifest(&json!(["l/layer.tar"])))
                .bytes(),
            Some(Code::BadDigest),
        ),
        ("a manifest that is no list", good().json("manifest.json", &json!({})).bytes(), Some(Code::BadJson)),
        ("no images", good().json("manifest.json", &json!([])).bytes(), Some(Code::NothingToPack)),
        (
            "duplicate keys",
            good()
                .file("manifest.json", br#"[{"Config":"c.json","Config":"d.json","Layers":["l/layer.tar"]}]"#)
                .bytes(),
            Some(Code::BadJson),
        ),
        (
            "deep JSON",
            good().file("manifest.json", "[".repeat(100_000).as_bytes()).bytes(),
            Some(Code::BadJson),
        ),
        ("a huge manifest", good().file("manifest.json", &vec![b' '; 5 << 20]).bytes(), Some(Code::Limit)),
        ("a layout", layout(&oci_manifest(|_| ()), MANIFEST).bytes(), None),
        (
            "manifest and index at once",
            layout(&oci_manifest(|m| m["manifests"] = json!([])), MANIFEST).bytes(),
            Some(Code::BadJson),
        ),
        (
            "a media type of its own",
            layout(&oci_manifest(|m| m["mediaType"] = json!("x/y")), MANIFEST).bytes(),
            Some(Code::Inconsistent),
        ),
        ("schema 1", layout(r#"{"schemaVersion":1,"fsLayers":[]}"#, MANIFEST).bytes(), Some(Code::Schema1)),
        (
            "schema 1 by media type",
            layout("{}", "application/vnd.docker.distribution.manifest.v1+prettyjws").bytes(),
            Some(Code::Schema1),
        ),
        (
            "neither manifest nor index",
            layout("{}", "application/vnd.cncf.helm.config.v1+json").bytes(),
            Some(Code::BadMediaType),
        ),
        (
            "a wrong size",
            layout(&oci_manifest(|m| m["layers"][0]["size"] = json!(4)), MANIFEST).bytes(),
            Some(Code::SourceMismatch),
        ),
        (
            "a size that hopes for a buffer",
            layout(&oci_manifest(|m| m["layers"][0]["size"] = json!(u64::MAX / 2)), MANIFEST).bytes(),
            Some(Code::Limit),
        ),
        (
            "a digest of another kind",
            layout(&oci_manifest(|m| m["layers"][0]["digest"] = json!("sha512:00")), MANIFEST).bytes(),
            Some(Code::BadJson),
        ),
        (
            "a raw layer that is not the diffID's",
            layout(&oci_manifest(|m| m["config"]["digest"] = json!(other_id)), MANIFEST).bytes(),
            Some(Code::BlobMissing),
        ),
    ]);
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let whole = whole().bytes();
    // The last file's bytes end the content; its padding and the two empty blocks may be missing.
    let last = manifest(&json!(["l/layer.tar"])).to_string();
    let end = whole.windows(last.len()).position(|window| window == last.as_bytes()).unwrap() + last.len();
    let dir = Scratch::new();
    let path = dir.join("source.tar");
    for len in (0..end).step_by(64).chain([end - 1]) {
        write(&path, &whole[..len]);
        assert!(refusal(&dir, &path).is_some(), "cut to {len} bytes");
    }
    write(&path, &whole[..end]);
    assert_eq!(refusal(&dir, &path), None);
}

#[test]
fn what_is_no_image_is_called_by_its_name() {
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(whole().bytes().into_iter().flat_map(|byte| [byte, 0])).collect();
    check(vec![
        ("nothing", vec![], Some(Code::NotASource)),
        ("text", b"hello\n".repeat(500), Some(Code::NotASource)),
        ("a zip", [&b"PK\x03\x04"[..], &[0; 2000]].concat(), Some(Code::NotASource)),
        (
            "a root file system",
            Tar::new().file("etc/passwd", b"root").file("usr/bin/sh", b"").bytes(),
            Some(Code::ContainerExport),
        ),
        ("some other tar", Tar::new().file("a/b", b"c").bytes(), Some(Code::NotASource)),
        ("a tar through PowerShell", utf16, Some(Code::TextMangled)),
        ("a bundle", [&b"\x89SLFT\r\n\x1a"[..], &[0; 2000]].concat(), Some(Code::NotASource)),
    ]);
    let dir = Scratch::new();
    assert_eq!(refusal(&dir, Path::new("/dev/null")), Some(Code::Read));
    assert_eq!(refusal(&dir, dir.path()), Some(Code::NotASource));
    assert_eq!(refusal(&dir, Path::new("/no/such/file.tar")), Some(Code::NotFound));
}

#[test]
fn a_source_that_changes_between_listing_and_reading_is_told_from_damage() {
    let dir = Scratch::new();
    let path = dir.join("source.tar");
    let changes: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes[512] ^= 1,     // a byte of the layer
        |bytes| bytes.truncate(600), // shorter
        |bytes| {
            bytes.splice(0..0, [0; 512]);
        }, // everything moved
    ];
    for change in changes {
        let mut bytes = whole().bytes();
        write(&path, &bytes);
        let ctx = Ctx::new();
        let plan = sealift::plan_pack(&ctx, &[path.to_str().unwrap().parse().unwrap()], &[]).unwrap();
        change(&mut bytes);
        // A later time, however coarse the file system's clock is.
        write(&path, &bytes);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5)).unwrap();
        let passphrase = Passphrase::new(b"p".to_vec()).unwrap();
        let options = PackOptions { kdf: KdfLevel::Low, ..PackOptions::default() };
        let error = sealift::pack(&ctx, &plan, &dir.join("out.sealift"), &passphrase, &options).unwrap_err();
        assert_eq!(error.code(), Code::SourceChanged);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_bomb_costs_time_but_no_memory() {
    let dir = Scratch::new();
    let path = dir.join("bomb.tar.gz");
    // 2 GiB of zeros in 2 MiB: a layer that is not what its config says.
    let file = fs::OpenOptions::new().write(true).create_new(true).open(&path).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    let mut header = tar::Header::new_gnu();
    header.set_path("l/layer.tar").unwrap();
    header.set_size(2 << 30);
    header.set_mode(0o644);
    header.set_cksum();
    gzip.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..2048 {
        gzip.write_all(&zeros).unwrap();
    }
    let rest = Tar::new()
        .json("c.json", &config(&[&digest(LAYER)]))
        .json("manifest.json", &manifest(&json!(["l/layer.tar"])));
    gzip.write_all(&rest.bytes()).unwrap();
    gzip.finish().unwrap();

    dir.write("pw", "correct horse battery staple\n");
    let mut command = crate::support::Tool::new("sh", "dash").command();
    // 1.5 GiB of address space: enough for threads and Argon2, too little for the layer.
    command.arg("-c").arg("ulimit -v 1572864; exec \"$@\"").arg("sh").arg(env!("CARGO_BIN_EXE_sealift"));
    command.arg("pack").arg(&path).arg("--out").arg(dir.join("out.sealift")).args(["--kdf", "low", "-q"]);
    let output = command.arg("--password-file").arg(dir.join("pw")).stdout(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("Code: SOURCE-11"), "{stderr}");
}

#[test]
fn names_from_outside_are_escaped_where_they_are_shown() {
    let dir = Scratch::new();
    let path = dir.join("source.tar");
    write(&path, &whole().file("a\u{1b}[2J\u{202e}", b"x").file("/x\u{1b}[2J", b"y").bytes());
    let output = Sealift::command(["images", path.to_str().unwrap()]).output().unwrap();
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains("\\u{1b}[2J") && !shown.contains('\u{1b}'), "{shown}");
}
