//! Work without end or memory without bound, asked for by a small file or by a server.
//!
//! Each bomb is made when its test runs. The program has 1 GiB of address space and 10 s of processor time: wall time would
//! depend on what else the machine does.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::{
    registry::{
        Shelf, User, archive,
        fake::{Fake, Reply, Request},
        noise,
    },
    support::{LAYER, Scratch, Tar, Tool, blob, config, digest, run},
    testkit::python,
};

const TESTKIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testkit");
/// What a cancelled run may take on a machine that is busy with other tests; an idle one needs a fifth of a second.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// `sealift ARGS` within the bounds.
fn bounded(args: &[&str]) -> Command {
    let mut command = Tool::new("sh", "dash").command();
    command.args(["-c", "ulimit -v 1048576; ulimit -t 10; exec \"$@\"", "sh"]);
    command.arg(env!("CARGO_BIN_EXE_sealift")).args(args);
    // A worker for each core of a large machine would need more address space for stacks alone.
    command.env("RAYON_NUM_THREADS", "2").env("MALLOC_ARENA_MAX", "2");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn is_refused(args: &[&str], code: &str) {
    let output = bounded(args).output().unwrap();
    let said = said(&output);
    assert!(said.contains(&format!("Code: {code}")), "{args:?}: {:?}\n{said}", output.status);
}

#[track_caller]
fn passes(args: &[&str]) {
    let output = bounded(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {:?}\n{}", output.status, said(&output));
}

/// Processor time that the process has used, in hundredths of a second. proc(5), `/proc/PID/stat`.
fn ticks(child: &Child) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    [11, 12].iter().filter_map(|place| fields.get(*place)?.parse::<u64>().ok()).sum()
}

/// Sends Ctrl-C once the run has worked for a while: it must end soon.
#[track_caller]
fn ends_when_cancelled(args: &[&str]) {
    ends_when_cancelled_after(args, 40);
}

/// As [`ends_when_cancelled`], after so many hundredths of a second of processor time. After that it takes no half a second
/// more of each of two cores, whatever else the machine does.
#[track_caller]
fn ends_when_cancelled_after(args: &[&str], num_ticks: u64) {
    let mut child = bounded(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while ticks(&child) < num_ticks {
        assert!(child.try_wait().unwrap().is_none(), "{args:?} ended before it could be interrupted");
        assert!(began.elapsed() < Duration::from_mins(1), "{args:?} does nothing");
        std::thread::yield_now();
    }
    let asked = Instant::now();
    let before = ticks(&child);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut after = before;
    while child.try_wait().unwrap().is_none() {
        after = after.max(ticks(&child));
        std::thread::yield_now();
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{args:?}\n{}", said(&output));
    assert!(said(&output).contains("Code: JOB-01"), "{args:?}\n{}", said(&output));
    assert!(asked.elapsed() < CANCEL_LIMIT, "{args:?}: {:?}", asked.elapsed());
    assert!(after - before < 2 * 50, "{args:?}: {} ticks", after - before);
}

// --- tar

fn new_file(path: &Path) -> File {
    OpenOptions::new().write(true).create_new(true).open(path).unwrap()
}

fn header(kind: tar::EntryType, name: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    header
}

/// A good docker-archive.
fn good() -> Vec<u8> {
    let manifest = json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l/layer.tar"] }]);
    Tar::new()
        .file("l/layer.tar", LAYER)
        .json("c.json", &config(&[&digest(LAYER)]))
        .json("manifest.json", &manifest)
        .bytes()
}

/// `name`.tar.zst in `dir`: an entry of `kind` with `len` bytes of `content`, repeated, then a good archive.
fn packed(dir: &Scratch, name: &str, kind: tar::EntryType, content: &[u8], len: u64) -> String {
    let path = dir.join(&format!("{name}.tar.zst"));
    let mut zstd = zstd::Encoder::new(new_file(&path), 1).unwrap();
    zstd.write_all(header(kind, "long", len).as_bytes()).unwrap();
    let block = content.repeat((1 << 20) / content.len());
    let whole = len / block.len() as u64;
    (0..whole).for_each(|_| zstd.write_all(&block).unwrap());
    zstd.write_all(&block[..(len % block.len() as u64) as usize]).unwrap();
    zstd.write_all(&vec![0; (512 - len % 512) as usize % 512]).unwrap();
    zstd.write_all(&good()).unwrap();
    zstd.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

/// A PAX record `comment=…` of `len` bytes in all.
fn pax_comment(len: usize) -> Vec<u8> {
    let head = format!("{len} comment=");
    [head.as_bytes(), &vec![b'c'; len - head.len() - 1], b"\n"].concat()
}

#[test]
fn headers_before_an_entry_take_no_memory_however_long_they_are() {
    use tar::EntryType::{GNULongLink, GNULongName, GNUSparse, XHeader};
    const BOMB: u64 = 1200 << 20;
    let dir = Scratch::new();
    for (name, kind) in [("name", GNULongName), ("link", GNULongLink), ("pax", XHeader)] {
        let bomb = packed(&dir, name, kind, b"d/", BOMB);
        is_refused(&["images", &bomb], "SOURCE-07");
        fs::remove_file(&bomb).unwrap();
    }
    // Eight KiB on disk.
    for (name, kind) in [("plain-name", GNULongName), ("plain-pax", XHeader)] {
        let path = dir.join(&format!("{name}.tar"));
        let mut file = new_file(&path);
        file.write_all(header(kind, "long", 12 << 30).as_bytes()).unwrap();
        file.set_len((12 << 30) + 1024).unwrap();
        is_refused(&["images", path.to_str().unwrap()], "SOURCE-07");
    }
    // A map of a sparse file, block after block: each says that another follows, and lists pieces without content.
    let mut sparse = header(GNUSparse, "sparse", 0);
    sparse.as_gnu_mut().unwrap().set_is_extended(true);
    sparse.set_cksum();
    let mut block = [0_u8; 512];
    for piece in block[..504].chunks_mut(24) {
        piece[..12].copy_from_slice(b"00000000001\0");
        piece[12..].copy_from_slice(b"00000000000\0");
    }
    block[504] = 1;
    let path = dir.join("sparse.tar.zst");
    let mut zstd = zstd::Encoder::new(new_file(&path), 1).unwrap();
    zstd.write_all(sparse.as_bytes()).unwrap();
    let blocks = block.repeat(2048);
    (0..BOMB >> 20).for_each(|_| zstd.write_all(&blocks).unwrap());
    zstd.finish().unwrap();
    is_refused(&["images", path.to_str().unwrap()], "SOURCE-07");
}

#[test]
fn headers_just_below_their_limit_are_read() {
    let dir = Scratch::new();
    // 64 KiB, less the headers' own blocks.
    let len = (64 << 10) - 4 * 512;
    for (name, kind, content) in [
        ("link", tar::EntryType::GNULongLink, vec![b'l'; len]),
        ("pax", tar::EntryType::XHeader, pax_comment(len)),
    ] {
        let archive = packed(&dir, name, kind, &content, len as u64);
        passes(&["images", &archive]);
        let plain = dir.join(&format!("{name}.tar"));
        let mut tar = zstd::Decoder::new(File::open(&archive).unwrap()).unwrap();
        io::copy(&mut tar, &mut new_file(&plain)).unwrap();
        passes(&["images", plain.to_str().unwrap()]);
    }
}

#[test]
fn a_file_that_is_passed_over_can_be_cancelled() {
    let dir = Scratch::new();
    let path = dir.join("zeros.tar.zst");
    let mut file = new_file(&path);
    let head = header(tar::EntryType::Regular, "x/nothing", 1 << 37);
    file.write_all(&zstd::encode_all(&head.as_bytes()[..], 1).unwrap()).unwrap();
    // One frame, again and again: 128 GiB of zeros in some MiB.
    let zeros = zstd::encode_all(io::repeat(0).take(1 << 28), 1).unwrap();
    (0..512).for_each(|_| file.write_all(&zeros).unwrap());
    ends_when_cancelled(&["images", path.to_str().unwrap()]);
}

// --- documents

/// A compressed docker-archive of `files`.
fn compressed(dir: &Scratch, name: &str, tar: Tar) -> String {
    let path = dir.join(name);
    let packed = zstd::encode_all(&tar.bytes()[..], 1).unwrap();
    new_file(&path).write_all(&packed).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A config with blanks behind it, `len` bytes long.
fn padded_config(len: usize) -> Vec<u8> {
    let mut bytes = config(&[&digest(LAYER)]).to_string().into_bytes();
    bytes.resize(len, b' ');
    bytes
}

#[test]
fn a_manifest_of_many_items_is_refused_before_their_configs_are_read() {
    let dir = Scratch::new();
    let files =
        |config_bytes: usize| Tar::new().file("l.tar", LAYER).file("c.json", &padded_config(config_bytes));
    let item = r#"{"Config":"c.json","Layers":["l.tar"]}"#;
    let items = |num: usize| format!("[{}]", vec![item; num].join(","));
    let with = |config_bytes: usize, manifest: String| {
        files(config_bytes).file("manifest.json", manifest.as_bytes())
    };
    for (name, tar) in [
        ("items", with(8 << 20, items(100_000))),
        ("items-just-over", with(1 << 20, items(10_001))),
        (
            "layers",
            with(
                1 << 10,
                format!(r#"[{{"Config":"c.json","Layers":[{}]}}]"#, vec![r#""l""#; 100_001].join(",")),
            ),
        ),
        (
            "names",
            with(
                1 << 10,
                format!(
                    r#"[{{"Config":"c.json","Layers":["l.tar"],"RepoTags":[{}]}}]"#,
                    (0..100_001).map(|n| format!(r#""a:{n}""#)).collect::<Vec<_>>().join(",")
                ),
            ),
        ),
    ] {
        is_refused(&["images", &compressed(&dir, name, tar)], "SOURCE-07");
    }
    passes(&["images", &compressed(&dir, "items-at-most", with(8 << 20, items(10_000)))]);
    // Each item by a link of its own.
    let mut linked = files(8 << 20);
    for number in 0..2000 {
        linked = linked.link(&format!("k/{number}"), "../c.json");
    }
    let items: Vec<String> =
        (0..2000).map(|number| format!(r#"{{"Config":"k/{number}","Layers":["l.tar"]}}"#)).collect();
    let linked = linked.file("manifest.json", format!("[{}]", items.join(",")).as_bytes());
    passes(&["images", &compressed(&dir, "links", linked)]);
}

#[test]
fn a_target_that_an_index_lists_ten_thousand_times_is_read_once() {
    let dir = Scratch::new();
    let config = padded_config(1000);
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(&config), "size": config.len() },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(LAYER), "size": LAYER.len() }],
    })
    .to_string()
    .into_bytes();
    manifest.resize(4 << 20, b' ');
    let entry = |number: usize| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(&manifest), "size": manifest.len(),
            "annotations": { "org.opencontainers.image.ref.name": format!("t{number}") },
        })
    };
    let one = digest(&manifest);
    let entries: Vec<_> = {
        let first = entry(0);
        (0..10_000)
            .map(|number| {
                let mut entry = first.clone();
                entry["annotations"]["org.opencontainers.image.ref.name"] = format!("t{number}").into();
                entry
            })
            .collect()
    };
    let tar = blob(blob(blob(Tar::new(), &manifest), LAYER), &config)
        .json("index.json", &json!({ "schemaVersion": 2, "manifests": entries }));
    let archive = compressed(&dir, "index", tar);
    let output = bounded(&["images", &archive, "--json"]).output().unwrap();
    assert!(output.status.success(), "{:?}\n{}", output.status, said(&output));
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["images"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["images"][0]["target"]["digest"], one);
    assert_eq!(listed["images"][0]["names"].as_array().map(Vec::len), Some(10_000));
}

// --- the index of a bundle

/// Writes a bundle whose index `script` (Python, after tests/testkit/encode.py) makes of `before`, `after`: the text around
/// its first list of extents.
fn bundle_with_index(dir: &Scratch, name: &str, script: &str) -> PathBuf {
    let path = dir.join(name);
    let program = format!(
        "import sys\nsys.path.insert(0, sys.argv[1])\nfrom case import sample\nfrom zstd_frames import repeating\n\
         bundle = sample('bounds')\n\
         def index(_, text):\n    before, after = text.split(b'\"extents\":[[0,0,400]]', 1)\n{script}\n\
         bundle.changes['index_bytes'] = index\n\
         open(sys.argv[2], 'wb').write(bundle.write()[0])\n"
    );
    run(python().args(["-c", &program, TESTKIT]).arg(&path));
    path
}

#[test]
fn an_index_of_more_than_a_reader_holds_is_refused_by_every_reader() {
    let dir = Scratch::new();
    let password = dir.write("pw", "correct horse battery staple");
    let password = password.to_str().unwrap();
    for (name, script) in [
        // 240 MB of text in some KiB.
        (
            "extents",
            "    return repeating(before + b'\"extents\":[[0,0,1]', b',[0,0,1]', 1 + 16_384 * 1_800, b']' + after)",
        ),
        (
            "frames",
            "    head, tail = text.rsplit(b']}', 1)\n    return repeating(head, b',[0,1,1]', 1 + 16_384 * 1_440, b']}' + tail)",
        ),
        // A member that is ignored, and whose keys all have to be compared.
        (
            "members",
            "    import itertools\n    keys = ','.join(f'\"{n:x}\":0' for n in range(3_000_000)).encode()\n    \
             return __import__('zstandard').ZstdCompressor(level=1).compress(text[:-1] + b',\"x\":{' + keys + b'}}')",
        ),
    ] {
        let bundle = bundle_with_index(&dir, name, script);
        let bundle = bundle.to_str().unwrap();
        for verb in ["inspect", "verify"] {
            is_refused(&[verb, bundle, "--password-file", password], "BUNDLE-09");
        }
    }
}

/// Writes what `script` (Python, after tests/testkit/encode.py) makes of an empty `bundle`.
fn bundle_of(dir: &Scratch, name: &str, script: &str) -> PathBuf {
    let path = dir.join(name);
    let program = format!(
        "import sys\nsys.path.insert(0, sys.argv[1])\nimport zstandard\nfrom encode import Bundle, LAYER\n\
         from zstd_frames import repeated\nbundle = Bundle(sys.argv[2], record_bytes=1 << 20)\n{script}\n\
         bundle.changes['index_bytes'] = lambda _, text: zstandard.ZstdCompressor(level=1).compress(text)\n\
         open(sys.argv[2], 'wb').write(bundle.write()[0])\n"
    );
    run(python().args(["-c", &program, TESTKIT]).arg(&path));
    path
}

/// A script for [`bundle_of`]: an image of so many names.
fn image_of_names(num: usize) -> String {
    format!(
        "target = bundle.manifest([bundle.blob(b'layer', LAYER)])\n\
         bundle.image(target, *(f'registry.vendor.example.com/team/product:{{n}}' for n in range({num})))"
    )
}

#[test]
fn a_bundle_just_below_its_limits_can_be_cancelled_while_it_is_opened_and_read() {
    let dir = Scratch::new();
    let password = dir.write("pw", "correct horse battery staple");
    let password = password.to_str().unwrap();
    // One layer of four million extents, each in another frame than the one before.
    let script = "most = (4 << 20) - 1000\nbundle.stored, bundle.frames = bytes(most), [[0, 1, 1]] * most\n\
                  layer = bundle.blob(bytes(most), LAYER, [[n, 0, 1] for n in range(most)])\n\
                  bundle.image(bundle.manifest([layer]), 'docker.io/library/a:1')";
    let bundle = bundle_of(&dir, "full", script);
    let bundle = bundle.to_str().unwrap();
    let out = format!("oci:{}", dir.join("out").display());
    for num_ticks in [20, 120] {
        ends_when_cancelled_after(&["inspect", bundle, "--password-file", password], num_ticks);
        ends_when_cancelled_after(&["verify", bundle, "--password-file", password], num_ticks);
        ends_when_cancelled_after(&["restore", bundle, "--to", &out, "--password-file", password], num_ticks);
        assert!(!dir.join("out").exists());
    }
}

#[test]
fn a_bundle_has_at_most_a_hundred_thousand_names() {
    let dir = Scratch::new();
    let password = dir.write("pw", "correct horse battery staple");
    let password = password.to_str().unwrap();
    // Two images share the sum.
    let more =
        "\ntarget = bundle.manifest([bundle.blob(b'other', LAYER)])\nbundle.image(target, 'a.example/b:1')";
    for (name, num, is_read) in [("most", 99_999, true), ("more", 100_000, false)] {
        let bundle = bundle_of(&dir, name, &(image_of_names(num) + more));
        let args = ["inspect", bundle.to_str().unwrap(), "--password-file", password];
        if is_read { passes(&args) } else { is_refused(&args, "BUNDLE-09") }
    }
}

#[test]
fn a_run_that_is_cancelled_while_it_prints_ends_as_cancelled() {
    let dir = Scratch::new();
    let password = dir.write("pw", "correct horse battery staple");
    let bundle = bundle_of(&dir, "names", &image_of_names(20_000));
    for options in [&[][..], &["--json"]] {
        let mut command = bounded(&["inspect", bundle.to_str().unwrap(), "--password-file"]);
        command.arg(&password).args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // What is printed first shows that all else is done; the pipe has no room for the rest.
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let mut shown = vec![0; 1];
        stdout.read_exact(&mut shown).unwrap();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let mut said = vec![0; "Cancelling".len()];
        stderr.read_exact(&mut said).unwrap();
        stdout.read_to_end(&mut shown).unwrap();
        stderr.read_to_end(&mut said).unwrap();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
        assert!(said.contains("Code: JOB-01"), "{said}");
        if options.is_empty() {
            assert!(shown.len() < 20_000 * 40, "{} bytes after the cancel", shown.len());
        } else {
            let objects = serde_json::Deserializer::from_slice(&shown).into_iter::<serde_json::Value>();
            assert_eq!(objects.flatten().count(), 1, "a result, and no error after it");
        }
    }
}

#[test]
fn a_check_can_be_cancelled_while_one_piece_is_hashed() {
    let dir = Scratch::new();
    let password = dir.write("pw", "correct horse battery staple");
    // A layer of 128 GiB: one frame of zeros, again and again.
    let script = "size, times = 16 << 20, 8192\nframe = bundle.frame(b'', repeated(b'\\0', size), size)\n\
                  digest = 'sha256:' + '7' * 64\n\
                  bundle.blobs[digest] = {'digest': digest, 'size': size * times, 'media_type': LAYER, 'extents': [[frame, 0, size]] * times}\n\
                  layer = {'mediaType': LAYER, 'digest': digest, 'size': size * times}\n\
                  bundle.image(bundle.manifest([layer]), 'docker.io/library/a:1')";
    let bundle = bundle_of(&dir, "one", script);
    ends_when_cancelled(&["verify", bundle.to_str().unwrap(), "--password-file", password.to_str().unwrap()]);
}

#[test]
fn many_notices_take_linear_time() {
    let dir = Scratch::new();
    let password = dir.write("pw", "correct horse battery staple");
    let bundle = bundle_of(&dir, "names", &image_of_names(1));
    let rules: Vec<String> = (0..50_000).map(|n| format!("a{n:x}/*=b/*")).collect();
    let map = dir.write("map", rules.join("\n"));
    let out = format!("docker-archive:{}", dir.join("out.tar").display());
    let [bundle, map, password] = [&bundle, &map, &password].map(|path| path.to_str().unwrap());
    let args = ["restore", bundle, "--dry-run", "--to", &out, "--map", map, "--password-file", password];
    let output = bounded(&args).output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    assert!(said(&output).lines().count() >= rules.len());
}

// --- texts and sizes of an image

#[test]
fn texts_that_a_config_gives_to_listings_are_short() {
    let dir = Scratch::new();
    let with = |name: &str, field: &str, len: usize| {
        let text = "x".repeat(len);
        let mut config = config(&[&digest(LAYER)]);
        match field {
            "label" => config["config"] = json!({ "Labels": { "io.sealift.class": text } }),
            _ => config[field] = text.into(),
        }
        let manifest = json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l.tar"] }]);
        let tar = Tar::new().file("l.tar", LAYER).json("c.json", &config).json("manifest.json", &manifest);
        compressed(&dir, name, tar)
    };
    for field in ["os", "architecture", "variant", "created"] {
        is_refused(&["images", &with(&format!("{field}-long"), field, 129)], "SOURCE-07");
        is_refused(&["images", &with(&format!("{field}-mega"), field, 1 << 20)], "SOURCE-07");
        passes(&["images", &with(&format!("{field}-most"), field, 128)]);
    }
}

#[test]
fn sizes_whose_sum_overflows_are_refused_and_the_largest_that_are_allowed_add_up() {
    const MAX: u64 = 1 << 44;
    let dir = Scratch::new();
    for (name, size, is_read) in
        [("most", MAX, true), ("more", MAX + 1, false), ("huge", u64::MAX / 2, false)]
    {
        let layers = ["a", "b", "c"].map(|layer| digest(layer.as_bytes()));
        let config =
            config(&[digest(b"1").as_str(), digest(b"2").as_str(), digest(b"3").as_str()]).to_string();
        let described: Vec<_> = layers
            .iter()
            .map(|digest| json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size }))
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": described,
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config.as_bytes()), "size": config.len() },
        })
        .to_string();
        let entry = json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(manifest.as_bytes()), "size": manifest.len(),
        });
        let layout = dir.join(name);
        fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
        dir.write(&format!("{name}/oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
        dir.write(
            &format!("{name}/index.json"),
            json!({ "schemaVersion": 2, "manifests": [entry] }).to_string(),
        );
        for content in [config.as_str(), &manifest, "a", "b", "c"] {
            let hex = digest(content.as_bytes());
            dir.write(&format!("{name}/blobs/sha256/{}", &hex["sha256:".len()..]), content);
        }
        let args = ["images", &format!("oci:{}", layout.display())];
        if is_read { passes(&args) } else { is_refused(&args, "SOURCE-07") }
    }
}

// --- registries

/// What an upload does that was begun at a server which takes nothing in one request.
struct Uploads {
    server: Fake,
    sent_bytes: Arc<AtomicU64>,
}

/// A server without any blob. `range` gives the end of `Range: 0-…` to each PATCH: its number from 0, its first byte and its
/// bytes; none for 416.
fn taking(range: impl Fn(usize, u64, u64) -> Option<u64> + Send + Sync + 'static) -> Uploads {
    let (sent, count) = (Arc::new(AtomicU64::new(0)), AtomicUsize::new(0));
    let sent_bytes = Arc::clone(&sent);
    let server = Fake::start(move |request| {
        let is_upload = request.path.starts_with("/v2/u/");
        match request.method.as_str() {
            "GET" if request.path == "/v2/" => Reply::body(b"{}"),
            "POST" => Reply::status(202).with("Location", "/v2/u/1"),
            "PATCH" if is_upload => {
                let len = request.body.len() as u64;
                sent.fetch_add(len, SeqCst);
                let begins =
                    request.header("content-range").and_then(|range| range.split('-').next()?.parse().ok());
                let last = range(count.fetch_add(1, SeqCst), begins.unwrap_or(0), len);
                let reply = Reply::status(if last.is_some() { 202 } else { 416 });
                let reply = reply.with("Location", "/v2/u/1");
                last.iter().fold(reply, |reply, last| reply.with("Range", &format!("0-{last}")))
            }
            "PUT" if is_upload && request.body.len() > 5 << 20 => Reply::status(413),
            "PUT" => Reply::status(201),
            "DELETE" => Reply::status(204),
            _ => Reply::status(404),
        }
    });
    Uploads { server, sent_bytes }
}

const LAYER_BYTES: usize = 40 << 20;

#[test]
fn what_a_registry_says_of_an_upload_cannot_make_it_endless() {
    let user = User::new();
    let app = archive("vendor.example.com/team/app:1", &["amd64"], &[noise(LAYER_BYTES, 3)]);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    let bundle = bundle.to_str().unwrap();
    let cases: Vec<(&str, Uploads, &str)> = vec![
        ("nothing ever arrives", taking(|_, _, _| Some(0)), "NET-19"),
        ("more than there can be", taking(|_, _, _| Some(u64::MAX)), "NET-19"),
        ("more than was sent", taking(|_, begins, len| Some(begins + len)), "NET-19"),
        (
            "less than had arrived",
            taking(|number, begins, len| Some(if number == 0 { begins + len - 1 } else { 99 })),
            "NET-19",
        ),
        ("a byte of each", taking(|_, begins, _| Some(begins + 1)), "NET-19"),
    ];
    let user = &user;
    std::thread::scope(|scope| {
        for (what, uploads, code) in &cases {
            scope.spawn(move || {
                let to = format!("docker://{}", uploads.server.host());
                let said = user.fails(&["restore", bundle, "--to", &to], code);
                assert!(!said.contains("panicked"), "{what}: {said}");
                // Three times the blob, and a chunk of at most 64 MiB.
                let most = 3 * LAYER_BYTES as u64 + 2 * (64 << 20);
                let sent = uploads.sent_bytes.load(SeqCst);
                assert!(sent <= most, "{what}: {sent} bytes were sent");
            });
        }
        // One that takes half of a chunk at a time is slow, not hostile.
        scope.spawn(|| {
            let halves =
                taking(|_, begins, len| Some(begins + if len > 8 << 20 { len / 2 } else { len } - 1));
            let to = format!("docker://{}", halves.server.host());
            let ended = user.run(&["restore", bundle, "--to", &to]);
            // All arrived: this server only does not show the manifest afterwards.
            assert!(halves.sent_bytes.load(SeqCst) >= LAYER_BYTES as u64, "{}", ended.stderr);
            assert!(halves.server.seen().contains("PUT /v2/team/app/manifests/"), "{}", ended.stderr);
        });
    });
}

/// A server with an image of repository `a`, except where `lie` answers.
fn serving(lie: impl Fn(&Shelf, &Request) -> Option<Reply> + Send + Sync + 'static) -> Fake {
    let shelf = Shelf::new("a", "1");
    Fake::start(move |request| lie(&shelf, request).unwrap_or_else(|| shelf.reply(request)))
}

/// The part of `layer` that is asked for, cut after `len` bytes.
fn part(layer: &[u8], request: &Request, len: usize) -> Reply {
    let Some(range) = request.header("range") else { return Reply::body(layer).cut(len) };
    let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
    let range = format!("bytes {from}-{}/{}", layer.len() - 1, layer.len());
    Reply::body(&layer[from..]).with_status(206).with("Content-Range", &range).cut(len)
}

#[test]
fn a_download_that_breaks_off_again_and_again_goes_on_only_while_it_makes_progress() {
    let flap = |len: usize| {
        serving(move |shelf, request| {
            (request.path == shelf.layer.0).then(|| part(&shelf.layer.1, request, len))
        })
    };
    let user = User::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let server = flap(1);
            let out = user.dir.join("a.sealift");
            let image = format!("docker://{}/a:1", server.host());
            user.fails(&["pack", &image, "--out", out.to_str().unwrap()], "NET-04");
            assert!(server.num_requests() < 20, "{} requests", server.num_requests());
            assert!(!out.exists());
        });
        scope.spawn(|| {
            let server = flap(500 << 10);
            user.pack(&format!("docker://{}/a:1", server.host()), &user.dir.join("b.sealift"), &[]);
        });
        // The whole blob again each time, cut a byte later.
        scope.spawn(|| {
            let server = serving(|shelf, request| {
                (request.path == shelf.layer.0).then(|| Reply::body(&shelf.layer.1).cut(1 + request.number))
            });
            let out = user.dir.join("c.sealift");
            let image = format!("docker://{}/a:1", server.host());
            user.fails(&["pack", &image, "--out", out.to_str().unwrap()], "NET-04");
        });
    });
}

#[test]
fn numbers_in_a_registrys_answers_that_overflow_are_refused_or_held_to_a_limit() {
    let user = User::new();
    let out = user.dir.join("a.sealift");
    // A part that begins at the end of all numbers.
    let server = serving(|shelf, request| {
        (request.path == shelf.layer.0).then(|| {
            let reply = Reply::body(&shelf.layer.1).with_status(206);
            reply.with("Content-Range", "bytes 18446744073709551615-18446744073709551615/3145728")
        })
    });
    let image = format!("docker://{}/a:1", server.host());
    user.fails(&["pack", &image, "--out", out.to_str().unwrap()], "NET-19");
    // A token that never ends, from a service that the registry names.
    let token = Fake::start(|_| Reply::json(&json!({ "token": "t", "expires_in": u64::MAX })));
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"r\"", token.host());
    let server = serving(move |_, request| {
        request.header("authorization").is_none().then(|| Reply::status(401).with("WWW-Authenticate", &realm))
    });
    user.pack(&format!("docker://{}/a:1", server.host()), &out, &[]);
    assert!(token.num_requests() < 5, "{}", token.seen());
}

#[test]
fn a_list_of_tags_that_never_ends_is_given_up() {
    let server = serving(|_, request| {
        request.path.starts_with("/v2/a/tags/").then(|| {
            let reply = Reply::json(&json!({ "name": "a", "tags": ["1"] }));
            reply.with("Link", &format!("<{}>; rel=\"next\"", request.path))
        })
    });
    let user = User::new();
    let image = format!("docker://{}/a:1", server.host());
    let _ = user.run(&["pack", &image, "--out", user.dir.join("a.sealift").to_str().unwrap()]);
    let num_pages = server.heads().iter().filter(|head| head.contains("/tags/list")).count();
    assert!((1..=20).contains(&num_pages), "{num_pages} pages");
}
