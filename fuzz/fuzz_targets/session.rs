//! libFuzzer over the pair of sessions in `tests/session/pair.rs`.

#![no_main]

#[path = "../../tests/session/pair.rs"]
#[allow(dead_code, unused_imports, reason = "what the tests beside it need")]
mod pair;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| pair::run(octets));
