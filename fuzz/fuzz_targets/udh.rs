//! libFuzzer over `tests/fuzz/udh.rs`.

#![no_main]

#[path = "../../tests/fuzz/udh.rs"]
mod udh;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| udh::run(octets));
