//! The carriers of a route: in which order, with which weights, and where others carry.

use crate::config::compile::{Names, destination};
use crate::config::error::{Findings, unknown};
use crate::config::schema::route::Carriers;
use crate::dispatch::door::plan::Carrier;
use crate::message::id::CarrierId;
use crate::message::money::{Currency, Money};
use crate::route::choose::CARRIERS_MAX;
use crate::route::network::Networks;
use crate::route::plan::{CarrierOrder, Route};
use crate::route::table::ByDestination;
use std::collections::BTreeMap;

/// What a route may name.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Carriers that are right.
    pub carriers: &'a BTreeMap<CarrierId, Carrier>,
    /// The numbers of names, right or wrong.
    pub names: &'a Names,
    /// Networks of the file of prefixes.
    pub networks: &'a Networks,
}

impl Known<'_> {
    /// The carriers of a route: a list in its order, or a table of weights, the heaviest first.
    pub fn carriers(&self, path: &str, written: &Carriers, findings: &mut Findings) -> (Vec<CarrierId>, Vec<f64>) {
        match written {
            Carriers::List(names) => (self.list(path, names, findings), Vec::new()),
            Carriers::Weights(table) => {
                let mut weighted: Vec<(&String, f64)> = Vec::new();
                for (name, weight) in table {
                    if !(weight.is_finite() && 0.0 < *weight) {
                        findings.fault(&format!("{path}.{name}"), format!("{weight} is not a weight: one is above 0"));
                    }
                    weighted.push((name, *weight));
                }
                weighted.sort_by(|one, other| other.1.total_cmp(&one.1));
                let names: Vec<String> = weighted.iter().map(|it| it.0.clone()).collect();
                let carriers = self.list(path, &names, findings);
                (carriers, weighted.iter().map(|it| it.1).collect())
            }
        }
    }

    /// The carriers of some destinations.
    pub fn carriers_by_country(
        &self,
        path: &str,
        written: &BTreeMap<String, Vec<String>>,
        findings: &mut Findings,
    ) -> ByDestination<Box<[CarrierId]>> {
        destination::table(path, written, self.networks, findings, |at, names, findings| {
            Some(self.list(at, names, findings).into())
        })
    }

    fn list(&self, path: &str, names: &[String], findings: &mut Findings) -> Vec<CarrierId> {
        if names.is_empty() {
            findings.fault(path, "names no carrier");
        } else if CARRIERS_MAX < names.len() {
            findings.fault(path, format!("names {} carriers; a route has at most {CARRIERS_MAX}", names.len()));
        }
        let mut chosen = Vec::new();
        for name in names {
            match self.names.carrier(name).and_then(|it| self.carriers.get(&it)) {
                None if findings.is_written("carrier", name) => {}
                None => {
                    let known: Vec<&str> = self.carriers.values().map(|it| &*it.name).collect();
                    findings.fault(path, unknown(&format!("carrier {name:?}"), name, &known));
                }
                Some(it) if it.links == 0 => {
                    findings.fault(path, format!("carrier {name:?} only receives: its bind is \"receiver\""));
                }
                Some(it) if chosen.contains(&it.id) => {
                    findings.fault(path, format!("carrier {name:?} stands there twice"));
                }
                Some(it) => chosen.push(it.id),
            }
        }
        chosen
    }

    /// The most that a message may cost, and whether costs can be compared where a route compares them.
    pub fn max_cost(&self, path: &str, written: Option<&str>, route: &Route, findings: &mut Findings) -> Option<Money> {
        let at = format!("{path}.max_cost");
        let amount = written.filter(|it| *it != "off").and_then(|text| {
            let read = Money::parse(text);
            read.map_err(|error| findings.fault(&at, format!("{text:?}: {error}, or \"off\""))).ok()
        });
        let compares = match (amount, route.order) {
            (Some(_), _) => at,
            (None, CarrierOrder::Cheapest) => format!("{path}.order"),
            (None, CarrierOrder::Static | CarrierOrder::Scored) => return None,
        };
        let carriers = route.every_carrier();
        let costs = carriers.iter().filter_map(|it| self.carriers.get(it)?.dialect.cost.as_ref());
        let mut currencies: Vec<Currency> = costs.map(|it| it.currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        match currencies[..] {
            [_] => {}
            [] => findings.fault(&compares, "none of its carriers has a cost"),
            [one, other, ..] => findings
                .fault(&compares, format!("its carriers cost {one} and {other}: costs are compared in one currency")),
        }
        amount
    }
}
