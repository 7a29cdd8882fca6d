//! What dice of a seed are asked for by the simulated carrier: shares, and times within a span.

use crate::dice::SplitMix64;
use std::time::Duration;

/// A share of all messages, from none to all.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// None.
    pub const NONE: Self = Self(0.0);
    /// All.
    pub const ALL: Self = Self(1.0);

    /// This fraction; what is not between 0 and 1 becomes the nearest that is.
    pub const fn of(fraction: f64) -> Self {
        Self(if fraction >= 1.0 {
            1.0
        } else if fraction > 0.0 {
            fraction
        } else {
            0.0
        })
    }

    /// From 0 to 1.
    pub const fn fraction(self) -> f64 {
        self.0
    }
}

/// A time that is different each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// At least.
    pub min: Duration,
    /// At most.
    pub max: Duration,
}

impl Span {
    /// Always the same.
    pub const fn of(time: Duration) -> Self {
        Self { min: time, max: time }
    }
}

/// The dice of one simulated carrier, or of one message.
#[derive(Clone, Debug)]
pub struct Dice(SplitMix64);

impl Dice {
    /// Dice that this seed decides.
    pub const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// Dice that depend on a seed and some octets, and on nothing else.
    pub fn of(seed: u64, octets: &[&[u8]]) -> Self {
        Self(SplitMix64::of(seed, octets))
    }

    /// Any number.
    pub const fn any(&mut self) -> u64 {
        self.0.roll()
    }

    /// A number below this one; 0 if that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product is even enough for a simulation and needs no division.
        ((u128::from(self.any()) * u128::from(bound)) >> 64) as u64
    }

    /// Whether this throw falls into the share.
    pub fn hits(&mut self, share: Share) -> bool {
        let share = share.fraction();
        share > 0.0 && ((self.any() >> 11) as f64) < share * (1_u64 << 53) as f64
    }

    /// A time within the span.
    pub fn within(&mut self, span: Span) -> Duration {
        let width = span.max.saturating_sub(span.min).as_nanos().min(u128::from(u64::MAX)) as u64;
        if width == 0 { span.min } else { span.min + Duration::from_nanos(self.below(width)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept() {
        let mut dice = Dice::new(3);
        let mut hits = |share: f64| (0..10_000).filter(|_| dice.hits(Share::of(share))).count();
        assert_eq!((hits(0.0), hits(1.0)), (0, 10_000));
        assert!((900..1_100).contains(&hits(0.1)));
    }

    #[test]
    fn times_stay_within_their_span() {
        let mut dice = Dice::new(3);
        let span = Span { min: Duration::from_millis(50), max: Duration::from_secs(2) };
        for _ in 0..1_000 {
            let time = dice.within(span);
            assert!(span.min <= time && time <= span.max, "{time:?}");
        }
        assert_eq!(dice.within(Span::of(Duration::from_secs(1))), Duration::from_secs(1));
    }
}
