//! Requests: accepted whole, or refused with nothing stored.

use crate::dispatch::command::{Command, Reply};
use crate::dispatch::fact::Fact;
use crate::dispatch::happening::{Recipient, RequestId, Submission};
use crate::dispatch::place::Place;
use crate::dispatch::{Dice, Dispatch};
use crate::message::body::Body;
use crate::message::id::{AccountId, LaneId, MessageId, OrderId, PartKey, Seq};
use crate::message::part::{Moved, Part};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::record::batch::{Idempotency, Order};
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
        if let Some(reply) = self.refuse(&submission, store)? {
            self.commands.push(Command::Reply(request, reply));
            return Ok(());
        }
        let order = OrderId(self.marks.next_order);
        self.marks.next_order += 1;
        let (first, count) = (Seq(self.marks.next_seq), submission.recipients.len());
        if 1 < count {
            let count = u32::try_from(count).expect("a request has at most 10,000 recipients");
            self.batch.orders.push(Order { id: order, account: submission.account, first, count, created: self.now });
        }
        if let Some((key, hash)) = submission.idempotency.clone() {
            let record = Idempotency { account: submission.account, key, hash, order, at: self.now };
            self.batch.idempotency.push(record);
        }
        let (account, route, class) = (submission.account, submission.route, submission.class);
        self.facts.push(Fact::Accepted { order, account, route, class, count });
        let lane = LaneId::new(submission.route, submission.account, submission.class.number(), 0);
        let mut submission = submission;
        let recipients = std::mem::take(&mut submission.recipients);
        let messages = recipients.into_iter().map(|it| self.enqueue(&submission, it, order, lane, dice)).collect();
        self.commands.push(Command::Reply(request, Reply::Accepted { order, messages, at: self.now }));
        Ok(())
    }

    /// Why a request is not accepted now, if it is not.
    fn refuse<S: Store>(&self, submission: &Submission, store: &mut S) -> Result<Option<Reply>, Poisoned> {
        if self.draining {
            return Ok(Some(Reply::Draining));
        }
        if !self.plan.routes.contains_key(&submission.route) {
            // The configuration changed while the request was on its way.
            return Ok(Some(Reply::NotFound));
        }
        if let Some((key, hash)) = &submission.idempotency {
            let mine = |it: &&Idempotency| it.account == submission.account && it.key == *key;
            let before = match self.batch.idempotency.iter().find(mine) {
                Some(running) => Some(running.clone()),
                None => store.idempotency(submission.account, key)?,
            };
            if let Some(before) = before {
                let same = before.hash == *hash;
                return Ok(Some(if same { Reply::Repeated(before.order) } else { Reply::KeyReused }));
            }
        }
        let parts: u64 = submission.recipients.iter().map(|it| u64::from(it.parts)).sum();
        let full = self.plan.limits.queued_max < self.queued() + parts;
        Ok(full.then_some(Reply::QueueFull(FULL_RETRY)))
    }

    fn enqueue(
        &mut self,
        submission: &Submission,
        to: Recipient,
        order: OrderId,
        lane: LaneId,
        dice: Dice<'_>,
    ) -> MessageId {
        let id = MessageId { seq: Seq(self.marks.next_seq), token: dice() };
        self.marks.next_seq += 1;
        let expires = self.now + submission.validity;
        let body = Body {
            id,
            order,
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
            created: self.now,
            expires,
            price: to.price,
        };
        let Place { lane, submits, moved } = self.place(lane, &body);
        let mut parts: Vec<Part> = (0..submits).map(|it| Part::new(PartKey::new(id.seq, it), lane, expires)).collect();
        parts.iter_mut().for_each(|it| it.moved = moved);
        if let Some(Moved { from, cause }) = moved {
            self.facts.push(Fact::Failover { message: id, from, to: lane.carrier(), cause });
        }
        let keys: Vec<PartKey> = parts.iter().map(|it| it.key).collect();
        self.set.accept(Entry { body: Arc::new(body), parts, past: Vec::new() });
        let room = self.ready_max();
        let queue = self.lanes.entry(lane).or_default();
        queue.queued += keys.len() as u64;
        // All parts of a message are staged, or none: the horizon lies between messages.
        if queue.backlog || room < queue.ready.len() + keys.len() {
            (queue.backlog, queue.behind_at) = (true, self.beats);
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
        let Some(held) = known else {
            self.commands.push(Command::Reply(request, Reply::NotFound));
            return;
        };
        let keys: Vec<PartKey> = held.entry.parts.iter().map(|it| it.key).collect();
        // A part that was tried and is to be tried again has left: it may be at the carrier.
        let untouched = |it: &Part| it.phase() == Phase::Queued && it.attempt.is_none();
        let reply = if held.entry.parts.iter().all(untouched) {
            for key in keys {
                self.step(key, Move::End(End::Cancelled), Some(Reason::Cancelled));
                self.set.unstage(key);
            }
            Reply::Cancelled
        } else {
            Reply::TooLate
        };
        self.commands.push(Command::Reply(request, reply));
    }
}
