//! See `sealift::fuzz::trust`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::trust(data));
