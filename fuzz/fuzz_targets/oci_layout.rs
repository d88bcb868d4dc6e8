//! See `sealift::fuzz::oci_layout`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sealift::fuzz::oci_layout(data));
