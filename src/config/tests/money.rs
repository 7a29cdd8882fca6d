//! How accounts pay, and how much they may send.

use crate::config::tests::{SMALL, errors, loaded};
use crate::dispatch::door::plan::{Quota, Terms};
use crate::message::id::RouteId;
use crate::message::money::Money;
use crate::number::e164::E164;
use std::time::Duration;

/// The small configuration with these lines in its account, carrier and route.
fn with(account: &str, carrier: &str, route: &str) -> String {
    SMALL
        .replace("routes = [8]\n", &format!("routes = [8]\n{account}\n"))
        .replace("password = \"secret\"\n", &format!("password = \"secret\"\n{carrier}\n"))
        + route
}

#[test]
fn a_table_of_an_account_s_own_is_for_one_of_its_routes() {
    let own =
        |route: &str, more: &str| with(&format!("prices = {{ \"{route}\" = {{ NL = \"0.05\"{more} }} }}"), "", "");
    let plan = loaded(&own("8", ", currency = \"EUR\"")).plan;
    let account = plan.accounts.values().next().unwrap();
    let table = account.price(&plan.routes[&RouteId(8)]).expect("it has one");
    assert_eq!(table.countries.get("NL"), Some(&Money(50_000)));
    assert_eq!(account.currency, Some(table.currency), "in which it pays");
    for other in ["9", "x", ""] {
        assert!(errors(&own(other, ", currency = \"EUR\"")).contains("is no route of the account"), "{other}");
    }
    assert!(errors(&own("8", "")).contains("prices.8.currency: this key is required"));
}

#[test]
fn the_terms_of_an_account_arrive_in_the_plan() {
    let lines =
        "balance = \"managed\"\nbalance_low = \"5\"\ncurrency = \"EUR\"\nquota = \"100000/1d\"\nrate = \"200/s\"";
    let plan = loaded(&with(lines, "", "")).plan;
    let quota = Quota { messages: 100_000, period: Duration::from_secs(86_400) };
    let terms = plan.accounts.values().next().map(|it| it.terms);
    assert_eq!(
        terms,
        Some(Terms { managed: true, low: Some(Money(5_000_000)), quota: Some(quota), rate: Some(200.0) })
    );
    let terms = loaded(SMALL).plan.accounts.values().next().map(|it| it.terms);
    assert_eq!(terms, Some(Terms::default()));
}

#[test]
fn a_managed_balance_has_a_currency() {
    let said = errors(&with("balance = \"managed\"", "", ""));
    assert!(said.contains("account \"shop\", balance: a managed balance has a currency"), "{said}");
    let priced = "price = { default = \"0.1\", currency = \"EUR\" }\n";
    assert_eq!(errors(&with("balance = \"managed\"", "", priced)), "");
}

#[test]
fn a_route_in_another_currency_than_its_account_is_refused() {
    let said = errors(&with("currency = \"EUR\"", "", "price = { default = \"0.1\", currency = \"USD\" }\n"));
    assert!(said.contains("route 8 is priced in USD, and this account pays in EUR"), "{said}");
}

#[test]
fn a_carrier_s_cost_is_by_prefix_country_and_default_as_a_price_is() {
    let plan =
        loaded(&with("", "cost = { default = \"0.03\", NL = \"0.02\", \"+316\" = \"0.01\", currency = \"USD\" }", ""))
            .plan;
    let cost = plan.carriers.values().next().and_then(|it| it.dialect.cost.as_ref()).expect("it has a cost");
    for (number, micros) in [(31_612_345_678, 10_000), (31_201_234_567, 20_000), (12_025_550_143, 30_000)] {
        let number = E164(number);
        assert_eq!(cost.price(number, number.country()), Some(Money(micros)));
    }
}
