//! What an endpoint is told next, and what it has yet to be told: pure decisions, apart from sockets and clocks.
//!
//! ```text
//!  log ─► fresh ─────────────► in flight ─► told: the mark moves on
//!           │ of a message that     │
//!           │ another holds         │ not taken
//!           ▼                       ▼
//!         behind ◄── held by ── retries (rows) ── schedule is over ─► given up (rows, for `recover`)
//! ```
//!
//! **Promises.** What is told of one message is told in the order of the log, each only after the one before it was
//! taken or given up. An event leaves the log's mark behind only when it was taken or stands in a row. While the
//! breaker is open nothing is spent of a schedule: one probe goes now and then, and whatever it says, it is not
//! counted as a try.

use crate::message::id::Seq;
use crate::message::time::Time;
use crate::record::delivery::{EndpointMark, Progress, Undelivered};
use crate::record::event::Event;
use crate::route::breaker::{self, Allowed, Breaker, BreakerSignal};
use crate::webhook::schedule;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

/// Events of the log that are held for an endpoint at most.
pub const FRESH_MAX: usize = 512;
/// Rows of one endpoint that are in memory at most; beyond them the log waits.
const ROWS_MAX: usize = 10_000;
/// So many failures one after the other open the breaker, whatever was before.
const ROW_OF_FAILURES: u32 = 10;
/// Without a single success for so long an endpoint is told no more.
pub const DISABLED_AFTER: Duration = Duration::from_secs(120 * 3_600);

/// When the breaker of an endpoint opens otherwise, and how often it is probed.
const BREAKER: breaker::Options =
    breaker::Options { ratio: 0.70, window: Duration::from_secs(5 * 60), sample: 10, open: Duration::from_secs(30) };

/// How an endpoint is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointLimits {
    /// Requests under way at once: 1 to 64.
    pub in_flight: usize,
    /// Events of one request: 1 to 100.
    pub batch: usize,
}

/// For what there is room among the calls of all endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// For events that are told for the first time.
    pub for_new: bool,
    /// For those that were not taken before.
    pub for_retries: bool,
}

impl Room {
    /// For whatever there is.
    pub const ALL: Self = Self { for_new: true, for_retries: true };
}

/// What is to be told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its events, in their order; what stood in a row comes without contents, by its numbers.
    pub events: Vec<(u64, Option<Event>)>,
    /// How often it was tried before.
    pub tries: u8,
    /// It had been given up, and is told on demand.
    pub is_replay: bool,
}

impl Delivery {
    /// Whether it was tried before often enough to wait behind what is new.
    pub const fn is_retry(&self) -> bool {
        is_retry(self.tries, self.is_replay)
    }

    /// What names it.
    pub fn first(&self) -> u64 {
        self.events[0].0
    }
}

/// The first try and the one soon after it are of what is new; those after that are of a backlog, as is what had been
/// given up.
const fn is_retry(tries: u8, is_replay: bool) -> bool {
    is_replay || 1 < tries
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Taken,
    /// It was not; when to come again, where that was said, and whether the endpoint is at its limit.
    NotTaken {
        /// `Retry-After`
        asked: Option<Duration>,
        /// 429, or no answer in time.
        calm: bool,
    },
    /// Nobody is to come again (410).
    Gone,
}

/// Events that are told together, or wait to be.
#[derive(Clone, Debug, Default)]
struct Unit {
    events: Vec<u64>,
    /// What it says, where it is single and was not tried yet: what waits in a row is read again when its time comes.
    said: Option<Event>,
    about: Vec<Seq>,
    tries: u8,
    /// It stands in a row.
    durable: bool,
    /// It is a probe: what comes of it is not held against it.
    probe: bool,
    /// It had been given up, and is told on demand.
    replay: bool,
}

impl Unit {
    const fn is_retry(&self) -> bool {
        is_retry(self.tries, self.replay)
    }
}

/// What one endpoint has yet to be told.
#[derive(Debug)]
pub struct Queue {
    limits: EndpointLimits,
    mark: EndpointMark,
    /// The mark as it was last told to be made durable.
    marked: EndpointMark,
    /// Up to where the log was read.
    read_to: u64,
    fresh: VecDeque<Event>,
    /// By their first event.
    flights: BTreeMap<u64, Unit>,
    retries: BTreeMap<(Time, u64), Unit>,
    /// Single events that wait for one before them, by their message, and whether they stand in a row.
    behind: HashMap<Seq, VecDeque<(Event, bool)>>,
    waiting: usize,
    /// Messages of which something is under way or in a row, and whether it is in a row.
    busy: HashMap<Seq, bool>,
    /// Events above the mark that stood in rows at the start: the log has them, too.
    in_rows: BTreeSet<u64>,
    /// Events that were read and are neither taken nor in a row.
    open: BTreeSet<u64>,
    breaker: Breaker,
    failures: u32,
    progress: Progress,
}

impl Queue {
    /// Goes on from what the store has: the mark, and the rows in the order of their numbers, each that only waits with
    /// its event.
    pub fn new(limits: EndpointLimits, mark: EndpointMark, rows: Vec<(Undelivered, Option<Event>)>) -> Self {
        let mut queue = Self {
            limits,
            read_to: mark.told_to,
            marked: mark.clone(),
            mark,
            fresh: VecDeque::new(),
            flights: BTreeMap::new(),
            retries: BTreeMap::new(),
            behind: HashMap::new(),
            waiting: 0,
            busy: HashMap::new(),
            in_rows: BTreeSet::new(),
            open: BTreeSet::new(),
            breaker: Breaker::new(BREAKER),
            failures: 0,
            progress: Progress::default(),
        };
        queue.in_rows =
            rows.iter().flat_map(|it| &it.0.events).copied().filter(|it| queue.mark.told_to < *it).collect();
        let (tried, waiting): (Vec<_>, Vec<_>) = rows.into_iter().partition(|it| it.0.tries != 0);
        // What was tried is what the others wait for, whatever their numbers.
        for (row, event) in tried.into_iter().filter(|it| it.0.due.known().is_some()).chain(waiting) {
            match (event, row.about.first()) {
                (Some(event), Some(seq)) if row.tries == 0 && queue.busy.contains_key(seq) => {
                    queue.waiting += 1;
                    queue.behind.entry(*seq).or_default().push_back((event, true));
                }
                _ => {
                    queue.busy.extend(row.about.iter().map(|it| (*it, true)));
                    let key = (row.due.known().unwrap_or_default(), row.first());
                    let unit = Unit { events: row.events, about: row.about, tries: row.tries, ..Unit::default() };
                    queue.retries.insert(key, Unit { durable: true, ..unit });
                }
            }
        }
        queue
    }

    /// Takes up other limits.
    pub const fn reconfigure(&mut self, limits: EndpointLimits) {
        self.limits = limits;
    }

    /// How it stands.
    pub const fn mark(&self) -> &EndpointMark {
        &self.mark
    }

    /// What the breaker is.
    pub const fn breaker(&self) -> breaker::BreakerState {
        self.breaker.state()
    }

    /// How many events wait in rows.
    pub fn rows(&self) -> usize {
        self.retries.values().filter(|it| it.durable).map(|it| it.events.len()).sum::<usize>() + self.waiting
    }

    /// The oldest event that waits in a row.
    pub fn oldest(&self) -> Option<u64> {
        self.retries.values().filter_map(|it| it.events.first().copied()).min()
    }

    /// From where on the log is to be read, and how many events; `None` while enough is here.
    pub fn wants(&self) -> Option<(u64, usize)> {
        let room = FRESH_MAX.saturating_sub(self.fresh.len());
        let wants = FRESH_MAX / 2 <= room && self.waiting + self.retries.len() < ROWS_MAX && !self.is_disabled();
        wants.then_some((self.read_to, room))
    }

    /// Events of the log that came after those read before, and up to where it was read.
    pub fn read(&mut self, mut events: Vec<Event>, read_to: u64) {
        self.read_to = self.read_to.max(read_to);
        events.retain(|it| !self.in_rows.remove(&it.n));
        self.open.extend(events.iter().map(|it| it.n));
        self.fresh.extend(events);
        self.move_mark();
    }

    /// What is to be told now, if anything: what is new, what failed before, or either, as there is room for it.
    pub fn next(&mut self, now: Time, room: Room) -> Option<Delivery> {
        if self.is_disabled() || self.limits.in_flight <= self.flights.len() {
            return None;
        }
        let probe = match self.breaker.allows(now) {
            Allowed::Yes => false,
            Allowed::Probe => true,
            Allowed::No { .. } => return None,
        };
        let under_way = self.flights.values().filter(|it| it.is_retry()).count();
        // What is new does not wait behind a backlog of what failed: half of the slots are its own.
        let crowded = self.limits.in_flight.div_ceil(2) <= under_way && !self.fresh.is_empty() && !probe;
        let due = self.retries.first_key_value().filter(|(key, _)| probe || key.0 <= now).map(|(_, it)| it.is_retry());
        let delivery = match due {
            Some(true) if room.for_retries && !crowded => self.next_retry(probe),
            Some(false) if room.for_new => self.next_retry(probe),
            _ if room.for_new => self.next_fresh(probe),
            _ => None,
        };
        if probe && delivery.is_some() {
            self.breaker.probe_sent();
        }
        delivery
    }

    fn next_retry(&mut self, probe: bool) -> Option<Delivery> {
        let (_, mut unit) = self.retries.pop_first()?;
        unit.probe = probe;
        let said = unit.said.take();
        let events = match said {
            Some(event) => vec![(event.n, Some(event))],
            None => unit.events.iter().map(|it| (*it, None)).collect(),
        };
        let delivery = Delivery { events, tries: unit.tries, is_replay: unit.replay };
        self.flights.insert(delivery.first(), unit);
        Some(delivery)
    }

    fn next_fresh(&mut self, probe: bool) -> Option<Delivery> {
        let (mut unit, mut events) = (Unit { probe, ..Unit::default() }, Vec::new());
        while events.len() < self.limits.batch
            && let Some(event) = self.fresh.pop_front()
        {
            match event.about {
                Some(seq) if self.busy.contains_key(&seq) && !unit.about.contains(&seq) => {
                    self.waiting += 1;
                    // What waits for a row stands in one itself, so that the mark can move on.
                    let row = self.busy.get(&seq).is_some_and(|it| *it);
                    if row {
                        self.open.remove(&event.n);
                        self.write_row(vec![event.n], vec![seq], (0, Time::NEVER));
                    }
                    self.behind.entry(seq).or_default().push_back((event, row));
                    continue;
                }
                Some(seq) if !unit.about.contains(&seq) => {
                    self.busy.insert(seq, false);
                    unit.about.push(seq);
                }
                // Of no message, or of one that another event of this batch is about.
                Some(_) | None => {}
            }
            unit.events.push(event.n);
            events.push((event.n, Some(event)));
        }
        self.move_mark();
        let delivery = Delivery { events, tries: 0, is_replay: false };
        let first = delivery.events.first()?.0;
        self.flights.insert(first, unit);
        Some(delivery)
    }

    /// What came of a delivery, by its first event.
    pub fn answered(&mut self, first: u64, verdict: Verdict, now: Time, chance: u64) {
        let Some(mut unit) = self.flights.remove(&first) else { return };
        let signal = if verdict == Verdict::Taken { BreakerSignal::NoFault } else { BreakerSignal::Fault };
        match unit.probe {
            true => self.breaker.probe_answered(now, signal),
            false => self.breaker.note(now, signal),
        }
        let (asked, calm) = match verdict {
            Verdict::Taken => {
                self.failures = 0;
                self.mark.failing_since = Time::NEVER;
                return self.settle(unit);
            }
            Verdict::NotTaken { asked, calm } => (asked, calm),
            Verdict::Gone => (None, false),
        };
        self.failures += 1;
        if self.failures == ROW_OF_FAILURES {
            self.breaker.trip(now);
        }
        let since = self.mark.failing_since.known().unwrap_or(now);
        self.mark.failing_since = since;
        if verdict == Verdict::Gone || DISABLED_AFTER <= now.since(since) {
            self.mark.disabled_at = now;
        }
        let due = if unit.probe && verdict != Verdict::Gone {
            // A probe is no try: it only found out that nobody is there yet.
            Some(now)
        } else {
            unit.tries = unit.tries.saturating_add(1);
            schedule::next(unit.tries, now, asked, calm, chance)
        };
        self.put_back(unit, due);
    }

    /// A delivery that was not made, since its events are not there any more.
    pub fn forgotten(&mut self, first: u64) {
        if let Some(unit) = self.flights.remove(&first) {
            if unit.probe {
                self.breaker.probe_lost();
            }
            self.settle(unit);
        }
    }

    /// Tells again what was given up, and an endpoint that was disabled.
    pub fn recover(&mut self, rows: Vec<Undelivered>, now: Time) {
        (self.mark.disabled_at, self.mark.failing_since, self.failures) = (Time::NEVER, Time::NEVER, 0);
        for row in rows.into_iter().filter(|it| it.due.known().is_none() && it.tries != 0) {
            let held = self.flights.contains_key(&row.first());
            if held || row.about.iter().any(|it| self.busy.contains_key(it)) {
                continue;
            }
            let unit = Unit { events: row.events, about: row.about, tries: 1, replay: true, ..Unit::default() };
            self.put_back(unit, Some(now));
        }
    }

    fn settle(&mut self, unit: Unit) {
        for n in &unit.events {
            self.open.remove(n);
        }
        if unit.durable {
            let settled = vec![(self.mark.endpoint, unit.events[0])];
            self.progress.add(Progress { settled, ..Progress::default() });
        }
        self.release(&unit.about);
        self.move_mark();
    }

    /// Into a row: tried again then, or not.
    fn put_back(&mut self, mut unit: Unit, due: Option<Time>) {
        (unit.durable, unit.probe) = (true, false);
        for n in &unit.events {
            self.open.remove(n);
        }
        self.write_row(unit.events.clone(), unit.about.clone(), (unit.tries, due.unwrap_or(Time::NEVER)));
        let Some(due) = due else {
            self.release(&unit.about);
            return self.move_mark();
        };
        self.busy.extend(unit.about.iter().map(|it| (*it, true)));
        // What waits behind a row stands in one itself.
        for seq in &unit.about {
            let mut waiting = self.behind.remove(seq).unwrap_or_default();
            for (event, row) in waiting.iter_mut().filter(|it| !it.1) {
                self.open.remove(&event.n);
                self.write_row(vec![event.n], vec![*seq], (0, Time::NEVER));
                *row = true;
            }
            if !waiting.is_empty() {
                self.behind.insert(*seq, waiting);
            }
        }
        self.retries.insert((due, unit.events[0]), unit);
        self.move_mark();
    }

    /// Nothing of these messages is under way any more: the next of each may go, before all that is younger.
    fn release(&mut self, about: &[Seq]) {
        for seq in about {
            self.busy.remove(seq);
            let Some(mut waiting) = self.behind.remove(seq) else { continue };
            let next = waiting.pop_front();
            if !waiting.is_empty() {
                self.behind.insert(*seq, waiting);
            }
            let Some((event, row)) = next else { continue };
            self.waiting -= 1;
            self.busy.insert(*seq, row);
            let n = event.n;
            let (events, about, said) = (vec![n], vec![*seq], Some(event));
            // As due since ever: it goes before what has failed.
            self.retries.insert((Time(1), n), Unit { events, about, said, durable: row, ..Unit::default() });
        }
    }

    fn write_row(&mut self, events: Vec<u64>, about: Vec<Seq>, (tries, due): (u8, Time)) {
        let row = Undelivered { endpoint: self.mark.endpoint, events, about, tries, due };
        self.progress.add(Progress { retries: vec![row], ..Progress::default() });
    }

    fn move_mark(&mut self) {
        let to = self.open.first().map_or(self.read_to, |it| it - 1);
        self.mark.told_to = self.mark.told_to.max(to);
    }

    fn is_disabled(&self) -> bool {
        self.mark.disabled_at.known().is_some()
    }

    /// When something will be due that is not now.
    pub fn next_at(&self, now: Time) -> Option<Time> {
        if self.is_disabled() || self.limits.in_flight <= self.flights.len() {
            return None;
        }
        let retry = self.retries.first_key_value().map(|(key, _)| key.0);
        let fresh = (!self.fresh.is_empty()).then_some(now);
        let due = [retry, fresh].into_iter().flatten().min()?;
        match self.breaker.would_allow(now) {
            Allowed::No { until } => Some(until),
            Allowed::Yes | Allowed::Probe => Some(due),
        }
    }

    /// What is to be made durable since this was asked last: the mark, and rows.
    pub fn progress(&mut self) -> Progress {
        let mut progress = std::mem::take(&mut self.progress);
        if self.mark != self.marked {
            self.marked = self.mark.clone();
            progress.marks.push(self.mark.clone());
        }
        progress
    }
}

#[cfg(test)]
mod tests;
