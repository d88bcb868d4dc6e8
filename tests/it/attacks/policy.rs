//! Names that a policy rules, and what is hidden under them.

mod layout;

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::layout::{CONFIG, DSSE, Key, LAYER, Layout, Signs, envelope, on, tag, write};
use crate::support::{Place, Scratch, Tool, run, wait_for};

const MOUNT: Tool = Tool::new("mount", "mount");
const SETPRIV: Tool = Tool::new("setpriv", "util-linux");
const STRACE: Tool = Tool::new("strace", "strace");
const TIMEOUT: Tool = Tool::new("timeout", "coreutils");
/// What a refusal may take, however much the input asks for.
const QUICK: Duration = Duration::from_secs(10);

/// A site that trusts acme.
fn site() -> (Place, Key) {
    let dir = Scratch::new();
    dir.write("pw", "correct horse battery staple\n");
    let place = Place(dir);
    let key = Key::new(&place, "acme");
    place.done("trust add acme --key @acme.pub --yes");
    (place, key)
}

impl Place {
    /// Images whose names `pattern` meets must be signed by acme.
    fn rule(&self, pattern: &str) {
        let text = format!("version = 1\n[[image]]\nnames = '{pattern}'\nsigned_by = ['acme']\n");
        write(&self.path("policy.toml"), text);
    }

    fn restore(bundle: &str, dest: &str, options: &str) -> String {
        let options = if options.is_empty() { String::new() } else { format!(" {options}") };
        format!("restore @{bundle}.sealift --password-file @pw --policy @policy.toml --to {dest}{options}")
    }

    /// Neither a layout nor an archive gets anything of the bundle.
    #[track_caller]
    fn lets_in_nothing(&self, bundle: &str, options: &str) {
        for dest in ["oci:@out", "docker-archive:@out", "oci-archive:@out"] {
            self.refused(&Self::restore(bundle, dest, options), 3, "TRUST-07");
            assert!(!self.path("out").exists(), "{bundle}: {dest}");
        }
        if options.is_empty() {
            let verify = format!("verify @{bundle}.sealift --password-file @pw --policy @policy.toml");
            self.refused(&verify, 3, "TRUST-07");
        }
    }

    /// The layout gets it; how many images a rule met.
    #[track_caller]
    fn lets_in(&self, bundle: &str, options: &str) -> Value {
        let restored = self.done(&Self::restore(bundle, "oci:@out", options));
        fs::remove_dir_all(self.path("out")).unwrap();
        restored["policies"][0]["images"]["signed"].clone()
    }
}

/// What engines run though its types are not those of an image.
fn disguised(layout: &mut Layout) -> [(&'static str, Value); 3] {
    let (base, evil) = (layout.put(LAYER, "base"), layout.put("application/octet-stream", "evil"));
    let second = layout.manifest(CONFIG, "amd64", &[base.clone(), evil.clone()]);
    let mut with = |config: &str| layout.manifest(config, "amd64", std::slice::from_ref(&base));
    let parameter = with("application/vnd.oci.image.config.v1+json;x=1");
    let unknown = with("application/vnd.unknown.config.v1+json");
    [("a layer of bytes", second), ("a parameter", parameter), ("an unknown config", unknown)]
}

#[test]
fn what_bears_a_ruled_name_is_ruled_whatever_it_is() {
    let (place, key) = site();
    place.rule("*");
    let mut layout = Layout::default();
    let (good, evil) = (layout.image("good", "s390x"), layout.image("evil", "amd64"));
    let cases = disguised(&mut layout);
    for (number, (_, disguised)) in cases.iter().chain([&("plain", evil.clone())]).enumerate() {
        let alone = {
            let mut layout = Layout::default();
            self::disguised(&mut layout);
            layout.image("evil", "amd64");
            layout.name(disguised, "registry.vendor.cn/app:2");
            layout
        };
        alone.forge(&place, &format!("alone{number}"));
        place.lets_in_nothing(&format!("alone{number}"), "");

        // In an index, beside an image that is signed: what an amd64 host gets is signed by nobody.
        let mut index = Layout::default();
        self::disguised(&mut index);
        index.image("good", "s390x");
        index.image("evil", "amd64");
        let listed = index.index(&[on(disguised, "linux/amd64"), on(&good, "linux/s390x")]);
        index.name(&listed, "registry.vendor.cn/app:1");
        index.sign(&key, &good, "registry.vendor.cn/app");
        index.forge(&place, &format!("index{number}"));
        place.lets_in_nothing(&format!("index{number}"), "");
    }

    // Beside a signed image that is the only one asked for; and tied to it by its tag until it is given another.
    let [.., (_, unknown)] = cases;
    layout.name(&good, "registry.vendor.cn/ok:1");
    layout.sign(&key, &good, "registry.vendor.cn/ok");
    let tied = format!("registry.vendor.cn/ok:{}", tag(&good, ".sbom"));
    layout.name(&unknown, &tied);
    layout.forge(&place, "tied");
    assert_eq!(place.lets_in("tied", ""), 1);
    let renamed = format!("--rename {tied}=registry.vendor.cn/ok:2");
    place.refused(&Place::restore("tied", "oci:@out", &renamed), 3, "TRUST-07");
    assert!(!place.path("out").exists());
    layout.name(&unknown, "registry.vendor.cn/app:2");
    layout.forge(&place, "beside");
    place.lets_in_nothing("beside", "--image registry.vendor.cn/ok:1");
}

#[test]
fn a_signed_image_passes_with_all_that_belongs_to_it() {
    let (place, key) = site();
    place.rule("*");
    let mut layout = Layout::default();
    let images = ["amd64", "arm64"].map(|architecture| layout.image(architecture, architecture));
    let statement = layout.put("application/vnd.in-toto+json", "{}");
    let about = layout.manifest(CONFIG, "unknown", &[statement]);
    let mut attestation = on(&about, "unknown/unknown");
    attestation["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": images[0]["digest"],
    });
    let [amd64, arm64] = &images;
    let index = layout.index(&[on(amd64, "linux/amd64"), on(arm64, "linux/arm64"), attestation.clone()]);
    layout.name(&index, "registry.vendor.cn/app:1");
    let sbom = layout.put("application/spdx+json", "{}");
    let sbom = layout.artifact(&[sbom]);
    layout.name(&sbom, &format!("registry.vendor.cn/app:{}", tag(amd64, ".sbom")));
    layout.forge(&place, "unsigned");
    place.lets_in_nothing("unsigned", "");
    // Each platform, or the index.
    layout.sign(&key, amd64, "registry.vendor.cn/app");
    layout.forge(&place, "half");
    place.lets_in_nothing("half", "");
    layout.sign(&key, arm64, "registry.vendor.cn/app");
    layout.forge(&place, "platforms");
    assert_eq!(place.lets_in("platforms", ""), 1);
    let mut layout = Layout::default();
    for architecture in ["amd64", "arm64"] {
        layout.image(architecture, architecture);
    }
    let index = layout.index(&[on(amd64, "linux/amd64"), on(arm64, "linux/arm64")]);
    let outer = layout.index(std::slice::from_ref(&index));
    layout.name(&outer, "registry.vendor.cn/app:1");
    layout.sign(&key, &index, "registry.vendor.cn/app");
    layout.forge(&place, "nested");
    assert_eq!(place.lets_in("nested", ""), 1);
    let signers = place.done("inspect @nested.sealift --password-file @pw")["image_signers"].clone();
    assert_eq!(signers[0]["vendors"], json!(["acme"]), "{signers}");
}

#[test]
fn a_rule_meets_a_name_however_its_host_is_spelled() {
    let (place, _) = site();
    for (pattern, name) in [
        ("registry.vendor.cn/*", "REGISTRY.vendor.cn/app:9"),
        ("registry.vendor.cn/*", "registry.vendor.cn:443/app:9"),
        ("registry.vendor.cn:443/*", "registry.vendor.cn/app:9"),
        ("docker.io/*", "registry-1.docker.io/acme/app:9"),
    ] {
        let mut layout = Layout::default();
        let image = layout.image("unsigned", "amd64");
        layout.name(&image, name);
        layout.forge(&place, "spelled");
        place.rule(pattern);
        place.lets_in_nothing("spelled", "");
        place.rule("registry.vendor.cn:5000/*");
        assert_eq!(place.lets_in("spelled", ""), 0);
    }
}

/// A registry that has nothing; its address.
fn empty_registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = Vec::new();
            let _ = BufReader::new(&stream).read_until(b'\n', &mut line);
            let is_root = line.starts_with(b"GET /v2/ ");
            let status = if is_root { "200 OK" } else { "404 Not Found" };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        }
    });
    address
}

#[test]
fn a_rule_meets_the_name_that_an_image_gets() {
    let (place, _) = site();
    let mut layout = Layout::default();
    let image = layout.image("unsigned", "amd64");
    layout.name(&image, "mirror.local/app:9");
    layout.forge(&place, "mirror");
    place.rule("site.local/*");
    assert_eq!(place.lets_in("mirror", ""), 0);
    place.lets_in_nothing("mirror", "--rename mirror.local/app:9=site.local:443/app:9");
    write(&place.path("map"), "mirror.local/* = SITE.local/*\n");
    place.lets_in_nothing("mirror", "--map @map");
    // The name in the bundle counts too.
    place.rule("mirror.local/*");
    place.lets_in_nothing("mirror", "--rename mirror.local/app:9=site.local/app:9");
    let host = empty_registry();
    place.rule(&format!("{host}/*"));
    place.refused(&Place::restore("mirror", &format!("docker://{host}"), ""), 3, "TRUST-07");
    place.refused(&Place::restore("mirror", &format!("docker://{host}"), "--dry-run"), 3, "TRUST-07");
}

/// Runs `args`, which must end soon; status and answer.
#[track_caller]
fn soon(place: &Place, args: &str) -> (Option<i32>, Value) {
    let command = place.command(args);
    let mut limited = TIMEOUT.command();
    limited.args(["-s", "KILL", "60"]).arg(command.get_program()).args(command.get_args());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let began = Instant::now();
    let output = limited.output().unwrap();
    assert!(began.elapsed() < QUICK, "{args}: {:?}", began.elapsed());
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn indexes_of_indexes_do_not_multiply() {
    let (place, _) = site();
    // Three levels that list the next so often.
    let nested = |nums: [usize; 3]| {
        let mut layout = Layout::default();
        let mut target = on(&layout.image("small", "amd64"), "linux/amd64");
        for num in nums {
            target = layout.index(&vec![target; num]);
        }
        layout.name(&target, "registry.vendor.cn/app:1");
        layout
    };
    for (name, nums, code) in [
        ("bomb", [4096, 4096, 4096], Some("SOURCE-07")),
        ("over", [4094, 2, 1], Some("SOURCE-07")),
        ("under", [4093, 2, 1], None),
    ] {
        let layout = nested(nums);
        layout.forge(&place, name);
        let (status, answer) = soon(&place, &format!("inspect @{name}.sealift --password-file @pw"));
        assert_eq!(answer["error"]["code"].as_str(), code, "{name}: {answer}");
        assert_eq!(status == Some(0), code.is_none(), "{name}");
        let (_, answer) = soon(&place, &format!("images oci:@{name}.layout"));
        assert_eq!(answer["error"]["code"].as_str(), code, "{name}: {answer}");
    }
}

#[test]
fn signatures_are_checked_once_and_not_without_end() {
    let (place, key) = site();
    let by_nobody = |_: &[u8]| "A".repeat(86) + "==";
    let by_acme = |signed: &[u8]| key.sign(signed);
    let inspect = |layout: &Layout, name: &str| {
        layout.forge(&place, name);
        let (status, answer) = soon(&place, &format!("inspect @{name}.sealift --password-file @pw"));
        assert_eq!(status, Some(0), "{name}: {answer}");
        answer["image_signers"][0]["vendors"].clone()
    };
    // One document of many signatures under many layers; then many documents, the vendor's beyond the limit.
    let mut layout = Layout::default();
    let app = layout.image("app", "amd64");
    layout.name(&app, "registry.vendor.cn/app:1");
    let mut signatures: Vec<Signs<'_>> = vec![&by_nobody; 1023];
    signatures.push(&by_acme);
    let one = layout.put(DSSE, envelope(&app, 0, &signatures));
    let bomb = layout.artifact(&vec![one; 4096]);
    layout.name(&bomb, &format!("registry.vendor.cn/app:{}", tag(&app, ".att")));
    assert_eq!(inspect(&layout, "one"), json!([]));

    let many = |num_documents: usize, num_signatures: usize| {
        let mut layout = Layout::default();
        let app = layout.image("app", "amd64");
        layout.name(&app, "registry.vendor.cn/app:1");
        let mut signatures: Vec<Signs<'_>> = vec![&by_nobody; num_signatures - 1];
        let mut layers: Vec<Value> =
            (1..num_documents).map(|seed| layout.put(DSSE, envelope(&app, seed, &signatures))).collect();
        signatures.push(&by_acme);
        layers.push(layout.put(DSSE, envelope(&app, num_documents, &signatures)));
        let artifact = layout.artifact(&layers);
        layout.name(&artifact, &format!("registry.vendor.cn/app:{}", tag(&app, ".att")));
        layout
    };
    assert_eq!(inspect(&many(300, 16), "many"), json!([]));
    assert_eq!(inspect(&many(1, 17), "over"), json!([]));
    assert_eq!(inspect(&many(20, 16), "under"), json!(["acme"]));
}

/// A site with a bundle of the release, signed by acme.
fn released(place: &Place, product: &str) {
    let pack = format!("pack @sample.tar --out @{product}.sealift --password-file @pw --kdf low");
    place.done(&format!("{pack} --sign @acme.key --product {product} --release 1.4"));
}

fn remembers(store: &Path, product: &str) -> bool {
    let store = fs::read_to_string(store).unwrap();
    store.contains(&format!("product = \"{product}\""))
}

#[test]
fn a_release_that_could_not_be_remembered_is_not_restored() {
    let (place, _) = site();
    sealift::write_sample(&place.path("sample.tar")).unwrap();
    released(&place, "suite");
    write(&place.path("policy.toml"), "version = 1\n[signers]\nany_of = ['acme']\n");
    let (folder, store) = (place.path("ro"), place.path("ro/trust.toml"));
    fs::create_dir(&folder).unwrap();
    run(MOUNT.command().args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&folder));
    fs::copy(place.path("config/sealift/trust.toml"), &store).unwrap();
    run(MOUNT.command().args(["-o", "remount,ro"]).arg(&folder));
    let restore = Place::restore("suite", "oci:@out", "--trust-store @ro/trust.toml");
    place.refused(&restore, 1, "IO-10");
    assert!(!place.path("out").exists());
    run(MOUNT.command().args(["-o", "remount,rw"]).arg(&folder));
    assert_eq!(place.done(&restore)["remembered"], true);
    assert!(remembers(&store, "suite"));
    fs::remove_dir_all(place.path("out")).unwrap();
    // Nothing new is to be remembered.
    run(MOUNT.command().args(["-o", "remount,ro"]).arg(&folder));
    assert_eq!(place.done(&restore)["remembered"], true);
}

#[test]
fn a_restore_that_is_done_says_so_though_the_trust_store_fails_then() {
    let (place, _) = site();
    sealift::write_sample(&place.path("sample.tar")).unwrap();
    released(&place, "suite");
    write(&place.path("policy.toml"), "version = 1\n[signers]\nany_of = ['acme']\n");
    let store = place.path("config/sealift/trust.toml");
    let command = place.command(&Place::restore("suite", "oci:@out", ""));
    let mut traced = STRACE.command();
    // It could be written to before the restore, and cannot after it.
    traced.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(store.with_extension("toml.lock"));
    traced.args(["-e", "inject=openat:error=EROFS:when=2"]);
    traced.arg(command.get_program()).args(command.get_args());
    traced.env("XDG_CONFIG_HOME", place.path("config"));
    let output = traced.output().unwrap();
    let (answer, told): (Value, _) =
        (serde_json::from_slice(&output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{answer}");
    assert_eq!((answer["images"].as_array().unwrap().len(), &answer["remembered"]), (2, &json!(false)));
    assert!(told.contains("is not remembered"), "{told}");
    assert!(!remembers(&store, "suite") && place.path("out/index.json").exists());
}

#[test]
fn two_restores_that_end_together_are_both_remembered() {
    let (place, _) = site();
    sealift::write_sample(&place.path("sample.tar")).unwrap();
    released(&place, "suite");
    released(&place, "base");
    write(&place.path("policy.toml"), "version = 1\n[signers]\nany_of = ['acme']\n");
    let store = place.path("config/sealift/trust.toml");
    // The first is held up before its store has its name, and the second runs to its end meanwhile.
    let command = place.command(&Place::restore("suite", "oci:@out", ""));
    let mut traced = STRACE.command();
    traced.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(store.with_extension("toml.partial"));
    traced.args(["-e", "inject=rename,renameat,renameat2:delay_enter=3000000"]);
    traced.arg(command.get_program()).args(command.get_args());
    traced.env("XDG_CONFIG_HOME", place.path("config")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = traced.spawn().unwrap();
    wait_for(&place.path("out/index.json"), 0, &mut first);
    let second = place.done(&Place::restore("base", "oci:@other", ""));
    assert!(first.wait().unwrap().success());
    assert_eq!(second["remembered"], true);
    assert!(remembers(&store, "suite") && remembers(&store, "base"));
}

#[test]
fn a_policy_in_a_folder_that_the_user_may_not_enter_is_no_missing_policy() {
    let (place, _) = site();
    sealift::write_sample(&place.path("sample.tar")).unwrap();
    place.done("pack @sample.tar --out @d.sealift --kdf low --password-file @pw");
    let folder = place.path("hidden/sealift");
    fs::create_dir_all(&folder).unwrap();
    write(&folder.join("policy.toml"), "version = 1\n[signers]\nany_of = ['acme']\n");
    let open = |mode| fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let verify = || {
        // Root enters any folder, unless it gives up the right to.
        let mut command = SETPRIV.command();
        if is_root {
            command.arg("--bounding-set=-dac_override,-dac_read_search");
        }
        command.arg(env!("CARGO_BIN_EXE_sealift")).arg("verify").arg(place.path("d.sealift"));
        command.arg("--trust-store").arg(place.path("config/sealift/trust.toml")).arg("--json");
        let output = command.env("XDG_CONFIG_HOME", place.path("hidden")).output().unwrap();
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), object["error"]["code"].as_str().unwrap_or("ok").to_owned())
    };
    if is_root {
        chown(&folder, Some(65534), Some(65534)).unwrap();
        open(0o700);
    } else {
        open(0o000);
    }
    let hidden = verify();
    open(0o755);
    let seen = verify();
    assert!(hidden.0 != Some(0) && hidden.1 != "ok" && hidden != seen, "{hidden:?}");
    assert_eq!(seen, (Some(3), "TRUST-01".to_owned()));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(verify(), (Some(0), "ok".to_owned()));
}
