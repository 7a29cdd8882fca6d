//! Customers in the simulation: they send, cancel and are answered.

use crate::simulation::world::{Coming, World};
use nuncio::dispatch::door::happening::{Ask, Cancellation, Happening, RequestId, Submission, Withdrawal};
use nuncio::dispatch::door::reply::{Credited, Denial, Grant, Reply, Submitted, Withdrawn};
use nuncio::message::id::Seq;
use nuncio::message::phase::Phase;
use nuncio::record::contract::Store;

impl World {
    pub(super) fn request(&mut self, submission: Submission) {
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

    pub(super) fn cancel(&mut self) {
        if self.known.is_empty() || self.dispatch.is_none() {
            return;
        }
        // Mostly one of the latest: the others have left.
        let back = self.dice.below(self.known.len().min(12) as u64) as usize;
        let (message, account) = self.known[self.known.len() - 1 - back];
        self.requests += 1;
        if self.dice.percent(30) {
            // All of an order in place of one message of it.
            let Some(order) = self.store.bodies.get(&message.seq).map(|it| it.order) else { return };
            let own = self.store.order(order).expect("the store is sound");
            if self.store.archive.has_some_of(order) {
                return;
            }
            let from = own[0].body.seq();
            let withdrawal = Withdrawal { account, order, from, to: Seq(from.0 + own.len() as u64) };
            self.withdrawn.insert(self.requests, withdrawal);
            self.calls.push(Happening::Ask(RequestId(self.requests), Ask::Withdraw(withdrawal)));
            return self.wake();
        }
        self.calls.push(Happening::Ask(
            RequestId(self.requests | (message.seq.0 << 32)),
            Ask::Cancel(Cancellation(account, message)),
        ));
        self.wake();
    }

    pub(super) fn reply(&mut self, request: RequestId, reply: Reply) {
        let submission = self.waiting.remove(&request.0);
        match reply {
            Ok(Grant::Submitted(Submitted::Accepted { order, messages, .. })) => {
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
            Ok(Grant::Submitted(Submitted::Repeated(order))) => {
                let found = self.store.order(order).expect("the store is sound");
                assert!(!found.is_empty() || self.store.archive.has_some_of(order), "repeated: {order:?} is not there");
            }
            Err(Denial::QueueFull(_))
            | Err(Denial::Draining)
            | Err(Denial::Running)
            | Err(Denial::TooMany { wait: Some(_), .. }) => {
                let is_quota = matches!(reply, Err(Denial::TooMany { .. }));
                self.tally.note(if is_quota { "requests over a quota" } else { "requests put off" });
                let after = self.dice.range(500, 5_000);
                self.post(self.now + after, Coming::Request(Box::new(submission.expect("a reply to a request"))));
            }
            Ok(Grant::Cancelled(_)) => {
                let seq = Seq(request.0 >> 32);
                assert!(
                    self.store.parts_of(seq).all(|it| it.phase() == Phase::Cancelled),
                    "cancelled-is-durable: {seq:?}"
                );
                self.ledger.cancelled.insert(seq);
            }
            Ok(Grant::Withdrawn(Withdrawn { cancelled, left })) => {
                let asked = self.withdrawn.remove(&request.0).expect("a reply to a request");
                let seqs = (asked.from.0..asked.to.0).map(Seq);
                let back: Vec<Seq> =
                    seqs.filter(|it| self.store.parts_of(*it).all(|it| it.phase() == Phase::Cancelled)).collect();
                assert_eq!(back.len() as u64, cancelled, "withdrawn-is-durable: {asked:?}");
                assert_eq!(cancelled + left, asked.to.0 - asked.from.0, "withdrawn-is-whole: {asked:?}");
                self.ledger.cancelled.extend(back);
            }
            Ok(Grant::Credited(Credited::Now(_) | Credited::Before(_))) => self.operators.credit = None,
            Ok(Grant::Ordered(action)) => self.ordered(&action),
            Ok(Grant::Suppressed(_)) => self.suppressed(request.0),
            // Who wishes to be written to again may never have wished otherwise.
            Ok(Grant::Lifted(_)) => (),
            // It costs more than there is, or is more than ever may be sent at once: nobody asks again.
            Err(Denial::Insufficient { .. }) => self.tally.note("requests without means"),
            Err(Denial::TooMany { wait: None, .. }) => self.tally.note("requests beyond the quota"),
            Err(Denial::TooLate) => (),
            // What was to be cancelled is forgotten.
            Err(Denial::NotFound) if submission.is_none() => (),
            other => panic!("replied {other:?} to {submission:?}"),
        }
    }
}
