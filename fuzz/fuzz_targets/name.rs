//! See `sealift::fuzz::name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::name(data));
