//! Text that whoever made a bundle, a stick, an archive or a registry chose: it can't move the cursor, repaint a line or
//! pass for another.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{LAYER, Scratch, Sealift, Tar, Tool, blob, config, digest, names};

const SH: Tool = Tool::new("sh", "dash");
const PASSPHRASE: &str = "correct horse battery staple\n";

/// A name with all that a terminal acts on or hides: escape sequences, 7 and 8 bits wide, the start of the line, a bell,
/// a new line, a turned direction, characters without a width, a tag character.
const HOSTILE: &str = "x\u{1b}[2J\u{9b}A\r\u{7}\u{202e}\u{200b}\nFingerprint 0000\u{e0041}\u{7f}y";

/// What the header's sequence number is followed by.
const SLOTS_LEN: usize = 208;
const SLOTS: usize = 216;
const COPY_BYTES: usize = 65_536;
const CHECKSUM_BYTES: usize = 32;
/// Commitment, nonce, wrapped key and tag: what a reader without a key does not look at.
const WRAPPED_BYTES: usize = 92;

/// Control, direction and invisible characters, but for the end of a line.
fn is_dangerous(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[track_caller]
fn assert_safe(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|e| panic!("{what}: {e}\n{bytes:?}"));
    let found = text.chars().find(|c| is_dangerous(*c));
    assert!(found.is_none(), "{what}: {found:?} in\n{text:?}");
}

/// Both streams; comes back with them.
#[track_caller]
fn safe(what: &str, output: Output) -> (Option<i32>, String, String) {
    assert_safe(what, &output.stdout);
    assert_safe(what, &output.stderr);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    // Nothing from outside begins a line.
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    for line in stdout.lines().chain(stderr.lines()) {
        assert!(!line.starts_with("Fingerprint 0000"), "{what}: {line}");
    }
    (output.status.code(), stdout, stderr)
}

fn slot(kind: u16, details: &[u8]) -> Vec<u8> {
    let body = [&[0; WRAPPED_BYTES][..], details].concat();
    [&kind.to_le_bytes()[..], &[0; 2], &(body.len() as u32).to_le_bytes(), &body].concat()
}

fn age_slot(stanza: &str) -> Vec<u8> {
    slot(3, format!("age-encryption.org/v1\n-> {stanza} x\nAAAA\n--- AAAA\n").as_bytes())
}

/// Puts `slots` in place of those of the bundle at `path`, as anyone can who has no key: the checksum is right.
fn forge(path: &Path, slots: &[Vec<u8>]) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut copy = vec![0; COPY_BYTES];
    file.read_exact_at(&mut copy, 0).unwrap();
    let old_len = u32::from_le_bytes(copy[SLOTS_LEN..SLOTS_LEN + 4].try_into().unwrap()) as usize;
    let slots = slots.concat();
    let mut forged = copy[..SLOTS].to_vec();
    forged[SLOTS_LEN..SLOTS_LEN + 4].copy_from_slice(&(slots.len() as u32).to_le_bytes());
    forged.extend_from_slice(&slots);
    forged.extend_from_slice(&copy[SLOTS + old_len..]);
    forged.resize(COPY_BYTES - CHECKSUM_BYTES, 0);
    let checksum = Sha256::digest(&forged);
    forged.extend_from_slice(&checksum);
    for offset in [0, COPY_BYTES as u64] {
        file.write_all_at(&forged, offset).unwrap();
    }
}

fn sealed(dir: &Scratch, bundle: &Path) -> Sealift {
    let (sealift, sample) = (Sealift::new(dir), dir.join("sample.tar"));
    sealift::write_sample(&sample).unwrap();
    sealift.pack([sample.to_str().unwrap()], bundle, &["--kdf", "low"]);
    sealift
}

#[test]
fn a_forged_key_slot_cannot_repaint_the_fingerprint() {
    let dir = Scratch::new();
    let genuine = dir.join("genuine.sealift");
    let sealift = sealed(&dir, &genuine);
    let repaint = "\x1b[A\x1b[A\r\x1b[KFingerprint:\u{a0}b69e\u{a0}b814\x1b[B";
    let members = [age_slot(repaint), slot(5, b"vault:v\x1b[2K:AAAA")].concat();
    let forged = [
        vec![age_slot(repaint)],
        vec![age_slot("X25519\u{9b}A"), age_slot("\u{202e}91552X")],
        vec![slot(5, b"vault:v\x1b[A\r:AAAA"), slot(5, b"vault:v1\n:AAAA")],
        vec![slot(7, &members)],
        vec![slot(4, b"\x1b[A\r"), slot(6, b"\x1b[A\r"), slot(900, b"\x1b[A\r"), slot(1, b"\x1b[A\r")],
    ];
    for (number, slots) in forged.iter().enumerate() {
        let bundle = dir.join(&format!("forged-{number}.sealift"));
        fs::copy(&genuine, &bundle).unwrap();
        forge(&bundle, slots);
        for verb in [&["inspect"][..], &["keys", "list"], &["verify"]] {
            for options in [&[][..], &["--json"], &["--lang", "zh-CN"]] {
                let output = Sealift::command(verb.iter().copied()).arg(&bundle).args(options).output();
                let (status, stdout, _) = safe(&format!("{verb:?} {options:?} {number}"), output.unwrap());
                assert_eq!(status, Some(0), "it has a fingerprint, which is another: {stdout}");
            }
        }
        let output = sealift.prepared(["inspect"]).arg(&bundle).output().unwrap();
        assert_ne!(safe("with a passphrase", output).0, Some(0));
    }
    // A slot of the kinds that people use says what it is for.
    forge(&genuine, &[age_slot("ssh-ed25519"), age_slot("piv-p256"), slot(5, b"vault:v12:AAAA")]);
    let output = Sealift::command(["keys", "list"]).arg(&genuine).output().unwrap();
    let (_, shown, _) = safe("plain slots", output);
    for details in ["ssh-ed25519", "piv-p256", "v12"] {
        assert!(shown.contains(details), "{shown}");
    }
}

/// A folder with hostile names: a stick's, say.
struct Stick {
    dir: Scratch,
    folder: PathBuf,
    registry: u16,
}

/// Answers every request of a registry with an error in the words of an attacker.
fn hostile_registry() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = json!({ "errors": [{ "code": HOSTILE, "message": HOSTILE, "detail": HOSTILE }] }).to_string();
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = write!(
                stream,
                "HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn write(path: PathBuf, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}

/// An OCI layout whose one image has a hostile name, or hostile text in its manifest.
fn layout(name: &str, created: &str) -> Vec<u8> {
    let mut image = config(&[&digest(LAYER)]);
    image["created"] = created.into();
    let image = image.to_string();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(image.as_bytes()), "size": image.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(LAYER), "size": LAYER.len(),
        }],
        "annotations": { "org.opencontainers.image.title": name },
    });
    let manifest = manifest.to_string();
    let index = json!({ "schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest(manifest.as_bytes()), "size": manifest.len(),
        "platform": { "os": name, "architecture": name, "variant": name },
        "annotations": { "org.opencontainers.image.ref.name": name, "io.containerd.image.name": name },
    }] });
    let tar = blob(blob(blob(Tar::new(), manifest.as_bytes()), LAYER), image.as_bytes());
    tar.json("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" })).json("index.json", &index).bytes()
}

impl Stick {
    fn new() -> Self {
        let dir = Scratch::new();
        let folder = dir.join(HOSTILE);
        fs::create_dir(&folder).unwrap();
        let put = |name: &str, content: &[u8]| write(folder.join(name), content);
        dir.write("pw", PASSPHRASE);
        dir.write("other", "incorrect horse battery staple\n");
        put("pw", PASSPHRASE.as_bytes());
        sealift::write_sample(&folder.join("sample.tar")).unwrap();
        put("layout.tar", &layout(HOSTILE, HOSTILE));
        put("plain-name.tar", &layout("app:1", HOSTILE));
        let tags = |tag: &str| json!([{ "Config": "c.json", "RepoTags": [tag], "Layers": ["l/layer.tar"] }]);
        let archive = |tag: &str| {
            let tar = Tar::new().file("l/layer.tar", LAYER).json("c.json", &config(&[&digest(LAYER)]));
            tar.file("a\u{1b}[2J\u{202e}", b"x").json("manifest.json", &tags(tag)).bytes()
        };
        put("archive.tar", &archive(HOSTILE));
        put(
            "config.tar",
            &Tar::new().json("manifest.json", &json!([{ "Config": HOSTILE, "Layers": [HOSTILE] }])).bytes(),
        );
        let toml = Value::from(HOSTILE).to_string().replace('\u{7f}', "\\u007f");
        put("map", format!("{HOSTILE}\t{HOSTILE}\n{HOSTILE}").as_bytes());
        put("classes.toml", format!("version = 1\ndefault = {toml}\n").as_bytes());
        put(
            "rules.toml",
            format!("version = 1\ndefault = 'public'\n[public]\nrecipients = [{toml}]\n").as_bytes(),
        );
        put("policy.toml", format!("version = 1\n[signers]\nany_of = [{toml}]\n").as_bytes());
        put("field.toml", format!("version = 1\n{toml} = 1\n").as_bytes());
        Self { dir, folder, registry: hostile_registry() }
    }

    /// `sealift ARGS`, where `@` stands for the folder, `%` for its name and `#` for the registry.
    fn command(&self, args: &str) -> Command {
        let folder = self.folder.to_str().unwrap();
        let args = args.split(' ').map(|arg| {
            arg.replace('@', &format!("{folder}/"))
                .replace('%', HOSTILE)
                .replace('#', &format!("docker://127.0.0.1:{}", self.registry))
        });
        let mut command = Sealift::command([]);
        command.args(args).current_dir(self.dir.path());
        command.env("XDG_CONFIG_HOME", self.dir.join("config")).env("HOME", self.dir.path());
        command
    }

    #[track_caller]
    fn run(&self, args: &str) -> (Option<i32>, String, String) {
        safe(args, self.command(args).output().unwrap())
    }

    #[track_caller]
    fn done(&self, args: &str) {
        let (status, _, stderr) = self.run(args);
        assert_eq!(status, Some(0), "{args}\n{stderr}");
    }
}

/// For each verb how it meets hostile names. What is made first is used later.
const WALK: &[(&str, &[&str])] = &[
    (
        "signing-key",
        &[
            "new @acme --key-password-file pw",
            "show @acme.pub",
            "show @none",
            "new @acme --key-password-file pw",
        ],
    ),
    (
        "pack",
        &[
            "@sample.tar --out @a.sealift --password-file pw --kdf low --sign @acme.key --key-password-file pw",
            "@sample.tar --out @a.sealift --password-file pw",
            "@plain-name.tar --out @b.sealift --password-file @pw --kdf low -vv",
            "@layout.tar --out @c.sealift --password-file pw --kdf low --force",
            "@archive.tar --out @d.sealift --password-file pw --kdf low --force",
            "@config.tar --out @d.sealift --password-file pw",
            "@none --out @d.sealift --password-file pw",
            "% --out @d.sealift --password-file pw",
            "%:% --out @d.sealift --password-file pw",
            "@sample.tar --out @d.sealift --classes @classes.toml",
            "@sample.tar --out @d.sealift --classes @rules.toml",
            "@sample.tar --out @d.sealift --class %=% --password-file pw",
            "@sample.tar --out @d.sealift --recipient % --volume-size % --recovery %",
            "@sample.tar --out @d.sealift --recipient age1%",
            "@sample.tar --out @d.sealift --recipient vault://%",
            "#/app:1 --out @d.sealift --plain-http --password-file pw -vv",
        ],
    ),
    (
        "inspect",
        &[
            "@a.sealift",
            "@a.sealift --password-file pw",
            "@b.sealift --password-file pw",
            "@c.sealift --password-file pw",
            "@a.sealift --password-file other",
            "@none",
            "@pw",
            "@a.sealift --identity @none",
            "@a.sealift --identity %",
            "@a.sealift --identity share:%",
        ],
    ),
    (
        "trust",
        &[
            "add acme --key @acme.pub --yes --trust-store @trust.toml",
            "add % --key @acme.pub --yes --trust-store @trust.toml",
            "list --trust-store @trust.toml",
            "list --trust-store @field.toml",
            "list --trust-store @classes.toml",
            "remove % --trust-store @trust.toml",
        ],
    ),
    (
        "verify",
        &[
            "@a.sealift",
            "@a.sealift --password-file @pw",
            "@a.sealift --policy @policy.toml",
            "@a.sealift --policy @field.toml",
            "@a.sealift --repair-request @request",
            "@none -v",
        ],
    ),
    (
        "repair",
        &["@a.sealift", "@a.sealift --with @none", "@a.sealift --out @repaired.sealift", "@pw", "@none"],
    ),
    ("repair-file", &["@a.sealift % --out @answer", "@a.sealift @pw --out @answer"]),
    (
        "restore",
        &[
            "@a.sealift --to oci:@out --password-file pw -vv",
            "@b.sealift --to docker-archive:@out.tar --password-file pw",
            "@c.sealift --to oci:@out-c --password-file pw",
            "@a.sealift --to oci:@out --password-file pw",
            "@a.sealift --to oci:@new --password-file pw --map @map --dry-run",
            "@a.sealift --to oci:@new --password-file pw --rename %=% --dry-run",
            "@a.sealift --to oci:@new --password-file pw --image % --dry-run",
            "@a.sealift --to %:% --password-file pw",
            "@a.sealift --to #/x --plain-http --password-file pw -vv",
            "@a.sealift --to oci:@new --password-file pw --policy @policy.toml",
            "@a.sealift --to oci:@new --password-file other",
        ],
    ),
    (
        "handoff",
        &[
            "@a.sealift --to @stick --no-kit",
            "@a.sealift --to @",
            "@a.sealift --to @ --volumes %",
            "@none --to @stick",
        ],
    ),
    ("drives", &["--all-sizes"]),
    (
        "images",
        &[
            "@sample.tar",
            "@layout.tar",
            "@plain-name.tar",
            "@archive.tar",
            "@config.tar",
            "%:@sample.tar",
            "#/app:1 --plain-http -vv",
            "docker://%/app:1",
            "oci:@:%",
        ],
    ),
    (
        "keys",
        &[
            "list @a.sealift",
            "generate --out @key.age",
            "generate --type key-file --out @key",
            "generate --out @key.age",
            "add @b.sealift --password-file pw --recipient @key",
            "add @b.sealift --password-file pw --recipient @pw",
            "remove @b.sealift 9 --identity @key",
            "change @b.sealift --password-file pw --new-password-file pw --kdf low",
        ],
    ),
    (
        "reseal",
        &[
            "@a.sealift --out @resealed.sealift --password-file pw --new-password-file pw --kdf low",
            "@a.sealift --out @a.sealift --password-file pw",
        ],
    ),
    (
        "sign",
        &[
            "@b.sealift --key @acme.key --key-password-file pw",
            "@b.sealift --key @pw",
            "@b.sealift --remove %",
        ],
    ),
    ("kit", &["@", "@none", "@ --program @pw"]),
    // Meets nothing from outside.
    ("demo", &[]),
    ("completions", &["bash", "%"]),
    ("man", &[""]),
];

#[test]
fn no_verb_shows_a_name_from_outside_as_it_is() {
    let stick = Stick::new();
    fs::create_dir(stick.folder.join("stick")).unwrap();
    let help = stick.run("--help").1;
    let verbs = help.split("\n\n").find_map(|part| part.strip_prefix("Verbs:\n")).unwrap();
    for verb in verbs
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|verb| !verb.is_empty())
    {
        assert!(WALK.iter().any(|(known, _)| *known == verb), "{verb} is not walked");
    }
    let mut num_failed = 0;
    for (verb, lines) in WALK {
        for (number, line) in lines.iter().enumerate() {
            let line = format!("{verb} {line}");
            let (status, ..) = stick.run(line.trim_end());
            num_failed += usize::from(status != Some(0));
            if number % 3 == 0 && !matches!(*verb, "completions" | "man") {
                let (_, stdout, stderr) = stick.run(&format!("{line} --json --progress json --lang zh-CN"));
                let is_json = |line: &str| serde_json::from_str::<Value>(line).is_ok();
                assert!(stdout.lines().all(is_json), "{line}: {stdout}\n{stderr}");
            }
        }
        // Arguments are from outside as well.
        for line in [format!("{verb} --%"), format!("{verb} --lang=%"), format!("{verb} --progress % %")] {
            assert_eq!(stick.run(&line).0, Some(2), "{line}");
        }
    }
    assert!(num_failed > 40, "hostile input is refused for the most part: {num_failed}");
    assert_eq!(stick.run("x%").0, Some(2));
    stick.done("verify @a.sealift --password-file pw");
    // A trust store that somebody wrote by hand.
    let trust = stick.folder.join("trust.toml");
    let hostile = Value::from(HOSTILE).to_string().replace('\u{7f}', "\\u007f");
    let text = fs::read_to_string(&trust).unwrap().replace("\"acme\"", &hostile);
    write(trust, text);
    for line in ["trust list", "inspect @a.sealift", "verify @a.sealift --policy @policy.toml"] {
        stick.run(&format!("{line} --trust-store @trust.toml"));
        stick.run(&format!("{line} --trust-store @trust.toml --json"));
    }
}

#[test]
fn json_holds_the_very_name_though_its_text_is_plain() {
    let stick = Stick::new();
    let (_, stdout, _) = stick.run("pack @sample.tar --out @a.sealift --password-file pw --kdf low --json");
    assert!(
        stdout.contains(r"\u009b") && stdout.contains(r"\u202e") && stdout.contains(r"\udb40\udc41"),
        "{stdout}"
    );
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["volumes"][0].as_str(), stick.folder.join("a.sealift").to_str());
}

#[test]
fn names_that_people_use_stay_as_they_are() {
    let dir = Scratch::new();
    let name = "支付网关（一）·Ünïcödé e\u{301} ไทย हिन्दी 🚢.sealift";
    let bundle = dir.join(name);
    sealed(&dir, &bundle);
    for verb in ["repair", "verify"] {
        let missing = dir.join(&format!("无 {name}"));
        let output = Sealift::command([verb]).arg(missing).output().unwrap();
        assert!(String::from_utf8(output.stderr).unwrap().contains(name));
    }
    let output = Sealift::command(["kit"]).arg(dir.path()).output().unwrap();
    assert!(output.status.success());
    assert!(fs::read_to_string(dir.join("READ-ME-FIRST.txt")).unwrap().contains(name));
}

#[test]
fn the_launcher_and_the_page_of_a_kit_show_no_name_as_it_is() {
    let dir = Scratch::new();
    let folder = dir.join(HOSTILE);
    fs::create_dir(&folder).unwrap();
    let hostile = [
        format!("{HOSTILE}.sealift"),
        "@SYSTEM@.sealift".into(),
        "交付（一）.sealift".into(),
        "-x.sealift".into(),
    ];
    sealed(&dir, &folder.join(&hostile[0]));
    for name in &hostile[1..] {
        fs::copy(folder.join(&hostile[0]), folder.join(name)).unwrap();
    }
    let output = Sealift::command(["kit"]).arg(&folder).output().unwrap();
    assert_eq!(safe("kit", output).0, Some(0));
    let page = fs::read(folder.join("READ-ME-FIRST.txt")).unwrap();
    assert_safe("the page", &page);
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("@SYSTEM@.sealift") && page.contains("交付（一）.sealift"), "{page}");
    let launch = |folder: &Path, args: &[&str], answers: &str| {
        let mut command = SH.command();
        command
            .arg("./restore.sh")
            .args(args)
            .current_dir(folder)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        safe(&format!("restore.sh {args:?}"), child.wait_with_output().unwrap())
    };
    for number in 1..=hostile.len() {
        let (status, shown, stderr) = launch(&folder, &["--text"], &format!("{number}\n6\n\n"));
        assert_eq!(status, Some(0), "{shown}\n{stderr}");
        assert!(
            shown.contains(") 交付（一）.sealift\n") && shown.contains(") @SYSTEM@.sealift\n"),
            "{shown}"
        );
        assert!(shown.contains("x?[2J"), "{shown}");
    }
    let (status, shown, stderr) = launch(&folder, &["-x.sealift", "--text"], "6\n\n");
    assert_eq!(status, Some(0), "a name is no option: {shown}\n{stderr}");
    // Nothing to restore, and no program that runs.
    names(&folder)
        .iter()
        .filter(|name| name.ends_with(".sealift"))
        .for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    assert_eq!(launch(&folder, &["--text"], "").0, Some(1));
    write(folder.join("sealift-kit/sealift"), "no program");
    assert_eq!(launch(&folder, &["--text"], "").0, Some(1));
}

#[test]
fn the_second_decoder_shows_no_name_as_it_is() {
    let dir = Scratch::new();
    write(dir.join(HOSTILE), "no bundle");
    let recover = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/recover.py");
    for name in [HOSTILE, "none\u{1b}[2J\u{202e}"] {
        let mut command = Tool::new("python3", "python3").command();
        command.arg(recover).arg(dir.join(name)).arg("--out").arg(dir.join("out"));
        assert_ne!(safe("recover.py", command.output().unwrap()).0, Some(0));
    }
}
