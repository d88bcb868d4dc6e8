//! See `sealift::fuzz::policy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::policy(data));
