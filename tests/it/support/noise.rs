//! An image that does not compress: work enough to be interrupted, bytes enough to be told apart.

use std::fs;

use super::Scratch;

/// Bytes of each of its layers.
const LAYER_BYTES: usize = 32 << 20;

/// A docker-archive `big.tar` whose image has `num_layers` layers of 32 MiB. The same in every run.
pub(crate) fn noise(dir: &Scratch, num_layers: u8) -> String {
    let path = dir.join("big.tar");
    let mut block = Vec::with_capacity(LAYER_BYTES);
    let mut state = *sealift::Digest::of(b"seed").as_bytes();
    while block.len() < LAYER_BYTES {
        state = *sealift::Digest::of(&state).as_bytes();
        block.extend_from_slice(&state);
    }
    let mut tar = tar::Builder::new(fs::OpenOptions::new().write(true).create_new(true).open(&path).unwrap());
    let mut append = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes).unwrap();
    };
    let mut diff_ids = Vec::new();
    let mut layers = Vec::new();
    for number in 0..num_layers {
        for byte in &mut block {
            *byte = byte.wrapping_mul(3).wrapping_add(number);
        }
        let name = format!("{number}/layer.tar");
        append(&name, &block);
        diff_ids.push(sealift::Digest::of(&block));
        layers.push(name);
    }
    let config =
        serde_json::json!({ "architecture": "amd64", "os": "linux", "rootfs": { "diff_ids": diff_ids } });
    append("c.json", config.to_string().as_bytes());
    let manifest = serde_json::json!([{ "Config": "c.json", "RepoTags": ["big:1"], "Layers": layers }]);
    append("manifest.json", manifest.to_string().as_bytes());
    tar.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

/// Bytes that no compressor shrinks: they travel in full. Others for each seed.
pub(crate) fn noise_of(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
