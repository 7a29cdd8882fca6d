//! Decides what happens next to which part, on which link. It never sees a PDU, a socket or a
//! clock: happenings go in, commands and facts come out, and what changed is one batch.
//!
//! ```text
//!  happenings ─► load ─► decide, one after the other ─► assign ─► commit ─► commands, facts
//!                 ▲                                                 │
//!                 └──────────────────── store ◄─────────────────────┘
//! ```
//!
//! **Commit before act**: [`Dispatch::beat`] returns commands only after everything that they
//! rest on is durable. That one rule gives what the gateway promises: nothing acknowledged is
//! lost, what was perhaps submitted is known, no confirmed receipt is lost.

pub mod plan;
mod beat;
pub mod happening;
pub mod command;
pub mod fact;
mod lane;
mod limit;
mod pace;
mod rest;
mod carrier;
pub mod closed;
mod set;
mod parked;
mod waiting;
mod seen;
mod unresolved;
mod accept;
mod ring;
mod strict;
mod health;
mod place;
pub mod arrive;
mod allowance;
mod money;
mod assign;
mod answer;
mod throttle;
mod pending;
mod failover;
mod correlate;
mod unread;
mod learn;
mod remark;
mod query;
mod mo;
mod sweep;
pub mod usual;
mod calendar;
pub mod opt_out;
mod gauges;
mod operated;
mod moves;
mod restored;
pub mod operate;
pub mod tally;
pub mod inspect;

use crate::carrier::id::Learned;
use crate::dispatch::allowance::{Bucket, Used};
use crate::dispatch::arrive::Arrivals;
use crate::dispatch::beat::Beat;
use crate::dispatch::carrier::CarrierState;
use crate::dispatch::command::Command;
use crate::dispatch::fact::{DoubtCause, Fact};
use crate::dispatch::happening::Happening;
use crate::dispatch::health::Health;
use crate::dispatch::inspect::LinkWord;
use crate::dispatch::lane::Lane;
use crate::dispatch::learn::Writings;
use crate::dispatch::moves::Moving;
use crate::dispatch::operated::Operated;
use crate::dispatch::opt_out::OptedOut;
use crate::dispatch::parked::ParkedSet;
use crate::dispatch::plan::Plan;
use crate::dispatch::query::Queries;
use crate::dispatch::remark::Remarks;
use crate::dispatch::seen::SeenSet;
use crate::dispatch::set::Set;
use crate::dispatch::strict::Strict;
use crate::dispatch::sweep::Sweep;
use crate::dispatch::tally::Tallies;
use crate::dispatch::unresolved::Unresolved;
use crate::dispatch::usual::Usual;
use crate::dispatch::waiting::WaitingSet;
use crate::message::era::Ahead;
use crate::message::id::{AccountId, CarrierId, LaneId, LinkId, PartKey};
use crate::message::money::Money;
use crate::message::phase::{Move, Phase};
use crate::message::reason::Reason;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::contract::{Poisoned, Recovered, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A source of randomness: the operating system's, or a seed's. Each call gives 64 bits.
pub type Dice<'a> = &'a mut dyn FnMut() -> u64;

/// Records of messages of handsets that one beat forgets of its own accord: each is a row.
const FORGET_MAX: usize = 500;

/// The deciding floor's whole state.
#[derive(Debug)]
pub struct Dispatch {
    beat: Beat,
    /// How far ahead of the wall logical time was when parts that wait for a time were last looked at, and where that
    /// look goes on.
    restated: (Ahead, Option<Time>),
    set: Set,
    lanes: BTreeMap<LaneId, Lane>,
    carriers: BTreeMap<CarrierId, CarrierState>,
    parked: ParkedSet,
    /// Parts of messages from handsets that wait for the others.
    waiting: WaitingSet,
    /// What came from handsets lately, for when it comes again.
    seen: SeenSet,
    /// Parts whose outcome is not known, by who might send a receipt about them.
    doubtful: BTreeSet<(CarrierId, E164, PartKey)>,
    /// Parts with an attempt whose outcome was never learnt, wherever they are now.
    unresolved: Unresolved,
    /// Parts that wait for a receipt, by carrier.
    awaiting: BTreeMap<CarrierId, u64>,
    /// What receipts have shown of how each carrier writes its ids.
    learned: BTreeMap<CarrierId, Learned>,
    /// Who does not want to be written to.
    opted_out: Arc<OptedOut>,
    queries: Queries,
    /// What operators have ordered and still stands.
    operated: Operated,
    /// What they move now.
    moves: Vec<Moving>,
    tallies: Tallies,
    /// What was told of the habits of carriers.
    remarks: Remarks,
    /// How receipts write the ids of answers.
    writings: Writings,
    /// What each link last said of itself.
    link_words: BTreeMap<LinkId, LinkWord>,
    /// How carriers answer, beside how they usually do.
    usual: BTreeMap<CarrierId, Usual>,
    /// How carriers do.
    health: Health,
    /// Recipients of routes that keep a strict order.
    strict: Strict,
    /// Orders of which not all messages are there.
    arrivals: Arrivals,
    /// What accounts have, in micro-units of their currency.
    balances: BTreeMap<AccountId, Money>,
    /// Requests that accounts may make.
    buckets: BTreeMap<AccountId, Bucket>,
    /// Messages that quotas have counted.
    used: BTreeMap<AccountId, Used>,
    /// Queued parts of messages below [`Marks::held_below`].
    held: u64,
    sweep: Sweep,
    /// More could move from closed carriers at once.
    moving: bool,
    /// Parts of closed carriers that may still be looked at in this beat.
    looks: usize,
    /// When a part will have waited too long for its carrier; never when none does.
    overstay: Time,
    /// Lanes that have work, as at the start of this beat.
    busy: usize,
    /// Parts on a link now.
    in_flight: usize,
}

/// What came of a beat. Everything that it rests on is durable.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What to do, in this order.
    pub commands: Vec<Command>,
    /// What to tell telemetry.
    pub facts: Vec<Fact>,
    /// When the next beat is due even if nothing happens.
    pub next: Option<Time>,
    /// How many records were made durable.
    pub records: usize,
}

impl Dispatch {
    /// Takes up where the last commit left off. What was on a link then is in doubt now.
    pub fn new(plan: Arc<Plan>, recovered: Recovered, now: Time) -> Self {
        let now = now.max(recovered.marks.time);
        let mut dispatch = Self {
            set: Set::new(plan.limits.awaited),
            beat: Beat::new(plan.clone(), now, recovered.marks.clone()),
            restated: calendar::begin(&recovered.marks.eras),
            lanes: BTreeMap::new(),
            carriers: BTreeMap::new(),
            parked: ParkedSet::default(),
            waiting: WaitingSet::default(),
            seen: SeenSet::default(),
            doubtful: BTreeSet::new(),
            unresolved: Unresolved::default(),
            awaiting: recovered.marks.awaiting.iter().copied().collect(),
            learned: recovered.learned.iter().copied().collect(),
            opted_out: Arc::new(OptedOut::new(recovered.opted_out)),
            queries: Queries::default(),
            operated: Operated::default(),
            moves: Vec::new(),
            tallies: Tallies::default(),
            remarks: Remarks::default(),
            writings: Writings::default(),
            link_words: BTreeMap::new(),
            usual: BTreeMap::new(),
            health: Health::default(),
            strict: Strict::default(),
            arrivals: Arrivals::default(),
            balances: recovered.balances.into_iter().collect(),
            buckets: BTreeMap::new(),
            used: recovered.quotas.into_iter().map(|it| (it.account, Used::of(it))).collect(),
            held: recovered.held,
            sweep: Sweep::new(now),
            moving: false,
            overstay: Time::NEVER,
            looks: 0,
            busy: 0,
            in_flight: 0,
        };
        recovered.actions.into_iter().for_each(|it| dispatch.operated.take(it));
        dispatch.reconfigure(plan);
        for (carrier, learned) in recovered.learned {
            let believed = learned.believed();
            dispatch.beat.out.facts.extend(believed.map(|it| Fact::Learned {
                carrier,
                relation: Some(it),
                before: true,
            }));
        }
        recovered.parked.into_iter().for_each(|it| dispatch.parked.put(it));
        dispatch.recall_mo(recovered.mo_parts, recovered.mo_seen);
        for lane in recovered.lanes {
            let state = dispatch.lanes.entry(lane.lane).or_default();
            (state.queued, state.delayed, state.backlog) = (lane.count, lane.delayed, true);
            dispatch.offer(lane.lane);
        }
        // All doubts are noted before the first is judged: what fits one of them may fit another.
        let keys: Vec<Vec<PartKey>> = recovered.doubtful.into_iter().map(|it| dispatch.recall(it)).collect();
        for key in keys.into_iter().flatten() {
            dispatch.in_flight += 1;
            dispatch.doubt(key, DoubtCause::Crash);
        }
        dispatch
    }

    /// One beat: load what is named, decide, make it durable, and only then order it.
    pub fn beat<S: Store>(
        &mut self,
        now: Time,
        dice: Dice<'_>,
        happenings: Vec<Happening>,
        store: &mut S,
    ) -> Result<Outcome, Poisoned> {
        self.beat.now = self.beat.now.max(now);
        self.beat.number += 1;
        self.busy = self.carriers.values().map(|it| it.ring.len()).sum();
        self.load(&happenings, store)?;
        self.end_actions();
        self.sweep(store)?;
        self.restate(store)?;
        self.tell_due(dice);
        self.forget_mo(FORGET_MAX);
        for happening in happenings {
            self.decide(happening, dice, store)?;
        }
        self.judge_carriers();
        self.arrive(dice);
        self.wake_resting();
        self.refill(store)?;
        self.relocate();
        self.go_on_moving();
        self.assign();
        self.set.settle(&mut self.beat.out.batch);
        let records = self.beat.out.batch.len();
        if records != 0 || self.beat.out.batch.marks.eras != self.beat.out.marks.eras {
            self.beat.out.marks.time = self.beat.now;
            self.beat.out.marks.awaiting = self.awaiting.iter().map(|(carrier, count)| (*carrier, *count)).collect();
            self.beat.out.batch.marks = self.beat.out.marks.clone();
            store.commit(&self.beat.out.batch)?;
            // The vectors keep their room: a beat under load is followed by another.
            self.beat.out.batch.clear();
        }
        self.tallies.count(&self.beat.out.facts);
        Ok(Outcome {
            commands: std::mem::take(&mut self.beat.out.commands),
            facts: std::mem::take(&mut self.beat.out.facts),
            next: self.next(),
            records,
        })
    }

    /// Nothing is on a link, nothing waits for an answer, and every order that began is whole.
    pub fn is_quiet(&self) -> bool {
        self.in_flight == 0 && self.arrivals.is_empty()
    }

    /// Who does not want to be written to, for the API to look at.
    pub fn opted_out(&self) -> Arc<OptedOut> {
        self.opted_out.clone()
    }

    /// How many messages are in memory.
    pub fn held(&self) -> usize {
        self.set.len()
    }

    fn decide<S: Store>(&mut self, happening: Happening, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        match happening {
            Happening::Submit(request, submission) => self.accept(request, *submission, dice, store)?,
            Happening::Cancel(request, account, message) => self.cancel(request, account, message),
            Happening::Credit(request, credit) => self.credit(request, *credit, store)?,
            Happening::Outcome(request, account, message, verified) => {
                self.outcome(request, account, message, verified);
            }
            Happening::Link(link, report) => self.hear(link, report, dice),
            Happening::Gone(link) => self.gone(link, dice),
            Happening::OptOut(request, change) => self.change_opt_outs(request, change),
            Happening::Operate(request, demand) => self.operate(request, *demand),
            Happening::MayAsk(request, account) => self.may_ask(request, account),
            Happening::Inspect(request) => self.inspect(request),
            Happening::Reconfigure(plan) => self.reconfigure(plan),
            Happening::Wall(wall) => self.wall_is(wall),
            Happening::StoodStill(time) => self.stood_still(time),
            Happening::Drain => self.beat.draining = true,
        }
        Ok(())
    }

    fn reconfigure(&mut self, plan: Arc<Plan>) {
        self.beat.reconfigure(plan);
        self.queries.reconfigured();
        for (id, carrier) in &self.beat.plan.carriers {
            let now = self.beat.now;
            self.carriers
                .entry(*id)
                .and_modify(|it| it.reconfigure(carrier, now))
                .or_insert_with(|| CarrierState::new(carrier, now));
        }
        let plan = &self.beat.plan;
        self.usual.retain(|it, _| plan.carriers.contains_key(it));
        for carrier in self.carriers.values_mut() {
            carrier.ring.clear();
        }
        let lanes: Vec<LaneId> = self.lanes.keys().copied().collect();
        for lane in lanes {
            self.lanes.entry(lane).and_modify(|it| it.in_ring = false);
            self.offer(lane);
        }
    }

    /// Puts a lane with work into its carrier's ring.
    fn offer(&mut self, lane: LaneId) {
        let Some(queue) = self.lanes.get_mut(&lane) else { return };
        let state = self.carriers.entry(lane.carrier()).or_insert_with(CarrierState::unknown);
        if queue.has_work() && !queue.in_ring {
            queue.in_ring = true;
            let weight = self.beat.plan.accounts.get(&lane.account()).map_or(1, |it| it.weight);
            state.ring.push(lane, weight);
        }
    }

    /// A message that was on a link, or in doubt, when the daemon stopped. Returns the parts that were on a link.
    fn recall(&mut self, entry: crate::record::entry::Entry) -> Vec<PartKey> {
        let open = |phases: &[Phase]| -> Vec<PartKey> {
            entry.parts.iter().filter(|it| phases.contains(&it.phase())).map(|it| it.key).collect()
        };
        let (intended, all) = (open(&[Phase::Intended]), open(&[Phase::Intended, Phase::Doubtful]));
        self.set.admit(entry);
        all.into_iter().for_each(|key| self.note_doubt(key));
        intended
    }

    /// Moves a part: its phase, and everything that counts phases. The one place where a
    /// phase changes.
    fn step(&mut self, key: PartKey, step: Move, reason: Option<Reason>) {
        let Some(held) = self.set.change(key) else { return };
        let part = &mut held.entry.parts[usize::from(key.index())];
        let before = part.phase();
        let after = part.step(step).expect("dispatch checks the phase before it moves a part");
        let delayed = before == Phase::Queued && part.due.known().is_some();
        part.due = Time::NEVER;
        if after.is_final() {
            (part.reason, part.done_at) = (reason, self.beat.now);
        }
        let (lane, carrier) = (part.lane, part.attempt.as_ref().map(|it| it.link.carrier));
        let destination = held.entry.body.destination;
        let (told, status) = (held.told, held.entry.status());
        held.told = status;
        let ended = after.is_final() && held.entry.parts.iter().all(|it| it.phase().is_final());
        let first_end = ended && !before.is_final();
        if ended
            && self.beat.plan.erase_text.covers(held.entry.body.class)
            && let Some(body) = held.entry.body.erased()
        {
            held.entry.body = Arc::new(body);
            self.beat.out.batch.erased.push(held.entry.body.clone());
        }
        if told != status {
            self.beat.tell(Fact::Status {
                message: held.entry.body.id,
                route: held.entry.body.route,
                status,
                reason,
                corrected: told.is_final(),
            });
        }
        if first_end {
            self.pay_back(key.seq());
        }
        let queue = self.lanes.entry(lane).or_default();
        match (before == Phase::Queued, after == Phase::Queued) {
            (true, false) => {
                queue.queued = queue.queued.saturating_sub(1);
                queue.delayed = queue.delayed.saturating_sub(u64::from(delayed));
            }
            (false, true) => queue.queued += 1,
            _ => (),
        }
        if (before == Phase::Queued) != (after == Phase::Queued) {
            self.count_held(key, after == Phase::Queued);
        }
        if let Some(carrier) = carrier {
            let awaiting = self.awaiting.entry(carrier).or_default();
            match (before == Phase::Sent, after == Phase::Sent) {
                (true, false) => *awaiting = awaiting.saturating_sub(1),
                (false, true) => *awaiting += 1,
                _ => (),
            }
            if before == Phase::Doubtful && after != Phase::Doubtful {
                self.doubtful.remove(&(carrier, destination, key));
            }
        }
        self.strict_frees(key);
    }

    /// How many parts are queued in all lanes.
    fn queued(&self) -> u64 {
        self.lanes.values().map(|it| it.queued).sum()
    }
}
