//! Recipients that rest at a carrier, because it throttled what went to them: operators limit what they hold for one
//! number, and say it with the statuses that ask for less.
//!
//! ```text
//!   throttled ─► rests ─┬─ another recipient's is taken ────► it is about this one: it rests, longer each time
//!                       └─ another recipient's is throttled ► it is about the rate: back to its place
//! ```
//!
//! While a recipient rests nothing is given to the carrier for it, of whatever lane: what comes to the head of a lane
//! stands aside, and the lane goes on. When the rest is over one part goes, alone; what stands aside follows in its
//! order once that is taken.

use crate::message::id::PartKey;
use crate::message::time::Time;
use crate::number::e164::E164;
use foldhash::fast::FixedState;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// The recipients that rest at one carrier.
#[derive(Debug, Default)]
pub(crate) struct Resting {
    all: HashMap<E164, Rest, FixedState>,
    /// Of these, for whom no part of another recipient has been taken since.
    open: Vec<E164>,
    wakes: BTreeSet<(Time, E164)>,
    /// How many parts stand aside, for all recipients.
    aside: usize,
}

#[derive(Debug)]
struct Rest {
    /// How often it was throttled in a row.
    strikes: u8,
    /// When the part that was throttled last had been given to a link, and when it was throttled.
    sent: Time,
    at: Time,
    /// Nothing goes before.
    until: Time,
    /// When it is looked at.
    wake: Time,
    about: About,
    /// The part that goes alone.
    trial: Option<PartKey>,
    aside: Vec<PartKey>,
}

/// What a throttled answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// Nothing of another recipient has been answered since.
    Unknown,
    /// Another recipient was throttled as well.
    Rate,
    /// What went to others was taken.
    Recipient,
}

/// What is said to a part that could go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// It goes.
    Go,
    /// It stands aside, in memory.
    Aside,
    /// It waits until then: too many stand aside.
    Later(Time),
}

/// What came of a throttled answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// The recipient did not rest: the answer may be about the rate.
    pub(crate) fresh: bool,
    /// How long the part has to wait where it does not stand aside.
    pub(crate) wait: Option<Duration>,
    /// What comes back to its lane, for it was about the rate.
    pub(crate) back: Vec<PartKey>,
}

/// A part that was throttled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strike {
    pub(crate) to: E164,
    pub(crate) key: PartKey,
    /// When it had been given to a link.
    pub(crate) sent: Time,
}

impl Resting {
    /// Recipients that may rest at once; what is throttled beyond waits by itself.
    const RECIPIENTS_MAX: usize = 10_000;
    /// How long it is remembered that a recipient was throttled, after it could be tried again: longer than any wait.
    const REMEMBERED: Duration = Duration::from_secs(120);
    /// How often it is seen whether the part that goes alone is still on its way.
    pub(crate) const LOOK: Duration = Duration::from_secs(1);

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// When a recipient is to be looked at.
    pub(crate) fn next(&self) -> Option<Time> {
        self.wakes.first().map(|it| it.0)
    }

    /// The next recipient that is to be looked at by now.
    pub(crate) fn due(&self, now: Time) -> Option<E164> {
        self.wakes.first().filter(|it| it.0 <= now).map(|it| it.1)
    }

    /// What stands aside.
    pub(crate) fn keys(&self) -> impl Iterator<Item = PartKey> + '_ {
        self.all.values().flat_map(|it| it.aside.iter().copied())
    }

    /// What stands aside for one recipient.
    pub(crate) fn aside(&self, to: E164) -> Vec<PartKey> {
        self.all.get(&to).map(|it| it.aside.clone()).unwrap_or_default()
    }

    /// Whether a part may go now. So many may stand aside in all: they are in memory.
    pub(crate) fn asks(&mut self, now: Time, (to, key): (E164, PartKey), room: usize) -> Says {
        let Some(rest) = self.all.get_mut(&to) else { return Says::Go };
        let alone = rest.trial.is_none_or(|it| it == key);
        if alone && rest.until <= now {
            return Says::Go;
        }
        // Beyond the bound it waits in the store by a time of its own, although what follows it is not held there
        // (decision 0020).
        if room <= self.aside {
            return Says::Later(rest.until.max(now + Self::LOOK));
        }
        rest.aside.push(key);
        self.aside += 1;
        Says::Aside
    }

    /// A part is given to a link.
    pub(crate) fn takes(&mut self, to: E164, key: PartKey) {
        if let Some(rest) = self.all.get_mut(&to) {
            rest.trial = Some(key);
        }
    }

    /// A part that stands aside is to be looked at by then at the latest.
    pub(crate) fn look_by(&mut self, to: E164, at: Time) {
        let sooner = self.all.get(&to).is_some_and(|it| at < it.wake);
        if sooner {
            self.wake_at(to, at);
        }
    }

    fn wake_at(&mut self, to: E164, at: Time) {
        if let Some(rest) = self.all.get_mut(&to) {
            self.wakes.remove(&(rest.wake, to));
            rest.wake = at;
            self.wakes.insert((at, to));
        }
    }

    /// The carrier throttled a part. How long its recipient rests goes by how often that was in a row.
    pub(crate) fn note_throttled(
        &mut self,
        now: Time,
        strike: Strike,
        room: usize,
        wait: impl Fn(u8) -> Duration,
    ) -> Throttled {
        let Strike { to, key, sent } = strike;
        let fresh = !self.all.contains_key(&to);
        let back = if fresh { self.about_rate(sent) } else { Vec::new() };
        // Of one more nothing is remembered. It waits as after a first time, which is too short for some and never too
        // long.
        if fresh && Self::RECIPIENTS_MAX <= self.all.len() {
            return Throttled { fresh, wait: Some(wait(1)), back };
        }
        let new = || Rest {
            strikes: 0,
            sent,
            at: Time::NEVER,
            until: now,
            wake: now,
            about: About::Recipient,
            trial: None,
            aside: Vec::new(),
        };
        let rest = self.all.entry(to).or_insert_with(new);
        // What was under way when the recipient began to rest says nothing new.
        if rest.at <= sent {
            rest.strikes = rest.strikes.saturating_add(1);
            (rest.sent, rest.at, rest.until) = (sent, now, now + wait(rest.strikes));
            if rest.about == About::Recipient {
                self.open.push(to);
            }
            rest.about = About::Unknown;
        }
        if rest.trial == Some(key) {
            rest.trial = None;
        }
        let until = rest.until;
        let may_stay = self.aside < room;
        if may_stay {
            rest.aside.push(key);
            self.aside += 1;
        }
        self.wake_at(to, until);
        Throttled { fresh, wait: (!may_stay).then(|| until.since(now)), back }
    }

    /// A recipient that did not rest is throttled: so it was about the rate for those before it. Who is throttled again
    /// and again gives way all the same.
    fn about_rate(&mut self, sent: Time) -> Vec<PartKey> {
        let mut back = Vec::new();
        for to in &self.open {
            let Some(rest) = self.all.get_mut(to) else { continue };
            if rest.about == About::Unknown && rest.sent <= sent {
                rest.about = About::Rate;
                if rest.strikes < 2 {
                    rest.until = rest.at;
                    back.append(&mut rest.aside);
                }
            }
        }
        self.aside -= back.len();
        back
    }

    /// The carrier answered a part, and did not throttle it: what comes back to its lane.
    pub(crate) fn note_passed(&mut self, now: Time, to: E164, sent: Time) -> Vec<PartKey> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let mut awake = Vec::new();
        self.open.retain(|other| {
            let Some(rest) = self.all.get_mut(other) else { return false };
            // An answer to what went before the other was throttled says nothing of whom that was about.
            if *other == to || sent < rest.sent {
                return *other != to;
            }
            if rest.about == About::Rate {
                awake.push(*other);
            }
            rest.about = About::Recipient;
            false
        });
        for other in awake {
            // The carrier takes again: who was throttled with all others need not rest.
            if let Some(rest) = self.all.get_mut(&other) {
                rest.until = rest.until.min(now);
            }
            self.wake_at(other, now);
        }
        if self.all.get(&to).is_some_and(|it| it.sent <= sent) { self.forget(to) } else { Vec::new() }
    }

    /// The part that went alone has come back without an answer.
    pub(crate) fn came_back(&mut self, now: Time, to: E164, key: PartKey) {
        if let Some(rest) = self.all.get_mut(&to).filter(|it| it.trial == Some(key)) {
            rest.trial = None;
            self.wake_at(to, now);
        }
    }

    /// Looks at a recipient: the part that goes alone now, by `first` of those that stand aside, unless one is still on
    /// its way.
    pub(crate) fn look(
        &mut self,
        now: Time,
        to: E164,
        on_its_way: impl Fn(PartKey) -> bool,
        first: impl Fn(&[PartKey]) -> Option<usize>,
    ) -> Option<PartKey> {
        let rest = self.all.get_mut(&to)?;
        if now < rest.until {
            let until = rest.until;
            self.wake_at(to, until);
            return None;
        }
        rest.trial = rest.trial.filter(|it| on_its_way(*it));
        if rest.trial.is_none()
            && let Some(at) = first(&rest.aside)
        {
            let key = rest.aside.remove(at);
            rest.trial = Some(key);
            self.aside -= 1;
            self.wake_at(to, now + Self::LOOK);
            return Some(key);
        }
        // Not forgotten with the end of the rest: who is throttled again at once has to rest longer than before.
        if rest.trial.is_none() && rest.until + Self::REMEMBERED <= now {
            self.forget(to);
            return None;
        }
        let next = if rest.trial.is_some() { now + Self::LOOK } else { rest.until + Self::REMEMBERED };
        self.wake_at(to, next);
        None
    }

    /// A part stands aside no more; false if it did not.
    pub(crate) fn leave(&mut self, to: E164, key: PartKey) -> bool {
        let Some(rest) = self.all.get_mut(&to) else { return false };
        let before = rest.aside.len();
        rest.aside.retain(|it| *it != key);
        let left = before - rest.aside.len();
        self.aside -= left;
        left != 0
    }

    /// Keeps of what stands aside for a recipient what is worth it; returns the others.
    pub(crate) fn keep(&mut self, to: E164, worth: impl Fn(PartKey) -> bool) -> Vec<PartKey> {
        let Some(rest) = self.all.get_mut(&to) else { return Vec::new() };
        let (kept, others): (Vec<PartKey>, _) = rest.aside.iter().partition(|it| worth(**it));
        rest.aside = kept;
        self.aside -= others.len();
        others
    }

    /// A recipient rests no more: what stood aside, in its order.
    fn forget(&mut self, to: E164) -> Vec<PartKey> {
        let Some(rest) = self.all.remove(&to) else { return Vec::new() };
        self.wakes.remove(&(rest.wake, to));
        self.open.retain(|it| *it != to);
        self.aside -= rest.aside.len();
        rest.aside
    }

    /// Nobody rests any more: what stood aside.
    pub(crate) fn clear(&mut self) -> Vec<PartKey> {
        std::mem::take(self).all.into_values().flat_map(|it| it.aside).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 10_000;
    const ANNA: E164 = E164(31_612_345_678);
    const BEN: E164 = E164(31_612_345_679);
    const CARL: E164 = E164(31_612_345_680);

    fn wait(strikes: u8) -> Duration {
        Duration::from_secs(1 << strikes)
    }

    fn strike(resting: &mut Resting, at: u64, to: E164, key: u64) -> Throttled {
        resting.note_throttled(Time(at), Strike { to, key: PartKey(key), sent: Time(at - 10) }, ROOM, wait)
    }

    /// The part that goes alone.
    fn look(resting: &mut Resting, at: u64, to: E164) -> Option<PartKey> {
        resting.look(Time(at), to, |_| true, |it| (!it.is_empty()).then_some(0))
    }

    #[test]
    fn who_is_throttled_while_others_are_taken_rests_longer_each_time_and_nobody_waits_for_it() {
        let mut resting = Resting::default();
        let first = strike(&mut resting, 1_000, ANNA, 1);
        assert_eq!(first, Throttled { fresh: true, wait: None, back: Vec::new() });
        assert_eq!(resting.asks(Time(1_000), (BEN, PartKey(2)), ROOM), Says::Go);
        assert_eq!(resting.asks(Time(1_000), (ANNA, PartKey(3)), ROOM), Says::Aside, "of whatever lane");
        assert_eq!(resting.note_passed(Time(1_020), BEN, Time(1_000)), []);
        assert_eq!(resting.due(Time(2_999)), None);
        assert_eq!(resting.due(Time(3_000)), Some(ANNA));
        assert_eq!(look(&mut resting, 3_000, ANNA), Some(PartKey(1)), "one goes alone");
        assert_eq!(resting.asks(Time(3_000), (ANNA, PartKey(1)), ROOM), Says::Go);
        resting.takes(ANNA, PartKey(1));
        assert_eq!(resting.asks(Time(3_000), (ANNA, PartKey(4)), ROOM), Says::Aside);
        assert!(!strike(&mut resting, 3_020, ANNA, 1).fresh);
        assert_eq!(resting.next(), Some(Time(7_020)));
        assert_eq!(resting.aside(ANNA), [3, 4, 1].map(PartKey));
        assert_eq!(resting.note_passed(Time(9_000), ANNA, Time(8_990)), [3, 4, 1].map(PartKey), "it is taken at last");
        assert!(resting.is_empty() && resting.next().is_none() && resting.aside == 0);
    }

    #[test]
    fn what_another_is_throttled_after_is_about_the_rate_and_comes_back() {
        let mut resting = Resting::default();
        strike(&mut resting, 1_000, ANNA, 1);
        assert_eq!(strike(&mut resting, 1_020, BEN, 2).back, [PartKey(1)]);
        assert_eq!(resting.asks(Time(1_020), (ANNA, PartKey(1)), ROOM), Says::Go);
        // It gives way when it is throttled again: two who are always throttled do not keep a third from its turn.
        resting.takes(ANNA, PartKey(1));
        let again = strike(&mut resting, 1_040, ANNA, 1);
        assert_eq!((again.fresh, again.back), (false, Vec::new()));
        assert_eq!(strike(&mut resting, 1_060, CARL, 3).back, [PartKey(2)]);
        assert_eq!(resting.asks(Time(1_060), (ANNA, PartKey(1)), ROOM), Says::Aside);
        // The carrier takes again: who was throttled with all others need not rest.
        resting.note_passed(Time(1_100), E164(31_600_000_001), Time(1_090));
        assert_eq!(resting.due(Time(1_100)), Some(ANNA));
        assert_eq!(look(&mut resting, 1_100, ANNA), Some(PartKey(1)));
    }

    #[test]
    fn what_was_under_way_is_no_new_strike() {
        let mut resting = Resting::default();
        for key in 1..=5 {
            resting.note_throttled(Time(1_000), Strike { to: ANNA, key: PartKey(key), sent: Time(990) }, ROOM, wait);
        }
        assert_eq!((resting.next(), resting.aside(ANNA).len()), (Some(Time(3_000)), 5));
    }

    #[test]
    fn memory_is_bounded_and_what_is_beyond_waits_by_itself() {
        let mut resting = Resting::default();
        // Each was sent before the one that was throttled before it, which says nothing of the rate.
        let strike = |number: u64| Strike {
            to: E164(31_600_000_000 + number),
            key: PartKey(number),
            sent: Time(90_000 - number),
        };
        for number in 0..Resting::RECIPIENTS_MAX as u64 {
            assert_eq!(resting.note_throttled(Time(100_000), strike(number), ROOM, wait).wait, None);
        }
        assert_eq!(
            resting.note_throttled(Time(100_000), strike(10_000), ROOM, wait).wait,
            Some(Duration::from_secs(2))
        );
        assert!(matches!(resting.asks(Time(100_000), (E164(31_600_000_000), PartKey(99_998)), ROOM), Says::Later(_)));
        assert_eq!(resting.clear().len(), 10_000);
    }

    #[test]
    fn a_recipient_whose_parts_have_gone_elsewhere_is_forgotten() {
        let mut resting = Resting::default();
        strike(&mut resting, 1_000, ANNA, 1);
        assert!(resting.leave(ANNA, PartKey(1)) && !resting.leave(ANNA, PartKey(1)));
        assert_eq!(look(&mut resting, 3_000, ANNA), None);
        let wake = resting.next().expect("it is remembered for a while");
        assert_eq!(look(&mut resting, wake.0, ANNA), None);
        assert!(resting.is_empty() && resting.next().is_none());
    }
}
