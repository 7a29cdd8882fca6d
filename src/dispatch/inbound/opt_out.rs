//! Who does not want to be written to: what handsets and operators say, and what it stops.
//!
//! The list is durable, and in memory as hashes, which the API looks at as well: it refuses what it can before
//! anything exists. What was accepted before ends as FAILED when its turn comes.

use crate::dispatch::beat::Beat;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::happening::{Lift, RequestId, Suppress};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::{Denial, Lifted, Suppressed};
use crate::message::body::Body;
use crate::message::class::Class;
use crate::message::id::AccountId;
use crate::message::reason::Reason;
use crate::number::e164::E164;
use crate::record::suppression::{Origin, Suppression};
use crate::route::inbound;
use crate::route::opt_out::{Key, List, OptOut, OptOutChange};
use std::sync::{PoisonError, RwLock};

/// The durable list, in memory. The deciding floor writes it; the API reads it.
#[derive(Debug, Default)]
pub struct OptedOut(RwLock<List>);

impl OptedOut {
    pub(crate) fn new(list: List) -> Self {
        Self(RwLock::new(list))
    }

    fn change<T>(&self, change: impl FnOnce(&mut List) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn has(&self, key: &Key) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).has(key)
    }

    /// Why a message of a class from a sender of an account to a number is not sent, if it is not; the sender as
    /// [`inbound::recipient`] writes it.
    pub fn refuses(&self, rules: &OptOut, class: Class, of: (AccountId, &str, E164)) -> Option<Reason> {
        rules.refuses(class, &self.0.read().unwrap_or_else(PoisonError::into_inner), of)
    }
}

/// What a handset orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Who is to leave it in peace, or to write to it again.
    pub(crate) key: Key,
    /// Which of the two.
    pub(crate) wish: OptOutChange,
    /// By which keyword.
    pub(crate) word: Box<str>,
}

impl OptedOut {
    /// An operator puts a key on the list.
    pub(in crate::dispatch) fn suppress(&self, beat: &mut Beat, request: RequestId, it: Suppress) {
        let (Suppress(key, reason), at) = (it, beat.now);
        let kept = self.put(beat, Suppression { key, at, origin: Origin::Operator, reason });
        if kept { beat.grant(request, Suppressed(beat.shown(at))) } else { beat.deny(request, Denial::ListFull) }
    }

    /// An operator takes a key from the list.
    pub(in crate::dispatch) fn write_again(&self, beat: &mut Beat, request: RequestId, Lift(key, reason): Lift) {
        let lifted = self.lift(beat, key, Origin::Operator, reason);
        if lifted { beat.grant(request, Lifted) } else { beat.deny(request, Denial::NotFound) }
    }

    /// Does what a handset has ordered.
    pub(super) fn apply(&self, beat: &mut Beat, order: Order) {
        let (Order { key, wish, word }, at) = (order, beat.now);
        _ = match wish {
            OptOutChange::Stop => self.put(beat, Suppression { key, at, origin: Origin::Handset, reason: word }),
            OptOutChange::Start => self.lift(beat, key, Origin::Handset, word),
        };
    }

    /// Puts a key on the list; false where it is full.
    fn put(&self, beat: &mut Beat, suppression: Suppression) -> bool {
        let (key, origin) = (&suppression.key, suppression.origin);
        let kept = self.change(|it| it.put(key));
        beat.tell(Fact::OptedOut { account: key.account, number: key.number, origin, kept });
        if kept {
            beat.out.batch.lifted.retain(|it| it != key);
            beat.out.batch.suppressed.retain(|it| it.key != *key);
            beat.out.batch.suppressed.push(suppression);
        }
        kept
    }

    /// Takes a key off the list; false where it was not there.
    fn lift(&self, beat: &mut Beat, key: Key, origin: Origin, reason: Box<str>) -> bool {
        let was = self.change(|it| it.take(&key));
        if was {
            beat.tell(Fact::OptedIn { account: key.account, number: key.number, origin, reason });
            beat.out.batch.suppressed.retain(|it| it.key != key);
            beat.out.batch.lifted.push(key);
        }
        was
    }

    /// Why a message that was accepted is not sent any more, if it is not.
    pub(crate) fn reason_against(&self, plan: &Plan, body: &Body) -> Option<Reason> {
        let rules = &plan.opt_out;
        if !rules.stops(body.class) {
            return None;
        }
        let sender = inbound::recipient(body.source.octets());
        self.refuses(rules, body.class, (body.account, &sender, body.destination))
    }
}
