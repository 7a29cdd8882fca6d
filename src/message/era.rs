//! How far logical time is from what clocks on walls show, from when on, and what that makes of a moment.
//!
//! ```text
//!   logical ──────────┬─────────────────┬──────────►   only ever elapses: deadlines are judged by it
//!             ahead 0 │   ahead 40 days │ ahead 0      eras: told from the wall's time by so much
//!   wall    ──────────┘                 └──────────►   what people state, and are shown
//! ```
//!
//! A clock that is put right does not move logical time; it begins an era. What was stored in an era is shown
//! less what logical time was ahead in it.

use crate::message::time::Time;

/// Eras that are remembered. A clock that jumps more often loses how the oldest were shown, nothing else.
const ERAS_MAX: usize = 256;

/// How far logical time is ahead of the wall, in milliseconds; below zero it is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead(pub i64);

impl Ahead {
    /// What the wall shows at a logical time.
    pub const fn wall(self, logical: Time) -> Time {
        shift(logical, self.0.saturating_neg())
    }

    /// The logical time at which the wall shows this.
    pub const fn logical(self, wall: Time) -> Time {
        shift(wall, self.0)
    }

    /// How far from another, in milliseconds.
    pub const fn off(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }
}

/// A moment moved; never stays never, and nothing becomes it.
const fn shift(time: Time, by: i64) -> Time {
    match time.0.saturating_add_signed(by) {
        _ if time.0 == Time::NEVER.0 => Time::NEVER,
        0 => Time(1),
        moved => Time(moved),
    }
}

/// What the wall is known to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wall {
    /// How what is stored now is to be shown: followed in steps.
    pub ahead: Ahead,
    /// The same to the millisecond: what people state is judged by it.
    pub exact: Ahead,
    /// The wall is not believed: both are what they were before.
    pub doubted: bool,
}

impl Wall {
    /// What it was when the last process ended.
    pub const fn before(eras: &Eras) -> Self {
        let ahead = eras.now();
        Self { ahead, exact: ahead, doubted: false }
    }
}

/// The eras of a store, oldest first. There is none in most: logical time is the wall's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eras(Vec<(Time, Ahead)>);

impl Eras {
    /// Eras as they were stored.
    pub const fn of(eras: Vec<(Time, Ahead)>) -> Self {
        Self(eras)
    }

    /// When each began, and how far ahead logical time is in it.
    pub fn all(&self) -> &[(Time, Ahead)] {
        &self.0
    }

    /// How far ahead logical time is now.
    pub const fn now(&self) -> Ahead {
        match self.0.as_slice() {
            [.., last] => last.1,
            [] => Ahead(0),
        }
    }

    /// Begins an era, if it is another; whether it is.
    pub fn begin(&mut self, from: Time, ahead: Ahead) -> bool {
        if self.now() == ahead {
            return false;
        }
        if self.0.len() == ERAS_MAX {
            self.0.remove(0);
        }
        self.0.push((from, ahead));
        true
    }

    /// How far ahead logical time was at a moment of it.
    pub fn at(&self, logical: Time) -> Ahead {
        self.0.iter().rev().find(|it| it.0 <= logical).map_or(Ahead(0), |it| it.1)
    }

    /// What the wall showed at a logical time, as it was believed then.
    pub fn wall(&self, logical: Time) -> Time {
        if self.0.is_empty() { logical } else { self.at(logical).wall(logical) }
    }

    /// The latest logical time at which the wall showed this, or what it showed last before.
    pub fn logical(&self, wall: Time) -> Time {
        let mut end = Time(u64::MAX);
        for (from, ahead) in self.0.iter().rev() {
            if ahead.wall(*from) <= wall {
                return ahead.logical(wall).min(end);
            }
            end = *from;
        }
        wall.min(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_as_the_wall_showed_it_in_its_era() {
        let mut eras = Eras::default();
        assert_eq!((eras.wall(Time(50)), eras.logical(Time(50))), (Time(50), Time(50)));
        assert!(!eras.begin(Time(90), Ahead(0)));
        assert!(eras.begin(Time(100), Ahead(40)));
        assert!(eras.begin(Time(200), Ahead(-1_000)));
        assert!(!eras.begin(Time(201), Ahead(-1_000)));
        for (logical, wall) in [(0, 0), (99, 99), (100, 60), (199, 159), (200, 1_200), (300, 1_300)] {
            assert_eq!(eras.wall(Time(logical)), Time(wall));
        }
        for (wall, logical) in [(1_200, 200), (1_199, 200), (159, 199), (60, 100), (59, 59)] {
            assert_eq!(eras.logical(Time(wall)), Time(logical), "{wall}");
        }
    }

    #[test]
    fn never_is_never_on_every_wall() {
        assert_eq!((Ahead(7).wall(Time::NEVER), Ahead(-7).logical(Time::NEVER)), (Time::NEVER, Time::NEVER));
        assert_eq!(Ahead(7).wall(Time(3)), Time(1), "nor does a moment become never");
    }

    #[test]
    fn a_clock_that_jumps_for_ever_takes_no_more_memory() {
        let mut eras = Eras::default();
        for n in 1..=10_000 {
            eras.begin(Time(n), Ahead(n as i64));
        }
        assert_eq!((eras.all().len(), eras.now()), (ERAS_MAX, Ahead(10_000)));
    }
}
