//! See `sealift::fuzz::docker_archive`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::docker_archive(data));
