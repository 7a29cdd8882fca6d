//! What customers paid and carriers charge, in millionths of a currency: counters are whole numbers.

use crate::message::class::Class;
use crate::message::id::{AccountId, CarrierId};
use crate::message::money::Money;
use crate::telemetry::labels::Labels;
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use foldhash::{HashMap, HashMapExt};
use metrics::Counter;

/// The metrics of money. What has no currency in the configuration has no counter.
pub struct MoneyMeter {
    charged: HashMap<AccountId, Counter>,
    refunded: HashMap<AccountId, Counter>,
    costs: HashMap<CarrierId, [Counter; Class::ALL.len()]>,
}

impl MoneyMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, labels: &Labels) -> Self {
        let (mut charged, mut refunded, mut costs) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (id, name) in &labels.accounts {
            let Some(currency) = labels.pays_in.get(id) else { continue };
            charged.insert(*id, exposition.counter(&names::CHARGED, [&**name, currency.as_str()]));
            refunded.insert(*id, exposition.counter(&names::REFUNDED, [&**name, currency.as_str()]));
        }
        for (id, name, _) in &labels.carriers {
            let Some(currency) = labels.charges_in.get(id) else { continue };
            let of = |it: Class| exposition.counter(&names::COST, [&**name, it.word(), currency.as_str()]);
            costs.insert(*id, Class::ALL.map(of));
        }
        Self { charged, refunded, costs }
    }

    /// An account paid from its balance.
    pub fn count_charge(&self, account: AccountId, amount: Money) {
        add(self.charged.get(&account), amount);
    }

    /// An account was paid back.
    pub fn count_refund(&self, account: AccountId, amount: Money) {
        add(self.refunded.get(&account), amount);
    }

    /// A carrier took a part, and charges for it.
    pub fn cost(&self, carrier: CarrierId, class: Class, amount: Money) {
        add(self.costs.get(&carrier).map(|it| &it[usize::from(class.number())]), amount);
    }
}

fn add(counter: Option<&Counter>, amount: Money) {
    if let Some(counter) = counter {
        counter.increment(u64::try_from(amount.0).unwrap_or(0));
    }
}
