//! See `sealift::fuzz::slot`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::slot(data));
