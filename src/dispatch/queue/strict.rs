//! Strict order: on routes that ask for it, one part at a time goes to a recipient.
//!
//! The first part that is given to a link holds the recipient until it is through: taken or ended. Until then the
//! others of that recipient stand aside, and do not hold up their lane. After a restart the first that is given
//! holds it anew.

use crate::dispatch::door::plan::Plan;
use crate::message::body::Body;
use crate::message::id::{PartKey, RouteId};
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::number::e164::E164;
use std::collections::HashMap;

/// Recipients of strict routes that have a part under way.
#[derive(Debug, Default)]
pub(crate) struct Strict {
    held: HashMap<(RouteId, E164), Turn, foldhash::fast::FixedState>,
    /// How many stand aside, for all recipients.
    aside: usize,
}

/// A recipient's turn.
#[derive(Debug)]
struct Turn {
    holder: PartKey,
    aside: Vec<PartKey>,
}

/// What a strict route says to a part that could go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// It goes.
    Go,
    /// It stands aside.
    Aside,
    /// Too many stand aside: its lane waits.
    Wait,
}

impl Strict {
    /// Parts that may stand aside: they are in memory.
    const ASIDE_MAX: usize = 10_000;

    fn asks(&mut self, of: (RouteId, E164), key: PartKey) -> Says {
        let full = Self::ASIDE_MAX <= self.aside;
        match self.held.get_mut(&of) {
            // To let it pass would break the order, and the lane can wait without memory.
            Some(turn) if turn.holder != key && full => Says::Wait,
            Some(turn) if turn.holder != key => {
                turn.aside.push(key);
                self.aside += 1;
                Says::Aside
            }
            _ => Says::Go,
        }
    }

    fn takes(&mut self, of: (RouteId, E164), key: PartKey) {
        self.held.entry(of).or_insert(Turn { holder: key, aside: Vec::new() });
    }

    fn frees(&mut self, of: (RouteId, E164), key: PartKey) -> Vec<PartKey> {
        if self.held.get(&of).is_none_or(|it| it.holder != key) {
            return Vec::new();
        }
        let aside = self.held.remove(&of).map(|it| it.aside).unwrap_or_default();
        self.aside -= aside.len();
        aside
    }
}

/// Of messages: whose turn theirs would be is asked of their routes.
impl Strict {
    /// Whether a part may go now, by the order of its route.
    pub(crate) fn says(&mut self, plan: &Plan, body: &Body, key: PartKey) -> Says {
        self.turn_of(plan, body).map_or(Says::Go, |of| self.asks(of, key))
    }

    /// The part is given to a link.
    pub(crate) fn gives(&mut self, plan: &Plan, body: &Body, key: PartKey) {
        if let Some(of) = self.turn_of(plan, body) {
            self.takes(of, key);
        }
    }

    /// Nobody's turn is held.
    pub(crate) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// The part has moved: those that stand aside for it, once it is through.
    pub(crate) fn free_after(&mut self, plan: &Plan, body: &Body, part: &Part) -> Vec<PartKey> {
        // A part in doubt may yet be sent again, and what went meanwhile would have overtaken it.
        if matches!(part.phase(), Phase::Queued | Phase::Intended | Phase::Doubtful) {
            return Vec::new();
        }
        self.turn_of(plan, body).map(|of| self.frees(of, part.key)).unwrap_or_default()
    }

    fn turn_of(&self, plan: &Plan, body: &Body) -> Option<(RouteId, E164)> {
        let strict = plan.routes.get(&body.route).is_some_and(|it| it.strict_order);
        // A part that holds its recipient keeps it, although the route asks no more for it.
        let of = (body.route, body.destination);
        (strict || self.held.contains_key(&of)).then_some(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: (RouteId, E164) = (RouteId(1), E164(31_612_345_678));
    const BEN: (RouteId, E164) = (RouteId(1), E164(31_612_345_679));

    #[test]
    fn one_part_at_a_time_goes_to_a_recipient_and_the_others_come_back_in_their_order() {
        let mut strict = Strict::default();
        assert_eq!(strict.asks(ANNA, PartKey(1)), Says::Go);
        strict.takes(ANNA, PartKey(1));
        assert_eq!(strict.asks(ANNA, PartKey(1)), Says::Go, "it is tried again");
        assert_eq!([2, 3].map(|it| strict.asks(ANNA, PartKey(it))), [Says::Aside; 2]);
        assert_eq!(strict.asks(BEN, PartKey(4)), Says::Go, "another recipient does not wait");
        assert_eq!(strict.frees(ANNA, PartKey(2)), []);
        assert_eq!(strict.frees(ANNA, PartKey(1)), [PartKey(2), PartKey(3)]);
        assert_eq!((strict.asks(ANNA, PartKey(2)), strict.aside), (Says::Go, 0));
    }

    #[test]
    fn no_more_stand_aside_than_memory_has_room_for() {
        let mut strict = Strict::default();
        strict.takes(ANNA, PartKey(1));
        for key in 0..Strict::ASIDE_MAX as u64 {
            assert_eq!(strict.asks(ANNA, PartKey(2 + key)), Says::Aside);
        }
        assert_eq!(strict.asks(ANNA, PartKey(9_999_999)), Says::Wait);
    }
}
