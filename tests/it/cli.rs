//! The command line's contract: exit status, streams, codes, both languages.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

use crate::support::{Scratch, Sealift};

fn output(args: &[&str]) -> Output {
    Sealift::command(args.iter().copied()).output().unwrap()
}

/// Packs the sample into `a.sealift` of a fresh folder; `pw` holds its passphrase, `wrong` another.
fn packed(options: &[&str]) -> Scratch {
    let dir = Scratch::new();
    sealift::write_sample(&dir.join("sample.tar")).unwrap();
    dir.write("pw", "correct horse battery staple\n");
    dir.write("wrong", "incorrect horse\n");
    let (sample, bundle, pw) = (path(&dir, "sample.tar"), path(&dir, "a.sealift"), path(&dir, "pw"));
    let mut args = vec!["pack", &sample, "--out", &bundle, "--password-file", &pw, "--kdf", "low"];
    args.extend(options);
    let packed = output(&args);
    assert_eq!(packed.status.code(), Some(0), "{}", String::from_utf8_lossy(&packed.stderr));
    dir
}

fn path(dir: &Scratch, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

/// Runs `args` (with `@name` standing for a file of `dir`) and checks status and code.
#[track_caller]
fn check(dir: &Scratch, args: &str, status: i32, code: Option<&str>) -> Output {
    let args: Vec<String> = args
        .split(' ')
        .map(|arg| {
            arg.split_once('@')
                .map_or(arg.to_owned(), |(before, name)| format!("{before}{}", path(dir, name)))
        })
        .collect();
    let output = output(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{args:?}\n{stderr}");
    match code {
        Some(code) => assert!(stderr.contains(&format!("Code: {code}")), "{args:?}\n{stderr}"),
        None => assert!(!stderr.contains("Error:"), "{args:?}\n{stderr}"),
    }
    output
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn exit_status_and_code_follow_what_happened() {
    let dir = packed(&[]);
    let before = files(dir.path());
    for (args, status, code) in [
        ("inspect @a.sealift", 0, None),
        ("inspect @a.sealift --password-file @pw", 0, None),
        ("verify @a.sealift", 0, None),
        ("verify @a.sealift --password-file @pw", 0, None),
        ("verify @a.sealift --password-file @wrong", 4, Some("KEY-01")),
        ("verify @pw", 1, Some("BUNDLE-01")),
        ("verify @missing", 1, Some("IO-05")),
        ("restore @a.sealift --to oci:@out --password-file @wrong", 4, Some("KEY-01")),
        ("restore @a.sealift --to oci:@out --password-file @pw --image nope:1", 2, Some("USAGE-04")),
        ("restore @a.sealift --to oci:@out --password-file @pw --rename a", 2, Some("USAGE-14")),
        ("restore @a.sealift --to oci:@out --password-file @pw --rename *=one:1", 2, Some("USAGE-14")),
        (
            "restore @a.sealift --to oci:@out --password-file @pw --rename sealift.example/demo:1.0=A:b",
            2,
            Some("USAGE-02"),
        ),
        (
            "restore @a.sealift --to oci:@out --password-file @pw --rename sealift.example/demo:1.0=sealift.example/demo:2.0",
            2,
            Some("USAGE-06"),
        ),
        ("restore @a.sealift --to nowhere:x --password-file @pw", 2, Some("USAGE-03")),
        ("restore @a.sealift --to docker-archive:@pw --password-file @pw", 1, Some("IO-04")),
        ("restore @a.sealift --to oci:@no/where/out --password-file @pw", 1, Some("IO-05")),
        ("restore @a.sealift --to oci:@out --password-file @pw --dry-run", 0, None),
        ("restore @a.sealift --to oci:@out", 2, Some("USAGE-08")),
        ("pack @sample.tar --out @a.sealift --password-file @pw", 1, Some("IO-04")),
        ("pack @sample.tar --out @b.sealift --password-file @missing", 1, Some("IO-05")),
        ("pack @sample.tar --out @b.sealift --password-file @sample.tar", 2, Some("USAGE-07")),
        ("pack @sample.tar --out @b.sealift --password-file @pw --volume-size 1MiB", 2, Some("USAGE-10")),
        ("pack @sample.tar --out @b.sealift --password-file @pw --platform linux/s390x", 2, Some("USAGE-04")),
        ("pack @sample.tar --out @b.sealift --password-file @pw --level 20", 2, Some("USAGE-01")),
        ("pack @a.sealift --out @b.sealift --password-file @pw", 1, Some("SOURCE-01")),
        ("pack docker-archive:@sample.tar:nope --out @b.sealift --password-file @pw", 2, Some("USAGE-04")),
        ("pack @sample.tar", 2, Some("USAGE-01")),
        ("pakc @sample.tar", 2, Some("USAGE-01")),
        ("images docker:nginx", 2, Some("USAGE-03")),
        ("images docker://127.0.0.1:5101", 2, Some("USAGE-15")),
        ("pack docker://harbor.site.invalid --out @b.sealift --password-file @pw", 2, Some("USAGE-15")),
        ("keys remove @a.sealift 1 --password-file @pw", 2, Some("KEY-05")),
        ("keys remove @a.sealift 7 --password-file @pw", 2, Some("KEY-07")),
        ("keys add @a.sealift --password-file @wrong --new-password-file @pw", 4, Some("KEY-01")),
    ] {
        check(&dir, args, status, code);
        assert_eq!(files(dir.path()), before, "{args} left something behind");
    }
}

#[test]
fn passphrases_rotate_without_touching_the_content() {
    let dir = packed(&[]);
    let content = |dir: &Scratch| fs::read(dir.join("a.sealift")).unwrap()[128 << 10..].to_vec();
    let before = content(&dir);
    let fingerprint = |out: Output| -> String {
        serde_json::from_slice::<Value>(&out.stdout).unwrap()["fingerprint"].as_str().unwrap().to_owned()
    };
    let first = fingerprint(check(&dir, "inspect @a.sealift --json", 0, None));
    check(&dir, "keys add @a.sealift --password-file @pw --new-password-file @wrong --kdf low", 0, None);
    check(&dir, "verify @a.sealift --password-file @wrong", 0, None);
    check(&dir, "keys remove @a.sealift 1 --password-file @wrong", 0, None);
    check(&dir, "verify @a.sealift --password-file @pw", 4, Some("KEY-01"));
    check(&dir, "keys change @a.sealift --password-file @wrong --new-password-file @pw --kdf low", 0, None);
    check(&dir, "verify @a.sealift --password-file @wrong", 4, Some("KEY-01"));
    let last = fingerprint(check(&dir, "verify @a.sealift --password-file @pw --json", 0, None));
    assert_eq!((first, before), (last, content(&dir)), "only the header changed");
}

#[test]
fn a_generated_passphrase_goes_to_a_new_private_file_and_nowhere_else() {
    use std::os::unix::fs::PermissionsExt;
    let dir = packed(&[]);
    let args = "pack @sample.tar --out @g.sealift --kdf low --generate-passphrase @words";
    let out = check(&dir, args, 0, None);
    let words = fs::read_to_string(dir.join("words")).unwrap();
    assert_eq!(words.split_whitespace().count(), 6);
    assert_eq!(fs::metadata(dir.join("words")).unwrap().permissions().mode() & 0o777, 0o600);
    for printed in [&out.stdout, &out.stderr] {
        assert!(!String::from_utf8_lossy(printed).contains(words.trim()));
    }
    check(&dir, "verify @g.sealift --password-file @words", 0, None);
    // The passphrase of another bundle is not written over, and none is left of a pack that failed.
    check(&dir, "pack @sample.tar --out @h.sealift --generate-passphrase @words", 1, Some("IO-04"));
    assert_eq!(fs::read_to_string(dir.join("words")).unwrap(), words);
    let small = "pack @sample.tar --out @h.sealift --generate-passphrase @more --volume-size 1MiB";
    check(&dir, small, 2, Some("USAGE-10"));
    assert!(!dir.join("more").exists() && !dir.join("h.sealift").exists());
}

#[test]
fn a_passphrase_of_chinese_characters_is_drawn_when_it_is_asked_for() {
    let dir = packed(&[]);
    let args = "pack @sample.tar --out @g.sealift --kdf low --generate-passphrase @words --words zh-CN";
    check(&dir, args, 0, None);
    let words = fs::read_to_string(dir.join("words")).unwrap();
    let is_one = |word: &str| word.chars().count() == 1 && word.len() == 3;
    assert!(words.trim().split(' ').count() == 7 && words.trim().split(' ').all(is_one), "{words}");
    check(&dir, "verify @g.sealift --password-file @words", 0, None);
    let alone = "pack @sample.tar --out @h.sealift --password-file @pw --words en";
    check(&dir, alone, 2, Some("USAGE-01"));
}

#[test]
fn a_new_passphrase_is_long_or_the_user_insists_and_any_opens() {
    let dir = packed(&[]);
    dir.write("short", "fourteen chars");
    dir.write("words", "five words are quite enough");
    let pack = "pack @sample.tar --out @b.sealift --kdf low --password-file @short";
    check(&dir, pack, 2, Some("USAGE-12"));
    let add = "keys add @a.sealift --kdf low --password-file @pw --new-password-file @short";
    check(&dir, add, 2, Some("USAGE-12"));
    assert!(!dir.join("b.sealift").exists());
    check(&dir, &format!("{pack} --allow-weak"), 0, None);
    check(&dir, &format!("{add} --allow-weak"), 0, None);
    for bundle in ["a", "b"] {
        check(&dir, &format!("verify @{bundle}.sealift --password-file @short"), 0, None);
    }
    let long = "keys change @a.sealift --kdf low --password-file @short --new-password-file @words";
    check(&dir, long, 0, None);
}

#[test]
fn every_verb_tells_the_fingerprint_in_the_words_of_both_languages() {
    let dir = packed(&[]);
    let words = |args: &str| -> Value {
        let out = check(&dir, args, 0, None);
        serde_json::from_slice::<Value>(&out.stdout).unwrap()["fingerprint_words"].clone()
    };
    let told = words("inspect @a.sealift --json");
    assert_eq!(told["en"].as_array().map(Vec::len), Some(12));
    assert_eq!(told["zh-CN"].as_array().map(Vec::len), Some(8));
    assert_eq!(words("verify @a.sealift --json"), told);
    assert_eq!(words("verify @a.sealift --password-file @pw --json"), told);
    let packed = words("pack @sample.tar --out @b.sealift --password-file @pw --kdf low --json");
    assert!(packed["en"].is_array() && packed != told, "each bundle has its own");
}

#[test]
fn a_key_change_writes_only_the_header() {
    let dir = packed(&[]);
    let trace = dir.join("trace");
    let mut command = crate::support::Tool::new("strace", "strace").command();
    command
        .args(["-f", "-e", "trace=pwrite64,write,pwritev", "-o"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_sealift"));
    command.args(["keys", "add", "--kdf", "low", "-q"]).arg(dir.join("a.sealift"));
    command.arg("--password-file").arg(dir.join("pw")).arg("--new-password-file").arg(dir.join("wrong"));
    crate::support::run(&mut command);
    let trace = fs::read_to_string(trace).unwrap();
    let written: u64 = trace
        .lines()
        .filter(|line| line.contains("pwrite64("))
        .filter_map(|line| line.rsplit("= ").next()?.trim().parse::<u64>().ok())
        .sum();
    assert_eq!(written, 128 << 10, "{trace}");
}

#[test]
fn volumes_have_the_size_asked_for_and_a_shorter_bundle_removes_stale_ones() {
    let dir = packed(&["--volume-size", "2MiB", "--level", "1"]);
    // Incompressible content is needed to fill volumes: the archive packed again and again is not.
    let noise: Vec<u8> = (0..300_000_u32)
        .flat_map(|n| sealift::Digest::of(&n.to_le_bytes()).as_bytes()[..24].to_vec())
        .collect();
    let archive = noise_archive(&noise);
    write(&dir, "noise.tar", &archive);
    check(&dir, "pack @noise.tar --out @b.sealift --password-file @pw --kdf low --volume-size 2MiB", 0, None);
    let volumes: Vec<String> =
        files(dir.path()).into_iter().filter(|name| name.starts_with("b.sealift")).collect();
    assert!(volumes.len() >= 4 && volumes[1] == "b.sealift.0002", "{volumes:?}");
    for volume in &volumes {
        assert!(fs::metadata(dir.join(volume)).unwrap().len() <= 2 << 20, "{volume}");
    }
    check(&dir, "verify @b.sealift --password-file @pw", 0, None);
    check(&dir, "verify @b.sealift.0002", 2, Some("BUNDLE-12"));
    check(&dir, "pack @sample.tar --out @b.sealift --password-file @pw --kdf low", 1, Some("IO-04"));
    check(&dir, "pack @sample.tar --out @b.sealift --password-file @pw --kdf low --force", 0, None);
    let volumes: Vec<String> =
        files(dir.path()).into_iter().filter(|name| name.starts_with("b.sealift")).collect();
    assert_eq!(volumes, ["b.sealift"]);
    check(&dir, "verify @b.sealift --password-file @pw", 0, None);
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn write(dir: &Scratch, name: &str, bytes: &[u8]) {
    fs::write(dir.join(name), bytes).unwrap();
}

/// A docker-archive of one image with one layer.
pub(crate) fn noise_archive(layer: &[u8]) -> Vec<u8> {
    let digest = sealift::Digest::of(layer);
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [digest] },
    });
    let manifest =
        serde_json::json!([{ "Config": "c.json", "RepoTags": ["noise:1"], "Layers": ["l/layer.tar"] }]);
    let mut tar = tar::Builder::new(Vec::new());
    let files: [(&str, Vec<u8>); 3] = [
        ("c.json", config.to_string().into_bytes()),
        ("l/layer.tar", layer.to_vec()),
        ("manifest.json", manifest.to_string().into_bytes()),
    ];
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn images_restore_under_other_names_and_alone() {
    let dir = packed(&[]);
    check(
        &dir,
        "restore @a.sealift --to docker-archive:@out.tar --password-file @pw --image sealift.example/demo:2.0 \
         --rename sealift.example/demo:2.0=harbor.site.local/vendor/demo:2.0",
        0,
        None,
    );
    let images = Sealift::images(&path(&dir, "out.tar"));
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].names.iter().collect::<Vec<_>>(), ["harbor.site.local/vendor/demo:2.0"]);
    let packed = Sealift::images(&path(&dir, "sample.tar"));
    assert!(packed.iter().any(|image| image.id == images[0].id));
}

#[test]
fn a_layout_grows_and_its_tags_are_not_taken_silently() {
    let dir = packed(&[]);
    check(
        &dir,
        "restore @a.sealift --to oci:@out --password-file @pw --image sealift.example/demo:1.0",
        0,
        None,
    );
    check(&dir, "restore @a.sealift --to oci:@out --password-file @pw", 0, None);
    assert_eq!(Sealift::images(&path(&dir, "out")).len(), 2);
    let take = "restore @a.sealift --to oci:@out --password-file @pw --image sealift.example/demo:1.0 \
                --rename sealift.example/demo:1.0=sealift.example/demo:2.0";
    check(&dir, take, 2, Some("USAGE-06"));
    check(&dir, &format!("{take} --force"), 0, None);
    let again = check(&dir, "restore @a.sealift --to oci:@out --password-file @pw --force --json", 0, None);
    let report: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(
        (report["num_blobs"].as_u64(), report["num_present"].as_u64()),
        (Some(0), Some(7)),
        "{report}"
    );
}

#[test]
fn results_are_on_stdout_and_errors_are_json_too() {
    let dir = packed(&[]);
    let refused = check(&dir, "verify @a.sealift --password-file @wrong --json", 4, Some("KEY-01"));
    let error: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(error["error"]["code"], "KEY-01");
    let quiet = check(&dir, "verify @a.sealift -q", 0, None);
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty());
    let lines = check(&dir, "verify @a.sealift --progress json", 0, None);
    let stderr = String::from_utf8(lines.stderr).unwrap();
    let last: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["phase"], "verify");
    assert_eq!(last["done_bytes"], last["total_bytes"]);
}

#[test]
fn the_demo_says_what_it_did_in_both_languages() {
    for (lang, last) in
        [("en", "7. Compared: same names, same image IDs."), ("zh-CN", "7. 比对：名称相同，镜像 ID 相同。")]
    {
        let demo = output(&["demo", "--lang", lang]);
        assert_eq!(demo.status.code(), Some(0));
        assert!(String::from_utf8(demo.stdout).unwrap().contains(last));
    }
}

#[test]
fn without_a_verb_the_verbs_are_named() {
    for (lang, words) in [("en", "desktop app"), ("zh-CN", "桌面应用")] {
        let none = Sealift::command(["--lang", lang])
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .output()
            .unwrap();
        let stderr = String::from_utf8(none.stderr).unwrap();
        assert_eq!(none.status.code(), Some(1));
        assert!(stderr.contains(words) && stderr.contains("restore"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn completions_and_the_manual_page_know_every_verb() {
    for args in [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["man"]] {
        let text = String::from_utf8(output(args).stdout).unwrap();
        for verb in ["pack", "inspect", "verify", "restore", "images", "keys", "demo"] {
            assert!(text.contains(verb), "{args:?} lacks {verb}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_what_a_file_says() {
    let dir = packed(&[]);
    dir.write("marked", "\u{feff}correct horse battery staple\r\n");
    write(&dir, "utf16", b"\xff\xfep\0w\0");
    check(&dir, "verify @a.sealift --password-file @marked", 0, None);
    check(&dir, "pack @sample.tar --out @b.sealift --kdf low --password-file @marked", 0, None);
    check(&dir, "verify @b.sealift --password-file @pw", 0, None);
    check(&dir, "pack @sample.tar --out @c.sealift --kdf low --password-file @utf16", 2, Some("USAGE-07"));

    let made = check(&dir, "keys generate --out @key --json", 0, None);
    let recipient = serde_json::from_slice::<Value>(&made.stdout).unwrap()["recipient"].clone();
    dir.write("to", format!("\u{feff}{}\r\n", recipient.as_str().unwrap()));
    dir.write("marked.key", format!("\u{feff}{}", fs::read_to_string(dir.join("key")).unwrap()));
    dir.write("classes", "\u{feff}version = 1\ndefault = \"public\"\n");
    let pack = "pack @sample.tar --kdf low -r @to --classes @classes --out @k.sealift";
    check(&dir, pack, 0, None);
    check(&dir, "verify @k.public.sealift -i @marked.key", 0, None);
    dir.write("map", "\u{feff}sealift.example/demo:1.0 = web:1\n");
    check(&dir, "restore @a.sealift --to oci:@out --password-file @pw --map @map --dry-run", 0, None);
    for args in [
        "restore @a.sealift --to oci:@out --password-file @pw --map @utf16",
        "pack @sample.tar --out @c.sealift -r @utf16",
        "verify @a.sealift -i @utf16",
        "verify @a.sealift --policy @utf16",
        "pack @sample.tar --out @c.sealift -r @to --classes @utf16",
        "images docker://127.0.0.1:1/a/b:1 --creds-file @utf16",
    ] {
        check(&dir, args, 2, Some("USAGE-13"));
    }
}

#[test]
fn new_names_are_shown_before_anything_is_written_and_bad_rules_are_told() {
    let dir = packed(&[]);
    dir.write(
        "map",
        "# site\nsealift.example/* → harbor.site.local/vendor/*\nsealift.exmaple/* -> typo.local/*\n",
    );
    let restore = "restore @a.sealift --to oci:@out --password-file @pw --map @map --lang en";
    let out = check(&dir, restore, 0, None);
    let stderr = String::from_utf8(out.stderr).unwrap();
    let row = "  sealift.example/demo:1.0  → harbor.site.local/vendor/demo:1.0";
    assert!(stderr.contains("Names at the destination:") && stderr.contains(row), "{stderr}");
    assert_eq!(stderr.matches("sealift.exmaple/* → typo.local/*: this rule for names fits no").count(), 1);
    assert_eq!(stderr.matches("this rule").count(), 1, "{stderr}");

    let mut traced = crate::support::Tool::new("strace", "strace").command();
    traced.args(["-f", "-s", "200", "-e", "trace=write,mkdir,mkdirat,openat", "-o"]).arg(dir.join("trace"));
    traced.args([env!("CARGO_BIN_EXE_sealift"), "restore", &path(&dir, "a.sealift"), "--to"]);
    traced.arg(format!("oci:{}", path(&dir, "traced"))).arg("--map").arg(dir.join("map"));
    crate::support::run(traced.arg("--password-file").arg(dir.join("pw")));
    let trace = fs::read_to_string(dir.join("trace")).unwrap();
    let at =
        |what: [&str; 2]| trace.lines().position(|line| what.iter().all(|part| line.contains(part))).unwrap();
    assert!(at(["write(2,", "harbor.site.local/vendor/demo:1.0"]) < at(["mkdir", "traced"]));
    assert!(at(["write(2,", "this rule"]) < at(["mkdir", "traced"]));
    let quiet = check(&dir, &format!("{restore} --force -q"), 0, None);
    assert!(quiet.stderr.is_empty());
    let json = check(&dir, &format!("{restore} --force --json"), 0, None);
    assert!(serde_json::from_slice::<Value>(&json.stdout).is_ok());

    dir.write("bad", "a/* = b/*\n\n*=one:1\n");
    for (lang, line) in [("en", "line: 3"), ("zh-CN", "行：3")] {
        let args = "restore @a.sealift --to oci:@new --password-file @pw --map @bad --lang";
        let out = output(
            &format!("{args} {lang}")
                .split(' ')
                .map(|arg| arg.strip_prefix('@').map_or(arg.to_owned(), |name| path(&dir, name)))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        );
        let stderr = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2));
        assert!(stderr.contains(line) && stderr.contains("*=one:1"), "{stderr}");
    }
    assert!(!dir.join("new").exists());
}

#[test]
fn a_restore_says_what_was_checked() {
    let dir = packed(&[]);
    let restore = "restore @a.sealift --to oci:@out --password-file @pw --force";
    let report = |args: &str| -> Value {
        serde_json::from_slice(&check(&dir, &format!("{args} --json"), 0, None).stdout).unwrap()
    };
    assert_eq!(report(restore)["checked"], "before");
    let again = report(restore);
    assert_eq!((&again["checked"], &again["num_blobs"]), (&"nothing_sent".into(), &0.into()), "{again}");
    let told = String::from_utf8(check(&dir, restore, 0, None).stdout).unwrap();
    assert!(told.contains("All there already") && !told.contains("every digest matches"), "{told}");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    use std::process::Stdio;
    let mut child = Sealift::command(["man"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert!(stderr.is_empty() && ended.status.success(), "{stderr}");
}

#[test]
fn what_a_killed_run_left_is_named_where_its_bundle_is_asked_for() {
    let dir = packed(&[]);
    dir.write("b.sealift.sealift-partial", "half of it");
    dir.write("b.sealift.sealift-journal", "{}");
    let out = check(&dir, "verify @b.sealift", 3, Some("BUNDLE-04"));
    let stderr = String::from_utf8(out.stderr).unwrap();
    assert!(stderr.contains("b.sealift.sealift-partial") && stderr.contains("goes on"), "{stderr}");
}

#[test]
fn the_option_that_would_give_a_passphrase_is_named() {
    let dir = packed(&[]);
    for (args, option) in [
        ("signing-key new @acme", "--key-password-file FILE"),
        ("keys change @a.sealift --password-file @pw", "--new-password-file FILE"),
        ("restore @a.sealift --to oci:@out", "--password-file FILE"),
    ] {
        let args: Vec<String> = args
            .split(' ')
            .map(|arg| arg.strip_prefix('@').map_or(arg.into(), |name| path(&dir, name)))
            .collect();
        let mut command = crate::support::Tool::new("setsid", "util-linux").command();
        let out = command.arg("--wait").arg(env!("CARGO_BIN_EXE_sealift")).args(args).output().unwrap();
        let stderr = String::from_utf8(out.stderr).unwrap();
        assert!(stderr.contains("Code: USAGE-08") && stderr.contains(&format!(": {option}\n")), "{stderr}");
    }
}

#[test]
fn images_are_listed_with_the_day_they_were_made() {
    let dir = packed(&[]);
    let told = String::from_utf8(check(&dir, "images @sample.tar --lang en", 0, None).stdout).unwrap();
    let json = check(&dir, "images @sample.tar --json", 0, None);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let created = json["images"][0]["manifests"][0]["created"].as_str().unwrap();
    assert!(told.contains(&format!("created {}", &created[..10])), "{told}");
}
