//! A small docker-archive made from nothing: what `sealift demo` and the doctest pack.
//!
//! Two images on one base, as a vendor's would be, so that sharing shows.

use std::{io::Write, path::Path};

use crate::{
    digest::Digest,
    error::{Code, Error, Result},
    fs::{Existing, PartialFile},
};

/// Writes the sample to `path`, which must not exist. The same bytes every time, about 3 MB.
pub fn write_sample(path: &Path) -> Result<()> {
    let base = layer("usr/share/words", &words(1, 300_000))?;
    let first = layer("srv/app", &words(2, 60_000))?;
    // The second release differs from the first in a few places.
    let mut changed = words(2, 60_000);
    changed.extend_from_slice(b"release two\n");
    let second = layer("srv/app", &changed)?;

    let mut file = PartialFile::create(path, Existing::Keep)?;
    let mut tar = tar::Builder::new(Vec::new());
    let mut items = Vec::new();
    let mut written = Vec::new();
    for (tag, layers) in [("1.0", [&base, &first]), ("2.0", [&base, &second])] {
        let diff_ids: Vec<String> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
            "config": { "Cmd": ["/srv/app"] },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        })
        .to_string();
        let config_name = format!("{}.json", Digest::of(config.as_bytes()).hex());
        append(&mut tar, &config_name, config.as_bytes())?;
        let mut paths = Vec::new();
        for layer in layers {
            let name = format!("{}/layer.tar", Digest::of(layer).hex());
            if !written.contains(&name) {
                append(&mut tar, &name, layer)?;
                written.push(name.clone());
            }
            paths.push(name);
        }
        items.push(serde_json::json!({
            "Config": config_name, "RepoTags": [format!("sealift.example/demo:{tag}")], "Layers": paths,
        }));
    }
    append(&mut tar, "manifest.json", serde_json::Value::from(items).to_string().as_bytes())?;
    let bytes = tar.into_inner().map_err(|e| Error::write(path, e))?;
    file.write_all(&bytes).map_err(|e| Error::write(path, e))?;
    file.commit()
}

/// A tar of one file.
fn layer(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, name, content)?;
    tar.into_inner().map_err(|e| Error::from_stream(Code::Write, e))
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, name, content).map_err(|e| Error::from_stream(Code::Write, e))
}

/// Text that compresses about as well as programs do.
fn words(seed: u64, num: usize) -> Vec<u8> {
    let mut state = seed;
    let mut text = Vec::new();
    for _ in 0..num {
        // Knuth's MMIX generator; any spread of numbers will do.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.extend_from_slice(format!("{:x} ", (state >> 33) % 4096).as_bytes());
    }
    text
}
