//! How an order enters: in slices of at most [`SLICE`] messages, one slice a beat.
//!
//! ```text
//!   beat 1        beat 2        beat 3               of three orders the slices come by turns, so that
//!   A1            B1            A2 whole: 202        whoever comes meanwhile waits for one slice
//!   └ seqs of all messages reserved, row "arriving"
//! ```
//!
//! Until its last slice is durable an order is arriving: nobody is told of it, none of its parts may
//! be submitted or end, and nothing that was accepted after it overtakes it in its lanes. A start removes it. Its
//! idempotency key, its charge and its 202 come with the last slice.

use crate::dispatch::door::command::Command;
use crate::dispatch::door::fact::{Fact, TOLD_MAX};
use crate::dispatch::door::happening::{Keyed, Recipient, RequestId, Submission};
use crate::dispatch::door::reply::{Denial, Means, Submitted};
use crate::dispatch::{Dice, Dispatch};
use crate::message::id::{AccountId, CarrierId, LaneId, MessageId, OrderId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::time::Time;
use crate::record::batch::{Idempotency, Order};
use std::collections::VecDeque;
use std::time::Duration;

/// Messages of one slice: what one beat takes of an order, which bounds how long others wait.
pub const SLICE: usize = 500;

/// Orders that arrive at once. Each may hold ten thousand messages in memory.
const ARRIVING_MAX: usize = 64;

/// Repeats of one arriving request that wait for it.
const REPEATS_MAX: usize = 16;

/// How long a repeat waits before it is told that the first is still under way.
const REPEAT_WAIT: Duration = Duration::from_secs(1);

/// An order of which not all messages are there.
#[derive(Debug)]
pub(crate) struct Arriving {
    /// Who waits for the answer.
    request: Option<RequestId>,
    submission: Submission,
    /// Who is still to come.
    rest: std::vec::IntoIter<Recipient>,
    order: OrderId,
    first: Seq,
    count: u32,
    /// When it was accepted: the time of all its messages, so that times grow with seqs.
    at: Time,
    ids: Vec<MessageId>,
    /// What is taken from the balance of its account, if anything is.
    charge: Option<Money>,
    means: Means,
    /// Who asked for the same, and until when each waits.
    repeats: Vec<(RequestId, Time)>,
}

/// What one message of an order shares with the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entering {
    pub(crate) order: OrderId,
    pub(crate) seq: Seq,
    pub(crate) at: Time,
    /// Whether its price is taken from a balance.
    pub(crate) charged: bool,
    /// Whether the order will not be whole after this beat.
    pub(crate) arriving: bool,
}

impl Arriving {
    fn end(&self) -> Seq {
        Seq(self.first.0 + u64::from(self.count))
    }

    /// Its lanes, whatever their carriers.
    fn lanes(&self) -> LaneId {
        queue_of(&self.submission)
    }

    fn row(&self, arriving: bool) -> Order {
        let (id, account) = (self.order, self.submission.account);
        Order { id, account, first: self.first, count: self.count, created: self.at, arriving }
    }
}

/// The lane of a request at no carrier.
const fn queue_of(submission: &Submission) -> LaneId {
    LaneId::new(submission.route, submission.account, submission.class.number(), 0)
}

/// The orders that are arriving, whose turn it is first.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    orders: VecDeque<Arriving>,
    /// Lanes and first messages of orders that became whole in the last beat: what they end with is not read
    /// before it is in the store.
    landed: Vec<(LaneId, Seq)>,
}

impl Arrivals {
    pub(crate) fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.landed.is_empty()
    }

    /// Whether another may begin.
    pub(crate) fn has_room(&self) -> bool {
        self.orders.len() < ARRIVING_MAX
    }

    /// Whether a message is of an order that is arriving.
    pub(crate) fn holds(&self, seq: Seq) -> bool {
        self.orders.iter().any(|it| (it.first..it.end()).contains(&seq))
    }

    /// How many orders are arriving that began before a message.
    pub(crate) fn begun_before(&self, seq: Seq) -> usize {
        self.orders.iter().filter(|it| it.first < seq).count()
    }

    /// The first seq that may not be staged in a lane yet.
    pub(crate) fn ceiling(&self, lane: LaneId) -> Option<Seq> {
        let arriving = self.orders.iter().map(|it| (it.lanes(), it.first));
        let all = arriving.chain(self.landed.iter().copied());
        all.filter(|it| it.0 == lane.at(CarrierId(0))).map(|it| it.1).min()
    }

    /// Parts that are still to come, by the lane at no carrier.
    pub(crate) fn parts_to_come(&self) -> impl Iterator<Item = (LaneId, u64)> {
        self.orders.iter().map(|order| {
            (order.lanes(), order.rest.as_slice().iter().map(|recipient| u64::from(recipient.parts)).sum())
        })
    }

    /// What is to be taken from a balance once its orders are whole.
    pub(super) fn reserve(&self, account: AccountId) -> Money {
        let of_account = self.orders.iter().filter(|it| it.submission.account == account);
        of_account.filter_map(|it| it.charge).fold(Money(0), |sum, it| sum + it)
    }

    /// The order that is arriving under a key.
    fn running(&mut self, account: AccountId, key: &str) -> Option<&mut Arriving> {
        let same = |order: &&mut Arriving| {
            order.submission.account == account
                && order.submission.idempotency.as_ref().is_some_and(|idempotency| *idempotency.key == *key)
        };
        self.orders.iter_mut().find(same)
    }
}

impl Dispatch {
    /// A request that nothing speaks against: a small one enters now, a larger one a slice at a time.
    pub(crate) fn begin(&mut self, request: RequestId, submission: Submission, means: Means, dice: Dice<'_>) {
        let mut arriving = self.arriving(submission, means);
        arriving.request = Some(request);
        if arriving.rest.len() <= SLICE {
            self.enter(&mut arriving, dice);
            self.complete(arriving);
        } else {
            self.arrivals.orders.push_back(arriving);
        }
    }

    /// The messages of a request of one slice at most, whose answer is another's to give.
    pub(super) fn enter_now(&mut self, submission: Submission, means: Means, dice: Dice<'_>) -> Vec<MessageId> {
        let mut arriving = self.arriving(submission, means);
        self.enter(&mut arriving, dice);
        let ids = arriving.ids.clone();
        self.complete(arriving);
        ids
    }

    /// An order that begins.
    fn arriving(&mut self, mut submission: Submission, means: Means) -> Arriving {
        let rest = std::mem::take(&mut submission.recipients).into_iter();
        let count = u32::try_from(rest.len()).expect("a request has at most 10,000 recipients");
        let prices = || rest.as_slice().iter().filter_map(|it| it.price).fold(Money(0), |sum, it| sum + it);
        let charge = self.beat.plan.is_managed(submission.account).then(prices);
        let arriving = Arriving {
            request: None,
            order: OrderId::from_record(self.beat.out.marks.next_order),
            first: Seq(self.beat.out.marks.next_seq),
            count,
            at: self.beat.now,
            ids: Vec::with_capacity(rest.len()),
            charge,
            means,
            repeats: Vec::new(),
            rest,
            submission,
        };
        self.beat.out.marks.next_order += 1;
        self.beat.out.marks.next_seq += u64::from(count);
        arriving
    }

    /// The next slice of one order; the orders take turns.
    pub(crate) fn arrive(&mut self, dice: Dice<'_>) {
        let now = self.beat.now;
        for (base, first) in std::mem::take(&mut self.arrivals.landed) {
            self.open(base, first);
        }
        for arriving in &mut self.arrivals.orders {
            let tired = arriving.repeats.extract_if(.., |it| it.1 <= now);
            self.beat.out.commands.extend(tired.map(|it| Command::Reply(it.0, Err(Denial::Running))));
        }
        let Some(mut arriving) = self.arrivals.orders.pop_front() else { return };
        self.enter(&mut arriving, dice);
        if arriving.rest.len() == 0 {
            self.complete(arriving);
        } else {
            if arriving.ids.len() == SLICE {
                self.beat.out.batch.orders.push(arriving.row(true));
            }
            self.arrivals.orders.push_back(arriving);
        }
    }

    fn enter(&mut self, arriving: &mut Arriving, dice: Dice<'_>) {
        let whole = arriving.count as usize <= SLICE;
        for _ in 0..SLICE {
            let Some(to) = arriving.rest.next() else { break };
            let entering = Entering {
                order: arriving.order,
                seq: Seq(arriving.first.0 + arriving.ids.len() as u64),
                at: arriving.at,
                charged: arriving.charge.is_some(),
                arriving: !whole,
            };
            let id = self.enqueue(&arriving.submission, to, entering, dice);
            arriving.ids.push(id);
        }
    }

    /// The order is whole: from now on it is as any other.
    fn complete(&mut self, arriving: Arriving) {
        let submission = &arriving.submission;
        let (account, route, class) = (submission.account, submission.route, submission.class);
        if 1 < arriving.count {
            self.beat.out.batch.orders.push(arriving.row(false));
            self.open_orders.begin(arriving.order, arriving.first, arriving.count);
        }
        if let Some(Keyed { key, hash, .. }) = submission.idempotency.clone() {
            self.beat.out.batch.idempotency.push(Idempotency {
                account,
                key,
                hash,
                order: arriving.order,
                at: self.beat.now,
            });
        }
        let mut means = arriving.means;
        means.balance = arriving.charge.map(|it| self.accounts.charge(&mut self.beat, account, arriving.order, it));
        let (order, count) = (arriving.order, arriving.count as usize);
        let messages = arriving.ids.iter().take(TOLD_MAX).copied().collect();
        self.beat.tell(Fact::Accepted { order, account, route, class, count, messages });
        let waiting = arriving.repeats.into_iter();
        self.beat.out.commands.extend(waiting.map(|it| Command::Reply(it.0, Ok(Submitted::Repeated(order).into()))));
        if let Some(request) = arriving.request {
            let made = Submitted::Accepted { order, messages: arriving.ids, at: arriving.at, means: Box::new(means) };
            self.beat.grant(request, made);
        }
        if SLICE < count {
            self.arrivals.landed.push((queue_of(submission), arriving.first));
        }
    }

    /// What has waited in the store, in the lanes of an order that has become whole, is read from there.
    fn open(&mut self, base: LaneId, first: Seq) {
        for lane in self.lanes.which(|it, _| it.at(CarrierId(0)) == base) {
            let queue = self.lanes.at(lane);
            (queue.backlog, queue.behind_at) = (true, self.beat.number);
            queue.horizon = queue.horizon.min(PartKey(PartKey::new(first, 0).0 - 1));
            self.offer(lane);
        }
        // What came due while it arrived was passed over.
        self.sweep.due_at(self.beat.now);
    }

    /// Whether a request is the repeat of one that is arriving, which is then answered here.
    pub(super) fn is_repeat(&mut self, request: RequestId, submission: &Submission) -> bool {
        let Some(asked) = &submission.idempotency else { return false };
        let until = self.beat.now + REPEAT_WAIT;
        let Some(arriving) = self.arrivals.running(submission.account, &asked.key) else { return false };
        let same = arriving.submission.idempotency.as_ref().is_some_and(|it| asked.is(&it.hash));
        if same && arriving.repeats.len() < REPEATS_MAX {
            arriving.repeats.push((request, until));
        } else {
            self.beat.deny(request, if same { Denial::Running } else { Denial::KeyReused });
        }
        true
    }
}
