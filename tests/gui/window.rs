//! The real program in a real window, used by keyboard and by drops.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod desktop;
#[path = "../it/support/memory.rs"]
mod memory;

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use desktop::Desktop;
use memory::{holds, memory_of, secrets_of};
use sealift::{Ctx, Digest, KdfLevel, PackOptions, Passphrase, SourceSpec};
use serde_json::json;

const PASSPHRASE: &str = "quadrant insurgent deadbolt midsummer dogsled";

/// Fills in the Pack page's tray, which has the keyboard once the images are listed, and starts.
fn pack(desktop: &Desktop, out: &Path) {
    for _ in 0..2 {
        desktop.type_text(PASSPHRASE);
        desktop.press("Return");
    }
    // The field holds a first proposal.
    desktop.press("ctrl+a");
    desktop.type_text(out.to_str().unwrap());
    desktop.press_on("Return");
}

/// Names, image ID and layers of each image of a source.
fn images(spec: &str) -> BTreeSet<(Vec<String>, Digest, Vec<Digest>)> {
    let spec: SourceSpec = spec.parse().unwrap();
    let images = sealift::list(&Ctx::new(), &spec).unwrap();
    let one = |image: sealift::Image| {
        let manifest = &image.manifests[0];
        let layers = manifest.layers.iter().map(|layer| layer.blob.digest).collect();
        (image.names.iter().map(ToString::to_string).collect(), manifest.config.digest, layers)
    };
    images.into_iter().map(one).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn images_are_dropped_packed_and_put_back_digest_for_digest() {
    let desktop = Desktop::start("pack-and-import");
    let archive = desktop.path().join("交付 样本.tar");
    sealift::write_sample(&archive).unwrap();
    let (bundle, out) = (desktop.path().join("a.sealift"), desktop.path().join("out"));

    desktop.wait_title("Pack");
    desktop.drop_file(&archive);
    desktop.wait_title("2 images");
    pack(&desktop, &bundle);
    desktop.wait_title("Packing 2 images: done");
    assert!(bundle.exists());

    desktop.drop_file(&bundle);
    desktop.wait_title("Import: Unlock");
    desktop.type_text("not this one");
    desktop.press("Return");
    desktop.wait_title("Unlocking a.sealift: failed");
    desktop.press("ctrl+a");
    desktop.type_text(PASSPHRASE);
    desktop.press("Return");
    desktop.wait_title("Import: Inspect");
    desktop.press("Return");
    desktop.wait_title("Import: Target");
    desktop.type_text(&format!("oci:{}", out.display()));
    desktop.press("Return");
    desktop.wait_title("Import: Run");
    assert!(!out.exists(), "a plan writes nothing");
    desktop.press("Return");
    desktop.wait_title("Importing 2 images: done");
    desktop.wait_file(&out.join("index.json"));
    assert_eq!(images(archive.to_str().unwrap()), images(&format!("oci:{}", out.display())));
}

#[test]
fn a_pack_that_is_cancelled_in_the_middle_leaves_nothing() {
    let desktop = Desktop::start("cancel");
    let folder = desktop.path().join("stick");
    fs::create_dir(&folder).unwrap();
    let archive = desktop.path().join("large.tar");
    write_large(&archive, 8);

    desktop.wait_title("Pack");
    desktop.drop_file(&archive);
    desktop.wait_title("1 image");
    pack(&desktop, &folder.join("a.sealift"));
    desktop.wait_title("Packing 1 image");
    desktop.wait_file(&folder.join("a.sealift.sealift-partial"));
    desktop.press_on("ctrl+period");
    desktop.wait_title("Packing 1 image: cancelled");
    assert_eq!(files(&folder), BTreeSet::new());
}

#[test]
fn a_disk_that_fills_up_is_said_in_words_and_nothing_is_left() {
    let desktop = Desktop::start("disk-full");
    let stick = Small::mount(desktop.path().join("stick"));
    let archive = desktop.path().join("large.tar");
    write_large(&archive, 1);

    desktop.wait_title("Pack");
    desktop.drop_file(&archive);
    desktop.wait_title("1 image");
    pack(&desktop, &stick.0.join("a.sealift"));
    desktop.wait_title("Packing 1 image: failed · The disk is full");
    assert_eq!(files(&stick.0), BTreeSet::new());
}

/// A bundle of the sample, sealed with `passphrase`.
fn bundle(desktop: &Desktop, name: &str, passphrase: &str) -> PathBuf {
    let (sample, path) = (desktop.path().join("sample.tar"), desktop.path().join(name));
    if !sample.exists() {
        sealift::write_sample(&sample).unwrap();
    }
    let (ctx, spec) = (Ctx::new(), sample.to_str().unwrap().parse().unwrap());
    let plan = sealift::plan_pack(&ctx, &[spec], &[]).unwrap();
    let passphrase = Passphrase::new(passphrase.into()).unwrap();
    let options = PackOptions { kdf: KdfLevel::Low, ..PackOptions::default() };
    sealift::pack(&ctx, &plan, &path, &passphrase, &options).unwrap();
    path
}

/// Secrets of `bundle` that are in the window's memory.
fn found(desktop: &Desktop, bundle: &Path) -> BTreeSet<&'static str> {
    let memory = memory_of(desktop.pid());
    let secrets = secrets_of(bundle, PASSPHRASE);
    secrets.into_iter().filter(|(_, secret)| holds(&memory, secret)).map(|(name, _)| name).collect()
}

#[test]
fn a_bundle_that_was_left_leaves_no_passphrase_and_no_key_in_memory() {
    let desktop = Desktop::start("memory");
    let (first, other) =
        (bundle(&desktop, "a.sealift", PASSPHRASE), bundle(&desktop, "b.sealift", "of another bundle"));
    desktop.wait_title("Pack");
    desktop.drop_file(&first);
    desktop.wait_title("Import: Unlock");
    desktop.type_text(PASSPHRASE);
    desktop.press("Return");
    desktop.wait_title("Import: Inspect");
    assert!(found(&desktop, &first).contains("bundle key"), "it is open");
    desktop.drop_file(&other);
    desktop.wait_title("Import: Unlock");
    desktop.settle();
    assert_eq!(found(&desktop, &first), BTreeSet::new());
}

#[test]
fn a_passphrase_is_remembered_in_the_keyring_until_it_is_forgotten() {
    let desktop = Desktop::start_with_keyring("keyring");
    let bundle = bundle(&desktop, "a.sealift", PASSPHRASE);
    let set_id = sealift::inspect(&bundle).unwrap().set_id();
    let held = |desktop: &Desktop| {
        desktop.on_bus("secret-tool", &["lookup", "service", "sealift", "username", &set_id])
    };
    desktop.wait_title("Pack");
    desktop.drop_file(&bundle);
    desktop.wait_title("Import: Unlock");
    desktop.settle();
    desktop.type_text(PASSPHRASE);
    for key in ["Tab", "Tab", "Tab", "space"] {
        desktop.press(key);
    }
    assert_eq!(held(&desktop), None, "only what opens the bundle is remembered");
    desktop.press_on("ctrl+Return");
    desktop.wait_title("Import: Inspect");
    desktop.wait("the keyring to hold it", |desktop| held(desktop).as_deref() == Some(PASSPHRASE));

    desktop.drop_file(&bundle);
    desktop.wait_title("Import: Unlock");
    desktop.settle();
    desktop.press_on("ctrl+Return");
    desktop.wait_title("Import: Inspect");

    desktop.drop_file(&bundle);
    desktop.wait_title("Import: Unlock");
    desktop.settle();
    for key in ["Tab", "Tab", "Tab"] {
        desktop.press(key);
    }
    desktop.press_on("space");
    desktop.wait("the keyring to forget it", |desktop| held(desktop).is_none());
}

#[test]
fn a_copied_passphrase_leaves_the_clipboard_and_what_others_copied_stays() {
    let mut desktop = Desktop::start("clipboard");
    let archive = desktop.path().join("sample.tar");
    sealift::write_sample(&archive).unwrap();
    desktop.wait_title("Pack");
    desktop.drop_file(&archive);
    desktop.wait_title("2 images");
    desktop.settle();
    // Back from the field to the button that draws one, then past both lists to the one that copies.
    for key in ["shift+Tab", "space", "Tab", "Tab", "Tab", "Tab", "Tab"] {
        desktop.press(key);
    }
    desktop.press_on("space");
    desktop.wait("six words", |desktop| desktop.clipboard().split(' ').count() == 6);
    let began = Instant::now();
    desktop.wait("an empty clipboard", |desktop| desktop.clipboard().is_empty());
    assert!(began.elapsed() > Duration::from_secs(25), "there was time to paste it");

    desktop.press_on("space");
    desktop.wait("six words", |desktop| desktop.clipboard().split(' ').count() == 6);
    desktop.copy_elsewhere("something else");
    desktop.close();
    assert_eq!(desktop.clipboard(), "something else");
}

/// A file system of 16 MiB in memory, until it is dropped. Mounting takes root.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf) -> Self {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(&at);
        assert!(mount.status().unwrap().success(), "{mount:?}");
        Self(at)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a program that was killed may hold a file for a moment.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A docker-archive of so many layers of 64 MiB that do not compress: packing it takes a while.
fn write_large(path: &Path, num_layers: u64) {
    const LAYER_BYTES: usize = 64 << 20;
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path).unwrap();
    let mut tar = tar::Builder::new(std::io::BufWriter::new(file));
    let mut append = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content).unwrap();
    };
    let mut layers = Vec::new();
    for seed in 1..=num_layers {
        let layer = noise(seed, LAYER_BYTES);
        append(&format!("{seed}/layer.tar"), &layer);
        layers.push((format!("{seed}/layer.tar"), Digest::of(&layer).to_string()));
    }
    let (paths, diff_ids): (Vec<_>, Vec<_>) = layers.into_iter().unzip();
    let rootfs = json!({ "type": "layers", "diff_ids": diff_ids });
    let config = json!({ "architecture": "amd64", "os": "linux", "rootfs": rootfs }).to_string();
    append("config.json", config.as_bytes());
    let item = json!({ "Config": "config.json", "RepoTags": ["sealift.example/large:1"], "Layers": paths });
    append("manifest.json", json!([item]).to_string().as_bytes());
    tar.into_inner().unwrap().flush().unwrap();
}

/// Marsaglia's xorshift64: any noise will do.
fn noise(seed: u64, num_bytes: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(num_bytes);
    while bytes.len() < num_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}
