//! One function for each fuzz target: any bytes in, no panic and no unbounded memory out.
//!
//! `fuzz/` drives them with libFuzzer; the test below replays the committed corpora on every run.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    bundle::{Given, Header, Index, Slot, Statement, Tlv, VendorSignature, VolumeSet},
    crypto::{Passphrase, PublicKey, SigningKey},
    digest::Digest,
    error::Result,
    job::Ctx,
    keyslot::{self, Ask, Identities, Identity, KeyFile, KeyShare, NobodyAnswers, Recipient},
    net,
    oci::{self, Name},
    pipeline,
    repair::{self, RepairRequest},
    source::{self, BlobSink, Intake, SourceSpec, Wanted},
    trust::{self, Policy, TrustStore, TrustedRoot},
};

/// A target's name and function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target; `fuzz/fuzz_targets` has one file for each.
pub const TARGETS: &[Target] = &[
    ("header", header),
    ("index", index),
    ("volume", volume),
    ("recovery", recovery),
    ("repair_request", repair_request),
    ("repair_answer", repair_answer),
    ("slot", slot),
    ("describe", describe),
    ("key_file", key_file),
    ("signing", signing),
    ("trust", trust),
    ("policy", policy),
    ("journal", journal),
    ("registry", registry),
    ("json", json),
    ("name", name),
    ("tar", tar),
    ("compressed", compressed),
    ("docker_archive", docker_archive),
    ("oci_archive", oci_archive),
    ("oci_layout", oci_layout),
];

/// The fields of a header copy, behind its checksum.
pub fn header(data: &[u8]) {
    if let Ok((header, mac)) = Header::decode_fields(data) {
        let keys = crate::bundle::BundleKeys::new(crate::crypto::Key::random(), header.set_id);
        assert!(!header.is_authentic(&mac, &keys), "a random key authenticates nothing");
        let again = header.encode(&keys).map(|copy| Header::decode(&copy).map(|(header, _)| header));
        // What was read can be written and read again, but for slots too many to fit.
        if let Ok(again) = again {
            assert_eq!(again, Ok(header));
        }
    }
}

/// An index: eight bytes for the space its frames fill, then JSON.
pub fn index(data: &[u8]) {
    let Some((frames_bytes, json)) = data.split_first_chunk() else { return };
    let frames_bytes = u64::from_le_bytes(*frames_bytes);
    let _ = Index::decode(json, frames_bytes);
    let Ok(encoded) = zstd::bulk::compress(json, 1) else { return };
    if let Ok(index) = Index::decode(&encoded, frames_bytes) {
        let _ = index.externals();
        let again = index.encode().and_then(|encoded| Index::decode(&encoded, frames_bytes));
        assert_eq!(again.ok().as_ref(), Some(&index));
    }
}

/// A volume: a header's fields, then anything.
pub fn volume(data: &[u8]) {
    let (header, rest) = data.split_at(data.len().min(400));
    let Ok((header, _)) = Header::decode_fields(header) else { return };
    // Records begin behind the header copies, which are left as a hole.
    with_file_at(128 << 10, rest, |path| VolumeSet::open(path, &header)?.check_hashes(&Ctx::new()).map(drop));
}

/// A volume with recovery data: a header's fields, then anything.
pub fn recovery(data: &[u8]) {
    let (header, rest) = data.split_at(data.len().min(400));
    let Ok((header, _)) = Header::decode_fields(header) else { return };
    // What is missing of a bundle of many volumes or records is told without an entry for each of them in memory.
    if header.geometry.num_volumes > 64 || header.geometry.num_records > 4096 {
        return;
    }
    with_file_at(128 << 10, rest, |path| {
        let scanned = repair::scan_as(&Ctx::new(), path, &header, 0, Given::default())?;
        let report = scanned.report();
        assert!(report.beyond_repair.iter().all(|record| report.damaged.contains(record)));
        Ok(())
    });
}

/// A repair request, as a document or a code.
pub fn repair_request(data: &[u8]) {
    let Ok(request) = RepairRequest::parse(&String::from_utf8_lossy(data)) else { return };
    let _ = request.num_records();
    if let Some(code) = request.code() {
        let typed = RepairRequest::parse(&code);
        assert_eq!(typed.ok().and_then(|typed| typed.code()), Some(code), "a code is told as it was typed");
    }
}

/// An answer to a repair request: a header's fields, then anything.
pub fn repair_answer(data: &[u8]) {
    let (header, rest) = data.split_at(data.len().min(400));
    let header = Header::decode_fields(header).ok().map(|(header, _)| header);
    with_file(rest, |path| repair::Answer::open(&Ctx::new(), path, header.as_ref()).map(drop));
}

/// The slot table's bodies.
pub fn slot(data: &[u8]) {
    let Some((kind, body)) = data.split_first_chunk() else { return };
    let slot = Slot { kind: u16::from_le_bytes(*kind), body: body.to_vec() };
    let _ = keyslot::describe(&slot);
    let passwords = keyslot::passwords(&slot);
    if slot.kind == 1
        && let [password] = &passwords[..]
    {
        assert_eq!(password.encode(), slot);
    }
    // Costs that would take real time are for the bounds test.
    if passwords.iter().any(|password| password.cost.work_kib() >= 256) {
        return;
    }
    let share = (1..=32).map(|number| format!("{number} {}art", "abandon ".repeat(23)));
    let shares =
        share.filter_map(|share| KeyShare::parse(&share).ok()).map(|share| Identity::Share(share.into()));
    let mut identities: Vec<Identity> = shares.collect();
    identities.extend(Passphrase::new(b"x".to_vec()).ok().map(Identity::Passphrase));
    identities.push(Identity::KeyFile(KeyFile::generate()));
    let opened = keyslot::try_slot(&Ctx::new(), [0; 32], &slot, &Identities::new(identities));
    assert!(matches!(opened, Ok(None)));
}

/// The description of a slot of every kind, with the same body.
pub fn describe(data: &[u8]) {
    let kinds = keyslot::KINDS.iter().map(|kind| kind.number).chain([u16::MAX]);
    let slots = kinds.map(|kind| Slot { kind, body: data.to_vec() });
    for slot in slots {
        let (kind, details) = keyslot::describe(&slot);
        // Whatever a body says, a listing stays a few lines.
        assert!(details.len() <= 16 * (data.len() + 64), "{kind}: {} bytes of {}", details.len(), data.len());
        let shown = crate::locale::escape(&details).to_string();
        assert!(!shown.chars().any(char::is_control), "{kind}");
    }
}

/// A policy, and what it says of a bundle without signatures.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(policy) = Policy::parse(text) else { return };
    // What is parsed asks for something: it refuses a bundle that nobody signed, or has rules for images alone.
    let nothing = policy.check(&[], &TrustStore::default());
    if let Ok(report) = nothing {
        assert!(report.signers.is_empty() && report.releases.is_empty());
        assert!(report.images != trust::ImageCheck::NotAsked, "it asks for nothing");
    }
    // A comment changes nothing.
    assert_eq!(
        Policy::parse(&format!("# comment\n{text}")).map(|again| format!("{again:?}")).ok(),
        Some(format!("{policy:?}"))
    );
}

/// A journal of an interrupted run.
pub fn journal(data: &[u8]) {
    if let Some(again) = pipeline::rewritten(data) {
        assert_eq!(
            pipeline::rewritten(&again),
            Some(again.clone()),
            "a journal that is written is read the same"
        );
    }
}

/// What a registry answers: headers and body.
pub fn registry(data: &[u8]) {
    net::read_answer(data);
}

/// Files with keys, as users give them.
pub fn key_file(data: &[u8]) {
    let nobody: Arc<dyn Ask> = Arc::new(NobodyAnswers);
    with_file(data, |path| Identity::read(path, &nobody).map(drop));
    with_file(data, |path| Recipient::parse(&path.display().to_string(), &nobody).map(drop));
    let text = String::from_utf8_lossy(data);
    if let Ok(share) = KeyShare::parse(&text) {
        for told in [share.code(), share.words()] {
            assert_eq!(KeyShare::parse(&told).ok().map(|share| share.code()), Some(share.code()));
        }
    }
    if let Ok(file) = KeyFile::parse(&text) {
        assert_eq!(KeyFile::parse(&file.to_text()).ok().map(|file| file.to_text()), Some(file.to_text()));
    }
}

/// Key files, and the signatures of a header.
pub fn signing(data: &[u8]) {
    let _ = SigningKey::read_locked(data);
    if let Ok(key) = PublicKey::from_pem(data) {
        assert_eq!(PublicKey::from_pem(key.to_pem().as_bytes()).ok(), Some(key));
    }
    let entries = Tlv::decode_all(data);
    assert_eq!(Tlv::decode_all(&Tlv::encode_all(&entries)), entries);
    for entry in &entries {
        if let Some(signature) = VendorSignature::decode(entry) {
            assert_eq!(signature.encode(), *entry, "a signature has one form");
            let _ = signature.fits(&[0; 200]);
        }
    }
    if let Some(statement) = Statement::decode(data) {
        assert_eq!(statement.encode(), data, "a statement has one form");
    }
}

/// A trust store, a trusted root, a policy, and the signatures of images, those with certificates too.
pub fn trust(data: &[u8]) {
    let store = TrustStore::default();
    let _ = trust::check_any(data, &store);
    STORE_WITH_ROOT.with(|store| trust::check_any(data, store));
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(policy) = Policy::parse(text) {
        let _ = policy.check(&[], &store);
    }
    let _ = TrustedRoot::from_json(text);
    if let Ok(store) = TrustStore::parse(text) {
        let again = store.encode().and_then(|text| TrustStore::parse(&text));
        let held = |store: &TrustStore| (store.keys().to_vec(), store.identities().to_vec());
        assert_eq!(again.ok().as_ref().map(held), Some(held(&store)));
    }
}

/// JSON from outside.
pub fn json(data: &[u8]) {
    let _ = oci::parse_json::<serde_json::Value>(data, "fuzz");
    let _ = oci::read_config(data, "fuzz");
}

/// Image names, and how they are shown.
pub fn name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for name in [Name::qualified(&text), Name::from_ref_name(&text)].into_iter().flatten() {
        let _ = name.tag();
        assert!(name.is_meant_by(name.as_str()));
        assert_eq!(name.as_str().parse::<Name>().ok().as_ref(), Some(&name), "a name is its own text");
    }
    let shown = crate::locale::escape(&text);
    assert!(!shown.chars().any(char::is_control));
    assert_eq!(crate::locale::escape(&shown), shown, "what is escaped stays as it is");
}

/// Any bytes as an archive.
pub fn tar(data: &[u8]) {
    with_file(data, read_source);
}

/// An archive compressed as a whole: the first byte chooses how.
pub fn compressed(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let tar = if how & 4 == 0 { rest.to_vec() } else { tar_of(rest) };
    let file = match how & 3 {
        0 => Some(rest.to_vec()),
        1 => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&tar).and_then(|()| gzip.finish()).ok()
        }
        2 => ZSTD.with_borrow_mut(|zstd| zstd.as_mut().and_then(|zstd| zstd.compress(&tar).ok())),
        _ => xz(&tar).ok(),
    };
    with_file(&file.unwrap_or_default(), read_source);
}

/// A small dictionary, as the default's megabytes would be most of the work.
fn xz(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
    let mut options = LzmaOptions::new_preset(0)?;
    options.dict_size(4096);
    let stream = Stream::new_stream_encoder(Filters::new().lzma2(&options), Check::Crc32)?;
    let mut xz = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    xz.write_all(plain)?;
    xz.finish()
}

/// An archive with right tar headers and digests: see [`entries`].
pub fn docker_archive(data: &[u8]) {
    with_file(&tar_of(data), |path| read_as("docker-archive", path));
}

/// As [`docker_archive`], for a layout in an archive.
pub fn oci_archive(data: &[u8]) {
    with_file(&tar_of(data), |path| read_as("oci-archive", path));
}

/// A layout in a folder.
pub fn oci_layout(data: &[u8]) {
    let dir = scratch().with_extension("layout");
    let blobs = dir.join("blobs/sha256");
    let write = |path: &Path, content: &[u8]| {
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .and_then(|mut f| f.write_all(content))
    };
    if std::fs::create_dir_all(&blobs).is_err() {
        return;
    }
    let mut written = Vec::new();
    for (name, content) in entries(data) {
        let is_blob = name
            .strip_prefix("blobs/sha256/")
            .is_some_and(|hex| hex.len() == 64 && !hex.contains(['/', '.']));
        if is_blob || name == "index.json" {
            let path = dir.join(name);
            if write(&path, &content).is_ok() {
                written.push(path);
            }
        }
    }
    let _ = read_as("oci", &dir);
    for path in written {
        let _ = std::fs::remove_file(path);
    }
}

/// Reads a source whose kind is told by content, then every blob it lists.
fn read_source(path: &Path) -> Result<()> {
    read_spec(&SourceSpec::path_only(path))
}

fn read_as(transport: &str, path: &Path) -> Result<()> {
    read_spec(&format!("{transport}:{}", path.display()).parse()?)
}

fn read_spec(spec: &SourceSpec) -> Result<()> {
    let ctx = Ctx::new();
    let source = source::open(&ctx, spec)?;
    let images: Vec<_> = source.list().images.iter().collect();
    let blobs: BTreeSet<Digest> = images.iter().flat_map(|image| image.blobs().into_keys()).collect();
    source.read(&ctx, &Wanted { images, blobs }, &Nowhere).map(drop)
}

/// Takes blobs and keeps nothing.
struct Nowhere;

impl Intake for Nowhere {
    fn lane(&self, work: &mut dyn FnMut(&mut BlobSink<'_>) -> Result<()>) -> Result<Vec<(Digest, u64)>> {
        let mut put = Vec::new();
        work(&mut |_, reader| {
            let _ = std::io::copy(&mut reader.take(1 << 20), &mut std::io::sink());
            put.push((Digest::of(b""), 0));
            Ok(())
        })?;
        Ok(put)
    }
}

/// Named files, written `name\ncontent` and parted by NUL. `@0` to `@9` in a name or content stand for the hex
/// digest of an earlier file's content, so that mutations keep the digests right.
fn entries(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    let mut digests: Vec<String> = Vec::new();
    for part in data.split(|byte| *byte == 0).take(32) {
        let newline = part.iter().position(|byte| *byte == b'\n').unwrap_or(part.len());
        let (name, content) = part.split_at(newline);
        let mut content = content.get(1..).unwrap_or_default().to_vec();
        for (number, hex) in digests.iter().enumerate().take(10) {
            content = replace(&content, format!("@{number}").as_bytes(), hex.as_bytes());
        }
        let own = Digest::of(&content).hex();
        let mut name = String::from_utf8_lossy(name).replace("@@", &own);
        for (number, hex) in digests.iter().enumerate().take(10) {
            name = name.replace(&format!("@{number}"), hex);
        }
        digests.push(own);
        entries.push((name, content));
    }
    entries
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// A tar of [`entries`]; a name `a>b` is a symbolic link from a to b.
fn tar_of(data: &[u8]) -> Vec<u8> {
    let mut tar = ::tar::Builder::new(Vec::new());
    for (name, content) in entries(data) {
        let mut header = ::tar::Header::new_gnu();
        let appended = if let Some((name, target)) = name.split_once('>') {
            header.set_entry_type(::tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, name, target)
        } else {
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, &content[..])
        };
        drop(appended); // A name no tar can hold is left out.
    }
    tar.into_inner().unwrap_or_default()
}

thread_local! {
    /// With a trusted root, so that what comes with certificates is checked.
    static STORE_WITH_ROOT: TrustStore =
        TrustStore::parse(include_str!("../fuzz/corpus/trust/store-with-root")).unwrap_or_default();
    static ZSTD: RefCell<Option<zstd::bulk::Compressor<'static>>> = RefCell::new(zstd::bulk::Compressor::new(1).ok());
    static FILE: RefCell<Option<std::fs::File>> = const { RefCell::new(None) };
}

/// A file in memory that each process and thread reuses.
fn scratch() -> PathBuf {
    let shm = Path::new("/dev/shm");
    let dir = if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() };
    dir.join(format!("sealift-fuzz-{}-{:?}", std::process::id(), std::thread::current().id()))
}

/// Puts `data` into the scratch file and runs `read` on it.
fn with_file(data: &[u8], read: impl FnOnce(&Path) -> Result<()>) {
    with_file_at(0, data, read);
}

fn with_file_at(offset: u64, data: &[u8], read: impl FnOnce(&Path) -> Result<()>) {
    let path = scratch();
    FILE.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(&path).ok();
        }
        if let Some(file) = slot {
            let written = file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(data));
            let _ = written.and_then(|()| file.set_len(offset + data.len() as u64));
        }
    });
    let _ = read(&path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_committed_input_is_survived() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        for (target, run) in TARGETS {
            let mut num_inputs = 0;
            for dir in ["corpus", "regressions"] {
                let Ok(inputs) = std::fs::read_dir(fuzz.join(dir).join(target)) else { continue };
                for input in inputs {
                    run(&std::fs::read(input.unwrap().path()).unwrap());
                    num_inputs += 1;
                }
            }
            assert!(num_inputs > 0, "{target} has no corpus");
            assert!(fuzz.join(format!("fuzz_targets/{target}.rs")).is_file(), "{target} has no program");
        }
        FILE.take();
        let _ = std::fs::remove_file(scratch());
        let _ = std::fs::remove_dir_all(scratch().with_extension("layout"));
    }

    #[test]
    fn the_seeds_reach_the_images() {
        // A seed that fails early fuzzes only the first checks.
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (target, transport) in [("docker_archive", "docker-archive"), ("oci_archive", "oci-archive")] {
            let mut num_read = 0;
            for input in std::fs::read_dir(corpus.join(target)).unwrap() {
                let tar = tar_of(&std::fs::read(input.unwrap().path()).unwrap());
                with_file(&tar, |path| {
                    num_read += usize::from(read_as(transport, path).is_ok());
                    Ok(())
                });
            }
            assert!(num_read >= 2, "{target}: {num_read}");
        }
    }

    #[test]
    fn the_seeds_are_read_to_their_end() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let seed = |name: &str| std::fs::read(corpus.join(name)).unwrap();
        let ctx = Ctx::new();
        for (name, damaged, num_damaged_trailers) in
            [("whole", vec![], 0), ("record-and-tail-lost", vec![0], 1), ("hashes-lost", vec![], 1)]
        {
            let data = seed(&format!("recovery/{name}"));
            let (header, _) = Header::decode_fields(&data[..400]).unwrap();
            with_file_at(128 << 10, &data[400..], |path| {
                let report = repair::scan_as(&ctx, path, &header, 0, Given::default())?.report();
                assert_eq!((report.damaged, report.num_recovery_records), (damaged.clone(), 1), "{name}");
                assert_eq!(
                    (report.damaged_trailers.len(), report.beyond_repair),
                    (num_damaged_trailers, vec![])
                );
                Ok(())
            });
        }
        assert!(SigningKey::read_locked(&seed("signing/locked-key")).is_ok());
        assert!(SigningKey::read_locked(&seed("signing/plain-key")).is_ok());
        assert!(PublicKey::from_pem(&seed("signing/public-key")).is_ok());
        assert!(Statement::decode(&seed("signing/statement")).is_some());
        let entries = Tlv::decode_all(&seed("signing/entries"));
        assert_eq!(entries.iter().filter_map(VendorSignature::decode).count(), 2);
        let text = |name: &str| String::from_utf8(seed(name)).unwrap();
        assert!(
            Policy::parse(&text("trust/policy")).is_ok() && TrustStore::parse(&text("trust/store")).is_ok()
        );
        assert!(TrustedRoot::from_json(&text("trust/trusted-root")).is_ok());
        assert_eq!(TrustStore::parse(&text("trust/store-with-root")).unwrap().identities().len(), 1);
        for name in ["simple-signing", "envelope", "bundle"] {
            assert_eq!(
                trust::check_any(&seed(&format!("trust/{name}")), &TrustStore::default()),
                (1, false),
                "{name}"
            );
        }
        // To the last check of a signature with a certificate: cosign's annotations around the payload, and a bundle.
        for name in ["keyless-annotations", "keyless-bundle"] {
            let found =
                STORE_WITH_ROOT.with(|store| trust::check_any(&seed(&format!("trust/{name}")), store));
            assert_eq!(found, (1, true), "{name}");
        }
        let data = seed("repair_answer/trailer-and-record");
        let (header, _) = Header::decode_fields(&data[..400]).unwrap();
        with_file(&data[400..], |path| {
            let (_, given) = repair::Answer::open(&ctx, path, Some(&header)).unwrap();
            assert_eq!(given.summaries.len(), 1);
            Ok(())
        });
        for name in ["image-rules", "signers"] {
            assert!(Policy::parse(&text(&format!("policy/{name}"))).is_ok(), "{name}");
        }
        assert!(pipeline::rewritten(&seed("journal/one-slot")).is_some());
        for (name, parts) in [
            ("upload", &["arrived", "words"][..]),
            ("part", &["begins", "digest", "words"]),
            ("page", &["next", "tags", "words"]),
            ("refused", &["waits", "challenge", "words"]),
            ("referrers", &["index", "token"]),
            ("token", &["token"]),
        ] {
            let found = net::read_answer(&seed(&format!("registry/{name}")));
            let missing: Vec<_> =
                parts.iter().filter(|part| **part != "words" && !found.contains(part)).collect();
            assert!(missing.is_empty(), "{name}: {missing:?} of {found:?}");
        }
        for name in ["document", "code"] {
            let text = String::from_utf8(seed(&format!("repair_request/{name}"))).unwrap();
            assert!(RepairRequest::parse(&text).is_ok(), "{name}");
        }
    }
}
