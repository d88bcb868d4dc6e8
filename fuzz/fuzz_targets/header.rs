//! See `sealift::fuzz::header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::header(data));
