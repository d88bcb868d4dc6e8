//! See `sealift::fuzz::oci_archive`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::oci_archive(data));
