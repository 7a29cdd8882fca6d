//! The counters of all processes of a run, as scrapes show them, beside what the run has counted itself: in what
//! happened, in what became durable, and only where neither says enough in what the gateway told.

use crate::simulation::failover::{ACME, answered, bench, only, order, receipt};
use crate::simulation::handsets::piece;
use crate::simulation::lanes::ROUTE;
use crate::simulation::receipts::meaning;
use crate::simulation::watch::Watched;
use crate::simulation::world::World;
use nuncio::carrier::report::{Answered, News, Queried, Report};
use nuncio::dispatch::door::fact::{Fact, Fate};
use nuncio::dispatch::door::happening::Happening;
use nuncio::dispatch::door::plan::Plan;
use nuncio::message::attempt::{Answer, Cause};
use nuncio::message::id::{AccountId, CarrierId, LinkId, PartKey, RouteId};
use nuncio::message::money::{Currency, Money};
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::price::PriceTable;
use nuncio::message::status::Status;
use nuncio::number::e164::E164;
use nuncio::record::batch::Marks;
use nuncio::record::event::EventKind;
use nuncio::record::money::Why;
use nuncio::route::plan::UnknownPolicy;
use nuncio::smpp::status::CommandStatus;
use nuncio::telemetry::facts;
use nuncio::telemetry::labels::{Labels, OTHER};
use nuncio::telemetry::meters::Meters;
use nuncio::telemetry::names::{self, ALL, Kind, Metric};
use nuncio::telemetry::recorder::Exposition;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What accounts pay in, and carriers charge in.
pub(super) const CURRENCY: &str = "EUR";
/// What a carrier charges for a part.
const COST: i64 = 7_001;

/// What each carrier charges.
pub(super) fn costs() -> PriceTable {
    PriceTable {
        currency: Currency::parse(CURRENCY).expect("there is one"),
        default: None,
        countries: [("NL".into(), Money(COST))].into(),
        prefixes: BTreeMap::new(),
    }
}

/// Counts of series, by name and labels as a page has them.
type Series = BTreeMap<String, u64>;

/// What processes have shown, and what they should.
#[derive(Default)]
pub(crate) struct Figures {
    process: Option<(Exposition, Meters)>,
    shown: Series,
    expected: Series,
    /// What the record shows of what may happen more than once between two commits.
    least: Series,
    /// Parts that stood on a link when the process began: it tells so with its first beat.
    left_on_links: BTreeMap<CarrierId, u64>,
    /// What handsets wrote and was taken.
    pieces: BTreeSet<(CarrierId, String)>,
    /// How many receipts were parked.
    parked: u64,
    /// Attempts of a carrier that were told to probe, less those that are recorded to.
    unrecorded: BTreeMap<String, i64>,
}

/// A beat that is durable.
pub(super) struct Told<'a> {
    pub(super) happenings: &'a [Happening],
    pub(super) facts: &'a [Fact],
    /// The phases of the parts that were answered, before it.
    pub(super) answered: &'a BTreeMap<PartKey, Phase>,
    /// Receipts that had waited for as long as they are kept, of whom.
    pub(super) overdue: Vec<(u64, CarrierId)>,
}

fn series(metric: &Metric, values: &[&str]) -> String {
    assert_eq!(metric.labels.len(), values.len(), "the labels of {}", metric.name);
    let count = if matches!(metric.kind, Kind::Histogram(_)) { "_count" } else { "" };
    let labels: Vec<String> = metric.labels.iter().zip(values).map(|(name, it)| format!("{name}=\"{it}\"")).collect();
    match labels.is_empty() {
        true => format!("{}{count}", metric.name),
        false => format!("{}{count}{{{}}}", metric.name, labels.join(",")),
    }
}

/// A status as the word of a receipt means it.
fn status(word: &str) -> Status {
    match meaning(word) {
        Some(Phase::Delivered) => Status::Delivered,
        Some(Phase::Expired) => Status::Expired,
        Some(Phase::Unknown) => Status::Unknown,
        Some(_) => Status::Failed,
        None => Status::Sent,
    }
}

fn country(number: E164) -> &'static str {
    number.country().filter(|it| *it == "NL").unwrap_or(OTHER)
}

fn error(command_status: u32) -> &'static str {
    CommandStatus::ALL.iter().find(|it| it.as_u32() == command_status).map_or(OTHER, |it| it.name())
}

impl Figures {
    fn expect(&mut self, metric: &Metric, labels: &[&str], count: u64) {
        *self.expected.entry(series(metric, labels)).or_default() += count;
    }

    fn expect_at_least(&mut self, metric: &Metric, labels: &[&str]) {
        *self.least.entry(series(metric, labels)).or_default() += 1;
    }

    /// A process begins.
    pub(super) fn begin(&mut self, plan: &Plan, store: &Watched) {
        let exposition = Exposition::new();
        let meters = Meters::new(&exposition, &labels(plan));
        self.process = Some((exposition, meters));
        self.left_on_links.clear();
        for part in store.parts.values().filter(|it| it.phase() == Phase::Intended) {
            *self.left_on_links.entry(carrier_of(part)).or_default() += 1;
        }
    }

    /// A process ends: what it showed last is added to what others did.
    pub(super) fn end(&mut self) {
        let Some((exposition, _)) = self.process.take() else { return };
        let counts = |it: &&&Metric| !matches!(it.kind, Kind::Gauge);
        let names: BTreeSet<String> = ALL.iter().filter(counts).map(|it| counted_as(it)).collect();
        for line in exposition.render().lines() {
            let Some((series, value)) = line.rsplit_once(' ').filter(|_| !line.starts_with('#')) else { continue };
            if names.contains(series.split('{').next().expect("split gives something")) {
                *self.shown.entry(series.to_owned()).or_default() += value.parse::<u64>().expect("a count");
            }
        }
    }

    fn beat(&mut self, told: &Told<'_>, store: &Watched, plan: &Plan) {
        for (carrier, count) in std::mem::take(&mut self.left_on_links) {
            self.expect(&names::UNKNOWN_OUTCOMES, &[&plan.carriers[&carrier].name, "crash"], count);
        }
        for happening in told.happenings {
            match happening {
                Happening::Reconfigure(plan) => self.reload(plan),
                Happening::Link(link, report) => self.heard(told, (*link, report), store, plan),
                _ => (),
            }
        }
        self.durable(told, store, plan);
        told.facts.iter().for_each(|it| self.said(it, plan));
        assert_eq!(store.marks.next_parked, Marks::first().next_parked + self.parked, "figures: receipts were parked");
        let (_, meters) = self.process.as_ref().expect("a process beats");
        facts::count_all(meters, told.facts);
    }

    /// Another configuration has meters of its own, over the same values.
    fn reload(&mut self, plan: &Plan) {
        let (exposition, meters) = self.process.as_mut().expect("a process reloads");
        *meters = Meters::new(exposition, &labels(plan));
    }

    fn heard(&mut self, told: &Told<'_>, (link, report): (LinkId, &Report), store: &Watched, plan: &Plan) {
        let carrier = &*plan.carriers[&link.carrier].name;
        match report {
            Report::Answered(ticket, it) => {
                self.answered(carrier, it, country(store.bodies[&ticket.key().seq()].destination));
                let given = told.answered.get(&ticket.key()) == Some(&Phase::Intended);
                let doubt = it.answer == Answer::Unknown && given;
                self.expect(&names::UNKNOWN_OUTCOMES, &[carrier, "no_answer"], doubt.into());
            }
            Report::Queried(_, queried) => {
                let result = match queried {
                    Queried::State(it) if it.status.is_final() && it.status != Status::Unknown => "final",
                    Queried::State(_) => "pending",
                    Queried::Refused | Queried::Unserved => "refused",
                    Queried::Unanswered | Queried::Ignored => "unanswered",
                };
                self.expect(&names::QUERIES, &[carrier, result], 1);
            }
            Report::Inbound { news: News::Receipt(news), .. } => {
                self.expect(&names::RECEIPTS, &[carrier, status(&news.receipt.raw_status).word()], 1);
            }
            Report::Inbound { news: News::Mo(mo), .. } => {
                let fresh = self.pieces.insert((link.carrier, piece(&mo.octets)));
                let metric = if fresh { &names::MO } else { &names::MO_REDELIVERED };
                self.expect(metric, &[carrier], 1);
            }
            _ => (),
        }
    }

    fn answered(&mut self, carrier: &str, it: &Answered, country: &str) {
        self.expect(&names::SUBMITS, &[carrier, country, it.answer.word()], 1);
        if let Some(status) = it.command_status.filter(|it| *it != 0) {
            self.expect(&names::SUBMIT_ERRORS, &[carrier, error(status)], 1);
        }
        self.expect(&names::THROTTLED, &[carrier], it.throttled.into());
        self.expect(&names::WINDOW_WAIT, &[carrier], it.took.is_some().into());
        let timed = it.took.is_some() && !matches!(it.answer, Answer::NotSent | Answer::Unknown);
        self.expect(&names::SUBMIT_DURATION, &[carrier], timed.into());
    }

    /// What the commit of a beat shows.
    fn durable(&mut self, told: &Told<'_>, store: &Watched, plan: &Plan) {
        let name = |it: CarrierId| &*plan.carriers[&it].name;
        let mut moves = BTreeSet::new();
        for (key, before) in &store.changed {
            let part = &store.parts[key];
            let same = |it: &Part| it.phase() == Phase::Intended && attempted(it) == attempted(part);
            let given = !before.as_ref().is_some_and(same) || told.answered.contains_key(key);
            if part.phase() == Phase::Intended && given {
                self.given(name(carrier_of(part)), (before.as_ref(), part), store);
            }
            // What stays after all goes back without a word.
            let moved = |it: &Part| it.lane.carrier() == part.lane.carrier();
            if let Some(it) = part.moved.as_ref().filter(|_| !before.as_ref().is_some_and(moved)) {
                moves.insert((key.seq(), it.from, part.lane.carrier(), it.cause.word()));
            }
        }
        for (_, from, to, cause) in moves {
            self.expect_at_least(&names::FAILOVERS, &[name(from), name(to), cause]);
        }
        for ((key, number), before) in &store.changed_attempts {
            let now = store.attempts_of(*key).find(|it| it.number == *number).expect("it was changed");
            let end = |it: &Status| *it != Status::Sent;
            let said = now.receipt.as_ref().map(|it| it.status).filter(end);
            if let Some(status) = said.filter(|it| *before != Some(*it)) {
                let body = &store.bodies[&key.seq()];
                let (carrier, class) = (name(now.link.carrier), body.class.word());
                let labels = [carrier, country(body.destination), class, status.word()];
                self.expect_at_least(&names::DELIVERY_OUTCOMES, &labels);
            }
        }
        let gone = !told.overdue.is_empty() && told.overdue.iter().all(|it| !store.parked.contains_key(&it.0));
        for (_, carrier) in told.overdue.iter().filter(|_| gone) {
            self.expect(&names::RECEIPTS_UNMATCHED, &[name(*carrier)], 1);
        }
    }

    fn given(&mut self, carrier: &str, (before, part): (Option<&Part>, &Part), store: &Watched) {
        let is = |it: &Part| it.attempt.as_ref().map(|it| (it.number, it.cause));
        let (number, recorded) = is(part).expect("it is on a link");
        // An attempt that used nothing up is made again under its number, and keeps the cause that it had.
        let stayed = before.filter(|it| it.moved.is_none());
        let again = stayed.and_then(is) == Some((number, recorded));
        match if again { Cause::Retry } else { recorded } {
            Cause::First => self.expect(&names::QUEUE_WAIT, &[store.bodies[&part.key.seq()].class.word()], 1),
            cause => self.expect(&names::RETRIES, &[carrier, cause.word()], 1),
        }
        *self.unrecorded.entry(carrier.to_owned()).or_default() -= i64::from(!again && recorded == Cause::Probe);
    }

    /// What only the gateway says: it decides in one beat about several things one after the other.
    fn said(&mut self, fact: &Fact, plan: &Plan) {
        let name = |it: &CarrierId| &*plan.carriers[it].name;
        match fact {
            Fact::Failover { from, to, cause, .. } => {
                self.expect(&names::FAILOVERS, &[name(from), name(to), cause.word()], 1);
            }
            Fact::Outcome { carrier, country, class, status, .. } => {
                let labels = [name(carrier), country.unwrap_or(OTHER), class.word(), status.word()];
                self.expect(&names::DELIVERY_OUTCOMES, &labels, 1);
                if *status == Status::Delivered {
                    self.expect(&names::DELIVERY, &[name(carrier), class.word()], 1);
                }
            }
            Fact::Receipt { carrier, fate: Fate::Parked, .. } => {
                self.parked += 1;
                self.expect(&names::RECEIPT_DELAY, &[name(carrier)], 0);
            }
            Fact::Receipt { carrier, fate, .. } => {
                self.expect(&names::RECEIPT_DELAY, &[name(carrier)], 1);
                match fate {
                    Fate::Late => self.expect(&names::RECEIPTS_LATE, &[name(carrier)], 1),
                    Fate::Duplicate => self.expect(&names::RECEIPTS_DUPLICATE, &[name(carrier)], 1),
                    Fate::Double => self.expect(&names::DELIVERIES_DOUBLE, &[name(carrier)], 1),
                    _ => (),
                }
            }
            // Of one that is made again the record does not say that it probes.
            Fact::Submitted { link, cause: Cause::Probe, .. } => {
                *self.unrecorded.entry(name(&link.carrier).to_owned()).or_default() += 1;
            }
            _ => (),
        }
    }

    /// What the record says in the end.
    fn recorded(&mut self, store: &Watched, plan: &Plan, sent: &BTreeMap<RouteId, u64>) {
        let route = |it: RouteId| it.shown().to_string();
        let account = |it: AccountId| plan.accounts.get(&it).map_or(OTHER, |it| &*it.name).to_owned();
        for (carrier, probes) in std::mem::take(&mut self.unrecorded) {
            let probes = u64::try_from(probes).expect("figures: a probe is told");
            self.expect(&names::RETRIES, &[&carrier, Cause::Probe.word()], probes);
            let retries = self.expected.entry(series(&names::RETRIES, &[&carrier, Cause::Retry.word()])).or_default();
            *retries = retries.checked_sub(probes).expect("figures: what probes is made again");
        }
        for body in store.bodies.values() {
            self.expect(&names::MESSAGES_ACCEPTED, &[&account(body.account), body.class.word()], 1);
            self.expect(&names::MESSAGES, &[&route(body.route), Status::Queued.word()], 1);
        }
        for (id, count) in sent {
            self.expect(&names::MESSAGES, &[&route(*id), Status::Sent.word()], *count);
        }
        for event in store.events() {
            let data: Value = serde_json::from_str(&event.data).expect("it is JSON");
            if event.about.is_some() {
                let status = data["status"].as_str().expect("an event of a message says how it stands");
                self.expect(&names::MESSAGES, &[&data["route_id"].to_string(), status], 1);
            } else if event.kind == EventKind::MessageReceived && event.account.is_none() {
                self.expect(&names::MO_UNROUTED, &[data["carrier"].as_str().expect("it came from one")], 1);
            }
        }
        for line in store.memory.ledger() {
            let metric = match line.why {
                Why::Charge => &names::CHARGED,
                Why::Refund => &names::REFUNDED,
                Why::Credit => continue,
            };
            self.expect(metric, &[&account(line.account), CURRENCY], line.amount.0.unsigned_abs());
        }
        for key in store.parts.keys() {
            for it in store.attempts_of(*key) {
                let labels = [&*plan.carriers[&it.link.carrier].name, store.bodies[&key.seq()].class.word(), CURRENCY];
                self.expect(&names::COST, &labels, it.cost.map_or(0, |it| it.0.unsigned_abs()));
            }
        }
    }
}

/// Which attempt a part is on.
fn attempted(part: &Part) -> Option<(u8, LinkId, u64)> {
    part.attempt.as_ref().map(|it| (it.number, it.link, it.intended_at.0))
}

/// The carrier of the attempt that a part is on.
fn carrier_of(part: &Part) -> CarrierId {
    part.attempt.as_ref().expect("it is on a link").link.carrier
}

fn labels(plan: &Plan) -> Labels {
    Labels::of(plan, |it| plan.carriers[&it].links)
}

/// The name under which a metric stands in a page where it counts.
fn counted_as(metric: &Metric) -> String {
    let count = if matches!(metric.kind, Kind::Histogram(_)) { "_count" } else { "" };
    format!("{}{count}", metric.name)
}

impl World {
    /// A beat is durable, and telemetry counts what it tells.
    pub(super) fn count_figures(&mut self, told: &Told<'_>) {
        self.figures.beat(told, &self.store, &self.plan);
    }

    /// The receipts that a look would give up, for they have waited: the oldest, as long as each has.
    pub(super) fn overdue_receipts(&self) -> Vec<(u64, CarrierId)> {
        let kept = |it: CarrierId| self.plan.carriers[&it].parked_for;
        let now = self.time();
        let over = self.store.parked.values().take_while(|it| kept(it.carrier) <= now.since(it.receipt.received_at));
        over.map(|it| (it.number, it.carrier)).collect()
    }

    /// Every counter is what there was to count, and what counted nothing stands at 0; where no commit failed, which
    /// takes what it told with it.
    pub(super) fn check_figures(&mut self) {
        let mut figures = std::mem::take(&mut self.figures);
        figures.end();
        if self.tally.of("failed commits") != 0 {
            return;
        }
        figures.recorded(&self.store, &self.plan, self.ledger.sent());
        let Figures { shown, expected, least, .. } = figures;
        let names: BTreeSet<&String> = shown.keys().chain(expected.keys()).collect();
        let of = |all: &Series, name: &String| all.get(name).copied().unwrap_or(0);
        let differ = |name: &&&String| of(&shown, name) != of(&expected, name) || of(&shown, name) < of(&least, name);
        let say = |name: &&String| {
            format!("{name} shows {} of {}, {} at least", of(&shown, name), of(&expected, name), of(&least, name))
        };
        let wrong: Vec<String> = names.iter().filter(differ).map(say).collect();
        assert!(wrong.is_empty(), "figures: {}", wrong.join("\n"));
        self.tally.add("figures compared", shown.values().filter(|it| **it != 0).count() as u64);
    }
}

#[test]
fn what_a_receipt_shows_to_be_taken_is_counted_to_cost() {
    let mut bench = bench(|plan| {
        Arc::make_mut(&mut plan.carriers.get_mut(&ACME.carrier).unwrap().dialect).cost = Some(costs());
        plan.routes.get_mut(&ROUTE).unwrap().unknown = UnknownPolicy::Hold;
    });
    let ticket = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    bench.beat(vec![answered(ACME, ticket, Answer::Unknown)]);
    let told = bench.beat(vec![receipt(ACME, ticket, Status::Delivered)]).1.facts;
    let costs = told.iter().filter(|it| matches!(it, Fact::Cost { amount: Money(COST), .. }));
    assert_eq!(costs.count(), 1, "{told:?}");
}
