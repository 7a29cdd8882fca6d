//! What recipients wish: who has opted out gets no marketing, nobody is written to in quiet hours, and on a strict
//! route one part at a time goes to each.

use crate::simulation::dice::Dice;
use crate::simulation::scenario::Scenario;
use crate::simulation::world::World;
use nuncio::carrier::report::Ticket;
use nuncio::dispatch::door::happening::{Ask, Lift, Submission, Suppress};
use nuncio::message::class::Class;
use nuncio::message::id::PartKey;
use nuncio::message::phase::Phase;
use nuncio::number::e164::E164;
use nuncio::route::hours::Hours;
use nuncio::route::opt_out::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// One o'clock in the Netherlands, where all recipients are, in minutes: a run begins then, by the wall.
const BEGINS: u64 = 60;
/// Longer than a part waits because its recipient is throttled.
const KEPT_MAX: Duration = Duration::from_secs(30);

/// A number that is to be left in peace, or is to be written to again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    number: E164,
    stop: bool,
}

/// What was wished and is confirmed.
#[derive(Default)]
pub(crate) struct Wishes {
    /// What was asked for, by the request.
    asked: BTreeMap<u64, E164>,
    out: BTreeSet<E164>,
}

impl Scenario {
    /// Who does not want to be written to, when, and where the order is kept.
    pub(super) fn wishes(&mut self, dice: &mut Dice, requests: &[(u64, Submission)]) {
        let numbers: Vec<E164> = requests.iter().flat_map(|it| &it.1.recipients).map(|it| it.destination).collect();
        let count = dice.pick(&[0, 2, 10]);
        let wish = |dice: &mut Dice| Wish { number: dice.pick(&numbers), stop: dice.percent(80) };
        self.wishes = (0..count).map(|_| (dice.below(self.calm), wish(dice))).collect();
        let routes: Vec<_> = self.plans[0].routes.keys().copied().collect();
        for id in routes {
            // They begin and end while requests come.
            let from = (BEGINS + dice.below(self.calm / 60_000 + 1)) as u16;
            let hours = dice.percent(40).then(|| Hours { from, to: from + dice.range(1, 2) as u16 });
            let strict = dice.percent(20);
            for plan in &mut self.plans {
                let route = Arc::make_mut(plan).routes.get_mut(&id).expect("all have the same");
                (route.quiet_hours, route.strict_order) = (hours.filter(|_| !self.fair), strict);
            }
        }
    }

    /// Everybody is written to at once.
    pub(super) fn without_wishes(&mut self) {
        self.wishes.clear();
        for route in self.plans.iter_mut().flat_map(|it| Arc::make_mut(it).routes.values_mut()) {
            (route.quiet_hours, route.strict_order) = (None, false);
        }
    }
}

impl World {
    pub(super) fn wish(&mut self, Wish { number, stop }: Wish) {
        let key = Key { account: None, sender: None, number };
        if !stop {
            // It may count from now on.
            self.wishes.out.remove(&number);
            _ = self.ask(Ask::Lift(Lift(key, "it is theirs".into())));
        } else if let Some(request) = self.ask(Ask::Suppress(Suppress(key, "they wrote".into()))) {
            self.wishes.asked.insert(request.0, number);
        }
    }

    /// Who wished to be left in peace has been told that it is so.
    pub(super) fn suppressed(&mut self, request: u64) {
        let number = self.wishes.asked.remove(&request).expect("a reply to a request");
        self.wishes.out.insert(number);
        self.tally.note("opted out");
    }

    /// A part is given to a link: its recipient wants it, now, and no other of a strict route is under way to him.
    pub(super) fn check_wished(&mut self, ticket: Ticket) {
        let key = ticket.key();
        let body = &self.store.bodies[&key.seq()];
        let marketing = body.class == Class::Marketing && !self.wishes.out.is_empty();
        let out = marketing && self.wishes.out.contains(&body.destination);
        assert!(!out, "opted-out: {key:?} goes to {:?}", body.destination);
        let route = &self.plan.routes[&body.route];
        // A message that has begun to leave is not torn.
        let begun = self.store.parts_of(key.seq()).any(|it| it.key != key && it.attempt.is_some());
        let minute = minute_of(self.wall_at_beat());
        let quiet = route.quiet_hours.is_some_and(|it| it.contains(minute)) && !begun;
        assert!(!quiet, "quiet-hours: {key:?} goes in minute {minute}, {:?}", route.quiet_hours);
        // What a receipt of an earlier attempt has ended is through, though its last is still on a link.
        let same = |other: &&PartKey| {
            let (over, other) = (self.store.parts[*other].phase().is_final(), &self.store.bodies[&other.seq()]);
            !over && (other.route, other.destination) == (body.route, body.destination)
        };
        let beside = if route.strict_order { self.ledger.under_way().find(same) } else { None };
        assert!(beside.is_none(), "strict-order: {key:?} goes beside {beside:?}");
        let judged = [
            ("marketing beside opt-outs", marketing),
            ("sent beside quiet hours", route.quiet_hours.is_some() && !begun),
            ("sent in strict order", route.strict_order),
        ];
        judged.into_iter().for_each(|(what, so)| self.tally.add(what, u64::from(so)));
    }

    /// What quiet hours alone have kept goes when they are over.
    pub(super) fn look_for_kept(&mut self) {
        let (now, wall) = (self.time(), self.wall());
        let mut kept = 0;
        for part in self.store.parts.values().filter(|it| it.phase() == Phase::Queued && it.attempt.is_none()) {
            let body = &self.store.bodies[&part.key.seq()];
            let (Some(hours), Some(due)) = (self.plan.routes[&body.route].quiet_hours, part.due.known()) else {
                continue;
            };
            if hours.contains(minute_of(wall)) {
                kept += 1;
            } else if hours.to <= minute_of(wall) && self.asked.may_go(body, wall) {
                let late = KEPT_MAX < due.since(now);
                assert!(!late, "quiet-hours: {part:?} is kept after {hours:?}, it is {now:?}, on the wall {wall}");
            }
        }
        self.tally.add("kept in quiet hours", kept);
    }
}

/// The minute of the day where recipients are.
const fn minute_of(wall: u64) -> u16 {
    ((wall / 60_000 + BEGINS) % 1_440) as u16
}
