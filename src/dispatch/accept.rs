//! Requests: accepted whole, or refused with nothing stored. How they enter is in [`arrive`](crate::dispatch::arrive).

use crate::dispatch::arrive::{Entering, SLICE};
use crate::dispatch::command::{Means, Reply};
use crate::dispatch::fact::Fact;
use crate::dispatch::failover::is_live;
use crate::dispatch::happening::{Recipient, RequestId, Submission};
use crate::dispatch::place::Place;
use crate::dispatch::{Dice, Dispatch};
use crate::message::body::Body;
use crate::message::id::{AccountId, LaneId, MessageId, OrderId, PartKey};
use crate::message::money::Money;
use crate::message::part::{Moved, Part};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::record::contract::{Poisoned, Store};
use crate::record::entry::Entry;
use std::sync::Arc;
use std::time::Duration;

/// When a request that found the queue full should come again.
const FULL_RETRY: Duration = Duration::from_secs(5);

impl Dispatch {
    pub(super) fn accept<S: Store>(
        &mut self,
        request: RequestId,
        submission: Submission,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        if !self.beat.draining && self.is_repeat(request, &submission) {
            return Ok(());
        }
        match self.judge(&submission, store)? {
            Ok(means) => self.begin(request, submission, means, dice),
            Err(refusal) => self.beat.reply(request, refusal),
        }
        Ok(())
    }

    /// Why a request is not accepted now; or how its account stands if it is.
    fn judge<S: Store>(&mut self, submission: &Submission, store: &mut S) -> Result<Result<Means, Reply>, Poisoned> {
        if self.beat.draining {
            return Ok(Err(Reply::Draining));
        }
        let account = submission.account;
        if let Err(refusal) = self.ask_rate(account) {
            return Ok(Err(refusal));
        }
        if !self.beat.plan.routes.contains_key(&submission.route) {
            // The configuration changed while the request was on its way.
            return Ok(Err(Reply::NotFound));
        }
        match self.before(account, submission.idempotency.as_ref(), store)? {
            Some(Ok(order)) => return Ok(Err(Reply::Repeated(OrderId(order)))),
            Some(Err(reused)) => return Ok(Err(reused)),
            None => (),
        }
        let parts: u64 = submission.recipients.iter().map(|it| u64::from(it.parts)).sum();
        let awaited: u64 = self.arrivals.awaited().map(|it| it.1).sum();
        if self.beat.plan.limits.queued_max < self.queued() + awaited + parts
            || (SLICE < submission.recipients.len() && !self.arrivals.has_room())
        {
            return Ok(Err(Reply::QueueFull(FULL_RETRY)));
        }
        if self.is_managed(account) {
            // Prices were found against the plan of a moment ago, in which it may have been another.
            let price = submission.recipients.iter().try_fold(Money(0), |sum, it| it.price.map(|it| sum + it));
            let Some(price) = price else { return Ok(Err(Reply::Unpriced)) };
            let spendable = self.spendable(account);
            if spendable < price {
                return Ok(Err(Reply::Insufficient { balance: spendable }));
            }
        }
        Ok(self.ask_quota(account, submission.recipients.len() as u64))
    }

    /// Queues one message of an order.
    pub(super) fn enqueue(
        &mut self,
        submission: &Submission,
        to: Recipient,
        entering: Entering,
        dice: Dice<'_>,
    ) -> MessageId {
        let lane = LaneId::new(submission.route, submission.account, submission.class.number(), 0);
        let id = MessageId { seq: entering.seq, token: dice() };
        let at = self.beat.wall.exact.wall(entering.at);
        let asked = submission.send_at.unwrap_or(at).max(at);
        let send_at = self.beat.first_due(submission.route, to.destination, asked);
        let due = send_at.map(|it| self.beat.wall.exact.logical(it).max(self.beat.now));
        let expires = self.beat.wall.exact.logical(asked).max(entering.at) + submission.validity;
        let body = Body {
            id,
            order: entering.order,
            account: submission.account,
            route: submission.route,
            class: submission.class,
            source: to.source.unwrap_or_else(|| submission.source.clone()),
            destination: to.destination,
            text: to.text,
            requested: to.requested,
            manner: to.manner,
            parts: to.parts,
            client_ref: to.client_ref,
            created: entering.at,
            send_at,
            expires,
            price: to.price,
            charged: entering.charged,
        };
        let Place { lane, submits, moved } = self.place(lane, &body);
        let mut parts: Vec<Part> = (0..submits).map(|it| Part::new(PartKey::new(id.seq, it), lane, expires)).collect();
        parts.iter_mut().for_each(|it| (it.moved, it.due) = (moved, due.unwrap_or_default()));
        if let Some(Moved { from, cause }) = moved {
            self.beat.tell(Fact::Failover { message: id, from, to: lane.carrier(), cause });
        }
        let keys: Vec<PartKey> = parts.iter().map(|it| it.key).collect();
        self.set.accept(Entry { body: Arc::new(body), parts, past: Vec::new() });
        let room = self.ready_max();
        // What comes after an order that is arriving waits with it in the store.
        let held = entering.arriving || self.arrivals.ceiling(lane).is_some();
        let queue = self.lanes.entry(lane).or_default();
        queue.queued += keys.len() as u64;
        if let Some(due) = due {
            queue.delayed += keys.len() as u64;
            self.sweep.due_at(due);
            return id;
        }
        if held {
            return id;
        }
        // All parts of a message are staged, or none: the horizon lies between messages.
        if queue.backlog || room < queue.ready.len() + keys.len() {
            (queue.backlog, queue.behind_at) = (true, self.beat.number);
        } else {
            for key in keys {
                queue.horizon = key;
                self.set.stage(key);
                queue.ready.push_back(key);
            }
        }
        self.offer(lane);
        id
    }

    pub(super) fn cancel(&mut self, request: RequestId, account: AccountId, message: MessageId) {
        let known =
            self.set.get(message.seq).filter(|it| it.entry.body.id == message && it.entry.body.account == account);
        let known = known.filter(|_| !self.arrivals.holds(message.seq));
        let Some(held) = known else {
            self.beat.reply(request, Reply::NotFound);
            return;
        };
        let keys: Vec<PartKey> = held.entry.parts.iter().filter(|it| is_live(it)).map(|it| it.key).collect();
        // A part that was tried and is to be tried again has left: it may be at the carrier.
        let untouched = |it: &Part| !is_live(it) || (it.phase() == Phase::Queued && it.attempt.is_none());
        let reply = if held.entry.parts.iter().all(untouched) && !keys.is_empty() {
            for key in keys {
                self.step(key, Move::End(End::Cancelled), Some(Reason::Cancelled));
                self.set.unstage(key);
            }
            Reply::Cancelled
        } else {
            Reply::TooLate
        };
        self.beat.reply(request, reply);
    }
}
