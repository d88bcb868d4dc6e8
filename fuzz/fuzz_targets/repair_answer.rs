//! See `sealift::fuzz::repair_answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::repair_answer(data));
