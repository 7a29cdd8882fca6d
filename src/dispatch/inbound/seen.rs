//! What has been taken in from handsets lately, for when it comes again.
//!
//! A carrier sends again what it may not have seen our answer to: the session of the first ended before its answer,
//! or so soon after it that the answer may have been under way; or the answer was later than carriers wait. On a
//! session that lives on, an answered message is not sent again, so that what is equal to it there is another one:
//! of a person who means it, or of a device that has nothing else to say.
//!
//! ```text
//!  taken in ──► fresh ──── its session lives on for `settled_after` ──► forgotten
//!                 │ its session ends, or answers come late
//!                 ▼
//!              doubtful ── `redelivery_window` is over ──► forgotten
//! ```
//!
//! **Guarantee.** What is remembered is what may come again. It is durable, and after a restart all of it is doubtful.

use crate::carrier::mo::{Fingerprint, Options};
use crate::message::id::{CarrierId, LinkId};
use crate::message::time::Time;
use crate::record::mo::MoSeen;
use foldhash::fast::FixedState;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// What is remembered, some eight megabytes. Beyond it the oldest is forgotten early.
const SEEN_MAX: usize = 100_000;
/// How long another session of the carrier may be ahead of the news that the first one's has ended: both are
/// connections of their own.
const NEWS_MAX: Duration = Duration::from_secs(1);
/// How long what came while we stood still may take to be read, once we go on.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(5);

/// A session of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) link: LinkId,
    /// No two sessions have the same.
    pub(crate) number: u32,
}

/// What is known of something taken in.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Its record: what is equal to it and came later has another.
    number: u64,
    at: Time,
    /// On which session it was answered; `None` if the answer may not have arrived.
    answered: Option<Session>,
}

/// What has been taken in lately, in memory: its number is bounded.
#[derive(Debug, Default)]
pub(crate) struct SeenSet {
    all: HashMap<(CarrierId, Fingerprint), Known, FixedState>,
    /// Answered on sessions that live, by age.
    fresh: VecDeque<(MoSeen, LinkId)>,
    /// What the answer to may not have arrived, by age.
    doubtful: VecDeque<MoSeen>,
    /// Until when answers are not believed to be in time, after we stood still.
    late_until: Time,
}

impl SeenSet {
    /// Whether what a carrier sends now may be what it sent before under this fingerprint.
    pub(super) fn may_be_again(&self, seen: &MoSeen, on: Session, options: &Options) -> bool {
        let Some(known) = self.all.get(&(seen.carrier, seen.fingerprint)) else { return false };
        let within = |time: Duration| ago(seen.at, time) <= known.at;
        let may_have_been_lost = match known.answered {
            None => true,
            Some(session) if session == on => false,
            // Its end has yet to be told of.
            Some(session) if session.link == on.link => within(options.settled_after),
            Some(_) => within(NEWS_MAX),
        };
        may_have_been_lost && options.redelivery_window.is_some_and(within)
    }

    /// Remembers what was taken in, and on which session it is answered; `None` if the session has ended, or what is
    /// sent again is known by more than being equal.
    pub(crate) fn put(&mut self, seen: MoSeen, on: Option<Session>) {
        let answered = on.filter(|_| self.late_until <= seen.at);
        self.all.insert((seen.carrier, seen.fingerprint), Known { number: seen.number, at: seen.at, answered });
        match answered {
            Some(session) => self.fresh.push_back((seen, session.link)),
            None => self.doubtful.push_back(seen),
        }
    }

    /// What has come again is answered once more, now on this session: if it lives, that is settled.
    /// The record that takes the place of the one that is no more is to be made durable.
    pub(crate) fn settle(&mut self, seen: MoSeen, on: Option<Session>) -> Option<u64> {
        let key = (seen.carrier, seen.fingerprint);
        let before = self.all.get(&key).map(|it| it.number)?;
        if on.is_none() || seen.at < self.late_until {
            return None;
        }
        self.put(seen, on);
        Some(before)
    }

    /// The session of a link has ended: what was answered on it lately may not have arrived.
    pub(crate) fn end_session(&mut self, link: LinkId, now: Time, options: impl Fn(CarrierId) -> Options) {
        self.doubt(|it, on| *on == link && ago(now, options(it.carrier).settled_after) <= it.at);
    }

    /// We stood still for so long, and have gone on now: answers of this time were late.
    pub(crate) fn stood_still(&mut self, stood: Duration, now: Time) {
        let since = ago(now, stood + CAUGHT_UP_WITHIN);
        self.late_until = now + CAUGHT_UP_WITHIN;
        self.doubt(|it, _| since <= it.at);
    }

    fn doubt(&mut self, doubted: impl Fn(&MoSeen, &LinkId) -> bool) {
        for (seen, link) in std::mem::take(&mut self.fresh) {
            if !doubted(&seen, &link) {
                self.fresh.push_back((seen, link));
                continue;
            }
            self.doubtful.push_back(seen);
            let known = self.all.get_mut(&(seen.carrier, seen.fingerprint));
            if let Some(known) = known.filter(|it| it.number == seen.number) {
                known.answered = None;
            }
        }
    }

    /// When the first of what lives on has settled.
    pub(crate) fn next(&self, options: impl Fn(CarrierId) -> Options) -> Option<Time> {
        self.fresh.front().map(|(it, _)| it.at + options(it.carrier).settled_after)
    }

    /// Forgets some of what cannot come again any more, or is too much; the numbers of its records.
    pub(crate) fn forget(&mut self, now: Time, options: impl Fn(CarrierId) -> Options, most: usize) -> Vec<u64> {
        let mut forgotten = Vec::new();
        while forgotten.len() < most {
            let full = SEEN_MAX < self.fresh.len() + self.doubtful.len();
            let settled = |it: &MoSeen| full || it.at <= ago(now, options(it.carrier).settled_after);
            let over = |it: &MoSeen| {
                full || options(it.carrier).redelivery_window.is_none_or(|window| it.at < ago(now, window))
            };
            let oldest = if self.fresh.front().is_some_and(|it| settled(&it.0)) {
                self.fresh.pop_front().map(|it| it.0)
            } else if self.doubtful.front().is_some_and(over) {
                self.doubtful.pop_front()
            } else {
                None
            };
            let Some(oldest) = oldest else { break };
            let key = (oldest.carrier, oldest.fingerprint);
            // What is equal and came later is known by that.
            if self.all.get(&key).is_some_and(|it| it.number == oldest.number) {
                self.all.remove(&key);
            }
            forgotten.push(oldest.number);
        }
        forgotten
    }
}

fn ago(now: Time, time: Duration) -> Time {
    Time(now.0.saturating_sub(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: CarrierId = CarrierId(1);
    const START: u64 = 1_700_000_000_000;
    const ONE: Session = Session { link: LinkId { carrier: ACME, bind: 0 }, number: 1 };
    const NEXT: Session = Session { number: 2, ..ONE };
    const OTHER: Session = Session { link: LinkId { carrier: ACME, bind: 1 }, number: 3 };

    /// Something equal, so many seconds after the start.
    fn seen(number: u64, after: u64) -> MoSeen {
        MoSeen { number, carrier: ACME, fingerprint: Fingerprint([7; 16]), at: Time(START + after * 1_000) }
    }

    fn again(set: &SeenSet, after: u64, on: Session) -> bool {
        set.may_be_again(&seen(0, after), on, &Options::default())
    }

    fn options(_: CarrierId) -> Options {
        Options::default()
    }

    fn ended(set: &mut SeenSet, session: Session, after: u64) {
        set.end_session(session.link, Time(START + after * 1_000), options);
    }

    #[test]
    fn on_a_session_that_lives_an_equal_message_is_another() {
        let mut set = SeenSet::default();
        set.put(seen(1, 0), Some(ONE));
        assert!(!again(&set, 0, ONE) && !again(&set, 30, ONE));
        // On another one the news of an end may be under way.
        assert!(again(&set, 1, OTHER) && !again(&set, 2, OTHER));
        assert!(again(&set, 80, NEXT), "the session before it on the same link has ended");
        let short = Options { redelivery_window: Some(Duration::from_secs(10)), ..Options::default() };
        assert!(!set.may_be_again(&seen(0, 80), NEXT, &short));
    }

    #[test]
    fn what_was_answered_soon_before_the_end_of_its_session_may_come_again() {
        let mut set = SeenSet::default();
        set.put(seen(1, 0), Some(ONE));
        ended(&mut set, OTHER, 5);
        assert!(!again(&set, 30, ONE), "that was another link");
        ended(&mut set, ONE, 91);
        assert!(!again(&set, 30, OTHER), "its session has lived on");
        ended(&mut set, ONE, 90);
        assert!(again(&set, 30, NEXT) && again(&set, 600, OTHER) && !again(&set, 601, NEXT));
        // Once it has come again and is answered, the next is another.
        assert_eq!(set.settle(seen(2, 31), Some(NEXT)), Some(1));
        assert!(!again(&set, 60, NEXT));
        assert_eq!(set.forget(Time(START + 200_000), options, 9), [2]);
    }

    #[test]
    fn what_was_answered_late_may_come_again() {
        let mut set = SeenSet::default();
        set.put(seen(1, 0), Some(ONE));
        set.stood_still(Duration::from_secs(20), Time(START + 20_000));
        assert!(again(&set, 20, ONE));
        assert_eq!(set.settle(seen(2, 20), Some(ONE)), None, "this answer is late, too");
        // What was read at once with its repeat.
        set.put(MoSeen { fingerprint: Fingerprint([8; 16]), ..seen(3, 20) }, Some(ONE));
        let other = MoSeen { fingerprint: Fingerprint([8; 16]), ..seen(0, 21) };
        assert!(set.may_be_again(&other, ONE, &Options::default()));
        set.put(seen(4, 40), Some(ONE));
        assert!(!again(&set, 41, ONE), "that is over");
    }

    #[test]
    fn what_lives_on_is_forgotten_soon_and_what_is_doubtful_late() {
        let mut set = SeenSet::default();
        set.put(MoSeen { fingerprint: Fingerprint([8; 16]), ..seen(1, 0) }, None);
        set.put(seen(2, 0), Some(ONE));
        assert_eq!(set.next(options), Some(Time(START + 90_000)));
        assert_eq!(set.forget(Time(START + 89_999), options, 9), [] as [u64; 0]);
        assert_eq!(set.forget(Time(START + 90_000), options, 9), [2]);
        assert_eq!((set.next(options), set.forget(Time(START + 600_000), options, 9)), (None, vec![]));
        assert_eq!(set.forget(Time(START + 600_001), options, 9), [1]);
        assert!(set.all.is_empty());
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut set = SeenSet::default();
        let of = |number: u64| {
            let fingerprint = Fingerprint(u128::from(number).to_be_bytes());
            MoSeen { fingerprint, ..seen(number, 0) }
        };
        (1..=SEEN_MAX as u64 + 2).for_each(|it| set.put(of(it), Some(ONE).filter(|_| it % 2 == 0)));
        assert_eq!(set.forget(Time(START), options, 9), [2, 4], "what lives on goes first");
        assert_eq!(set.all.len(), SEEN_MAX);
    }
}
