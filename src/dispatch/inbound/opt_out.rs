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
use crate::message::forget::without;
use crate::message::id::AccountId;
use crate::message::reason::Reason;
use crate::message::veil::Veil;
use crate::number::e164::E164;
use crate::record::suppression::{Origin, Suppression};
use crate::route::inbound;
use crate::route::opt_out::{Key, List, OptOut, OptOutChange};
use std::sync::{PoisonError, RwLock};

/// The durable list, in memory. The deciding floor writes it; the API reads it.
#[derive(Debug)]
pub struct OptedOut {
    list: RwLock<List>,
    /// Under what those who are forgotten stand on it.
    veil: Veil,
}

impl OptedOut {
    /// A list of a store, and under what those who are forgotten stand on it.
    pub fn new(list: List, veil: Veil) -> Self {
        Self { list: RwLock::new(list), veil }
    }

    fn change<T>(&self, change: impl FnOnce(&mut List) -> T) -> T {
        change(&mut self.list.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a key is called on the list, and what it is called there if its number is forgotten.
    fn names(&self, key: &Key) -> [Key; 2] {
        [key.clone(), Key { number: self.veil.person(key.number), ..key.clone() }]
    }

    pub(crate) fn has(&self, key: &Key) -> bool {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        self.names(key).iter().any(|it| list.has(it))
    }

    /// Why a message of a class from a sender of an account to a number is not sent, if it is not; the sender as
    /// [`inbound::recipient`] writes it.
    pub fn refuses(&self, rules: &OptOut, class: Class, of: (AccountId, &str, E164)) -> Option<Reason> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let (account, sender, number) = of;
        let forgotten = || Some((account, sender, self.veil.person(number))).filter(|_| list.has_veiled());
        rules.refuses(class, &list, of).or_else(|| rules.refuses(class, &list, forgotten()?))
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
        let was = self.names(&key).into_iter().filter(|key| self.take(beat, key)).count() != 0;
        if was {
            beat.tell(Fact::OptedIn { account: key.account, number: key.number, origin, reason });
        }
        was
    }

    /// Takes a very key off the list; false where it was not there.
    fn take(&self, beat: &mut Beat, key: &Key) -> bool {
        let was = self.change(|it| it.take(key));
        if was {
            beat.out.batch.suppressed.retain(|it| it.key != *key);
            beat.out.batch.lifted.push(key.clone());
        }
        was
    }

    /// Has somebody left in peace whose number is forgotten: it stands on the list under a keyed hash.
    pub(in crate::dispatch) fn veil(&self, beat: &mut Beat, suppression: &Suppression) {
        // What was taken off the list since it was read stays off.
        if !self.take(beat, &suppression.key) {
            return;
        }
        let [_, key] = self.names(&suppression.key);
        self.change(|it| it.put(&key));
        // A handset's reason is a keyword; an operator's words may name the number.
        let reason = match suppression.origin {
            Origin::Handset => suppression.reason.clone(),
            Origin::Operator => without(&suppression.reason, suppression.key.number).into(),
        };
        beat.out.batch.lifted.retain(|it| *it != key);
        beat.out.batch.suppressed.retain(|it| it.key != key);
        beat.out.batch.suppressed.push(Suppression { key, reason, ..suppression.clone() });
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
