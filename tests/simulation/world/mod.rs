//! The whole gateway in virtual time, on one thread: the deciding floor, its store, an ESME for each link,
//! wires, and the carriers at their other ends.
//!
//! ```text
//!  customers ─► Dispatch ◄─► Watched(Memory)          one beat at a time; what it orders is
//!                 ▲  │                                carried out when its commit has taken its time
//!        reports  │  ▼ commands
//!                Esme ══ wire: late, cut, dark ══ Session::smsc ─ Smsc
//! ```

mod carriers;
mod customers;
mod drain;
mod operators;
mod overdue;
mod process;
pub(super) mod questions;
mod wires;

use crate::simulation::content::Asked;
use crate::simulation::dice::{Dice, Seed};
use crate::simulation::figures::Figures;
use crate::simulation::forgotten::Forgetting;
use crate::simulation::ledger::Ledger;
use crate::simulation::receipts::Hearing;
use crate::simulation::scenario::{Fault, Scenario, Weather};
use crate::simulation::smsc::{Anew, Smsc};
use crate::simulation::tally::Tally;
use crate::simulation::told::Told;
use crate::simulation::watch::Watched;
use crate::simulation::wishes::{Wish, Wishes};
use crate::simulation::world::drain::Drained;
use crate::simulation::world::operators::Operators;
use crate::simulation::world::overdue::Overdue;
use crate::simulation::world::questions::Inquiry;
use bytes::Bytes;
use nuncio::carrier::esme::Esme;
use nuncio::carrier::report::Report;
use nuncio::dispatch::door::happening::{Happening, Submission, Withdrawal};
use nuncio::dispatch::door::plan::Plan;
use nuncio::dispatch::{Dispatch, Effects};
use nuncio::message::id::{AccountId, CarrierId, LinkId, MessageId};
use nuncio::message::time::Time;
use nuncio::session::Session;
use nuncio::session::conversation::DriverEvent;
use nuncio::session::input::Input;
use nuncio::smpp::bind::BindKind;
use nuncio::smpp::pdu::PduBody;
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
    ToEsme(u64, Bytes),
    EsmeEof(u64),
    EsmeTick(u64),
    ToSmsc(u64, Bytes),
    SmscEof(u64),
    SmscTick(u64),
    /// The carrier has made up its mind about a request.
    Respond(u64, u32, CommandStatus, PduBody),
    Receipt(CarrierId, usize),
    Beat,
    Act(Effects),
    Request(Box<Submission>),
    Cancel,
    Wish(Wish),
    Fault(Fault),
    Start,
    /// The links unbind.
    Unbind,
    Kill,
    /// What waits is looked at.
    Look,
    /// Some of what is old is forgotten.
    Forget,
    Calm,
}

/// The near end of a connection.
#[derive(Default)]
struct Link {
    epoch: u32,
    conn: u64,
    esme: Option<Esme>,
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
    /// What carriers and wires do.
    pub(crate) dice: Dice,
    /// What the gateway rolls.
    rolls: Dice,
    pub(crate) tally: Tally,
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
    /// Orders that were asked for back, by the request.
    withdrawn: BTreeMap<u64, Withdrawal>,
    requests: u64,
    /// Accepted messages that customers know of.
    pub(crate) known: Vec<(MessageId, AccountId)>,
    beat_due: Option<u64>,
    acting: bool,
    idle_beats: u32,
    pub(crate) beats: u64,
    pub(crate) crashes: u64,
    draining: bool,
    drained: Drained,
    /// When the process began.
    started: u64,
    overdue: Overdue,
    pub(crate) calm: bool,
    pub(crate) ledger: Ledger,
    pub(crate) hearing: Hearing,
    operators: Operators,
    pub(crate) wishes: Wishes,
    pub(crate) told: Told,
    pub(crate) figures: Figures,
    pub(crate) forgetting: Option<Forgetting>,
    pub(crate) asked: Asked,
    spin: (u64, u32),
}

impl World {
    pub(crate) fn new(seed: Seed) -> Self {
        Self::of(seed, Scenario::new(&mut seed.dice("scenario")))
    }

    /// What a scenario says, by the other dice of a seed.
    pub(crate) fn of(seed: Seed, mut scenario: Scenario) -> Self {
        scenario.questions(&mut seed.dice("questions"));
        scenario.large(&mut seed.dice("large"));
        let mut world = Self {
            dice: seed.dice("weather"),
            rolls: seed.dice("gateway"),
            tally: Tally::default(),
            base: Instant::now(),
            now: 0,
            stamp: 0,
            queue: BTreeMap::new(),
            life: 0,
            dispatch: None,
            store: Watched::new(),
            plan: scenario.plans[0].clone(),
            plans: 0,
            links: scenario.links.keys().map(|it| (*it, Link::default())).collect(),
            conns: BTreeMap::new(),
            smscs: Self::carriers(seed, &scenario),
            calls: Vec::new(),
            waiting: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            requests: 0,
            known: Vec::new(),
            beat_due: None,
            acting: false,
            idle_beats: 0,
            beats: 0,
            crashes: 0,
            draining: false,
            drained: Drained::default(),
            started: 0,
            overdue: Overdue::default(),
            calm: false,
            ledger: Ledger::default(),
            hearing: Hearing::default(),
            operators: Operators::who_give(scenario.credit),
            wishes: Wishes::default(),
            told: Told::default(),
            figures: Figures::default(),
            forgetting: Forgetting::of(seed, &scenario),
            asked: Asked::of(scenario.requests.iter().map(|it| &it.1)),
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
        for (at, wish) in std::mem::take(&mut world.scenario.wishes) {
            world.post(at, Coming::Wish(wish));
        }
        world.post(world.scenario.calm, Coming::Calm);
        world.post(0, Coming::Look);
        world.post(0, Coming::Forget);
        world.start();
        world
    }

    fn carriers(seed: Seed, scenario: &Scenario) -> BTreeMap<CarrierId, Smsc> {
        let mut dice = seed.dice("ids");
        let mut asked = seed.dice("answers");
        let mut smsc = |it: &Weather| {
            let (anew, well) = (Anew::of(Dice::new(dice.next())), scenario.fair || it.faithful);
            Smsc::new(it.clone(), anew, Inquiry::of(Dice::new(asked.next()), well))
        };
        scenario.weather.iter().map(|(id, it)| (*id, smsc(it))).collect()
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

    /// What was decided is not carried out yet, or an order is being taken back.
    pub(crate) fn is_busy(&self) -> bool {
        self.acting || !self.withdrawn.is_empty()
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

    pub(crate) const fn time(&self) -> Time {
        Time(EPOCH + self.now)
    }

    fn happen(&mut self, life: u32, coming: Coming) {
        let mine = life == self.life;
        match coming {
            Coming::Connect(link) if mine => self.connect(link),
            Coming::ToEsme(conn, frame) => self.esme_hears(conn, frame),
            Coming::EsmeEof(conn) => self.esme_ends(conn),
            Coming::EsmeTick(conn) => {
                if self.conns.get(&conn).is_some_and(|it| self.links[&it.link].conn == conn)
                    && let link = self.conns[&conn].link
                    && self.links[&link].tick == Some(self.now)
                {
                    self.links.get_mut(&link).unwrap().tick = None;
                    self.tell_esme(conn, DriverEvent::Tick);
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
            Coming::Wish(wish) => self.wish(wish),
            Coming::Fault(fault) => self.fault(fault),
            Coming::Start => self.start(),
            Coming::Unbind if mine => self.unbind(),
            Coming::Kill if mine => self.end_drained(),
            Coming::Look => self.look_for_overdue(),
            Coming::Forget => {
                let next = self.forget_some();
                next.into_iter().for_each(|it| self.post(it, Coming::Forget));
            }
            Coming::Calm => self.calm_down(),
            _ => (),
        }
    }

    fn fault(&mut self, fault: Fault) {
        let until = |span: u64| self.now + span;
        match fault {
            Fault::Cut(link) => {
                self.tally.add("cuts", u64::from(self.links[&link].esme.is_some()));
                self.cut(self.links[&link].conn);
            }
            Fault::Dark(link) => {
                if let Some(conn) = self.conns.get_mut(&self.links[&link].conn) {
                    self.tally.note("dark links");
                    conn.dark = true;
                }
            }
            Fault::HalfDead(id, span) => {
                self.smscs.get_mut(&id).unwrap().half_dead_until = until(span);
                self.falls_silent(id);
            }
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
            Fault::Pause(id, span) => self.pause(id, span),
            Fault::Wall(ahead) => {
                self.tally.note("jumps of the wall");
                self.set_wall(ahead);
            }
            Fault::FailCommit(k, leaves) => self.store.fail_at(k, leaves),
            Fault::Reconfigure => {
                self.plans += 1;
                self.plan = self.scenario.plans[self.plans % 2].clone();
                if self.dispatch.is_some() {
                    self.tally.note("reloads");
                    self.calls.push(Happening::Reconfigure(self.plan.clone()));
                    self.wake();
                }
            }
            Fault::Restart if self.dispatch.is_some() && !self.draining => self.drain(),
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
