//! Sequence numbers: from 1 to 0x7FFFFFFF, then from 1 again.
//!
//! Inside the session a request is named by its *serial*, which never wraps, so that
//! what waits is always sorted by it. On the wire stands its number. A number that comes
//! back means the latest request that bore it.
//!
//! ```text
//! serial   1   2   3  …  2^31-1   2^31   2^31+1 …
//! number   1   2   3  …  2^31-1      1        2 …
//! ```

/// How many numbers there are before they begin again (SMPP 3.4, section 3.2).
const LAP: u64 = 0x7FFF_FFFF;

/// Which request of this session, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Serial(u64);

impl Serial {
    /// What stands on the wire for it.
    pub(crate) const fn number(self) -> u32 {
        ((self.0 - 1) % LAP + 1) as u32
    }
}

/// Hands out serials.
#[derive(Debug, Default)]
pub(crate) struct Sequencer {
    issued: u64,
}

impl Sequencer {
    /// The next serial.
    pub(crate) const fn issue(&mut self) -> Serial {
        self.issued += 1;
        Serial(self.issued)
    }

    /// Whether the last request of all bore this number.
    pub(crate) const fn is_last(&self, number: u32) -> bool {
        self.issued != 0 && Serial(self.issued).number() == number
    }

    /// The latest request that bore this number; `None` if no request has.
    pub(crate) fn latest(&self, number: u32) -> Option<Serial> {
        let number = u64::from(number);
        if number == 0 || LAP < number || self.issued == 0 {
            return None;
        }
        let last = u64::from(Serial(self.issued).number());
        let since = (last + LAP - number) % LAP;
        self.issued.checked_sub(since).filter(|it| *it != 0).map(Serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_at_one_and_wrap_to_one() {
        let mut sequencer = Sequencer::default();
        assert_eq!(sequencer.issue().number(), 1);
        assert_eq!(sequencer.issue().number(), 2);
        sequencer.issued = LAP - 1;
        assert_eq!(sequencer.issue().number(), 0x7FFF_FFFF);
        assert_eq!(sequencer.issue().number(), 1);
    }

    #[test]
    fn a_number_names_its_latest_bearer() {
        let mut sequencer = Sequencer { issued: 3 };
        assert_eq!(sequencer.latest(3), Some(Serial(3)));
        assert_eq!(sequencer.latest(1), Some(Serial(1)));
        assert_eq!(sequencer.latest(4), None, "not yet borne");
        assert_eq!(sequencer.latest(0), None);
        assert_eq!(sequencer.latest(0x8000_0000), None);
        sequencer.issued = LAP + 2;
        assert_eq!(sequencer.latest(2), Some(Serial(LAP + 2)));
        assert_eq!(sequencer.latest(3), Some(Serial(3)), "of the lap before");
    }
}
