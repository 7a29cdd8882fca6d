//! What a carrier throttles, for one number or for all: the deciding floor with its store, against carriers that answer
//! as a rule says.

use super::lanes::{Bench, LINK, ROUTE, submission};
use nuncio::carrier::report::{Answered, Report, Ticket};
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::{Ask, Happening, Inspect, RequestId, Submission};
use nuncio::dispatch::door::plan::{Limits, Plan};
use nuncio::dispatch::door::reply::Grant;
use nuncio::dispatch::door::snapshot::Snapshot;
use nuncio::message::attempt::{Answer, CarrierMessageId};
use nuncio::message::class::Class;
use nuncio::message::id::{CarrierId, LinkId, PartKey, RouteId};
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::route::plan::Route;
use std::collections::BTreeMap;
use std::time::Duration;

/// The number that has enough.
const FULL: E164 = E164(31_600_000_000);
const OTHERS: u64 = 200;
const ESME_RMSGQFUL: u32 = 0x14;
const ESME_RTHROTTLED: u32 = 0x58;
const OTHER: LinkId = LinkId { carrier: CarrierId(2), bind: 0 };

/// A submit as it came to a carrier.
#[derive(Clone, Copy, Debug)]
struct Came {
    /// Milliseconds since the start.
    at: u64,
    link: LinkId,
    key: PartKey,
    to: E164,
    /// 0, or why it was refused.
    status: u32,
}

/// The deciding floor, and carriers that answer after a while.
struct Stage {
    bench: Bench,
    start: Time,
    latency: u64,
    answers: BTreeMap<u64, Vec<Happening>>,
    came: Vec<Came>,
}

impl Stage {
    fn new(change: impl FnOnce(&mut Plan)) -> Self {
        let mut plan = Bench::plan();
        plan.limits = Limits { ready_per_lane: 2_000, ..Limits::default() };
        change(&mut plan);
        let links: Vec<LinkId> =
            plan.carriers.values().flat_map(|it| (0..it.links).map(|bind| LinkId { carrier: it.id, bind })).collect();
        let bench = Bench::of(plan);
        let start = bench.now;
        let mut stage = Self { bench, start, latency: 5, answers: BTreeMap::new(), came: Vec::new() };
        let up = |link| Happening::Link(link, Report::Up { capacity: 20, window: 10 });
        stage.answers.insert(0, links.into_iter().map(up).collect());
        stage
    }

    fn asks(&mut self, submission: Submission) {
        let at = self.bench.now.since(self.start).as_millis() as u64;
        self.answers.entry(at).or_default().push(Happening::Ask(RequestId(1), Ask::Submit(Box::new(submission))));
    }

    /// Goes on until so many milliseconds after the start.
    fn play(&mut self, until: u64, mut says: impl FnMut(&Came) -> u32) {
        let mut next = self.bench.now;
        loop {
            let answer = self.answers.first_key_value().map(|it| self.start + Duration::from_millis(*it.0));
            let now = answer.map_or(next, |it| it.min(next)).max(self.bench.now);
            let at = now.since(self.start).as_millis() as u64;
            if until <= at {
                self.bench.now = self.start + Duration::from_millis(until);
                return;
            }
            self.bench.now = now;
            let happenings = self.answers.remove(&at).unwrap_or_default();
            let (_, outcome) = self.bench.beat(happenings);
            for command in &outcome.commands {
                let Command::Submit(link, submit) = command else { continue };
                let (key, to) = (submit.ticket.key(), submit.body.destination);
                let mut came = Came { at, link: *link, key, to, status: 0 };
                came.status = says(&came);
                self.came.push(came);
                let answered = answered(submit.ticket, came.status);
                let report = Happening::Link(*link, Report::Answered(submit.ticket, answered));
                self.answers.entry(at + self.latency).or_default().push(report);
            }
            next = outcome.next.unwrap_or(now + Duration::from_secs(1)).max(now + Duration::from_millis(1));
        }
    }

    fn taken(&self, wanted: impl Fn(&Came) -> bool) -> usize {
        self.came.iter().filter(|it| it.status == 0 && wanted(it)).count()
    }

    /// When what went to the number that has enough was tried.
    fn tries(&self) -> Vec<u64> {
        self.came.iter().filter(|it| it.to == FULL).map(|it| it.at).collect()
    }

    fn inspected(&mut self) -> Snapshot {
        let commands = self.bench.beat(vec![Happening::Ask(RequestId(9), Ask::Inspect(Inspect))]).1.commands;
        let snapshot = commands.into_iter().find_map(|it| match it {
            Command::Reply(RequestId(9), Ok(Grant::Inspected(snapshot))) => Some(*snapshot),
            _ => None,
        });
        snapshot.expect("it is answered")
    }

    /// How often what went to the number that has enough was throttled, as it stands in the store.
    fn throttled(&self) -> u32 {
        let entries = self.bench.store.all();
        entries.filter(|it| it.body.destination == FULL).flat_map(|it| it.parts).map(|it| it.throttled).sum()
    }
}

fn answered(ticket: Ticket, status: u32) -> Answered {
    let answer = match status {
        0 => Answer::Taken,
        // Over HTTP it is 429.
        ESME_RMSGQFUL | ESME_RTHROTTLED | 429 => Answer::Later,
        _ => Answer::Elsewhere,
    };
    Answered {
        answer,
        command_status: Some(status),
        carrier_message_id: (status == 0).then(|| CarrierMessageId::new(&format!("x{}", ticket.0)).unwrap()),
        reason: None,
        throttled: answer == Answer::Later,
        took: None,
    }
}

/// One message to the number that has enough.
fn to_full() -> Submission {
    submission(1)
}

/// And so many to others.
fn to_others(count: u64) -> Submission {
    let mut all = submission(1 + count);
    all.recipients.remove(0);
    all
}

/// Plays the number that has enough, then two hundred others.
fn one_is_full(change: impl FnOnce(&mut Plan), status: u32, others_by: RouteId) -> Stage {
    let mut stage = Stage::new(change);
    stage.asks(to_full());
    stage.play(1, |_| status);
    let class = if others_by == ROUTE { Class::Marketing } else { Class::Otp };
    stage.asks(Submission { route: others_by, class, ..to_others(OTHERS) });
    stage.play(20_000, |came| if came.to == FULL { status } else { 0 });
    stage
}

fn check(mut stage: Stage, within: u64, pace: Option<f64>) {
    let others = stage.taken(|it| it.to != FULL && it.at < within);
    assert_eq!(others as u64, OTHERS, "of two hundred others, {others} within {within} ms: {:?}", stage.came);
    let tries = stage.tries();
    assert!((4..=8).contains(&tries.len()), "it is tried again, and ever less often: {tries:?}");
    let waits: Vec<u64> = tries.windows(2).map(|it| it[1] - it[0]).collect();
    assert!(waits.is_sorted() && 7_000 < *waits.last().unwrap(), "{waits:?}");
    let snapshot = stage.inspected();
    assert_eq!(snapshot.carriers[0].pace, pace, "it does not touch the pace");
    let waiting: Vec<(u64, u64)> = snapshot.queues.iter().map(|it| (it.parts, it.throttled)).collect();
    assert_eq!(waiting, [(1, 1)]);
    assert_eq!(stage.throttled() as usize, tries.len());
}

#[test]
fn a_number_that_has_enough_holds_nobody_up() {
    check(one_is_full(|_| (), ESME_RMSGQFUL, ROUTE), 1_000, None);
}

#[test]
fn a_number_that_is_always_throttled_leaves_a_configured_pace_alone() {
    let paced = |plan: &mut Plan| plan.carriers.get_mut(&LINK.carrier).unwrap().pace = Some(200.0);
    check(one_is_full(paced, ESME_RTHROTTLED, ROUTE), 1_500, Some(200.0));
}

#[test]
fn a_number_that_has_enough_holds_up_neither_of_two_binds() {
    check(
        one_is_full(|plan| plan.carriers.get_mut(&LINK.carrier).unwrap().links = 2, ESME_RMSGQFUL, ROUTE),
        1_000,
        None,
    );
}

#[test]
fn a_number_that_has_enough_holds_nobody_up_under_strict_order() {
    let strict = |plan: &mut Plan| plan.routes.get_mut(&ROUTE).unwrap().strict_order = true;
    check(one_is_full(strict, ESME_RMSGQFUL, ROUTE), 1_000, None);
}

#[test]
fn a_number_that_has_enough_holds_no_codes_of_another_route_up() {
    let codes = RouteId(2);
    let two = |plan: &mut Plan| {
        plan.routes.insert(codes, Route::new(codes, Class::Otp, vec![LINK.carrier]));
    };
    check(one_is_full(two, ESME_RMSGQFUL, codes), 1_000, None);
}

#[test]
fn a_number_for_which_a_carrier_over_http_says_429_holds_nobody_up() {
    check(one_is_full(|_| (), 429, ROUTE), 1_000, None);
}

#[test]
fn numbers_that_have_enough_do_not_keep_each_other_busy() {
    let mut stage = Stage::new(|plan| plan.carriers.get_mut(&LINK.carrier).unwrap().pace = Some(100.0));
    // The first thirty of two hundred and thirty: 13 % in all, and all of what goes first.
    stage.asks(submission(230));
    stage.play(20_000, |came| if came.to.0 < FULL.0 + 30 { ESME_RMSGQFUL } else { 0 });
    let taken = stage.taken(|it| it.at < 12_000);
    assert_eq!(taken, 200, "{:?}", stage.came.iter().map(|it| (it.at, it.status)).collect::<Vec<_>>());
    let tries = stage.came.len() - stage.taken(|_| true);
    assert!(tries < 30 * 9, "{tries} tries of thirty");
}

#[test]
fn what_waits_for_a_number_that_had_enough_goes_in_its_order_once_it_is_taken() {
    for strict in [false, true] {
        let mut stage = Stage::new(|plan| plan.routes.get_mut(&ROUTE).unwrap().strict_order = strict);
        for _ in 0..30 {
            stage.asks(to_full());
        }
        stage.play(1, |_| ESME_RMSGQFUL);
        stage.asks(to_others(OTHERS));
        // More of it comes meanwhile.
        stage.play(5_000, |came| if came.to == FULL { ESME_RMSGQFUL } else { 0 });
        for _ in 0..30 {
            stage.asks(to_full());
        }
        stage.play(15_000, |came| if came.to == FULL { ESME_RMSGQFUL } else { 0 });
        assert_eq!(stage.taken(|_| true) as u64, OTHERS, "strict {strict}");
        let before = stage.tries().len();
        stage.play(40_000, |_| 0);
        assert!(before < 40, "one goes alone while it rests: {before} tries of sixty, strict {strict}");
        let taken: Vec<PartKey> =
            stage.came.iter().filter(|it| it.to == FULL && it.status == 0).map(|it| it.key).collect();
        assert!(taken.len() == 60 && taken.is_sorted(), "strict {strict}: {taken:?}");
    }
}

#[test]
fn what_one_carrier_throttles_for_a_number_goes_to_another_when_it_has_waited_long_enough() {
    let mut stage = Stage::new(|plan| {
        *plan = Bench::plan_over(&[LINK.carrier, OTHER.carrier]);
        plan.routes.insert(ROUTE, Route::new(ROUTE, Class::Transactional, vec![LINK.carrier, OTHER.carrier]));
    });
    for _ in 0..3 {
        stage.asks(Submission { class: Class::Transactional, ..to_full() });
    }
    stage.play(60_000, |came| if came.link == LINK { ESME_RMSGQFUL } else { 0 });
    let there: Vec<(u64, PartKey)> =
        stage.came.iter().filter(|it| it.link == OTHER).map(|it| (it.at, it.key)).collect();
    assert!(there.len() == 3 && there.iter().all(|it| (30_000..31_000).contains(&it.0)), "{there:?}");
    assert!(there.is_sorted_by_key(|it| it.1), "{there:?}");
}

#[test]
fn what_rests_at_a_carrier_that_goes_down_goes_to_another_at_once() {
    let mut stage = Stage::new(|plan| *plan = Bench::plan_over(&[LINK.carrier, OTHER.carrier]));
    for _ in 0..3 {
        stage.asks(to_full());
    }
    stage.play(10_000, |came| if came.link == LINK { ESME_RMSGQFUL } else { 0 });
    assert_eq!(stage.taken(|_| true), 0);
    let down = Happening::Link(LINK, Report::Up { capacity: 0, window: 0 });
    stage.answers.entry(10_000).or_default().push(down);
    stage.play(10_100, |_| 0);
    assert_eq!(stage.taken(|it| it.link == OTHER), 3, "{:?}", stage.came);
}

#[test]
fn what_rests_survives_a_crash() {
    let mut stage = Stage::new(|_| ());
    for _ in 0..3 {
        stage.asks(to_full());
    }
    stage.play(10_000, |_| ESME_RMSGQFUL);
    stage.bench.crash();
    stage.answers.clear();
    stage.answers.insert(10_000, vec![Happening::Link(LINK, Report::Up { capacity: 20, window: 10 })]);
    stage.play(11_000, |_| 0);
    assert_eq!(stage.taken(|it| it.to == FULL), 3);
}

#[test]
fn a_carrier_that_throttles_all_is_left_in_peace_and_has_everything_in_its_order_afterwards() {
    let mut stage = Stage::new(|_| ());
    stage.asks(to_others(50));
    stage.play(30_000, |_| ESME_RTHROTTLED);
    let tries = stage.came.len();
    // Each of fifty waits longer each time.
    assert!((100..350).contains(&tries), "{tries} submits in half a minute");
    stage.play(60_000, |_| 0);
    assert_eq!(stage.taken(|_| true), 50);
    let late = stage.came.iter().filter(|it| it.status == 0).map(|it| it.at).max().unwrap();
    assert!(late < 40_000, "all is there {late} ms after the start");
}

/// A bucket of tokens of the carrier.
struct Bucket {
    rate: f64,
    depth: f64,
    tokens: f64,
    at: u64,
}

impl Bucket {
    const fn new(rate: f64, depth: f64) -> Self {
        Self { rate, depth, tokens: depth, at: 0 }
    }

    fn says(&mut self, now: u64) -> u32 {
        self.tokens = (self.tokens + (now - self.at) as f64 / 1_000.0 * self.rate).min(self.depth);
        self.at = now;
        if self.tokens < 1.0 {
            return ESME_RTHROTTLED;
        }
        self.tokens -= 1.0;
        0
    }
}

#[test]
fn a_carrier_with_a_limit_has_nearly_all_of_it_from_the_third_second_on() {
    for (rate, latency, links) in [(20.0, 20, 1), (50.0, 60, 2), (500.0, 5, 1), (500.0, 60, 4)] {
        let mut stage = Stage::new(|plan| plan.carriers.get_mut(&LINK.carrier).unwrap().links = links);
        stage.latency = latency;
        stage.asks(to_others((rate * 34.0) as u64));
        let mut bucket = Bucket::new(rate, (rate / 10.0_f64).max(2.0));
        stage.play(32_000, |came| bucket.says(came.at));
        let (mut taken, mut throttled) = (0, 0);
        for came in stage.came.iter().filter(|it| 2_000 <= it.at) {
            *if came.status == 0 { &mut taken } else { &mut throttled } += 1;
        }
        let share = f64::from(taken) / rate / 30.0;
        let refused = f64::from(throttled) / f64::from(taken + throttled);
        println!("{rate}/s over {links}, {latency} ms: {share:.3} taken, {refused:.4} throttled");
        // A minute has 3 % at most; this is half of one, and the search is behind its beginning.
        assert!(0.85 < share && refused < 0.04, "{rate}/s, {latency} ms, {links} links: {share:.3} {refused:.3}");
    }
}

#[test]
fn a_carrier_that_throttles_one_in_sixty_keeps_its_speed() {
    let mut stage = Stage::new(|_| ());
    stage.asks(to_others(6_000));
    let mut nth = 0;
    stage.play(10_000, |_| {
        nth += 1;
        if nth % 60 == 0 { ESME_RTHROTTLED } else { 0 }
    });
    // Ten at once each five milliseconds, and one more for each that is thrown back.
    let last = stage.came.iter().filter(|it| it.status == 0).map(|it| it.at).max().unwrap();
    assert_eq!(stage.taken(|_| true), 6_000);
    let most = stage.came.iter().filter(|it| it.status == 0).nth(5_900).unwrap();
    assert!(most.at < 2_500 && last < 5_000, "{} and {last} ms", most.at);
}
