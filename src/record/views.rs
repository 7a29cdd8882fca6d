//! What the API asks of a store's readers.

use crate::message::attempt::CarrierMessageId;
use crate::message::id::{AccountId, OrderId, RouteId, Seq};
use crate::message::status::{Status, Totals};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::event::{Audience, Event, EventKinds};

/// Which messages to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Whose; operators see those of all.
    pub account: Option<AccountId>,
    /// Only of this status.
    pub status: Option<Status>,
    /// Only to this number.
    pub to: Option<E164>,
    /// Only of this order.
    pub order: Option<OrderId>,
    /// Only by this route.
    pub route: Option<RouteId>,
    /// Only with this reference of the customer's.
    pub client_ref: Option<Box<str>>,
    /// Only those of which a carrier calls a part so, in an answer or, written in another way, in a receipt.
    pub carrier_message_id: Option<CarrierMessageId>,
    /// Only accepted at or after this.
    pub since: Option<Time>,
    /// Only accepted before this.
    pub until: Option<Time>,
    /// Only older than this: where the last page ended.
    pub before: Option<Seq>,
    /// At most so many: 1 to 1,000.
    pub limit: usize,
}

/// The aggregate of an order, counted from its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// Whose it is.
    pub account: AccountId,
    /// How its messages went.
    pub route: RouteId,
    /// How many of them stand where.
    pub totals: Totals,
    /// What the customer pays for all of them, in micro-units; `None` when unpriced.
    pub price: Option<crate::message::money::Money>,
    /// When it was accepted.
    pub created: Time,
}

/// Which orders to list, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderFilter {
    /// Whose.
    pub account: AccountId,
    /// Only by this route.
    pub route: Option<RouteId>,
    /// Only accepted at or after this.
    pub since: Option<Time>,
    /// Only accepted before this.
    pub until: Option<Time>,
    /// Only those whose messages are all older than this: where the last page ended.
    pub before: Option<Seq>,
    /// At most so many.
    pub limit: usize,
}

/// Which numbers that are left in peace to list, in the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuppressionQuery {
    /// Of this account alone; those that hold for every account only with a number.
    pub account: Option<AccountId>,
    /// Of this number alone: all of them, whatever the limit.
    pub number: Option<E164>,
    /// Only those whose place is above this.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

/// Which events to list, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Whose.
    pub of: Audience,
    /// Only those with a number above this.
    pub after: u64,
    /// Only of these kinds.
    pub kinds: EventKinds,
    /// At most so many.
    pub limit: usize,
}

/// A page of the log of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// Those that were asked for; none at the end of the log, or where it was not reached in time.
    pub events: Vec<Event>,
    /// Whether the log was not looked through to its end for want of time, and nothing was found.
    pub is_cut: bool,
    /// The number of the last that was looked at; `None` if there is none.
    pub looked_to: Option<u64>,
    /// There was nothing behind it when it was read.
    pub is_end: bool,
    /// Some that were asked for are forgotten.
    pub is_gone: bool,
    /// The number of the last of the account that is forgotten; 0 if none is.
    pub forgotten: u64,
}
