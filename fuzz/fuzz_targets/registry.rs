//! See `sealift::fuzz::registry`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::registry(data));
