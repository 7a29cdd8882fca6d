//! What the customer asked for one recipient; written once, never changed.

use crate::message::class::Class;
use crate::message::id::{AccountId, MessageId, OrderId, RouteId, Seq};
use crate::message::money::Money;
use crate::message::source::Source;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::text::Requested;

/// A message as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its place and its random bits.
    pub id: MessageId,
    /// The request that it came with.
    pub order: OrderId,
    /// Who sends it.
    pub account: AccountId,
    /// How it goes.
    pub route: RouteId,
    /// What it is for.
    pub class: Class,
    /// Who it is from.
    pub source: Source,
    /// Who gets it.
    pub destination: E164,
    /// What it says.
    pub text: Box<str>,
    /// Which alphabet was asked for.
    pub requested: Requested,
    /// How many SMS it takes: 1 to 10.
    pub parts: u8,
    /// The customer's own reference.
    pub client_ref: Option<Box<str>>,
    /// When it was accepted.
    pub created: Time,
    /// When it is no longer worth sending.
    pub expires: Time,
    /// What the customer pays for all its parts; `None` on an unpriced route.
    pub price: Option<Money>,
}

impl Body {
    /// Its place in the order of accepted messages.
    pub const fn seq(&self) -> Seq {
        self.id.seq
    }
}
