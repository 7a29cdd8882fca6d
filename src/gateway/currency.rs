//! In which currency each balance was paid in: an amount does not become one of another currency by a word in the
//! configuration.

use crate::dispatch::door::plan::Plan;
use crate::gateway::failure::Failure;
use crate::message::id::AccountId;
use crate::message::money::{Currency, Money};
use crate::record::contract::Poisoned;
use crate::store::sqlite::Sqlite;
use std::collections::BTreeMap;
use tracing::warn;

/// The currencies of balances, as the store remembers them.
#[derive(Debug, Default)]
pub(super) struct Currencies(BTreeMap<AccountId, Currency>);

impl Currencies {
    /// What is remembered at the start, once the configuration agrees with it. Balances of before take the currency
    /// that is configured.
    pub(super) fn start(store: &mut Sqlite, balances: &[(AccountId, Money)], plan: &Plan) -> Result<Self, Failure> {
        let mut currencies = Self(store.currencies()?);
        let balances: BTreeMap<AccountId, Money> = balances.iter().copied().collect();
        let balance = |account| balances.get(&account).copied().unwrap_or_default();
        currencies.agree(balance, plan)?;
        currencies.take_over(store, balance, plan)?;
        Ok(currencies)
    }

    /// Refuses a plan in which what an account has would be of another currency.
    pub(super) fn agree(&self, balance: impl Fn(AccountId) -> Money, plan: &Plan) -> Result<(), Failure> {
        let mut changed = Vec::new();
        for (account, wanted) in currencies(plan) {
            let (has, name) = (balance(account), &plan.accounts[&account].name);
            if has != Money(0)
                && let Some(paid) = self.0.get(&account).filter(|it| **it != wanted)
            {
                changed.push(format!(
                    "account {name:?} has {} {paid}, and its currency would be {wanted}: take the balance to zero first, \
                     by a credit below zero, or use a new account",
                    has.exact()
                ));
            }
        }
        if changed.is_empty() { Ok(()) } else { Err(Failure::Currency(changed.join("; "))) }
    }

    /// The plan is in force: its currencies are those of all balances that are not of another. A balance that it does
    /// not spend is told of.
    pub(super) fn take_over(
        &mut self,
        store: &mut Sqlite,
        balance: impl Fn(AccountId) -> Money,
        plan: &Plan,
    ) -> Result<(), Poisoned> {
        let new = |(account, currency): &(AccountId, Currency)| match self.0.get(account) {
            None => true,
            Some(paid) => paid != currency && balance(*account) == Money(0),
        };
        let new: Vec<_> = currencies(plan).filter(new).collect();
        store.remember_currencies(&new)?;
        self.0.extend(new);
        for (account, currency) in self.0.iter().filter(|it| balance(*it.0) != Money(0)) {
            let planned = plan.accounts.get(account);
            if planned.is_none_or(|it| !it.terms.managed) {
                let name = store.account_name(*account)?.unwrap_or_default();
                warn!(
                    account = name,
                    has = %balance(*account).exact(),
                    %currency,
                    "an account has money that is not spent: it is not in the configuration, or its balance is not managed"
                );
            }
        }
        Ok(())
    }
}

/// Accounts with a balance, and what they pay in.
fn currencies(plan: &Plan) -> impl Iterator<Item = (AccountId, Currency)> + '_ {
    let managed = plan.accounts.values().filter(|it| it.terms.managed);
    managed.filter_map(|it| Some((it.id, it.currency?)))
}
