//! The loop: gather, beat, act; one thread, nothing else in it.

use crate::api::handler::context::LoopRequest;
use crate::carrier::esme;
use crate::carrier::report::Queried;
use crate::carrier::report::{Answered, Report};
use crate::clock::{Clock, elapsed};
use crate::dispatch::door::command::Command;
use crate::dispatch::door::happening::{Happening, RequestId};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::Reply;
use crate::dispatch::{Dispatch, Effects};
use crate::gateway::control::{ANSWERS_MAX, Control};
use crate::gateway::currency::Currencies;
use crate::gateway::failure::Failure;
use crate::gateway::hooks::Hooks;
use crate::gateway::housekeeping::Housekeeping;
use crate::gateway::os_dice::OsDice;
use crate::gateway::port::Port;
use crate::gateway::timekeeping::Timekeeping;
use crate::gateway::wake::Wake;
use crate::message::channel::Channel;
use crate::message::id::{LinkId, VerificationId};
use crate::message::time::Time;
use crate::record::contract::{Poisoned, Store};
use crate::store::event_bell::EventBell;
use crate::store::sqlite::Sqlite;
use crate::telemetry::facts;
use crate::telemetry::meters::Meters;
use crate::telemetry::meters::inside::Step;
use crate::wire::trace::{Trace, Traces};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Requests that one beat takes: each may be an order of thousands.
const CALLS_MAX: usize = 1_024;
/// The longest sleep: housekeeping comes by at least so often.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// No carrier waits less for our answers. Who stood still for so long, in a commit or with the whole process, is told.
const CARRIERS_WAIT: Duration = Duration::from_secs(5);

/// The loop and everything that it owns.
pub(super) struct Loop {
    pub(super) dispatch: Dispatch,
    pub(super) dice: OsDice,
    pub(super) currencies: Currencies,
    pub(super) store: Sqlite,
    pub(super) clock: Clock,
    pub(super) calls: mpsc::Receiver<LoopRequest>,
    pub(super) controls: mpsc::Receiver<Control>,
    pub(super) meters: Arc<Meters>,
    pub(super) traces: Traces,
    pub(super) housekeeping: Housekeeping,
    pub(super) timekeeping: Timekeeping,
    pub(super) wake: Wake,
    /// How long to gather before a beat; zero commits at once.
    pub(super) gather: Duration,
    pub(super) ports: BTreeMap<LinkId, Port>,
    pub(super) waiting: HashMap<RequestId, oneshot::Sender<Reply>>,
    pub(super) next_request: u64,
    pub(super) hooks: Hooks,
    pub(super) event_bell: EventBell,
    /// Codes that go by another channel without anybody asking.
    pub(super) channels: mpsc::Sender<(VerificationId, Channel)>,
    pub(super) drained: Option<oneshot::Sender<()>>,
    /// What is given back by links that have gone.
    pub(super) returned: Vec<Happening>,
    pub(super) ending: bool,
}

impl Loop {
    /// Runs until it is told to end, or the store fails.
    pub(super) fn run(mut self) -> Result<(), Poisoned> {
        self.wake.is_me();
        let mut next = Some(self.clock.now());
        let mut gathered = elapsed();
        loop {
            let before = std::mem::replace(&mut gathered, elapsed());
            let mut happenings = self.gather()?;
            // A machine that was suspended stood still, too.
            let stood = gathered.saturating_sub(before);
            if CARRIERS_WAIT <= stood {
                happenings.insert(0, Happening::StoodStill(stood));
            }
            let now = self.clock.now();
            if let Some(news) = self.timekeeping.news(&self.clock) {
                happenings.insert(0, news);
            }
            let mut idle = false;
            if !happenings.is_empty() || next.is_some_and(|it| it <= now) {
                next = self.beat(now, happenings)?;
                self.housekeeping.spare(&self.meters);
            } else if self.ending && self.ports.is_empty() {
                self.meters.often().renew();
                return self.timekeeping.mark(&mut self.clock, &mut self.dispatch, &mut self.store);
            } else {
                self.sleep(next.map(|it| it.since(now)));
                idle = true;
            }
            self.housekeeping.sweep(&mut self.store, idle)?;
            self.housekeeping.retain(now, &mut self.store, idle)?;
            if self.housekeeping.look(self.clock.now(), &self.dispatch, &self.meters) {
                self.timekeeping.look(&mut self.clock, &self.meters, &mut self.dispatch, &mut self.store)?;
                self.housekeeping.tend(&mut self.store, &self.meters)?;
            }
            if let Some(lanes) = self.store.recounted()? {
                self.dispatch.recount(lanes);
                next = Some(self.clock.now());
            }
            if self.dispatch.is_quiet()
                && let Some(drained) = self.drained.take()
            {
                _ = drained.send(());
            }
        }
    }

    fn sleep(&self, wait: Option<Duration>) {
        let longest = self.housekeeping.pause().unwrap_or(SLEEP_MAX);
        std::thread::park_timeout(wait.unwrap_or(longest).min(longest));
    }

    /// Everything that waits, each lane up to its bound.
    fn gather(&mut self) -> Result<Vec<Happening>, Poisoned> {
        let mut found = std::mem::take(&mut self.returned);
        self.take_all(&mut found)?;
        if !found.is_empty() && !self.gather.is_zero() {
            std::thread::sleep(self.gather);
            self.take_all(&mut found)?;
        }
        Ok(found)
    }

    fn take_all(&mut self, found: &mut Vec<Happening>) -> Result<(), Poisoned> {
        while let Ok(control) = self.controls.try_recv() {
            self.take_control(control, found)?;
        }
        self.ports.retain(|link, port| {
            let lives = port.drain(*link, found);
            if !lives {
                found.push(Happening::Gone(*link));
            }
            lives
        });
        for _ in 0..CALLS_MAX {
            let Ok(call) = self.calls.try_recv() else { break };
            match call {
                LoopRequest::Ask(ask, reply) => {
                    let request = RequestId(self.next_request);
                    self.next_request += 1;
                    self.waiting.insert(request, reply);
                    found.push(Happening::Ask(request, ask));
                }
                LoopRequest::Told(progress) => found.push(Happening::Told(Box::new(progress))),
                LoopRequest::Receipts(carrier, news, durable) => found.extend(self.hooks.take(carrier, news, durable)),
            }
        }
        Ok(())
    }

    fn take_control(&mut self, control: Control, found: &mut Vec<Happening>) -> Result<(), Poisoned> {
        match control {
            Control::Attach(link, port) => {
                // What the link before it under the same name still had to say comes first.
                if let Some(mut before) = self.ports.insert(link, port) {
                    before.drain_all(link, found);
                    found.push(Happening::Gone(link));
                }
            }
            Control::Reconfigure(plan, meters) => {
                // Under another configuration what happens is news.
                meters.often().renew();
                self.meters = meters;
                self.currencies.take_over(&mut self.store, |it| self.dispatch.balance(it), &plan)?;
                found.push(Happening::Reconfigure(plan));
            }
            Control::Drain(drained) => {
                self.drained = Some(drained);
                found.push(Happening::Drain);
            }
            Control::OpenEndpoints(all, reply) => {
                self.store.open_endpoints(&all)?;
                _ = reply.send(());
            }
            // Who asked may have given up.
            Control::MakeEndpoint(new, reply) => _ = reply.send(self.store.make_endpoint(new)?),
            Control::GiveUpEndpoint(gone, reply) => _ = reply.send(self.store.give_up_endpoint(&gone)?),
            Control::KeepToForget(number, reply) => _ = reply.send(self.store.keep_to_forget(number)?),
            Control::HasForgotten(number, reply) => _ = reply.send(self.store.has_forgotten(number)?),
            Control::HearOfSent(accounts) => found.push(Happening::HearOfSent(accounts)),
            Control::Intern(names, reply) => {
                let numbers: Result<Vec<u16>, Poisoned> =
                    names.iter().map(|(kind, name)| self.store.intern(*kind, name)).collect();
                // Who asked may have given up.
                _ = reply.send(numbers?);
            }
            // Who asked may have given up.
            Control::MayTakeUp(plan, reply) => _ = reply.send(self.may_take_up(&plan)),
            Control::End => self.ending = true,
        }
        Ok(())
    }

    fn may_take_up(&self, plan: &Plan) -> Result<(), Failure> {
        let left_out = self.dispatch.left_out(plan);
        if !left_out.is_empty() {
            return Err(Failure::StillUsed(left_out.join("; ")));
        }
        self.currencies.agree(|it| self.dispatch.balance(it), plan)
    }

    fn beat(&mut self, now: Time, happenings: Vec<Happening>) -> Result<Option<Time>, Poisoned> {
        let inside = self.meters.inside();
        inside.count_beat(happenings.len());
        let began = Instant::now();
        let mut dice = || self.dice.roll();
        let outcome = self.dispatch.beat(now, &mut dice, happenings, &mut self.store)?;
        let decided = Instant::now();
        let committing = self.store.last_commit();
        if outcome.records != 0 {
            inside.count_commit(outcome.records, committing.whole, committing.sync);
            inside.step(Step::Commit, committing.whole);
        }
        inside.step(Step::Decide, (decided - began).saturating_sub(committing.whole));
        let next = outcome.next;
        self.act(outcome);
        self.meters.inside().step(Step::Act, decided.elapsed());
        Ok(next)
    }

    fn act(&mut self, outcome: Effects) {
        // Counted first, so that who has an answer, or sees what a carrier was sent, finds it in the next scrape;
        // logged last, so that nobody waits for a slow reader of the log.
        facts::count_all(&self.meters, &outcome.facts);
        for command in outcome.commands {
            match command {
                Command::Reply(request, reply) => {
                    if let Some(waiting) = self.waiting.remove(&request) {
                        // Who asked may have gone; what it asked for is done all the same.
                        _ = waiting.send(reply);
                    }
                }
                Command::Submit(link, submit) => self.submit(link, submit),
                Command::Query(link, query) => {
                    let key = query.key;
                    let sent = self.ports.get(&link).map(|it| it.commands.try_send(esme::Command::Query(query)));
                    if !matches!(sent, Some(Ok(()))) {
                        let report = Report::Queried(key, Queried::Unanswered);
                        self.returned.push(Happening::Link(link, report));
                    }
                }
                Command::Rebind(link) => {
                    if let Some(port) = self.ports.get(&link) {
                        // A link that has no session binds anew in any case.
                        _ = port.commands.try_send(esme::Command::Unbind(ANSWERS_MAX));
                    }
                }
                Command::Emit(account) => self.event_bell.ring(account),
                Command::TakeChannel(id, channel) => {
                    if self.channels.try_send((id, channel)).is_err() {
                        let said =
                            "too many codes wait for another channel: this one is offered, and taken by who asks";
                        often!(warn, self.meters.often(), "", said, channel = channel.word());
                    }
                }
                Command::ConfirmClock => self.clock.believe(),
                Command::Trace(link, it) => {
                    let trace = Trace::new(it.at, Instant::now(), it.lasts, it.pdus);
                    _ = self.traces.start(link, trace);
                }
                Command::Confirm(link, tag) => {
                    if !self.hooks.confirm(tag)
                        && let Some(port) = self.ports.get(&link)
                    {
                        // A session that has gone is not confirmed to: the carrier sends again.
                        _ = port.commands.try_send(esme::Command::Confirm(tag));
                    }
                }
            }
        }
        facts::log_all(&self.meters, &self.store.veil(), &outcome.facts);
    }

    fn submit(&mut self, link: LinkId, submit: crate::carrier::submit::Submit) {
        let ticket = submit.ticket;
        let sent = self.ports.get(&link).map(|it| it.commands.try_send(esme::Command::Submit(submit)));
        match sent {
            Some(Ok(())) => (),
            Some(Err(mpsc::error::TrySendError::Full(_))) => panic!("a link was given more than its capacity"),
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => {
                self.returned.push(Happening::Link(link, Report::Answered(ticket, Answered::NOT_SENT)));
            }
        }
    }
}
