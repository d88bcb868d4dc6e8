//! See `sealift::fuzz::index`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::index(data));
