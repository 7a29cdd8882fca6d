//! The whole gateway in virtual time, on one thread: the deciding floor, its store, a talk for each link,
//! wires, and the carriers at their other ends.
//!
//! ```text
//!  customers ─► Dispatch ◄─► Watched(Memory)          one beat at a time; what it orders is
//!                 ▲  │                                carried out when its commit has taken its time
//!        reports  │  ▼ commands
//!                Talk ══ wire: late, cut, dark ══ Session::smsc ─ Smsc
//! ```

use crate::ring4::dice::Dice;
use crate::ring4::ledger::Ledger;
use crate::ring4::scenario::{Fault, Scenario};
use crate::ring4::smsc::{Smsc, Verdict};
use crate::ring4::watch::Watched;
use bytes::{Bytes, BytesMut};
use nuncio::carrier::report::{Answered, News, Report};
use nuncio::carrier::talk::{self, Talk};
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::{Ask, Happening, RequestId, Submission};
use nuncio::dispatch::door::plan::Plan;
use nuncio::dispatch::door::reply::Reply;
use nuncio::dispatch::{Dispatch, Outcome};
use nuncio::message::attempt::Answer;
use nuncio::message::id::{AccountId, CarrierId, LinkId, MessageId, PartKey};
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::time::Time;
use nuncio::record::contract::Store;
use nuncio::session::Session;
use nuncio::session::conversation::{Conversation, Said, Spoken};
use nuncio::session::input::Input;
use nuncio::session::options::Options;
use nuncio::session::output::{CloseReason, Event, Output};
use nuncio::smpp::bind::{BindKind, BindResp};
use nuncio::smpp::pdu::{Body, Pdu};
use nuncio::smpp::status::CommandStatus;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Logical time at the start of a run: some day of 2026.
pub(crate) const EPOCH: u64 = 1_767_225_600_000;
/// More happenings in one millisecond than any run needs: beyond it something spins.
const SPIN_MAX: u32 = 20_000;

/// Longer than the longest pause, pace and reconnection together.
const STARVED: u64 = 60_000;

/// Something that will happen.
#[expect(clippy::large_enum_variant, reason = "there are few of them")]
enum Coming {
    Connect(LinkId),
    ToTalk(u64, Bytes),
    TalkEof(u64),
    TalkTick(u64),
    ToSmsc(u64, Bytes),
    SmscEof(u64),
    SmscTick(u64),
    /// The carrier has made up its mind about a request.
    Respond(u64, u32, CommandStatus, Body),
    Receipt(CarrierId, usize),
    Beat,
    Act(Outcome),
    Request(Box<Submission>),
    Cancel,
    Fault(Fault),
    Start,
    /// The links unbind.
    Unbind,
    Kill,
    Calm,
}

/// The near end of a connection.
struct Link {
    epoch: u32,
    conn: u64,
    talk: Option<Talk>,
    tick: Option<u64>,
    answers: Vec<Report>,
    inbound: Vec<Report>,
    /// What the last bind allowed.
    capacity: usize,
}

/// A connection and its far end.
struct Conn {
    link: LinkId,
    session: Option<Session>,
    kind: Option<BindKind>,
    tick: Option<u64>,
    dark: bool,
    /// When the last octets arrive, each way: a stream keeps its order.
    arrivals: [u64; 2],
    /// What has arrived and is not read.
    unread: VecDeque<Bytes>,
}

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) scenario: Scenario,
    base: Instant,
    pub(crate) now: u64,
    stamp: u64,
    queue: BTreeMap<(u64, u64), (u32, Coming)>,
    /// Which process this is; what an earlier one had planned does not happen.
    pub(crate) life: u32,
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) store: Watched,
    pub(crate) plan: Arc<Plan>,
    plans: usize,
    links: BTreeMap<LinkId, Link>,
    conns: BTreeMap<u64, Conn>,
    pub(crate) smscs: BTreeMap<CarrierId, Smsc>,
    calls: Vec<Happening>,
    waiting: BTreeMap<u64, Submission>,
    requests: u64,
    /// Accepted messages that customers know of.
    pub(crate) known: Vec<(MessageId, AccountId)>,
    beat_due: Option<u64>,
    acting: bool,
    idle_beats: u32,
    pub(crate) beats: u64,
    pub(crate) crashes: u64,
    draining: bool,
    pub(crate) calm: bool,
    pub(crate) ledger: Ledger,
    spin: (u64, u32),
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let scenario = Scenario::new(&mut dice);
        Self::of(dice, scenario)
    }

    /// What a scenario says, by these dice.
    pub(crate) fn of(dice: Dice, scenario: Scenario) -> Self {
        let fresh = || Link {
            epoch: 0,
            conn: 0,
            talk: None,
            tick: None,
            answers: Vec::new(),
            inbound: Vec::new(),
            capacity: 0,
        };
        let mut world = Self {
            dice,
            base: Instant::now(),
            now: 0,
            stamp: 0,
            queue: BTreeMap::new(),
            life: 0,
            dispatch: None,
            store: Watched::new(),
            plan: scenario.plans[0].clone(),
            plans: 0,
            links: scenario.links.keys().map(|it| (*it, fresh())).collect(),
            conns: BTreeMap::new(),
            smscs: scenario.weather.iter().map(|(id, it)| (*id, Smsc::new(it.clone()))).collect(),
            calls: Vec::new(),
            waiting: BTreeMap::new(),
            requests: 0,
            known: Vec::new(),
            beat_due: None,
            acting: false,
            idle_beats: 0,
            beats: 0,
            crashes: 0,
            draining: false,
            calm: false,
            ledger: Ledger::default(),
            spin: (0, 0),
            scenario,
        };
        for (at, request) in std::mem::take(&mut world.scenario.requests) {
            world.post(at, Coming::Request(Box::new(request)));
        }
        for at in std::mem::take(&mut world.scenario.cancels) {
            world.post(at, Coming::Cancel);
        }
        for (at, fault) in std::mem::take(&mut world.scenario.faults) {
            world.post(at, Coming::Fault(fault));
        }
        world.post(world.scenario.calm, Coming::Calm);
        world.start();
        world
    }

    /// Runs until everything has ended, or should have.
    pub(crate) fn run(&mut self) {
        let end = self.scenario.calm + self.scenario.patience;
        while let Some(((at, _), (life, coming))) = self.queue.pop_first() {
            assert!(self.now <= at, "an event in the past");
            assert!(at <= end, "everything-ends: at {at} {}", self.unfinished());
            self.now = at;
            if self.spin.0 != at {
                self.spin = (at, 0);
            }
            self.spin.1 += 1;
            assert!(self.spin.1 < SPIN_MAX, "spinning at {at}");
            self.happen(life, coming);
            if self.calm && self.stamp.is_multiple_of(32) && self.is_over() {
                return;
            }
        }
    }

    /// Nothing more will change: all has ended, every receipt is confirmed.
    fn is_over(&self) -> bool {
        self.waiting.is_empty()
            && self.smscs.values().all(|it| it.notices.iter().all(|it| it.confirmed || it.lost))
            && self.store.parts.values().all(|it| it.phase().is_final())
            && self.ledger.is_quiet()
            && !self.acting
            && self.links.values().all(|it| it.answers.is_empty() && it.inbound.is_empty())
            && self.dispatch.as_ref().is_some_and(|it| it.gauges().mo_incomplete == 0)
    }

    fn unfinished(&self) -> String {
        let open: Vec<_> = self.store.parts.values().filter(|it| !it.phase().is_final()).take(3).collect();
        let unconfirmed = self.smscs.values().flat_map(|it| &it.notices).filter(|it| !it.confirmed && !it.lost).count();
        format!("{} requests, {unconfirmed} receipts, parts {open:?}", self.waiting.len())
    }

    fn post(&mut self, at: u64, coming: Coming) {
        self.stamp += 1;
        self.queue.insert((at.max(self.now), self.stamp), (self.life, coming));
    }

    /// A carrier has something to say at a time, and says it until it is confirmed.
    pub(crate) fn send_notice(&mut self, at: u64, carrier: CarrierId, notice: usize) {
        self.post(at, Coming::Receipt(carrier, notice));
    }

    fn instant(&self) -> Instant {
        self.base + Duration::from_millis(self.now)
    }

    const fn time(&self) -> Time {
        Time(EPOCH + self.now)
    }

    fn happen(&mut self, life: u32, coming: Coming) {
        let mine = life == self.life;
        match coming {
            Coming::Connect(link) if mine => self.connect(link),
            Coming::ToTalk(conn, frame) => self.talk_hears(conn, frame),
            Coming::TalkEof(conn) => self.talk_ends(conn),
            Coming::TalkTick(conn) => {
                if self.conns.get(&conn).is_some_and(|it| self.links[&it.link].conn == conn)
                    && let link = self.conns[&conn].link
                    && self.links[&link].tick == Some(self.now)
                {
                    self.links.get_mut(&link).unwrap().tick = None;
                    self.tell_talk(conn, Spoken::Tick);
                }
            }
            Coming::ToSmsc(conn, frame) => self.smsc_hears(conn, frame),
            Coming::SmscEof(conn) => self.tell_smsc(conn, Input::Eof),
            Coming::SmscTick(conn) if self.conns.get(&conn).is_some_and(|it| it.tick == Some(self.now)) => {
                self.conns.get_mut(&conn).unwrap().tick = None;
                self.tell_smsc(conn, Input::Tick);
            }
            Coming::Respond(conn, sequence, status, body) => {
                self.tell_smsc(conn, Input::Respond { sequence, status, body });
            }
            Coming::Receipt(carrier, notice) => {
                self.smscs.get_mut(&carrier).unwrap().waiting.push(notice);
                self.deliver(carrier);
            }
            Coming::Beat if mine && self.beat_due == Some(self.now) => self.beat(),
            Coming::Act(outcome) if mine => self.act(outcome),
            Coming::Request(submission) => self.request(*submission),
            Coming::Cancel => self.cancel(),
            Coming::Fault(fault) => self.fault(fault),
            Coming::Start => self.start(),
            Coming::Unbind if mine => {
                let links: Vec<u64> = self.links.values().filter(|it| it.talk.is_some()).map(|it| it.conn).collect();
                for conn in links {
                    self.tell_talk(conn, Spoken::Command(talk::Command::Unbind(std::time::Duration::from_secs(5))));
                }
            }
            Coming::Kill if mine => self.crash(),
            Coming::Calm => self.calm_down(),
            _ => (),
        }
    }

    fn fault(&mut self, fault: Fault) {
        let until = |span: u64| self.now + span;
        match fault {
            Fault::Cut(link) => self.cut(self.links[&link].conn),
            Fault::Dark(link) => {
                if let Some(conn) = self.conns.get_mut(&self.links[&link].conn) {
                    conn.dark = true;
                }
            }
            Fault::HalfDead(id, span) => self.smscs.get_mut(&id).unwrap().half_dead_until = until(span),
            Fault::Throttle(id, span) => self.smscs.get_mut(&id).unwrap().throttled_until = until(span),
            Fault::Refuse(id, span) => self.smscs.get_mut(&id).unwrap().refusing_until = until(span),
            Fault::Sick(id, span) => self.smscs.get_mut(&id).unwrap().sick_until = until(span),
            Fault::Lie(id, span) => self.smscs.get_mut(&id).unwrap().lying_until = until(span),
            Fault::Dead(id, span) => {
                self.smscs.get_mut(&id).unwrap().dead_until = until(span);
                let conns: Vec<u64> =
                    self.conns.iter().filter(|(_, it)| it.link.carrier == id).map(|it| *it.0).collect();
                conns.into_iter().for_each(|it| self.cut(it));
            }
            Fault::Crash => self.crash(),
            Fault::FailCommit(k, leaves) => self.store.fail_at(k, leaves),
            Fault::Reconfigure => {
                self.plans += 1;
                self.plan = self.scenario.plans[self.plans % 2].clone();
                if self.dispatch.is_some() {
                    self.calls.push(Happening::Reconfigure(self.plan.clone()));
                    self.wake();
                }
            }
            Fault::Restart if self.dispatch.is_some() => {
                self.draining = true;
                self.calls.push(Happening::Drain);
                self.wake();
                self.post(self.now + 8_000, Coming::Unbind);
                self.post(self.now + 25_000, Coming::Kill);
            }
            Fault::Restart => (),
        }
    }

    fn calm_down(&mut self) {
        self.calm = true;
        self.smscs.values_mut().for_each(Smsc::calm);
        self.store.memory = {
            // A planned fault that has not struck is called off.
            let kept = self.store.memory.crash();
            if self.dispatch.is_some() { kept } else { self.store.memory.crash() }
        };
        let dark: Vec<u64> = self.conns.iter().filter(|(_, it)| it.dark).map(|(id, _)| *id).collect();
        dark.into_iter().for_each(|it| self.cut(it));
    }
}

/// The process.
impl World {
    fn start(&mut self) {
        if self.dispatch.is_some() {
            return;
        }
        self.life += 1;
        self.draining = false;
        let recovered = self.store.recover().expect("a store that was just opened is sound");
        let queued: u64 = recovered.lanes.iter().map(|it| it.count).sum();
        assert_eq!(queued, self.count(Phase::Queued), "restart-loads-last-commit: queued");
        let dispatch = Dispatch::new(self.plan.clone(), recovered, self.time());
        self.ledger.crashed(&self.store, &self.plan);
        self.ledger.paces(&self.plan, self.now, true);
        self.dispatch = Some(dispatch);
        (self.beat_due, self.acting) = (None, false);
        self.wake();
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            let after = self.dice.below(300);
            self.post(self.now + after, Coming::Connect(link));
        }
    }

    pub(crate) fn count(&self, phase: Phase) -> u64 {
        self.store.parts.values().filter(|it| it.phase() == phase).count() as u64
    }

    /// Everything that is not durable is gone.
    fn crash(&mut self) {
        if self.dispatch.take().is_none() {
            return;
        }
        self.crashes += 1;
        self.life += 1;
        self.store.crash(true);
        self.after_crash();
    }

    fn after_crash(&mut self) {
        self.calls.clear();
        let conns: Vec<u64> = self.links.values().filter(|it| it.talk.is_some()).map(|it| it.conn).collect();
        for link in self.links.values_mut() {
            (link.talk, link.tick) = (None, None);
            link.answers.clear();
            link.inbound.clear();
        }
        conns.into_iter().for_each(|it| self.post(self.now + 1, Coming::SmscEof(it)));
        // Who got no answer asks again, if that is safe.
        for (_, submission) in std::mem::take(&mut self.waiting) {
            if submission.idempotency.is_some() {
                let after = self.dice.range(100, 8_000);
                self.post(self.now + after, Coming::Request(Box::new(submission)));
            }
        }
        let after = self.dice.range(10, 3_000);
        self.post(self.now + after, Coming::Start);
    }

    /// Sees to it that a beat comes as soon as one may.
    fn wake(&mut self) {
        self.beat_at(self.now);
    }

    fn beat_at(&mut self, at: u64) {
        let at = at.max(self.now);
        if self.acting || self.beat_due.is_some_and(|it| it <= at) {
            return;
        }
        self.beat_due = Some(at);
        self.post(at, Coming::Beat);
    }

    /// What waits, each link's answers first, as the loop takes it.
    fn gather(&mut self) -> Vec<Happening> {
        let mut found = Vec::new();
        for (id, link) in &mut self.links {
            let reports = link.answers.drain(..).chain(link.inbound.drain(..));
            found.extend(reports.map(|it| Happening::Link(*id, it)));
        }
        found.append(&mut self.calls);
        found
    }

    fn beat(&mut self) {
        self.beat_due = None;
        let happenings = self.gather();
        let Some(mut dispatch) = self.dispatch.take() else { return };
        let named = happenings.iter().filter_map(|it| match it {
            Happening::Link(_, Report::Answered(ticket, _)) => Some(ticket.key()),
            _ => None,
        });
        let before: BTreeMap<PartKey, Phase> =
            named.filter_map(|it| self.store.parts.get(&it).map(|part| (it, part.phase()))).collect();
        let (time, dice) = (self.time(), &mut self.dice);
        self.store.touched.clear();
        self.beats += 1;
        let Ok(outcome) = dispatch.beat(time, &mut || dice.next(), happenings.clone(), &mut self.store) else {
            self.poisoned(&happenings);
            return;
        };
        if happenings.iter().any(|it| matches!(it, Happening::Reconfigure(_))) {
            self.ledger.paces(&self.plan, self.now, false);
        }
        self.ledger.took_up(self.now, &happenings, &before, (&self.store, &self.plan));
        self.ledger.told(self.now, &outcome.facts, &self.store);
        self.dispatch = Some(dispatch);
        self.check_deadline(&outcome);
        self.check_counters();
        self.acting = true;
        let commit = if outcome.records == 0 { 0 } else { self.dice.range(0, 6) };
        self.post(self.now + commit, Coming::Act(outcome));
    }

    /// The commit failed: the process ends. Its batch is durable, or not.
    fn poisoned(&mut self, happenings: &[Happening]) {
        self.crashes += 1;
        self.life += 1;
        let unknown = happenings.iter().filter_map(|it| match it {
            Happening::Link(_, Report::Answered(ticket, answered)) if answered.answer == Answer::Unknown => {
                Some(ticket.key())
            }
            _ => None,
        });
        let unknown: Vec<PartKey> = unknown.collect();
        self.ledger.lost_facts += unknown.len() as u64 + self.count(Phase::Intended);
        self.store.crash(false);
        // Where the batch is durable after all, the doubt is, too, though nobody was told of it.
        for key in unknown.into_iter().filter(|it| self.store.parts[it].phase() != Phase::Intended) {
            *self.ledger.doubts.entry(key).or_default() += 1;
        }
        self.after_crash();
    }

    fn check_deadline(&mut self, outcome: &Outcome) {
        let Some(next) = outcome.next else { return };
        assert!(self.time() <= next, "deadline: the next beat is due {:?}, it is {:?}", next, self.time());
        self.idle_beats = if next == self.time() && outcome.records == 0 { self.idle_beats + 1 } else { 0 };
        assert!(self.idle_beats < 4, "spinning: beats without progress are due at once");
    }

    fn check_counters(&self) {
        // Recounting takes as long as there are parts.
        if !self.beats.is_multiple_of(8 + self.store.parts.len() as u64 / 16) {
            return;
        }
        self.check_starvation();
        let dispatch = self.dispatch.as_ref().unwrap();
        let gauges = dispatch.gauges();
        let queued: u64 = gauges.queues.values().map(|it| it.parts).sum();
        assert_eq!(queued, self.count(Phase::Queued), "counters: queued");
        let doubtful: u64 = gauges.carriers.values().map(|it| it.doubtful).sum();
        assert_eq!(doubtful, self.count(Phase::Doubtful), "counters: doubtful");
        assert_eq!(gauges.parked, self.store.parked.len(), "counters: parked");
        let mut awaiting = BTreeMap::<CarrierId, u64>::new();
        for part in self.store.parts.values().filter(|it| it.phase() == Phase::Sent) {
            *awaiting.entry(part.attempt.as_ref().unwrap().link.carrier).or_default() += 1;
        }
        for (carrier, count) in &self.store.marks.awaiting {
            assert_eq!(awaiting.remove(carrier).unwrap_or(0), *count, "counters: awaiting of {carrier:?}");
        }
        assert!(awaiting.values().all(|it| *it == 0), "counters: awaiting {awaiting:?} is not in the marks");
        let limits = self.plan.limits;
        let capacity: usize = gauges.on_links.values().map(|it| it.1.max(it.0)).sum();
        // In each lane, and aside at each carrier.
        let places = gauges.queues.len() * 3 + gauges.carriers.len();
        let bound = limits.awaited + places * limits.ready_per_lane.max(64) + capacity;
        assert!(dispatch.held() <= bound, "memory: {} messages held, {bound} allowed", dispatch.held());
    }

    /// When all is well, what may go at once goes: a part left behind in its lane would expire unseen.
    fn check_starvation(&self) {
        for id in self.smscs.keys().filter(|_| self.calm && !self.draining) {
            let quiet_since = self.ledger.progress.get(id).copied().unwrap_or(0).max(self.scenario.calm);
            if self.now < quiet_since + STARVED {
                continue;
            }
            let up = self.links.iter().any(|(link, it)| link.carrier == *id && it.talk.is_some() && 0 < it.capacity);
            let starved = self
                .store
                .parts
                .values()
                .find(|it| it.phase() == Phase::Queued && it.due == Time::NEVER && self.carrier_of(it) == *id);
            assert!(!up || starved.is_none(), "starvation: nothing goes to {id:?} since {quiet_since}, {starved:?}");
        }
    }

    /// The carrier that a part waits for.
    fn carrier_of(&self, part: &Part) -> CarrierId {
        match part.lane.carrier() {
            CarrierId(0) => self.plan.routes[&part.lane.route()].carriers[0],
            carrier => carrier,
        }
    }

    fn check_windows(&self) {
        let gauges = self.dispatch.as_ref().unwrap().gauges();
        for (link, (used, _)) in gauges.on_links {
            assert_eq!(used, self.ledger.on(link), "counters: parts on {link:?}");
        }
    }

    fn act(&mut self, outcome: Outcome) {
        self.acting = false;
        for command in outcome.commands {
            match command {
                Command::Reply(request, reply) => self.reply(request, reply),
                Command::Submit(link, submit) => {
                    let capacity = self.links[&link].capacity;
                    self.ledger.submit(self.now, (link, capacity), submit.ticket, (&self.store, &self.plan));
                    self.command_link(link, talk::Command::Submit(submit));
                }
                Command::Query(link, query) => self.command_link(link, talk::Command::Query(query)),
                Command::Confirm(link, tag) => self.command_link(link, talk::Command::Confirm(tag)),
                Command::Rebind(_) | Command::Trace(..) | Command::ConfirmClock => {
                    panic!("no operator orders anything here")
                }
            }
        }
        self.check_windows();
        if let Some(next) = outcome.next {
            self.beat_at(next.0 - EPOCH);
        }
        let some = |it: &Link| !it.answers.is_empty() || !it.inbound.is_empty();
        if !self.calls.is_empty() || self.links.values().any(some) {
            self.wake();
        }
    }

    fn command_link(&mut self, id: LinkId, command: talk::Command) {
        let link = &self.links[&id];
        if link.talk.is_some() {
            self.tell_talk(link.conn, Spoken::Command(command));
        } else if let talk::Command::Submit(submit) = command {
            let answer = Answer::NotSent;
            let answered = Answered {
                answer,
                command_status: None,
                carrier_message_id: None,
                reason: None,
                throttled: false,
                took: None,
            };
            self.report(id, Report::Answered(submit.ticket, answered));
        }
    }

    fn report(&mut self, id: LinkId, report: Report) {
        let link = self.links.get_mut(&id).unwrap();
        match &report {
            Report::Inbound { .. } => {
                if let Report::Inbound { news: News::Mo(mo), .. } = &report {
                    assert!(mo.octets.ends_with(b">"), "a receipt was read as a message from a handset");
                }
                link.inbound.push(report);
            }
            Report::Odd(_) | Report::Aside(_) => return,
            Report::PutOff(why) => panic!("put off while all is well: {}", why.word()),
            Report::Up { capacity, .. } => {
                link.capacity = (*capacity).max(link.capacity);
                link.answers.push(report);
            }
            _ => link.answers.push(report),
        }
        self.wake();
    }
}

/// The customers.
impl World {
    fn request(&mut self, submission: Submission) {
        if self.dispatch.is_none() || self.draining {
            let after = self.dice.range(100, 5_000);
            self.post(self.now + after, Coming::Request(Box::new(submission)));
            return;
        }
        self.requests += 1;
        let id = RequestId(self.requests);
        self.waiting.insert(id.0, submission.clone());
        self.calls.push(Happening::Ask(id, Ask::Submit(Box::new(submission))));
        self.wake();
    }

    fn cancel(&mut self) {
        if self.known.is_empty() || self.dispatch.is_none() {
            return;
        }
        // Mostly one of the latest: the others have left.
        let back = self.dice.below(self.known.len().min(12) as u64) as usize;
        let (message, account) = self.known[self.known.len() - 1 - back];
        self.requests += 1;
        self.calls
            .push(Happening::Ask(RequestId(self.requests | (message.seq.0 << 32)), Ask::Cancel(account, message)));
        self.wake();
    }

    fn reply(&mut self, request: RequestId, reply: Reply) {
        let submission = self.waiting.remove(&request.0);
        match reply {
            Reply::Accepted { order, messages, .. } => {
                let submission = submission.expect("a reply to a request");
                assert_eq!(messages.len(), submission.recipients.len(), "accepted: not all of them");
                for message in messages {
                    let body = self.store.bodies.get(&message.seq);
                    assert!(
                        body.is_some_and(|it| it.id == message && it.order == order),
                        "accepted-is-durable: {message:?}"
                    );
                    self.known.push((message, submission.account));
                }
            }
            Reply::Repeated(order) => {
                let found = self.store.order(order).expect("the store is sound");
                assert!(!found.is_empty(), "repeated: {order:?} is not there");
            }
            Reply::QueueFull(_) | Reply::Draining | Reply::Running | Reply::TooMany { wait: Some(_), .. } => {
                let after = self.dice.range(500, 5_000);
                self.post(self.now + after, Coming::Request(Box::new(submission.expect("a reply to a request"))));
            }
            Reply::Cancelled => {
                let seq = nuncio::message::id::Seq(request.0 >> 32);
                assert!(
                    self.store.parts_of(seq).all(|it| it.phase() == Phase::Cancelled),
                    "cancelled-is-durable: {seq:?}"
                );
                self.ledger.cancelled.insert(seq);
            }
            Reply::TooLate => (),
            other => panic!("replied {other:?} to {submission:?}"),
        }
    }
}

/// The wires.
impl World {
    fn connect(&mut self, id: LinkId) {
        if self.dispatch.is_none() || self.draining || self.links[&id].talk.is_some() {
            return;
        }
        if self.now < self.smscs[&id.carrier].dead_until {
            let after = self.dice.range(200, 1_000);
            self.post(self.now + after, Coming::Connect(id));
            return;
        }
        let conn = self.stamp + 1;
        self.stamp += 1;
        let (now, manner) = (self.instant(), self.scenario.links[&id].clone());
        let response_timeout = Duration::from_millis(4_000);
        let never_again = self.smscs[&id.carrier].weather.never_again;
        let window = if never_again { usize::MAX } else { 10 };
        let options = Options { window, response_timeout, ..Options::default() };
        let session = Some(Session::smsc(now, options));
        let arrivals = [self.now; 2];
        let (kind, unread) = (None, VecDeque::new());
        self.conns.insert(conn, Conn { link: id, session, kind, tick: None, dark: false, arrivals, unread });
        let link = self.links.get_mut(&id).unwrap();
        link.epoch += 1;
        link.conn = conn;
        link.talk = Some(Talk::new(now, link.epoch, manner));
        self.poll_talk(conn);
        self.poll_smsc(conn);
    }

    /// Octets under way arrive in their order, a while later.
    fn arrival(&mut self, conn: u64, way: usize) -> u64 {
        let carrier = self.conns[&conn].link.carrier;
        let latency = self.dice.range(1, self.smscs[&carrier].weather.latency);
        let arrivals = &mut self.conns.get_mut(&conn).unwrap().arrivals[way];
        *arrivals = (*arrivals).max(self.now + latency);
        *arrivals
    }

    fn cut(&mut self, conn: u64) {
        if !self.conns.contains_key(&conn) {
            return;
        }
        self.conns.get_mut(&conn).unwrap().dark = true;
        let (here, there) = (self.now + self.dice.below(50), self.now + self.dice.below(50));
        self.post(here, Coming::TalkEof(conn));
        self.post(there, Coming::SmscEof(conn));
    }

    fn talk_hears(&mut self, conn: u64, frame: Bytes) {
        if let Some(it) = self.conns.get_mut(&conn).filter(|it| !it.dark) {
            it.unread.push_back(frame);
            self.read(conn);
        }
    }

    /// Hands the talk what has arrived, as long as it takes any.
    fn read(&mut self, conn: u64) {
        loop {
            let Some(it) = self.conns.get_mut(&conn) else { return };
            let link = &self.links[&it.link];
            if link.conn != conn || !link.talk.as_ref().is_some_and(Conversation::takes) {
                return;
            }
            let Some(frame) = it.unread.pop_front() else { return };
            let pdu = Pdu::decode(frame).expect("what was encoded can be decoded");
            self.hand_over(conn, Spoken::Pdu(pdu));
        }
    }

    /// The end of a connection is seen behind all that was said on it, but where it breaks.
    fn talk_ends(&mut self, conn: u64) {
        let Some(it) = self.conns.get(&conn) else { return };
        if it.dark || it.unread.is_empty() {
            return self.hand_over(conn, Spoken::Eof);
        }
        self.post(self.now + 1, Coming::TalkEof(conn));
    }

    /// Tells the talk something that may make room for what is not read yet.
    fn tell_talk(&mut self, conn: u64, spoken: Spoken<talk::Command>) {
        self.hand_over(conn, spoken);
        self.read(conn);
    }

    fn hand_over(&mut self, conn: u64, spoken: Spoken<talk::Command>) {
        let Some(id) = self.conns.get(&conn).map(|it| it.link) else { return };
        let now = self.instant();
        let link = self.links.get_mut(&id).unwrap();
        if link.conn != conn {
            return;
        }
        if let Some(talk) = &mut link.talk {
            talk.handle(now, spoken);
            self.poll_talk(conn);
        }
    }

    fn poll_talk(&mut self, conn: u64) {
        let id = self.conns[&conn].link;
        let now = self.instant();
        let window = self.scenario.links[&id].session.window;
        loop {
            let Some(talk) = &mut self.links.get_mut(&id).unwrap().talk else { return };
            let said = talk.poll();
            assert!(talk.in_flight() <= window, "window: {id:?} has {} of {window} unanswered", talk.in_flight());
            match said {
                Said::Send(pdu) => {
                    let mut octets = BytesMut::new();
                    pdu.encode(&mut octets).expect("a part that was cut can be written");
                    let at = self.arrival(conn, 0);
                    self.post(at, Coming::ToSmsc(conn, octets.freeze()));
                }
                Said::Report(report) => self.report(id, report),
                Said::Wait(deadline) => {
                    let Some(deadline) = deadline else { return };
                    assert!(now <= deadline, "deadline: the talk of {id:?} waits for the past");
                    let at = self.millis(deadline);
                    let link = self.links.get_mut(&id).unwrap();
                    if link.tick.is_none_or(|it| at < it) {
                        link.tick = Some(at);
                        self.post(at, Coming::TalkTick(conn));
                    }
                    return;
                }
                Said::Close(reason) => return self.closed(conn, reason),
            }
        }
    }

    fn millis(&self, deadline: Instant) -> u64 {
        (deadline - self.base).as_nanos().div_ceil(1_000_000) as u64
    }

    fn closed(&mut self, conn: u64, reason: CloseReason) {
        let id = self.conns[&conn].link;
        let link = self.links.get_mut(&id).unwrap();
        (link.talk, link.tick) = (None, None);
        let at = self.arrival(conn, 0);
        self.post(at, Coming::SmscEof(conn));
        let wait = if matches!(reason, CloseReason::BindRefused(_)) { 3_000 } else { 500 };
        let after = self.dice.range(wait, 3 * wait);
        self.post(self.now + after, Coming::Connect(id));
    }
}

/// The carriers.
impl World {
    fn smsc_hears(&mut self, conn: u64, frame: Bytes) {
        if self.conns.get(&conn).is_some_and(|it| !it.dark) {
            let pdu = Pdu::decode(frame).expect("what was encoded can be decoded");
            self.tell_smsc(conn, Input::Pdu(pdu));
        }
    }

    fn tell_smsc(&mut self, conn: u64, input: Input) {
        let now = self.instant();
        if let Some(session) = self.conns.get_mut(&conn).and_then(|it| it.session.as_mut()) {
            session.handle(now, input);
            self.poll_smsc(conn);
        }
    }

    fn poll_smsc(&mut self, conn: u64) {
        let now = self.instant();
        loop {
            let Some(session) = &mut self.conns.get_mut(&conn).unwrap().session else { return };
            match session.poll() {
                Output::Send(pdu) => {
                    let mut octets = BytesMut::new();
                    pdu.encode(&mut octets).expect("the carrier writes what can be written");
                    let at = self.arrival(conn, 1);
                    self.post(at, Coming::ToTalk(conn, octets.freeze()));
                }
                Output::Event(event) => self.heard(conn, event),
                Output::Wait(deadline) => {
                    let Some(deadline) = deadline else { return };
                    assert!(now <= deadline, "deadline: the session of a carrier waits for the past");
                    let at = self.millis(deadline);
                    let conn_state = self.conns.get_mut(&conn).unwrap();
                    if conn_state.tick.is_none_or(|it| at < it) {
                        conn_state.tick = Some(at);
                        self.post(at, Coming::SmscTick(conn));
                    }
                    return;
                }
                Output::Close(_) => {
                    self.conns.get_mut(&conn).unwrap().session = None;
                    let at = self.arrival(conn, 1);
                    self.post(at, Coming::TalkEof(conn));
                    return;
                }
            }
        }
    }

    fn heard(&mut self, conn: u64, event: Event) {
        let carrier = self.conns[&conn].link.carrier;
        let smsc = self.smscs.get_mut(&carrier).unwrap();
        match event {
            Event::BindRequested { sequence, kind, .. } => {
                let refuse = self.now < smsc.refusing_until;
                let status = if !refuse {
                    self.conns.get_mut(&conn).unwrap().kind = Some(kind);
                    CommandStatus::Ok
                } else if self.dice.percent(20) {
                    return;
                } else {
                    self.dice.pick(&[
                        CommandStatus::BindFailed,
                        CommandStatus::AlreadyBound,
                        CommandStatus::InvalidPassword,
                    ])
                };
                let body = Body::BindResp(kind, BindResp::default());
                self.post(self.now, Coming::Respond(conn, sequence, status, body));
            }
            Event::Bound { .. } => self.deliver(carrier),
            Event::Requested { sequence, body: Body::SubmitSm(sm) } => {
                let (_, verdict, script) = smsc.submitted(self.now, &mut self.dice, &sm);
                if let Verdict::Answer(after, status, id) = verdict {
                    self.post(self.now + after, Coming::Respond(conn, sequence, status, Smsc::answer(&id)));
                }
                for (after, notice) in script {
                    self.post(self.now + after, Coming::Receipt(carrier, notice));
                }
            }
            Event::Answered { ticket, status: CommandStatus::Ok, .. }
            | Event::LateAnswer { ticket, status: CommandStatus::Ok, .. } => {
                self.confirmed(carrier, ticket as usize);
                self.deliver(carrier);
            }
            Event::Answered { status, .. } => panic!("refused while all is well: {status}"),
            Event::TimedOut(ticket) | Event::Lost(ticket) if smsc.weather.never_again => {
                assert!(!self.scenario.fair, "lost while all is well");
                let notice = &mut smsc.notices[ticket as usize];
                notice.lost = true;
                if notice.mo.is_none() {
                    let taken = notice.taken;
                    smsc.taken[taken].lost = true;
                }
            }
            Event::TimedOut(ticket) | Event::Lost(ticket) | Event::NeverSent(ticket) => {
                let after = self.dice.range(500, 5_000);
                self.post(self.now + after, Coming::Receipt(carrier, ticket as usize));
            }
            Event::Odd(oddity) => panic!("the gateway does what it should not: {oddity}"),
            _ => (),
        }
    }

    /// Sends what waits, on any bind that receives.
    fn deliver(&mut self, carrier: CarrierId) {
        let now = self.instant();
        loop {
            let smsc = &self.smscs[&carrier];
            let Some(notice) = smsc.waiting.last().copied() else { return };
            let able = self.conns.iter().filter(|(_, it)| {
                it.link.carrier == carrier
                    && it.kind.is_some_and(BindKind::receives)
                    && it.session.as_ref().is_some_and(|it| 0 < it.credit())
            });
            let able: Vec<u64> = able.map(|(id, _)| *id).collect();
            if able.is_empty() {
                return;
            }
            let conn = self.dice.pick(&able);
            let body = self.smscs[&carrier].deliver(notice);
            self.smscs.get_mut(&carrier).unwrap().waiting.pop();
            let session = self.conns.get_mut(&conn).unwrap().session.as_mut().unwrap();
            session.handle(now, Input::Request(notice as u64, body));
            self.poll_smsc(conn);
        }
    }
}
