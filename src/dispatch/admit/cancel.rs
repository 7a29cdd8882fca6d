//! What applications take back: a message, or all of an order that has not left.
//!
//! An order may have ten thousand messages, most of them in the store alone. It is gone through in the order of its
//! messages, which is that in which they leave, so many of them a beat: whoever comes meanwhile waits for no more than
//! that, and what is answered is durable. A process that dies in between has taken some back; asking again takes the
//! rest.

use crate::dispatch::Dispatch;
use crate::dispatch::door::happening::{Cancellation, RequestId, Withdrawal};
use crate::dispatch::door::reply::{Cancelled, Denial, Withdrawn};
use crate::dispatch::tried::{self, is_live};
use crate::message::id::{PartKey, Seq};
use crate::message::part::Part;
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::record::contract::{Poisoned, Store};
use crate::record::entry::Entry;
use std::collections::VecDeque;
use std::time::Duration;

/// Messages of orders that one beat looks at: as many as it takes in of one that arrives.
const AT_ONCE: u64 = 500;

/// Orders that are taken back at once; each is answered within some hundred beats.
const ORDERS_MAX: usize = 16;

/// When whoever finds so many under way should come again.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// An order that is being taken back.
#[derive(Debug)]
struct Withdrawing {
    request: RequestId,
    withdrawal: Withdrawal,
    /// Of its messages these are not to be sent any more; all others had left or ended.
    cancelled: u64,
    left: u64,
}

/// The orders that are being taken back, whose turn it is first.
#[derive(Debug, Default)]
pub(crate) struct Withdrawals(VecDeque<Withdrawing>);

impl Withdrawals {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Dispatch {
    pub(crate) fn cancel(&mut self, request: RequestId, Cancellation(account, message): Cancellation) {
        let known = self.set.get(message.seq).map(|it| &it.entry.body);
        let own = known.is_some_and(|it| it.id == message && it.account == account);
        let reply = match own && !self.arrivals.holds(message.seq) {
            false => Err(Denial::NotFound),
            true if self.take_back(message.seq) => Ok(Cancelled),
            true => Err(Denial::TooLate),
        };
        self.beat.reply(request, reply);
    }

    /// Somebody wants an order back, which is known to be whole.
    pub(crate) fn withdraw(&mut self, request: RequestId, withdrawal: Withdrawal) {
        if ORDERS_MAX <= self.withdrawals.0.len() {
            return self.beat.deny(request, Denial::QueueFull(FULL_RETRY));
        }
        self.withdrawals.0.push_back(Withdrawing { request, withdrawal, cancelled: 0, left: 0 });
    }

    /// Goes on with one of the orders that are taken back; they take turns.
    pub(crate) fn go_on_withdrawing<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        let Some(mut it) = self.withdrawals.0.pop_front() else { return Ok(()) };
        let Withdrawal { account, order, from, to } = it.withdrawal;
        let next = Seq(from.0.saturating_add(AT_ONCE)).min(to);
        let seqs = (from.0..next.0).map(Seq);
        self.bring(seqs.clone(), store)?;
        for seq in seqs {
            let entry = self.set.get(seq).map(|it| &it.entry);
            let own = entry.filter(|it| it.body.order == order && it.body.account == account);
            let Some(status) = own.map(Entry::status) else { continue };
            if status == Status::Cancelled || self.take_back(seq) {
                it.cancelled += 1;
            } else {
                it.left += 1;
            }
        }
        it.withdrawal.from = next;
        if next < to {
            self.withdrawals.0.push_back(it);
        } else {
            self.beat.grant(it.request, Withdrawn { cancelled: it.cancelled, left: it.left });
        }
        Ok(())
    }

    /// Ends a message in memory of which nothing has left; whether that could be done.
    pub(crate) fn take_back(&mut self, seq: Seq) -> bool {
        let Some(held) = self.set.get(seq) else { return false };
        let keys: Vec<PartKey> = held.entry.parts.iter().filter(|it| is_live(it)).map(|it| it.key).collect();
        // A part that was tried and is to be tried again has left: it may be at the carrier.
        let untouched = |it: &Part| !is_live(it) || (it.phase() == Phase::Queued && it.attempt.is_none());
        let may = held.entry.parts.iter().all(untouched) && !keys.is_empty();
        if may {
            self.cancel_parts(keys);
        }
        may
    }

    /// Takes back what carriers have only ever refused or throttled: it is to be tried again, and has not left.
    pub(crate) fn give_up_refused(&mut self, seq: Seq) {
        let Some(entry) = self.set.get(seq).map(|it| &it.entry) else { return };
        let keys: Vec<PartKey> = entry.parts.iter().map(|it| it.key).collect();
        let refused = |it: &Part| it.phase() == Phase::Queued && !tried::is_doubted(entry, it.key);
        if entry.parts.iter().all(refused) && !keys.iter().any(|it| self.is_pending(*it, None)) {
            self.cancel_parts(keys);
        }
    }

    /// Ends parts that are queued.
    pub(crate) fn cancel_parts(&mut self, keys: Vec<PartKey>) {
        for key in keys {
            self.leave_lane(key);
            self.step(key, Move::End(End::Cancelled), Some(Reason::Cancelled));
            self.set.unstage(key);
        }
    }
}
