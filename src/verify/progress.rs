//! What becomes of a verification: pending, and then one of its ends, for ever.

use crate::message::time::Time;

closed_set! {
    /// Where a verification is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum VerificationStatus: all, number, from_number, word, from_word, says {
        /// A code may come back.
        Pending = 0 "pending",
        /// It came back.
        Approved = 1 "approved",
        /// The application took it back.
        Canceled = 2 "canceled",
        /// It did not come back in time.
        Expired = 3 "expired",
        /// Too many guesses were wrong.
        MaxAttemptsReached = 4 "max_attempts_reached",
        /// Nobody could be given a code.
        Failed = 5 "failed",
    }
}

closed_set! {
    /// What a guess is answered with.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum CheckResult: all, word, says {
        /// It is the code.
        Ok "ok",
        /// It is not.
        Incorrect "incorrect",
        /// Too many were not: no guess is looked at any more.
        Exhausted "exhausted",
        /// The code does not live any more.
        Expired "expired",
        /// The code came back before.
        AlreadyVerified "already_verified",
    }
}

/// How far a verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationState {
    status: VerificationStatus,
    /// Guesses that were wrong.
    wrong: u8,
    /// Guesses that may be wrong.
    most: u8,
    /// When its codes die.
    expires: Time,
    /// When it ended; never while it is pending.
    ended: Time,
}

/// What ends a verification but a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerificationEnd {
    /// The application takes it back.
    Cancel,
    /// Its time is over.
    Expire,
    /// Nobody could be given a code.
    Fail,
}

impl VerificationState {
    /// A verification that begins.
    pub const fn new(most: u8, expires: Time) -> Self {
        Self { status: VerificationStatus::Pending, wrong: 0, most, expires, ended: Time::NEVER }
    }

    /// What a store remembers.
    pub const fn of_record(status: VerificationStatus, (wrong, most): (u8, u8), expires: Time, ended: Time) -> Self {
        Self { status, wrong, most, expires, ended }
    }

    /// Where it is.
    pub const fn status(&self) -> VerificationStatus {
        self.status
    }

    /// Whether a code may come back, if it is in time.
    pub fn is_pending(&self) -> bool {
        self.status == VerificationStatus::Pending
    }

    /// Guesses that were wrong.
    pub const fn wrong(&self) -> u8 {
        self.wrong
    }

    /// Guesses that may be wrong in all.
    pub const fn most(&self) -> u8 {
        self.most
    }

    /// How many guesses are left.
    pub const fn checks_left(&self) -> u8 {
        match self.status {
            VerificationStatus::Pending => self.most.saturating_sub(self.wrong),
            _ => 0,
        }
    }

    /// When its codes die.
    pub const fn expires(&self) -> Time {
        self.expires
    }

    /// When it ended; never while it is pending.
    pub const fn ended(&self) -> Time {
        self.ended
    }

    /// Has its times be others: those of the wall, for people.
    pub fn show_times(&mut self, shown: impl Fn(Time) -> Time) {
        (self.expires, self.ended) = (shown(self.expires), shown(self.ended));
    }

    /// Whether a code may come back at `now`.
    pub fn is_live(&self, now: Time) -> bool {
        self.is_pending() && now < self.expires
    }

    /// A guess: counted, and answered for. It is looked at, by `is_right`, only where it may be; whether that is so
    /// does not depend on it.
    pub fn check<E>(&mut self, now: Time, is_right: impl FnOnce() -> Result<bool, E>) -> Result<CheckResult, E> {
        match self.status {
            VerificationStatus::Approved => return Ok(CheckResult::AlreadyVerified),
            VerificationStatus::MaxAttemptsReached => return Ok(CheckResult::Exhausted),
            VerificationStatus::Canceled | VerificationStatus::Expired | VerificationStatus::Failed => {
                return Ok(CheckResult::Expired);
            }
            VerificationStatus::Pending => (),
        }
        if self.expires <= now {
            self.end(VerificationEnd::Expire, now);
            return Ok(CheckResult::Expired);
        }
        if is_right()? {
            (self.status, self.ended) = (VerificationStatus::Approved, now);
            return Ok(CheckResult::Ok);
        }
        self.wrong = self.wrong.saturating_add(1);
        if self.most <= self.wrong {
            (self.status, self.ended) = (VerificationStatus::MaxAttemptsReached, now);
        }
        Ok(CheckResult::Incorrect)
    }

    /// Ends it, if it is pending; whether it was.
    pub fn end(&mut self, ending: VerificationEnd, now: Time) -> bool {
        let is_pending = self.is_pending();
        if is_pending {
            self.ended = now;
            self.status = match ending {
                VerificationEnd::Cancel => VerificationStatus::Canceled,
                VerificationEnd::Expire => VerificationStatus::Expired,
                VerificationEnd::Fail => VerificationStatus::Failed,
            };
        }
        is_pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    const EXPIRES: Time = Time(1_000);

    fn guess(it: &mut VerificationState, at: u64, right: bool) -> CheckResult {
        it.check(Time(at), || Ok::<_, Infallible>(right)).unwrap_or_else(|it| match it {})
    }

    #[test]
    fn a_code_is_good_once() {
        let mut it = VerificationState::new(3, EXPIRES);
        assert_eq!((guess(&mut it, 1, false), it.checks_left()), (CheckResult::Incorrect, 2));
        assert_eq!((guess(&mut it, 999, true), it.checks_left()), (CheckResult::Ok, 0));
        assert_eq!((it.status(), it.ended()), (VerificationStatus::Approved, Time(999)));
        assert_eq!([true, false].map(|right| guess(&mut it, 2_000, right)), [CheckResult::AlreadyVerified; 2]);
    }

    #[test]
    fn behind_the_last_guess_no_code_is_looked_at() {
        let mut it = VerificationState::new(2, EXPIRES);
        assert_eq!([1, 2].map(|at| guess(&mut it, at, false)), [CheckResult::Incorrect; 2]);
        assert_eq!((it.status(), it.ended()), (VerificationStatus::MaxAttemptsReached, Time(2)));
        let looked = it.check(Time(3), || -> Result<bool, Infallible> { panic!("it was looked at") });
        assert_eq!(looked, Ok(CheckResult::Exhausted));
    }

    #[test]
    fn nothing_comes_back_late() {
        let mut it = VerificationState::new(2, EXPIRES);
        assert!(it.is_live(Time(999)) && !it.is_live(EXPIRES));
        let looked = it.check(EXPIRES, || -> Result<bool, Infallible> { panic!("it was looked at") });
        assert_eq!((looked, it.status()), (Ok(CheckResult::Expired), VerificationStatus::Expired));
    }

    #[test]
    fn what_has_ended_stays_as_it_is() {
        let endings = [VerificationEnd::Cancel, VerificationEnd::Expire, VerificationEnd::Fail];
        let words = [VerificationStatus::Canceled, VerificationStatus::Expired, VerificationStatus::Failed];
        for (ending, status) in endings.into_iter().zip(words) {
            let mut it = VerificationState::new(2, EXPIRES);
            assert!(it.end(ending, Time(7)));
            assert_eq!((it.status(), it.ended(), it.checks_left()), (status, Time(7), 0));
            assert!(endings.iter().all(|again| !it.end(*again, Time(8))));
            assert_eq!((it.status(), it.ended()), (status, Time(7)));
            assert_eq!(guess(&mut it, 9, true), CheckResult::Expired);
        }
    }

    #[test]
    fn a_key_that_is_lost_costs_no_guess() {
        let mut it = VerificationState::new(2, EXPIRES);
        assert_eq!(it.check(Time(1), || Err("lost")), Err("lost"));
        assert_eq!((it.status(), it.wrong()), (VerificationStatus::Pending, 0));
    }
}
