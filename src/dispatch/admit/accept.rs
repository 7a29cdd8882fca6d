//! Requests: accepted whole, or refused with nothing stored. How they enter is in [`arrive`](crate::dispatch::arrive).

use crate::dispatch::admit::arrive::SLICE;
use crate::dispatch::door::happening::{Credit, Keyed, RequestId, Submission};
use crate::dispatch::door::reply::{Denial, Means, Submitted};
use crate::dispatch::{Dice, Dispatch};
use crate::message::id::{MessageId, OrderId};
use crate::message::money::Money;
use crate::record::batch::Idempotency;
use crate::record::contract::{Poisoned, Store};
use std::time::Duration;

/// When a request that found the queue full should come again.
const FULL_RETRY: Duration = Duration::from_secs(5);

/// A request that is not denied.
enum Judged {
    /// It is new; its account stands so.
    Anew(Means),
    /// It came before, and made this order.
    Before(OrderId),
}

impl Dispatch {
    pub(crate) fn accept<S: Store>(
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
            Ok(Judged::Anew(means)) => self.begin(request, submission, means, dice),
            Ok(Judged::Before(order)) => self.beat.grant(request, Submitted::Repeated(order)),
            Err(denial) => self.beat.deny(request, denial),
        }
        Ok(())
    }

    /// A request of few messages that waits for nobody: its messages, or why there are none.
    pub(crate) fn accept_now<S: Store>(
        &mut self,
        submission: Submission,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<Result<Vec<MessageId>, Denial>, Poisoned> {
        Ok(match self.judge(&submission, store)? {
            Ok(Judged::Anew(means)) => Ok(self.enter_now(submission, means, dice)),
            Ok(Judged::Before(_)) => Err(Denial::KeyReused),
            Err(denial) => Err(denial),
        })
    }

    /// Whether a request is accepted now, or why not.
    fn judge<S: Store>(&mut self, submission: &Submission, store: &mut S) -> Result<Result<Judged, Denial>, Poisoned> {
        if self.beat.draining {
            return Ok(Err(Denial::Draining));
        }
        let account = submission.account;
        if let Err(denial) = self.accounts.ask_rate(&self.beat, account) {
            return Ok(Err(denial));
        }
        if !self.beat.plan.routes.contains_key(&submission.route) {
            // The configuration changed while the request was on its way.
            return Ok(Err(Denial::NotFound));
        }
        match self.beat.before(account, submission.idempotency.as_ref(), store)? {
            Some(Ok(order)) => {
                let order = OrderId::from_record(order);
                self.renew(submission, order);
                return Ok(Ok(Judged::Before(order)));
            }
            Some(Err(reused)) => return Ok(Err(reused)),
            None => (),
        }
        let parts: u64 = submission.recipients.iter().map(|it| u64::from(it.parts)).sum();
        let awaited: u64 = self.arrivals.parts_to_come().map(|it| it.1).sum();
        if self.beat.plan.limits.queued_max < self.lanes.queued() + awaited + parts
            || (SLICE < submission.recipients.len() && !self.arrivals.has_room())
        {
            return Ok(Err(Denial::QueueFull(FULL_RETRY)));
        }
        if self.beat.plan.is_managed(account) {
            // Prices were found against the plan of a moment ago, in which it may have been another.
            let price = submission.recipients.iter().try_fold(Money(0), |sum, it| it.price.map(|it| sum + it));
            let Some(price) = price else { return Ok(Err(Denial::Unpriced)) };
            let spendable = self.accounts.spendable(account, self.arrivals.reserve(account));
            if spendable < price {
                return Ok(Err(Denial::Insufficient { balance: spendable }));
            }
        }
        let quota = self.accounts.ask_quota(&mut self.beat, account, submission.recipients.len() as u64);
        Ok(quota.map(Judged::Anew))
    }

    /// Remembers a key for another day, where it is of those that are.
    fn renew(&mut self, submission: &Submission, order: OrderId) {
        if let Some(Keyed { key, hash, .. }) = submission.idempotency.as_ref().filter(|it| it.renews).cloned() {
            let again = Idempotency { account: submission.account, key, hash, order, at: self.beat.now };
            self.beat.out.batch.idempotency.push(again);
        }
    }

    /// An operator gives credit, or takes it back. Orders that are arriving have spent theirs.
    pub(crate) fn credit<S: Store>(
        &mut self,
        request: RequestId,
        credit: Credit,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let reserved = self.arrivals.reserve(credit.account);
        self.accounts.credit(&mut self.beat, request, credit, reserved, store)
    }
}
