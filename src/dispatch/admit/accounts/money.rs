//! Balances: charged when an order is accepted, paid back for what no carrier ever took.
//!
//! Every change is a line of the ledger in the batch of what it belongs to, so that the lines of an account
//! add up to its balance whatever happens in between.

use crate::dispatch::admit::accounts::Accounts;
use crate::dispatch::beat::Beat;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::happening::{Credit, Keyed, RequestId};
use crate::dispatch::door::reply::{Credited, Denial};
use crate::message::attempt::{Answer, Attempt};
use crate::message::id::{AccountId, OrderId, PartKey};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::record::batch::Idempotency;
use crate::record::contract::{Poisoned, Store};
use crate::record::entry::Entry;
use crate::record::money::{LedgerLine, Why};

/// The most that a balance holds, in micro-units: a million million of its currency, far from where sums overflow.
const BALANCE_MAX: Money = Money(1_000_000_000_000 * 1_000_000);

impl Accounts {
    /// What an account has.
    pub(crate) fn balance(&self, account: AccountId) -> Money {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    /// What an account may still spend beside what is reserved: orders that are arriving have spent already.
    pub(crate) fn spendable(&self, account: AccountId, reserved: Money) -> Money {
        Money(self.balance(account).0.saturating_sub(reserved.0))
    }

    /// Takes the price of an order; what is left.
    pub(crate) fn charge(&mut self, beat: &mut Beat, account: AccountId, order: OrderId, price: Money) -> Money {
        beat.tell(Fact::Charged { account, amount: price });
        let line = LedgerLine { order: Some(order), ..self.line(beat, account, Money(-price.0), Why::Charge) };
        self.post(beat, line)
    }

    /// A message has just ended: pays back what no carrier took.
    pub(crate) fn pay_back(&mut self, beat: &mut Beat, entry: &Entry) {
        let (account, order, refund) = (entry.body.account, entry.body.order, refund(entry));
        if 0 < refund.0 {
            beat.tell(Fact::Refunded { account, amount: refund });
            let line = self.line(beat, account, refund, Why::Refund);
            self.post(beat, LedgerLine { order: Some(order), seq: Some(entry.body.seq()), ..line });
        }
    }

    /// An operator gives credit, or takes it back, once for each key. So much is reserved by orders that are arriving.
    pub(crate) fn credit<S: Store>(
        &mut self,
        beat: &mut Beat,
        request: RequestId,
        credit: Credit,
        reserved: Money,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let spendable = self.spendable(credit.account, reserved);
        let reply = match beat.before(credit.by, credit.idempotency.as_ref(), store)? {
            Some(Ok(n)) => Ok(Credited::Before(n)),
            Some(Err(reused)) => Err(reused),
            None if !beat.plan.is_managed(credit.account) => Err(Denial::NotManaged),
            None if BALANCE_MAX.0 - self.balance(credit.account).0 < credit.amount.0 => Err(Denial::TooMuch),
            // What is taken back is there: orders that are arriving have spent theirs, and nothing is owed silently.
            None if credit.amount.0 < 0 && spendable.0 < -credit.amount.0 => {
                Err(Denial::Insufficient { balance: spendable })
            }
            None => {
                let line = self.line(beat, credit.account, credit.amount, Why::Credit);
                let line = LedgerLine { note: credit.note, ..line };
                if let Some(Keyed { key, hash, .. }) = credit.idempotency {
                    let order = OrderId::from_record(line.n);
                    let used = Idempotency { account: credit.by, key, hash, order, at: beat.now };
                    beat.out.batch.idempotency.push(used);
                }
                self.post(beat, line.clone());
                Ok(Credited::Now(Box::new(beat.shown(line))))
            }
        };
        beat.reply(request, reply);
        Ok(())
    }

    /// The next line, which is still to be posted.
    fn line(&self, beat: &Beat, account: AccountId, amount: Money, why: Why) -> LedgerLine {
        let balance = self.balance(account) + amount;
        let (n, at) = (beat.out.marks.next_ledger, beat.now);
        LedgerLine { n, account, amount, balance, why, order: None, seq: None, at, note: None }
    }

    fn post(&mut self, beat: &mut Beat, line: LedgerLine) -> Money {
        let (account, balance) = (line.account, line.balance);
        beat.out.marks.next_ledger += 1;
        let low = beat.plan.accounts.get(&account).and_then(|it| it.terms.low);
        // Once for each time that it falls, and not at every order below.
        if low.is_some_and(|it| balance < it && it <= self.balance(account)) {
            beat.out.low.push((account, balance));
        }
        self.balances.insert(account, balance);
        beat.out.batch.ledger.push(line);
        match beat.out.batch.balances.iter_mut().find(|it| it.0 == account) {
            Some(of_this_beat) => of_this_beat.1 = balance,
            None => beat.out.batch.balances.push((account, balance)),
        }
        balance
    }
}

/// What of a message that has ended is paid back: its price, by the share of its parts that no carrier took.
///
/// A part whose outcome is not known may have been taken. Parts that one carrier cut and another did not need are
/// cancelled; they are no part of the share.
fn refund(entry: &Entry) -> Money {
    let Some(price) = entry.body.price.filter(|_| entry.body.charged) else { return Money(0) };
    let cancelled = entry.parts.iter().all(|it| it.phase() == Phase::Cancelled);
    let parts = || entry.parts.iter().filter(|it| cancelled || it.phase() != Phase::Cancelled);
    let untaken = parts().filter(|it| !may_be_taken(entry, it)).count();
    let share = i128::from(price.0) * untaken as i128 / parts().count().max(1) as i128;
    Money(i64::try_from(share).expect("a share is not larger than the whole"))
}

/// Whether a carrier took a part, or nobody knows whether one did.
fn may_be_taken(entry: &Entry, part: &Part) -> bool {
    let perhaps = |attempt: &Attempt| {
        attempt.receipt.is_some()
            || attempt.answer.is_none_or(|answer| matches!(answer, Answer::Taken | Answer::Unknown))
    };
    let key: PartKey = part.key;
    part.taken_at.known().is_some()
        || part.attempt.as_ref().is_some_and(perhaps)
        || entry.past.iter().filter(|it| it.key == key).any(|it| perhaps(&it.attempt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::body::Body;
    use crate::message::body::tests::body;

    use crate::message::id::{CarrierId, LaneId, LinkId, RouteId, Seq};
    use crate::message::phase::{End, Move};

    use crate::message::time::Time;

    use crate::record::entry::PastAttempt;

    use std::sync::Arc;

    /// A message for 90 with a part for each list of answers, which has ended with `end`.
    fn ended(answers: &[&[Answer]], end: End) -> Entry {
        let body = Body { parts: answers.len() as u8, price: Some(Money(90)), charged: true, ..body("", None) };
        let lane = LaneId::new(RouteId(1), AccountId(1), 0, 0);
        let (mut parts, mut past) = (Vec::new(), Vec::new());
        for (index, answers) in answers.iter().enumerate() {
            let key = PartKey::new(Seq(1), index as u8);
            let mut part = Part::new(key, lane, Time(9));
            for (number, answer) in (1..).zip(*answers) {
                let link = LinkId { carrier: CarrierId(1), bind: 0 };
                let attempt = Attempt::new(number, link, crate::message::attempt::Cause::First, Time(1));
                let attempt = Attempt { answer: Some(*answer), ..attempt };
                past.extend(part.attempt.replace(attempt).map(|attempt| PastAttempt { key, attempt }));
            }
            part.step(Move::End(end)).expect("it was queued");
            parts.push(part);
        }
        Entry { body: Arc::new(body), parts, past }
    }

    #[test]
    fn what_no_carrier_took_is_paid_back_and_what_one_perhaps_took_is_not() {
        use Answer::{Elsewhere, Later, Never, Taken, Unknown};
        for (answers, back) in [
            (&[&[][..]][..], 90),
            (&[&[Never]], 90),
            (&[&[Later, Later, Elsewhere]], 90),
            (&[&[Taken]], 0),
            (&[&[Unknown]], 0),
            (&[&[Unknown, Never]], 0),
            (&[&[Taken, Never]], 0),
            (&[&[Never], &[Taken], &[]], 60),
            (&[&[Unknown], &[Taken], &[Never]], 30),
        ] {
            assert_eq!(refund(&ended(answers, End::Failed)), Money(back), "{answers:?}");
        }
    }

    #[test]
    fn what_was_cancelled_or_expired_in_the_queue_is_paid_back_whole() {
        for end in [End::Cancelled, End::Expired] {
            assert_eq!(refund(&ended(&[&[], &[], &[]], end)), Money(90));
        }
    }

    #[test]
    fn parts_that_another_carrier_did_not_need_are_no_part_of_the_share() {
        let mut entry = ended(&[&[Answer::Taken], &[Answer::Never], &[]], End::Failed);
        let unneeded = &mut entry.parts[2];
        *unneeded = Part::new(unneeded.key, unneeded.lane, Time(9)).with_phase(Phase::Cancelled);
        assert_eq!(refund(&entry), Money(45));
    }

    #[test]
    fn what_was_not_charged_is_not_paid_back() {
        let mut entry = ended(&[&[]], End::Failed);
        entry.body = Arc::new(Body { charged: false, ..(*entry.body).clone() });
        assert_eq!(refund(&entry), Money(0));
    }
}
