//! See `sealift::fuzz::signing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::signing(data));
