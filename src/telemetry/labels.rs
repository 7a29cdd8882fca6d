//! The values that labels may have: names of the configuration, and closed sets.

use crate::dispatch::door::plan::Plan;
use crate::message::id::{AccountId, AppId, CarrierId, RouteId};
use crate::message::money::Currency;
use std::collections::{BTreeMap, BTreeSet};

/// The label of what the configuration does not name.
pub const OTHER: &str = "other";

/// The values of labels that the configuration or the wiring decides.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Routes; the label is the number.
    pub routes: Vec<RouteId>,
    /// Carriers with their names, and how many binds each has.
    pub carriers: Vec<(CarrierId, Box<str>, u8)>,
    /// Accounts with their names.
    pub accounts: Vec<(AccountId, Box<str>)>,
    /// Apps with their names.
    pub apps: Vec<(AppId, Box<str>)>,
    /// Who has endpoints.
    pub webhooks: Vec<AccountId>,
    /// Countries that a price or a cost names; all others are [`OTHER`].
    pub countries: BTreeSet<Box<str>>,
    /// What accounts pay in.
    pub pays_in: BTreeMap<AccountId, Currency>,
    /// What carriers charge in.
    pub charges_in: BTreeMap<CarrierId, Currency>,
    /// The endpoints of both listeners, as `METHOD /path/{parameter}`.
    pub endpoints: Vec<&'static str>,
}

impl Labels {
    /// Those of a plan. `binds` says how many links a carrier has, receivers included.
    pub fn of(plan: &Plan, binds: impl Fn(CarrierId) -> u8) -> Self {
        let of_accounts = plan.accounts.values().flat_map(|it| it.prices.values());
        let prices = plan.routes.values().filter_map(|it| it.price.as_ref()).chain(of_accounts);
        let prices = prices.flat_map(|it| it.countries.keys());
        let costs = plan.carriers.values().filter_map(|it| it.dialect.cost.as_ref()).flat_map(|it| it.countries.keys());
        let countries: BTreeSet<&Box<str>> = prices.chain(costs).collect();
        Self {
            routes: plan.routes.keys().copied().collect(),
            carriers: plan.carriers.values().map(|it| (it.id, it.name.clone(), binds(it.id))).collect(),
            accounts: plan.accounts.values().map(|it| (it.id, it.name.clone())).collect(),
            apps: plan.apps.values().map(|it| (it.id, it.name.clone())).collect(),
            webhooks: Vec::new(),
            countries: countries.into_iter().cloned().collect(),
            pays_in: plan.accounts.values().filter_map(|it| Some((it.id, it.currency?))).collect(),
            charges_in: plan
                .carriers
                .values()
                .filter_map(|it| Some((it.id, it.dialect.cost.as_ref()?.currency)))
                .collect(),
            endpoints: Vec::new(),
        }
    }
}

/// The name of a bind: that of its carrier and its place from 1.
pub fn bind_name(carrier: &str, bind: u8) -> String {
    format!("{carrier}-{}", u16::from(bind) + 1)
}
