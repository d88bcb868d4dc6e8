//! See `sealift::fuzz::describe`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::describe(data));
