//! The process in the simulation: it starts, beats, crashes, and carries out what was decided.

use crate::simulation::figures::Told;
use crate::simulation::world::{Coming, EPOCH, Link, STARVED, World};
use nuncio::carrier::esme::{self};
use nuncio::carrier::report::{Answered, News, Queried, Report};
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::Happening;
use nuncio::dispatch::{Dispatch, Effects};
use nuncio::message::attempt::Answer;
use nuncio::message::id::{CarrierId, LinkId, PartKey};
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::time::Time;
use nuncio::record::contract::Store;
use nuncio::session::conversation::DriverEvent;
use std::collections::BTreeMap;

impl World {
    pub(super) fn start(&mut self) {
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
        self.figures.begin(&self.plan, &self.store);
        self.dispatch = Some(dispatch);
        self.take_over_waits();
        self.operators_begin();
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
    pub(super) fn crash(&mut self) {
        if self.dispatch.take().is_none() {
            return;
        }
        self.crashes += 1;
        self.tally.note(if self.draining { "drained" } else { "crashes" });
        self.life += 1;
        self.store.crash(true);
        self.after_crash();
    }

    pub(super) fn after_crash(&mut self) {
        self.figures.end();
        self.calls.clear();
        let conns: Vec<u64> = self.links.values().filter(|it| it.esme.is_some()).map(|it| it.conn).collect();
        for link in self.links.values_mut() {
            (link.esme, link.tick) = (None, None);
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
    pub(super) fn wake(&mut self) {
        self.beat_at(self.now);
    }

    pub(super) fn beat_at(&mut self, at: u64) {
        let at = at.max(self.now);
        if self.acting || self.beat_due.is_some_and(|it| it <= at) {
            return;
        }
        self.beat_due = Some(at);
        self.post(at, Coming::Beat);
    }

    /// What waits, each link's answers first, as the loop takes it.
    pub(super) fn gather(&mut self) -> Vec<Happening> {
        let mut found = Vec::new();
        for (id, link) in &mut self.links {
            let reports = link.answers.drain(..).chain(link.inbound.drain(..));
            found.extend(reports.map(|it| Happening::Link(*id, it)));
        }
        found.append(&mut self.calls);
        found
    }

    pub(super) fn beat(&mut self) {
        self.beat_due = None;
        let happenings = self.gather();
        let Some(mut dispatch) = self.dispatch.take() else { return };
        let named = happenings.iter().filter_map(|it| match it {
            Happening::Link(_, Report::Answered(ticket, _)) => Some(ticket.key()),
            _ => None,
        });
        let before: BTreeMap<PartKey, Phase> =
            named.filter_map(|it| self.store.parts.get(&it).map(|part| (it, part.phase()))).collect();
        self.look_at_wall();
        let overdue = self.overdue_receipts();
        let (again, answers) = (self.are_again(&happenings), self.answers(&happenings));
        let (time, dice) = (self.time(), &mut self.rolls);
        self.store.begin();
        self.beats += 1;
        let Ok(outcome) = dispatch.beat(time, &mut || dice.next(), happenings.clone(), &mut self.store) else {
            self.poisoned(&happenings);
            self.heard_receipts(&happenings, &again, false);
            self.heard_answers(answers, false);
            return;
        };
        if happenings.iter().any(|it| matches!(it, Happening::Reconfigure(_))) {
            self.ledger.paces(&self.plan, self.now, false);
            self.ledger.permits(&self.store, &self.plan);
        }
        self.heard_receipts(&happenings, &again, true);
        self.heard_answers(answers, true);
        self.ledger.took_up(self.now, &happenings, &before, (&self.store, &self.plan));
        self.ledger.told(self.now, &outcome.facts, &self.store);
        self.tally.hear(&outcome.facts);
        self.count_told(&happenings, &outcome.facts);
        self.count_figures(&Told { happenings: &happenings, facts: &outcome.facts, answered: &before, overdue });
        self.check_drain(&outcome.facts);
        self.dispatch = Some(dispatch);
        self.check_deadline(&outcome);
        self.check_counters();
        self.acting = true;
        let commit = if outcome.records == 0 { 0 } else { self.dice.range(0, 6) };
        self.post(self.now + commit, Coming::Act(outcome));
    }

    /// The commit failed: the process ends. Its batch is durable, or not.
    pub(super) fn poisoned(&mut self, happenings: &[Happening]) {
        self.crashes += 1;
        self.tally.note("failed commits");
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

    pub(super) fn check_deadline(&mut self, outcome: &Effects) {
        let Some(next) = outcome.next else { return };
        assert!(self.time() <= next, "deadline: the next beat is due {:?}, it is {:?}", next, self.time());
        self.idle_beats = if next == self.time() && outcome.records == 0 { self.idle_beats + 1 } else { 0 };
        // What stands aside behind others is read in steps, and nothing is decided of it.
        let steps = if self.idle_beats < 4 { 0 } else { self.count(Phase::Queued) / 32 };
        assert!(u64::from(self.idle_beats) < 4 + steps, "spinning: beats without progress are due at once");
    }

    pub(super) fn check_counters(&self) {
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
        assert!(
            dispatch.messages_in_memory() <= bound,
            "memory: {} messages held, {bound} allowed",
            dispatch.messages_in_memory()
        );
    }

    /// When all is well, what may go at once goes: a part left behind in its lane would expire unseen.
    pub(super) fn check_starvation(&self) {
        for id in self.smscs.keys().filter(|_| self.calm && !self.draining) {
            let quiet_since = self.ledger.progress.get(id).copied().unwrap_or(0).max(self.scenario.calm);
            if self.now < quiet_since + STARVED {
                continue;
            }
            let up = self.links.iter().any(|(link, it)| link.carrier == *id && it.esme.is_some() && 0 < it.capacity);
            let starved = self.store.parts.values().find(|it| {
                it.phase() == Phase::Queued
                    && it.due == Time::NEVER
                    && self.carrier_of(it) == *id
                    && !self.stands_behind(it)
            });
            assert!(!up || starved.is_none(), "starvation: nothing goes to {id:?} since {quiet_since}, {starved:?}");
        }
    }

    /// On a strict route a part waits for another to its recipient that this process has given to a link, until that is
    /// taken or has ended: it is on the link, in doubt, or waits for another try.
    fn stands_behind(&self, part: &Part) -> bool {
        let body = &self.store.bodies[&part.key.seq()];
        let holds = |it: &Part| {
            let other = &self.store.bodies[&it.key.seq()];
            let given = it.attempt.as_ref().is_some_and(|it| EPOCH + self.started <= it.intended_at.0);
            let waits = matches!(it.phase(), Phase::Intended | Phase::Doubtful)
                || it.phase() == Phase::Queued && it.due != Time::NEVER;
            given && waits && it.key != part.key && (other.route, other.destination) == (body.route, body.destination)
        };
        self.plan.routes[&part.lane.route()].strict_order && self.store.parts.values().any(holds)
    }

    /// The carrier that a part waits for.
    pub(super) fn carrier_of(&self, part: &Part) -> CarrierId {
        match part.lane.carrier() {
            CarrierId(0) => self.plan.routes[&part.lane.route()].carriers[0],
            carrier => carrier,
        }
    }

    pub(super) fn check_windows(&self) {
        let gauges = self.dispatch.as_ref().unwrap().gauges();
        for (link, (used, _)) in gauges.on_links {
            assert_eq!(used, self.ledger.on(link), "counters: parts on {link:?}");
        }
    }

    pub(super) fn act(&mut self, outcome: Effects) {
        self.acting = false;
        let changed = outcome.records != 0 || !outcome.commands.is_empty() || !outcome.facts.is_empty();
        for command in outcome.commands {
            match command {
                Command::Reply(request, reply) => self.reply(request, reply),
                Command::Submit(link, submit) => {
                    let capacity = self.links[&link].capacity;
                    self.check_permitted(link, submit.ticket);
                    self.check_wished(submit.ticket);
                    let seq = submit.ticket.key().seq();
                    assert!(!self.store.is_arriving(seq), "arriving: {seq:?} is sent before its order is whole");
                    self.asked.ordered.insert(submit.ticket.key(), self.now);
                    self.ledger.submit(self.now, (link, capacity), submit.ticket, (&self.store, &self.plan));
                    self.command_link(link, esme::Command::Submit(submit));
                }
                Command::Query(link, query) => self.command_link(link, esme::Command::Query(query)),
                Command::Confirm(link, tag) => {
                    self.confirms(link, tag);
                    self.command_link(link, esme::Command::Confirm(tag));
                }
                // Whoever is woken reads the log, which is judged at the end.
                Command::Emit(_) => {}
                Command::Rebind(_) | Command::Trace(..) | Command::ConfirmClock | Command::TakeChannel(..) => {
                    panic!("no operator orders anything here")
                }
            }
        }
        // What is wrong stays so: behind beats that change nothing it is looked at now and then.
        if changed || self.beats.is_multiple_of(16) {
            self.check_windows();
        }
        if let Some(next) = outcome.next {
            self.beat_at(next.0 - EPOCH);
        }
        let some = |it: &Link| !it.answers.is_empty() || !it.inbound.is_empty();
        if !self.calls.is_empty() || self.links.values().any(some) {
            self.wake();
        }
    }

    pub(super) fn command_link(&mut self, id: LinkId, command: esme::Command) {
        let link = &self.links[&id];
        if link.esme.is_some() {
            self.tell_esme(link.conn, DriverEvent::Command(command));
        } else if let esme::Command::Submit(submit) = command {
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
        } else if let esme::Command::Query(query) = command {
            self.report(id, Report::Queried(query.key, Queried::Unanswered));
        }
    }

    pub(super) fn report(&mut self, id: LinkId, report: Report) {
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
