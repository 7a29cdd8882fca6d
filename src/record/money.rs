//! What accounts have, pay and use: the ledger, the balances that it adds up to, and what quotas have counted.

use crate::message::id::{AccountId, OrderId, Seq};
use crate::message::money::Money;
use crate::message::time::Time;

/// One line of the ledger. The lines of an account add up to its balance, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// Its place: a counter over all accounts, from 1.
    pub n: u64,
    /// Whose.
    pub account: AccountId,
    /// What the balance grew by; below zero is what was paid.
    pub amount: Money,
    /// The balance with this line.
    pub balance: Money,
    /// Why.
    pub why: Why,
    /// The order that was charged or paid back; `None` for credit.
    pub order: Option<OrderId>,
    /// The message that was paid back; `None` for credit, and for a charge, which is of the whole order.
    pub seq: Option<Seq>,
    /// When.
    pub at: Time,
    /// What who gave credit says of it.
    pub note: Option<Box<str>>,
}

closed_set! {
    /// Why a balance changed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Why: all, number, from_number, word {
        /// An operator gave credit, or took it back.
        Credit = 0 "credit",
        /// An order was accepted.
        Charge = 1 "charge",
        /// No carrier took a message, or some of its parts.
        Refund = 2 "refund",
    }
}

/// What the quota of an account has counted, as it stands now: one record an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// Whose.
    pub account: AccountId,
    /// Messages by when they were accepted, oldest first.
    pub slots: Vec<QuotaSlot>,
}

/// Messages that were accepted at about the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaSlot {
    /// When the first of them was.
    pub first: Time,
    /// When the last of them was.
    pub last: Time,
    /// How many.
    pub count: u64,
}
