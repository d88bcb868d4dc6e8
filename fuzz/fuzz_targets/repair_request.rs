//! See `sealift::fuzz::repair_request`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::repair_request(data));
