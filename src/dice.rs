//! Chance that a seed decides: the only generator of the house, for the simulated carrier, tests and benches.
//!
//! The same seed gives the same throws on every machine and in every version: what a seed has found stays found.
//! What must not be guessed (tokens, jitter) is not thrown with it; it comes from the system, above the line.

/// A generator of 64 bits of state (splitmix64).
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The throws that this seed decides.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The throws that a seed and some octets decide, and nothing else.
    pub fn of(seed: u64, octets: &[&[u8]]) -> Self {
        let mut state = mix(seed);
        for piece in octets {
            for chunk in piece.chunks(8) {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                state = mix(state ^ u64::from_le_bytes(word));
            }
            // The length parts "1" "23" from "12" "3".
            state = mix(state ^ piece.len() as u64);
        }
        Self(state)
    }

    /// Any number.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }
}

const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_every_throw() {
        let throws = |seed| {
            let mut dice = SplitMix64::new(seed);
            [dice.roll(), dice.roll(), dice.roll()]
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
        assert_ne!(SplitMix64::of(1, &[b"1", b"23"]).roll(), SplitMix64::of(1, &[b"12", b"3"]).roll());
    }

    #[test]
    fn throws_are_those_of_every_version() {
        let mut dice = SplitMix64::new(1_234_567);
        assert_eq!([dice.roll(), dice.roll()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }
}
