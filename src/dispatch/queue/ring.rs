//! Whose turn it is at a carrier: first between the classes by their weights, then between the accounts and routes of
//! a class by theirs.
//!
//! ```text
//!  otp            16 │ lane ► lane ► lane ─┐         A class with work has its share whatever the number of its
//!  transactional   4 │ lane ► lane         ├─► link  lanes and of those of others: marketing never less than one
//!  marketing       1 │ lane                ┘         part in 20, and an OTP never waits for more than 5 of them.
//! ```
//!
//! Deficit round robin: a class, and in it a lane, gives as many parts as its weight, then the next has its turn.

use crate::message::class::Class;
use crate::message::id::LaneId;
use std::collections::VecDeque;

/// The lanes of one carrier that may have work.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    classes: [Turn; Class::ALL.len()],
    /// Whose turn it is.
    at: usize,
    /// Counts the rounds of giving: who can give nothing is passed by until the next.
    round: u64,
}

/// The lanes of a class.
#[derive(Debug, Default)]
struct Turn {
    /// The one whose turn it is first.
    lanes: VecDeque<RingEntry>,
    /// How many more parts the class may give before it is another's turn.
    left: u32,
    /// And its first lane.
    lane_left: u32,
}

/// A lane in its class.
#[derive(Clone, Copy, Debug)]
struct RingEntry {
    lane: LaneId,
    /// Its share beside the others.
    weight: u32,
    /// In which round it could give nothing.
    passed: u64,
}

impl Ring {
    /// Parts that a class gives in its turn: otp, transactional, marketing. Marketing has 5 % beside both others.
    const WEIGHTS: [u32; Class::ALL.len()] = [15, 4, 1];

    /// The lanes, in no order.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = LaneId> + '_ {
        self.classes.iter().flat_map(|it| &it.lanes).map(|it| it.lane)
    }

    /// How many lanes there are.
    pub(crate) fn len(&self) -> usize {
        self.classes.iter().map(|it| it.lanes.len()).sum()
    }

    /// Whether no lane has work.
    pub(crate) fn is_empty(&self) -> bool {
        self.classes.iter().all(|it| it.lanes.is_empty())
    }

    /// A lane has work again; `weight` is its share beside others of its class, at least 1.
    pub(crate) fn push(&mut self, lane: LaneId, weight: u32) {
        let turn = &mut self.classes[usize::from(lane.class()) % Class::ALL.len()];
        turn.lanes.push_back(RingEntry { lane, weight: weight.max(1), passed: u64::MAX });
        if turn.lanes.len() == 1 {
            turn.begin_lane();
        }
    }

    /// Forgets all lanes.
    pub(crate) fn clear(&mut self) {
        *self = Self { round: self.round, ..Self::default() };
    }

    /// Begins a round: everyone may give again.
    pub(crate) const fn begin(&mut self) {
        self.round += 1;
    }

    /// The lane whose turn it is; `None` when none can give any more in this round.
    pub(crate) fn front(&mut self) -> Option<LaneId> {
        for _ in 0..self.classes.len() {
            let (at, round) = (self.at, self.round);
            let turn = &mut self.classes[at];
            for _ in 0..turn.lanes.len() {
                match turn.lanes.front() {
                    Some(place) if place.passed != round => {
                        if turn.left == 0 {
                            turn.left = Self::WEIGHTS[at];
                        }
                        return Some(place.lane);
                    }
                    _ => turn.next_lane(),
                }
            }
            self.next_class();
        }
        None
    }

    /// The lane whose turn it is gave a part.
    pub(crate) fn gave(&mut self) {
        let turn = &mut self.classes[self.at];
        turn.lane_left = turn.lane_left.saturating_sub(1);
        if turn.lane_left == 0 {
            turn.next_lane();
        }
        turn.left = turn.left.saturating_sub(1);
        if turn.left == 0 {
            self.next_class();
        }
    }

    /// The lane whose turn it is can give nothing in this round.
    pub(crate) fn pass(&mut self) {
        let round = self.round;
        let turn = &mut self.classes[self.at];
        if let Some(place) = turn.lanes.front_mut() {
            place.passed = round;
        }
        turn.next_lane();
    }

    /// The lane whose turn it is has no work any more.
    pub(crate) fn leave(&mut self) -> Option<LaneId> {
        let turn = &mut self.classes[self.at];
        let left = turn.lanes.pop_front();
        turn.begin_lane();
        left.map(|it| it.lane)
    }

    fn next_class(&mut self) {
        self.classes[self.at].left = 0;
        self.at = (self.at + 1) % self.classes.len();
    }
}

impl Turn {
    fn next_lane(&mut self) {
        if !self.lanes.is_empty() {
            self.lanes.rotate_left(1);
        }
        self.begin_lane();
    }

    fn begin_lane(&mut self) {
        self.lane_left = self.lanes.front().map_or(0, |it| it.weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::{AccountId, RouteId};
    use std::collections::BTreeMap;

    fn lane(account: u16, class: Class) -> LaneId {
        LaneId::new(RouteId(1), AccountId(account), class.number(), 0)
    }

    /// How many parts each lane gives of `count`, if all always have work.
    fn given(ring: &mut Ring, count: usize) -> BTreeMap<LaneId, usize> {
        let mut given = BTreeMap::new();
        for _ in 0..count {
            *given.entry(ring.front().expect("there is work")).or_default() += 1;
            ring.gave();
        }
        given
    }

    #[test]
    fn classes_share_by_their_weights_whatever_the_number_of_their_lanes() {
        let mut ring = Ring::default();
        (0..100).for_each(|it| ring.push(lane(it, Class::Otp), 1));
        ring.push(lane(1, Class::Transactional), 1);
        ring.push(lane(1, Class::Marketing), 1);
        let given = given(&mut ring, 20_000);
        assert_eq!(given[&lane(1, Class::Marketing)], 1_000, "one in twenty");
        assert_eq!(given[&lane(1, Class::Transactional)], 4_000);
        assert!((0..100).all(|it| given[&lane(it, Class::Otp)] == 150));
    }

    #[test]
    fn accounts_of_a_class_share_by_their_weights() {
        let mut ring = Ring::default();
        ring.push(lane(1, Class::Marketing), 3);
        ring.push(lane(2, Class::Marketing), 1);
        let given = given(&mut ring, 400);
        assert_eq!((given[&lane(1, Class::Marketing)], given[&lane(2, Class::Marketing)]), (300, 100));
    }

    #[test]
    fn an_otp_waits_for_five_others_at_most() {
        let mut ring = Ring::default();
        ring.push(lane(1, Class::Marketing), 1);
        ring.push(lane(1, Class::Transactional), 1);
        for before in 0..40 {
            for _ in 0..before {
                ring.front();
                ring.gave();
            }
            ring.push(lane(1, Class::Otp), 1);
            let waited = (0..20).find(|_| {
                let is_otp = ring.front() == Some(lane(1, Class::Otp));
                if !is_otp {
                    ring.gave();
                }
                is_otp
            });
            assert!(waited.is_some_and(|it| it <= 5), "{waited:?}");
            assert_eq!(ring.leave(), Some(lane(1, Class::Otp)));
        }
    }

    #[test]
    fn who_cannot_give_is_passed_and_keeps_its_place() {
        let mut ring = Ring::default();
        [1, 2].into_iter().for_each(|it| ring.push(lane(it, Class::Otp), 1));
        ring.push(lane(3, Class::Marketing), 1);
        let mut seen = Vec::new();
        ring.begin();
        while let Some(lane) = ring.front() {
            seen.push(lane);
            ring.pass();
        }
        seen.sort_unstable();
        assert_eq!(seen, [lane(1, Class::Otp), lane(2, Class::Otp), lane(3, Class::Marketing)]);
        ring.begin();
        assert!(ring.front().is_some(), "in the next round all may give again");
    }
}
