//! The fuzz targets without a fuzzer: every file of the corpus, and seeded changes to them.
//!
//! The same functions stand behind `fuzz/fuzz_targets`, where libFuzzer looks for new inputs for
//! as long as it is let. What it finds goes into `fuzz/corpus`, and so is tried here for ever.

mod pdu;
mod receipt;
mod udh;

use crate::session::pair;
use nuncio::dice::SplitMix64;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

/// How many changed inputs are tried; the first so many of an endless, always equal sequence.
const CHANGED: usize = 40_000;
/// Of operations on sessions each input is a whole conversation.
const CHANGED_SESSIONS: usize = 4_000;
/// Inputs do not grow beyond this.
const LENGTH_MAX: usize = 1_024;

#[test]
fn no_octets_of_a_pdu_are_read_or_written_wrong() {
    try_all("pdu", CHANGED, pdu::run);
}

#[test]
fn no_receipt_is_read_wrong() {
    try_all("receipt", CHANGED, receipt::run);
}

#[test]
fn no_user_data_is_read_wrong() {
    try_all("udh", CHANGED, udh::run);
}

#[test]
fn no_operations_lose_a_ticket_of_a_session() {
    try_all("session", CHANGED_SESSIONS, pair::run);
}

/// Runs a target over its corpus, and over so many changes to that.
fn try_all(target: &str, changed: usize, run: fn(&[u8])) {
    let folder = Path::new("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).expect("a corpus").map(|it| it.expect("an entry").path()).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|it| fs::read(it).expect("a file that was just seen")).collect();
    assert!(4 < corpus.len(), "{folder:?} is nearly empty");
    for (octets, file) in corpus.iter().zip(&files) {
        attempt(run, octets, &file.display().to_string());
    }
    let mut dice = Dice(SplitMix64::new(1));
    for nth in 0..changed {
        let octets = dice.changed(&corpus);
        attempt(run, &octets, &format!("change {nth} of {target}"));
    }
}

/// Runs a target over one input, and says what it was if it fails.
fn attempt(run: fn(&[u8]), octets: &[u8], name: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(octets))) {
        let hex: String = octets.iter().map(|it| format!("{it:02x}")).collect();
        eprintln!("{name} fails; as a file below fuzz/corpus it is: echo {hex} | xxd -r -p");
        resume_unwind(panic);
    }
}

/// What changes inputs.
struct Dice(SplitMix64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        (self.0.roll() % n as u64) as usize
    }

    /// One of the corpus, with one to four changes.
    fn changed(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut octets = corpus[self.below(corpus.len())].clone();
        for _ in 0..1 + self.below(4) {
            self.change(&mut octets, corpus);
        }
        octets.truncate(LENGTH_MAX);
        octets
    }

    fn change(&mut self, octets: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        const TELLING: [u8; 10] = [0, 1, 2, 4, 0x1B, 0x7F, 0x80, 0xFE, 0xFF, b':'];
        let at = self.below(octets.len() + 1);
        let telling = TELLING[self.below(TELLING.len())];
        match (self.below(7), octets.get_mut(at)) {
            (0, Some(octet)) => *octet ^= 1 << self.below(8),
            (1, Some(octet)) => *octet = telling,
            (2, Some(_)) => _ = octets.remove(at),
            (3, _) => octets.truncate(at),
            (4, _) => octets.insert(at, self.below(256) as u8),
            (5, _) => {
                let from = self.below(octets.len() + 1).min(at);
                let again = octets[from..at].to_vec();
                octets.splice(at..at, again);
            }
            _ => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len() + 1);
                let to = from + self.below(other.len() - from + 1);
                octets.splice(at.., other[from..to].iter().copied());
            }
        }
    }
}
