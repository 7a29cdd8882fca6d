//! What accounts have, and what they may ask for.

mod allowance;
mod money;

use crate::dispatch::admit::accounts::allowance::{Bucket, Used};
use crate::message::id::AccountId;
use crate::message::money::Money;
use crate::record::money::QuotaUse;
use std::collections::BTreeMap;

/// All accounts that have or use up anything.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// What they have, in micro-units of their currency.
    balances: BTreeMap<AccountId, Money>,
    /// Requests that they may make.
    buckets: BTreeMap<AccountId, Bucket>,
    /// Messages that quotas have counted.
    used: BTreeMap<AccountId, Used>,
}

impl Accounts {
    /// As they stood at the last commit.
    pub(crate) fn recover(balances: Vec<(AccountId, Money)>, quotas: Vec<QuotaUse>) -> Self {
        Self {
            balances: balances.into_iter().collect(),
            buckets: BTreeMap::new(),
            used: quotas.into_iter().map(|it| (it.account, Used::of(it))).collect(),
        }
    }
}
