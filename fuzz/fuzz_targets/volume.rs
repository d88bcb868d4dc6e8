//! See `sealift::fuzz::volume`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::volume(data));
