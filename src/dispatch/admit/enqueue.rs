//! One message of an order enters: into the lane of its carrier, in as many parts as that cuts it into.

use crate::dispatch::admit::arrive::Entering;
use crate::dispatch::admit::placement::Placement;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::happening::{Recipient, Submission};
use crate::dispatch::{Dice, Dispatch};
use crate::message::body::Body;
use crate::message::id::{LaneId, MessageId, PartKey};
use crate::message::part::{Moved, Part};
use crate::record::entry::Entry;
use std::sync::Arc;

impl Dispatch {
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
            extras: to.extras,
            parts: to.parts,
            client_ref: to.client_ref,
            created: entering.at,
            send_at,
            expires,
            price: to.price,
            charged: entering.charged,
        };
        let Placement { lane, submits, moved } = self.place(lane, &body);
        let mut parts: Vec<Part> = (0..submits).map(|it| Part::new(PartKey::new(id.seq, it), lane, expires)).collect();
        parts.iter_mut().for_each(|it| (it.moved, it.due) = (moved, due.unwrap_or_default()));
        if let Some(Moved { from, cause }) = moved {
            self.beat.tell(Fact::Failover { message: id, from, to: lane.carrier(), cause });
        }
        let keys: Vec<PartKey> = parts.iter().map(|it| it.key).collect();
        self.set.accept(Entry { body: Arc::new(body), parts, past: Vec::new() });
        let room = self.room();
        // What comes after an order that is arriving waits with it in the store.
        let held = entering.arriving || self.arrivals.ceiling(lane).is_some();
        let queue = self.lanes.at(lane);
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
}
