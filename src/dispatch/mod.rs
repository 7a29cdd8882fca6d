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

pub mod door;
mod beat;
mod queue;
mod look;
mod tried;
mod part;
mod links;
pub mod admit;
mod give;
mod settle;
mod failover;
pub mod verify;
pub mod inbound;
pub mod operate;
mod start;
mod reconfigure;
mod load;
mod hear;
mod sweep;
mod due;
mod open_orders;
mod announce;
mod forget;

use crate::dispatch::admit::accounts::Accounts;
use crate::dispatch::admit::arrive::Arrivals;
use crate::dispatch::admit::cancel::Withdrawals;
use crate::dispatch::beat::Beat;
use crate::dispatch::door::command::Command;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::happening::{Ask, Happening, RequestId};
use crate::dispatch::failover::carrier_health::Health;
use crate::dispatch::failover::relocate::Relocation;
use crate::dispatch::inbound::handsets::Handsets;
use crate::dispatch::inbound::opt_out::OptedOut;
use crate::dispatch::open_orders::OpenOrders;
use crate::dispatch::operate::standing_orders::Operated;
use crate::dispatch::operate::tally::Tallies;
use crate::dispatch::queue::carrier::CarrierState;
use crate::dispatch::queue::lane::Lanes;
use crate::dispatch::queue::strict::Strict;
use crate::dispatch::queue::working_set::Set;
use crate::dispatch::settle::habits::Habits;
use crate::dispatch::settle::owed::Owed;
use crate::dispatch::settle::parked::ParkedSet;
use crate::dispatch::settle::query::Queries;
use crate::dispatch::sweep::Sweep;
use crate::dispatch::verify::verifications::Verifications;
use crate::guard::guards::Guards;
use crate::message::id::{AccountId, CarrierId};
use crate::message::money::Money;
use crate::message::time::Time;
use crate::record::contract::{Poisoned, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A source of randomness: the operating system's, or a seed's. Each call gives 64 bits.
pub type Dice<'a> = &'a mut dyn FnMut() -> u64;

/// Records of messages of handsets that one beat forgets of its own accord: each is a row.
const FORGET_MAX: usize = 500;

/// The deciding floor: the beat, and the whole state, each part of it with its owner.
#[derive(Debug)]
pub struct Dispatch {
    beat: Beat,
    /// The messages in memory.
    set: Set,
    /// What is queued.
    lanes: Lanes,
    /// Carriers and their links.
    carriers: BTreeMap<CarrierId, CarrierState>,
    /// What carriers owe us.
    owed: Owed,
    /// Receipts that came before their part was known.
    parked: ParkedSet,
    /// How carriers write what they send.
    habits: Habits,
    /// How carriers do.
    health: Health,
    /// What carriers are asked.
    queries: Queries,
    /// Recipients of routes that keep a strict order.
    strict: Strict,
    /// Orders of which not all messages are there.
    arrivals: Arrivals,
    /// Orders of several messages that are not over.
    open_orders: OpenOrders,
    /// Orders that are being taken back.
    withdrawals: Withdrawals,
    /// What accounts have, and what they may ask for.
    accounts: Accounts,
    /// What handsets send, and what they wish.
    handsets: Handsets,
    /// What operators have ordered and still stands.
    operated: Operated,
    /// What time has yet to do.
    sweep: Sweep,
    /// What leaves carriers that are closed or slow.
    relocation: Relocation,
    /// What carriers have done.
    tallies: Tallies,
    /// Whose numbers are being verified.
    verifications: Verifications,
    /// What stands before a code is sent.
    guards: Guards,
}

/// What came of a beat. Everything that it rests on is durable.
#[derive(Debug, Default)]
pub struct Effects {
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
    /// One beat: load what is named, decide, make it durable, and only then order it.
    pub fn beat<S: Store>(
        &mut self,
        now: Time,
        dice: Dice<'_>,
        happenings: Vec<Happening>,
        store: &mut S,
    ) -> Result<Effects, Poisoned> {
        self.beat.now = self.beat.now.max(now);
        self.beat.number += 1;
        self.count_work();
        self.load(&happenings, store)?;
        self.end_actions();
        self.sweep(store)?;
        self.restate(store)?;
        self.recall_guards(store)?;
        self.end_verifications(dice, store)?;
        self.handsets.tell_due(&mut self.beat, dice);
        self.handsets.forget(&mut self.beat, FORGET_MAX);
        for happening in happenings {
            self.decide(happening, dice, store)?;
        }
        self.health.judge(&self.beat);
        self.go_on_withdrawing(store)?;
        self.arrive(dice);
        self.wake_resting();
        self.refill(store)?;
        self.relocate();
        self.go_on_moving();
        self.assign();
        self.fail_verifications(dice, store)?;
        self.offer_channels(dice, store)?;
        self.announce(dice, store)?;
        self.set.settle(&mut self.beat.out.batch);
        self.verifications.settle(&mut self.beat.out.batch.verifications);
        let records = self.beat.commit(self.owed.awaiting().collect(), store)?;
        self.tallies.count(&self.beat.out.facts);
        let (commands, facts) = self.beat.take();
        Ok(Effects { commands, facts, next: self.next(), records })
    }

    /// Who does not want to be written to, for the API to look at.
    pub fn opted_out(&self) -> Arc<OptedOut> {
        self.handsets.opted_out.clone()
    }

    /// What an account has.
    pub fn balance(&self, account: AccountId) -> Money {
        self.accounts.balance(account)
    }

    /// How many messages are in memory.
    pub fn messages_in_memory(&self) -> usize {
        self.set.len()
    }

    fn decide<S: Store>(&mut self, happening: Happening, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        match happening {
            Happening::Ask(request, ask) => self.answer_to(request, ask, dice, store)?,
            Happening::Link(link, report) => self.hear(link, report, dice),
            Happening::Gone(link) => self.gone(link, dice),
            Happening::Reconfigure(plan) => {
                if self.beat.plan.guard != plan.guard {
                    self.look_anew();
                }
                self.reconfigure(plan);
                self.recall_guards(store)?;
            }
            Happening::Wall(wall) => self.wall_is(wall),
            Happening::StoodStill(time) => self.handsets.stood_still(&self.beat, time),
            Happening::Told(progress) => self.take_told(*progress, dice),
            Happening::HearOfSent(accounts) => self.beat.hear_of_sent = accounts,
            Happening::Drain => self.beat.draining = true,
        }
        Ok(())
    }

    fn answer_to<S: Store>(
        &mut self,
        request: RequestId,
        ask: Ask,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        match ask {
            Ask::Submit(submission) => self.accept(request, *submission, dice, store)?,
            Ask::Cancel(it) => self.cancel(request, it),
            Ask::Withdraw(withdrawal) => self.withdraw(request, withdrawal),
            Ask::Suppress(it) => self.handsets.opted_out.suppress(&mut self.beat, request, it),
            Ask::Lift(it) => self.handsets.opted_out.write_again(&mut self.beat, request, it),
            Ask::Operate(demand) => self.operate(request, *demand),
            Ask::MayAsk(it) => self.accounts.may_ask(&mut self.beat, request, it),
            Ask::Inspect(_) => self.inspect(request),
            Ask::Credit(credit) => self.credit(request, *credit, store)?,
            Ask::Feedback(it) => self.outcome(request, it),
            Ask::Forget(it) => {
                let more = self.forget_verifications((it.asked.number, it.asked.at), dice, store)?;
                self.forget(request, *it, more);
            }
            Ask::Verify(it) => self.verify(request, *it, dice, store)?,
            Ask::Predict(it) => self.predict(request, it, store)?,
            Ask::Check(it) => self.check(request, it, dice, store)?,
            Ask::CancelVerification(it) => self.cancel_verification(request, it, dice, store)?,
        }
        Ok(())
    }
}
