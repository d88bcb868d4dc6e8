//! See `sealift::fuzz::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::json(data));
