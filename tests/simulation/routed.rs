//! Routes of several carriers: carriers that die, stall, throttle, refuse, lie and recover, each alone or together;
//! and with one that is always well, everything arrives.

use crate::simulation::dice::{Dice, Seed};
use crate::simulation::scenario::{Fault, Scenario, Weather, ms};
use crate::simulation::seeds::Play;
use crate::simulation::tally::Tally;
use crate::simulation::world::World;
use nuncio::carrier::dialect::{Dialect, ReceiptsAsked};
use nuncio::dispatch::door::plan::Plan;
use nuncio::message::id::{CarrierId, LinkId};
use nuncio::message::phase::Phase;
use nuncio::route::plan::{Retry, Route, UnknownPolicy};
use std::sync::Arc;
use std::time::Duration;

/// Routes of several carriers.
pub(super) const SEVERAL: Play = Play {
    name: "several",
    seeds: 100,
    run: run_several,
    least: &[
        ("crashes", 16),
        ("failed commits", 3),
        ("drained", 20),
        ("links drained in flight", 8),
        ("receipts awaited over a start", 100),
        ("forgotten", 3_000),
        ("receipts of what is forgotten", 8),
        ("opted out", 150),
        ("blocked", 200),
        ("moves", 6_000),
        ("parts at several carriers", 1_200),
        ("doubts of a crash", 20),
        ("doubts without answer", 500),
        ("submits beyond the first", 60),
        ("delivered", 8_000),
        ("undeliverable", 1_900),
        ("UNDELIV", 2_200),
        ("EXPIRED", 300),
        ("expired", 1_400),
        ("failed", 900),
        ("ends compared", 8_500),
        ("corrections", 150),
        ("receipts of a second delivery", 150),
        ("refunds", 500),
        ("ends told", 8_000),
        ("receipts told", 11_000),
        ("refunds told", 1_000),
        ("figures compared", 3_300),
        ("ids given anew", 450),
        ("marketing beside opt-outs", 700),
        ("sent beside quiet hours", 3_800),
        ("kept in quiet hours", 38_000),
        ("sent in strict order", 1_700),
    ],
};
/// The same, with one carrier that is always well.
pub(super) const HEALTHY: Play = Play {
    name: "healthy",
    seeds: 40,
    run: run_with_one_healthy,
    least: &[("moves", 3_000), ("parts at several carriers", 900), ("delivered", 7_000), ("figures compared", 1_100)],
};

/// How many carriers at most.
const CARRIERS_MAX: u64 = 4;

impl Scenario {
    /// A scenario whose routes have several carriers, with faults of whole carriers among the others.
    pub(crate) fn routed(dice: &mut Dice) -> Self {
        let mut scenario = Self::new(dice);
        scenario.add_carriers(dice);
        let carriers: Vec<CarrierId> = scenario.weather.keys().copied().collect();
        let first = Arc::make_mut(&mut scenario.plans[0]);
        for route in first.routes.values_mut() {
            route.carriers = some(dice, &carriers);
            set_waits(dice, route);
        }
        // Another configuration has the same carriers for a route, perhaps in another order.
        let routes = first.routes.clone();
        for (id, route) in &mut Arc::make_mut(&mut scenario.plans[1]).routes {
            *route = Route { unknown: route.unknown, ..routes[id].clone() };
            if dice.percent(30) {
                route.carriers.reverse();
            }
        }
        let faults = if scenario.fair {
            Self::throttled(dice, &carriers, scenario.calm)
        } else {
            Self::sick(dice, &carriers, scenario.calm)
        };
        scenario.faults.extend(faults);
        scenario
    }

    /// The same where one carrier of every route never fails, the others do in every way, and nothing is final that
    /// another carrier could mend.
    pub(crate) fn with_one_healthy(dice: &mut Dice) -> Self {
        let mut scenario = Self::routed(dice);
        let carriers: Vec<CarrierId> = scenario.weather.keys().copied().collect();
        let healthy = dice.pick(&carriers);
        for (id, it) in &mut scenario.weather {
            (it.faithful, it.odd_receipts) = (true, 0);
            if *id == healthy {
                *it = Weather { lost_answers: 0, refusals: 0, bind_errors: 0, receipt_delay: 500, ..it.clone() };
            }
        }
        scenario.healthy = Some(healthy);
        scenario.without_wishes();
        scenario.change(|plan| {
            for route in plan.routes.values_mut() {
                if !route.carriers.contains(&healthy) {
                    route.carriers.push(healthy);
                }
                route.unknown = UnknownPolicy::Resend;
                route.retry = Retry { attempts: 100, ..route.retry };
                route.receipt_window = Some(Duration::from_secs(10));
            }
            if let Some(carrier) = plan.carriers.get_mut(&healthy) {
                (carrier.pace, carrier.pace_per_link) = (None, None);
            }
        });
        scenario.ask_for_all_receipts();
        // What was at the carrier that is well when the daemon was killed is in doubt, and goes to one that is not.
        let sound = |it: &Fault| it.carrier() != Some(healthy) && !matches!(it, Fault::Crash | Fault::FailCommit(..));
        scenario.faults.retain(|(_, it)| sound(it));
        scenario.faults.extend(Self::sick(dice, &carriers, scenario.calm).into_iter().filter(|(_, it)| sound(it)));
        scenario.requests.iter_mut().for_each(|(_, it)| it.validity = LONG);
        scenario.cancels.clear();
        scenario.patience += LONG.as_millis() as u64;
        scenario
    }

    /// A part that goes on without its message's last is asked for as well.
    fn ask_for_all_receipts(&mut self) {
        let all = |it: &Arc<Dialect>| Arc::new(Dialect { receipts: ReceiptsAsked::All, ..(**it).clone() });
        self.links.values_mut().for_each(|it| it.dialect = all(&it.dialect));
        self.change(|plan| plan.carriers.values_mut().for_each(|it| it.dialect = all(&it.dialect)));
    }

    /// So that there are at least two.
    fn add_carriers(&mut self, dice: &mut Dice) {
        let wanted = dice.range(2, CARRIERS_MAX) as u16;
        let response_timeout =
            self.links.values().next().expect("a carrier has binds").session.response_timeout.as_millis() as u64;
        for id in (self.weather.len() as u16 + 1..=wanted).map(CarrierId) {
            let weather = Self::weather(dice, self.fair);
            let carrier = Self::carrier(dice, id, &weather, (self.fair, response_timeout), &mut self.links);
            self.weather.insert(id, weather);
            self.change(|plan| drop(plan.carriers.insert(id, carrier.clone())));
        }
    }

    /// Changes every variant of the configuration.
    fn change(&mut self, mut how: impl FnMut(&mut Plan)) {
        self.plans.iter_mut().for_each(|it| how(Arc::make_mut(it)));
    }

    /// Carriers that fail for a while.
    fn sick(dice: &mut Dice, carriers: &[CarrierId], calm: u64) -> Vec<(u64, Fault)> {
        let fault = |dice: &mut Dice| {
            let (carrier, span) = (dice.pick(carriers), dice.range(500, calm / 2));
            let fault = match dice.below(6) {
                0 => Fault::Dead(carrier, span),
                1 => Fault::HalfDead(carrier, span),
                2 => Fault::Throttle(carrier, span),
                3 => Fault::Lie(carrier, span),
                _ => Fault::Sick(carrier, span),
            };
            (dice.below(calm), fault)
        };
        (0..dice.range(0, 10)).map(|_| fault(dice)).collect()
    }

    /// Carriers that ask for less for a while, which does not change the order.
    fn throttled(dice: &mut Dice, carriers: &[CarrierId], calm: u64) -> Vec<(u64, Fault)> {
        let fault =
            |dice: &mut Dice| (dice.below(calm), Fault::Throttle(dice.pick(carriers), dice.range(500, calm / 4)));
        (0..dice.range(0, 3)).map(|_| fault(dice)).collect()
    }
}

/// The validity where everything is to arrive: longer than all faults and pauses.
const LONG: Duration = Duration::from_secs(1_800);

impl Fault {
    /// The carrier that has it, if it is one's.
    const fn carrier(&self) -> Option<CarrierId> {
        match self {
            Self::Cut(LinkId { carrier, .. }) | Self::Dark(LinkId { carrier, .. }) => Some(*carrier),
            Self::HalfDead(carrier, _) | Self::Throttle(carrier, _) | Self::Refuse(carrier, _) => Some(*carrier),
            Self::Dead(carrier, _) | Self::Sick(carrier, _) | Self::Lie(carrier, _) => Some(*carrier),
            Self::Pause(carrier, _) => Some(*carrier),
            Self::Crash | Self::FailCommit(..) | Self::Reconfigure | Self::Restart | Self::Wall(_) => None,
        }
    }
}

/// Some of them in some order: mostly more than one.
fn some(dice: &mut Dice, carriers: &[CarrierId]) -> Vec<CarrierId> {
    let mut left = carriers.to_vec();
    let count = if dice.percent(15) { 1 } else { dice.range(2, left.len() as u64) };
    (0..count).map(|_| left.swap_remove(dice.below(left.len() as u64) as usize)).collect()
}

/// How long a route waits before it tries another carrier.
fn set_waits(dice: &mut Dice, route: &mut Route) {
    route.receipt_window = dice.percent(50).then(|| ms(dice.range(1_000, 20_000)));
    route.max_wait = dice.percent(50).then(|| ms(dice.range(500, 10_000)));
}

fn run(seed: Seed, scenario: impl Fn(&mut Dice) -> Scenario) -> World {
    let mut world = World::of(seed, scenario(&mut seed.dice("scenario")));
    world.run();
    world
}

fn run_several(seed: Seed) -> Tally {
    run(seed, Scenario::routed).check_ending()
}

/// Everything was delivered, much of it after the first carrier had failed.
fn run_with_one_healthy(seed: Seed) -> Tally {
    let world = run(seed, Scenario::with_one_healthy);
    for part in world.store.parts.values() {
        let tale: Vec<_> = world.store.attempts_of(part.key).collect();
        let healthy = world.scenario.healthy;
        assert_eq!(part.phase(), Phase::Delivered, "recovery: {healthy:?} was always well, {part:?}, {tale:?}");
    }
    world.check_ending()
}

#[test]
fn every_seed_with_several_carriers_keeps_the_promises() {
    SEVERAL.each_seed();
}

#[test]
fn with_one_healthy_carrier_everything_is_delivered() {
    HEALTHY.each_seed();
}
