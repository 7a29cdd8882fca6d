//! Gives queued parts to links: within their capacity and pace, the lanes of a carrier by turns.

use crate::carrier::answer::spends_nothing;
use crate::carrier::report::Ticket;
use crate::carrier::submit::Submit;
use crate::dispatch::Dispatch;
use crate::dispatch::door::command::Command;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::queue::carrier::Openness;
use crate::dispatch::queue::strict::Says;
use crate::dispatch::tried::{is_live, unanswered_since};
use crate::message::attempt::{Answer, Attempt, Cause};
use crate::message::id::{CarrierId, LaneId, LinkId, PartKey};
use crate::message::part::Part;
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::record::contract::{Poisoned, Store};
use crate::record::entry::PastAttempt;

/// Attempts beyond which those that used nothing up are not told any more: far below what a ticket has room for.
const VAIN_MAX: u8 = 50;

/// What came of offering a link to the head of a lane.
enum Given {
    /// It went, or had ended meanwhile.
    Gone,
    /// Its recipient's link has no room now.
    Blocked,
    /// The lane has nothing in memory.
    Empty,
}

impl Dispatch {
    /// Reads on in lanes that run short, where their carrier could send.
    pub(crate) fn refill<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        let (room, held_to) = (self.room(), self.beat.held_to());
        // At half, so that one read of the store brings many parts and the lane does not run dry meanwhile.
        let short = |id: &LaneId| self.lanes.get(*id).is_some_and(|lane| lane.backlog && lane.ready.len() < room / 2);
        // Where nothing can be sent the head of a lane is enough: how old it is has to be told.
        let empty = |id: &LaneId| self.lanes.get(*id).is_some_and(|lane| lane.backlog && lane.ready.is_empty());
        // What a closed carrier has goes on to others.
        let closed = |it: &LaneId| self.lane_standing(*it) != Openness::Open;
        let (able, unable): (Vec<_>, Vec<_>) = self.carriers.values().partition(|it| it.has_room());
        let leaving =
            unable.iter().flat_map(|it| it.lanes()).filter(|it| short(it) && (closed(it) || self.hurries(*it)));
        let run_short = able.iter().flat_map(|it| it.lanes()).filter(short).chain(leaving).map(|it| (it, room));
        let unseen = unable.iter().flat_map(|it| it.lanes()).filter(empty).map(|it| (it, 1));
        let lanes: Vec<(LaneId, usize)> = run_short.chain(unseen).collect();
        for (lane, room) in lanes {
            let Some(queue) = self.lanes.get_mut(lane) else { continue };
            let wanted = room.saturating_sub(queue.ready.len());
            if wanted == 0 {
                continue;
            }
            queue.horizon = queue.horizon.max(held_to);
            let ceiling = self.arrivals.ceiling(lane);
            let entries = store.ready(lane, queue.horizon, wanted)?;
            queue.backlog = wanted <= entries.len() || queue.behind_at == self.beat.number;
            for entry in entries {
                let seq = entry.body.seq();
                if ceiling.is_some_and(|it| it <= seq) {
                    // What stands before an order that is arriving has been read; the rest waits until it is whole.
                    queue.backlog = false;
                    break;
                }
                self.set.admit(entry);
                let Some(held) = self.set.get(seq) else { continue };
                let ready = |it: &&Part| it.phase() == Phase::Queued && it.lane == lane && it.due.known().is_none();
                let keys: Vec<PartKey> = held.entry.parts.iter().filter(ready).map(|it| it.key).collect();
                let last = held.entry.parts.last().map(|it| it.key);
                for key in keys {
                    if self.set.stage(key) {
                        queue.insert(key);
                    }
                }
                queue.horizon = queue.horizon.max(last.unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Gives parts to links until there is no room, no token or no part.
    pub(crate) fn assign(&mut self) {
        if self.beat.draining {
            return;
        }
        let carriers: Vec<CarrierId> = self.carriers.keys().copied().collect();
        for carrier in carriers {
            self.assign_to(carrier);
        }
    }

    fn assign_to(&mut self, id: CarrierId) {
        if let Some(carrier) = self.carriers.get_mut(&id) {
            carrier.ring.begin();
        }
        loop {
            let now = self.beat.now;
            let Some(carrier) = self.carriers.get_mut(&id) else { return };
            if !carrier.has_room() || carrier.pace.next_at(now).is_some() {
                return;
            }
            let Some(lane) = carrier.ring.front() else { return };
            // A pause or a closed carrier is no reason to leave the ring: the turn is kept for when it ends.
            let given = if self.may_give(lane) { self.give(id, lane) } else { Given::Blocked };
            let starved = self.lanes.get(lane).is_some_and(|it| it.backlog);
            let Some(carrier) = self.carriers.get_mut(&id) else { return };
            match given {
                Given::Gone => carrier.ring.gave(),
                Given::Blocked => carrier.ring.pass(),
                // More of it is in the store and is read before the next beat: to leave the ring would cost it its
                // turn.
                Given::Empty if starved => carrier.ring.pass(),
                Given::Empty => {
                    carrier.ring.leave();
                    if let Some(queue) = self.lanes.get_mut(lane) {
                        queue.in_ring = false;
                    }
                }
            }
        }
    }

    /// Whether the carrier of a lane takes parts of it now, and its route gives any.
    fn may_give(&self, lane: LaneId) -> bool {
        self.operated.allows_route(lane.route()) && !matches!(self.lane_standing(lane), Openness::Closed(_))
    }

    fn give(&mut self, id: CarrierId, lane: LaneId) -> Given {
        let held_to = self.beat.held_to();
        let Some(queue) = self.lanes.get_mut(lane) else { return Given::Empty };
        let Some(key) = queue.ready.front().copied() else { return Given::Empty };
        if key <= held_to {
            // It stays in the store, and is read again once it is let go.
            queue.ready.pop_front();
            self.set.unstage(key);
            return Given::Gone;
        }
        let waits = |it: &&Part| it.phase() == Phase::Queued && it.due.known().is_none() && it.lane == lane;
        let Some(part) = self.set.part(key).filter(waits) else {
            queue.ready.pop_front();
            self.set.unstage(key);
            return Given::Gone;
        };
        if part.ends <= self.beat.now {
            queue.ready.pop_front();
            self.end_or_wait(key, End::Expired, Reason::Expired);
            self.set.unstage(key);
            return Given::Gone;
        }
        if self.hold_back(key) {
            return Given::Gone;
        }
        let body = &self.set.get(key.seq()).expect("a staged part is in memory").entry.body;
        let (destination, has_code) = (body.destination, body.has_code());
        match self.strict.says(&self.beat.plan, body, key) {
            Says::Go => (),
            Says::Wait => return Given::Blocked,
            Says::Aside => {
                if let Some(queue) = self.lanes.get_mut(lane) {
                    queue.ready.pop_front();
                }
                return Given::Gone;
            }
        }
        if has_code && self.is_unsayable(key) {
            // The key of its code has been taken away.
            if let Some(queue) = self.lanes.get_mut(lane) {
                queue.ready.pop_front();
            }
            self.end_or_wait(key, End::Failed, Reason::SubmitError);
            self.set.unstage(key);
            return Given::Gone;
        }
        // It stands in one place at a time: what rests may go on to another carrier at once, and leaves where it is
        // found.
        if let Some(queue) = self.lanes.get_mut(lane) {
            queue.ready.pop_front();
        }
        if self.rests(id, destination, key) {
            return Given::Gone;
        }
        if let Some(queue) = self.lanes.get_mut(lane) {
            queue.ready.push_front(key);
        }
        let Some(carrier) = self.carriers.get_mut(&id) else { return Given::Empty };
        // Another link may well have room, but parts for one recipient could overtake each other there (decision 0008).
        let Some(bind) = carrier.link_for(destination, self.beat.now) else { return Given::Blocked };
        carrier.pace.take(self.beat.now);
        carrier.took_slot(bind, destination);
        carrier.resting.takes(destination, key);
        self.owed.goes();
        if let Some(queue) = self.lanes.get_mut(lane) {
            queue.ready.pop_front();
        }
        self.intend(key, LinkId { carrier: id, bind });
        Given::Gone
    }

    /// Whether a message has a code that nobody can say.
    fn is_unsayable(&self, key: PartKey) -> bool {
        let body = self.entry(key).map(|it| it.body.clone());
        body.is_some_and(|it| self.beat.with_code(it).is_none())
    }

    /// The part is on a link now; its last attempt, if any, becomes a past one.
    fn intend(&mut self, key: PartKey, link: LinkId) {
        self.step(key, Move::Intend, None);
        let now = self.beat.now;
        let probes = self.is_probe(key, link.carrier);
        let held = self.set.change(key).expect("a staged part is in memory");
        self.strict.gives(&self.beat.plan, &held.entry.body, key);
        // The place of the part among those that this carrier cuts the message into.
        let index = held.entry.parts.iter().take_while(|it| it.key != key).filter(|it| is_live(it)).count() as u8;
        let parts = held.entry.parts.iter().filter(|it| is_live(it)).count() as u8;
        let part = &mut held.entry.parts[usize::from(key.index())];
        let last = part.attempt.take();
        let usual = last.as_ref().map_or(Cause::First, cause_after);
        let moved = part.moved.take().map(|it| it.cause);
        let cause = moved.unwrap_or(if probes { Cause::Probe } else { usual });
        // Numbers are few: an attempt that used nothing up gives its own to the next at the same carrier, and leaves
        // no record. That it was tried there is told where another carrier has it now.
        let vain = last.as_ref().is_some_and(|it| {
            let told = it.link.carrier != link.carrier && it.number < VAIN_MAX;
            it.answer.is_some_and(|answer| spends_nothing(answer, it.command_status)) && !told
        });
        let tried = last.as_ref().is_some_and(|it| !it.answer.is_some_and(|is| spends_nothing(is, it.command_status)));
        let number = last.as_ref().map_or(1, |it| it.number + u8::from(!vain));
        // It is the same attempt again, and was made for the same reason.
        let recorded = last.as_ref().filter(|_| vain && moved.is_none()).map_or(cause, |it| it.cause);
        let last = last.filter(|_| !vain);
        part.attempt = Some(Attempt::new(number, link, recorded, now));
        let body = held.entry.body.clone();
        let validity = body.expires.since(now);
        let past = last.map(|attempt| PastAttempt { key, attempt });
        held.entry.past.extend(past.clone());
        if let Some(past) = past {
            self.set.changed_past(past);
        }
        if tried {
            self.pay_again(&body, link.carrier);
        }
        let (message, class, waited) = (body.id, body.class, now.since(self.beat.begins(&body)));
        let body = self.beat.with_wall_expiry(body);
        let body = self.beat.with_code(body).expect("what nobody can say is not given to a link");
        self.beat.tell(Fact::Submitted { message, link, class, cause, waited });
        if let Some(carrier) = self.carriers.get_mut(&link.carrier) {
            carrier.tries(now, Ticket::new(key, number));
        }
        let since = self.entry(key).map_or(number, |it| unanswered_since(it, key, link.carrier, number));
        let (ticket, reference) = (Ticket::new(key, number), self.beat.veil.reference(message));
        let submit = Submit { ticket, body, index, parts, reference, since, validity };
        self.beat.order(Command::Submit(link, submit));
    }
}

/// Why there is another attempt after this one.
fn cause_after(last: &Attempt) -> Cause {
    match last.answer {
        Some(Answer::Unknown) => Cause::Resend,
        _ => Cause::Retry,
    }
}
