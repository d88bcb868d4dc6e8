//! What encryption takes of a pack: AES-256-GCM over the bytes of a bundle, in records of 1 MiB on all cores, and nothing else.
//!
//! usage: cargo bench --bench encryption -- BUNDLE     prints the wall seconds, the median of 5 runs
//! The cipher is the library's (same crate, same features, in place); `benches/peers.sh` sets the seconds beside a pack's.

use std::{error::Error, time::Instant};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, Nonce, inout::InOutBuf},
};
use rayon::prelude::*;

const RECORD_BYTES: usize = 1 << 20;

#[expect(clippy::print_stdout, reason = "the result")]
fn main() -> Result<(), Box<dyn Error>> {
    // cargo adds `--bench`.
    let Some(path) = std::env::args_os().skip(1).find(|arg| arg != "--bench") else {
        println!("usage: cargo bench --bench encryption -- BUNDLE");
        return Ok(());
    };
    let mut bytes = std::fs::read(path)?;
    let cipher = Aes256Gcm::new(&[7; 32].into());
    let mut secs = Vec::new();
    for run in 0..5_u8 {
        let began = Instant::now();
        bytes.par_chunks_mut(RECORD_BYTES).enumerate().try_for_each(|(number, record)| {
            let mut nonce = [run; 12];
            nonce[..8].copy_from_slice(&number.to_le_bytes());
            let nonce = Nonce::<Aes256Gcm>::from(nonce);
            cipher.encrypt_inout_detached(&nonce, &[], InOutBuf::from(record)).map(|_| ())
        })?;
        secs.push(began.elapsed().as_secs_f64());
    }
    secs.sort_by(f64::total_cmp);
    println!("{:.3}", secs[2]);
    Ok(())
}
