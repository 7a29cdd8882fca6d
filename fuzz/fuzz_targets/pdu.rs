//! libFuzzer over `tests/fuzz/pdu.rs`.

#![no_main]

#[path = "../../tests/fuzz/pdu.rs"]
mod pdu;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| pdu::run(octets));
