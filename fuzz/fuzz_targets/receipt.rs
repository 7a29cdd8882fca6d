//! libFuzzer over `tests/fuzz/receipt.rs`.

#![no_main]

#[path = "../../tests/fuzz/receipt.rs"]
mod receipt;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| receipt::run(octets));
